"""The Markdown tables of runs, a row each, and of published numbers."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from harness.published import Published, PublishedRun
from harness.report.numbers import count, fixed, seconds
from harness.report.tables import ABSENT, markdown_table
from harness.series import METHOD_TITLES
from harness.table import NOT_APPLICABLE

_RUN_COLUMNS: Sequence[tuple[str, str, Callable[..., str]]] = (
    ("n_rows", "rows", count),
    (
        "likelihood_weight",
        "weight",
        lambda value: NOT_APPLICABLE if value is None else f"{value:g}",
    ),
    ("compile_time_s", "compile (s)", seconds),
    ("fit_time_s", "fit (s)", seconds),
    ("n_divergent", "divergences", count),
    ("tree_depth_max", "deepest tree", count),
    ("n_tree_depth_limit", "at tree limit", count),
    ("e_bfmi_min", "E-BFMI", lambda value: fixed(value, 2)),
    ("elbo", "ELBO", lambda value: fixed(value, 2)),
    ("n_iterations", "iterations", count),
    ("eta", "eta", lambda value: NOT_APPLICABLE if value is None else f"{value:g}"),
)


def runs_table(fits: pd.DataFrame, published: Published | None, dataset: str) -> str:
    """Return a row per run of one data set: times, the algorithm's account, status, warnings.

    Parameters
    ----------
    fits : DataFrame
        ``fits.csv``.
    published : Published or None
        Its fits of the data set follow below, with what was printed of them.
    dataset : str
        The data set's name.

    Returns
    -------
    str
        Markdown; columns that apply to no run are left out.
    """
    own = fits[fits["dataset"] == dataset]
    shown = [item for item in _RUN_COLUMNS if own[item[0]].notna().any()]
    head = ["run", "program", "replicate", *[title for _, title, _ in shown]]
    rows = [_run_cells(row, shown) for row in own.to_dict("records")]
    for run in published.runs_on(dataset) if published else ():
        assert published is not None  # noqa: S101 - there is a run
        rows.append(_published_cells(run, published.name, [name for name, _, _ in shown]))
    n = len(head)
    return markdown_table(
        [*head, "stopping rule met", "status", "notes"], rows, text_columns=(0, 1, n, n + 1, n + 2)
    )


def _run_cells(
    row: Mapping[Hashable, Any], shown: Sequence[tuple[str, str, Callable[..., str]]]
) -> list[str]:
    """Return one run's cells."""
    known = {name: None if pd.isna(value) else value for name, value in row.items()}
    notes = [str(known[name]) for name in ("reason", "warnings") if known[name]]
    method = str(row["method"])
    return [
        f"{METHOD_TITLES.get(method, method)} {row['variant']}",
        str(row["program"]),
        str(row["replicate"]),
        *[show(known[name]) for name, _, show in shown],
        str(known["converged"] or NOT_APPLICABLE),
        str(row["status"]),
        "; ".join(notes),
    ]


def _published_cells(run: PublishedRun, name: str, shown: Sequence[str]) -> list[str]:
    """Return a published fit's cells, empty where nothing was printed."""
    printed = {
        "n_rows": count(run.n_rows) if run.n_rows else ABSENT,
        "likelihood_weight": f"{run.likelihood_weight:g}" if run.likelihood_weight else ABSENT,
        "fit_time_s": seconds(run.fit_time_s) if run.fit_time_s else ABSENT,
        "elbo": fixed(run.elbo, 2) if run.elbo is not None else ABSENT,
    }
    return [
        f"{name}: {run.title}",
        ABSENT,
        ABSENT,
        *[printed.get(column, ABSENT) for column in shown],
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


def published_table(published: Published) -> str:
    """Return every published summary as it was printed, a row per fit and parameter."""
    rows = []
    for run in published.runs:
        for name, summary in run.parameters.items():
            values = [getattr(summary, item) for item in _PUBLISHED_FIELDS]
            cells = [ABSENT if value is None else f"{value:.10g}" for value in values]
            rows.append([run.dataset, run.title, run.labels or ABSENT, name, *cells])
    head = ["data set", "fit", "labels", "parameter", *_PUBLISHED_FIELDS]
    return markdown_table(head, rows, text_columns=(0, 1, 2, 3))
