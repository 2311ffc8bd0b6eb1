"""Reports on thousands of quantities: small, quick, and about the worst of them."""

import dataclasses
import time
from pathlib import Path

import arviz_base
import numpy as np
import pytest

from harness.plot import study_figures
from harness.report import write_report
from harness.report.worst import MOST_ACROSS, rank
from harness.results.columns import COMPARISON_COLUMNS, read_table, write_table
from tests.fabricated import CELLS, ORDERED_NUTS, OTHER_CELLS, fabricate
from tests.html_page import Element, read_page, table_rows
from tests.saved_report import parse_markdown, write_many_parameters

# One report of thousands of rows takes six seconds to write.
pytestmark = pytest.mark.slow

SIX = (*CELLS[:4], *OTHER_CELLS)
N_ELEMENTS = 3_800
#: Of one series alone these are bad.
BAD = ("theta[3001]", "theta[17]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    write_many_parameters(folder, N_ELEMENTS, SIX)
    table = read_table(folder / "comparison.csv", COMPARISON_COLUMNS)
    for name, error in zip(BAD, (40.0, 30.0), strict=True):
        mine = table["variant"].eq("tuned") & table["parameter"].eq(name)
        table.loc[mine, ["verdict", "verdict_reason"]] = ["do not trust", f"{name} is far off"]
        table.loc[mine, "mean_error_sd"] = error
    write_table(table, folder / "comparison.csv")
    started = time.process_time()
    write_report(folder, published=None)
    (folder / "seconds").write_text(str(time.process_time() - started))
    return folder


@pytest.fixture(scope="module")
def page(folder: Path) -> Element:
    return read_page((folder / "report.html").read_text(encoding="utf-8"))


def test_it_is_small_and_quick(folder: Path) -> None:
    assert float((folder / "seconds").read_text()) < 15
    sizes = {file.name: file.stat().st_size for file in folder.rglob("*.*") if file.is_file()}
    assert sizes["report.html"] < 2_000_000
    assert sizes["report.md"] < 200_000
    pages = [file for file in (folder / "tables").iterdir() if file.stat().st_size > 100_000]
    assert pages == []


def test_the_worst_are_shown_and_the_rest_is_said_to_be_elsewhere(
    folder: Path, page: Element
) -> None:
    text = (folder / "report.md").read_text()
    assert "3,803 quantities" in text
    matrix = {cells[0].line: cells for cells in table_rows(page.by_id("table-matrix-toy"))}
    cell = matrix["ADVI tuned"][2]
    assert cell.line == "✗ do not trust (2 of 3,800)"
    told = page.by_id(cell.all("a")[0].attributes["href"].removeprefix("#"))
    assert BAD[0] in told.line
    errors = parse_markdown(folder / "tables" / "errors_toy.md")
    tuned = errors[(errors["series"] == "ADVI tuned") & (errors["draws"] == "as drawn")]
    assert list(tuned["parameter"])[:2] == list(BAD)
    estimates = parse_markdown(folder / "tables" / "estimates_toy.md")
    assert len(estimates) == MOST_ACROSS
    assert set(BAD) <= set(estimates["parameter"])


def test_variables_are_summarised(folder: Path) -> None:
    table = parse_markdown(folder / "tables" / "variables_toy.md")
    tuned = table[(table["series"] == "ADVI tuned") & (table["variable"] == "theta")].iloc[0]
    rows = read_table(folder / "comparison.csv", COMPARISON_COLUMNS)
    mine = rows[rows["variant"].eq("tuned") & rows["parameter"].str.startswith("theta")]
    trusted = int(mine["verdict"].eq("trust").sum())
    assert tuned["elements"] == "3800"
    assert tuned["trust"] == f"{trusted} of 3800"
    assert (tuned["worst verdict"], tuned["worst element"]) == ("do not trust", BAD[0])
    assert float(tuned["largest mean error (reference sds)"]) == 40.0


def test_the_worst_come_first(folder: Path) -> None:
    rows = read_table(folder / "comparison.csv", COMPARISON_COLUMNS)
    mine = rows[rows["variant"].eq("tuned")]
    ranked = rank(mine)
    assert ranked[:2] == list(BAD)
    assert len(ranked) == len(set(ranked)) == mine["parameter"].nunique()


def test_the_figure_of_intervals_shows_the_least_accurate() -> None:
    study, fitted = fabricate(SIX, mixture=False, reference=ORDERED_NUTS)
    rng = np.random.default_rng(8)
    fits = []
    for item in fitted:
        shape = (item.fit.read_draws()["posterior"].sizes["chain"], 50, 2000)
        mu = rng.standard_normal(shape)
        if item.run.method.name == "laplace":
            mu[..., [5, 1234]] += 9.0
        draws = arviz_base.from_dict({"posterior": {"mu": mu}})
        fits.append(dataclasses.replace(item, fit=dataclasses.replace(item.fit, draws=draws)))
    started = time.process_time()
    figure = study_figures(study, fits)["toy_forest"]
    assert time.process_time() - started < 20
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]
    assert len(titles) == 12
    assert {"mu[6]", "mu[1235]"} <= set(titles)
    assert "2,000" in figure.caption
