"""Nutpie over a program's density: where it is installed, and what is said where it is not."""

import importlib.util
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest

from harness.errors import MethodError
from harness.methods import Problem, make_method
from harness.metrics import chains
from tests.cases import gaussian_posterior

SEED = 20_250


def test_without_the_package_the_method_is_refused(
    gaussian: Callable[[float], Problem], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    problem = gaussian(0.0)
    method = make_method("nutpie", {})
    with pytest.raises(MethodError, match="nutpie"):
        method.check(problem.dataset, problem.program.program)
    with pytest.raises(MethodError, match="nutpie"):
        method.fit(problem, seed=SEED)


@pytest.mark.skipif(find_spec("nutpie") is None, reason="nutpie is not installed")
@pytest.mark.parametrize("adaptation", ["low_rank", "diag"])
def test_chains_have_the_moments_of_the_posterior(
    gaussian: Callable[[float], Problem], adaptation: str
) -> None:
    problem = gaussian(0.8)
    options = {"adaptation": adaptation, "n_warmup": 400, "n_draws": 300}
    first, again = (make_method("nutpie", options).fit(problem, seed=SEED) for _ in range(2))
    theta = np.asarray(first.read_draws()["posterior"]["theta"].to_numpy())
    np.testing.assert_array_equal(theta, again.read_draws()["posterior"]["theta"])
    target = gaussian_posterior(problem.dataset.rows, rho=0.8, likelihood_weight=1.0)
    for i in range(2):
        values = theta[..., i]
        assert abs(values.mean() - target.mean[i]) < 4 * chains.mcse_mean(values)
        assert abs(values.std(ddof=1) - target.sd[i]) < 4 * chains.mcse_sd(values)
    stats = first.read_draws()["sample_stats"]
    assert stats.sizes == {"chain": 4, "draw": 300}
    n_steps = int(stats["n_steps"].to_numpy().sum())
    assert first.cost.n_gradients is not None
    assert first.cost.n_gradients > n_steps > 0
