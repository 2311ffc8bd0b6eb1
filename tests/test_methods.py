"""Every method of the registry on posteriors known in closed form, and ADVI against subsamples."""

import dataclasses
import re
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.data.subsample import draw_subsample
from harness.errors import FitError, MethodError, SubsampleError
from harness.fits.fit import DrawKind, Fit, Status
from harness.methods import METHODS, Problem, advi, make_method
from harness.methods.advi import Advi, AdviFullrank
from harness.methods.draws_file import DrawsFile, parse_draws_file
from harness.methods.nuts import Nuts
from harness.methods.subsample_advi import SubsampleAdvi
from harness.metrics import chains
from harness.program.compilation import CompiledProgram
from tests.cases import (
    FloatArray,
    Gaussian,
    gaussian_posterior,
    gaussian_program,
    gaussian_rows,
)

SEED = 20_250
#: Options without a default; a new method that needs none is covered without a line here.
NEEDED: dict[str, dict[str, Any]] = {"subsample_advi": {"m": 25}, "subsample_nuts": {"m": 25}}

needs_nutpie = pytest.mark.skipif(find_spec("nutpie") is None, reason="nutpie is not installed")
each_method = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=needs_nutpie if name == "nutpie" else ()) for name in METHODS],
)


def fit_of(name: str, problem: Problem, *, seed: int = SEED, **options: Any) -> Fit:
    return make_method(name, NEEDED.get(name, {}) | options).fit(problem, seed=seed)


def with_data(problem: Problem, **data: float) -> Problem:
    """The problem with other constants of its program."""
    program = problem.program.program
    changed = dataclasses.replace(program, data={**program.data, **data})
    return dataclasses.replace(
        problem, program=dataclasses.replace(problem.program, program=changed)
    )


def theta(fit: Fit) -> FloatArray:
    """Draws of ``theta``, shape (chain, draw, 2)."""
    return np.asarray(fit.read_draws()["posterior"]["theta"].to_numpy())


def assert_moments(fit: Fit, target: Gaussian, *, optimiser_error_sd: float = 0.0) -> None:
    """Means, sds and the correlation within 4 standard errors, and what the optimiser leaves."""
    draws = theta(fit)
    for i in range(2):
        values = draws[..., i]
        slack = optimiser_error_sd * target.sd[i]
        mean_error = abs(values.mean() - target.mean[i])
        assert mean_error < 4 * chains.mcse_mean(values) + slack
        assert abs(values.std(ddof=1) - target.sd[i]) < 4 * chains.mcse_sd(values) + slack
    correlation = float(np.asarray(np.corrcoef(draws.reshape(-1, 2).T))[0, 1])
    wanted = target.covariance[0, 1] / target.sd.prod()
    ess = min(chains.ess_bulk(draws[..., i]) for i in range(2))
    assert abs(np.arctanh(correlation) - np.arctanh(wanted)) < 4 / np.sqrt(ess) + optimiser_error_sd


@each_method
def test_fit_keeps_the_contract(gaussian: Callable[[float], Problem], name: str) -> None:
    problem = gaussian(0.0)
    fit = fit_of(name, problem)
    assert (fit.status, fit.reason) == (Status.OK, "")
    posterior = fit.read_draws()["posterior"]
    assert posterior["theta"].dims[:2] == ("chain", "draw")
    assert theta(fit).shape[2:] == (2,)
    assert posterior["theta"].size >= 2 * 1000
    assert np.isfinite(theta(fit)).all()
    assert theta(fit).std(axis=(0, 1)).min() > 0
    assert fit.read_draws()["sample_stats"].sizes["draw"] == posterior.sizes["draw"]
    assert fit.fit_time_s is not None
    assert fit.fit_time_s > 0
    assert fit.used_data["n_rows"] <= problem.dataset.n_rows
    assert all("\n" not in warning for warning in fit.warnings)
    assert fit.draw_kind is METHODS[name].draw_kind
    is_chains = fit.draw_kind is DrawKind.CHAINS
    assert posterior.sizes["chain"] > 1 if is_chains else posterior.sizes["chain"] == 1


def test_titles_tell_the_methods_apart() -> None:
    assert len({method.title for method in METHODS.values()}) == len(METHODS)


@each_method
def test_seed_decides_the_draws(gaussian: Callable[[float], Problem], name: str) -> None:
    problem = gaussian(0.0)
    first, again, other = (
        theta(fit_of(name, problem, seed=seed)) for seed in (SEED, SEED, SEED + 1)
    )
    np.testing.assert_array_equal(first, again)
    n = min(first.shape[1], other.shape[1])  # moved draws are as many as their checks ask for
    assert np.isclose(first[:, :n], other[:, :n]).mean() < 0.01


