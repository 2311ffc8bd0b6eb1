"""Chains that agree with each other, but are not of the posterior."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import harness
from harness.data.dataset import FloatArray
from harness.errors import DrawsError
from harness.given.drift import drifted
from tests.known_targets import KnownTarget, banana, gaussian, student, two_modes

COVARIANCE = np.array([[4.0, 1.9], [1.9, 1.0]])
ROOT = np.linalg.cholesky(COVARIANCE)
MODEL = """
data { real m; }
parameters { vector[2] x; real<lower=0> s; }
model { x ~ normal(m, 1); s ~ exponential(1); }
"""


def normal(seed: int, n: int = 250) -> FloatArray:
    return np.random.default_rng(seed).normal(size=(4, n, 2)) @ ROOT.T


@pytest.mark.parametrize("seed", range(20))
def test_exact_draws_are_left_alone(seed: int) -> None:
    assert not drifted(normal(seed), gaussian(np.zeros(2), COVARIANCE))
    rng = np.random.default_rng(seed)
    heavy = rng.normal(size=(4, 250, 3)) * np.sqrt(2 / rng.chisquare(2, (4, 250, 1)))
    assert not drifted(heavy, student(3, 2.0))
    one_mode = rng.normal(size=(4, 250, 2))  # which the search for modes finds, not this
    assert not drifted(one_mode, two_modes(2, 0.3, 6.0))
    x = rng.normal(size=(4, 250))
    bent = np.stack([x, x**2 + 0.5 * rng.normal(size=x.shape)], axis=-1)
    assert not drifted(bent, banana(1.0))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda x: x + np.array([1.2, 0.0]), "mean"),
        (lambda x: x + np.array([0.0, 0.6]), "mean"),
        (lambda x: 1.7 * x, "sd"),
        (lambda x: 0.5 * x, "sd"),
    ],
)
def test_wrong_draws_are_told(change: Callable[[FloatArray], FloatArray], told: str) -> None:
    target = gaussian(np.zeros(2), COVARIANCE)
    assert told in drifted(change(normal(1)), target)
    # on any scale
    small = KnownTarget(
        2, lambda at: (target.function(at / 1e-8)[0], target.function(at / 1e-8)[1] * 1e8)
    )
    assert told in drifted(1e-8 * change(normal(1)), small)


def test_gradients_that_are_not_those_of_the_density_tell_nothing() -> None:
    smooth = gaussian(np.zeros(2), np.eye(2))

    def stepped(at: FloatArray) -> tuple[FloatArray, FloatArray]:
        value, slope = smooth.function(at)
        return value + 3.0 * (at[:, 0] > 0.7), slope

    rng = np.random.default_rng(1)
    draws = rng.normal(size=(40_000, 2))
    draws = draws[rng.random(len(draws)) < np.exp(3.0 * (draws[:, 0] > 0.7) - 3.0)][:1000]
    assert draws[:, 0].mean() > 0.5
    assert not drifted(draws.reshape(4, 250, 2), KnownTarget(2, stepped))


@pytest.mark.slow
def test_a_reference_of_other_data_is_refused(tmp_path: Path) -> None:
    model = tmp_path / "shift.stan"
    model.write_text(MODEL)

    def chains(seed: int, mean: float) -> dict[str, FloatArray]:
        rng = np.random.default_rng(seed)
        return {
            "x": rng.normal(mean, 1, size=(4, 1000, 2)),
            "s": rng.exponential(size=(4, 1000)),
        }

    def judged(fit: float, reference: float) -> pd.DataFrame:
        return harness.judge(
            chains(1, fit), reference=chains(2, reference), model=model, data={"m": 0.0}
        ).fits_table

    with pytest.raises(DrawsError, match="a mean"):
        judged(1.0, 1.0)
    assert list(judged(0.0, 0.0)["verdict"]) == ["trust", "trust"]
    # a fit that is wrong is measured, not refused
    assert judged(1.0, 0.0).loc["fit", "verdict"] in {"do not trust", "unknown"}
