"""A process of a compiled program that evaluates its density, and nothing else.

The program may be anybody's C++: what it does to its process, it does to that alone.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from harness.errors import DensityError
from harness.program.log_density.data_files import data_file
from harness.program.log_density.limits import Limits, await_answer, cpu_time
from harness.program.log_density.wire import FloatArray, RefusalError, Reply, receive, send

#: The environment tells the program's process by this name which pipes to serve.
_PIPES = "HARNESS_DENSITY"
#: And by this one, which files have its rows.
_ROWS_FILES = "HARNESS_ROWS_FILES"
#: What CmdStan prints before the program's own words ends with this line.
_BEGIN = "[harness]\n"
_NONE = np.empty(0)
_NO_LIMITS = Limits()
_PATIENCE_S = 10


class DensityProcess:
    """A program with its data, in a process that lives until it is closed.

    Parameters
    ----------
    executable : Path
        The compiled program.
    data_file : Path
        Its data in CmdStan's JSON.
    data_seed : int
        Decides what ``_rng`` functions draw in transformed data.
    name : str
        The program's name, for messages.
    rows_files : Path or None
        A list of files with the rows, which the data then do not have.

    Attributes
    ----------
    ready : Reply
        What it tells when it has read its data.
    start_s : float
        How long that took, in seconds.

    Raises
    ------
    DensityError
        If the program refuses its data, or ends for another reason.
    """

    def __init__(
        self,
        executable: Path,
        data_file: Path,
        *,
        data_seed: int,
        name: str,
        rows_files: Path | None = None,
    ) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._folder = Path(tempfile.mkdtemp(prefix="harness-density-"))
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        with (self._folder / "out").open("wb") as out, (self._folder / "err").open("wb") as err:
            self._process = _start(
                [
                    *(str(executable), "id=1", "random", f"seed={data_seed}"),
                    *("data", f"file={data_file}", "output", f"file={self._folder / 'none.csv'}"),
                    "method=log_prob",
                ],
                (theirs_in, theirs_out),
                (out, err),
                {} if rows_files is None else {_ROWS_FILES: str(rows_files)},
            )
        self.close = weakref.finalize(
            self, _end, self._process, (self._in, self._out), self._folder
        )
        begun = time.perf_counter()
        self.ready = self._talk(None, _NONE)
        self.start_s = time.perf_counter() - begun

    def ask(self, request: str, numbers: FloatArray = _NONE, limits: Limits = _NO_LIMITS) -> Reply:
        """Send a command with numbers, and wait for the answer.

        Raises
        ------
        DensityError
            If the process refuses or has ended; the message says why, in one line.
        OutOfTimeError, TooDearError
            If a limit is reached before; the process has ended then.
        """
        with self._lock:
            return self._talk(request, numbers, limits)

    def _talk(self, request: str | None, numbers: FloatArray, limits: Limits = _NO_LIMITS) -> Reply:
        """Send what there is to send, and wait; an interrupted talk ends the process."""
        if not self.close.alive:
            raise DensityError(f"the density of program '{self._name}' is closed; open a new one")
        try:
            if request is not None:
                send(self._out, request, numbers)
                await_answer(self._in, self._process.pid, limits)
            return receive(self._in)
        except RefusalError as refusal:
            reason = " ".join(str(refusal).split())
            raise DensityError(f"the density of program '{self._name}': {reason}") from None
        except (EOFError, OSError):
            raise DensityError(self._last_words()) from None
        except BaseException:
            self.close()
            raise

    def _last_words(self) -> str:
        """Say how the process ended, and why if it said so."""
        try:
            code = self._process.wait(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:  # it has closed its pipe, but does not end
            self._process.kill()
            code = self._process.wait()
        told = self._text("err") or self.printed()
        said = " ".join(dict.fromkeys(" ".join(line.split()) for line in told.splitlines()))
        if code >= 0:
            how = f"ended with code {code}" if code else "serves no density"
            advice = said or "it did not say why"
        else:
            how = f"was killed by {signal.Signals(-code).name}"
            advice = said or (
                "memory may be short" if code == -signal.SIGKILL else "its C++ is at fault"
            )
        return f"the process of program '{self._name}' {how}: {advice.strip()[-500:]}"

    def printed(self) -> str:
        """Return what the program has printed to standard output by itself."""
        return self._text("out").rpartition(_BEGIN)[2] if self.close.alive else ""

    def _text(self, name: str) -> str:
        with contextlib.suppress(OSError):
            return (self._folder / name).read_text(encoding="utf-8", errors="replace")
        return ""

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def cpu_s(self) -> float:
        """The CPU time that it has used, in seconds."""
        return cpu_time(self._process.pid)


def start_process(
    executable: Path,
    data: Path | Mapping[str, Any],
    *,
    data_seed: int,
    name: str,
    rows_files: Path | None,
) -> DensityProcess:
    """Start a process with data, in a file or as such a file holds them."""
    with data_file(data) as file:
        return DensityProcess(
            executable, file, data_seed=data_seed, name=name, rows_files=rows_files
        )


def _start(
    command: list[str],
    pipes: tuple[int, int],
    outputs: tuple[BinaryIO, BinaryIO],
    further: Mapping[str, str],
) -> subprocess.Popen[bytes]:
    """Start a process that has two pipes for its own; here they are closed."""
    environment = {k: v for k, v in os.environ.items() if k != "STAN_NUM_THREADS"}
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=outputs[0],
            stderr=outputs[1],
            env={**environment, **further, _PIPES: "{} {}".format(*pipes)},
            pass_fds=pipes,
            # Ctrl-C is for whoever asks; but a worker is killed with its group, this process too
            start_new_session=os.getsid(0) != os.getpid(),
        )
    finally:
        for pipe in pipes:
            os.close(pipe)


def _end(process: subprocess.Popen[bytes], pipes: tuple[int, int], folder: Path) -> None:
    """End a process and remove what it leaves."""
    process.kill()
    process.wait()
    for pipe in pipes:
        os.close(pipe)
    shutil.rmtree(folder, ignore_errors=True)
