"""Fits to rows: one per run and parameter, and one per run."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from harness.datasets import FloatArray
from harness.fit import DrawKind, Fit, Status
from harness.metrics import chains
from harness.program import Program
from harness.relabel import apply_permutation, by_first_coordinate
from harness.runner import FittedRun

#: ``labels`` of figures whose components stand as the sampler named them.
RAW = "raw"
#: ``labels`` of figures whose components are ordered by their first coordinate, draw by draw.
RELABELLED = "relabelled"


def element_names(variable: str, shape: tuple[int, ...]) -> list[str]:
    """Return the names of a variable's elements, in Stan's notation: ``mu[1,2]``."""
    if not shape:
        return [variable]
    return [f"{variable}[{','.join(str(i + 1) for i in index)}]" for index in np.ndindex(*shape)]


def posterior_arrays(fit: Fit, program: Program) -> dict[str, FloatArray]:
    """Return the draws of the summarised variables, each of shape (chain, draw, ...)."""
    assert fit.draws is not None  # noqa: S101 - callers have checked the status
    posterior = fit.draws["posterior"]
    return {name: posterior[name].to_numpy() for name in program.parameters}


def relabel_arrays(arrays: Mapping[str, FloatArray], program: Program) -> dict[str, FloatArray]:
    """Order the components of every draw by their first coordinate.

    Parameters
    ----------
    arrays : Mapping
        From :func:`posterior_arrays`; with the means of shape (chain, draw, K, d).
    program : Program
        Names the component means and shares.

    Returns
    -------
    dict
        The same arrays, the components in the order lower-left to upper-right.
    """
    if program.components is None:
        return dict(arrays)
    permutation = by_first_coordinate(arrays[program.components.means])
    of_components = {program.components.means, program.components.shares}
    return {
        name: apply_permutation(values, permutation) if name in of_components else values
        for name, values in arrays.items()
    }


def summarise_draws(draws: FloatArray, kind: DrawKind) -> dict[str, float]:
    """Summarise one quantity.

    Parameters
    ----------
    draws : ndarray, shape (chain, draw)
        Draws of a scalar.
    kind : DrawKind
        Independent draws have no R-hat and no effective sample size: NaN stands for "not
        applicable".  Their Monte Carlo error is sd / sqrt(n).

    Returns
    -------
    dict
        ``mean``, ``sd``, ``q5``, ``q50``, ``q95``, ``mcse_mean``, ``ess_bulk``, ``ess_tail``,
        ``r_hat``.
    """
    q5, q50, q95 = np.quantile(draws, [0.05, 0.5, 0.95])
    sd = float(draws.std(ddof=1))
    are_chains = kind is DrawKind.CHAINS
    return {
        "mean": float(draws.mean()),
        "sd": sd,
        "q5": float(q5),
        "q50": float(q50),
        "q95": float(q95),
        "mcse_mean": chains.mcse_mean(draws) if are_chains else sd / draws.size**0.5,
        "ess_bulk": chains.ess_bulk(draws) if are_chains else np.nan,
        "ess_tail": chains.ess_tail(draws) if are_chains else np.nan,
        "r_hat": chains.r_hat(draws) if are_chains else np.nan,
    }


def _identity(fitted: FittedRun) -> dict[str, Any]:
    """Return the columns that name a run."""
    run = fitted.run
    return {
        "dataset": run.dataset,
        "program": run.program,
        "method": run.method.name,
        "variant": run.variant,
        "replicate": run.replicate,
    }


def parameter_rows(fitted: FittedRun) -> Iterator[dict[str, Any]]:
    """Give the rows of ``comparison.csv`` for one run.

    Parameters
    ----------
    fitted : FittedRun
        A run; if it has no fit, it still gives one row, with its status.

    Yields
    ------
    dict
        Keys are columns of :data:`harness.table.COMPARISON_COLUMNS`.
    """
    identity = _identity(fitted)
    status = str(fitted.fit.status)
    if fitted.fit.status is not Status.OK:
        yield {**identity, "status": status}
        return
    program = fitted.program.program
    raw = posterior_arrays(fitted.fit, program)
    versions = {RAW: raw}
    if program.components is not None:
        versions[RELABELLED] = relabel_arrays(raw, program)
    for labels, arrays in versions.items():
        for variable, values in arrays.items():
            flat = values.reshape(*values.shape[:2], -1)
            for i, name in enumerate(element_names(variable, values.shape[2:])):
                summary = summarise_draws(flat[:, :, i], fitted.fit.draw_kind)
                yield {**identity, "labels": labels, "parameter": name, **summary, "status": status}


def fit_row(fitted: FittedRun) -> dict[str, Any]:
    """Return the row of ``fits.csv`` for one run.

    Parameters
    ----------
    fitted : FittedRun
        A run, failed or not.

    Returns
    -------
    dict
        Keys are columns of :data:`harness.table.FITS_COLUMNS`.
    """
    fit = fitted.fit
    diagnostics = fit.diagnostics
    return {
        **_identity(fitted),
        "n_rows": fit.used_data.get("n_rows"),
        "likelihood_weight": fit.used_data.get("likelihood_weight"),
        "compile_time_s": fitted.program.compile_time_s,
        "fit_time_s": fit.fit_time_s,
        "n_divergent": diagnostics.n_divergent,
        "tree_depth_max": diagnostics.tree_depth_max,
        "n_tree_depth_limit": diagnostics.n_tree_depth_limit,
        "e_bfmi_min": diagnostics.e_bfmi_min,
        "n_leapfrog": diagnostics.n_leapfrog,
        "elbo": diagnostics.elbo,
        "converged": diagnostics.converged,
        "n_iterations": diagnostics.n_iterations,
        "eta": diagnostics.eta,
        "seed": fitted.run.seed,
        "status": str(fit.status),
        "reason": fit.reason,
        "warnings": "; ".join(fit.warnings),
    }
