"""The recipes of CONTRIBUTING.md, each followed to the letter in a fresh copy."""

from pathlib import Path

import pytest

from tests.following import PROJECT, fresh_copy, section

PAGE = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["Add a method", "Add a data set"])
def test_recipe_gives_what_the_page_says(cmdstan_home: Path, tmp_path: Path, recipe: str) -> None:
    fresh_copy(tmp_path, cmdstan_home=cmdstan_home).follow(section(PAGE, recipe))
