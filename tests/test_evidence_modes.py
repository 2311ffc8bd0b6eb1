"""The search for modes on densities whose modes are known, without Stan."""

import numpy as np
import pytest
from scipy.special import logsumexp

from harness.data.dataset import FloatArray
from harness.evidence.missed import missed
from harness.evidence.modes import GRADIENT_LIMIT, find_modes, mode_near
from harness.evidence.search import Search
from harness.methods.metered import Metered
from tests.known_targets import KnownTarget, funnel, gaussian, student, two_modes

COVARIANCE = np.array([[4.0, 1.9], [1.9, 1.0]])


def search(target: KnownTarget) -> Search:
    return find_modes(Metered(target), np.random.default_rng(1))


@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_a_gaussian_has_one_mode_with_its_moments(shift: float) -> None:
    mean = shift + np.array([1.0, 2.0])
    found = search(gaussian(mean, COVARIANCE))
    (mode,) = found.modes
    assert found.n_reached == found.n_starts > 16
    assert mode.gradient < GRADIENT_LIMIT
    np.testing.assert_allclose(mode.point, mean, rtol=1e-6, atol=0.02)
    np.testing.assert_allclose(mode.factor @ mode.factor.T, COVARIANCE, rtol=1e-4)
    expected = 0.5 * np.linalg.slogdet(2 * np.pi * COVARIANCE)[1]
    assert mode.log_mass == pytest.approx(expected, abs=1e-4)


def test_every_parameter_of_a_cost_is_counted() -> None:
    target = gaussian(np.zeros(2), COVARIANCE)
    metered = Metered(target)
    mode_near(metered, np.ones(2))
    # a Hessian of 2 products at 4 gradients, one gradient of the step, one at the mode
    assert metered.spent.n_gradients == 2 * 4 + 2
    assert metered.spent.n_densities == 1


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_shares_of_two_modes_are_theirs(share: float) -> None:
    found = search(two_modes(2, share, 6.0))
    np.testing.assert_allclose(found.shares, [1 - share, share], rtol=1e-3)


@pytest.mark.parametrize(("share", "distance"), [(0.02, 6.0), (0.3, 6.0), (0.3, 12.0)])
def test_a_missed_mode_is_judged_by_what_it_would_change(share: float, distance: float) -> None:
    found = search(two_modes(2, share, distance))
    draws = np.random.default_rng(2).normal(size=(20_000, 2))  # of the larger mode alone
    lost = missed(found, draws)
    sd = np.sqrt(1 + share * (1 - share) * distance**2)
    assert lost.share == pytest.approx(share, rel=1e-3)
    assert lost.mean_error_sd == pytest.approx(share * distance / sd, rel=0.05)
    assert lost.log_sd_ratio == pytest.approx(np.log(sd), rel=0.05)


def mixture(d: int, share: float, centre: float, sds: tuple[float, float]) -> KnownTarget:
    """A normal distribution at zero; the second, at `centre`, has a share."""

    def function(at: FloatArray) -> tuple[FloatArray, FloatArray]:
        off = [at, at - centre]
        terms = np.column_stack(
            [
                np.log(part) - d * np.log(sd) - 0.5 * np.sum((each / sd) ** 2, axis=1)
                for part, sd, each in zip((1 - share, share), sds, off, strict=True)
            ]
        )
        values = logsumexp(terms, axis=1)
        parts = np.exp(terms - values[:, None])
        slopes = [
            part[:, None] * each / sd**2 for part, sd, each in zip(parts.T, sds, off, strict=True)
        ]
        return values, -slopes[0] - slopes[1]

    return KnownTarget(d, function)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("shift", "distance", "sd", "d"),
    [(0.0, 5.0, 1.0, 100), (900.0, 100.0, 1.0, 3), (1e6, 1e5, 1e4, 3), (0.0, 1e-3, 1e-4, 20)],
)
def test_modes_are_found_in_their_own_units(
    shift: float, distance: float, sd: float, d: int, seed: int
) -> None:
    # starts near zero end at one of two modes that are many of their sds apart
    near = mixture(d, 0.4, distance, (sd, sd))
    shifted = KnownTarget(d, lambda at: near.function(at - shift))
    found = find_modes(Metered(shifted), np.random.default_rng(seed))
    np.testing.assert_allclose(found.shares, [0.6, 0.4], rtol=1e-3)
    # they say nothing of how many starts end at a mode
    assert found.n_reached == found.n_starts <= 60


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("d", "narrow"), [(1, 0.01), (5, 0.02), (30, 0.03)])
def test_a_slab_around_a_spike_is_found(d: int, narrow: float, seed: int) -> None:
    slab = mixture(d, 0.5, 0.0, (narrow, 1.0))
    found = find_modes(Metered(slab), np.random.default_rng(seed))
    assert sorted(mode.is_wide for mode in found.modes) == [False, True]
    (wide,) = (mode for mode in found.modes if mode.is_wide)
    np.testing.assert_allclose(np.diag(wide.factor), 1.0, rtol=0.6)
    spike = narrow * np.random.default_rng(2).normal(size=(2000, d))
    assert missed(found, spike).log_sd_ratio > 1
    assert missed(found, spike / narrow).share > 0.2  # the slab lacks the spike


