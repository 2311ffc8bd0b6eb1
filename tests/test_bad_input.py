"""Bad input of all kinds gives one clear line or a failed row, and leaves the store whole."""

import io
import json
import shlex
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cli import main
from harness.execution import cluster as scheduler
from harness.results.columns import FITS_COLUMNS, read_table
from harness.store import Store
from harness.verdict.criteria import Verdict
from tests.cases import DATA, known_fit

MODELS = DATA / "models"
KEPT = "a" * 64

STUDY = """
name = "tiny"
title = "A tiny study"
seed = 1

[[datasets]]
name = "pairs"
file = "pairs.csv"

[[programs]]
name = "line"
file = "line.stan"
contract = { rows = "y", n_columns = 2, n_rows = "N", likelihood_weight = "w" }
parameters = ["mu"]

[[cross]]
datasets = ["pairs"]
programs = ["line"]
method = "subsample_advi"
variant = "weighted"
options = { m = 3 }
"""

PROGRAM = """
data {
  int<lower=0> N;
  matrix[N, 2] y;
  real<lower=0> w;
}
parameters {
  vector[2] mu;
}
model {
  for (n in 1 : N) {
    target += w * normal_lpdf(y[n] | mu, 1);
  }
}
"""

PAIRS = "a,b\n0.1,0.2\n-0.3,0.4\n0.5,-0.6\n"

#: Data with which ``misbehaves.stan`` behaves.
GOOD: dict[str, Any] = {"N": 3, "y": [1.0, 2.0, 3.0], "weight": 1.0, "behaviour": 0}

Mischief = Callable[[Path], Any]


@pytest.fixture(autouse=True)
def _wheel_built_cmdstan(cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a good study, a good program with its data, a store with a fit."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(scheduler, "_CONNECT_WITHIN", "1s")
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "line.stan").write_text(PROGRAM)
    (tmp_path / "pairs.csv").write_text(PAIRS)
    for name in ("ar1.stan", "ar1.json", "regression.stan", "regression.json", "misbehaves.stan"):
        (tmp_path / name).write_bytes((MODELS / name).read_bytes())
    (tmp_path / "misbehaves.json").write_text(json.dumps(GOOD))
    Store(folder=tmp_path / "store").save(KEPT, known_fit({"mu": np.zeros((1, 4))}))
    return tmp_path


