"""How far an axis reaches when a few fits are far off (pure)."""

from collections.abc import Sequence

import numpy as np


def cutoff(reaches: Sequence[float], *, factor: float, floor: float) -> float:
    """Return the distance beyond which a fit is left outside of the axis.

    Parameters
    ----------
    reaches : sequence of float
        Of each fit, how far an axis would have to reach for it.
    factor : float
        In medians of the reaches.
    floor : float
        The axis reaches this far in any case.

    Returns
    -------
    float
        So that at least half of the fits are inside: the lower median counts.
    """
    finite = [reach for reach in reaches if np.isfinite(reach)]
    return max(floor, factor * float(np.quantile(finite, 0.5, method="lower"))) if finite else floor


def named_counts(titles: Sequence[tuple[str, int, int]]) -> list[str]:
    """Name series of which some replicates are meant.

    Parameters
    ----------
    titles : sequence of tuple
        Title, replicates that are meant and replicates that there are.

    Returns
    -------
    list of str
        For example ``["ADVI (2 of 5)", "Laplace"]``; series without any are left out.
    """
    return [
        title if n_meant == n_all else f"{title} ({n_meant} of {n_all})"
        for title, n_meant, n_all in titles
        if n_meant
    ]
