"""Mini-batch ADVI and the programs that read a file: one density, and who may use it."""

import dataclasses
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.data.dataset import Dataset, FloatArray, make_dataset
from harness.data.generators import notebook_large, write_mixture
from harness.errors import FitError, MethodError, SubsampleError
from harness.fits.fit import DrawKind, Fit, Status
from harness.fits.relabel import apply_permutation, by_first_coordinate
from harness.methods import METHODS, Problem, make_method
from harness.methods.base import PartOfRows
from harness.methods.cmdstan_run import run_cmdstan, run_folder
from harness.methods.minibatch_advi import MinibatchAdvi
from harness.methods.nuts import Nuts
from harness.program.compilation import CompiledProgram
from harness.program.program import Program
from tests.cases import DATA, mixture_program

Compile = Callable[[str], CompiledProgram]
SEED = 31
QUICK: dict[str, Any] = {"max_iterations": 2000, "eval_elbo": 1000, "n_draws": 200}


@pytest.fixture
def filed(tmp_path: Path) -> Dataset:
    """Five thousand rows of the mixture in a file."""
    write_mixture(tmp_path / "rows.npy", n_rows=5000, seed=12)
    return make_dataset("filed", file=tmp_path / "rows.npy")


def evaluate(problem: Problem, points: FloatArray, **batches: int) -> FloatArray:
    """Log densities of a program and their gradients, shape (n_points, 6)."""
    with run_folder({**problem.stan_data(), **batches}) as (data_file, folder):
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


#: Not in the study, so that its compilation is one more.
FILE = pytest.param("gmm_file", marks=pytest.mark.slow)


def points() -> FloatArray:
    return np.random.default_rng(77).uniform(-2, 2, size=(20, 5))


@pytest.mark.slow
@pytest.mark.parametrize("name", [FILE, "gmm_minibatch"])
@pytest.mark.parametrize("in_memory", [False, True])
def test_all_rows_of_a_file_have_the_density_of_the_fused_program(
    mixture: Compile, filed: Dataset, name: str, *, in_memory: bool
) -> None:
    dataset = dataclasses.replace(filed, file=None) if in_memory else filed
    fused = evaluate(Problem(program=mixture("gmm_fused"), dataset=filed), points())
    read = evaluate(Problem(program=mixture(name), dataset=dataset), points())
    np.testing.assert_allclose(read[:, 0], fused[:, 0], rtol=1e-10)
    steepest = np.abs(fused[:, 1:]).max(axis=1, keepdims=True)
    np.testing.assert_allclose(read[:, 1:] / steepest, fused[:, 1:] / steepest, atol=1e-10)


@pytest.mark.parametrize("anchor_after", [0, 20])
def test_batches_estimate_the_density_without_bias(
    mixture: Compile, filed: Dataset, anchor_after: int
) -> None:
    problem = Problem(program=mixture("gmm_minibatch"), dataset=filed)
    place = np.array([[-0.9, -1.4, 1.1, 0.9, -0.9]])
    wanted = evaluate(problem, place)[0]
    estimates = evaluate(
        problem, place.repeat(4000, axis=0), batch_size=50, batch_seed=5, anchor_after=anchor_after
    )
    mcse = estimates.std(axis=0) / np.sqrt(4000)
    assert (np.abs(estimates.mean(axis=0) - wanted) < 4 * mcse + 1e-9 * np.abs(wanted)).all()
    assert (estimates[100:].std(axis=0) < (1e-6 if anchor_after else 1e4)).all()


def draws_of(fit: Fit) -> FloatArray:
    return np.asarray(fit.read_draws()["posterior"]["mu"].to_numpy())