def assert_store_is_whole(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The store has all of its fits, and nothing half done."""
    capfd.readouterr()
    store = Store(folder=folder / "store")
    assert main(["store", "verify", "--store", str(store.folder)]) == 0
    assert capfd.readouterr().out.count("\n") == 1
    assert store.load(KEPT) is not None
    assert not any(store.workshop.folder.iterdir())
    assert not store.claims_folder.exists() or not any(store.claims_folder.iterdir())


def call(arguments: str) -> int:
    """Run the command line in the working folder, on its store unless another is named."""
    words = shlex.split(arguments)
    own_store = ["--store", "store"] if words[0] in {"run", "compare"} else []
    own_store = [] if "--store" in words else own_store
    try:
        return main([*words, *own_store])
    except SystemExit as stop:  # argparse's way to end
        return int(str(stop.code))


def nothing(folder: Path) -> None:
    """Leave all files good; the arguments are bad."""


def write(name: str, content: str | bytes) -> Mischief:
    raw = content if isinstance(content, bytes) else content.encode()
    return lambda folder: (folder / name).write_bytes(raw)


def edit(name: str, old: str, new: str) -> Mischief:
    def mischief(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return mischief


def instead_of_rows(name: str, content: bytes) -> Mischief:
    """Take the study's rows from another file."""
    return both(edit("study.toml", "pairs.csv", name), write(name, content))


def both(first: Mischief, second: Mischief) -> Mischief:
    def mischief(folder: Path) -> None:
        first(folder)
        second(folder)

    return mischief


def twice(table: str) -> Mischief:
    """Repeat a table of the study."""
    start = STUDY.index(f"[[{table}]]")
    end = STUDY.find("\n[[", start)
    return write("study.toml", STUDY + STUDY[start : end if end > 0 else None])


def folder_instead(name: str) -> Mischief:
    def mischief(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()

    return mischief


def remove(name: str) -> Mischief:
    return lambda folder: (folder / name).unlink()


def zip_of(*texts: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for i, text in enumerate(texts):
            archive.writestr(f"{i}.json", text)
    return file.getvalue()


def npy_of(values: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def reference(*, names: tuple[str, ...] = ("rho",), value: float = 0.5, n_draws: int = 9) -> str:
    """Chains of draws in posteriordb's form."""
    draws = [*np.linspace(0, 1, n_draws - 1).tolist(), value]
    chain = dict.fromkeys(names, draws)
    return json.dumps([chain, chain])


GARBAGE = bytes(range(256)) * 8
RUN = "run study.toml"
COMPARE = "compare ar1.stan ar1.json"
MISBEHAVES = "compare misbehaves.stan misbehaves.json"
ZIPPED = "compare ar1.stan data.json.zip"
REFERENCE = f"{COMPARE} --reference draws.json"
AR1_JSON = (MODELS / "ar1.json").read_text()

#: Kind of bad input: the command, what is done to good input, and what must be said.
REFUSED: dict[str, tuple[str, Mischief, str]] = {
    # data as JSON
    "JSON that is broken": (COMPARE, write("ar1.json", "{ broken"), "JSON"),
    "JSON that is empty": (COMPARE, write("ar1.json", ""), "JSON"),
    "JSON that is binary garbage": (COMPARE, write("ar1.json", GARBAGE), "JSON"),
    "JSON nested without end": (
        COMPARE,
        write("ar1.json", '{"y": ' + "[" * 99_999),
        "JSON",
    ),
    "JSON nested too deeply": (
        COMPARE,
        write("ar1.json", '{"y": ' + "[" * 999 + "]" * 999 + "}"),
        "JSON",
    ),
    "JSON without an object": (COMPARE, write("ar1.json", "[1, 2]"), "object"),
    "JSON without a variable": (
        COMPARE,
        write("ar1.json", '{"T": 3}'),
        "'y'",
    ),
    "JSON with NaN for an integer": (
        COMPARE,
        write("ar1.json", '{"T": NaN, "y": [1, 2]}'),
        "'T'",
    ),
    "JSON with a real for an integer": (
        COMPARE,
        write("ar1.json", '{"T": 2.0, "y": [1, 2]}'),
        "'T'",
    ),
    "JSON with a name twice": (
        COMPARE,
        write("ar1.json", '{"T": 2, "y": [1, 2], "T": 2}'),
        "'T'",
    ),
    "JSON of another size": (
        COMPARE,
        write("ar1.json", '{"T": 3, "y": [1, 2]}'),
        "'y'",
    ),
    "JSON with an array for a number": (
        COMPARE,
        write("ar1.json", '{"T": [3], "y": [1, 2, 3]}'),
        "'T'",
    ),
    "JSON that is ragged": (
        COMPARE,
        write("ar1.json", '{"T": 3, "y": [[1], [1, 2]]}'),
        "'y'",
    ),
    "JSON with a text for a number": (
        COMPARE,
        write("ar1.json", '{"T": 3, "y": ["a", 1]}'),
        "'y'",
    ),
    "JSON with null": (COMPARE, write("ar1.json", '{"T": null, "y": [1]}'), "'T'"),
    "JSON with an integer too large": (
        COMPARE,
        write("ar1.json", '{"T": 99999999999, "y": [1]}'),
        "integer",
    ),
    "zip that is truncated": (
        ZIPPED,
        write("data.json.zip", zip_of(AR1_JSON)[:-30]),
        "zip",
    ),
    "zip with damaged content": (
        ZIPPED,
        write("data.json.zip", zip_of(AR1_JSON).replace(b'"T"', b'"U"', 1)),
        "zip",
    ),
    "zip of two files": (ZIPPED, write("data.json.zip", zip_of("{}", "{}")), "zip"),
    "data file that is missing": (COMPARE, remove("ar1.json"), "No such file"),
    "data file that is a folder": (COMPARE, folder_instead("ar1.json"), "directory"),
    "data file of another kind": ("compare ar1.stan ar1.csv", nothing, ".json"),
    # data as tables
    "CSV with NaN": (RUN, edit("pairs.csv", "0.4", "nan"), "row 2"),
    "CSV with infinity": (RUN, edit("pairs.csv", "0.4", "-inf"), "NaN"),
    "CSV that is ragged": (RUN, edit("pairs.csv", "0.4", "0.4,7"), "row 2"),
    "CSV with a text": (RUN, edit("pairs.csv", "0.4", "four"), "row 2, column 2 holds 'four'"),
    "CSV with an empty field": (RUN, edit("pairs.csv", "-0.6", ""), "row 3, column 2"),
    "CSV without a header": (RUN, edit("pairs.csv", "a,b\n", ""), "header"),
    "CSV without rows": (RUN, write("pairs.csv", "a,b\n"), "no rows"),
    "CSV that is empty": (RUN, write("pairs.csv", ""), "no rows"),
    "CSV that is binary garbage": (RUN, write("pairs.csv", GARBAGE), "pairs.csv'"),
    "CSV that is missing": (RUN, remove("pairs.csv"), "pairs.csv'"),
    "CSV that is a folder": (RUN, folder_instead("pairs.csv"), "pairs.csv'"),
    "CSV of other rows than its digest says": (
        RUN,
        edit("study.toml", '"pairs.csv"', f'"pairs.csv"\nsha256 = "{"0" * 64}"'),
        f"expected {'0' * 64}",
    ),
    "table with too few columns": (
        RUN,
        edit("study.toml", "n_columns = 2", "n_columns = 3"),
        "shape (3, 2)",
    ),
    "npy that is truncated": (
        RUN,
        instead_of_rows("rows.npy", npy_of(np.ones((9, 2)))[:-8]),
        "rows.npy'",
    ),
    "npy that is binary garbage": (RUN, instead_of_rows("rows.npy", GARBAGE), "rows.npy'"),
    "npy of objects": (
        RUN,
        instead_of_rows("rows.npy", npy_of(np.array([[{}, {}]], dtype=object))),
        "rows.npy'",
    ),
    "npy of complex numbers": (RUN, instead_of_rows("r.npy", npy_of(np.ones((9, 2)) * 1j)), "type"),
    "npy without rows": (RUN, instead_of_rows("r.npy", npy_of(np.ones((0, 2)))), "(0, 2)"),
    # programs
    "program with a syntax error": (
        COMPARE,
        write("ar1.stan", "parameters { real x }"),
        "'ar1'",
    ),
    "program with an unknown name": (
        COMPARE,
        edit("ar1.stan", "rho ~", "roh ~"),
        '"roh"',
    ),
    "program that includes what is missing": (
        COMPARE,
        write("ar1.stan", '#include "nowhere.stan"\n'),
        "nowhere.stan",
    ),
    "program that includes itself": (COMPARE, write("ar1.stan", '#include "ar1.stan"\n'), "ar1"),
    "program that is binary garbage": (COMPARE, write("ar1.stan", GARBAGE), "'ar1'"),
    "program that is empty": (COMPARE, write("ar1.stan", ""), "no parameters"),
    "program without parameters": (
        COMPARE,
        write("ar1.stan", "data { int T; }"),
        "no parameters",
    ),
    "program without parameters that is asked for others": (
        f"{COMPARE} --variables one",
        write("ar1.stan", "data { int T; } generated quantities { real one = 1; }"),
        "no parameters",
    ),
    "program with transformed parameters alone": (
        COMPARE,
        write("ar1.stan", "data { int T; } transformed parameters { real one = 1; }"),
        "no parameters",
    ),
    "program that is missing": (COMPARE, remove("ar1.stan"), "ar1.stan'"),
    "program that is a folder": (COMPARE, folder_instead("ar1.stan"), "ar1.stan'"),
    "program with other data than its contract's": (
        RUN,
        both(edit("line.stan", "real<lower=0> w;", ""), edit("line.stan", "w * ", "")),
        "N, w, y",
    ),
    "program without the parameters that tables show": (
        RUN,
        edit("study.toml", '["mu"]', '["nu"]'),
        "'nu'",
    ),
    "user header that is missing": (
        RUN,
        edit("study.toml", '"line.stan"', '"line.stan"\nuser_header = "line.hpp"'),
        "line.hpp'",
    ),
    "program that includes a byte-order mark": (
        COMPARE,
        both(
            write("ar1.stan", "functions {\n#include part.stan\n}\n"),
            write("part.stan", b"\xef\xbb\xbfreal half(real x) { return x / 2; }"),
        ),
        "'part.stan'",
    ),
    "program in UTF-16 that ends in the middle": (
        COMPARE,
        write("ar1.stan", "parameters { real x; }".encode("utf-16")[:-1]),
        "UTF-8",
    ),
    # methods and their options
    "method that is unknown": (f"{COMPARE} --methods mcmc", nothing, "'mcmc'"),
    "method that is misspelt": (
        RUN,
        edit("study.toml", '"subsample_advi"', '"subsample_advy"'),
        "'subsample_advy'",
    ),
    "option that is unknown": (
        RUN,
        edit("study.toml", "m = 3", "mm = 3"),
        "'mm'",
    ),
    "option of the wrong type": (RUN, edit("study.toml", "m = 3", 'm = "3"'), "'m'"),
    "negative number of draws": (
        RUN,
        edit("study.toml", "m = 3", "m = 3, n_draws = -5"),
        "'n_draws'",
    ),
    "subsample of more rows than there are": (
        RUN,
        edit("study.toml", "m = 3", "m = 4"),
        "m = 4",
    ),
    "variable that is misspelt": (
        f"{COMPARE} --variables rhoo",
        nothing,
        "'rhoo'",
    ),
    "contract in part": (f"{COMPARE} --rows y --n-rows T", nothing, "--n-rows"),
    "arrays of rows without the rest": (f"{COMPARE} --rows y,z", nothing, "--n-rows"),
    "rows that no integer counts": (f"{COMPARE} --rows y --subsample 3", nothing, "'y'"),
    "rows of which no method takes a part": (
        "compare regression.stan regression.json --rows N",
        nothing,
        "rows is 'N'",
    ),
    "batch of more rows than there are": (
        "compare regression.stan regression.json --batch 1000001",
        nothing,
        "batch is 1000001",
    ),
    "subsample of more rows than are counted": (
        "compare regression.stan regression.json --rows N --subsample 1000001",
        nothing,
        "'N'",
    ),
    "batch of no rows": (f"{COMPARE} --batch 0", nothing, "batch is 0"),
    "contract with a weight that the program lacks": (
        f"{COMPARE} --rows y --n-rows T --weight w",
        nothing,
        "'w'",
    ),
    "contract with rows that the data lack": (
        "compare regression.stan regression.json --rows z --n-rows N --weight weight",
        nothing,
        "'z'",
    ),
    "contract with a count that does not count": (
        "compare regression.stan regression.json --rows y --n-rows K --weight weight",
        nothing,
        "'y'",
    ),
    "subsample of no rows": (
        f"{MISBEHAVES} --methods subsample_advi --rows y --n-rows N --weight weight",
        write("misbehaves.json", json.dumps(GOOD | {"N": 0, "y": []})),
        "m = 1",
    ),
    "no replicates": (
        f"{COMPARE} --replicates 0",
        nothing,
        "replicates",
    ),
    "no jobs": (f"{RUN} --jobs 0", nothing, "'0'"),
    "jobs that are no number": (f"{RUN} --jobs two", nothing, "'two'"),
    "negative time limit": (f"{RUN} --time-limit -1", nothing, "'-1'"),
    "infinite time limit": (f"{RUN} --time-limit inf", nothing, "'inf'"),
    "seed that is no number": (f"{COMPARE} --seed one", nothing, "'one'"),
    "options that contradict": (f"{RUN} --quiet --json", nothing, "not allowed"),
    "option that the command lacks": (f"{RUN} --frobnicate", nothing, "harness run --help"),
    "option that the action lacks": ("store ls --frobnicate", nothing, "harness store ls --help"),
    # references
    "reference that is broken": (REFERENCE, write("draws.json", "[{"), "JSON"),
    "reference that is missing": (REFERENCE, nothing, "draws.json'"),
    "reference of another form": (REFERENCE, write("draws.json", '{"rho": [1]}'), "another form"),
    "reference of other names": (
        REFERENCE,
        write("draws.json", reference(names=("theta", "lp__"))),
        "'rho'",
    ),
    "reference with NaN": (
        REFERENCE,
        write("draws.json", reference(value=float("nan"))),
        "'rho'",
    ),
    "reference with too few draws": (
        REFERENCE,
        write("draws.json", reference(n_draws=2)),
        "4",
    ),
    "reference to a run that there is not": (
        RUN,
        edit(
            "study.toml",
            "[[cross]]",
            '[[references]]\ndatasets = ["pairs"]\nprogram = "line"\nmethod = "nuts"\n'
            'variant = "long"\n[[cross]]',
        ),
        "[[cross]]",
    ),
    # studies
    "study that is no TOML": (
        RUN,
        edit("study.toml", 'title = "A tiny study"', 'title = "A tiny'),
        "study.toml'",
    ),
    "study that is binary garbage": (RUN, write("study.toml", GARBAGE), "TOML"),
    "study that is empty": (RUN, write("study.toml", ""), "'name'"),
    "study that is missing": ("run nowhere.toml", nothing, "nowhere.toml'"),
    "study that is a folder": (RUN, folder_instead("study.toml"), "study.toml'"),
    "study with an unknown key": (
        RUN,
        edit("study.toml", "seed = 1", "sed = 1"),
        "'sed'",
    ),
    "study whose name is a path": (
        RUN,
        edit("study.toml", 'name = "tiny"', 'name = "../tiny"'),
        "'name'",
    ),
    "study with two data sets of a name": (RUN, twice("datasets"), "'pairs'"),
    "study with two programs of a name": (RUN, twice("programs"), "'line'"),
    "study with the same cross twice": (RUN, twice("cross"), "'pairs / line / subsample_advi"),
    "study that crosses what it lacks": (
        RUN,
        edit("study.toml", '["pairs"]', '["pears"]'),
        "'pears'",
    ),
    "study without runs of its replicates": (
        RUN,
        edit("study.toml", 'variant = "weighted"', 'variant = "weighted"\nreplicates = 0'),
        "replicates",
    ),
    "published numbers that are missing": (
        RUN,
        edit("study.toml", "seed = 1", 'seed = 1\npublished = "none.toml"'),
        "none.toml",
    ),
    # places and machines
    "results that cannot be written": (
        f"{RUN} --results pairs.csv/below",
        nothing,
        "pairs.csv/below/tiny'",
    ),
    "store that cannot be written": (
        f"{RUN} --store pairs.csv/below",
        nothing,
        "pairs.csv/below'",
    ),
    "store that is a file": (f"{RUN} --store pairs.csv", nothing, "File exists"),
    "scheduler that nobody reaches": (
        f"{RUN} --scheduler tcp://127.0.0.1:9",
        nothing,
        "'tcp://127.0.0.1:9'",
    ),
    "scheduler whose address is none": (
        f"{RUN} --scheduler nonsense://x",
        nothing,
        "'nonsense://x'",
    ),
    "report without results": ("report study.toml", nothing, "results"),
    "store that is not there": ("store ls --store nowhere", nothing, "'nowhere'"),
    "command that there is not": ("frobnicate", nothing, "'frobnicate'"),
}


@pytest.mark.parametrize(("arguments", "mischief", "said"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused_in_one_line(
    folder: Path,
    capfd: pytest.CaptureFixture[str],
    arguments: str,
    mischief: Mischief,
    said: str,
) -> None:
    mischief(folder)
    assert call(arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("harness: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert said in err
    assert not list((folder / "results").rglob("*.csv"))
    assert_store_is_whole(folder, capfd)


ADVI = "--methods advi"

#: Kind of bad input that only CmdStan finds out: options, what differs in the data, and the reason.
FAILS: dict[str, tuple[str, dict[str, Any], str]] = {
    "program that throws in transformed data": (
        ADVI,
        {"behaviour": 1},
        "Exception: the data are not to its taste",
    ),
    "program that loops for ever": (
        f"{ADVI} --time-limit 2",
        {"behaviour": 2},
        "stopped after 2 s, the time limit",
    ),
    "program that crashes": (ADVI, {"behaviour": 3}, "CmdStan ended with code -11 (SIGSEGV)"),
    "program whose log density is never finite": (
        ADVI,
        {"behaviour": 4},
        "Initialization between (-2, 2) failed after 100 attempts",
    ),
    "program that breaks its contract": (
        "--methods subsample_advi --rows y --n-rows N --weight weight",
        {"behaviour": 5},
        "violates its contract",
    ),
    "data outside of their bounds": (
        ADVI,
        {"y": [-1.0, 2.0, 3.0]},
        "y[1] is -1, but must be greater than or equal to 0",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("options", "differs", "reason"), FAILS.values(), ids=FAILS)
def test_bad_input_that_cmdstan_finds_makes_failed_rows(
    folder: Path,
    capfd: pytest.CaptureFixture[str],
    options: str,
    differs: dict[str, Any],
    reason: str,
) -> None:
    (folder / "misbehaves.json").write_text(json.dumps(GOOD | differs))
    assert call(f"{MISBEHAVES} {options} --quiet --out results") == 0
    fits = read_table(folder / "results" / "fits.csv", FITS_COLUMNS)
    failed = fits[fits["status"] == "failed"]
    assert "advi" in failed["method"].iloc[-1]
    assert failed["reason"].str.contains(reason, regex=False).all()
    assert failed["verdict"].eq(Verdict.DO_NOT_TRUST).all()
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == len(failed)
    assert err.count(reason) == len(failed)
    assert "Traceback" not in err
    assert_store_is_whole(folder, capfd)


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--store", "--out"])
def test_full_disk_is_told_in_one_line(
    folder: Path, capfd: pytest.CaptureFixture[str], small_disk: Path, option: str
) -> None:
    """The reference alone is larger than the disk; so is what is left of it for results."""
    if option == "--out":
        (small_disk / "others").write_bytes(bytes(390_000))
    arguments = f"{MISBEHAVES} {ADVI} --replicates 1 --quiet {option} {small_disk / 'place'}"
    assert call(arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("harness: ")
    assert err.count("\n") == 1
    assert "No space left on device" in err
    if option == "--out":
        assert len(list(Store(folder=folder / "store").all_keys())) == 3
    assert_store_is_whole(folder, capfd)
