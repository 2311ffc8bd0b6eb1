"""Reports: every number is one of the saved tables', and absent things are said to be absent."""

import re
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest

from harness.errors import ResultsError
from harness.manifest import make_manifest, write_manifest
from harness.plot import save_figures, study_figures
from harness.published import PublishedError, parse_published
from harness.report import write_report
from harness.report.numbers import decimals_for, escape, fixed, seconds, significant
from harness.series import SeriesKey, choose_reference, file_stem, series_titles
from harness.summary import fit_row, parameter_rows
from harness.table import COMPARISON_COLUMNS, FITS_COLUMNS, make_table, read_table, write_table
from tests.fabricated import CELLS, FAILURE, Cell, fabricate

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


def write_results(
    folder: Path, cells: tuple[Cell, ...] = CELLS, *, mixture: bool = True, figures: bool = False
) -> None:
    """Save what a run of the fabricated study leaves behind."""
    study, fitted = fabricate(cells, mixture=mixture)
    rows = [row for item in fitted for row in parameter_rows(item)]
    write_table(make_table(rows, COMPARISON_COLUMNS), folder / "comparison.csv")
    fits = make_table([fit_row(item) for item in fitted], FITS_COLUMNS)
    write_table(fits, folder / "fits.csv")
    write_manifest(make_manifest(study, fitted), folder / "manifest.json")
    if figures:
        save_figures(study_figures(study, fitted), folder / "figures")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with its report, the published numbers beside."""
    folder = tmp_path_factory.mktemp("results")
    write_results(folder, figures=True)
    write_report(folder, published=PUBLISHED)
    return folder


def parse_markdown(file: Path) -> pd.DataFrame:
    """Read a Markdown table back."""
    lines = [line for line in file.read_text().splitlines() if line.startswith("|")]
    cells = [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert all(re.fullmatch(r":?-+:?", cell) for cell in cells[1])
    return pd.DataFrame(cells[2:], columns=pd.Index(cells[0]))


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
}
REPLICATED = {
    "subsample ADVI weighted, 3 replicates": "weighted",
    "subsample ADVI unweighted, 3 replicates": "unweighted",
}


def test_columns_stand_in_the_studys_order_beside_the_published(folder: Path) -> None:
    table = parse_markdown(folder / "tables" / "estimates_toy.md")
    assert list(table.columns) == [
        "parameter",
        "NUTS (ordered)",
        "NUTS (plain), raw labels",
        "page: NUTS, raw labels",
        "NUTS (plain), relabelled",
        "ADVI default",
        "ADVI tuned",
        "page: ADVI adagrad",
        "ADVI full-rank",
        *REPLICATED,
    ]
    names = ["mu[1,1]", "mu[1,2]", "mu[2,1]", "mu[2,2]", "pi[1]", "pi[2]"]
    assert list(table["parameter"]) == names


@pytest.mark.parametrize("head", SINGLE)
def test_single_runs_show_mean_and_sd_of_the_csv(folder: Path, head: str) -> None:
    program, method, variant, labels = SINGLE[head]
    rows = comparison_rows(folder, program, method, variant)
    rows = rows[rows["labels"] == labels].set_index("parameter")
    table = parse_markdown(folder / "tables" / "estimates_toy.md").set_index("parameter")
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
    table = parse_markdown(folder / "tables" / "estimates_toy.md").set_index("parameter")
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
    table = parse_markdown(folder / "tables" / "estimates_toy.md").set_index("parameter")
    assert table.loc["mu[1,1]", "page: NUTS, raw labels"] == "0.013 (0.826)"
    assert table.loc["mu[1,2]", "page: NUTS, raw labels"] == ""
    assert table.loc["pi[1]", "page: ADVI adagrad"] == "0.1356"
    everything = parse_markdown(folder / "tables" / "published.md")
    assert list(everything["mean"]) == ["0.013", "0.13561435", "-0.94516826"]
    assert list(everything["r_hat"]) == ["1.83", "", ""]


def test_diagnostics_of_chains_are_those_of_the_csv(folder: Path) -> None:
    table = parse_markdown(folder / "tables" / "diagnostics_toy.md")
    table["parameter"] = table["parameter"].replace("", None).ffill()
    table = table.set_index(["parameter", "diagnostic"])
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
        for place, cell in table[head].items():
            name, diagnostic = cast("tuple[str, str]", place)
            expected = rows[columns[diagnostic]].astype(float)[name]
            tolerance = 0.005 if diagnostic == "R-hat" else 0.5
            if diagnostic == "MCSE of mean":
                tolerance = 0.06 * expected
            assert abs(float(cell) - expected) <= tolerance + 1e-9
    raw = table["NUTS (plain), raw labels"].xs("R-hat", level="diagnostic").astype(float)
    assert (raw > 1.5).all()


def test_independent_draws_have_no_r_hat_anywhere(folder: Path) -> None:
    table = parse_markdown(folder / "tables" / "diagnostics_toy.md")
    chain_rows = table[table["diagnostic"].isin(["R-hat", "ESS bulk", "ESS tail"])]
    for head in ("ADVI default", "ADVI tuned", *REPLICATED):
        assert list(chain_rows[head]) == ["n/a¹"] * 18
        errors = table[table["diagnostic"] == "MCSE of mean"][head].astype(float)
        assert (errors > 0).all()
    assert list(chain_rows["page: ADVI adagrad"]) == [""] * 18
    assert "¹ n/a: not applicable" in (folder / "report.md").read_text()


def test_a_failed_run_shows_its_status_and_reason(folder: Path) -> None:
    estimates = parse_markdown(folder / "tables" / "estimates_toy.md")
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
        ("divergences", "n_divergent"),
    ):
        values = [float(cell) if cell != "n/a" else np.nan for cell in own[shown]]
        np.testing.assert_allclose(values, fits[column].to_numpy(dtype=float, na_value=np.nan))
    assert list(own["notes"][:2]) == ["3 of 1600 transitions diverged"] * 2
    published = runs.iloc[len(fits) :].set_index("run")
    assert published.loc["page: NUTS", "fit (s)"] == "2.5"
    assert "The rhat statistic" in str(published.loc["page: NUTS", "notes"])
    assert published.loc["page: ADVI adagrad", "ELBO"] == "-321.61"
    assert published.loc["page: NUTS", "ELBO"] == ""


def test_distances_follow_from_the_csv(folder: Path) -> None:
    table = parse_markdown(folder / "tables" / "distances_toy.md").set_index("series")
    nuts = comparison_rows(folder, "ordered", "nuts", "default")
    nuts = nuts[nuts["labels"] == "relabelled"].set_index("parameter")
    tuned = comparison_rows(folder, "plain", "advi", "tuned")
    tuned = tuned[tuned["labels"] == "relabelled"].set_index("parameter")
    shift = ((tuned["mean"] - nuts["mean"]) / nuts["sd"]).abs()
    ratio = tuned["sd"] / nuts["sd"]
    total = ((shift**2 + (ratio - 1) ** 2) ** 0.5).max()
    row = {str(key): str(cell) for key, cell in table.loc["ADVI tuned"].items()}
    assert float(row["largest shift of a mean (sds)"]) == pytest.approx(shift.max(), rel=0.06)
    assert row["where"] == shift.idxmax()
    assert float(row["sd ratio, smallest"]) == pytest.approx(ratio.min(), rel=0.006)
    assert float(row["sd ratio, largest"]) == pytest.approx(ratio.max(), rel=0.006)
    assert float(row["distance (sds)"]) == pytest.approx(total, rel=0.06)
    assert float(row["speed relative to NUTS (ordered)"]) == 0.5
    unweighted = "subsample ADVI unweighted, median of 3 replicates"
    assert float(str(table.loc[unweighted, "sd ratio, largest"])) > 1.8


def test_the_report_opens_with_the_answer(folder: Path) -> None:
    opening = (folder / "report.md").read_text().splitlines()[2]
    assert opening.startswith(
        "On `toy` (100 rows) **ADVI default** comes nearest to NUTS (ordered)"
    )
    assert "farthest is **subsample ADVI unweighted**" in opening
    assert "at 4.0 times the speed" in opening


def test_the_report_says_that_labels_switched(folder: Path) -> None:
    text = (folder / "report.md").read_text()
    rows = comparison_rows(folder, "plain", "nuts", "default")
    largest = rows.groupby("labels")["r_hat"].max()
    assert (
        f"NUTS (plain): the labels switched; the largest R-hat is {largest['raw']:.2f} as sampled "
        f"and {largest['relabelled']:.2f}"
    ) in text
    assert "NUTS (ordered): the labels switched" not in text


def test_published_fits_are_measured_unless_their_chains_disagree(folder: Path) -> None:
    text = (folder / "report.md").read_text()
    nuts = comparison_rows(folder, "ordered", "nuts", "default")
    share = nuts[(nuts["parameter"] == "pi[1]") & (nuts["labels"] == "relabelled")].iloc[0]
    shift = abs(0.13561435 - float(share["mean"])) / float(share["sd"])
    assert f"- page: ADVI adagrad: means up to {significant(shift)} NUTS sds off." in text
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
    assert listed == list(range(1000, 1000 + len(CELLS)))
    assert len(seeds) == len(CELLS) - 4


def test_the_same_files_give_the_same_bytes(folder: Path) -> None:
    def content() -> dict[str, bytes]:
        files = [folder / "report.md", *(folder / "tables").iterdir()]
        return {file.name: file.read_bytes() for file in files}

    before = content()
    (folder / "tables" / "verdict_old.md").write_text("from an earlier version")
    write_report(folder, published=PUBLISHED)
    assert content() == before
    assert len(before) == 6


def test_tables_of_the_report_are_the_tables_in_files(folder: Path) -> None:
    text = (folder / "report.md").read_text()
    for kind in ("estimates", "distances", "diagnostics", "runs"):
        assert (folder / "tables" / f"{kind}_toy.md").read_text().strip() in text


def test_other_names_no_figures_and_nothing_published(tmp_path: Path) -> None:
    write_results(tmp_path, CELLS[:3], mixture=False)
    write_report(tmp_path, published=None)
    table = parse_markdown(tmp_path / "tables" / "estimates_toy.md")
    assert list(table.columns) == [
        "parameter",
        "NUTS (ordered), raw labels",
        "NUTS (plain), raw labels",
        "ADVI",
    ]
    text = (tmp_path / "report.md").read_text()
    for absent in ("![", "published", "relabelled", "Components"):
        assert absent not in text


def test_without_nuts_nothing_is_measured_against_it(tmp_path: Path) -> None:
    write_results(tmp_path, CELLS[2:4])
    write_report(tmp_path, published=None)
    text = (tmp_path / "report.md").read_text()
    assert "On `toy` (100 rows) no NUTS run gave a fit" in text
    assert not (tmp_path / "tables" / "distances_toy.md").exists()


def test_a_study_whose_runs_all_failed_still_has_its_report(tmp_path: Path) -> None:
    write_results(tmp_path, (Cell(program="plain", method="nuts", failed=True),))
    write_report(tmp_path, published=None)
    assert FAILURE in (tmp_path / "report.md").read_text()
    assert [path.name for path in (tmp_path / "tables").iterdir()] == ["runs_toy.md"]


def test_some_failed_replicates_are_counted(tmp_path: Path) -> None:
    broken = Cell(
        program="plain", method="subsample_advi", variant="weighted", replicate=4, n_rows=25,
        likelihood_weight=4.0, failed=True,
    )  # fmt: skip
    write_results(tmp_path, (*CELLS, broken))
    write_report(tmp_path, published=None)
    table = parse_markdown(tmp_path / "tables" / "estimates_toy.md")
    assert "subsample ADVI weighted, 3 of 4 replicates" in table.columns


def test_numbers_of_an_unknown_data_set_are_refused(folder: Path) -> None:
    renamed = parse_published(
        {
            "source": "a page",
            "name": "page",
            "runs": [{"title": "NUTS", "dataset": "tov", "method": "nuts"}],
        }
    )
    with pytest.raises(PublishedError, match="did you mean 'toy'"):
        write_report(folder, published=renamed)


def test_a_missing_table_is_one_line_of_advice(tmp_path: Path) -> None:
    write_results(tmp_path, CELLS[:1])
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(ResultsError, match=r"manifest\.json.*run the study first"):
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


def test_the_reference_is_the_first_that_converged() -> None:
    first, second, third = (SeriesKey(name, "nuts", "default") for name in "abc")
    assert choose_reference({first: 1.8, second: 1.002, third: 1.001}) == second
    assert choose_reference({first: 1.8, second: float("nan"), third: 1.2}) == third
    assert choose_reference({first: float("nan")}) == first
    assert choose_reference({}) is None


def test_titles_are_as_brief_as_keeps_them_apart() -> None:
    keys = [
        SeriesKey("a", "nuts", "default"),
        SeriesKey("b", "nuts", "default"),
        SeriesKey("b", "advi", "default"),
        SeriesKey("b", "advi", "tuned"),
        SeriesKey("b", "advi_fullrank", "default"),
        SeriesKey("b", "laplace", "default"),
    ]
    assert list(series_titles(keys).values()) == [
        "NUTS (a)",
        "NUTS (b)",
        "ADVI default",
        "ADVI tuned",
        "ADVI full-rank",
        "laplace",
    ]
    assert file_stem("a b/ü.c") == "a-b-c"
