"""What a large file of data costs: time and memory of each step from the file to CmdStan."""

import json
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.data.stan_json import read_stan_json, write_stan_json
from harness.data.stan_values import digest_of
from harness.errors import FitError
from harness.fits.quantities import Named
from harness.results.columns import make_table
from tools.bench.memory import peak_resident_mb, reset_peak
from tools.bench.plan import Bench

#: Columns of ``data.csv``, a row per step.
DATA_COLUMNS: Mapping[str, str] = {
    "step": "string",
    "n_numbers": "Int64",
    "file_mb": "Float64",
    "time_s": "Float64",
    "peak_growth_mb": "Float64",
    "times_doubles": "Float64",
}

_N_COLUMNS = 20


def data_table(bench: Bench, _: Named) -> pd.DataFrame:
    """Measure the steps on a matrix of :attr:`~tools.bench.plan.Sizes.data_n_numbers`.

    Parameters
    ----------
    bench : Bench

    Returns
    -------
    DataFrame
        With :data:`DATA_COLUMNS`: times, and by how much the resident size grows at most beyond
        what it was before the first step, in MB (10**6 bytes) and in sizes of the numbers as
        doubles.
    """
    bench.note("data files")
    n_rows = bench.sizes.data_n_numbers // _N_COLUMNS
    x = np.random.default_rng(1).standard_normal((n_rows, _N_COLUMNS)).round(4)
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as name:
        file, answer = Path(name) / "data.json", Path(name) / "answer.json"
        write_stan_json(file, {"N": n_rows, "x": x})
        # in a process of its own, whose memory is that of these steps
        command = [sys.executable, "-m", __name__, str(file), str(answer)]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        if told.returncode != 0:
            raise FitError(f"the steps on a data file failed: {told.stderr.strip()[-200:]}")
        size = {"n_numbers": x.size, "file_mb": file.stat().st_size / 1e6}
        steps = json.loads(answer.read_text(encoding="utf-8"))
    for step in steps:
        if step["peak_growth_mb"] is not None:
            step["times_doubles"] = step["peak_growth_mb"] * 1e6 / x.nbytes
    return make_table([{**size, **step} for step in steps], DATA_COLUMNS)


def measure_steps(file: Path) -> list[dict[str, Any]]:
    """Take each step on a file of data in this process.

    Parameters
    ----------
    file : Path

    Returns
    -------
    list of dict
        Name, time and growth of the peak resident size of each; None where nobody tells of it.
    """
    data: dict[str, Any] = {}
    steps: dict[str, Callable[[], object]] = {
        "read": lambda: data.update(read_stan_json(file)),
        "hash": lambda: digest_of(data),
        "hand on": lambda: pickle.dumps(data, protocol=5),
        "write": lambda: write_stan_json(file.with_name("written.json"), data),
    }
    reset_peak()
    before = peak_resident_mb()
    rows = []
    for name, step in steps.items():
        reset_peak()
        start = time.perf_counter()
        step()
        time_s = time.perf_counter() - start
        peak = peak_resident_mb()
        growth = None if peak is None or before is None else peak - before
        rows.append({"step": name, "time_s": time_s, "peak_growth_mb": growth})
    return rows


if __name__ == "__main__":
    steps_file, answer_file = map(Path, sys.argv[1:])
    answer_file.write_text(json.dumps(measure_steps(steps_file)), encoding="utf-8")
