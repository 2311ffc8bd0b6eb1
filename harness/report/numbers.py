"""Numbers as text, with as many digits as their errors allow (pure)."""

import math

from harness.table import NOT_APPLICABLE


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
        From 0 to 8.
    """
    if error is None or not math.isfinite(error) or error <= 0:
        return otherwise
    return min(max(0, math.ceil(-math.log10(error / 2))), 8)


def fixed(value: float | None, decimals: int) -> str:
    """Return a number with fixed decimals, ``n/a`` for None and NaN, never ``-0.0``."""
    if value is None or math.isnan(value):
        return NOT_APPLICABLE
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


def significant(value: float | None, digits: int = 2) -> str:
    """Return a number with significant digits, without an exponent; ``n/a`` for None and NaN."""
    if value is None or math.isnan(value):
        return NOT_APPLICABLE
    if value == 0 or math.isinf(value):
        return f"{value:g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return fixed(value, decimals)


def seconds(value: float | None) -> str:
    """Return a time in seconds with two significant digits, or whole seconds from 10 on."""
    return significant(value, 2) if value is not None and value < 10 else fixed(value, 0)


def count(value: float | None) -> str:
    """Return a whole number; ``n/a`` for None and NaN."""
    return fixed(value, 0)


def escape(text: str) -> str:
    """Return text that stays within its cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")
