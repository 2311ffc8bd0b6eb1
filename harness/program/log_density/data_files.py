"""Data for a program's process, in a file of CmdStan's JSON."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.data.stan_json import read_stan_json, write_stan_json


@contextmanager
def data_file(data: Path | Mapping[str, Any]) -> Iterator[Path]:
    """Give a file with the data; it need not last longer than the process takes to read it.

    A file of plain JSON is given as it is: CmdStan reads it anyway, and checks it.

    Parameters
    ----------
    data : Path or Mapping
        A file, or data as such a file holds them.

    Raises
    ------
    DatasetError
        If the file is missing or does not hold data.
    """
    if isinstance(data, Path) and data.suffix.lower() == ".json" and data.is_file():
        yield data.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="harness-data-") as folder:
        file = Path(folder) / "data.json"
        write_stan_json(file, read_stan_json(data) if isinstance(data, Path) else data)
        yield file
