"""Legal and rare: names, types and blocks of programs, from CmdStan's files to the verdicts."""

import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.fits.fit import Fit, Status, log_weights
from harness.fits.quantities import posterior_arrays, quantities
from harness.methods import Problem, generated, make_method
from harness.methods.advi_output import ETA_GRID
from harness.metrics.psis import psis
from harness.program.compilation import CompiledProgram, compile_program
from harness.program.program import Program
from tests.cases import DATA

# its programs are compiled first, which takes longest
pytestmark = pytest.mark.slow

SEED = 11
PLAIN = ("mu", "chain", "draw", "chain_dim_0", "log_p", "none", "t", "w", "z", "direction")
ASKED = (*PLAIN, "half", "one", "twice", "picked", "drawn")
FEW = {
    "nuts": {"n_chains": 2, "n_warmup": 150, "n_draws": 250},
    "advi": {"n_draws": 500, "max_iterations": 2000},
    "pathfinder": {"n_draws": 500},
    "laplace": {"n_draws": 500},
}


def program_of(*parameters: str, file: Path = DATA / "programs" / "odd.stan") -> Program:
    return Program(name="odd", file=file, parameters=parameters)


@pytest.fixture(scope="module")
def odd(cmdstan_home: Path) -> Callable[..., Problem]:
    """The odd program, asked for some of its variables."""

    @cache
    def compiled(*parameters: str) -> CompiledProgram:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CMDSTAN", str(cmdstan_home))
            return compile_program(program_of(*parameters))

    def problem(*parameters: str) -> Problem:
        dataset = Dataset(name="data", variables={"n_none": 0})
        return Problem(program=compiled(*parameters), dataset=dataset)

    return problem


@pytest.fixture(scope="module")
def fits(odd: Callable[..., Problem]) -> Callable[[str], Fit]:
    """A fit by each method, asked for everything."""

    @cache
    def fit(name: str) -> Fit:
        return make_method(name, FEW[name]).fit(odd(*ASKED), seed=SEED)

    return fit


def test_a_program_asked_for_its_parameters_is_compiled_without_the_rest(
    odd: Callable[..., Problem],
) -> None:
    bare, full = odd(*PLAIN).program, odd(*ASKED).program
    assert bare.quantities_executable is None
    assert full.quantities_executable is not None
    assert full.executable == bare.executable
    assert full.generated == ("twice", "picked", "drawn")
    assert full.digest != bare.digest


@pytest.mark.parametrize("name", FEW)
def test_every_variable_is_measured(
    odd: Callable[..., Problem], fits: Callable[[str], Fit], name: str
) -> None:
    fit = fits(name)
    assert fit.status is Status.OK
    program = odd(*ASKED).program.program
    named = quantities(posterior_arrays(fit, program), program)
    assert list(named.judged) == [
        *("mu", "chain[1]", "chain[2]", "draw", "chain_dim_0", "log_p"),
        *("t.1", "t.2[1]", "t.2[2]", "w.1[1]", "w.1[2]", "w.2.real[1]", "w.2.real[2]"),
        *("w.2.imag[1]", "w.2.imag[2]", "z.real", "z.imag", "direction[1]", "direction[2]"),
        *("half[1]", "one"),
    ]
    assert set(named.undefined) == {"half[2]", "twice[1]", "twice[2]", "picked", "drawn"}
    mu = named.judged["mu"]
    np.testing.assert_array_equal(named.judged["half[1]"], mu / 2)
    n_draws = mu.size
    n_thrown = int(((mu < -1) | (mu > 2)).sum())
    assert 0 < n_thrown < n_draws
    for variable, n_undefined in (("half", n_draws), ("twice", n_draws), ("picked", n_thrown)):
        (warning,) = (each for each in fit.warnings if each.startswith(f"{variable} "))
        assert re.findall(r"\d+", warning) == [str(n_undefined), str(n_draws)]