@pytest.mark.parametrize("target", [gaussian(np.zeros(2), COVARIANCE), two_modes(20, 0.3, 6.0)])
def test_nothing_lies_far_around_gaussian_modes(target: KnownTarget) -> None:
    assert not any(mode.is_wide for mode in search(target).modes)


def test_draws_of_both_modes_miss_none() -> None:
    found = search(two_modes(2, 0.3, 6.0))
    rng = np.random.default_rng(2)
    draws = rng.normal(size=(2000, 2)) + 6.0 * (rng.random((2000, 1)) < 0.2)
    assert missed(found, draws).share == 0


def test_a_ridge_without_an_end_is_no_mode() -> None:
    ridge = KnownTarget(
        2, lambda at: (at[:, 0] - at[:, 1] ** 2, np.c_[1 + 0 * at[:, 0], -2 * at[:, 1]])
    )
    found = find_modes(Metered(ridge), np.random.default_rng(1), n_starts=3)
    assert found.modes == ()
    assert (found.n_starts, found.n_reached) == (3, 0)


def test_a_funnel_is_no_gaussian_that_starts_agree_on() -> None:
    found = search(funnel(10))
    assert found.n_reached < found.n_starts / 2


def test_starts_without_a_density_are_drawn_again_or_left_out() -> None:
    half = gaussian(np.array([0.5, 0.5]), COVARIANCE)

    def positive(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, slopes = half.function(at)
        return np.where((at > 0).all(axis=1), values, np.nan), slopes

    assert search(KnownTarget(2, positive)).modes
    nowhere = search(KnownTarget(2, lambda at: (np.full(len(at), -np.inf), at)))
    assert nowhere.n_starts == 0
    assert nowhere.modes == ()


def scale_of_groups(*, is_proper: bool) -> KnownTarget:
    """A mean and the log of a scale, without a prior or with a half-Cauchy one.

    The effects of the groups are seen with an sd of 1, and integrated out.
    """
    effects = np.array([-6.0, -2.0, 1.0, 3.0, 8.0, 12.0])

    def function(at: FloatArray) -> tuple[FloatArray, FloatArray]:
        mean, log_scale = at[:, :1], np.minimum(at[:, 1:], 300.0)
        square = np.exp(2 * log_scale)
        variance, off = 1 + square, effects - mean
        value = -0.5 * np.sum(off**2 / variance + np.log(variance), axis=1)
        slope = np.sum((off**2 / variance - 1) * square / variance, axis=1)
        if is_proper:
            value += log_scale[:, 0] - np.log1p(square[:, 0])
            slope += 1 - 2 * square[:, 0] / (1 + square[:, 0])
        return value, np.column_stack([np.sum(off / variance, axis=1), slope])

    return KnownTarget(2, function)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_density_that_never_falls_is_no_posterior(seed: int) -> None:
    # most starts end at a mode; yet with a flat prior on the log scale there is no finite mass
    improper, proper = (
        find_modes(Metered(scale_of_groups(is_proper=each)), np.random.default_rng(seed))
        for each in (False, True)
    )
    assert improper.n_reached > improper.n_starts / 2
    assert improper.is_endless
    assert not proper.is_endless
    draws = improper.modes[0].point + np.random.default_rng(1).normal(size=(100, 2))
    assert missed(improper, draws).is_endless


@pytest.mark.parametrize("target", [funnel(10), student(5, 1.0), two_modes(20, 0.3, 6.0)])
def test_proper_posteriors_have_an_end(target: KnownTarget) -> None:
    assert not search(target).is_endless