@each_method
def test_method_is_declared_as_the_registry_names_it(name: str) -> None:
    method = make_method(name, NEEDED.get(name, {}))
    assert method.name == name
    assert dataclasses.is_dataclass(method)
    for field in dataclasses.fields(method):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(method, field.name, 1)
    with pytest.raises(MethodError, match=f"'{name}' .*'n_drawss'"):
        make_method(name, {"n_drawss": 5})
    with pytest.raises(MethodError, match=f"'{name}': 'n_draws': .*-5"):
        make_method(name, {**NEEDED.get(name, {}), "n_draws": -5})
    with pytest.raises(MethodError, match=r"'n_draws': .*'5'"):
        make_method(name, {**NEEDED.get(name, {}), "n_draws": "5"})


@each_method
def test_failure_of_cmdstan_is_a_fit_error_in_one_line(
    gaussian: Callable[[float], Problem], name: str
) -> None:
    problem = gaussian(2.0)  # no correlation
    with pytest.raises(FitError, match=r"rho") as caught:
        fit_of(name, problem)
    assert "\n" not in str(caught.value)


@each_method
def test_density_that_is_never_finite_is_a_fit_error_in_one_line(
    gaussian: Callable[[float], Problem], name: str
) -> None:
    with pytest.raises(FitError, match=r"Initialization|Scale parameter is 0") as caught:
        fit_of(name, with_data(gaussian(0.0), prior_sd=0.0))
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 700
    if METHODS[name].family == "ADVI":
        assert message.startswith(f"all 3 attempts (seeds {SEED}, ")


@each_method
def test_cost_adds_up(gaussian: Callable[[float], Problem], name: str) -> None:
    fit = fit_of(name, gaussian(0.0))
    assert fit.cost.adapt_time_s is not None
    assert fit.cost.run_time_s is not None
    assert fit.cost.adapt_time_s + fit.cost.run_time_s == pytest.approx(fit.fit_time_s)
    assert (fit.cost.adapt_time_s > 0) == (name != "pathfinder")
    assert fit.cost.run_time_s > 0
    assert fit.cost.n_gradients is not None
    assert fit.cost.n_gradients > 0


@pytest.mark.parametrize("rho", [0.0, 0.8])
def test_nuts_has_the_posterior(gaussian: Callable[[float], Problem], rho: float) -> None:
    problem = gaussian(rho)
    fit = fit_of("nuts", problem)
    target = gaussian_posterior(problem.dataset.rows, rho=rho, likelihood_weight=1.0)
    assert_moments(fit, target)
    assert fit.draw_kind is DrawKind.CHAINS
    assert fit.diagnostics.n_divergent == 0
    assert fit.diagnostics.n_leapfrog is not None
    assert fit.diagnostics.n_leapfrog >= 4000
    assert fit.diagnostics.converged is None


#: Step size 0.1 and many iterations: the optimum is known, and what noise is left is small.
TUNED: dict[str, Any] = {
    "eta": 0.1,
    "max_iterations": 20_000,
    "tol_rel_obj": 1e-9,
    "grad_samples": 20,
}
#: What stochastic gradient ascent leaves, in posterior sds, of means, sds and correlation.
OPTIMISER_ERROR_SD = 0.03


@pytest.mark.parametrize(("name", "rho"), [("advi", 0.0), ("advi_fullrank", 0.8)])
def test_advi_has_the_posterior_where_it_can(
    gaussian: Callable[[float], Problem], name: str, rho: float
) -> None:
    problem = gaussian(rho)
    target = gaussian_posterior(problem.dataset.rows, rho=rho, likelihood_weight=1.0)
    fit = fit_of(name, problem, **TUNED)
    assert_moments(fit, target, optimiser_error_sd=OPTIMISER_ERROR_SD)
    assert fit.diagnostics.converged == "no"
    assert fit.diagnostics.n_iterations == 20_000
    assert fit.diagnostics.eta == 0.1


@pytest.mark.slow
def test_mean_field_is_too_narrow_where_coordinates_are_correlated(
    gaussian: Callable[[float], Problem],
) -> None:
    problem = gaussian(0.8)
    target = gaussian_posterior(problem.dataset.rows, rho=0.8, likelihood_weight=1.0)
    fit = fit_of("advi", problem, **TUNED)
    assert_moments(fit, target.mean_field, optimiser_error_sd=OPTIMISER_ERROR_SD)
    assert (target.mean_field.sd < 0.7 * target.sd).all()


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [True, False])
def test_subsample_has_the_posterior_of_its_weighted_rows(
    gaussian: Callable[[float], Problem], *, weighted: bool
) -> None:
    problem = gaussian(0.0)
    fit = fit_of("subsample_advi", problem, weighted=weighted, **TUNED)
    weight = 40 / 25 if weighted else 1.0
    assert fit.used_data == {"n_rows": 25, "likelihood_weight": weight}
    rng = np.random.default_rng([SEED, 1])
    taken = draw_subsample(n_rows=40, m=25, weighted=weighted, rng=rng).indices
    target = gaussian_posterior(problem.dataset.rows[taken], rho=0.0, likelihood_weight=weight)
    assert_moments(fit, target, optimiser_error_sd=OPTIMISER_ERROR_SD)
    full = gaussian_posterior(problem.dataset.rows, rho=0.0, likelihood_weight=1.0)
    assert np.allclose(target.sd, full.sd, rtol=0.01) == weighted


