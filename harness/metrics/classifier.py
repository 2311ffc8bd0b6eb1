"""Classifier two-sample test: how well a classifier tells the two sets of draws apart."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from harness.errors import HarnessError
from harness.metrics.distance import whiten
from harness.metrics.draws import flatten


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
    draws widen it more: pass chains thinned to about independence.

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
        As `harness.metrics.distance.whiten` does, or if there are fewer draws than folds.

    References
    ----------
    Lopez-Paz and Oquab (2017), Revisiting classifier two-sample tests, ICLR, section 3 and
    theorem 1.
    """
    x, r = (flatten(values) for values in whiten(draws, reference=reference))
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
