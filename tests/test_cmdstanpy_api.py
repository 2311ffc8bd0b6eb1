"""cmdstanpy's public API, unmodified, against the wheel-built home; and programs of many kinds."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cmdstanpy
import numpy as np
import pandas as pd
import pytest
from cmdstanpy import CmdStanModel

PROGRAMS = Path(__file__).parent / "data" / "programs"
DATA: dict[str, Any] = {"N": 8, "x": [*range(8)], "y": [0.9, 3.1, 4.8, 7.2, 9.1, 10.8, 13.2, 14.9]}
INITS = {"intercept": 1.0, "slope": 2.0, "sigma": 0.3}
QUIET: dict[str, Any] = {"show_progress": False}

pytestmark = [
    pytest.mark.slow,
    # cmdstanpy reads stansummary's table with an argument that pandas is giving up
    pytest.mark.filterwarnings("ignore:The 'float_precision' argument is deprecated"),
]


@pytest.fixture(scope="module", autouse=True)
def _home(cmdstan_home: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        yield


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the programs, as compiling leaves executables beside them."""
    return Path(shutil.copytree(PROGRAMS, tmp_path_factory.mktemp("stan") / "programs"))


@pytest.fixture(scope="module")
def line(programs: Path) -> CmdStanModel:
    return CmdStanModel(stan_file=programs / "line.stan")


@pytest.fixture(scope="module")
def fit(line: CmdStanModel) -> cmdstanpy.CmdStanMCMC:
    return line.sample(DATA, chains=2, seed=1, iter_sampling=500, sig_figs=9, **QUIET)


def test_the_home_is_what_cmdstanpy_takes_it_for(cmdstan_home: Path) -> None:
    assert cmdstanpy.cmdstan_path() == str(cmdstan_home)
    assert cmdstanpy.cmdstan_version() == (2, 39)


def test_sample(fit: cmdstanpy.CmdStanMCMC) -> None:
    assert fit.draws().shape == (500, 2, 7 + 3 + 8)
    assert fit.stan_variable("slope").mean() == pytest.approx(2, abs=0.1)
    assert fit.stan_variable("y_rep").shape == (1000, 8)
    assert fit.metric_type == "diag_e"
    assert fit.inv_metric is not None
    assert fit.inv_metric.shape == (2, 3)
    assert fit.step_size is not None
    assert np.all(fit.step_size > 0)


@pytest.mark.parametrize("chains_in_one_process", [True, False])
def test_chains_in_one_process_or_not(line: CmdStanModel, *, chains_in_one_process: bool) -> None:
    run = line.sample(
        DATA,
        chains=2,
        parallel_chains=2,
        threads_per_chain=1,
        force_one_process_per_chain=not chains_in_one_process,
        seed=2,
        iter_warmup=200,
        iter_sampling=50,
        **QUIET,
    )
    assert run.runset.one_process_per_chain is not chains_in_one_process
    assert run.draws().shape == (50, 2, 18)
    assert not np.array_equal(run.draws()[:, 0], run.draws()[:, 1])