@pytest.mark.slow
def test_replicates_take_other_rows(gaussian: Callable[[float], Problem]) -> None:
    problem = gaussian(0.0)
    centres = [
        theta(fit_of("subsample_advi", problem, seed=seed, **TUNED)).mean(axis=(0, 1))
        for seed in (1, 2)
    ]
    full = gaussian_posterior(problem.dataset.rows, rho=0.0, likelihood_weight=1.0)
    assert (np.abs(centres[0] - centres[1]) > 4 * OPTIMISER_ERROR_SD * full.sd).any()


@pytest.mark.parametrize("weighted", [True, False])
def test_subsample_of_all_rows_is_plain_advi_draw_for_draw(
    mixture: Callable[[str], CompiledProgram], small: Dataset, *, weighted: bool
) -> None:
    problem = Problem(program=mixture("gmm"), dataset=small)
    plain = Advi().fit(problem, seed=SEED)
    subsample = SubsampleAdvi(m=100, weighted=weighted).fit(problem, seed=SEED)
    for group in ("posterior", "sample_stats"):
        assert (
            subsample.read_draws()[group]
            .to_dataset()
            .equals(plain.read_draws()[group].to_dataset())
        )
    np.testing.assert_array_equal(
        subsample.read_draws()["elbo_trace"]["elbo"], plain.read_draws()["elbo_trace"]["elbo"]
    )
    assert subsample.diagnostics == plain.diagnostics
    assert subsample.cost.n_gradients == plain.cost.n_gradients
    assert subsample.used_data == plain.used_data == {"n_rows": 100, "likelihood_weight": 1.0}


def test_rows_beyond_the_data_are_refused_before_the_fit() -> None:
    method = SubsampleAdvi(m=41)
    with pytest.raises(SubsampleError, match=r"m = 41 .*'gaussian'.* N = 40"):
        method.check(gaussian_rows(), gaussian_program(rho=0.0))
    SubsampleAdvi(m=40).check(gaussian_rows(), gaussian_program(rho=0.0))


@pytest.mark.parametrize("method", [Advi(n_draws=50), AdviFullrank(n_draws=50)])
def test_draws_are_cmdstans_rows_without_the_mean(
    gaussian: Callable[[float], Problem], monkeypatch: pytest.MonkeyPatch, method: Advi
) -> None:
    written: list[str] = []

    def keep_file(text: str, *, has_mean_row: bool) -> DrawsFile:
        written.append(text)
        return parse_draws_file(text, has_mean_row=has_mean_row)

    monkeypatch.setattr(advi, "parse_draws_file", keep_file)
    fit = method.fit(gaussian(0.0), seed=SEED)
    lines = [line.split(",") for line in written[0].splitlines() if line[0] != "#"]
    table = np.array(lines[1:], dtype=float)
    column = {name: i for i, name in enumerate(lines[0])}
    assert table.shape == (51, 5)
    drawn = table[1:]
    np.testing.assert_array_equal(theta(fit)[0], drawn[:, [column["theta.1"], column["theta.2"]]])
    stats = fit.read_draws()["sample_stats"]
    np.testing.assert_allclose(
        stats["log_p"].to_numpy()[0], drawn[:, column["log_p__"]], rtol=1e-12
    )
    np.testing.assert_array_equal(stats["log_q"].to_numpy()[0], drawn[:, column["log_g__"]])
    assert not (theta(fit)[0] == table[0, column["theta.1"] : column["theta.2"] + 1]).any()


def test_advi_tells_how_it_ended(gaussian: Callable[[float], Problem]) -> None:
    fit = fit_of("advi", gaussian(0.0), max_iterations=10_000)
    assert fit.diagnostics.converged in {"mean", "median", "mean and median"}
    assert fit.diagnostics.eta in {100.0, 10.0, 1.0, 0.1, 0.01}
    trace = fit.read_draws()["elbo_trace"]
    assert fit.diagnostics.elbo == trace["elbo"].to_numpy()[-1]
    assert fit.diagnostics.n_iterations == trace["iteration"].to_numpy()[-1] < 10_000
    stopped = fit_of("advi", gaussian(0.0), max_iterations=200, tol_rel_obj=1e-9)
    assert stopped.diagnostics.converged == "no"
    assert "all 200 iterations" in stopped.warnings[0]


