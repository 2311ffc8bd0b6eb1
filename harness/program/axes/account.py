"""What a program's variables are and what they are computed from, out of stanc's own account.

``stanc --debug-mir`` prints the program as stanc has understood it, its middle representation, as
one s-expression.  Nothing here looks at the text of the program.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.program.axes.sizes import (
    Size,
    Sized,
    atom,
    counts_in,
    fields,
    names_in,
    read_size,
    read_sized,
)
from harness.program.mir import Expression, sections


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
    counts : Mapping of str to frozenset of tuple of str
        Of each variable that transformed data assign, what is counted for it.
    """

    data: Mapping[str, Sized]
    transformed_data: Mapping[str, Sized]
    parameters: Mapping[str, Sized]
    transformed_parameters: Mapping[str, Sized]
    bounds: Mapping[str, frozenset[str]]
    sources: Mapping[str, frozenset[str]]
    counts: Mapping[str, frozenset[tuple[str, str]]]


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
        data = {
            atom(item[0]): read_sized(item[2], named) for item in _lists(program["input_vars"][0])
        }
        outputs = {atom(item[0]): fields(item[2]) for item in _lists(program["output_vars"][0])}
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"stanc's account of the program has another form: {error!r}") from error

    def of_block(block: str) -> dict[str, Sized]:
        return {
            name: read_sized(entry["out_constrained_st"], named)
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
        bounds={name: frozenset(names_in(outputs[name]["out_trans"])) for name in parameters},
        sources=_sources(statements),
        counts=_counts_of(statements),
    )


def _lists(value: Expression) -> list[list[Expression]]:
    return [item for item in value if isinstance(item, list)]


def _patterns(statements: Expression) -> list[list[Expression]]:
    """Return the statements of a block, each without its position in the text."""
    found = [fields(item).get("pattern", []) for item in _lists(statements)]
    return [item for item in found if isinstance(item, list) and item]


def _declared(statements: list[list[Expression]], named: Mapping[str, Size]) -> dict[str, Sized]:
    """Return what a block declares on its own level."""
    found = {}
    for statement in statements:
        if statement[0] == "Decl":
            entry = fields(statement[1:])
            match entry["decl_type"]:
                case ["Sized", sized]:
                    found[atom(entry["decl_id"])] = read_sized(sized, named)
    return found


def _named_sizes(statements: list[list[Expression]]) -> dict[str, Size]:
    """Return the sizes for which stanc makes variables (``x_1dim__``) by these variables."""
    found = {}
    for statement in statements:
        match statement:
            case ["Assignment", target, _, value]:
                name = next(names_in(target), "")
                if name.endswith("dim__"):
                    found[name] = read_size(value)
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


def _counts_of(statements: list[list[Expression]]) -> dict[str, frozenset[tuple[str, str]]]:
    """Return, of each variable that is assigned as such, what its value counts."""
    found: dict[str, frozenset[tuple[str, str]]] = {}
    for statement in statements:
        for target, _ in _assignments(list(statement)):
            found[target] = found.get(target, frozenset()) | frozenset(counts_in(statement))
    return found


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
                first, *indices = names_in(target)
                yield first, around.union(indices, names_in(value))
                continue
            case ["Decl", *entries]:
                entry = fields(entries)
                yield atom(entry["decl_id"]), around.union(names_in(entry.get("initialize", [])))
                continue
            case ["IfElse" | "While", condition, *rest]:
                inside, bodies = around.union(names_in(condition)), rest
            case ["For", *entries]:
                entry = fields(entries)
                inside = around.union(names_in([entry.get("lower", []), entry.get("upper", [])]))
                bodies = [entry.get("body", [])]
        waiting.extend((body, inside) for body in bodies)
