"""What a report on many data sets, or with a sweep, says of all of them together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from harness.report.dataset import DatasetTables
from harness.report.growth import growth_grid, spread_grid, swept_rows
from harness.report.leaderboard import (
    board_answer,
    leaderboard_grid,
    leaderboard_table,
    posteriors_grid,
    posteriors_table,
)
from harness.report.notes import MEANINGS
from harness.report.results import Results
from harness.report.sections import Part
from harness.results.columns import table_text
from harness.study.series import MOST_IN_FULL
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
    answer : str
        On how many data sets each method may be trusted, in Markdown.
    left_out : tuple of str
        What could not be run, with the reason, in sentences.
    """

    name = "all data sets"
    stem = "all"
    parts: tuple[Part, ...]
    files: dict[str, str]
    answer: str = ""
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
        parts=tuple(_parts(results, posteriors, datasets, sweep)),
        answer=board_answer(leaderboard_table(posteriors), datasets),
        files=overview_files(posteriors),
        left_out=tuple(f"`{name}` was not run: {reason}." for name, reason in left_out.items()),
    )


def overview_files(posteriors: pd.DataFrame) -> dict[str, str]:
    """Return the tables of all data sets as files."""
    board = leaderboard_table(posteriors)
    return {"posteriors.csv": table_text(posteriors), "leaderboard.csv": table_text(board)}


def _parts(
    results: Results, posteriors: pd.DataFrame, datasets: Sequence[DatasetTables], sweep: Sweep
) -> list[Part]:
    """Return tables and places for figures, in the order of the report."""
    parts = (
        Part(kind="gain", title="What is gained", figures=(GAIN,)),
        *_boards(posteriors, datasets),
        Part(kind="sweep", title="Errors and verdicts over what is swept", figures=(SWEEP,)),
        Part(
            kind="growth",
            title="How time and memory grow",
            table=growth_grid(list(swept_rows(posteriors, sweep)), sweep),
            note="A cost grows as this power of what is swept; 0: not at all, 1: in proportion. "
            "Times of a few hundredths of a second are mostly start-up. The memory is that of "
            "Stan's processes: about ten megabytes each without data, and NUTS has one for each "
            "chain.",
            sources=("posteriors.csv",),
        ),
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


def _boards(posteriors: pd.DataFrame, datasets: Sequence[DatasetTables]) -> Iterator[Part]:
    """Give the leaderboard, and the verdicts by data set."""
    has_replicates = any(item.has_replicates for item in datasets)
    worst = " For replicates the worst verdict counts." if has_replicates else ""
    n_known = sum(bool(item.compared) for item in datasets)
    known = "" if n_known == len(datasets) else f" Errors are known on {n_known} of the data sets."
    # where there are many, no data set has the table below which verdicts are explained
    meanings = f" {MEANINGS}" if len(datasets) > MOST_IN_FULL else ""
    yield Part(
        kind="leaderboard",
        title="Leaderboard",
        table=leaderboard_grid(leaderboard_table(posteriors)),
        note="Shares of data sets by verdict; the method that is trusted most often comes first."
        f"{worst}{known}",
        sources=("leaderboard.csv",),
    )
    yield Part(
        kind="posteriors",
        title="What may be trusted where",
        table=posteriors_grid(posteriors),
        note=f"The reasons stand below, by data set.{worst}{meanings}",
        sources=("posteriors.csv",),
    )
