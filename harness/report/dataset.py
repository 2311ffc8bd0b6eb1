"""The saved tables of one data set, by series, and what the series are measured against."""

import statistics
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from harness.fits.fit import Status
from harness.fits.quantities import RAW, RELABELLED
from harness.report.results import Results
from harness.study.series import SeriesKey, file_stem, series_titles

_IDENTITY = ["program", "method", "variant"]

#: A report of more rows of ``comparison.csv`` shows the worst quantities of larger data sets ...
MOST_ROWS_IN_FULL = 2_500
#: ... so many of each series, as many as there is room for.
_MOST_WORST, _LEAST_WORST, _ROOM = 12, 3, 240


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriesTables:
    """The rows of one series on one data set.

    Attributes
    ----------
    key : SeriesKey
        Its program, method and variant.
    title : str
        What tables call it.
    fits : DataFrame
        Its rows of ``fits.csv``, one per replicate.
    rows : DataFrame
        Its rows of ``comparison.csv`` of replicates with a fit.
    stability : DataFrame
        Its rows of ``stability.csv``.
    is_reference : bool
        Whether the others are measured against it.
    """

    key: SeriesKey
    title: str
    fits: pd.DataFrame
    rows: pd.DataFrame
    stability: pd.DataFrame
    is_reference: bool

    @property
    def n_runs(self) -> int:
        """Replicates."""
        return len(self.fits)

    @cached_property
    def ok(self) -> pd.DataFrame:
        """Rows of ``fits.csv`` of replicates with a fit."""
        return self.fits[self.fits["status"] == str(Status.OK)]

    @property
    def head(self) -> str:
        """The title with the number of replicates, where there are several."""
        if self.n_runs == 1:
            return self.title
        n_ok = len(self.ok)
        count = f"{self.n_runs}" if n_ok == self.n_runs else f"{n_ok} of {self.n_runs}"
        return f"{self.title}, {count} replicates"

    @property
    def line_title(self) -> str:
        """The head of its line in a table, which says whether it is the reference."""
        says_so = not self.is_reference or self.title.endswith("reference")
        return self.head if says_so else f"{self.head}, the reference"

    @cached_property
    def are_chains(self) -> bool:
        """Whether R-hat applies."""
        return bool(self.rows["r_hat"].notna().any())

    @cached_property
    def has_components(self) -> bool:
        """Whether there are mixture components, which have names."""
        return bool((self.rows["labels"] == RELABELLED).any())

    @property
    def judged_labels(self) -> str:
        """The labels that the verdict rests on."""
        return RELABELLED if self.has_components else RAW

    @cached_property
    def judged(self) -> pd.DataFrame:
        """The rows that the verdict rests on."""
        return self.labelled(self.judged_labels)

    @cached_property
    def labels_switched(self) -> bool:
        """Whether relabelling changed an sd, so that it was more than a change of names."""
        raw, relabelled = (self.labelled(each)["sd"].dropna() for each in (RAW, RELABELLED))
        pairs = zip(sorted(raw), sorted(relabelled), strict=False)
        return any(abs(a - b) > 1e-6 * max(a, b) for a, b in pairs)

    @property
    def has_raw_line(self) -> bool:
        """Whether the chains as sampled stand in the tables too."""
        return self.are_chains and self.labels_switched

    def labelled(self, labels: str) -> pd.DataFrame:
        """Return the rows under one way of naming components."""
        return self._by_labels.get(labels, self.rows.iloc[:0])

    @cached_property
    def _by_labels(self) -> dict[str, pd.DataFrame]:
        """The rows under each way of naming components."""
        return {str(labels): rows for labels, rows in self.rows.groupby("labels", sort=False)}


@dataclass(frozen=True, kw_only=True, eq=False)
class ReferenceTables:
    """What the fits of a data set are measured against.

    Attributes
    ----------
    title : str
        What tables call it.
    series : SeriesTables or None
        Of a run of the study; None of a file.
    problems : str
        Why it is no valid reference, empty if it is one.
    is_file : bool
        Whether its draws come from a file.
    """

    title: str
    series: SeriesTables | None
    problems: str
    is_file: bool = False

    @property
    def fit_time_s(self) -> float | None:
        """Median wall time in seconds; None of a file, a run without a fit, or given draws."""
        times = [] if self.series is None else self.series.ok["fit_time_s"].dropna().tolist()
        return statistics.median(times) if times else None


