"""Draws as netCDF: the same tree from the bytes, whoever wrote and whoever reads them."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from harness.fits.posterior import posterior_group
from harness.store.netcdf import read_netcdf, write_netcdf


def by_xarray(tree: xr.DataTree) -> bytes:
    file = io.BytesIO()
    tree.to_netcdf(file, engine="h5netcdf")
    return file.getvalue()


def read_by_xarray(content: bytes) -> xr.DataTree:
    with xr.open_datatree(io.BytesIO(content), engine="h5netcdf") as tree:
        return tree.load()


def draws() -> xr.DataTree:
    """Everything that trees of draws have."""
    rng = np.random.default_rng(1)
    posterior = posterior_group(
        {
            "mu": rng.normal(size=(2, 5, 3, 2)),
            "chain": rng.normal(size=(2, 5)),  # a variable of the program's
            "none": rng.normal(size=(2, 5, 0)),
        }
    )
    posterior["mu"][0, 0, 0, 0] = np.nan
    stats = xr.Dataset(
        {
            "diverging": (("chain", "draw"), rng.random((2, 5)) < 0.5),
            "n_steps": (("chain", "draw"), rng.integers(0, 9, (2, 5))),
            "log_p_gradient": (("chain", "draw", "unconstrained"), rng.normal(size=(2, 5, 2))),
        },
        coords={"chain": [0, 1], "draw": np.arange(5), "unconstrained": ["mu.1", "größe"]},
    )
    points = xr.Dataset(
        {"position": (("point", "unconstrained"), rng.normal(size=(4, 2)))},
        attrs={"wall_time_s": 0.25, "of": "draws"},
    )
    parts = {"posterior": posterior, "sample_stats": stats, "points": points}
    return xr.DataTree.from_dict(parts)


@pytest.mark.parametrize("write", [write_netcdf, by_xarray])
@pytest.mark.parametrize("read", [read_netcdf, read_by_xarray])
def test_a_tree_comes_back_as_it_was(
    write: Callable[[xr.DataTree], bytes], read: Callable[[bytes], xr.DataTree]
) -> None:
    tree = draws()
    again = read(write(tree))
    assert again.identical(tree)
    for node in tree.subtree:
        found = again[node.path]
        assert list(found.data_vars) == list(node.data_vars)
        assert {name: v.dtype.kind for name, v in found.variables.items()} == {
            name: v.dtype.kind for name, v in node.variables.items()
        }


def test_what_only_xarray_knows_is_left_to_it() -> None:
    times = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[ns]")
    named = {"label": ("draw", ["a", "b"])}  # a coordinate that is no dimension
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset({"t": ("draw", times)}, coords=named)})
    assert read_netcdf(write_netcdf(tree)).identical(tree)


def test_equal_trees_are_equal_bytes() -> None:
    assert write_netcdf(draws()) == write_netcdf(draws())
