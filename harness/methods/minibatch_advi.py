"""Mean-field ADVI whose every evaluation of the density sees another random batch of rows.

Stochastic variational inference (Hoffman, Blei, Wang and Paisley 2013, JMLR 14) with ADVI's
gradients: the likelihood of m rows, weighted N/m, is an unbiased estimate of that of all N.  Rows
are drawn in C++, by the program (``stan/gmm_minibatch.stan`` and its header), so that no batch ever
crosses CmdStan's data file.
"""

from typing import ClassVar, Literal

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from harness.data.dataset import Dataset
from harness.errors import MethodError, SubsampleError
from harness.fits.fit import Fit
from harness.methods.advi import Advi
from harness.methods.base import OPTIONS_CONFIG, PartOfRows, Problem, RowsUsed
from harness.program.contract import MinibatchContract
from harness.program.program import Program

#: The control variate's anchor comes after this part of all evaluations.
_ANCHOR_AFTER = 1 / 4


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class MinibatchAdvi(PartOfRows, Advi):
    """ADVI on a new random batch of `m` rows at every evaluation; other options as for ADVI.

    Some defaults are not CmdStan's: a batch is evaluated in microseconds, so that there are many
    iterations with small steps; the stopping rule, which the noise of the batches would trigger, is
    out of reach; the ELBO, of which an evaluation costs as much as fifty iterations, is evaluated
    ten times.

    Attributes
    ----------
    m : int
        Rows of a batch.
    sampling : str
        ``"epoch"``: in random order, all rows once before any row again; ``"independent"``.
    run_length : int
        Number of adjacent rows that are drawn together. 4 rows fit into a line of the processor's
        cache, which saves time for files larger than the cache; batches vary more if adjacent rows
        are similar.
    control_variate : bool
        Whether a quadratic expansion of the likelihood about an anchor is summed over all rows in
        one pass, so that the batch estimates only the remainder.
    """

    name: ClassVar[str] = "minibatch_advi"
    title: ClassVar[str] = "mini-batch ADVI"
    rows_used: ClassVar[RowsUsed] = RowsUsed.BATCHES

    m: PositiveInt
    sampling: Literal["epoch", "independent"] = "epoch"
    run_length: PositiveInt = 1
    control_variate: bool = True

    max_iterations: PositiveInt = 140_000
    eta: PositiveFloat | None = 0.025
    tol_rel_obj: PositiveFloat = 1e-15
    eval_elbo: PositiveInt = 14_000

    def check(self, dataset: Dataset, program: Program) -> None:
        """Refuse a program without batches; see :meth:`harness.methods.base.Method.check`."""
        self._contract_of(program)
        if self.m > dataset.n_rows:
            raise SubsampleError(
                f"method '{self.name}' needs batches of m = {self.m} rows of data set "
                f"'{dataset.name}', which has N = {dataset.n_rows}; m must not exceed N"
            )
        if self.run_length > self.m:
            raise SubsampleError(
                f"method '{self.name}' has run_length = {self.run_length} and batches of "
                f"m = {self.m} rows; run_length must not exceed m"
            )

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Fit random batches; see :meth:`harness.methods.base.Method.fit`."""
        batches = self._contract_of(problem.program.program).stan_data(
            batch_size=self.m,
            run_length=self.run_length,
            seed=seed,
            without_replacement=self.sampling == "epoch",
            anchor_after=self._anchor_after(),
        )
        return self._fit_data(
            problem,
            {**problem.stan_data(), **batches},
            used_data={**problem.used_data(), "batch_size": self.m},
            seed=seed,
        )

    def _contract_of(self, program: Program) -> MinibatchContract:
        """Return where the program takes what it should know of batches."""
        if program.minibatch is None:
            raise MethodError(
                f"method '{self.name}' needs a program that draws batches of rows, and program "
                f"'{program.name}' has no 'minibatch'; use one like 'gmm_minibatch.stan'"
            )
        return program.minibatch

    def _anchor_after(self) -> int:
        """Return the evaluations before the anchor, 0 for none."""
        if not self.control_variate:
            return 0
        n_elbos = self.max_iterations // self.eval_elbo
        n_calls = self.max_iterations * self.grad_samples + n_elbos * self.elbo_samples
        return max(1, round(n_calls * _ANCHOR_AFTER))
