"""Mean-field ADVI on a subsample of the rows, its likelihood weighted N/m."""

from typing import ClassVar

from pydantic.dataclasses import dataclass

from harness.data.dataset import Dataset
from harness.fits.fit import Fit
from harness.methods.advi import Advi
from harness.methods.base import OPTIONS_CONFIG, Problem
from harness.methods.on_subsample import OnSubsample
from harness.methods.subsample import check_subsample
from harness.program.program import Program


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class SubsampleAdvi(OnSubsample, Advi):
    """ADVI on `m` rows drawn once, without replacement; other options as for ADVI.

    With the likelihood weighted N/m the approximation keeps about the width of the full-data
    posterior, but its centre is that of the subsample.  Without the weight it approximates
    the posterior of `m` rows, the notebook's mistake.
    """

    name: ClassVar[str] = "subsample_advi"
    title: ClassVar[str] = "subsample ADVI"

    def check(self, dataset: Dataset, program: Program) -> None:
        """Refuse more rows than there are; see :meth:`harness.methods.base.Method.check`."""
        super().check(dataset, program)
        check_subsample(self.name, dataset, program, m=self.m, rows=self.rows)

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Draw a subsample and fit it; see :meth:`harness.methods.base.Method.fit`."""
        return self.fit_rows(super().fit, problem, seed=seed)
