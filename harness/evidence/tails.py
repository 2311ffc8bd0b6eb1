"""How heavy the tails of weights may be, by as many draws as have told of them."""

import numpy as np

#: Largest shape of the tails of w, w h and w h^2 that any number of draws can carry.
K_HAT_LIMIT = 0.7
#: Part of few draws, and roots of many, that are a tail.
_TAIL_PART, _TAIL_ROOTS = 0.2, 3.0


def most_k_hat(n: int) -> float:
    """Return the largest k-hat by which n draws carry means and sds.

    An estimate takes :math:`10^{1 / (1 - k)}` draws, and k-hat is an estimate itself: a tail that
    is lighter by one standard error than the draws could carry is asked for. Else a proposal that
    lacks a part of the posterior passes now and then, when few draws have told of that part.

    Parameters
    ----------
    n : int

    Returns
    -------
    float
        0.51 at 1,000 draws, 0.69 at 20,000.

    References
    ----------
    Vehtari et al. (2024), JMLR 25(72), section 3.2; the standard error as in
    `harness.metrics.psis.psis`.
    """
    root = 1 / np.sqrt(_tail_size(n))
    return float(min((1 - 1 / np.log10(n) - root) / (1 + root), K_HAT_LIMIT))


def k_hat_error(n: int) -> float:
    """Return the standard error of a k-hat of n draws at its limit."""
    return float((1 + K_HAT_LIMIT) / np.sqrt(_tail_size(n)))


def _tail_size(n: int) -> float:
    """Return how many of n draws are the tail."""
    return min(_TAIL_PART * n, _TAIL_ROOTS * float(np.sqrt(n)))
