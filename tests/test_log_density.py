"""A program's density against closed forms, CmdStan's own, and what its process goes through."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import harness
from harness.data.stan_json import write_stan_json
from harness.errors import DatasetError, DensityError, HarnessError
from harness.methods.cmdstan_run import run_method
from harness.methods.draws_file import parse_draws_file
from harness.program.compilation import compile_density, compile_program
from harness.program.log_density import DATA_SEED_NAME, NO_ROWS, Density, RowBlocks
from harness.program.program import Program
from tests.cases import DATA, FloatArray
from tests.row_programs import row_data, row_program

# its programs are compiled first, which takes longest
pytestmark = pytest.mark.slow

PROGRAMS = DATA / "programs"
DATA_OF_UNRULY = {"N": 3, "y": [0.5, 1.0, -0.2]}
SIZE = 1 + 1 + 2 + 1 + 2  # mu, sigma, a simplex of 3, a correlation, 2 in order


@pytest.fixture(scope="module")
def unruly(cmdstan_home: Path) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        yield compile_density(
            Program(
                name="unruly",
                file=PROGRAMS / "unruly.stan",
                user_header=PROGRAMS / "unruly.hpp",
                parameters=(),
            )
        )


@pytest.fixture
def density(unruly: Path) -> Iterator[Density]:
    with Density(unruly, DATA_OF_UNRULY, name="unruly") as opened:
        yield opened


@pytest.fixture(scope="module")
def logit(cmdstan_home: Path) -> Iterator[Density]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        executable = compile_program(row_program("logit")).executable
        with Density(executable, row_data("logit"), name="logit") as opened:
            yield opened


def points(n: int, size: int = SIZE) -> FloatArray:
    return np.random.default_rng(5).uniform(-1, 1, (n, size))


def logit_log_density(at: FloatArray) -> float:
    """The same program by SciPy."""
    data = {name: np.array(value) for name, value in row_data("logit").items()}
    eta = at[0] + data["X"] @ at[1:]
    return float(
        stats.norm.logpdf(at, 0, 2.5).sum() - np.logaddexp(0, -(2 * data["y"] - 1) * eta).sum()
    )


def test_the_log_density_is_the_posterior_with_its_constants(logit: Density) -> None:
    at = points(20, 4)
    expected = [logit_log_density(point) for point in at]
    np.testing.assert_allclose(logit.log_density(at), expected, rtol=1e-13)
    value, gradient = logit.gradient(at)
    np.testing.assert_allclose(value, expected, rtol=1e-13)
    step = 1e-5 * np.eye(4)
    slopes = (logit.log_density(at[:, None] + step) - logit.log_density(at[:, None] - step)) / 2e-5
    np.testing.assert_allclose(gradient, slopes, rtol=1e-7, atol=1e-7)


def test_hessian_vector_products_are_those_of_the_logistic_curvature(logit: Density) -> None:
    at, vectors = points(10, 4), np.random.default_rng(6).normal(size=(10, 4))
    x = np.array(row_data("logit")["X"])
    x = np.column_stack([np.ones(len(x)), x])
    share = 1 / (1 + np.exp(-at @ x.T))
    hessians = -np.einsum("pn,ni,nj->pij", share * (1 - share), x, x) - np.eye(4) / 2.5**2
    expected = np.einsum("pij,pj->pi", hessians, vectors)
    assert not logit.has_exact_curvature
    np.testing.assert_allclose(logit.hessian_vector(at, vectors), expected, rtol=1e-9, atol=1e-9)
    assert (logit.hessian_vector(at[0], np.zeros(4)) == 0).all()
    with pytest.raises(DensityError, match=r"\(2, 4\).*\(5, 4\)"):
        logit.hessian_vector(np.zeros((2, 4)), np.zeros((5, 4)))


@pytest.mark.parametrize("jacobian", [True, False])
def test_densities_are_those_of_cmdstans_log_prob(
    unruly: Path, density: Density, tmp_path: Path, *, jacobian: bool
) -> None:
    at = points(15)
    write_stan_json(tmp_path / "data.json", {**DATA_OF_UNRULY, DATA_SEED_NAME: 1})
    write_stan_json(tmp_path / "points.json", {"params_r": at})
    run_method(
        unruly,
        "method=log_prob",
        f"unconstrained_params={tmp_path / 'points.json'}",
        f"jacobian={jacobian:d}",
        data_file=tmp_path / "data.json",
        output_file=tmp_path / "out.csv",
        seed=77,
    )
    table = parse_draws_file((tmp_path / "out.csv").read_text()).table
    value, gradient = density.gradient(at, jacobian=jacobian, propto=True)
    np.testing.assert_allclose(value, table[:, 0], rtol=1e-12)
    np.testing.assert_allclose(gradient, table[:, 1:], rtol=1e-12, atol=1e-12)
    whole = density.log_density(at, jacobian=jacobian)
    np.testing.assert_allclose(whole - value, whole[0] - value[0], rtol=1e-12)
    assert abs(whole[0] - value[0]) > 0.5  # what propto leaves out


def test_constraining_and_unconstraining_undo_each_other(density: Density) -> None:
    at = points(30).reshape(2, 15, SIZE)
    values = density.constrain(at)
    names = density.variable_names()
    assert values.shape == (2, 15, len(names))
    np.testing.assert_allclose(density.unconstrain(values), at, rtol=1e-12, atol=1e-12)
    column = dict(zip(names, np.moveaxis(values, -1, 0), strict=True))
    np.testing.assert_allclose(sum(column[f"share.{k}"] for k in (1, 2, 3)), 1, rtol=1e-14)
    np.testing.assert_allclose(column["sigma"], np.exp(at[..., 1]), rtol=1e-14)
    assert density.parameter_names[:3] == ("mu", "sigma", "share.1")


def test_transformed_parameters_and_generated_quantities_come_on_demand(density: Density) -> None:
    at = points(4)
    names = density.variable_names(transformed=True, generated=True)
    assert names[-2:] == ("precision", "again")
    values = density.constrain(at, transformed=True, generated=True, seed=3)
    np.testing.assert_allclose(values[:, -2], values[:, 1] ** -2.0, rtol=1e-13)
    assert len(set(values[:, -1])) == 4
    again = density.constrain(at, transformed=True, generated=True, seed=3)
    np.testing.assert_array_equal(values, again)


def test_threads_change_nothing(unruly: Path) -> None:
    at = points(101)
    found = []
    for threads in (1, 3):
        with Density(unruly, DATA_OF_UNRULY, threads=threads) as opened:
            found.append(opened.gradient(at))
    np.testing.assert_array_equal(found[0].value, found[1].value)
    np.testing.assert_array_equal(found[0].gradient, found[1].gradient)


def test_the_data_seed_decides_transformed_data_and_no_other_does(
    unruly: Path,
) -> None:
    def of(seed: int) -> float:
        with Density(unruly, DATA_OF_UNRULY, data_seed=seed) as opened:
            return float(opened.log_density(np.zeros(SIZE)))

    assert of(1) == of(1)
    assert of(1) != of(2)


def test_what_the_program_prints_is_kept(density: Density) -> None:
    assert density.printed == "N is 3\n"
    density.gradient(np.array([[6.0, *[0] * 6], [0.0] * SIZE, [7.0, *[0] * 6]]))
    assert density.printed == "N is 3\nmu is 6\nmu is 7\n"


def test_prints_without_end_are_cut(density: Density) -> None:
    density.log_density(np.full((20_000, SIZE), 6.0))
    assert len(density.printed) < 100_000
    assert "more was printed" in density.printed


def test_points_that_the_program_rejects_have_no_density(density: Density) -> None:
    at = np.zeros((4, SIZE))
    at[[1, 2], 0] = 8.5
    value, gradient = density.gradient(at)
    np.testing.assert_array_equal(np.isnan(value), [False, True, True, False])
    np.testing.assert_array_equal(np.isnan(gradient).all(axis=-1), [False, True, True, False])
    assert len(density.failures) == 1
    assert "mu must not be above 8" in density.failures[0]
    assert "(2 times)" in density.failures[0]
    density.gradient(at[:1])
    assert not density.failures


@pytest.mark.parametrize(
    ("mu", "reason"), [(-8.5, "killed by SIGABRT: trouble below -8"), (-9.5, "killed by SIGSEGV")]
)
def test_cpp_that_ends_its_process_ends_nothing_else(
    density: Density, mu: float, reason: str
) -> None:
    for _ in range(2):
        with pytest.raises(DensityError, match=reason) as raised:
            density.log_density([mu, *[0.0] * (SIZE - 1)])
        assert "\n" not in str(raised.value)


def test_a_killed_process_gives_one_line(density: Density) -> None:
    os.kill(density.process.pid, signal.SIGKILL)
    with pytest.raises(DensityError, match=r"'unruly' .*SIGKILL") as raised:
        density.gradient(np.zeros(SIZE))
    assert "\n" not in str(raised.value)


def test_a_process_killed_under_way_gives_one_line(density: Density) -> None:
    timer = threading.Timer(0.3, os.kill, (density.process.pid, signal.SIGKILL))
    timer.start()
    with pytest.raises(DensityError, match="SIGKILL"):
        density.gradient(np.zeros((2_000_000, SIZE)))
    timer.join()


def test_it_ends_with_the_group_of_a_worker_and_not_with_ctrl_c(
    unruly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Density(unruly, DATA_OF_UNRULY) as opened:
        assert os.getpgid(opened.process.pid) != os.getpgrp()
    monkeypatch.setattr(os, "getsid", lambda _: os.getpid())  # as in a worker's process
    with Density(unruly, DATA_OF_UNRULY) as opened:
        assert os.getpgid(opened.process.pid) == os.getpgrp()


def test_a_closed_density_says_so_and_leaves_no_process(unruly: Path) -> None:
    with Density(unruly, DATA_OF_UNRULY) as opened:
        pid = opened.process.pid
    with pytest.raises(DensityError, match="closed"):
        opened.log_density(np.zeros(SIZE))
    opened.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"N": 3, "y": [1.0, 2.0]}, "y"),
        ({"N": -1, "y": []}, "-1"),
        ({"y": [1.0]}, "N"),
    ],
)
def test_data_that_the_program_refuses_give_its_reason(
    unruly: Path, data: dict[str, object], reason: str
) -> None:
    with pytest.raises(DensityError, match=reason) as raised:
        Density(unruly, data)
    assert "\n" not in str(raised.value)


def test_an_executable_that_serves_no_density_is_told(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\nexit 0\n")
    other.chmod(0o755)
    with pytest.raises(DensityError, match="'other'"):
        Density(other, {}, name="other")


@pytest.mark.parametrize("shape", [(), (3,), (2, SIZE + 1)])
def test_points_of_another_size_are_refused(density: Density, shape: tuple[int, ...]) -> None:
    with pytest.raises(DensityError, match=str(SIZE)):
        density.log_density(np.zeros(shape))


def test_no_points_give_no_values(density: Density) -> None:
    assert density.gradient(np.empty((0, SIZE))).gradient.shape == (0, SIZE)


def test_without_settings_of_its_own_the_executable_is_cmdstans(
    unruly: Path, tmp_path: Path
) -> None:
    file = tmp_path / "data.json"
    write_stan_json(file, DATA_OF_UNRULY)
    told = subprocess.run(
        [
            # One seed and short steps from 0: below -8 the program ends its process.
            *(unruly, "sample", "num_samples=10", "num_warmup=0", "algorithm=fixed_param"),
            *("data", f"file={file}", "init=0", "random", "seed=1"),
            *("output", f"file={tmp_path / 'out.csv'}"),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "[harness]" not in told.stdout
    assert "N is 3" in told.stdout


def test_the_public_function_takes_files_and_arrays(cmdstan_home: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        data = {name: np.array(value) for name, value in row_data("logit").items()}
        with harness.density(row_program("logit").file, data, threads=2) as opened:
            assert isinstance(opened, harness.Density)
            assert opened.n_parameters == 4
        with pytest.raises(DatasetError, match=r"nowhere\.json"):
            harness.density(row_program("logit").file, "nowhere.json")
        with pytest.raises(HarnessError, match=r"nowhere\.stan"):
            harness.density("nowhere.stan", data)


def test_blocks_sum_to_the_whole_and_all_rows_are_it(logit: Density) -> None:
    at = points(5, 4)
    rng = np.random.default_rng(3)
    order = rng.permutation(24)
    split = np.array_split(order, 7)
    full = logit.gradient(at)
    with RowBlocks(logit, "N", [*split, np.arange(24), order]) as blocks:
        found = blocks.gradient(at)
        none = blocks.gradient(at, [NO_ROWS])
        weighted = blocks.gradient(at, range(7), weight=7.0)
    for whole in (7, 8):
        np.testing.assert_allclose(found.value[whole], full.value, rtol=1e-12)
        np.testing.assert_allclose(found.gradient[whole], full.gradient, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(found.gradient[7], full.gradient)
    np.testing.assert_allclose(found.value[:7].sum(0) - 6 * none.value[0], full.value, rtol=1e-13)
    np.testing.assert_allclose(weighted.gradient.mean(0), full.gradient, rtol=1e-12, atol=1e-12)
    prior = stats.norm.logpdf(at, 0, 2.5).sum(axis=-1)
    np.testing.assert_allclose(none.value[0], prior, rtol=1e-13)


def test_blocks_are_the_same_in_threads(logit: Density, cmdstan_home: Path) -> None:
    at = points(3, 4)
    split = np.array_split(np.arange(24), 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        executable = compile_program(row_program("logit")).executable
    with (
        Density(executable, row_data("logit"), threads=3) as threaded,
        RowBlocks(threaded, "N", split) as one,
        RowBlocks(logit, "N", split) as other,
    ):
        np.testing.assert_array_equal(one.gradient(at).gradient, other.gradient(at).gradient)


def test_rows_and_axes_that_are_not_there_are_refused(logit: Density) -> None:
    with pytest.raises(DensityError, match=r"'M'.* N"):
        RowBlocks(logit, "M", [])
    for row in (24, -1):
        with pytest.raises(DensityError, match=f"no row {row}"):
            RowBlocks(logit, "N", [np.array([row])])
    with RowBlocks(logit, "N", [np.array([0])]) as blocks:
        with pytest.raises(DensityError, match="1 blocks"):
            blocks.gradient(points(1, 4), [1])
        with pytest.raises(DensityError, match="4 parameters"):
            blocks.gradient(points(1, 3))


def test_what_numpy_would_silently_round_or_drop_is_refused(logit: Density) -> None:
    for rows, shown in ((np.array([0.5]), "float64"), (np.ones(24, dtype=bool), "bool")):
        with pytest.raises(DensityError, match=shown):
            RowBlocks(logit, "N", [rows])
    with pytest.raises(DensityError, match="3"):
        RowBlocks(logit, "N", 3)  # type: ignore[arg-type]
    with pytest.raises(DensityError, match="no array of real numbers"):
        logit.log_density(points(1, 4) + 1j)
    with pytest.raises(DensityError, match="jacobian is 'no'"):
        logit.log_density(points(1, 4), jacobian="no")  # type: ignore[arg-type]


def test_a_weight_of_any_number_type_is_that_number(logit: Density) -> None:
    at = points(1, 4)
    with RowBlocks(logit, "N", [np.arange(12)]) as blocks:
        expected = blocks.gradient(at, weight=2.5)
        for weight in (np.float64(2.5), np.float32(2.5), Fraction(5, 2)):
            found = blocks.gradient(at, weight=weight)  # type: ignore[arg-type]
            np.testing.assert_array_equal(found.value, expected.value)
        with pytest.raises(DensityError, match="weight is '2'"):
            blocks.gradient(at, weight="2")  # type: ignore[arg-type]
    with pytest.raises(DensityError, match=r"unconstrained is 'np\.float64\(1\.0\)'"):
        logit.ask("names unconstrained=np.float64(1.0)", np.empty(0))
