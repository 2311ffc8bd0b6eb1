"""What a Python program gives: each argument of another kind is refused in a line."""

import dataclasses
import numbers
import operator
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, cast

from harness.data.stan_json import plain_variables
from harness.errors import DatasetError, MethodError, StudyError
from harness.messages.clauses import LARGEST_SEED
from harness.methods import Method
from harness.program.contract import Components, DataContract
from harness.study.comparison import named_reference


def data_of(data: object) -> Path | Mapping[str, Any]:
    """Return data by name, or the file that has them.

    Raises
    ------
    DatasetError
        If they are neither.
    """
    if isinstance(data, Mapping):
        return data
    if isinstance(data, str | Path):
        return Path(data)
    raise DatasetError(
        f"the data are {shown_type(data)}; give a dict of numbers, lists and arrays by "
        "name, or a file in CmdStan's JSON"
    )


def plain_data_of(data: object) -> Path | dict[str, Any]:
    """Return data by name as plain numbers and lists, or the file that has them.

    Raises
    ------
    DatasetError
        If they are neither.
    """
    found = data_of(data)
    return found if isinstance(found, Path) else plain_variables(found)


def names_of(names: object, what: str) -> tuple[str, ...]:
    """Return names; a text is one name, not its letters.

    Raises
    ------
    StudyError
        If they are no texts.
    """
    listed = (names,) if isinstance(names, str) else names
    found = tuple(listed) if isinstance(listed, Iterable) else (listed,)
    for name in found:
        if not isinstance(name, str):
            raise StudyError(f"{what} has {name!r}; give a list of names")
    return found


def methods_of(methods: Any) -> tuple[str | Method | tuple[str, Method], ...]:
    """Return methods by their names, with options, or in pairs with the name of a variant.

    Raises
    ------
    MethodError
        If something is none of these.
    """
    alone = isinstance(methods, str) or not isinstance(methods, Iterable)
    listed = (methods,) if alone else tuple(methods)
    for item in listed:
        pair = isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)
        if not (isinstance(item, str) or is_method(item[1] if pair else item)):
            raise MethodError(
                f"methods has {item!r}; give names of methods, harness.method(...), or pairs of a "
                "variant's name and such a method"
            )
    return listed


def is_method(item: object) -> bool:
    """Whether something is a method with its options, as ``harness.method`` gives it."""
    is_set = dataclasses.is_dataclass(item) and not isinstance(item, type)
    return is_set and callable(getattr(item, "fit", None))


def reference_of(reference: object) -> Path | Method | Literal["none"] | None:
    """Return a reference: a file of draws, a method, ``"none"``, or the usual one.

    Raises
    ------
    StudyError
        If it is none of these.
    """
    if reference is None or isinstance(reference, str):
        return named_reference(reference)
    if isinstance(reference, Path):
        return reference
    if is_method(reference):
        return cast("Method", reference)
    raise StudyError(
        f"the reference is {shown_type(reference)}; give a file of draws, harness.method(...), or "
        "'none'; judge takes draws in memory"
    )


def components_of(components: object) -> Components | None:
    """Return which variables a mixture's components have, or none.

    Raises
    ------
    StudyError
        If something else is given.
    """
    if components is None or isinstance(components, Components):
        return components
    raise StudyError(
        f"components is {shown_type(components)}; give harness.Components(means=..., shares=...)"
    )


def contract_of(contract: object) -> DataContract | None:
    """Return what a program's rows are, or none.

    Raises
    ------
    StudyError
        If something else is given.
    """
    if contract is None or isinstance(contract, DataContract):
        return contract
    raise StudyError(
        f"contract is {shown_type(contract)}; give harness.DataContract(row_variables=..., "
        "n_rows=...)"
    )


def path_of(path: object, what: str) -> Path:
    """Return a file or a folder.

    Raises
    ------
    StudyError
        If it is none.
    """
    if isinstance(path, str | Path):
        return Path(path)
    raise StudyError(f"{what} is {path!r}; give a path")


def text_of(text: object, what: str) -> str | None:
    """Return a text, or none.

    Raises
    ------
    StudyError
        If it is something else.
    """
    if text is None or isinstance(text, str):
        return text
    raise StudyError(f"{what} is {text!r}; give a text")


def switch_of(value: object, what: str) -> bool:
    """Return whether something is wanted.

    Raises
    ------
    StudyError
        If it is neither true nor false.
    """
    if isinstance(value, bool):
        return value
    raise StudyError(f"{what} is {value!r}; give True or False")


def check_progress(progress: object) -> None:
    """Refuse what cannot be told a line.

    Raises
    ------
    StudyError
        If it is not called.
    """
    if progress is not None and not callable(progress):
        raise StudyError(f"progress is {progress!r}; give a function that takes a line, as print")


def shown_type(given: object) -> str:
    """Say of which type something is."""
    return f"of type {type(given).__name__}"


def files_of(files: object) -> dict[str, Path]:
    """Return files by the names of variables.

    Raises
    ------
    StudyError
        If they are no mapping of names to files.
    """
    if files is None:
        return {}
    if isinstance(files, Mapping) and all(isinstance(file, str | Path) for file in files.values()):
        return {str(name): Path(file) for name, file in files.items()}
    raise StudyError(f'rows_files is {files!r}; give {{"X": "X.npy"}}')


def whole_number(value: Any, what: str, *, least: int = 1, most: int | None = None) -> int:
    """Return a whole number.

    Raises
    ------
    StudyError
        If it is none, or too small or too large.
    """
    end = f"from {least} to {most}" if most is not None else f"of at least {least}"
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise StudyError(f"{what} is {value!r}; give a whole number {end}")
    number = operator.index(value)
    if number < least or (most is not None and number > most):
        raise StudyError(f"{what} is {number}; give a whole number {end}")
    return number


def seed_of(seed: object) -> int:
    """Return a seed that every random number generator takes, Stan's and NumPy's.

    Raises
    ------
    StudyError
        If it is none.
    """
    return whole_number(seed, "the seed", least=0, most=LARGEST_SEED)


def seconds_of(value: Any, what: str) -> float | None:
    """Return a time, or none.

    Raises
    ------
    MethodError
        If it is no number above 0.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not float(value) > 0:
        raise MethodError(f"{what} is {value!r}; give a number of seconds above 0")
    return float(value)