@pytest.mark.parametrize("name", FEW)
def test_generated_quantities_belong_to_their_draws(
    odd: Callable[..., Problem], fits: Callable[[str], Fit], name: str
) -> None:
    """A draw that ends CmdStan, ``mu > 2``, shifts none of those behind it."""
    program = odd(*ASKED).program.program
    arrays = posterior_arrays(fits(name), program)
    mu, twice = arrays["mu"], arrays["twice"][..., 0]
    thrown = (mu < -1) | (mu > 2)
    assert (mu > 2).any()
    np.testing.assert_array_equal(np.isnan(twice), thrown)
    np.testing.assert_array_equal(twice[~thrown], 2 * mu[~thrown])
    noise = (arrays["drawn"] - mu)[~thrown]
    assert np.unique(noise).size == noise.size
    assert abs(noise.mean()) < 4 / np.sqrt(noise.size)


def test_generated_quantities_change_no_draw(
    odd: Callable[..., Problem], fits: Callable[[str], Fit]
) -> None:
    for name, options in FEW.items():
        bare = make_method(name, options).fit(odd(*PLAIN), seed=SEED)
        ours, theirs = (posterior_arrays(fit, program_of(*PLAIN)) for fit in (bare, fits(name)))
        assert set(ours) == set(theirs)
        for variable, values in ours.items():
            np.testing.assert_array_equal(values, theirs[variable])


def test_a_budget_of_calls_leaves_the_rest_undefined(
    odd: Callable[..., Problem], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generated, "_MAX_CALLS", 1)
    fit = make_method("advi", FEW["advi"]).fit(odd(*ASKED), seed=SEED)
    arrays = posterior_arrays(fit, program_of(*ASKED))
    first = int(np.flatnonzero(arrays["mu"][0] > 2)[0])
    assert np.isnan(arrays["drawn"][0, first:]).all()
    assert np.isfinite(arrays["drawn"][0, :first][arrays["mu"][0, :first] > -1]).all()
    assert "generated quantities" in fit.warnings[-1]


@pytest.mark.parametrize("name", ["advi", "laplace", "pathfinder"])
def test_densities_are_those_of_the_unconstrained_scale(
    fits: Callable[[str], Fit], name: str
) -> None:
    """There the posterior is normal; a unit vector's length is not 1 but has a distribution."""
    log_weight = log_weights(fits(name))
    assert log_weight is not None
    assert psis(log_weight).k_hat < 0.7
    if name == "laplace":  # which finds this posterior but for the directions
        return
    assert np.isfinite(log_weight).all()


def test_no_gradient_is_taken_at_another_point(fits: Callable[[str], Fit]) -> None:
    draws = fits("advi").read_draws()
    assert list(draws["points"].data_vars) == ["position"]


def test_a_density_that_no_draw_tells_is_unknown(odd: Callable[..., Problem]) -> None:
    """Without CmdStan's own log densities only those of the draws brought back are left."""
    options = {**FEW["pathfinder"], "calculate_log_p": False}
    fit = make_method("pathfinder", options).fit(odd(*PLAIN), seed=SEED)
    log_weight = log_weights(fit)
    assert log_weight is not None
    assert np.isnan(log_weight).all()
    assert any("unit vector" in warning for warning in fit.warnings)


def test_what_a_program_prints_is_not_the_algorithms(
    odd: Callable[..., Problem], fits: Callable[[str], Fit], tmp_path: Path
) -> None:
    """It says that ADVI has converged, that eta is 7, that Pathfinder's ELBO is -1, ..."""
    console = subprocess.run(
        [
            *(str(odd(*PLAIN).program.executable), "variational", "iter=100", "adapt"),
            *("engaged=0", "output", f"file={tmp_path / 'out.csv'}"),
            *("data", f"file={DATA / 'programs' / 'odd.json'}"),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "COMPLETED." in console
    assert "CONVERGED" not in console
    advi = fits("advi").diagnostics
    assert advi.eta in ETA_GRID
    assert advi.elbo is not None
    assert advi.elbo > -1.0
    path = fits("pathfinder").diagnostics
    assert path.elbo is not None
    assert path.elbo != -1.0
    assert not any("limit" in warning for warning in fits("laplace").warnings)
