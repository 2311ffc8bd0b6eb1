"""Errors of an approximation of one parameter against reference draws.

Draws of shape (n_draws,) are independent, as an approximation gives them; (chain, draw) are Markov
chains, whose Monte Carlo errors then use their effective sample size.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import wasserstein_distance

from harness.errors import HarnessError
from harness.metrics.batch import Batch
from harness.metrics.draws import Estimate, Floats, scalar_draws
from harness.metrics.intervals import coverages
from harness.metrics.robust import robust_errors
from harness.metrics.significance import sd_chances, two_sided

#: What the errors of a parameter are measured with.
SD, MAD = "sd", "mad"


@dataclass(frozen=True, kw_only=True)
class ParameterComparison:
    """How far an approximation of one parameter is from its reference.

    Attributes
    ----------
    error_scale : str
        "sd", or "mad" if the tails of the reference are too heavy for an sd: then medians stand for
        means in the errors below, and median absolute deviations, times 1.4826, for sds.
    mean_error_sd, mean_error_mcse : float
        See `mean_error_sd`.
    log_sd_ratio, log_sd_ratio_mcse : float
        See `log_sd_ratio`.
    log_sd_ratio_chance : float
        The probability that exact draws have a ratio as far from 1.
    w1_sd : float
        See `w1_sd`.
    coverage_50, coverage_50_mcse, coverage_90, coverage_90_mcse : float
        See `coverage`.
    coverage_50_chance, coverage_90_chance : float
        See `harness.metrics.intervals.Coverages`.
    """

    error_scale: str
    mean_error_sd: float
    mean_error_mcse: float
    log_sd_ratio: float
    log_sd_ratio_mcse: float
    log_sd_ratio_chance: float
    w1_sd: float
    coverage_50: float
    coverage_50_mcse: float
    coverage_90: float
    coverage_90_mcse: float
    coverage_50_chance: float
    coverage_90_chance: float


def compare_batches(draws: Batch, reference: Batch) -> list[ParameterComparison]:
    """All errors of several parameters at once.

    Parameters
    ----------
    draws, reference : Batch
        Draws of the approximation and of the reference, the same parameters in the same order.

    Returns
    -------
    list of ParameterComparison
    """
    mean, mean_mcse = _mean_errors(draws, reference)
    ratio, ratio_mcse = _log_sd_ratios(draws, reference)
    half = coverages(draws, reference, level=0.5)
    most = coverages(draws, reference, level=0.9)
    chance = sd_chances(draws, reference, ratio)
    w1 = _w1s(draws, reference)
    heavy = reference.is_heavy_tailed
    if heavy.any():
        robust = robust_errors(draws, reference)
        heavy &= np.isfinite(robust[0])  # where half of the draws are equal there is no MAD
        mean, mean_mcse, ratio, ratio_mcse, w1 = (
            np.where(heavy, instead, usual)
            for instead, usual in zip(robust, (mean, mean_mcse, ratio, ratio_mcse, w1), strict=True)
        )
        chance = np.where(heavy, two_sided(ratio / ratio_mcse), chance)
    columns = {
        "mean_error_sd": mean,
        "mean_error_mcse": mean_mcse,
        "log_sd_ratio": ratio,
        "log_sd_ratio_mcse": ratio_mcse,
        "log_sd_ratio_chance": chance,
        "w1_sd": w1,
        "coverage_50": half.values,
        "coverage_50_mcse": half.mcses,
        "coverage_90": most.values,
        "coverage_90_mcse": most.mcses,
        "coverage_50_chance": half.chances,
        "coverage_90_chance": most.chances,
    }
    return [
        ParameterComparison(
            error_scale=MAD if heavy[j] else SD,
            **{name: float(values[j]) for name, values in columns.items()},
        )
        for j in range(len(draws))
    ]


def mean_error_sd(draws: npt.ArrayLike, *, reference: npt.ArrayLike) -> Estimate:
    r"""Error of the mean in reference sds, with its own Monte Carlo error.

    :math:`e = (\bar x - \bar r) / s_r`, whose MCSE is, by the delta method with the mean and the
    sd of the reference taken as independent,
    :math:`\sqrt{(\mathrm{mcse}(\bar x)^2 + \mathrm{mcse}(\bar r)^2 + e^2\,\mathrm{mcse}(s_r)^2)}
    / s_r`.

    Parameters
    ----------
    draws, reference : array (n_draws,) or (chain, draw)
        Draws of the approximation and of the reference, in the same units.

    Returns
    -------
    Estimate
        In reference sds, positive where the approximation lies too high; NaN where the reference
        is constant.

    Raises
    ------
    HarnessError
        If a shape is wrong or a draw is not finite.

    References
    ----------
    The error scale of Yao, Vehtari, Simpson and Gelman (2018), Yes, but did it work?, section 4;
    MCSE of Vehtari et al. (2021), Bayesian Analysis 16(2).
    """
    return _estimate(*_mean_errors(*_pair(draws, reference)))


def log_sd_ratio(draws: npt.ArrayLike, *, reference: npt.ArrayLike) -> Estimate:
    r"""Log of the ratio of the approximation's sd to the reference's.

    :math:`\log(s_x / s_r)`, with MCSE
    :math:`\sqrt{(\mathrm{mcse}(s_x)/s_x)^2 + (\mathrm{mcse}(s_r)/s_r)^2}`.

    Parameters
    ----------
    draws, reference : array (n_draws,) or (chain, draw)
        Draws of the approximation and of the reference, in the same units.

    Returns
    -------
    Estimate
        Natural logarithm, no unit: negative where the approximation is too narrow, minus infinity
        where it is constant; NaN where the reference is constant.

    Raises
    ------
    HarnessError
        If a shape is wrong or a draw is not finite.

    References
    ----------
    Delta method; MCSE of an sd as in `harness.metrics.standard_errors.sd_mcse`.
    """
    return _estimate(*_log_sd_ratios(*_pair(draws, reference)))


def w1_sd(draws: npt.ArrayLike, *, reference: npt.ArrayLike) -> float:
    r"""Wasserstein-1 distance of the two marginals in reference sds.

    :math:`\int |F_x(t) - F_r(t)|\,dt / s_r`, at least :math:`|e|` of `mean_error_sd`. It is biased
    upwards by Monte Carlo error, by about :math:`1.3 \sqrt{1/n_x + 1/n_r}` sds between equal
    Gaussians.

    Parameters
    ----------
    draws, reference : array (n_draws,) or (chain, draw)
        Draws of the approximation and of the reference, in the same units.

    Returns
    -------
    float
        In reference sds; NaN where the reference is constant.

    Raises
    ------
    HarnessError
        If a shape is wrong or a draw is not finite.

    References
    ----------
    Villani (2009), Optimal transport, remark 6.5 (it bounds the error of every 1-Lipschitz mean);
    for posteriors, Huggins, Kasprzak, Campbell and Broderick (2020), AISTATS.
    """
    return float(_w1s(*_pair(draws, reference))[0])


def coverage(draws: npt.ArrayLike, *, reference: npt.ArrayLike, level: float) -> Estimate:
    r"""Fraction of the reference inside the approximation's central interval.

    The MCSE adds the error of the reference's fraction to that of the interval's two ends, the
    quantiles of `draws`, mapped by the delta method to the reference's distribution function.

    Parameters
    ----------
    draws, reference : array (n_draws,) or (chain, draw)
        Draws of the approximation and of the reference, in the same units.
    level : float
        Nominal probability of the interval, for example 0.5 or 0.9.

    Returns
    -------
    Estimate
        A probability: `level` where the two agree, less where the approximation is too narrow or
        shifted.

    Raises
    ------
    HarnessError
        If a shape is wrong, a draw is not finite or `level` is not between 0 and 1.

    References
    ----------
    Joint distribution of two order statistics, David and Nagaraja (2003), section 10.2.
    """
    if not 0 < level < 1:
        raise HarnessError(f"level must lie between 0 and 1; got {level}")
    found = coverages(*_pair(draws, reference), level=level)
    return _estimate(found.values, found.mcses)


def _mean_errors(x: Batch, r: Batch) -> tuple[Floats, Floats]:
    """See `mean_error_sd`: values and their MCSEs."""
    sd = _reference_sd(r)
    error = (x.mean - r.mean) / sd
    squares = x.mean_mcse**2 + r.mean_mcse**2 + (error * r.sd_mcse) ** 2
    return error, np.sqrt(squares) / sd


def _log_sd_ratios(x: Batch, r: Batch) -> tuple[Floats, Floats]:
    """See `log_sd_ratio`: values and their MCSEs."""
    sd = _reference_sd(r)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(x.sd / sd)
        mcse = np.hypot(x.sd_mcse / x.sd, r.sd_mcse / sd)
    is_point = (x.sd == 0) & ~np.isnan(sd)
    return np.where(is_point, -np.inf, ratio), np.where(is_point, 0.0, mcse)


def _w1s(x: Batch, r: Batch) -> Floats:
    """See `w1_sd`."""
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


def _estimate(values: Floats, mcses: Floats) -> Estimate:
    """Return the estimate of a batch of one."""
    return Estimate(value=float(values[0]), mcse=float(mcses[0]))


def _pair(draws: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[Batch, Batch]:
    """Both sets of draws, checked, as batches of one."""
    x = scalar_draws(draws, name="draws")
    r = scalar_draws(reference, name="reference")
    return Batch(x[None]), Batch(r[None])