def test_fit_keeps_the_contract(mixture: Compile, filed: Dataset) -> None:
    problem = Problem(program=mixture("gmm_minibatch"), dataset=filed)
    fit = MinibatchAdvi(m=50, **QUICK).fit(problem, seed=SEED)
    assert (fit.status, fit.draw_kind) == (Status.OK, DrawKind.INDEPENDENT)
    assert draws_of(fit).shape == (1, 200, 2, 2)
    assert fit.used_data == {"n_rows": 5000, "likelihood_weight": 1.0, "batch_size": 50}
    assert fit.cost.n_gradients == 2000
    assert fit.diagnostics.n_iterations == 2000
    assert fit.diagnostics.converged == "no"


def test_draws_are_scored_with_all_rows(mixture: Compile, filed: Dataset) -> None:
    problem = Problem(program=mixture("gmm_minibatch"), dataset=filed)
    fit = MinibatchAdvi(m=50, control_variate=False, **QUICK).fit(problem, seed=SEED)
    stats, at = fit.read_draws()["sample_stats"], fit.read_draws()["points"]
    fused = Problem(program=mixture("gmm_fused"), dataset=filed)
    exact = evaluate(fused, at["position"].to_numpy())
    np.testing.assert_allclose(stats["log_p"].to_numpy()[0], exact[:, 0], rtol=1e-7)
    np.testing.assert_allclose(at["gradient"].to_numpy(), exact[:, 1:], rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("sampling", ["epoch", "independent"])
def test_seed_decides_the_draws(mixture: Compile, filed: Dataset, sampling: Any) -> None:
    problem = Problem(program=mixture("gmm_minibatch"), dataset=filed)
    method = MinibatchAdvi(m=50, sampling=sampling, **QUICK)
    first, again, other = (
        draws_of(method.fit(problem, seed=seed)) for seed in (SEED, SEED, SEED + 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.isclose(first, other).any()


def test_every_option_changes_the_draws(mixture: Compile, filed: Dataset) -> None:
    problem = Problem(program=mixture("gmm_minibatch"), dataset=filed)
    changes: list[dict[str, Any]] = [
        {},
        {"m": 51},
        {"sampling": "independent"},
        {"run_length": 4},
        {"control_variate": False},
    ]
    means = {
        draws_of(MinibatchAdvi(**({"m": 50} | QUICK | change)).fit(problem, seed=SEED)).mean()
        for change in changes
    }
    assert len(means) == len(changes)


@pytest.mark.parametrize("name", [name for name in METHODS if name != "minibatch_advi"])
def test_other_methods_refuse_batches(filed: Dataset, name: str) -> None:
    method = make_method(name, {"m": 5} if issubclass(METHODS[name], PartOfRows) else {})
    method.check(filed, mixture_program("gmm_file"))
    with pytest.raises(MethodError, match=f"'{name}' .*'gmm_minibatch'"):
        method.check(filed, mixture_program("gmm_minibatch"))


def test_batches_that_cannot_be_drawn_are_refused(filed: Dataset) -> None:
    program = mixture_program("gmm_minibatch")
    MinibatchAdvi(m=5000).check(filed, program)
    with pytest.raises(SubsampleError, match=r"m = 5001 .*'filed'.* N = 5000"):
        MinibatchAdvi(m=5001).check(filed, program)
    with pytest.raises(SubsampleError, match=r"run_length = 9 .*m = 8"):
        MinibatchAdvi(m=8, run_length=9).check(filed, program)
    with pytest.raises(MethodError, match="'gmm_file'"):
        MinibatchAdvi(m=8).check(filed, mixture_program("gmm_file"))


def later(call: Callable[[], object]) -> threading.Timer:
    timer = threading.Timer(0.7, call)
    timer.start()
    return timer


@pytest.mark.parametrize("change", ["touched", "replaced", "cut"])
@pytest.mark.parametrize("name", [FILE, "gmm_minibatch"])
def test_file_that_changes_during_a_run_ends_it_in_one_line(
    mixture: Compile, tmp_path: Path, name: str, change: str
) -> None:
    path = tmp_path / "rows.npy"
    write_mixture(path, n_rows=400_000, seed=1)
    write_mixture(tmp_path / "other.npy", n_rows=400_000, seed=2)
    changes: dict[str, Callable[[], object]] = {
        "touched": lambda: os.utime(path, ns=(1, 1)),
        "replaced": lambda: (tmp_path / "other.npy").rename(path),
        "cut": lambda: os.truncate(path, 4096),
    }
    problem = Problem(program=mixture(name), dataset=make_dataset("d", file=path))
    slow = MinibatchAdvi(m=200, max_iterations=10**8, max_retries=0)
    method = slow if name == "gmm_minibatch" else Nuts(n_warmup=10**6, n_chains=1)
    timer = later(changes[change])
    with pytest.raises(FitError) as caught:
        method.fit(problem, seed=SEED)
    timer.join()
    message = str(caught.value)
    assert "\n" not in message
    told = {"cut": ["was cut short while it was read", "was cut from 6400128 to 4096 bytes"]}
    known = told.get(change, ["was changed or replaced since it was checked"])
    assert any(f"rows file '{path}' {complaint}" in message for complaint in known), message


def reference() -> tuple[FloatArray, FloatArray]:
    """Means and sds of mu[1], mu[2] and pi[1] on the notebook's large set."""
    table = pd.read_csv(DATA / "reference.csv")
    table = table[table["dataset"] == "large"]
    return table["mean"].to_numpy(dtype=np.float64), table["sd"].to_numpy(dtype=np.float64)


@pytest.mark.slow
def test_large_set_is_fitted_well_from_every_seed(mixture: Compile) -> None:
    problem = Problem(
        program=mixture("gmm_minibatch"), dataset=Dataset(name="large", rows=notebook_large())
    )
    means, sds = reference()
    for seed in range(1, 6):
        fit = MinibatchAdvi(m=200).fit(problem, seed=seed)
        names = fit.read_draws()["posterior"]
        mu, pi = names["mu"].to_numpy(), names["pi"].to_numpy()
        order = by_first_coordinate(mu)
        mu, pi = apply_permutation(mu, order), apply_permutation(pi, order)
        draws = np.column_stack([mu[0].reshape(-1, 4), pi[0][:, 0]])
        assert (np.abs(draws.mean(axis=0) - means) < 0.3 * sds).all(), seed
        assert (np.abs(draws.std(axis=0, ddof=1) / sds - 1) < 0.25).all(), seed


def peak_rss_mb(program: CompiledProgram, dataset: Dataset, **batches: int) -> float:
    """What a run of a few iterations holds at most, from the system's own high-water mark.

    The usage that a parent is told counts the parent's memory before the child's program starts.
    """
    problem = Problem(program=program, dataset=dataset)
    peak_kb = 0
    with run_folder({**problem.stan_data(), **batches}) as (data_file, folder):
        arguments = [
            *(str(program.executable), "random", "seed=1", "data", f"file={data_file}"),
            *("output", f"file={folder / 'out.csv'}", "method=variational", "iter=100"),
            *("eta=0.03", "eval_elbo=100", "elbo_samples=1", "output_samples=1"),
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
    peaks = {}
    for n_rows in (10_000_000, 20_000_000):
        write_mixture(path, n_rows=n_rows, seed=1)
        dataset = make_dataset("d", file=path)
        batches = {"batch_size": 200, "anchor_after": 20}
        peaks["batches", n_rows] = peak_rss_mb(mixture("gmm_minibatch"), dataset, **batches)
        peaks["all", n_rows] = peak_rss_mb(mixture("gmm_file"), dataset)
        path.unlink()
    assert max(peaks.values()) < 300, peaks  # the smaller file is mapped, and stays
    assert peaks["batches", 20_000_000] < 50, peaks
    assert peaks["all", 20_000_000] < 50, peaks


def test_program_of_the_study_is_the_one_tested(mixture: Compile) -> None:
    compiled: Program = mixture("gmm_minibatch").program
    assert compiled == mixture_program("gmm_minibatch")
