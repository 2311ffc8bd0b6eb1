"""Scores of draws against closed forms and CmdStan's own, and draws that have none."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from harness.data.dataset import Dataset
from harness.fits.fit import DrawKind, Fit, Status, log_weights
from harness.methods import METHODS, Problem, advi, make_method, scoring
from harness.methods.advi import Advi
from harness.methods.draws_file import DrawsFile, parse_draws_file
from harness.methods.scoring import score_draws, scored_draws
from harness.methods.subsample_advi import SubsampleAdvi
from harness.program.compilation import CompiledProgram
from tests.cases import FloatArray, gaussian_posterior, known_fit

SEED = 20_250
NEEDED = {"subsample_advi": {"m": 25}}


def stat(fit: Fit, name: str) -> FloatArray:
    """A statistic of the only chain."""
    return np.asarray(fit.read_draws()["sample_stats"][name].to_numpy()[0])


@pytest.mark.parametrize(
    "name", [name for name in METHODS if name not in {"nuts", "minibatch_advi"}]
)
def test_every_approximation_is_scored_under_the_full_posterior(
    gaussian: Callable[[float], Problem], name: str
) -> None:
    problem = gaussian(0.8)
    fit = make_method(name, NEEDED.get(name, {})).fit(problem, seed=SEED)
    assert fit.draw_kind is DrawKind.INDEPENDENT
    theta = fit.read_draws()["posterior"]["theta"].to_numpy()[0]
    target = gaussian_posterior(problem.dataset.rows, rho=0.8, likelihood_weight=1.0)
    offset = stat(fit, "log_p") - multivariate_normal.logpdf(theta, target.mean, target.covariance)
    np.testing.assert_allclose(offset, offset[0], rtol=0, atol=1e-8)
    gradient = fit.read_draws()["sample_stats"]["log_p_gradient"]
    assert gradient.dims == ("chain", "draw", "unconstrained")
    assert list(gradient["unconstrained"].to_numpy()) == ["theta.1", "theta.2"]
    expected = -np.linalg.solve(target.covariance, (theta - target.mean).T).T
    np.testing.assert_allclose(gradient.to_numpy()[0], expected, rtol=1e-8, atol=1e-8)
    assert np.isfinite(stat(fit, "log_q")).all()


def own_log_p(monkeypatch: pytest.MonkeyPatch, method: Advi, problem: Problem) -> FloatArray:
    """Scores minus CmdStan's own log density of the same draws."""
    read: list[DrawsFile] = []

    def keep(text: str, *, has_mean_row: bool) -> DrawsFile:
        read.append(parse_draws_file(text, has_mean_row=has_mean_row))
        return read[-1]

    monkeypatch.setattr(advi, "parse_draws_file", keep)
    fit = method.fit(problem, seed=SEED)
    return stat(fit, "log_p") - read[-1].column("log_p__")


def test_scores_are_cmdstans_own_for_full_data_only(
    mixture: Callable[[str], CompiledProgram], small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mixture has a simplex, whose Jacobian counts and whose digits must not be cut."""
    problem = Problem(program=mixture("gmm"), dataset=small)
    full = own_log_p(monkeypatch, Advi(), problem)
    np.testing.assert_allclose(full, full[0], rtol=0, atol=1e-8)
    whole = own_log_p(monkeypatch, SubsampleAdvi(m=100), problem)
    np.testing.assert_array_equal(whole, full)
    assert own_log_p(monkeypatch, SubsampleAdvi(m=50), problem).std() > 0.1
    assert own_log_p(monkeypatch, SubsampleAdvi(m=50, weighted=False), problem).std() > 0.1


def points(shares: list[float]) -> DrawsFile:
    """Draws of the mixture's parameters with the first share given."""
    lines = [f"{1 + share},1,-1,-1,{share},{1 - share}" for share in shares]
    header = "log_q__,mu.1.1,mu.2.1,mu.1.2,mu.2.2,pi.1,pi.2"
    return parse_draws_file("\n".join([header, *(f"0,{line}" for line in lines)]))


@pytest.mark.parametrize("outside", [[3], [0, 7], [0, 1, 2, 3, 4, 5, 6, 7]])
def test_draws_outside_of_the_support_have_no_score_and_the_others_keep_theirs(
    mixture: Callable[[str], CompiledProgram], small: Dataset, outside: list[int]
) -> None:
    problem = Problem(program=mixture("gmm"), dataset=small)
    inside = points([0.1 + 0.1 * i for i in range(8)])
    shares = [-0.5 if i in outside else 0.1 + 0.1 * i for i in range(8)]
    kept = np.setdiff1d(np.arange(8), outside)
    draws = scored_draws(problem, points(shares), log_q=np.zeros(8), seed=SEED)
    log_p = draws.tree["sample_stats"]["log_p"].to_numpy()[0]
    np.testing.assert_array_equal(log_p[kept], score_draws(problem, inside).log_p[kept])
    assert np.isnan(log_p[outside]).all()
    assert np.isfinite(log_p[kept]).all()
    assert draws.warnings == (f"CmdStan gives no log density for {len(outside)} of 8 draws",)


def test_search_for_draws_without_a_score_ends(
    mixture: Callable[[str], CompiledProgram], small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "_MAX_CALLS", 2)
    problem = Problem(program=mixture("gmm"), dataset=small)
    log_p = score_draws(problem, points([0.1, 0.2, 0.3, -0.5])).log_p
    np.testing.assert_array_equal(np.isnan(log_p), [False, False, True, True])


def test_fit_without_a_score_stays_ok(
    gaussian: Callable[[float], Problem], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "_MAX_CALLS", 0)
    fit = SubsampleAdvi(m=25, n_draws=20).fit(gaussian(0.0), seed=SEED)
    assert fit.status is Status.OK
    assert np.isnan(stat(fit, "log_p")).all()
    assert stat(fit, "log_p_gradient").shape == (20, 0)
    assert fit.warnings[-1] == "CmdStan gives no log density for 20 of 20 draws"


def test_log_weights_are_those_of_draws_from_the_approximation() -> None:
    chains = known_fit({"x": np.zeros((1, 3))})
    assert log_weights(chains) is None
    assert log_weights(dataclasses.replace(chains, draws=None)) is None
    unscored = dataclasses.replace(chains, draw_kind=DrawKind.INDEPENDENT)
    assert log_weights(unscored) is None
    stats = unscored.read_draws()["sample_stats"]
    stats["log_p"] = stats["lp"] + np.array([[1.0, 2.0, np.nan]])
    stats["log_q"] = stats["lp"] + 0.5
    np.testing.assert_array_equal(log_weights(unscored), [0.5, 1.5, np.nan])
