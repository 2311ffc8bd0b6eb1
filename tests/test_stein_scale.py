"""Stein discrepancies of the fits of one data set: in one scale, or they could not be compared."""

import dataclasses

import numpy as np
import pytest
import xarray as xr

from harness.fits.fit import Fit
from harness.methods.advi import Advi
from harness.metrics.stein import kernel_stein_discrepancy
from harness.summary.stein import slopes_of
from tests.cases import FloatArray
from tests.test_summary import PLAIN, fitted, gaussian_approximation, gaussian_chains, tables

SDS = (1.0, 0.01, 1.1)


def positions(sd: float) -> FloatArray:
    draws: FloatArray = sd * np.random.default_rng(5).standard_normal((100, 2))
    return draws


def with_points(sd: float) -> Fit:
    """An approximation of a standard normal, with the gradients at some draws."""
    fit = gaussian_approximation(sd=sd)
    tree = fit.read_draws().copy()
    axes, at = ("point", "unconstrained"), positions(sd)
    tree["points"] = xr.DataTree(xr.Dataset({"position": (axes, at), "gradient": (axes, -at)}))
    return dataclasses.replace(fit, draws=tree)


def test_without_a_reference_all_fits_have_the_scale_of_the_middle_one() -> None:
    """In its own sds the collapsed fit would have the smallest discrepancy."""
    items = [
        fitted(with_points(sd), program=PLAIN, method=Advi(n_draws=1000 + i))
        for i, sd in enumerate(SDS)
    ]
    items = [
        dataclasses.replace(each, run=dataclasses.replace(each.run, variant=str(i)))
        for i, each in enumerate(items)
    ]
    chains = fitted(gaussian_chains(), program=PLAIN, replicate=7)
    rows = tables(*items, chains).fits
    scale = np.median([positions(sd).std(axis=0) for sd in SDS], axis=0)
    for row, sd in zip(rows, SDS, strict=False):
        at = positions(sd)
        expected = kernel_stein_discrepancy(at, gradients=-at, scale=scale)
        assert row["ksd"] == pytest.approx(expected.ksd)
        assert row["ksd_null"] == pytest.approx(expected.ksd_null)
    assert rows[1]["ksd"] > 2 * max(rows[0]["ksd"], rows[2]["ksd"])
    assert "ksd" not in rows[3]


def test_gradients_differ_on_the_scale_of_the_draws_or_not_at_all() -> None:
    fit = gaussian_approximation(sd=0.5)
    draws = fit.read_draws()["posterior"]["theta"].to_numpy().reshape(-1, 2)
    axes, numbers = ("point", "unconstrained"), np.arange(0, len(draws), 10)
    at = draws[numbers]
    named = {"position": at, "gradient": -at, "own_gradient": -at / 0.5**2}
    tree = fit.read_draws().copy()
    tree["points"] = xr.DataTree(
        xr.Dataset({k: (axes, v) for k, v in named.items()}, {"draw": ("point", numbers)})
    )
    fit = dataclasses.replace(fit, draws=tree)
    early = at[numbers < len(draws) // 2]
    slopes = slopes_of(fit, draws)
    assert slopes is not None
    np.testing.assert_allclose(slopes, 3 * early)  # 1 / 0.25 - 1
    assert slopes_of(fit, np.exp(draws)) is None
    assert slopes_of(fit, draws[:, :1]) is None
    assert slopes_of(gaussian_approximation(sd=0.5), draws) is None
