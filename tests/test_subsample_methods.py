"""Subsamples of unchanged programs: the executable on some rows, and methods that fit it."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.data.subsample import Subsample, draw_subsample
from harness.errors import DensityError, ProgramError, SubsampleError
from harness.fits.fit import Fit, Status, log_weights
from harness.methods import Problem, make_method, options_of, proofs, row_axis
from harness.methods.base import ProblemPart
from harness.methods.density import open_density
from harness.methods.subsample import take_rows
from harness.methods.subsample_advi import SubsampleAdvi
from harness.metrics import chains
from harness.program.compilation import compile_program
from harness.program.contract import DataContract
from harness.program.log_density import RowBlocks
from harness.program.rows import RowAxis
from harness.study.comparison import Comparison, comparison_study
from tests.cases import FloatArray, gaussian_posterior
from tests.row_programs import ADDING_UP, CASES, each, row_data, row_program
from tests.test_density_values import assert_cmdstans

SEED = 20_250
METHODS = ("subsample_advi", "subsample_nuts")
#: Few iterations, where the posterior is not looked at.
SHORT: dict[str, dict[str, Any]] = {
    "subsample_advi": {"max_iterations": 500, "n_draws": 100, "eta": 0.1},
    "subsample_nuts": {"n_warmup": 150, "n_draws": 50, "n_chains": 2},
}


@pytest.fixture
def of_rows(cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Problem]:
    """A problem of ``data/rows/``."""
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))

    def problem(name: str) -> Problem:
        dataset = Dataset(name=name, variables=row_data(name))
        parameters = ("coefficient", "location") if name == "robust" else ()
        program = dataclasses.replace(row_program(name), parameters=parameters)
        return Problem(program=compile_program(program), dataset=dataset)

    return problem


@pytest.fixture
def no_proofs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where proofs are kept, empty."""
    monkeypatch.setattr(proofs, "cache_folder", lambda: tmp_path)
    return tmp_path / "rows"


def part_of(problem: Problem, rows: list[int], weight: float, *, axis: str = "N") -> Problem:
    number = row_axis.row_axis(problem, axis).number
    subsample = Subsample(indices=np.array(rows), likelihood_weight=weight)
    return dataclasses.replace(
        problem, part=ProblemPart(subsample=subsample, n_rows=0, axis=number)
    )


def theta(fit: Fit) -> FloatArray:
    return np.asarray(fit.read_draws()["posterior"]["theta"].to_numpy())


@pytest.mark.slow
@pytest.mark.parametrize("name", each(ADDING_UP))
@pytest.mark.parametrize("weight", [1.0, 4.5])
def test_executable_on_some_rows_has_the_density_of_the_weighted_block(
    of_rows: Callable[[str], Problem], name: str, weight: float
) -> None:
    problem, axis, rows = of_rows(name), CASES[name].axis, [0, 3, 4, 7]
    part = part_of(problem, rows, weight, axis=axis)
    with (
        open_density(problem) as whole,
        open_density(part) as density,
        RowBlocks(whole, axis, [np.array(rows)]) as block,
    ):
        at = np.random.default_rng(6).uniform(-1, 1, (6, whole.n_parameters))
        expected = block.gradient(at, weight=weight, propto=True)
        found = density.gradient(at, propto=True)
        assert density.axes == {}
        np.testing.assert_array_equal(density.unconstrain(density.constrain(at)).shape, at.shape)
        np.testing.assert_allclose(found.value, expected.value[0], rtol=1e-12)
        size = np.abs(expected.gradient[0]).max()
        np.testing.assert_allclose(found.gradient, expected.gradient[0], rtol=0, atol=1e-12 * size)
    assert_cmdstans(part, n_usable=6)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("weighted", [True, False])
