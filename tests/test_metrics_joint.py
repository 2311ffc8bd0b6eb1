"""The joint comparison: each figure is that of its own function, in whitened coordinates."""

from dataclasses import asdict

import numpy as np
import pytest

from harness.metrics.distance import mahalanobis
from harness.metrics.joint import compare_joint
from harness.metrics.spectrum import spectrum_edges

MATRIX = np.array([[3.0, 0.0], [40.0, 0.1]])


def test_figures_are_those_of_their_functions() -> None:
    rng = np.random.default_rng(1)
    x, r = 0.5 + rng.standard_normal((300, 2)), rng.standard_normal((2, 200, 2))
    found = compare_joint(x @ MATRIX.T, reference=r @ MATRIX.T, rng=rng)
    distance = mahalanobis(x, reference=r)
    assert found.mahalanobis == pytest.approx(distance.distance, rel=1e-6)
    assert found.mahalanobis_mcse == pytest.approx(distance.mcse, rel=1e-6)
    for name, value in asdict(spectrum_edges(x, reference=r)).items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-6)
    assert all(np.isfinite(value) for value in asdict(found).values())


def test_equal_and_different_distributions_are_told_apart() -> None:
    rng = np.random.default_rng(2)
    x, r = rng.standard_normal((1000, 2)), rng.standard_normal((4, 250, 2))
    same = compare_joint(x, reference=r, rng=rng, max_draws=500)
    other = compare_joint(1.5 * x + 1, reference=r, rng=rng, max_draws=500)
    assert same.mahalanobis < 4 * same.mahalanobis_mcse
    assert abs(same.mmd) < 0.01
    assert same.c2st_accuracy < same.c2st_null_upper + 0.03
    for name in ("mahalanobis", "energy_distance", "mmd", "sliced_wasserstein", "c2st_accuracy"):
        assert getattr(other, name) > 1.2 * getattr(same, name), name
