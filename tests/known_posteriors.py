"""Moments of the posteriors in ``tests/data/models``, by other means than Stan's."""

import json
from typing import Any

import numpy as np
from scipy.special import expit, logsumexp
from scipy.stats import multivariate_t

from harness.data.dataset import Dataset
from harness.data.stan_json import plain_variables
from harness.methods import Problem
from harness.program.compilation import compile_program
from harness.program.program import Program
from harness.program.stanc import describe_program
from tests.cases import DATA, FloatArray

MODELS = DATA / "models"

#: Means and standard deviations by the names that tables use.
type Moments = dict[str, tuple[float, float]]


def data_of(model: str) -> dict[str, Any]:
    """The data of a model; arrays of real numbers as such."""
    content = json.loads((MODELS / f"{model}.json").read_text())
    return {name: np.array(v) if isinstance(v, list) else v for name, v in content.items()}


def models_problem(name: str, data: dict[str, Any]) -> Problem:
    """A program of the tests with data."""
    file = MODELS / f"{name}.stan"
    declared = describe_program(Program(name=name, file=file, parameters=()))
    program = compile_program(Program(name=name, file=file, parameters=declared.parameters))
    return Problem(program=program, dataset=Dataset(name=name, variables=plain_variables(data)))


def _moments(values: dict[str, FloatArray], log_weights: FloatArray) -> Moments:
    """Weighted means and sds."""
    weights = np.exp(log_weights - logsumexp(log_weights))
    means = {name: float(weights @ x) for name, x in values.items()}
    return {
        name: (means[name], float(np.sqrt(weights @ (x - means[name]) ** 2)))
        for name, x in values.items()
    }


def regression() -> Moments:
    """By conjugacy: the prior's precision is 1/4, the noise's 1."""
    data = data_of("regression")
    x, y = data["x"], data["y"]
    covariance = np.linalg.inv(x.T @ x + np.eye(data["K"]) / 4)
    mean = covariance @ x.T @ y
    sd = np.sqrt(np.diag(covariance))
    return {f"beta[{k + 1}]": (float(mean[k]), float(sd[k])) for k in range(data["K"])}


def autoregression() -> Moments:
    """By conjugacy: a standard normal prior and noise of variance 1."""
    y = data_of("ar1")["y"]
    precision = 1 + np.sum(y[:-1] ** 2)
    return {"rho": (float(np.sum(y[1:] * y[:-1]) / precision), float(precision**-0.5))}


def logistic() -> Moments:
    """By Gauss-Hermite quadrature about the mode, 20 nodes for each of four parameters."""
    data = data_of("logistic")
    x = np.column_stack([np.ones(data["N"]), data["x"]])
    mode = np.zeros(4)
    for _ in range(50):  # Newton's method
        p = expit(x @ mode)
        precision = (x.T * (p * (1 - p))) @ x + np.eye(4) / 2.5**2
        mode += np.linalg.solve(precision, x.T @ (data["y"] - p) - mode / 2.5**2)
    nodes, node_weights = np.polynomial.hermite_e.hermegauss(20)
    z = np.stack([axis.ravel() for axis in np.meshgrid(*[nodes] * 4)])
    w = np.stack([axis.ravel() for axis in np.meshgrid(*[node_weights] * 4)])
    theta = mode[:, None] + np.linalg.cholesky(np.linalg.inv(precision)) @ z
    logits = x @ theta
    log_density = data["y"] @ logits - np.logaddexp(0, logits).sum(axis=0)
    log_density -= (theta**2).sum(axis=0) / (2 * 2.5**2)
    names = ("alpha", "beta[1]", "beta[2]", "beta[3]")
    log_weights = log_density + (z**2).sum(axis=0) / 2 + np.log(w).sum(axis=0)
    return _moments(dict(zip(names, theta, strict=True)), log_weights)


