"""All distances of a whole fit from its reference, in one call."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.metrics.classifier import classifier_two_sample_test
from harness.metrics.discrepancy import energy_distance, mmd
from harness.metrics.distance import (
    mahalanobis,
    sliced_wasserstein,
    whiten,
    whitened_covariance_error,
)
from harness.metrics.draws import Floats


@dataclass(frozen=True, kw_only=True)
class JointComparison:
    """How far a fit is from its reference, all parameters together.

    Every figure is measured in coordinates where the reference has mean 0 and covariance I.

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
    reference: npt.ArrayLike,
    rng: np.random.Generator,
    max_draws: int = 2000,
) -> JointComparison:
    """All distances of a fit.

    Parameters
    ----------
    draws, reference : array (n_draws, d) or (chain, draw, d)
        Draws of the approximation and of the reference.
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
        As `harness.metrics.distance.whiten` does.
    """
    x, r = whiten(draws, reference=reference)
    mean = mahalanobis(x, reference=r)
    covariance = whitened_covariance_error(x, reference=r)
    sliced = sliced_wasserstein(x, reference=r, rng=rng)
    few_x, few_r = _thin(x, max_draws=max_draws), _thin(r, max_draws=max_draws)
    energy = energy_distance(few_x, reference=few_r)
    kernel = mmd(few_x, reference=few_r)
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
