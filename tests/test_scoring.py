"""Scores of draws against closed forms and CmdStan's own, and draws that have none."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from scipy.stats import multivariate_normal

from harness.data.dataset import Dataset
from harness.errors import DensityError, FitError
from harness.fits.fit import DrawKind, Fit, Status, log_weights
from harness.methods import METHODS, Problem, advi, evaluation, make_method
from harness.methods.advi import Advi
from harness.methods.density import open_density
from harness.methods.draws_file import DrawsFile, parse_draws_file
from harness.methods.evaluation import MAX_POINTS, Further, evaluate, evaluate_further
from harness.methods.laplace import Laplace
from harness.methods.scored import ScoredDraws
from harness.methods.scoring import drawn_points, scored_draws
from harness.methods.subsample_advi import SubsampleAdvi
from harness.program.compilation import CompiledProgram
from harness.program.log_density import Density
from tests.cases import FloatArray, gaussian_posterior, known_fit

SEED = 20_250
NEEDED = {"subsample_advi": {"m": 25}}


def stat(fit: Fit, name: str) -> FloatArray:
    """A statistic of the only chain."""
    return np.asarray(fit.read_draws()["sample_stats"][name].to_numpy()[0])


@pytest.mark.parametrize(
    "name",
    [name for name, method in METHODS.items() if method.draw_kind is DrawKind.INDEPENDENT],
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
    points = fit.read_draws()["points"]
    assert points["gradient"].dims == ("point", "unconstrained")
    assert list(points["unconstrained"].to_numpy()) == ["theta.1", "theta.2"]
    at = points["position"].to_numpy()
    np.testing.assert_array_equal(at, theta[:: -(-len(theta) // MAX_POINTS)])
    expected = -np.linalg.solve(target.covariance, (at - target.mean).T).T
    np.testing.assert_allclose(points["gradient"], expected, rtol=1e-8, atol=1e-8)
    assert np.isfinite(stat(fit, "log_q")).all()


def own_log_p(monkeypatch: pytest.MonkeyPatch, method: Advi, problem: Problem) -> FloatArray:
    """Scores minus CmdStan's own log density of the same draws."""
    read: list[DrawsFile] = []

    def keep(text: str, *, has_mean_row: bool) -> DrawsFile:
        read.append(parse_draws_file(text, has_mean_row=has_mean_row))
        return read[-1]

    monkeypatch.setattr(advi, "parse_draws_file", keep)
    fit = method.fit(problem, seed=SEED)
    return stat(fit, "log_p") - read[0].column("log_p__")


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


def draws_file(shares: list[float]) -> DrawsFile:
    """Draws of the mixture's parameters with the first share given."""
    lines = [f"{1 + share},1,-1,-1,{share},{1 - share}" for share in shares]
    header = "log_q__,mu.1.1,mu.2.1,mu.1.2,mu.2.2,pi.1,pi.2"
    return parse_draws_file("\n".join([header, *(f"0,{line}" for line in lines)]))


def score(problem: Problem, shares: list[float]) -> ScoredDraws:
    log_q = np.zeros(len(shares))
    return scored_draws(problem, draws_file(shares), log_q=log_q, own_log_p=None, seed=SEED)


def log_p_of(draws: ScoredDraws) -> FloatArray:
    return np.asarray(draws.tree["sample_stats"]["log_p"].to_numpy()[0])


@pytest.mark.parametrize("outside", [[3], [0, 7], [0, 1, 2, 3, 4, 5, 6, 7]])
def test_draws_outside_of_the_support_have_no_score_and_the_others_keep_theirs(
    mixture: Callable[[str], CompiledProgram], small: Dataset, outside: list[int]
) -> None:
    problem = Problem(program=mixture("gmm"), dataset=small)
    shares = [0.1 + 0.1 * i for i in range(8)]
    inside = log_p_of(score(problem, shares))
    draws = score(problem, [-0.5 if i in outside else share for i, share in enumerate(shares)])
    kept = np.setdiff1d(np.arange(8), outside)
    log_p = log_p_of(draws)
    np.testing.assert_array_equal(log_p[kept], inside[kept])
    assert np.isnan(log_p[outside]).all()
    assert np.isfinite(inside).all()
    (warning,) = draws.warnings
    assert warning.startswith(f"{len(outside)} of 8 draws have no log density: ")
    assert "-0.5" in warning
    n_points = draws.tree["points"].sizes["point"] if "points" in draws.tree.children else 0
    assert n_points == 8 - len(outside)


def test_draw_on_a_bound_has_no_score(
    mixture: Callable[[str], CompiledProgram], small: Dataset
) -> None:
    """A share that is 0 in floating point lies infinitely far away."""
    draws = score(Problem(program=mixture("gmm"), dataset=small), [0.3, 0.0])
    np.testing.assert_array_equal(np.isnan(log_p_of(draws)), [False, True])
    assert draws.warnings[0].startswith("1 of 2 draws have no log density: ")


