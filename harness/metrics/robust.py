"""Errors of quantities whose sd some thousand draws do not tell, because their tails are heavy."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from harness.metrics.batch import Batch, Truths
from harness.metrics.draws import Floats
from harness.metrics.moment_errors import Errors, errors_by_sd
from harness.metrics.significance import two_sided

#: What the errors of a quantity are measured with.
SD, WINSORISED, MAD = "sd", "winsorised", "mad"
#: What lies beyond the tails' ends, on each side: the first that is enough. With a tenth the
#: kurtosis of what is left is at most about 9, whatever the distribution.
ENDS = (0.01, 0.05, 0.1)
#: A third of the limit of an sd, a factor of 1.2: with a larger error a fault of twice the limit
#: might not be seen, and exact draws would be in doubt.
LARGEST_ERROR = float(np.log(1.2)) / 3
#: Four errors: no heavy tail makes the sds of two sets of exact draws differ so significantly.
_CERTAIN = 2 * float(norm.sf(4.0))
# A Gaussian's sd in median absolute deviations.
_SD_PER_MAD = 1.4826
# Shape of a tail from which on there is no variance.
_NO_VARIANCE = 0.5
# The relative error of a Gaussian's, times the root of the number of draws, and how much larger
# another may be: that of a Cauchy distribution is 1.35 times as large.
_GAUSSIAN_MAD = 1.1664
_FAR_ABOVE = 1.45
# Half of the width over which densities are averaged, in median absolute deviations.
_WINDOW = 0.35

Names = npt.NDArray[np.str_]


def with_heavy_tails(x: Batch, r: Batch, usual: Errors) -> tuple[Errors, Names]:
    """Take other errors where the tails of the reference are too heavy for an sd.

    The error of an sd takes fourth moments, and to know the error takes eighth. Where it is too
    large, and the sds do not certainly differ all the same, draws beyond the reference's 1% and
    99% quantiles are moved there first, or beyond the 5% and 95% or the 10% and 90% quantiles if
    that is not enough. Where the reference has no variance, median and median absolute deviation
    stand for mean and sd, unless their own error is far above that of a Gaussian's, as where the
    density is far from symmetric.

    Parameters
    ----------
    x, r : Batch
        Draws of the approximation and of the reference, the same quantities in the same order.
    usual : Errors
        By their sds.

    Returns
    -------
    errors : Errors
    scales : ndarray of str (quantity,)
        What each is measured with: `SD`, `MAD`, or `WINSORISED` with the percentage beyond the
        ends.

    References
    ----------
    Winsorised means and sds, median and MAD: Huber and Ronchetti (2009), Robust statistics. That a
    sum in units of its own error has light tails even without moments: Logan, Mallows, Rice and
    Shepp (1973), Limit distributions of self-normalized sums, Annals of Probability 1(5).
    """
    scales: Names = np.full(len(r), SD, dtype="<U16")
    if not r.may_be_heavy_tailed.any():
        return usual, scales
    has_variance = ~(r.tail_shapes > _NO_VARIANCE)
    is_certain = usual.log_sd_ratio_chance < _CERTAIN
    is_told = (_is_told(usual) | is_certain) & ~_may_be_a_point(x, r)
    heavy = np.flatnonzero(r.may_be_heavy_tailed & ~(has_variance & is_told))
    if not heavy.size:
        return usual, scales
    some_x, some_r = x.of(heavy), r.of(heavy)
    found, named = _winsorised(some_x, some_r, usual.of(heavy))
    by_mad, is_known = _mad_errors(some_x, some_r, found)
    has_mad = np.isfinite(by_mad.log_sd_ratio_mcse)  # not where half of the draws are equal
    wants_mad = np.flatnonzero(~has_variance[heavy] & has_mad & (is_known | ~_is_told(found)))
    named[wants_mad] = MAD
    scales[heavy] = named
    return usual.replaced(heavy, found.replaced(wants_mad, by_mad.of(wants_mad))), scales


def _is_told(errors: Errors) -> Truths:
    """Whether a ratio of scales is known well enough."""
    return np.asarray(errors.log_sd_ratio_mcse <= LARGEST_ERROR)


def _may_be_a_point(x: Batch, r: Batch) -> Truths:
    """Whether the draws are all one value by chance, which most of the reference's are."""
    share = (r.flat == x.flat[:, :1]).mean(axis=1)
    return np.asarray(~x.varies & (share**x.worth >= _CERTAIN))


