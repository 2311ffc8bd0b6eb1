"""Draws of a fit to named scalar quantities, under each way of naming mixture components (pure)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from harness.data.dataset import FloatArray
from harness.fits.fit import Fit
from harness.fits.posterior import posterior_parts
from harness.fits.relabel import Permutation, apply_permutation, by_first_coordinate
from harness.program.contract import Components
from harness.program.program import Program

#: ``labels`` of quantities whose components stand as the sampler named them.
RAW = "raw"
#: ``labels`` of quantities whose components are ordered by their first coordinate, draw by draw.
RELABELLED = "relabelled"
#: ``labels`` of quantities that no renaming of components changes.
INVARIANT = "invariant"
#: ``labels`` of quantities of draws weighted by Pareto-smoothed importance sampling.
PSIS = "psis"

#: Draws of scalars, each of shape (chain, draw), by name: ``mu[1,2]``.
Named = Mapping[str, FloatArray]

# A coordinate that others explain up to this part of its variance adds nothing to them.
_UNEXPLAINED = 1e-8
# Rows of a matrix that are looked at together.
_BLOCK = 64
# Draws that differ by no more than this part of their size are equal.
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantities:
    """The scalar quantities of a fit.

    Attributes
    ----------
    by_labels : Mapping
        Of each way of naming components, the quantities' draws; :data:`RAW` is always there,
        :data:`RELABELLED` and :data:`INVARIANT` of mixtures.
    n_label_orders : int or None
        In how many different orders the draws name the components; None but for mixtures.
    n_symmetries : int
        Orders of the components that leave the density as it is, 1 unless it is exchangeable.
    nameless : frozenset of str
        Raw quantities that belong to no particular component, because their density is
        exchangeable: an error of theirs would mean nothing.
    undefined : Mapping
        Quantities that are NaN or infinite in some draws; they are not among `by_labels`.
    """

    by_labels: Mapping[str, Named]
    n_label_orders: int | None
    n_symmetries: int
    nameless: frozenset[str]
    undefined: Named = field(default_factory=dict)

    @property
    def judged_labels(self) -> str:
        """The way of naming components that a verdict on the whole fit rests on."""
        return RELABELLED if RELABELLED in self.by_labels else RAW

    @property
    def judged(self) -> Named:
        """The quantities that a verdict on the whole fit rests on."""
        return self.by_labels[self.judged_labels]

    def raw(self, name: str) -> FloatArray | None:
        """Return a quantity's draws as they are, undefined ones too; None if there is none."""
        found = self.by_labels[RAW].get(name)
        return self.undefined.get(name) if found is None else found


def element_names(variable: str, shape: tuple[int, ...]) -> list[str]:
    """Return the names of a variable's elements, in Stan's notation: ``mu[1,2]``."""
    if not shape:
        return [variable]
    return [f"{variable}[{','.join(str(i + 1) for i in index)}]" for index in np.ndindex(*shape)]


def variable_of(name: str) -> str:
    """Return the variable that a scalar is an element or a part of: ``mu`` of ``mu[1,2]``."""
    return name.partition("[")[0].partition(".")[0]


def posterior_arrays(fit: Fit, program: Program) -> dict[str, FloatArray]:
    """Return the draws of the summarised variables, each of shape (chain, draw, ...).

    See :func:`harness.fits.posterior.posterior_parts`.
    """
    return posterior_parts(fit.read_draws()["posterior"].to_dataset(), program.parameters)


def relabel_arrays(arrays: Mapping[str, FloatArray], program: Program) -> dict[str, FloatArray]:
    """Order the components of every draw by their first coordinate.

    Parameters
    ----------
    arrays : Mapping
        From :func:`posterior_arrays`; with the means of shape (chain, draw, K, d).
    program : Program
        Names the component means and shares.

    Returns
    -------
    dict
        The same arrays, the components in the order lower-left to upper-right.
    """
    if program.components is None:
        return dict(arrays)
    permutation = by_first_coordinate(arrays[program.components.means])
    return _permuted(arrays, program.components, permutation)


def _permuted(
    arrays: Mapping[str, FloatArray], components: Components, permutation: Permutation
) -> dict[str, FloatArray]:
    """Reorder the components of every draw."""
    of_components = {components.means, components.shares}
    return {
        name: apply_permutation(values, permutation) if name in of_components else values
        for name, values in arrays.items()
    }


def invariant_quantities(
    arrays: Mapping[str, FloatArray], components: Components
) -> dict[str, FloatArray]:
    r"""Return quantities of a mixture that no renaming of its components changes.

    With weights :math:`\pi_k` and means :math:`\mu_k`: the mixture's mean
    :math:`m_j = \sum_k \pi_k \mu_{kj}`, the sd between components
    :math:`\sqrt{\sum_k \pi_k (\mu_{kj} - m_j)^2}`, each for every coordinate j, and the largest
    weight.  Chains on different labels agree on them if they agree on the mixture.

    Parameters
    ----------
    arrays : Mapping
        The means, shape (chain, draw, K, d), and weights, shape (chain, draw, K), among others.
    components : Components
        Their names.

    Returns
    -------
    dict
        ``mixture_mean[j]``, ``between_sd[j]`` and ``max(weights)``, each (chain, draw).
    """
    means, shares = arrays[components.means], arrays[components.shares]
    overall = np.einsum("cdk,cdkj->cdj", shares, means)
    squares = np.einsum("cdk,cdkj->cdj", shares, (means - overall[:, :, None]) ** 2)
    return {
        **_elements("mixture_mean", overall),
        **_elements("between_sd", np.sqrt(squares)),
        f"max({components.shares})": shares.max(axis=-1),
    }


