"""The tables of runs, a row each, and of published numbers."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from harness.published import Published, PublishedRun
from harness.report.dataset import DatasetTables
from harness.report.grid import ABSENT, Grid, make_grid
from harness.report.numbers import Number, count, fixed, plain, seconds
from harness.series import METHOD_TITLES
from harness.table import NOT_APPLICABLE

_HEAD = (
    "run",
    "program",
    "replicate",
    "rows",
    "weight",
    "fit (s)",
    "ELBO",
    "verdict",
    "status",
    "notes",
)


def runs_table(tables: DatasetTables, published: Published | None) -> Grid:
    """Return a row per run of one data set: what it has seen, how it ended, warnings.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.
    published : Published or None
        Its fits of the data set follow below, with what was printed of them.

    Returns
    -------
    Grid
    """
    rows = [_run_cells(row) for item in tables.series for row in item.fits.to_dict("records")]
    for run in published.runs_on(tables.name) if published else ():
        assert published is not None  # noqa: S101 - there is a run
        rows.append(_published_cells(run, published.name))
    return make_grid(_HEAD, rows, text_columns=(0, 1, 7, 8, 9))


def _run_cells(row: Mapping[Hashable, Any]) -> list[str]:
    """Return one run's cells."""
    known = {name: None if pd.isna(value) else value for name, value in row.items()}
    notes = [
        clause
        for name in ("reason", "warnings")
        if known[name]
        for clause in str(known[name]).split("; ")
    ]
    method, weight = str(row["method"]), known["likelihood_weight"]
    return [
        f"{METHOD_TITLES.get(method, method)} {row['variant']}",
        str(row["program"]),
        str(row["replicate"]),
        count(known["n_rows"]),
        plain(weight),
        seconds(known["fit_time_s"]),
        fixed(known["elbo"], 2),
        str(known["verdict"] or NOT_APPLICABLE),
        str(row["status"]),
        "; ".join(dict.fromkeys(notes)),
    ]


def _published_cells(run: PublishedRun, name: str) -> list[str]:
    """Return a published fit's cells, empty where nothing was printed."""
    return [
        f"{name}: {run.title}",
        ABSENT,
        ABSENT,
        count(run.n_rows) if run.n_rows else ABSENT,
        plain(run.likelihood_weight) if run.likelihood_weight else ABSENT,
        seconds(run.fit_time_s) if run.fit_time_s else ABSENT,
        fixed(run.elbo, 2) if run.elbo is not None else ABSENT,
        ABSENT,
        "published",
        "; ".join(note.rstrip(".") for note in (run.settings, *run.warnings) if note),
    ]


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
    rows = []
    for run in published.runs:
        for name, summary in run.parameters.items():
            values = [getattr(summary, item) for item in _PUBLISHED_FIELDS]
            cells = [ABSENT if v is None else Number(f"{v:.10g}", v) for v in values]
            rows.append([run.dataset, run.title, run.labels or ABSENT, name, *cells])
    head = ["data set", "fit", "labels", "parameter", *_PUBLISHED_FIELDS]
    return make_grid(head, rows, text_columns=(0, 1, 2, 3))
