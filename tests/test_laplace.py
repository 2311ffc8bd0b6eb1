"""The Laplace approximation where it is exact, and where there is none."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from harness.data.dataset import Dataset
from harness.errors import MethodError
from harness.fits.fit import log_weights
from harness.methods import Problem, laplace, make_method
from harness.methods.laplace import Laplace
from harness.methods.mode import TOLERANCE_SD
from harness.metrics.psis import psis
from harness.program.compilation import CompiledProgram, compile_program
from harness.program.program import Program
from tests.cases import DATA, gaussian_posterior

SEED = 20_250


@pytest.mark.parametrize("rho", [0.0, 0.8])
def test_gaussian_is_itself(gaussian: Callable[[float], Problem], rho: float) -> None:
    """Weights are equal up to the error of the mode and of the Hessian's finite differences."""
    problem = gaussian(rho)
    fit = Laplace(n_draws=4000).fit(problem, seed=SEED)
    theta = fit.read_draws()["posterior"]["theta"].to_numpy()[0]
    target = gaussian_posterior(problem.dataset.rows, rho=rho, likelihood_weight=1.0)
    log_q = fit.read_draws()["sample_stats"]["log_q"].to_numpy()[0]
    offset = log_q - multivariate_normal.logpdf(theta, target.mean, target.covariance)
    np.testing.assert_allclose(offset, offset[0], rtol=0, atol=0.01)
    weights = log_weights(fit)
    assert weights is not None
    assert np.ptp(weights) < 0.01
    assert psis(weights).k_hat < 0.2
    n_standard_errors = np.abs(theta.mean(axis=0) - target.mean) / (target.sd / np.sqrt(4000))
    assert (n_standard_errors < 4).all()
    variance = target.covariance[0, 0]
    slack = 4 * variance * np.sqrt(2 / 4000)
    np.testing.assert_allclose(np.cov(theta.T), target.covariance, rtol=0, atol=slack)
    assert fit.warnings == ()


def test_cost_is_that_of_both_runs(gaussian: Callable[[float], Problem]) -> None:
    fit = Laplace().fit(gaussian(0.0), seed=SEED)
    adapt_time_s, run_time_s = fit.cost.adapt_time_s, fit.cost.run_time_s
    assert adapt_time_s is not None
    assert run_time_s is not None
    assert min(adapt_time_s, run_time_s) > 0
    assert fit.fit_time_s == adapt_time_s + run_time_s
    assert fit.diagnostics.n_iterations is not None
    assert fit.cost.n_gradients is not None
    assert fit.cost.n_gradients - (2 * 2 + 1) > fit.diagnostics.n_iterations > 0


CONSOLE = """Initial log joint probability = -433.513
    Iter      log prob        ||dx||      ||grad||       alpha      alpha0  # evals  Notes
       1      -368.012      0.922801       50.3781        0.01       0.001        3
      15      -317.957   7.51103e-05    0.00294224      0.7337      0.7337       18
Optimization terminated normally:
"""


def test_optimisers_console_is_counted() -> None:
    assert laplace._count(CONSOLE) == (15, 18)
    assert laplace._count("Initial log joint probability = -433.513") == (None, None)


def test_limit_of_the_iterations_is_told(
    mixture: Callable[[str], CompiledProgram], small: Dataset
) -> None:
    problem = Problem(program=mixture("gmm"), dataset=small)
    fit = Laplace(max_iterations=8, n_draws=10).fit(problem, seed=7)
    (warning,) = fit.warnings
    assert " 8 " in warning
    assert fit.diagnostics.n_iterations == 8


def test_where_the_optimiser_stops_changes_nothing(
    mixture: Callable[[str], CompiledProgram], small: Dataset
) -> None:
    problem = Problem(program=mixture("gmm"), dataset=small)
    early, late = (
        Laplace(max_iterations=n, n_draws=200).fit(problem, seed=7).read_draws()["posterior"]["mu"]
        for n in (8, 2000)
    )
    away = abs(early - late) / late.std(("chain", "draw"))
    assert float(away.max()) < 3 * TOLERANCE_SD


@pytest.mark.slow
def test_a_mode_far_from_all_mass_is_told() -> None:
    """The neck of a funnel: along each axis the density is like the Gaussian, elsewhere not."""
    file = DATA / "models" / "funnel.stan"
    program = compile_program(Program(name="funnel", file=file, parameters=("v", "x")))
    dataset = Dataset(name="data", variables={"K": 5})
    fit = Laplace(n_draws=200).fit(Problem(program=program, dataset=dataset), seed=3)
    assert float(fit.read_draws()["posterior"]["v"].mean()) < -15
    (warning,) = fit.warnings
    assert "nats" in warning


@pytest.mark.parametrize(("option", "value"), [("init_radius", -1.0), ("max_iterations", 0)])
def test_options_have_bounds(option: str, value: float) -> None:
    with pytest.raises(MethodError, match=f"'laplace': '{option}'"):
        make_method("laplace", {option: value})
