"""Files of several chains on the command line: their names, what is missing, how many digits."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stan_executable import REFERENCE, Answer, reference_executable, run_stan

Run = Callable[..., Answer]

START = {"mu": 0.1, "sigma": 1, "share": [0.2, 0.3, 0.5]}
METRIC = {"inv_metric": [1, 1, 1, 1]}
SHORT = ("sample", "num_samples=5", "num_warmup=20", "num_chains=2", "output", "refresh=0")
DATA = ("data", "file=shift.data.json", "random", "seed=20")


@pytest.fixture
def shift(cmdstan_home: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The reference's program, in a folder with its data, inits and metrics."""
    shutil.copy(REFERENCE / "shift.data.json", tmp_path)
    for name in ("all", "each_1", "each_2", "one_1"):
        (tmp_path / f"{name}.json").write_text(json.dumps(START))
    (tmp_path / "all.R").write_text("mu <- 0.1\nsigma <- 1\nshare <- c(0.2, 0.3, 0.5)\n")
    (tmp_path / "all.txt").touch()
    executable = reference_executable(cmdstan_home, tmp_path_factory)

    def run(*words: str) -> Answer:
        return run_stan(executable, tmp_path, *words)

    return run


def test_files_of_each_chain_are_read_without_a_word(shift: Run) -> None:
    for init in ("init=each.json", "init=each_1.json,all.json", "init=0.5"):
        assert shift(*SHORT, *DATA, init).stderr == ""


@pytest.mark.parametrize("init", ["all.json", "all.R"])
def test_one_file_for_all_chains_is_told(init: str, shift: Run) -> None:
    answer = shift(*SHORT, *DATA, f"init={init}")
    assert answer.exit_code == 0
    told = f"Warning: file '{init}' is being used to initialize all 2 chains!\n"
    assert answer.stderr.startswith(told)


def test_one_metric_for_all_chains_is_told(shift: Run, tmp_path: Path) -> None:
    (tmp_path / "metric.json").write_text(json.dumps(METRIC))
    words = ("sample", "num_samples=5", "num_warmup=20", "algorithm=hmc", "metric_file=metric.json")
    answer = shift(*words, "num_chains=2", *DATA)
    assert answer.exit_code == 0
    assert "'metric.json' is being used to initialize all 2 chains!" in answer.stderr


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("no.json", "[no_1.json, no_2.json]"),
        ("one.json", "[one_2.json]"),
        ("all.json,no.json", "[no.json]"),
        ("no.json,neither.json", "[no.json, neither.json]"),
    ],
)
@pytest.mark.parametrize("what", ["init", "metric_file"])
def test_missing_files_are_named(what: str, given: str, missing: str, shift: Run) -> None:
    sample = ("sample", "num_samples=5", "num_warmup=20", "num_chains=2")
    if what == "init":
        answer = shift(*sample, *DATA, f"init={given}")
    else:
        answer = shift(*sample, "algorithm=hmc", f"metric_file={given}", *DATA)
    assert answer.exit_code == 1
    first, *rest = answer.stderr.splitlines()
    assert first == f"Cannot open some of the requested files: {missing}"
    # without a list, the name as it was given was looked for as well
    assert any(given in line for line in rest) is ("," not in given)


@pytest.mark.parametrize("init", ["all.txt", "all", "all.json,all.txt", "all.json,"])
def test_other_suffixes_are_refused(init: str, shift: Run) -> None:
    answer = shift(*SHORT, *DATA, f"init={init}")
    assert answer.exit_code == 1
    assert "must end in .json or .R" in answer.stderr


@pytest.mark.parametrize(
    ("words", "files"),
    [
        ("file=a.csv,b.csv", {"a.csv", "b.csv", "a_config.json"}),
        ("file=a.csv,", {"a.csv", ".csv", "a_config.json"}),
        ("file=a.v2.csv", {"a.v2_1.csv", "a.v2_2.csv", "a.v2_config.json"}),
        ("file=a", {"a_1.csv", "a_2.csv", "a_config.json"}),
        ("file=a.txt", {"a_1.txt", "a_2.txt", "a_config.json"}),
        (
            "file=a.csv diagnostic_file=b.csv,c.csv",
            {"a_1.csv", "a_2.csv", "a_config.json", "b.csv", "c.csv"},
        ),
    ],
)
def test_names_of_outputs(words: str, files: set[str], shift: Run, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    answer = shift(*SHORT, *words.split(), "save_cmdstan_config=true", *DATA)
    assert answer.exit_code == 0
    assert {path.name for path in set(tmp_path.iterdir()) - before} == files


@pytest.mark.parametrize(
    ("files", "n_files"), [("a.csv,b.csv,c.csv", 3), ("a.csv,b.csv,", 3), ("a.csv,,", 3)]
)
def test_lists_of_another_length_are_refused(files: str, n_files: int, shift: Run) -> None:
    for words in ((*SHORT, f"file={files}", *DATA), (*SHORT, *DATA, f"init={files}")):
        answer = shift(*words)
        assert answer.exit_code == 1
        assert f"of length {n_files} but expected 2 names" in answer.stderr


def test_a_list_for_one_chain_is_refused(shift: Run) -> None:
    answer = shift("sample", "output", "file=a.csv,", *DATA)
    assert answer.exit_code == 1
    assert "of length 2 but expected 1 names" in answer.stderr


@pytest.mark.parametrize(
    ("option", "n_digits"),
    [((), 8), (("sig_figs=8",), 8), (("sig_figs=-1",), 6), (("sig_figs=3",), 3)],
)
def test_digits(option: tuple[str, ...], n_digits: int, shift: Run, tmp_path: Path) -> None:
    optimum = ("optimize", "output", "refresh=0", "file=optimum.csv", *option, *DATA)
    assert shift(*optimum).exit_code == 0
    lines = (tmp_path / "optimum.csv").read_text().splitlines()
    values = [line for line in lines if not line.startswith("#")][-1].split(",")
    digits = [len(value.split("e")[0].replace(".", "").lstrip("-0")) for value in values]
    assert max(digits) == n_digits
