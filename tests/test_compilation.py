"""Compiling: a line for each mistake, a digest of all that matters, and one compilation only."""

import dataclasses
import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ProgramError
from harness.program import compilation, flags, make_program
from harness.program.compilation import compile_program
from harness.program.contract import DataContract
from harness.program.program import Program
from harness.program.stanc import COMPILED_AS
from tests.cases import MIXTURE, gaussian_program

CONTRACT = DataContract(rows="y", n_columns=2, n_rows="N", likelihood_weight="w")
LINE = Program(
    name="slope",
    file=Path("slope.stan"),
    contract=CONTRACT,
    parameters=("b",),
)
SOURCE = """\
functions {
  #include functions/half.stanfunctions
}
data {
  int N;
  matrix[N, 2] y;
  real w;
}
parameters {
  real b;
}
model {
  target += -half(b * b) * w * sum(y);
}
"""
HALF = "real half(real x) { return x / 2; }\n"


@pytest.fixture(autouse=True)
def _wheel_built_cmdstan(cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))


@pytest.fixture
def compiled_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """An empty cache, and no compiler: the folders that would have been compiled into."""
    folders: list[Path] = []

    def pretend(folder: Path, *_given: object, **_made_with: object) -> None:
        time.sleep(0.05)
        folders.append(folder)
        (folder / COMPILED_AS).touch()
        (folder / "compile.json").write_text(json.dumps({"compile_time_s": 7.5}))

    monkeypatch.setattr(compilation, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(make_program, "_compile_into", pretend)
    return folders


def written(folder: Path, *, source: str = SOURCE, half: str = HALF) -> Program:
    """The program in a folder of its own, with what it includes."""
    (folder / "functions").mkdir(parents=True, exist_ok=True)
    (folder / "slope.stan").write_text(source)
    (folder / "functions" / "half.stanfunctions").write_text(half)
    return dataclasses.replace(LINE, file=folder / "slope.stan")


def edited(old: str, new: str) -> str:
    assert old in SOURCE
    return SOURCE.replace(old, new)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (edited("real b;", "real b"), r"slope\.stan', line 11, column 0"),
        (edited("sum(y)", "sum(z)"), r'line 13.*"z" not in scope'),
        (edited("half.stanf", "third.stanf"), r"line 2.*functions/third\.stanfunctions"),
    ],
    ids=["syntax", "unknown name", "missing include"],
)
def test_stancs_message_comes_in_one_line(tmp_path: Path, source: str, complaint: str) -> None:
    with pytest.raises(ProgramError, match=complaint) as caught:
        compile_program(written(tmp_path, source=source))
    message = str(caught.value)
    assert message.startswith("program 'slope' ")
    assert "\n" not in message
    assert "----" not in message


def test_missing_program_is_named(tmp_path: Path) -> None:
    program = dataclasses.replace(LINE, file=tmp_path / "absent.stan")
    with pytest.raises(ProgramError, match=r"absent\.stan'"):
        compile_program(program)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"data": {"prior_sd": 1.0}},
            "program 'slope' declares the data N, w, y, but the study gives N, prior_sd, w, y",
        ),
        (
            {"contract": CONTRACT.model_copy(update={"likelihood_weight": "weight"})},
            "program 'slope' declares the data N, w, y, but the study gives N, weight, y",
        ),
        ({"parameters": ("b", "beta")}, "program 'slope' has no variable 'beta'; it has b"),
    ],
)
def test_study_that_contradicts_the_program_is_refused(
    tmp_path: Path, change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ProgramError) as caught:
        compile_program(dataclasses.replace(written(tmp_path), **change))
    assert str(caught.value) == complaint


def test_second_compilation_finds_the_first(tmp_path: Path, compiled_folders: list[Path]) -> None:
    program = written(tmp_path / "here")
    first, again = compile_program(program), compile_program(program)
    assert first == again
    assert len(compiled_folders) == 1
    assert first.executable.is_file()
    assert first.compile_time_s == 7.5
    assert first.stan_version == "2.39.0"
    assert {file.name for file in program.file.parent.iterdir()} == {"slope.stan", "functions"}


def test_threads_that_want_one_program_compile_it_once(
    tmp_path: Path, compiled_folders: list[Path]
) -> None:
    program = written(tmp_path / "here")
    with ThreadPoolExecutor(4) as pool:
        compiled = list(pool.map(compile_program, [program] * 4))
    assert len(compiled_folders) == 1
    assert len({item.executable for item in compiled}) == 1


