"""The bench's tables as Markdown, made from its CSVs."""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.errors import ResultsError
from harness.fits.fit import Status
from harness.report.grid import ABSENT, brief_grid, make_grid, markdown_table
from harness.report.numbers import count, fixed, seconds, significant
from harness.results.columns import read_table
from tools.bench.columns import MINIBATCH_COLUMNS, NUTS_COLUMNS, SCALING_COLUMNS
from tools.bench.data_file import DATA_COLUMNS
from tools.bench.gradients import BENCH_COLUMNS
from tools.bench.scaling import exponents, series_of

_FILES = {
    "gradients": BENCH_COLUMNS,
    "nuts": NUTS_COLUMNS,
    "minibatch": MINIBATCH_COLUMNS,
    "scaling": SCALING_COLUMNS,
    "data": DATA_COLUMNS,
}


def read_bench(folder: Path) -> dict[str, pd.DataFrame]:
    """Read the tables that there are.

    Parameters
    ----------
    folder : Path
        ``results/bench``.

    Returns
    -------
    dict
        By name; without those that were never made.

    Raises
    ------
    ResultsError
        If one is damaged.
    """
    return {
        name: read_table(folder / f"{name}.csv", columns)
        for name, columns in _FILES.items()
        if (folder / f"{name}.csv").is_file()
    }


