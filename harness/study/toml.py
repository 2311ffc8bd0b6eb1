"""Read and check a study's TOML; nothing of what it names is looked at."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.errors import StudyError
from harness.messages.clauses import absence, did_you_mean, first_problem
from harness.study.file import TABLES, StudyTable


def read_toml(file: Path) -> tuple[dict[str, Any], str]:
    """Read a TOML file.

    Parameters
    ----------
    file : Path

    Returns
    -------
    dict
        Its content.
    str
        Its text.

    Raises
    ------
    StudyError
        If it is missing or is not TOML.
    """
    if not file.is_file():
        raise StudyError(f"study file '{file}' {absence(file)}; give the path of a TOML file")
    try:
        text = file.read_text(encoding="utf-8")
        return tomllib.loads(text), text
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"study file '{file}' is not TOML: {error}") from error


def parse_study(content: Mapping[str, Any]) -> StudyTable:
    """Check the content of a study file (pure).

    Parameters
    ----------
    content : Mapping
        The parsed TOML.

    Returns
    -------
    StudyTable

    Raises
    ------
    StudyError
        If a key is unknown (with the nearest known one), missing, or has a wrong value.
    """
    try:
        return StudyTable.model_validate(content)
    except ValidationError as error:
        for finding in error.errors(include_url=False):
            # told before a missing key, which may be the same one misspelt
            if finding["type"] == "extra_forbidden":
                raise StudyError(_unknown_key(finding["loc"])) from error
        raise StudyError(first_problem(error)) from error


def _unknown_key(place: tuple[int | str, ...]) -> str:
    """Name an unknown key, where it stands, and what was likely meant."""
    *above, key = place
    names = [part for part in above if isinstance(part, str)]
    table = TABLES[names[-1]] if names else StudyTable
    where = f"{'.'.join(names)}.{key}" if names else str(key)
    return f"unknown key '{where}'{did_you_mean(str(key), table.model_fields)}"
