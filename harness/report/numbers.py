"""Numbers as text, with as many digits as their errors allow (pure)."""

import math
import statistics
from collections.abc import Callable, Iterable

import pandas as pd

from harness.messages.numerals import beside_limit, decimal, decimals_of
from harness.report.grid import Cell
from harness.results.columns import NOT_APPLICABLE
from harness.verdict.rules import E_BFMI_LIMIT, R_HAT_LIMIT


def decimals_for(error: float | None, *, otherwise: int = 3) -> int:
    """Return the fewest decimals that round to no more than half of a number's error.

    Parameters
    ----------
    error : float or None
        A standard error; None, zero or NaN if it is unknown.
    otherwise : int
        The decimals of a number whose error is unknown.

    Returns
    -------
    int
        From 0 on.
    """
    if error is None or not math.isfinite(error) or error <= 0:
        return otherwise
    return max(0, math.ceil(-math.log10(error / 2)))


def fixed(value: float | None, decimals: int) -> str:
    """Return a number with fixed decimals, ``n/a`` for None and NaN, never ``-0.0``.

    Where that would be long, it has an exponent: a cell is never wider than a reader can read.
    """
    if value is None or math.isnan(value):
        return NOT_APPLICABLE
    return decimal(value, decimals)


def significant(value: float | None, digits: int = 2) -> str:
    """Return a number with significant digits; ``n/a`` for None and NaN."""
    if value is None or math.isnan(value):
        return NOT_APPLICABLE
    if value == 0 or math.isinf(value):
        return f"{value:g}"
    return fixed(value, decimals_of(value, digits))


def seconds(value: float | None) -> str:
    """Return a time in seconds with two significant digits, or whole seconds from 10 on."""
    return significant(value, 2) if value is not None and value < 10 else fixed(value, 0)


def count(value: float | None) -> str:
    """Return a whole number; ``n/a`` for None and NaN."""
    return fixed(value, 0)


def compact(value: float | None) -> str:
    """Return a number with three significant digits, with an exponent where it is very large.

    Whole numbers are counts, and keep all their digits below a million.
    """
    if value is None or math.isnan(value):
        return NOT_APPLICABLE
    if abs(value) < 1e6 and value == round(value):
        return fixed(value, 0)
    if abs(value) >= 1e6 or 0 < abs(value) < 1e-3:
        return f"{value:.3g}"
    return significant(value, 3)


def with_error(value: float | None, error: float | None) -> str:
    """Return ``value ± standard error``, the error with two significant digits."""
    if value is None or math.isnan(value):
        return NOT_APPLICABLE
    if error is None or not math.isfinite(error) or error <= 0:
        return significant(value, 3)
    decimals = decimals_of(error, 2)
    return f"{fixed(value, decimals)} ± {fixed(error, decimals)}"


def plain(value: float | None) -> str:
    """Return a number with up to six significant digits and no zeros behind; ``n/a`` for None."""
    if value is None or math.isnan(value):
        return NOT_APPLICABLE
    is_whole = math.isfinite(value) and value == round(value)
    return fixed(value, 0) if is_whole else f"{value:g}"


def known_numbers(values: Iterable[object]) -> list[float]:
    """Return the numbers among the cells of a column, without those that do not apply."""
    numbers = [float(value) for value in values if not pd.isna(value)]  # type: ignore[arg-type, call-overload]
    return [value for value in numbers if not math.isnan(value)]


def show_e_bfmi(value: float | None) -> str:
    """Return an E-BFMI with two decimals, or as many as show whether it is below its limit."""
    text = fixed(value, 2)
    if value is None or math.isnan(value) or (float(text) < E_BFMI_LIMIT) == (value < E_BFMI_LIMIT):
        return text
    return beside_limit(value, E_BFMI_LIMIT)[0]


def show_r_hat(value: float | None) -> str:
    """Return an R-hat with two decimals, or as many as show whether it is above its limit."""
    text = fixed(value, 2)
    if value is None or math.isnan(value) or (float(text) > R_HAT_LIMIT) == (value > R_HAT_LIMIT):
        return text
    return beside_limit(value, R_HAT_LIMIT)[0]


def median_range(values: Iterable[object], show: Callable[[float], str]) -> Cell:
    """Return the numbers of replicates as ``median [smallest to largest]``.

    Parameters
    ----------
    values : iterable
        Cells of a column.
    show : callable
        Number to text.

    Returns
    -------
    Cell
        A single number, or several that look the same, as it is; with ``(2 of 3)`` where others
        do not apply; ``n/a`` for none.
    """
    every = list(values)
    numbers = known_numbers(every)
    if not numbers:
        return Cell(text=NOT_APPLICABLE)
    middle = statistics.median(numbers)
    low, shown, high = show(min(numbers)), show(middle), show(max(numbers))
    text = shown if low == high else f"{shown} [{low} to {high}]"
    of = "" if len(numbers) == len(every) else f" ({len(numbers)} of {len(every)})"
    return Cell(text=text + of, value=middle)
