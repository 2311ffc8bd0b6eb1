"""The results of the shipped studies: what theory says of them, and tables that agree."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.report import read_results
from harness.report.leaderboard import leaderboard_table
from harness.results.columns import (
    LEADERBOARD_COLUMNS,
    POSTERIORS_COLUMNS,
    STABILITY_COLUMNS,
    read_table,
    saved_values,
)
from tests.cases import PROJECT

RESULTS = PROJECT / "results"
FOLDERS = sorted(file.parent for file in RESULTS.glob("*/leaderboard.csv"))


@pytest.mark.parametrize("m", [1_000, 3_000, 10_000])
def test_subsamples_lie_as_far_apart_as_theory_says(m: int) -> None:
    """Within 15% of the root of N/m - 1, where the posterior is nearly normal."""
    table = read_table(RESULTS / "subsample" / "stability.csv", STABILITY_COLUMNS)
    mine = table[
        (table["dataset"] == "rows n_rows=100000")
        & (table["variant"] == f"m={m}")
        & (table["labels"] == "relabelled")
    ]
    assert set(mine["n_runs"]) == {50}
    assert (mine["n_failed"] == 0).all()
    expected = np.sqrt(100_000 / m - 1)
    assert mine["expected_sd_ratio"].astype(float).tolist() == pytest.approx([expected] * len(mine))
    spread = np.sqrt(np.mean(mine["between_sd_ratio"].astype(float) ** 2))
    assert spread == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_leaderboards_follow_from_what_came_of_each_data_set(folder: Path) -> None:
    posteriors = read_table(folder / "posteriors.csv", POSTERIORS_COLUMNS)
    board = read_table(folder / "leaderboard.csv", LEADERBOARD_COLUMNS)
    again = saved_values(leaderboard_table(posteriors))
    texts = ["method", "variant", "n_posteriors"]
    pd.testing.assert_frame_equal(again[texts], board[texts])
    numbers = [name for name, kind in LEADERBOARD_COLUMNS.items() if kind == "Float64"]
    pd.testing.assert_frame_equal(again[numbers], board[numbers], rtol=1e-7)
    assert set(read_results(folder).datasets) == set(posteriors["dataset"])


@pytest.mark.parametrize("name", ["subsample", "scaling", "separation", "faithful"])
def test_results_say_which_scale_made_them(name: str) -> None:
    folder = RESULTS / name
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["study"]["scale"] == "small"
    assert f"harness run studies/{name}.toml --scale small" in (folder / "report.md").read_text()
    assert not list(folder.rglob("*.nc"))


def test_two_kinds_of_eruption_predict_better_than_one() -> None:
    loo = pd.read_csv(RESULTS / "faithful" / "loo.csv").set_index("K").to_dict("index")
    assert {1, 2} <= set(loo)
    assert float(loo[1]["below_best"]) > 5 * float(loo[1]["below_best_se"])
    checks = pd.read_csv(RESULTS / "faithful" / "checks.csv")
    gap = checks[checks["statistic"] == "share of eruptions of 2.5 to 3.5 minutes"]
    above = dict(zip(gap["K"], gap["p_above"], strict=True))
    assert above[1] > 0.99  # one component fills the gap
    assert 0.02 < above[2] < 0.98


@pytest.mark.parametrize("name", ["scaling", "separation"])
def test_reports_on_many_data_sets_begin_with_how_many_may_be_trusted(name: str) -> None:
    folder = RESULTS / name
    posteriors = read_table(folder / "posteriors.csv", POSTERIORS_COLUMNS)
    trusted = posteriors["verdict"].eq("trust").groupby(posteriors["method"]).sum()
    datasets = posteriors["dataset"].unique()
    text = (folder / "report.md").read_text(encoding="utf-8")
    answer = next(line for line in text.splitlines() if line.startswith("**trust** on "))
    titles = {"nuts": "NUTS", "laplace": "Laplace", "vi_fullrank": "VI full-rank", "advi": "ADVI"}
    assert f"on {trusted.max()} of {len(datasets)} data sets:" in answer
    for group in re.split(r"; on |\*\*trust\*\* on ", answer.partition(". 2×")[0])[1:]:
        number, _, names = group.partition(": ")
        shown = 0 if number == "none" else int(number.split()[0])
        told = {re.sub(r" \(.*\)", "", each).rstrip(".") for each in names.split(", ")}
        assert told >= {titles[key] for key in titles if trusted.get(key) == shown}
    errors = posteriors["mean_error_sd"].notna().groupby(posteriors["dataset"]).any()
    assert ("failed its checks" in answer) == (not errors.all())
