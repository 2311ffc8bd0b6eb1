"""Draws on the unconstrained scale: what is judged together has its own number of dimensions."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.execution.run import FittedRun
from harness.fits.fit import DrawKind, Fit
from harness.methods import Problem
from harness.methods.advi import Advi
from harness.methods.density import open_density
from harness.methods.draws_file import real_parts
from harness.methods.nuts import Nuts
from harness.program.compilation import CompiledProgram, compile_program
from harness.program.program import Program
from harness.study.study import ReferenceSource, Run, Study
from harness.summary import StudyTables, summarise
from harness.summary.free_scale import FreeScales, judged_elements
from tests.cases import DATA, FloatArray, known_fit, pretend_compiled

ALL = ("mu", "sigma", "shares", "correlation", "factor", "curve")
NOTHING = Dataset(name="data", variables={})


def drawn(problem: Problem, points: FloatArray, *, kind: DrawKind) -> Fit:
    """A fit with the draws at some points (chain, draw, d) of the unconstrained scale."""
    with open_density(problem) as density:
        table = density.constrain(points.reshape(-1, points.shape[-1]), transformed=True)
        names = density.variable_names(transformed=True)
    parts = real_parts(names, table)
    by_chain = {k: v.reshape(*points.shape[:2], *v.shape[1:]) for k, v in parts.items()}
    fit = known_fit(by_chain, draw_kind=kind)
    return dataclasses.replace(fit, used_data=problem.used_data())


def item(fit: Fit, program: CompiledProgram, *, dataset: Dataset, variant: str) -> FittedRun:
    method = Nuts() if fit.draw_kind is DrawKind.CHAINS else Advi()
    run = Run(
        dataset=dataset.name,
        program=program.program.name,
        method=method,
        variant=variant,
        replicate=1,
        seed=3,
    )
    return FittedRun(run=run, fit=fit, program=program, key="", from_store=False)


def judged(reference: FittedRun, *others: FittedRun, dataset: Dataset) -> StudyTables:
    items = [reference, *others]
    study = Study(
        name="free",
        title="",
        description="",
        datasets={dataset.name: dataset},
        programs={each.program.program.name: each.program.program for each in items},
        runs=tuple(each.run for each in items),
        references={dataset.name: ReferenceSource(run=reference.run)},
        published=None,
        digest="0",
    )
    return summarise(study, items, {})


def mixture_points(seed: int, shape: tuple[int, int]) -> FloatArray:
    """Points of gmm: means around (-2, -2) and (2, 2), shares around a third."""
    noise = 0.3 * np.random.default_rng(seed).standard_normal((*shape, 5))
    points: FloatArray = noise + np.array([-2.0, -2.0, 2.0, 2.0, -0.5])
    return points


def swapped(fit: Fit) -> Fit:
    """The same draws, with the components of every second one in the other order."""
    posterior = fit.read_draws()["posterior"].to_dataset()
    values = {name: posterior[name].to_numpy().copy() for name in ("mu", "pi")}
    for name, of in values.items():
        values[name][:, ::2] = of[:, ::2, ::-1].copy()
    return dataclasses.replace(known_fit(values, draw_kind=fit.draw_kind), used_data=fit.used_data)


def test_components_are_named_before_they_are_judged_together(
    mixture: Callable[[str], CompiledProgram], small: Dataset
) -> None:
    """On the scale of the program whose parameters both have: mu is transformed in the other."""
    plain, ordered = mixture("gmm"), mixture("gmm_ordered")
    problem = Problem(program=plain, dataset=small)
    fit = swapped(drawn(problem, mixture_points(1, (1, 1000)), kind=DrawKind.INDEPENDENT))
    chains = drawn(problem, mixture_points(2, (4, 1000)), kind=DrawKind.CHAINS)
    scales = FreeScales()
    found = scales.positions(
        judged_elements(item(fit, plain, dataset=small, variant="x"), plain.parameters),
        plain,
        small,
    )
    assert found is not None
    np.testing.assert_allclose(found.draws, mixture_points(1, (1, 1000)), rtol=1e-9, atol=1e-9)
    summary = judged(
        item(chains, ordered, dataset=small, variant="reference"),
        item(fit, plain, dataset=small, variant="default"),
        dataset=small,
    )
    row = summary.fits[1]
    assert row["n_combinations"] == 0
    assert abs(row["log_eigenvalue_low"]) < 0.2
    assert row["mahalanobis"] < 0.2


def test_without_an_executable_there_is_no_scale(small: Dataset) -> None:
    program = pretend_compiled()
    elements = {"mu[1,1]": np.zeros((1, 5))}
    assert FreeScales().positions(elements, program, small) is None


@pytest.fixture(scope="module")
def constrained(cmdstan_home: Path) -> Callable[..., Problem]:
    def problem(*asked: str) -> Problem:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CMDSTAN", str(cmdstan_home))
            file = DATA / "programs" / "constrained.stan"
            compiled = compile_program(Program(name="constrained", file=file, parameters=asked))
        return Problem(program=compiled, dataset=NOTHING)

    return problem


@pytest.mark.slow
def test_constrained_parameters_have_as_many_dimensions_as_degrees_of_freedom(
    constrained: Callable[..., Problem],
) -> None:
    problem = constrained(*ALL)
    rng = np.random.default_rng(1)
    points = 0.5 * rng.standard_normal((4, 2000, 8))
    chains = drawn(problem, points, kind=DrawKind.CHAINS)
    others = 0.5 * rng.standard_normal((1, 1000, 8))
    exact = drawn(problem, others, kind=DrawKind.INDEPENDENT)
    reference = item(chains, problem.program, dataset=NOTHING, variant="reference")
    fit = item(exact, problem.program, dataset=NOTHING, variant="exact")
    scales = FreeScales()
    found = scales.positions(
        judged_elements(reference, problem.program.parameters), problem.program, NOTHING
    )
    assert found is not None
    np.testing.assert_allclose(found.draws, points, atol=1e-7)
    summary = judged(reference, fit, dataset=NOTHING)
    row = summary.fits[1]
    assert row["warnings"].count("together") == 0
    assert abs(row["log_eigenvalue_high"]) + 2 * row["log_eigenvalue_high_mcse"] < 0.365
    assert abs(row["log_eigenvalue_low"]) + 2 * row["log_eigenvalue_low_mcse"] < 0.365
    asked = constrained("mu", "shares")
    some = scales.positions(
        judged_elements(reference, asked.program.parameters), asked.program, NOTHING
    )
    assert some is not None
    np.testing.assert_allclose(some.draws, points[..., [0, 2, 3]], atol=1e-7)
