"""What a program's variables are and what they are computed from, out of stanc's own account.

``stanc --debug-mir`` prints the program as stanc has understood it, its middle representation, as
one s-expression.  Nothing here looks at the text of the program.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.program.mir import Expression, sections

#: Sized types by the number of sizes of their own; arrays and tuples hold other types.
_OWN_SIZES = {
    **dict.fromkeys(("SInt", "SReal", "SComplex"), 0),
    **dict.fromkeys(("SVector", "SRowVector", "SComplexVector", "SComplexRowVector"), 1),
    **dict.fromkeys(("SMatrix", "SComplexMatrix"), 2),
}
_INFIX = {
    "Plus__": "+",
    "Minus__": "-",
    "Times__": "*",
    "Divide__": "/",
    "IntDivide__": "%/%",
    "Modulo__": "%",
    "Pow__": "^",
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
    """

    text: str
    names: frozenset[str]

    @property
    def is_name(self) -> bool:
        """Whether it is one variable and nothing else."""
        return self.names == {self.text}


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


@dataclass(frozen=True, kw_only=True)
class ProgramAccount:
    """What stanc says of a program.

    Attributes
    ----------
    data, transformed_data, parameters, transformed_parameters : Mapping of str to Sized
        Variables by name, in the program's order; sizes stand as they were declared.
    bounds : Mapping of str to frozenset of str
        Of each parameter, the variables that its constraint is made from.
    sources : Mapping of str to frozenset of str
        Of each variable that transformed data assign, all that it may depend on.
    """

    data: Mapping[str, Sized]
    transformed_data: Mapping[str, Sized]
    parameters: Mapping[str, Sized]
    transformed_parameters: Mapping[str, Sized]
    bounds: Mapping[str, frozenset[str]]
    sources: Mapping[str, frozenset[str]]


def read_account(text: str) -> ProgramAccount:
    """Read what ``stanc --debug-mir`` prints.

    Parameters
    ----------
    text : str

    Returns
    -------
    ProgramAccount

    Raises
    ------
    ValueError
        If it is not of the form that is known.
    """
    program = dict(sections(text))
    try:
        statements = _patterns(program["prepare_data"][0])
        named = _named_sizes(statements)
        data = {_atom(item[0]): _sized(item[2], named) for item in _lists(program["input_vars"][0])}
        outputs = {_atom(item[0]): fields(item[2]) for item in _lists(program["output_vars"][0])}
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"stanc's account of the program has another form: {error!r}") from error

    def of_block(block: str) -> dict[str, Sized]:
        return {
            name: _sized(entry["out_constrained_st"], named)
            for name, entry in outputs.items()
            if entry["out_block"] == block
        }

    parameters = of_block("Parameters")
    return ProgramAccount(
        data=data,
        transformed_data={
            name: sized
            for name, sized in _declared(statements, named).items()
            if name not in data and name not in named
        },
        parameters=parameters,
        transformed_parameters=of_block("TransformedParameters"),
        bounds={name: frozenset(_names(outputs[name]["out_trans"])) for name in parameters},
        sources=_sources(statements),
    )


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


def _lists(value: Expression) -> list[list[Expression]]:
    return [item for item in value if isinstance(item, list)]


def _atom(value: Expression) -> str:
    if not isinstance(value, str):
        raise TypeError("a name was expected")
    return value


def _patterns(statements: Expression) -> list[list[Expression]]:
    """Return the statements of a block, each without its position in the text."""
    found = [fields(item).get("pattern", []) for item in _lists(statements)]
    return [item for item in found if isinstance(item, list) and item]


def _sized(expression: Expression, named: Mapping[str, Size]) -> Sized:
    """Read a sized type; a size that stanc has given a name of its own is put back."""
    if isinstance(expression, str):
        return Sized(expression)
    kind = _atom(expression[0])
    if kind == "SArray":
        inner, size = _sized(expression[1], named), _size(expression[2], named)
        return Sized(
            inner.kind, (size, *inner.sizes), inner.parts, n_array_sizes=inner.n_array_sizes + 1
        )
    if kind == "STuple":
        return Sized(kind, parts=tuple(_sized(part, named) for part in expression[1]))
    n_sizes = _OWN_SIZES[kind]
    own = expression[
        len(expression) - n_sizes :
    ]  # before them may stand how the values lie in memory
    return Sized(kind, tuple(_size(size, named) for size in own))


