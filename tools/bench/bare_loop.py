"""What a gradient of the mixture costs without Stan: a bare C++ loop."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import ProgramError

_SOURCE = Path(__file__).with_name("bare_loop.cpp")
#: With these the compiler vectorises the loop by itself for the processor at hand.
_FLAGS = ("-std=c++17", "-Ofast", "-march=native")


@dataclass(frozen=True, kw_only=True)
class BareGradient:
    """One gradient of the sum of ``log1p_exp(alpha + x * beta)`` and what it took.

    Attributes
    ----------
    time_s : float
        Seconds per gradient.
    total : float
        The sum at ``alpha = 0.3``, ``beta = (1.1, -0.7)``.
    slopes : ndarray, shape (3,)
        Its derivatives with respect to alpha and beta.
    """

    time_s: float
    total: float
    slopes: FloatArray


@dataclass(frozen=True, kw_only=True)
class BareLoop:
    """The compiled loop with its rows on disk, as long as :func:`bare_loop` lasts."""

    executable: Path
    rows_file: Path
    n_rows: int

    def run(self, n_gradients: int) -> BareGradient:
        """Evaluate some gradients.

        Raises
        ------
        ProgramError
            If the loop fails.
        """
        command = [str(self.executable), str(self.rows_file), str(self.n_rows), str(n_gradients)]
        time_s, total, *slopes = (float(word) for word in _run(command).split())
        return BareGradient(time_s=time_s, total=total, slopes=np.array(slopes))


@contextmanager
def bare_loop(rows: FloatArray) -> Iterator[BareLoop]:
    """Compile the bare loop and hand it some rows.

    Parameters
    ----------
    rows : ndarray, shape (n_rows, 2)
        What it runs over.

    Yields
    ------
    BareLoop

    Raises
    ------
    ProgramError
        If it does not compile.
    """
    with TemporaryDirectory(prefix="harness-bench-") as name:
        loop = BareLoop(
            executable=Path(name) / "bare_loop",
            rows_file=Path(name) / "rows.bin",
            n_rows=rows.shape[0],
        )
        loop.rows_file.write_bytes(np.asarray(rows, dtype=np.float64).tobytes(order="F"))
        compiler = os.environ.get("CXX", "g++").split()
        _run([*compiler, *_FLAGS, str(_SOURCE), "-o", str(loop.executable)])
        yield loop


def _run(command: list[str]) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
    except OSError as error:
        raise ProgramError(
            f"'{command[0]}' cannot be started ({error.strerror}); "
            "set CXX to a C++ compiler that is installed"
        ) from error
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.split()) or f"exit code {error.returncode}"
        raise ProgramError(f"the bare loop of the bench fails: {said}") from error
    return answer.stdout
