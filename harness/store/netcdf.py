"""Draws as the bytes of a netCDF file, and back.

xarray takes a tenth of a second of a core to write and read the draws of a fit, whatever their
size, as it asks h5netcdf for every attribute of every variable several times. A fit of a simulated
data set takes less. So the few things that trees of draws have are written and read here: groups of
numbers and texts with dimensions and attributes. Files are netCDF, readable with any library for
it; a file that holds anything else is left to xarray.
"""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import lazy_loader as lazy
import numpy as np

if TYPE_CHECKING:
    import h5py
    import xarray as xr
else:
    h5py = lazy.load("h5py")
    xr = lazy.load("xarray")

#: What HDF5 and netCDF need beside a variable's own attributes.
_RESERVED = {"CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "DIMENSION_LABELS"}
#: netCDF says by this that a dimension has no variable of its own.
_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable."
#: xarray marks logical values, which netCDF has not, by this attribute of small integers.
_KIND = "dtype"
_PLAIN_KINDS = "biufU"


class _OtherError(Exception):
    """Something that only xarray knows."""


def write_netcdf(tree: "xr.DataTree") -> bytes:
    """Return a tree of draws as a netCDF file.

    Parameters
    ----------
    tree : DataTree
        Of numbers, logical values and texts.

    Returns
    -------
    bytes
    """
    file = io.BytesIO()
    try:
        with h5py.File(file, "w", track_order=True) as root:
            for node in tree.subtree:
                path = node.path.strip("/")
                group = root.create_group(path, track_order=True) if path else root
                _write(group, node.to_dataset(inherit=False))
    except _OtherError:
        file = io.BytesIO()
        tree.to_netcdf(file, engine="h5netcdf")
    return file.getvalue()


def _write(group: "h5py.Group", dataset: "xr.Dataset") -> None:
    """Write the variables of a group, those that are dimensions first."""
    group.attrs.update(_plain_attributes(dataset.attrs))
    scales = {}
    for dimension, size in dataset.sizes.items():
        name = str(dimension)
        if dimension in dataset.variables:
            scales[name] = _create(group, name, dataset.variables[dimension])
            scales[name].make_scale(name)
        else:
            scales[name] = group.create_dataset(name, shape=(size,), dtype=">f4")
            scales[name].make_scale(f"{_NO_VARIABLE}{size:10}")
    for key, variable in dataset.variables.items():
        if key not in dataset.sizes:
            if key in dataset.coords:
                raise _OtherError
            created = _create(group, str(key), variable)
            for axis, dimension in enumerate(variable.dims):
                created.dims[axis].attach_scale(scales[str(dimension)])


def _create(group: "h5py.Group", name: str, variable: "xr.Variable") -> "h5py.Dataset":
    """Create a variable with its values and attributes."""
    values = variable.to_numpy()
    attributes = _plain_attributes(variable.attrs)
    if values.dtype.kind == "b":
        values, attributes = values.astype(np.int8), {**attributes, _KIND: "bool"}
    elif values.dtype.kind in "OT" and all(isinstance(each, str) for each in values.flat):
        values = values.astype(str)
    if values.dtype.kind not in _PLAIN_KINDS or (_KIND in variable.attrs):
        raise _OtherError
    if values.dtype.kind == "U":
        values = values.astype(h5py.string_dtype())
    created = group.create_dataset(name, data=values)
    created.attrs.update(attributes)
    return created


def _plain_attributes(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Return attributes that need nothing of xarray."""
    if not all(isinstance(value, str | int | float | np.number) for value in attributes.values()):
        raise _OtherError
    return {str(name): value for name, value in attributes.items()}


def read_netcdf(content: bytes) -> "xr.DataTree":
    """Return the tree of draws that a netCDF file holds, in memory.

    Parameters
    ----------
    content : bytes
        Of the file.

    Returns
    -------
    DataTree
    """
    try:
        with h5py.File(io.BytesIO(content)) as root:
            groups = {"/": _read(root)}
            root.visititems(
                lambda path, item: (
                    groups.update({f"/{path}": _read(item)})
                    if isinstance(item, h5py.Group)
                    else None
                )
            )
    except _OtherError:
        with xr.open_datatree(io.BytesIO(content), engine="h5netcdf") as tree:
            return tree.load()
    return xr.DataTree.from_dict(groups)


def _read(group: "h5py.Group") -> "xr.Dataset":
    """Read the variables of a group."""
    variables: dict[str, xr.Variable] = {}
    coordinates: dict[str, xr.Variable] = {}
    for name, item in group.items():
        if not isinstance(item, h5py.Dataset):
            continue
        attributes = {key: item.attrs[key] for key in item.attrs if key != "REFERENCE_LIST"}
        title = attributes.get("NAME", b"")
        if _text(title).startswith(_NO_VARIABLE):
            continue
        dims = tuple(
            group.file[references[0]].name.rpartition("/")[2]
            for references in attributes.get("DIMENSION_LIST", ())
        )
        is_dimension = "CLASS" in attributes and not dims
        read = xr.Variable((name,) if is_dimension else dims, *_values(item, attributes))
        (coordinates if is_dimension else variables)[name] = read
    return xr.Dataset(variables, coords=coordinates, attrs=_own(group.attrs))


def _values(item: "h5py.Dataset", attributes: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return a variable's values and attributes."""
    own = _own(attributes)
    fill = own.pop("_FillValue", np.nan)
    kind = own.pop(_KIND, None)
    is_plain = "coordinates" not in own and fill != fill and kind in (None, "bool")  # noqa: PLR0124
    if not is_plain:
        raise _OtherError
    if h5py.check_string_dtype(item.dtype):
        return item.asstr()[()].astype(str), own
    values = item[()]
    return (values.astype(bool) if kind == "bool" else values), own


def _own(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes that are not HDF5's or netCDF's own."""
    return {
        name: value[0] if isinstance(value, np.ndarray) and value.shape == (1,) else value
        for name, value in attributes.items()
        if name not in _RESERVED and not name.startswith(("_Netcdf4", "_NC", "_nc3"))
    }


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
