"""Draws that are trusted by their evidence alone, as the reference of a study without NUTS."""

from typing import TYPE_CHECKING, ClassVar

import lazy_loader as lazy
import numpy as np
from pydantic.dataclasses import dataclass

from harness import evidence
from harness.data.dataset import Dataset
from harness.errors import FitError
from harness.fits.fit import Cost, DrawKind, Fit, Status
from harness.methods import Problem, RowsUsed
from harness.methods.base import OPTIONS_CONFIG
from harness.methods.density import open_density
from harness.methods.generated import chain_posterior
from harness.program.program import Program

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

_DIMS = ("chain", "draw")


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
            found = evidence.provisional.gather(density, seed=seed)
            if found.answer is None:
                raise FitError(f"{found.reason}; harness fit goes on to NUTS")
            points = found.answer.points
            posterior, _ = chain_posterior(problem, density, points, seed=seed)
        steps = tuple(
            f"{step.title}: {step.found}; {step.judgement.verdict}" for step in found.steps
        )
        coords = {name: np.arange(n) for name, n in zip(_DIMS, points.shape, strict=False)}
        stats = xr.Dataset({"lp": (_DIMS, found.answer.log_p)}, coords=coords)
        spent = found.spent
        return Fit(
            status=Status.OK,
            draws=xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats}),
            draw_kind=self.draw_kind,
            fit_time_s=spent.wall_time_s,
            cost=Cost(run_time_s=spent.wall_time_s, n_gradients=round(spent.in_gradients)),
            warnings=(f"{found.verdict}: {found.reason}", *steps),
            used_data=problem.used_data(),
        )
