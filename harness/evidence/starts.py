"""Where chains start after weighted draws: from them, and dispersed around modes."""

import numpy as np

from harness.data.dataset import FloatArray
from harness.evidence.proposal import Component, Mixture
from harness.evidence.search import Search
from harness.evidence.weights import Weighted
from harness.methods.metered import Metered

#: Modes with less of the mass start no chains.
_NEGLIGIBLE = 1e-3
#: Degrees of freedom of dispersed points.
_DF = 5.0


def dispersed_starts(
    target: Metered, search: Search, best: Weighted, n: int, rng: np.random.Generator
) -> FloatArray:
    """Return where chains start.

    Parameters
    ----------
    target : Metered
    search : Search
        For modes.
    best : Weighted
        The best weighted draws.
    n : int
        How many starts.
    rng : Generator

    Returns
    -------
    ndarray, shape (n, d)
        One half at draws; the other half dispersed around modes with some of the mass, as often
        around each.
    """
    half = n // 2
    drawn = best.points[best.resampled(half, rng)]
    dispersed = _around(search, best).draw(half, rng)
    lost = ~np.isfinite(target.log_density(dispersed))
    dispersed[lost] = drawn[lost]
    return np.concatenate([drawn, dispersed])


def factor_of(draws: Weighted) -> FloatArray:
    """Return the Cholesky factor of a first metric, that of the largest part of a proposal."""
    return max(draws.proposal.components, key=lambda part: part.share).factor


def _around(search: Search, best: Weighted) -> Mixture:
    """Return what dispersed points are drawn from."""
    shares = search.shares if search.modes else np.empty(0)
    modes = [mode for mode, share in zip(search.modes, shares, strict=True) if share > _NEGLIGIBLE]
    if not modes:
        return best.proposal
    parts = tuple(
        Component(mean=mode.point, factor=mode.factor, share=1 / len(modes)) for mode in modes
    )
    return Mixture(components=parts, df=_DF)
