"""Errors of means and sds of several quantities, and the distances of their distributions."""

from dataclasses import dataclass, fields

import numpy as np
from scipy.stats import wasserstein_distance

from harness.metrics.batch import Batch, Places
from harness.metrics.draws import Floats
from harness.metrics.significance import sd_chances


@dataclass(frozen=True, kw_only=True, eq=False)
class Errors:
    """Errors of location and scale, each of shape (quantity,).

    Attributes
    ----------
    mean_error_sd, mean_error_mcse : ndarray
        See `harness.metrics.parameter.mean_error_sd`.
    log_sd_ratio, log_sd_ratio_mcse : ndarray
        See `harness.metrics.parameter.log_sd_ratio`.
    log_sd_ratio_chance : ndarray
        See `harness.metrics.significance.sd_chances`.
    w1_sd : ndarray
        See `harness.metrics.parameter.w1_sd`.
    """

    mean_error_sd: Floats
    mean_error_mcse: Floats
    log_sd_ratio: Floats
    log_sd_ratio_mcse: Floats
    log_sd_ratio_chance: Floats
    w1_sd: Floats

    def of(self, some: Places) -> "Errors":
        """Return the errors of some quantities."""
        return Errors(**{each.name: getattr(self, each.name)[some] for each in fields(self)})

    def replaced(self, some: Places, others: "Errors") -> "Errors":
        """Return the errors with those of some quantities, in their order, replaced."""
        found = {each.name: getattr(self, each.name).copy() for each in fields(self)}
        for name, values in found.items():
            values[some] = getattr(others, name)
        return Errors(**found)


def errors_by_sd(x: Batch, r: Batch) -> Errors:
    """Measure errors in the reference's sds.

    Parameters
    ----------
    x, r : Batch
        Draws of the approximation and of the reference, the same quantities in the same order.

    Returns
    -------
    Errors
    """
    mean, mean_mcse = mean_errors(x, r)
    ratio, ratio_mcse = log_sd_ratios(x, r)
    return Errors(
        mean_error_sd=mean,
        mean_error_mcse=mean_mcse,
        log_sd_ratio=ratio,
        log_sd_ratio_mcse=ratio_mcse,
        log_sd_ratio_chance=sd_chances(x, r, ratio),
        w1_sd=w1s(x, r),
    )


def mean_errors(x: Batch, r: Batch) -> tuple[Floats, Floats]:
    """See `harness.metrics.parameter.mean_error_sd`: values and their MCSEs."""
    sd = _reference_sd(r)
    error = (x.mean - r.mean) / sd
    squares = x.mean_mcse**2 + r.mean_mcse**2 + (error * r.sd_mcse) ** 2
    return error, np.sqrt(squares) / sd


def log_sd_ratios(x: Batch, r: Batch) -> tuple[Floats, Floats]:
    """See `harness.metrics.parameter.log_sd_ratio`: values and their MCSEs."""
    sd = _reference_sd(r)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(x.sd / sd)
        mcse = np.hypot(x.sd_mcse / x.sd, r.sd_mcse / sd)
    is_point = (x.sd == 0) & ~np.isnan(sd)
    return np.where(is_point, -np.inf, ratio), np.where(is_point, 0.0, mcse)


def w1s(x: Batch, r: Batch) -> Floats:
    """See `harness.metrics.parameter.w1_sd`."""
    if r.size % x.size == 0:
        # the quantile functions are steps of equal widths: their distance is that of the draws
        repeated = np.repeat(x.ordered, r.size // x.size, axis=1)
        return np.asarray(np.abs(repeated - r.ordered).mean(axis=1)) / _reference_sd(r)
    # of sorted draws scipy's own sorting takes little time
    distances = [wasserstein_distance(*pair) for pair in zip(x.ordered, r.ordered, strict=True)]
    return np.array(distances) / _reference_sd(r)


def _reference_sd(r: Batch) -> Floats:
    """Return the reference's sds, NaN where it is constant, so that what they divide is too."""
    return np.where(r.varies, r.sd, np.nan)