def read_machine(folder: Path) -> dict[str, Any]:
    """Read ``machine.json``.

    Raises
    ------
    ResultsError
        If there is none, or it is damaged.
    """
    try:
        content: dict[str, Any] = json.loads((folder / "machine.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultsError(f"'{folder / 'machine.json'}' cannot be read; run the bench") from error
    return content


#: Columns of the samplers' table that the page shows and the README does not.
_DETAILS = (
    *("warm ratio", "cold ratio", "ESS/s ratio"),
    *("bulk ESS", "R-hat", "error (MCSE)", "repeats"),
)


def nuts_markdown(table: pd.DataFrame, *, details: bool = True) -> str:
    """Return the comparison of samplers, without those that failed.

    Parameters
    ----------
    table : DataFrame
        Of ``nuts.csv``.
    details : bool
        Whether it has all columns or only those that a first reader wants.
    """
    head = ["sampler", "program", "warm (s)", "cold (s)", "warm ratio", "cold ratio", "bulk ESS"]
    head += ["ESS/s", "ESS/s ratio", "R-hat", "error (MCSE)", "memory (MB)", "repeats"]
    rows = [
        [
            str(row["sampler"]),
            *(ABSENT if pd.isna(row["program"]) else f"`{row['program']}`",),
            *(seconds(row["warm_time_s"]), seconds(row["cold_time_s"])),
            *(significant(row["warm_time_ratio"]), significant(row["cold_time_ratio"])),
            *(count(row["ess_bulk_min"]), significant(row["ess_per_s"], 3)),
            *(significant(row["ess_per_s_ratio"]), fixed(row["r_hat_max"], 3)),
            *(fixed(row["mean_error_mcse_max"], 1), count(row["peak_memory_mb"])),
            count(row["n_repeats"]),
        ]
        for row in _records(table)
    ]
    kept = [i for i, name in enumerate(head) if details or name not in _DETAILS]
    return _brief(
        [head[i] for i in kept], [[row[i] for i in kept] for row in rows], text=["program"]
    )


def minibatch_markdown(table: pd.DataFrame) -> str:
    """Return medians over seeds of each mini-batch method, without those that failed."""
    head = ["method", "seeds", "fit (s)", "to 0.1 sd (s)", "warm (s)", "cold (s)"]
    head += ["fit ratio", "warm ratio"]
    head += ["error of means (sd)", "worst seed", "least sd ratio", "largest sd ratio"]
    head += ["memory (MB)"]
    groups = table[table["status"] == Status.OK].groupby(["method", "variant"], sort=False)
    statistics = groups.median(numeric_only=True)
    statistics["n_seeds"] = groups.size()
    # of runs that never came so close the time is without end
    arrival = table["time_to_tenth_sd_s"].astype(float).fillna(np.inf)
    arrived = table.assign(arrival=arrival)[table["status"] == Status.OK]
    statistics["arrival"] = arrived.groupby(["method", "variant"], sort=False)["arrival"].median()
    statistics["worst_error"] = groups["mean_error_sd_max"].max()
    for kind in ("fit", "warm"):
        times = statistics[f"{kind}_time_s"]
        statistics[f"{kind}_ratio"] = times / times.iloc[:1].item()
    rows = [
        [
            *(f"{row['method']}, {row['variant']}", str(row["n_seeds"])),
            seconds(row["fit_time_s"]),
            seconds(row["arrival"]) if math.isfinite(row["arrival"]) else "not reached",
            *(seconds(row[f"{kind}_time_s"]) for kind in ("warm", "cold")),
            *(significant(row[f"{kind}_ratio"]) for kind in ("fit", "warm")),
            *(significant(row["mean_error_sd_max"]), significant(row["worst_error"])),
            *(significant(row["sd_ratio_min"]), significant(row["sd_ratio_max"])),
            count(row["peak_memory_mb"]),
        ]
        for row in _records(statistics.reset_index())
    ]
    return _brief(head, rows)


def scaling_markdown(table: pd.DataFrame) -> str:
    """Return times, methods down, rows across, and the exponent of each method."""
    sizes = sorted(set(table["n_rows"]))
    fitted = exponents(table)
    ok = table[table["status"] == Status.OK]
    times = dict(zip(zip(series_of(ok), ok["n_rows"], strict=True), ok["fit_time_s"], strict=True))
    rows = [
        [
            f"`{series}`",
            *(seconds(times[series, n]) if (series, n) in times else ABSENT for n in sizes),
            fixed(exponent, 2),
        ]
        for series, exponent in fitted.items()
    ]
    head = ["time (s) at N", *(f"{n:,}" for n in sizes), "exponent"]
    return markdown_table(make_grid(head, rows))


def gradients_markdown(table: pd.DataFrame) -> str:
    """Return what a gradient of each program takes."""
    head = ["program", "gradient (ms)", "times faster than the slowest", "times the bare loop"]
    rows = [
        [
            str(row["program"]),
            significant(1e3 * row["gradient_time_s"], 3),
            significant(row["ratio_to_slowest"], 3),
            significant(row["times_bare_loop"], 2),
        ]
        for row in _records(table)
    ]
    return _brief(head, rows)


def data_markdown(table: pd.DataFrame) -> str:
    """Return what each step on a large file of data takes."""
    head = ["step", "numbers", "file (MB)", "time (s)", "memory (MB)", "times the doubles"]
    rows = [
        [
            *(str(row["step"]), count(row["n_numbers"]), count(row["file_mb"])),
            *(seconds(row["time_s"]), count(row["peak_growth_mb"])),
            significant(row["times_doubles"]),
        ]
        for row in _records(table)
    ]
    return _brief(head, rows)


def _brief(head: Sequence[str], rows: Sequence[Sequence[str]], *, text: Sequence[str] = ()) -> str:
    """Return a Markdown table without columns that say nothing; empty without rows."""
    grid = brief_grid(head, rows, text=text)
    return markdown_table(grid) if grid else ""


def failures(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return a line for each row that has no statistics: what it is, and why."""
    lines = []
    for name, table in tables.items():
        if "status" not in table:
            continue
        for _, row in table[table["status"] != Status.OK].iterrows():
            who = [row.get(key) for key in ("sampler", "method", "variant", "program")]
            parts = [str(part) for part in who if part is not None and not pd.isna(part)]
            if name == "scaling":
                parts.append(f"{row['n_rows']:,} rows")
            lines.append(f"{', '.join(parts)}: {row['reason']}")
    return lines


def versions(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return the versions of all samplers, each once."""
    told = [
        part
        for table in tables.values()
        if "versions" in table
        for text in table["versions"].dropna()
        for part in str(text).split(", ")
    ]
    return list(dict.fromkeys(told))


def _records(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Give the rows that ended well, with None for what is missing."""
    ok = table[table["status"] == Status.OK] if "status" in table else table
    for record in ok.astype(object).to_dict("records"):
        yield {str(key): None if pd.isna(value) else value for key, value in record.items()}
