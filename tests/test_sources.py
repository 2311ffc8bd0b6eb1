"""Programs travel without their files, and are compiled where they arrive."""

import dataclasses
from pathlib import Path

import pytest

from harness.errors import ProgramError
from harness.program import compilation, make_program
from harness.program import portable as sources
from harness.program.compilation import CompiledProgram, compile_program
from harness.program.portable import compile_sources, gather_sources
from harness.program.program import Program
from harness.program.stanc import COMPILED_AS
from tests.cases import MIXTURE, PROJECT

FUSED = dataclasses.replace(
    MIXTURE,
    name="fused",
    file=PROJECT / "stan" / "gmm_ordered_fused.stan",
    user_header=PROJECT / "stan" / "functions" / "gmm_fused.hpp",
)


@pytest.fixture(autouse=True)
def _pretended_compiler(
    cmdstan_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compile nothing, into a cache folder of the test's own."""

    def pretend(folder: Path, *_: object, **__: object) -> None:
        (folder / COMPILED_AS).touch()
        (folder / "compile.json").write_text('{"compile_time_s": 1.0}')

    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    monkeypatch.setattr(make_program, "_compile_into", pretend)
    monkeypatch.setattr(sources, "_COMPILED", {})
    for module in (compilation, sources):
        monkeypatch.setattr(module, "cache_folder", lambda: tmp_path / "cache")


def arrived(program: Program) -> CompiledProgram:
    return compile_sources(gather_sources(compile_program(program)))


@pytest.mark.parametrize("program", [MIXTURE, FUSED], ids=["plain", "includes and headers"])
def test_program_is_the_same_where_it_arrives(program: Program, tmp_path: Path) -> None:
    here = compile_program(program)
    there = arrived(program)
    assert there.digest == here.digest
    assert all(file.is_relative_to(tmp_path / "cache") for file in there.sources)
    assert len(there.sources) == len(here.sources)


def test_two_programs_of_one_source_keep_their_data() -> None:
    other = dataclasses.replace(FUSED, name="other", data={"prior_sd": 5.0})
    assert arrived(FUSED).program.data == FUSED.data
    assert arrived(other).program.data == other.data


def test_another_cmdstan_is_refused() -> None:
    gathered = dataclasses.replace(gather_sources(compile_program(FUSED)), digest="other")
    with pytest.raises(ProgramError, match=r"'fused' .*CmdStan"):
        compile_sources(gathered)
