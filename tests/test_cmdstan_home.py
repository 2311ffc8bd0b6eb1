"""Finding a CmdStan, and building the home: order, errors, locks, kills."""

import errno
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cmdstanpy
import pytest

from harness.cmdstan import Beside, build, commands, find_cmdstan, home, release, toolchain, wheel
from harness.cmdstan.doctor import doctor
from harness.cmdstan.guarded import GuardedCommands
from harness.cmdstan.home import home_path, install_home, is_complete, remove_homes
from harness.errors import (
    CacheFolderError,
    CmdStanBuildError,
    CmdStanMissingError,
    DiskSpaceError,
    HarnessError,
    ToolchainError,
)
from harness.program.flags import find_flags
from harness.program.server_object import ensure_cmdstan_with_server, make_server
from tests import cheap_install

PROJECT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "tests.cheap_install"]


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty HOME and an empty cache folder, and no $CMDSTAN."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CMDSTAN", raising=False)
    (tmp_path / "user").mkdir()
    return tmp_path


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install without copying a hundred megabytes and compiling for minutes."""
    monkeypatch.setattr(home, "lay_out", cheap_install.lay_out)
    monkeypatch.setattr(home, "compile_home", cheap_install.compile_home)
    monkeypatch.setattr(home, "find_wheel", cheap_install.find_wheel)


def make_cmdstan(folder: Path, version: str = "2.39.0") -> Path:
    (folder / "bin").mkdir(parents=True)
    for name in ("stanc", "stansummary", "diagnose"):
        (folder / "bin" / name).touch()
    (folder / "makefile").write_text(f"CMDSTAN_VERSION := {version}\n")
    return folder


def left_overs() -> list[str]:
    folder = home.homes_folder()
    return [path.name for path in folder.glob(".*") if path.name != ".lock"]


def one_line(error: pytest.ExceptionInfo[HarnessError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_nothing_is_found_on_an_empty_machine() -> None:
    assert find_cmdstan() is None


def test_the_environment_comes_first(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_cmdstan(nowhere / "user/.cmdstan/cmdstan-2.37.0")
    make_cmdstan(home_path())
    named = make_cmdstan(nowhere / "mine", "2.38.1")
    monkeypatch.setenv("CMDSTAN", str(named))
    found = find_cmdstan()
    assert found is not None
    assert (found.path, found.version, found.origin) == (named, "2.38.1", "environment")


def test_cmdstanpys_own_comes_second_and_its_newest_is_taken(nowhere: Path) -> None:
    make_cmdstan(home_path())
    for version in ("2.9.0", "2.37.0", "2.36.0"):
        make_cmdstan(nowhere / f"user/.cmdstan/cmdstan-{version}", version)
    found = find_cmdstan()
    assert found is not None
    assert (found.version, found.origin) == ("2.37.0", "cmdstanpy")


def test_an_unbuilt_release_is_passed_over(nowhere: Path) -> None:
    unbuilt = make_cmdstan(nowhere / "user/.cmdstan/cmdstan-2.37.0")
    (unbuilt / "bin/stanc").unlink()
    make_cmdstan(home_path())
    found = find_cmdstan()
    assert found is not None
    assert found.origin == "home"
    assert str(unbuilt) in " ".join(doctor().problems)


@pytest.mark.parametrize(
    ("missing", "said"),
    [("makefile", "no makefile"), ("bin/stanc", "no bin/stanc"), (".", "does not exist")],
)
def test_an_environment_that_names_no_cmdstan(
    missing: str, said: str, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = make_cmdstan(nowhere / "mine")
    if missing == ".":
        named = nowhere / "elsewhere"
    else:
        (named / missing).unlink()
    monkeypatch.setenv("CMDSTAN", str(named))
    with pytest.raises(CmdStanMissingError, match=said) as error:
        find_cmdstan()
    assert str(named) in one_line(error)


def test_the_name_changes_with_the_driver(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (nowhere / "driver").mkdir()
    monkeypatch.setattr(wheel, "DRIVER", nowhere / "driver")
    names = set()
    for text in ("one", "two"):
        (nowhere / "driver/main.cpp").write_text(text)
        names.add(wheel.home_name())
    assert len(names) == 2
    assert all(name.startswith("cmdstan-2.39.0-") for name in names)


@pytest.mark.usefixtures("cheap")
def test_an_install_builds_once_and_leaves_nothing_else() -> None:
    lines: list[str] = []
    path = install_home(lines.append)
    assert is_complete(path)
    assert lines[-1] == "step 9"
    assert left_overs() == []
    before = path.stat().st_mtime_ns
    assert install_home() == path
    assert path.stat().st_mtime_ns == before
    assert commands.path() == str(path)
    assert commands.install(release=False, report=lines.append).startswith("CmdStan 2.39.0 ready")
    assert remove_homes() == [path]
    assert find_cmdstan() is None


@pytest.mark.usefixtures("cheap")
def test_what_an_interrupted_install_left_is_cleared() -> None:
    folder = home.homes_folder()
    for name in (".building-abc/bin", ".discarded-x/y", home_path().name):
        (folder / name).mkdir(parents=True)
    assert is_complete(install_home())
    assert left_overs() == []


@pytest.mark.parametrize(
    ("variable", "missing"), [("CXX", r"the C\+\+ compiler"), ("MAKE", "the program")]
)
@pytest.mark.usefixtures("cheap")
def test_a_missing_tool_is_named_with_its_remedy(
    variable: str, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "no-such-tool")
    with pytest.raises(ToolchainError, match="'no-such-tool'") as error:
        install_home()
    assert f"${variable}" in one_line(error)
    assert re.search(missing, one_line(error))
    assert "no-such-tool" in doctor().problems[0]


@pytest.mark.usefixtures("cheap")
def test_hidden_tools(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("CXX", "MAKE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(nowhere))
    with pytest.raises(ToolchainError, match="missing"):
        install_home()


def test_without_the_wheel_the_release_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(CmdStanMissingError, match="--release") as error:
        install_home()
    one_line(error)


@pytest.mark.usefixtures("cheap")
def test_a_small_disk_is_refused_before_anything_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "free_bytes", lambda _folder: 10**8)
    with pytest.raises(DiskSpaceError, match=r"0\.1 GB.* 1\.\d GB") as error:
        install_home()
    assert "XDG_CACHE_HOME" in one_line(error)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, DiskSpaceError),
        (errno.EDQUOT, DiskSpaceError),
        (errno.EROFS, CacheFolderError),
        (errno.EACCES, CacheFolderError),
    ],
)
@pytest.mark.usefixtures("cheap")
def test_what_the_system_refuses_is_told_in_one_line(
    number: int, kind: type[HarnessError], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_wheel: object, folder: Path, _report: object) -> None:
        raise OSError(number, os.strerror(number), str(folder))

    monkeypatch.setattr(home, "lay_out", refuse)
    with pytest.raises(kind) as error:
        install_home()
    assert "XDG_CACHE_HOME" in one_line(error)
    assert left_overs() == []


def test_a_disk_that_runs_full_while_headers_are_copied(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("include/stan/a.hpp", "include/stan/b.hpp", "include/pybind11/c.hpp"):
        (nowhere / "package" / name).parent.mkdir(parents=True, exist_ok=True)
        (nowhere / "package" / name).touch()
    monkeypatch.setattr(home, "find_wheel", lambda: wheel.Wheel(nowhere / "package", nowhere))

    def refuse(_source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr("shutil.copy2", refuse)
    with pytest.raises(DiskSpaceError, match="is full") as error:
        install_home()
    one_line(error)
    assert left_overs() == []


@pytest.mark.usefixtures("cheap")
def test_a_cache_folder_that_is_a_file(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (nowhere / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(nowhere / "file"))
    with pytest.raises(CacheFolderError, match="set XDG_CACHE_HOME") as error:
        install_home()
    one_line(error)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to a read-only folder")
@pytest.mark.usefixtures("cheap")
def test_a_read_only_cache_folder(nowhere: Path) -> None:
    (nowhere / "cache").mkdir(mode=0o500)
    with pytest.raises(CacheFolderError, match="set XDG_CACHE_HOME") as error:
        install_home()
    one_line(error)


def fake_make(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    script = folder / "make"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    monkeypatch.setenv("MAKE", str(script))
    work = folder / "work"
    (work / "driver").mkdir(parents=True)
    (work / "driver/main.cpp").touch()
    return work


def test_the_build_reports_what_it_compiles(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = fake_make(nowhere, "echo '--- Compiling driver/main.cpp ---'; pwd", monkeypatch)
    lines: list[str] = []
    build.compile_home(work, nowhere / "log", lines.append)
    assert lines == ["compiling 1/1: main.cpp"]
    assert (nowhere / "log").read_text().splitlines()[-1] == str(work)


def test_what_is_beside_a_home_is_compiled_with_it(nowhere: Path) -> None:
    work = nowhere / "work"
    (work / "driver").mkdir(parents=True)
    (work / "driver/main.cpp").touch()
    (work / "copy.sh").write_text('cp "$4" "$3"\n')
    said = "@echo '--- Compiling driver/main.cpp ---'"
    (work / "makefile").write_text(f"COMPILE := sh copy.sh\nbuild:\n\t{said}\n")
    beside = Beside(source=nowhere / "beside.cpp", target=nowhere / "beside.o")
    beside.source.write_text("its text")
    lines: list[str] = []
    build.compile_home(work, nowhere / "log", lines.append, beside)
    assert beside.target.read_text() == "its text"
    assert sorted(line.split()[1] for line in lines) == ["1/2:", "2/2:"]
    assert {line.split()[2] for line in lines} == {"beside.cpp", "main.cpp"}


@pytest.mark.usefixtures("cheap")
def test_the_server_of_densities_comes_with_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def compile_home(
        folder: Path, log: Path, report: Callable[[str], None], beside: Beside
    ) -> None:
        cheap_install.compile_home(folder, log, report)
        shutil.copy(beside.source, beside.target)

    monkeypatch.setattr(home, "compile_home", compile_home)
    found = ensure_cmdstan_with_server()
    flags = find_flags(found.path, found.version, native=False)
    server = make_server(found.path, flags.shared, GuardedCommands())  # this home has no compiler
    assert server.read_text().startswith('#include "')
    assert ensure_cmdstan_with_server().path == found.path


@pytest.mark.parametrize(
    ("says", "kind", "told"),
    [
        ("main.cpp:3: error: no such type", CmdStanBuildError, "main.cpp:3: error: no such type"),
        ("cannot write: No space left on device", DiskSpaceError, "disk was full"),
        ("g++: fatal error: Killed signal terminated", CmdStanBuildError, "memory was short"),
    ],
)
def test_a_build_that_fails_is_told_in_one_line(
    says: str,
    kind: type[HarnessError],
    told: str,
    nowhere: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = fake_make(nowhere, f"echo first; echo '{says}'; exit 2", monkeypatch)
    with pytest.raises(kind, match=told) as error:
        build.compile_home(work, nowhere / "log", home.silent)
    one_line(error)


def test_an_interrupt_ends_the_compilers(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "sleep 60 & echo $! > pid; echo '--- Compiling driver/main.cpp ---'; wait"
    work = fake_make(nowhere, body, monkeypatch)

    def interrupt(_message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build.compile_home(work, nowhere / "log", interrupt)
    wait_for(lambda: (work / "pid").exists() and not alive(int((work / "pid").read_text())))


def alive(process: int) -> bool:
    stat = Path(f"/proc/{process}/stat")
    if Path("/proc/self").exists():
        return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return (
        subprocess.run(["ps", "-p", str(process)], check=False, capture_output=True).returncode == 0
    )


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_two_installs_at_once_both_succeed(nowhere: Path) -> None:
    both = [
        subprocess.Popen(COMMAND, cwd=PROJECT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=60)[0].splitlines() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0][-1] == said[1][-1] == str(home_path())
    assert len((nowhere / "cache/stan-advi-harness/built").read_text().splitlines()) == 1
    assert left_overs() == []


@pytest.mark.slow
def test_killed_at_twenty_random_moments_it_works_afterwards() -> None:
    moments = random.Random(20)  # noqa: S311 - when to kill is no secret
    for _ in range(20):
        process = subprocess.Popen(COMMAND, cwd=PROJECT, stdout=subprocess.DEVNULL)
        wait_for(lambda: bool(left_overs()) or process.poll() is not None, 60)  # noqa: B023
        time.sleep(moments.uniform(0, 1.2 * cheap_install.STEP_S * (cheap_install.N_STEPS + 3)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        done = subprocess.run(COMMAND, cwd=PROJECT, check=True, capture_output=True, text=True)
        assert done.stdout.splitlines()[-1] == str(home_path())
        assert is_complete(home_path())
        assert cheap_install.objects(home_path()) == cheap_install.N_STEPS
        assert left_overs() == []
        remove_homes()


def test_doctor_on_an_empty_machine() -> None:
    report = doctor()
    assert report.location is None
    assert report.compiler is not None
    assert report.free_bytes > 0
    assert any("harness cmdstan install" in problem for problem in report.problems)
    assert any(line.strip().startswith("compiler: ") for line in report.lines())


def test_doctor_shows_flags_and_local_settings(nowhere: Path) -> None:
    path = make_cmdstan(home_path())
    with (path / "makefile").open("a") as makefile:
        makefile.write("compile_info:\n\t@echo g++ -O3\n")
    (path / "make").mkdir()
    (path / "make/local").write_text("CXXFLAGS += -march=native\n")
    report = doctor()
    assert report.problems == ()
    assert report.flags == "g++ -O3"
    assert "CXXFLAGS += -march=native" in "\n".join(report.lines())
    assert nowhere in report.folder.parents


def test_a_release_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_options: object) -> bool:
        cmdstanpy.utils.get_logger().warning("CmdStan installation failed.\n%s", "no network")
        return False

    monkeypatch.setattr(cmdstanpy, "install_cmdstan", fail)
    with pytest.raises(CmdStanBuildError, match="no network") as error:
        release.install_release()
    one_line(error)


def test_a_release_reports_its_lines(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def succeed(**_options: object) -> bool:
        sys.stdout.write("Downloading\nBuil")
        sys.stdout.write("ding\n")
        os.environ["CMDSTAN"] = str(nowhere)
        return True

    monkeypatch.setattr(cmdstanpy, "install_cmdstan", succeed)
    lines: list[str] = []
    assert release.install_release(lines.append) == nowhere
    assert lines == ["Downloading", "Building"]
    assert "CMDSTAN" not in os.environ
