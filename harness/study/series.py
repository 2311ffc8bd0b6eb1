"""Series: the replicates of one cell of a study, and what tables and figures call them."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from harness.methods import DEFAULT_VARIANT, METHODS

#: A report on more data sets is on all of them together: single ones have their verdicts alone.
MOST_IN_FULL = 4


class SeriesKey(NamedTuple):
    """What the replicates of one cell of a study have in common, apart from the data set."""

    program: str
    method: str
    variant: str


def series_titles(keys: Iterable[SeriesKey]) -> dict[SeriesKey, str]:
    """Name series as briefly as keeps them apart.

    Parameters
    ----------
    keys : iterable of SeriesKey
        The series of one data set, in the study's order; repetitions are skipped.

    Returns
    -------
    dict
        For example ``"ADVI tuned"``, or ``"NUTS (gmm_ordered)"`` where there is another NUTS.
    """
    unique = list(dict.fromkeys(keys))
    variants_of = Counter(method for method, _ in {(key.method, key.variant) for key in unique})
    plain = {key: _without_program(key, variants_of[key.method]) for key in unique}
    uses = Counter(plain.values())
    return {
        key: title if uses[title] == 1 else f"{title} ({key.program})"
        for key, title in plain.items()
    }


def method_title(name: str) -> str:
    """Return what tables and figures call a method, its name if it is not registered."""
    return METHODS[name].title if name in METHODS else name


def method_family(name: str) -> str:
    """Return the title of the algorithm that a method is a variation of."""
    return METHODS[name].family if name in METHODS else name


def _without_program(key: SeriesKey, n_variants: int) -> str:
    """Name a method and, unless it is the default and the only one, its variant."""
    title = method_title(key.method)
    if key.variant == DEFAULT_VARIANT and n_variants == 1:
        return title
    return f"{title} {key.variant}"


def file_stem(name: str) -> str:
    """Return a name made safe for a file: ASCII letters, digits, ``-`` and ``_``."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "unnamed"
