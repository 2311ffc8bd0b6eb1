"""ArviZ's trees of draws, datasets and plain arrays, from memory or netCDF, as fits."""

import io
import re
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import lazy_loader as lazy
import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import DrawsError
from harness.fits.fit import Diagnostics, DrawKind
from harness.fits.posterior import stan_variables
from harness.fits.sampler import sampler_diagnostics
from harness.given.given import DEFAULT_SEED, Given, given_method
from harness.methods import DEFAULT_VARIANT, METHODS, Method, make_method

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

_SAMPLE = ("chain", "draw")
#: Groups beside the posterior that a fit's own tree has, and that say something of its draws.
_GROUPS = ("sample_stats", "scores", "proposals", "points", "elbo_trace")
#: Statistics that only Markov chains have, and only approximations.
_OF_CHAINS = frozenset({"diverging", "energy", "tree_depth", "n_steps", "acceptance_rate"})
_OF_APPROXIMATIONS = frozenset({"log_q", "lp_approx", "log_g"})
#: An element that is a variable of its own, as other programs write them.
_ELEMENT = re.compile(r"(.+?)((?:\[\s*\d+(?:\s*,\s*\d+)*\s*\])+)")


def tree_fit(tree: "xr.DataTree", *, title: str, name: str, kind: DrawKind | None) -> Given:
    """Take the draws of a tree.

    Parameters
    ----------
    tree : DataTree
        With the group ``posterior``; the harness's own have more.
    title, name : str
        What messages and tables call it.
    kind : DrawKind or None
        What its draws are where the tree does not tell.

    Returns
    -------
    Given

    Raises
    ------
    DrawsError
        If it has no posterior, or does not tell what its draws are.
    """
    if "posterior" not in tree.children:
        known = ", ".join(tree.children) or "none"
        raise DrawsError(f"{title} has no group 'posterior'; its groups are: {known}")
    posterior = tree["posterior"].to_dataset()
    groups = {each: tree[each].to_dataset() for each in _GROUPS if each in tree.children}
    stats = groups.get("sample_stats", xr.Dataset())
    variables, notes = _variables(posterior, title)
    n_chains = next(iter(variables.values())).shape[0] if variables else 0
    attributes = {**tree.attrs, **posterior.attrs}
    found, how = _kind(attributes, stats, kind, n_chains=n_chains, title=title)
    own = _method(attributes, found)
    diagnostics = _diagnostics(attributes, stats, found)
    return Given(
        title=title,
        method=own or given_method(name, found),
        variant=str(attributes.get("variant", DEFAULT_VARIANT)),
        draw_kind=found,
        variables=variables,
        groups=groups,
        diagnostics=diagnostics,
        fit_time_s=_number(attributes.get("sampling_time")),
        program=str(attributes.get("model_name", "")),
        parameters=tuple(str(attributes.get("parameters", "")).split()),
        seed=int(_number(attributes.get("seed")) or DEFAULT_SEED),
        notes=(*notes, *([how] if how else [])),
    )


def read_tree(content: bytes, *, title: str) -> "xr.DataTree":
    """Read netCDF.

    Parameters
    ----------
    content : bytes
        Of the file.
    title : str
        What messages call it.

    Returns
    -------
    DataTree
        In memory.

    Raises
    ------
    DrawsError
        If it is damaged.
    """
    engine = "h5netcdf" if content.startswith(b"\x89HDF") else "scipy"
    try:
        if engine == "scipy":
            return xr.DataTree(xr.load_dataset(io.BytesIO(content), engine="scipy"))
        tree = xr.open_datatree(io.BytesIO(content), engine="h5netcdf")
        return tree.load()
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DrawsError(f"{title} is netCDF that cannot be read ({told})") from error


def as_tree(given: object, *, title: str) -> "xr.DataTree | None":
    """Return draws in memory as a tree.

    Parameters
    ----------
    given : object
        A tree, a dataset with the dimensions ``chain`` and ``draw``, or arrays by name, each of
        shape (chain, draw, ...).
    title : str
        What messages call it.

    Returns
    -------
    DataTree or None
        None of anything else.
    """
    if isinstance(given, xr.DataTree):
        return _with_posterior(given)
    if isinstance(given, xr.Dataset):
        return xr.DataTree.from_dict({"posterior": given})
    if isinstance(given, Mapping) and given and all(map(_is_array, given.values())):
        return xr.DataTree.from_dict({"posterior": _dataset(given, title)})
    return None


def _with_posterior(tree: "xr.DataTree") -> "xr.DataTree":
    """Return a tree whose draws stand in their group; a dataset as netCDF has them at the top."""
    if "posterior" not in tree.children and set(_SAMPLE) <= set(tree.dims):
        return xr.DataTree.from_dict({"posterior": tree.to_dataset()})
    return tree


def _is_array(value: object) -> bool:
    """Whether something is an array, or lists of numbers."""
    while isinstance(value, list | tuple) and value:
        value = value[0]
    is_tree = isinstance(value, xr.DataTree)
    return not is_tree and (hasattr(value, "__array__") or isinstance(value, int | float | complex))


