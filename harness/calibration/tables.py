"""The tables of a calibration: ranks, a row per method and quantity, a row per method (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from harness.calibration.asked import FEWEST_REPLICATES
from harness.metrics.rank_shape import RankShape, rank_shape
from harness.metrics.uniformity import uniform_band, uniformity_test
from harness.results.columns import make_table

#: Verdicts.
CALIBRATED, NOT_CALIBRATED, UNKNOWN = "calibrated", "not calibrated", "unknown"
#: Uniform ranks of one quantity stay within the band with this probability.
BAND_LEVEL = 0.95
#: A method is called not calibrated wrongly with at most this probability.
ERROR_RATE = 0.05
#: A direction is named if a test of it alone has a p-value below this.
DIRECTION_LEVEL = 0.01

#: Columns of ``ranks.csv``, a row per fit and quantity.
RANK_COLUMNS: Mapping[str, str] = {
    "method": "string",
    "replicate": "Int64",
    "quantity": "string",
    "truth": "Float64",
    "rank": "Int64",
    "n_draws": "Int64",
    "pit": "Float64",
}

#: Columns of ``calibration.csv``, a row per method and quantity.
CALIBRATION_COLUMNS: Mapping[str, str] = {
    "method": "string",
    "quantity": "string",
    "verdict": "string",
    "direction": "string",
    "n_ranks": "Int64",
    "p_value": "Float64",
    "p_holm": "Float64",
    "excess": "Float64",
    "width_ratio": "Float64",
    "width_p": "Float64",
    "bias_sd": "Float64",
    "bias_p": "Float64",
    "symmetry_p": "Float64",
    "coverage_50": "Float64",
    "coverage_90": "Float64",
}

#: Columns of ``methods.csv``, a row per method.
METHOD_COLUMNS: Mapping[str, str] = {
    "method": "string",
    "verdict": "string",
    "n_replicates": "Int64",
    "n_failed": "Int64",
    "n_warned": "Int64",
    "n_draws_median": "Float64",
    "n_quantities": "Int64",
    "n_outside": "Int64",
    "failure": "string",
}


def calibration_table(ranks: pd.DataFrame) -> pd.DataFrame:
    """Judge each method on each quantity.

    Parameters
    ----------
    ranks : DataFrame
        With :data:`RANK_COLUMNS`.

    Returns
    -------
    DataFrame
        With :data:`CALIBRATION_COLUMNS`. Of a method, a quantity is not calibrated if its p-value
        is below :data:`ERROR_RATE` after Holm's correction for the method's quantities.
    """
    rows: list[dict[str, Any]] = []
    for method, own in ranks.groupby("method", sort=False):
        found = [
            {"method": method, "quantity": quantity, **_measured(group)}
            for quantity, group in own.groupby("quantity", sort=False)
        ]
        corrected = iter(holm([row["p_value"] for row in found if row["p_value"] is not None]))
        for row in found:
            if row["p_value"] is None:
                continue
            row["p_holm"] = next(corrected)
            row["verdict"] = NOT_CALIBRATED if row["p_holm"] < ERROR_RATE else CALIBRATED
            row["direction"] = row["direction"] if row["verdict"] == NOT_CALIBRATED else ""
        rows += found
    return make_table(rows, CALIBRATION_COLUMNS)


def _measured(group: pd.DataFrame) -> dict[str, Any]:
    """Measure the ranks of one method on one quantity."""
    numbers = group["pit"].to_numpy(dtype=np.float64)
    if numbers.size < FEWEST_REPLICATES:
        return {"verdict": UNKNOWN, "n_ranks": numbers.size, "p_value": None, "direction": ""}
    test = uniformity_test(numbers)
    shape = rank_shape(group["rank"].to_numpy(dtype=int), group["n_draws"].to_numpy(dtype=int))
    from_centre = np.abs(numbers - 0.5)
    return {
        "n_ranks": numbers.size,
        "p_value": test.p_value,
        "excess": test.excess(uniform_band(numbers.size, level=BAND_LEVEL)),
        "direction": direction(shape),
        "width_ratio": shape.width_ratio,
        "width_p": shape.width_p,
        "bias_sd": shape.bias,
        "bias_p": shape.bias_p,
        "symmetry_p": float(stats.wilcoxon(numbers - 0.5).pvalue),
        "coverage_50": float((from_centre <= 0.25).mean()),
        "coverage_90": float((from_centre <= 0.45).mean()),
    }


def direction(shape: RankShape) -> str:
    """Say in words what is wrong with an approximation whose ranks are not uniform."""
    words = []
    if shape.width_p < DIRECTION_LEVEL:
        words.append("too narrow" if shape.width_ratio < 1 else "too wide")
    if shape.bias_p < DIRECTION_LEVEL:
        words.append("biased up" if shape.bias > 0 else "biased down")
    return " and ".join(words) or "another shape"


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values that hold for all of them together (Holm 1979).

    Parameters
    ----------
    p_values : sequence of float
        One for each test.

    Returns
    -------
    list of float
        In the same order.

    Examples
    --------
    >>> holm([0.04, 0.01])
    [0.04, 0.02]
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values)
    factors = np.arange(values.size, 0, -1)
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(values[order] * factors))
    return [float(value) for value in corrected]


def methods_table(
    calibration: pd.DataFrame, ranks: pd.DataFrame, counts: Iterable[Mapping[str, Any]]
) -> pd.DataFrame:
    """Judge each method on all its quantities together.

    Parameters
    ----------
    calibration : DataFrame
        From :func:`calibration_table`.
    ranks : DataFrame
        With :data:`RANK_COLUMNS`.
    counts : iterable of Mapping
        Of each method ``method``, ``n_replicates``, ``n_failed``, ``n_warned`` and ``failure``.

    Returns
    -------
    DataFrame
        With :data:`METHOD_COLUMNS`.
    """
    rows = []
    for count in counts:
        own = calibration[calibration["method"] == count["method"]]
        n_draws = ranks.loc[ranks["method"] == count["method"], "n_draws"]
        rows.append(
            {
                **count,
                "verdict": _worst(own["verdict"]),
                "n_draws_median": float(n_draws.median()) if len(n_draws) else None,
                "n_quantities": len(own),
                "n_outside": int((own["verdict"] == NOT_CALIBRATED).sum()),
            }
        )
    return make_table(rows, METHOD_COLUMNS)


def _worst(verdicts: Iterable[str]) -> str:
    """Return the verdict on all of a method's quantities together."""
    found = set(verdicts)
    return next((each for each in (NOT_CALIBRATED, CALIBRATED) if each in found), UNKNOWN)
