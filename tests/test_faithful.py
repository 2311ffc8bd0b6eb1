"""Old Faithful: the density of single rows, data drawn from the posterior, and what is shipped."""

import json

import numpy as np
from scipy.stats import multivariate_normal

from tests.cases import PROJECT
from tools.faithful import Floats, log_likelihood, replicated, statistics_of


def posterior(n: int) -> dict[str, Floats]:
    rng = np.random.default_rng(1)
    return {
        "mu": rng.normal(size=(n, 2, 2)),
        "sigma": rng.uniform(0.5, 2, (n, 2, 2)),
        "rho": rng.uniform(-0.9, 0.9, (n, 2)),
        "pi": rng.dirichlet([1, 1], n),
    }


def test_rows_have_the_density_of_the_mixture() -> None:
    draws = posterior(3)
    z = np.random.default_rng(2).normal(size=(4, 2))
    for s, ours in enumerate(log_likelihood(z, draws)):
        density = np.zeros(4)
        for k in (0, 1):
            a, b = draws["sigma"][s, k]
            cross = draws["rho"][s, k] * a * b
            part = multivariate_normal(draws["mu"][s, k], [[a * a, cross], [cross, b * b]])
            density += draws["pi"][s, k] * part.pdf(z)
        np.testing.assert_allclose(ours, np.log(density), rtol=1e-12)


def test_replicated_rows_have_the_moments_of_the_mixture() -> None:
    draws = {name: np.repeat(values[:1], 200, 0) for name, values in posterior(1).items()}
    rows = replicated(draws, 1000, np.random.default_rng(3)).reshape(-1, 2)
    mean = (draws["pi"][0, :, None] * draws["mu"][0]).sum(0)
    np.testing.assert_allclose(rows.mean(0), mean, atol=5 * rows.std() / len(rows) ** 0.5)
    correlation = statistics_of(rows)["correlation of eruption and wait"]
    np.testing.assert_allclose(correlation, np.asarray(np.corrcoef(rows.T))[0, 1])


def test_the_eruptions_are_those_of_r() -> None:
    data = json.loads((PROJECT / "studies" / "faithful.json").read_text())
    y = np.array(data["y"])
    assert y.shape == (data["N"], 2) == (272, 2)
    assert y[0].tolist() == [3.6, 79]
    np.testing.assert_allclose(y.mean(0), [3.487783, 70.897059], atol=1e-6)
    np.testing.assert_allclose(y.std(0, ddof=1), [1.141371, 13.594974], atol=1e-6)
