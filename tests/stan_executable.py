"""Stan programs compiled with a home, and their command line run by hand."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import filelock
import pytest

REFERENCE = Path(__file__).parent / "data" / "cmdstan-reference"


@dataclass(frozen=True)
class Answer:
    """What a command line gave back."""

    exit_code: int
    stdout: str
    stderr: str


def compile_stan(home: Path, program: Path, *settings: str) -> Path:
    """Compile a program where it stands; its error messages name it without its folder."""
    executable = program.with_suffix("")
    subprocess.run(
        [
            "make",
            "-C",
            str(home),
            f"STANCFLAGS+=--filename-in-msg={program.name}",
            *settings,
            str(executable),
        ],
        check=True,
        capture_output=True,
    )
    return executable


def reference_executable(
    home: Path, tmp_path_factory: pytest.TempPathFactory, *, threads: bool = False
) -> Path:
    """Return the reference's program, compiled once for all tests and workers of a session."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    program = folder / f"shift-{threads}" / "shift.stan"
    with filelock.FileLock(f"{program.parent}.lock"):
        if not program.with_suffix("").exists():
            program.parent.mkdir(exist_ok=True)
            shutil.copy(REFERENCE / program.name, program)
            compile_stan(home, program, *(["STAN_THREADS=true"] if threads else []))
    return program.with_suffix("")


def run_stan(executable: Path, folder: Path, *words: str, **environment: str) -> Answer:
    """Run a compiled program in a folder."""
    done = subprocess.run(
        [str(executable), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=_without_threads() | environment,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def _without_threads() -> dict[str, str]:
    """The environment before cmdstanpy sets the number of threads for all that follows."""
    return {name: value for name, value in os.environ.items() if name != "STAN_NUM_THREADS"}
