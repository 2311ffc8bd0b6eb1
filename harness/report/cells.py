"""Cells that need more than one value: an error with its standard error, k-hat with its limit."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from harness.messages.numerals import beside_limit
from harness.report.dataset import SeriesTables
from harness.report.grid import Cell, number
from harness.report.numbers import (
    fixed,
    known_numbers,
    median_range,
    significant,
    with_error,
)
from harness.report.reasons import tally
from harness.report.rows import ErrorRow, StabilityRow, VariableRow, VerdictRow
from harness.report.worst import severities
from harness.results.columns import NOT_APPLICABLE


def two_decimals(value: float) -> str:
    """Return a proportion."""
    return fixed(value, 2)


def ratio(value: float) -> str:
    """Return a ratio with three significant digits."""
    return significant(value, 3)


def largest(rows: pd.DataFrame, column: str, show: Callable[[float], str]) -> Cell:
    """Return the largest number of a column."""
    return number(max(known_numbers(rows[column]), default=None), show)


def smallest(rows: pd.DataFrame, column: str, show: Callable[[float], str]) -> Cell:
    """Return the smallest number of a column."""
    return number(min(known_numbers(rows[column]), default=None), show)


def sd_ratios(rows: pd.DataFrame) -> str:
    """Return the smallest and largest sd ratio."""
    logs = known_numbers(rows["log_sd_ratio"])
    if not logs:
        return NOT_APPLICABLE
    ends = (ratio(math.exp(value)) for value in (min(logs), max(logs)))
    return " to ".join(dict.fromkeys(ends))


def tally_of(rows: pd.DataFrame) -> Cell:
    """Count the verdicts of some rows."""
    return tally([str(verdict) for verdict in rows["verdict"].dropna()])


def largest_mean_error(row: VerdictRow) -> Cell:
    """Return the largest error of a mean, of replicates the median and range of theirs."""
    worst = _worst_errors(row)
    errors = worst["mean_error_sd"].abs()
    if len(worst) != 1:
        return median_range(errors, significant)
    mcse = next(iter(known_numbers(worst["mean_error_mcse"])), None)
    return number(float(errors.iloc[0]), lambda error: with_error(error, mcse))


def parameter_of_error(row: VerdictRow) -> str:
    """Return whose mean has the largest error in most replicates."""
    worst = _worst_errors(row)
    return NOT_APPLICABLE if worst.empty else str(worst["parameter"].value_counts().index[0])


def _worst_errors(row: VerdictRow) -> pd.DataFrame:
    """Return of each replicate the row with the largest error of a mean."""
    measured = row.rows.dropna(subset="mean_error_sd")
    if measured.empty:
        return measured
    return measured.loc[measured["mean_error_sd"].abs().groupby(measured["replicate"]).idxmax()]


def k_hat_with_limit(row: VerdictRow) -> Cell:
    """Return k-hat with its limit; it does not depend on labels."""
    if row.is_raw:
        return Cell(text=NOT_APPLICABLE)
    fits = row.series.ok
    k_hats, limits = known_numbers(fits["k_hat"]), known_numbers(fits["k_hat_threshold"])
    cell = median_range(fits["k_hat"], significant)
    if not limits or not k_hats:
        return cell
    text, limit = str(cell), significant(min(limits))
    if len(fits) == 1:
        text, limit = beside_limit(k_hats[0], limits[0], digits=2)
    return Cell(text=f"{text} ({limit})", value=cell.value)


def k_hat(series: SeriesTables) -> Cell:
    """Return k-hat; of a single fit with enough digits to show on which side it is."""
    return _k_hat_part(series, "k_hat", 0)


def k_hat_limit(series: SeriesTables) -> Cell:
    """Return the limit of k-hat."""
    return _k_hat_part(series, "k_hat_threshold", 1)


def _k_hat_part(series: SeriesTables, column: str, at: int) -> Cell:
    fits = series.ok
    pair = known_numbers(fits[["k_hat", "k_hat_threshold"]].iloc[0]) if len(fits) == 1 else []
    if len(pair) != 2:
        return median_range(fits[column], significant)
    return Cell(text=beside_limit(pair[0], pair[1], digits=2)[at], value=pair[at])


def within_limit(series: SeriesTables) -> str:
    """Say whether k-hat is within its limit, of replicates of how many."""
    fits = series.ok[["k_hat", "k_hat_threshold"]].itertuples(index=False)
    pairs = [known_numbers(pair) for pair in fits]
    n_within = sum(len(pair) == 2 and pair[0] <= pair[1] for pair in pairs)
    if len(pairs) == 1:
        return "yes" if n_within else "no"
    return f"{n_within} of {len(pairs)}"


def elements_trusted(row: VariableRow) -> str:
    """Count the judged elements with the verdict trust in all replicates."""
    judged = row.rows.dropna(subset="verdict")
    n_trusted = int((severities(judged["verdict"]).groupby(judged["parameter"]).max() == 0).sum())
    n_judged = judged["parameter"].nunique()
    return f"{n_trusted} of {n_judged}" if n_judged else NOT_APPLICABLE


def worst_verdict_of_variable(row: VariableRow) -> Cell:
    """Return the worst verdict on the worst element."""
    verdicts = row.rows.loc[row.rows["parameter"] == row.worst, "verdict"]
    ordered = verdicts.loc[severities(verdicts).sort_values().index].dropna()
    return tally([str(verdict) for verdict in ordered.iloc[-1:]])


def largest_error_of_variable(row: VariableRow) -> Cell:
    """Return the largest error of a mean."""
    errors = np.abs(known_numbers(row.rows["mean_error_sd"]))
    return number(float(errors.max()) if len(errors) else None, significant)


def mean_error(row: ErrorRow) -> Cell:
    """Return the error of a mean with its standard error, of replicates the median and range."""
    errors = known_numbers(row.rows["mean_error_sd"])
    if len(errors) != 1:
        return median_range(errors, significant)
    mcse = next(iter(known_numbers(row.rows["mean_error_mcse"])), None)
    return number(errors[0], lambda error: with_error(error, mcse))


def sd_ratio(row: ErrorRow) -> Cell:
    """Return the sd divided by the reference's."""
    return median_range(np.exp(known_numbers(row.rows["log_sd_ratio"])), ratio)


