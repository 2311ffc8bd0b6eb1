"""The README's blocks: made from the results, and what they say is in the tables."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from harness.cli import main
from harness.errors import ResultsError
from harness.readme import update_readme, updated, with_block
from harness.table import COMPARISON_COLUMNS, FITS_COLUMNS, read_table
from tests.cases import PROJECT

README = PROJECT / "README.md"
NOTEBOOK = PROJECT / "results" / "notebook"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"

#: Rows of the block of one run each, with what makes them.
SINGLE = {
    ("large", "NUTS default (gmm_fused)"): ("gmm_fused", "nuts", "default"),
    ("large", "Laplace"): ("gmm_fused", "laplace", "default"),
    ("large", "ADVI tuned"): ("gmm_fused", "advi", "tuned"),
    ("small", "Pathfinder multi"): ("gmm", "pathfinder", "multi"),
    ("small", "ADVI full-rank tuned"): ("gmm", "advi_fullrank", "tuned"),
}


def first_number(cell: str) -> float:
    found = re.search(r"-?\d+(\.\d+)?", cell)
    assert found is not None, cell
    return float(found[0])


def shown_rows(text: str) -> dict[tuple[str, str], dict[str, str]]:
    """The rows of the block's tables, by data set and series."""
    block = text.partition("<!-- notebook: begin -->")[2].partition("<!-- notebook: end -->")[0]
    rows = {}
    for part in block.split("**`")[1:]:
        dataset = part.partition("`")[0]
        lines = [line for line in part.splitlines() if line.startswith("|")]
        cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
        for row in cells[2:]:
            rows[dataset, row[0]] = dict(zip(cells[0], row, strict=True))
    return rows


def test_the_readme_is_that_of_the_results() -> None:
    text = README.read_text(encoding="utf-8")
    assert updated(README, PROJECT / "results") == text, "run `make readme`"


def test_numbers_are_those_of_the_csv() -> None:
    shown = shown_rows(README.read_text(encoding="utf-8"))
    fits = read_table(NOTEBOOK / "fits.csv", FITS_COLUMNS)
    comparison = read_table(NOTEBOOK / "comparison.csv", COMPARISON_COLUMNS)
    for (dataset, title), key in SINGLE.items():
        row = shown[dataset, title]

        def mine(table: pd.DataFrame, names: tuple[str, ...] = (dataset, *key)) -> pd.DataFrame:
            identity = ["dataset", "program", "method", "variant"]
            return table[(table[identity] == pd.Series(names, index=identity)).all(axis=1)]

        fit = mine(fits).iloc[0]
        rows = mine(comparison)
        rows = rows[rows["labels"] == "relabelled"]
        assert row["verdict"] == fit["verdict"]
        assert first_number(row["fit (s)"]) == pytest.approx(fit["fit_time_s"], rel=0.06)
        error = rows["mean_error_sd"].abs().max()
        assert first_number(row["largest mean error (reference sds)"]) == pytest.approx(
            error, abs=6e-4
        )
        if key[1] == "nuts":
            assert row["bulk ESS"] == str(round(rows["ess_bulk"].min()))
            assert row["R-hat or k-hat"] == f"R-hat {rows['r_hat'].max():.2f}"
        else:
            assert row["bulk ESS"] == "n/a"
            assert row["R-hat or k-hat"] == f"k-hat {fit['k_hat']:.2f}"


def test_the_picture_is_there_with_its_words() -> None:
    found = re.search(r"!\[([^\]]+)\]\((results/[^)]+)\)", README.read_text(encoding="utf-8"))
    assert found is not None
    assert len(found[1]) > 60
    assert (PROJECT / found[2]).stat().st_size < 150_000


def test_other_results_make_another_readme(tmp_path: Path) -> None:
    copy = tmp_path / "results" / "notebook"
    shutil.copytree(NOTEBOOK, copy, ignore=shutil.ignore_patterns("*.html", "*.md", "*.png"))
    readme = tmp_path / "README.md"
    readme.write_bytes(README.read_bytes())
    update_readme(readme, tmp_path / "results")
    assert readme.read_bytes() == README.read_bytes()
    fits = (copy / "fits.csv").read_text()
    rows = fits.splitlines()
    at = next(i for i, row in enumerate(rows) if row.startswith("large,gmm_fused,laplace"))
    cells = rows[at].split(",")
    cells[list(FITS_COLUMNS).index("fit_time_s")] = "77"
    rows[at] = ",".join(cells)
    (copy / "fits.csv").write_text("\n".join(rows) + "\n")
    update_readme(readme, tmp_path / "results")
    assert shown_rows(readme.read_text())["large", "Laplace"]["fit (s)"] == "77"


@pytest.mark.parametrize(
    "text", ["", BEGIN, END, f"{END}{BEGIN}", f"{BEGIN}{BEGIN}{END}", f"{BEGIN}{END}{END}"]
)
def test_a_text_without_marks_is_refused(text: str) -> None:
    with pytest.raises(ResultsError, match="once each"):
        with_block(text, "bench", "block")


def test_a_block_is_replaced_and_nothing_else() -> None:
    text = with_block(f"above\n{BEGIN}\nformer\n{END}\nbelow\n", "bench", "new\n")
    assert text == f"above\n{BEGIN}\n\nnew\n\n{END}\nbelow\n"
    assert with_block(text, "bench", "new") == text


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot read"), ("no marks", "there are no results")]
)
def test_what_is_missing_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, said: str
) -> None:
    readme = tmp_path / "R.md"
    if content is not None:
        readme.write_text(content)
    assert main(["readme", "--results", str(tmp_path / "none"), "--readme", str(readme)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") <= 2
