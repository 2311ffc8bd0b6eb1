"""Series: the replicates of one cell of a study, and what tables and figures call them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

#: What tables and figures call a method; other methods go by their own name.
METHOD_TITLES: Mapping[str, str] = {
    "nuts": "NUTS",
    "advi": "ADVI",
    "advi_fullrank": "ADVI full-rank",
    "subsample_advi": "subsample ADVI",
    "pathfinder": "Pathfinder",
    "laplace": "Laplace",
    "minibatch_advi": "mini-batch ADVI",
}

#: The variant that needs no mention where a method has no other.
_DEFAULT = "default"


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


def _without_program(key: SeriesKey, n_variants: int) -> str:
    """Name a method and, unless it is the default and the only one, its variant."""
    title = METHOD_TITLES.get(key.method, key.method)
    if key.variant == _DEFAULT and n_variants == 1:
        return title
    return f"{title} {key.variant}"


def file_stem(name: str) -> str:
    """Return a name made safe for a file: ASCII letters, digits, ``-`` and ``_``."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "unnamed"