def distance_cell(series: SeriesTables, column: str, beside: str) -> Cell:
    """Return a distance of a whole fit with its standard error, or with its null value."""
    values = known_numbers(series.ok[column])
    if beside.endswith("_mcse") and len(values) == 1:
        error = next(iter(known_numbers(series.ok[beside])), None)
        return number(values[0], lambda value: with_error(value, error))
    cell = median_range(values, lambda value: fixed(value, 3) if value < 1 else significant(value))
    nulls = known_numbers(series.ok[beside]) if "null" in beside else []
    if not values or not nulls:
        return cell
    return Cell(text=f"{cell} ({significant(max(nulls))})", value=cell.value)


def modes_covered(series: SeriesTables) -> str:
    """Flag approximations of one of several modes that are relabellings of each other."""
    flagged = int(series.ok["symmetric_mode"].fillna(value=False).sum())
    if flagged == 0:
        return NOT_APPLICABLE
    return "one of several" + (f" ({flagged} of {series.n_runs})" if series.n_runs > 1 else "")


def sd_ratio_of_runs(row: StabilityRow) -> Cell:
    """Return the sd between replicates divided by that within them, with its standard error."""
    error = row.numbers["between_sd_ratio_se"]
    return number(row.numbers["between_sd_ratio"], lambda value: with_error(value, error))


def root(variance: float | None) -> float | None:
    """Return an sd."""
    return None if variance is None else math.sqrt(variance)
