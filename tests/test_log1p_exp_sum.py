"""The passes of ``log1p_exp_sum.hpp``, each called by itself, against NumPy's longest floats."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import FloatArray
from tests.cases import DATA, PROJECT
from tests.rows_library import pointer

#: (x, alpha, beta) -> the sum and its slopes, of shape (1 + n_columns,)
Pass = Callable[[FloatArray, float, FloatArray], tuple[float, FloatArray]]

HEADERS = PROJECT / "stan" / "functions"
CMDSTANS_FLAGS = ("-std=c++17", "-O3")
COMPILERS = [os.environ.get("CXX", "g++"), *(["clang++"] if shutil.which("clang++") else [])]
PASSES = ("portable", "avx2", "avx512", "chosen")

#: Rows of whole vectors and of fragments, on both sides of the longest stretch of each pass.
N_ROWS = (0, 1, 2, 3, 7, 8, 9, 100, 1023, 1024, 1025, 2049, 4096, 4097, 8200, 20_001)


@pytest.fixture(scope="module", params=COMPILERS)
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("passes") / "passes.so"
    command = [*request.param.split(), *CMDSTANS_FLAGS, "-Wall", "-Wextra", "-Werror", "-shared"]
    command += ["-fPIC", f"-I{HEADERS}", str(DATA / "log1p_exp_sum_passes.cpp"), "-o", str(file)]
    subprocess.run(command, check=True)
    return file


@pytest.fixture(params=PASSES)
def kind(request: pytest.FixtureRequest, library: Path) -> str:
    functions = ctypes.CDLL(str(library))
    name: str = request.param
    if not hasattr(functions, name) or not getattr(functions, f"has_{name}")():
        pytest.skip(f"this processor has no {name}")
    return name


@pytest.fixture
def run(kind: str, library: Path) -> Pass:
    function = getattr(ctypes.CDLL(str(library)), kind)
    function.restype = ctypes.c_double

    def call(x: FloatArray, alpha: float, beta: FloatArray) -> tuple[float, FloatArray]:
        assert x.strides[0] == 8 or min(x.shape) == 0 or x.shape[0] == 1
        slopes = np.full(1 + x.shape[1], np.nan)
        sizes = [ctypes.c_ssize_t(size) for size in (*x.shape, x.strides[1] // 8)]
        arrays = pointer(beta), pointer(slopes)
        return float(function(pointer(x), *sizes, ctypes.c_double(alpha), *arrays)), slopes

    return call


@pytest.fixture
def run_pairs(kind: str, library: Path) -> Pass:
    function = getattr(ctypes.CDLL(str(library)), f"pairs_{kind}")
    function.restype = ctypes.c_double

    def call(x: FloatArray, alpha: float, beta: FloatArray) -> tuple[float, FloatArray]:
        rows, slopes = np.ascontiguousarray(x), np.full(3, np.nan)
        numbers = ctypes.c_ssize_t(len(rows)), ctypes.c_double(alpha)
        return float(function(pointer(rows), *numbers, pointer(beta), pointer(slopes))), slopes

    return call


def rows_of(n_rows: int, n_columns: int, *, sd: float = 1.0) -> FloatArray:
    values = np.random.default_rng(n_rows + n_columns).normal(scale=sd, size=(n_rows, n_columns))
    return np.asfortranarray(values)


def expected(x: FloatArray, alpha: float, beta: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Sum, slopes, and the sums of the slopes' absolute terms."""
    wide = x.astype(np.longdouble)
    eta = alpha + wide @ beta.astype(np.longdouble)
    slope = np.exp(-np.logaddexp(0, -eta))
    terms = np.column_stack([slope, slope[:, None] * wide])
    total = np.logaddexp(0, eta).sum()
    return float(total), terms.sum(axis=0).astype(float), np.abs(terms).sum(axis=0).astype(float)


