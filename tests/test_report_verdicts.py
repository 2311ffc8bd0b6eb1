"""Tables on which the answer rests: verdicts, errors, labels, stability, accounts, cost."""

import dataclasses
import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from harness.fits.quantities import posterior_arrays, quantities
from harness.report import write_report
from harness.report.dataset import dataset_tables
from harness.report.matrix import MOST_QUANTITIES, fold
from harness.report.notes import NOTES
from harness.report.numbers import median_range, significant
from harness.report.reasons import decided, tally
from harness.report.results import read_results
from harness.results.columns import (
    COMPARISON_COLUMNS,
    FITS_COLUMNS,
    STABILITY_COLUMNS,
    read_table,
    write_table,
)
from harness.summary.reference import reference_from_fit
from harness.verdict.criteria import Verdict
from harness.verdict.rules import R_HAT_LIMIT
from harness.verdict.wording import IN_DOUBT, statement
from tests.fabricated import CELLS, ORDERED_NUTS, Cell, fabricate
from tests.html_page import read_page, table_heads, table_rows
from tests.saved_report import (
    ALL_CELLS,
    PUBLISHED,
    SINGLE,
    comparison_rows,
    numbers,
    own_rows,
    parse_markdown,
    write_many_parameters,
    write_results,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with its report, measured against a run."""
    folder = tmp_path_factory.mktemp("results")
    write_results(folder, reference=ORDERED_NUTS)
    write_report(folder, published=None)
    return folder


def test_verdicts_are_those_of_the_csv(folder: Path) -> None:
    table = parse_markdown(folder / "tables" / "verdict_toy.md").set_index("series")
    fits = read_table(folder / "fits.csv", FITS_COLUMNS)
    for series in ("ADVI default", "ADVI tuned", "Pathfinder"):
        _, method, variant, _ = SINGLE[series]
        fit = fits[(fits["method"] == method) & (fits["variant"] == variant)].iloc[0]
        row, mine = table.loc[series], own_rows(folder, series)
        assert row["verdict"] == fit["verdict"]
        assert row["what decided"] == decided(fit.to_dict())
        worst = mine["mean_error_sd"].abs().astype(float)
        name = str(worst.idxmax())
        assert row["of"] == name
        error, mcse = numbers(row["largest mean error (reference sds)"])
        assert error == pytest.approx(worst[name], abs=6e-4)
        assert mcse == pytest.approx(mine["mean_error_mcse"][name], rel=0.06)
        ratios = np.exp(mine["log_sd_ratio"].astype(float))
        assert numbers(row["sd ratios"]) == pytest.approx([ratios.min(), ratios.max()], rel=6e-3)
    nuts = table.loc["NUTS (ordered), the reference"]
    chains = own_rows(folder, "NUTS (ordered)")
    assert numbers(nuts["R-hat"]) == [pytest.approx(chains["r_hat"].max(), abs=5e-3)]
    assert numbers(nuts["bulk ESS"]) == [pytest.approx(chains["ess_bulk"].min(), abs=0.5)]
    assert list(table.loc["Pathfinder", ["R-hat", "bulk ESS"]]) == ["n/a", "n/a"]
    k_hat = fits[fits["method"] == "advi"].iloc[0][["k_hat", "k_hat_threshold"]]
    shown = numbers(table.loc["ADVI default", "k-hat (limit)"])
    assert shown == pytest.approx([float(value) for value in k_hat], abs=6e-3)


def test_replicates_share_a_verdict_line(folder: Path) -> None:
    table = parse_markdown(folder / "tables" / "verdict_toy.md").set_index("series")
    row = table.loc["subsample ADVI unweighted, 3 replicates"]
    assert row["verdict"] == "3 × do not trust"
    assert str(row["what decided"]).startswith("#1: ")
    rows = comparison_rows(folder, "plain", "subsample_advi", "unweighted")
    rows = rows[rows["labels"] == "relabelled"]
    worst = rows["mean_error_sd"].abs().groupby(rows["replicate"]).max().astype(float)
    expected = [worst.median(), worst.min(), worst.max()]
    assert numbers(row["largest mean error (reference sds)"]) == pytest.approx(expected, rel=0.06)


def said(flag: str) -> str:
    """What a criterion without a number says."""
    return statement(flag, verdict="unknown", value=None, limit=None)


def test_switched_labels_have_a_line_of_their_own(folder: Path) -> None:
    table = parse_markdown(folder / "tables" / "verdict_toy.md").set_index("series")
    raw, relabelled = table.loc["NUTS (plain), raw labels"], table.loc["NUTS (plain)"]
    assert raw["verdict"] == Verdict.DO_NOT_TRUST
    assert numbers(raw["what decided"])[-1] == R_HAT_LIMIT
    assert raw["largest mean error (reference sds)"] == "n/a"
    assert numbers(relabelled["what decided"]) == [3, 0]
    assert "NUTS (ordered), the reference" in table.index
    assert "NUTS (ordered), raw labels" not in table.index


def test_the_report_opens_with_the_answer(folder: Path) -> None:
    lines = (folder / "report.md").read_text().splitlines()
    fits = read_table(folder / "fits.csv", FITS_COLUMNS)
    assert re.match(r"On `toy` \(100 rows\).* NUTS \(ordered\) in 2\.0 s ", lines[2])
    opening = dict(part.split("** ") for part in lines[2].split("**", 1)[1].split("; **"))
    pathfinder = fits[fits["method"] == "pathfinder"].iloc[0]["verdict"]
    assert "Pathfinder (12\u00d7)" in opening[pathfinder]
    assert "subsample ADVI weighted" in opening[Verdict.DO_NOT_TRUST]
    assert lines[4] == "Fits drawn from known normals."  # what the study is
    assert re.fullmatch(r"\| series +\| whole fit .*\| mu\[1,1\] .*\| +speed \|", lines[6])


def test_errors_are_those_of_the_csv(folder: Path) -> None:
    table = parse_markdown(folder / "tables" / "errors_toy.md")
    shown = {
        "W1 (reference sds)": ("w1_sd", 0.06),
        "coverage of 50%": ("coverage_50", 0.02),
        "coverage of 90%": ("coverage_90", 0.02),
    }
    for series, draws, labels in (
        ("ADVI tuned", "relabelled", "relabelled"),
        ("Pathfinder", "PSIS-weighted", "psis"),
        ("Pathfinder", "label-invariant", "invariant"),
    ):
        mine = table[(table["series"] == series) & (table["draws"] == draws)]
        rows = own_rows(folder, series, labels)
        assert list(mine["parameter"]) == list(rows.index)
        for (_, row), (_, expected) in zip(mine.iterrows(), rows.iterrows(), strict=True):
            error, mcse = numbers(row["mean error ± MCSE (reference sds)"])
            assert error == pytest.approx(expected["mean_error_sd"], abs=6e-4)
            assert mcse == pytest.approx(expected["mean_error_mcse"], rel=0.06)
            ratio = np.exp(expected["log_sd_ratio"])
            assert float(row["sd ratio"]) == pytest.approx(ratio, rel=6e-3)
            for head, (column, rel) in shown.items():
                assert float(row[head]) == pytest.approx(expected[column], rel=rel)
            assert row["verdict"] == expected["verdict"]
    effective = table[table["draws"] == "PSIS-weighted"]["effective draws"]
    assert (effective.astype(float) > 0).all()
    assert set(table[table["draws"] == "relabelled"]["effective draws"]) == {"n/a"}
    assert NOTES["errors"] in (folder / "tables" / "errors_toy.md").read_text()


def test_the_report_shows_the_worst_parameter_of_each_series(folder: Path) -> None:
    text = (folder / "report.md").read_text()
    section = text.split("### Errors of the worst parameter")[1].split("###")[0]
    worst = str(own_rows(folder, "ADVI tuned")["mean_error_sd"].abs().astype(float).idxmax())
    assert re.search(rf"\| ADVI tuned +\| relabelled +\| {re.escape(worst)} ", section)
    assert "label-invariant" not in section


def test_labels_side_by_side(folder: Path) -> None:
    table = parse_markdown(folder / "tables" / "labels_toy.md").set_index("series")
    fits = read_table(folder / "fits.csv", FITS_COLUMNS)
    fit = fits[(fits["program"] == "plain") & (fits["method"] == "nuts")].iloc[0]
    row = table.loc["NUTS (plain)"]
    for head, column in (
        ("largest R-hat, raw", "r_hat_max_raw"),
        ("relabelled", "r_hat_max_relabelled"),
        ("label-invariant", "r_hat_max_invariant"),
    ):
        assert float(str(row[head])) == pytest.approx(fit[column], abs=0.0051)
    assert row["label orders visited"] == "2"
    assert set(table.index) == {"NUTS (plain)", "NUTS (ordered)"}
    modes = parse_markdown(folder / "tables" / "modes_toy.md").set_index("series")
    assert not modes.index.isin(table.index).any()
    covered = modes["symmetric modes covered"]
    assert covered["Laplace"] == "one of several"
    assert covered["subsample ADVI weighted, 3 replicates"] == "one of several (3 of 3)"


def test_stability_is_that_of_the_csv(folder: Path) -> None:
    table = parse_markdown(folder / "tables" / "stability_toy.md")
    csv = read_table(folder / "stability.csv", STABILITY_COLUMNS)
    assert len(table) == len(csv)
    assert list(table["parameter"]) == list(csv["parameter"])
    for (_, row), (_, expected) in zip(table.iterrows(), csv.iterrows(), strict=True):
        within, between = expected["within_variance"] ** 0.5, expected["between_variance"] ** 0.5
        assert float(row["within sd"]) == pytest.approx(within, rel=6e-3)
        assert float(row["between sd"]) == pytest.approx(between, rel=6e-3)
        ratio = expected[["between_sd_ratio", "between_sd_ratio_se"]].astype(float)
        assert numbers(row["ratio ± se"]) == pytest.approx(list(ratio), rel=0.06)
        assert float(row["expected ratio"]) == pytest.approx(
            expected["expected_sd_ratio"], rel=0.06
        )
        assert float(row["R-hat across runs"]) == pytest.approx(expected["r_hat_runs"], abs=0.0051)
    judged = csv[(csv["labels"] == "relabelled") & (csv["variant"] == "weighted")]
    spread = judged.set_index("parameter")["between_sd_ratio"].astype(float)
    worst = str(spread.idxmax())
    section = (folder / "report.md").read_text().split("### Stability")[1].split("###")[0]
    assert re.search(rf"subsample ADVI weighted +\| relabelled +\| {re.escape(worst)} ", section)


def test_a_series_with_a_single_fit_has_its_failures_but_no_spread(tmp_path: Path) -> None:
    lost = [Cell(program="plain", method="advi", replicate=i, failed=True) for i in (2, 3)]
    write_results(tmp_path, (CELLS[2], *lost))
    write_report(tmp_path, published=None)
    table = parse_markdown(tmp_path / "tables" / "stability_toy.md")
    assert table.to_dict("records") == [
        {"series": "ADVI", "runs": "3", "failure rate": "0.67", "retries": "0"}
    ]


def test_the_algorithms_own_accounts(folder: Path) -> None:
    samplers = parse_markdown(folder / "tables" / "samplers_toy.md").set_index("run")
    assert list(samplers["divergences"]) == ["0", "3"]
    assert set(samplers["leapfrog steps"]) == {"12000"}
    optimisers = parse_markdown(folder / "tables" / "optimisers_toy.md").set_index("run")
    advi = optimisers.loc["ADVI default"]
    assert advi["etas tried"] == "100, 10, 1, 0.1, 0.01"
    assert (advi["eta"], advi["stopping rule met"], advi["iterations"]) == ("0.1", "median", "1000")
    assert (advi["ELBO"], advi["may be diverging"]) == ("-330.50 ± 0.25", "no")
    pathfinder = optimisers.loc["Pathfinder"]
    assert (pathfinder["k-hat reported"], pathfinder["retries"]) == ("0.80", "2")
    assert pathfinder["ELBO"] == "-318.25"
    assert optimisers.loc["Laplace", "ELBO"] == "n/a"


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (
            "cost",
            {
                "adapt (s)": "adapt_time_s",
                "run (s)": "run_time_s",
                "gradients": "n_gradients",
                "row gradients": "n_row_gradients",
                "ESS": "ess",
                "ESS per s": "ess_per_s",
                "ESS per gradient": "ess_per_gradient",
            },
        ),
        (
            "joint",
            {
                "Mahalanobis": "mahalanobis",
                "log eigenvalue, low": "log_eigenvalue_low",
                "log eigenvalue, high": "log_eigenvalue_high",
                "energy distance": "energy_distance",
                "MMD²": "mmd",
                "sliced Wasserstein": "sliced_wasserstein",
                "C2ST accuracy": "c2st_accuracy",
                "missed mass": "missed_mass",
            },
        ),
    ],
)
def test_cost_and_joint_distances_are_those_of_the_csv(
    folder: Path, kind: str, shown: dict[str, str]
) -> None:
    table = parse_markdown(folder / "tables" / f"{kind}_toy.md").set_index("series")
    fits = read_table(folder / "fits.csv", FITS_COLUMNS)
    for series in ("NUTS (plain)", "ADVI default", "Pathfinder"):
        program, method, variant, _ = SINGLE.get(series, ("plain", "nuts", "default", ""))
        wanted = (fits["program"] == program) & (fits["method"] == method)
        fit = fits[wanted & (fits["variant"] == variant)].iloc[0]
        for head, column in shown.items():
            cell = str(table.loc[series, head])
            if pd.isna(fit[column]):
                assert cell == "n/a"
            else:
                assert numbers(cell)[0] == pytest.approx(fit[column], rel=0.06, abs=6e-4)


def test_speed_is_that_beside_nuts_at_its_defaults_with_the_same_program(folder: Path) -> None:
    """The reference, of another program here, has 2 seconds; NUTS with this one 3."""
    fits = read_table(folder / "fits.csv", FITS_COLUMNS)
    lines = (folder / "report.md").read_text().splitlines()
    speeds = {
        series: next(line for line in lines if line.startswith(f"| {series} ")).split("|")[-2]
        for series in ("Pathfinder", "NUTS (plain)")
    }
    nuts = fits[(fits["method"] == "nuts") & (fits["program"] == "plain")]["fit_time_s"].iloc[0]
    ours = fits[fits["method"] == "pathfinder"]["fit_time_s"].iloc[0]
    assert float(speeds["Pathfinder"]) == pytest.approx(nuts / ours, rel=0.05)
    assert float(speeds["NUTS (plain)"]) == 1.0


def test_without_a_reference_no_error_is_known(tmp_path: Path) -> None:
    write_results(tmp_path, ALL_CELLS)
    write_report(tmp_path, published=None)
    text = (tmp_path / "report.md").read_text()
    assert dataset_tables(read_results(tmp_path), "toy").reference is None
    table = parse_markdown(tmp_path / "tables" / "verdict_toy.md").set_index("series")
    assert "largest mean error (reference sds)" not in table.columns
    assert "speed |" in text  # NUTS at its defaults is no reference, but what others stand in for
    fits = read_table(tmp_path / "fits.csv", FITS_COLUMNS)
    assert set(fits[fits["method"] == "advi"]["decided_by"]) <= {"reference_absent", "k_hat"}
    assert said("reference_absent") in str(table.loc["ADVI tuned", "what decided"])
    assert not (tmp_path / "tables" / "errors_toy.md").exists()
    joint = parse_markdown(tmp_path / "tables" / "joint_toy.md")
    assert list(joint.columns) == ["series", "KSD (null)"]


def test_a_reference_that_failed_its_checks_is_said_to_have(tmp_path: Path) -> None:
    cells = (Cell(program="ordered", method="nuts", n_divergent=7), *ALL_CELLS[1:4])
    write_results(tmp_path, cells, reference=ORDERED_NUTS)
    write_report(tmp_path, published=None)
    reference = dataset_tables(read_results(tmp_path), "toy").reference
    assert reference is not None
    assert numbers(reference.problems) == [7]
    assert reference.problems in (tmp_path / "report.md").read_text()
    table = parse_markdown(tmp_path / "tables" / "verdict_toy.md").set_index("series")
    assert table.loc["ADVI tuned", "verdict"] == "unknown"
    told = str(table.loc["ADVI tuned", "what decided"])
    assert told.startswith(said("reference_failed"))
    assert reference.problems in told
    assert not (tmp_path / "tables" / "errors_toy.md").exists()


def test_a_reference_whose_run_failed(tmp_path: Path) -> None:
    cells = (Cell(program="ordered", method="nuts", failed=True), CELLS[3])
    write_results(tmp_path, cells, reference=ORDERED_NUTS)
    write_report(tmp_path, published=PUBLISHED)
    reference = dataset_tables(read_results(tmp_path), "toy").reference
    assert reference is not None
    assert reference.fit_time_s is None
    assert reference.problems in (tmp_path / "report.md").read_text().splitlines()[2]


def test_a_reference_from_a_file_has_errors_but_no_time(tmp_path: Path) -> None:
    study, fitted = fabricate(CELLS[:1])
    program = study.programs["ordered"]
    named = quantities(posterior_arrays(fitted[0].fit, program), program)
    draws = reference_from_fit(fitted[0].fit, named, title="file ref.json")
    write_results(
        tmp_path, CELLS[1:4], reference=Path("somewhere/ref.json"), from_files={"toy": draws}
    )
    write_report(tmp_path, published=None)
    text = (tmp_path / "report.md").read_text()
    assert "ref.json" in text.splitlines()[2]
    assert "| reference of `toy` | ref.json |" in text
    assert "somewhere" not in text
    table = parse_markdown(tmp_path / "tables" / "verdict_toy.md")
    assert "largest mean error (reference sds)" in table.columns


def test_what_a_file_of_reference_draws_lacks_is_named(tmp_path: Path) -> None:
    study, fitted = fabricate(CELLS[:1])
    program = study.programs["ordered"]
    named = quantities(posterior_arrays(fitted[0].fit, program), program)
    kept = {
        labels: {name: draws for name, draws in each.items() if name not in ("mu[1,1]", "mu[2,1]")}
        for labels, each in named.by_labels.items()
    }
    partial = dataclasses.replace(named, by_labels=kept)
    draws = reference_from_fit(fitted[0].fit, partial, title="file ref.json")
    reference = Path("ref.json")
    write_results(tmp_path, CELLS[1:4], reference=reference, from_files={"toy": draws})
    write_report(tmp_path, published=None)
    answer = (tmp_path / "report.md").read_text().splitlines()[2]
    assert re.findall(r"`(mu\S+)`", answer) == ["mu[1,1]", "mu[2,1]"]


def test_replicates_in_a_cell() -> None:
    cells: list[list[object]] = [[3.0, 1.0, 2.0], [1.0, 1.0], [1.0, pd.NA, 1.0], [pd.NA, pd.NA]]
    shown = [median_range(values, significant) for values in cells]
    assert [cell.text for cell in shown] == ["2.0 [1.0 to 3.0]", "1.0", "1.0 (2 of 3)", "n/a"]
    assert [cell.value for cell in shown] == [2.0, 1.0, 1.0, None]
    counted = tally(["trust", Verdict.DO_NOT_TRUST, "trust"])
    assert counted.text == "1 × do not trust, 2 × trust"
    assert counted.verdict == Verdict.DO_NOT_TRUST
    assert (tally(["trust"]).text, tally([]).text, tally([]).verdict) == ("trust", "n/a", "")


def row(columns: Mapping[Hashable, object] = MappingProxyType({})) -> dict[Hashable, object]:
    """A row of a table whose verdict a mean's error decided."""
    told: dict[Hashable, object] = {
        "verdict": Verdict.DO_NOT_TRUST,
        "verdict_reason": "the whole sentence",
        "decided_by": "mean_error_sd",
        "decided_value": -1.3,
        "decided_limit": 0.3,
    }
    return told | dict(columns)


@pytest.mark.parametrize(
    ("columns", "parts"),
    [
        ({}, ("1.30", "0.3")),
        ({"decided_parameter": "mu[1]"}, ("mu[1]: ", "1.30")),
        ({"decided_by": "failed", "reason": "stopped after 3 s"}, ("no draws", "after 3 s")),
        ({"decided_by": "reference_failed", "reference_problems": "why"}, ("checks", ": why")),
        ({"decided_by": "k_hat", "decided_value": pd.NA}, ("k-hat", "not known")),
        ({"decided_by": "of a later version"}, ("the whole sentence",)),
        ({"decided_by": pd.NA}, ("the whole sentence",)),
    ],
)
def test_reasons_in_short(columns: dict[Hashable, object], parts: tuple[str, ...]) -> None:
    told = decided(row(columns))
    assert all(part in told for part in parts), told


@pytest.mark.parametrize(
    ("criterion", "value", "limit", "verdict", "is_in_doubt"),
    [
        ("mean_error_sd", 0.15, 0.3, Verdict.UNKNOWN, True),
        ("mean_error_sd", -0.32, 0.3, Verdict.UNKNOWN, True),
        ("mean_error_sd", -0.32, 0.3, Verdict.DO_NOT_TRUST, False),
        ("mean_error_sd", 0.15, 0.3, Verdict.TRUST, False),
        ("coverage_50", 0.453, 0.1, Verdict.MEANS_ONLY, True),
        ("coverage_50", 0.3, 0.1, Verdict.MEANS_ONLY, False),
        ("log_eigenvalue_low", -0.24, 0.365, Verdict.MARGINALS, True),
        ("ess_bulk", 300.0, 400.0, Verdict.UNKNOWN, False),
    ],
)
def test_a_value_in_doubt_is_called_so(
    criterion: str, value: float, limit: float, verdict: Verdict, *, is_in_doubt: bool
) -> None:
    """A value within its limit beside a verdict that is no trust would be a riddle."""
    told = decided(
        row(
            {
                "decided_by": criterion,
                "decided_value": value,
                "decided_limit": limit,
                "verdict": verdict,
            }
        )
    )
    assert told.endswith(IN_DOUBT) == is_in_doubt


@pytest.mark.slow
@pytest.mark.parametrize("name", ["failed", "r_hat", "k_hat is not known"])
def test_a_parameter_may_be_called_like_a_criterion(
    folder: Path, tmp_path: Path, name: str
) -> None:
    """Names of parameters are names: reasons come from columns, not out of sentences."""
    for file in ("stability.csv", "manifest.json"):
        (tmp_path / file).write_bytes((folder / file).read_bytes())
    decision = row({"verdict_reason": f"{name}: far off", "decided_value": -9.87})
    for file, columns, whose in (
        ("comparison.csv", COMPARISON_COLUMNS, "parameter"),
        ("fits.csv", FITS_COLUMNS, "decided_parameter"),
    ):
        table = read_table(folder / file, columns)
        table[whose] = table[whose].replace("mu[1,1]", name)
        tuned = table["variant"] == "tuned"
        tuned &= table[whose].eq(name) if whose == "parameter" else tuned
        for column, value in {**decision, whose: name}.items():
            table.loc[tuned, str(column)] = str(value) if isinstance(value, str) else -9.87
        table.loc[tuned, "decided_limit"] = 0.3
        write_table(table, tmp_path / file)
    write_report(tmp_path, published=None)
    shown = parse_markdown(tmp_path / "tables" / "verdict_toy.md").set_index("series")
    told = str(shown.loc["ADVI tuned", "what decided"])
    assert told.startswith(f"{name}: ")
    assert 9.87 in numbers(told)
    others = str(shown.loc["subsample ADVI unweighted, 3 replicates", "what decided"])
    assert said("weight_mistake") in others


def test_quantities_share_columns_where_they_are_many() -> None:
    few = [f"b[{i}]" for i in range(MOST_QUANTITIES)]
    assert fold(few) == {name: [name] for name in few}
    theta = [f"theta[{i},{j}]" for i in (1, 2, 3) for j in (1, 2, 3, 4)]
    assert fold([*theta, "tau"]) == {"theta (12)": theta, "tau": ["tau"]}
    scalars = [f"s{i}" for i in range(50)]
    columns = fold(scalars)
    assert len(columns) == MOST_QUANTITIES
    assert columns["39 others"] == scalars[MOST_QUANTITIES - 1 :]
    assert [name for members in columns.values() for name in members] == scalars


@pytest.mark.slow
def test_a_column_of_many_quantities_has_their_worst_verdict(tmp_path: Path) -> None:
    write_many_parameters(tmp_path)
    table = read_table(tmp_path / "comparison.csv", COMPARISON_COLUMNS)
    tuned = (table["variant"] == "tuned") & (table["parameter"] == "theta[7]")
    table.loc[tuned, ["verdict", "verdict_reason"]] = [Verdict.DO_NOT_TRUST, "r_hat = 2, above 1"]
    write_table(table, tmp_path / "comparison.csv")
    write_report(tmp_path, published=None)
    page = read_page((tmp_path / "report.html").read_text())
    matrix = page.by_id("table-matrix-toy")
    assert table_heads(matrix) == [
        "series",
        "whole fit",
        "theta (60)",
        "mu (3)",
        "fit (s)",
        "speed",
    ]
    rows = {cells[0].line: cells[1:] for cells in table_rows(matrix)}
    cell = rows["ADVI tuned"][1]
    assert cell.line == "✗ do not trust (1 of 60)"
    assert cell.attributes["title"] == "theta[7]: r_hat = 2, above 1"
    reason = page.by_id(cell.all("a")[0].attributes["href"].removeprefix("#"))
    assert "theta[7]" in reason.line
    # another fit's chains have been at both places, so the reference may have missed one
    assert rows["NUTS (ordered), the reference"][1].line == "? unknown"
    by_variable = table_rows(page.by_id("table-variables-toy"))
    mine = [cells for cells in by_variable if cells[0].line == "ADVI tuned"]
    assert [cells[1].line for cells in mine] == ["theta", "mu"]
    assert [cells[2].line for cells in mine] == ["60", "3"]
    assert mine[0][4].line == "✗ do not trust"
    assert mine[0][5].line == "theta[7]"
    folded = [item.all("summary")[0].line for item in page.all("details")]
    assert "Posterior means (63 rows)" in folded
    assert "theta[60]" in (tmp_path / "tables" / "estimates_toy.md").read_text()
    assert "tables/estimates_toy.md" in (tmp_path / "report.md").read_text()
