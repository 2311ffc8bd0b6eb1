"""Mean-field ADVI on a subsample of the rows, its likelihood weighted N/m."""

from typing import ClassVar

import numpy as np
from pydantic import PositiveInt
from pydantic.dataclasses import dataclass

from harness.data.dataset import Dataset
from harness.data.subsample import draw_subsample
from harness.errors import SubsampleError
from harness.fits.fit import Fit, Status, failed_fit
from harness.methods.advi import Advi
from harness.methods.base import OPTIONS_CONFIG, PartOfRows, Problem, RowsUsed, refuse_batches
from harness.methods.weight_check import check_weights
from harness.program.program import Program

#: Keeps the generator that draws rows apart from the one that seeds CmdStan.
_ROWS_STREAM = 1


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class SubsampleAdvi(PartOfRows, Advi):
    """ADVI on `m` rows drawn once, without replacement; other options as for ADVI.

    With the likelihood weighted N/m the approximation keeps about the width of the full-data
    posterior, but its centre is that of the subsample.  Without the weight it approximates
    the posterior of `m` rows, the notebook's mistake.

    Attributes
    ----------
    m : int
        Rows of the subsample.
    weighted : bool
        Whether the likelihood is weighted N/m.
    """

    name: ClassVar[str] = "subsample_advi"
    title: ClassVar[str] = "subsample ADVI"
    rows_used: ClassVar[RowsUsed] = RowsUsed.SUBSAMPLE

    m: PositiveInt
    weighted: bool = True

    def check(self, dataset: Dataset, program: Program) -> None:
        """Refuse more rows than there are; see :meth:`harness.methods.base.Method.check`."""
        refuse_batches(self.name, program)
        n_rows = program.n_rows_of(dataset)
        if n_rows is not None and self.m > n_rows:
            raise SubsampleError(
                f"method '{self.name}' needs m = {self.m} rows of data set '{dataset.name}', "
                f"which has N = {n_rows}; m must not exceed N"
            )

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Draw a subsample and fit it; see :meth:`harness.methods.base.Method.fit`.

        A program that does not say what its rows are gives a fit that does not apply; one whose
        likelihood does not follow its contract is refused.
        """
        program = problem.program.program
        if problem.n_rows is None:
            return failed_fit(
                Status.NOT_APPLICABLE,
                f"program '{program.name}' has no contract that says which data are rows and "
                "which one weights their likelihood, so that no subsample of it can be drawn",
            )
        check_weights(problem, seed=seed)
        subsample = draw_subsample(
            n_rows=problem.n_rows,
            m=self.m,
            weighted=self.weighted,
            rng=np.random.default_rng([seed, _ROWS_STREAM]),
        )
        weight = subsample.likelihood_weight
        data = program.data_of(problem.dataset, indices=subsample.indices, likelihood_weight=weight)
        used = {"n_rows": self.m, "likelihood_weight": weight}
        return self._fit_data(problem, data, used_data=used, seed=seed)
