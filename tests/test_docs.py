"""Pages under docs say what the code does."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.table import COMPARISON_COLUMNS, FITS_COLUMNS, STABILITY_COLUMNS

PAGE = (Path(__file__).parent.parent / "docs" / "tables.md").read_text(encoding="utf-8")


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
    ],
)
def test_the_page_on_tables_defines_every_column_once(
    file: str, columns: Mapping[str, str]
) -> None:
    shared = [name for name in defined_in("What a run is called") if name in columns]
    assert sorted(shared + defined_in(f"`{file}`")) == sorted(columns)
