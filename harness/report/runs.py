"""Runs as rows of tables, and the table of published numbers."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.report.dataset import DatasetTables
from harness.report.grid import ABSENT, Cell, Grid, Row, make_grid, number
from harness.report.numbers import fixed, with_error
from harness.report.reasons import tally
from harness.results.columns import NOT_APPLICABLE
from harness.study.published import Published, PublishedRun
from harness.study.series import method_title


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """A run of the study, or a published fit.

    Attributes
    ----------
    title : str
        What the table calls it.
    values : Mapping
        Its row of ``fits.csv``, None where a value does not apply; of a published fit what was
        printed.  `notes` are its reason and warnings.
    missing : str
        The text of a cell without a value.
    """

    title: str
    values: Mapping[str, Any]
    missing: str = NOT_APPLICABLE

    def number(self, key: str, show: Callable[[float], str]) -> Cell:
        """Return a number."""
        value = self.values.get(key)
        return Cell(text=self.missing) if value is None else number(value, show)

    def text(self, key: str) -> str:
        """Return a text as it is."""
        value = self.values.get(key)
        return self.missing if value is None else str(value)

    def flag(self, key: str) -> str:
        """Return a flag in words."""
        value = self.values.get(key)
        return self.missing if value is None else "yes" if value else "no"

    def verdict(self) -> Cell:
        """Return the verdict on the run."""
        verdict = self.values.get("verdict")
        return Cell(text=self.missing) if verdict is None else tally([str(verdict)])

    def elbo(self) -> Cell:
        """Return the ELBO with two decimals."""
        return self.number("elbo", lambda value: fixed(value, 2))

    def elbo_with_error(self) -> Cell:
        """Return the ELBO with its standard error, if that is known."""
        error = self.values.get("elbo_mcse")
        if error is None:
            return self.elbo()
        return self.number("elbo", lambda value: with_error(value, error))


def chain_runs(tables: DatasetTables) -> list[RunRow]:
    """Return the runs of chains with a fit."""
    return list(_fitted(tables, are_chains=True))


def approximation_runs(tables: DatasetTables) -> list[RunRow]:
    """Return the runs of approximations with a fit."""
    return list(_fitted(tables, are_chains=False))


def _fitted(tables: DatasetTables, *, are_chains: bool) -> Iterator[RunRow]:
    """Give the runs with a fit; replicates with their number."""
    for series in tables.series:
        if series.are_chains is are_chains:
            for row in series.ok.to_dict("records"):
                replicate = f" #{row['replicate']}" if series.n_runs > 1 else ""
                yield RunRow(title=f"{series.title}{replicate}", values=_known(row))


def all_runs(tables: DatasetTables, published: Published | None) -> Iterator[RunRow]:
    """Give all runs of a data set, then its published fits.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.
    published : Published or None
        Numbers from elsewhere.
    """
    for item in tables.series:
        for row in item.fits.to_dict("records"):
            values = _known(row)
            title = method_title(str(row["method"]))
            yield RunRow(
                title=f"{title} {row['variant']}", values={**values, "notes": _notes(values)}
            )
    if published is not None:
        for run in published.runs_on(tables.name):
            yield _published_row(run, published.name)


def _known(row: Mapping[Hashable, Any]) -> dict[str, Any]:
    """Return a row with None for what does not apply."""
    return {str(name): None if pd.isna(value) else value for name, value in row.items()}


def _notes(values: Mapping[str, Any]) -> str:
    """Return why a run failed and its warnings, each once."""
    told = (str(values[name]) for name in ("reason", "warnings") if values[name])
    return "; ".join(dict.fromkeys(clause for text in told for clause in text.split("; ")))


def _published_row(run: PublishedRun, name: str) -> RunRow:
    """Return a published fit; what was not printed stays empty."""
    notes = [note.rstrip(".") for note in (run.settings, *run.warnings) if note]
    values = {
        "n_rows": run.n_rows,
        "likelihood_weight": run.likelihood_weight,
        "fit_time_s": run.fit_time_s,
        "elbo": run.elbo,
        "status": "published",
        "notes": "; ".join(notes),
    }
    return RunRow(title=f"{name}: {run.title}", values=values, missing=ABSENT)


_PUBLISHED_FIELDS = (
    "mean",
    "sd",
    "variance",
    "hdi_3",
    "hdi_97",
    "mcse_mean",
    "mcse_sd",
    "ess_bulk",
    "ess_tail",
    "r_hat",
)


def published_table(published: Published) -> Grid:
    """Return every published summary as it was printed, a row per fit and parameter."""
    rows: list[Row] = []
    for run in published.runs:
        for name, summary in run.parameters.items():
            values = [getattr(summary, item) for item in _PUBLISHED_FIELDS]
            cells = [ABSENT if value is None else _as_printed(value) for value in values]
            rows.append([run.dataset, run.title, run.labels or ABSENT, name, *cells])
    head = ["data set", "fit", "labels", "parameter", *_PUBLISHED_FIELDS]
    return make_grid(head, rows, text_columns=(0, 1, 2, 3))


def _as_printed(value: float) -> Cell:
    return number(value, lambda each: f"{each:.10g}")
