"""What the rows of the tables are about: a quantity of a series, a variable, a verdict."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from harness.fits.quantities import INVARIANT, PSIS, RAW
from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.matrix import MOST_QUANTITIES, fold
from harness.report.numbers import known_numbers
from harness.report.reasons import worst_rows
from harness.report.worst import n_quantities, rank, shown_rows
from harness.results.columns import NOT_APPLICABLE


@dataclass(frozen=True, kw_only=True, eq=False)
class VerdictRow:
    """A series under one way of naming components.

    Attributes
    ----------
    title : str
        What the table calls it.
    series : SeriesTables
        The series.
    is_raw : bool
        Whether these are the chains as sampled, beside the relabelled ones.
    verdicts : DataFrame
        A row per replicate with its verdict and what decided.
    rows : DataFrame
        Rows of ``comparison.csv`` that the verdict rests on.
    """

    title: str
    series: SeriesTables
    is_raw: bool
    verdicts: pd.DataFrame
    rows: pd.DataFrame


def verdict_rows(tables: DatasetTables) -> Iterator[VerdictRow]:
    """Give each series; chains whose labels switched have a row as sampled too."""
    for series in tables.series:
        if series.has_raw_line:
            raw = series.labelled(RAW)
            yield VerdictRow(
                title=f"{series.head}, raw labels",
                series=series,
                is_raw=True,
                verdicts=worst_rows(raw),
                rows=raw,
            )
        yield VerdictRow(
            title=series.line_title,
            series=series,
            is_raw=False,
            verdicts=series.fits,
            rows=series.judged,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class VariableRow:
    """The elements of a variable in one series, replicates together.

    Attributes
    ----------
    series : SeriesTables
        The series.
    variable : str
        The variable's name.
    n_elements : int
        Its scalars.
    rows : DataFrame
        Their rows of ``comparison.csv``.
    """

    series: SeriesTables
    variable: str
    n_elements: int
    rows: pd.DataFrame

    @property
    def worst(self) -> str:
        """The worst element."""
        return rank(self.rows)[0]


def variable_rows(tables: DatasetTables) -> Iterator[VariableRow]:
    """Give the variables of each series, unless the table of verdicts has a column for each."""
    if n_quantities(tables.series) <= MOST_QUANTITIES:
        return
    for series in tables.series:
        judged = series.judged
        for head, members in fold([str(name) for name in judged["parameter"].unique()]).items():
            yield VariableRow(
                series=series,
                variable=head.rpartition(" (")[0] or head,
                n_elements=len(members),
                rows=judged[judged["parameter"].isin(members)],
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class ErrorRow:
    """A parameter of a series against the reference.

    Attributes
    ----------
    series : SeriesTables
        The series.
    draws : str
        Which of its draws: by labels, or weighted.
    parameter : str
        The parameter's name.
    rows : DataFrame
        Its rows of ``comparison.csv``, one per replicate.
    """

    series: SeriesTables
    draws: str
    parameter: str
    rows: pd.DataFrame


def error_rows(tables: DatasetTables) -> Iterator[ErrorRow]:
    """Give every parameter of each compared series; of very many the worst.

    The quantities that the verdict rests on come first, then those that do not depend on labels,
    then means corrected by importance weights.
    """
    for series in tables.compared:
        for draws, group in _groups(series):
            for name, rows in shown_rows(group, tables).groupby("parameter", sort=False):
                yield ErrorRow(series=series, draws=draws, parameter=str(name), rows=rows)


def worst_error_rows(tables: DatasetTables) -> Iterator[ErrorRow]:
    """Give the parameter of each compared series whose mean has the largest error."""
    for series in tables.compared:
        for draws, group in _groups(series):
            sizes = group["mean_error_sd"].abs().groupby(group["parameter"], sort=False).median()
            if sizes.notna().any() and not (group["labels"] == INVARIANT).any():
                name = str(sizes.idxmax())
                rows = group[group["parameter"] == name]
                yield ErrorRow(series=series, draws=draws, parameter=name, rows=rows)


def _groups(series: SeriesTables) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give the rows of a series that can be compared, with what tables call them."""
    yield series.judged_labels if series.has_components else "as drawn", series.judged
    for labels, title in ((INVARIANT, "label-invariant"), (PSIS, "PSIS-weighted")):
        rows = series.labelled(labels)
        if not rows.empty:
            yield title, rows


@dataclass(frozen=True, kw_only=True, eq=False)
class StabilityRow:
    """A quantity of a series of replicates.

    Attributes
    ----------
    series : SeriesTables
        The series.
    labels, parameter : str
        Which quantity; ``n/a`` if the series has too few fits.
    numbers : Mapping
        Its row of ``stability.csv``, None where a value does not apply.
    """

    series: SeriesTables
    labels: str
    parameter: str
    numbers: Mapping[str, float | None]


_NAMES = frozenset({"dataset", "program", "method", "variant", "labels", "parameter"})


def quantity_rows(tables: DatasetTables) -> Iterator[StabilityRow]:
    """Give every quantity of each series of replicates; of very many the least stable ones."""
    for series in tables.series:
        stability = series.stability
        if tables.n_worst is not None:
            spread = stability["between_sd_ratio"].astype(float).fillna(0.0)
            order = spread.sort_values(ascending=False, kind="stable").index
            groups = stability.loc[order].groupby("labels", sort=False, dropna=False)
            stability = groups.head(tables.n_worst)
        yield from _quantity_rows(series, stability)


def least_stable_rows(tables: DatasetTables) -> Iterator[StabilityRow]:
    """Give the least stable quantity of each series, of those that are judged."""
    for series in tables.series:
        mine = series.stability
        judged = mine[(mine["labels"] == series.judged_labels).fillna(value=False)]
        spread = judged["between_sd_ratio"]
        if spread.notna().any():
            mine = judged.loc[[spread.idxmax()]]
        yield from _quantity_rows(series, mine.iloc[:1])


def _quantity_rows(series: SeriesTables, table: pd.DataFrame) -> Iterator[StabilityRow]:
    """Give rows of ``stability.csv``."""
    for _, row in table.iterrows():
        found = {str(name): known_numbers([row[name]]) for name in row.index if name not in _NAMES}
        yield StabilityRow(
            series=series,
            labels=_text(row["labels"]) if series.has_components else NOT_APPLICABLE,
            parameter=_text(row["parameter"]),
            numbers={name: values[0] if values else None for name, values in found.items()},
        )


def _text(value: object) -> str:
    """Return a name, ``n/a`` for a series without a spread."""
    return NOT_APPLICABLE if value is pd.NA else str(value)
