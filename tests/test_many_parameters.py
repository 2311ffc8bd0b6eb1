"""What thousands of parameters change: R-hat by chance, metrics with correlations, several runs."""

import numpy as np
import pytest

from harness.evidence import climbed
from harness.evidence.climbed import climb
from harness.evidence.stretched import Metric, dense_factor, metric_of, stretch
from harness.methods.ascent import Ascended, Asked, End, Family
from harness.methods.chain_checks import ChainChecks, check_chains
from harness.methods.gaussian import Gaussian
from harness.methods.metered import Metered
from harness.summary.reference import chain_problems
from harness.verdict.mixing import r_hat_limit
from harness.verdict.rules import R_HAT_LIMIT
from tests.cases import FloatArray
from tests.known_targets import KnownTarget, gaussian

N_CHAINS, N_DRAWS, D = 4, 250, 600
MANY = 1200


def chains(*, off: float = 0.0, wide: float = 1.0) -> FloatArray:
    """Exact draws, but those of one parameter in one chain."""
    draws = np.random.default_rng(1).standard_normal((N_CHAINS, N_DRAWS, D))
    draws[0, :, 7] = off + wide * draws[0, :, 7]
    return draws


def checks(draws: FloatArray) -> ChainChecks:
    log_p = np.random.default_rng(2).standard_normal(draws.shape[:2])
    none = np.zeros(draws.shape[:2], dtype=bool)
    return check_chains(draws, log_p, diverged=none, energy=log_p)


def test_the_largest_of_many_r_hats_may_be_what_chance_makes_it() -> None:
    found = checks(chains())
    assert found.r_hat > R_HAT_LIMIT
    assert found.r_hat < found.r_hat_limit < 1.02


@pytest.mark.parametrize("wrong", [{"off": 0.8}, {"wide": 2.0}])
def test_one_parameter_of_many_that_has_not_mixed_is_found(wrong: dict[str, float]) -> None:
    found = checks(chains(**wrong))
    assert found.r_hat > found.r_hat_limit


def limit(d: int, n_effective: float) -> float:
    n_draws = 4000 if np.isnan(n_effective) else int(2 * n_effective)
    return r_hat_limit([n_effective], n_quantities=d, n_chains=4, n_draws=n_draws)


def test_long_chains_and_few_parameters_keep_the_limit_of_one() -> None:
    for d, n in ((1, 2000), (20, 4000), (3000, 8000)):
        assert limit(d, n) == R_HAT_LIMIT
    assert R_HAT_LIMIT < limit(200, 1000) < limit(5000, 1000) < limit(5000, 500)
    assert limit(1, np.nan) == R_HAT_LIMIT


def test_a_reference_of_many_quantities_is_judged_likewise() -> None:
    exact, wrong = chains(), chains(off=0.8)
    assert chain_problems({f"x{j}": exact[..., j] for j in range(D)}) == []
    (told,) = chain_problems({f"x{j}": wrong[..., j] for j in range(D)})[:1]
    assert "x7" in told


def diagonal(precisions: FloatArray) -> KnownTarget:
    def function(at: FloatArray) -> tuple[FloatArray, FloatArray]:
        return -0.5 * at**2 @ precisions, -at * precisions

    return KnownTarget(precisions.size, function)


def test_the_ends_of_a_spectrum_come_from_few_products() -> None:
    precisions = np.ones(1500)
    precisions[[3, 700]] = 100.0, 0.01
    found = stretch(Metered(diagonal(precisions)), np.zeros(1500), np.ones(1500), rng())
    assert found.stiffest == pytest.approx(10, rel=1e-3)
    assert found.ratio == pytest.approx(100, rel=1e-2)
    own = stretch(Metered(diagonal(precisions)), np.zeros(1500), precisions**-0.5, rng())
    assert own.stiffest == pytest.approx(1, rel=1e-3)
    assert own.ratio == pytest.approx(1, rel=1e-3)
    precisions[5] = -1.0
    assert stretch(Metered(diagonal(precisions)), np.zeros(1500), np.ones(1500), rng()).ratio == (
        np.inf
    )


def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def correlated(d: int, correlation: float) -> tuple[KnownTarget, FloatArray]:
    covariance = np.full((d, d), correlation) + (1 - correlation) * np.eye(d)
    return gaussian(np.zeros(d), covariance), covariance


def test_a_dense_factor_is_that_of_the_covariance() -> None:
    target, covariance = correlated(30, 0.9)
    factor = dense_factor(Metered(target), np.zeros(30), np.full(30, 0.3))
    assert factor is not None
    np.testing.assert_allclose(factor @ factor.T, covariance, atol=1e-6)
    np.testing.assert_array_equal(factor, np.tril(factor))
    assert dense_factor(Metered(diagonal(np.array([1.0, -1.0]))), np.zeros(2), np.ones(2)) is None


def run(d: int, sd: float = 1.0, *, elbo: float = 0.0) -> Ascended:
    return Ascended(
        gaussian=Gaussian(mean=np.zeros(d), factor=np.full(d, sd)),
        end=End.CONVERGED,
        n_iterations=1,
        elbo=elbo,
        elbo_error=0.1,
        distance=0.0,
        distance_error=0.0,
        n_passes=100.0,
        start_time_s=0.0,
        n_failed=0,
        trace=np.empty((0, 6)),
    )


def metric(target: KnownTarget, sd: float, *, part: float = 0.1) -> Metric:
    return metric_of(run(target.n_parameters, sd), Metered(target), rng(), part=part)


def test_a_metric_has_correlations_where_they_make_widths_differ() -> None:
    target, covariance = correlated(200, 0.9)
    dense = metric(target, 0.1**0.5)
    assert dense.is_of_curvature
    np.testing.assert_allclose(dense.covariance, covariance, atol=1e-5)
    dear = metric(target, 0.1**0.5, part=1e-6)
    assert not dear.is_of_curvature
    assert dear.covariance.ndim == 1
    even = metric(diagonal(np.full(200, 4.0)), 0.5)
    assert (even.is_of_curvature, even.words) == (False, "")
    np.testing.assert_array_equal(even.factor, 0.5)
    assert even.stiffest == pytest.approx(1)


def test_runs_of_vi_that_have_found_no_mass_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Program(KnownTarget):
        """What runs need no more of here."""

    monkeypatch.setattr(climbed, "Density", Program)
    elbos = iter([-1e295, -3.0, -1.0])
    asked: list[Asked] = []

    def fake(target: Metered, each: Asked) -> Ascended:
        assert target.n_parameters == MANY
        asked.append(each)
        return run(MANY, elbo=next(elbos))

    monkeypatch.setattr(climbed, "_run", fake)
    flat = diagonal(np.ones(MANY))
    runs = climb(Metered(Program(MANY, flat.function)), rng(), limit=6000.0)
    assert [each.elbo for each in runs] == [-1.0, -3.0]
    assert len({each.seed for each in asked}) == 3
    assert {each.family for each in asked} == {Family.MEAN_FIELD}
    assert sum(each.max_passes for each in asked) <= 6000
