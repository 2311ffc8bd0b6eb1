"""Entries of a posteriordb clone: a program, its data and reference draws, by name."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import StudyError
from harness.messages.clauses import absence, did_you_mean, shown

#: Where a clone has its database.
_WITHIN = "posterior_database"
#: How its files may be compressed.
_SUFFIXES = ("", ".zip", ".gz")


@dataclass(frozen=True, kw_only=True)
class PosteriorEntry:
    """A posterior of a database.

    Attributes
    ----------
    name : str
    model, data : Path
        The Stan program and its data.
    draws : Path or None
        Reference draws; None if the database has none.
    """

    name: str
    model: Path
    data: Path
    draws: Path | None


def entry_names(folder: Path) -> list[str]:
    """Return the names of a database's posteriors.

    Parameters
    ----------
    folder : Path
        A clone of posteriordb, or the ``posterior_database`` in it.

    Returns
    -------
    list of str

    Raises
    ------
    StudyError
        If the folder has no posteriors.
    """
    names = sorted(file.stem for file in (_root(folder) / "posteriors").glob("*.json"))
    if not names:
        # a study's own folder is relative to its file, with dots that say nothing to a reader
        told = shown(os.path.normpath(folder))
        what = "has no posteriors" if folder.is_dir() else "is no folder"
        raise StudyError(
            f"'{told}' {what}; give the folder of a clone of posteriordb (--posteriordb FOLDER)"
        )
    return names


def read_entry(folder: Path, name: str) -> PosteriorEntry:
    """Find what an entry of a database consists of.

    Parameters
    ----------
    folder : Path
        A clone of posteriordb, or the ``posterior_database`` in it.
    name : str
        Of the posterior.

    Returns
    -------
    PosteriorEntry

    Raises
    ------
    StudyError
        If there is no such posterior, or a file that it names is missing or broken.
    """
    known = entry_names(folder)
    if name not in known:
        raise StudyError(
            f"'{shown(str(folder))}' has no posterior '{name}'{did_you_mean(name, known)}"
        )
    root = _root(folder)
    about = _content(root / "posteriors" / f"{name}.json")
    model = _content(root / "models" / "info" / f"{_text(about, 'model_name', name)}.info.json")
    data = _content(root / "data" / "info" / f"{_text(about, 'data_name', name)}.info.json")
    code = _stan_code(model)
    if not code:
        raise StudyError(f"posterior '{name}' has no Stan program; leave it out")
    draws = about.get("reference_posterior_name")
    return PosteriorEntry(
        name=name,
        model=_file(root, code, name),
        data=_file(root, _text(data, "data_file", name), name),
        draws=_file(root, f"reference_posteriors/draws/draws/{draws}.json", name)
        if draws
        else None,
    )


def has_draws(folder: Path, name: str) -> bool:
    """Say whether a posterior names reference draws; not of one whose description is broken.

    Parameters
    ----------
    folder : Path
        A clone of posteriordb, or the ``posterior_database`` in it.
    name : str
        Of the posterior.
    """
    try:
        about = _content(_root(folder) / "posteriors" / f"{name}.json")
    except StudyError:
        return False
    return bool(about.get("reference_posterior_name"))


def _root(folder: Path) -> Path:
    """Return the database's own folder."""
    return folder / _WITHIN if (folder / _WITHIN).is_dir() else folder


def _content(file: Path) -> dict[str, Any]:
    """Read one of the database's descriptions."""
    if not file.is_file():
        raise StudyError(f"'{shown(str(file))}' {absence(file)}; the database is not whole")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(f"'{shown(str(file))}' cannot be read ({error})") from error
    if not isinstance(content, dict):
        raise StudyError(f"'{shown(str(file))}' has another format than posteriordb's")
    return content


def _stan_code(model: dict[str, Any]) -> str:
    """Return where a model's Stan program is, empty where it has none."""
    found: Any = model
    for key in ("model_implementations", "stan", "model_code"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def _text(content: dict[str, Any], key: str, name: str) -> str:
    """Return what a description says under a key."""
    value = content.get(key)
    if not isinstance(value, str):
        raise StudyError(f"posterior '{name}' has no '{key}' in its description")
    return value


def _file(root: Path, path: str, name: str) -> Path:
    """Find a file, compressed or not."""
    tried = [root / f"{path}{suffix}" for suffix in _SUFFIXES]
    found = next((file for file in tried if path and file.is_file()), None)
    if found is None:
        raise StudyError(f"posterior '{name}' names '{path}', which the database does not have")
    return found
