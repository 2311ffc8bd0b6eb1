"""What methods over a program's density share: all but how an approximation is found.

Such a method gets the density with its gradient and Hessian, and returns an approximation that can
be drawn from; see `dadvi.py` for one.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from pydantic import PositiveInt
from pydantic.dataclasses import dataclass as pydantic_dataclass
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from harness.data.dataset import Dataset, FloatArray
from harness.errors import DensityError, FitError
from harness.fits.fit import Cost, Diagnostics, DrawKind, Fit, Status
from harness.methods.base import OPTIONS_CONFIG, Problem, RowsUsed
from harness.methods.counted_density import CountedDensity
from harness.methods.density import open_density
from harness.methods.gaussian import Gaussian
from harness.methods.scoring import drawn_points
from harness.program.log_density import Density
from harness.program.program import Program


class Approximation(Protocol):
    """What can be drawn from: a :class:`~harness.methods.gaussian.Gaussian`, for example."""

    def draw(self, n: int, seed: int) -> tuple[FloatArray, FloatArray]:
        """Return points on the unconstrained scale, shape (n, d), and the log density there."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What a method has found.

    Attributes
    ----------
    approximation : Approximation
        What draws come from.
    diagnostics : Diagnostics
        The method's own account.
    warnings : tuple of str
        What a reader of the tables should know.
    """

    approximation: Approximation
    diagnostics: Diagnostics
    warnings: tuple[str, ...] = ()


def fit_over_density(
    problem: Problem, find: Callable[[CountedDensity], Found], *, n_draws: int, seed: int
) -> Fit:
    """Let a method approximate a problem's density, and draw from what it found.

    Parameters
    ----------
    problem : Problem
        What to fit.
    find : callable
        Finds an approximation of the density.
    n_draws : int
        Draws from it.
    seed : int
        Decides them.

    Returns
    -------
    Fit

    Raises
    ------
    FitError
        If the program refuses its data, or its process ends.
    """
    start = time.perf_counter()
    with _density(problem) as density:
        counted = CountedDensity(density)
        # small matrices take longer on several threads; and methods look at what they find
        with threadpool_limits(limits=1), np.errstate(over="ignore", invalid="ignore"):
            found = find(counted)
        adapted = time.perf_counter()
        points, log_q = found.approximation.draw(n_draws, seed)
        drawn = time.perf_counter()
        draws = drawn_points(
            problem,
            density,
            points,
            log_q=log_q,
            seed=seed,
            further=lambda n: found.approximation.draw(n, seed),
            own_gradient=gradient_of(found.approximation),
        )
    return Fit(
        status=Status.OK,
        draws=draws.tree,
        draw_kind=DrawKind.INDEPENDENT,
        diagnostics=found.diagnostics,
        fit_time_s=drawn - start,
        cost=Cost(
            adapt_time_s=adapted - start,
            run_time_s=drawn - adapted,
            n_gradients=counted.n_gradients,
        ),
        warnings=(*found.warnings, *draws.warnings),
        used_data=problem.used_data(),
    )


def gradient_of(approximation: Approximation) -> Callable[[FloatArray], FloatArray] | None:
    """Return what gives the gradient of the log density of an approximation, if that is known."""
    return approximation.gradient if isinstance(approximation, Gaussian) else None


@pydantic_dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class OverDensity:
    """The base of methods over a density: all but how the approximation is found.

    Attributes
    ----------
    n_draws : int
        Draws taken from the approximation.
    """

    name: ClassVar[str]
    draw_kind: ClassVar[DrawKind] = DrawKind.INDEPENDENT
    scores_last: ClassVar[bool] = True
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL

    n_draws: PositiveInt = 1000

    def check(self, dataset: Dataset, program: Program) -> None:
        """Accept everything; see :meth:`harness.methods.base.Method.check`."""

    def find(self, density: CountedDensity, *, seed: int) -> Found:
        """Approximate a density; the seed decides all randomness."""
        raise NotImplementedError

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Find an approximation and draw; see :meth:`harness.methods.base.Method.fit`."""
        return fit_over_density(
            problem, lambda density: self.find(density, seed=seed), n_draws=self.n_draws, seed=seed
        )


@contextmanager
def _density(problem: Problem) -> Iterator[Density]:
    """Give the density; what it cannot do, or its matrices, is a failure of the fit."""
    try:
        with open_density(problem) as density:
            yield density
    except DensityError as error:
        raise FitError(str(error)) from error
    except np.linalg.LinAlgError as error:
        raise FitError(f"the density leads to a matrix without a factor: {error}") from error
