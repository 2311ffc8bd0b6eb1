"""All distances of a whole fit from its reference, in one call."""

from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from harness.errors import HarnessError
from harness.metrics.classifier import classifier_two_sample_test
from harness.metrics.discrepancy import PairDistances
from harness.metrics.distance import white_mahalanobis, white_sliced_wasserstein
from harness.metrics.draws import Estimate, Floats, vector_draws
from harness.metrics.spectrum import (
    FoldedDraws,
    SpectrumEdges,
    edges_against,
    edges_of_halves,
)
from harness.metrics.subspace import carries_all, leading_combinations
from harness.metrics.tail_limits import TailLimits
from harness.metrics.whitening import MeanErrors, Whitening


@dataclass(frozen=True, kw_only=True)
class JointComparison:
    """How far a fit is from its reference, all parameters together.

    Every distance is measured in coordinates where the reference has mean 0 and covariance I.

    Attributes
    ----------
    n_combinations : int
        Combinations of parameters that were looked at, if not all; 0 if all.
    mahalanobis, mahalanobis_mcse : float
        See `harness.metrics.distance.mahalanobis`.
    log_eigenvalue_low, log_eigenvalue_low_mcse : float
        See `harness.metrics.spectrum.spectrum_edges`.
    log_eigenvalue_high, log_eigenvalue_high_mcse : float
        See `harness.metrics.spectrum.spectrum_edges`.
    log_eigenvalue_low_chance, log_eigenvalue_high_chance : float
        See `harness.metrics.spectrum.SpectrumEdges`.
    energy_distance, energy_distance_mcse : float
        See `harness.metrics.discrepancy.energy_distance`.
    mmd, mmd_mcse : float
        Squared; see `harness.metrics.discrepancy.mmd`.
    sliced_wasserstein, sliced_wasserstein_mcse : float
        See `harness.metrics.distance.sliced_wasserstein`.
    c2st_accuracy, c2st_mcse, c2st_null_upper : float
        See `harness.metrics.classifier.ClassifierTest`.
    """

    n_combinations: int
    mahalanobis: float
    mahalanobis_mcse: float
    log_eigenvalue_low: float
    log_eigenvalue_low_mcse: float
    log_eigenvalue_high: float
    log_eigenvalue_high_mcse: float
    log_eigenvalue_low_chance: float
    log_eigenvalue_high_chance: float
    energy_distance: float
    energy_distance_mcse: float
    mmd: float
    mmd_mcse: float
    sliced_wasserstein: float
    sliced_wasserstein_mcse: float
    c2st_accuracy: float
    c2st_mcse: float
    c2st_null_upper: float


class JointReference:
    """Reference draws; what is known of them alone is computed once, for all fits.

    Parameters
    ----------
    draws : array (n_draws, d) or (chain, draw, d)
    """

    def __init__(self, draws: npt.ArrayLike) -> None:
        given = vector_draws(draws, name="reference")
        self.limits = TailLimits(given)
        #: Without the ends of heavy tails.
        self.draws = self.limits.within(given)

    @cached_property
    def carries_all(self) -> bool:
        """Whether there are draws enough to judge all combinations of the parameters."""
        return carries_all(self.draws)

    @cached_property
    def whitening(self) -> Whitening:
        """Coordinates where the reference has mean 0 and covariance I."""
        return Whitening(self.draws)

    @cached_property
    def folded(self) -> FoldedDraws:
        """The same draws, for the edges of the spectrum."""
        return FoldedDraws(self.draws)


def compare_joint(
    draws: npt.ArrayLike,
    *,
    reference: npt.ArrayLike | JointReference,
    rng: np.random.Generator,
    max_draws: int = 2000,
    worth: float | None = None,
    slopes: Floats | None = None,
) -> JointComparison:
    """All distances of a fit.

    With more than 600 parameters, or fewer effective draws than about two for each, not all
    combinations can be judged: then twenty or thirty of them stand for the parameters, see
    `harness.metrics.subspace.leading_combinations`. Of parameters whose kurtosis under the
    reference is above 9, both sets of draws are cut off at the reference's 1% and 99% quantiles or
    further in, because their covariance is known too badly; see
    `harness.metrics.tail_limits.TailLimits`.

    Parameters
    ----------
    draws : array (n_draws, d) or (chain, draw, d)
        Draws of the approximation.
    reference : array (n_draws, d) or (chain, draw, d), or JointReference
        Draws of the reference.
    rng : numpy.random.Generator
        For the directions and the classifier.
    max_draws : int
        Distances that take all pairs of draws, and the classifier, use at most so many of each
        set, evenly spaced (which brings Markov chains closer to independence).
    worth : float, optional
        Of draws that were resampled, how many independent ones they are worth; equal ones should
        stand together.
    slopes : ndarray (k, d), optional
        See `harness.metrics.subspace.leading_combinations`.

    Returns
    -------
    JointComparison

    Raises
    ------
    HarnessError
        If a shape is wrong, d differs, a draw is not finite, or the reference's covariance is
        singular.
    """
    of_all = reference if isinstance(reference, JointReference) else JointReference(reference)
    given = of_all.limits.within(vector_draws(draws, name="draws"))
    part = 1.0 if worth is None else worth / given[..., 0].size
    used, judged, edges = _judged(given, of_all, part=part, slopes=slopes)
    white = judged.whitening
    x, r = white.apply(used), white.reference
    mean = white_mahalanobis(x, white, MeanErrors.of(x).of_part(part))
    sliced = white_sliced_wasserstein(x, r, rng=rng)
    few_x, few_r = _thin(x, max_draws=max_draws), _thin(r, max_draws=max_draws)
    pairs = PairDistances.of(few_x, reference=few_r)
    test = classifier_two_sample_test(
        _thin(given, max_draws=2 * max_draws),
        reference=_thin(of_all.draws, max_draws=2 * max_draws),
        rng=rng,
        max_draws=max_draws,
    )
    return JointComparison(
        n_combinations=0 if judged is of_all else judged.draws.shape[-1],
        mahalanobis=mean.distance,
        mahalanobis_mcse=mean.mcse,
        **asdict(edges),
        **_named("energy_distance", pairs.energy_distance()),
        **_named("mmd", pairs.mmd()),
        **_named("sliced_wasserstein", sliced),
        c2st_accuracy=test.accuracy,
        c2st_mcse=test.mcse,
        c2st_null_upper=test.null_upper,
    )


def _judged(
    given: Floats, of_all: JointReference, *, part: float, slopes: Floats | None
) -> tuple[Floats, JointReference, SpectrumEdges]:
    """Return what is judged together, all parameters or some combinations, and its edges."""
    if given.shape[-1] != of_all.draws.shape[-1]:
        raise HarnessError(
            f"draws have {given.shape[-1]} parameters, the reference {of_all.draws.shape[-1]}"
        )
    if of_all.carries_all and carries_all(given):
        return given, of_all, edges_against(given, of_all.folded, part=part)
    ours, theirs = leading_combinations(given, of_all.draws, slopes=slopes)
    edges = edges_of_halves(ours, theirs, part=part)
    judged = JointReference(theirs[1])
    return judged.limits.within(ours[1]), judged, edges


def _named(name: str, estimate: Estimate) -> dict[str, float]:
    """Return an estimate and its error under the names of the comparison's fields."""
    return {name: estimate.value, f"{name}_mcse": estimate.mcse}


def _thin(draws: Floats, *, max_draws: int) -> Floats:
    """Every k-th draw (of each chain), so that at most `max_draws` remain."""
    total = draws[..., 0].size
    step = -(-total // max_draws)
    return draws[..., ::step, :]
