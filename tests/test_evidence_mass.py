"""Masses of modes, where Laplace's approximation is wrong about them."""

import numpy as np
import pytest
from scipy.special import gammaln, logsumexp

from harness.data.dataset import FloatArray
from harness.evidence.mass import measured_masses
from harness.evidence.missed import missed
from harness.evidence.modes import find_modes
from harness.evidence.search import Search
from harness.methods.metered import Metered
from tests.known_targets import KnownTarget, two_modes

D, DF, SHARE = 2, 3.0, 0.3
FAR = np.full(D, 7.0)
CONSTANT = gammaln((DF + D) / 2) - gammaln(DF / 2) - D / 2 * np.log(DF * np.pi)


def heavy_and_light(offset: float = 0.0) -> KnownTarget:
    """A heavy-tailed mode at zero and a Gaussian one with a share of 0.3."""

    def function(at: FloatArray) -> tuple[FloatArray, FloatArray]:
        squares, far = np.sum(at**2, axis=1), np.sum((at - FAR) ** 2, axis=1)
        terms = np.c_[
            np.log(1 - SHARE) + CONSTANT - (DF + D) / 2 * np.log1p(squares / DF),
            np.log(SHARE) - 0.5 * far - D / 2 * np.log(2 * np.pi),
        ]
        slope_heavy = -(DF + D) * at / (DF + squares)[:, None]
        parts = np.exp(terms - logsumexp(terms, axis=1, keepdims=True))
        slope = parts[:, :1] * slope_heavy - parts[:, 1:] * (at - FAR)
        return offset + logsumexp(terms, axis=1), slope

    return KnownTarget(D, function)


def chains(rng: np.random.Generator, *, of_second: float) -> FloatArray:
    """Draws of the first mode, and a part of the second."""
    first = rng.normal(size=(4, 500, D)) * np.sqrt(DF / rng.chisquare(DF, (4, 500, 1)))
    second = FAR + rng.normal(size=first.shape)
    is_second = rng.random(first.shape[:2]) < of_second
    first[is_second] = second[is_second]
    return first


@pytest.mark.parametrize("of_second", [0.0, 0.002, SHARE, 1.0])
@pytest.mark.parametrize("offset", [0.0, -1e4])
def test_masses_are_those_of_the_posterior_wherever_the_draws_are(
    of_second: float, offset: float
) -> None:
    target = Metered(heavy_and_light(offset))
    rng = np.random.default_rng(1)
    found = find_modes(target, rng)
    assert abs(found.shares[0] - SHARE) > 0.1  # Laplace's are wrong
    measured = measured_masses(found, chains(rng, of_second=of_second), target, rng)
    # the tails of the first, around either, are parts of their own
    is_second = [bool(mode.point[0] > 3) and not mode.is_wide for mode in measured.modes]
    masses = np.array([mode.log_mass for mode in measured.modes])
    by_place = [logsumexp(masses, b=np.equal(is_second, place)) for place in (False, True)]
    np.testing.assert_allclose(by_place, offset + np.log([1 - SHARE, SHARE]), atol=0.15)
    assert abs(measured.shares[is_second].sum() - SHARE) < 0.04


def test_masses_of_gaussian_modes_stay_what_they_are() -> None:
    target = Metered(two_modes(2, 0.02, 6.0))
    found = find_modes(target, np.random.default_rng(1))
    draws = np.random.default_rng(2).normal(size=(4, 500, 2))
    measured = measured_masses(found, draws, target, np.random.default_rng(3))
    np.testing.assert_allclose(measured.shares, [0.98, 0.02], rtol=0.1)
    # as before: the draws lack it
    assert missed(measured, draws.reshape(-1, 2)).share == pytest.approx(0.02, rel=0.1)


def test_one_mode_costs_nothing() -> None:
    target = Metered(heavy_and_light())
    one = Search(modes=(), n_starts=1, n_reached=0, ends=np.zeros((1, D)))
    rng = np.random.default_rng(1)
    assert measured_masses(one, chains(rng, of_second=0.0), target, rng) is one
    assert target.spent.n_densities == 0


def test_draws_that_do_not_vary_leave_the_curvature() -> None:
    target = Metered(two_modes(2, 0.3, 6.0))
    found = find_modes(target, np.random.default_rng(1))
    stuck = np.zeros((4, 500, 2))
    measured = measured_masses(found, stuck, target, np.random.default_rng(3))
    assert np.isfinite(measured.shares).all()
