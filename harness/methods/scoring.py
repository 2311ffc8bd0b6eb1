"""Log densities of an approximation's draws under the posterior that it approximates.

That posterior is always the one of the full data with weight 1, also for a fit that has seen a
subsample: importance weights and k-hat then judge what a reader wants, not what was optimised.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import DensityError, FitError
from harness.methods.base import Problem
from harness.methods.density import open_density
from harness.methods.draws_file import DrawsFile
from harness.methods.evaluation import (
    Evaluated,
    Further,
    Scores,
    evaluate,
    evaluate_further,
    usable,
)
from harness.methods.scales import all_variables, brought_back, constrained, refuse_infinite
from harness.methods.scored import ScoredDraws, put_together
from harness.program.log_density import Density

_NO_LENGTH = "they do not determine the length of a unit vector on the unconstrained scale"


@dataclass(frozen=True, kw_only=True, eq=False)
class FurtherFile:
    """How CmdStan gives more draws of the same approximation.

    Attributes
    ----------
    run : callable
        Gives a file of at least so many draws; None if CmdStan fails.
    log_q : str
        Its column with the log density of the approximation.
    cost_s : float
        What that takes, in seconds, about.
    """

    run: Callable[[int], DrawsFile | None]
    log_q: str
    cost_s: float


def drawn_points(
    problem: Problem,
    density: Density,
    points: FloatArray,
    *,
    log_q: FloatArray,
    seed: int,
    further: Callable[[int], tuple[FloatArray, FloatArray]] | None = None,
    own_gradient: Callable[[FloatArray], FloatArray] | None = None,
) -> ScoredDraws:
    """Put draws from the unconstrained scale into a tree, with their scores.

    Parameters
    ----------
    problem : Problem
        The posterior that the draws stand for.
    density : Density
        The problem's, of all rows; see :func:`~harness.methods.density.open_density`.
    points : ndarray, shape (draw, unconstrained)
        Independent draws of an approximation.
    log_q : ndarray, shape (draw,)
        Its log density there, up to one constant, in nats.
    seed : int
        The run's; decides generated quantities.
    further : callable, optional
        Gives so many draws of the approximation, as `points` and `log_q`, for k-hat alone.
    own_gradient : callable, optional
        Gives the gradient of the log density of the approximation at some points.

    Returns
    -------
    ScoredDraws

    Raises
    ------
    FitError
        If a draw is not finite, on either scale.
    DensityError
        If the process of the density ends.
    """
    if not np.isfinite(points).all():
        raise FitError("the approximation has draws that are not finite")
    names = density.variable_names(transformed=True)
    table = constrained(density, points)
    refuse_infinite(problem, names, table)
    problem.tell_fitted()
    found = evaluate(density, points)
    if own_gradient is not None:
        found = replace(found, own_gradient=own_gradient(points[found.chosen]))
    scores = None if further is None else evaluate_further(density, found, Further(draw=further))
    return put_together(problem, names, table, found=found, log_q=log_q, scores=scores, seed=seed)


def scored_draws(
    problem: Problem,
    draws: DrawsFile,
    *,
    log_q: FloatArray,
    own_log_p: FloatArray | None,
    seed: int,
    further: FurtherFile | None = None,
) -> ScoredDraws:
    """Put independent draws of CmdStan's into a tree, with their scores.

    Parameters
    ----------
    problem : Problem
        The posterior that the draws stand for.
    draws : DrawsFile
        What CmdStan drew, with all digits of a double.
    log_q : ndarray, shape (draw,)
        Log density of the approximation on the unconstrained scale, up to one constant, in nats.
    own_log_p : ndarray, shape (draw,), or None
        Log density of the posterior there as CmdStan wrote it.  It counts for a program with unit
        vectors alone, of whose lengths on the unconstrained scale no draw tells.
    seed : int
        The run's; decides generated quantities.
    further : FurtherFile, optional
        Gives more draws of the approximation, for k-hat alone.

    Returns
    -------
    ScoredDraws
        With a warning in the place of scores if the process of the density ends.

    Raises
    ------
    FitError
        If a parameter of a draw is not finite.
    """
    refuse_infinite(problem, draws.names, draws.table)
    problem.tell_fitted()
    found, scores = _evaluate_file(problem, draws, own_log_p=own_log_p, further=further)
    variables = all_variables(problem, draws.names, draws.table)
    return put_together(problem, *variables, found=found, log_q=log_q, scores=scores, seed=seed)


def _evaluate_file(
    problem: Problem,
    draws: DrawsFile,
    *,
    own_log_p: FloatArray | None,
    further: FurtherFile | None,
) -> tuple[Evaluated, Scores | None]:
    """Evaluate the posterior at CmdStan's draws, and at more of them."""
    found = Evaluated(log_p=np.full(len(draws.table), np.nan))
    try:
        with open_density(problem.whole) as density:
            start = time.perf_counter()
            positions = brought_back(density, draws.names, draws.table)
            search_time_s = time.perf_counter() - start
            if problem.program.has_unit_vectors:
                log_p = found.log_p if own_log_p is None else own_log_p
                found = Evaluated(
                    log_p=log_p,
                    positions=positions,
                    chosen=usable(log_p, positions),
                    causes=(_NO_LENGTH,),
                    search_time_s=search_time_s,
                )
                return found, None
            found = evaluate(density, positions, causes=density.failures)
            found = replace(found, search_time_s=search_time_s)
            if further is None:
                return found, None
            return found, evaluate_further(density, found, _points_of(density, further))
    except DensityError as error:
        return replace(found, causes=(*found.causes, str(error))), None


def _points_of(density: Density, further: FurtherFile) -> Further:
    """Return more of CmdStan's draws on the unconstrained scale."""

    def draw(n: int) -> tuple[FloatArray, FloatArray] | None:
        try:
            file = further.run(n)
        except FitError:
            return None
        if file is None:
            return None
        positions = brought_back(density, file.names, file.table)
        return positions, file.column(further.log_q)

    return Further(draw=draw, cost_s=further.cost_s)
