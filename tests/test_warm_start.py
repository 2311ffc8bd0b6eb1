"""NUTS from a cheap approximation: where it starts, what that costs, and what is refused."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import cmdstanpy
import numpy as np
import pytest

from harness.errors import FitError, MethodError, SubsampleError
from harness.fits.fit import Fit
from harness.methods import Problem, make_method
from harness.methods.laplace import Laplace
from harness.methods.nuts import Nuts
from harness.methods.warm_start import (
    APPROXIMATIONS,
    make_approximation,
    shrunk_covariance,
    warm_start,
)
from harness.metrics import chains
from tests.cases import FloatArray, gaussian_posterior, gaussian_program, gaussian_rows

SEED = 20_250
#: Options that each approximation needs, or that make it a good one here.
NEEDED: dict[str, dict[str, Any]] = {
    "subsample_advi": {"m": 30, "eta": 0.1, "max_iterations": 2000, "tol_rel_obj": 1e-9}
}

#: The others take the same way.
each_approximation = pytest.mark.parametrize(
    "name", ["pathfinder", "laplace", "subsample_advi", "vi_fullrank"]
)


def theta(fit: Fit) -> FloatArray:
    """Draws of ``theta``, shape (chain, draw, 2)."""
    return np.asarray(fit.read_draws()["posterior"]["theta"].to_numpy())


def warm(name: str, **options: Any) -> Nuts:
    method = make_method(
        "nuts", {"warm_start": name, "warm_start_options": NEEDED.get(name, {}), **options}
    )
    assert isinstance(method, Nuts)
    return method


def assert_moments(fit: Fit, problem: Problem, *, rho: float) -> None:
    target = gaussian_posterior(problem.dataset.rows, rho=rho, likelihood_weight=1.0)
    for i in range(2):
        values = theta(fit)[..., i]
        assert chains.r_hat(values) < 1.01
        assert abs(values.mean() - target.mean[i]) < 4 * chains.mcse_mean(values)
        assert abs(values.std(ddof=1) - target.sd[i]) < 4 * chains.mcse_sd(values)


@each_approximation
@pytest.mark.parametrize("adapt_metric", [True, False])
def test_short_warm_up_has_the_posterior(
    gaussian: Callable[[float], Problem], name: str, *, adapt_metric: bool
) -> None:
    problem = gaussian(0.8)
    fit = warm(name, n_warmup=80, adapt_metric=adapt_metric).fit(problem, seed=SEED)
    assert_moments(fit, problem, rho=0.8)
    assert fit.diagnostics.n_divergent == 0
    assert re.search(f"'{name}': 4 ", fit.warnings[0])
    assert fit.used_data == {"n_rows": 40, "likelihood_weight": 1.0}


@pytest.mark.parametrize("n_warmup", [1, 19, 20, 50, 149, 150, 200])
def test_any_length_of_warm_up_works(gaussian: Callable[[float], Problem], n_warmup: int) -> None:
    """CmdStan shortens its windows below 150 iterations and has none below 20."""
    problem = gaussian(0.8)
    fit = warm("laplace", n_warmup=n_warmup, n_chains=2).fit(problem, seed=SEED)
    assert theta(fit).shape == (2, 1000, 2)
    target = gaussian_posterior(problem.dataset.rows, rho=0.8, likelihood_weight=1.0)
    mcse = np.array([chains.mcse_mean(theta(fit)[..., i]) for i in range(2)])
    assert (np.abs(theta(fit).mean(axis=(0, 1)) - target.mean) < 4 * mcse).all()


def test_warm_up_without_windows_keeps_the_metric(gaussian: Callable[[float], Problem]) -> None:
    """Stan 2.39 shortens its windows below 150 iterations and then never ends one."""
    problem = gaussian(0.8)

    def draws(n_warmup: int, *, adapt_metric: bool) -> FloatArray:
        method = warm("laplace", n_warmup=n_warmup, n_draws=50, adapt_metric=adapt_metric)
        return theta(method.fit(problem, seed=SEED))

    np.testing.assert_array_equal(draws(149, adapt_metric=True), draws(149, adapt_metric=False))
    assert not np.isclose(draws(150, adapt_metric=True), draws(150, adapt_metric=False)).all()


def test_metric_is_the_posteriors_covariance(gaussian: Callable[[float], Problem]) -> None:
    """Laplace is exact on a Gaussian, so that only 200 draws' Monte Carlo error is left."""
    problem = gaussian(0.8)
    target = gaussian_posterior(problem.dataset.rows, rho=0.8, likelihood_weight=1.0)
    variances = np.diag(target.covariance)
    dense, diagonal = (
        warm_start(problem, Laplace(n_draws=200), n_chains=4, metric=metric, seed=SEED).inv_metric
        for metric in ("dense_e", "diag_e")
    )
    assert dense is not None
    assert diagonal is not None
    np.testing.assert_array_equal(diagonal, np.diag(dense))
    n = 200
    unshrunk = (dense - 5 / (n + 5) * 1e-3 * np.eye(2)) * (n + 5) / n
    slack = 4 * variances[0] * np.sqrt(2 / n)
    np.testing.assert_allclose(unshrunk, target.covariance, rtol=0, atol=slack)


