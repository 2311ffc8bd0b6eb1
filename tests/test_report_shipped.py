"""The report of the shipped study, built from the committed tables."""

import math
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.report import write_report
from harness.results.columns import COMPARISON_COLUMNS, FITS_COLUMNS, STABILITY_COLUMNS, read_table
from harness.study.published import Published, read_published
from tests.cases import PROJECT
from tests.html_page import Element, read_page

pytestmark = pytest.mark.slow

NAMES = ("comparison.csv", "fits.csv", "stability.csv", "manifest.json")
IDENTITY = ["dataset", "program", "method", "variant"]


@pytest.fixture(scope="module")
def published() -> Published:
    return read_published(PROJECT / "studies" / "notebook_published.toml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, published: Published) -> Path:
    folder = tmp_path_factory.mktemp("notebook")
    for name in NAMES:
        shutil.copy(PROJECT / "results" / "notebook" / name, folder)
    shutil.copytree(PROJECT / "results" / "notebook" / "figures", folder / "figures")
    write_report(folder, published=published)
    return folder


@pytest.fixture(scope="module")
def page(folder: Path) -> Element:
    return read_page((folder / "report.html").read_text(encoding="utf-8"))


def test_it_is_the_same_twice_and_made_in_seconds(folder: Path, published: Published) -> None:
    files = [folder / "report.html", folder / "report.md", *sorted((folder / "tables").iterdir())]
    before = [file.read_bytes() for file in files]
    started = time.process_time()
    write_report(folder, published=published)
    assert time.process_time() - started < 10
    assert [file.read_bytes() for file in files] == before


def values_behind(folder: Path, published: Published) -> Iterator[float]:
    """All numbers of the tables, and what a report makes of a column of replicates."""
    tables = {
        "comparison": (COMPARISON_COLUMNS, [*IDENTITY, "labels", "parameter"]),
        "fits": (FITS_COLUMNS, IDENTITY),
        "stability": (STABILITY_COLUMNS, [*IDENTITY, "labels", "parameter"]),
    }
    for name, (columns, keys) in tables.items():
        table = read_table(folder / f"{name}.csv", columns)
        numeric = table.select_dtypes("number").astype(float)
        yield from numeric.to_numpy().ravel()
        groups = numeric.groupby([table[key] for key in keys], dropna=False)
        for found in (groups.median(), groups.mean(), groups.min(), groups.max(), groups.std()):
            yield from found.to_numpy().ravel()
    yield from _computed(folder)
    for run in published.runs:
        for item in (run, *run.parameters.values()):
            yield from (v for v in vars(item).values() if isinstance(v, int | float))


def _computed(folder: Path) -> Iterator[float]:
    """What the notes below the tables say is computed: ratios, worst parameters, speeds."""
    rows = read_table(folder / "comparison.csv", COMPARISON_COLUMNS)
    fits = read_table(folder / "fits.csv", FITS_COLUMNS)
    stability = read_table(folder / "stability.csv", STABILITY_COLUMNS)
    ratios = rows["log_sd_ratio"].astype(float).map(np.exp)
    yield from ratios
    by_quantity = [rows[key] for key in [*IDENTITY, "labels", "parameter"]]
    yield from ratios.groupby(by_quantity, dropna=False).median()
    counts = rows.groupby([*IDENTITY, "labels", "parameter"], dropna=False)["mean"]
    yield from (counts.std() / counts.count() ** 0.5).dropna().astype(float)
    for name in ("within_variance", "between_variance"):
        yield from np.sqrt(stability[name].dropna().astype(float).clip(lower=0))
    series = [*IDENTITY, "labels"]
    for name, pick in (("r_hat", "max"), ("ess_bulk", "min")):
        yield from rows.groupby(series, dropna=False)[name].agg(pick).dropna().astype(float)
    worst = rows.assign(size=rows["mean_error_sd"].abs().astype(float))
    largest = worst.groupby([*series, "replicate"], dropna=False)["size"].max()
    yield from largest
    yield from largest.groupby(series, dropna=False).median()
    for _, mine in fits.groupby(["dataset", "program"]):
        times = mine.groupby(IDENTITY[1:])["fit_time_s"].median().astype(float)
        usual = mine[(mine["method"] == "nuts") & (mine["variant"] == "default")]["fit_time_s"]
        yield from (float(usual.iloc[0]) / times if len(usual) else ())


def test_every_number_is_that_of_a_table(folder: Path, page: Element, published: Published) -> None:
    known = np.array([value for value in values_behind(folder, published) if not pd.isna(value)])
    known = np.unique(known)
    cells = [cell for cell in page.all("td") if "data-value" in cell.attributes]
    assert len(cells) > 4000
    strange = []
    for cell in cells:
        value = float(cell.attributes["data-value"])
        at = np.searchsorted(known, value)
        near = known[max(0, at - 1) : at + 1]
        if not any(math.isclose(value, other, rel_tol=1e-12, abs_tol=1e-300) for other in near):
            strange.append((cell.line, value))
    assert strange == []


def test_every_table_stands_in_the_page_and_has_its_file(folder: Path, page: Element) -> None:
    ids = {item.attributes.get("id") for item in page.all("table")}
    files = {file.stem for file in (folder / "tables").iterdir()} - {"published"}
    assert len(files) == 28
    assert {f"table-{stem.replace('_', '-', 1)}" for stem in files} <= ids
    markdown = (folder / "report.md").read_text(encoding="utf-8")
    for stem in files:
        if f"tables/{stem}.md" not in markdown:
            table = page.by_id(f"table-{stem.replace('_', '-', 1)}")
            head = [head.line for head in table.all("thead")[0].all("th")]
            lines = [line for line in markdown.splitlines() if line.startswith("| " + head[0])]
            shown = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
            assert head in shown, stem
