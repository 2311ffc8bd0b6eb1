"""Times and draws to statistics: medians, ratios, exponents, errors (pure)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.data.dataset import FloatArray
from harness.fits.quantities import Named, relabel_arrays, scalars
from harness.metrics import chains
from harness.metrics.parameter import mean_error_sd
from harness.program.program import Program


@dataclass(frozen=True, kw_only=True)
class ChainStatistics:
    """What the chains of one run are worth, the worst of its relabelled parameters.

    Attributes
    ----------
    ess_bulk_min : float
        Smallest bulk effective sample size.
    r_hat_max : float
        Largest R-hat.
    mean_error_mcse_max : float
        Largest distance of a mean from the reference's, in Monte Carlo standard errors of the
        difference; above 4 or so the two disagree.
    """

    ess_bulk_min: float
    r_hat_max: float
    mean_error_mcse_max: float


@dataclass(frozen=True, kw_only=True)
class ApproximationStatistics:
    """How far an approximation is from the reference, over its relabelled parameters.

    Attributes
    ----------
    mean_error_sd_max, mean_error_sd_rms : float
        Largest, and root mean square, error of a mean in reference sds.
    sd_ratio_min, sd_ratio_max : float
        Smallest and largest ratio of an sd to the reference's.
    """

    mean_error_sd_max: float
    mean_error_sd_rms: float
    sd_ratio_min: float
    sd_ratio_max: float


def named_draws(arrays: Mapping[str, FloatArray], program: Program) -> Named:
    """Return relabelled scalars of draws of shape (chain, draw, ...)."""
    return scalars(relabel_arrays(arrays, program))


def chain_statistics(draws: Named, reference: Named) -> ChainStatistics:
    """Judge chains.

    Parameters
    ----------
    draws, reference : Mapping
        From :func:`named_draws`, of the same parameters.

    Returns
    -------
    ChainStatistics
    """
    errors = [mean_error_sd(draws[name], reference=reference[name]) for name in reference]
    return ChainStatistics(
        ess_bulk_min=min(chains.ess_bulk(values) for values in draws.values()),
        r_hat_max=max(chains.r_hat(values) for values in draws.values()),
        mean_error_mcse_max=max(abs(error.value) / error.mcse for error in errors),
    )


def approximation_statistics(draws: Named, reference: Named) -> ApproximationStatistics:
    """Judge independent draws.

    Parameters
    ----------
    draws, reference : Mapping
        From :func:`named_draws`, of the same parameters.

    Returns
    -------
    ApproximationStatistics
    """
    sds = {name: values.std() for name, values in reference.items()}
    errors = [(draws[name].mean() - reference[name].mean()) / sd for name, sd in sds.items()]
    ratios = [float(draws[name].std() / sd) for name, sd in sds.items()]
    return ApproximationStatistics(
        mean_error_sd_max=float(np.max(np.abs(errors))),
        mean_error_sd_rms=float(np.sqrt(np.mean(np.square(errors)))),
        sd_ratio_min=min(ratios),
        sd_ratio_max=max(ratios),
    )


def ratio(value: float | None, base: float | None) -> float | None:
    """Return a value over a base; None where either is unknown or the base is 0."""
    if value is None or base is None or not math.isfinite(value) or not base:
        return None
    return value / base


def exponent(n_rows: Sequence[float], times_s: Sequence[float]) -> float:
    """Return the exponent b of the power law ``time = a * n_rows**b`` by least squares of logs.

    Parameters
    ----------
    n_rows, times_s : sequence of float
        Positive, of the same length.

    Returns
    -------
    float
        NaN for fewer than two different numbers of rows.
    """
    if len(set(n_rows)) < 2:
        return math.nan
    x, y = np.log(np.asarray(n_rows, float)), np.log(np.asarray(times_s, float))
    x = x - x.mean()
    return float(x @ y / (x @ x))
