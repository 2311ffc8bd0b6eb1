"""Laplace approximations that were given: how far their centre is from the mode."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest

from harness.fits.fit import DrawKind
from harness.given.given import Given, given_method
from harness.given.mode_gap import with_mode_gap
from harness.methods import make_method
from harness.program.log_density import Density
from harness.program.log_density.density import LogDensity
from tests import numpy_density
from tests.cases import FloatArray

D = 5


@dataclass(frozen=True)
class KnownDensity:
    """A Gaussian whose parameters are on the unconstrained scale as they are."""

    mean: FloatArray
    covariance: FloatArray

    def variable_names(self) -> tuple[str, ...]:
        return tuple(f"theta.{i + 1}" for i in range(D))

    def unconstrain(self, values: FloatArray) -> FloatArray:
        return values

    def gradient(self, at: FloatArray) -> LogDensity:
        slope = -np.linalg.solve(self.covariance, at - self.mean)
        return LogDensity(value=np.zeros(at.shape[:-1]), gradient=slope)


def laplace_draws(density: KnownDensity, away_sd: float, *, seed: int, method: str) -> Given:
    """Draws around a point that is so many sds from the mode, in a direction of all parameters."""
    factor = np.linalg.cholesky(density.covariance)
    centre = density.mean + away_sd * factor @ np.full(D, D**-0.5)
    noise = np.random.default_rng(seed).standard_normal((1, 1000, D))
    made = make_method(method, {}) if method == "laplace" else given_method(method, DrawKind.CHAINS)
    return Given(
        title="draws",
        method=made,
        draw_kind=DrawKind.INDEPENDENT,
        variables={"theta": centre + noise @ factor.T},
        seed=1,
    )


@pytest.fixture
def density() -> KnownDensity:
    return KnownDensity(*numpy_density.correlated(D))


@pytest.mark.parametrize("away_sd", [0.0, 0.3, 2.2])
def test_the_distance_is_without_its_monte_carlo_error(
    density: KnownDensity, away_sd: float
) -> None:
    """On average over seeds the square is the true one."""
    squares = []
    for seed in range(40):
        given = laplace_draws(density, away_sd, seed=seed, method="laplace")
        gap = with_mode_gap(given, cast(Density, density)).diagnostics.mode_gap_sd
        assert gap is not None
        squares.append(gap**2)
    assert np.mean(squares) == pytest.approx(away_sd**2, abs=0.02 + 0.03 * away_sd)


@pytest.mark.parametrize("change", [{"method": "NUTS"}, {"variables": {"other": np.ones((1, 9))}}])
def test_of_other_draws_it_is_not_known(density: KnownDensity, change: dict[str, Any]) -> None:
    given = laplace_draws(density, 1.0, seed=1, method=change.get("method", "laplace"))
    if "variables" in change:
        given = Given(**{**vars(given), **change})
    assert with_mode_gap(given, cast(Density, density)) is given
