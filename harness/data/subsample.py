"""Which rows a subsample takes, and which weight its likelihood gets (pure)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.errors import SubsampleError


@dataclass(frozen=True, kw_only=True, eq=False)
class Subsample:
    """Rows of a data set and the weight of their log likelihood.

    Attributes
    ----------
    indices : ndarray of int, shape (m,)
        Distinct row indices in ascending order.
    likelihood_weight : float
        What the log likelihood of these rows is multiplied by; the prior is not.
    """

    indices: npt.NDArray[np.intp]
    likelihood_weight: float


def draw_subsample(*, n_rows: int, m: int, weighted: bool, rng: np.random.Generator) -> Subsample:
    r"""Draw `m` of `n_rows` rows without replacement.

    With ``weighted=True`` the log likelihood of the subsample is multiplied by :math:`N/m`,
    which makes it an unbiased estimate of the full-data log likelihood:
    :math:`\mathrm{E}\,\frac{N}{m}\sum_{i \in S} \ell_i(\theta) = \sum_{i=1}^N \ell_i(\theta)`
    (Hoffman, Blei, Wang and Paisley 2013, JMLR 14, section 2.3).  With ``weighted=False`` the
    weight is 1: the mistake of a mini-batch whose total size is never declared, after which
    the posterior is that of `m` observations.

    The indices ascend, so that the subsample of all rows is the data set itself, row by row.

    Parameters
    ----------
    n_rows : int
        Rows of the data set, :math:`N`.
    m : int
        Rows of the subsample, from 1 to `n_rows`.
    weighted : bool
        Whether the likelihood is weighted :math:`N/m`.
    rng : numpy.random.Generator
        Source of the draw.

    Returns
    -------
    Subsample

    Raises
    ------
    SubsampleError
        If `m` is not between 1 and `n_rows`.
    """
    if not 1 <= m <= n_rows:
        raise SubsampleError(
            f"a subsample cannot have m = {m} of N = {n_rows} rows; "
            f"m must be between 1 and {n_rows}"
        )
    indices = np.sort(rng.choice(n_rows, size=m, replace=False))
    return Subsample(indices=indices, likelihood_weight=n_rows / m if weighted else 1.0)
