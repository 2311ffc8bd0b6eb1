"""Energy distance and MMD: closed forms between Gaussians, unbiasedness, calibrated errors."""

import numpy as np
import pytest
from scipy.stats import energy_distance as scipy_energy_distance
from scipy.stats import norm

from harness.errors import HarnessError
from harness.metrics.discrepancy import energy_distance, median_distance, mmd


def mean_absolute(mean: float, sd: float) -> float:
    """E|Y| for Y normal."""
    folded = sd * np.sqrt(2 / np.pi) * np.exp(-((mean / sd) ** 2) / 2)
    return float(folded + mean * (1 - 2 * norm.cdf(-mean / sd)))


def gaussian_mmd(delta: float, sd: float, *, d: int, h: float) -> float:
    """Squared MMD of N(delta e_1, sd^2 I) and N(0, I), from E k of a Gaussian difference."""

    def mean_kernel(shift: float, variance: float) -> float:
        spread = h**2 + variance
        return float((h**2 / spread) ** (d / 2) * np.exp(-(shift**2) / (2 * spread)))

    cross = mean_kernel(delta, sd**2 + 1)
    return mean_kernel(0, 2 * sd**2) + mean_kernel(0, 2) - 2 * cross


@pytest.mark.parametrize(("delta", "sd"), [(1.0, 1.0), (0.0, 2.0), (0.5, 0.6)])
def test_energy_distance_of_gaussians(delta: float, sd: float) -> None:
    grid = norm.ppf((np.arange(3000) + 0.5) / 3000)[:, None]
    expected = (
        2 * mean_absolute(delta, np.hypot(1, sd))
        - mean_absolute(0, np.sqrt(2) * sd)
        - mean_absolute(0, np.sqrt(2))
    )
    found = energy_distance(delta + sd * grid, reference=grid)
    assert found.value == pytest.approx(expected, abs=1e-3)


def test_energy_distance_is_the_square_of_scipys() -> None:
    rng = np.random.default_rng(1)
    x, r = rng.gamma(2.0, size=(700, 1)), rng.standard_normal((900, 1))
    expected = scipy_energy_distance(x[:, 0], r[:, 0]) ** 2
    assert energy_distance(x, reference=r).value == pytest.approx(expected)


@pytest.mark.parametrize(("delta", "sd"), [(0.5, 1.0), (0.0, 1.5), (0.0, 1.0)])
def test_mmd_is_unbiased(delta: float, sd: float) -> None:
    rng = np.random.default_rng(2)
    shift = np.array([delta, 0, 0])
    found = [
        mmd(
            shift + sd * rng.standard_normal((60, 3)),
            reference=rng.standard_normal((80, 3)),
            bandwidth=1.3,
        ).value
        for _ in range(400)
    ]
    expected = gaussian_mmd(delta, sd, d=3, h=1.3)
    assert np.mean(found) == pytest.approx(expected, abs=4 * np.std(found) / np.sqrt(400))


@pytest.mark.parametrize("distance", ["energy", "mmd"])
def test_mcse_is_the_spread_over_replicates(distance: str) -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(200):
        x, r = 1 + rng.standard_normal((200, 2)), rng.standard_normal((4, 60, 2))
        estimate = (
            energy_distance(x, reference=r)
            if distance == "energy"
            else mmd(x, reference=r, bandwidth=1.5)
        )
        found.append((estimate.value, estimate.mcse))
    values, mcse = np.transpose(found)
    assert np.mean(mcse) == pytest.approx(np.std(values), rel=4 / np.sqrt(400))


def test_median_heuristic() -> None:
    """In one dimension the difference of two normals has median absolute value 0.954."""
    rng = np.random.default_rng(4)
    x, r = rng.standard_normal((3000, 1)), rng.standard_normal((2000, 1))
    expected = np.sqrt(2) * norm.ppf(0.75)
    assert median_distance(x, reference=r) == pytest.approx(expected, rel=0.05)
    assert (
        mmd(x, reference=r).value
        == mmd(x, reference=r, bandwidth=median_distance(x, reference=r)).value
    )


def test_both_are_symmetric_and_do_not_depend_on_the_order() -> None:
    rng = np.random.default_rng(5)
    x, r = rng.gamma(2.0, size=(700, 2)), rng.standard_normal((600, 2))
    for distance in (energy_distance, mmd):
        forward = distance(x, reference=r)
        backward = distance(r, reference=x)
        shuffled = distance(rng.permutation(x), reference=rng.permutation(r))
        assert backward.value == pytest.approx(forward.value, rel=1e-9)
        assert backward.mcse == pytest.approx(forward.mcse, rel=1e-9)
        if distance is energy_distance:
            assert shuffled.value == pytest.approx(forward.value, rel=1e-9)
    kernel = [mmd(a, reference=r, bandwidth=1.0).value for a in (x, x[::-1])]
    assert kernel[0] == pytest.approx(kernel[1], rel=1e-9)


def test_energy_distance_scales_with_the_units_and_mmd_not_at_all() -> None:
    rng = np.random.default_rng(6)
    x, r = 1 + rng.standard_normal((300, 2)), rng.standard_normal((300, 2))
    energies = [energy_distance(c * x - 4, reference=c * r - 4).value for c in (1, 3)]
    kernels = [mmd(c * x - 4, reference=c * r - 4).value for c in (1, 3)]
    assert energies[1] == pytest.approx(3 * energies[0])
    assert kernels[1] == pytest.approx(kernels[0])


def test_a_sample_has_no_energy_distance_from_itself() -> None:
    x = np.random.default_rng(7).standard_normal((400, 3))
    assert energy_distance(x, reference=x).value == pytest.approx(0, abs=1e-12)
    # the U-statistic leaves out the pairs that the cross term keeps: 2 (mean k - 1) / (n - 1)
    assert -2 / 399 < mmd(x, reference=x).value < 0


def test_bad_input_is_told() -> None:
    with pytest.raises(HarnessError, match="2 parameters"):
        mmd(np.zeros((5, 2)), reference=np.zeros((5, 3)))
    with pytest.raises(HarnessError, match="bandwidth"):
        mmd(np.zeros((5, 2)), reference=np.zeros((5, 2)))
