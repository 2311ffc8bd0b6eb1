"""What commands print: tables on a terminal, and text elsewhere of which nothing is cut."""

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli import tables
from harness.cli.verdicts import MOST_ERRORS, print_verdicts, print_verdicts_and_errors
from harness.report import read_results
from harness.results.columns import (
    COMPARISON_COLUMNS,
    LEADERBOARD_COLUMNS,
    read_table,
    write_table,
)
from tests.cases import PROJECT
from tests.fabricated import CELLS
from tests.saved_report import write_many_parameters, write_results

BOXES = re.compile("[\u2500-\u257f]")
LONG = "a sentence without an end " * 20
ROWS = [["first", LONG.strip()], ["[second]", "1.50"]]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], io.StringIO]:
    """Print on a terminal of some width."""

    def make(width: int) -> io.StringIO:
        file = io.StringIO()
        console = Console(file=file, force_terminal=True, color_system=None, width=width)
        monkeypatch.setattr(tables, "OUT", console)
        return file

    return make


def test_plain_tables_are_whole_and_without_boxes(capsys: pytest.CaptureFixture[str]) -> None:
    tables.print_table("Title", ["name", "value"], ROWS)
    title, head, first, second, empty = capsys.readouterr().out.split("\n")[:5]
    assert (title, empty) == ("Title", "")
    assert head.split() == ["name", "value"]
    assert first.split(maxsplit=1) == ROWS[0]
    assert second.split() == ROWS[1]  # neither markup nor another number
    assert not BOXES.search(first)
    assert head.index("value") == first.index("a sentence") == second.index("1.50")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_tables_of_a_terminal_are_folded(
    terminal: Callable[[int], io.StringIO], width: int
) -> None:
    file = terminal(width)
    tables.print_table("Title", ["name", "value"], ROWS)
    text = file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert BOXES.search(text)
    assert text.count("sentence") == 20
    assert "[second]" in text


def test_verdicts_have_a_line_per_series(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_results(tmp_path, CELLS)
    print_verdicts(read_results(tmp_path))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Verdicts on toy")
    assert re.split("  +", lines[1])[:2] == ["series", "verdict"]
    replicated = [line for line in lines if line.startswith("subsample ADVI weighted")]
    assert len(replicated) == 1
    assert re.split("  +", replicated[0])[1] == "3 × do not trust"
    raw = next(line for line in lines if line.startswith("NUTS (plain), raw labels"))
    assert re.split("  +", raw)[1] == "do not trust"
    assert "R-hat is " in raw


def test_errors_of_means_have_a_column_per_series(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_results(tmp_path, CELLS, reference=("ordered", "nuts", "default"))
    print_verdicts_and_errors(read_results(tmp_path))
    table = capsys.readouterr().out.partition("Mean errors on toy (reference sds)\n")[2]
    head, *rows = (re.split("  +", line) for line in table.strip().splitlines())
    assert head[0] == "parameter"
    assert "ADVI default" in head
    assert {row[0] for row in rows} >= {"mu[1,1]", "pi[1]"}
    assert {len(row) for row in rows} == {len(head)}


def test_of_many_data_sets_it_is_printed_how_many_have_which_verdict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = PROJECT / "results" / "scaling"
    print_verdicts(read_results(folder))
    title, head, *rows = capsys.readouterr().out.strip().splitlines()
    assert title.startswith("Verdicts on 6 data sets")
    assert re.split("  +", head)[:3] == ["series", "data sets", "✓ trust"]
    board = read_table(folder / "leaderboard.csv", LEADERBOARD_COLUMNS)
    shares = [f"{share:.0%}" for share in board["share_trust"]]
    assert [re.split("  +", row)[2] for row in rows] == shares


def test_constants_have_no_errors_to_print(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_results(tmp_path, CELLS, reference=("ordered", "nuts", "default"))
    table = read_table(tmp_path / "comparison.csv", COMPARISON_COLUMNS)
    table.loc[table["parameter"] == "pi[1]", "mean_error_sd"] = None
    write_table(table, tmp_path / "comparison.csv")
    print_verdicts_and_errors(read_results(tmp_path))
    errors = capsys.readouterr().out.partition("Mean errors")[2]
    assert "pi[2]" in errors
    assert "pi[1]" not in errors


@pytest.mark.slow
def test_of_many_errors_the_largest_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_many_parameters(tmp_path, 300, CELLS[:4])
    table = read_table(tmp_path / "comparison.csv", COMPARISON_COLUMNS)
    table["mean_error_sd"] = table["mean_error_sd"].fillna(0.01)
    far = table["parameter"].isin(["theta[77]", "theta[200]"]) & table["variant"].eq("tuned")
    table.loc[far, "mean_error_sd"] = [-50.0, 20.0]
    write_table(table, tmp_path / "comparison.csv")
    print_verdicts_and_errors(read_results(tmp_path))
    title, _, *rows = capsys.readouterr().out.partition("Mean errors")[2].strip().splitlines()
    assert "303" in title
    assert [row.split()[0] for row in rows[:2]] == ["theta[77]", "theta[200]"]
    assert len(rows) == MOST_ERRORS


def test_what_is_piped_is_not_cut(tmp_path: Path) -> None:
    """A process whose output is a pipe, in an environment that says 40 columns."""
    command = [sys.executable, "-m", "harness.cli", "list", "methods"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"COLUMNS": "40", "PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not BOXES.search(done.stdout)
    assert "\x1b" not in done.stdout
    assert "…" not in done.stdout
    line = next(line for line in done.stdout.splitlines() if line.startswith("warm_start_options"))
    assert line.endswith("`n_draws` is 200 by default.")
