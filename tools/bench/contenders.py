"""Jobs of this project and of its peers."""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.cmdstan import ensure_cmdstan
from harness.data.dataset import FloatArray
from harness.methods import options_of
from harness.study.study import Run
from tools.bench.jobs import Outcome, run_job
from tools.bench.plan import Bench

_PEERS = Path(__file__).parent / "peers"


def chain_options(bench: Bench, run: Run) -> dict[str, Any]:
    """Return a NUTS run's options, its chains as long as the bench's sizes say."""
    sizes = bench.sizes
    lengths = {"n_warmup": sizes.n_warmup, "n_draws": sizes.n_draws}
    given = {name: value for name, value in lengths.items() if value is not None}
    return {**options_of(run.method), **given}


def fit_own(
    bench: Bench,
    run: Run,
    rows: FloatArray,
    *,
    seeds: Sequence[int],
    options: Mapping[str, Any] | None = None,
    max_time_s: float | None = None,
    time_limit_s: float | None = None,
) -> Outcome:
    """Fit a run of the study in a process of its own; see :func:`tools.bench.jobs.run_job`.

    Parameters
    ----------
    bench : Bench
        Whose study has the run.
    run : Run
        Program and method.
    rows : ndarray
        Observations.
    seeds : sequence of int
        One fit each.
    options : Mapping, optional
        Instead of the run's.
    max_time_s : float, optional
        No further seed is begun after it.
    time_limit_s : float, optional
        Instead of the bench's limit of a job.

    Returns
    -------
    Outcome
        Without a cold time; that needs :func:`compile_own`.
    """
    limit = bench.sizes.job_limit_s if time_limit_s is None else time_limit_s
    job = {
        "study": str(bench.study_file.resolve()),
        "program": run.program,
        "method": run.method.name,
        "options": dict(options_of(run.method) if options is None else options),
        "seeds": list(seeds),
        "max_time_s": limit if max_time_s is None else max_time_s,
    }
    return run_job(_own_command(), job, rows, time_limit_s=limit)


def compile_own(bench: Bench, program: str) -> float | None:
    """Compile a program of the study anew, in an empty cache folder, once in a bench.

    Where the system's cache folder cannot be moved by ``XDG_CACHE_HOME``, the time is that of the
    compilation that is found there.

    Returns
    -------
    float or None
        Seconds; None if it failed.
    """
    if program not in bench.compiled:
        with tempfile.TemporaryDirectory(prefix="harness-bench-") as empty:
            moved = {"XDG_CACHE_HOME": empty, "CMDSTAN": str(ensure_cmdstan().path)}
            bench.compiled[program] = run_job(
                _own_command(),
                {"study": str(bench.study_file.resolve()), "program": program},
                bench.dataset.rows[:1],
                time_limit_s=bench.sizes.job_limit_s,
                environment=moved if bench.sizes.compile_anew else None,
            )
    return bench.compiled[program].cold_time_s


def _own_command() -> list[str]:
    return [sys.executable, "-m", "tools.bench.worker"]


def run_peer(bench: Bench, module: str, function: str, job: Mapping[str, Any]) -> Outcome:
    """Run a peer in its own environment, its caches of compiled code empty.

    Parameters
    ----------
    bench : Bench
        Names the environment, and gives the rows.
    module, function : str
        Of ``tools/bench/peers``.
    job : Mapping
        Its settings.

    Returns
    -------
    Outcome
        With a reason if there is no such environment, or no such peer in it.
    """
    python = bench.peers_python
    if python is None or not python.is_file():
        return Outcome(reason="there is no environment with the peers; make one with `make bench`")
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as empty:
        caches = {
            "PYTENSOR_FLAGS": f"base_compiledir={empty}/pytensor",
            "NUMBA_CACHE_DIR": f"{empty}/numba",
            "XDG_CACHE_HOME": empty,
        }
        outcome = run_job(
            [str(python.absolute()), str(_PEERS / "run.py")],
            {"module": module, "function": function, **job},
            bench.dataset.rows,
            time_limit_s=bench.sizes.job_limit_s,
            environment=caches,
        )
    return replace(outcome, reason=outcome.reason.replace(empty, "…"))
