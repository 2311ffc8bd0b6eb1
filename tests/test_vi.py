"""ADVI by the project's own optimiser, where the best Gaussian is known."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import optimize, stats

from harness.errors import DensityError, FitError, SubsampleError
from harness.fits.fit import Fit
from harness.methods import Problem, ViMeanfield, make_method
from harness.methods.ascent import End, ascend
from harness.methods.density import open_density
from harness.methods.directions import directions
from harness.methods.gaussian import Gaussian, LowRank
from harness.methods.vi import Vi
from harness.program.compilation import compile_program
from harness.program.log_density import Density
from tests.cases import FloatArray, gaussian_posterior, gaussian_program, gaussian_rows
from tests.known_posteriors import models_problem
from tests.row_programs import row_program

SEED = 20_250
LOADINGS = np.array([[1.0, 0.2], [-0.5, 0.0], [0.3, 2.0]])
LOWER = np.array([[1.0, 0, 0], [0.5, 2, 0], [-1, 0.3, 0.2]])


@pytest.mark.parametrize(
    "factor",
    [
        np.array([0.1, 1.0, 10.0]),
        LOWER,
        LowRank(variances=np.array([0.1, 1.0, 3.0]), loadings=LOADINGS),
    ],
)
def test_draws_of_a_gaussian_have_its_moments_and_density(factor: FloatArray | LowRank) -> None:
    gaussian = Gaussian(mean=np.array([1.0, -2.0, 3.0]), factor=factor)
    points, log_q = gaussian.draw(40_000, seed=SEED)
    truth = stats.multivariate_normal(gaussian.mean, gaussian.covariance)
    np.testing.assert_allclose(log_q, truth.logpdf(points), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(gaussian.sd, np.sqrt(np.diag(gaussian.covariance)))
    away = (points.mean(axis=0) - gaussian.mean) / gaussian.sd
    assert np.abs(away).max() < 4 / np.sqrt(40_000)
    correlation = np.corrcoef(points.T)
    wanted = gaussian.covariance / np.outer(gaussian.sd, gaussian.sd)
    np.testing.assert_allclose(correlation, wanted, atol=4 / np.sqrt(40_000))
    slopes = -(points[:5] - gaussian.mean) @ np.linalg.inv(gaussian.covariance)
    np.testing.assert_allclose(gaussian.gradient(points[:5]), slopes, rtol=1e-9)


def fitted(name: str, problem: Problem, **options: object) -> Fit:
    method = make_method(name, {"n_draws": 20_000, **options})
    assert isinstance(method, Vi)
    return method.fit(problem, seed=SEED)


def moments(fit: Fit) -> tuple[FloatArray, FloatArray]:
    """The mean and the covariance of the draws."""
    theta = fit.read_draws()["posterior"]["theta"].to_numpy()[0]
    return theta.mean(axis=0), np.cov(theta.T)


@pytest.mark.parametrize(
    ("name", "batch_size"),
    [
        ("vi_meanfield", None),
        ("vi_meanfield", 8),
        ("vi_fullrank", None),
        ("vi_fullrank", 8),
        ("vi_lowrank", None),
    ],
)
def test_a_gaussian_posterior_is_found(
    gaussian: Callable[[float], Problem], name: str, batch_size: int | None
) -> None:
    problem = gaussian(0.8)
    target = gaussian_posterior(problem.dataset.rows, rho=0.8, likelihood_weight=1.0)
    fit = fitted(name, problem, batch_size=batch_size)
    assert fit.diagnostics.converged == "distance"
    best = target.mean_field if name == "vi_meanfield" else target
    mean, covariance = moments(fit)
    error = 4 / np.sqrt(20_000) + 0.02  # of the draws, and what the optimiser may leave
    assert (np.abs(mean - best.mean) < error * best.sd).all()
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), best.sd, rtol=error)
    found = covariance[0, 1] / np.sqrt(np.prod(np.diag(covariance)))
    assert abs(found - best.covariance[0, 1] / best.sd.prod()) < error


def test_the_elbo_is_the_evidence_where_the_family_holds_the_posterior(
    gaussian: Callable[[float], Problem],
) -> None:
    fit = fitted("vi_fullrank", gaussian(0.8))
    stats_of = fit.read_draws()["sample_stats"]
    gap = (stats_of["log_p"] - stats_of["log_q"]).to_numpy()[0]
    # the log weight is the log evidence at every draw
    assert gap.std() < 0.05
    assert fit.diagnostics.elbo_mcse is not None
    assert np.isfinite(fit.diagnostics.elbo_mcse)
    distance = fit.read_draws()["elbo_trace"]["distance"].to_numpy()
    assert distance[-1] < distance[0] or distance[0] < 0.02


def test_a_run_without_gradients_left_says_so(gaussian: Callable[[float], Problem]) -> None:
    fit = fitted("vi_meanfield", gaussian(0.8), max_gradients=60)
    assert fit.diagnostics.converged == "no"
    assert fit.cost.n_gradients is not None
    assert fit.cost.n_gradients < 200
    (warning,) = fit.warnings
    assert f"{fit.cost.n_gradients:.0f} gradients" in warning
    assert "inf" not in warning  # how far the optimum is was not measured


@pytest.mark.parametrize("batch_size", [None, 8])
def test_more_gradients_than_an_int_counts_are_no_end(
    gaussian: Callable[[float], Problem], batch_size: int | None
) -> None:
    """Ten million rows in batches of 200 are as many."""
    problem = gaussian(0.8)
    few, many = (
        fitted("vi_meanfield", problem, batch_size=batch_size, max_gradients=n)
        for n in (50_000, 2_000_000_000)
    )
    assert many.diagnostics.converged == "distance"
    assert many.cost.n_gradients == few.cost.n_gradients


def test_batches_are_counted_by_their_rows(gaussian: Callable[[float], Problem]) -> None:
    problem = gaussian(0.8)
    whole, part = (fitted("vi_meanfield", problem, batch_size=m) for m in (None, 8))
    assert part.used_data["batch_size"] == 8
    assert "batch_size" not in whole.used_data
    assert part.diagnostics.n_iterations is not None


def test_larger_batches_than_rows_are_refused_before_the_fit() -> None:
    with pytest.raises(SubsampleError, match=r"41 rows .*'gaussian'.* N = 40"):
        ViMeanfield(batch_size=41).check(gaussian_rows(), gaussian_program(rho=0.0))
    ViMeanfield(batch_size=40).check(gaussian_rows(), gaussian_program(rho=0.0))


def test_larger_batches_than_rows_that_were_found_are_refused(
    gaussian: Callable[[float], Problem],
) -> None:
    """They are known once the rows are proved; a fit of all rows would be called one of batches."""
    with pytest.raises(FitError, match=r"41 rows.* 40"):
        fitted("vi_meanfield", gaussian(0.8), batch_size=41)


@pytest.mark.slow
def test_above_a_thousand_parameters_the_distance_is_known() -> None:
    rng = np.random.default_rng(SEED)
    n, k = 150, 1500
    x = rng.normal(size=(n, k))
    y = x[:, :9].sum(axis=1) + rng.normal(size=n)
    problem = models_problem("regression", {"N": n, "K": k, "x": x, "y": y, "weight": 1.0})
    # the prior's precision is 1/4, and the matrix inversion lemma needs N equations only
    mean = 4 * x.T @ np.linalg.solve(np.eye(n) + 4 * x @ x.T, y)
    sd = (0.25 + np.square(x).sum(axis=0)) ** -0.5
    with open_density(problem) as density:
        # some seeds need more than the default's 50,000 gradients, and say so without them
        method = ViMeanfield(tolerance=0.05, max_gradients=200_000)
        found = ascend(density, method.asked(None, SEED))
    assert found.end is End.CONVERGED
    assert np.abs((found.gaussian.mean - mean) / sd).max() < 0.2
    np.testing.assert_allclose(found.gaussian.sd, sd, rtol=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_the_scale_of_thousands_of_groups_does_not_collapse(seed: int) -> None:
    """From far away the scale falls to nothing, where the density is flat."""
    n, mean, scale = 3000, 1.0, 1.5
    rng = np.random.default_rng(SEED)
    y = mean + scale * rng.normal(size=n) + rng.normal(size=n)
    problem = models_problem("schools_noncentred", {"J": n, "y": y, "sigma": np.ones(n)})
    with open_density(problem) as density:
        found = ascend(density, ViMeanfield().asked(None, seed))
    assert found.end is End.CONVERGED
    # with so many groups the posterior is at the estimate, whose error is a few hundredths
    assert found.gaussian.mean[0] == pytest.approx(y.mean(), abs=0.02)
    assert np.exp(found.gaussian.mean[1]) == pytest.approx(np.sqrt(y.var() - 1), abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vi_meanfield", "vi_fullrank", "vi_lowrank"])
def test_the_best_gaussian_of_a_funnel_is_found(name: str) -> None:
    """From every start, though means and sds depend on one another."""
    k = 9
    problem = models_problem("funnel", {"K": k})
    # given v ~ N(m, s^2) the best sds of x are exp(m/2 - s^2/4), and the ELBO by m and s is known
    s = (1 / 9 + k / 2) ** -0.5
    sd = np.array([s, *np.full(k, np.exp(-(s**2) / 4))])
    method = make_method(name, {})
    assert isinstance(method, Vi)
    with open_density(problem) as density:
        found = [ascend(density, method.asked(None, seed)) for seed in range(1, 9)]
    assert [one.end for one in found] == [End.CONVERGED] * 8
    for one in found:
        assert np.abs(one.gaussian.mean / sd).max() < 0.2
        np.testing.assert_allclose(one.gaussian.sd, sd, rtol=0.1)


def best_of_one(log_p: Callable[[FloatArray], FloatArray]) -> tuple[float, float]:
    """The mean and the sd of the Gaussian with the largest ELBO, of one parameter."""
    z, weight = np.polynomial.hermite_e.hermegauss(60)

    def loss(at: FloatArray) -> float:
        value = log_p(at[0] + np.exp(at[1]) * z) @ weight / np.sqrt(2 * np.pi)
        return float(-value - at[1])

    mean, log_sd = optimize.minimize(loss, np.zeros(2)).x
    return float(mean), float(np.exp(log_sd))


@pytest.mark.parametrize("fresh", [False, True])
def test_batches_do_not_converge_without_the_few_rows_that_tell_of_a_parameter(
    *, fresh: bool
) -> None:
    """Five of 40,000 rows: most batches have none, and agree that there is nothing to be told."""
    n, seen = 40_000, np.array([1, 1, 1, 1, 0])
    x, y = np.zeros(n), np.arange(n) % 2
    x[::8000], y[::8000] = 1, seen
    data = {"N": n, "K": 1, "X": x[:, None].tolist(), "y": y.tolist()}
    mean, sd = best_of_one(
        lambda b: seen.sum() * b - seen.size * np.log1p(np.exp(b)) - b**2 / (2 * 2.5**2)
    )
    executable = compile_program(row_program("logit")).executable
    method = ViMeanfield(batch_size=20, fresh_batches=fresh, max_gradients=30)
    with Density(executable, data) as density:
        for seed in range(1, 5):
            found = ascend(density, method.asked("N", seed))
            error = abs(found.gaussian.mean[1] - mean) / sd
            assert found.end is not End.CONVERGED or error < 0.3


def test_directions_give_the_points_of_the_sequence() -> None:
    """In Gray's order each point is the last with one direction more or less."""
    d, n = 7, 256
    found = directions(d).astype(np.uint64)
    point, points = np.zeros(d, dtype=np.uint64), [np.zeros(d)]
    for i in range(1, n):
        point = point ^ found[:, (i & -i).bit_length() - 1]
        points.append(point / 2**32)
    np.testing.assert_array_equal(points, stats.qmc.Sobol(d, scramble=False).random(n))
    # each coordinate alone is spread without a gap
    np.testing.assert_array_equal(np.sort(points, axis=0), np.tile(np.arange(n)[:, None] / n, d))


def test_directions_of_another_number_of_parameters_are_refused(
    gaussian: Callable[[float], Problem],
) -> None:
    with open_density(gaussian(0.8)) as density, pytest.raises(DensityError, match=r"\b2 par"):
        density.ask("ascent family=0", directions(3).ravel())
