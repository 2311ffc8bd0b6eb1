"""ADVI by the project's own optimiser, on all rows or on batches of them.

The model of the approximation is that of Kucukelbir, Tran, Ranganath, Gelman and Blei (2017), JMLR
18(14); ``docs/methods.md`` has the optimiser's equations and their sources.  It runs in C++ beside
the model (``program/log_density/cpp/ascent.hpp``).
"""

import time
from typing import TYPE_CHECKING, ClassVar

import lazy_loader as lazy
import numpy as np
from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from harness.data.dataset import Dataset, FloatArray
from harness.errors import DensityError, FitError, ProgramError, SubsampleError
from harness.fits.fit import Cost, Diagnostics, DrawKind, Fit, Status, failed_fit
from harness.messages.numerals import numeral
from harness.methods.ascent import Ascended, Asked, End, Family, ascend
from harness.methods.base import OPTIONS_CONFIG, Problem, RowsUsed
from harness.methods.density import open_density
from harness.methods.gaussian import MAX_DENSE
from harness.methods.row_axis import row_axis
from harness.methods.scoring import drawn_points
from harness.program.additivity import recheck
from harness.program.log_density import Density
from harness.program.program import Program

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: Rows are checked to add up at so many draws.
_N_CHECKED = 8
#: Draws have another stream of random numbers than the optimiser.
_DRAWS_STREAM = 7
_UNBOUNDED = (
    "the approximation grows without bound: the posterior seems to have no integral, or no prior "
    "holds a parameter"
)


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class Vi:
    """The Gaussian of a family with the largest ELBO.

    Attributes
    ----------
    batch_size : int or None
        Rows of a batch, on which the gradients of an iteration are evaluated; all rows by default.
    rows : str or None
        The integer of the data that counts the rows of batches; by default the largest whose
        rows add up.
    fresh_batches : bool
        Whether each batch is drawn anew; else the rows are divided at random once, and the blocks
        visited in random order.
    tolerance : float
        The run ends when each mean and each log sd is known to be this close to its optimum, in
        sds, but for as many standard errors as are likely of so many parameters.
    max_gradients : int
        It ends without that after so many gradients, those of batches counted by their share of
        the rows.
    n_draws : int
        Draws taken from the approximation.
    init_radius : float
        The start is uniform within this distance of zero on the unconstrained scale.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    family: ClassVar[str] = "VI"
    draw_kind: ClassVar[DrawKind] = DrawKind.INDEPENDENT
    scores_last: ClassVar[bool] = True
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL
    gaussians: ClassVar[Family]

    batch_size: PositiveInt | None = None
    rows: str | None = None
    fresh_batches: bool = False
    tolerance: PositiveFloat = 0.02
    max_gradients: PositiveInt = 50_000
    n_draws: PositiveInt = 1000
    init_radius: PositiveFloat = 2.0

    def check(self, dataset: Dataset, program: Program) -> None:
        """Refuse larger batches than rows; see :meth:`harness.methods.base.Method.check`."""
        n_rows = program.n_rows_of(dataset)
        if n_rows is not None and self.batch_size is not None and self.batch_size > n_rows:
            raise SubsampleError(
                f"method '{self.name}' needs batches of {self.batch_size} rows of data set "
                f"'{dataset.name}', which has N = {n_rows}; batch_size must not exceed N"
            )

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Optimise and draw; see :meth:`harness.methods.base.Method.fit`."""
        try:
            proved = self.batch_size is not None or problem.dataset.files
            rows = row_axis(problem, self.rows) if proved else None
            if rows is not None and self.batch_size is not None and self.batch_size > rows.size:
                raise FitError(
                    f"method '{self.name}' needs batches of {self.batch_size} rows, and "
                    f"{rows.name} counts {rows.size}; batch_size must not exceed it"
                )
            axis = None if rows is None else rows.name
            start = time.perf_counter()
            with open_density(problem) as density:
                open_time_s = time.perf_counter() - start
                return self._fit(problem, density, axis, seed=seed, open_time_s=open_time_s)
        except DensityError as error:
            raise FitError(str(error)) from error
        except ProgramError as error:  # it has no rows for batches
            return failed_fit(Status.NOT_APPLICABLE, str(error))

    def _fit(
        self, problem: Problem, density: Density, axis: str | None, *, seed: int, open_time_s: float
    ) -> Fit:
        """Fit the density of a problem."""
        if too_many := self._too_many(density.n_parameters):
            return failed_fit(Status.NOT_APPLICABLE, too_many)
        start = time.perf_counter()
        found = ascend(density, self.asked(axis, seed))
        rng = np.random.default_rng([seed, _DRAWS_STREAM])
        seeds = [int(number) for number in rng.integers(2**31, size=2)]
        points, log_q = found.gaussian.draw(self.n_draws, seeds[0])
        run_time_s = time.perf_counter() - start
        if axis is not None and found.end is End.CONVERGED:
            _refuse_coupled(density, axis, points[:_N_CHECKED])
        draws = drawn_points(
            problem,
            density,
            points,
            log_q=log_q,
            seed=seed,
            further=lambda n: found.gaussian.draw(n, seeds[1]),
            own_gradient=found.gaussian.gradient,
        )
        draws.tree["elbo_trace"] = _trace_group(found)
        batches = {} if self.batch_size is None else {"batch_size": self.batch_size}
        return Fit(
            status=Status.OK,
            draws=draws.tree,
            draw_kind=self.draw_kind,
            diagnostics=_diagnostics(found),
            fit_time_s=open_time_s + run_time_s,
            cost=Cost(
                adapt_time_s=found.start_time_s,
                run_time_s=open_time_s + run_time_s - found.start_time_s,
                n_gradients=max(1, round(found.n_passes)),
            ),
            warnings=(*self._warnings(found), *draws.warnings),
            used_data={**problem.used_data(), **batches},
        )

    def _too_many(self, n_parameters: int) -> str:
        """Say that a covariance matrix would be too large; empty if it is not."""
        if n_parameters <= MAX_DENSE or self.gaussians is not Family.FULL_RANK:
            return ""
        return (
            f"method '{self.name}' takes at most {MAX_DENSE} parameters on the unconstrained "
            f"scale, and there are {n_parameters}; use 'vi_lowrank' or 'vi_meanfield'"
        )

    def asked(self, axis: str | None, seed: int) -> Asked:
        """Put the options into the optimiser's words."""
        return Asked(
            family=self.gaussians,
            seed=seed,
            tolerance=self.tolerance,
            max_passes=self.max_gradients,
            init_radius=self.init_radius,
            axis=None if self.batch_size is None else axis,
            batch_size=self.batch_size or 0,
            fresh=self.fresh_batches,
            rank=self._rank(),
        )

    def _rank(self) -> int:
        """Return the columns of a low-rank factor."""
        return 1

    def _warnings(self, found: Ascended) -> tuple[str, ...]:
        """Say in sentences why the optimum was not reached, and what was skipped."""
        warnings = []
        if found.end is End.UNBOUNDED:
            warnings.append(_UNBOUNDED)
        elif found.end is not End.CONVERGED:
            spent = f"{found.n_passes:.0f} gradients were spent"
            why = spent if found.end is End.BUDGET else f"the ELBO fell at every step; {spent}"
            warnings.append(f"the optimum was not reached: {why}, and {_how_far(found)}")
        if found.n_failed:
            warnings.append(
                f"{found.n_failed} evaluations gave no finite density or gradient and were skipped"
            )
        return tuple(warnings)


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class ViMeanfield(Vi):
    """ADVI by this project: Gaussians without correlations."""

    name: ClassVar[str] = "vi_meanfield"
    title: ClassVar[str] = "VI mean-field"
    gaussians: ClassVar[Family] = Family.MEAN_FIELD


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class ViFullrank(Vi):
    """ADVI by this project: Gaussians with any covariance; options as for ``vi_meanfield``."""

    name: ClassVar[str] = "vi_fullrank"
    title: ClassVar[str] = "VI full-rank"
    gaussians: ClassVar[Family] = Family.FULL_RANK


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class ViLowrank(Vi):
    """ADVI by this project: low rank plus a diagonal; other options as for ``vi_meanfield``.

    Attributes
    ----------
    rank : int
        Columns of the low-rank factor; at most one less than there are parameters.
    """

    name: ClassVar[str] = "vi_lowrank"
    title: ClassVar[str] = "VI low-rank"
    gaussians: ClassVar[Family] = Family.LOW_RANK

    rank: PositiveInt = 5

    def _rank(self) -> int:
        return self.rank


