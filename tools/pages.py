"""Numbers of the tools' pages, as a reader wants them."""

from typing import Any

import pandas as pd

from harness.report.numbers import significant
from harness.results.columns import NOT_APPLICABLE

#: Smaller numbers are as good as none.
_LEAST = 0.0005


def markdown(table: pd.DataFrame) -> str:
    """Return a table in Markdown with three significant digits and without exponents.

    Parameters
    ----------
    table : DataFrame
        Cells that are texts already stay as they are.

    Returns
    -------
    str
    """
    numeric = [pd.api.types.is_numeric_dtype(table[name]) for name in table.columns]
    return table.map(shown).to_markdown(
        index=False,
        disable_numparse=True,
        colalign=["right" if each else "left" for each in numeric],
    )


def shown(value: Any) -> str:
    """Return a cell of a page.

    Parameters
    ----------
    value : object
        A number that is not negative, or a text.

    Returns
    -------
    str
        Whole numbers from 100 on with thousands separated, others with three significant digits.

    Examples
    --------
    >>> [shown(value) for value in (43123.4, 8, 0.98333, 1e-14, 0.0, float("nan"), "laplace")]
    ['43,123', '8', '0.983', '< 0.001', '0', 'n/a', 'laplace']
    """
    if isinstance(value, str):
        return value
    if pd.isna(value):
        return NOT_APPLICABLE
    number = float(value)
    if number >= 100 or number == round(number):
        return f"{number:,.0f}"
    if abs(number) < _LEAST:
        return "< 0.001"
    return significant(float(f"{number:.3g}"), 3)
