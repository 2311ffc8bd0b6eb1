"""Run one job in a process of its own: with a time limit, its peak memory, and its answer."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.dataset import FloatArray
from tools.bench.memory import resident_mb

#: How often the memory of a job is looked at, in seconds.
_POLL_S = 0.2


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What came of a job.

    Attributes
    ----------
    reason : str
        Why there is nothing; empty if all went well.
    cold_time_s : float or None
        Seconds from the model's definition to draws, compilation included.
    warm_times_s : tuple of float
        Seconds to draws with everything compiled, one for each seed.
    fit_times_s : tuple of float
        Of them, those of CmdStan's fitting process, or of PyMC's steps of ADVI; empty for others.
    draws : Mapping
        Arrays of shape (seed, chain, draw, ...), by variable.
    versions : Mapping
        Versions of packages that the job names.
    peak_memory_mb : float or None
        Largest sum of resident sizes of the job's processes, in MB (10**6 bytes); pages that
        processes share count for each of them. None where the system does not tell.
    """

    reason: str = ""
    cold_time_s: float | None = None
    warm_times_s: tuple[float, ...] = ()
    fit_times_s: tuple[float, ...] = ()
    draws: Mapping[str, FloatArray] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    peak_memory_mb: float | None = None


def run_job(
    command: Sequence[str],
    job: Mapping[str, Any],
    rows: FloatArray,
    *,
    time_limit_s: float,
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """Hand a job to a process and wait for its answer.

    Parameters
    ----------
    command : sequence of str
        What to start; the path of the job's JSON file is its last argument.
    job : Mapping
        JSON content; ``rows_file`` is added.
    rows : ndarray, shape (n_rows, n_columns)
        The observations.
    time_limit_s : float
        After so many seconds the process and its children are ended.
    environment : Mapping, optional
        Variables beside those of this process.

    Returns
    -------
    Outcome
        With a reason if it failed; this function does not raise for it.
    """
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as name:
        folder = Path(name)
        np.save(folder / "rows.npy", rows)
        content = {**job, "rows_file": str(folder / "rows.npy")}
        (folder / "job.json").write_text(json.dumps(content), encoding="utf-8")
        full = {**os.environ, **(environment or {})}
        reason, peak = _watch([*command, str(folder / "job.json")], full, folder, time_limit_s)
        return Outcome(reason=reason) if reason else _read_answer(folder, peak)


def _watch(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, time_limit_s: float
) -> tuple[str, float | None]:
    """Wait for a process; return why it failed, or nothing, and its peak memory."""
    peaks: list[float] = []
    start = time.perf_counter()
    with (folder / "complaints").open("w+", encoding="utf-8") as complaints:
        try:
            process = subprocess.Popen(
                command,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                env=dict(environment),
                start_new_session=True,
            )
        except OSError as error:
            return f"'{command[0]}' cannot be started ({error.strerror})", None
        try:
            while _still_runs(process):
                peaks += resident_mb(process.pid)
                if time.perf_counter() - start > time_limit_s:
                    return f"stopped after {time_limit_s:.0f} s", None
        finally:
            _end_session(process)
        complaints.seek(0)
        said = [line.strip() for line in complaints if line.strip()]
    if process.returncode != 0:
        return (said[-1] if said else f"ended with code {process.returncode}")[:300], None
    return "", max(peaks, default=None)


def _still_runs(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(timeout=_POLL_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _end_session(process: "subprocess.Popen[bytes]") -> None:
    """End a process that still runs, and the children that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _read_answer(folder: Path, peak_memory_mb: float | None) -> Outcome:
    """Read what a job left in its folder."""
    answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    if answer.get("reason"):
        return Outcome(reason=answer["reason"])
    draws: dict[str, FloatArray] = {}
    if (folder / "draws.npz").is_file():
        with np.load(folder / "draws.npz") as arrays:
            draws = {name: np.asarray(arrays[name], dtype=np.float64) for name in arrays}
    return Outcome(
        cold_time_s=answer.get("cold_time_s"),
        warm_times_s=tuple(answer.get("warm_times_s", ())),
        fit_times_s=tuple(answer.get("fit_times_s", ())),
        draws=draws,
        versions=answer.get("versions", {}),
        peak_memory_mb=peak_memory_mb,
    )
