"""What a method is that fits the weighted subsample in place of all rows."""

from collections.abc import Callable
from typing import ClassVar

from pydantic import PositiveInt
from pydantic.dataclasses import dataclass

from harness.errors import ProgramError
from harness.fits.fit import Fit, Status, failed_fit
from harness.methods.base import OPTIONS_CONFIG, PartOfRows, Problem, RowsUsed
from harness.methods.subsample import take_rows


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class OnSubsample(PartOfRows):
    """The options of a method on `m` rows, and how it comes to them.

    Attributes
    ----------
    m : int
        Rows of the subsample.
    weighted : bool
        Whether the likelihood is weighted N/m.
    rows : str or None
        The integer of the data that counts the rows; by default the largest whose rows are proved
        to add up.
    """

    rows_used: ClassVar[RowsUsed] = RowsUsed.SUBSAMPLE

    m: PositiveInt
    weighted: bool = True
    rows: str | None = None

    def fit_rows(self, fit: Callable[..., Fit], problem: Problem, *, seed: int) -> Fit:
        """Draw a subsample and fit it; a program whose rows do not add up cannot be fitted.

        Parameters
        ----------
        fit : callable
            Fits a problem, with the keyword ``seed``.
        problem : Problem
            Of all rows.
        seed : int
            Decides the rows too.

        Returns
        -------
        Fit
            One that does not apply if the rows do not add up.
        """
        try:
            part = take_rows(problem, m=self.m, weighted=self.weighted, rows=self.rows, seed=seed)
        except ProgramError as error:
            return failed_fit(Status.NOT_APPLICABLE, str(error))
        return fit(part, seed=seed)
