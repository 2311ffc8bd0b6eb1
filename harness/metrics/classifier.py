"""Classifier two-sample test: how well a classifier tells the two sets of draws apart."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from harness.errors import HarnessError
from harness.metrics.draws import Floats, flatten, vector_draws
from harness.metrics.whitening import whiten

# The covariance of fewer draws fits themselves so well that whitening alone tells them from
# others of the same distribution: in 100 dimensions of 1,000 draws with an accuracy of 0.58.
_DRAWS_PER_PARAMETER = 20
# In many dimensions differences that do no harm add up: sds of 0.9 in 50 of them are told apart
# with an accuracy of 0.70, those of 5 with 0.57.
_MAX_COORDINATES = 5
# The levels at which coordinates are compared to find those that differ most.
_LEVELS = np.arange(1, 10) / 10


@dataclass(frozen=True, kw_only=True)
class ClassifierTest:
    """Cross-validated accuracy of a classifier, and the band of it under equal distributions.

    Attributes
    ----------
    accuracy : float
        Fraction of held-out draws told apart correctly: 1/2 where the distributions agree; at
        most (and for the best classifier exactly) 1/2 plus half their total variation distance.
    mcse : float
        Binomial standard error of `accuracy`.
    null_lower, null_upper : float
        Central 95% band of `accuracy` for equal distributions and independent draws.
    n_draws : int
        Draws used of each set.
    """

    accuracy: float
    mcse: float
    null_lower: float
    null_upper: float
    n_draws: int


def classifier_two_sample_test(
    draws: npt.ArrayLike,
    *,
    reference: npt.ArrayLike,
    rng: np.random.Generator,
    n_folds: int = 5,
    max_draws: int = 2000,
) -> ClassifierTest:
    r"""Cross-validated accuracy of gradient-boosted trees on whitened draws.

    Equally many draws of each set are taken at random. Every draw is held out once, so the null
    band is that of n coin tosses, :math:`1/2 \pm 1.96 / (2 \sqrt{n})` with n twice `n_draws`.
    The folds share training draws, which widens the true band by about a tenth; autocorrelated
    draws widen it more: pass chains thinned to about independence. Draws are whitened if the
    reference has at least 20 per parameter, and taken as they are otherwise. Of more than five
    coordinates half of the draws pick the five whose distribution functions differ most, and the
    classifier gets the other half.

    Parameters
    ----------
    draws, reference : array (n_draws, d) or (chain, draw, d)
        Draws of the approximation and of the reference.
    rng : numpy.random.Generator
        Picks the draws and the folds.
    n_folds : int
        Number of folds, from 2 to the number of draws.
    max_draws : int
        At most so many draws of each set.

    Returns
    -------
    ClassifierTest

    Raises
    ------
    HarnessError
        As `harness.metrics.whitening.whiten` does, or if there are fewer draws than folds.

    References
    ----------
    Lopez-Paz and Oquab (2017), Revisiting classifier two-sample tests, ICLR, section 3 and
    theorem 1.
    """
    x, r = _coordinates(draws, reference)
    if r.shape[1] > _MAX_COORDINATES:
        x, r = _most_different(rng.permutation(x), rng.permutation(r))
    count = min(len(x), len(r), max_draws)
    if not 2 <= n_folds <= count:
        raise HarnessError(f"{n_folds} folds need as many draws of each set; got {count}")
    x, r = (rng.choice(values, size=count, replace=False) for values in (x, r))
    features = np.concatenate([x, r])
    labels = np.repeat([0, 1], count)
    seed = int(rng.integers(2**31))
    folds = StratifiedKFold(n_splits=n_folds, shuffle=True, random_state=seed)
    model = HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=8, early_stopping=False, random_state=seed
    )
    # with fits this small, OpenMP's threads spend their time waiting, minutes on busy cores
    with threadpool_limits(limits=1):
        scores = cross_val_score(model, features, labels, cv=folds)
    # equal class sizes and folds: the mean over folds is the fraction over all draws
    accuracy = float(np.mean(scores))
    half_band = float(norm.ppf(0.975) / (2 * np.sqrt(2 * count)))
    return ClassifierTest(
        accuracy=accuracy,
        mcse=float(np.sqrt(accuracy * (1 - accuracy) / (2 * count))),
        null_lower=0.5 - half_band,
        null_upper=0.5 + half_band,
        n_draws=count,
    )


def carries_whitening(reference: Floats) -> bool:
    """Whether there are draws enough, (n_draws, d) or (chain, draw, d), for a covariance."""
    n_draws, d = flatten(reference).shape
    return bool(n_draws >= _DRAWS_PER_PARAMETER * d)


def _coordinates(draws: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Whiten the draws if the reference can carry it."""
    x = vector_draws(draws, name="draws")
    r = vector_draws(reference, name="reference")
    if carries_whitening(r) or x.shape[-1] != r.shape[-1]:
        x, r = whiten(x, reference=r)
    return flatten(x), flatten(r)


def _most_different(x: Floats, r: Floats) -> tuple[Floats, Floats]:
    """Pick few coordinates by the first half of the draws; return the second half of them."""
    levels = np.quantile(r[: len(r) // 2], _LEVELS, axis=0)
    below = (x[: len(x) // 2] <= levels[:, None]).mean(axis=1)
    gaps = np.abs(below - _LEVELS[:, None]).max(axis=0)
    picked = np.sort(np.argsort(-gaps, kind="stable")[:_MAX_COORDINATES])
    return x[len(x) // 2 :, picked], r[len(r) // 2 :, picked]
