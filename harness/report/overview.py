"""What a report on many data sets, or with a sweep, says of all of them together."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from harness.report.dataset import DatasetTables
from harness.report.growth import Swept, growth_grid, spread_grid, swept_rows
from harness.report.leaderboard import (
    leaderboard_grid,
    leaderboard_table,
    posteriors_grid,
    posteriors_table,
)
from harness.report.results import Results
from harness.report.sections import Part
from harness.results.columns import table_text
from harness.study.swept import Sweep

#: So many data sets are counted up.
LEAST_DATASETS = 3

#: Figures of all data sets by their names' beginnings and ends.
GAIN, SWEEP = "all_gain", "_sweep"


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Parts on all data sets.

    Attributes
    ----------
    parts : tuple of Part
        Tables, and places for figures.
    files : dict
        CSV files by name: ``posteriors.csv`` and ``leaderboard.csv``.
    left_out : tuple of str
        What could not be run, with the reason, in sentences.
    """

    name = "all data sets"
    stem = "all"
    parts: tuple[Part, ...]
    files: dict[str, str]
    left_out: tuple[str, ...] = ()


def make_overview(results: Results, datasets: Sequence[DatasetTables]) -> Overview | None:
    """Say what there is to say of all data sets.

    Parameters
    ----------
    results : Results
        Saved tables and manifest.
    datasets : sequence of DatasetTables
        The same by data set.

    Returns
    -------
    Overview or None
        None of a study with few data sets that sweeps nothing.
    """
    sweep = Sweep.of_json(results.manifest.get("sweep", {}))
    if len(datasets) < LEAST_DATASETS and not sweep.axes:
        return None
    posteriors = posteriors_table(datasets)
    left_out = results.manifest.get("left_out", {})
    return Overview(
        parts=tuple(_parts(results, posteriors, sweep)),
        files=overview_files(posteriors),
        left_out=tuple(f"`{name}` was not run: {reason}." for name, reason in left_out.items()),
    )


def overview_files(posteriors: pd.DataFrame) -> dict[str, str]:
    """Return the tables of all data sets as files."""
    board = leaderboard_table(posteriors)
    return {"posteriors.csv": table_text(posteriors), "leaderboard.csv": table_text(board)}


def _parts(results: Results, posteriors: pd.DataFrame, sweep: Sweep) -> list[Part]:
    """Return tables and places for figures, in the order of the report."""
    parts = (
        Part(kind="gain", title="What is gained", figures=(GAIN,)),
        Part(
            kind="leaderboard",
            title="Leaderboard",
            table=leaderboard_grid(leaderboard_table(posteriors)),
            note="Shares of data sets by verdict, of replicates by the worst. The method that is "
            "trusted most often comes first.",
            sources=("leaderboard.csv",),
        ),
        Part(
            kind="posteriors",
            title="What may be trusted where",
            table=posteriors_grid(posteriors),
            note="Of replicates the worst verdict. The reasons stand below, by data set.",
            sources=("posteriors.csv",),
        ),
        Part(kind="sweep", title="Errors and verdicts over what is swept", figures=(SWEEP,)),
        *_growth(list(swept_rows(posteriors, sweep)), sweep),
        Part(
            kind="spread",
            title="How far subsamples lie apart",
            table=spread_grid(results.stability) if sweep.axes else None,
            note="The ratio is known to about 1/√(2 (replicates - 1)) for each parameter, and "
            "better for all of them together. Gradient ascent adds noise of its own.",
            sources=("stability.csv",),
        ),
    )
    return [part for part in parts if part.table is not None or part.figures]


def _growth(swept: Sequence[Swept], sweep: Sweep) -> list[Part]:
    """Return how costs grow with what is swept."""
    return [
        Part(
            kind="growth",
            title="How times grow",
            table=growth_grid(swept, sweep, of="fit_time_s"),
            note="A time grows as this power of what is swept. Times of a few hundredths of a "
            "second are mostly start-up.",
            sources=("posteriors.csv",),
        ),
        Part(
            kind="memory",
            title="How memory grows",
            table=growth_grid(swept, sweep, of="peak_memory_mb"),
            note="The memory of Stan's processes grows as this power of what is swept. A process "
            "without data takes about ten megabytes, and NUTS has one for each chain.",
            sources=("posteriors.csv",),
        ),
    ]