def _elements(variable: str, values: FloatArray) -> dict[str, FloatArray]:
    """Name the elements of a variable of shape (chain, draw, ...)."""
    names = element_names(variable, values.shape[2:])
    # the draws of each side by side, because all that follows looks at one after another
    rows = _turned(values.reshape(-1, len(names))).reshape(-1, *values.shape[:2])
    return {name: rows[i] for i, name in enumerate(names)}


def _turned(values: FloatArray) -> FloatArray:
    """Return the transpose of a matrix, in memory too; a part at a time is five times as fast."""
    turned = np.empty(values.shape[::-1])
    for begin in range(0, len(values), _BLOCK):
        turned[:, begin : begin + _BLOCK] = values[begin : begin + _BLOCK].T
    return turned


def scalars(arrays: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Split variables of shape (chain, draw, ...) into their elements."""
    return {
        name: values
        for variable, array in arrays.items()
        for name, values in _elements(variable, array).items()
    }


def quantities(arrays: Mapping[str, FloatArray], program: Program) -> Quantities:
    """Name the scalar quantities of some draws.

    Parameters
    ----------
    arrays : Mapping
        From :func:`posterior_arrays`.
    program : Program
        Says whether there are components.

    Returns
    -------
    Quantities
    """
    components = program.components
    raw, undefined = _divide(scalars(arrays))
    if components is None:
        return Quantities(
            by_labels={RAW: raw},
            n_label_orders=None,
            n_symmetries=1,
            nameless=frozenset(),
            undefined=undefined,
        )
    permutation = by_first_coordinate(arrays[components.means])
    n_components = permutation.shape[-1]
    of_components = {name: arrays[name] for name in (components.means, components.shares)}
    exchangeable = components.exchangeable
    return Quantities(
        by_labels={
            RAW: raw,
            RELABELLED: _divide(scalars(_permuted(arrays, components, permutation)))[0],
            INVARIANT: invariant_quantities(arrays, components),
        },
        n_label_orders=len(np.unique(permutation.reshape(-1, n_components), axis=0)),
        n_symmetries=math.factorial(n_components) if exchangeable else 1,
        nameless=frozenset(scalars(of_components)) if exchangeable else frozenset(),
        undefined=undefined,
    )


def _divide(draws: Named) -> tuple[Named, Named]:
    """Tell quantities that every draw has from those that some draws have not."""
    whole = {name: values for name, values in draws.items() if np.isfinite(values).all()}
    return whole, {name: values for name, values in draws.items() if name not in whole}


def is_constant(draws: FloatArray) -> bool:
    """Whether a quantity is fixed by the program, up to rounding: a Cholesky factor's first 1."""
    low, high = float(draws.min()), float(draws.max())
    return high - low <= _ROUNDING * max(1.0, high, -low)


def free_names(draws: Named) -> tuple[str, ...]:
    """Pick quantities that vary and are not linear functions of those picked before.

    A simplex has one coordinate more than it has degrees of freedom, a Cholesky factor has
    constants; neither can be whitened with all its elements.

    Parameters
    ----------
    draws : Mapping
        Draws of scalars, each of shape (chain, draw).

    Returns
    -------
    tuple of str
        Names in the order given.
    """
    varying = [name for name, values in draws.items() if not is_constant(values)]
    if not varying:
        return ()
    rows = np.stack([draws[name].ravel() for name in varying])
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return tuple(varying[i] for i in _independent_rows(rows))


def _independent_rows(rows: FloatArray) -> list[int]:
    """Pick rows of length 1 that those picked before do not explain.

    Gram-Schmidt, a block of rows at a time: most of its work are products of matrices, so that
    thousands of rows take seconds.
    """
    picked: list[int] = []
    basis = np.empty_like(rows)
    for start in range(0, len(rows), _BLOCK):
        before = basis[: len(picked)]
        block = rows[start : start + _BLOCK]
        block = block - (block @ before.T) @ before
        for i, rest in enumerate(block):
            left = float(np.linalg.norm(rest))
            if left**2 > _UNEXPLAINED:
                direction = basis[len(picked)] = rest / left
                picked.append(start + i)
                block[i + 1 :] -= np.outer(block[i + 1 :] @ direction, direction)
    return picked


def stack(draws: Named, names: tuple[str, ...]) -> FloatArray:
    """Return some quantities side by side, shape (chain, draw, d)."""
    stacked = np.empty((*draws[names[0]].shape, len(names)))
    for begin in range(0, len(names), _BLOCK):
        some = [draws[name] for name in names[begin : begin + _BLOCK]]
        stacked[..., begin : begin + _BLOCK] = np.moveaxis(np.stack(some), 0, -1)
    return stacked
