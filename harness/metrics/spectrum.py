r"""The edges of the spectrum of a fit's covariance in the reference's units, without their bias.

The extreme eigenvalues of a sample covariance lie outside the true ones, by a factor of
:math:`(1 \pm \sqrt{d/n})^2` even for exact draws (Marchenko and Pastur 1967). So a direction is
looked for among some of the draws, and its variance is taken from the others.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cholesky, eigh, solve_triangular

from harness.errors import HarnessError
from harness.metrics.batch import Batch
from harness.metrics.draws import Floats, vector_draws
from harness.metrics.parameter import ParameterComparison, compare_batches
from harness.metrics.significance import two_sided

_N_FOLDS = 5
# The parts share most of the draws that give their combinations. Of exact draws, where chance alone
# picks the combinations, the value is off by so many of the errors that independent parts have: 1.1
# to 1.6 with 2 to 100 parameters. No estimate of it from the draws themselves is unbiased (Bengio
# and Grandvalet 2004, JMLR 5).
_SHARED = 1.5


@dataclass(frozen=True, kw_only=True)
class SpectrumEdges:
    """The narrowest and the widest combination of parameters, relative to the reference.

    Attributes
    ----------
    log_eigenvalue_low, log_eigenvalue_low_mcse : float
        Natural logarithm of the ratio of variances of the combination that is narrowest, and its
        Monte Carlo standard error.
    log_eigenvalue_high, log_eigenvalue_high_mcse : float
        The same of the widest.
    log_eigenvalue_low_chance, log_eigenvalue_high_chance : float
        The probability that exact draws have one as far from 0.
    """

    log_eigenvalue_low: float
    log_eigenvalue_low_mcse: float
    log_eigenvalue_high: float
    log_eigenvalue_high_mcse: float
    log_eigenvalue_low_chance: float
    log_eigenvalue_high_chance: float


def spectrum_edges(draws: npt.ArrayLike, *, reference: npt.ArrayLike) -> SpectrumEdges:
    r"""Log variance ratios of the linear combinations that are narrowest and widest.

    The draws of both sets are cut into five parts. Four of each give the combinations, the
    eigenvectors of the smallest and largest eigenvalue of :math:`\Sigma_r^{-1} \Sigma_x`; the
    fifth is expressed in them, each part in its turn. So the ratio of variances of all parts
    together is not biased by the search, whatever d is: of exact draws it is 0 up to its error,
    which follows from the draws' own kurtosis and effective sample sizes. It is a lower bound of
    what is wrong: a combination is only found if its eigenvalue lies beyond
    :math:`1 \pm \sqrt{d/n}`, n being four fifths of the effective draws.

    Parameters
    ----------
    draws, reference : array (n_draws, d) or (chain, draw, d)
        Draws of the approximation and of the reference, more of each than parameters.

    Returns
    -------
    SpectrumEdges

    Raises
    ------
    HarnessError
        If a shape is wrong, d differs, a draw is not finite or a covariance is singular.

    References
    ----------
    The bias: Marchenko and Pastur (1967), Mathematics of the USSR-Sbornik 1(4). What can be found:
    Baik, Ben Arous and Peche (2005), Annals of Probability 33(5).
    """
    x, r = vector_draws(draws, name="draws"), vector_draws(reference, name="reference")
    if x.shape[-1] != r.shape[-1]:
        raise HarnessError(f"draws have {x.shape[-1]} parameters, the reference {r.shape[-1]}")
    return edges_against(x, FoldedDraws(r))


class FoldedDraws:
    """Standardised draws with their covariances, each without one fifth of them.

    Parameters
    ----------
    draws : ndarray (n_draws, d) or (chain, draw, d)
    mean, sd : ndarray (d,), optional
        What to standardise with, the draws' own by default.
    """

    def __init__(self, draws: Floats, *, sd: Floats | None = None) -> None:
        d = draws.shape[-1]
        pooled = draws.reshape(-1, d)
        self.sd: Floats = pooled.std(axis=0, ddof=1) if sd is None else sd
        if not (self.sd > 0).all():
            raise HarnessError("a parameter of the reference is constant")
        self.values: Floats = (draws - pooled.mean(axis=0)) / self.sd
        n_draws = draws.shape[-2]
        bounds = np.linspace(0, n_draws, _N_FOLDS + 1).astype(int)
        self.parts = [slice(a, b) for a, b in itertools.pairwise(bounds)]
        scatters = [_scatter(self.values[..., part, :]) for part in self.parts]
        total = np.sum(scatters, axis=0)
        counts = [pooled[:, 0].size * (part.stop - part.start) / n_draws for part in self.parts]
        self.without: list[Floats] = [
            (total - scatter) / (len(pooled) - count)
            for scatter, count in zip(scatters, counts, strict=True)
        ]

    def factors(self) -> list[Floats]:
        """Return Cholesky factors of the covariances.

        Raises
        ------
        HarnessError
            If one is singular.
        """
        return [_factor(each) for each in self.without]


def edges_against(x: Floats, reference: FoldedDraws, *, part: float = 1.0) -> SpectrumEdges:
    """`spectrum_edges` against a reference that serves many fits; `part` of the draws counts."""
    fit = FoldedDraws(x, sd=reference.sd)
    d = x.shape[-1]
    ours = np.empty((2, *x.shape[:-1]))
    theirs = np.empty((2, *reference.values.shape[:-1]))
    for fold, factor in enumerate(reference.factors()):
        for edge, direction in enumerate(_extreme(fit.without[fold], factor)):
            for side, found in ((fit, ours), (reference, theirs)):
                at = side.parts[fold]
                found[edge][..., at] = side.values[..., at, :] @ direction
    return _edges(ours, theirs, part=part, wider=_SHARED if d > 1 else 1.0)


def edges_of_halves(
    draws: tuple[Floats, Floats], reference: tuple[Floats, Floats], *, part: float = 1.0
) -> SpectrumEdges:
    """Find combinations with one half of the draws, and judge them by the other.

    Parameters
    ----------
    draws, reference : tuple of ndarray, each (n, d) or (chain, n, d)
        The half that gives the combinations, and the one that judges them; many more draws than
        parameters.
    part : float
        Of the draws that counts.

    Returns
    -------
    SpectrumEdges
        Without bias, its errors those of the halves that judge.
    """
    covariances = [np.cov(each[0].reshape(-1, each[0].shape[-1]).T) for each in (draws, reference)]
    ours, theirs = (np.atleast_2d(each) for each in covariances)
    directions = np.array(_extreme(ours, _factor(theirs)))
    judged = [np.moveaxis(each[1] @ directions.T, -1, 0) for each in (draws, reference)]
    return _edges(*judged, part=part, wider=1.0)


def _factor(covariance: Floats) -> Floats:
    """Return the Cholesky factor of a covariance of the reference."""
    try:
        return np.asarray(cholesky(covariance, lower=True))
    except LinAlgError as error:
        raise HarnessError(
            "the reference's covariance is singular; drop redundant parameters"
        ) from error


def _extreme(covariance: Floats, factor: Floats) -> list[Floats]:
    """Return the narrowest and the widest combination, by a Cholesky factor of the reference."""
    half = solve_triangular(factor, covariance, lower=True)
    whitened = solve_triangular(factor, half.T, lower=True)
    found = []
    for index in (0, len(factor) - 1):
        _, vector = eigh((whitened + whitened.T) / 2, subset_by_index=[index, index])
        found.append(solve_triangular(factor, vector[:, 0], lower=True, trans="T"))
    return found


def _edges(ours: Floats, theirs: Floats, *, part: float, wider: float) -> SpectrumEdges:
    """Compare the variances of two combinations, the narrowest and the widest."""
    fits = Batch(ours, worth=part * ours[0].size)
    low, high = compare_batches(fits, Batch(theirs))
    return SpectrumEdges(
        log_eigenvalue_low=2 * low.log_sd_ratio,
        log_eigenvalue_low_mcse=2 * low.log_sd_ratio_mcse,
        log_eigenvalue_high=2 * high.log_sd_ratio,
        log_eigenvalue_high_mcse=2 * high.log_sd_ratio_mcse,
        log_eigenvalue_low_chance=_chance(low, wider),
        log_eigenvalue_high_chance=_chance(high, wider),
    )


def _chance(found: ParameterComparison, wider: float) -> float:
    """Return the probability that exact draws give such a ratio."""
    if not found.log_sd_ratio_mcse:
        return 0.0
    off = found.log_sd_ratio / (wider * found.log_sd_ratio_mcse)
    return float(two_sided(np.asarray(off)))


def _scatter(values: Floats) -> Floats:
    """Return the sums of products of centred draws."""
    flat = values.reshape(-1, values.shape[-1])
    return np.asarray(flat.T @ flat)
