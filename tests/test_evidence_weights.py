"""Importance weights against distributions of known moments, without Stan."""

import numpy as np
import pytest
from scipy import stats

from harness.data.dataset import FloatArray
from harness.evidence.adapting import Weighed
from harness.evidence.proposal import Component, Mixture
from harness.evidence.weights import N_EFF_LIMIT, Weighted, attempts, weigh, weighted_draws
from harness.methods.metered import Metered
from harness.program.log_density import OutOfTimeError
from tests.known_targets import KnownTarget, banana, funnel, gaussian, student, two_modes

AT = np.random.default_rng(2).normal(size=(7, 3))
COVARIANCE = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, -0.2], [0.1, -0.2, 0.3]])
MEAN = np.array([1.0, -2.0, 0.5])


def one(mean: FloatArray = MEAN, covariance: FloatArray = COVARIANCE, **kwargs: float) -> Mixture:
    part = Component(mean=mean, factor=np.linalg.cholesky(covariance))
    return Mixture(components=(part,), **kwargs)


def last(target: KnownTarget, start: Mixture) -> Weighted:
    return list(attempts(Metered(target), start, np.random.default_rng(1)))[-1]


def test_a_component_has_the_density_of_scipy() -> None:
    expected = stats.multivariate_t(MEAN, COVARIANCE, df=5).logpdf(AT)
    np.testing.assert_allclose(one(df=5.0).log_density(AT), expected, rtol=1e-12)
    expected = stats.multivariate_normal(MEAN, COVARIANCE).logpdf(AT)
    np.testing.assert_allclose(one().log_density(AT), expected, rtol=1e-12)


def test_a_mixture_adds_up_its_components() -> None:
    factor = np.linalg.cholesky(COVARIANCE)
    parts = (
        Component(mean=MEAN, factor=factor, share=0.3),
        Component(mean=-MEAN, factor=factor, share=0.7),
    )
    expected = 0.3 * stats.multivariate_normal(MEAN, COVARIANCE).pdf(AT)
    expected += 0.7 * stats.multivariate_normal(-MEAN, COVARIANCE).pdf(AT)
    np.testing.assert_allclose(np.exp(Mixture(components=parts).log_density(AT)), expected)
    draws = Mixture(components=parts).draw(20_000, np.random.default_rng(1))
    np.testing.assert_allclose(draws.mean(axis=0), -0.4 * MEAN, atol=0.05)


def test_the_target_itself_has_equal_weights() -> None:
    weighted = last(gaussian(MEAN, COVARIANCE), one())
    assert weighted.passes
    assert weighted.k_hat == 0
    assert weighted.n_eff == pytest.approx(len(weighted.points))
    # h is normal, so that h^2 has the fourth moment 3
    assert weighted.n_eff_square == pytest.approx(len(weighted.points) / 3, rel=0.15)


def test_a_wrong_sd_alone_is_not_let_through() -> None:
    """Draws that are too narrow: w looks fine, w h^2 does not."""
    points = np.random.default_rng(1).normal(scale=0.65, size=(10_000, 1))
    weighted = weigh(
        points,
        -(points[:, 0] ** 2) / 2,
        log_q=-(points[:, 0] ** 2) / 2 / 0.65**2,
        proposal=one(np.zeros(1), np.eye(1)),
    )
    assert weighted.n_eff > 3000
    assert not weighted.passes


@pytest.mark.parametrize("d", [2, 20])
def test_adaptation_repairs_a_start_that_is_three_sds_off(d: int) -> None:
    mean = np.full(d, 3 / np.sqrt(d))
    weighted = last(student(d, 10.0), one(mean, 0.5 * np.eye(d)))
    assert weighted.passes
    sd = np.sqrt(10 / 8)
    error = 4 * sd / np.sqrt(weighted.n_eff)
    np.testing.assert_allclose(weighted.mean, 0, atol=error)
    np.testing.assert_allclose(weighted.sd, sd, rtol=4 / np.sqrt(2 * N_EFF_LIMIT))


@pytest.mark.parametrize("target", [funnel(10), banana(3.0), student(5, 2.0)])
def test_what_no_proposal_covers_does_not_pass(target: KnownTarget) -> None:
    d = target.n_parameters
    assert not last(target, one(np.zeros(d), np.eye(d))).passes


