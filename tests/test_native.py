"""Programs compiled for this machine: the same density and posterior, no memory freed twice."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from harness.api.densities import density
from harness.cmdstan import ensure_cmdstan
from harness.data.dataset import Dataset
from harness.data.stan_json import plain_variables
from harness.fits.fit import Fit, Status
from harness.methods import Problem, make_method
from harness.metrics import chains
from harness.program.compilation import compile_density, compile_program
from harness.program.flags import find_flags
from harness.program.program import Program
from tests.cases import DATA, FloatArray

#: A Gaussian process: the model allocates matrices, and whoever is last frees them.
FILE = DATA / "rows" / "gp.stan"
NAMES = ("length_scale", "alpha", "sigma")
RNG = np.random.default_rng(3)
X = np.sort(RNG.uniform(-2, 2, 24))
VALUES = {"N": 24, "x": X, "y": np.sin(2 * X) + 0.3 * RNG.standard_normal(24)}


def problem(*, native: bool) -> Problem:
    program = Program(name="gp", file=FILE, parameters=NAMES, native=native)
    dataset = Dataset(name="data", variables=plain_variables(VALUES))
    return Problem(program=compile_program(program), dataset=dataset)


def test_flags_keep_the_alignment_of_the_shared_objects() -> None:
    location = ensure_cmdstan()
    usual, native = (
        find_flags(location.path, location.version, native=native) for native in (False, True)
    )
    assert usual.lines(Path("model")) == ()
    assert usual.compiled_with == native.shared == usual.shared
    assert native.native is not None
    assert "-march=native" in native.native.flags
    assert "EIGEN_MAX_ALIGN_BYTES=" in native.native.flags
    assert len(native.native.processor) == 64
    assert find_flags(location.path, location.version, native=True) == native


@pytest.mark.slow
def test_a_native_density_is_the_same() -> None:
    points = np.random.default_rng(1).normal(size=(50, 3))
    with ExitStack() as stack:
        usual, native = (
            stack.enter_context(density(FILE, VALUES, native=native)) for native in (False, True)
        )
        known, found = usual.gradient(points), native.gradient(points)
        curved = native.hessian_vector(points[0], np.eye(3))
        np.testing.assert_allclose(curved, usual.hessian_vector(points[0], np.eye(3)), rtol=1e-6)
    np.testing.assert_allclose(found.value, known.value, rtol=1e-12)
    scale = np.abs(known.gradient).max(axis=1, keepdims=True)
    np.testing.assert_allclose(found.gradient / scale, known.gradient / scale, atol=1e-10)


def draws_of(fit: Fit) -> Iterator[FloatArray]:
    assert fit.status is Status.OK
    for name in NAMES:
        yield np.log(np.asarray(fit.read_draws()["posterior"][name].to_numpy()))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("nuts", {"metric": "dense_e"}),
        ("advi_fullrank", {}),
        ("pathfinder", {}),
        ("vi_fullrank", {}),
    ],
)
def test_all_that_runs_in_the_driver_takes_a_native_program(
    method: str, options: dict[str, str]
) -> None:
    """NUTS agrees within the Monte Carlo errors of both; ADVI, which stops early, about."""
    usual, native = (
        make_method(method, options).fit(problem(native=native), seed=5) for native in (False, True)
    )
    for known, found in zip(draws_of(usual), draws_of(native), strict=True):
        error = np.hypot(chains.mcse_mean(known), chains.mcse_mean(found))
        slack = 0.0 if method in {"nuts", "vi_fullrank"} else 0.5
        assert abs(found.mean() - known.mean()) < 4 * error + slack * known.std()


@pytest.mark.slow
def test_native_and_usual_executables_are_two() -> None:
    usual, native = (problem(native=native).program for native in (False, True))
    assert usual.digest != native.digest
    assert usual.executable != native.executable
    assert "-march=native" not in usual.flags
    assert compile_density(native.program) == native.executable
