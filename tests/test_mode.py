"""Modes: found to a stated accuracy from anywhere near, and refused where there is none."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from harness.errors import FitError
from harness.methods.mode import TOLERANCE_SD, polished
from tests import numpy_density
from tests.cases import FloatArray


def rosenbrock(at: FloatArray) -> FloatArray:
    return np.asarray(-((1 - at[..., 0]) ** 2) - 100 * (at[..., 1] - at[..., 0] ** 2) ** 2)


def towards_a_bound(at: FloatArray) -> FloatArray:
    """Rises for ever, ever more slowly."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(-np.exp(-at[..., 0]))


def equal_rows(at: FloatArray) -> FloatArray:
    """Five equal rows: the smaller the sd, the larger the density and the narrower the mean."""
    return np.asarray(-4 * at[..., 1] - 2.5 * (at[..., 0] - 1) ** 2 * np.exp(-2 * at[..., 1]))


def neck(at: FloatArray) -> FloatArray:
    """A funnel without a prior on the width of its neck."""
    return np.asarray(-at[..., 0] - 0.5 * np.exp(-at[..., 0]) * (at[..., 1:] ** 2).sum(axis=-1))


def collapsing(at: FloatArray) -> FloatArray:
    """Two components of a mixture, of which one may collapse on a row."""
    rows = np.array([0.0, 1.3, 2.2, -0.7])
    narrow = -0.5 * ((rows - at[..., :1]) * np.exp(-at[..., 1:])) ** 2 - at[..., 1:]
    density = np.exp(narrow) + np.exp(-0.5 * (rows - 0.5) ** 2)
    return np.asarray(np.log(density).sum(axis=-1) + 0.5 * at[..., 1])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("value", "start"),
    [
        *((equal_rows, start) for start in ([0.5, 0.0], [1.0, -5.0], [1.0, -200.0])),
        *((neck, start) for start in ([0.0, 0.1, 0.2], [-40.0, 0.0, 1e-12], [-300.0, 0.0, 0.0])),
        *((collapsing, start) for start in ([0.1, -1.0], [1e-9, -15.0], [0.0, -100.0])),
    ],
)
def test_a_density_that_narrows_for_ever_has_no_mode(
    value: Callable[[FloatArray], FloatArray], start: list[float]
) -> None:
    """Wherever on its way to infinity an optimiser has stopped."""
    with pytest.raises(FitError):
        polished(numpy_density.counted(value, len(start)), np.array(start))


@pytest.mark.parametrize("d", [1, 4, 20])
def test_a_gaussian_takes_one_step(d: int) -> None:
    mean, covariance = numpy_density.correlated(d)
    mode = polished(numpy_density.gaussian(mean, covariance), np.zeros(d))
    sd = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((mode.point - mean) / sd, 0, atol=TOLERANCE_SD)
    np.testing.assert_allclose(
        mode.lower @ mode.lower.T / np.outer(sd, sd), covariance / np.outer(sd, sd), atol=1e-5
    )
    np.testing.assert_array_equal(mode.lower, np.tril(mode.lower))
    assert mode.n_steps <= 2
    assert mode.gap_sd is not None
    assert mode.gap_sd < TOLERANCE_SD


def test_two_starts_end_at_one_mode() -> None:
    density = numpy_density.counted(rosenbrock, 2)
    for start in ([-1.2, 1.0], [2.0, -1.0]):
        mode = polished(density, np.array(start))
        np.testing.assert_allclose(mode.point, 1, atol=2 * TOLERANCE_SD)
        assert mode.n_steps > 2


@pytest.mark.parametrize(
    ("value", "start", "eigenvalue"),
    [
        (lambda at: -(at[..., 0] ** 2) + at[..., 1] ** 2, [0.0, 0.0], 2.0),  # a saddle
        (lambda at: -(at[..., 0] ** 2) + 0 * at[..., 1], [1.0, 0.0], 0.0),  # a plateau
        (towards_a_bound, [0.0], 0.0),
        (lambda at: at[..., 0], [0.0], 0.0),
    ],
)
def test_where_there_is_no_mode_the_eigenvalue_says_so(
    value: Callable[[FloatArray], FloatArray], start: list[float], eigenvalue: float
) -> None:
    with pytest.raises(FitError) as caught:
        polished(numpy_density.counted(value, len(start)), np.array(start))
    told = re.search(r"eigenvalue (\S+?),? ?(?:there|$)", str(caught.value))
    assert told is not None
    assert float(told[1]) == pytest.approx(eigenvalue, abs=1e-4)


def test_a_hessian_that_is_not_finite_is_refused() -> None:
    with pytest.raises(FitError):
        polished(numpy_density.counted(lambda at: at[..., 0] * np.nan, 1), np.zeros(1))
