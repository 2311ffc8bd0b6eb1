"""Subsamples: rows without replacement, weighted so that the log likelihood is unbiased."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from harness.data.generators import TRUE_MEANS, TRUE_SHARES, notebook_small
from harness.data.subsample import Subsample, draw_subsample
from harness.errors import SubsampleError

N_ROWS = 12
M = 5
N_REPEATS = 4000


def subsamples(*, n_rows: int, m: int, weighted: bool = True) -> list[Subsample]:
    rng = np.random.default_rng(2024)
    return [
        draw_subsample(n_rows=n_rows, m=m, weighted=weighted, rng=rng) for _ in range(N_REPEATS)
    ]


def test_rows_are_distinct_ascending_and_within_the_data() -> None:
    for subsample in subsamples(n_rows=N_ROWS, m=M)[:100]:
        assert subsample.indices.shape == (M,)
        assert np.all(np.diff(subsample.indices) > 0)
        assert subsample.indices[0] >= 0
        assert subsample.indices[-1] < N_ROWS


def test_every_row_and_every_pair_is_as_likely() -> None:
    taken = np.zeros((N_REPEATS, N_ROWS))
    for i, subsample in enumerate(subsamples(n_rows=N_ROWS, m=M)):
        taken[i, subsample.indices] = 1
    frequency = taken.T @ taken / N_REPEATS
    p_row = M / N_ROWS
    p_pair = p_row * (M - 1) / (N_ROWS - 1)
    expected = np.where(np.eye(N_ROWS) == 1, p_row, p_pair)
    standard_error = np.sqrt(expected * (1 - expected) / N_REPEATS)
    assert np.max(np.abs(frequency - expected) / standard_error) < 4


def test_weighted_log_likelihood_is_unbiased() -> None:
    rows = notebook_small()
    density = sum(
        share * multivariate_normal(mean).pdf(rows)
        for share, mean in zip(TRUE_SHARES, TRUE_MEANS, strict=True)
    )
    log_lik = np.log(density)
    estimates = np.array(
        [
            subsample.likelihood_weight * log_lik[subsample.indices].sum()
            for subsample in subsamples(n_rows=100, m=20)
        ]
    )
    standard_error = estimates.std(ddof=1) / np.sqrt(N_REPEATS)
    assert abs(estimates.mean() - log_lik.sum()) < 4 * standard_error


@pytest.mark.parametrize(("weighted", "weight"), [(True, 100 / 30), (False, 1.0)])
def test_weight_is_declared_total_over_size(*, weighted: bool, weight: float) -> None:
    rng = np.random.default_rng(1)
    subsample = draw_subsample(n_rows=100, m=30, weighted=weighted, rng=rng)
    assert subsample.likelihood_weight == weight


@pytest.mark.parametrize("weighted", [True, False])
def test_all_rows_are_the_data_set_itself(*, weighted: bool) -> None:
    rng = np.random.default_rng(1)
    subsample = draw_subsample(n_rows=100, m=100, weighted=weighted, rng=rng)
    np.testing.assert_array_equal(subsample.indices, np.arange(100))
    assert subsample.likelihood_weight == 1.0


def test_generator_decides_the_rows() -> None:
    first, again, other = (
        draw_subsample(n_rows=100, m=30, weighted=True, rng=np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.indices, again.indices)
    assert not np.array_equal(first.indices, other.indices)


@pytest.mark.parametrize("m", [-1, 0, 101])
def test_impossible_size_is_refused(m: int) -> None:
    with pytest.raises(SubsampleError, match=rf"m = {m} .*100"):
        draw_subsample(n_rows=100, m=m, weighted=True, rng=np.random.default_rng(1))
