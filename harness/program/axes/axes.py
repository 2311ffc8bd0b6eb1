"""Which integers of a program's data could count its rows, and what lies along each (pure)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.program.axes.account import ProgramAccount
from harness.program.axes.sizes import Size, Sized


@dataclass(frozen=True, kw_only=True)
class Along:
    """Where an axis lies in a variable.

    Attributes
    ----------
    dimensions : tuple of int
        Which of its dimensions are the axis, counted from the outermost.
    parts : tuple of Along
        Of a tuple that has the axis in its parts, one for each part.
    """

    dimensions: tuple[int, ...] = ()
    parts: tuple["Along", ...] = ()

    def __bool__(self) -> bool:
        return bool(self.dimensions) or any(self.parts)


@dataclass(frozen=True, kw_only=True)
class RowVariable:
    """A variable of data or transformed data along an axis.

    Attributes
    ----------
    name : str
    along : Along
        Where the axis is in it.
    is_data : bool
        Whether it is data; else transformed data.
    """

    name: str
    along: Along
    is_data: bool


@dataclass(frozen=True, kw_only=True)
class ProgramAxis:
    """An integer of the data that sizes data.

    Attributes
    ----------
    name : str
    variables : tuple of RowVariable
        All that lies along it, in the program's order.
    refusal : str
        Why its rows cannot be gathered; empty if they can.
    suspicions : tuple of str
        What may keep the rows from adding up; only the program itself can tell.
    summaries : tuple of str
        Transformed data that are computed from the rows but do not lie along the axis.
    """

    name: str
    variables: tuple[RowVariable, ...]
    refusal: str = ""
    suspicions: tuple[str, ...] = ()
    summaries: tuple[str, ...] = ()

    @property
    def data_names(self) -> tuple[str, ...]:
        """The variables of the data block."""
        return tuple(variable.name for variable in self.variables if variable.is_data)


def find_axes(account: ProgramAccount) -> tuple[ProgramAxis, ...]:
    """Find what could count a program's rows.

    An axis is an integer of the data block that sizes data and no parameter.  One that is the
    first size of data and sizes a parameter too, or that is part of a larger expression, is listed
    with the reason why it cannot serve.

    Parameters
    ----------
    account : ProgramAccount

    Returns
    -------
    tuple of ProgramAxis
        In the program's order.
    """
    integers = [name for name, sized in account.data.items() if sized == Sized("SInt")]
    return tuple(axis for name in integers if (axis := _axis(name, account)) is not None)


def _axis(name: str, account: ProgramAccount) -> ProgramAxis | None:
    """Return the axis of an integer, None if it is none."""
    count = _Count(name, account)
    variables = tuple(
        RowVariable(name=variable, along=along, is_data=is_data)
        for is_data, block in ((True, account.data), (False, account.transformed_data))
        for variable, sized in block.items()
        if (along := count.along(sized))
    )
    refusal = _unlike(count, account) or _latent(count, account)
    if refusal and not any(_counts_first(name, sized) for sized in account.data.values()):
        return None  # the number of predictors, say
    if not refusal and not any(variable.is_data for variable in variables):
        return None
    rows = {variable.name for variable in variables}
    return ProgramAxis(
        name=name,
        variables=variables,
        refusal=refusal,
        suspicions=tuple(_suspicions(rows, account)),
        summaries=tuple(_summaries(name, rows, account)),
    )


class _Count:
    """Which sizes are an integer, by its name or as a number of elements: ``rows(x)``."""

    def __init__(self, name: str, account: ProgramAccount) -> None:
        self.name = name
        self._kinds = {**account.data, **account.transformed_data}
        self._along: dict[str, tuple[int, ...]] = {}
        for variable, sized in self._kinds.items():  # a size may count one before it
            self._along[variable] = self.along(sized).dimensions

    def along(self, sized: Sized) -> Along:
        """Return where it sizes a variable."""
        parts = tuple(self.along(part) for part in sized.parts)
        return Along(
            dimensions=tuple(i for i, size in enumerate(sized.sizes) if self.is_all_of(size)),
            parts=parts if any(parts) else (),
        )

    def is_in(self, size: Size) -> bool:
        """Whether a size has to do with it."""
        return self.name in size.names or self.is_counted(size.counts)

    def is_all_of(self, size: Size) -> bool:
        """Whether a size is it, and nothing else."""
        if size.is_count:
            return (
                self.is_counted(size.counts) and len(self._counted(*next(iter(size.counts)))) == 1
            )
        return size.text == self.name

    def is_counted(self, counts: Iterable[tuple[str, str]]) -> bool:
        """Whether a function counts elements along it."""
        return any(
            set(self._counted(function, variable)) & set(self._along.get(variable, ()))
            for function, variable in counts
        )

    def _counted(self, function: str, variable: str) -> tuple[int, ...]:
        """Return the dimensions of which a function tells the size."""
        if variable not in self._along:
            return ()
        sized = self._kinds[variable]
        is_matrix = "Matrix" in sized.kind and not sized.n_array_sizes
        if function == "num_elements" or (function == "size" and is_matrix):
            return tuple(range(len(sized.sizes)))
        if function == "cols" and is_matrix:
            return (1,)
        is_one = "Vector" in sized.kind and (function == "rows") == ("RowVector" in sized.kind)
        return () if is_one and function != "size" else (0,)


def _counts_first(name: str, sized: Sized) -> bool:
    """Whether an integer is a variable's first size, or is in it."""
    if sized.sizes:
        return name in sized.sizes[0].names
    return any(_counts_first(name, part) for part in sized.parts)


def _unlike(count: _Count, account: ProgramAccount) -> str:
    """Say which variable has a size that only contains an integer; empty if none has."""
    name = count.name
    derived = {
        variable
        for variable, sources in account.sources.items()
        if account.transformed_data.get(variable) == Sized("SInt")
        and (name in sources or count.is_counted(account.counts[variable]))
    }
    blocks = (
        ("data", account.data),
        ("transformed data", account.transformed_data),
        ("parameter", account.parameters),
        ("transformed parameter", account.transformed_parameters),
    )
    for what, block in blocks:
        for variable, sized in block.items():
            for size in sized.all_sizes():
                # the size of a parameter is counted once and for all
                is_kept = size.is_count and "data" not in what
                if count.is_in(size) and (is_kept or not count.is_all_of(size)):
                    return f"{what} '{variable}' has the size {size.text}, not {name} itself"
                if what != "transformed parameter" and size.names & derived:
                    return (
                        f"{what} '{variable}' has the size {size.text}, which is computed "
                        f"from {name}"
                    )
    return ""


def _latent(count: _Count, account: ProgramAccount) -> str:
    """Say which parameter an integer sizes; empty if none."""
    for parameter, sized in account.parameters.items():
        if any(size.text == count.name for size in sized.all_sizes()):
            return f"parameter '{parameter}' has the size {count.name}: a parameter for each row"
    return ""


def _suspicions(rows: set[str], account: ProgramAccount) -> Iterator[str]:
    """Yield what stanc's account lets one suspect."""
    for parameter, names in account.bounds.items():
        for name in sorted(names & rows):
            yield f"the bounds of parameter '{parameter}' depend on the rows of '{name}'"


def _summaries(name: str, rows: set[str], account: ProgramAccount) -> Iterator[str]:
    """Yield transformed data that are computed from rows and lie on no axis."""
    for variable in account.transformed_data:
        if variable not in rows and account.sources.get(variable, frozenset()) & {*rows, name}:
            yield variable
