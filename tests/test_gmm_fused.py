"""The fused programs: the density and the gradient of the plain ones to ten digits."""

from pathlib import Path

import numpy as np
import pytest
from cmdstanpy import CmdStanModel

from harness.data.dataset import Dataset, FloatArray
from harness.program.compilation import compile_program
from harness.program.contract import DataContract
from harness.program.program import Program
from tests.cases import DATA, PROJECT
from tests.test_densities import (
    Compile,
    Evaluations,
    evaluate,
    extreme_points,
    first_ascending,
    on_ordered_scale,
    ordered_scale,
    random_points,
)

HEADER = PROJECT / "stan" / "functions" / "gmm_fused.hpp"

#: Rows around multiples of each vector's width.
N_ROWS = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 99, 100)


def points() -> FloatArray:
    """Points of all kinds, among them means 20 apart, where the weights of rows are 0 or 1."""
    far = np.random.default_rng(79).normal(scale=[8, 8, 8, 8, 4], size=(20, 5))
    return np.concatenate([random_points(), extreme_points(), far])


def assert_same(actual: Evaluations, wanted: Evaluations) -> None:
    """Relative to each density and to each slope, or to 1e-3 of a point's steepest slope."""
    np.testing.assert_allclose(actual[0], wanted[0], rtol=1e-10)
    steepest = np.abs(wanted[1]).max(axis=1, keepdims=True)
    np.testing.assert_allclose(actual[1] / steepest, wanted[1] / steepest, rtol=1e-10, atol=1e-13)


def compare(mixture: Compile, rows: FloatArray, folder: Path) -> None:
    """Compare both fused programs with ``gmm.stan`` at all points with several weights."""
    at = first_ascending(points())
    apart = at[:, 0] < at[:, 2]  # the ordered program has no others
    for weight in (0.0, 1.0, 2.5, 1000.0):
        plain, fused = (
            evaluate(mixture(name), at, rows, folder, weight=weight)
            for name in ("gmm", "gmm_fused")
        )
        assert_same(fused, plain)
        ordered_at = ordered_scale(at[apart])
        ordered = evaluate(mixture("gmm_ordered_fused"), ordered_at, rows, folder, weight=weight)
        free = plain[0][apart], plain[1][apart]
        assert_same(ordered, on_ordered_scale(at[apart], free, jacobian=True))


@pytest.mark.parametrize("n_rows", N_ROWS)
def test_same_density_for_any_number_of_rows(
    mixture: Compile, small: Dataset, tmp_path: Path, n_rows: int
) -> None:
    compare(mixture, small.rows[:n_rows], tmp_path)


@pytest.mark.parametrize("spread", [0.01, 20.0])
def test_same_density_of_rows_that_crowd_or_scatter(
    mixture: Compile, small: Dataset, tmp_path: Path, spread: float
) -> None:
    compare(mixture, small.rows * spread, tmp_path)


def test_same_density_of_many_rows(mixture: Compile, small: Dataset, tmp_path: Path) -> None:
    noise = np.random.default_rng(80).normal(size=(10_001, 2))
    compare(mixture, small.rows[np.arange(10_001) % 100] + noise, tmp_path)


@pytest.mark.parametrize("far", [[40.0, 20.0], [-45.0, 0.5]])
def test_same_density_where_the_predictor_is_a_thousand(
    mixture: Compile, small: Dataset, tmp_path: Path, far: list[float]
) -> None:
    predictor = small.rows @ far - np.square(far).sum() / 2
    assert predictor.max() < -800
    assert predictor.min() < -1000
    at = np.array([[0, 0, *far, 0], [*far, 0, 0, 0], [0, 0, *far, 8], [*far, 0, 0, 8]])
    fused, plain = (evaluate(mixture(n), at, small.rows, tmp_path) for n in ("gmm_fused", "gmm"))
    assert_same(fused, plain)


def test_ordered_programs_agree(mixture: Compile, small: Dataset, tmp_path: Path) -> None:
    fused, plain = (
        evaluate(mixture(name), random_points(), small.rows, tmp_path, weight=2.5)
        for name in ("gmm_ordered_fused", "gmm_ordered")
    )
    assert_same(fused, plain)


SUMS = Program(
    name="sums",
    file=DATA / "programs" / "log1p_exp_sums.stan",
    contract=DataContract(rows="x", n_columns=3, n_rows="N", likelihood_weight="w"),
    parameters=("alpha", "beta", "gap_of_draw"),
    user_header=HEADER,
)


@pytest.mark.slow
def test_function_takes_parameters_and_data_in_turns(
    cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    rows = np.random.default_rng(81).normal(size=(37, 3))
    at = np.random.default_rng(82).normal(size=(10, 4))
    compiled = compile_program(SUMS)
    density, gradient = evaluate(compiled, at, rows, tmp_path)
    np.testing.assert_allclose(density, -(at**2).sum(axis=1) / 2, atol=1e-10)
    np.testing.assert_allclose(gradient, -at, atol=1e-10)
    assert compiled.quantities_executable is not None
    whole = CmdStanModel(exe_file=str(compiled.quantities_executable))
    run = whole.sample(
        data=SUMS.stan_data(rows, likelihood_weight=1.0),
        chains=1, iter_sampling=50, seed=1, output_dir=tmp_path, show_progress=False,
    )  # fmt: skip
    np.testing.assert_allclose(run.stan_variable("gap_of_draw"), 0, atol=1e-10)
