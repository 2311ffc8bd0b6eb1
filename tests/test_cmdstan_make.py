"""The home's makefile, on a driver of one small file and a stanc that is a script."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.cmdstan.build import n_steps
from harness.cmdstan.wheel import DRIVER

# Each test compiles a home.
pytestmark = pytest.mark.slow

# Wraps the program's text in a C++ function; `#include FILE` works, `bad` is an error.
STANC = """#!/bin/sh
for word; do
  case $word in
    --o=*) out=${word#--o=} ;;
    --info) info=yes ;;
    -*) flags="$flags $word" ;;
    *) program=$word ;;
  esac
done
folder=$(dirname "$program")
included=$(sed -n "s,^#include ,$folder/,p" "$program")
if [ "$info" ]; then printf '{ "included_files": [ %s ] }' "${included:+\\"$included\\"}"; exit; fi
if grep -q bad "$program"; then echo "Syntax error in 'bad.stan'" >&2; exit 1; fi
text=$(cat "$program" $included | tr '\\n#' '  ')
echo "const char* model_says() { return \\"$text$flags\\"; }" >"$out"
"""
MAIN = """#include <iostream>
const char* model_says();
const char* model_knows();
int main() {
  std::cout << DRIVER_KNOWS << "|" << model_knows() << "|" << model_says() << std::endl;
}
"""
PREFIX = """#ifndef PREFIX
#define PREFIX
#define TEXT(x) #x
#define SAY(x) TEXT(x)
#ifndef COLOUR
#define COLOUR none
#endif
#ifdef STAN_THREADS
#define DRIVER_KNOWS SAY(COLOUR) " threads"
#else
#define DRIVER_KNOWS SAY(COLOUR)
#endif
#endif
"""
MODEL_KNOWS = """\necho 'const char* model_knows() { return DRIVER_KNOWS; }' >>"$out"\n"""


@pytest.fixture
def small_home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    for name in ("driver/tools", "include", "lib", "bin", "make"):
        (folder / name).mkdir(parents=True)
    shutil.copy(DRIVER / "makefile", folder)
    for script in DRIVER.glob("*.sh"):
        shutil.copy(script, folder / "driver")
    (folder / "driver/main.cpp").write_text('#include "model_prefix.hpp"\n' + MAIN)
    (folder / "driver/model_prefix.hpp").write_text(PREFIX)
    (folder / "include/stan_sundials_printf_override.hpp").touch()
    (folder / "include/model_prefix.hpp").write_text(PREFIX)
    (folder / "driver/tools/stansummary.cpp").write_text("int main() {}\n")
    (folder / "driver/tools/diagnose.cpp").write_text("int main() {}\n")
    (folder / "bin/stanc").write_text(STANC + MODEL_KNOWS)
    (folder / "bin/stanc").chmod(0o755)
    for library in ("cvodes", "idas", "kinsol", "nvecserial"):
        subprocess.run(["ar", "rc", folder / f"lib/libsundials_{library}.a"], check=True)
    subprocess.run(["ar", "rc", folder / "lib/libtbb.a"], check=True)
    return folder


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "work" / "model.stan"
    path.parent.mkdir()
    path.write_text("one")
    return path


def make(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *map(str, arguments)], cwd=home, capture_output=True, text=True, env=clean,
        check=False,
    )  # fmt: skip


def built(home: Path, program: Path, *arguments: str) -> str:
    """Make a program's executable and return what it says: driver | model | program and flags."""
    target = program.with_suffix("")
    done = make(home, *arguments, target)
    assert done.returncode == 0, done.stdout + done.stderr
    ran = subprocess.run([target], capture_output=True, text=True, check=True)
    return " ".join(ran.stdout.split())


def test_a_model_is_made_once_and_leaves_what_cmdstan_leaves(
    small_home: Path, program: Path
) -> None:
    assert built(small_home, program) == "none|none|one"
    assert {path.name for path in program.parent.iterdir()} == {"model.stan", "model.hpp", "model"}
    again = make(small_home, program.with_suffix(""))
    assert "is up to date" in again.stdout


def test_a_changed_program_is_made_again(small_home: Path, program: Path) -> None:
    built(small_home, program)
    program.write_text("two")
    assert built(small_home, program).endswith("|two")


@pytest.mark.parametrize("variable", ["CXXFLAGS", "CPPFLAGS"])
def test_driver_and_model_agree_on_changed_flags(
    variable: str, small_home: Path, program: Path
) -> None:
    assert built(small_home, program).startswith("none|none|")
    for colour in ("red", "blue", "red"):
        said = built(small_home, program, f"{variable}=-DCOLOUR={colour}")
        assert said.startswith(f"{colour}|{colour}|")
    assert built(small_home, program, "STAN_THREADS=true").startswith("none threads|none threads|")


def test_local_settings_and_the_command_line_join(small_home: Path, program: Path) -> None:
    (small_home / "make/local").write_text("CXXFLAGS += -DCOLOUR=green\nSTANCFLAGS += --O1\n")
    said = built(small_home, program, "STANCFLAGS+=--filename-in-msg=m.stan", "CXXFLAGS=-DX")
    assert said == "green|green|one --O1 --filename-in-msg=m.stan"
    (small_home / "make/local").write_text("STAN_THREADS = true\n")
    assert built(small_home, program) == "none threads|none threads|one"


