"""What stanc's middle representation says of a program's data: sizes (pure).

``stanc --debug-mir`` prints it as S-expressions.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from harness.data.stan_values import Value

#: An S-expression: a word or a list of S-expressions.
Expression = str | list[Any]

_TOKEN = re.compile(r'\(|\)|"(?:[^"\\]|\\.)*"|[^\s()"]+')
_ARITHMETIC: Mapping[str, Callable[[int, int], int]] = {
    "Plus__": operator.add,
    "Minus__": operator.sub,
    "Times__": operator.mul,
    "Divide__": lambda a, b: int(a / b),
    "IntDivide__": lambda a, b: int(a / b),
}
#: How many of a type's sizes are its own, of those that are no arrays or tuples.
_N_SIZES = {"SComplex": 0, "SComplexVector": 1, "SComplexRowVector": 1, "SComplexMatrix": 2}


def sections(text: str) -> Iterator[tuple[str, list[Expression]]]:
    """Give the parts of a program, in their order.

    Parameters
    ----------
    text : str
        What stanc prints.

    Yields
    ------
    tuple of str and list
        The part's name and the S-expressions in it.
    """
    stack: list[list[Any]] = []
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word == "(":
            stack.append([])
        elif word != ")":
            stack[-1].append(word)
        else:
            closed = stack.pop()
            if len(stack) == 1:
                yield str(closed[0]), closed[1:]
            elif stack:
                stack[-1].append(closed)


def declared_shapes(
    input_vars: list[Expression], data: Mapping[str, Value]
) -> dict[str, tuple[int | None, ...]]:
    """Return the sizes of data variables, as far as a program's data decide them.

    Parameters
    ----------
    input_vars : list
        The section of that name.
    data : Mapping
        Values of data variables.

    Returns
    -------
    dict
        Of each variable, and of each slot of a tuple under ``x.1``, the sizes as CmdStan reads
        them, a complex number being two; None for one that needs more than arithmetic on
        integers among the data.
    """
    shapes: dict[str, tuple[int | None, ...]] = {}
    for declared in input_vars[0] if input_vars else []:
        _add_shapes(shapes, str(declared[0]), declared[2], (), data)
    return shapes


def _add_shapes(
    shapes: dict[str, tuple[int | None, ...]],
    name: str,
    kind: Expression,
    outer: tuple[int | None, ...],
    data: Mapping[str, Value],
) -> None:
    """Add a variable's sizes, or those of its slots."""
    match kind:
        case ["STuple", list(slots)]:
            for number, slot in enumerate(slots, start=1):
                _add_shapes(shapes, f"{name}.{number}", slot, outer, data)
        case ["SArray", element, size]:
            _add_shapes(shapes, name, element, (*outer, _size(size, data)), data)
        case [str(word), *parts]:
            sizes = [part for part in parts if isinstance(part, list)]
            pair = (2,) if word in _N_SIZES else ()
            shapes[name] = (*outer, *(_size(size, data) for size in sizes), *pair)
        case word:
            shapes[name] = (*outer, 2) if word in _N_SIZES else outer


def _size(expression: Expression, data: Mapping[str, Value]) -> int | None:
    """Return a size, if the data decide it."""
    if isinstance(expression, list) and expression and expression[0][:1] == ["pattern"]:
        expression = expression[0][1]
    match expression:
        case ["Lit", "Int", str(digits)]:
            return int(digits)
        case ["Var", str(name)]:
            value = data.get(name)
            return value if isinstance(value, int) else None
        case ["FunApp", ["StanLib", str(name), *_], [left, right]]:
            return _result(name, _size(left, data), _size(right, data))
        case ["Indexed", [["pattern", ["Var", str(name)]], *_], [["Single", index]]]:
            return _element(data.get(name), _size(index, data))
        case _:
            return None


def _result(function: str, left: int | None, right: int | None) -> int | None:
    """Do a sum."""
    if left is None or right is None or function not in _ARITHMETIC:
        return None
    return None if right == 0 and "Divide" in function else _ARITHMETIC[function](left, right)


def _element(value: Value | None, index: int | None) -> int | None:
    """Return an element of an array of integers."""
    if not isinstance(value, np.ndarray) or value.ndim != 1 or value.dtype.kind != "i":
        return None
    return int(value[index - 1]) if index is not None and 1 <= index <= len(value) else None
