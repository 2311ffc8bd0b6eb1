"""Reports of the fabricated study, and their tables read back."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from harness.execution.run import FittedRun
from harness.plot import figure_files, study_figures, write_figure_files
from harness.results.columns import (
    COMPARISON_COLUMNS,
    FITS_COLUMNS,
    STABILITY_COLUMNS,
    make_table,
    read_table,
    write_table,
)
from harness.results.manifest import make_manifest, write_manifest
from harness.study.published import parse_published
from harness.study.study import Study
from harness.summary import summarise
from harness.summary.reference import ReferenceDraws
from tests.fabricated import CELLS, ORDERED_NUTS, OTHER_CELLS, Cell, fabricate

PUBLISHED = parse_published(
    {
        "source": "a page of 2025",
        "name": "page",
        "runs": [
            {
                "title": "NUTS",
                "dataset": "toy",
                "method": "nuts",
                "labels": "raw",
                "fit_time_s": 2.5,
                "warnings": ["The rhat statistic is larger than 1.01."],
                "parameters": {
                    "mu[1,1]": {"mean": 0.013, "sd": 0.826, "mcse_mean": 0.563, "r_hat": 1.83}
                },
            },
            {
                "title": "ADVI adagrad",
                "dataset": "toy",
                "method": "advi",
                "variant": "tuned",
                "labels": "raw",
                "elbo": -321.61,
                "parameters": {"pi[1]": {"mean": 0.13561435}},
            },
            {
                "title": "ADVI other scale",
                "dataset": "toy",
                "method": "advi",
                "in_wide_tables": False,
                "parameters": {"pi_simplex__": {"mean": -0.94516826}},
            },
        ],
    }
)


ALL_CELLS = (*CELLS, *OTHER_CELLS)

Source = tuple[str, str, str] | Path | None


def write_results(
    folder: Path,
    cells: tuple[Cell, ...] = ALL_CELLS,
    *,
    mixture: bool = True,
    figures: bool = False,
    reference: Source = None,
    from_files: Mapping[str, ReferenceDraws] | None = None,
) -> None:
    """Save what a run of the fabricated study leaves behind; the same again is measured once."""
    if from_files:
        study, fitted = fabricate(cells, mixture=mixture, reference=reference)
        files = _tables(study, fitted, from_files)
    else:
        files = _tables_of(cells, mixture=mixture, reference=reference)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    if figures:
        drawn = _figures_of(cells, mixture=mixture, reference=reference)
        write_figure_files(drawn, folder / "figures")


def _tables(
    study: Study, fitted: Sequence[FittedRun], from_files: Mapping[str, ReferenceDraws]
) -> dict[str, bytes]:
    """Return the tables and the manifest of a study by the file's name."""
    summary = summarise(study, fitted, from_files)
    tables = {
        "comparison.csv": make_table(summary.comparison, COMPARISON_COLUMNS),
        "fits.csv": make_table(summary.fits, FITS_COLUMNS),
        "stability.csv": make_table(summary.stability, STABILITY_COLUMNS),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, table in tables.items():
            write_table(table, folder / file)
        write_manifest(make_manifest(study, fitted), folder / "manifest.json")
        return {file.name: file.read_bytes() for file in folder.iterdir()}


@cache
def _tables_of(cells: tuple[Cell, ...], *, mixture: bool, reference: Source) -> dict[str, bytes]:
    return _tables(*fabricate(cells, mixture=mixture, reference=reference), {})


@cache
def _figures_of(cells: tuple[Cell, ...], *, mixture: bool, reference: Source) -> dict[str, bytes]:
    study, fitted = fabricate(cells, mixture=mixture, reference=reference)
    return figure_files(study_figures(study, fitted))


def write_many_parameters(
    folder: Path, n_elements: int = 60, cells: tuple[Cell, ...] = ALL_CELLS
) -> None:
    """Save what a comparison of a program of many parameters leaves: a vector and some scalars."""
    write_results(folder, cells, mixture=False, figures=True, reference=ORDERED_NUTS)
    table = read_table(folder / "comparison.csv", COMPARISON_COLUMNS)
    first = table[table["parameter"] == "mu[1,1]"]
    others = table[table["parameter"] != "mu[1,1]"]
    elements = pd.concat([first] * n_elements)
    elements["parameter"] = np.repeat([f"theta[{i}]" for i in range(1, n_elements + 1)], len(first))
    spread = 1 + 0.05 * np.random.default_rng(4).random(len(elements))
    for column in ("mean", "mean_error_sd", "log_sd_ratio"):
        elements[column] *= spread
    # every sentence has a number of its own, as in fits that were measured
    elements["verdict_reason"] += [f" ({each:.6f})" for each in spread]
    write_table(pd.concat([elements, others]), folder / "comparison.csv")


def parse_markdown(file: Path) -> pd.DataFrame:
    """Read a Markdown table back."""
    lines = [line for line in file.read_text().splitlines() if line.startswith("|")]
    cells = [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert all(re.fullmatch(r":?-+:?", cell) for cell in cells[1])
    return pd.DataFrame(cells[2:], columns=pd.Index(cells[0]))


def parameters_down(file: Path) -> pd.DataFrame:
    """Read a wide table whose series stand down, turned round."""
    table = parse_markdown(file)
    assert table.columns[0] == "series"
    if table.columns[1] != "diagnostic":
        return table.set_index("series").T
    table["series"] = table["series"].replace("", None).ffill()
    table["diagnostic"] = table["diagnostic"].str.split(", ")
    return table.explode("diagnostic").set_index(["series", "diagnostic"]).T


def comparison_rows(folder: Path, program: str, method: str, variant: str) -> pd.DataFrame:
    table = read_table(folder / "comparison.csv", COMPARISON_COLUMNS)
    wanted = (table["program"] == program) & (table["method"] == method)
    return table[wanted & (table["variant"] == variant)]


SINGLE = {
    "NUTS (ordered)": ("ordered", "nuts", "default", "relabelled"),
    "NUTS (plain), raw labels": ("plain", "nuts", "default", "raw"),
    "NUTS (plain), relabelled": ("plain", "nuts", "default", "relabelled"),
    "ADVI default": ("plain", "advi", "default", "relabelled"),
    "ADVI tuned": ("plain", "advi", "tuned", "relabelled"),
    "Pathfinder": ("plain", "pathfinder", "default", "relabelled"),
}
REPLICATED = {
    "subsample ADVI weighted, 3 replicates": "weighted",
    "subsample ADVI unweighted, 3 replicates": "unweighted",
}


def own_rows(folder: Path, series: str, labels: str = "relabelled") -> pd.DataFrame:
    """The rows of a series, whose title is that of a table."""
    program, method, variant, _ = SINGLE[series]
    rows = comparison_rows(folder, program, method, variant)
    return rows[rows["labels"] == labels].set_index("parameter")


def numbers(cell: object) -> list[float]:
    """The numbers in a cell."""
    return [float(item) for item in re.findall(r"-?\d+\.?\d*(?:e[+-]\d+)?", str(cell))]
