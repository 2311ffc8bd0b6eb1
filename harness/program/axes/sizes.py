"""Sizes as stanc's middle representation of a program declares them (pure)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.program.mir import Expression

#: Sized types by the number of sizes of their own; arrays and tuples hold other types.
_OWN_SIZES = {
    **dict.fromkeys(("SInt", "SReal", "SComplex"), 0),
    **dict.fromkeys(("SVector", "SRowVector", "SComplexVector", "SComplexRowVector"), 1),
    **dict.fromkeys(("SMatrix", "SComplexMatrix"), 2),
}
#: Functions that tell how many elements a variable has.
_COUNTS = {"rows", "cols", "size", "num_elements"}
_INFIX = {
    "Plus__": "+",
    "Minus__": "-",
    "Times__": "*",
    "Divide__": "/",
    "IntDivide__": "%/%",
    "Modulo__": "%",
    "Pow__": "^",
    "Greater__": ">",
    "Geq__": ">=",
    "Less__": "<",
    "Leq__": "<=",
    "Equals__": "==",
    "NEquals__": "!=",
}


@dataclass(frozen=True)
class Size:
    """The size of a dimension.

    Attributes
    ----------
    text : str
        As Stan would write it.
    names : frozenset of str
        The variables in it.
    counts : frozenset of tuple of str
        What is counted in it: of ``rows(x) - 1``, the function and the variable.
    """

    text: str
    names: frozenset[str]
    counts: frozenset[tuple[str, str]] = frozenset()

    @property
    def is_name(self) -> bool:
        """Whether it is one variable and nothing else."""
        return self.names == {self.text}

    @property
    def is_count(self) -> bool:
        """Whether it is a number of elements and nothing else."""
        return {f"{function}({name})" for function, name in self.counts} == {self.text}


@dataclass(frozen=True)
class Sized:
    """A type with its sizes.

    Attributes
    ----------
    kind : str
        stanc's name of what the arrays hold: ``SInt``, ``SMatrix``, ``STuple``, ...
    sizes : tuple of Size
        Outermost first, those of arrays before those of a vector or matrix.
    parts : tuple of Sized
        Of a tuple, its parts.
    n_array_sizes : int
        How many of the sizes are those of arrays.
    """

    kind: str
    sizes: tuple[Size, ...] = ()
    parts: tuple["Sized", ...] = ()
    n_array_sizes: int = 0

    def all_sizes(self) -> Iterator[Size]:
        """Yield its sizes and those of a tuple's parts."""
        yield from self.sizes
        for part in self.parts:
            yield from part.all_sizes()


def fields(record: Expression) -> dict[str, Expression]:
    """Return a record's values by name: of ``((a x) (b y z))``, x and the list of y and z.

    What is no field is left out, and so is all of what is no record.
    """
    if isinstance(record, str):
        return {}
    return {
        item[0]: item[1] if len(item) == 2 else item[1:]
        for item in record
        if isinstance(item, list) and item and isinstance(item[0], str)
    }


def atom(value: Expression) -> str:
    """Return what must be a word."""
    if not isinstance(value, str):
        raise TypeError("a name was expected")
    return value


def read_sized(expression: Expression, named: Mapping[str, Size]) -> Sized:
    """Read a sized type; a size that stanc has given a name of its own is put back."""
    if isinstance(expression, str):
        return Sized(expression)
    kind = atom(expression[0])
    if kind == "SArray":
        inner, size = read_sized(expression[1], named), _declared_size(expression[2], named)
        return Sized(
            inner.kind, (size, *inner.sizes), inner.parts, n_array_sizes=inner.n_array_sizes + 1
        )
    if kind == "STuple":
        return Sized(kind, parts=tuple(read_sized(part, named) for part in expression[1]))
    n_sizes = _OWN_SIZES[kind]
    own = expression[
        len(expression) - n_sizes :
    ]  # before them may stand how the values lie in memory
    return Sized(kind, tuple(_declared_size(size, named) for size in own))


def _declared_size(expression: Expression, named: Mapping[str, Size]) -> Size:
    size = read_size(expression)
    return named.get(size.text, size)


def read_size(expression: Expression) -> Size:
    """Read a size as it stands."""
    names, counts = frozenset(names_in(expression)), frozenset(counts_in(expression))
    return Size(_text(expression), names, counts)


def _text(expression: Expression) -> str:
    """Write an expression as Stan would."""
    pattern = fields(expression).get("pattern", expression)
    text = "an expression"
    match pattern:
        case str() | ["Var", str()]:
            text = pattern if isinstance(pattern, str) else atom(pattern[1])
        case ["Lit", _, str(value)]:
            text = value
        case ["FunApp", [_, str(function), *_], [left, right]] if function in _INFIX:
            text = f"{_text(left)} {_INFIX[function]} {_text(right)}"
        case ["FunApp", [_, str(function), *_], list(arguments)]:
            text = f"{function}({', '.join(_text(one) for one in arguments)})"
        case ["TernaryIf", condition, one, other]:
            text = f"{_text(condition)} ? {_text(one)} : {_text(other)}"
        case ["Promotion", inner, *_]:
            text = _text(inner)
        case ["Indexed", inner, *_]:
            text = f"{_text(inner)}[...]"
    return text


def names_in(expression: Expression) -> Iterator[str]:
    """Yield the variables that occur anywhere in an expression or a statement."""
    waiting = [expression]  # a long sum nests deeper than Python calls may
    while waiting:
        match waiting.pop():
            case ["Var" | "LVariable", str(name)]:
                yield name
            case list(parts):
                waiting.extend(reversed(parts))


def counts_in(expression: Expression) -> Iterator[tuple[str, str]]:
    """Yield what an expression or a statement counts: the function and the variable."""
    waiting = [expression]
    while waiting:
        match waiting.pop():
            case ["FunApp", ["StanLib", str(function), *_], [argument]] if function in _COUNTS:
                name = fields(argument).get("pattern", [])
                if name[:1] == ["Var"]:
                    yield function, atom(name[1])
            case list(parts):
                waiting.extend(parts)
