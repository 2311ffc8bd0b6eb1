"""Data against what a program declares: what CmdStan would refuse, said before it runs (pure).

The rules are those of `stan::json::json_data::validate_dims`.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.stan_values import Value, is_integer
from harness.errors import DatasetError
from harness.messages.clauses import shown
from harness.program.mir import Expression, declared_shapes
from harness.program.stanc import ProgramVariables

_Shape = tuple[int | None, ...]

_LARGEST = 2**31 - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class _Found:
    """What data hold of a variable or of a tuple's slot."""

    shape: tuple[int, ...]
    is_integer: bool
    numbers: Any

    @property
    def size(self) -> int:
        """Number of elements, as CmdStan counts them: a number by itself has none."""
        return math.prod(self.shape) if self.shape else 0


_MISSING = _Found(shape=(), is_integer=True, numbers=None)


def missing_data(
    inputs: Mapping[str, Any], input_vars: list[Expression], data: Mapping[str, Value]
) -> list[str]:
    """Return the variables that data lack and that cannot be empty.

    Parameters
    ----------
    inputs : Mapping
        Of the program's data, what ``stanc --info`` says.
    input_vars : list
        The same with sizes, from ``stanc --debug-mir``.
    data : Mapping
        Values by name.

    Returns
    -------
    list of str
        CmdStan takes a variable that is not there for an empty array.
    """
    shapes = declared_shapes(input_vars, data)
    return [
        name
        for name, declared in inputs.items()
        if name not in data
        and not all(_may_be_empty(shapes[leaf]) for leaf, _, _ in _leaves(name, declared))
    ]


def data_problem(
    inputs: Mapping[str, Any], input_vars: list[Expression], data: Mapping[str, Value]
) -> str:
    """Say what CmdStan would refuse of some data.

    Parameters
    ----------
    inputs, input_vars, data
        As for :func:`missing_data`.

    Returns
    -------
    str
        A clause that begins with a variable's name; empty if all is as declared.  Bounds are
        CmdStan's to check.
    """
    return _first_problem(inputs, input_vars, data)[1]


def _first_problem(
    inputs: Mapping[str, Any], input_vars: list[Expression], data: Mapping[str, Value]
) -> tuple[str, str]:
    """Return the first variable that CmdStan would refuse, and why; empty if there is none."""
    shapes = declared_shapes(input_vars, data)
    for name, declared in inputs.items():
        if name not in data:
            continue
        found = dict(_found(name, data[name]))
        for leaf, kind, n_axes in _leaves(name, declared):
            shape = shapes.get(leaf, (None,) * n_axes)
            if leaf != name and name in found and found[name].shape != (0,):
                shape_found = _described(found[name].shape)
                return name, f"'{name}' is {shape_found}, but the program declares tuples"
            problem = _problem(found.get(leaf, _MISSING), kind, shape)
            if problem:
                return name, f"'{leaf}' {problem}"
    return "", ""


def check_data(
    declared: ProgramVariables, data: Mapping[str, Value], *, model: str, title: str
) -> None:
    """Refuse data that CmdStan would refuse, before the program is compiled.

    Parameters
    ----------
    declared : ProgramVariables
        What the program declares.
    data : Mapping
        Values by name.
    model : str
        The name of the program's file, for messages.
    title : str
        What messages call the data; see :func:`data_title`.

    Raises
    ------
    DatasetError
        If a variable is missing, or has another type or size than the program declares.
    """
    missing = missing_data(declared.inputs, declared.input_vars, data)
    if missing:
        raise DatasetError(
            f"{title} has no '{missing[0]}'; program '{shown(model)}' needs "
            f"{', '.join(declared.data)}"
        )
    name, problem = _first_problem(declared.inputs, declared.input_vars, data)
    if problem:
        value = data[name]
        # rows in a file of their own are not in the file of the other data
        mapped = value.filename if isinstance(value, np.memmap) else None
        where = title if mapped is None else f"rows file '{shown(str(mapped))}'"
        raise DatasetError(f"{where}: {problem}")


def data_title(data: object) -> str:
    """Return what messages call data: their file, or what was given in memory."""
    return f"data file '{shown(str(data))}'" if isinstance(data, Path) else "the data given"


def _leaves(name: str, declared: Mapping[str, Any], n_outer: int = 0) -> Iterator[Any]:
    """Give the name, the type and the number of axes of a variable or of a tuple's slots."""
    kind, n_axes = declared["type"], n_outer + declared["dimensions"]
    if isinstance(kind, list):
        for number, slot in enumerate(kind, start=1):
            yield from _leaves(f"{name}.{number}", slot, n_axes)
    else:
        yield name, kind, n_axes + (kind == "complex")


def _found(name: str, value: Value) -> Iterator[tuple[str, _Found]]:
    """Give what data hold of a variable or of a tuple's slots."""
    if isinstance(value, dict):
        for slot, part in value.items():
            yield from _found(f"{name}.{slot}", part)
    elif isinstance(value, list):
        yield from _found_in_all(name, value)
    else:
        yield (
            name,
            _Found(shape=np.shape(value), is_integer=is_integer(value), numbers=value),
        )


def _found_in_all(name: str, tuples: list[Any]) -> Iterator[tuple[str, _Found]]:
    """Give what an array of tuples holds of each slot."""
    each = [dict(_found(name, part)) for part in tuples]
    for leaf in each[0] if each else ():
        parts = [one.get(leaf, _MISSING) for one in each]
        yield (
            leaf,
            _Found(
                shape=(len(tuples), *parts[0].shape),
                is_integer=all(part.is_integer for part in parts),
                numbers=parts[0].numbers,
            ),
        )


def _problem(found: _Found, kind: str, declared: _Shape) -> str:
    """Say what is wrong with a variable; empty if nothing is, or a size is not known."""
    negative = [size for size in declared if size is not None and size < 0]
    if negative:
        return (
            f"would have the size {negative[0]} by the data that give its size; give numbers that "
            "make it 0 or more"
        )
    if found.size == 0 and _may_be_empty(declared):
        return ""
    if found is _MISSING:
        return f"is missing; the program declares {_described(declared)}"
    fits = len(found.shape) == len(declared) and all(
        ours == theirs or theirs is None for ours, theirs in zip(found.shape, declared, strict=True)
    )
    if not fits:
        return f"is {_described(found.shape)}, but the program declares {_described(declared)}"
    if kind == "int" and not found.is_integer:
        return _no_integer(found.numbers)
    return ""


def _may_be_empty(declared: _Shape) -> bool:
    """Whether a size is 0, or may be for all that is known."""
    return 0 in declared or None in declared


def _described(shape: _Shape) -> str:
    """Say what has a shape."""
    if not shape:
        return "a number"
    sizes = ", ".join("?" if size is None else str(size) for size in shape)
    return f"an array of shape ({sizes})"


def _no_integer(numbers: Any) -> str:
    """Say which number is no integer."""
    values = np.asarray(numbers, dtype=np.float64).ravel()
    large = values[np.isfinite(values) & (np.abs(values) > _LARGEST)]
    if large.size:
        return f"holds {large[0]:.0f}, which does not fit into an integer (limit {_LARGEST})"
    odd = values[~np.isfinite(values) | (values != np.rint(values))]
    if odd.size:
        return f"holds {odd[0]:g}, but the program declares integers"
    written = (
        "save it as int32" if isinstance(numbers, np.memmap) else "write it without a decimal point"
    )
    return f"holds {values[0]:.1f}, but the program declares integers; {written}"
