"""The tables of runs, a row each, and of published numbers."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import pandas as pd

from harness.report.dataset import DatasetTables
from harness.report.grid import ABSENT, Cell, Grid, Head, Row, make_grid, number
from harness.report.numbers import count, fixed, plain, seconds
from harness.report.reasons import tally
from harness.study.published import Published, PublishedRun
from harness.study.series import METHOD_TITLES

_HEAD = (
    Head("run", "run"),
    Head("program", "program", is_text=True),
    Head("replicate", "replicate"),
    Head("n_rows", "rows"),
    Head("likelihood_weight", "weight"),
    Head("fit_time_s", "fit (s)"),
    Head("elbo", "ELBO"),
    Head("verdict", "verdict", is_text=True),
    Head("status", "status", is_text=True),
    Head("notes", "notes", is_text=True),
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
    return make_grid(_HEAD, rows)


def _run_cells(row: Mapping[Hashable, Any]) -> Row:
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
        number(known["n_rows"], count),
        number(weight, plain),
        number(known["fit_time_s"], seconds),
        number(known["elbo"], _elbo),
        tally([str(known["verdict"])] if known["verdict"] else []),
        str(row["status"]),
        "; ".join(dict.fromkeys(notes)),
    ]


def _published_cells(run: PublishedRun, name: str) -> Row:
    """Return a published fit's cells, empty where nothing was printed."""
    return [
        f"{name}: {run.title}",
        ABSENT,
        ABSENT,
        _printed(run.n_rows, count),
        _printed(run.likelihood_weight, plain),
        _printed(run.fit_time_s, seconds),
        _printed(run.elbo, _elbo),
        ABSENT,
        "published",
        "; ".join(note.rstrip(".") for note in (run.settings, *run.warnings) if note),
    ]


def _elbo(value: float) -> str:
    return fixed(value, 2)


def _printed(value: float | None, show: Callable[[float], str]) -> Cell:
    """Return a published number, empty where none was printed."""
    return Cell(text=ABSENT) if value is None else number(value, show)


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
            cells = [_printed(value, lambda each: f"{each:.10g}") for value in values]
            rows.append([run.dataset, run.title, run.labels or ABSENT, name, *cells])
    head = ["data set", "fit", "labels", "parameter", *_PUBLISHED_FIELDS]
    return make_grid(head, rows, text_columns=(0, 1, 2, 3))
