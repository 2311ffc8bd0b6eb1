"""Studies whose fits are drawn from known normals, so that figures and reports need no Stan."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import arviz_base
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from harness.data.dataset import Dataset
from harness.execution.run import FittedRun
from harness.fits.fit import Cost, Diagnostics, DrawKind, Fit, Status, failed_fit
from harness.methods import make_method
from harness.program.compilation import CompiledProgram
from harness.program.contract import Components, DataContract
from harness.program.program import Program
from harness.study.study import ReferenceSource, Run, Study

Floats = NDArray[np.float64]

MEANS: Floats = np.array([[-1.0, -1.5], [1.0, 1.0]])
SDS: Floats = np.array([[0.3, 0.35], [0.12, 0.12]])
FAILURE = "Initialization failed after 100 attempts; CmdStan gave up"

_CONTRACT = DataContract(rows="y", n_columns=2, n_rows="N", likelihood_weight="w")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One run to fabricate: its centre is `shift` posterior sds off, its sd `scale` times it.

    An approximation is `scored` with log densities and gradients, as the harness scores it, so
    that it has importance weights.
    """

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
    n_divergent: int = 0
    n_retries: int = 0
    may_be_diverging: bool = False
    scored: bool = False
    failed: bool = False


CELLS = (
    Cell(program="ordered", method="nuts", fit_time_s=2.0),
    Cell(program="plain", method="nuts", swapped_chains=(1, 3), fit_time_s=3.0, n_divergent=3),
    Cell(program="plain", method="advi", scale=0.8, elbo=-330.5, fit_time_s=0.5, scored=True),
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

#: Two other kinds of approximation, of which Pathfinder is right.
OTHER_CELLS = (
    Cell(program="plain", method="pathfinder", fit_time_s=0.25, n_retries=2, scored=True),
    Cell(program="plain", method="laplace", scale=0.5, fit_time_s=0.12, scored=True),
)

#: Names the chains of the program ``ordered`` as what the others are measured against.
ORDERED_NUTS = ("ordered", "nuts", "default")


def make_program(name: str, *, mixture: bool = True) -> Program:
    """Return a program that is never compiled."""
    return Program(
        name=name,
        file=Path(f"{name}.stan"),
        contract=_CONTRACT,
        data={"prior_sd": 1.0},
        parameters=("mu", "pi") if mixture else ("mu",),
        components=(
            Components(means="mu", shares="pi", exchangeable=name != "ordered") if mixture else None
        ),
    )


def _posterior(cell: Cell, standard: Floats) -> dict[str, Floats]:
    """Place standard normals (chain, draw, 5) at component means and weights, swap some chains."""
    value = cell.shift + cell.scale * standard
    mu = MEANS + SDS * value[..., :4].reshape(*value.shape[:2], 2, 2)
    share = np.clip(0.14 + 0.04 * value[..., 4], 0.001, 0.999)
    pi = np.stack([share, 1 - share], axis=-1)
    for chain in cell.swapped_chains:
        mu[chain] = mu[chain, :, ::-1].copy()
        pi[chain] = pi[chain, :, ::-1].copy()
    return {"mu": mu, "pi": pi}


def _scores(cell: Cell, standard: Floats) -> dict[str, Floats]:
    """Return the log densities of both normals, on the scale where the posterior is standard."""
    value = cell.shift + cell.scale * standard
    return {
        "log_p": -0.5 * (value**2).sum(axis=-1),
        "log_q": -0.5 * (standard**2).sum(axis=-1) - standard.shape[-1] * np.log(cell.scale),
    }


def _points(cell: Cell, standard: Floats) -> xr.DataTree:
    """Return some draws on that scale with the gradients of the posterior's log density."""
    position = cell.shift + cell.scale * standard[0, :100]
    axes = ("point", "unconstrained")
    return xr.DataTree(xr.Dataset({"position": (axes, position), "gradient": (axes, -position)}))


def _fit(cell: Cell, rng: np.random.Generator) -> Fit:
    """Fabricate one fit."""
    if cell.failed:
        return failed_fit(Status.FAILED, FAILURE)
    are_chains = cell.method == "nuts"
    standard = rng.standard_normal((4 if are_chains else 1, 400, 5))
    groups = {"posterior": _posterior(cell, standard)}
    if cell.scored:
        groups["sample_stats"] = _scores(cell, standard)
    draws = arviz_base.from_dict(groups)
    if cell.scored:
        draws["points"] = _points(cell, standard)
    if are_chains:
        diagnostics = Diagnostics(
            n_divergent=cell.n_divergent,
            tree_depth_max=4,
            n_tree_depth_limit=0,
            e_bfmi_min=0.91,
            n_leapfrog=12_000,
        )
    else:
        diagnostics = _account(cell)
    if "advi" in cell.method:
        draws["elbo_trace"] = _elbo_trace(cell)
    diverged = (f"{cell.n_divergent} of 1600 transitions diverged",) if cell.n_divergent else ()
    return Fit(
        status=Status.OK,
        draws=draws,
        draw_kind=DrawKind.CHAINS if are_chains else DrawKind.INDEPENDENT,
        diagnostics=diagnostics,
        fit_time_s=cell.fit_time_s,
        cost=Cost(
            adapt_time_s=0.25 * cell.fit_time_s,
            run_time_s=0.75 * cell.fit_time_s,
            n_gradients=15_000 if are_chains else 1_000,
            peak_memory_mb=40.0 if are_chains else 11.5,
        ),
        warnings=diverged,
        used_data={"n_rows": cell.n_rows, "likelihood_weight": cell.likelihood_weight},
    )


def _account(cell: Cell) -> Diagnostics:
    """Return what an optimiser says of its run."""
    is_advi = "advi" in cell.method
    return Diagnostics(
        elbo=cell.elbo if cell.method != "laplace" else None,
        elbo_mcse=0.25 if is_advi else None,
        n_iterations=1000 if is_advi else 30,
        converged="median" if is_advi else None,
        may_be_diverging=cell.may_be_diverging if is_advi else None,
        eta=0.1 if is_advi else None,
        etas_tried=(100.0, 10.0, 1.0, 0.1, 0.01) if is_advi else None,
        n_retries=cell.n_retries,
        k_hat_reported=0.8 if cell.method == "pathfinder" else None,
    )


def _elbo_trace(cell: Cell) -> xr.DataTree:
    """Return an ELBO that climbs towards its end."""
    iteration = np.arange(100, 1100, 100)
    trace = cell.elbo - 5000.0 / iteration + 5.0
    return xr.DataTree(xr.Dataset({"elbo": ("iteration", trace)}, coords={"iteration": iteration}))


def _method_options(cell: Cell) -> Mapping[str, object]:
    if cell.method != "subsample_advi":
        return {}
    return {"m": cell.n_rows, "weighted": cell.likelihood_weight != 1.0}


def fabricate(
    cells: tuple[Cell, ...] = CELLS,
    *,
    mixture: bool = True,
    n_rows: int = 100,
    reference: tuple[str, str, str] | Path | None = None,
) -> tuple[Study, list[FittedRun]]:
    """Return a study of one data set, ``toy``, with its runs fitted.

    The reference is a program, method and variant, or a file.
    """
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
        references=_references(fitted, reference),
        published=None,
        digest="1" * 64,
    )
    return study, fitted


def _references(
    fitted: list[FittedRun], reference: tuple[str, str, str] | Path | None
) -> dict[str, ReferenceSource]:
    """Declare the reference of ``toy``."""
    if reference is None:
        return {}
    if isinstance(reference, Path):
        return {"toy": ReferenceSource(file=reference)}
    runs = [item.run for item in fitted]
    named = [run for run in runs if (run.program, run.method.name, run.variant) == reference]
    return {"toy": ReferenceSource(run=named[0])}
