"""Values of Stan's variables in memory: numbers, arrays of NumPy, tuples of these (pure)."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.data.npy_file import chunks_of

#: Of int32 or float64.
Numbers = npt.NDArray[Any]

#: A number, an array of numbers, a tuple as its slots by name ("1", "2"), or a list of tuples.
Value = int | float | Numbers | dict[str, Any] | list[Any]

#: What CmdStan takes in quotes where a number stands.
SPELLED: Mapping[str, float] = {
    "Inf": np.inf,
    "Infinity": np.inf,
    "-Inf": -np.inf,
    "-Infinity": -np.inf,
    "NaN": np.nan,
}

_INT = np.iinfo(np.int32)


class NoValueError(ValueError):
    """What keeps something from being the value of a variable: a clause after its name."""


def value_of(given: Any) -> Value:
    """Return a value as Stan's variables have them.

    Whole numbers are integers as long as they fit into Stan's, and real beyond.  Logical values
    are 0 and 1, a complex number is an array of its two parts, and a tuple of Python is one of
    Stan's: what CmdStanPy makes of them.

    Parameters
    ----------
    given : object
        A number, an array of NumPy or pandas, nested lists, tuples, or slots by name.

    Returns
    -------
    int, float, ndarray of int32 or float64, dict or list

    Raises
    ------
    NoValueError
        If something in it is no number, or an array is ragged.

    Examples
    --------
    >>> value_of([[1, 2], [3, 4.5]])
    array([[1. , 2. ],
           [3. , 4.5]])
    >>> value_of((3, "Inf"))
    {'1': 3, '2': inf}
    """
    if isinstance(given, Mapping):
        return {str(slot): value_of(part) for slot, part in given.items()}
    if isinstance(given, tuple):
        return {str(slot): value_of(part) for slot, part in enumerate(given, start=1)}
    if isinstance(given, list):
        return _tuples(given) if _holds_tuples(given) else _array(given)
    if np.ma.is_masked(given):
        raise NoValueError("has masked elements; replace them by numbers")
    if isinstance(given, np.generic | bool | int | float | complex | str | None):
        return _scalar(given)
    if not hasattr(given, "__array__"):
        raise NoValueError(
            f"is of type {type(given).__name__}; give numbers, lists or arrays of them"
        )
    array = np.asarray(given)
    return _scalar(array.item()) if array.ndim == 0 else _array(array)


def _holds_tuples(values: list[Any]) -> bool:
    """Whether the elements of nested lists are tuples."""
    first: Any = values
    while isinstance(first, list) and first:
        first = first[0]
    return isinstance(first, tuple | Mapping)


def _tuples(values: list[Any]) -> list[Any]:
    """Return an array of tuples."""
    parts = [value_of(part) for part in values]
    if len({type(part) for part in parts}) > 1:
        raise NoValueError("has tuples together with other elements")
    if any(_shapes(part) != _shapes(parts[0]) for part in parts):
        raise NoValueError("is ragged: its tuples have different shapes")
    return parts


def _shapes(value: Value) -> Any:
    """Return the shape of an array or number, of a tuple those of its slots."""
    if isinstance(value, dict):
        return {slot: _shapes(part) for slot, part in value.items()}
    if isinstance(value, list):
        return [len(value), *(_shapes(part) for part in value[:1])]
    return np.asarray(value).shape


def _scalar(given: Any) -> int | float | Numbers:
    """Return a number, or the two parts of a complex one."""
    number = given.item() if isinstance(given, np.generic) else given
    if isinstance(number, str) and number in SPELLED:
        return SPELLED[number]
    if isinstance(number, bool | int):
        return int(number) if _INT.min <= number <= _INT.max else _real(number)
    if isinstance(number, complex):
        return np.array([number.real, number.imag])
    if not isinstance(number, float):
        told = json.dumps(number)[:20] if isinstance(number, str | None) else repr(number)[:20]
        raise NoValueError(f"is {told}, which is not a number")
    return number


def _real(number: int) -> float:
    """Return a whole number that is no integer of Stan's."""
    try:
        return float(number)
    except OverflowError:
        raise NoValueError("holds a number that is too large for a real") from None


