"""The group ``posterior`` of a fit's draws: variables whose names are Stan's, whatever they are."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.data.npy_file import FloatArray

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: The dimensions that all draws have; a variable cannot be called like one of them.
_TAKEN = ("chain", "draw")
#: The attribute of a variable that holds its name in Stan where the variable has another.
_STAN_NAME = "stan_name"


def posterior_group(variables: Mapping[str, FloatArray]) -> "xr.Dataset":
    """Put draws into a dataset with ArviZ's dimensions.

    Parameters
    ----------
    variables : Mapping
        By their names in Stan, each of shape (chain, draw, ...).

    Returns
    -------
    Dataset
        Variables under their own names, with the dimensions ``chain``, ``draw`` and
        ``mu_dim_0``, ``mu_dim_1``, ...  A variable ``chain`` or ``draw`` becomes
        ``chain.value`` or ``draw.value``, and dimensions of ``mu`` whose names belong to other
        variables ``mu.dim_0``, ...: no name in Stan has a dot.
    """
    stored = {name: f"{name}.value" if name in _TAKEN else name for name in variables}
    arrays: dict[str, xr.DataArray] = {}
    for name, values in variables.items():
        dims = [f"{name}_dim_{axis}" for axis in range(values.ndim - 2)]
        if set(dims) & set(variables):
            dims = [f"{name}.dim_{axis}" for axis in range(values.ndim - 2)]
        sizes = dict(zip((*_TAKEN, *dims), values.shape, strict=True))
        arrays[stored[name]] = xr.DataArray(
            values,
            dims=tuple(sizes),
            coords={dim: np.arange(size) for dim, size in sizes.items()},
            attrs={_STAN_NAME: name} if stored[name] != name else {},
        )
    return xr.Dataset(arrays)


def posterior_parts(posterior: "xr.Dataset", names: tuple[str, ...]) -> dict[str, FloatArray]:
    """Return the draws of some variables.

    Parameters
    ----------
    posterior : Dataset
        From :func:`posterior_group`.
    names : tuple of str
        Variables of the program.

    Returns
    -------
    dict
        By their names in Stan, of complex numbers and tuples by those of their real parts, each
        of shape (chain, draw, ...).  Variables of size 0 have no draws and are not there.
    """
    by_variable: dict[str, dict[str, FloatArray]] = {}
    for name, values in stan_variables(posterior).items():
        by_variable.setdefault(variable_of(name), {})[name] = values.to_numpy()
    return {part: values for name in names for part, values in by_variable.get(name, {}).items()}


def stan_variables(posterior: "xr.Dataset") -> "dict[str, xr.DataArray]":
    """Return the variables of a group under their names in Stan."""
    return {
        str(values.attrs.get(_STAN_NAME, key)): values
        for key, values in posterior.data_vars.items()
    }


def variable_of(part: str) -> str:
    """Return the variable that a part belongs to: ``z`` of ``z.real``."""
    return part.partition(".")[0]
