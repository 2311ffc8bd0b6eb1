"""Tables: declared columns, ``n/a`` where a figure does not apply, and CSV that reads back."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.errors import ResultsError
from harness.results.columns import (
    COMPARISON_COLUMNS,
    FITS_COLUMNS,
    make_table,
    read_table,
    saved_values,
    write_table,
)

IDENTITY = {"dataset": "small", "program": "gmm", "method": "nuts", "variant": "default"}
FIGURES = ("mean", "sd", "q5", "q50", "q95", "mcse_mean", "ess_bulk", "ess_tail", "r_hat")


def comparison_rows() -> list[dict[str, Any]]:
    """A row of chains, one of independent draws, one of a failed run."""
    figures = {name: 0.1 * (i + 1) / 3 for i, name in enumerate(FIGURES)}
    place = {"labels": "raw", "parameter": "mu[1,2]", "status": "ok"}
    no_chains = {"ess_bulk": np.nan, "ess_tail": np.nan, "r_hat": np.nan}
    return [
        {**IDENTITY, "replicate": 1, **place, **figures},
        {**IDENTITY, "replicate": 2, **place, **figures, **no_chains, "method": "advi"},
        {**IDENTITY, "replicate": 3, "status": "failed"},
    ]


def fits_rows() -> list[dict[str, Any]]:
    return [
        {
            **IDENTITY,
            "variant": "01",
            "replicate": 1,
            "n_rows": 100_000,
            "likelihood_weight": 500.0,
            "n_divergent": 0,
            "elbo": -320_123.456,
            "converged": "mean and median",
            "seed": 2**31 - 1,
            "status": "ok",
            "reason": "",
            "warnings": 'said "no", twice; then\nstopped',
        },
        {**IDENTITY, "replicate": 2, "seed": 1, "status": "failed", "reason": "nan, n/a or None"},
    ]


def test_issue_2_names_the_columns() -> None:
    wanted = (
        "dataset program method variant replicate labels parameter mean sd q5 q50 q95 mcse_mean "
        "ess_bulk ess_tail r_hat status"
    )
    assert [name for name in COMPARISON_COLUMNS if name in wanted.split()] == wanted.split()


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(comparison_rows(), COMPARISON_COLUMNS), (fits_rows(), FITS_COLUMNS), ([], FITS_COLUMNS)],
    ids=["comparison", "fits", "none"],
)
def test_table_reads_back_as_it_was(
    tmp_path: Path, rows: list[dict[str, Any]], columns: dict[str, str]
) -> None:
    table = make_table(rows, columns)
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == columns
    write_table(table, tmp_path / "table.csv")
    back = read_table(tmp_path / "table.csv", columns)
    pd.testing.assert_frame_equal(back, table, rtol=1e-8)
    pd.testing.assert_frame_equal(back, saved_values(table), check_exact=True)


def test_nine_digits_are_kept(tmp_path: Path) -> None:
    write_table(make_table(comparison_rows(), COMPARISON_COLUMNS), tmp_path / "table.csv")
    back = read_table(tmp_path / "table.csv", COMPARISON_COLUMNS)
    assert back["mean"][0] == pytest.approx(0.1 / 3, rel=1e-8)
    assert "0.0333333333," in (tmp_path / "table.csv").read_text()


def test_figures_that_do_not_apply_are_never_numbers(tmp_path: Path) -> None:
    table = make_table(comparison_rows(), COMPARISON_COLUMNS)
    assert table["r_hat"].isna().tolist() == [False, True, True]
    write_table(table, tmp_path / "table.csv")
    lines = (tmp_path / "table.csv").read_text().splitlines()
    independent = dict(zip(COMPARISON_COLUMNS, lines[2].split(","), strict=False))
    assert '"' in lines[2]  # mu[1,2] is quoted, and so shifts the split by one
    assert lines[2].endswith("n/a,n/a,n/a,ok")
    assert independent["method"] == "advi"
    n_figures = len(COMPARISON_COLUMNS) - 6
    assert lines[3] == "small,gmm,nuts,default,3" + ",n/a" * n_figures + ",failed"


def test_lines_end_in_a_newline_alone(tmp_path: Path) -> None:
    write_table(make_table(comparison_rows(), COMPARISON_COLUMNS), tmp_path / "table.csv")
    content = (tmp_path / "table.csv").read_bytes()
    assert content.count(b"\n") == 4
    assert b"\r" not in content


def test_other_columns_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    write_table(make_table(fits_rows(), FITS_COLUMNS), file)
    with pytest.raises(ResultsError, match=r"table\.csv'"):
        read_table(file, COMPARISON_COLUMNS)
    columns = list(FITS_COLUMNS)
    turned = dict.fromkeys([columns[1], columns[0], *columns[2:]], "string")
    with pytest.raises(ResultsError, match=r"columns"):
        read_table(file, turned)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", r"table\.csv' is damaged \(No columns to parse from file\)"),
        (f"{','.join(FITS_COLUMNS)}\nd,p,m,v,one{',' * 17}\n", r"is damaged \(.*'one'"),
        (f"{','.join(FITS_COLUMNS)}\nd,p,m,v,1.5{',' * 17}\n", "is damaged"),
        ("a,b\n1,2,3\n4,5,6,7\n", "is damaged"),
    ],
    ids=["empty", "word for a number", "fraction for a count", "ragged"],
)
def test_damaged_table_is_told_in_one_line(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "table.csv").write_text(content)
    with pytest.raises(ResultsError, match=complaint) as caught:
        read_table(tmp_path / "table.csv", FITS_COLUMNS)
    assert "\n" not in str(caught.value)


def test_missing_table_says_to_run_the_study(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"absent\.csv'"):
        read_table(tmp_path / "absent.csv", FITS_COLUMNS)


def test_unwritable_table_is_told(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file where the folder should be")
    with pytest.raises(ResultsError, match=r"t\.csv': .*directory"):
        write_table(make_table([], FITS_COLUMNS), tmp_path / "results" / "t.csv")
