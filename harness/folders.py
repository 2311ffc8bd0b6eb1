"""Where the project keeps what it can make again: the CmdStan home, executables, fits."""

import tempfile
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the user's cache folder for this project; ``XDG_CACHE_HOME`` moves it on Linux.

    Returns
    -------
    Path
        The folder, which need not exist yet.
    """
    return Path(platformdirs.user_cache_dir("stan-advi-harness", appauthor=False))


def make_writable(folder: Path) -> None:
    """Make a folder and prove that it can be written, before any work is done.

    Parameters
    ----------
    folder : Path
        The folder; those above it are made too.

    Raises
    ------
    OSError
        If it cannot be made or written; the caller says what to do about it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass
