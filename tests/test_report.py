"""Reports: every number is one of the saved tables', and absent things are said to be absent."""

import json
import re
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.errors import ResultsError
from harness.report import write_report
from harness.report.grid import escape
from harness.report.notes import NOTES
from harness.report.numbers import (
    compact,
    decimals_for,
    fixed,
    plain,
    seconds,
    significant,
    with_error,
)
from harness.report.series_columns import FitColumn, ParameterSummary
from harness.report.wide import diagnostics_table
from harness.results.columns import (
    COMPARISON_COLUMNS,
    FITS_COLUMNS,
    STABILITY_COLUMNS,
    read_table,
    write_table,
)
from harness.study.published import PublishedError, parse_published
from harness.study.series import SeriesKey, file_stem, series_titles
from tests.fabricated import CELLS, FAILURE, ORDERED_NUTS, Cell
from tests.html_page import read_page
from tests.saved_report import (
    ALL_CELLS,
    PUBLISHED,
    REPLICATED,
    SINGLE,
    comparison_rows,
    numbers,
    parameters_down,
    parse_markdown,
    write_results,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with its report, the published numbers beside."""
    folder = tmp_path_factory.mktemp("results")
    write_results(folder, figures=True, reference=ORDERED_NUTS)
    write_report(folder, published=PUBLISHED)
    return folder


def test_series_stand_in_the_studys_order_beside_the_published(folder: Path) -> None:
    table = parse_markdown(folder / "tables" / "estimates_toy.md")
    assert list(table["series"]) == [
        "NUTS (ordered)",
        "NUTS (plain), raw labels",
        "page: NUTS, raw labels",
        "NUTS (plain), relabelled",
        "ADVI default",
        "ADVI tuned",
        "page: ADVI adagrad",
        "ADVI full-rank",
        *REPLICATED,
        "Pathfinder",
        "Laplace",
    ]
    names = ["mu[1,1]", "mu[1,2]", "mu[2,1]", "mu[2,2]", "pi[1]", "pi[2]"]
    assert list(table.columns[1:]) == names


@pytest.mark.parametrize("head", SINGLE)
def test_single_runs_show_mean_and_sd_of_the_csv(folder: Path, head: str) -> None:
    program, method, variant, labels = SINGLE[head]
    rows = comparison_rows(folder, program, method, variant)
    rows = rows[rows["labels"] == labels].set_index("parameter")
    table = parameters_down(folder / "tables" / "estimates_toy.md")
    assert list(rows.index) == list(table.index)
    expected = rows[["mean", "sd", "mcse_mean"]].to_numpy(dtype=float)
    for cell, (mean, sd, mcse) in zip(table[head], expected, strict=True):
        match = re.fullmatch(r"(-?[\d.]+) \(([\d.]+)\)", str(cell))
        assert match is not None
        assert abs(float(match[1]) - mean) <= mcse / 4
        assert float(match[2]) == pytest.approx(sd, rel=0.06)
        decimals = len(match[1].partition(".")[2])
        assert decimals == 0 or 10.0**-decimals > mcse / 20


@pytest.mark.parametrize(("head", "variant"), REPLICATED.items())
def test_replicates_are_averaged_and_their_spread_shown(
    folder: Path, head: str, variant: str
) -> None:
    rows = comparison_rows(folder, "plain", "subsample_advi", variant)
    rows = rows[rows["labels"] == "relabelled"]
    table = parameters_down(folder / "tables" / "estimates_toy.md")
    for name, cell in table[head].items():
        mine = rows[rows["parameter"] == name]
        assert len(mine) == 3
        match = re.fullmatch(r"(-?[\d.]+) \(([\d.]+)\) \[([\d.]+)\]", str(cell))
        assert match is not None
        between = float(mine["mean"].std(ddof=1))
        assert abs(float(match[1]) - float(mine["mean"].mean())) <= between / 3**0.5 / 4
        assert float(match[2]) == pytest.approx(float(mine["sd"].mean()), rel=0.06)
        assert float(match[3]) == pytest.approx(between, rel=0.06)


def test_published_numbers_stand_as_printed_and_gaps_stay_empty(folder: Path) -> None:
    table = parameters_down(folder / "tables" / "estimates_toy.md")
    assert table.loc["mu[1,1]", "page: NUTS, raw labels"] == "0.013 (0.826)"
    assert table.loc["mu[1,2]", "page: NUTS, raw labels"] == ""
    assert table.loc["pi[1]", "page: ADVI adagrad"] == "0.1356"
    everything = parse_markdown(folder / "tables" / "published.md")
    assert list(everything["mean"]) == ["0.013", "0.13561435", "-0.94516826"]
    assert list(everything["r_hat"]) == ["1.83", "", ""]


def test_diagnostics_of_chains_are_those_of_the_csv(folder: Path) -> None:
    table = parameters_down(folder / "tables" / "diagnostics_toy.md")
    columns = {
        "R-hat": "r_hat",
        "ESS bulk": "ess_bulk",
        "ESS tail": "ess_tail",
        "MCSE of mean": "mcse_mean",
    }
    for head in list(SINGLE)[:3]:
        program, method, variant, labels = SINGLE[head]
        rows = comparison_rows(folder, program, method, variant)
        rows = rows[rows["labels"] == labels].set_index("parameter")
        for name, diagnostic in product(rows.index, columns):
            cell = table.loc[name, (head, diagnostic)]
            expected = rows[columns[diagnostic]].astype(float)[name]
            tolerance = 0.005 if diagnostic == "R-hat" else 0.5
            if diagnostic == "MCSE of mean":
                tolerance = 0.06 * expected
            assert abs(float(str(cell)) - expected) <= tolerance + 1e-9
    raw = table["NUTS (plain), raw labels", "R-hat"].astype(float)
    assert (raw > 1.5).all()


def test_independent_draws_have_no_r_hat_anywhere(folder: Path) -> None:
    text = (folder / "tables" / "diagnostics_toy.md").read_text()
    assert "NUTS" in text
    for head in ("ADVI default", "ADVI tuned", "Pathfinder", *REPLICATED, "page: ADVI adagrad"):
        assert head not in text
    assert "n/a" not in text


def test_a_failed_run_shows_its_status_and_reason(folder: Path) -> None:
    estimates = parameters_down(folder / "tables" / "estimates_toy.md")
    assert list(estimates["ADVI full-rank"]) == ["failed"] * 6
    runs = parse_markdown(folder / "tables" / "runs_toy.md")
    failed = runs[runs["status"] == "failed"]
    assert list(failed["run"]) == ["ADVI full-rank default"]
    assert list(failed["notes"]) == [FAILURE]
    assert FAILURE in (folder / "report.md").read_text()


def test_runs_are_those_of_the_csv_with_the_published_below(folder: Path) -> None:
    runs = parse_markdown(folder / "tables" / "runs_toy.md")
    fits = read_table(folder / "fits.csv", FITS_COLUMNS)
    assert len(runs) == len(fits) + 3
    own = runs.iloc[: len(fits)]
    assert list(own["program"]) == list(fits["program"])
    assert list(own["status"]) == list(fits["status"])
    for shown, column in (
        ("fit (s)", "fit_time_s"),
        ("ELBO", "elbo"),
        ("rows", "n_rows"),
        ("weight", "likelihood_weight"),
    ):
        values = [float(cell) if cell != "n/a" else np.nan for cell in own[shown]]
        np.testing.assert_allclose(values, fits[column].to_numpy(dtype=float, na_value=np.nan))
    assert list(own["verdict"]) == list(fits["verdict"])
    assert [re.findall(r"\d+", note) for note in own["notes"][:2]] == [[], ["3", "1600"]]
    published = runs.iloc[len(fits) :].set_index("run")
    assert published.loc["page: NUTS", "fit (s)"] == "2.5"
    assert "The rhat statistic" in str(published.loc["page: NUTS", "notes"])
    assert published.loc["page: ADVI adagrad", "ELBO"] == "-321.61"
    assert published.loc["page: NUTS", "ELBO"] == ""


def test_the_report_says_that_labels_switched(folder: Path) -> None:
    text = (folder / "report.md").read_text()
    rows = comparison_rows(folder, "plain", "nuts", "default")
    largest = rows.groupby("labels")["r_hat"].max()
    (line,) = [each for each in text.splitlines() if each.startswith("- NUTS (plain): ")]
    expected = [round(float(largest[labels]), 2) for labels in ("raw", "relabelled", "invariant")]
    assert numbers(line) == expected
    assert "- NUTS (ordered): " not in text


def test_published_fits_are_measured_unless_their_chains_disagree(folder: Path) -> None:
    text = (folder / "report.md").read_text()
    nuts = comparison_rows(folder, "ordered", "nuts", "default")
    share = nuts[(nuts["parameter"] == "pi[1]") & (nuts["labels"] == "relabelled")].iloc[0]
    shift = abs(0.13561435 - float(share["mean"])) / float(share["sd"])
    (line,) = [each for each in text.splitlines() if each.startswith("- page: ADVI adagrad: ")]
    assert significant(shift) in line.split()
    assert "- page: NUTS" not in text


def test_figures_are_embedded_with_their_words(folder: Path) -> None:
    text = (folder / "report.md").read_text()
    images = re.findall(r"!\[(.+?)\]\((figures/\w+\.png)\)\n\n\*Figure (\d)\. (.+)\*", text)
    assert [number for _, _, number, _ in images] == list("123456")
    for _, path, _, _ in images:
        assert (folder / path).is_file()
    assert all(alt.endswith(".") for alt, _, _, _ in images)


def test_the_report_says_how_to_repeat_it(folder: Path) -> None:
    text = (folder / "report.md").read_text()
    assert "harness run studies/toy-study.toml" in text
    for content in ("2.39.0", "0" * 64, "1" * 64, "prior_sd = 1", "m = 25, weighted = True"):
        assert content in text
    seeds = re.findall(r"^\| toy / .* \| ([\d, ]+?) +\|$", text, flags=re.MULTILINE)
    listed = [int(seed) for cell in seeds for seed in cell.split(", ")]
    assert listed == list(range(1000, 1000 + len(ALL_CELLS)))
    assert len(seeds) == len(ALL_CELLS) - 4
    assert "| reference of `toy` | ordered / nuts / default |" in text


def test_links_lead_to_what_is_there(folder: Path) -> None:
    """A user's folder has no documentation beside it."""
    for page in (folder / "report.md", *(folder / "tables").iterdir()):
        text = page.read_text()
        headings = re.findall(r"^#+ (.+)$", (folder / "report.md").read_text(), re.MULTILINE)
        anchors = {re.sub(r"[^\w-]", "", item.lower().replace(" ", "-")) for item in headings}
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            file, _, anchor = target.partition("#")
            assert (page.parent / file).resolve().is_relative_to(folder.resolve()), target
            assert (page.parent / file).exists(), target
            assert not anchor or anchor in anchors, target


def test_replicates_that_failed_alike_share_a_sentence(tmp_path: Path) -> None:
    lost = [Cell(program="plain", method="advi", replicate=i, failed=True) for i in (1, 2, 3)]
    write_results(tmp_path, (CELLS[0], *lost))
    table = read_table(tmp_path / "fits.csv", FITS_COLUMNS)
    table["warnings"] = ["x > 0; y; x > 0; x > 0", *table["warnings"].iloc[1:]]
    write_table(table, tmp_path / "fits.csv")
    write_report(tmp_path, published=None)
    text = (tmp_path / "report.md").read_text()
    own = f"- ADVI default (`plain`, replicates 1, 2, 3): failed: {FAILURE}\n"
    assert text.count(own) == 1
    runs = parse_markdown(tmp_path / "tables" / "runs_toy.md")
    assert runs["notes"].iloc[0] == "x > 0; y"


def test_the_same_files_give_the_same_bytes(folder: Path) -> None:
    def content() -> dict[str, bytes]:
        pages = [folder / "report.md", folder / "report.html"]
        files = [*pages, *(folder / "tables").iterdir()]
        return {file.name: file.read_bytes() for file in files}

    before = content()
    (folder / "tables" / "verdict_old.md").write_text("from an earlier version")
    write_report(folder, published=PUBLISHED)
    assert content() == before
    assert len(before) == 17


def test_tables_of_the_report_are_the_tables_in_files(folder: Path) -> None:
    text = (folder / "report.md").read_text()
    kinds = "estimates labels diagnostics samplers optimisers cost joint runs"
    for kind in re.findall(r"\w+", kinds):
        page = (folder / "tables" / f"{kind}_toy.md").read_text()
        assert page.partition("\n\n- **")[0].strip() in text  # definitions are in the file only
    for kind in ("errors", "stability"):
        assert f"(tables/{kind}_toy.md)" in text


def test_other_names_no_figures_and_nothing_published(tmp_path: Path) -> None:
    write_results(tmp_path, CELLS[:3], mixture=False)
    write_report(tmp_path, published=None)
    table = parse_markdown(tmp_path / "tables" / "estimates_toy.md")
    assert list(table.columns) == [
        "parameter",
        "NUTS (ordered)",
        "NUTS (plain)",
        "ADVI",
    ]
    text = (tmp_path / "report.md").read_text()
    own, _, rules = text.partition("\n## How verdicts are reached\n")
    assert rules
    for absent in ("![", "published", "relabelled", "Components"):
        assert absent not in own


@pytest.mark.slow
def test_few_series_stand_across(tmp_path: Path) -> None:
    write_results(tmp_path, CELLS[:4], reference=ORDERED_NUTS)
    write_report(tmp_path, published=None)
    for kind in ("estimates", "diagnostics"):
        table = parse_markdown(tmp_path / "tables" / f"{kind}_toy.md")
        assert table.columns[0] == "parameter"
        assert ("ADVI tuned" in table.columns) == (kind == "estimates")


def test_a_study_whose_runs_all_failed_still_has_its_report(tmp_path: Path) -> None:
    write_results(tmp_path, (Cell(program="plain", method="nuts", failed=True),))
    write_report(tmp_path, published=None)
    assert FAILURE in (tmp_path / "report.md").read_text()
    names = sorted(path.name for path in (tmp_path / "tables").iterdir())
    assert names == ["matrix_toy.md", "runs_toy.md", "verdict_toy.md"]


def test_some_failed_replicates_are_counted(tmp_path: Path) -> None:
    broken = Cell(
        program="plain", method="subsample_advi", variant="weighted", replicate=4, n_rows=25,
        likelihood_weight=4.0, failed=True,
    )  # fmt: skip
    write_results(tmp_path, (*CELLS, broken))
    write_report(tmp_path, published=None)
    table = parse_markdown(tmp_path / "tables" / "estimates_toy.md")
    assert "subsample ADVI weighted, 3 of 4 replicates" in table.columns
    stability = parse_markdown(tmp_path / "tables" / "stability_toy.md")
    weighted = stability[stability["series"] == "subsample ADVI weighted"]
    assert set(weighted["failure rate"]) == {"0.25"}


def test_every_data_set_has_its_answer_at_the_top(folder: Path, tmp_path: Path) -> None:
    for name, columns in (
        ("comparison", COMPARISON_COLUMNS),
        ("fits", FITS_COLUMNS),
        ("stability", STABILITY_COLUMNS),
    ):
        table = read_table(folder / f"{name}.csv", columns)
        both = pd.concat([table, table.assign(dataset="other set")])
        write_table(both, tmp_path / f"{name}.csv")
    (tmp_path / "manifest.json").write_bytes((folder / "manifest.json").read_bytes())
    write_report(tmp_path, published=None)
    opening = (tmp_path / "report.md").read_text().partition("\n## ")[0]
    answers = [line for line in opening.splitlines() if line.startswith("On ")]
    assert [re.findall(r"`(.+?)`", line) for line in answers] == [["toy"], ["other set"]]
    assert "NUTS (ordered)" in answers[0]
    assert opening.count(NOTES["matrix"]) == 1
    assert (tmp_path / "tables" / "verdict_other-set.md").is_file()


def test_numbers_of_an_unknown_data_set_are_refused(folder: Path) -> None:
    renamed = parse_published(
        {
            "source": "a page",
            "name": "page",
            "runs": [{"title": "NUTS", "dataset": "tov", "method": "nuts"}],
        }
    )
    with pytest.raises(PublishedError, match="'toy'"):
        write_report(folder, published=renamed)


def test_a_missing_table_is_one_line_of_advice(tmp_path: Path) -> None:
    write_results(tmp_path, CELLS[:1])
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(ResultsError, match=r"manifest\.json"):
        write_report(tmp_path, published=None)


@pytest.mark.parametrize(
    ("error", "decimals"),
    [(0.3, 1), (0.012, 3), (0.0077, 3), (0.00014, 5), (5.0, 0), (None, 3), (0.0, 3)],
)
def test_decimals_round_to_at_most_half_an_error(error: float | None, decimals: int) -> None:
    assert decimals_for(error) == decimals
    if error:
        assert 0.5 * 10.0**-decimals <= error / 2


def test_numbers_as_text() -> None:
    assert fixed(-0.0004, 2) == "0.00"
    assert fixed(None, 2) == fixed(float("nan"), 2) == "n/a"
    assert significant(0.08984) == "0.090"
    assert significant(1234.5) == "1234"
    assert significant(0.0) == "0"
    assert (seconds(0.1234), seconds(12.5), seconds(None)) == ("0.12", "12", "n/a")
    assert escape("a|b\nc") == "a\\|b c"
    assert (plain(1e6), plain(0.25), plain(None)) == ("1000000", "0.25", "n/a")
    assert decimals_for(1e-22) > 8
    assert with_error(1.234e75, 4e73) == "1.23e+75 ± 4.00e+73"
    assert with_error(3.21e-20, 2e-22) == "3.210e-20 ± 2.00e-22"


@pytest.mark.parametrize("size", [1e-300, 1e-80, 1e-9, 1.0, 1e8, 1e15, 1e75, 1e300, float("inf")])
@pytest.mark.parametrize("error", [None, 1e-200, 1e-3, 1e40])
def test_no_number_is_wider_than_a_cell(size: float, error: float | None) -> None:
    shown = (fixed(size, 2), significant(-size), seconds(size), compact(size), plain(size))
    for text in (*shown, fixed(size, 100), fixed(size, decimals_for(error))):
        assert len(text) <= 18, text
    assert len(with_error(-size, error)) <= 40
    assert (compact(1.5e9), compact(15000.0), compact(None)) == ("1.5e+09", "15000", "n/a")
    assert with_error(-1.2345, 0.0321) == "-1.234 ± 0.032"
    assert (with_error(1.5, None), with_error(None, 1.0)) == ("1.50", "n/a")


def test_titles_are_as_brief_as_keeps_them_apart() -> None:
    keys = [
        SeriesKey("a", "nuts", "default"),
        SeriesKey("b", "nuts", "default"),
        SeriesKey("b", "advi", "default"),
        SeriesKey("b", "advi", "tuned"),
        SeriesKey("b", "advi_fullrank", "default"),
        SeriesKey("b", "laplace", "default"),
        SeriesKey("b", "flows", "default"),
    ]
    assert list(series_titles(keys).values()) == [
        "NUTS (a)",
        "NUTS (b)",
        "ADVI default",
        "ADVI tuned",
        "ADVI full-rank",
        "Laplace",
        "flows",
    ]
    assert file_stem("a b/ü.c") == "a-b-c"


@pytest.mark.parametrize(
    ("made_by", "file", "expected"),
    [
        ("run", "cars/my cars.toml", "harness run 'cars/my cars.toml'\nharness report 'cars/my"),
        ("compare", None, "`harness compare` made these fits"),
        ("judge", None, "`harness judge` judged draws that were given"),
    ],
)
def test_it_names_the_command_that_made_it(
    folder: Path, tmp_path: Path, made_by: str, file: str | None, expected: str
) -> None:
    for name in ("comparison.csv", "fits.csv", "stability.csv", "manifest.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["study"] |= {"made_by": made_by} | ({"file": file} if file else {})
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    write_report(tmp_path, published=None)
    text = (tmp_path / "report.md").read_text()
    assert expected in text
    assert ("harness run" in text) == (made_by == "run")
    page = read_page((tmp_path / "report.html").read_text())
    assert expected.splitlines()[0].replace("`", "") in page.by_id("reproduce").text


def test_constants_have_no_rows_of_diagnostics() -> None:
    varies = ParameterSummary(mean=0.0, sd=1.0, r_hat=1.0, ess_bulk=900.0)
    constant = ParameterSummary(mean=1.0, sd=0.0)
    column = FitColumn(
        title="NUTS",
        key=SeriesKey("a", "nuts", "default"),
        labels="",
        n_ok=1,
        n_runs=1,
        estimates={"L[1,1]": constant, "L[2,1]": varies},
    )
    for series_down in (False, True):
        shown = str(diagnostics_table([column], series_down=series_down))
        assert "L[2,1]" in shown
        assert "L[1,1]" not in shown
