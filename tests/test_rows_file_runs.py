"""The program that reads rows from a file: its density, its memory, and files that change."""

import dataclasses
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.data.dataset import Dataset, FloatArray, make_dataset
from harness.data.generators import write_mixture
from harness.errors import FitError
from harness.methods import Problem
from harness.methods.cmdstan_run import run_cmdstan, run_folder
from harness.methods.nuts import Nuts
from harness.program.compilation import CompiledProgram

Compile = Callable[[str], CompiledProgram]
SEED = 31


@pytest.fixture
def filed(tmp_path: Path) -> Dataset:
    """Five thousand rows of the mixture in a file."""
    write_mixture(tmp_path / "rows.npy", n_rows=5000, seed=12)
    return make_dataset("filed", file=tmp_path / "rows.npy")


def evaluate(problem: Problem, points: FloatArray) -> FloatArray:
    """Log densities of a program and their gradients, shape (n_points, 6)."""
    with run_folder(problem.stan_data()) as (data_file, folder):
        (folder / "points.json").write_text(json.dumps({"params_r": points.tolist()}))
        run_cmdstan(
            [
                *(str(problem.program.executable), "log_prob"),
                *(f"unconstrained_params={folder / 'points.json'}", "data", f"file={data_file}"),
                *("output", f"file={folder / 'out.csv'}", "sig_figs=18"),
            ]
        )
        table = pd.read_csv(folder / "out.csv", comment="#").to_numpy(dtype=np.float64)
    return np.asarray(table)


@pytest.mark.slow
@pytest.mark.parametrize("in_memory", [False, True])
def test_all_rows_of_a_file_have_the_density_of_the_fused_program(
    mixture: Compile, filed: Dataset, *, in_memory: bool
) -> None:
    points = np.random.default_rng(77).uniform(-2, 2, size=(20, 5))
    dataset = dataclasses.replace(filed, file=None) if in_memory else filed
    fused = evaluate(Problem(program=mixture("gmm_fused"), dataset=filed), points)
    read = evaluate(Problem(program=mixture("gmm_file"), dataset=dataset), points)
    np.testing.assert_allclose(read[:, 0], fused[:, 0], rtol=1e-10)
    steepest = np.abs(fused[:, 1:]).max(axis=1, keepdims=True)
    np.testing.assert_allclose(read[:, 1:] / steepest, fused[:, 1:] / steepest, atol=1e-10)


def later(call: Callable[[], object]) -> threading.Timer:
    timer = threading.Timer(0.7, call)
    timer.start()
    return timer


@pytest.mark.slow
@pytest.mark.parametrize("change", ["touched", "replaced", "cut"])
def test_file_that_changes_during_a_run_ends_it_in_one_line(
    mixture: Compile, tmp_path: Path, change: str
) -> None:
    path = tmp_path / "rows.npy"
    write_mixture(path, n_rows=400_000, seed=1)
    write_mixture(tmp_path / "other.npy", n_rows=400_000, seed=2)
    changes: dict[str, Callable[[], object]] = {
        "touched": lambda: os.utime(path, ns=(1, 1)),
        "replaced": lambda: (tmp_path / "other.npy").rename(path),
        "cut": lambda: os.truncate(path, 4096),
    }
    problem = Problem(program=mixture("gmm_file"), dataset=make_dataset("d", file=path))
    timer = later(changes[change])
    with pytest.raises(FitError) as caught:
        Nuts(n_warmup=10**6, n_chains=1).fit(problem, seed=SEED)
    timer.join()
    message = str(caught.value)
    assert "\n" not in message
    told = {"cut": ["was cut short while it was read", "was cut from 6400128 to 4096 bytes"]}
    known = told.get(change, ["was changed or replaced since it was checked"])
    assert any(f"rows file '{path}' {complaint}" in message for complaint in known), message


def peak_rss_mb(program: CompiledProgram, dataset: Dataset) -> float:
    """What a run of a few iterations holds at most, from the system's own high-water mark.

    The usage that a parent is told counts the parent's memory before the child's program starts.
    """
    problem = Problem(program=program, dataset=dataset)
    peak_kb = 0
    with run_folder(problem.stan_data()) as (data_file, folder):
        arguments = [
            *(str(program.executable), "random", "seed=1", "data", f"file={data_file}"),
            *("output", f"file={folder / 'out.csv'}", "method=variational", "iter=20"),
            *("eta=0.03", "eval_elbo=20", "elbo_samples=1", "output_samples=1"),
            *("adapt", "engaged=0"),
        ]
        with subprocess.Popen(arguments, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
                found = re.search(r"VmHWM:\s+(\d+) kB", status)
                peak_kb = int(found[1]) if found else peak_kb
                time.sleep(0.005)
    assert process.returncode == 0
    return peak_kb / 1024


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_memory_does_not_grow_with_the_file(mixture: Compile, tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    write_mixture(path, n_rows=20_000_000, seed=1)
    peak_mb = peak_rss_mb(mixture("gmm_file"), make_dataset("d", file=path))
    path.unlink()
    assert peak_mb < 50
