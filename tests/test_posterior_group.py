"""Variables whose names are those of dimensions, and real parts of others, in a fit's draws."""

import io

import numpy as np
import xarray as xr

from harness.fits.posterior import posterior_group, posterior_parts
from harness.methods.draws_file import real_parts


def test_every_name_comes_back_from_a_file() -> None:
    names = ("chain", "draw", "mu", "mu_dim_0", "nu", "t.1", "none")
    rng = np.random.default_rng(1)
    shapes = {"chain": (2,), "draw": (), "mu": (3,), "mu_dim_0": (), "nu": (2, 2), "t.1": ()}
    variables = {name: rng.normal(size=(2, 5, *shape)) for name, shape in shapes.items()}
    tree = xr.DataTree.from_dict({"posterior": posterior_group(variables)})
    file = io.BytesIO()
    tree.to_netcdf(file, engine="h5netcdf")
    with xr.open_datatree(io.BytesIO(file.getvalue()), engine="h5netcdf") as again:
        posterior = again["posterior"].to_dataset().load()
    found = posterior_parts(posterior, ("chain", "draw", "mu", "mu_dim_0", "nu", "t", "none"))
    assert list(found) == [name for name in names if name != "none"]
    for name, values in variables.items():
        np.testing.assert_array_equal(found[name], values)
    assert posterior["nu"].dims == ("chain", "draw", "nu_dim_0", "nu_dim_1")
    assert posterior.sizes["chain"] == 2


def test_complex_numbers_and_tuples_are_divided_into_real_parts() -> None:
    """CmdStan writes the first index fastest; within a tuple, one part after another."""
    elements = [f"w.{i}.{j}" for j in (1, 2) for i in (1, 2, 3)]
    columns = [f"{e}:{part}" for e in elements for part in ("1", "2.1.real", "2.1.imag")]
    names = ["lp__", "t:1:1", "t:1:2", "t:2", *columns, "z.real", "z.imag"]
    table = np.arange(len(names))[None] + 100.0 * np.arange(2)[:, None]
    parts = real_parts(names, table)
    shapes = {name: values.shape[1:] for name, values in parts.items()}
    assert shapes == {
        "t.1.1": (),
        "t.1.2": (),
        "t.2": (),
        "w.1": (3, 2),
        "w.2.real": (3, 2, 1),
        "w.2.imag": (3, 2, 1),
        "z.real": (),
        "z.imag": (),
    }
    for i, j in np.ndindex(3, 2):
        for draw in range(2):
            column = names.index(f"w.{i + 1}.{j + 1}:2.1.imag")
            assert parts["w.2.imag"][draw, i, j, 0] == table[draw, column]
            assert parts["w.1"][draw, i, j] == table[draw, names.index(f"w.{i + 1}.{j + 1}:1")]
    np.testing.assert_array_equal(parts["z.imag"], table[:, -1])
