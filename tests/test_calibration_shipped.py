"""The shipped calibrations say what theory says, and their tables follow from their ranks."""

from pathlib import Path

import pandas as pd
import pytest

from harness.calibration.tables import (
    CALIBRATED,
    CALIBRATION_COLUMNS,
    METHOD_COLUMNS,
    NOT_CALIBRATED,
    RANK_COLUMNS,
    calibration_table,
)
from harness.plot import HOW_TO_READ
from harness.results.columns import read_table
from tests.cases import PROJECT
from tools.calibration import saved

RESULTS = PROJECT / "results" / "calibration"
FOLDERS = sorted(file.parent for file in RESULTS.glob("*/ranks.csv"))


def verdicts(name: str) -> dict[str, str]:
    table = read_table(RESULTS / name / "methods.csv", METHOD_COLUMNS)
    return dict(zip(table["method"], table["verdict"], strict=True))


def judged(name: str, method: str) -> pd.DataFrame:
    table = read_table(RESULTS / name / "calibration.csv", CALIBRATION_COLUMNS)
    return table[table["method"] == method].set_index("quantity")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_tables_follow_from_the_ranks(folder: Path) -> None:
    again = calibration_table(read_table(folder / "ranks.csv", RANK_COLUMNS))
    saved = read_table(folder / "calibration.csv", CALIBRATION_COLUMNS)
    texts = ["method", "quantity", "verdict", "direction", "n_ranks"]
    pd.testing.assert_frame_equal(again[texts], saved[texts], check_dtype=False)
    numbers = ["p_value", "p_holm", "excess", "coverage_50", "coverage_90"]
    pd.testing.assert_frame_equal(again[numbers], saved[numbers], atol=1e-8)


@pytest.mark.parametrize("name", ["mixture", "eight_schools"])
def test_nuts_is_calibrated(name: str) -> None:
    assert verdicts(name) == {"NUTS": CALIBRATED}
    own = judged(name, "NUTS")
    assert (own["n_ranks"] >= 500).all()
    labelled = own.index.str.match(r"mu\[|pi\[")
    assert name == "eight_schools" or labelled.sum() == 6
    invariant = own[~labelled]
    assert (invariant["excess"] == 0).all()  # each within its own 95% band


def test_mean_field_advi_is_too_narrow_where_coefficients_are_correlated() -> None:
    found = verdicts("regression")
    assert found.pop("ADVI settled") == NOT_CALIBRATED
    assert set(found.values()) == {CALIBRATED}
    own = judged("regression", "ADVI settled")
    for name in ("beta[1]", "beta[2]"):
        assert own.loc[name, "direction"] == "too narrow"
        # the root of 1 - rho squared, rho = -0.94
        width = own["width_ratio"].to_dict()[name]
        assert abs(width / 0.344 - 1) < 4 / (2 * 200) ** 0.5


def test_subsamples_fail_as_theory_says() -> None:
    weighted = judged("subsample", "subsample ADVI m=20 weighted")
    unweighted = judged("subsample", "subsample ADVI m=20 unweighted")
    for name in ("alpha", "beta"):
        assert weighted.loc[name, "direction"] == "too narrow"
        # the posterior of 20 rows is right for whoever has seen only these
        assert unweighted.loc[name, "verdict"] == CALIBRATED
    assert unweighted.loc["log density", "verdict"] == NOT_CALIBRATED
    assert "biased down" in str(unweighted.loc["log density", "direction"])
    # on all rows too: CmdStan's stopping rule ends gradient ascent off the centre
    all_rows = judged("subsample", "ADVI settled")
    for name in ("alpha", "beta"):
        ratios = [each["width_ratio"].to_dict()[name] for each in (weighted, all_rows)]
        assert ratios[0] < ratios[1] < 1


def test_pages_follow_from_the_saved_tables(tmp_path: Path) -> None:
    saved(RESULTS / "regression").save(tmp_path)
    page = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert page == (RESULTS / "regression" / "report.md").read_text(encoding="utf-8")
    assert page.count(HOW_TO_READ) == 1  # figures after the first are read as that one
    assert page.count("as figure 1.") == 2
