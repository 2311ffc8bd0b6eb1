"""The cheapest draws that may be trusted, on a posterior in closed form, and what is refused."""

from collections.abc import Iterator
from pathlib import Path

import arviz
import cmdstanpy
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

import harness
from harness.api.fit_result import step_cells
from harness.cli import main
from harness.errors import FitError, HarnessError, MethodError
from harness.evidence.steps import Step
from harness.fits.draws_csv import write_draws_csv
from harness.methods.chain_checks import ChainChecks
from harness.methods.metered import Effort, Metered
from harness.methods.pool import condition, expected_gradients, typical_leapfrog
from harness.methods.transitions import transitions
from harness.methods.warm_nuts import move
from harness.program.log_density import Density
from harness.verdict.criteria import Judgement
from harness.verdict.outcome import Verdict
from tests.known_posteriors import MODELS, autoregression

MODEL, DATA = MODELS / "ar1.stan", MODELS / "ar1.json"
OTHER_DATA = MODELS / "schools.json"
MEAN, SD = autoregression()["rho"]


@pytest.fixture(scope="module")
def density(cmdstan_home: Path) -> Iterator[Density]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        with harness.density(MODEL, DATA) as opened:
            yield opened


@pytest.fixture(scope="module")
def result(density: Density) -> harness.FitResult:  # noqa: ARG001 - for the CmdStan home
    return harness.fit(MODEL, DATA, seed=3)


def starts() -> np.ndarray:
    return np.random.default_rng(1).normal(MEAN, 3 * SD, (64, 1))


def test_transitions_leave_the_posterior_as_it_is(density: Density) -> None:
    made = transitions(Metered(density), starts(), factor=np.array([SD]), step=0.9, n=200, seed=2)
    draws = made.points[:, 20:, 0]
    error = SD / np.sqrt(draws.size / 4)
    assert draws.mean() == pytest.approx(MEAN, abs=4 * error)
    assert draws.std() == pytest.approx(SD, abs=4 * error)
    assert 0.7 < made.accept.mean() < 1
    assert not made.diverged.any()
    kinetic = made.energy + made.log_p
    assert kinetic.min() >= -1e-9  # the momentum's part of the energy