def _winsorised(x: Batch, r: Batch, usual: Errors) -> tuple[Errors, Names]:
    """Measure errors in sds of the draws up to the ends of the reference's tails."""
    found = _winsorised_errors(x, r, usual, end=ENDS[0])
    scales: Names = np.full(len(r), f"{WINSORISED} {ENDS[0]:.0%}", dtype="<U16")
    for end in ENDS[1:]:
        left = np.flatnonzero(~_is_told(found))
        if left.size:
            nearer = _winsorised_errors(x.of(left), r.of(left), usual.of(left), end=end)
            found = found.replaced(left, nearer)
            scales[left] = f"{WINSORISED} {end:.0%}"
    return found, scales


def _winsorised_errors(x: Batch, r: Batch, usual: Errors, *, end: float) -> Errors:
    """Measure them with these parts of the reference beyond the ends.

    Where all between the ends is one value, as of counts that are seldom other than 0, there is no
    width to compare: the error of the mean stays that of the draws as they are.
    """
    ends = r.quantiles([end, 1 - end])
    ours, theirs = (
        Batch(np.clip(each.values, *(_column(ends[:, k], each) for k in (0, 1))), worth=each.worth)
        for each in (x, r)
    )
    point = np.flatnonzero(r.varies & ~theirs.varies)
    nothing = np.zeros(point.size)
    of_points = replace(
        usual.of(point),
        log_sd_ratio=nothing,
        log_sd_ratio_mcse=nothing,
        log_sd_ratio_chance=nothing + 1,
    )
    return errors_by_sd(ours, theirs).replaced(point, of_points)


def _mad_errors(x: Batch, r: Batch, winsorised: Errors) -> tuple[Errors, Truths]:
    """Measure errors in sds that a Gaussian with the reference's MAD has.

    Distances stay those of the winsorised draws in their own sds: in MADs chance alone makes them
    larger than any limit, between the ends of heavy tails.

    Returns
    -------
    errors : Errors
    is_known : ndarray of bool (quantity,)
        Whether the error of their ratio is small, or not far above that of Gaussian draws.
    """
    ours, theirs = _Scale.of(x), _Scale.of(r)
    with np.errstate(divide="ignore", invalid="ignore"):
        location = (x.quantiles([0.5])[:, 0] - r.quantiles([0.5])[:, 0]) / theirs.values
        location_mcse = np.hypot(x.quantile_mcse(0.5), r.quantile_mcse(0.5)) / theirs.values
        ratio = np.log(ours.values / theirs.values)
        ratio_mcse = np.hypot(ours.errors, theirs.errors)
        chance = two_sided(ratio / ratio_mcse)
    errors = replace(
        winsorised,
        mean_error_sd=location,
        mean_error_mcse=location_mcse,
        log_sd_ratio=ratio,
        log_sd_ratio_mcse=ratio_mcse,
        log_sd_ratio_chance=chance,
    )
    of_gaussian = np.hypot(ours.of_gaussian, theirs.of_gaussian)
    return errors, _is_told(errors) | np.asarray(ratio_mcse <= _FAR_ABOVE * of_gaussian)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scale:
    """Median absolute deviations, in a Gaussian's sds, and their relative errors.

    `of_gaussian` are those that a Gaussian's has with as many effective draws.
    """

    values: Floats
    errors: Floats
    of_gaussian: Floats

    @classmethod
    def of(cls, batch: Batch) -> "_Scale":
        """Take them from draws.

        That the median has an error too matters where the density is not symmetric (Falk 1997,
        Asymptotic independence of median and MAD, Statistics and Probability Letters 34).
        """
        median = batch.quantiles([0.5])[:, 0]
        away = Batch(np.abs(batch.values - _column(median, batch)), worth=batch.worth)
        mad = away.quantiles([0.5])[:, 0]
        half = _WINDOW * mad
        below, middle, above = (
            _below(batch, centre + half) - _below(batch, centre - half)
            for centre in (median - mad, median, median + mad)
        )
        skewness = 1 - _below(batch, median - mad) - _below(batch, median + mad)
        root = np.sqrt(away.quantile_ess(0.5))
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (below - above) / middle
            wider = np.sqrt(np.maximum(1 + slope**2 + 4 * slope * skewness, 0.0))
            errors = _WINDOW * wider / (below + above) / root
        return cls(values=_SD_PER_MAD * mad, errors=errors, of_gaussian=_GAUSSIAN_MAD / root)


def _below(batch: Batch, values: Floats) -> Floats:
    """Return the shares of the draws up to a value each."""
    return np.asarray((batch.flat <= values[:, None]).mean(axis=1))


def _column(values: Floats, batch: Batch) -> Floats:
    """Let values stand beside all draws of their quantities."""
    return np.expand_dims(values, tuple(range(1, batch.values.ndim)))