def test_a_small_mode_far_away_needs_no_more_draws_than_its_share_of_the_variance() -> None:
    """As often as its mass it would be drawn 40 times, too few for an sd."""
    parts = tuple(
        Component(mean=np.full(2, at), factor=np.eye(2), share=share)
        for at, share in ((0.0, 0.98), (6.0, 0.02))
    )
    tried = list(
        attempts(
            *(Metered(two_modes(2, 0.02, 6.0)), Mixture(components=parts)),
            np.random.default_rng(1),
        )
    )
    assert tried[-1].passes
    assert sum(len(each.points) for each in tried) <= 4000
    assert tried[-1].mean == pytest.approx(0.12, abs=0.1)
    assert tried[-1].sd == pytest.approx(np.sqrt(1 + 0.02 * 0.98 * 36), rel=0.1)


def test_a_curved_posterior_gets_a_mixture() -> None:
    """One Student-t distribution has a few per cent of its draws effective for this sd."""
    bend = 0.3
    weighted = last(banana(bend), one(np.zeros(2), np.diag([1.0, 0.25])))
    assert weighted.passes
    assert len(weighted.proposal.components) > 2
    sd = np.sqrt(2 * bend**2 + 0.25)
    assert weighted.mean[1] == pytest.approx(bend, abs=0.1 * sd)
    assert weighted.sd[1] == pytest.approx(sd, rel=0.1)


def test_draws_that_are_added_count_as_if_they_had_been_drawn_at_once() -> None:
    target = Metered(student(2, 10.0))
    start = one(np.zeros(2), np.eye(2))
    few = weighted_draws(target, start, 1000, np.random.default_rng(1))
    more = weighted_draws(target, start, 1500, np.random.default_rng(2), earlier=few)
    again = weigh(more.points, more.log_p, log_q=start.log_density(more.points), proposal=start)
    assert len(more.points) == 2500
    np.testing.assert_array_equal(more.points[:1000], few.points)
    np.testing.assert_allclose(more.weights, again.weights, rtol=1e-9)
    assert more.n_eff_square == pytest.approx(again.n_eff_square)


def test_resampling_keeps_the_weighted_moments() -> None:
    weighted = last(student(2, 10.0), one(np.zeros(2), np.eye(2)))
    points = weighted.points[weighted.resampled(4000, np.random.default_rng(3))]
    np.testing.assert_allclose(points.mean(axis=0), weighted.mean, atol=0.02)
    np.testing.assert_allclose(points.std(axis=0), weighted.sd, rtol=0.02)


def test_an_update_has_the_moments_of_the_weighted_draws() -> None:
    weighted = last(gaussian(MEAN, COVARIANCE), one(MEAN + 0.3, 1.5 * COVARIANCE))
    pool = Weighed()
    pool.add(weighted.points, weighted.log_p, weighted.proposal)
    rng = np.random.default_rng(1)
    few = slice(8)  # too few for more than one component
    alone = Weighed()
    alone.add(weighted.points[few], weighted.log_p[few], weighted.proposal)
    assert len(alone.fitted(weighted.proposal.components, df=5.0, rng=rng).components) == 1
    fitted = pool.fitted(weighted.proposal.components, df=5.0, rng=rng)
    assert sum(part.share for part in fitted.components) == pytest.approx(1)
    part = fitted.components[-1]  # the wide one
    log_weight = weighted.log_weight - weighted.log_weight.max()
    weights = np.exp(log_weight) / np.exp(log_weight).sum()
    np.testing.assert_allclose(part.mean, weights @ weighted.points, rtol=1e-10)


def test_nothing_is_known_where_the_target_has_no_density() -> None:
    nowhere = KnownTarget(2, lambda at: (np.full(len(at), np.nan), at))
    weighted = last(nowhere, one(np.zeros(2), np.eye(2)))
    assert not weighted.passes
    assert not weighted.is_usable


def test_a_budget_ends_what_takes_longer() -> None:
    metered = Metered(gaussian(MEAN, COVARIANCE), budget_s=0.0)
    with pytest.raises(OutOfTimeError):
        next(attempts(metered, one(), np.random.default_rng(1)))
    assert metered.spent.n_densities == 0
