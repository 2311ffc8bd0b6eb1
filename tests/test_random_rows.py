"""Row numbers drawn in C++: a bijection, even draws, and every row once per epoch."""

import numpy as np
import pytest

from tests.rows_library import RowsLibrary

SEED = 2**31 - 5


def xoshiro256(seed: int, n: int) -> list[int]:
    """The generator in whole numbers of any length: its paper's lines."""
    mask = 2**64 - 1
    state = []
    for _ in range(4):
        seed = (seed + 0x9E3779B97F4A7C15) & mask
        word = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & mask
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & mask
        state.append(word ^ (word >> 31))

    def rotate(word: int, by: int) -> int:
        return ((word << by) | (word >> (64 - by))) & mask

    words = []
    for _ in range(n):
        words.append((rotate((state[1] * 5) & mask, 7) * 9) & mask)
        shifted = (state[1] << 17) & mask
        state[2] ^= state[0]
        state[3] ^= state[1]
        state[1] ^= state[2]
        state[0] ^= state[3]
        state[2] ^= shifted
        state[3] = rotate(state[3], 45)
    return words


def test_generator_is_the_published_one(rows_library: RowsLibrary) -> None:
    assert rows_library.words(seed=SEED, n=50).tolist() == xoshiro256(SEED, 50)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 16, 17, 1000, 4096, 100_003])
@pytest.mark.parametrize("seed", [0, 1, SEED])
def test_permutation_is_a_bijection(rows_library: RowsLibrary, n: int, seed: int) -> None:
    images = rows_library.permute(n, seed=seed)
    assert max(4, n) <= images.size <= max(4, 2 * n - 1)
    np.testing.assert_array_equal(np.sort(images), np.arange(images.size))


def test_permutations_of_other_keys_differ(rows_library: RowsLibrary) -> None:
    one, other = (rows_library.permute(10_000, seed=seed) for seed in (1, 2))
    # of independent permutations a Poisson number of images, of mean 1, agree
    assert (one == other).sum() < 8


@pytest.mark.parametrize("n", [3, 7, 100])
def test_bounded_draws_are_even(rows_library: RowsLibrary, n: int) -> None:
    counts = np.bincount(rows_library.below(n, seed=SEED, n_draws=200_000), minlength=n)
    assert counts.size == n
    expected = 200_000 / n
    assert abs(((counts - expected) ** 2 / expected).sum() - n + 1) < 4 * np.sqrt(2 * n)


@pytest.mark.parametrize(
    ("n_rows", "run_length"), [(1, 1), (999, 1), (1000, 1), (1000, 4), (997, 4)]
)
def test_epoch_has_every_row_once(rows_library: RowsLibrary, n_rows: int, run_length: int) -> None:
    numbers = rows_library.stream(n_rows, seed=SEED, shape=(3 * n_rows, 1), run_length=run_length)
    epochs = numbers.reshape(3, n_rows)
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(n_rows))
    if n_rows > 1:
        assert (epochs[0] != epochs[1]).any()
        assert (epochs[1] != epochs[2]).any()


def test_batches_cut_one_stream(rows_library: RowsLibrary) -> None:
    whole = rows_library.stream(1000, seed=3, shape=(2100, 1)).ravel()
    for size in (7, 300, 1050):
        cut = rows_library.stream(1000, seed=3, shape=(2100 // size, size)).ravel()
        np.testing.assert_array_equal(cut, whole[: cut.size])


@pytest.mark.parametrize("without_replacement", [True, False])
def test_batches_vary_as_random_samples_do(
    rows_library: RowsLibrary, *, without_replacement: bool
) -> None:
    """Means of batches have the variance of a sample of theirs size, and no memory."""
    n_rows, size, n = 50_000, 100, 20_000
    numbers = rows_library.stream(
        n_rows, seed=SEED, shape=(n, size), without_replacement=without_replacement
    )
    z = (numbers.mean(axis=1) - (n_rows - 1) / 2) / (n_rows / np.sqrt(12 * size))
    if without_replacement:
        assert abs(z.mean()) < 1e-9  # whole epochs
    else:
        assert abs(z.mean()) < 4 / np.sqrt(n)
        assert np.unique(numbers[:500]).size < 50_000
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs(np.corrcoef(z[1:], z[:-1])[0, 1]) < 4 / np.sqrt(n) + size / n_rows
    within = np.corrcoef(numbers[:, 1], numbers[:, 0])[0, 1]
    assert abs(within) < 4 / np.sqrt(n)


def test_neighbours_are_drawn_together(rows_library: RowsLibrary) -> None:
    for without_replacement in (True, False):
        numbers = rows_library.stream(
            1000,
            seed=5,
            shape=(100, 8),
            run_length=4,
            without_replacement=without_replacement,
        ).reshape(-1, 4)
        np.testing.assert_array_equal(numbers % 4, np.tile(np.arange(4), (200, 1)))
        assert (np.ptp(numbers, axis=1) == 3).all()


@pytest.mark.parametrize("without_replacement", [True, False])
def test_seed_decides_the_rows(rows_library: RowsLibrary, *, without_replacement: bool) -> None:
    one, same, other = (
        rows_library.stream(
            10_000, seed=seed, shape=(20, 50), without_replacement=without_replacement
        )
        for seed in (4, 4, 5)
    )
    np.testing.assert_array_equal(one, same)
    assert (one == other).mean() < 0.01
