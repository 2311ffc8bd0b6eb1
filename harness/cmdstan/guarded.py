"""Commands that end, with all that they have started, as soon as nobody waits for them any more."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

# Starts the command and ends its whole process group as soon as standard input closes: that is when
# this process dies, however it dies.  Without it, a killed command leaves compilers running.
_GUARD = """
exec 3<&0
"$@" </dev/null 3<&- &
work=$!
(cat <&3 >/dev/null; kill -KILL 0) >/dev/null 2>&1 &
guard=$!
exec 3<&-
wait "$work"
code=$?
kill "$guard" 2>/dev/null
exit "$code"
"""


def ignore(_line: str) -> None:
    """Do nothing with a line."""


class GuardedCommands:
    """Runs commands in process groups of their own, several at once from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._has_ended = False

    @property
    def has_ended(self) -> bool:
        """Whether :meth:`end` was called."""
        return self._has_ended

    def run(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        take: Callable[[str], None] = ignore,
    ) -> tuple[int, list[str]]:
        """Run a command to its end.

        Parameters
        ----------
        command : sequence of str
            The program and its arguments.
        folder : Path
            Where it runs.
        environment : Mapping, optional
            Variables beside those of this process.
        take : callable
            Told of each line as it is printed.

        Returns
        -------
        tuple of int and list of str
            The exit code, and what was printed on both streams, by lines; after :meth:`end` a
            command does not begin, and its code is that of one that was killed.
        """
        with self._lock:
            if self._has_ended:
                return -signal.SIGKILL, []
            process = subprocess.Popen(
                ["sh", "-c", _GUARD, "sh", *command],
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._running.add(process)
        lines: list[str] = []
        with process:
            try:
                for line in process.stdout or ():
                    lines.append(line)
                    take(line)
            finally:
                if process.stdin is not None:
                    process.stdin.close()
                process.wait()
                with self._lock:
                    self._running.discard(process)
        return process.returncode, lines

    def end(self) -> None:
        """Kill what runs, and begin nothing any more."""
        with self._lock:
            self._has_ended = True
            for process in self._running:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