def assert_exact(run: Pass, x: FloatArray, alpha: float, beta: FloatArray) -> None:
    total, slopes = run(x, alpha, beta)
    wanted_total, wanted_slopes, scale = expected(x, alpha, beta)
    assert total == pytest.approx(wanted_total, rel=1e-12, abs=1e-300)
    assert np.all(np.abs(slopes - wanted_slopes) <= 1e-12 * scale + 1e-300)


@pytest.mark.parametrize("n_rows", N_ROWS)
def test_any_number_of_rows(run: Pass, n_rows: int) -> None:
    assert_exact(run, rows_of(n_rows, 2), 0.3, np.array([1.1, -0.7]))


@pytest.mark.parametrize("n_rows", N_ROWS)
@pytest.mark.parametrize("alpha", [-600.0, 0.3, 40.0])
def test_rows_one_behind_the_other(run_pairs: Pass, n_rows: int, alpha: float) -> None:
    assert_exact(run_pairs, rows_of(n_rows, 2), alpha, np.array([1.1, -0.7]))


@pytest.mark.parametrize("n_columns", [0, 1, 2, 3, 8])
def test_any_number_of_columns(run: Pass, n_columns: int) -> None:
    beta = np.linspace(-1, 1.5, n_columns)
    assert_exact(run, rows_of(77, n_columns), -0.4, beta)


@pytest.mark.parametrize("sd", [1e-3, 30.0, 400.0, 1e4])
@pytest.mark.parametrize("alpha", [-1000.0, -40.0, 0.0, 40.0, 1000.0])
def test_any_size_of_the_predictor(run: Pass, sd: float, alpha: float) -> None:
    assert_exact(run, rows_of(1001, 2, sd=sd), alpha, np.array([1.0, -0.5]))


@pytest.mark.parametrize("alpha", [-600.0, -300.0, -60.0, -36.0, -20.0])
def test_small_sums_keep_their_digits(run: Pass, alpha: float) -> None:
    assert_exact(run, rows_of(5000, 2), alpha, np.array([0.3, 0.2]))


def test_predictors_around_zero_and_around_the_cut(run: Pass) -> None:
    near = np.concatenate([np.linspace(-1e-12, 1e-12, 9), [-700.5, -699.5, 699.5, 700.5, 0, -0.0]])
    for value in near:
        assert_exact(run, np.array([[value]]), 0.0, np.array([1.0]))


def test_no_probability_at_all_adds_nothing(run: Pass) -> None:
    total, slopes = run(rows_of(21, 2), -np.inf, np.array([1.0, 2.0]))
    assert total == 0
    assert not slopes.any()


def test_overflow_is_infinite(run: Pass) -> None:
    total, _ = run(rows_of(21, 2), np.inf, np.array([1.0, 2.0]))
    assert total == np.inf


@pytest.mark.parametrize("row", [0, 8, 16])
def test_what_is_not_a_number_stays_so(run: Pass, row: int) -> None:
    x = rows_of(17, 2)
    x[row, 1] = np.nan
    assert np.isnan(run(x, 0.0, np.array([1.0, 1.0]))[0])
    assert np.isnan(run(rows_of(17, 2), np.nan, np.array([1.0, 1.0]))[0])


def test_columns_may_lie_apart(run: Pass) -> None:
    x = rows_of(1000, 3)[5:94]
    assert x.strides[1] == 8000
    assert_exact(run, x, 0.2, np.array([1.0, -1.0, 0.5]))


def test_slopes_are_those_of_the_sum(run: Pass) -> None:
    x, point, step = rows_of(50, 2), np.array([0.3, 1.1, -0.7]), 1e-5
    _, slopes = run(x, point[0], point[1:])
    around = [
        [run(x, moved[0], moved[1:])[0] for moved in (point + step * unit, point - step * unit)]
        for unit in np.eye(3)
    ]
    np.testing.assert_allclose(-np.diff(around)[:, 0] / (2 * step), slopes, rtol=1e-7, atol=1e-7)
