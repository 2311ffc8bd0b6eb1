"""What the tables say of each fit, for the figure of errors against times."""

from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd

from harness.methods import DEFAULT_VARIANT, Nuts
from harness.plot import Outcome, SweptOutcome
from harness.report import Results
from harness.report.dataset import SeriesTables, dataset_tables
from harness.report.growth import swept_rows, swept_titles
from harness.report.leaderboard import posteriors_table
from harness.study.series import SeriesKey
from harness.study.swept import Sweep


def outcomes_of(results: Results) -> dict[str, tuple[Outcome, ...]]:
    """Return, by data set, the fits whose error and time are known.

    Parameters
    ----------
    results : Results
        The study's tables.

    Returns
    -------
    dict
    """
    every = {name: dataset_tables(results, name).series for name in results.datasets}
    return {
        name: tuple(
            outcome
            for each in series
            for outcome in _outcomes(each, is_usual=each.key == _usual_of(series))
        )
        for name, series in every.items()
    }


def _usual_of(series: Sequence[SeriesTables]) -> SeriesKey | None:
    """Return NUTS at its defaults, of several that with the program that most others fit."""
    of_program = Counter(each.key.program for each in series)
    usual = [each.key for each in series if each.key[1:] == (Nuts.name, DEFAULT_VARIANT)]
    return max(usual, key=lambda key: of_program[key.program], default=None)


def swept_outcomes_of(results: Results) -> tuple[SweptOutcome, ...]:
    """Return what came of each series with its values of what the study sweeps.

    Parameters
    ----------
    results : Results
        The study's tables.

    Returns
    -------
    tuple of SweptOutcome
        Empty of a study that sweeps nothing.
    """
    sweep = Sweep.of_json(results.manifest.get("sweep", {}))
    if not sweep.axes:
        return ()
    tables = [dataset_tables(results, name) for name in results.datasets]
    rows = list(swept_rows(posteriors_table(tables), sweep))
    titles = swept_titles(rows)
    return tuple(
        SweptOutcome(
            dataset=row.dataset,
            title=titles[row.key],
            options=row.options,
            error_sd=row.row["mean_error_sd"],
            verdict=row.row["verdict"] or "",
        )
        for row in rows
    )


def _outcomes(series: SeriesTables, *, is_usual: bool) -> Iterator[Outcome]:
    """Give the fits of one series."""
    errors = series.judged.dropna(subset="mean_error_sd")
    largest = errors.groupby("replicate")["mean_error_sd"].agg(lambda each: each.abs().max())
    for row in series.ok.to_dict("records"):
        replicate, time_s = row["replicate"], row["fit_time_s"]
        if replicate not in largest.index or pd.isna(time_s) or pd.isna(row["verdict"]):
            continue
        yield Outcome(
            title=series.title,
            fit_time_s=float(time_s),
            error_sd=float(largest[replicate]),
            verdict=str(row["verdict"]),
            is_usual=is_usual,
        )
