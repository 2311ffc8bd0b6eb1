"""Posteriors of more than 1,000 parameters and known moments, of the kinds that people bring.

Groups and persons are independent given two common parameters, over which a grid is laid.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from tools.verdicts.known import REPORTED, FloatArray, Posterior
from tools.verdicts.quadrature import grid, moments

#: Given a point of the grid: means and variances of what is independent there.
Given = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
#: Points of the grid with less of the mass than the largest by such a factor are left out.
_NEGLIGIBLE = 1e-9
#: Observations of each person.
_EACH = 4


def makers() -> list[Callable[[], Posterior]]:
    """Return what makes each of them; some take seconds."""
    return [
        partial(_groups, 3000, noise=2.0, spread=1.0, centred=0),
        partial(_groups, 3000, noise=0.5, spread=2.0, centred=1),
        partial(_groups, 3000, noise=10.0, spread=1.0, centred=1),
        partial(_regression, 1200),
        partial(_persons, 1500),
    ]


def _groups(n: int, *, noise: float, spread: float, centred: int) -> Posterior:
    rng = np.random.default_rng(n)
    sigma = noise * rng.uniform(0.8, 1.2, n)
    y = 3 + spread * rng.standard_normal(n) + sigma * rng.standard_normal(n)

    def log_p(at: FloatArray) -> FloatArray:
        total = at[:, 1] - at[:, 0] ** 2 / 50 - np.exp(2 * at[:, 1]) / 50
        for row, (mu, log_tau) in enumerate(at):
            variance = sigma**2 + np.exp(2 * log_tau)
            total[row] -= 0.5 * np.sum((y - mu) ** 2 / variance + np.log(variance))
        return np.asarray(total)

    def given(at: FloatArray) -> tuple[FloatArray, FloatArray]:
        mu, log_tau = at.T[:, :, None]
        tau = np.exp(log_tau)
        precision = 1 / sigma**2 + 1 / tau**2
        mean, variance = (y / sigma**2 + mu / tau**2) / precision, 1 / precision
        return (mean, variance) if centred else ((mean - mu) / tau, variance / tau**2)

    mean, sd = _over_grid(log_p, given, np.array([[-20, 25], [-16, 4]]))
    return Posterior(
        name=f"groups {n:,}, noise {noise:g}, " + ("centred" if centred else "not"),
        program="groups",
        data={"J": n, "centred": centred, "y": y, "sigma": sigma},
        mean=mean,
        sd=sd,
        half=REPORTED,
    )


def _over_grid(
    log_p: Callable[[FloatArray], FloatArray], given: Given, box: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return means and sds of the common parameters and of all others."""
    points, weights = grid(log_p, box, n=61)
    counts = weights > weights.max() * _NEGLIGIBLE
    points, weights = points[counts], weights[counts] / weights[counts].sum()
    first = second = np.zeros(1)
    for part, weight in zip(
        np.array_split(points, 1 + len(points) // 100),
        np.array_split(weights, 1 + len(points) // 100),
        strict=True,
    ):
        mean, variance = given(part)
        first, second = first + weight @ mean, second + weight @ (variance + mean**2)
    common_mean, common_sd = moments(weights, points)
    sd = np.sqrt(second - first**2)
    return np.concatenate([common_mean, first]), np.concatenate([common_sd, sd])


def _regression(n: int) -> Posterior:
    """Return coefficients of correlated predictors, more than rows, with an informative prior."""
    rng = np.random.default_rng(n)
    n_rows, prior_sd = n // 3, 0.2
    design = rng.standard_normal((n_rows, n))
    for j in range(1, n):
        design[:, j] = 0.8 * design[:, j - 1] + 0.6 * design[:, j]
    y = design @ (prior_sd * rng.standard_normal(n)) + rng.standard_normal(n_rows)
    covariance = np.linalg.inv(design.T @ design + np.eye(n) / prior_sd**2)
    data = {
        "N": n_rows,
        "K": n,
        "family": 1,
        "prior_sd": prior_sd,
        "X": design,
        "y": y,
        "n": np.zeros(n_rows, dtype=int),
    }
    return Posterior(
        name=f"regression {n:,}, correlated",
        program="regression",
        data=data,
        mean=covariance @ design.T @ y,
        sd=np.sqrt(np.diag(covariance)),
        half=REPORTED,
    )


def _persons(n: int) -> Posterior:
    rng = np.random.default_rng(n)
    rate = np.exp(0.5 + 0.6 * rng.standard_normal(n))
    counts = rng.poisson(rate[:, None], (n, _EACH))
    totals, which, times = np.unique(counts.sum(axis=1), return_inverse=True, return_counts=True)
    nodes = np.linspace(-5, 5, 201)
    # of the logarithm of a person's rate
    likelihood = totals[:, None] * nodes - _EACH * np.exp(nodes)
    likelihood -= likelihood.max(axis=1, keepdims=True)

    def joint(at: FloatArray) -> FloatArray:
        """Return the density of each total and node, shape (point, total, node)."""
        alpha, log_sigma = at.T[:, :, None]
        effect = -0.5 * ((nodes - alpha) / np.exp(log_sigma)) ** 2 - log_sigma
        density: FloatArray = np.exp(likelihood + effect[:, None])
        return density

    def log_p(at: FloatArray) -> FloatArray:
        total = at[:, 1] - at[:, 0] ** 2 / 8 - np.exp(2 * at[:, 1]) / 2
        for row in range(len(at)):
            total[row] += np.log(joint(at[row : row + 1])[0].sum(axis=1) + 1e-300) @ times
        return np.asarray(total)

    def given(at: FloatArray) -> tuple[FloatArray, FloatArray]:
        density = joint(at)
        density = density / density.sum(axis=2, keepdims=True)
        mean = density @ nodes
        variance = density @ nodes**2 - mean**2
        return (mean - at[:, :1])[:, which], variance[:, which]

    mean, sd = _over_grid(log_p, given, np.array([[-2, 3], [-3, 2]]))
    person = np.repeat(np.arange(1, n + 1), _EACH)
    return Posterior(
        name=f"persons {n:,}",
        program="persons",
        data={"P": n, "N": n * _EACH, "person": person, "n": counts.ravel()},
        mean=mean,
        sd=sd,
        half=REPORTED,
    )