def test_fit_whose_density_cannot_be_asked_stays_ok(
    gaussian: Callable[[float], Problem], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise DensityError("the process was killed by SIGKILL")

    monkeypatch.setattr(Density, "gradient", die)
    fit = Advi(n_draws=20).fit(gaussian(0.0), seed=SEED)
    assert fit.status is Status.OK
    assert np.isnan(stat(fit, "log_p")).all()
    assert not {"points", "scores"} & set(fit.read_draws().children)
    assert fit.warnings[-1].startswith("20 of 20 draws have no log density: ")
    assert "SIGKILL" in fit.warnings[-1]


@pytest.mark.parametrize("name", ["advi", "advi_fullrank", "laplace", "pathfinder"])
def test_a_cheap_density_scores_ten_thousand_draws_of_the_same_approximation(
    gaussian: Callable[[float], Problem], name: str
) -> None:
    fit = make_method(name, {"n_draws": 50}).fit(gaussian(0.8), seed=SEED)
    assert stat(fit, "log_p").shape == (50,)
    scores = fit.read_draws()["scores"].to_dataset()
    assert scores.sizes == {"score": 10_000}
    if name == "pathfinder":  # whose draws are resampled
        assert set(stat(fit, "log_q")) <= set(scores["log_q"].to_numpy())
        return
    np.testing.assert_array_equal(scores["log_q"][:50], stat(fit, "log_q"))
    np.testing.assert_allclose(scores["log_p"][:50], stat(fit, "log_p"), rtol=1e-12)


def test_a_slow_density_scores_no_more_draws_than_there_are(
    gaussian: Callable[[float], Problem], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "_MAX_S", 0.0)
    fit = Laplace(n_draws=50).fit(gaussian(0.8), seed=SEED)
    assert "scores" not in fit.read_draws().children


@pytest.mark.parametrize(("n_slow", "is_scored"), [(0, True), (1, True), (3, True), (99, False)])
def test_what_else_the_machine_does_decides_no_number_of_scores(
    gaussian: Callable[[float], Problem],
    monkeypatch: pytest.MonkeyPatch,
    n_slow: int,
    *,
    is_scored: bool,
) -> None:
    """The first calls take a second more, as on a busy machine."""
    clock = [0.0]
    calls: list[int] = []
    evaluated = Density.log_density

    def later(density: Density, points: FloatArray) -> FloatArray:
        calls.append(len(points))
        clock[0] += 1.0 if len(calls) <= n_slow else 1e-6
        return evaluated(density, points)

    monkeypatch.setattr(Density, "log_density", later)
    monkeypatch.setattr("harness.methods.evaluation.time.perf_counter", lambda: clock[0])
    rng = np.random.default_rng(SEED)
    with open_density(gaussian(0.8)) as density:
        found = evaluate(density, rng.normal(size=(400, 2)))
        further = Further(draw=lambda n: (rng.normal(size=(n, 2)), np.zeros(n)))
        scores = evaluate_further(density, found, further)
    assert (scores is not None) is is_scored
    assert max(calls[1:-1], default=0) <= 2


@pytest.mark.parametrize(("limit", "n_scores"), [(600, 300), (90, 0)])
def test_scores_fit_into_memory(
    gaussian: Callable[[float], Problem], monkeypatch: pytest.MonkeyPatch, limit: int, n_scores: int
) -> None:
    """Two numbers a draw; fewer than there are already are not worth it."""
    monkeypatch.setattr(evaluation, "_MAX_NUMBERS", limit)
    draws = Laplace(n_draws=50).fit(gaussian(0.8), seed=SEED).read_draws()
    assert (draws["scores"].sizes["score"] if n_scores else 0) == n_scores
    assert ("scores" in draws.children) == bool(n_scores)


def test_points_make_the_tree_that_cmdstans_draws_make(
    mixture: Callable[[str], CompiledProgram], small: Dataset
) -> None:
    problem = Problem(program=mixture("gmm"), dataset=small)
    shares = [0.1 + 0.1 * i for i in range(8)]
    expected = score(problem, shares).tree
    with open_density(problem) as density:
        given = draws_file(shares)
        columns = [given.names.index(name) for name in density.variable_names()]
        at = density.unconstrain(given.table[:, columns])
        drawn = drawn_points(
            problem,
            density,
            at,
            log_q=np.zeros(8),
            seed=SEED,
            further=lambda n: (np.resize(at, (n, at.shape[1])), np.ones(n)),
        )
        with pytest.raises(FitError, match="not finite"):
            drawn_points(problem, density, np.full((2, 5), np.inf), log_q=np.zeros(2), seed=SEED)
    assert not drawn.warnings
    for group in ("posterior", "sample_stats", "points"):
        found = drawn.tree[group].to_dataset()
        xr.testing.assert_allclose(found, expected[group].to_dataset(), rtol=1e-12)
    scores = drawn.tree["scores"].to_dataset()
    np.testing.assert_allclose(scores["log_p"][8:16], log_p_of(drawn), rtol=1e-14)
    assert (scores["log_q"] == 1).all()


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