def test_shrinkage_is_stans() -> None:
    rng = np.random.default_rng(5)
    points = rng.normal(size=(7, 3)) * [1.0, 10.0, 0.1]
    expected = 7 / 12 * np.cov(points.T) + 1e-3 * 5 / 12 * np.eye(3)
    np.testing.assert_allclose(shrunk_covariance(points), expected, rtol=1e-12)
    few = shrunk_covariance(points[:2])
    assert np.linalg.eigvalsh(few).min() > 0
    np.testing.assert_allclose(shrunk_covariance(points[:4, :1]).shape, (1, 1))


@pytest.mark.parametrize("metric", ["diag_e", "dense_e", "unit_e"])
def test_cmdstan_is_given_inits_and_metric_and_keeps_it(
    gaussian: Callable[[float], Problem], monkeypatch: pytest.MonkeyPatch, metric: str
) -> None:
    problem = gaussian(0.8)
    given: list[dict[str, Any]] = []
    metrics: list[FloatArray | None] = []
    sample = cmdstanpy.CmdStanModel.sample

    def spy(model: cmdstanpy.CmdStanModel, **options: Any) -> cmdstanpy.CmdStanMCMC:
        mcmc = sample(model, **options)
        given.append(options)
        metrics.append(mcmc.inv_metric)
        return mcmc

    monkeypatch.setattr(cmdstanpy.CmdStanModel, "sample", spy)
    method = warm("laplace", n_warmup=50, n_draws=50, metric=metric, adapt_metric=False)
    method.fit(problem, seed=SEED)
    approximation = make_approximation("laplace", {}, n_chains=4, init_radius=2.0)
    start = warm_start(problem, approximation, n_chains=4, metric=method.metric, seed=SEED)
    inits = [values["theta"] for values in given[0]["inits"]]
    np.testing.assert_array_equal(inits, [values["theta"] for values in start.inits])
    assert given[0]["metric"] == metric
    if start.inv_metric is None:
        assert metric == "unit_e"
        assert "inv_metric" not in given[0]
    else:
        assert metrics[0] is not None
        # CmdStan prints six digits of it
        np.testing.assert_allclose(metrics[0], np.stack([start.inv_metric] * 4), rtol=1e-5)


def test_inits_are_distinct_draws_by_seed(gaussian: Callable[[float], Problem]) -> None:
    problem = gaussian(0.8)
    first, again, other = (
        warm_start(problem, Laplace(), n_chains=20, metric="diag_e", seed=seed)
        for seed in (SEED, SEED, SEED + 1)
    )
    inits = np.array([values["theta"] for values in first.inits])
    assert np.unique(inits, axis=0).shape == (20, 2)
    np.testing.assert_array_equal(inits, [values["theta"] for values in again.inits])
    assert not np.isin(inits, [values["theta"] for values in other.inits]).any()
    target = gaussian_posterior(problem.dataset.rows, rho=0.8, likelihood_weight=1.0)
    assert (np.abs(inits - target.mean) < 5 * target.sd).all()


@each_approximation
def test_seed_decides_the_draws(gaussian: Callable[[float], Problem], name: str) -> None:
    problem = gaussian(0.0)
    method = warm(name, n_warmup=50, n_draws=100)
    first, again, other = (theta(method.fit(problem, seed=s)) for s in (SEED, SEED, SEED + 1))
    np.testing.assert_array_equal(first, again)
    assert not np.isclose(first, other).any()


