"""Time the gradients of programs of the same density against one another."""

import json
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from harness.data.dataset import Dataset
from harness.errors import FitError
from harness.execution.compiling import compile_all
from harness.methods.cmdstan_run import run_folder
from harness.program.compilation import CompiledProgram
from harness.results.columns import make_table
from harness.study.study import Study
from tools.bench.bare_loop import BareLoop, bare_loop

#: Repetitions of each timing, interleaved between the programs; medians are reported.
N_REPEATS = 5
#: What tables call the bare loop over the same arithmetic, without Stan.
BARE_LOOP = "bare loop"
#: Gradients are counted up until they take this long beside reading the data.
MIN_TIMED_S = 1.0

BENCH_COLUMNS: Mapping[str, str] = {
    "dataset": "string",
    "n_rows": "Int64",
    "program": "string",
    "gradient_time_s": "Float64",
    "gradient_time_min_s": "Float64",
    "gradient_time_max_s": "Float64",
    "ratio_to_slowest": "Float64",
    "times_bare_loop": "Float64",
}


def _time_log_prob(program: CompiledProgram, folder: Path, n_gradients: int) -> float:
    """Return the wall time of a CmdStan call that evaluates some gradients, in seconds."""
    points = np.random.default_rng(1).uniform(-1, 1, size=(n_gradients, 5))
    points_file = folder / "points.json"
    points_file.write_text(json.dumps({"params_r": points.tolist()}))
    command = [str(program.executable), "log_prob", f"unconstrained_params={points_file}"]
    command += ["data", f"file={folder / 'data.json'}", "output", f"file={folder / 'out.csv'}"]
    start = time.perf_counter()
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise FitError(f"log_prob of '{program.program.name}' failed: {answer.stderr.strip()}")
    return time.perf_counter() - start


def _n_gradients(program: CompiledProgram, folder: Path, min_timed_s: float) -> int:
    """Double a number of gradients until they take long enough to be timed."""
    base = _time_log_prob(program, folder, 1)
    n = 8
    while _time_log_prob(program, folder, 1 + n) - base < min_timed_s:
        n *= 2
    return n


def _time_gradient(program: CompiledProgram, folder: Path, n_gradients: int) -> float:
    """Return seconds per gradient, without starting up and reading the data.

    That is the difference between a call with many and a call with one, over their number. Some
    15 microseconds of reading the point and writing its gradient remain in it.
    """
    one = _time_log_prob(program, folder, 1)
    many = _time_log_prob(program, folder, 1 + n_gradients)
    return (many - one) / n_gradients


def _time_loop(loop: BareLoop, n_gradients: int) -> float:
    return loop.run(n_gradients).time_s


def time_gradients(
    programs: Mapping[str, CompiledProgram],
    dataset: Dataset,
    *,
    n_repeats: int = N_REPEATS,
    min_timed_s: float = MIN_TIMED_S,
) -> dict[str, list[float]]:
    """Time one gradient of each program, several times, in turns.

    On rows of two columns a bare loop over the arithmetic of a mixture takes its turn as well,
    named :data:`BARE_LOOP`.

    Parameters
    ----------
    programs : Mapping
        Compiled programs, each with five unconstrained parameters, by name.
    dataset : Dataset
        What they are evaluated on.
    n_repeats : int
        Repetitions.
    min_timed_s : float
        Each repetition counts gradients up until they take so long.

    Returns
    -------
    dict
        Seconds per gradient, `n_repeats` values of each program.
    """
    with ExitStack() as stack:
        timers: dict[str, Callable[[], float]] = {}
        for name, program in programs.items():
            data = program.program.stan_data(dataset.rows, likelihood_weight=1.0, file=dataset.file)
            _, folder = stack.enter_context(run_folder(data))
            count = _n_gradients(program, folder, min_timed_s)
            timers[name] = partial(_time_gradient, program, folder, count)
        if dataset.rows.shape[1] == 2:
            loop = stack.enter_context(bare_loop(dataset.rows))
            count = max(1, round(min_timed_s / _time_loop(loop, 10)))
            timers[BARE_LOOP] = partial(_time_loop, loop, count)
        turns = [{name: timer() for name, timer in timers.items()} for _ in range(n_repeats)]
    return {name: [turn[name] for turn in turns] for name in timers}


def bench_table(
    study: Study,
    dataset: Dataset,
    *,
    n_repeats: int = N_REPEATS,
    min_timed_s: float = MIN_TIMED_S,
) -> pd.DataFrame:
    """Time all programs of a study on one data set.

    Parameters
    ----------
    study : Study
        Whose programs have the same density, or nearly.
    dataset : Dataset
        What they are evaluated on.
    n_repeats, min_timed_s
        See :func:`time_gradients`.

    Returns
    -------
    DataFrame
        Columns :data:`BENCH_COLUMNS`: times in seconds; of the medians, how many times faster
        than the slowest, and how many times the bare loop's.
    """
    programs = compile_all(study.programs)
    times = time_gradients(programs, dataset, n_repeats=n_repeats, min_timed_s=min_timed_s)
    return make_table(_bench_rows(times, dataset), BENCH_COLUMNS)


def _bench_rows(times: Mapping[str, list[float]], dataset: Dataset) -> Iterator[dict[str, object]]:
    medians = {name: statistics.median(values) for name, values in times.items()}
    slowest = max(medians.values())
    for name, values in times.items():
        median = medians[name]
        yield {
            "dataset": dataset.name,
            "n_rows": dataset.n_rows,
            "program": name,
            "gradient_time_s": median,
            "gradient_time_min_s": min(values),
            "gradient_time_max_s": max(values),
            "ratio_to_slowest": slowest / median,
            "times_bare_loop": median / medians[BARE_LOOP] if BARE_LOOP in medians else None,
        }
