"""Errors of an approximation of one parameter against reference draws.

Draws of shape (n_draws,) are independent, as an approximation gives them; (chain, draw) are Markov
chains, whose Monte Carlo errors then use their effective sample size.
"""

from dataclasses import dataclass

import numpy.typing as npt

from harness.errors import HarnessError
from harness.metrics.batch import Batch
from harness.metrics.draws import Estimate, Floats, scalar_draws
from harness.metrics.intervals import coverages
from harness.metrics.moment_errors import errors_by_sd, log_sd_ratios, mean_errors, w1s
from harness.metrics.robust import with_heavy_tails


@dataclass(frozen=True, kw_only=True)
class ParameterComparison:
    """How far an approximation of one parameter is from its reference.

    Attributes
    ----------
    error_scale : str
        "sd", or "winsorised" if the tails of the reference are too heavy for an sd: then draws
        beyond its 1% and 99% quantiles are moved there first; or "mad" if they are too heavy even
        for this: then medians stand for means in the errors below, and median absolute deviations,
        times 1.4826, for sds.
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
    errors, scales = with_heavy_tails(draws, reference, errors_by_sd(draws, reference))
    half = coverages(draws, reference, level=0.5)
    most = coverages(draws, reference, level=0.9)
    columns = {
        **vars(errors),
        "coverage_50": half.values,
        "coverage_50_mcse": half.mcses,
        "coverage_90": most.values,
        "coverage_90_mcse": most.mcses,
        "coverage_50_chance": half.chances,
        "coverage_90_chance": most.chances,
    }
    return [
        ParameterComparison(
            error_scale=str(scales[j]),
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
    return _estimate(*mean_errors(*_pair(draws, reference)))


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
    return _estimate(*log_sd_ratios(*_pair(draws, reference)))


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
    return float(w1s(*_pair(draws, reference))[0])


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


def _estimate(values: Floats, mcses: Floats) -> Estimate:
    """Return the estimate of a batch of one."""
    return Estimate(value=float(values[0]), mcse=float(mcses[0]))


def _pair(draws: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[Batch, Batch]:
    """Both sets of draws, checked, as batches of one."""
    x = scalar_draws(draws, name="draws")
    r = scalar_draws(reference, name="reference")
    return Batch(x[None]), Batch(r[None])
