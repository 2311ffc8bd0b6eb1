"""What all methods do with CmdStan: data on disk, timed calls, errors in one line."""

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.npy_file import chunks_of, write_rows
from harness.data.stan_json import write_stan_json
from harness.errors import FitError
from harness.messages.faults import capped, told_once
from harness.program.log_density import DATA_SEED, DATA_SEED_NAME
from harness.program.program import RowsInMemory

#: Enough digits that a double survives the way through CmdStan's CSV.
SIG_FIGS = 18

_THREADS = "STAN_NUM_THREADS"

#: What cmdstanpy tells of the processes that failed: how they ended, and where they printed.
_EXIT_CODES = re.compile(r"retcodes=\[([-\d, ]*)\]")
_CONSOLE_FILE = re.compile(r"console_msgs.*\n\s*(.+)")


@dataclass(frozen=True, kw_only=True)
class Timed[T]:
    """A result and what it took, in seconds: wall time, and time of a core."""

    result: T
    wall_time_s: float
    cpu_time_s: float


@contextmanager
def run_folder(data: Mapping[str, Any]) -> Iterator[tuple[Path, Path]]:
    """Give a folder that lasts as long as a run, with the data in CmdStan's JSON.

    A seed goes with them by which ``_rng`` functions in transformed data draw the same for every
    fit, whatever its own seed.  Rows in memory for a program that reads a file are written beside.

    Yields
    ------
    tuple of Path
        The data file and the folder for CmdStan's output.
    """
    with tempfile.TemporaryDirectory(prefix="harness-run-") as name:
        folder = Path(name)
        data_file = folder / "data.json"
        filed = {name: _filed(value, folder / f"{name}.npy") for name, value in data.items()}
        write_stan_json(data_file, {**filed, DATA_SEED_NAME: DATA_SEED})
        yield data_file, folder


def _filed(value: Any, path: Path) -> Any:
    """Write rows that a program reads from a file, and say where they are."""
    if not isinstance(value, RowsInMemory):
        return value
    return write_rows(path, chunks_of(value.rows), n_rows=len(value.rows)).stan_value()


def timed_call[T](call: Callable[[], T]) -> Timed[T]:
    """Call cmdstanpy and time it, and undo what it leaves in the environment.

    It sets the number of Stan's threads there, which would change every later run.

    Raises
    ------
    FitError
        If CmdStan fails; the message is the cause that it printed, in one line.
    """
    threads = os.environ.get(_THREADS)
    start, cpu_start_s = time.perf_counter(), _cpu_time_s()
    try:
        result = call()
    except TimeoutError as error:
        raise FitError("it was stopped at its time limit") from error
    except (RuntimeError, ValueError) as error:
        raise FitError(_cause(str(error))) from error
    finally:
        os.environ.pop(_THREADS, None)
        if threads is not None:
            os.environ[_THREADS] = threads
    return Timed(
        result=result,
        wall_time_s=time.perf_counter() - start,
        cpu_time_s=_cpu_time_s() - cpu_start_s,
    )


def _cpu_time_s() -> float:
    """Return the time that processes which this one has started took of a core, so far."""
    times = os.times()
    return times.children_user + times.children_system


def _cause(message: str) -> str:
    """Say in one line why a call of cmdstanpy failed.

    It repeats what begins with "Error" or "Exception"; of other causes only the files tell.
    """
    told, _, account = message.partition("Command and output files")
    found = _EXIT_CODES.search(account)
    codes = [int(code) for code in found[1].split(",")] if found else []
    failed = next((i for i, code in enumerate(codes) if code), None)
    if failed is None:
        return _one_line(told)
    code = codes[failed]
    console = _CONSOLE_FILE.search(account)
    complaint = told.partition("\n")[2].strip()
    if console is not None and not complaint:
        complaint = _last_words(_console_of(failed, Path(console[1])))
    return _end_of_process(code, _one_line(complaint))


