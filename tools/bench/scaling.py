"""Time and memory of each method against the number of rows."""

import statistics
from collections.abc import Iterator
from typing import Any

import pandas as pd

from harness.fits.fit import Status
from harness.results.columns import make_table
from harness.study.study import Run
from tools.bench.columns import SCALING_COLUMNS
from tools.bench.contenders import fit_own
from tools.bench.plan import SCALING, Bench, mixture_rows, seeds
from tools.bench.statistics import exponent

#: Exponents are fitted from this many rows on, where rows and not starting up take the time.
FIT_FROM_N_ROWS = 10_000
#: A run is ended when it takes this many times the time limit: most of it is not the fit.
_GRACE = 4


def scaling_table(bench: Bench) -> pd.DataFrame:
    """Time the study's runs of variant "scaling" on more and more rows.

    Parameters
    ----------
    bench : Bench
        What to run.

    Returns
    -------
    DataFrame
        Columns :data:`~tools.bench.columns.SCALING_COLUMNS`. A method that took longer than
        the time limit, or was ended, has no rows of more rows; the last says why.
    """
    runs = bench.runs(variant=SCALING)
    return make_table([row for run in runs for row in _method_rows(bench, run)], SCALING_COLUMNS)


def _method_rows(bench: Bench, run: Run) -> Iterator[dict[str, Any]]:
    limit = bench.sizes.time_limit_s
    for n_rows in bench.sizes.scaling_n_rows:
        bench.note(f"{run.program} / {run.method.name}, {n_rows:,} rows")
        row = _row(bench, run, n_rows)
        yield row
        stopped = row["status"] is Status.FAILED and "stopped after" in row["reason"]
        if stopped or (row["fit_time_s"] or 0) > limit:
            return


def _row(bench: Bench, run: Run, n_rows: int) -> dict[str, Any]:
    outcome = fit_own(
        bench,
        run,
        mixture_rows(n_rows),
        seeds=seeds(run, bench.sizes.scaling_repeats),
        max_time_s=bench.sizes.repeat_below_s,
        time_limit_s=_GRACE * bench.sizes.time_limit_s,
    )
    failed = bool(outcome.reason)
    return {
        "method": run.method.name,
        "program": run.program,
        "n_rows": n_rows,
        "n_repeats": len(outcome.fit_times_s),
        "fit_time_s": None if failed else statistics.median(outcome.fit_times_s),
        "total_time_s": None if failed else statistics.median(outcome.warm_times_s),
        "peak_memory_mb": outcome.peak_memory_mb,
        "status": Status.FAILED if failed else Status.OK,
        "reason": outcome.reason,
    }


def exponents(table: pd.DataFrame) -> dict[str, float]:
    """Fit each series' exponent of time against rows.

    Parameters
    ----------
    table : DataFrame
        From :func:`scaling_table`.

    Returns
    -------
    dict
        By :func:`series_of`, from runs on at least :data:`FIT_FROM_N_ROWS` rows; NaN for fewer
        than two.
    """
    ok = table[(table["status"] == Status.OK) & (table["n_rows"] >= FIT_FROM_N_ROWS)]
    return {
        series: exponent(
            ok.loc[series_of(ok) == series, "n_rows"].astype(float).tolist(),
            ok.loc[series_of(ok) == series, "fit_time_s"].astype(float).tolist(),
        )
        for series in dict.fromkeys(series_of(table))
    }


def series_of(table: pd.DataFrame) -> "pd.Series[str]":
    """Return what each row of a table of times belongs to: ``method / program``."""
    return table["method"].astype(str) + " / " + table["program"].astype(str)
