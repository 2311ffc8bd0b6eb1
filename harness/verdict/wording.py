"""What a verdict rests on, as a sentence: written last, from the criterion and its numbers."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.messages.numerals import beside_limit, counted, numeral
from harness.verdict.outcome import Verdict

#: A criterion's value and limit as a reader is shown them, and by what its error is multiplied.
_Shown = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class _Words:
    """How a criterion is spoken of.

    Attributes
    ----------
    title : str
        Its name.
    statement : str
        What its value says, with places for the value and, of a number, for the limit.
    shown : callable
        Value and limit to what is shown of them.
    of : str
        What a count counts.
    """

    title: str
    statement: str
    shown: Callable[[float, float], _Shown] = lambda value, limit: (value, limit, 1.0)
    of: str = ""


def _size(value: float, limit: float) -> _Shown:
    """Show how far off a value is, in whichever direction."""
    return abs(value), limit, 1.0


def _ratio(value: float, limit: float) -> _Shown:
    """Show a logarithm as the ratio that it is of."""
    ratio = math.exp(min(value, math.log(1e300)))
    return ratio, math.exp(math.copysign(limit, value)), ratio


def _root_ratio(value: float, limit: float) -> _Shown:
    """Show the logarithm of a ratio of variances as the ratio of the sds."""
    ratio, bound, scale = _ratio(value / 2, limit / 2)
    return ratio, bound, scale / 2


def _share_of(nominal: float) -> Callable[[float, float], _Shown]:
    """Show a part in per cent, with the limit that is on its side of what it should be."""

    def shown(value: float, limit: float) -> _Shown:
        return 100 * value, 100 * (nominal + math.copysign(limit, value - nominal)), 100.0

    return shown


_WORDS: Mapping[str, _Words] = {
    "failed": _Words(title="no draws", statement="the run gave no draws"),
    "collapsed": _Words(title="a single point", statement="all its draws are at one point"),
    "weight_mistake": _Words(
        title="missing weight", statement="the likelihood of the subsample lacks its weight N/m"
    ),
    "stopped_early": _Words(
        title="stopped early",
        statement="the optimiser stopped at its last iteration, before it converged",
    ),
    "mode_gap_sd": _Words(
        title="the distance to the mode",
        statement="the centre is {value} posterior sds from the mode (limit {limit})",
    ),
    "may_diverge": _Words(
        title="may be diverging", statement="the optimiser reported that it may be diverging"
    ),
    "mode_missed": _Words(title="a missed mode", statement="the draws lack a mode"),
    "nameless": _Words(
        title="exchangeable labels",
        statement="the labels of exchangeable components have no meaning; see the relabelled row",
    ),
    "reference_failed": _Words(
        title="a failed reference",
        statement="the reference failed its own checks, so errors are unknown",
    ),
    "reference_absent": _Words(
        title="no reference", statement="there is no reference, so errors are unknown"
    ),
    "k_hat": _Words(title="k-hat", statement="k-hat is {value} (limit {limit})"),
    "k_hat_mean": _Words(
        title="k-hat of the weighted mean",
        statement="k-hat of the weights times the quantity is {value} (limit {limit})",
    ),
    "k_hat_sd": _Words(
        title="k-hat of the weighted sd",
        statement="k-hat of the weights times the squared quantity is {value} (limit {limit})",
    ),
    "r_hat": _Words(title="R-hat", statement="R-hat is {value} (limit {limit})"),
    "r_hat_all": _Words(
        title="R-hat over the chains of all fits",
        statement="R-hat over the chains of all fits of this data set is {value} (limit {limit})",
    ),
    "ess_bulk": _Words(
        title="the bulk ESS", statement="the bulk effective sample size is {value} (limit {limit})"
    ),
    "ess_tail": _Words(
        title="the tail ESS", statement="the tail effective sample size is {value} (limit {limit})"
    ),
    "n_divergent": _Words(
        title="divergences", statement="{value} diverged (limit {limit})", of="transition"
    ),
    "e_bfmi": _Words(title="E-BFMI", statement="E-BFMI is {value} (limit {limit})"),
    "r_hat_runs": _Words(
        title="R-hat across replicates",
        statement="R-hat across replicates is {value} (limit {limit})",
    ),
    "n_disagreeing": _Words(
        title="runs that disagree",
        statement="from other seeds {value} got another verdict (limit {limit})",
        of="run",
    ),
    "mean_error_sd": _Words(
        title="the error of the mean",
        statement="the mean is {value} posterior sds off (limit {limit})",
        shown=_size,
    ),
    "log_sd_ratio": _Words(
        title="the sd ratio",
        statement="the sd is {value} times the reference's (limit {limit})",
        shown=_ratio,
    ),
    "w1_sd": _Words(
        title="the Wasserstein-1 distance",
        statement="the marginal lies {value} posterior sds from the reference's in Wasserstein-1 "
        "distance (limit {limit})",
    ),
    "coverage_90": _Words(
        title="the coverage of the 90% interval",
        statement="the 90% interval holds {value}% of the reference (limit {limit}%)",
        shown=_share_of(0.9),
    ),
    "coverage_50": _Words(
        title="the coverage of the 50% interval",
        statement="the 50% interval holds {value}% of the reference (limit {limit}%)",
        shown=_share_of(0.5),
    ),
    "mahalanobis": _Words(
        title="the mean of some combination of parameters",
        statement="some combination of parameters has its mean {value} posterior sds off "
        "(limit {limit})",
    ),
    "log_eigenvalue_low": _Words(
        title="the narrowest combination of parameters",
        statement="the sd of some combination of parameters is {value} times the reference's "
        "(limit {limit})",
        shown=_root_ratio,
    ),
    "log_eigenvalue_high": _Words(
        title="the widest combination of parameters",
        statement="the sd of some combination of parameters is {value} times the reference's "
        "(limit {limit})",
        shown=_root_ratio,
    ),
    "c2st_accuracy": _Words(
        title="the classifier",
        statement="a classifier separates the draws from the reference's with accuracy {value} "
        "(limit {limit})",
    ),
}

#: Follows a value that is too close to its limit for its Monte Carlo error.
IN_DOUBT = ", too close to the limit for its Monte Carlo error"

#: Follows the criterion if no limit is exceeded.
_KEPT = "; no limit is exceeded, and this value is the nearest to its limit"

_BY_MAD = "; the tails are too heavy for an sd, so median and median absolute deviation are meant"
_WINSORISED = (
    "; the tails are too heavy for an sd, so draws beyond the reference's {low} and {high} "
    "quantiles count as these"
)


def title_of(criterion: str) -> str:
    """Return what a criterion is called in a sentence."""
    words = _WORDS.get(criterion)
    return criterion if words is None else words.title


def heavy_tails(scale: str) -> str:
    """Say what mean and sd mean, where the tails of a reference are heavy.

    Parameters
    ----------
    scale : str
        What the errors are measured with, see `harness.metrics.parameter`.

    Returns
    -------
    str
        What follows the criterion; empty where they mean what they say.

    Examples
    --------
    >>> heavy_tails("mad")
    '; the tails are too heavy for an sd, so median and median absolute deviation are meant'
    """
    if scale == "mad":
        return _BY_MAD
    kind, _, end = scale.partition(" ")
    if kind != "winsorised":
        return ""
    low = float(end.removesuffix("%"))
    return _WINSORISED.format(low=f"{low:g}%", high=f"{100 - low:g}%")


def statement(
    criterion: str,
    *,
    verdict: Verdict | str,
    value: float | None = None,
    limit: float | None = None,
    mcse: float | None = None,
) -> str:
    """Say what a criterion's value is, and what its limit.

    Parameters
    ----------
    criterion : str
        The criterion of a rule.
    verdict : Verdict
        What follows from it.
    value, limit : float, optional
        Of a flag neither; a criterion whose value is not known has no value.
    mcse : float, optional
        The value's Monte Carlo standard error.

    Returns
    -------
    str
        A clause; empty for a criterion of another version.

    Examples
    --------
    >>> statement("mahalanobis", verdict="marginals", value=2.51, limit=0.6)
    'some combination of parameters has its mean 2.51 posterior sds off (limit 0.6)'
    >>> statement("r_hat", verdict="trust", value=1.0098, limit=1.01)
    'R-hat is 1.0098 (limit 1.01); no limit is exceeded, and this value is the nearest to its limit'
    """
    words = _WORDS.get(criterion)
    if words is None:
        return ""
    if "{value}" not in words.statement:
        return words.statement
    if value is None or limit is None:
        return f"{words.title} is not known"
    number, bound, scale = words.shown(value, limit)
    shown, edge = beside_limit(number, bound)
    if words.of:
        shown = counted(number, words.of)
    if mcse:
        shown += f" ± {numeral(mcse * scale, 2)}"
    end = _KEPT if verdict == Verdict.TRUST else ""
    return words.statement.format(value=shown, limit=edge) + end
