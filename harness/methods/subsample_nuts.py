"""NUTS on a subsample of the rows, its likelihood weighted N/m.

The posterior that ``subsample_advi`` approximates, without ADVI's error: what it misses is the
subsample's fault.
"""

from typing import ClassVar

from pydantic import PositiveInt
from pydantic.dataclasses import dataclass

from harness.data.dataset import Dataset
from harness.errors import ProgramError
from harness.fits.fit import Fit, Status, failed_fit
from harness.methods.base import OPTIONS_CONFIG, PartOfRows, Problem, RowsUsed
from harness.methods.nuts import Nuts
from harness.methods.subsample import check_subsample, take_rows
from harness.program.program import Program


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class SubsampleNuts(PartOfRows, Nuts):
    """NUTS on `m` rows drawn once, without replacement; other options as for NUTS.

    In a study the rows are those of the run of ``subsample_advi`` with the same variant and
    replicate.  Its chains converge to the posterior of the subsample, whose centre is not that of
    all rows.

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

    name: ClassVar[str] = "subsample_nuts"
    title: ClassVar[str] = "subsample NUTS"
    rows_used: ClassVar[RowsUsed] = RowsUsed.SUBSAMPLE
    seeded_as: ClassVar[str | None] = "subsample_advi"

    m: PositiveInt
    weighted: bool = True
    rows: str | None = None

    def check(self, dataset: Dataset, program: Program) -> None:
        """Refuse more rows than there are; see :meth:`harness.methods.base.Method.check`."""
        super().check(dataset, program)
        check_subsample(self.name, dataset, program, m=self.m, rows=self.rows)

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Draw a subsample and sample; see :meth:`harness.methods.base.Method.fit`.

        A program whose rows do not add up gives a fit that does not apply.
        """
        try:
            part = take_rows(problem, m=self.m, weighted=self.weighted, rows=self.rows, seed=seed)
        except ProgramError as error:
            return failed_fit(Status.NOT_APPLICABLE, str(error))
        return super().fit(part, seed=seed)
