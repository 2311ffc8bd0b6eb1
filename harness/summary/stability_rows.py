"""Do replicate fits agree? Rows of ``stability.csv``, one per series and quantity."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from harness.data.dataset import Dataset
from harness.execution.run import FittedRun
from harness.fits.fit import Status
from harness.fits.quantities import Quantities
from harness.metrics.stability import Stability, run_stability


def run_spreads(replicates: Sequence[Quantities]) -> dict[tuple[str, str], Stability]:
    """Measure within- and between-run variance of each quantity.

    Parameters
    ----------
    replicates : sequence of Quantities
        Of at least two fits of independent draws.

    Returns
    -------
    dict
        By labels and name of the quantity.
    """
    return {
        (labels, name): run_stability(
            np.stack([fit.by_labels[labels][name].ravel() for fit in replicates])
        )
        for labels, named in replicates[0].by_labels.items()
        for name in named
        if all(name in fit.by_labels[labels] for fit in replicates)
    }


def expected_sd_ratio(*, n_used: float, n_rows: float, likelihood_weight: float) -> float:
    r"""Return the spread of centres that a fixed subsample gives, in sds of one fit.

    A subsample of m of N rows without replacement shifts the centre by about
    :math:`\sqrt{N/m - 1}` full-data posterior sds.  Under weight w one fit's sd is
    :math:`\sqrt{N/(m w)}` full-data sds, so that in its own sds the centre moves by
    :math:`\sqrt{w (1 - m/N)}`: :math:`\sqrt{N/m - 1}` for w = N/m.  Full data give 0.

    Parameters
    ----------
    n_used, n_rows : float
        Rows of the subsample, m, and of the data set, N.
    likelihood_weight : float
        w.

    Returns
    -------
    float

    References
    ----------
    The sampling variance of a mean without replacement (Cochran 1977, Sampling techniques,
    section 2.6) under a posterior that is nearly Gaussian.
    """
    return math.sqrt(likelihood_weight * max(1 - n_used / n_rows, 0.0))


def stability_rows(
    group: Sequence[FittedRun], spreads: Mapping[tuple[str, str], Stability], dataset: Dataset
) -> Iterator[dict[str, Any]]:
    """Give the rows of one series; none for a series of a single run.

    Parameters
    ----------
    group : sequence of FittedRun
        The replicates of one cell.
    spreads : Mapping
        From :func:`run_spreads`; empty where fewer than two replicates have a fit.
    dataset : Dataset
        What was fitted.

    Yields
    ------
    dict
        Keys are columns of :data:`harness.results.columns.STABILITY_COLUMNS`.
    """
    if len(group) < 2:
        return
    run = group[0].run
    n_failed = sum(item.fit.status is Status.FAILED for item in group)
    identity = {
        "dataset": run.dataset,
        "program": run.program,
        "method": run.method.name,
        "variant": run.variant,
        "n_runs": len(group),
        "n_failed": n_failed,
        "failure_rate": n_failed / len(group),
        "n_retries": sum(item.fit.diagnostics.n_retries or 0 for item in group),
    }
    if not spreads:
        yield identity
        return
    first = next(item for item in group if item.fit.status is Status.OK)
    used = first.fit.used_data
    n_rows = used.get("n_rows_of_all", first.program.program.n_rows_of(dataset))
    expected = None
    if n_rows is not None:
        expected = expected_sd_ratio(
            n_used=used["n_rows"], n_rows=n_rows, likelihood_weight=used["likelihood_weight"]
        )
    for (labels, name), spread in spreads.items():
        yield {
            **identity,
            "labels": labels,
            "parameter": name,
            "within_variance": spread.within_variance,
            "between_variance": spread.between_variance,
            "between_sd_ratio": spread.between_sd_ratio,
            "between_sd_ratio_se": spread.between_sd_ratio_se,
            "expected_sd_ratio": expected,
            "r_hat_runs": spread.r_hat_runs,
        }
