"""Data in CmdStan's JSON, for programs whose data are more than one table of rows."""

import hashlib
import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import stanio

from harness.errors import DatasetError, JsonFileError

#: Ends of the names of files that :func:`read_stan_json` takes.
SUFFIXES = (".json", ".json.zip")


def is_stan_json(file: Path) -> bool:
    """Whether a file's name says that it holds CmdStan's JSON."""
    return file.name.endswith(SUFFIXES)


def read_stan_json(file: Path) -> dict[str, Any]:
    """Read data as CmdStan takes them.

    Parameters
    ----------
    file : Path
        ``.json``, or a ``.json.zip`` that holds one such file (the form of posteriordb).

    Returns
    -------
    dict
        Of each data variable a number or nested lists of numbers; integers stay integers.

    Raises
    ------
    DatasetError
        If the file is missing, is not JSON, is no object, or holds something that is no number,
        is not finite, or is ragged.
    """
    try:
        content = load_json(file)
    except JsonFileError as error:
        raise DatasetError(f"data file '{file}' {error}") from error
    if not isinstance(content, dict):
        raise DatasetError(
            f"data file '{file}' holds no object; give {{\"name\": value, ...}}, a name for each "
            "data variable of the program"
        )
    _check(content, f"data file '{file}'")
    return content


def plain_variables(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return data as CmdStan's JSON holds them.

    Parameters
    ----------
    data : Mapping
        Of each data variable a number, an array of NumPy or pandas, or nested lists.

    Returns
    -------
    dict
        Numbers and nested lists of numbers; the same data give the same as a file that CmdStanPy
        writes.

    Raises
    ------
    DatasetError
        If something is no number, is not finite, or is ragged.

    Examples
    --------
    >>> import numpy as np
    >>> plain_variables({"N": 2, "y": np.array([1.5, 2.0])})
    {'N': 2, 'y': [1.5, 2.0]}
    """
    plain: dict[str, Any] = {}
    for name, value in data.items():
        try:
            plain |= json.loads(stanio.dump_stan_json({name: value}))
        except (TypeError, ValueError) as error:
            raise DatasetError(
                f"the data given: '{name}' is of type {type(value).__name__}; give numbers, lists "
                "or arrays of them"
            ) from error
    _check(plain, "the data given")
    return plain


def _check(variables: Mapping[str, Any], source: str) -> None:
    """Refuse data that Stan cannot take."""
    for name, value in variables.items():
        problem = _problem(value)
        if problem:
            raise DatasetError(f"{source}: '{name}' {problem}")


def load_json(file: Path) -> Any:
    """Read JSON from a file, or from a zip of one such file.

    Parameters
    ----------
    file : Path

    Returns
    -------
    The parsed content.

    Raises
    ------
    JsonFileError
        If the file is missing or broken; the caller's message begins with the file's name.
    """
    try:
        if file.suffix != ".zip":
            return json.loads(file.read_bytes())
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if name.endswith(".json")]
            if len(names) != 1:
                raise JsonFileError(f"is a zip of {len(names)} JSON files; put one in it")
            return json.loads(archive.read(names[0]))
    except OSError as error:
        raise JsonFileError(f"cannot be read ({error.strerror})") from error
    except (zipfile.BadZipFile, ValueError, RecursionError) as error:
        raise JsonFileError(f"is not JSON or a zip of it: {error}") from error


def _problem(value: Any) -> str:
    """Say what keeps a value from being Stan data; empty if nothing does."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return f"is {json.dumps(value)[:20]}, which is no number"
    if isinstance(value, int):
        return "" if abs(value) < 2**31 else f"is {value}, which does not fit into an integer"
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"holds {value}; all data must be finite"
    if isinstance(value, Mapping):
        return next((found for part in value.values() if (found := _problem(part))), "")
    return _list_problem(value)


def _list_problem(values: Sequence[Any]) -> str:
    """Say what keeps a list from being an array."""
    found = next((found for part in values if (found := _problem(part))), "")
    if found:
        return found
    lengths = {len(part) if isinstance(part, list) else -1 for part in values}
    return "" if len(lengths) < 2 else "is ragged: its rows have different lengths"


def digest_of(variables: Mapping[str, Any]) -> str:
    """Return the SHA-256 of data, whatever the order of their names."""
    return hashlib.sha256(json.dumps(variables, sort_keys=True).encode()).hexdigest()
