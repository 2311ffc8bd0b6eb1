"""Where the project keeps what it can make again: the CmdStan home, executables, fits."""

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
