"""NUTS on a subsample of the rows, its likelihood weighted N/m.

The posterior that ``subsample_advi`` approximates, without ADVI's error: what it misses is the
subsample's fault.
"""

from typing import ClassVar

from pydantic.dataclasses import dataclass

from harness.data.dataset import Dataset
from harness.fits.fit import Fit
from harness.methods.base import OPTIONS_CONFIG, Problem
from harness.methods.nuts import Nuts
from harness.methods.on_subsample import OnSubsample
from harness.methods.subsample import check_subsample
from harness.program.program import Program


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class SubsampleNuts(OnSubsample, Nuts):
    """NUTS on `m` rows drawn once, without replacement; other options as for NUTS.

    In a study the rows are those of the run of ``subsample_advi`` with the same variant and
    replicate.  Its chains converge to the posterior of the subsample, whose centre is not that of
    all rows.
    """

    name: ClassVar[str] = "subsample_nuts"
    title: ClassVar[str] = "subsample NUTS"
    seeded_as: ClassVar[str | None] = "subsample_advi"

    def check(self, dataset: Dataset, program: Program) -> None:
        """Refuse more rows than there are; see :meth:`harness.methods.base.Method.check`."""
        super().check(dataset, program)
        check_subsample(self.name, dataset, program, m=self.m, rows=self.rows)

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Draw a subsample and sample; see :meth:`harness.methods.base.Method.fit`."""
        return self.fit_rows(super().fit, problem, seed=seed)