def schools() -> Moments:
    """By quadrature over log tau; mu and theta are normal given tau (BDA3, section 5.4)."""
    data = data_of("schools")
    y, variance = data["y"], data["sigma"] ** 2
    tau = np.exp(np.linspace(-12, 7, 40_001))[:, None]
    spread = variance + tau**2
    mu_precision = 1 / 25 + (1 / spread).sum(axis=1)
    mu_mean = (y / spread).sum(axis=1) / mu_precision
    log_weights = (
        -np.log(spread).sum(axis=1) / 2
        - np.log(mu_precision) / 2
        - ((y**2 / spread).sum(axis=1) - mu_precision * mu_mean**2) / 2
        + np.log(tau[:, 0] / (1 + (tau[:, 0] / 5) ** 2))
    )
    weights = np.exp(log_weights - logsumexp(log_weights))
    share = tau**2 / spread  # theta given mu, tau is share * y + (1 - share) * mu, plus noise
    theta_mean = share * y + (1 - share) * mu_mean[:, None]
    theta_variance = share * variance + (1 - share) ** 2 / mu_precision[:, None]

    def mixed(mean: FloatArray, var: FloatArray) -> tuple[float, float]:
        whole = float(weights @ mean)
        return whole, float(np.sqrt(weights @ (var + (mean - whole) ** 2)))

    return {
        "mu": mixed(mu_mean, 1 / mu_precision),
        "tau": mixed(tau[:, 0], np.zeros(len(tau))),
        **{f"theta[{j + 1}]": mixed(theta_mean[:, j], theta_variance[:, j]) for j in range(len(y))},
    }


def _correlation(rho: FloatArray) -> FloatArray:
    """Correlation matrices of three variables, shape (n, 3, 3), from (n, 3)."""
    matrix = np.broadcast_to(np.eye(3), (len(rho), 3, 3)).copy()
    for k, (i, j) in enumerate([(0, 1), (0, 2), (1, 2)]):
        matrix[:, i, j] = matrix[:, j, i] = rho[:, k]
    return matrix


def _correlated_log_density(u: FloatArray, y: FloatArray) -> FloatArray:
    """Of means, log sds and atanh of correlations, shape (n, 9); LKJ(2) is det(Omega)."""
    mu, log_sd, rho = u[:, :3], u[:, 3:6], np.tanh(u[:, 6:])
    omega = _correlation(rho)
    det = np.linalg.det(omega)
    is_correlation = (det > 1e-9) & (np.abs(rho) < 1).all(axis=1)
    omega[~is_correlation] = np.eye(3)
    det = np.where(is_correlation, det, 1.0)
    away = y.mean(axis=0) - mu
    scatter = len(y) * (np.cov(y.T, bias=True) + away[:, :, None] * away[:, None, :])
    scale = np.exp(-log_sd)
    scaled = scatter * scale[:, :, None] * scale[:, None, :]
    squares = (np.linalg.inv(omega) * scaled).sum(axis=(1, 2))
    log_likelihood = -len(y) * (np.log(det) / 2 + log_sd.sum(axis=1)) - squares / 2
    log_prior = -(mu**2).sum(axis=1) / 50 - np.exp(log_sd).sum(axis=1) + np.log(det)
    jacobian = log_sd.sum(axis=1) + np.log1p(-(rho**2)).sum(axis=1)
    return np.where(is_correlation, log_likelihood + log_prior + jacobian, -np.inf)


def correlated(n_draws: int = 100_000) -> Moments:
    """By importance sampling in other coordinates, from t distributions that adapt twice."""
    y = data_of("correlated")["y"]
    sample = np.corrcoef(y.T)[np.triu_indices(3, 1)]
    center = np.concatenate([y.mean(axis=0), np.log(y.std(axis=0)), np.arctanh(sample)])
    scale = np.diag(np.repeat([y.var(axis=0).mean(), 0.5, 1.0], 3)) / len(y)
    for seed in range(3):
        proposal = multivariate_t(center, scale, df=8, seed=seed)
        u = proposal.rvs(n_draws)
        log_weights = _correlated_log_density(u, y) - proposal.logpdf(u)
        weights = np.exp(log_weights - logsumexp(log_weights))
        center, scale = weights @ u, np.cov(u.T, aweights=weights)
    assert 1 / (weights @ weights) > n_draws / 3  # its errors are then far below a chain's
    columns = {f"mu[{k + 1}]": u[:, k] for k in range(3)}
    columns |= {f"sigma[{k + 1}]": np.exp(u[:, 3 + k]) for k in range(3)}
    for k, name in enumerate(("Omega[1,2]", "Omega[1,3]", "Omega[2,3]")):
        columns[name] = np.tanh(u[:, 6 + k])
    return _moments(columns, log_weights)


def funnel_draws(n_draws: int = 2000) -> list[dict[str, list[float]]]:
    """Four chains of independent draws from Neal's funnel, in posteriordb's form."""
    rng = np.random.default_rng(7)
    chains = []
    for _ in range(4):
        v = 3 * rng.standard_normal(n_draws)
        x = np.exp(v / 2)[:, None] * rng.standard_normal((n_draws, data_of("funnel")["K"]))
        columns = {f"x[{k + 1}]": x[:, k].tolist() for k in range(x.shape[1])}
        chains.append({"v": v.tolist(), **columns})
    return chains
