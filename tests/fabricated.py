"""Studies whose fits are drawn from known normals, so that figures and reports need no Stan."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import arviz_base
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from harness.compilation import CompiledProgram
from harness.datasets import Dataset
from harness.fit import Diagnostics, DrawKind, Fit, Status, failed_fit
from harness.methods import make_method
from harness.program import Components, DataContract, Program
from harness.runner import FittedRun
from harness.study import Run, Study

Floats = NDArray[np.float64]

MEANS: Floats = np.array([[-1.0, -1.5], [1.0, 1.0]])
SDS: Floats = np.array([[0.3, 0.35], [0.12, 0.12]])
FAILURE = "Initialization failed after 100 attempts; CmdStan gave up"

_CONTRACT = DataContract(rows="y", n_columns=2, n_rows="N", likelihood_weight="w")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One run to fabricate: its centre is `shift` posterior sds off, its sd `scale` times it."""

    program: str
    method: str
    variant: str = "default"
    replicate: int = 1
    shift: float = 0.0
    scale: float = 1.0
    swapped_chains: tuple[int, ...] = ()
    n_rows: int = 100
    likelihood_weight: float = 1.0
    elbo: float = -318.25
    fit_time_s: float = 1.0
    failed: bool = False


CELLS = (
    Cell(program="ordered", method="nuts", fit_time_s=2.0),
    Cell(program="plain", method="nuts", swapped_chains=(1, 3), fit_time_s=3.0),
    Cell(program="plain", method="advi", scale=0.8, elbo=-330.5, fit_time_s=0.5),
    Cell(program="plain", method="advi", variant="tuned", shift=0.25, scale=0.9, fit_time_s=4.0),
    Cell(program="plain", method="advi_fullrank", failed=True),
    *(
        Cell(
            program="plain",
            method="subsample_advi",
            variant=variant,
            replicate=replicate,
            shift=1.5 * (replicate - 2),
            scale=1.0 if weight > 1 else 2.0,
            swapped_chains=(0,) if replicate == 2 else (),
            n_rows=25,
            likelihood_weight=weight,
            elbo=-80.0 * weight - replicate,
            fit_time_s=0.1 * replicate,
        )
        for variant, weight in (("weighted", 4.0), ("unweighted", 1.0))
        for replicate in (1, 2, 3)
    ),
)


def make_program(name: str, *, mixture: bool = True) -> Program:
    """Return a program that is never compiled."""
    return Program(
        name=name,
        file=Path(f"{name}.stan"),
        contract=_CONTRACT,
        data={"prior_sd": 1.0},
        parameters=("mu", "pi") if mixture else ("mu",),
        components=Components(means="mu", shares="pi") if mixture else None,
    )


def _posterior(cell: Cell, rng: np.random.Generator, n_chains: int) -> dict[str, Floats]:
    """Draw component means and weights; swap the components of some chains."""
    n_draws = 400
    noise = rng.standard_normal((n_chains, n_draws, 2, 2))
    mu = MEANS + SDS * (cell.shift + cell.scale * noise)
    share = 0.14 + 0.04 * (cell.shift + cell.scale * rng.standard_normal((n_chains, n_draws)))
    share = np.clip(share, 0.001, 0.999)
    pi = np.stack([share, 1 - share], axis=-1)
    for chain in cell.swapped_chains:
        mu[chain] = mu[chain, :, ::-1].copy()
        pi[chain] = pi[chain, :, ::-1].copy()
    return {"mu": mu, "pi": pi}


def _fit(cell: Cell, rng: np.random.Generator) -> Fit:
    """Fabricate one fit."""
    if cell.failed:
        return failed_fit(Status.FAILED, FAILURE)
    are_chains = cell.method == "nuts"
    draws = arviz_base.from_dict({"posterior": _posterior(cell, rng, 4 if are_chains else 1)})
    used = {"n_rows": cell.n_rows, "likelihood_weight": cell.likelihood_weight}
    if are_chains:
        return Fit(
            status=Status.OK,
            draws=draws,
            draw_kind=DrawKind.CHAINS,
            diagnostics=Diagnostics(
                n_divergent=3, tree_depth_max=4, n_tree_depth_limit=0, e_bfmi_min=0.91
            ),
            fit_time_s=cell.fit_time_s,
            warnings=("3 of 1600 transitions diverged",),
            used_data=used,
        )
    iteration = np.arange(100, 1100, 100)
    trace = cell.elbo - 5000.0 / iteration + 5.0
    draws["elbo_trace"] = xr.DataTree(
        xr.Dataset({"elbo": ("iteration", trace)}, coords={"iteration": iteration})
    )
    return Fit(
        status=Status.OK,
        draws=draws,
        draw_kind=DrawKind.INDEPENDENT,
        diagnostics=Diagnostics(elbo=cell.elbo, n_iterations=1000, converged="median", eta=0.1),
        fit_time_s=cell.fit_time_s,
        used_data=used,
    )


def _method_options(cell: Cell) -> Mapping[str, object]:
    if cell.method != "subsample_advi":
        return {}
    return {"m": cell.n_rows, "weighted": cell.likelihood_weight != 1.0}


def fabricate(
    cells: tuple[Cell, ...] = CELLS,
    *,
    mixture: bool = True,
    n_rows: int = 100,
    published: Path | None = None,
) -> tuple[Study, list[FittedRun]]:
    """Return a study of one data set, ``toy``, with its runs fitted."""
    rng = np.random.default_rng(20240731)
    rows = MEANS[(rng.random(n_rows) > 0.2).astype(int)] + rng.standard_normal((n_rows, 2))
    names = dict.fromkeys(cell.program for cell in cells)
    programs = {name: make_program(name, mixture=mixture) for name in names}
    fitted = [
        FittedRun(
            run=Run(
                dataset="toy",
                program=cell.program,
                method=make_method(cell.method, _method_options(cell)),
                variant=cell.variant,
                replicate=cell.replicate,
                seed=1000 + i,
            ),
            fit=_fit(cell, rng),
            program=CompiledProgram(
                program=programs[cell.program],
                executable=Path(cell.program),
                digest="0" * 64,
                compile_time_s=12.5,
                stan_version="2.39.0",
            ),
            key=f"key{i}",
            from_store=False,
        )
        for i, cell in enumerate(cells)
    ]
    study = Study(
        name="toy-study",
        title="A fabricated study",
        description="Fits drawn from known normals.",
        datasets={"toy": Dataset(name="toy", rows=rows)},
        programs=programs,
        runs=tuple(item.run for item in fitted),
        published=published,
        digest="1" * 64,
    )
    return study, fitted
