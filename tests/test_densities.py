"""The mixture programs: one density, the one written down in NumPy.

Points are unconstrained. The share ``pi[1]`` is the inverse logit of root 2 times its unconstrained
value (the isometric log ratio), and ``mu_first`` of the ordered program is a value and the log
of the step to the next.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cmdstanpy
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy.special import betaln, logsumexp
from scipy.stats import dirichlet, multivariate_normal, norm

from harness.data.dataset import Dataset, FloatArray
from harness.program.compilation import CompiledProgram

Compile = Callable[[str], CompiledProgram]
#: log density of each point, shape (n_points,), and gradients, shape (n_points, 5)
Evaluations = tuple[FloatArray, FloatArray]

#: Not in the study, so that its compilation is one more.
GLM = pytest.param("gmm_glm", marks=pytest.mark.slow)
PROGRAMS = ["gmm", GLM, "gmm_fused", "gmm_ordered", "gmm_ordered_fused"]
PRIOR_SD = 1.7
N_POINTS = 20

#: Likelihood weight and number of rows: plain, prior alone, scaled, and N/m of a subsample.
WEIGHTS = pytest.mark.parametrize(
    ("weight", "n_rows"), [(1.0, 100), (0.0, 100), (2.5, 100), (100 / 20, 20)]
)


def random_points() -> FloatArray:
    """Points drawn as Stan draws its starting values."""
    return np.random.default_rng(77).uniform(-2, 2, size=(N_POINTS, 5))


def extreme_points() -> FloatArray:
    """Means far from all rows and from one another, and shares near 0 and 1."""
    wide = np.random.default_rng(78).normal(scale=[3, 3, 3, 3, 2], size=(N_POINTS, 5))
    return np.array(
        [
            *wide,
            [40.0, -30.0, 1.0, 1.0, 0.0],
            [-60.0, 60.0, 60.0, -60.0, 0.5],
            [-1.0, -1.5, 1.0, 1.0, 15.0],
            [-1.0, -1.5, 1.0, 1.0, -15.0],
            [30.0, 30.0, -30.0, 30.0, 20.0],
            [0.3, 0.3, 0.3, 0.3, -3.0],
        ]
    )


def evaluate(
    program: CompiledProgram,
    points: FloatArray,
    rows: FloatArray,
    folder: Path,
    *,
    weight: float = 1.0,
    jacobian: bool = True,
) -> Evaluations:
    """CmdStan's log density and gradient at unconstrained points."""
    data = program.program.stan_data(rows, likelihood_weight=weight)
    cmdstanpy.write_stan_json(str(folder / "data.json"), {**data, "prior_sd": PRIOR_SD})
    (folder / "points.json").write_text(json.dumps({"params_r": points.tolist()}))
    command = [
        *(str(program.executable), "log_prob", f"unconstrained_params={folder / 'points.json'}"),
        *(f"jacobian={int(jacobian)}", "data", f"file={folder / 'data.json'}"),
        *("output", f"file={folder / 'out.csv'}", "sig_figs=18"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    table = pd.read_csv(folder / "out.csv", comment="#").to_numpy()
    return table[:, 0], table[:, 1:]


def log_sum_exp(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Of complex numbers too, whose real parts decide which is larger."""
    larger, smaller = np.where(a.real > b.real, a, b), np.where(a.real > b.real, b, a)
    log_sum: npt.NDArray[Any] = larger + np.log(1 + np.exp(smaller - larger))
    return log_sum


def log_shares(unconstrained: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    logit = np.sqrt(2) * unconstrained
    zero = np.zeros_like(logit)
    return -log_sum_exp(zero, -logit), -log_sum_exp(zero, logit)


def log_density(point: npt.NDArray[Any], rows: FloatArray, *, weight: float) -> complex:
    """The density of ``gmm.stan`` with the Jacobian of the share, from its formulas."""
    log_share = log_shares(point[4])
    terms = [
        log_share[k] - np.log(2 * np.pi) - ((rows - point[2 * k : 2 * k + 2]) ** 2).sum(axis=1) / 2
        for k in range(2)
    ]
    log_lik = log_sum_exp(*terms).sum()
    prior_of_means = (
        -((point[:4] / PRIOR_SD) ** 2) / 2 - np.log(PRIOR_SD * np.sqrt(2 * np.pi))
    ).sum()
    prior_of_share = (0.1 - 1) * sum(log_share) - betaln(0.1, 0.1)
    log_jacobian = sum(log_share) + np.log(2) / 2
    return complex(weight * log_lik + prior_of_means + prior_of_share + log_jacobian)


def expected(points: FloatArray, rows: FloatArray, *, weight: float) -> Evaluations:
    """Log density and gradient by complex steps, exact to rounding."""
    step = 1e-30
    densities = [log_density(point, rows, weight=weight).real for point in points]
    gradients = [
        [
            log_density(point + 1j * step * unit, rows, weight=weight).imag / step
            for unit in np.eye(5)
        ]
        for point in points
    ]
    return np.array(densities), np.array(gradients)


def constrained(point: FloatArray) -> tuple[FloatArray, FloatArray]:
    return point[:4].reshape(2, 2), np.exp(np.array(log_shares(point[4])))


def first_ascending(points: FloatArray) -> FloatArray:
    """The points with their components swapped where `mu_first` would descend."""
    swap = points[:, [0]] > points[:, [2]]
    return np.where(swap, points[:, [2, 3, 0, 1, 4]], points)


def ordered_scale(points: FloatArray) -> FloatArray:
    """The same points, unconstrained as the ordered programs do."""
    first = points[:, [0, 2]]
    log_step = np.log(first[:, 1] - first[:, 0])
    return np.column_stack([first[:, 0], log_step, points[:, [1, 3, 4]]])


def on_ordered_scale(points: FloatArray, free: Evaluations, *, jacobian: bool) -> Evaluations:
    """What the ordered programs should give where ``gmm.stan`` gives `free`."""
    log_step = ordered_scale(points)[:, 1]
    chain_rule = np.column_stack(
        [
            free[1][:, 0] + free[1][:, 2],
            free[1][:, 2] * np.exp(log_step) + jacobian,
            free[1][:, [1, 3, 4]],
        ]
    )
    return free[0] + np.log(2) + (log_step if jacobian else 0), chain_rule


def assert_same(actual: Evaluations, wanted: Evaluations, *, gradient_atol: float = 0) -> None:
    """Relative to each value; `gradient_atol` is in units of a point's steepest slope."""
    np.testing.assert_allclose(actual[0], wanted[0], rtol=1e-8)
    steepest = np.abs(wanted[1]).max(axis=1, keepdims=True)
    np.testing.assert_allclose(
        actual[1] / steepest, wanted[1] / steepest, rtol=1e-8, atol=gradient_atol
    )


def test_formulas_agree_with_scipy(small: Dataset) -> None:
    for point in random_points():
        means, shares = constrained(point)
        log_prior = norm(0, PRIOR_SD).logpdf(means).sum() + dirichlet([0.1, 0.1]).logpdf(shares)
        log_lik = logsumexp(
            [
                np.log(shares[k]) + multivariate_normal(means[k]).logpdf(small.rows)
                for k in range(2)
            ],
            axis=0,
        ).sum()
        log_jacobian = np.log(np.sqrt(2) * shares[0] * shares[1])
        density = log_density(point, small.rows, weight=2.5).real
        assert density == pytest.approx(log_prior + 2.5 * log_lik + log_jacobian, rel=1e-12)


@WEIGHTS
@pytest.mark.parametrize("name", ["gmm", GLM, "gmm_fused"])
def test_programs_have_the_density_of_the_formulas(
    mixture: Compile, small: Dataset, tmp_path: Path, name: str, weight: float, n_rows: int
) -> None:
    points, rows = random_points(), small.rows[:n_rows]
    actual = evaluate(mixture(name), points, rows, tmp_path, weight=weight)
    assert_same(actual, expected(points, rows, weight=weight))


@WEIGHTS
@pytest.mark.parametrize("name", ["gmm", GLM, "gmm_fused"])
def test_extremes_keep_the_density(
    mixture: Compile, small: Dataset, tmp_path: Path, name: str, weight: float, n_rows: int
) -> None:
    points, rows = extreme_points(), small.rows[:n_rows]
    actual = evaluate(mixture(name), points, rows, tmp_path, weight=weight)
    # Stan's bernoulli_logit_glm drops terms below exp(-20), so that slopes which nearly cancel
    # keep fewer digits than the steepest.
    wanted = expected(points, rows, weight=weight)
    assert_same(actual, wanted, gradient_atol=1e-9 if name == "gmm_glm" else 1e-13)


@pytest.mark.slow
@WEIGHTS
def test_two_ways_to_write_the_likelihood_agree(
    mixture: Compile, small: Dataset, tmp_path: Path, weight: float, n_rows: int
) -> None:
    points, rows = random_points(), small.rows[:n_rows]
    plain, glm = (
        evaluate(mixture(name), points, rows, tmp_path, weight=weight)
        for name in ("gmm", "gmm_glm")
    )
    assert_same(glm, plain)


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradient_is_that_of_the_density(
    mixture: Compile, small: Dataset, tmp_path: Path, name: str
) -> None:
    step = 1e-4
    points = random_points()[:5]
    _, gradients = evaluate(mixture(name), points, small.rows, tmp_path, weight=2.5)
    steps = step * np.array([[k * unit for k in (-2, -1, 1, 2)] for unit in np.eye(5)])
    around = (points[:, None, None] + steps).reshape(-1, 5)
    values = evaluate(mixture(name), around, small.rows, tmp_path, weight=2.5)[0].reshape(5, 5, 4)
    differences = values @ np.array([1, -8, 8, -1]) / (12 * step)
    scale = np.abs(gradients).max(axis=1, keepdims=True)
    np.testing.assert_allclose(differences / scale, gradients / scale, atol=1e-7)


@WEIGHTS
@pytest.mark.parametrize("jacobian", [True, False])
@pytest.mark.parametrize("name", ["gmm_ordered", "gmm_ordered_fused"])
def test_ordered_program_is_twice_the_density_on_one_half(
    mixture: Compile, small: Dataset, tmp_path: Path, name: str, weight: float, n_rows: int, *,
    jacobian: bool,
) -> None:  # fmt: skip
    points, rows = first_ascending(random_points()), small.rows[:n_rows]
    options = {"weight": weight, "jacobian": jacobian}
    free = evaluate(mixture("gmm"), points, rows, tmp_path, **options)  # type: ignore[arg-type]
    ordered = evaluate(mixture(name), ordered_scale(points), rows, tmp_path, **options)  # type: ignore[arg-type]
    wanted = on_ordered_scale(points, free, jacobian=jacobian)
    assert_same(ordered, wanted, gradient_atol=1e-13)


@pytest.mark.parametrize("name", ["gmm", GLM, "gmm_fused"])
def test_swapping_the_components_changes_nothing(
    mixture: Compile, small: Dataset, tmp_path: Path, name: str
) -> None:
    points = random_points()
    swapped = points[:, [2, 3, 0, 1, 4]] * [1, 1, 1, 1, -1]
    one, other = (evaluate(mixture(name), p, small.rows, tmp_path)[0] for p in (points, swapped))
    np.testing.assert_allclose(one, other, rtol=1e-10)


@pytest.mark.parametrize("name", PROGRAMS)
def test_weight_multiplies_the_likelihood_and_leaves_the_prior_alone(
    mixture: Compile, small: Dataset, tmp_path: Path, name: str
) -> None:
    points = random_points()
    none, one, other = (
        evaluate(mixture(name), points, small.rows, tmp_path, weight=weight, jacobian=False)[0]
        for weight in (0.0, 1.0, 2.5)
    )
    if name.startswith("gmm_ordered"):
        first = np.column_stack([points[:, 0], points[:, 0] + np.exp(points[:, 1])])
        means = np.column_stack([first, points[:, 2:4]])
        log_prior = np.log(2) + norm(0, PRIOR_SD).logpdf(means).sum(axis=1)
    else:
        log_prior = norm(0, PRIOR_SD).logpdf(points[:, :4]).sum(axis=1)
    shares = np.exp(np.array(log_shares(points[:, 4])))
    log_prior += dirichlet([0.1, 0.1]).logpdf(shares)
    np.testing.assert_allclose(none, log_prior, rtol=1e-10)
    np.testing.assert_allclose(other - none, 2.5 * (one - none), rtol=1e-10)