def test_subsample_has_the_posterior_of_its_weighted_rows(
    gaussian: Callable[[float], Problem], method: str, *, weighted: bool
) -> None:
    """The executable weights: the program's own weight stays 1."""
    tuned = {"eta": 0.1, "max_iterations": 20_000, "tol_rel_obj": 1e-9, "grad_samples": 20}
    options = tuned if method == "subsample_advi" else {}
    made = make_method(method, {"m": 25, "weighted": weighted, "rows": "N", **options})
    problem = gaussian(0.0)
    fit = made.fit(problem, seed=SEED)
    weight = 40 / 25 if weighted else 1.0
    assert fit.used_data == {"n_rows": 25, "likelihood_weight": weight, "n_rows_of_all": 40}
    rng = np.random.default_rng([SEED, 1])
    taken = draw_subsample(n_rows=40, m=25, weighted=weighted, rng=rng).indices
    target = gaussian_posterior(problem.dataset.rows[taken], rho=0.0, likelihood_weight=weight)
    for i in range(2):
        values = theta(fit)[..., i]
        slack = 0.03 * target.sd[i] if options else 0.0
        assert abs(values.mean() - target.mean[i]) < 4 * chains.mcse_mean(values) + slack
        assert abs(values.std(ddof=1) - target.sd[i]) < 4 * chains.mcse_sd(values) + slack


@pytest.mark.parametrize("rows", [None, "N"])
def test_subsample_of_all_rows_is_plain_nuts_draw_for_draw(
    gaussian: Callable[[float], Problem], rows: str | None
) -> None:
    problem, short = gaussian(0.8), {"n_warmup": 100, "n_draws": 50, "n_chains": 2}
    plain = make_method("nuts", short).fit(problem, seed=SEED)
    every = make_method("subsample_nuts", {"m": 40, "rows": rows, **short}).fit(problem, seed=SEED)
    for group in ("posterior", "sample_stats"):
        found = every.read_draws()[group].to_dataset()
        assert found.equals(plain.read_draws()[group].to_dataset())
    assert every.diagnostics == plain.diagnostics


