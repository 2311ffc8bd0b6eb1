"""Correlations of the posteriors of ``tools.verdicts``, by closed forms or by quadrature."""

from typing import Any

import numpy as np
from scipy.special import logsumexp

from tools.verdicts.known import FloatArray, Posterior


def correlation(posterior: Posterior) -> FloatArray:
    """Return the correlation matrix on the unconstrained scale, shape (d, d)."""
    data = dict(posterior.data)
    match posterior.program:
        case "shapes":
            covariance = _of_shape(data)
        case "regression":
            covariance = _of_regression(data)
        case _:
            covariance = _of_groups(data)
    sd = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(sd, sd))


def _of_shape(data: dict[str, Any]) -> FloatArray:
    """Bananas and funnels have no correlations; degrees of freedom change only the size."""
    if data["shape"] > 2:
        return np.eye(data["D"])
    weights, centres = np.exp(np.array(data["log_share"])), np.array(data["centre"])
    factors = np.array(data["factor"])
    wider = data["df"] / (data["df"] - 2) if data["shape"] == 2 else 1.0
    within = [wider * np.linalg.inv(factor.T @ factor) for factor in factors]
    away = centres - weights @ centres
    return np.asarray(np.tensordot(weights, within, axes=1) + (away.T * weights) @ away)


def _of_regression(data: dict[str, Any]) -> FloatArray:
    design = np.array(data["X"])
    d = design.shape[1]
    if data["family"] == 1:
        return np.asarray(np.linalg.inv(design.T @ design + np.eye(d) / 4))
    axis = np.linspace(-9, 9, 601)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    linear = grid @ design.T
    normaliser = np.logaddexp(0, linear) if data["family"] == 2 else np.exp(linear)
    log_p = (np.array(data["n"]) * linear - normaliser).sum(axis=1) - (grid**2).sum(axis=1) / 8
    return _covariance(grid, log_p, np.zeros((1, d)))


def _of_groups(data: dict[str, Any]) -> FloatArray:
    """Given the common mean and sd, group means are independent normal."""
    y, sigma = np.array(data["y"]), np.array(data["sigma"])
    mus, log_taus = np.linspace(-20, 25, 400), np.linspace(-12, 4, 400)
    mu, log_tau = (each.ravel() for each in np.meshgrid(mus, log_taus, indexing="ij"))
    tau = np.exp(log_tau)[:, None]
    spread = sigma**2 + tau**2
    log_p = -0.5 * np.sum((y - mu[:, None]) ** 2 / spread + np.log(spread), axis=1)
    log_p += -(mu**2) / 50 - tau[:, 0] ** 2 / 50 + log_tau
    at = (y * tau**2 + mu[:, None] * sigma**2) / spread
    variance = sigma**2 * tau**2 / spread
    if not data["centred"]:
        at, variance = (at - mu[:, None]) / tau, variance / tau**2
    values = np.column_stack([mu, log_tau, at])
    return _covariance(values, log_p, np.column_stack([0 * mu, 0 * mu, variance]))


def _covariance(values: FloatArray, log_p: FloatArray, variances: FloatArray) -> FloatArray:
    """Return that of a mixture over nodes, each with independent coordinates."""
    weights = np.exp(log_p - logsumexp(log_p))
    away = values - weights @ values
    within = np.broadcast_to(variances, values.shape)
    return np.asarray((away.T * weights) @ away + np.diag(weights @ within))
