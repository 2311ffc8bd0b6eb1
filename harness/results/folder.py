"""The folder that a study's results go into."""

from pathlib import Path

from harness.errors import ResultsError
from harness.folders import make_writable


def open_results_folder(folder: Path) -> Path:
    """Make a results folder and prove that it can be written, before any work is done.

    Parameters
    ----------
    folder : Path
        ``results/<study>``.

    Returns
    -------
    Path
        The same folder.

    Raises
    ------
    ResultsError
        If it cannot be made or written.
    """
    try:
        make_writable(folder)
    except OSError as error:
        raise ResultsError(
            f"the results folder '{folder}' cannot be written ({error.strerror}); "
            "give another folder with --out, or with --results for a study"
        ) from error
    return folder
