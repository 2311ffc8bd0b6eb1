"""Corners of the command line that the reference cases leave out."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stan_executable import REFERENCE, Answer, compile_stan, reference_executable, run_stan

Run = Callable[..., Answer]

REFUSED = "Failed to parse command arguments, cannot run model.\n"
DATA = ("data", "file=shift.data.json")
SEED = ("random", "seed=20")
SHORT = ("num_samples=20", "num_warmup=30")
MISMATCH = "mismatch in dimension declared and found in context"

# No parameters, a profile block, and generated quantities that fail on request.
BARE_PROGRAM = """
data { int fails; }
generated quantities {
  real z;
  profile("draw") { z = normal_rng(0, 1); }
  if (fails) reject("asked to fail");
}
"""


def rows(path: Path) -> list[list[str]]:
    """Return the header and the draws of a Stan CSV file."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return list(csv.reader(lines, skipinitialspace=True))


@pytest.fixture
def shift(cmdstan_home: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The reference's program, in a folder with its data."""
    shutil.copy(REFERENCE / "shift.data.json", tmp_path)
    executable = reference_executable(cmdstan_home, tmp_path_factory)

    def run(*words: str, **environment: str) -> Answer:
        return run_stan(executable, tmp_path, *words, **environment)

    return run


@pytest.fixture(scope="module")
def bare(cmdstan_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("bare") / "bare.stan"
    program.write_text(BARE_PROGRAM)
    return compile_stan(cmdstan_home, program)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("sample", "thin=x"), 'x is not a valid value for "thin"\n  Valid values: 0 < thin\n'),
        (
            ("sample", "adapt", "delta=1.5"),
            '1.5 is not a valid value for "delta"\n  Valid values: 0.100000 <= delta <= 1.000000\n',
        ),
        (
            ("sample", "algorithm=hmc", "metric=full"),
            'full is not a valid value for "metric"\n  Valid values: unit_e, diag_e, dense_e\n',
        ),
        (
            ("sample", "save_warmup=yes"),
            'yes is not a valid value for "save_warmup"\n  Valid values: [0, 1, false, true]\n',
        ),
        (
            ("sample", "output", "sig_figs=19"),
            '19 is not a valid value for "sig_figs"\n'
            "  Valid values: 0 <= sig_figs <= 18 or sig_figs == -1\n",
        ),
        (
            ("sample", "num_threads=2"),
            '2 is not a valid value for "num_threads"\n  Valid values: num_threads == 1\n',
        ),
        (
            ("sample", "random", "seed=4294967296"),
            '4294967296 is not a valid value for "seed"\n  Valid values: non-negative integer < '
            "4294967296  or -1 to generate seed from system time\n",
        ),
        (
            ("sample", "refresh=10"),
            "refresh=10 is either mistyped or misplaced.\nPerhaps you meant one of the following "
            "valid configurations?\n  output refresh=<int>\n",
        ),
        (
            ("sample", "id=1", "id=2"),
            "id=2 is either mistyped or misplaced.\nPerhaps you meant one of the following "
            "valid configurations?\n  id=<int>\n",
        ),
        (
            ("sample", "sample"),
            "sample is either mistyped or misplaced.\nPerhaps you meant one of the following "
            "valid configurations?\n  method=sample\n",
        ),
        (
            ("optimize", "int_time=1"),
            "int_time=1 is either mistyped or misplaced.\nPerhaps you meant one of the following "
            "valid configurations?\n  "
            "method=sample algorithm=hmc engine=static int_time=<double>\n",
        ),
        (
            ("surprise",),
            "surprise is either mistyped or misplaced.\nA method must be specified!\n",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_refuses_words(shift: Run, words: tuple[str, ...], message: str) -> None:
    answer = shift(*words)
    assert (answer.exit_code, answer.stdout, answer.stderr) == (1, "", message + REFUSED)


def test_without_words_tells_the_usage_and_fails(shift: Run) -> None:
    answer = shift()
    assert answer.exit_code == 1
    assert answer.stdout.startswith("Usage: ")
    assert answer.stderr == ""


def test_help_on_a_method_then_the_usage(shift: Run) -> None:
    answer = shift("generate_quantities", "help")
    assert answer.exit_code == 0
    assert answer.stdout.startswith(
        "generate_quantities\n"
        "  Generate quantities of interest\n"
        "  Valid subarguments: fitted_params, num_chains\n"
        "\n"
        "Usage: "
    )


def test_help_on_a_value(shift: Run) -> None:
    answer = shift("sample", "num_warmup", "help")
    assert answer.stdout.startswith(
        "num_warmup=<int>\n"
        "  Number of warmup iterations\n"
        "  Valid values: 0 < num_warmup\n"
        "  Defaults to 1000\n"
        "\n"
    )


@pytest.mark.parametrize(
    ("words", "default"),
    [
        (("sample", "adapt", "engaged"), "true"),
        (("sample", "adapt", "gamma"), "0.05"),
        (("sample", "adapt", "t0"), "10"),
        (("optimize", "algorithm=bfgs", "tol_obj"), "1e-12"),
        (("optimize", "algorithm=bfgs", "tol_rel_grad"), "1e+07"),
        (("output", "sig_figs"), "8"),
        (("output", "save_cmdstan_config"), "false"),
    ],
)
def test_help_shows_defaults_as_the_echo_does(
    shift: Run, words: tuple[str, ...], default: str
) -> None:
    assert f"  Defaults to {default}\n" in shift(*words, "help").stdout


def test_help_all_shows_what_the_echo_shows(shift: Run) -> None:
    shown = shift("help-all").stdout
    echoed = shift("sample", *SHORT, *DATA).stdout.split("\n\n")[0].splitlines()
    assert all(line.split(" = ")[0].strip() in shown for line in echoed)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("sample", "num_warmup=0", *DATA), "(num_warmup) must be greater than zero"),
        (
            ("sample", "adapt", "engaged=0", "save_metric=1", *DATA),
            "can only be enabled when adaptation is engaged",
        ),
        (
            ("sample", "num_chains=2", "algorithm=hmc", "engine=static", *DATA),
            "Argument 'num_chains' is unavailable for the 'static' HMC engine.",
        ),
        (("sample", *DATA, "init=absent.json"), 'Cannot open specified file, "absent.json"'),
        (("sample", *DATA, "init=start.txt"), "must end in .json or .R. Found: .txt"),
        (("sample", "data", "file=values"), "must end in .json or .R. Found: values"),
        (("sample", *DATA, "output", "file=absent/x.csv"), "iostream error: No such file"),
        (("sample", *DATA, "output", "file=./"), "Ill-formed output filename ./"),
        (("generate_quantities", *DATA), "Missing fitted_params argument"),
        (("generate_quantities", "fitted_params=x.json", *DATA), "must be a CSV file."),
        (
            ("generate_quantities", "fitted_params=output.csv", *DATA),
            "Filename conflict, fitted_params file output.csv",
        ),
        (("laplace", *DATA), "Missing mode argument"),
        (("laplace", "mode=shift.data", *DATA), "Mode file must be CSV or JSON"),
        (("log_prob", *DATA), "No input parameter files provided"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_says_why_it_cannot_run(shift: Run, words: tuple[str, ...], message: str) -> None:
    answer = shift(*words)
    assert answer.exit_code == 1
    assert message in answer.stderr


# Slow: the home keeps no objects with threads, so that they are compiled first.
@pytest.mark.slow
def test_refuses_two_numbers_of_threads(
    cmdstan_home: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    executable = reference_executable(cmdstan_home, tmp_path_factory, threads=True)
    answer = run_stan(executable, tmp_path, "sample", "num_threads=2", STAN_NUM_THREADS="3")
    assert answer.exit_code == 1
    assert answer.stderr.startswith("STAN_NUM_THREADS= 3 but argument num_threads= 2.")


def test_a_program_without_threads_takes_no_heed_of_their_number(shift: Run) -> None:
    assert shift("sample", *SHORT, *DATA, *SEED, STAN_NUM_THREADS="3").exit_code == 0


def test_refuses_a_metric_of_the_wrong_size(shift: Run, tmp_path: Path) -> None:
    (tmp_path / "metric.json").write_text('{"inv_metric": [1, 2]}')
    answer = shift("sample", "algorithm=hmc", "metric_file=metric.json", *DATA)
    assert answer.exit_code == 1
    assert MISMATCH in answer.stderr


def test_a_saved_metric_can_be_given_back(shift: Run, tmp_path: Path) -> None:
    saving = ("adapt", "save_metric=1", "algorithm=hmc", "metric=dense_e")
    assert shift("sample", *saving, *DATA, *SEED).exit_code == 0
    metric = json.loads((tmp_path / "output_metric.json").read_text())
    assert metric["metric_type"] == "dense_e"
    # Stan's reader of JSON refuses the strings of the saved file, in CmdStan as here.
    (tmp_path / "metric.json").write_text(json.dumps({"inv_metric": metric["inv_metric"]}))
    using = ("algorithm=hmc", "metric=dense_e", "metric_file=metric.json")
    answer = shift("sample", *SHORT, "adapt", "engaged=0", *using, *DATA, *SEED)
    assert answer.exit_code == 0


def test_chains_have_files_and_starts_of_their_own(shift: Run, tmp_path: Path) -> None:
    for chain, mu in ((4, 7.5), (5, -7.5)):
        start = {"mu": mu, "sigma": 1, "share": [0.2, 0.3, 0.5]}
        (tmp_path / f"start_{chain}.json").write_text(json.dumps(start))
    chains = ("num_chains=2", "num_samples=2", "num_warmup=0", "adapt", "engaged=0")
    still = ("algorithm=hmc", "engine=nuts", "max_depth=1", "stepsize=1e-9")
    files = ("output", "file=draws.csv", "diagnostic_file=latent.csv")
    answer = shift("sample", *chains, *still, "id=4", *DATA, "init=start.json", *SEED, *files)
    assert answer.exit_code == 0
    header, *draws = rows(tmp_path / "draws_4.csv")
    at = header.index("mu")
    assert float(draws[0][at]) == pytest.approx(7.5)
    assert float(rows(tmp_path / "draws_5.csv")[1][at]) == pytest.approx(-7.5)
    assert rows(tmp_path / "latent_5.csv")[0][-1] == "g_share.2"


def test_a_chain_alone_is_the_same_as_among_others(shift: Run, tmp_path: Path) -> None:
    assert shift("sample", "num_chains=2", *SHORT, *DATA, *SEED).exit_code == 0
    alone = ("sample", *SHORT, "id=2", *DATA, *SEED, "output", "file=alone.csv")
    assert shift(*alone).exit_code == 0
    assert rows(tmp_path / "output_2.csv") == rows(tmp_path / "alone.csv")


def test_one_density_from_both_scales(shift: Run, tmp_path: Path) -> None:
    (tmp_path / "constrained.json").write_text('{"mu": 1, "sigma": 1, "share": [0.2, 0.3, 0.5]}')
    points = [[1, 0, 0.3, -0.2], [0, 1, 0, 0], [1, 0, 0.3, -0.2]]
    (tmp_path / "points.json").write_text(json.dumps({"params_r": points}))
    assert shift("log_prob", "unconstrained_params=points.json", *DATA).exit_code == 0
    header, first, second, third = rows(tmp_path / "output.csv")
    assert header == ["lp__", "g_mu", "g_sigma", "g_share.1", "g_share.2"]
    assert first == third != second
    assert shift("log_prob", "constrained_params=constrained.json", *DATA).exit_code == 0
    one = rows(tmp_path / "output.csv")[1]
    assert one[1:3] == first[1:3]  # the same mu and sigma, so the same slopes in them


def test_paths_are_saved_on_request(shift: Run, tmp_path: Path) -> None:
    paths = ("num_paths=2", "num_draws=30", "num_psis_draws=40", "save_single_paths=1")
    answer = shift("pathfinder", *paths, *DATA, *SEED)
    assert answer.exit_code == 0
    assert len(rows(tmp_path / "output.csv")) == 41
    assert json.loads((tmp_path / "output_path_1.json").read_text())
    assert len(rows(tmp_path / "output_path_2.csv")) == 31


def test_unresampled_paths_keep_all_draws(shift: Run, tmp_path: Path) -> None:
    paths = ("num_paths=2", "num_draws=30", "psis_resample=0", "calculate_lp=0")
    assert shift("pathfinder", *paths, *DATA, *SEED).exit_code == 0
    assert len(rows(tmp_path / "output.csv")) == 61


@pytest.mark.slow
def test_a_program_without_parameters(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text('{"fails": 0}')
    words = ("sample", *SHORT, "data", "file=data.json", *SEED)
    answer = run_stan(bare, tmp_path, *words, "output", "profile_file=times.csv")
    assert answer.exit_code == 0
    assert len(rows(tmp_path / "output.csv")) == 21
    header, times = rows(tmp_path / "times.csv")
    assert header[0] == "name"
    assert header[-1] == "no_autodiff_calls"
    assert times[0] == "draw"


@pytest.mark.slow
def test_failing_generated_quantities_are_missing(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text('{"fails": 1}')
    fixed = ("sample", "num_samples=3", "algorithm=fixed_param", "data", "file=data.json")
    answer = run_stan(bare, tmp_path, *fixed, *SEED)
    assert answer.exit_code == 0
    assert "asked to fail" in answer.stdout
    header, *draws = rows(tmp_path / "output.csv")
    assert header[-1] == "z"
    assert [draw[-1] for draw in draws] == ["nan"] * 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_ends_the_run(shift: Run, tmp_path: Path) -> None:
    (tmp_path / "output.csv").symlink_to("/dev/full")
    answer = shift("sample", *SHORT, *DATA)
    assert answer.exit_code == 1
    assert answer.stderr == "basic_ios::clear: iostream error: No space left on device\n"
