"""Which quantities are constants of the program, and which are undefined in some draws (pure)."""

import numpy as np
from scipy import stats

from harness.data.dataset import FloatArray
from harness.fits.quantities import Quantities, is_constant
from harness.verdict.rule import CHANCE_OF_MARGIN


def tells_constants(named: Quantities, *, are_chains: bool) -> bool:
    """Whether what does not vary in a fit may be taken for a constant of its program.

    Parameters
    ----------
    named : Quantities
        The fit's.
    are_chains : bool
        Whether its draws are Markov chains; an approximation may have collapsed.

    Returns
    -------
    bool
        Chains that are all stuck at one point say nothing of the program either.
    """
    return are_chains and not all(map(is_constant, named.judged.values()))


def is_fixed(draws: FloatArray, *, reference: FloatArray | None, tells: bool) -> bool:
    """Whether a quantity of a fit is a constant of its program.

    Parameters
    ----------
    draws : ndarray
        Of the fit.
    reference : ndarray or None
        The reference's draws, which decide if there are any.
    tells : bool
        What :func:`tells_constants` says of the fit, which decides otherwise.

    Returns
    -------
    bool
    """
    if reference is None:
        return tells and is_constant(draws)
    if not (is_constant(reference) and is_constant(draws)):
        return False
    # two constants that differ are not one of the program
    return is_constant(np.array([reference.flat[0], draws.flat[0]]))


def has_collapsed(named: Quantities, *, reference: Quantities | None) -> bool:
    """Whether the draws of a fit are all at one point.

    Parameters
    ----------
    named : Quantities
        The fit's.
    reference : Quantities or None
        The reference's, if there is one: what does not vary there may not vary in the fit either.

    Returns
    -------
    bool
    """
    fixed = {} if reference is None else reference.judged
    free = [
        draws
        for name, draws in named.judged.items()
        if name not in fixed or not is_constant(fixed[name])
    ]
    return bool(free) and all(map(is_constant, free))


def is_less_defined(draws: FloatArray, *, reference: FloatArray | None) -> bool:
    """Whether a quantity is undefined in more draws of a fit than of the reference.

    Parameters
    ----------
    draws : ndarray
        Of the fit.
    reference : ndarray or None
        Of the reference, if it has the quantity.

    Returns
    -------
    bool
        By Fisher's exact test, which calls draws of one distribution different in at most 2.3% of
        all cases, the chance of two standard errors on one side.
    """
    if reference is None:
        return False
    ours, theirs = (int((~np.isfinite(each)).sum()) for each in (draws, reference))
    both = draws.size + reference.size
    chance = stats.hypergeom.sf(ours - 1, both, ours + theirs, draws.size)
    return bool(chance < CHANCE_OF_MARGIN)


def undefined_in(draws: FloatArray, who: str = "") -> str:
    """Say in how many draws a quantity has no finite value.

    Parameters
    ----------
    draws : ndarray
    who : str
        Whose draws they are, if not the fit's.

    Returns
    -------
    str
    """
    return f"{who}undefined in {int((~np.isfinite(draws)).sum())} of {draws.size} draws"
