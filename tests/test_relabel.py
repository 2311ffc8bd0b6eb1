"""Relabelling: permuted draws of known labels, and three algorithms that must agree."""

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.fits.relabel import (
    apply_permutation,
    by_first_coordinate,
    ecr,
    name_by_first_coordinate,
    pivotal,
    stephens,
)

Floats = NDArray[np.float64]

N_DRAWS = 300
N_ROWS = 120


def switched_mixture(
    n_components: int, seed: int
) -> tuple[Floats, Floats, Floats, NDArray[np.intp], NDArray[np.intp]]:
    """Draws of a well-separated mixture, their labels shuffled: raw, true, and the shuffle."""
    rng = np.random.default_rng(seed)
    centres = 8.0 * np.column_stack([np.arange(n_components), np.cos(np.arange(n_components))])
    true = centres + 0.3 * rng.standard_normal((N_DRAWS, n_components, 2))
    rows = centres[np.arange(N_ROWS) % n_components] + rng.standard_normal((N_ROWS, 2))
    log_density = -0.5 * np.sum((rows[None, :, None] - true[:, None]) ** 2, axis=-1)
    density = np.exp(log_density - log_density.max(axis=-1, keepdims=True))
    true_probabilities = density / density.sum(axis=-1, keepdims=True)
    shuffle = rng.permuted(np.tile(np.arange(n_components), (N_DRAWS, 1)), axis=1)
    raw = apply_permutation(true, shuffle)
    raw_probabilities = apply_permutation(true_probabilities, shuffle, component_axis=-1)
    return raw, raw_probabilities, true, shuffle, np.argsort(shuffle, axis=1)


def test_permutation_is_applied_label_by_label() -> None:
    weights = np.array([[0.1, 0.2, 0.7]])
    permutation = np.array([[2, 0, 1]])
    np.testing.assert_array_equal(apply_permutation(weights, permutation), [[0.7, 0.1, 0.2]])


def test_component_axis_reaches_allocation_probabilities() -> None:
    probabilities = np.array([[[0.1, 0.9], [0.3, 0.7]], [[0.2, 0.8], [0.6, 0.4]]])
    permutation = np.array([[1, 0], [0, 1]])
    swapped = apply_permutation(probabilities, permutation, component_axis=-1)
    np.testing.assert_array_equal(swapped[0], [[0.9, 0.1], [0.7, 0.3]])
    np.testing.assert_array_equal(swapped[1], probabilities[1])


@pytest.mark.parametrize("lead", [(), (7,), (2, 5)])
def test_by_first_coordinate_orders_every_draw(lead: tuple[int, ...]) -> None:
    locations = np.random.default_rng(1).standard_normal((*lead, 4, 2))
    ordered = apply_permutation(locations, by_first_coordinate(locations))
    assert np.all(np.diff(ordered[..., 0], axis=-1) > 0)
    # whole components move: pairs of coordinates stay together
    np.testing.assert_array_equal(
        np.sort(ordered.prod(axis=-1), axis=-1), np.sort(locations.prod(axis=-1), axis=-1)
    )


def test_by_first_coordinate_keeps_the_raw_order_of_ties() -> None:
    locations = np.array([[[1.0, 5.0], [0.0, 6.0], [1.0, 4.0]]])
    np.testing.assert_array_equal(by_first_coordinate(locations), [[1, 0, 2]])


@pytest.mark.parametrize("n_components", [2, 3, 5])
def test_every_algorithm_recovers_known_labels(n_components: int) -> None:
    raw, probabilities, true, shuffle, unshuffle = switched_mixture(n_components, seed=2)
    assert len(np.unique(shuffle, axis=0)) > 1
    allocations = probabilities.argmax(axis=-1)
    found = {
        "sort": by_first_coordinate(raw),
        "pivotal": pivotal(raw, pivot=raw[0]),
        "ecr": ecr(allocations, pivot=allocations[0], n_components=n_components),
        "stephens": stephens(probabilities),
    }
    for name, permutation in found.items():
        named = name_by_first_coordinate(raw, permutation)
        np.testing.assert_array_equal(named, unshuffle, err_msg=name)
        np.testing.assert_array_equal(apply_permutation(raw, named), true, err_msg=name)


@pytest.mark.parametrize("n_components", [2, 3, 5])
def test_pivot_draw_keeps_its_own_labels(n_components: int) -> None:
    raw, probabilities, *_ = switched_mixture(n_components, seed=3)
    allocations = probabilities.argmax(axis=-1)
    identity = np.arange(n_components)
    np.testing.assert_array_equal(pivotal(raw, pivot=raw[4])[4], identity)
    found = ecr(allocations, pivot=allocations[4], n_components=n_components)
    np.testing.assert_array_equal(found[4], identity)


def test_stephens_does_not_depend_on_how_the_draws_were_shuffled() -> None:
    raw, probabilities, _, _, _ = switched_mixture(3, seed=4)
    again = np.random.default_rng(5).permuted(np.tile(np.arange(3), (N_DRAWS, 1)), axis=1)
    once = stephens(probabilities)
    twice = stephens(apply_permutation(probabilities, again, component_axis=-1))
    np.testing.assert_array_equal(
        apply_permutation(raw, name_by_first_coordinate(raw, once)),
        apply_permutation(
            apply_permutation(raw, again),
            name_by_first_coordinate(apply_permutation(raw, again), twice),
        ),
    )


def test_stephens_minimises_the_divergence_where_components_overlap() -> None:
    """No other permutation of any draw lowers its loss, given the mean."""
    rng = np.random.default_rng(6)
    probabilities = rng.dirichlet([1.0, 0.7, 0.4], size=(40, 30))
    permutation = stephens(probabilities)
    relabelled = apply_permutation(probabilities, permutation, component_axis=-1)
    log_mean = np.log(relabelled.mean(axis=0))
    best = np.sum(relabelled * (np.log(relabelled) - log_mean), axis=(1, 2))
    for swap in ([1, 0, 2], [2, 1, 0], [0, 2, 1], [1, 2, 0], [2, 0, 1]):
        other = relabelled[:, :, swap]
        assert np.all(np.sum(other * (np.log(other) - log_mean), axis=(1, 2)) >= best - 1e-9)


def test_pivotal_scale_decides_which_coordinate_counts() -> None:
    locations = np.array([[[0.0, 100.0], [1.0, 0.0]]])
    pivot = np.array([[0.0, 0.0], [1.0, 100.0]])
    np.testing.assert_array_equal(pivotal(locations, pivot=pivot), [[1, 0]])
    scaled = pivotal(locations, pivot=pivot, scale=np.array([0.001, 1000.0]))
    np.testing.assert_array_equal(scaled, [[0, 1]])


def test_bad_input_is_told() -> None:
    with pytest.raises(HarnessError, match="not finite"):
        by_first_coordinate(np.array([[[np.nan], [1.0]]]))
    with pytest.raises(HarnessError, match="sum to 1"):
        stephens(np.full((2, 3, 2), 0.7))
    with pytest.raises(HarnessError, match="0 to 1"):
        ecr(np.array([[0, 2]]), pivot=np.array([0, 1]), n_components=2)
    with pytest.raises(HarnessError, match="pivot"):
        pivotal(np.zeros((3, 2, 2)), pivot=np.zeros((3, 2)))
    with pytest.raises(HarnessError, match="shape"):
        apply_permutation(np.zeros((4, 2)), np.zeros((3, 2), dtype=np.intp))