def test_advi_counts_gradients_of_its_search_and_of_its_ascent(
    gaussian: Callable[[float], Problem],
) -> None:
    fit = fit_of("advi", gaussian(0.0), grad_samples=3, adapt_iterations=20)
    assert fit.diagnostics.etas_tried == (100.0, 10.0, 1.0, 0.1)
    assert fit.diagnostics.n_iterations is not None
    assert fit.cost.n_gradients == 3 * (4 * 20 + fit.diagnostics.n_iterations)
    given = fit_of("advi", gaussian(0.0), eta=0.1, max_iterations=250, tol_rel_obj=1e-9)
    assert given.diagnostics.etas_tried == ()
    assert given.diagnostics.n_iterations == given.cost.n_gradients == 250
    assert given.cost.adapt_time_s == 0.0
    assert given.diagnostics.n_retries == 0


def test_step_size_is_the_one_used_where_the_console_prints_another(
    gaussian: Callable[[float], Problem],
) -> None:
    """With nothing better than the last of the grid, CmdStan prints the last but one."""
    problem = with_data(gaussian(0.0), prior_sd=0.1)
    options = {"adapt_iterations": 2, "elbo_samples": 2, "max_iterations": 100}
    fit = fit_of("advi", problem, seed=3, **options)
    assert fit.diagnostics.etas_tried == (100.0, 10.0, 1.0, 0.1, 0.01)
    assert fit.diagnostics.eta == 0.01


def test_advi_tries_again_where_all_step_sizes_failed(
    gaussian: Callable[[float], Problem],
) -> None:
    problem = with_data(gaussian(0.0), prior_sd=0.1)
    options = {"adapt_iterations": 1, "elbo_samples": 2, "max_iterations": 100}
    fit = fit_of("advi", problem, seed=6, **options)
    assert fit.diagnostics.n_retries == 1
    assert {"6", "1:"} <= set(re.split(r"[ ()]", fit.warnings[0]))
    assert "All proposed step-sizes failed" in fit.warnings[0]
    with pytest.raises(FitError, match=r"step-sizes"):
        fit_of("advi", problem, seed=6, max_retries=0, **options)


@pytest.mark.slow
def test_error_of_the_elbo_is_the_scatter_of_its_trace(
    gaussian: Callable[[float], Problem],
) -> None:
    """At the optimum, with small steps, evaluations differ by their Monte Carlo error alone."""
    fit = fit_of("advi", gaussian(0.0), **TUNED, elbo_samples=25)
    last = fit.read_draws()["elbo_trace"]["elbo"].to_numpy()[-100:]
    assert fit.diagnostics.elbo_mcse is not None
    ratio = last.std(ddof=1) / fit.diagnostics.elbo_mcse
    assert abs(np.log(ratio)) < 4 * np.sqrt(1 / 200 + 1 / 2000)
    # of two dimensions at the optimum the log density is -chi-squared(2) / 2, of sd 1
    assert abs(fit.diagnostics.elbo_mcse * np.sqrt(25) - 1) < 4 * np.sqrt(2 / 1000)


def test_nuts_counts_the_gradients_of_warm_up(gaussian: Callable[[float], Problem]) -> None:
    problem = gaussian(0.0)
    fit = Nuts(n_chains=2, n_warmup=300, n_draws=100).fit(problem, seed=SEED)
    assert set(fit.read_draws().children) == {"posterior", "sample_stats"}
    assert fit.read_draws()["sample_stats"].sizes["draw"] == 100
    assert fit.diagnostics.n_leapfrog == int(fit.read_draws()["sample_stats"]["n_steps"].sum())
    assert fit.cost.n_gradients is not None
    after = fit.diagnostics.n_leapfrog + 2 * 100
    assert fit.cost.n_gradients > after + 2 * 300 * 2
    unadapted = Nuts(n_chains=2, n_warmup=300, n_draws=100, max_tree_depth=1)
    counted = unadapted.fit(problem, seed=SEED)
    assert counted.cost.n_gradients is not None
    assert counted.cost.n_gradients <= 2 * 400 * 2


def test_nuts_counts_what_it_flags(gaussian: Callable[[float], Problem]) -> None:
    fit = Nuts(n_chains=2, n_warmup=50, n_draws=100, max_tree_depth=1).fit(gaussian(0.8), seed=SEED)
    assert theta(fit).shape == (2, 100, 2)
    depth = fit.read_draws()["sample_stats"]["tree_depth"].to_numpy()
    n_limit = int((depth >= 1).sum())
    assert fit.diagnostics.n_tree_depth_limit == n_limit > 0
    assert fit.diagnostics.tree_depth_max == 1
    assert any(line.startswith(f"{n_limit} of 200 ") for line in fit.warnings)