def _dataset(arrays: Mapping[Any, Any], title: str) -> "xr.Dataset":
    """Put plain arrays under their names, without coordinates."""
    found = {}
    for name, values in arrays.items():
        try:
            array = np.asarray(values)
        except ValueError as error:
            raise DrawsError(f"{title} has '{name}' with chains of unequal lengths") from error
        if array.ndim < len(_SAMPLE):
            raise DrawsError(
                f"{title} has '{name}' of shape {array.shape}; give arrays of shape (chain, draw, "
                "...)"
            )
        dims = (*_SAMPLE, *(f"{name}_dim_{axis}" for axis in range(array.ndim - 2)))
        found[str(name)] = (dims, array)
    try:
        return xr.Dataset(found)
    except ValueError as error:
        shapes = sorted({str(np.shape(values)[:2]) for _, values in found.values()})
        raise DrawsError(
            f"{title} has arrays of different (chain, draw): {', '.join(shapes)}"
        ) from error


def _variables(posterior: "xr.Dataset", title: str) -> tuple[dict[str, FloatArray], list[str]]:
    """Return the draws of each variable, real parts of complex ones, and what was left out."""
    found: dict[str, FloatArray] = {}
    left_out = []
    for name, values in stan_variables(posterior).items():
        if not set(_SAMPLE) <= set(values.dims) or values.dtype.kind not in "biufc":
            left_out.append(name)
            continue
        array = values.transpose(*_SAMPLE, ...).to_numpy()
        if array.size == 0:
            continue
        if array.dtype.kind == "c":
            found |= {f"{name}.real": array.real.copy(), f"{name}.imag": array.imag.copy()}
        else:
            found[name] = np.asarray(array, dtype=np.float64)
    if not found:
        raise DrawsError(
            f"{title} has no variable with the dimensions chain and draw that is a number"
        )
    notes = [f"left out, because they are no draws of numbers: {', '.join(left_out)}"]
    return _with_arrays(found), notes if left_out else []


def _with_arrays(variables: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Name scalars that are elements of an array as Stan does: ``x[1,2]``."""
    found: dict[str, FloatArray] = {}
    for name, values in variables.items():
        match = _ELEMENT.fullmatch(name) if values.ndim == len(_SAMPLE) else None
        own = f"{match[1]}[{','.join(re.findall(r'\d+', match[2]))}]" if match else name
        found[own] = values
    return found


def _kind(
    attributes: Mapping[Hashable, Any],
    stats: "xr.Dataset",
    asked: DrawKind | None,
    *,
    n_chains: int,
    title: str,
) -> tuple[DrawKind, str]:
    """Say what draws are, and how that is known if nothing but their number tells."""
    known = _known_kind(attributes, stats)
    if known is not None or asked is not None:
        return known or asked or DrawKind.CHAINS, ""
    if n_chains > 1:
        return DrawKind.CHAINS, (
            f"taken for {n_chains} Markov chains, though nothing but their number says so"
        )
    raise DrawsError(
        f"{title} has one chain and no statistics of a sampler, so it is not known what its draws "
        f"are; say that they are {DrawKind.CHAINS} or {DrawKind.INDEPENDENT} (kind)"
    )


def _known_kind(attributes: Mapping[Hashable, Any], stats: "xr.Dataset") -> DrawKind | None:
    """Read what draws are from what lies beside them."""
    told = str(attributes.get("draw_kind", ""))
    if told in set(DrawKind):
        return DrawKind(told)
    names = {str(name) for name in stats.data_vars}
    if names & _OF_APPROXIMATIONS:
        return DrawKind.INDEPENDENT
    return DrawKind.CHAINS if names & _OF_CHAINS else None


def _method(attributes: Mapping[Hashable, Any], kind: DrawKind) -> Method | None:
    """Return the harness's method that made a tree, if one has."""
    name = str(attributes.get("method", ""))
    if name not in METHODS or METHODS[name].draw_kind is not kind:
        return None
    # which rows a method has seen cannot be known here
    return given_method(name, kind) if "m" in _options(name) else make_method(name, {})


def _options(name: str) -> set[str]:
    return set(getattr(METHODS[name], "__dataclass_fields__", ()))


def _diagnostics(
    attributes: Mapping[Hashable, Any], stats: "xr.Dataset", kind: DrawKind
) -> Diagnostics:
    """Read what the run said of itself."""
    if kind is DrawKind.CHAINS:
        return sampler_diagnostics(stats, max_tree_depth=None)
    converged = attributes.get("converged")
    return Diagnostics(
        converged=None if converged is None else str(converged),
        may_be_diverging=bool(attributes.get("may_be_diverging", False)),
    )


def _number(value: object) -> float | None:
    """Return an attribute as a number; None if it is none."""
    try:
        return float(value) if value is not None else None  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
