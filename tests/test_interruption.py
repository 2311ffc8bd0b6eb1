"""Ctrl-C, and being told to end: in order, with all that was started, from whatever shell."""

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.cli.signals import TerminatedError, terminated_in_order
from harness.cmdstan.guarded import GuardedCommands
from tests.cases import DATA
from tests.processes import descendants, is_running, kill, start, wait_until

STUDY = f"""
name = "endless"
title = "A fit that takes hours"
seed = 1
[[datasets]]
name = "pairs"
file = "pairs.csv"
[[programs]]
name = "gaussian"
file = "{DATA / "programs" / "gaussian.stan"}"
contract = {{ rows = "y", n_columns = 2, n_rows = "N", likelihood_weight = "weight" }}
data = {{ prior_sd = 2.0, rho = 0.0 }}
parameters = ["theta"]
[[cross]]
datasets = ["pairs"]
programs = ["gaussian"]
method = "nuts"
variant = "endless"
options = {{ n_warmup = 100_000_000 }}
"""

#: Takes the place of make: says that it began, and never ends.
MAKE = """#!/bin/sh
echo "$TMPDIR" > {began}
touch "$TMPDIR/of-the-compiler"
sleep 600
"""


@pytest.fixture
def command(tmp_path: Path) -> tuple[str, ...]:
    """A study's command line."""
    (tmp_path / "pairs.csv").write_text("a,b\n0.1,0.2\n-0.3,0.4\n0.5,-0.6\n")
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "tmp").mkdir()
    places = ("--results", str(tmp_path / "results"), "--store", str(tmp_path / "store"))
    return ("harness.cli", "run", str(tmp_path / "study.toml"), *places)


@pytest.fixture
def ignored() -> Iterator[None]:
    """Run the test as `nohup` or a shell's background would."""
    numbers = (signal.SIGINT, signal.SIGHUP)
    former = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    yield
    for number, handler in zip(numbers, former, strict=True):
        signal.signal(number, handler)


def wait_for(pattern: str, folder: Path, process: subprocess.Popen[str]) -> None:
    """Wait for a file, unless the process has ended without it."""
    wait_until(lambda: any(folder.glob(pattern)) or process.poll() is not None)
    assert process.poll() is None, process.communicate()


def assert_ends(process: subprocess.Popen[str], number: int, folder: Path) -> str:
    """Send a signal; all that was started must end, and no temporary file may stay."""
    started = descendants(process)
    assert started
    process.send_signal(number)
    try:
        output, _ = process.communicate(timeout=20)
    finally:
        kill(process)
    wait_until(lambda: not any(map(is_running, started)), within_s=5)
    assert list((folder / "tmp").iterdir()) == []
    assert process.returncode == 128 + number
    assert "Traceback" not in output
    last: str = output.splitlines()[-1]
    return last


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("ignored")
def test_fits_end(
    command: tuple[str, ...], cmdstan_home: Path, tmp_path: Path, number: signal.Signals
) -> None:
    process = start(*command, CMDSTAN=str(cmdstan_home), TMPDIR=str(tmp_path / "tmp"))
    wait_for("tmp/harness-worker-*/*/*.csv", tmp_path, process)
    last = assert_ends(process, number, tmp_path)
    how = "terminated" if number is signal.SIGTERM else "interrupted"
    assert last.startswith(f"harness: {how};")
    assert list((tmp_path / "store").glob(".work/*")) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_compilers_end(
    command: tuple[str, ...], cmdstan_home: Path, tmp_path: Path, number: signal.Signals
) -> None:
    make, began = tmp_path / "make", tmp_path / "began"
    make.write_text(MAKE.format(began=began))
    make.chmod(0o755)
    environment = {"MAKE": str(make), "TMPDIR": str(tmp_path / "tmp")}
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "CMDSTAN": str(cmdstan_home)}
    process = start(*command, **environment, **cache)
    wait_for("tmp/*/of-the-compiler", tmp_path, process)
    assert_ends(process, number, tmp_path)
    left = [path.name for path in (tmp_path / "cache").rglob("programs/*")]
    assert all(name.endswith(".lock") for name in left)


def test_second_signal_at_once_leaves_the_clean_up_alone() -> None:
    cleaned = False
    with pytest.raises(TerminatedError), terminated_in_order():  # noqa: PT012
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned = True
    assert cleaned
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_signal_that_is_ignored_stays_so() -> None:
    former = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with terminated_in_order():
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, former)


def test_other_threads_take_no_signals() -> None:
    def handler_within() -> object:
        with terminated_in_order():
            return signal.getsignal(signal.SIGTERM)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(handler_within).result() is signal.SIG_DFL
    assert handler_within() is not signal.SIG_DFL


def test_commands_that_were_ended_do_not_begin(tmp_path: Path) -> None:
    commands = GuardedCommands()
    assert commands.run(["echo", "a"], folder=tmp_path) == (0, ["a\n"])
    commands.end()
    assert commands.run(["touch", "began"], folder=tmp_path) == (-signal.SIGKILL, [])
    assert not (tmp_path / "began").exists()
