"""Label switching: permutations that give the components of a mixture the same name in every draw.

Every algorithm returns a **permutation** of shape (..., K): `permutation[t, j]` is the raw
component of draw t that gets label j, so that `relabelled[t, j] = raw[t, permutation[t, j]]`;
`apply_permutation` applies it to any array. The algorithms agree only up to one permutation
common to all draws; `name_by_first_coordinate` fixes that one.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from harness.errors import HarnessError

Floats = NDArray[np.float64]
Permutation = NDArray[np.intp]

# Logarithms take smaller allocation probabilities as this: one row then costs at most 23 nats.
_SMALLEST_PROBABILITY = 1e-10


def by_first_coordinate(locations: Floats) -> Permutation:
    """Order the components of each draw by coordinate 0 of their location, lowest first.

    Parameters
    ----------
    locations : array (..., K, d)
        Component locations, for example (n_draws, K, d) or (chain, draw, K, d), in the units of
        the data.

    Returns
    -------
    array of int (..., K)
        The permutation. Equal coordinates keep their raw order.

    Raises
    ------
    HarnessError
        If `locations` has fewer than two axes or holds a NaN or an infinity.

    References
    ----------
    An identifiability constraint, as in Richardson and Green (1997), JRSS B 59. It
    cuts through a mode where components overlap in coordinate 0; the other algorithms here do
    not.
    """
    locations = _finite(locations, name="locations", min_ndim=2)
    return np.argsort(locations[..., 0], axis=-1, kind="stable")


def apply_permutation[Scalar: np.generic](
    values: NDArray[Scalar], permutation: Permutation, *, component_axis: int | None = None
) -> NDArray[Scalar]:
    """Reorder the components of each draw.

    Parameters
    ----------
    values : array (..., K, ...)
        Leading axes as in `permutation`; for example locations (n_draws, K, d), weights
        (n_draws, K) or allocation probabilities (n_draws, n_rows, K) with `component_axis=-1`.
    permutation : array of int (..., K)
        Raw component for each label, one row per draw.
    component_axis : int, optional
        The axis of `values` that holds the components. Default: the one after the draws' axes.

    Returns
    -------
    array, same shape and dtype as `values`

    Raises
    ------
    HarnessError
        If the draws' axes or the number of components differ.
    """
    n_draw_axes = permutation.ndim - 1
    axis = n_draw_axes if component_axis is None else component_axis
    draws_match = values.shape[:n_draw_axes] == permutation.shape[:-1]
    if values.ndim <= n_draw_axes or not draws_match:
        raise HarnessError(
            f"values of shape {values.shape} do not match "
            f"a permutation of shape {permutation.shape}"
        )
    moved = np.moveaxis(values, axis, n_draw_axes)
    if moved.shape[n_draw_axes] != permutation.shape[-1]:
        raise HarnessError(
            f"axis {axis} of values has {moved.shape[n_draw_axes]} components, "
            f"the permutation {permutation.shape[-1]}"
        )
    index = permutation.reshape(permutation.shape + (1,) * (moved.ndim - permutation.ndim))
    return np.moveaxis(np.take_along_axis(moved, index, axis=n_draw_axes), n_draw_axes, axis)


def name_by_first_coordinate(locations: Floats, permutation: Permutation) -> Permutation:
    """Rename the labels of a whole fit by coordinate 0 of their mean locations, lowest first.

    Parameters
    ----------
    locations : array (..., K, d)
        Raw component locations.
    permutation : array of int (..., K)
        What one of the algorithms below returned for these draws.

    Returns
    -------
    array of int (..., K)
        `permutation` with its last axis reordered, in the same way for every draw.

    Raises
    ------
    HarnessError
        If the shapes differ, or `locations` holds a NaN or an infinity.
    """
    locations = _finite(locations, name="locations", min_ndim=2)
    relabelled = apply_permutation(locations, permutation)
    mean = relabelled.reshape(-1, *locations.shape[-2:]).mean(axis=0)
    return permutation[..., np.argsort(mean[:, 0], kind="stable")]


def pivotal(locations: Floats, *, pivot: Floats, scale: Floats | None = None) -> Permutation:
    """Assign the components of each draw to those of a pivot, at the least total squared distance.

    Parameters
    ----------
    locations : array (n_draws, K, d)
        Any component parameters: locations, or locations with weights and scales beside them.
    pivot : array (K, d)
        The pivot draw, by custom the draw of highest posterior density.
    scale : array (d,), optional
        Units for the d coordinates, so that none outweighs the others. Default: 1.

    Returns
    -------
    array of int (n_draws, K)

    Raises
    ------
    HarnessError
        If shapes differ, a scale is not positive, or a value is not finite.

    References
    ----------
    Marin, Mengersen and Robert (2005), Bayesian modelling and inference on mixtures of
    distributions, Handbook of Statistics 25: the pivotal reordering algorithm.
    """
    locations = _finite(locations, name="locations", min_ndim=3)
    pivot = _finite(pivot, name="pivot", min_ndim=2)
    scale = np.ones(locations.shape[-1]) if scale is None else np.asarray(scale, dtype=float)
    shapes_match = locations.shape[1:] == pivot.shape and scale.shape == pivot.shape[1:]
    if not shapes_match or not np.all(scale > 0):
        raise HarnessError(
            f"locations {locations.shape} need a pivot (K, d) and a positive scale (d,); "
            f"got pivot {pivot.shape} and scale {scale}"
        )
    # The squares do not depend on the assignment: least distance is the greatest scalar product.
    cost = -np.einsum("jd,tkd->tjk", pivot / scale**2, locations)
    return _assign(cost)


def ecr(
    allocations: NDArray[np.integer], *, pivot: NDArray[np.integer], n_components: int
) -> Permutation:
    """Permute each draw so that most rows keep the allocation of a pivot (ECR).

    Parameters
    ----------
    allocations : array of int (n_draws, n_rows)
        Component of each row in each draw, 0 to K - 1 (drawn, or the most likely one).
    pivot : array of int (n_rows,)
        The allocation to resemble, by custom that of the draw of highest posterior density.
    n_components : int
        K.

    Returns
    -------
    array of int (n_draws, K)

    Raises
    ------
    HarnessError
        If the numbers of rows differ or an allocation is outside 0 to K - 1.

    References
    ----------
    Papastamoulis and Iliopoulos (2010), An artificial allocations based solution to the label
    switching problem, JCGS 19(2); solved as an assignment problem as in Papastamoulis (2016),
    label.switching, JSS 69, code snippet 1.
    """
    if allocations.ndim != 2 or pivot.shape != allocations.shape[1:]:
        raise HarnessError(
            f"allocations must be (n_draws, n_rows) and the pivot (n_rows,); "
            f"got {allocations.shape} and {pivot.shape}"
        )
    for name, labels in (("allocations", allocations), ("pivot", pivot)):
        if labels.size and (labels.min() < 0 or labels.max() >= n_components):
            raise HarnessError(
                f"{name} must lie in 0 to {n_components - 1}; got {labels.min()} to {labels.max()}"
            )
    cells = pivot.astype(np.intp) * n_components
    n_cells = n_components**2
    agreement = np.stack([np.bincount(cells + row, minlength=n_cells) for row in allocations])
    return _assign(-agreement.reshape(-1, n_components, n_components).astype(float))


def stephens(
    probabilities: Floats, *, start: Permutation | None = None, max_iterations: int = 100
) -> Permutation:
    """Permute each draw to bring its allocation probabilities closest to their mean (Stephens).

    Alternates the mean q of the relabelled probabilities with, for each draw, the permutation
    that minimises sum over i, j of p_ij log(p_ij / q_ij). Each step lowers the loss, so it
    ends, at a local minimum that depends on the start.

    Parameters
    ----------
    probabilities : array (n_draws, n_rows, K)
        Probability that each row belongs to each component; rows sum to 1.
    start : array of int (n_draws, K), optional
        Permutation to start from. Default: each draw assigned to the first one by the same loss
        (starting from the raw labels stalls where the chains switch often: q is then flat).
    max_iterations : int
        At most so many rounds.

    Returns
    -------
    array of int (n_draws, K)

    Raises
    ------
    HarnessError
        If a probability is not finite or negative, rows don't sum to 1, or the rounds don't
        suffice.

    References
    ----------
    Stephens (2000), Dealing with label switching in mixture models, JRSS B 62(4), Algorithm 2;
    its step 2 is solved as an assignment problem.
    """
    probabilities = _finite(probabilities, name="probabilities", min_ndim=3)
    if np.any(probabilities < 0) or not np.allclose(probabilities.sum(axis=-1), 1.0, atol=1e-6):
        raise HarnessError("allocation probabilities must be at least 0 and sum to 1 in each row")
    permutation = start
    if permutation is None:
        permutation = _assign(_divergence(probabilities, probabilities[0]))
    for _ in range(max_iterations):
        mean = apply_permutation(probabilities, permutation, component_axis=-1).mean(axis=0)
        updated = _assign(_divergence(probabilities, mean))
        if np.array_equal(updated, permutation):
            return permutation
        permutation = updated
    raise HarnessError(
        f"Stephens's relabelling has not converged after {max_iterations} rounds; "
        "increase max_iterations"
    )


def _divergence(probabilities: Floats, mean: Floats) -> Floats:
    """Loss (n_draws, label, component) against `mean` (n_rows, K), less its constant part."""
    log_mean = np.log(np.maximum(mean, _SMALLEST_PROBABILITY))
    loss: Floats = -np.matmul(log_mean.T, probabilities)
    return loss


def _assign(cost: Floats) -> Permutation:
    """Give each label a component at the least cost (n_draws, label, component)."""
    columns = [linear_sum_assignment(draw)[1] for draw in cost]
    return np.asarray(columns, dtype=np.intp).reshape(cost.shape[:2])


def _finite(values: Floats, *, name: str, min_ndim: int) -> Floats:
    values = np.asarray(values, dtype=float)
    if values.ndim < min_ndim:
        raise HarnessError(f"{name} needs at least {min_ndim} axes; got shape {values.shape}")
    if not np.all(np.isfinite(values)):
        n_bad = np.sum(~np.isfinite(values))
        raise HarnessError(f"{name} holds {n_bad} values that are not finite")
    return values
