"""Methods of a comparison that use a part of the rows: which are added, and their options."""

from collections.abc import Iterable, Mapping
from typing import Any

from harness.data.dataset import Dataset
from harness.errors import StudyError
from harness.methods import METHODS, Method, PartOfRows, RowsUsed
from harness.methods.vi import Vi
from harness.program.program import Program
from harness.program.rows import n_candidate_rows

#: What a comparison's methods are: names, methods with options, and those with a variant's name.
type Asked = tuple[str | Method | tuple[str, Method], ...]

#: Methods that a subsample adds: what it costs, with and without an approximation's own error.
SUBSAMPLES = tuple(
    name for name, method in METHODS.items() if method.rows_used is RowsUsed.SUBSAMPLE
)
#: Methods that can fit by batches; they are added for these unless one is named.
BATCHES = tuple(name for name, method in METHODS.items() if issubclass(method, Vi))


def with_parts(methods: Asked, *, subsample: int | None, batch: int | None) -> Asked:
    """Return methods, and those that a subsample or batches add.

    Parameters
    ----------
    methods : tuple
        Those asked for.
    subsample, batch : int or None
        Rows of a subsample and of a batch.

    Returns
    -------
    tuple
    """
    named = {item for item in methods if isinstance(item, str)}
    added = SUBSAMPLES if subsample is not None else ()
    if batch is not None and not named.intersection(BATCHES):
        added += BATCHES
    return (*methods, *(name for name in added if name not in named))


def check_parts(
    dataset: Dataset,
    program: Program,
    *,
    subsample: int | None,
    batch: int | None,
    rows: str | None,
) -> None:
    """Refuse parts of more rows than there can be, before anything runs.

    Parameters
    ----------
    dataset, program, subsample, batch, rows
        As for :func:`row_options`.

    Raises
    ------
    StudyError
        If one has more rows than the axis that is named, or than the largest one.
    """
    if program.contract is not None or (subsample is None and batch is None):
        return
    data = dataset.variables or {}
    n_rows = n_candidate_rows(program, data) if rows is None else data.get(rows)
    for option, m in (("subsample", subsample), ("batch", batch)):
        if m is not None and isinstance(n_rows, int) and m > n_rows:
            counts = "the largest integer that may count rows" if rows is None else f"'{rows}'"
            raise StudyError(f"{option} is {m}, but {counts} is {n_rows}; give at most {n_rows}")


def check_named_rows(rows: str | None, methods: Iterable[Method]) -> None:
    """Refuse rows that are named for nothing, before anything runs.

    Parameters
    ----------
    rows : str or None
        The axis.
    methods : iterable of Method
        With their options.

    Raises
    ------
    StudyError
        If no method takes a part of these rows.
    """
    if rows is not None and not any(getattr(method, "rows", None) == rows for method in methods):
        raise StudyError(
            f"rows is '{rows}', but no method takes a part of the rows; give batch or subsample "
            "too, or leave rows out"
        )


def row_options(
    name: str,
    dataset: Dataset,
    program: Program,
    *,
    subsample: int | None,
    batch: int | None,
    rows: str | None,
) -> Mapping[str, Any]:
    """Return the options that say which rows a method uses, where it is named without any.

    Parameters
    ----------
    name : str
        Of the method.
    dataset, program : Dataset, Program
        What it is to fit.
    subsample, batch : int or None
        Rows of a subsample, a tenth by default, and of a batch.
    rows : str or None
        The axis.

    Returns
    -------
    Mapping
    """
    options: dict[str, Any] = {}
    method = METHODS.get(name)
    if method is not None and issubclass(method, PartOfRows):
        if program.contract is not None:
            program.check_rows(dataset)
        n_rows = program.n_rows_of(dataset)
        if n_rows is None and subsample is None:
            n_rows = n_candidate_rows(program, dataset.variables or {})
        options["m"] = subsample or method.default_m(n_rows)
    if batch is not None and name in BATCHES:
        options["batch_size"] = batch
    if rows is not None and (name in SUBSAMPLES or "batch_size" in options):
        options["rows"] = rows
    return options