@each_approximation
def test_cost_includes_the_approximation(gaussian: Callable[[float], Problem], name: str) -> None:
    problem = gaussian(0.0)
    method = warm(name, n_warmup=50, n_draws=100)
    fit = method.fit(problem, seed=SEED)
    approximation = method._approximation()
    assert approximation is not None
    start = warm_start(problem, approximation, n_chains=4, metric="diag_e", seed=SEED)
    assert start.n_gradients is not None
    assert start.n_gradients > 0
    sampled = theta(fit).shape[0] * 150  # each transition begins with a gradient
    assert fit.cost.n_gradients is not None
    assert fit.cost.n_gradients > start.n_gradients + sampled
    cost = fit.cost
    assert cost.adapt_time_s is not None
    assert cost.run_time_s is not None
    assert fit.fit_time_s == pytest.approx(cost.adapt_time_s + cost.run_time_s)
    counted = re.findall(r"([\d.]+) s ", fit.warnings[0])
    assert 0 < float(counted[-1]) < 1.1 * cost.adapt_time_s


def test_one_chain_and_inits_alone(gaussian: Callable[[float], Problem]) -> None:
    problem = gaussian(0.0)
    fit = warm("laplace", n_chains=1, n_warmup=100, metric="unit_e").fit(problem, seed=SEED)
    assert theta(fit).shape == (1, 1000, 2)
    assert "inverse metric" not in fit.warnings[0]


REFUSED: dict[str, dict[str, Any]] = {
    "n_draws = 3 draws of 'laplace' for 4 chains": {
        "warm_start": "laplace",
        "warm_start_options": {"n_draws": 3},
    },
    "warm start: method 'laplace' has no option 'm'": {
        "warm_start": "laplace",
        "warm_start_options": {"m": 3},
    },
    r"warm start: options of method 'subsample_advi': 'm'": {"warm_start": "subsample_advi"},
    "'warm_start_options' but no 'warm_start'": {"warm_start_options": {"m": 3}},
    "adapt_metric = false but no 'warm_start'": {"adapt_metric": False},
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_is_refused_in_one_line(message: str) -> None:
    with pytest.raises(MethodError, match=message) as caught:
        make_method("nuts", REFUSED[message]).check(gaussian_rows(), gaussian_program(rho=0.0))
    assert "\n" not in str(caught.value)


def test_subsample_beyond_the_data_is_refused() -> None:
    method = warm("subsample_advi", warm_start_options={"m": 41})
    with pytest.raises(SubsampleError, match=r"m = 41 rows .* N = 40"):
        method.check(gaussian_rows(), gaussian_program(rho=0.0))
    with pytest.raises(MethodError, match="'nuts': 'warm_start'"):
        make_method("nuts", {"warm_start": "advii"})


@each_approximation
def test_failure_names_the_approximation(gaussian: Callable[[float], Problem], name: str) -> None:
    problem = gaussian(2.0)  # no correlation
    with pytest.raises(FitError, match=f"'{name}' .*rho") as caught:
        warm(name).fit(problem, seed=SEED)
    assert "\n" not in str(caught.value)


def test_too_few_distinct_draws_are_a_failure(gaussian: Callable[[float], Problem]) -> None:
    @dataclasses.dataclass(frozen=True)
    class Stuck(Laplace):
        def fit(self, problem: Problem, *, seed: int) -> Fit:
            fit = super().fit(problem, seed=seed)
            fit.read_draws()["posterior"]["theta"].to_numpy()[:] = 1.0
            return fit

    with pytest.raises(FitError, match=r"'laplace' .* 1 .* 4"):
        warm_start(gaussian(0.0), Stuck(), n_chains=4, metric="diag_e", seed=SEED)


def test_names_are_those_that_the_option_allows() -> None:
    allowed = get_type_hints(Nuts)["warm_start"]
    names = {name for part in get_args(allowed) for name in get_args(part)}
    assert names == set(APPROXIMATIONS)
    assert {cls.name for cls in APPROXIMATIONS.values()} == names


def test_a_method_with_options_of_another_can_be_a_key() -> None:
    method = warm("subsample_advi")
    assert {method: 1}[warm("subsample_advi")] == 1
    assert method != warm("subsample_advi", warm_start_options={"m": 31})


def test_approximations_start_where_the_sampler_would() -> None:
    for name, options in (("laplace", {}), ("laplace", {"init_radius": 0.5})):
        made = make_approximation(name, options, n_chains=4, init_radius=0.1)
        assert isinstance(made, Laplace)
        assert made.init_radius == options.get("init_radius", 0.1)
        assert made.n_draws == 200
