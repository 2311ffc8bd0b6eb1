"""The quantities that fits and their reference have in common, and the names of the others."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import DrawsError
from harness.fits.quantities import element_names, scalars
from harness.given.given import Given
from harness.given.twins import MOST_COLUMNS, shared_part
from harness.messages.clauses import did_you_mean

#: Names in a message; of more it gives the number.
_MOST_NAMED = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Matched:
    """Fits and reference, reduced to what is judged.

    Attributes
    ----------
    fits : tuple of Given
    reference : Given or None
    notes : tuple of str
        What is left out, a sentence each.
    """

    fits: tuple[Given, ...]
    reference: Given | None
    notes: tuple[str, ...]


def match(
    fits: Sequence[Given],
    reference: Given | None,
    *,
    wanted: Collection[str] = (),
    known: Collection[str] = (),
) -> Matched:
    """Reduce draws to what can be judged.

    Parameters
    ----------
    fits : sequence of Given
    reference : Given or None
        What they are compared with.
    wanted : collection of str
        The variables to judge; all if empty.
    known : collection of str
        Those that the program has, if it is known: others are left out.

    Returns
    -------
    Matched
        With a reference, only quantities that it and a fit have, by their names.

    Raises
    ------
    DrawsError
        If a variable is nowhere, or a fit has nothing in common with the reference or is the
        reference.
    """
    fits = [_chosen(fit, wanted, known) for fit in fits]
    if reference is None:
        return Matched(fits=tuple(fits), reference=None, notes=())
    # what it lacks of what is wanted is not judged, and told below
    own = set(map(_base, reference.variables))
    reference = _chosen(reference, [name for name in wanted if name in own], known)
    elements = [set(_elements(fit.variables)) for fit in fits]
    theirs = set(_elements(reference.variables))
    for fit, ours in zip(fits, elements, strict=True):
        _check_pair(fit, ours, reference, theirs)
    shared = theirs.intersection(*elements)
    if not shared:
        raise DrawsError(
            f"the fits have no quantity of {reference.title} in common; judge them one by one"
        )
    lacking = {reference.title: set().union(*elements) - theirs}
    lacking |= {fit.title: theirs - ours for fit, ours in zip(fits, elements, strict=True)}
    return Matched(
        fits=tuple(_reduced(fit, shared) for fit in fits),
        reference=_reduced(reference, shared),
        notes=tuple(
            f"{title} has no draws of {_named(names)}: not judged"
            for title, names in lacking.items()
            if names
        ),
    )


def _chosen(fit: Given, wanted: Collection[str], known: Collection[str]) -> Given:
    """Take some variables of a fit, whole."""
    if not wanted and not known:
        return fit
    own = dict.fromkeys(map(_base, fit.variables))
    for name in wanted:
        if name not in own:
            raise DrawsError(f"{fit.title} has no variable '{name}'{did_you_mean(name, own)}")
    kept = {name: of for name, of in fit.variables.items() if _base(name) in (wanted or known)}
    if not kept:
        raise DrawsError(
            f"{fit.title} is of another program: it has draws of {_named(own)}, the program has "
            f"{_named(known)}"
        )
    left_out = [] if wanted else [name for name in own if name not in known]
    note = f"not judged, because the program has no parameters of these names: {_named(left_out)}"
    return replace(fit, variables=kept, notes=(*fit.notes, *([note] if left_out else [])))


def _base(name: str) -> str:
    """Return the variable that an element or a part belongs to."""
    return name.partition("[")[0].partition(".")[0]


def _elements(variables: Mapping[str, FloatArray]) -> Iterable[str]:
    """Name all scalars."""
    for name, values in variables.items():
        yield from element_names(name, values.shape[2:])


def _check_pair(fit: Given, ours: set[str], reference: Given, theirs: set[str]) -> None:
    """Refuse a fit of another program, and one that is compared with itself."""
    alike = {_base(name) for name in ours} & {_base(name) for name in theirs}
    if alike and not ours & theirs:
        name = min(alike)
        raise DrawsError(
            f"{fit.title} has '{name}' of another shape than {reference.title}: "
            f"{_of(name, ours)} against {_of(name, theirs)}; give draws of the same program"
        )
    if not ours & theirs:
        raise DrawsError(
            f"{fit.title} is of another program than {reference.title}: it has draws of "
            f"{_named(map(_base, ours))}, the reference of {_named(map(_base, theirs))}"
        )
    part = _in_common(fit, reference, sorted(ours & theirs))
    if part:
        raise DrawsError(
            f"{fit.title} and {reference.title} hold the same draws ({100 * part:.0f}% of them); "
            "give draws of another run as reference"
        )


def _in_common(fit: Given, reference: Given, names: Sequence[str]) -> float:
    """Return which part of their draws two fits have in common."""
    varying = (
        name
        for name in names
        if all(_varies(_scalar(given.variables, name)) for given in (fit, reference))
    )
    some = list(islice(varying, MOST_COLUMNS))
    rows = [
        np.column_stack([_scalar(given.variables, name).ravel() for name in some])
        for given in ((fit, reference) if some else ())
    ]
    return shared_part(*rows) if rows else 0.0


def _varies(draws: FloatArray) -> bool:
    return bool(np.isfinite(draws).all() and draws.min() < draws.max())


def _of(variable: str, elements: Iterable[str]) -> str:
    """Name the first and the last of a variable's elements."""
    own = sorted((len(name), name) for name in elements if _base(name) == variable)
    first, last = own[0][1], own[-1][1]
    return f"'{first}'" if first == last else f"'{first}' to '{last}'"


def _scalar(variables: Mapping[str, FloatArray], name: str) -> FloatArray:
    """Return the draws of one element."""
    base = name.partition("[")[0]
    if name in variables and variables[name].ndim == 2:
        return variables[name]
    return scalars({base: variables[base]})[name]


def _named(names: Iterable[str]) -> str:
    """List names in an order, the elements of an array once, and not too many."""
    listed = sorted({_base(name) for name in names})
    more = f" and {len(listed) - _MOST_NAMED} more" if len(listed) > _MOST_NAMED else ""
    return ", ".join(listed[:_MOST_NAMED]) + more


def _reduced(fit: Given, shared: set[str]) -> Given:
    """Keep some elements; arrays of which all are kept stay whole."""
    kept: dict[str, FloatArray] = {}
    for name, values in fit.variables.items():
        names = element_names(name, values.shape[2:])
        if shared.issuperset(names):
            kept[name] = values
        elif not shared.isdisjoint(names):
            kept |= {each: of for each, of in scalars({name: values}).items() if each in shared}
    return replace(fit, variables=kept)
