"""Sums over a file's rows in C++, whole and estimated from batches, against NumPy."""

from pathlib import Path

import numpy as np
import pytest

from harness.data.generators import write_mixture
from harness.data.npy_file import FloatArray
from tests.rows_library import RowsLibrary

N_ROWS = 10_001
SEED = 2025
THETA = np.array([1.2, -2.1, -2.6])


@pytest.fixture
def rows(rows_library: RowsLibrary, tmp_path: Path) -> FloatArray:
    """The rows of the file that is open."""
    rows_library.open(write_mixture(tmp_path / "rows.npy", n_rows=N_ROWS, seed=8), N_ROWS)
    return np.asarray(np.load(tmp_path / "rows.npy"), dtype=np.float64)


def etas(rows: FloatArray, theta: FloatArray) -> FloatArray:
    return np.asarray(theta[0] + rows @ theta[1:])


def even_sum(rows: FloatArray, theta: FloatArray) -> tuple[float, FloatArray]:
    """Sum of log(2 cosh(eta / 2)) and its gradient."""
    eta = etas(rows, theta)
    slope = np.tanh(eta / 2) / 2
    return float(np.logaddexp(eta / 2, -eta / 2).sum()), np.array([slope.sum(), *slope @ rows])


@pytest.mark.parametrize("scale", [0.0, 1.0, 40.0])
def test_moments_are_numpys(rows_library: RowsLibrary, rows: FloatArray, scale: float) -> None:
    theta = scale * THETA
    eta = etas(rows, theta)
    slope = 1 / (1 + np.exp(-eta))
    curvature = np.exp(-np.abs(eta)) / (1 + np.exp(-np.abs(eta))) ** 2
    x = np.column_stack([np.ones(N_ROWS), rows])
    hessian = (x * curvature[:, None]).T @ x
    wanted = [np.logaddexp(0, eta).sum(), *slope @ x, *hessian[np.triu_indices(3)]]
    np.testing.assert_allclose(rows_library.moments(theta), wanted, rtol=1e-11)
    total, slopes = rows_library.sum(theta)
    np.testing.assert_allclose([total, *slopes], wanted[:4], rtol=1e-11)


@pytest.mark.parametrize("without_replacement", [True, False])
@pytest.mark.parametrize("anchor_after", [0, 100])
@pytest.mark.parametrize("distance", [0.0, 0.1, 3.0])
def test_estimates_are_unbiased(
    rows_library: RowsLibrary,
    rows: FloatArray,
    anchor_after: int,
    distance: float,
    *,
    without_replacement: bool,
) -> None:
    """Near the anchor and far from it; an epoch's estimates are not independent, but no more
    variable than if they were."""
    n = 20_000
    rows_library.open_batches(
        50, seed=SEED, without_replacement=without_replacement, anchor_after=anchor_after
    )
    rows_library.batch_sums(THETA, 400)  # sets the anchors there
    theta = THETA + distance * np.array([1.0, -1.0, 1.0])
    sums, slopes = rows_library.batch_sums(theta, n)
    wanted, wanted_slopes = even_sum(rows, theta)
    rounding = 1e-11 * wanted
    assert abs(sums.mean() - wanted) < 4 * sums.std() / np.sqrt(n) + rounding
    errors = np.abs(slopes.mean(axis=0) - wanted_slopes)
    assert (errors < 4 * slopes.std(axis=0) / np.sqrt(n) + rounding).all()


def test_epoch_of_batches_sums_to_the_whole(rows_library: RowsLibrary, rows: FloatArray) -> None:
    rows_library.open_batches(73, seed=SEED)  # 10001 = 73 * 137
    sums, slopes = rows_library.batch_sums(THETA, 137)
    wanted, wanted_slopes = even_sum(rows, THETA)
    assert sums.mean() == pytest.approx(wanted, rel=1e-11)
    np.testing.assert_allclose(slopes.mean(axis=0), wanted_slopes, rtol=1e-9)


@pytest.mark.usefixtures("rows")
def test_control_variate_takes_the_variance_away(rows_library: RowsLibrary) -> None:
    near = THETA + np.array([0.02, 0.02, -0.02])
    sds = {}
    for anchor_after in (0, 100):
        rows_library.open_batches(50, seed=SEED, anchor_after=anchor_after)
        rows_library.batch_sums(THETA, 400)
        sums, slopes = rows_library.batch_sums(near, 2000)
        sds[anchor_after] = np.array([sums.std(), *slopes.std(axis=0)])
    assert (sds[100] < 0.01 * sds[0]).all()
    assert (sds[100] > 0).all()


@pytest.mark.usefixtures("rows")
def test_far_from_the_anchor_the_plain_estimate_is_used(rows_library: RowsLibrary) -> None:
    far = np.array([-4.0, 3.0, 3.0])
    estimates = []
    for anchor_after in (0, 100):
        rows_library.open_batches(50, seed=SEED, anchor_after=anchor_after)
        rows_library.batch_sums(THETA, 400)
        estimates.append(rows_library.batch_sums(far, 100)[0])
    np.testing.assert_array_equal(estimates[0], estimates[1])


@pytest.mark.usefixtures("rows")
def test_swapping_the_components_changes_nothing(rows_library: RowsLibrary) -> None:
    estimates = []
    for sign in (1.0, -1.0):
        rows_library.open_batches(50, seed=SEED)
        estimates.append(rows_library.batch_sums(sign * THETA, 100)[0])
    np.testing.assert_allclose(estimates[0], estimates[1], rtol=1e-12)


@pytest.mark.usefixtures("rows")
def test_point_that_is_not_finite_spoils_no_anchor(rows_library: RowsLibrary) -> None:
    rows_library.open_batches(50, seed=SEED, anchor_after=100)
    rows_library.batch_sums(np.array([np.nan, 0.0, 0.0]), 60)
    rows_library.batch_sums(THETA, 340)
    sums, slopes = rows_library.batch_sums(THETA + 0.01, 10)
    assert np.isfinite(sums).all()
    assert np.isfinite(slopes).all()
