"""Pathfinder on a posterior known in closed form, and its resampling."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.errors import MethodError
from harness.fits.fit import Fit, log_weights
from harness.methods import Problem, make_method, pathfinder
from harness.methods.cmdstan_run import Console, Timed, run_method
from harness.methods.pathfinder import Pathfinder
from harness.metrics.psis import psis
from harness.program.compilation import CompiledProgram
from tests.cases import gaussian_posterior, gaussian_program, gaussian_rows

SEED = 20_250


def rows(fit: Fit) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """All parameters of each draw, its scores and path."""
    stats = fit.read_draws()["sample_stats"]
    columns = [stats[name].to_numpy()[0] for name in ("log_p", "log_q", "path")]
    return np.column_stack(columns)


@pytest.mark.parametrize("n_paths", [1, 4])
def test_gaussian_is_found(gaussian: Callable[[float], Problem], n_paths: int) -> None:
    problem = gaussian(0.8)
    fit = Pathfinder(n_paths=n_paths, n_draws=4000, n_draws_per_path=4000).fit(problem, seed=SEED)
    target = gaussian_posterior(problem.dataset.rows, rho=0.8, likelihood_weight=1.0)
    theta = fit.read_draws()["posterior"]["theta"].to_numpy()[0]
    assert theta.shape == (4000, 2)
    np.testing.assert_allclose(theta.mean(axis=0), target.mean, atol=0.1 * target.sd.min())
    np.testing.assert_allclose(np.cov(theta.T), target.covariance, rtol=0.15)
    weights = log_weights(fit)
    assert weights is not None
    assert weights.size == n_paths * 4000
    assert psis(weights).k_hat < 0.5
    assert set(np.unique(rows(fit)[:, 2])) == set(range(1, n_paths + 1))
    assert ("proposals" in fit.read_draws().children) == (n_paths > 1)


def test_draws_are_resampled_from_the_proposals(
    mixture: Callable[[str], CompiledProgram], small: Dataset
) -> None:
    """Each draw is a proposal with the same scores; they come back as often as weights say."""
    problem = Problem(program=mixture("gmm"), dataset=small)
    fit = Pathfinder().fit(problem, seed=SEED)
    proposals = fit.read_draws()["proposals"]
    assert proposals["log_p"].shape == (4000,)
    index = np.searchsorted(np.sort(proposals["log_q"].to_numpy()), rows(fit)[:, 1])
    order = np.argsort(proposals["log_q"].to_numpy())
    drawn = order[index]
    np.testing.assert_array_equal(proposals["log_q"].to_numpy()[drawn], rows(fit)[:, 1])
    np.testing.assert_array_equal(proposals["path"].to_numpy()[drawn], rows(fit)[:, 2])
    np.testing.assert_allclose(proposals["log_p"].to_numpy()[drawn], rows(fit)[:, 0], atol=1e-8)
    weights = log_weights(fit)
    assert weights is not None
    expected = 1000 * psis(weights).weights
    counts = np.bincount(drawn, minlength=4000)
    by_weight = np.array_split(np.argsort(expected), 4)
    for part in by_weight:
        assert abs(counts[part].sum() - expected[part].sum()) < 4 * np.sqrt(expected[part].sum())


@pytest.mark.parametrize("option", ["psis_resample", "calculate_log_p"])
def test_without_resampling_the_proposals_are_the_draws(
    gaussian: Callable[[float], Problem], option: str
) -> None:
    method = make_method("pathfinder", {option: False, "n_draws_per_path": 100})
    fit = method.fit(gaussian(0.0), seed=SEED)
    assert rows(fit).shape == (400, 3)
    assert np.isfinite(rows(fit)).all()
    assert "proposals" not in fit.read_draws().children
    weights = log_weights(fit)
    assert weights is not None
    assert weights.size == 400


def test_cost_counts_the_gradients_of_lbfgs(gaussian: Callable[[float], Problem]) -> None:
    fit = Pathfinder(n_elbo_draws=7).fit(gaussian(0.0), seed=SEED)
    more = Pathfinder(n_elbo_draws=50).fit(gaussian(0.0), seed=SEED)
    assert fit.cost.n_gradients == more.cost.n_gradients
    assert fit.cost.n_gradients is not None
    assert fit.diagnostics.n_iterations is not None
    assert fit.diagnostics.n_iterations < fit.cost.n_gradients < 5 * fit.diagnostics.n_iterations
    assert fit.cost.adapt_time_s == 0.0
    assert fit.cost.run_time_s == fit.fit_time_s


def test_large_k_hat_is_told(mixture: Callable[[str], CompiledProgram]) -> None:
    """One row leaves the prior's heavy tails, towards shares of 0, to a Gaussian."""
    lonely = Dataset(name="lonely", rows=np.array([[0.0, 0.1]]))
    fit = Pathfinder(n_paths=2).fit(Problem(program=mixture("gmm"), dataset=lonely), seed=1)
    weights = log_weights(fit)
    assert weights is not None
    assert fit.diagnostics.k_hat_reported == pytest.approx(psis(weights).k_hat, abs=0.02)
    (warning,) = fit.warnings
    assert re.findall(r"\d\.\d+", warning) == ["0.72", "0.7"]


def test_failed_path_costs_no_other_paths_draws(
    mixture: Callable[[str], CompiledProgram],
    small: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Four inits, one outside of the support; Stan 2.39 then loses draws of the paths behind."""
    for path, share in enumerate([0.3, 0.9, 0.4, 0.2], start=1):
        rest = 0.9 if path == 2 else 1 - share
        init = {"pi": [share, rest], "mu": [[1, 1], [-1, -1]]}
        (tmp_path / f"init_{path}.json").write_text(json.dumps(init))
    calls: list[int] = []

    def with_inits(*arguments: Any, **options: Any) -> Timed[Console]:
        calls.append(1)
        return run_method(*arguments, **(options | {"init_radius": f"{tmp_path}/init.json"}))

    monkeypatch.setattr(pathfinder, "run_method", with_inits)
    fit = Pathfinder().fit(Problem(program=mixture("gmm"), dataset=small), seed=SEED)
    assert len(calls) == 3  # with the paths' files, without them, and for more draws
    (warning,) = fit.warnings
    assert re.findall(r"\d+", warning) == ["1", "4"]
    assert rows(fit).shape == (1000, 3)
    assert set(rows(fit)[:, 2]) == {1, 3, 4}
    assert set(fit.read_draws()["proposals"]["path"].to_numpy()) == {1, 3, 4}
    assert fit.read_draws()["proposals"]["log_p"].shape == (3000,)
    assert fit.read_draws()["scores"]["log_p"].shape == (7500,)


def test_more_draws_than_the_paths_have_are_refused_before_the_fit() -> None:
    method = Pathfinder(n_paths=2, n_draws_per_path=100, n_draws=201)
    with pytest.raises(MethodError, match=r"n_draws = 201 .*200 .* 2 paths"):
        method.check(gaussian_rows(), gaussian_program(rho=0.0))
    Pathfinder(n_paths=2, n_draws_per_path=100, n_draws=200).check(
        gaussian_rows(), gaussian_program(rho=0.0)
    )
    Pathfinder(n_paths=1, n_draws_per_path=100, n_draws=201).check(
        gaussian_rows(), gaussian_program(rho=0.0)
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [("n_paths", 0), ("history_size", -1), ("init_radius", 0.0), ("psis_resample", 1)],
)
def test_options_have_bounds(option: str, value: float) -> None:
    with pytest.raises(MethodError, match=f"'pathfinder': '{option}'"):
        make_method("pathfinder", {option: value})
