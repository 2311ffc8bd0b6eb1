"""Kernel Stein discrepancy: how far draws are from a target known only by its score.

It needs no reference, only the gradient of the log density at each draw. Like k-hat it judges where
the draws lie: it hardly sees a distant mode that no draw visits.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from harness.errors import HarnessError
from harness.metrics.draws import Floats, vector_draws

_ROWS_PER_BLOCK = 500
# In more dimensions a product of matrices gives the distances, far faster.
_DIRECT_SIZE = 64


@dataclass(frozen=True, kw_only=True)
class KernelStein:
    """Kernel Stein discrepancy, and what as many exact draws would show.

    Attributes
    ----------
    ksd : float
        See `kernel_stein_discrepancy`.
    ksd_null : float
        Root mean square of `ksd` for as many independent draws from the target itself, from the
        diagonal of the Stein kernel at the draws given.
    """

    ksd: float
    ksd_null: float


def kernel_stein_discrepancy(
    draws: npt.ArrayLike,
    *,
    gradients: npt.ArrayLike,
    scale: npt.ArrayLike | None = None,
    offset: float = 1.0,
    exponent: float = -0.5,
) -> KernelStein:
    r"""Kernel Stein discrepancy with the inverse multiquadric kernel, the V-statistic.

    :math:`\sqrt{n^{-2} \sum_{s,t} k_0(x_s, x_t)}` over all pairs, equal ones included, where

    .. math:: k_0(x, y) = \nabla_x\cdot\nabla_y k + g(x)\cdot\nabla_y k + g(y)\cdot\nabla_x k
              + k\, g(x)\cdot g(y), \qquad k(x, y) = (c^2 + |x - y|^2)^\beta,

    and g is the gradient of the log density. It tends to 0 for draws from the target, as
    :math:`n^{-1/2}`, and for :math:`-1 < \beta < 0` only for those that converge to it.

    Parameters
    ----------
    draws : array (n_draws, d)
        Independent draws, in the space where the gradients were taken.
    gradients : array (n_draws, d)
        Gradient of the target's log density at each draw, in nats per unit.
    scale : array (d,), optional
        Units in which distances are measured, one per coordinate, for example posterior sds; the
        discrepancies of several fits compare only under one scale. Default: 1.
    offset : float
        c, in those units, positive.
    exponent : float
        beta, between -1 and 0.

    Returns
    -------
    KernelStein
        No unit.

    Raises
    ------
    HarnessError
        If shapes differ, a value is not finite or an option is out of its range.

    References
    ----------
    Gorham and Mackey (2017), Measuring sample quality with kernels, ICML, section 3 and
    theorem 8.
    """
    x = vector_draws(draws, name="draws")
    g = vector_draws(gradients, name="gradients")
    units = np.ones(x.shape[-1]) if scale is None else np.asarray(scale, dtype=np.float64)
    if x.ndim != 2 or g.shape != x.shape or units.shape != x.shape[1:]:
        raise HarnessError(
            "draws and gradients must both be (n_draws, d), the scale (d,); "
            f"got {x.shape}, {g.shape} and {units.shape}"
        )
    if not (np.all(units > 0) and offset > 0 and -1 < exponent < 0):
        raise HarnessError(
            "scale and offset must be positive, the exponent between -1 and 0; "
            f"got {units}, {offset} and {exponent}"
        )
    x, g = x / units, g * units
    total = 0.0
    for start in range(0, len(x), _ROWS_PER_BLOCK):
        block = slice(start, start + _ROWS_PER_BLOCK)
        kernel = _stein_kernel(x[block], g[block], x, g, offset=offset, exponent=exponent)
        total += float(kernel.sum())
    # at equal arguments the kernel is closed: its gradients vanish there
    diagonal = offset ** (2 * exponent) * (
        np.sum(g**2, axis=1) - 2 * exponent * x.shape[1] / offset**2
    )
    ksd = np.sqrt(max(total, 0.0)) / len(x)
    return KernelStein(ksd=float(ksd), ksd_null=float(np.sqrt(diagonal.mean() / len(x))))


def _stein_kernel(
    x: Floats, g_x: Floats, y: Floats, g_y: Floats, *, offset: float, exponent: float
) -> Floats:
    """k_0 for every pair of rows, shape (len(x), len(y))."""
    if x.shape[1] <= _DIRECT_SIZE:
        squared = cdist(x, y, metric="sqeuclidean")
    else:
        squared = np.sum(x**2, axis=1)[:, None] + np.sum(y**2, axis=1) - 2 * (x @ y.T)
        np.maximum(squared, 0.0, out=squared)
    base = offset**2 + squared
    first = 2 * exponent * base ** (exponent - 1)
    second = 4 * exponent * (exponent - 1) * base ** (exponent - 2)
    # (x - y) . (g(y) - g(x)), with the sign of the derivative in y folded in
    drift = x @ g_y.T - np.sum(y * g_y, axis=1) - np.sum(x * g_x, axis=1)[:, None] + g_x @ y.T
    kernel: Floats = (
        -first * x.shape[1] - second * squared + first * drift + base**exponent * (g_x @ g_y.T)
    )
    return kernel