def test_changed_flags_of_stanc_translate_again(small_home: Path, program: Path) -> None:
    assert built(small_home, program, "STANCFLAGS=--O1").endswith("|one --O1")
    assert built(small_home, program).endswith("|one")


def test_stray_objects_are_not_linked(small_home: Path, program: Path) -> None:
    for stray in ("model.o", "main.o"):
        (program.parent / stray).write_text("no object")
    (small_home / "driver/main.o").write_text("no object")
    assert built(small_home, program).endswith("|one")


def test_a_changed_included_file_makes_again(small_home: Path, program: Path) -> None:
    part = program.parent / "part.stan"
    part.write_text("first")
    program.write_text("#include part.stan\n")
    assert "first" in built(small_home, program)
    part.write_text("second")
    assert "second" in built(small_home, program)
    part.unlink()
    program.write_text("alone")
    assert built(small_home, program).endswith("|alone")


def test_a_user_header_and_what_it_includes(small_home: Path, program: Path) -> None:
    header = program.with_name("user.hpp")
    header.write_text('#include "part.hpp"\n#undef COLOUR\n#define COLOUR PART\n')
    for colour in ("red", "blue"):
        program.with_name("part.hpp").write_text(f"#define PART {colour}\n")
        said = built(small_home, program, f"USER_HEADER={header}")
        assert said.startswith(f"none|{colour}|")


def test_files_of_a_unit_are_compiled_in_it_alone(small_home: Path, program: Path) -> None:
    part, unit = small_home / "driver/part.cpp", small_home / "driver/unit_all.cpp"
    (small_home / "driver/main.cpp").rename(part)
    unit.write_text('#include "part.cpp"\n')
    assert make(small_home, "build").stdout.count("--- Compiling ") == n_steps(small_home) == 4
    assert built(small_home, program) == "none|none|one"
    assert [file.name for file in small_home.glob("obj/[0-9]*/*.o")] == ["unit_all.o"]
    part.write_text(part.read_text().replace('"|"', '"/"'))
    assert built(small_home, program) == "none/none/one"


def test_the_default_user_header(small_home: Path, program: Path) -> None:
    program.with_name("user_header.hpp").write_text("#undef COLOUR\n#define COLOUR mine\n")
    assert built(small_home, program).startswith("none|none|")
    said = built(small_home, program, "STANCFLAGS+=--allow-undefined")
    assert said.startswith("none|mine|")


def test_without_a_precompiled_header(small_home: Path, program: Path) -> None:
    assert built(small_home, program, "PRECOMPILED_HEADERS=false") == built(small_home, program)
    assert list(small_home.glob("obj/*/*.gch"))


def test_two_makes_with_new_flags_at_once(small_home: Path, program: Path) -> None:
    other = program.with_name("other.stan")
    other.write_text("other")
    both = [
        subprocess.Popen(
            ["make", "CXXFLAGS=-DCOLOUR=red", path.with_suffix("")],
            cwd=small_home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for path in (program, other)
    ]
    said = "".join(process.communicate(timeout=60)[0] for process in both)
    assert [process.returncode for process in both] == [0, 0], said
    assert said.count("--- Compiling driver/main.cpp ---") == 1
    assert built(small_home, other, "CXXFLAGS=-DCOLOUR=red").endswith("|other")


def test_what_stanc_refuses_is_told_shortly(small_home: Path, program: Path) -> None:
    built(small_home, program)
    program.write_text("bad")
    done = make(small_home, program.with_suffix(""))
    assert done.returncode != 0
    assert "Syntax error in 'bad.stan'" in done.stderr
    assert len((done.stdout + done.stderr).splitlines()) <= 4
    assert not list(program.parent.glob("*.tmp*"))


def test_build_makes_the_tools_and_clean_what_other_flags_made(small_home: Path) -> None:
    assert make(small_home, "build", "-j2").returncode == 0
    assert (small_home / "bin/stansummary").exists()
    assert make(small_home, "build", "CXXFLAGS=-DX").returncode == 0
    assert len(list(small_home.glob("obj/[0-9]*"))) == 2
    make(small_home, "clean")
    assert len(list(small_home.glob("obj/[0-9]*"))) == 1
    make(small_home, "clean-all")
    assert {path.name for path in (small_home / "bin").iterdir()} == {"stanc"}
    assert make(small_home, "build").stdout.rstrip().endswith("--- CmdStan v2.39.0 built ---")


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("STAN_OPENCL=TRUE", "neither OpenCL nor MPI"),
        ("CXX=no-such-compiler", "compiler 'no-such-compiler' was not found"),
    ],
)
def test_what_cannot_be_done_is_told(
    argument: str, told: str, small_home: Path, program: Path
) -> None:
    done = make(small_home, argument, program.with_suffix(""))
    assert done.returncode != 0
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_and_flags(small_home: Path) -> None:
    assert make(small_home).stdout.startswith("CmdStan v2.39.0")
    flags = make(small_home, "-s", "compile_info").stdout
    assert "-O3" in flags
    assert "-DSTAN_THREADS" not in flags
    assert "-march" not in flags