def _refuse_coupled(density: Density, axis: str, points: FloatArray) -> None:
    """Refuse rows that add up where they were proved to, but not where the fit has led."""
    checked = recheck(density, axis, points)
    if not checked.adds_up:
        raise ProgramError(
            f"the rows of axis '{axis}' do not add up at the fit's draws: {checked.reason}; use a "
            "method without batches"
        )


def _diagnostics(found: Ascended) -> Diagnostics:
    """Return the optimiser's account of its end."""
    return Diagnostics(
        elbo=found.elbo,
        elbo_mcse=found.elbo_error,
        n_iterations=found.n_iterations,
        converged="distance" if found.end is End.CONVERGED else "no",
        may_be_diverging=found.end in {End.UNBOUNDED, End.DIVERGING},
    )


def _trace_group(found: Ascended) -> "xr.DataTree":
    """Return the optimiser's account as a group of a fit's draws."""
    _, elbo, elbo_error, distance, _, elapsed_s = found.trace.T
    variables = {
        "elbo": ("iteration", elbo),
        "elbo_error": ("iteration", elbo_error),
        "distance": ("iteration", distance),
        "elapsed_s": ("iteration", elapsed_s),
    }
    coords = {"iteration": np.arange(1, 1 + len(elbo))}
    return xr.DataTree(xr.Dataset(variables, coords=coords))


def _how_far(found: Ascended) -> str:
    """Say how far from the optimum an approximation is, if that is known."""
    if not (np.isfinite(found.distance) and np.isfinite(found.distance_error)):
        return "how far it is from the approximation is not known"
    sds = f"{numeral(found.distance, 2)} ± {numeral(found.distance_error, 2)} sds"
    return f"the approximation is {sds} from it"
