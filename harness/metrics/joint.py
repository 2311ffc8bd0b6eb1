"""All distances of a whole fit from its reference, in one call."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.metrics.classifier import carries_whitening, classifier_two_sample_test
from harness.metrics.discrepancy import PairDistances
from harness.metrics.distance import (
    white_covariance_error,
    white_mahalanobis,
    white_sliced_wasserstein,
)
from harness.metrics.draws import Floats, vector_draws
from harness.metrics.whitening import MeanErrors, Whitening


@dataclass(frozen=True, kw_only=True)
class JointComparison:
    """How far a fit is from its reference, all parameters together.

    Every distance is measured in coordinates where the reference has mean 0 and covariance I.

    Attributes
    ----------
    mahalanobis, mahalanobis_null_95 : float
        See `harness.metrics.distance.mahalanobis`.
    whitened_covariance_error, whitened_covariance_null_95 : float
        See `harness.metrics.distance.whitened_covariance_error`.
    energy_distance, energy_distance_mcse : float
        See `harness.metrics.discrepancy.energy_distance`.
    mmd, mmd_mcse : float
        Squared; see `harness.metrics.discrepancy.mmd`.
    sliced_wasserstein, sliced_wasserstein_mcse : float
        See `harness.metrics.distance.sliced_wasserstein`.
    c2st_accuracy, c2st_mcse, c2st_null_upper : float
        See `harness.metrics.classifier.ClassifierTest`.
    """

    mahalanobis: float
    mahalanobis_null_95: float
    whitened_covariance_error: float
    whitened_covariance_null_95: float
    energy_distance: float
    energy_distance_mcse: float
    mmd: float
    mmd_mcse: float
    sliced_wasserstein: float
    sliced_wasserstein_mcse: float
    c2st_accuracy: float
    c2st_mcse: float
    c2st_null_upper: float


def compare_joint(
    draws: npt.ArrayLike,
    *,
    reference: npt.ArrayLike | Whitening,
    rng: np.random.Generator,
    max_draws: int = 2000,
) -> JointComparison:
    """All distances of a fit.

    Parameters
    ----------
    draws : array (n_draws, d) or (chain, draw, d)
        Draws of the approximation.
    reference : array (n_draws, d) or (chain, draw, d), or Whitening
        Draws of the reference, or the coordinates that they span, which serve many fits.
    rng : numpy.random.Generator
        For the directions and the classifier.
    max_draws : int
        Distances that take all pairs of draws, and the classifier, use at most so many of each
        set, evenly spaced (which brings Markov chains closer to independence).

    Returns
    -------
    JointComparison

    Raises
    ------
    HarnessError
        As `harness.metrics.whitening.whiten` does.
    """
    white = reference if isinstance(reference, Whitening) else Whitening(reference)
    x, r = white.apply(draws), white.reference
    errors = MeanErrors.of(x)
    mean = white_mahalanobis(x, white, errors)
    covariance = white_covariance_error(x, white, errors)
    sliced = white_sliced_wasserstein(x, r, rng=rng)
    few_x, few_r = _thin(x, max_draws=max_draws), _thin(r, max_draws=max_draws)
    pairs = PairDistances.of(few_x, reference=few_r)
    energy, kernel = pairs.energy_distance(), pairs.mmd()
    if not carries_whitening(few_r):
        # nor may the classifier see coordinates that all of the reference was fitted to
        x, r = vector_draws(draws, name="draws"), white.original
        few_x, few_r = _thin(x, max_draws=max_draws), _thin(r, max_draws=max_draws)
    test = classifier_two_sample_test(few_x, reference=few_r, rng=rng, max_draws=max_draws)
    return JointComparison(
        mahalanobis=mean.distance,
        mahalanobis_null_95=mean.null_95,
        whitened_covariance_error=covariance.error,
        whitened_covariance_null_95=covariance.null_95,
        energy_distance=energy.value,
        energy_distance_mcse=energy.mcse,
        mmd=kernel.value,
        mmd_mcse=kernel.mcse,
        sliced_wasserstein=sliced.value,
        sliced_wasserstein_mcse=sliced.mcse,
        c2st_accuracy=test.accuracy,
        c2st_mcse=test.mcse,
        c2st_null_upper=test.null_upper,
    )


def _thin(draws: Floats, *, max_draws: int) -> Floats:
    """Every k-th draw (of each chain), so that at most `max_draws` remain."""
    total = draws[..., 0].size
    step = -(-total // max_draws)
    return draws[..., ::step, :]
