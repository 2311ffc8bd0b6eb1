"""Start this project's modules as processes, and end them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parent.parent


#: Signals that a shell ignores for what it starts in the background, or ``nohup`` for anything.
IGNORED_IN_BACKGROUND = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)


@contextmanager
def as_from_a_terminal() -> Iterator[None]:
    """Have processes that are started meanwhile begin with no signal ignored.

    What this process ignores they would ignore too, and what it handles they take as usual.
    """
    former = {number: signal.getsignal(number) for number in IGNORED_IN_BACKGROUND}
    for number in former:
        signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def start(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Start a module with ``python -m`` in a process group of its own, as from a terminal."""
    with as_from_a_terminal():
        return subprocess.Popen(
            [sys.executable, "-m", *map(str, arguments)],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def descendants(process: subprocess.Popen[str]) -> set[int]:
    """All that a process has started, and what that has started."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    found = {process.pid}
    while more := {pid for pid, parent in pairs if parent in found} - found:
        found |= more
    return found - {process.pid}


def kill(process: subprocess.Popen[str]) -> None:
    """Kill -9 a process's whole group."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def wait_until(condition: Callable[[], bool], *, within_s: float = 60) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether there is such a process, zombies aside."""
    answer = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.returncode == 0 and not answer.stdout.strip().startswith("Z")
