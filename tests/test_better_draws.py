"""Draws of an approximation, weighted or moved: what that repairs, and what is refused."""

from collections.abc import Callable

import numpy as np
import pytest

from harness.errors import MethodError
from harness.fits.fit import DrawKind, Fit, log_weights
from harness.methods import Problem, make_method
from harness.metrics import chains
from harness.metrics.psis import psis, systematic
from harness.summary.weighing import worth_of
from tests.cases import FloatArray, gaussian_posterior

#: A mean-field Gaussian is too narrow by a factor of 0.87, and its weights have a variance.
RHO = 0.5
SEED = 20_250


def theta(fit: Fit) -> FloatArray:
    return np.asarray(fit.read_draws()["posterior"]["theta"].to_numpy())


@pytest.fixture(scope="module")
def reweighted(gaussian: Callable[[float], Problem]) -> Fit:
    method = make_method("reweighted", {"of": "vi_meanfield", "n_draws": 2000})
    return method.fit(gaussian(RHO), seed=SEED)


def test_systematic_draws_are_there_as_often_as_their_weights_say() -> None:
    weights = np.array([0.5, 0.3, 0.2, 0.0])
    chosen = systematic(weights, 1000, np.random.default_rng(1))
    assert (np.abs(np.bincount(chosen, minlength=4) - 1000 * weights) <= 1).all()


def test_weights_give_a_mean_field_gaussian_its_correlation(
    gaussian: Callable[[float], Problem], reweighted: Fit
) -> None:
    problem = gaussian(RHO)
    target = gaussian_posterior(problem.dataset.rows, rho=RHO, likelihood_weight=1.0)
    draws = theta(reweighted)[0]
    worth = worth_of(reweighted, draws)
    assert worth is not None
    raw = theta(make_method("vi_meanfield", {}).fit(problem, seed=SEED))[0]
    assert (raw.std(axis=0) < 0.93 * target.sd).all()
    np.testing.assert_allclose(draws.mean(axis=0), target.mean, atol=4 * target.sd[0] / worth**0.5)
    np.testing.assert_allclose(draws.std(axis=0), target.sd, rtol=4 / (worth / 2) ** 0.5)


def test_k_hat_and_worth_are_those_of_the_proposals(reweighted: Fit) -> None:
    log_weight = log_weights(reweighted)
    assert log_weight is not None
    assert log_weight.shape == (4000,)
    assert f"worth {psis(log_weight).n_effective:,.0f}" in reweighted.warnings[0]
    assert reweighted.read_draws()["posterior"].sizes["draw"] == 2000


@pytest.mark.parametrize("of", ["vi_meanfield", "pathfinder"])
def test_moved_draws_forget_where_they_started(
    gaussian: Callable[[float], Problem], of: str
) -> None:
    problem = gaussian(RHO)
    fit = make_method("moved", {"of": of}).fit(problem, seed=SEED)
    target = gaussian_posterior(problem.dataset.rows, rho=RHO, likelihood_weight=1.0)
    assert fit.draw_kind is DrawKind.CHAINS
    for i in range(2):
        values = theta(fit)[..., i]
        assert chains.r_hat(values) < 1.02
        assert abs(values.mean() - target.mean[i]) < 4 * chains.mcse_mean(values)
        assert abs(values.std(ddof=1) - target.sd[i]) < 4 * chains.mcse_sd(values)
    steps = fit.read_draws()["sample_stats"]["n_steps"].to_numpy()
    assert fit.cost.n_gradients is not None
    assert fit.cost.n_gradients > steps.sum()  # those of the rounds before count too


@pytest.mark.parametrize("name", ["reweighted", "moved"])
def test_the_number_of_draws_of_the_approximation_is_not_an_option(
    gaussian: Callable[[float], Problem], name: str
) -> None:
    problem = gaussian(RHO)
    given = make_method(name, {"of": "dadvi", "of_options": {"n_draws": 7}})
    with pytest.raises(MethodError, match="'n_draws'"):
        given.check(problem.dataset, problem.program.program)
    wrong = make_method(name, {"of_options": {"n_drawss": 7}})
    with pytest.raises(MethodError, match=f"'{name}'.*'n_drawss'"):
        wrong.check(problem.dataset, problem.program.program)
    with pytest.raises(MethodError, match=r"'of'.*'nuts'"):
        make_method(name, {"of": "nuts"})


def test_fewer_proposals_than_draws_are_refused(gaussian: Callable[[float], Problem]) -> None:
    problem = gaussian(RHO)
    with pytest.raises(MethodError, match=r"1000 .*500"):
        make_method("reweighted", {"n_proposals": 500}).check(
            problem.dataset, problem.program.program
        )
