"""Posteriors of the kinds of models that people fit, by quadrature over their few parameters.

Where there are many (the values of a process, the abilities of persons), they are normal or
independent given the few.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.special import log_expit

from tools.verdicts.known import FloatArray, Posterior
from tools.verdicts.quadrature import grid, moments


def makers() -> list[Callable[[], Posterior]]:
    """Return what makes each of them; some take seconds."""
    return [
        *(partial(_autoregression, n) for n in (20, 100)),
        partial(_garch, 80),
        partial(_process, 20),
        *(partial(_ordinal, n) for n in (15, 80)),
        partial(_items, 30),
        partial(_growth, 12),
    ]


def _log_normal(
    values: FloatArray, *, loc: float = 0.0, scale: float | FloatArray = 1.0
) -> FloatArray:
    """Return the log density up to a constant."""
    total: FloatArray = -0.5 * np.square((values - loc) / scale) - np.log(scale)
    return total


def _expit(values: FloatArray) -> FloatArray:
    return np.exp(log_expit(values))


def _log_jacobian_unit(values: FloatArray) -> FloatArray:
    """Return that of a number between 0 and 1."""
    return log_expit(values) + log_expit(-values)


def _autoregression(n: int) -> Posterior:
    rng = np.random.default_rng(n)
    y = np.zeros(n)
    for i in range(1, n):
        y[i] = 0.5 + 0.7 * (y[i - 1] - 0.5) + 0.8 * rng.standard_normal()

    def log_p(at: FloatArray) -> FloatArray:
        mu, free, log_sigma = at.T
        phi, sigma = 2 * _expit(free) - 1, np.exp(log_sigma)
        off = y[1:] - mu[:, None] - phi[:, None] * (y[:-1] - mu[:, None])
        fit = _log_normal(off, scale=sigma[:, None]).sum(axis=1)
        prior = _log_normal(mu, scale=2) + _log_normal(sigma, scale=2)
        total: FloatArray = fit + prior + _log_jacobian_unit(free) + log_sigma
        return total

    box = np.array([[-12, 12], [-10, 25], [-4, 3]])
    points, weights = grid(log_p, box, n=101)
    mean, sd = moments(weights, points)
    data = {"N": n, "y": y.tolist()}
    return Posterior(name=f"autoregression {n}", program="ar", data=data, mean=mean, sd=sd)


def _garch(n: int) -> Posterior:
    rng = np.random.default_rng(n)
    y, variance = np.zeros(n), 1.0
    for i in range(n):
        variance = variance if i == 0 else 0.3 + 0.3 * y[i - 1] ** 2 + 0.4 * variance
        y[i] = np.sqrt(variance) * rng.standard_normal()

    def log_p(at: FloatArray) -> FloatArray:
        log_base, free_shock, free_memory = at.T
        base, shock = np.exp(log_base), _expit(free_shock)
        memory = (1 - shock) * _expit(free_memory)
        total = _log_normal(base) + log_base + _log_jacobian_unit(free_shock)
        total = total + np.log1p(-shock) + _log_jacobian_unit(free_memory)
        now = np.ones(len(at))
        for i in range(n):
            now = now if i == 0 else base + shock * y[i - 1] ** 2 + memory * now
            total = total - 0.5 * (np.log(now) + y[i] ** 2 / now)
        return np.where(np.isfinite(total), total, -np.inf)

    box = np.array([[-25, 3], [-25, 15], [-35, 25]])
    points, weights = grid(log_p, box, n=121)
    mean, sd = moments(weights, points)
    data = {"N": n, "y": y.tolist()}
    return Posterior(name=f"garch {n}", program="garch", data=data, mean=mean, sd=sd)


def _process(n: int) -> Posterior:
    rng = np.random.default_rng(n)
    x = np.linspace(0, 5, n)
    y = np.sin(1.5 * x) + 0.3 * rng.standard_normal(n)
    squares = np.subtract.outer(x, x) ** 2

    def conditional(at: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the log density of the three, and mean and variance of the rest given them."""
        length, amplitude, sigma = np.exp(at.T)[:, :, None, None]
        covariance = amplitude**2 * np.exp(-0.5 * squares / length**2) + 1e-6 * np.eye(n)
        factor = np.linalg.cholesky(covariance)
        seen = np.linalg.inv(covariance + sigma**2 * np.eye(n))
        gain = np.swapaxes(factor, 1, 2) @ seen
        variance = 1 - np.einsum("mij,mji->mi", gain, factor)
        log_det = np.linalg.slogdet(seen)[1]
        log_p = 0.5 * log_det - 0.5 * np.einsum("i,mij,j->m", y, seen, y)
        length, amplitude, sigma = np.exp(at.T)
        log_p += -6 * np.log(length) - 5 / length - 0.5 * (amplitude**2 + sigma**2)
        return log_p + at.sum(axis=1), gain @ y, variance

    def log_density(at: FloatArray) -> FloatArray:
        return conditional(at)[0]

    points, weights = grid(log_density, np.array([[-1.5, 3], [-6, 2], [-4, 1.5]]), n=33)
    counts = weights > weights.max() * 1e-9
    points, weights = points[counts], weights[counts] / weights[counts].sum()
    parts = [conditional(part)[1:] for part in np.array_split(points, 1 + len(points) // 2000)]
    latent, variance = (np.concatenate(each) for each in zip(*parts, strict=True))
    mean, sd = moments(
        weights,
        np.column_stack([points, latent]),
        np.column_stack([np.zeros_like(points), variance]),
    )
    data = {"N": n, "x": x.tolist(), "y": y.tolist()}
    return Posterior(name=f"process {n}", program="gp", data=data, mean=mean, sd=sd)


def _ordinal(n: int) -> Posterior:
    rng = np.random.default_rng(n)
    x = rng.standard_normal(n)
    y = 1 + np.sum(x[:, None] + rng.logistic(size=n)[:, None] > [-0.8, 1.0], axis=1)

    def log_p(at: FloatArray) -> FloatArray:
        beta, first, log_gap = at.T[:, :, None]
        second = first + np.exp(log_gap)
        eta = beta * x
        low, high = log_expit(first - eta), log_expit(eta - second)
        middle = np.log(np.maximum(_expit(second - eta) - _expit(first - eta), 1e-300))
        fit = np.where(y == 1, low, np.where(y == 3, high, middle)).sum(axis=1)
        prior = _log_normal(beta, scale=2) + _log_normal(first, scale=3)
        total: FloatArray = fit + (prior + _log_normal(second, scale=3) + log_gap)[:, 0]
        return total

    points, weights = grid(log_p, np.array([[-10, 10], [-12, 12], [-8, 4]]), n=61)
    mean, sd = moments(weights, points)
    data = {"N": n, "x": x.tolist(), "y": y.tolist()}
    return Posterior(name=f"ordinal {n}", program="ordinal", data=data, mean=mean, sd=sd)


def _items(n: int) -> Posterior:
    rng = np.random.default_rng(n)
    ability = rng.standard_normal(n)
    y = (rng.logistic(size=(n, 3)) < 1.3 * (ability[:, None] - [-0.7, 0.0, 1.0])).astype(int)
    patterns, which = np.unique(y, axis=0, return_inverse=True)
    times = np.bincount(which)
    nodes = np.linspace(-6, 6, 33)

    def answers(at: FloatArray) -> FloatArray:
        """Return the density of each pattern and ability, shape (point, pattern, node)."""
        slope = np.exp(at[:, :1])
        total = np.broadcast_to(_log_normal(nodes), (len(at), len(patterns), nodes.size)).copy()
        for item in range(3):
            eta = slope * nodes - at[:, 1 + item, None]
            yes, no = log_expit(eta)[:, None], log_expit(-eta)[:, None]
            total += np.where(patterns[:, item][:, None] == 1, yes, no)
        return np.exp(total)

    def log_p(at: FloatArray) -> FloatArray:
        """Return the log density of the log slope and the intercepts, slope times difficulty."""
        log_slope, difficulty = at[:, 0], at[:, 1:] / np.exp(at[:, :1])
        prior = _log_normal(log_slope, scale=0.5) + _log_normal(difficulty, scale=2).sum(axis=1)
        return prior + np.log(answers(at).sum(axis=2)) @ times - 3 * log_slope

    points, weights = grid(log_p, np.array([[-2.5, 2.5], [-8, 8], [-8, 8], [-8, 8]]), n=23)
    firsts, seconds = np.zeros(len(patterns)), np.zeros(len(patterns))
    for part in np.array_split(np.arange(len(points)), 100):
        joint = answers(points[part])
        joint = joint / joint.sum(axis=2, keepdims=True)
        firsts += weights[part] @ (joint @ nodes)
        seconds += weights[part] @ (joint @ nodes**2)
    points[:, 1:] /= np.exp(points[:, :1])
    mean, sd = moments(weights, points)
    mean = np.concatenate([mean, firsts[which]])
    sd = np.concatenate([sd, np.sqrt(seconds - firsts**2)[which]])
    return Posterior(
        name=f"items, {n} persons",
        program="irt",
        data={"P": n, "y": y.tolist()},
        mean=mean,
        sd=sd,
    )


def _growth(n: int) -> Posterior:
    rng = np.random.default_rng(n)
    t = np.linspace(0.5, 6, n)

    def size(rate: FloatArray, capacity: FloatArray) -> FloatArray:
        return capacity / (1 + (capacity / 0.5 - 1) * np.exp(-rate * t))

    y = size(np.array(1.2), np.array(8.0)) * np.exp(0.2 * rng.standard_normal(n))

    def log_p(at: FloatArray) -> FloatArray:
        rate, capacity, sigma = np.exp(at.T)[:, :, None]
        off = np.log(y) - np.log(size(rate, capacity))
        fit = _log_normal(off, scale=sigma).sum(axis=1)
        prior = _log_normal(at[:, 0], scale=0.5) + _log_normal(at[:, 1], loc=2)
        return fit + prior + _log_normal(sigma[:, 0], scale=0.5) + at[:, 2]

    points, weights = grid(log_p, np.array([[-2, 2], [-1, 6], [-4, 2]]), n=81)
    mean, sd = moments(weights, points)
    data = {"N": n, "t": t.tolist(), "y": y.tolist()}
    return Posterior(name=f"growth {n}", program="ode", data=data, mean=mean, sd=sd)
