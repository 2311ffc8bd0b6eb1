"""Ten programs with data: regressions, groups, matrices, time series, mixtures."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_ROWS = _ROOT / "tests" / "data" / "rows"
_N = 5000


def programs() -> Iterator[tuple[str, Path, Mapping[str, Any]]]:
    """Give a name, a file and data of each program."""
    rng = np.random.default_rng(1)
    x, design = rng.normal(size=_N), rng.normal(size=(_N, 10))
    group = rng.integers(1, 41, _N)
    y, choice = x + rng.normal(size=_N), rng.integers(0, 2, _N)
    design_data = {"N": _N, "K": 10, "X": design, "y": choice}
    grouped = {"N": _N, "J": 40, "group": group, "x": x}
    yield "mixture", _ROOT / "stan" / "gmm.stan", _mixture_data(rng)
    yield "logistic, glm", _ROWS / "logit.stan", design_data
    yield "logistic, loop", _HERE / "logit_loop.stan", design_data
    yield "groups, normal", _ROWS / "groups.stan", {**grouped, "y": y}
    counts = rng.poisson(2, _N)
    yield "groups, Poisson", _HERE / "poisson_groups.stan", {**grouped, "y": counts}
    ordinal = {"C": 5, "y": rng.integers(1, 6, _N), "x": x, "prior_mass": np.full(5, 2.0)}
    yield "ordinal", _ROWS / "ordinal.stan", {"N": _N, **ordinal}
    robust = {"N": _N, "B": 10, "basis": design, "y": y, "weight": np.ones(_N)}
    yield "robust regression", _ROWS / "robust.stan", robust
    yield "Gaussian process", _ROWS / "gp.stan", {"N": 100, "x": np.sort(x[:100]), "y": y[:100]}
    yield "hidden Markov", _ROWS / "hmm.stan", {"N": 2000, "y": y[:2000]}
    normal = {"N": 200, "K": 20, "y": rng.normal(size=(200, 20))}
    yield "multivariate normal", _HERE / "multi_normal.stan", normal


def _mixture_data(rng: np.random.Generator) -> Mapping[str, Any]:
    """Return the notebook's mixture with rows around two points."""
    centres = np.where(rng.random((_N, 1)) < 0.3, -2.0, 2.0)
    rows = centres + rng.standard_normal((_N, 2))
    return {"N": _N, "y": rows, "prior_sd": 1.0, "likelihood_weight": 1.0}
