"""Time the gradients of programs of the same density against one another."""

import json
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from harness.compilation import CompiledProgram
from harness.datasets import Dataset
from harness.errors import FitError
from harness.methods.cmdstan_run import run_folder
from harness.runner import compile_all
from harness.study import Study
from harness.table import make_table

#: Repetitions of each timing, interleaved between the programs; medians are reported.
N_REPEATS = 5
#: Gradients are counted up until they take this long beside reading the data.
_MIN_TIMED_S = 1.0

BENCH_COLUMNS: Mapping[str, str] = {
    "dataset": "string",
    "n_rows": "Int64",
    "program": "string",
    "gradient_time_s": "Float64",
    "gradient_time_min_s": "Float64",
    "gradient_time_max_s": "Float64",
    "ratio_to_slowest": "Float64",
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


def _n_gradients(program: CompiledProgram, folder: Path) -> int:
    """Double a number of gradients until they take long enough to be timed."""
    base = _time_log_prob(program, folder, 1)
    n = 8
    while _time_log_prob(program, folder, 1 + n) - base < _MIN_TIMED_S:
        n *= 2
    return n


def time_gradients(
    programs: Mapping[str, CompiledProgram], dataset: Dataset
) -> dict[str, list[float]]:
    """Time one gradient of each program, several times, in turns.

    A gradient's time is the difference between a call with many and a call with one, over
    their number, so that starting up and reading the data cancel.

    Parameters
    ----------
    programs : Mapping
        Compiled programs, each with five unconstrained parameters, by name.
    dataset : Dataset
        What they are evaluated on.

    Returns
    -------
    dict
        Seconds per gradient, :data:`N_REPEATS` values of each program.
    """
    times: dict[str, list[float]] = {name: [] for name in programs}
    with ExitStack() as stack:
        folders: dict[str, Path] = {}
        for name, program in programs.items():
            data = program.program.stan_data(dataset.rows, likelihood_weight=1.0)
            _, folders[name] = stack.enter_context(run_folder(data))
        counts = {name: _n_gradients(programs[name], folders[name]) for name in programs}
        for _ in range(N_REPEATS):
            for name, program in programs.items():
                one = _time_log_prob(program, folders[name], 1)
                many = _time_log_prob(program, folders[name], 1 + counts[name])
                times[name].append((many - one) / counts[name])
    return times


def bench_table(study: Study) -> pd.DataFrame:
    """Time all programs of a study on its largest data set.

    Parameters
    ----------
    study : Study
        Whose programs have the same density, or nearly.

    Returns
    -------
    DataFrame
        Columns :data:`BENCH_COLUMNS`; ratios of medians to the slowest program's.
    """
    dataset = max(study.datasets.values(), key=lambda item: item.n_rows)
    times = time_gradients(compile_all(study.programs), dataset)
    slowest = max(statistics.median(values) for values in times.values())
    return make_table(_bench_rows(times, dataset, slowest), BENCH_COLUMNS)


def _bench_rows(
    times: Mapping[str, list[float]], dataset: Dataset, slowest: float
) -> Iterator[dict[str, object]]:
    for name, values in times.items():
        median = statistics.median(values)
        yield {
            "dataset": dataset.name,
            "n_rows": dataset.n_rows,
            "program": name,
            "gradient_time_s": median,
            "gradient_time_min_s": min(values),
            "gradient_time_max_s": max(values),
            "ratio_to_slowest": slowest / median,
        }
