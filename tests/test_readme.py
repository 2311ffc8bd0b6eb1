"""The README's blocks: made from the results, and what they say is in the tables.

The results may be this machine's, by `make study`, and the README that of the shipped ones: what
is compared holds on every machine.  `python -m tools.readme --check` compares times too.
"""

import math
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from harness.errors import ResultsError
from harness.results.columns import COMPARISON_COLUMNS, FITS_COLUMNS, read_table
from tests.cases import PROJECT
from tools.readme import main, update_readme, updated, with_block

README = PROJECT / "README.md"
NOTEBOOK = PROJECT / "results" / "notebook"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"

DATASET = "large"

#: Rows of one run each, with the program, method and variant that make them.
SINGLE = {
    "NUTS default (gmm_fused)": ("gmm_fused", "nuts", "default"),
    "Laplace": ("gmm_fused", "laplace", "default"),
}

#: Rows whose criteria are so far from all limits that no machine's rounding turns their verdict.
CLEAR = (
    "NUTS reference",
    "NUTS default (gmm_fused)",
    "Laplace",
    "ADVI default, 5 replicates",
    "subsample ADVI m=10000 weighted, 5 replicates",
    "subsample ADVI m=200 unweighted, 5 replicates",
)

Rows = dict[str, dict[str, str]]


def first_number(cell: str) -> float:
    found = re.search(r"-?\d+(\.\d+)?", cell)
    assert found is not None, cell
    return float(found[0])


def block_of(text: str, name: str) -> str:
    """The text between the marks of a block."""
    return text.partition(f"<!-- {name}: begin -->")[2].partition(f"<!-- {name}: end -->")[0]


def shown_rows(text: str, name: str = "notebook") -> Rows:
    """The rows of a block's table, by their first cell."""
    lines = [line for line in block_of(text, name).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return {row[0]: dict(zip(cells[0], row, strict=True)) for row in cells[2:]}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The rows that a README of today's results would have; `make study` writes them anew."""
    results = tmp_path_factory.mktemp("results")  # without the bench's, of which --quick has few
    (results / "notebook").symlink_to(NOTEBOOK)
    return shown_rows(updated(README, results))


@pytest.fixture(scope="module")
def shown() -> Rows:
    """The rows of the README."""
    return shown_rows(README.read_text(encoding="utf-8"))


def with_error(cell: str) -> tuple[float, float]:
    """An estimate and its Monte Carlo error."""
    value, _, error = cell.partition(" ± ")
    return float(value), float(error)


@pytest.mark.parametrize("name", ["notebook", "bench"])
def test_tables_are_small(name: str) -> None:
    lines = [line for line in block_of(README.read_text("utf-8"), name).splitlines() if "|" in line]
    assert 2 < len(lines) <= 2 + 8
    assert max(line.count("|") for line in lines) - 1 <= 6


def test_the_readme_has_the_rows_of_the_results(shown: Rows, fresh: Rows) -> None:
    assert shown.keys() == fresh.keys()
    for row, cells in shown.items():
        assert cells.keys() == fresh[row].keys()


def test_the_readme_says_what_holds_on_every_machine(shown: Rows, fresh: Rows) -> None:
    """Times are a machine's own; where its processor is of another kind, so are last digits."""
    for row in CLEAR:
        assert shown[row]["verdict"] == fresh[row]["verdict"], row
    for row, cells in shown.items():
        name = "largest mean error (reference sds)"
        if "±" in cells[name]:
            (error, mcse), (other_error, other_mcse) = (
                with_error(each[name]) for each in (cells, fresh[row])
            )
            assert error == pytest.approx(other_error, abs=5 * math.hypot(mcse, other_mcse)), row


def test_numbers_are_those_of_the_csv(fresh: Rows) -> None:
    fits = read_table(NOTEBOOK / "fits.csv", FITS_COLUMNS)
    comparison = read_table(NOTEBOOK / "comparison.csv", COMPARISON_COLUMNS)
    for title, key in SINGLE.items():
        row = fresh[title]

        def mine(table: pd.DataFrame, names: tuple[str, ...] = (DATASET, *key)) -> pd.DataFrame:
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
        ratios = [float(text) for text in row["sd ratios"].split(" to ")]
        logs = rows["log_sd_ratio"].astype(float)
        assert ratios == pytest.approx([math.exp(logs.min()), math.exp(logs.max())], rel=0.006)


def test_the_picture_is_there_with_its_words() -> None:
    text = README.read_text(encoding="utf-8")
    found = re.search(r'<img src="(results/[^"]+)" width="\d+" alt="([^"]+)">', text)
    assert found is not None
    assert len(found[2]) > 60
    assert (PROJECT / found[1]).stat().st_size < 150_000


@pytest.mark.slow
def test_other_results_make_another_readme(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "results" / "notebook"
    shutil.copytree(NOTEBOOK, copy, ignore=shutil.ignore_patterns("*.html", "*.md", "*.png"))
    readme = tmp_path / "README.md"
    readme.write_bytes(README.read_bytes())
    places = ["--results", str(tmp_path / "results"), "--readme", str(readme)]
    assert main([*places]) == 0
    before = readme.read_bytes()
    assert main(["--check", *places]) == 0
    fits = (copy / "fits.csv").read_text()
    rows = fits.splitlines()
    at = next(i for i, row in enumerate(rows) if row.startswith("large,gmm_fused,laplace"))
    cells = rows[at].split(",")
    cells[list(FITS_COLUMNS).index("fit_time_s")] = "77"
    rows[at] = ",".join(cells)
    (copy / "fits.csv").write_text("\n".join(rows) + "\n")
    capsys.readouterr()
    assert main(["--check", *places]) == 2
    assert "make readme" in capsys.readouterr().err
    assert readme.read_bytes() == before
    update_readme(readme, tmp_path / "results")
    assert shown_rows(readme.read_text())["Laplace"]["fit (s)"] == "77"


@pytest.mark.parametrize(
    "text", ["", BEGIN, END, f"{END}{BEGIN}", f"{BEGIN}{BEGIN}{END}", f"{BEGIN}{END}{END}"]
)
def test_a_text_without_marks_is_refused(text: str) -> None:
    with pytest.raises(ResultsError, match=BEGIN):
        with_block(text, "bench", "block")


def test_a_block_is_replaced_and_nothing_else() -> None:
    text = with_block(f"above\n{BEGIN}\nformer\n{END}\nbelow\n", "bench", "new\n")
    assert text == f"above\n{BEGIN}\n\nnew\n\n{END}\nbelow\n"
    assert with_block(text, "bench", "new") == text


@pytest.mark.parametrize(("content", "named"), [(None, "R.md"), ("no marks", "none")])
def test_what_is_missing_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, named: str
) -> None:
    readme = tmp_path / "R.md"
    if content is not None:
        readme.write_text(content)
    assert main(["--results", str(tmp_path / "none"), "--readme", str(readme)]) == 2
    error = capsys.readouterr().err
    assert named in error
    assert error.count("\n") <= 2
