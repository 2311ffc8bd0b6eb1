"""Draws that are trusted by their evidence alone, as the reference of a study without NUTS."""

from typing import ClassVar

from pydantic.dataclasses import dataclass

from harness import evidence
from harness.data.dataset import Dataset
from harness.errors import FitError
from harness.fits.fit import Cost, DrawKind, Fit, Status
from harness.methods import Problem, RowsUsed
from harness.methods.base import OPTIONS_CONFIG
from harness.methods.density import open_density
from harness.program.program import Program


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class Evidence:
    """Weighted or moved draws that pass their own checks, in the place of a reference.

    It tries what ``harness fit`` tries before NUTS, and fails where that may not be trusted.
    """

    name: ClassVar[str] = "evidence"
    title: ClassVar[str] = "evidence"
    family: ClassVar[str] = "evidence"
    draw_kind: ClassVar[DrawKind] = DrawKind.CHAINS
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL

    def check(self, dataset: Dataset, program: Program) -> None:
        """Accept everything; see :meth:`harness.methods.base.Method.check`."""

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Gather evidence; see :meth:`harness.methods.base.Method.fit`."""
        with open_density(problem) as density:
            found = evidence.provisional.gather(problem, density, seed=seed)
        steps = tuple(
            f"{step.title}: {step.found}; {step.judgement.verdict}" for step in found.steps
        )
        if found.tree is None:
            raise FitError(f"{found.reason}; harness fit goes on to NUTS")
        spent = found.spent
        return Fit(
            status=Status.OK,
            draws=found.tree,
            draw_kind=self.draw_kind,
            fit_time_s=spent.wall_time_s,
            cost=Cost(run_time_s=spent.wall_time_s, n_gradients=round(spent.in_gradients)),
            warnings=(f"{found.verdict}: {found.reason}", *steps),
            used_data=problem.used_data(),
        )
