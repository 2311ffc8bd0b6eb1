"""Draws of an approximation, resampled by Pareto-smoothed importance weights.

Vehtari, Simpson, Gelman, Yao and Gabry (2024), JMLR 25(72), smooth the weights.
"""

from typing import Any, ClassVar

from pydantic import PositiveInt
from pydantic.dataclasses import dataclass

from harness.data.dataset import Dataset
from harness.errors import MethodError
from harness.fits.fit import DrawKind, Fit, Status
from harness.methods.approximations import (
    Approximated,
    approximation_of,
    label_of,
    options_field,
)
from harness.methods.base import OPTIONS_CONFIG, Method, Problem, RowsUsed
from harness.methods.resampling import resampled_fit
from harness.program.program import Program


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class Reweighted:
    """Draws of an approximation, resampled by importance weights.

    Some draws are duplicates.  The weights of all draws before resampling are kept as the group
    ``proposals``: k-hat is theirs, and tables tell what the resampled draws are worth.

    Attributes
    ----------
    of : str
        The approximation: ``laplace``, ``pathfinder``, ``advi``, ``advi_fullrank``,
        ``vi_meanfield``, ``vi_lowrank``, ``vi_fullrank``, ``dadvi``, ``batch_and_match`` or
        ``pathfinder_mixture``.
    of_options : dict
        Its options, without the number of draws.
    n_proposals : int
        Draws of the approximation.
    n_draws : int
        Draws taken from these by their weights.
    """

    name: ClassVar[str] = "reweighted"
    title: ClassVar[str] = "reweighted"
    family: ClassVar[str] = "reweighted"
    draw_kind: ClassVar[DrawKind] = DrawKind.INDEPENDENT
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL

    of: Approximated = "laplace"
    of_options: dict[str, Any] = options_field()
    n_proposals: PositiveInt = 4000
    n_draws: PositiveInt = 1000

    def check(self, dataset: Dataset, program: Program) -> None:
        """Refuse what cannot be weighted; see :meth:`harness.methods.base.Method.check`."""
        if self.n_draws > self.n_proposals:
            raise MethodError(
                f"method '{self.name}' takes n_draws = {self.n_draws} of n_proposals = "
                f"{self.n_proposals} draws; give more n_proposals"
            )
        self._approximation().check(dataset, program)

    def _approximation(self) -> Method:
        options = self.of_options
        return approximation_of(self.name, self.of, options, n_draws=self.n_proposals)

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Approximate, weigh and resample; see :meth:`harness.methods.base.Method.fit`."""
        fit = self._approximation().fit(problem, seed=seed)
        if fit.status is not Status.OK:
            return fit
        label = label_of(self.of, self.of_options)
        return resampled_fit(problem, fit, label=label, n_draws=self.n_draws, seed=seed)