def _size(expression: Expression, named: Mapping[str, Size]) -> Size:
    size = Size(_text(expression), frozenset(_names(expression)))
    return named.get(size.text, size)


def _text(expression: Expression) -> str:
    """Write an expression as Stan would."""
    pattern = fields(expression).get("pattern", expression)
    text = "an expression"
    match pattern:
        case str() | ["Var", str()]:
            text = pattern if isinstance(pattern, str) else _atom(pattern[1])
        case ["Lit", _, str(value)]:
            text = value
        case ["FunApp", [_, str(function), *_], [left, right]] if function in _INFIX:
            text = f"{_text(left)} {_INFIX[function]} {_text(right)}"
        case ["FunApp", [_, str(function), *_], list(arguments)]:
            text = f"{function}({', '.join(_text(one) for one in arguments)})"
        case ["Promotion", inner, *_]:
            text = _text(inner)
        case ["Indexed", inner, *_]:
            text = f"{_text(inner)}[...]"
    return text


def _names(expression: Expression) -> Iterator[str]:
    """Yield the variables that occur anywhere in an expression or a statement."""
    waiting = [expression]  # a long sum nests deeper than Python calls may
    while waiting:
        match waiting.pop():
            case ["Var" | "LVariable", str(name)]:
                yield name
            case list(parts):
                waiting.extend(reversed(parts))


def _declared(statements: list[list[Expression]], named: Mapping[str, Size]) -> dict[str, Sized]:
    """Return what a block declares on its own level."""
    found = {}
    for statement in statements:
        if statement[0] == "Decl":
            entry = fields(statement[1:])
            match entry["decl_type"]:
                case ["Sized", sized]:
                    found[_atom(entry["decl_id"])] = _sized(sized, named)
    return found


def _named_sizes(statements: list[list[Expression]]) -> dict[str, Size]:
    """Return the sizes for which stanc makes variables (``x_1dim__``) by these variables."""
    found = {}
    for statement in statements:
        match statement:
            case ["Assignment", target, _, value]:
                name = next(_names(target), "")
                if name.endswith("dim__"):
                    found[name] = Size(_text(value), frozenset(_names(value)))
    return found


def _sources(statements: list[list[Expression]]) -> dict[str, frozenset[str]]:
    """Return, of each variable that is assigned, all that its value may depend on."""
    direct: dict[str, set[str]] = {}
    for target, used in _assignments(list(statements)):
        direct.setdefault(target, set()).update(used)
    for known in direct.values():  # what a source depends on is a source
        waiting = list(known)
        while waiting:
            more = direct.get(waiting.pop(), set()) - known
            known.update(more)
            waiting.extend(more)
    return {name: frozenset(found - {name}) for name, found in direct.items()}


def _assignments(block: Expression) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each assignment's variable with the variables of its value and of what surrounds it."""
    waiting: list[tuple[Expression, frozenset[str]]] = [(block, frozenset())]
    while waiting:
        statement, around = waiting.pop()
        inside, bodies = around, statement
        match statement:
            case str():
                continue
            case ["Assignment", target, _, value]:
                first, *indices = _names(target)
                yield first, around.union(indices, _names(value))
                continue
            case ["Decl", *entries]:
                entry = fields(entries)
                yield _atom(entry["decl_id"]), around.union(_names(entry.get("initialize", [])))
                continue
            case ["IfElse" | "While", condition, *rest]:
                inside, bodies = around.union(_names(condition)), rest
            case ["For", *entries]:
                entry = fields(entries)
                inside = around.union(_names([entry.get("lower", []), entry.get("upper", [])]))
                bodies = [entry.get("body", [])]
        waiting.extend((body, inside) for body in bodies)