def test_every_chain_is_a_process_with_a_console_of_its_own(
    line: CmdStanModel, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = line.sample(
        DATA, chains=2, seed=2, iter_warmup=200, iter_sampling=50, show_console=True,
        output_dir=tmp_path,
    )  # fmt: skip
    assert run.runset.one_process_per_chain
    consoles = [Path(path).read_text() for path in run.runset.stdout_files]
    assert len(consoles) == len(run.runset.csv_files) == 2
    assert all(console.startswith("method = sample (Default)\n") for console in consoles)
    shown = capsys.readouterr().out
    assert "Chain [1] method = sample (Default)" in shown
    assert "Chain [2] method = sample (Default)" in shown
    assert {path.suffix for path in tmp_path.iterdir()} >= {".csv", ".txt"}
    assert len(list(tmp_path.glob("*.csv"))) == 2
    together = line.sample(
        DATA, chains=2, seed=2, iter_warmup=200, iter_sampling=50,
        force_one_process_per_chain=False, **QUIET,
    )  # fmt: skip
    np.testing.assert_array_equal(run.draws(), together.draws())


def test_threads_are_refused_by_a_program_without(line: CmdStanModel) -> None:
    with pytest.raises(ValueError, match="STAN_THREADS"):
        line.pathfinder(DATA, num_threads=2)
    assert line.pathfinder(DATA, num_threads=1, draws=50, seed=1).draws().shape[0] == 50


@pytest.mark.parametrize(("sig_figs", "n_digits"), [(None, 8), (3, 3), (12, 12)])
def test_digits(sig_figs: int | None, n_digits: int, line: CmdStanModel) -> None:
    def digits(value: Any) -> int:
        return len(str(value).split("e")[0].replace(".", "").lstrip("-0"))

    mode = line.optimize(DATA, seed=7, sig_figs=sig_figs)
    assert max(map(digits, mode.optimized_params_np)) == n_digits
    table = line.log_prob(INITS, DATA, sig_figs=sig_figs)
    assert max(map(digits, table.to_numpy()[0])) == n_digits


@pytest.mark.parametrize("form", ["dict", "file", "list"])
def test_inits_as_dict_file_and_list(form: str, line: CmdStanModel, tmp_path: Path) -> None:
    (tmp_path / "inits.json").write_text(json.dumps(INITS))
    inits: Any = {
        "dict": INITS,
        "file": str(tmp_path / "inits.json"),
        "list": [INITS, {**INITS, "slope": 1.9}],
    }[form]
    run = line.sample(
        DATA, chains=2, inits=inits, seed=3, iter_warmup=0, adapt_engaged=False, step_size=1e-9,
        iter_sampling=1, max_treedepth=1, **QUIET,
    )  # fmt: skip
    wanted = [2.0, 1.9 if form == "list" else 2.0]
    np.testing.assert_allclose(run.draws_xr().slope.to_numpy()[:, 0], wanted, atol=1e-6)


def test_inverse_metric(line: CmdStanModel) -> None:
    options: dict[str, Any] = {"chains": 1, "seed": 4, "iter_sampling": 20, **QUIET}
    given = {"inv_metric": [0.5, 0.25, 0.125]}
    run = line.sample(DATA, inv_metric=given, adapt_engaged=False, iter_warmup=0, **options)
    assert run.draws().shape == (20, 1, 18)
    dense = line.sample(DATA, metric="dense_e", iter_warmup=100, **options)
    assert dense.metric_type == "dense_e"
    assert dense.inv_metric is not None
    assert dense.inv_metric.shape == (1, 3, 3)


def test_what_a_run_can_save(line: CmdStanModel, tmp_path: Path) -> None:
    run = line.sample(
        DATA, chains=1, seed=5, iter_warmup=100, iter_sampling=50, thin=2, save_warmup=True,
        save_latent_dynamics=True, save_profile=True, output_dir=tmp_path, **QUIET,
    )  # fmt: skip
    assert run.draws(inc_warmup=True).shape == (75, 1, 18)
    latent = pd.read_csv(run.runset.diagnostic_files[0], comment="#")
    assert {"p_slope", "g_slope"} <= set(latent.columns)
    assert list(tmp_path.glob("*.csv"))


def test_fixed_param(line: CmdStanModel) -> None:
    options: dict[str, Any] = {"fixed_param": True, "seed": 6, "iter_sampling": 30, **QUIET}
    run = line.sample(DATA, chains=1, inits=INITS, **options)
    assert np.all(run.stan_variable("slope") == 2.0)
    assert len(np.unique(run.stan_variable("y_rep")[:, 0])) > 1


@pytest.mark.parametrize("algorithm", ["Newton", "BFGS", "LBFGS"])
def test_optimize(algorithm: str, line: CmdStanModel) -> None:
    mode = line.optimize(DATA, algorithm=algorithm, inits=INITS, seed=7, save_iterations=True)
    assert mode.converged
    assert mode.optimized_params_dict["slope"] == pytest.approx(2, abs=0.05)
    assert mode.optimized_iterations_np is not None
    assert len(mode.optimized_iterations_np) > 1


def test_laplace_around_a_mode(line: CmdStanModel) -> None:
    mode = line.optimize(DATA, jacobian=True, seed=8)
    approximation = line.laplace_sample(DATA, mode=mode, draws=500, seed=8)
    assert approximation.draws().shape == (500, 2 + 3 + 8)
    assert approximation.stan_variable("slope").mean() == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("algorithm", ["meanfield", "fullrank"])
def test_variational(algorithm: str, line: CmdStanModel) -> None:
    approximation = line.variational(
        DATA, algorithm=algorithm, seed=9, draws=300, require_converged=False
    )
    assert approximation.variational_sample.shape == (300, 3 + 3 + 8)
    assert approximation.stan_variable("slope", mean=True) == pytest.approx(2, abs=0.3)


def test_pathfinder_and_its_inits(line: CmdStanModel) -> None:
    paths = line.pathfinder(DATA, num_paths=3, draws=200, seed=10)
    assert paths.draws().shape[0] == 200
    assert paths.is_resampled
    inits: Any = paths.create_inits(seed=1, chains=2)
    run = line.sample(DATA, chains=2, inits=inits, seed=10, iter_sampling=50, **QUIET)
    assert run.draws().shape[0] == 50
    single = line.pathfinder(DATA, num_paths=1, draws=50, seed=10)
    assert single.draws().shape[0] == 50


def test_generate_quantities(programs: Path, fit: cmdstanpy.CmdStanMCMC) -> None:
    other = CmdStanModel(stan_file=programs / "new_quantities.stan")
    quantities = other.generate_quantities(DATA, previous_fit=fit, seed=11)
    wanted = fit.stan_variable("intercept") + 10 * fit.stan_variable("slope")
    np.testing.assert_allclose(quantities.stan_variable("at_ten"), wanted, rtol=1e-5)


def test_log_prob(line: CmdStanModel) -> None:
    table = line.log_prob(INITS, DATA, sig_figs=12)
    assert set(table.columns) == {"lp__", "g_intercept", "g_slope", "g_sigma"}
    up, down = (
        line.log_prob({**INITS, "slope": 2 + step}, DATA, sig_figs=12)["lp__"][0]
        for step in (1e-4, -1e-4)
    )
    assert table["g_slope"][0] == pytest.approx((up - down) / 2e-4, rel=1e-5)


def test_gradients(line: CmdStanModel) -> None:
    table = line.diagnose(INITS, DATA)
    np.testing.assert_allclose(table["error"], 0, atol=1e-4)


def test_exe_and_source_info(line: CmdStanModel) -> None:
    info = line.exe_info()
    assert info["stan_version_major"] == "2"
    assert info["stan_version_minor"] == "39"
    assert info["STAN_THREADS"] == "false"
    assert "STAN_CPP_OPTIMS" not in info
    source = line.src_info()
    assert set(source["parameters"]) == {"intercept", "slope", "sigma"}
    assert info["stan_version_patch"] == "0"


def test_summary_and_diagnose(fit: cmdstanpy.CmdStanMCMC) -> None:
    table = fit.summary(percentiles=(10, 90), sig_figs=9)
    assert list(table.columns) == [
        *("Mean", "MCSE", "StdDev", "MAD", "10%", "90%"),
        *("ESS_bulk", "ESS_tail", "ESS_bulk/s", "R_hat"),
    ]
    assert "y_rep[8]" in table.index
    slope = fit.stan_variable("slope")
    assert table.loc["slope", "Mean"] == pytest.approx(slope.mean(), rel=1e-7)
    assert table.loc["slope", "90%"] == pytest.approx(np.quantile(slope, 0.9), rel=1e-7)
    said = fit.diagnose()
    assert said is not None
    assert said.startswith("Checking sampler transitions treedepth.")
    assert said.rstrip().splitlines()[-1].startswith("Processing complete")


def test_a_program_that_does_not_compile(programs: Path) -> None:
    with pytest.raises(ValueError, match=r"Syntax error in 'broken\.stan', line 3") as error:
        CmdStanModel(stan_file=programs / "broken.stan")
    assert len(str(error.value).splitlines()) < 25


def test_ode_solvers(programs: Path) -> None:
    times = [0.5, 1.0, 2.0]
    data = {"T": 3, "times": times, "y": list(np.exp(-0.7 * np.array(times)))}
    model = CmdStanModel(stan_file=programs / "ode.stan")
    run = model.sample(data, chains=1, seed=13, iter_sampling=200, **QUIET)
    assert run.stan_variable("rate").mean() == pytest.approx(0.7, abs=0.1)
    assert run.stan_variable("difference").max() < 1e-5
    last = run.stan_variable("stiff")[:, 2, 0]
    np.testing.assert_allclose(last, run.stan_variable("exact"), rtol=1e-4)


def test_reduce_sum_with_threads(programs: Path) -> None:
    data = {"N": 2000, "y": list(np.random.default_rng(14).normal(size=2000))}
    model = CmdStanModel(stan_file=programs / "threads.stan", cpp_options={"STAN_THREADS": True})
    run = model.sample(data, chains=1, threads_per_chain=2, seed=14, iter_sampling=200, **QUIET)
    lp = run.draws_pd()["lp__"].to_numpy()
    np.testing.assert_allclose(lp, run.stan_variable("whole"), rtol=1e-5)


def test_profile_blocks(programs: Path, tmp_path: Path) -> None:
    model = CmdStanModel(stan_file=programs / "profiled.stan")
    run = model.sample(
        {"N": 3, "y": [0.0, 1.0, 2.0]}, chains=1, seed=15, iter_sampling=100, save_profile=True,
        output_dir=tmp_path, **QUIET,
    )  # fmt: skip
    table = pd.read_csv(run.runset.profile_files[0])
    assert set(table["name"]) == {"prior", "likelihood"}
    assert (table["autodiff_calls"] > 0).all()


def test_external_cpp(programs: Path) -> None:
    model = CmdStanModel(
        stan_file=programs / "external.stan", user_header=str(programs / "cube.hpp")
    )
    run = model.sample(chains=1, seed=16, iter_sampling=200, sig_figs=12, **QUIET)
    np.testing.assert_allclose(run.stan_variable("cubed"), run.stan_variable("x") ** 3, rtol=1e-9)


def test_include(programs: Path) -> None:
    model = CmdStanModel(
        stan_file=programs / "including.stan",
        stanc_options={"include-paths": [str(programs / "functions")]},
    )
    run = model.sample(chains=1, seed=17, iter_sampling=50, sig_figs=12, **QUIET)
    np.testing.assert_allclose(run.stan_variable("y"), 2 * run.stan_variable("x"), rtol=1e-9)
