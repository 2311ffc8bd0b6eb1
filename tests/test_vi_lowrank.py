"""Above 1,000 parameters: low rank without a matrix of as many rows and columns."""

import numpy as np
import pytest

from harness.fits.fit import Status
from harness.methods import make_method
from harness.methods.ascent import Ascended, End, ascend
from harness.methods.density import open_density
from harness.methods.gaussian import Gaussian, LowRank
from harness.methods.vi import Vi
from tests.known_posteriors import models_problem

SEED = 20_250


def found(name: str, model: str, data: dict[str, object], **options: object) -> Ascended:
    method = make_method(name, options)
    assert isinstance(method, Vi)
    with open_density(models_problem(model, data)) as density:
        return ascend(density, method.asked(None, SEED))


@pytest.mark.parametrize("d", [2, 300_000])
def test_the_density_of_low_rank_takes_no_matrix_of_all_parameters(d: int) -> None:
    """With one column of ones the inverse and the determinant are known in closed form."""
    gaussian = Gaussian(
        mean=np.full(d, 2.0),
        factor=LowRank(variances=np.full(d, 0.25), loadings=np.full((d, 1), 3.0)),
    )
    points, log_q = gaussian.draw(3, seed=SEED)
    away = points - 2
    along = away.sum(axis=1, keepdims=True)
    slopes = -4 * (away - along * 36 / (1 + 36 * d))
    log_det = np.log1p(36 * d) - d * np.log(4)
    expected = 0.5 * (slopes * away).sum(axis=1) - 0.5 * (log_det + d * np.log(2 * np.pi))
    np.testing.assert_allclose(log_q, expected, rtol=1e-10)
    np.testing.assert_allclose(gaussian.gradient(points), slopes, atol=1e-7)


def groups(n: int) -> dict[str, object]:
    """Means of groups whose noise and spread are alike."""
    y = 1 + np.sqrt(2) * np.random.default_rng(SEED).normal(size=n)
    return {"J": n, "y": y, "sigma": np.ones(n)}


def test_low_rank_has_the_width_that_many_groups_share() -> None:
    """Mean-field sds are those of the common parameters given all others, 0.71 times as wide.

    The sd of mu is that of the mean of y.  The expected curvature couples log tau with the shrunk
    means only, of which half of the spread is left: what remains of 2 n is n.
    """
    n = 1200
    data = groups(n)
    y = np.asarray(data["y"])
    # more gradients would only make it more certain
    run = found("vi_lowrank", "schools_centred", data, max_gradients=20_000)
    assert isinstance(run.gaussian.factor, LowRank)
    sd = np.array([y.std() / np.sqrt(n), 1 / np.sqrt(n)])
    np.testing.assert_allclose(run.gaussian.sd[:2], sd, rtol=0.15)
    assert abs(run.gaussian.mean[0] - y.mean()) < 0.5 * sd[0]


@pytest.mark.parametrize("name", ["vi_meanfield", "vi_lowrank"])
def test_strong_directions_are_no_noise(name: str) -> None:
    """Rows of a regression make the curvature along them a thousand times that of the prior."""
    rng = np.random.default_rng(SEED)
    n, k = 3, 1200
    x = rng.normal(size=(n, k))
    y = rng.normal(size=n)
    run = found(name, "regression", {"N": n, "K": k, "x": x, "y": y, "weight": 0.1})
    mean = 4 * x.T @ np.linalg.solve(10 * np.eye(n) + 4 * x @ x.T, y)
    sd = (0.25 + 0.1 * np.square(x).sum(axis=0)) ** -0.5
    assert run.end is End.CONVERGED
    assert np.abs((run.gaussian.mean - mean) / sd).max() < 0.1
    if name == "vi_meanfield":
        np.testing.assert_allclose(run.gaussian.sd, sd, rtol=0.1)


def test_full_rank_is_refused_with_what_to_use() -> None:
    n = 1200
    problem = models_problem("schools_centred", groups(n))
    fit = make_method("vi_fullrank", {}).fit(problem, seed=SEED)
    assert fit.status is Status.NOT_APPLICABLE
    assert "vi_lowrank" in fit.reason


def test_a_fit_has_the_gradient_of_its_own_density() -> None:
    method = make_method("vi_lowrank", {"n_draws": 50, "max_gradients": 5000})
    fit = method.fit(models_problem("schools_centred", groups(1200)), seed=SEED)
    points = fit.read_draws()["points"].to_dataset()
    at, own = points["position"].to_numpy(), points["own_gradient"].to_numpy()
    # of a Gaussian it is linear: between draws of log_q it is what a trapezium says
    rows = points["draw"].to_numpy().astype(int)
    log_q = fit.read_draws()["sample_stats"]["log_q"].to_numpy()[0][rows]
    steps = np.diff(at, axis=0)
    trapezia = 0.5 * ((own[1:] + own[:-1]) * steps).sum(axis=1)
    np.testing.assert_allclose(np.diff(log_q), trapezia, atol=1e-3)