def _array(given: Any) -> Numbers:
    """Return an array of numbers, a copy of its own."""
    try:
        array = np.array(given)
    except (ValueError, TypeError):
        raise NoValueError("is ragged: its rows have different lengths") from None
    kind = array.dtype.kind
    if kind == "c":
        return np.stack([array.real, array.imag], axis=-1).astype(np.float64, copy=False)
    if kind in "OUS":  # some are texts, or beyond the integers of NumPy
        return _by_element(np.array(given, dtype=object))
    if kind not in "biuf":
        raise NoValueError(f"holds elements of type {array.dtype}, which are not numbers")
    return numbers_of(array)


def _by_element(array: npt.NDArray[np.object_]) -> Numbers:
    """Return an array whose elements have to be looked at one by one."""
    flat = [value_of(each) for each in array.ravel().tolist()]
    try:
        return numbers_of(np.array(flat).reshape(*array.shape, *np.asarray(flat[0]).shape))
    except ValueError:
        raise NoValueError("is ragged: its rows have different lengths") from None


def numbers_of(array: npt.NDArray[Any]) -> Numbers:
    """Return an array of logical, whole or real numbers as Stan's: what is no integer is real."""
    if array.size == 0:
        return array.astype(np.int32)
    if array.dtype.kind in "iu" and (array.min() < _INT.min or array.max() > _INT.max):
        return array.astype(np.float64)
    return array.astype(np.float64 if array.dtype.kind == "f" else np.int32, copy=False)


class GrowingArray:
    """Rows below one another, in memory that grows in its place: there are never two copies."""

    def __init__(self) -> None:
        self._memory = bytearray()
        self._dtype: np.dtype[Any] = np.dtype(np.int32)
        self._n_rows = 0
        self._row_shape: tuple[int, ...] | None = None

    def add(self, rows: Numbers) -> None:
        """Put rows below those that are there.

        Raises
        ------
        NoValueError
            If their shape is another.
        """
        if self._row_shape not in (None, rows.shape[1:]):
            raise NoValueError("is ragged: its rows have different lengths")
        if rows.dtype != self._dtype and rows.dtype.kind == "f":
            self._memory = bytearray(self._flat().astype(np.float64).data)
            self._dtype = rows.dtype
        self._row_shape = rows.shape[1:]
        self._n_rows += len(rows)
        self._memory += np.ascontiguousarray(rows, self._dtype).data.cast("B") if rows.size else b""

    def _flat(self) -> Numbers:
        return np.frombuffer(self._memory, self._dtype)

    def array(self) -> Numbers:
        """Return them all; nothing can be added then."""
        return self._flat().reshape(self._n_rows, *(self._row_shape or ()))


def is_integer(value: int | float | Numbers) -> bool:
    """Whether a number or all of an array's are integers of Stan's."""
    return value.dtype.kind == "i" if isinstance(value, np.ndarray) else isinstance(value, int)


def rows_of(value: Value, indices: npt.NDArray[np.intp]) -> Value:
    """Return some elements of an array along its first axis."""
    return [value[i] for i in indices] if isinstance(value, list) else np.asarray(value)[indices]


def digest_of(variables: Mapping[str, Value]) -> str:
    """Return the SHA-256 of data, whatever the order of their names."""
    hasher = hashlib.sha256()
    for name in sorted(variables):
        _hash(hasher, name, variables[name])
    return hasher.hexdigest()


def _hash(hasher: Any, name: str, value: Value) -> None:
    """Hash a value with its name, type and shape; slots of tuples as values of their own."""
    if isinstance(value, dict | list):
        parts = sorted(value.items()) if isinstance(value, dict) else list(enumerate(value))
        hasher.update(f"{name}\0{type(value).__name__} of {len(parts)}\0".encode())
        for slot, part in parts:
            _hash(hasher, f"{name}.{slot}", part)
        return
    array = np.asanyarray(value)
    kind = "<i4" if array.dtype.kind == "i" else "<f8"
    hasher.update(f"{name}\0{kind}{array.shape}\0".encode())
    for chunk in chunks_of(array) if isinstance(array, np.memmap) else (array,):
        hasher.update(np.ascontiguousarray(chunk, dtype=kind).data)
