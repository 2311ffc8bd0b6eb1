"""A program that a Python user names by its file or gives as code."""

import hashlib
from pathlib import Path

from harness.errors import CacheFolderError, ProgramError
from harness.folders import cache_folder, make_writable


def program_file(model: str | Path) -> Path:
    """Return a program's file; code is kept under its digest in the cache folder."""
    if not isinstance(model, str | Path):
        raise ProgramError(
            f"the program is of type {type(model).__name__}; give a .stan file or Stan code"
        )
    if isinstance(model, Path) or "\n" not in model.strip():
        return Path(model)
    digest = hashlib.sha256(model.encode()).hexdigest()
    file = cache_folder() / "models" / digest[:16] / "model.stan"
    try:
        make_writable(file.parent)
        file.write_text(model, encoding="utf-8")
    except OSError as error:
        raise CacheFolderError(f"'{file}' cannot be written ({error.strerror})") from error
    return file
