"""What the tables say of each fit, for the figure of errors against times."""

from collections.abc import Iterator

import pandas as pd

from harness.methods import DEFAULT_VARIANT, Nuts
from harness.plot import Outcome
from harness.report import Results
from harness.report.dataset import SeriesTables, dataset_tables


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
    return {
        name: tuple(
            outcome
            for series in dataset_tables(results, name).series
            for outcome in _outcomes(series)
        )
        for name in results.datasets
    }


def _outcomes(series: SeriesTables) -> Iterator[Outcome]:
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
            is_usual=series.key.method == Nuts.name and series.key.variant == DEFAULT_VARIANT,
        )
