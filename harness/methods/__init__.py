"""Inference methods, one per file, and their registry.

- `METHODS`, `make_method`: methods by name; a method with its options set
- `Nuts`, `Advi`, `AdviFullrank`, `Pathfinder`, `Laplace`, on all rows; `SubsampleAdvi`,
  `SubsampleNuts`, on some
- `ViMeanfield`, `ViFullrank`, `ViLowrank`, `Dadvi`, `BatchAndMatch`, `PathfinderMixture`
- `Reweighted`, `MovedDraws`: better draws from those of any of these; `Nutpie`, an optional NUTS
- `Method`, `Problem`, `RowsUsed`, `PartOfRows`: what every method takes and gives, and which rows
  it uses
- `options_of`, `variant_of`, `DEFAULT_VARIANT`: a method's options, and the name of a variant
"""

from collections.abc import Mapping
from typing import Any

from harness.errors import MethodError
from harness.messages.clauses import did_you_mean
from harness.methods.advi import Advi, AdviFullrank
from harness.methods.base import (
    DEFAULT_VARIANT,
    Method,
    PartOfRows,
    Problem,
    RowsUsed,
    build_method,
    options_of,
    variant_of,
)
from harness.methods.batch_and_match import BatchAndMatch
from harness.methods.dadvi import Dadvi
from harness.methods.laplace import Laplace
from harness.methods.moved import MovedDraws
from harness.methods.nutpie_nuts import Nutpie
from harness.methods.nuts import Nuts
from harness.methods.pathfinder import Pathfinder
from harness.methods.pathfinder_mixture import PathfinderMixture
from harness.methods.reweighted import Reweighted
from harness.methods.subsample_advi import SubsampleAdvi
from harness.methods.subsample_nuts import SubsampleNuts
from harness.methods.vi import ViFullrank, ViLowrank, ViMeanfield

__all__ = [
    "DEFAULT_VARIANT",
    "METHODS",
    "Advi",
    "AdviFullrank",
    "BatchAndMatch",
    "Dadvi",
    "Laplace",
    "Method",
    "MovedDraws",
    "Nutpie",
    "Nuts",
    "PartOfRows",
    "Pathfinder",
    "PathfinderMixture",
    "Problem",
    "Reweighted",
    "RowsUsed",
    "SubsampleAdvi",
    "SubsampleNuts",
    "ViFullrank",
    "ViLowrank",
    "ViMeanfield",
    "make_method",
    "options_of",
    "variant_of",
]

#: Methods by the name that studies and tables use.
METHODS: Mapping[str, type[Method]] = {
    method.name: method
    for method in (
        Nuts,
        Advi,
        AdviFullrank,
        SubsampleAdvi,
        SubsampleNuts,
        Pathfinder,
        Laplace,
        ViMeanfield,
        ViFullrank,
        ViLowrank,
        Dadvi,
        BatchAndMatch,
        PathfinderMixture,
        Reweighted,
        MovedDraws,
        Nutpie,
    )
}

#: What to write in the place of a method that was taken out.
_SUCCESSORS = {
    "minibatch_advi": "'vi_meanfield' with option batch_size, on a program without batches of its "
    "own"
}


def make_method(name: str, options: Mapping[str, Any]) -> Method:
    """Return a method with its options set.

    Parameters
    ----------
    name : str
        A key of :data:`METHODS`.
    options : Mapping
        Values for the method's fields; fields left out keep their defaults.

    Returns
    -------
    Method

    Raises
    ------
    MethodError
        If the method or an option is unknown, an option is missing, or its value is not allowed.
    """
    if name in _SUCCESSORS:
        raise MethodError(f"method '{name}' was taken out; use {_SUCCESSORS[name]}")
    if name not in METHODS:
        raise MethodError(f"unknown method '{name}'{did_you_mean(name, METHODS)}")
    return build_method(METHODS[name], options)
