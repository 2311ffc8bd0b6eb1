"""What every inference method takes and gives."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Protocol

import numpy as np
from pydantic import ConfigDict, ValidationError

from harness.data.dataset import Dataset
from harness.data.subsample import Subsample
from harness.errors import MethodError
from harness.fits.fit import DrawKind, Fit
from harness.messages.clauses import did_you_mean, first_problem
from harness.program.compilation import CompiledProgram
from harness.program.program import Program


@dataclass(frozen=True, kw_only=True, eq=False)
class ProblemPart:
    """Some of a problem's rows, and how the executable is told of them.

    Attributes
    ----------
    subsample : Subsample
        Which rows, and the weight of their likelihood.
    n_rows : int
        How many there are in all.
    axis : int or None
        The axis of the executable that counts them; None for a program that weights its likelihood
        itself and is given no other rows.
    """

    subsample: Subsample
    n_rows: int
    axis: int | None


def _tell_nobody() -> None:
    """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A posterior to approximate.

    Attributes
    ----------
    program : CompiledProgram
        The model.
    dataset : Dataset
        The observations.
    part : ProblemPart or None
        The rows that it is the posterior of; None for all, with weight 1.
    tell_fitted : callable
        Called when nothing that is timed is left to do but scores; other fits may run from then on.
    """

    program: CompiledProgram
    dataset: Dataset
    part: ProblemPart | None = None
    tell_fitted: Callable[[], None] = dataclasses.field(
        default=_tell_nobody, compare=False, repr=False
    )

    @property
    def whole(self) -> "Problem":
        """The problem with all its rows."""
        return dataclasses.replace(self, part=None)

    def stan_data(self) -> dict[str, Any]:
        """Return CmdStan's data; of a part, for the executable or for the program itself."""
        program = self.program.program
        if self.part is None:
            return program.data_of(self.dataset)
        rows, weight = self.part.subsample.indices, self.part.subsample.likelihood_weight
        if self.part.axis is None:
            return program.data_of(self.dataset, indices=rows, likelihood_weight=weight)
        dataset = self.dataset
        if dataset.files:  # the executable is given these rows, and no others
            dataset, rows = dataset.at_rows(rows), np.arange(len(rows))
        asked = {"axis": self.part.axis, "rows": rows, "weight": weight}
        return program.data_of(dataset) | {f"harness_{k}": v for k, v in asked.items()}

    @property
    def n_rows(self) -> int | None:
        """Number of observations; None where the program does not say what a row is."""
        return self.program.program.n_rows_of(self.dataset)

    def used_data(self) -> dict[str, float]:
        """Return what a fit has seen, as :attr:`~harness.fits.fit.Fit.used_data`."""
        if self.part is not None:
            rows, weight = self.part.subsample.indices, self.part.subsample.likelihood_weight
            of_all = {} if self.part.axis is None else {"n_rows_of_all": self.part.n_rows}
            return {"n_rows": rows.size, "likelihood_weight": weight, **of_all}
        return {} if self.n_rows is None else {"n_rows": self.n_rows, "likelihood_weight": 1.0}


#: The name of a method's default options in tables.
DEFAULT_VARIANT = "default"

#: How pydantic checks the options of a method.
OPTIONS_CONFIG = ConfigDict(extra="forbid", strict=True, defer_build=True)


class RowsUsed(StrEnum):
    """Which rows an evaluation of the density sees; of a part, option `m` says how many."""

    ALL = "all"
    SUBSAMPLE = "subsample"
    """The same rows in a whole fit."""


class PartOfRows:
    """The base of methods that use `m` rows: the `m` of those that are not told another."""

    #: The part of all rows.
    default_share: ClassVar[float] = 0.1
    #: The method whose seeds, and so whose rows, it has in a study; None for seeds of its own.
    seeded_as: ClassVar[str | None] = None

    @classmethod
    def default_m(cls, n_rows: int | None) -> int:
        """Return `m` for a number of rows; 1 where it is not known."""
        return max(1, int((n_rows or 1) * cls.default_share))


class Method(Protocol):
    """An inference method: a frozen pydantic dataclass whose fields are its options.

    Attributes
    ----------
    name : str
        In studies and in the columns of tables.
    title : str
        In the reports' tables and in figures.
    family : str
        The title of the algorithm, which variations of it share.
    draw_kind : DrawKind
        Chains, or the independent draws of an approximation.
    rows_used : RowsUsed
        All rows, or a part.
    scores_last : bool, optional
        Whether nothing that is timed follows when draws are scored; False by default.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    family: ClassVar[str]
    draw_kind: ClassVar[DrawKind]
    rows_used: ClassVar[RowsUsed]

    def check(self, dataset: Dataset, program: Program) -> None:
        """Raise :class:`~harness.errors.HarnessError` if the method cannot fit these two.

        A study checks all its runs before it starts the first.
        """
        ...

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Approximate the posterior.

        Parameters
        ----------
        problem : Problem
            What to fit.
        seed : int
            Decides all randomness, from 1 to 2**31 - 1.

        Returns
        -------
        Fit
            With status ``ok``; its draws come from the approximation, never its mean row.

        Raises
        ------
        FitError
            If CmdStan gives no fit; the message says what it printed last.
        HarnessError
            If the options cannot work for this problem.
        """
        ...


def refuse_files(method: Method, dataset: Dataset) -> None:
    """Raise :class:`MethodError` if rows lie in files, and the method wants them all.

    Parameters
    ----------
    method : Method
        One of CmdStan's own, which read all data into memory.
    dataset : Dataset
        What it is to fit.
    """
    if dataset.files and method.rows_used is RowsUsed.ALL:
        raise MethodError(
            f"method '{method.name}' reads all rows into memory, and those of data set "
            f"'{dataset.name}' lie in files; use vi_*, or subsample_* for some of the rows"
        )


def options_of(method: Method) -> dict[str, Any]:
    """Return a method's options by name."""
    assert dataclasses.is_dataclass(method)  # noqa: S101 - the protocol cannot say it
    return dataclasses.asdict(method)


def variant_of(method: Method) -> str:
    """Name a method's options by those that are not the default: ``m=200, weighted=False``."""
    assert dataclasses.is_dataclass(method)  # noqa: S101 - the protocol cannot say it
    defaults = {
        field.name: field.default
        if field.default_factory is dataclasses.MISSING
        else field.default_factory()
        for field in dataclasses.fields(method)
    }
    options = options_of(method).items()
    changed = [f"{name}={value}" for name, value in options if value != defaults[name]]
    return ", ".join(changed) or DEFAULT_VARIANT


def build_method(method: type[Method], options: Mapping[str, Any]) -> Method:
    """Return a method with its options set.

    Parameters
    ----------
    method : type
        A class of the registry.
    options : Mapping
        Values for its fields; fields left out keep their defaults.

    Returns
    -------
    Method

    Raises
    ------
    MethodError
        If an option is unknown or missing, or its value is not allowed.
    """
    fields = {field.name: field for field in dataclasses.fields(method)}  # type: ignore[arg-type]
    for option in options:
        if option not in fields:
            raise MethodError(
                f"method '{method.name}' has no option '{option}'{did_you_mean(option, fields)}"
            )
    try:
        return method(**options)
    except ValidationError as error:
        raise MethodError(f"options of method '{method.name}': {first_problem(error)}") from error
