"""Programs, folders and data files may be called anything; what they are called changes nothing."""

import shutil
from pathlib import Path

import pytest

from harness.cli import main
from harness.data.stan_json import read_stan_json
from harness.messages.clauses import plain_name, shown
from harness.program.compilation import compile_program, program_digest
from harness.program.program import Program
from harness.results.columns import FITS_COLUMNS, read_table
from harness.store import fit_key
from harness.study.comparison import Comparison, comparison_study
from harness.study.study import Study
from tests.cases import DATA

AR1 = DATA / "models" / "ar1.stan"
AR1_DATA = DATA / "models" / "ar1.json"

NAMES = [
    "with space (1)",
    "it's #1 $HOME",
    "1st",
    "größe",
    "モデル",
    "a,b;c&d",
    "--help",
    'x\\y"z',
    "[red]",
    "line\nbreak",
    "%25",
    "a:b|c",
    "..",
]


@pytest.fixture(autouse=True)
def _wheel_built_cmdstan(cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))


def copied(folder: Path, name: str) -> tuple[Path, Path]:
    """The program and its data under a name, in a folder of that name."""
    place = folder / f"{name} "
    place.mkdir()
    model, data = place / f"{name}.stan", place / f"{name}.json"
    shutil.copy(AR1, model)
    shutil.copy(AR1_DATA, data)
    return model, data


def planned(model: Path, data: Path) -> Study:
    return comparison_study(Comparison(model=model, data=data, replicates=2))


def keys(study: Study) -> list[str]:
    program = next(iter(study.programs.values()))
    digest = program_digest(program)
    return [fit_key(run, program, digest, study.datasets["data"]) for run in study.runs]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_changes_neither_seeds_nor_keys(tmp_path: Path, name: str) -> None:
    plain = planned(AR1, AR1_DATA)
    named = planned(*copied(tmp_path, name))
    assert [run.seed for run in named.runs] == [run.seed for run in plain.runs]
    assert keys(named) == keys(plain)
    assert named.digest == plain.digest
    assert named.name == plain_name(name)
    assert "\n" not in named.description


def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    name = b"m\xfcller".decode("utf-8", "surrogateescape")
    try:
        model, data = copied(tmp_path, name)
    except OSError:
        pytest.skip("this file system has no such names")
    study = planned(model, data)
    assert study.name == "m_ller"
    assert study.description.encode()


def test_names_in_plain_form() -> None:
    assert plain_name("1 my mödel (v2)'#$") == "1_my_mödel_v2"
    assert plain_name("../..") == plain_name("") == "unnamed"
    assert plain_name("cafe\N{COMBINING ACUTE ACCENT}") == "café"
    assert shown("a\nb\tc") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"


HEADER = """
#include <ostream>
#include "twice, too.hpp"
template <typename T>
T thrice(const T& x, std::ostream*) { return twice(x) + x; }
"""
SOURCE = """
functions {
  real thrice(real x);
  #include "parts (of it)/it's half #1.stanfunctions"
}
parameters {
  real x;
}
model {
  x ~ normal(half(thrice(0)), 1);
}
"""


@pytest.mark.slow
def test_a_program_compiles_whatever_is_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder, its includes, its header, the temporary folder and the cache folder."""
    folder = tmp_path / "größe, it's #1 $(x) "
    for name in ("parts (of it)", "tmp [1] '", "cache (1) $x"):
        (folder / name).mkdir(parents=True)
    model = folder / "1 mödel's (v2) #$;,.stan"
    model.write_bytes(SOURCE.replace("\n", "\r\n").encode("utf-16"))
    half = "real half(real x) { return x / 2; }\n"
    (folder / "parts (of it)" / "it's half #1.stanfunctions").write_text(half)
    (folder / "it's head #1.hpp").write_text(HEADER)
    twice = "template <typename T> T twice(const T& x) { return 2 * x; }\n"
    (folder / "twice, too.hpp").write_text(twice)
    monkeypatch.setattr("tempfile.tempdir", str(folder / "tmp [1] '"))
    monkeypatch.setattr("harness.program.compilation.cache_folder", lambda: folder / "cache (1) $x")
    program = Program(
        name="m", file=model, parameters=("x",), user_header=folder / "it's head #1.hpp"
    )
    compiled = compile_program(program)
    assert compiled.executable.is_relative_to(folder / "cache (1) $x")
    assert compiled.model.exe_info()["stan_version_minor"] == "39"
    assert len(compiled.sources) == 4
    assert {file.name for file in compiled.sources} >= {"it's half #1.stanfunctions"}


@pytest.mark.slow
def test_the_command_writes_where_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data = copied(tmp_path, "it's [1] (ü) #$")
    out = tmp_path / "results [1] 'ü' #$"
    arguments = ["compare", str(model), str(data), "--methods", "laplace", "--out", str(out)]
    assert main([*arguments, "--store", str(tmp_path / "a store")]) == 0
    fits = read_table(out / "fits.csv", FITS_COLUMNS)
    assert set(fits["program"]) == {"it_s_1_ü"}
    assert set(fits["status"]) == {"ok"}
    assert str(out) in capsys.readouterr().out.replace("\n", "")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_programs_in_other_encodings_are_the_same(tmp_path: Path, encoding: str) -> None:
    model, data = copied(tmp_path, "encoded")
    model.write_bytes(AR1.read_text().replace("\n", "\r\n").encode(encoding))
    assert planned(model, data).programs["encoded"].parameters == ("rho",)
    data.write_bytes(AR1_DATA.read_text().encode(encoding))
    assert list(read_stan_json(data)) == ["T", "y"]


@pytest.mark.slow
def test_a_folder_whose_name_is_no_utf8_takes_results(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model, data = copied(tmp_path, "plain")
    out = tmp_path / b"m\xfcller".decode("utf-8", "surrogateescape")
    arguments = ["compare", str(model), str(data), "--methods", "laplace", "--out", str(out)]
    assert main([*arguments, "--store", str(tmp_path / "store"), "--json"]) == 0
    assert (out / "report.html").is_file()
    missing = ["compare", str(out / "absent.stan"), str(data), "--out", str(out), "--json"]
    assert main(missing) == 2
    told = capfd.readouterr().out
    assert told.encode().count(b"m\xef\xbf\xbdller") >= 2