def test_transitions_depend_on_their_seed_alone(density: Density) -> None:
    first, again, other = (
        transitions(
            *(Metered(density), starts()),
            factor=np.array([[SD]]),
            step=0.9,
            n=30,
            seed=seed,
        ).points
        for seed in (2, 2, 3)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_several_processes_give_the_same_draws(density: Density) -> None:
    with harness.density(MODEL, DATA) as other:
        one, two = (
            transitions(each, starts(), factor=np.array([SD]), step=0.9, n=3, seed=2).points
            for each in (Metered(density), Metered(density, other))
        )
        several = Metered(density, other)
        np.testing.assert_array_equal(
            several.log_density(starts()), Metered(density).log_density(starts())
        )
        assert several.spent.n_densities == 64
    np.testing.assert_array_equal(one, two)


def test_a_chain_cannot_start_where_there_is_no_density(density: Density) -> None:
    with pytest.raises(FitError, match="no density"):
        transitions(
            *(Metered(density), np.full((2, 1), 1e200)),
            factor=np.array([SD]),
            step=0.9,
            n=1,
            seed=2,
        )


def test_warm_chains_from_far_starts_pass(density: Density) -> None:
    metered = Metered(density)
    moved = move(
        *(metered, starts()),
        factor=np.array([[10 * SD]]),  # far too wide: the pool mends it
        rng=np.random.default_rng(1),
        cap=10.0,
    )
    assert moved is not None
    assert moved.checks.r_hat < 1.01
    assert min(moved.checks.ess_bulk, moved.checks.ess_tail) > 400
    assert moved.metric.item() == pytest.approx(SD**2, rel=0.5)
    error = SD / np.sqrt(moved.checks.ess_bulk)
    assert moved.moves.points.mean() == pytest.approx(MEAN, abs=4 * error)
    # a gradient for each leapfrog step, one for each start
    assert metered.spent.n_gradients > moved.moves.n_gradients


def test_what_costs_too_much_is_not_begun(density: Density) -> None:
    factor = np.array([[SD]])
    rng = np.random.default_rng(1)
    assert move(Metered(density), starts(), factor=factor, rng=rng, cap=0.0) is None


def test_correlations_make_the_trajectories_of_a_diagonal_metric_longer() -> None:
    rng = np.random.default_rng(1)
    white = rng.standard_normal((20_000, 2))
    narrow = white @ np.linalg.cholesky(np.array([[1.0, 0.99], [0.99, 1.0]])).T
    # the root of (1 + 0.99) / (1 - 0.99); the correlation of ranks is 0.989
    assert condition(narrow) == pytest.approx(np.sqrt(199), rel=0.1)
    assert expected_gradients(3) == pytest.approx(9600 * 4)


def test_few_points_and_heavy_tails_are_no_correlations() -> None:
    rng = np.random.default_rng(2)
    few, heavy = rng.standard_normal((72, 10)), rng.standard_normal((400, 10))
    heavy /= np.sqrt(rng.chisquare(1, size=(400, 1)))  # the ends of some draws are far away
    for points in (few, heavy):
        assert np.sqrt(np.linalg.cond(np.corrcoef(points.T))) > 1.5
    for points in (few, heavy):
        assert 1 <= condition(points) < 1.4
    assert condition(few[:, :1]) == 1


def test_stuck_chains_do_not_decide_what_nuts_would_cost() -> None:
    counts = np.full((64, 2), 7.0)
    counts[:30] = 255
    assert typical_leapfrog(counts) == pytest.approx((34 * 7 + 30 * 15) / 64)
    assert typical_leapfrog(np.array([[3.0, 7.0, 7.0, 15.0]])) == 8


def test_the_draws_are_the_posteriors(result: harness.FitResult) -> None:
    assert result.verdict == "trust (weighted)"
    rho = result.draws["posterior"]["rho"].to_numpy()
    assert rho.mean() == pytest.approx(MEAN, abs=0.05 * SD)
    assert rho.std() == pytest.approx(SD, rel=0.05)
    assert result.draws.attrs["verdict"] == result.verdict
    assert list(result.steps.index)[:2] == ["search for modes", "Laplace, weighted"]
    assert result.n_gradients == pytest.approx(result.steps["gradients"].sum())


def test_draws_depend_on_the_seed_alone(result: harness.FitResult) -> None:
    again = harness.fit(MODEL, DATA, seed=3)
    other = harness.fit(MODEL, DATA, seed=4)
    rho, same, others = (
        each.draws["posterior"]["rho"].to_numpy() for each in (result, again, other)
    )
    np.testing.assert_array_equal(rho, same)
    assert not np.array_equal(rho, others)


def test_files_are_read_by_arviz_and_cmdstanpy(result: harness.FitResult, tmp_path: Path) -> None:
    out, folder = tmp_path / "new" / "draws.nc", tmp_path / "csv"
    command = [*("fit", str(MODEL), str(DATA), "--seed", "3", "--quiet"), "--out", str(out)]
    assert main([*command, "--csv", str(folder)]) == 0
    rho = result.draws["posterior"]["rho"].to_numpy()
    read = arviz.from_netcdf(out)
    np.testing.assert_array_equal(read["posterior"]["rho"].to_numpy(), rho)
    assert read.attrs["verdict"] == result.verdict
    by_cmdstanpy = cmdstanpy.from_csv(str(folder))
    assert isinstance(by_cmdstanpy, cmdstanpy.CmdStanMCMC)
    np.testing.assert_allclose(by_cmdstanpy.stan_variable("rho"), rho[0], rtol=1e-15)


def test_csv_files_keep_what_the_sampler_flagged(tmp_path: Path) -> None:
    """Without divergences the files would be trusted where their draws were not."""
    rng = np.random.default_rng(4)
    flagged = rng.random((2, 200)) < 0.05
    draws = {"mu": rng.standard_normal((2, 200, 3))}
    stats = {"lp": rng.standard_normal((2, 200)), "diverging": flagged}
    tree = arviz.from_dict({"posterior": draws, "sample_stats": stats})
    files = write_draws_csv(tree, tmp_path, name="plain")
    read = cmdstanpy.from_csv([str(file) for file in files])
    assert isinstance(read, cmdstanpy.CmdStanMCMC)
    np.testing.assert_array_equal(read.method_variables()["divergent__"], flagged.T)
    np.testing.assert_array_equal(read.method_variables()["lp__"], stats["lp"].T)
    np.testing.assert_array_equal(read.stan_variable("mu")[:200], draws["mu"][0])
    assert harness.judge(list(files)).fits_table["n_divergent"].item() == flagged.sum()


def test_a_budget_that_allows_nothing_is_told(density: Density) -> None:  # noqa: ARG001
    with pytest.raises(FitError, match=r"0\.0001 s"):
        harness.fit(MODEL, DATA, budget_s=1e-4)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["missing.stan", str(DATA)], "missing.stan"),
        ([str(MODEL), "missing.json"], "missing.json"),
        ([str(MODEL), str(DATA), "--budget", "0"], "'0'"),
        ([str(MODEL), str(DATA), "--out", "."], "'.'"),
        ([str(MODEL), str(DATA), "--out", f"{DATA}/below/draws.nc"], "below/draws.nc'"),
        ([str(MODEL), str(DATA), "--csv", str(DATA)], f"'{DATA}'"),
        ([str(MODEL), str(DATA), "--seed", "-1"], "-1"),
        ([str(MODEL), str(DATA), "--seed", f"{2**31}"], f"{2**31}"),
        ([str(MODEL), str(OTHER_DATA)], f"'{OTHER_DATA}'"),
    ],
)
def test_refusals_are_one_line(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code: object
    try:
        code = main(["fit", *arguments])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_wrong_budget_and_data_that_are_refused(density: Density) -> None:  # noqa: ARG001
    with pytest.raises(MethodError, match="-1"):
        harness.fit(MODEL, DATA, budget_s=-1)
    with pytest.raises(HarnessError, match="y"):
        harness.fit(MODEL, {"N": 3})


@pytest.mark.parametrize(
    ("time_s", "divergent", "shown"), [(214.3, 1.0, ("214", "100%")), (4e-5, 0.0, ("0", "0%"))]
)
def test_steps_are_told_without_exponents(
    time_s: float, divergent: float, shown: tuple[str, str]
) -> None:
    checks = ChainChecks(
        r_hat=7.572, ess_bulk=10, ess_tail=10, r_hat_log_p=1, divergent=divergent, e_bfmi=1
    )
    step = Step(
        title="NUTS",
        found=checks.words((4, 10)),
        judgement=Judgement(verdict=Verdict.UNKNOWN, criterion="", reason="", nearness=1.0),
        effort=Effort(n_gradients=0, n_densities=0, wall_time_s=time_s),
        follows="",
    )
    _, found, time, *_ = step_cells(step)
    assert (time, found.rpartition(", ")[2]) == (shown[0], f"{shown[1]} diverged")


@pytest.mark.usefixtures("density")
def test_small_matrices_are_taken_by_one_thread() -> None:
    """Threads that wait for one another make it a hundred times slower on a busy machine."""
    seen: list[int] = []

    def look(line: str) -> None:
        del line
        libraries = threadpool_info()
        seen.extend(each["num_threads"] for each in libraries if each["user_api"] == "blas")

    with threadpool_limits(limits=2):
        harness.fit(MODEL, DATA, seed=3, progress=look)
    assert seen
    assert set(seen) == {1}


@pytest.mark.usefixtures("density")
def test_a_budget_that_ends_in_the_search_says_so() -> None:
    with pytest.raises(FitError, match="search for modes had not ended"):
        harness.fit(MODEL, DATA, budget_s=1e-4)