@pytest.mark.usefixtures("compiled_folders")
def test_digest_is_of_the_sources_wherever_they_are(tmp_path: Path) -> None:
    here, there = (compile_program(written(tmp_path / name)) for name in ("here", "there"))
    assert here.digest == there.digest
    assert here.executable == there.executable
    renamed = compile_program(dataclasses.replace(written(tmp_path / "here"), name="other"))
    assert renamed.digest == here.digest


@pytest.mark.usefixtures("compiled_folders")
@pytest.mark.parametrize(
    "change",
    [{"source": SOURCE + "// a remark\n"}, {"half": HALF.replace("x / 2", "0.5 * x")}],
    ids=["source", "include"],
)
def test_digest_changes_with_every_source(tmp_path: Path, change: dict[str, str]) -> None:
    before = compile_program(written(tmp_path))
    after = compile_program(written(tmp_path, **change))
    assert after.digest != before.digest
    assert after.executable != before.executable


@pytest.mark.usefixtures("compiled_folders")
def test_digest_changes_with_compiler_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = compile_program(written(tmp_path))
    monkeypatch.setattr(flags, "_local_flags", lambda _: "CXXFLAGS += -march=native")
    assert compile_program(written(tmp_path)).digest != before.digest


@pytest.mark.usefixtures("compiled_folders")
def test_digest_of_a_native_program_changes_with_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that two machines share keeps their fits apart."""
    program = written(tmp_path)
    native = dataclasses.replace(program, native=True)
    digests = [compile_program(program).digest]
    for processor in ("__AVX2__", "__AVX512F__"):
        flags._native.cache_clear()
        answers = {"-dM": f"#define {processor} 1", "-E": "harness_alignment (16)"}
        monkeypatch.setattr(
            flags, "_preprocessed", lambda _, command, __, told=answers: told[command[-3:].strip()]
        )
        compiled = compile_program(native)
        assert "-march=native" in compiled.flags
        digests.append(compiled.digest)
    flags._native.cache_clear()
    assert len({*digests}) == 3
    assert compile_program(program).digest == digests[0]


def test_native_is_refused_where_memory_would_be_aligned_in_two_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags._native.cache_clear()
    monkeypatch.setattr(
        flags,
        "_preprocessed",
        lambda _, command, __: f"harness_alignment {64 if 'native' in command else 16}",
    )
    with pytest.raises(ProgramError, match="64 bytes"):
        compile_program(dataclasses.replace(written(tmp_path), native=True))


def test_native_is_yes_or_no(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="'often'"):
        dataclasses.replace(written(tmp_path), native="often")  # type: ignore[arg-type]


def pretended_make(folder: Path, lines: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a shell script in the place of make; its last argument is what to make."""
    script = folder / "make.sh"
    script.write_text(f"#!/bin/sh\nfor last; do :; done\n{lines}\n")
    script.chmod(0o755)
    monkeypatch.setenv("MAKE", str(script))
    monkeypatch.setattr(compilation, "cache_folder", lambda: folder / "cache")


def test_threads_compile_without_moving_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretended_make(tmp_path, 'sleep 0.3; touch "$last"', monkeypatch)
    before = Path.cwd()
    programs = [written(tmp_path / name, source=f"{SOURCE}// {name}\n") for name in ("a", "b")]
    with ThreadPoolExecutor(2) as pool:
        pending = [pool.submit(compile_program, program) for program in programs]
        while not all(future.done() for future in pending):
            assert Path.cwd() == before
            time.sleep(0.01)
    assert Path.cwd() == before
    assert len({future.result().executable for future in pending}) == 2


def test_compilers_first_error_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = "echo 'g++ -O3'; echo 'slope.hpp:7: error: no such thing'"
    printed += "; echo 'slope.hpp:9: error: what follows'; echo 'make: *** Error 1'"
    pretended_make(tmp_path, f"{printed}; exit 2", monkeypatch)
    program = written(tmp_path / "here")
    with pytest.raises(ProgramError) as caught:
        compile_program(program)
    assert "'slope'" in str(caught.value)
    assert str(caught.value).endswith("slope.hpp:7: error: no such thing")
    assert [path for path in (tmp_path / "cache" / "programs").iterdir() if path.is_dir()] == []


def test_unwritable_cache_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    monkeypatch.setattr(compilation, "cache_folder", lambda: tmp_path / "cache")
    with pytest.raises(ProgramError, match=r"cache/programs'"):
        compile_program(written(tmp_path / "here"))


CUBE = """\
#include "parts/square.hpp"
#include <ostream>
template <typename T>
T cube(const T& x, std::ostream*) { return square_of(x) * x; }
"""
SQUARE = "template <typename T> T square_of(const T& x) { return x * x; }\n"
DECLARED = edited("functions {", "functions {\n  real cube(real x);").replace("half(b", "cube(b")


