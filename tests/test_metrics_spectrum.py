"""The edges of the spectrum: unbiased of exact draws, and a fault is seen in any dimension."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from harness.errors import HarnessError
from harness.metrics.joint import compare_joint
from harness.metrics.spectrum import SpectrumEdges, edges_of_halves, spectrum_edges
from harness.metrics.subspace import leading_combinations
from harness.verdict.rules import SD_LIMIT_LOG

Floats = NDArray[np.float64]

LIMIT = 2 * SD_LIMIT_LOG


def scaled(draws: Floats, direction: Floats, factor: float) -> Floats:
    """Multiply the draws by a factor in one direction."""
    unit = direction / np.linalg.norm(direction)
    out: Floats = draws + (factor - 1) * (draws @ unit)[..., None] * unit
    return out


def margins(found: SpectrumEdges) -> tuple[float, float]:
    """Return by how many errors each edge is within the limit; negative beyond it."""
    low = (LIMIT - abs(found.log_eigenvalue_low)) / found.log_eigenvalue_low_mcse
    high = (LIMIT - abs(found.log_eigenvalue_high)) / found.log_eigenvalue_high_mcse
    return low, high


@pytest.mark.parametrize(("d", "repeats"), [(1, 20), (5, 20), (50, 10)])
def test_edges_of_exact_draws_are_unbiased(d: int, repeats: int) -> None:
    rng = np.random.default_rng(d)
    z = []
    for _ in range(repeats):
        found = spectrum_edges(
            rng.standard_normal((500, d)), reference=rng.standard_normal((2, 500, d))
        )
        assert min(margins(found)) > 0
        z.append(found.log_eigenvalue_low / found.log_eigenvalue_low_mcse)
        z.append(found.log_eigenvalue_high / found.log_eigenvalue_high_mcse)
    assert abs(np.mean(z)) < 4 / np.sqrt(repeats)
    assert 0.6 < np.std(z) < 1.7


@pytest.mark.parametrize(("d", "repeats"), [(1, 100), (20, 100)])
def test_chances_of_exact_draws_are_those_of_their_edges(d: int, repeats: int) -> None:
    """Parts that share their search are off by 1.5 of the errors of parts that do not."""
    rng = np.random.default_rng(11)
    z = []
    for _ in range(repeats):
        found = spectrum_edges(
            rng.standard_normal((400, d)), reference=rng.standard_normal((1000, d))
        )
        z += [norm.isf(found.log_eigenvalue_low_chance / 2) ** 2]
        z += [norm.isf(found.log_eigenvalue_high_chance / 2) ** 2]
    assert 0.7 < np.mean(z) < 1.3


def test_edges_of_some_combinations_of_many_are_no_wider_than_their_errors() -> None:
    rng = np.random.default_rng(12)
    z = []
    for _ in range(40):
        x, r = rng.standard_normal((200, 620)), rng.standard_normal((400, 620))
        ours, theirs = leading_combinations(x, r)
        found = edges_of_halves(ours, theirs)
        z += [found.log_eigenvalue_low / found.log_eigenvalue_low_mcse]
        z += [found.log_eigenvalue_high / found.log_eigenvalue_high_mcse]
    assert abs(np.mean(z)) < 0.4
    assert 0.75 < np.std(z) < 1.25


@pytest.mark.parametrize("d", [2, 50, 500])
def test_a_direction_at_a_tenth_of_its_sd_is_seen(d: int) -> None:
    rng = np.random.default_rng(7)
    x, r = rng.standard_normal((1000, d)), rng.standard_normal((4000, d))
    with threadpool_limits(limits=1):
        _check_tenth(x, r, rng.standard_normal(d))


def test_slopes_tell_a_direction_that_so_few_draws_do_not() -> None:
    """One direction at a tenth of its sd, others at 0.8; more parameters than draws."""
    d, n_harmless = 1500, 50
    rng = np.random.default_rng(4)
    basis = np.linalg.qr(rng.standard_normal((d, 1 + n_harmless)))[0]
    factors = np.array([0.1, *[0.8] * n_harmless])
    x = rng.standard_normal((1000, d))
    x += (x @ basis * (factors - 1)) @ basis.T
    r = rng.standard_normal((4000, d))
    # gradients: -x of the posterior, -x - (f^-2 - 1) (x'b) b of the draws' own distribution
    at = x[:500:5]
    slopes = (at @ basis * (factors**-2 - 1)) @ basis.T
    blind = edges_of_halves(*leading_combinations(x, r))
    seen = edges_of_halves(*leading_combinations(x, r, slopes=slopes))
    assert blind.log_eigenvalue_low > -1
    assert seen.log_eigenvalue_low == pytest.approx(2 * np.log(0.1), abs=0.4)
    assert seen.log_eigenvalue_low_chance < 1e-6
    # of exact draws any directions are as good
    exact = edges_of_halves(*leading_combinations(rng.standard_normal((1000, d)), r, slopes=slopes))
    assert exact.log_eigenvalue_low_chance > 0.01


def _check_tenth(x: Floats, r: Floats, direction: Floats) -> None:
    d = len(direction)
    found = spectrum_edges(scaled(x, direction, 0.1), reference=r)
    assert found.log_eigenvalue_low < -LIMIT - 2 * found.log_eigenvalue_low_mcse
    if d < 500:
        assert found.log_eigenvalue_low == pytest.approx(2 * np.log(0.1), abs=0.3)
    exact = spectrum_edges(x, reference=r)
    for edge in ("low", "high"):
        value, mcse = (getattr(exact, f"log_eigenvalue_{edge}{end}") for end in ("", "_mcse"))
        assert abs(value) + 2 * mcse < LIMIT


def test_upwards_and_downwards_have_the_same_limit() -> None:
    """The old limit, 1.2 squared less 1, let variances fall by 44%."""
    rng = np.random.default_rng(3)
    x, r = rng.standard_normal((20_000, 3)), rng.standard_normal((20_000, 3))
    axis = np.array([1.0, 2.0, -1.0])
    narrow = spectrum_edges(scaled(x, axis, 1 / 1.4), reference=r)
    wide = spectrum_edges(scaled(x, axis, 1.4), reference=r)
    assert narrow.log_eigenvalue_low == pytest.approx(-2 * np.log(1.4), abs=0.1)
    assert wide.log_eigenvalue_high == pytest.approx(2 * np.log(1.4), abs=0.1)
    assert abs(narrow.log_eigenvalue_high) < 0.1
    assert abs(wide.log_eigenvalue_low) < 0.1


def test_errors_are_those_of_the_draws_own_kurtosis() -> None:
    """Of a Student-t with 5 degrees of freedom the variance is known twice as badly."""
    rng = np.random.default_rng(4)
    x, r = rng.standard_t(5, size=(1000, 3)), rng.standard_t(5, size=(4000, 3))
    heavy = spectrum_edges(x, reference=r)
    light = spectrum_edges(
        norm.rvs(size=x.shape, random_state=rng), reference=norm.rvs(size=r.shape, random_state=rng)
    )
    assert heavy.log_eigenvalue_high_mcse > 1.4 * light.log_eigenvalue_high_mcse
    assert abs(heavy.log_eigenvalue_high) < LIMIT


def test_more_parameters_than_draws_bind_nobody() -> None:
    rng = np.random.default_rng(5)
    x, r = rng.standard_normal((300, 700)), rng.standard_normal((600, 700))
    found = compare_joint(x, reference=r, rng=rng, max_draws=200)
    assert found.n_combinations == 20
    assert abs(found.log_eigenvalue_low) < LIMIT
    assert abs(found.log_eigenvalue_high) < LIMIT
    # what all parameters share is still seen: each sd is right, but their sum is 26 times too wide
    common = rng.standard_normal((300, 1)) + 0.1 * x
    shared = compare_joint(common / common.std(axis=0), reference=r, rng=rng, max_draws=200)
    assert shared.log_eigenvalue_high > LIMIT + 2 * shared.log_eigenvalue_high_mcse


def test_a_redundant_parameter_is_refused() -> None:
    rng = np.random.default_rng(6)
    r = rng.standard_normal((400, 2))
    r = np.column_stack([r, r.sum(axis=1)])
    with pytest.raises(HarnessError, match="singular"):
        spectrum_edges(r[::-1], reference=r)
