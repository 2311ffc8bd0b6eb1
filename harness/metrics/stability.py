"""Do replicate fits agree? Variance within and between runs, and R-hat across them.

A fit on a fixed subsample of m of N rows, its likelihood weighted N/m, keeps about the width of the
full posterior, but its centre moves from subsample to subsample by about root (N/m - 1) posterior
sds: no single such fit shows it, replicates do.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.errors import HarnessError
from harness.metrics.chains import r_hat
from harness.metrics.draws import scalar_draws


@dataclass(frozen=True, kw_only=True)
class Stability:
    """Spread of one parameter over replicate fits.

    Attributes
    ----------
    n_runs : int
        Replicate fits, R.
    within_variance : float
        Mean over runs of the variance of the draws, in squared units of the draws.
    between_variance : float
        Variance over runs of the runs' true means, in squared units: that of the means of the
        draws less what the draws' own Monte Carlo error adds; at least 0.
    between_sd_ratio : float
        Root of the ratio of between to within variance: by how many of its own sds the centre
        moves from run to run. NaN where the runs' draws are constant.
    between_sd_ratio_se : float
        Its standard error for R runs with Gaussian centres, `between_sd_ratio` / sqrt(2 (R - 1)).
    r_hat_runs : float
        Rank-normalised split R-hat with runs in place of chains.
    """

    n_runs: int
    within_variance: float
    between_variance: float
    between_sd_ratio: float
    between_sd_ratio_se: float
    r_hat_runs: float


def run_stability(runs: npt.ArrayLike) -> Stability:
    r"""Variance within and between replicate fits of one parameter, and R-hat across them.

    With :math:`\bar x_j` and :math:`s_j^2` the mean and variance of the n draws of run j:
    :math:`W = R^{-1} \sum_j s_j^2` and
    :math:`B = (R-1)^{-1} \sum_j (\bar x_j - \bar x)^2 - W / n`. For many draws R-hat is about
    :math:`\sqrt{1 + B / W}`.

    Parameters
    ----------
    runs : array (n_runs, n_draws)
        Independent draws of each run's approximation, at least two runs.

    Returns
    -------
    Stability

    Raises
    ------
    HarnessError
        If the shape is another one, there is one run only or a draw is not finite.

    References
    ----------
    One-way variance components, Gelman et al. (2013), Bayesian data analysis, section 11.4; R-hat
    of Vehtari et al. (2021), Bayesian Analysis 16(2), across runs as Dhaka et al. (2020), Robust,
    accurate stochastic optimization for variational inference, use it.
    """
    values = scalar_draws(runs, name="runs")
    if values.ndim != 2 or values.shape[0] < 2:
        raise HarnessError(f"at least two runs of shape (n_runs, n_draws); got {values.shape}")
    n_runs, n_draws = values.shape
    within = float(values.var(axis=1, ddof=1).mean())
    between = float(values.mean(axis=1).var(ddof=1)) - within / n_draws
    between = max(between, 0.0)
    ratio = float(np.sqrt(between / within)) if within > 0 else float("nan")
    return Stability(
        n_runs=n_runs,
        within_variance=within,
        between_variance=between,
        between_sd_ratio=ratio,
        between_sd_ratio_se=ratio / float(np.sqrt(2 * (n_runs - 1))),
        r_hat_runs=r_hat(values),
    )
