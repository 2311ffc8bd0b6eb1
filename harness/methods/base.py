"""What every inference method takes and gives."""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pydantic import ConfigDict

from harness.compilation import CompiledProgram
from harness.datasets import Dataset
from harness.fit import Fit


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A posterior to approximate.

    Attributes
    ----------
    program : CompiledProgram
        The model.
    dataset : Dataset
        The observations.
    """

    program: CompiledProgram
    dataset: Dataset


#: How pydantic checks the options of a method.
OPTIONS_CONFIG = ConfigDict(extra="forbid", strict=True)


class Method(Protocol):
    """An inference method: a frozen pydantic dataclass whose fields are its options."""

    name: ClassVar[str]

    def check(self, dataset: Dataset) -> None:
        """Raise :class:`~harness.errors.HarnessError` if the options cannot fit a data set.

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


def options_of(method: Method) -> dict[str, Any]:
    """Return a method's options by name."""
    assert dataclasses.is_dataclass(method)  # noqa: S101 - the protocol cannot say it
    return dataclasses.asdict(method)
