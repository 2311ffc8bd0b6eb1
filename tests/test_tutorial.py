"""The tutorial, followed to the letter."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.results.columns import COMPARISON_COLUMNS, FITS_COLUMNS, STABILITY_COLUMNS, read_table
from tests.following import PROJECT, fresh_copy

PAGE = (PROJECT / "docs" / "tutorial.md").read_text(encoding="utf-8")
SEVERITY = ["trust", "marginals", "means only", "unknown", "do not trust"]


def worst(verdicts: pd.Series) -> str:
    return max(map(str, verdicts), key=SEVERITY.index)


def claimed() -> dict[str, dict[str, str]]:
    """The page's table of verdicts, by series and column."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.splitlines()
        if re.match(r"\|(?! ---)", line)
    ]
    return {row[0]: dict(zip(rows[0][1:], row[1:], strict=True)) for row in rows[1:]}


@pytest.mark.slow
def test_every_step_gives_what_the_page_says(cmdstan_home: Path, tmp_path: Path) -> None:
    follower = fresh_copy(tmp_path, cmdstan_home=cmdstan_home)
    follower.follow(PAGE)

    results = follower.folder / "results" / "cars_study"
    fits = read_table(results / "fits.csv", FITS_COLUMNS)
    rows = read_table(results / "comparison.csv", COMPARISON_COLUMNS)
    rows = rows[rows["labels"] == "raw"]
    titles = {
        "ADVI default": ("advi", "default"),
        "ADVI tuned": ("advi", "tuned"),
        "ADVI full-rank tuned": ("advi_fullrank", "tuned"),
        "Laplace": ("laplace", "default"),
        "subsample ADVI 100 of 500": ("subsample_advi", "100 of 500"),
        "subsample NUTS 100 of 500": ("subsample_nuts", "100 of 500"),
    }
    found = {}
    for title, (method, variant) in titles.items():
        own = rows[(rows["method"] == method) & (rows["variant"] == variant)]
        whole = fits[(fits["method"] == method) & (fits["variant"] == variant)]
        found[title] = {
            "whole fit": worst(whole["verdict"]),
            **{str(name): worst(group["verdict"]) for name, group in own.groupby("parameter")},
        }
    assert found == claimed()

    # the figures of the text
    tuned = rows[(rows["method"] == "advi") & (rows["variant"] == "tuned")]
    ratio = np.exp(tuned.groupby("parameter")["log_sd_ratio"].median().astype(float))
    assert ratio["beta_mass"] == pytest.approx(0.49, abs=0.03)
    assert ratio["beta_power"] == pytest.approx(0.49, abs=0.03)
    stability = read_table(results / "stability.csv", STABILITY_COLUMNS)
    spread = stability[
        (stability["method"] == "subsample_advi") & (stability["parameter"] == "beta_mass")
    ]
    assert spread["between_sd_ratio"].item() == pytest.approx(5, abs=1)
    speed = fits.groupby(["method", "variant"])["fit_time_s"].median()
    assert speed["nuts", "reference"] > 10 * speed["laplace", "default"]
