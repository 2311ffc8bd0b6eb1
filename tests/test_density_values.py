"""The density of every kind of program against CmdStan's own ``log_prob``."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.data.stan_json import write_stan_json
from harness.methods import Problem
from harness.methods.cmdstan_run import run_folder, run_method
from harness.methods.density import open_density
from harness.methods.draws_file import parse_draws_file
from harness.program.compilation import CompiledProgram, compile_program
from tests.cases import FloatArray
from tests.row_programs import ADDING_UP, REFUSED, each, row_data, row_program

N_POINTS = 12
#: Those that the first study compiles, and others.
MIXTURES = (
    *("gmm", "gmm_fused", "gmm_ordered", "gmm_ordered_fused"),
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("gmm_glm", "gmm_file")),
)


def assert_cmdstans(problem: Problem, *, n_usable: int) -> None:
    """Values and gradients of both, at random points of which so many must have a density."""
    with open_density(problem) as density:
        at = np.random.default_rng(4).uniform(-1, 1, (N_POINTS, density.n_parameters))
        found = density.gradient(at, propto=True)
        usable = np.isfinite(found.value)
        own = cmdstans(problem, at[usable])
        whole = density.gradient(at[usable]).value
    assert usable.sum() >= n_usable
    size = np.abs(own[:, 1:]).max(axis=1, keepdims=True)
    np.testing.assert_allclose(found.value[usable], own[:, 0], rtol=1e-12)
    assert (np.abs(found.gradient[usable] - own[:, 1:]) <= 1e-12 * size).all()
    constant = whole - own[:, 0]
    np.testing.assert_allclose(constant, constant[0], rtol=0, atol=1e-12 * np.abs(whole).max())


def cmdstans(problem: Problem, at: FloatArray) -> FloatArray:
    """CmdStan's log density, then its gradient, at each point."""
    with run_folder(problem.stan_data()) as (data_file, folder):
        points, output = folder / "points.json", folder / "out.csv"
        write_stan_json(points, {"params_r": at})
        run_method(
            problem.program.executable,
            *("method=log_prob", f"unconstrained_params={points}", "jacobian=1"),
            data_file=data_file,
            output_file=output,
            seed=77,
        )
        return parse_draws_file(output.read_text()).table


@pytest.mark.slow
@pytest.mark.parametrize("name", each([*ADDING_UP, *REFUSED]))
def test_a_program_has_cmdstans_density(
    cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Of `random_data` too, whose transformed data draw by another seed than the run's."""
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    dataset = Dataset(name=name, variables=row_data(name))
    problem = Problem(program=compile_program(row_program(name)), dataset=dataset)
    assert_cmdstans(problem, n_usable=6)


@pytest.mark.parametrize("name", MIXTURES)
def test_a_shipped_program_has_cmdstans_density(
    mixture: Callable[[str], CompiledProgram], small: Dataset, name: str
) -> None:
    assert_cmdstans(Problem(program=mixture(name), dataset=small), n_usable=N_POINTS)
