"""Approximations that other methods begin with: NUTS, and those that improve draws."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, get_args

from harness.errors import MethodError
from harness.methods.advi import Advi, AdviFullrank
from harness.methods.base import Method, build_method
from harness.methods.batch_and_match import BatchAndMatch
from harness.methods.dadvi import Dadvi
from harness.methods.laplace import Laplace
from harness.methods.pathfinder import Pathfinder
from harness.methods.pathfinder_mixture import PathfinderMixture
from harness.methods.vi import ViFullrank, ViLowrank, ViMeanfield

#: Their names, as an option.
Approximated = Literal[
    "laplace",
    "pathfinder",
    "advi",
    "advi_fullrank",
    "vi_meanfield",
    "vi_lowrank",
    "vi_fullrank",
    "dadvi",
    "batch_and_match",
    "pathfinder_mixture",
]

#: Approximations to all rows that have a density, by name.
APPROXIMATED: Mapping[str, type[Method]] = {
    method.name: method
    for method in (
        *(Laplace, Pathfinder, Advi, AdviFullrank),
        *(ViMeanfield, ViLowrank, ViFullrank, Dadvi, BatchAndMatch, PathfinderMixture),
    )
}
assert set(APPROXIMATED) == set(get_args(Approximated))  # noqa: S101 - a type cannot be computed


def approximation_of(improver: str, of: str, options: Mapping[str, Any], *, n_draws: int) -> Method:
    """Return an approximation that gives so many draws with their densities.

    Parameters
    ----------
    improver : str
        The method that improves its draws.
    of : str
        A key of :data:`APPROXIMATED`.
    options : Mapping
        Of the approximation; how many draws it gives is not among them.
    n_draws : int

    Raises
    ------
    MethodError
        If an option is unknown or not allowed, or is one that the improver decides.
    """
    decided: dict[str, Any] = {"n_draws": n_draws}
    if of == Pathfinder.name:  # resampling is what follows
        n_paths = options.get("n_paths", Pathfinder.n_paths)
        per_path = -(-n_draws // n_paths) if isinstance(n_paths, int) and n_paths > 0 else 1
        decided |= {"psis_resample": False, "n_draws_per_path": per_path}
    elif of == PathfinderMixture.name:
        decided |= {"psis_resample": False}
    for option in decided:
        if option in options:
            raise MethodError(
                f"method '{improver}' has '{option}' in 'of_options', which it decides itself; "
                "remove it"
            )
    try:
        return build_method(APPROXIMATED[of], {**options, **decided})
    except MethodError as error:
        raise MethodError(f"'of_options' of method '{improver}': {error}") from error


def label_of(of: str, options: Mapping[str, Any]) -> str:
    """Name an approximation with its options, for a sentence."""
    given = ", ".join(f"{name}={value}" for name, value in options.items())
    return f"'{of}'" + (f" ({given})" if given else "")


def options_field() -> Any:
    """Return the field of a method that holds options of another."""
    return dataclasses.field(default_factory=dict, hash=False)