def test_both_methods_take_the_same_rows(gaussian: Callable[[float], Problem]) -> None:
    takes = [
        take_rows(gaussian(0.0), m=10, weighted=True, rows=rows, seed=SEED).part
        for rows in (None, "N")
    ]
    parts = [part for part in takes if part is not None]
    np.testing.assert_array_equal(parts[0].subsample.indices, parts[1].subsample.indices)
    assert [part.axis for part in parts] == [None, 0]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_transformed_parameters_are_those_of_all_rows(
    of_rows: Callable[[str], Problem], method: str
) -> None:
    problem = of_rows("robust")
    fit = make_method(method, {"m": 6, **SHORT[method]}).fit(problem, seed=SEED)
    assert fit.status is Status.OK
    posterior = fit.read_draws()["posterior"]
    assert posterior["location"].shape[2:] == (24,)
    basis = np.array(row_data("robust")["basis"])
    found = np.asarray(posterior["coefficient"].to_numpy()) @ basis.T
    np.testing.assert_allclose(posterior["location"], found, rtol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_program_whose_rows_do_not_add_up_gives_a_fit_that_does_not_apply(
    of_rows: Callable[[str], Problem], method: str
) -> None:
    fit = make_method(method, {"m": 6}).fit(of_rows("ar1"), seed=SEED)
    assert fit.status is Status.NOT_APPLICABLE
    assert "order" in fit.reason
    assert "\n" not in fit.reason


def test_more_rows_than_there_are_are_refused(gaussian: Callable[[float], Problem]) -> None:
    for rows in (None, "N"):
        with pytest.raises(SubsampleError, match="41"):
            SubsampleAdvi(m=41, rows=rows).fit(gaussian(0.0), seed=SEED)


def test_an_axis_that_is_none_is_refused(gaussian: Callable[[float], Problem]) -> None:
    with pytest.raises(ProgramError, match="'n'"):
        take_rows(gaussian(0.0), m=5, weighted=True, rows="n", seed=SEED)


@pytest.mark.parametrize(
    ("axis", "rows", "told"), [(3, [0], "3"), (0, [40], "40"), (-1, [0], "-1")]
)
def test_rows_that_are_not_there_end_in_one_line(
    gaussian: Callable[[float], Problem], axis: int, rows: list[int], told: str
) -> None:
    subsample = Subsample(indices=np.array(rows), likelihood_weight=2.0)
    part = ProblemPart(subsample=subsample, n_rows=40, axis=axis)
    with (
        pytest.raises(DensityError, match=told) as raised,
        open_density(dataclasses.replace(gaussian(0.0), part=part)),
    ):
        pass
    assert "\n" not in str(raised.value)


def test_a_subsample_is_scored_under_all_rows(gaussian: Callable[[float], Problem]) -> None:
    problem = gaussian(0.8)
    fit = SubsampleAdvi(m=20, rows="N").fit(problem, seed=SEED)
    with open_density(problem) as density:
        expected = density.log_density(theta(fit)[0])
    stats = fit.read_draws()["sample_stats"]
    np.testing.assert_allclose(stats["log_p"].to_numpy()[0], expected, rtol=1e-12)
    assert log_weights(fit) is not None


def test_a_proof_is_kept_and_read_again(
    gaussian: Callable[[float], Problem], no_proofs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = gaussian(0.0)
    proved = row_axis.row_axis(problem)
    assert proved == RowAxis(name="N", size=40, variables=("y",), adds_up=True, number=0)
    (file,) = no_proofs.iterdir()
    monkeypatch.setattr(row_axis, "prove_rows", lambda *_, **__: ())
    assert row_axis.row_axis(problem) == proved
    rows = problem.dataset.rows + 1
    other = dataclasses.replace(problem, dataset=Dataset(name="other", rows=rows))
    with pytest.raises(ProgramError):
        row_axis.row_axis(other)
    for broken in ("", "[1]", json.dumps([{"name": "N"}])):
        file.write_text(broken)
        with pytest.raises(ProgramError):
            row_axis.row_axis(problem)


def test_a_contract_without_a_weight_names_the_rows(gaussian: Callable[[float], Problem]) -> None:
    problem = gaussian(0.0)
    program = problem.program.program
    contract = DataContract(rows="y", n_columns=2, n_rows="N")
    changed = dataclasses.replace(program, contract=contract, data={**program.data, "weight": 1.0})
    compiled = dataclasses.replace(problem.program, program=changed)
    part = take_rows(
        dataclasses.replace(problem, program=compiled), m=10, weighted=True, rows=None, seed=SEED
    ).part
    assert part is not None
    assert part.axis == 0


def test_a_comparison_fits_both_to_the_same_rows_and_adds_batches(
    cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    asked = Comparison(
        model=row_program("logit").file,
        data=row_data("logit"),
        methods=("laplace",),
        subsample=8,
        batch=6,
        rows="N",
        replicates=2,
    )
    runs = comparison_study(asked).runs
    seeds = {
        name: [run.seed for run in runs if run.method.name == name]
        for name in ("subsample_advi", "subsample_nuts")
    }
    assert len(seeds["subsample_advi"]) == 2
    assert seeds["subsample_nuts"] == seeds["subsample_advi"]
    of_name = {run.method.name: options_of(run.method) for run in runs}
    for name in METHODS:
        assert (of_name[name]["m"], of_name[name]["rows"]) == (8, "N")
    for name in ("vi_meanfield", "vi_fullrank", "vi_lowrank"):
        assert (of_name[name]["batch_size"], of_name[name]["rows"]) == (6, "N")


def test_batches_are_for_the_methods_named_that_can_take_them(
    cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    asked = Comparison(
        model=row_program("logit").file,
        data=row_data("logit"),
        methods=("vi_fullrank",),
        batch=6,
    )
    names = {run.method.name for run in comparison_study(asked).runs}
    assert names == {"nuts", "vi_fullrank"}