@dataclass(frozen=True, kw_only=True, eq=False)
class DatasetTables:
    """The saved tables of one data set.

    Attributes
    ----------
    name : str
        The data set's name.
    n_rows : int or None
        Its rows, as the manifest gives them.
    series : tuple of SeriesTables
        In the study's order.
    reference : ReferenceTables or None
        None if the study declares none.
    n_worst : int or None
        How many quantities of each series are shown: the worst ones. None: all.
    """

    name: str
    n_rows: int | None
    series: tuple[SeriesTables, ...]
    reference: ReferenceTables | None
    n_worst: int | None = None

    @property
    def stem(self) -> str:
        """The name as parts of file names and links."""
        return file_stem(self.name)

    @property
    def has_replicates(self) -> bool:
        """Whether a series has several runs."""
        return any(item.n_runs > 1 for item in self.series)

    @property
    def compared(self) -> tuple[SeriesTables, ...]:
        """The series with errors against a valid reference."""
        if self.reference is None or self.reference.problems:
            return ()
        return tuple(item for item in self.series if item.judged["mean_error_sd"].notna().any())


def dataset_tables(results: Results, dataset: str) -> DatasetTables:
    """Collect the saved tables of one data set.

    Parameters
    ----------
    results : Results
        The study's tables.
    dataset : str
        The data set's name.

    Returns
    -------
    DatasetTables
    """
    fits, rows, stability = (
        table[table["dataset"] == dataset]
        for table in (results.fits, results.comparison, results.stability)
    )
    keys = [SeriesKey(*map(str, triple)) for triple in fits[_IDENTITY].itertuples(index=False)]
    titles = series_titles(keys)
    source = results.manifest.get("references", {}).get(dataset)
    named = SeriesKey(*(source[part] for part in _IDENTITY)) if source and "method" in source else 0
    series = tuple(
        SeriesTables(
            key=key,
            title=title,
            fits=_of(fits, key),
            rows=_of(rows[rows["status"] == str(Status.OK)], key),
            stability=_of(stability, key),
            is_reference=key == named,
        )
        for key, title in titles.items()
    )
    n_rows = results.manifest.get("datasets", {}).get(dataset, {}).get("n_rows")
    return DatasetTables(
        name=dataset,
        n_rows=None if n_rows is None else int(n_rows),
        series=series,
        reference=_reference(series, source) if source else None,
        n_worst=_n_worst(results, len(rows)),
    )


def _n_worst(results: Results, n_rows: int) -> int | None:
    """Say how many quantities of each series there is room for, None for all of them."""
    if len(results.comparison) <= MOST_ROWS_IN_FULL:
        return None
    if n_rows <= MOST_ROWS_IN_FULL / len(results.datasets):
        return None
    n_series = len(results.fits[["dataset", *_IDENTITY]].drop_duplicates())
    return min(max(_ROOM // n_series, _LEAST_WORST), _MOST_WORST)


def _of(table: pd.DataFrame, key: SeriesKey) -> pd.DataFrame:
    """Return the rows of a series."""
    return table[
        (table["program"] == key.program)
        & (table["method"] == key.method)
        & (table["variant"] == key.variant)
    ]


def _reference(series: tuple[SeriesTables, ...], source: dict[str, str]) -> ReferenceTables:
    """Find what a data set's manifest entry names, and whether errors were measured against it."""
    mine = next((item for item in series if item.is_reference), None)
    named = source.get("file") or source.get("title") or "a run that is not in the tables"
    return ReferenceTables(
        title=mine.title if mine else named,
        series=mine,
        problems=_problems(series, mine),
        is_file="file" in source,
    )


def _problems(series: tuple[SeriesTables, ...], reference: SeriesTables | None) -> str:
    """Say why fits have no errors although there is a reference; empty if they have."""
    others = [item for item in series if not item.is_reference]
    if reference is not None and reference.ok.empty:
        return "its run failed"
    judged = [item.judged for item in others if not item.judged.empty]
    if not judged or any(rows["mean_error_sd"].notna().any() for rows in judged):
        return ""
    told = pd.concat([item.fits["reference_problems"] for item in others]).dropna()
    return "see its verdict" if told.empty else str(told.iloc[0])