def _console_of(process: int, first: Path) -> Path:
    """Return the console file of one process, given that of the first, which cmdstanpy names."""
    return first.with_name(re.sub(r"_0(-stdout\.txt)$", rf"_{process}\1", first.name))


def _last_words(console_file: Path) -> str:
    """Return the last paragraph that CmdStan printed, unless it is its settings or progress."""
    if not console_file.is_file():
        return ""
    words = console_file.read_text(encoding="utf-8", errors="replace").strip().split("\n\n")[-1]
    return "" if " = " in words or "Iteration:" in words else words


def _end_of_process(code: int, complaint: str) -> str:
    """Say how a process of CmdStan ended, and why."""
    killer = f" ({signal.Signals(-code).name})" if code < 0 else ""
    return f"CmdStan ended with code {code}{killer}: {complaint or 'CmdStan did not say why'}"


def _one_line(text: str) -> str:
    """Join the lines of a text, each told once: CmdStan repeats itself for every init."""
    return capped(" ".join(told_once(text.splitlines())))


@dataclass(frozen=True, kw_only=True)
class Console:
    """What a run of CmdStan printed.

    Attributes
    ----------
    text : str
        Its standard output.
    line_times_s : tuple of float
        Of each line of it, seconds from the start of the process until the line was read.
    """

    text: str
    line_times_s: tuple[float, ...]

    def seconds_between(self, first: str, last: str) -> float | None:
        """Return the time from the line that begins with one text to the next with another.

        None if there are no such lines.
        """
        lines = self.text.splitlines()
        begin = next((i for i, line in enumerate(lines) if line.startswith(first)), len(lines))
        ends = (i for i, line in enumerate(lines) if line.startswith(last) and i > begin)
        end = next(ends, None)
        return None if end is None else self.line_times_s[end] - self.line_times_s[begin]


def run_cmdstan(command: Sequence[str]) -> Timed[Console]:
    """Run a compiled program in one thread and time it, line by line of what it prints.

    With more threads the seed would not decide the order of Pathfinder's draws.

    Raises
    ------
    FitError
        If it fails; the message is what it complained of, in one line.
    """
    environment = {k: v for k, v in os.environ.items() if k != _THREADS}
    lines: list[str] = []
    times_s: list[float] = []
    start, cpu_start_s = time.perf_counter(), _cpu_time_s()
    with (
        tempfile.TemporaryFile("w+", errors="replace") as complaints,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            errors="replace",
            env=environment,
        ) as process,
    ):
        for line in process.stdout or ():
            lines.append(line)
            times_s.append(time.perf_counter() - start)
        code = process.wait()
        wall_time_s = time.perf_counter() - start
        complaints.seek(0)
        complaint = _one_line(complaints.read())
    if code != 0:
        raise FitError(_end_of_process(code, complaint))
    console = Console(text="".join(lines), line_times_s=tuple(times_s))
    return Timed(result=console, wall_time_s=wall_time_s, cpu_time_s=_cpu_time_s() - cpu_start_s)


def run_method(
    executable: Path,
    *arguments: str,
    data_file: Path,
    output_file: Path,
    seed: int,
    init_radius: float | None = None,
) -> Timed[Console]:
    """Run one of CmdStan's methods.

    Parameters
    ----------
    executable : Path
        The compiled program.
    *arguments : str
        Further output options, then ``method=`` and the method's options.
    data_file, output_file : Path
        The data in JSON and the CSV file to write, with all digits of a double.
    seed : int
        CmdStan's.
    init_radius : float, optional
        Inits are uniform within this distance of zero; CmdStan's default is 2.

    Returns
    -------
    Timed of Console

    Raises
    ------
    FitError
        As :func:`run_cmdstan`.
    """
    return run_cmdstan(
        [
            *(str(executable), "id=1", "random", f"seed={seed}", "data", f"file={data_file}"),
            *([] if init_radius is None else [f"init={init_radius}"]),
            *("output", f"file={output_file}", f"sig_figs={SIG_FIGS}", *arguments),
        ]
    )
