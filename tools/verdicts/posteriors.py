"""Posteriors of known moments: by closed forms, or by quadrature."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tools.verdicts import models
from tools.verdicts.known import REPORTED, SET, FloatArray, Posterior
from tools.verdicts.quadrature import grid, moments


def makers() -> list[Callable[[], Posterior]]:
    """Return what makes each posterior; one half of them, whatever they are, is reported."""
    closed = [*_shapes(), *_regressions(), *_groups()]
    every: list[Callable[[], Posterior]] = [partial(_same, each) for each in closed]
    every += models.makers()
    return [
        partial(_of_half, make, REPORTED if number % 4 in {1, 2} else SET)
        for number, make in enumerate(every)
    ]


def posteriors() -> list[Posterior]:
    """Return all posteriors."""
    return [make() for make in makers()]


def _same(posterior: Posterior) -> Posterior:
    return posterior


def _of_half(make: Callable[[], Posterior], half: str) -> Posterior:
    return replace(make(), half=half)


def _correlated(d: int, correlation: float) -> FloatArray:
    """Return the covariance of an autoregression of order one."""
    lags = np.abs(np.subtract.outer(np.arange(d), np.arange(d)))
    covariance: FloatArray = correlation**lags
    return covariance


def _mixture(
    name: str,
    centres: FloatArray,
    covariances: list[FloatArray],
    shares: list[float],
    *,
    df: float = 0.0,
) -> Posterior:
    """Return a mixture of normal or, with degrees of freedom, Student-t distributions."""
    weights = np.array(shares)
    n, d = centres.shape
    factors = [np.linalg.cholesky(np.linalg.inv(each)).T for each in covariances]
    mean = weights @ centres
    wider = 1.0 if df == 0 else df / (df - 2) if df > 2 else np.nan
    variances = np.array([wider * np.diag(each) for each in covariances])
    variance = weights @ (variances + (centres - mean) ** 2)
    data = {
        "D": d,
        "K": n,
        "shape": 2 if df else 1,
        "df": df,
        "bend": 0.0,
        "log_share": np.log(weights).tolist(),
        "centre": centres.tolist(),
        "factor": [factor.tolist() for factor in factors],
    }
    return Posterior(name=name, program="shapes", data=data, mean=mean, sd=np.sqrt(variance))


def _shape(name: str, number: int, mean: FloatArray, sd: FloatArray, bend: float) -> Posterior:
    """Return a banana or a funnel."""
    d = mean.size
    data = {
        "D": d,
        "K": 1,
        "shape": number,
        "df": 0.0,
        "bend": bend,
        "log_share": [0.0],
        "centre": [[0.0] * d],
        "factor": [np.eye(d).tolist()],
    }
    return Posterior(name=name, program="shapes", data=data, mean=mean, sd=sd)


def _shapes() -> Iterator[Posterior]:
    """Distributions in closed form, easy ones and adversaries."""
    for d, correlation in ((2, 0.5), (10, 0.9), (50, 0.9), (100, 0.5)):
        covariance = [_correlated(d, correlation)]
        yield _mixture(f"normal {d}", np.zeros((1, d)), covariance, [1.0])
    yield _mixture("normal at 10,000", np.full((1, 5), 1e4), [_correlated(5, 0.9)], [1.0])
    for d, df in ((3, 5.0), (20, 10.0), (5, 4.0), (3, 2.0), (10, 2.0)):
        yield _mixture(f"Student-t {df:g}, {d}", np.zeros((1, d)), [np.eye(d)], [1.0], df=df)
    for share in (0.02, 0.05, 0.1, 0.2, 0.35, 0.5):
        centres = np.array([[0.0, 0.0], [6.0, 6.0]])
        yield _mixture(f"two modes, {share:g}", centres, [np.eye(2)] * 2, [1 - share, share])
    far = np.array([np.zeros(10), np.full(10, 5.0)])
    yield _mixture("two modes, 0.3, 10", far, [np.eye(10)] * 2, [0.7, 0.3])
    labels = np.array([[-2.0, 2.0, 1.0], [2.0, -2.0, 1.0]])
    yield _mixture("two labels", labels, [np.diag([0.3, 0.3, 1.0])] * 2, [0.5, 0.5])
    for bend in (0.3, 1.0):
        mean, sd = np.array([0.0, bend]), np.array([1.0, np.sqrt(2 * bend**2 + 0.25)])
        yield _shape(f"banana {bend:g}", 3, mean, sd, bend)
    for d in (3, 10):
        sd = np.array([3.0] + [np.exp(9 / 4)] * (d - 1))
        yield _shape(f"funnel {d}", 4, np.zeros(d), sd, 0.0)


def _regressions() -> Iterator[Posterior]:
    """Give normal regressions by conjugacy."""
    for d, collinear in ((2, 0.0), (10, 0.0), (20, 0.0), (20, 0.98), (60, 0.0), (200, 0.0)):
        rng = np.random.default_rng(d)
        n = 3 * d
        design = rng.standard_normal((n, d)) + collinear * 5 * rng.standard_normal((n, 1))
        y = design @ rng.standard_normal(d) + rng.standard_normal(n)
        covariance = np.linalg.inv(design.T @ design + np.eye(d) / 4)
        yield Posterior(
            name=f"regression {d}" + (", collinear" if collinear else ""),
            program="regression",
            data=_regression_data(design, family=1, y=y),
            mean=covariance @ design.T @ y,
            sd=np.sqrt(np.diag(covariance)),
        )
    for family, name in ((2, "logistic"), (3, "Poisson")):
        for n in (15, 60):
            yield _by_grid(name, family, n)
    yield _by_grid("separated logistic", 2, 8)
    yield _by_grid("Poisson", 3, 6)


def _regression_data(
    design: FloatArray, *, family: int, y: FloatArray | None = None, counts: Any = None
) -> dict[str, Any]:
    n, d = design.shape
    return {
        "N": n,
        "K": d,
        "family": family,
        "prior_sd": 2.0,
        "X": design.tolist(),
        "y": (np.zeros(n) if y is None else y).tolist(),
        "n": (np.zeros(n, dtype=int) if counts is None else counts).tolist(),
    }


def _by_grid(name: str, family: int, n: int) -> Posterior:
    """Return a regression on an intercept and one predictor, by quadrature."""
    rng = np.random.default_rng(n)
    design = np.column_stack([np.ones(n), rng.standard_normal(n)])
    eta = design @ [0.3, 1.0]
    if "separated" in name:
        counts = (design[:, 1] > 0).astype(int)
    elif family == 2:
        counts = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    else:
        counts = rng.poisson(np.exp(eta))

    def log_p(at: FloatArray) -> FloatArray:
        linear = at @ design.T
        terms = counts * linear - (np.logaddexp(0, linear) if family == 2 else np.exp(linear))
        total: FloatArray = terms.sum(axis=1) - np.sum(at**2, axis=1) / 8
        return total

    mean, sd = moments(*grid(log_p, np.array([[-12, 12], [-12, 12]]), n=151)[::-1])
    data = _regression_data(design, family=family, counts=counts)
    return Posterior(name=f"{name} {n}", program="regression", data=data, mean=mean, sd=sd)


def _groups() -> Iterator[Posterior]:
    """Group means, by quadrature over the common mean and the logarithm of the common sd."""
    for n_groups, noise, spread in ((8, 10.0, 5.0), (8, 1.0, 5.0), (30, 2.0, 3.0)):
        rng = np.random.default_rng(n_groups)
        sigma = noise * rng.uniform(0.8, 1.2, n_groups)
        y = 3 + spread * rng.standard_normal(n_groups) + sigma * rng.standard_normal(n_groups)
        for centred in (0, 1):
            name = f"groups {n_groups}, noise {noise:g}, " + ("centred" if centred else "not")
            yield _group_posterior(name, y, sigma, centred=centred)


def _group_posterior(name: str, y: FloatArray, sigma: FloatArray, *, centred: int) -> Posterior:
    def log_p(at: FloatArray) -> FloatArray:
        mu, log_tau = at.T
        tau = np.exp(log_tau)
        variance = sigma**2 + tau[:, None] ** 2
        fit = -0.5 * np.sum((y - mu[:, None]) ** 2 / variance + np.log(variance), axis=1)
        total: FloatArray = fit - mu**2 / 50 - tau**2 / 50 + log_tau
        return total

    points, weights = grid(log_p, np.array([[-20, 25], [-16, 4]]), n=301)
    mu, tau = points[:, 0], np.exp(points[:, 1])
    # of each group given the other two: a normal distribution
    precision = 1 / sigma**2 + 1 / tau[:, None] ** 2
    at = (y / sigma**2 + (mu / tau**2)[:, None]) / precision
    square = 1 / precision
    if not centred:
        at, square = (at - mu[:, None]) / tau[:, None], square / tau[:, None] ** 2
    mean, sd = moments(
        weights, np.column_stack([points, at]), np.column_stack([np.zeros_like(points), square])
    )
    data = {"J": y.size, "centred": centred, "y": y.tolist(), "sigma": sigma.tolist()}
    return Posterior(name=name, program="groups", data=data, mean=mean, sd=sd)
