"""Programs of all kinds, in ``data/rows/``, with data, and what must be found of their rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from harness.data.stan_json import plain_variables
from harness.program.program import Program
from tests.cases import DATA

N = 24


@dataclass(frozen=True, kw_only=True)
class RowCase:
    """A program's data, the axis that must be found, and a part of the reason that it is refused.

    Attributes
    ----------
    data : Mapping
    axis : str
        Which axis the case is about; empty if there must be none.
    refused : str
        Part of the reason; empty if the rows must add up.
    """

    data: Mapping[str, Any]
    axis: str = "N"
    refused: str = ""


def row_program(name: str) -> Program:
    """A program of ``data/rows/``."""
    return Program(name=name, file=DATA / "rows" / f"{name}.stan", parameters=())


def row_data(name: str) -> dict[str, Any]:
    """Its data, as a JSON file holds them."""
    return plain_variables(CASES[name].data)


def _adding_up(rng: np.random.Generator) -> dict[str, RowCase]:
    """Programs whose rows add up."""
    x, y = rng.normal(size=N), rng.normal(size=N)
    wide = rng.normal(size=(N, 3))
    coin = rng.integers(0, 2, N)
    counts = rng.poisson(2, N)
    two_sorts = {"N1": 10, "N2": N, "y1": y[:10], "y2": coin, "x2": x}
    centred = {"N": N, "K": 3, "Kc": 2, "Y": y, "X": np.column_stack([np.ones(N), wide[:, :2] + 3])}
    tuples = {
        "N": N,
        "T": 2,
        "item": [{"1": int(n), "2": float(v)} for n, v in zip(counts, x, strict=True)],
        "more": {"1": y.tolist(), "2": rng.normal(size=(2, N)).tolist(), "3": 1.5},
    }
    stacked = {
        "N": N,
        "T": 3,
        "answer": rng.integers(0, 2, (N, 3)),
        "X": rng.normal(size=(2, N, 3)),
        "w": rng.normal(size=(N, 2)),
    }
    choices = {
        "N": N,
        "C": 3,
        "K": 2,
        "X": rng.normal(size=(N, 3, 2)),
        "choice": rng.integers(1, 4, N),
        "counts": rng.integers(0, 4, (N, 3)),
    }
    strange_names = {
        "N": N,
        "class": y,
        "int_max": 3,
        "new": np.stack([x, y], axis=-1),
    }
    ordinal = {"N": N, "C": 3, "y": rng.integers(1, 4, N), "x": x, "prior_mass": [1.0, 2.0, 2.0]}
    return {
        "logit": RowCase(data={"N": N, "K": 3, "X": wide, "y": coin}),
        "centred": RowCase(data=centred),
        "qr": RowCase(data={"N": N, "K": 3, "X": wide + 1, "y": y}),
        "groups": RowCase(data={"N": N, "J": 4, "group": rng.integers(1, 5, N), "x": x, "y": y}),
        "survival": RowCase(data={"N": N, "time": np.exp(y), "is_seen": coin, "x": x}),
        "by_column": RowCase(data={"N": N, "K": 3, "X": wide.T, "Z": wide[:, :2], "y": y}),
        "vectors": RowCase(data={"N": N, "D": 2, "y": rng.normal(size=(N, 2))}),
        "counts": RowCase(data={"N": N, "y": counts, "exposure": np.exp(x), "X": wide[:, :2]}),
        "tuples": RowCase(data=tuples),
        "ordinal": RowCase(data=ordinal),
        "pareto": RowCase(data={"N": N, "y": np.exp(y)}),
        "two_axes": RowCase(data=two_sorts, axis="N2"),
        "reduce": RowCase(data={"N": N, "y": rng.integers(0, 11, N), "x": x}),
        "stacked": RowCase(data=stacked),
        "random_data": RowCase(data=strange_names),
        "robust": RowCase(data={"N": N, "B": 3, "basis": wide, "y": y, "weight": np.exp(x)}),
        "inflated": RowCase(data={"N": N, "y": counts, "x": x}),
        "choices": RowCase(data=choices),
    }


def _refused(rng: np.random.Generator) -> dict[str, RowCase]:
    """Programs whose rows do not, by what the program itself shows."""
    x, y = rng.normal(size=N), rng.normal(size=N)
    coin = rng.integers(0, 2, N)
    series = {"N": N, "y": y}
    root = rng.normal(size=(N, N))
    return {
        "ar1": RowCase(data=series, refused="order"),
        "hmm": RowCase(data=series, refused="order"),
        "gp": RowCase(data={"N": N, "x": x, "y": y}, refused="depend on one another"),
        "known_kernel": RowCase(
            data={"N": N, "kernel": root @ root.T / N, "y": y}, refused="depend on one another"
        ),
        "ode": RowCase(
            data={"N": N, "time": np.arange(1, N + 1) / 5, "y": y}, refused="without rows"
        ),
        "prior_n": RowCase(
            data={"N": N, "X": rng.normal(size=(N, 2)), "y": y}, refused="contains N itself"
        ),
        "bounds": RowCase(data=series, refused="bounds of parameter 'top'"),
        "statistic": RowCase(data=series, refused="depend on one another"),
        "centred_late": RowCase(data={"N": N, "x": x, "y": y}, refused="depend on one another"),
        "cox": RowCase(data={"N": N, "x": x, "is_seen": coin}, refused="order"),
        "summarised": RowCase(data=series, refused="same without these rows"),
        "sorted": RowCase(data=series, refused="depend on one another"),
    }


def _refused_at_sight(rng: np.random.Generator) -> dict[str, RowCase]:
    """Programs whose rows cannot be gathered, as stanc's account of them shows."""
    y = rng.normal(size=N)
    coin = rng.integers(0, 2, N)
    return {
        "latents": RowCase(
            data={"N": N, "y": y, "se": np.exp(y)}, refused="'theta' has the size N"
        ),
        "minus_one": RowCase(data={"N": N, "y": y, "gap": y[1:]}, refused="the size N - 1"),
        "twice": RowCase(data={"N": N // 2, "y": y}, refused="the size 2 * N"),
        "derived_size": RowCase(data={"N": N, "y": y, "is_seen": coin}, refused="size n_seen"),
        "differences": RowCase(data={"N": N, "y": y}, refused="'step' has the size N - 1"),
        "no_rows": RowCase(data={"K": 2}, axis=""),
    }


ADDING_UP = _adding_up(np.random.default_rng(1))
REFUSED = _refused(np.random.default_rng(2))
REFUSED_AT_SIGHT = _refused_at_sight(np.random.default_rng(3))
CASES = {**ADDING_UP, **REFUSED, **REFUSED_AT_SIGHT}

#: One of each kind; CI compiles these, and `make test-all` all.
_OFTEN = {
    *("logit", "prior_n", "hmm", "centred", "groups", "by_column", "tuples", "choices"),
    *("random_data", "two_axes", "ar1", "gp", "robust"),
    *REFUSED_AT_SIGHT,
}


def each(names: Iterable[str]) -> list[object]:
    """Parameters of a test, those that are not of every day marked so."""
    marks = {True: (), False: (pytest.mark.exhaustive,)}
    return [pytest.param(name, marks=marks[name in _OFTEN]) for name in names]
