"""A study to start from: a commented TOML, a small program and its data, all for replacement."""

import re
from pathlib import Path

from harness.errors import StudyError

_TEMPLATES = Path(__file__).parent
#: What study names and, as Stan's compiler takes them, file names have in common.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def write_new_study(path: Path) -> tuple[Path, ...]:
    """Write a study that can be run at once.

    Parameters
    ----------
    path : Path
        The study's name, with or without a folder and ``.toml``.

    Returns
    -------
    tuple of Path
        The study file, the program beside it and its data.

    Raises
    ------
    StudyError
        If the name will not do, one of the files is there already, or they cannot be written.
    """
    path = path.with_suffix("") if path.suffix == ".toml" else path
    if not _NAME.fullmatch(path.name):
        raise StudyError(
            f"'{path.name}' is no name for a study; give a letter, then letters, digits, '_' or '-'"
        )
    texts = {path.with_name(f"{path.name}.toml"): _study_text(path)}
    for suffix, template in ((".stan", "model.stan"), (".csv", "data.csv")):
        texts[path.with_name(f"{path.name}{suffix}")] = _template(template)
    for file in texts:
        if file.exists():
            raise StudyError(f"'{file}' is there already; give the study another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for file, text in texts.items():
            with file.open("x", encoding="utf-8") as stream:
                stream.write(text)
    except OSError as error:
        raise StudyError(f"cannot write '{error.filename}': {error.strerror}") from error
    return tuple(texts)


def _template(name: str) -> str:
    """Read one of the files that are written."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _study_text(path: Path) -> str:
    """Return the study file with its names filled in."""
    text = _template("study.toml")
    return text.replace("@NAME@", path.name).replace("@FILE@", f"{path}.toml")
