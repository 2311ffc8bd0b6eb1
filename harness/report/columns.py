"""Kinds of columns that several tables have: a column of a saved table, and how it is shown."""

from collections.abc import Callable
from functools import partial

from harness.report.cells import distance_cell
from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.grid import number
from harness.report.numbers import known_numbers, median_range
from harness.report.rows import ErrorRow, StabilityRow
from harness.report.runs import RunRow
from harness.report.specification import Column

type _Show = Callable[[float], str]


def of_fits(key: str, title: str, show: _Show, meaning: str = "") -> Column[SeriesTables]:
    """Declare a column of ``fits.csv``; replicates are shown as median and range."""
    return Column(key, title, lambda row: median_range(row.ok[key], show), meaning)


def distance(key: str, title: str, beside: str, meaning: str) -> Column[SeriesTables]:
    """Declare a distance; `beside` is the column of its standard error or null value."""
    return Column(key, title, partial(distance_cell, column=key, beside=beside), meaning)


def of_run(key: str, title: str, show: _Show, meaning: str = "") -> Column[RunRow]:
    """Declare a number of a run."""
    return Column(key, title, lambda row: row.number(key, show), meaning)


def text_of_run(key: str, title: str, meaning: str = "") -> Column[RunRow]:
    """Declare a text of a run."""
    return Column(key, title, lambda row: row.text(key), meaning, is_text=True)


def of_parameter(key: str, title: str, show: _Show, meaning: str = "") -> Column[ErrorRow]:
    """Declare a column of ``comparison.csv``; replicates are shown as median and range."""
    return Column(key, title, lambda row: median_range(row.rows[key], show), meaning)


def of_stability(key: str, title: str, show: _Show, meaning: str = "") -> Column[StabilityRow]:
    """Declare a column of ``stability.csv``."""
    return Column(key, title, lambda row: number(row.numbers[key], show), meaning)


def having(
    *columns: str, are_chains: bool | None = None
) -> Callable[[DatasetTables], list[SeriesTables]]:
    """Choose the series for which one of some columns of ``fits.csv`` applies.

    Parameters
    ----------
    *columns : str
        Columns of ``fits.csv``.
    are_chains : bool, optional
        Chains only, or approximations only; by default both.
    """
    return lambda tables: [
        item
        for item in tables.series
        if are_chains in (None, item.are_chains)
        and any(known_numbers(item.ok[column]) for column in columns)
    ]