def with_header(folder: Path, *, cube: str = CUBE, square: str = SQUARE) -> Program:
    """The program with a function in C++, in a folder whose name has a space."""
    program = written(folder / "of mine", source=DECLARED)
    header = program.file.with_name("cube.hpp")
    header.write_text(cube)
    (folder / "of mine" / "parts").mkdir(exist_ok=True)
    (folder / "of mine" / "parts" / "square.hpp").write_text(square)
    return dataclasses.replace(program, user_header=header)


@pytest.mark.slow
def test_program_with_a_user_header_runs(tmp_path: Path) -> None:
    compiled = compile_program(with_header(tmp_path))
    assert compiled.model.exe_info()["stan_version_minor"] == "39"


@pytest.mark.usefixtures("compiled_folders")
def test_digest_covers_the_user_header_and_its_own(tmp_path: Path) -> None:
    programs = [
        with_header(tmp_path / "a"),
        with_header(tmp_path / "b", cube=CUBE + "// a remark\n"),
        with_header(tmp_path / "c", square=SQUARE + "// a remark\n"),
    ]
    digests = {compile_program(program).digest for program in programs}
    assert len(digests) == 3
    assert compile_program(with_header(tmp_path / "d")).digest in digests


@pytest.mark.usefixtures("compiled_folders")
def test_digest_covers_a_header_that_a_macro_names(tmp_path: Path) -> None:
    by_macro = '#define PART "parts/square.hpp"\n#include PART\n'
    cube = CUBE.replace('#include "parts/square.hpp"\n', by_macro)
    first = compile_program(with_header(tmp_path / "a", cube=cube))
    second = compile_program(
        with_header(tmp_path / "b", cube=cube, square=SQUARE + "// a remark\n")
    )
    assert first.digest != second.digest


@pytest.mark.usefixtures("compiled_folders")
def test_headers_that_include_one_another_are_read_once(tmp_path: Path) -> None:
    program = with_header(tmp_path, square='#include "../cube.hpp"\n' + SQUARE)
    assert compile_program(program).executable.is_file()


def test_missing_user_header_is_named(tmp_path: Path) -> None:
    program = with_header(tmp_path)
    assert program.user_header is not None
    program.user_header.unlink()
    complaint = r"cube\.hpp' of program 'slope' does not exist; check the study's 'user_header'$"
    with pytest.raises(ProgramError, match=complaint):
        compile_program(program)


def test_function_without_a_definition_is_told(tmp_path: Path) -> None:
    program = dataclasses.replace(with_header(tmp_path), user_header=None)
    with pytest.raises(ProgramError, match=r"line 2"):
        compile_program(program)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        pytest.param(
            {"cube": CUBE.replace("square_of(x)", "square(x")},
            r"of mine/cube\.hpp:4:.*expected",
            id="syntax",
        ),
        pytest.param(
            {"cube": CUBE.replace("cube(", "tube(")},
            r"error: .*cube",
            id="another name",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"square": "no C++\n"},
            r"of mine/parts/square\.hpp:1:.*error: ",
            id="syntax beside",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_user_header_that_does_not_compile_is_told(
    tmp_path: Path, header: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ProgramError, match=complaint) as caught:
        compile_program(with_header(tmp_path, **header))
    assert str(caught.value).startswith("program 'slope' ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("program", [MIXTURE, gaussian_program(rho=0.0)], ids=["gmm", "gaussian"])
def test_executable_runs_where_the_program_is_not(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(program.file.parent, folder)
    compiled = compile_program(dataclasses.replace(program, file=folder / program.file.name))
    assert compiled.digest == compile_program(program).digest
    shutil.rmtree(folder)
    assert compiled.model.exe_info()["stan_version_minor"] == "39"


def test_generated_quantities_and_printing_count_only_where_they_are_asked_for(
    tmp_path: Path, compiled_folders: list[Path]
) -> None:
    """A fit has neither; asked for one, its program is compiled a second time, whole."""
    bare = compile_program(written(tmp_path))
    tail = "generated quantities {\n  real twice = 2 * b;\n}\n"
    program = written(tmp_path, source=SOURCE + tail)
    unasked = compile_program(program)
    assert unasked.digest == bare.digest
    assert unasked.executable == bare.executable
    assert unasked.quantities_executable is None
    asked = compile_program(dataclasses.replace(program, parameters=("b", "twice")))
    assert asked.digest != bare.digest
    assert asked.executable == bare.executable
    assert asked.quantities_executable not in {None, bare.executable}
    assert (asked.parameters, asked.generated) == (("b",), ("twice",))
    assert asked.compile_time_s == 2 * bare.compile_time_s
    assert len(compiled_folders) == 2
