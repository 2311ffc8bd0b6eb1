"""Errors of an approximation of one parameter against reference draws.

Draws of shape (n_draws,) are independent, as an approximation gives them; (chain, draw) are Markov
chains, whose Monte Carlo errors then use their effective sample size.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import wasserstein_distance

from harness.errors import HarnessError
from harness.metrics.draws import (
    Estimate,
    Floats,
    mean_mcse,
    quantile_ess,
    scalar_draws,
    sd_mcse,
)


@dataclass(frozen=True, kw_only=True)
class ParameterComparison:
    """How far an approximation of one parameter is from its reference.

    Attributes
    ----------
    mean_error_sd, mean_error_mcse : float
        See `mean_error_sd`.
    log_sd_ratio, log_sd_ratio_mcse : float
        See `log_sd_ratio`.
    w1_sd : float
        See `w1_sd`.
    coverage_50, coverage_50_mcse, coverage_90, coverage_90_mcse : float
        See `coverage`.
    """

    mean_error_sd: float
    mean_error_mcse: float
    log_sd_ratio: float
    log_sd_ratio_mcse: float
    w1_sd: float
    coverage_50: float
    coverage_50_mcse: float
    coverage_90: float
    coverage_90_mcse: float


def compare_parameter(draws: npt.ArrayLike, *, reference: npt.ArrayLike) -> ParameterComparison:
    """All errors of one parameter.

    Parameters
    ----------
    draws, reference : array (n_draws,) or (chain, draw)
        Draws of the approximation and of the reference, in the same units.

    Returns
    -------
    ParameterComparison

    Raises
    ------
    HarnessError
        If a shape is wrong or a draw is not finite.
    """
    mean = mean_error_sd(draws, reference=reference)
    sd = log_sd_ratio(draws, reference=reference)
    half = coverage(draws, reference=reference, level=0.5)
    most = coverage(draws, reference=reference, level=0.9)
    return ParameterComparison(
        mean_error_sd=mean.value,
        mean_error_mcse=mean.mcse,
        log_sd_ratio=sd.value,
        log_sd_ratio_mcse=sd.mcse,
        w1_sd=w1_sd(draws, reference=reference),
        coverage_50=half.value,
        coverage_50_mcse=half.mcse,
        coverage_90=most.value,
        coverage_90_mcse=most.mcse,
    )


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
    x, r, sd = _pair(draws, reference)
    if sd == 0:
        return Estimate(value=float("nan"), mcse=float("nan"))
    error = float((x.mean() - r.mean()) / sd)
    mcse = np.sqrt(mean_mcse(x) ** 2 + mean_mcse(r) ** 2 + (error * sd_mcse(r)) ** 2) / sd
    return Estimate(value=error, mcse=float(mcse))


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
    Delta method; MCSE of an sd as in `harness.metrics.draws.sd_mcse`.
    """
    x, r, sd = _pair(draws, reference)
    sd_draws = float(np.std(x, ddof=1))
    if sd == 0:
        return Estimate(value=float("nan"), mcse=float("nan"))
    if sd_draws == 0:
        return Estimate(value=float("-inf"), mcse=0.0)
    mcse = np.hypot(sd_mcse(x) / sd_draws, sd_mcse(r) / sd)
    return Estimate(value=float(np.log(sd_draws / sd)), mcse=float(mcse))


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
    x, r, sd = _pair(draws, reference)
    if sd == 0:
        return float("nan")
    return float(wasserstein_distance(x.ravel(), r.ravel()) / sd)


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
    x, r, _ = _pair(draws, reference)
    low, high = 0.5 - level / 2, 0.5 + level / 2
    ends = np.quantile(x, [low, high])
    inside = ((r >= ends[0]) & (r <= ends[1])).astype(float)
    variance = mean_mcse(inside) ** 2 + _interval_variance(x, r, low=low, high=high)
    return Estimate(value=float(inside.mean()), mcse=float(np.sqrt(variance)))


def _interval_variance(x: Floats, r: Floats, *, low: float, high: float) -> float:
    """Variance of the reference's mass between two sample quantiles of `x`."""
    probs = np.array([low, high])
    n_effective = min(quantile_ess(x, prob=prob) for prob in probs)
    covariance = np.minimum.outer(probs, probs) - np.outer(probs, probs)
    step = np.minimum(np.sqrt(np.diag(covariance) / n_effective), np.minimum(probs, 1 - probs))
    reference = np.sort(r, axis=None)
    above, below = (
        np.searchsorted(reference, np.quantile(x, probs + sign * step)) / reference.size
        for sign in (1, -1)
    )
    slope = (above - below) / (2 * step) * np.array([-1.0, 1.0])
    return float(slope @ covariance @ slope / n_effective)


def _pair(draws: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[Floats, Floats, float]:
    """Both sets of draws, checked, and the reference's sd (0 exactly where it is constant)."""
    x = scalar_draws(draws, name="draws")
    r = scalar_draws(reference, name="reference")
    return x, r, float(np.std(r, ddof=1)) if np.ptp(r) > 0 else 0.0
