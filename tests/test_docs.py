"""Pages say what the code does: their columns, links, commands and paths exist."""

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from harness.cli.entry import make_parser
from harness.results.columns import (
    COMPARISON_COLUMNS,
    FITS_COLUMNS,
    LEADERBOARD_COLUMNS,
    POSTERIORS_COLUMNS,
    STABILITY_COLUMNS,
)
from tests.following import PROJECT, blocks, commands

PAGE = (PROJECT / "docs" / "tables.md").read_text(encoding="utf-8")
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted(PROJECT.glob("docs/*.md"))]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)

#: Paths in the text that are patterns, or Stan's own.
NO_FILE = re.compile(r"stan/model/|.*[<*…]")
#: It tells of the makefile of CmdStan, not of this project's.
OTHER_MAKEFILE = "cmdstan-home.md"


def defined_in(heading: str) -> list[str]:
    """The columns that the tables below a heading define."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \| .+ \| .+ \| .+ \|$", section, flags=re.MULTILINE)
    return [name for first in rows for name in re.findall(r"`(\w+)`", first)]


@pytest.mark.parametrize(
    ("file", "columns"),
    [
        ("comparison.csv", COMPARISON_COLUMNS),
        ("fits.csv", FITS_COLUMNS),
        ("stability.csv", STABILITY_COLUMNS),
        ("posteriors.csv", POSTERIORS_COLUMNS),
        ("leaderboard.csv", LEADERBOARD_COLUMNS),
    ],
)
def test_the_page_on_tables_defines_every_column_once(
    file: str, columns: Mapping[str, str]
) -> None:
    shared = [name for name in defined_in("What a run is called") if name in columns]
    assert sorted(shared + defined_in(f"`{file}`")) == sorted(columns)


def prose(page: Path) -> str:
    """A page without its blocks of code and its comments."""
    text = re.sub(r"<!--.*?-->", "", page.read_text("utf-8"), flags=re.DOTALL)
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What a link may name of a page, as GitHub makes it from headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    words = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {word.replace(" ", "-") for word in words}


@each_page
def test_relative_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose(page)):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@each_page
def test_paths_in_the_text_exist(page: Path) -> None:
    """Files that a page itself has its reader write exist when they are needed."""
    written = {block.file for block in blocks(page.read_text("utf-8"))}
    for path in re.findall(r"`((?:harness|stan|studies|tests|docs)/[^`\s]*)`", prose(page)):
        if path not in written and not NO_FILE.match(path):
            assert (PROJECT / path).exists(), path


def shown_commands(page: Path) -> Iterator[str]:
    """The command lines of a page's blocks, fenced or indented."""
    for block in blocks(page.read_text("utf-8")):
        if block.language == "console":
            yield from (command for command, _ in commands(block.text))
    line = r"^    ((?:\S*harness|make) (?:.*\\\n)*.*)$"
    yield from re.findall(line, prose(page), flags=re.MULTILINE)


def mentioned_commands(page: Path) -> list[str]:
    """Commands within sentences, whose arguments may be left out."""
    return re.findall(r"`((?:\.venv/bin/)?(?:harness|make) [^`]+)`", prose(page))


def words_of(command: str) -> list[str]:
    """A command's words, without comments and without where its output goes."""
    words = shlex.split(command.replace("\\\n", " "), comments=True)
    return list(itertools.takewhile(lambda word: word not in {"|", ">"}, words))


def complaint(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What make or the command line has against a command, if anything."""
    program, *words = words_of(command)
    if program == "make":
        targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), flags=re.MULTILINE)
        return " ".join({word for word in words if "=" not in word} - {*targets})
    if Path(program).name != "harness":
        return ""
    try:
        make_parser().parse_args(words)
    except SystemExit:
        return capsys.readouterr().err
    return ""


@each_page
def test_command_lines_are_taken(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in shown_commands(page):
        assert not complaint(command, capsys), command
    for command in mentioned_commands(page):
        if page.name == OTHER_MAKEFILE and command.startswith("make "):
            continue
        told = complaint(command, capsys)
        assert not told or "arguments are required" in told, command
