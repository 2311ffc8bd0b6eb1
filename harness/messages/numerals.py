"""Numbers as text, for sentences and for cells (pure)."""

import math
from collections.abc import Callable

#: Longer numbers get an exponent: from here on before the point, beyond so many decimals behind it.
_MOST_BEFORE_POINT = 1e9
MOST_DECIMALS = 8
#: Digits of a number with an exponent.
_LEAST_DIGITS, _MOST_DIGITS = 3, 8
#: Whole numbers below this are exact as floats, and are written in full.
_LARGEST_COUNT = 1e12
#: With more digits than these two different numbers look alike to a reader anyway.
_ENOUGH_DIGITS = 12


def decimal(value: float, decimals: int) -> str:
    """Write a number with fixed decimals, or with an exponent where that would be long.

    Parameters
    ----------
    value : float
        Not NaN.
    decimals : int
        Digits behind the point.

    Returns
    -------
    str
        Never ``-0.0``.

    Examples
    --------
    >>> decimal(-0.0004, 2), decimal(1234.5, 1), decimal(2.5e75, 2), decimal(3.21e-20, 22)
    ('0.00', '1234.5', '2.50e+75', '3.21e-20')
    """
    if math.isinf(value) or value == 0:
        return f"{abs(value) if value == 0 else value:.{min(decimals, MOST_DECIMALS)}f}"
    power = math.floor(math.log10(abs(value)))
    is_short = abs(value) < _MOST_BEFORE_POINT
    if is_short and (decimals <= MOST_DECIMALS or power >= -_LEAST_DIGITS):
        places = min(decimals, MOST_DECIMALS)
        return f"{round(value, places) + 0.0:.{places}f}"
    digits = min(max(power + 1 + decimals, _LEAST_DIGITS), _MOST_DIGITS if is_short else 3)
    return f"{value:.{digits - 1}e}"


def decimals_of(value: float, digits: int) -> int:
    """Return how many decimals show so many significant digits; whole digits are never cut.

    Examples
    --------
    >>> decimals_of(0.08984, 2), decimals_of(12.5, 3), decimals_of(1234.5, 2)
    (3, 1, 0)
    """
    if value == 0 or not math.isfinite(value):
        return 0
    return max(0, digits - 1 - math.floor(math.log10(abs(value))))


def numeral(value: float, digits: int = 3) -> str:
    """Write a number in a sentence.

    Parameters
    ----------
    value : float
        Not NaN.
    digits : int
        Significant digits; a whole number is written in full.

    Returns
    -------
    str
        With separators of thousands.

    Examples
    --------
    >>> numeral(4280), numeral(0.30001), numeral(12345.6), numeral(2.51e75), numeral(1.0)
    ('4,280', '0.300', '12,346', '2.51e+75', '1')
    """
    is_whole = math.isfinite(value) and value == int(value) and abs(value) < _LARGEST_COUNT
    text = f"{value:.0f}" if is_whole else decimal(value, decimals_of(value, digits))
    if "e" in text or not math.isfinite(value):
        return text
    decimals = len(text.partition(".")[2])
    return f"{float(text) + 0.0:,.{decimals}f}"


def beside_limit(
    value: float, limit: float, *, distance: Callable[[float], float] = float, digits: int = 3
) -> tuple[str, str]:
    """Write a number and its limit with as many digits as show on which side of it the number is.

    Parameters
    ----------
    value, limit : float
        Not NaN.
    distance : callable
        What of the number is compared with the limit; by default the number itself.
    digits : int
        The fewest significant digits.

    Returns
    -------
    value, limit : str

    Examples
    --------
    >>> beside_limit(1.00983, 1.01), beside_limit(1.01, 1.01), beside_limit(2.5066, 0.3)
    (('1.0098', '1.01'), ('1.01', '1.01'), ('2.51', '0.3'))
    """
    side = _side(distance(value), limit)
    for more in range(digits, _ENOUGH_DIGITS):
        shown, bound = numeral(value, more), short(limit, more)
        if _side(distance(_read(shown)), _read(bound)) == side:
            return shown, bound
    return numeral(value, _ENOUGH_DIGITS), short(limit, _ENOUGH_DIGITS)


def _side(value: float, limit: float) -> int:
    """Return on which side of a limit a number is; 0 where only rounding tells."""
    if math.isclose(value, limit, rel_tol=1e-9, abs_tol=1e-12):
        return 0
    return 1 if value > limit else -1


def short(value: float, digits: int = 3) -> str:
    """Write a number without zeros behind, as limits are.

    Examples
    --------
    >>> short(0.3), short(400.0), short(0.66667)
    ('0.3', '400', '0.667')
    """
    text = numeral(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _read(text: str) -> float:
    """Read a number that this module wrote."""
    return float(text.replace(",", ""))


def counted(number: float, noun: str, plural: str = "") -> str:
    """Write a number of things.

    Examples
    --------
    >>> counted(1, "transition"), counted(4280, "transition"), counted(0, "series", "series")
    ('1 transition', '4,280 transitions', '0 series')
    """
    return f"{numeral(number)} {noun if number == 1 else plural or noun + 's'}"
