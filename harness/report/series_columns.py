"""Columns of the wide tables: a series of runs, or a published fit, with its estimates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from harness.fits.fit import Status
from harness.fits.quantities import RAW, RELABELLED
from harness.report.dataset import DatasetTables, SeriesTables
from harness.report.worst import of_names, shown_across
from harness.study.published import Published, PublishedRun, PublishedSummary
from harness.study.series import SeriesKey


@dataclass(frozen=True, kw_only=True)
class ParameterSummary:
    """One parameter in one column; None where a statistic does not apply or was not printed.

    Attributes
    ----------
    mean, sd : float or None
        Posterior mean and sd; of replicates, the averages.
    between_sd : float or None
        Sd of the replicates' means.
    mcse_mean : float or None
        Monte Carlo error of `mean`; of replicates, between_sd / sqrt(n).
    ess_bulk, ess_tail, r_hat : float or None
        Of chains; of replicates, the worst.
    """

    mean: float | None = None
    sd: float | None = None
    between_sd: float | None = None
    mcse_mean: float | None = None
    ess_bulk: float | None = None
    ess_tail: float | None = None
    r_hat: float | None = None


@dataclass(frozen=True, kw_only=True)
class FitColumn:
    """A column of the wide tables.

    Attributes
    ----------
    title : str
        The table's head.
    key : SeriesKey or None
        The study's series; None of a published fit.
    labels : str
        ``raw`` or ``relabelled``; empty where there are no components to name.
    n_ok, n_runs : int
        Replicates with a fit, and all of them.
    estimates : Mapping
        By parameter; empty without a fit.
    status : str
        Of a series without any fit, how it ended.
    """

    title: str
    key: SeriesKey | None
    labels: str
    n_ok: int
    n_runs: int
    estimates: Mapping[str, ParameterSummary] = field(default_factory=dict)
    status: str = str(Status.OK)

    @property
    def are_chains(self) -> bool:
        """Whether R-hat applies."""
        return any(item.r_hat is not None for item in self.estimates.values())


def dataset_columns(tables: DatasetTables, published: Published | None) -> tuple[FitColumn, ...]:
    """Return the columns of one data set's wide tables.

    Series stand in the study's order, a published fit behind the series that it is to be
    compared with.  Chains whose labels switched get a column as sampled and one relabelled;
    all others stand relabelled only.  What importance weights make of the draws, and what does
    not depend on labels, stands in other tables.  Of very many quantities the worst are there.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.
    published : Published or None
        Numbers from elsewhere.

    Returns
    -------
    tuple of FitColumn
    """
    names = shown_across(tables)
    columns = [column for series in tables.series for column in _series_columns(series, names)]
    for run in published.runs_on(tables.name) if published else ():
        if run.parameters and run.in_wide_tables:
            assert published is not None  # noqa: S101 - there is a run
            _insert(columns, run, published.name)
    return tuple(columns)


def _series_columns(series: SeriesTables, names: Sequence[str] | None) -> list[FitColumn]:
    """Return the one or two columns of a series."""
    n_runs, n_ok = series.n_runs, len(series.ok)
    if n_ok == 0:
        status = str(series.fits["status"].iloc[0])
        return [
            FitColumn(
                title=series.title, key=series.key, labels="", n_ok=0, n_runs=n_runs, status=status
            )
        ]
    shown = [RAW, RELABELLED] if series.has_raw_line else [series.judged_labels]
    return [
        FitColumn(
            title=series.title,
            key=series.key,
            labels=labels if series.has_components else "",
            n_ok=n_ok,
            n_runs=n_runs,
            estimates=_estimates(of_names(series.labelled(labels), names)),
        )
        for labels in shown
    ]


def _estimates(rows: pd.DataFrame) -> dict[str, ParameterSummary]:
    """Aggregate the replicates of each parameter."""
    return {str(name): _estimate(group) for name, group in rows.groupby("parameter", sort=False)}


def _estimate(group: pd.DataFrame) -> ParameterSummary:
    """Aggregate replicates: average means and sds, the worst diagnostics."""
    n = len(group)
    between_sd = _number(group["mean"].std(ddof=1)) if n > 1 else None
    mcse = None if between_sd is None else between_sd / n**0.5
    if n == 1:
        mcse = _number(group["mcse_mean"].iloc[0])
    return ParameterSummary(
        # a quantity that is undefined in every draw has neither
        mean=_number(group["mean"].mean()),
        sd=_number(group["sd"].mean()),
        between_sd=between_sd,
        mcse_mean=mcse,
        ess_bulk=_number(group["ess_bulk"].min()),
        ess_tail=_number(group["ess_tail"].min()),
        r_hat=_number(group["r_hat"].max()),
    )


def _number(value: Any) -> float | None:
    """Return a float, None for a missing value."""
    return None if pd.isna(value) else float(value)


def _insert(columns: list[FitColumn], run: PublishedRun, name: str) -> None:
    """Put a published fit behind the last series that it is to be compared with."""
    column = FitColumn(
        title=f"{name}: {run.title}",
        key=None,
        labels=run.labels or "",
        n_ok=1,
        n_runs=1,
        estimates={
            parameter: _published_estimate(summary) for parameter, summary in run.parameters.items()
        },
    )
    places = [i for i, other in enumerate(columns) if _is_counterpart(other, run)]
    same_labels = [i for i in places if columns[i].labels == run.labels]
    at = (same_labels or places or [len(columns) - 1])[-1] + 1
    columns.insert(at, column)


def _is_counterpart(column: FitColumn, run: PublishedRun) -> bool:
    """Whether a column shows what a published fit is to be compared with."""
    if column.key is None or column.key.method != run.method:
        return False
    return run.variant in (None, column.key.variant)


def _published_estimate(summary: PublishedSummary) -> ParameterSummary:
    """Return what was printed of one parameter."""
    return ParameterSummary(
        mean=summary.mean,
        sd=summary.sd,
        mcse_mean=summary.mcse_mean,
        ess_bulk=summary.ess_bulk,
        ess_tail=summary.ess_tail,
        r_hat=summary.r_hat,
    )
