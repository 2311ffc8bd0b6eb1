"""What all methods do with CmdStan: data on disk, timed calls, errors in one line."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cmdstanpy

from harness.errors import FitError

#: Enough digits that a double survives the way through CmdStan's CSV.
SIG_FIGS = 18


@dataclass(frozen=True, kw_only=True)
class Timed[T]:
    """A result and the wall time that it took, in seconds."""

    result: T
    wall_time_s: float


@contextmanager
def run_folder(data: Mapping[str, Any]) -> Iterator[tuple[Path, Path]]:
    """Give a folder that lasts as long as a run, with the data in CmdStan's JSON.

    Yields
    ------
    tuple of Path
        The data file and the folder for CmdStan's output.
    """
    with tempfile.TemporaryDirectory(prefix="harness-run-") as name:
        folder = Path(name)
        data_file = folder / "data.json"
        cmdstanpy.write_stan_json(str(data_file), dict(data))
        yield data_file, folder


def timed_call[T](call: Callable[[], T]) -> Timed[T]:
    """Call cmdstanpy and time it.

    Raises
    ------
    FitError
        If CmdStan fails; the message is the cause that it printed, in one line.
    """
    start = time.perf_counter()
    try:
        result = call()
    except (RuntimeError, ValueError) as error:
        raise FitError(" ".join(str(error).split())) from error
    return Timed(result=result, wall_time_s=time.perf_counter() - start)


def run_cmdstan(command: Sequence[str]) -> Timed[str]:
    """Run a compiled program and time it; the result is what it printed.

    Raises
    ------
    FitError
        If it fails; the message is what it complained of, in one line.
    """
    start = time.perf_counter()
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    wall_time_s = time.perf_counter() - start
    if answer.returncode != 0:
        complaint = " ".join(answer.stderr.split()) or "CmdStan did not say why"
        raise FitError(f"CmdStan ended with code {answer.returncode}: {complaint}")
    return Timed(result=answer.stdout, wall_time_s=wall_time_s)
