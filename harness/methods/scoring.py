"""Log densities of an approximation's draws under the posterior that it approximates.

That posterior is always the one of the full data with weight 1, also for a fit that has seen a
subsample: importance weights and k-hat then judge what a reader wants, not what was optimised.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import DensityError, FitError
from harness.fits.posterior import posterior_group
from harness.messages.faults import capped
from harness.methods.base import Problem
from harness.methods.density import open_density
from harness.methods.draws_file import DrawsFile, base_name
from harness.methods.evaluation import Evaluated, Further, Scores, evaluate, evaluate_further
from harness.methods.generated import variables_of
from harness.program.log_density import Density

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: A discrepancy takes so many draws, evenly spaced.
MAX_POINTS = 200

_NO_LENGTH = "they do not determine the length of a unit vector on the unconstrained scale"


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredDraws:
    """The draws of an approximation as a fit keeps them.

    Attributes
    ----------
    tree : DataTree
        Groups ``posterior`` and ``sample_stats``, one chain.  ``sample_stats`` has ``log_p``,
        ``log_q`` and, where gradients are known, ``log_p_gradient`` with the dimension
        ``unconstrained``.  The group ``points`` has, of some draws, their ``position`` on the
        unconstrained scale and the ``gradient`` there, and as an attribute the ``wall_time_s``
        that it took to find the positions.  The group ``scores`` has ``log_p`` and ``log_q`` of
        more draws of the approximation, where these are cheap.
    warnings : tuple of str
        What could not be scored, and which variables are undefined in some draws.
    """

    tree: "xr.DataTree"
    warnings: tuple[str, ...]


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
    table = _constrained(density, points)
    _refuse_infinite(problem, names, table)
    found = evaluate(density, points)
    scores = None if further is None else evaluate_further(density, found, Further(draw=further))
    return _scored(problem, names, table, found=found, log_q=log_q, scores=scores, seed=seed)


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
    _refuse_infinite(problem, draws.names, draws.table)
    found, scores = _evaluate_file(problem, draws, own_log_p=own_log_p, further=further)
    return _scored(
        problem, draws.names, draws.table, found=found, log_q=log_q, scores=scores, seed=seed
    )


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
        with open_density(problem) as density:
            start = time.perf_counter()
            positions = _brought_back(density, draws)
            search_time_s = time.perf_counter() - start
            if problem.program.has_unit_vectors:
                log_p = found.log_p if own_log_p is None else own_log_p
                found = Evaluated(log_p=log_p, positions=positions, causes=(_NO_LENGTH,))
                return replace(found, search_time_s=search_time_s), None
            found = evaluate(density, positions, causes=density.failures)
            found = replace(found, search_time_s=search_time_s)
            if further is None:
                return found, None
            return found, evaluate_further(density, found, _points_of(density, further))
    except DensityError as error:
        return replace(found, causes=(*found.causes, str(error))), None


def _refuse_infinite(problem: Problem, names: Sequence[str], table: FloatArray) -> None:
    """Refuse draws of parameters that are not finite."""
    own = [i for i, name in enumerate(names) if base_name(name) in problem.program.parameters]
    if not np.isfinite(table[:, own]).all():
        raise FitError("the approximation has draws that are not finite")


def _constrained(density: Density, points: FloatArray) -> FloatArray:
    """Return parameters and transformed parameters; where these throw, parameters alone."""
    table = density.constrain(points, transformed=True)
    thrown = np.isnan(table).all(axis=1)
    if thrown.any():
        parameters = density.constrain(points[thrown])
        table[thrown, : parameters.shape[1]] = parameters
    return table


def _brought_back(density: Density, draws: DrawsFile) -> FloatArray:
    """Return draws on the unconstrained scale."""
    columns = [draws.names.index(name) for name in density.variable_names()]
    return density.unconstrain(draws.table[:, columns])


def _points_of(density: Density, further: FurtherFile) -> Further:
    """Return more of CmdStan's draws on the unconstrained scale."""

    def draw(n: int) -> tuple[FloatArray, FloatArray] | None:
        try:
            file = further.run(n)
        except FitError:
            return None
        if file is None:
            return None
        return _brought_back(density, file), file.column(further.log_q)

    return Further(draw=draw, cost_s=further.cost_s)


def _scored(
    problem: Problem,
    names: Sequence[str],
    table: FloatArray,
    *,
    found: Evaluated,
    log_q: FloatArray,
    scores: Scores | None,
    seed: int,
) -> ScoredDraws:
    """Put draws and what was found of them together."""
    variables = variables_of(problem, names, table, seed=seed)
    one_chain = {name: values[None] for name, values in variables.parts.items()}
    stats = xr.Dataset({"log_p": _by_chain(found.log_p), "log_q": _by_chain(log_q)})
    if found.gradient is not None:
        stats["log_p_gradient"] = xr.DataArray(
            found.gradient[None],
            dims=("chain", "draw", "unconstrained"),
            coords={"unconstrained": list(found.names)},
        )
    tree = xr.DataTree.from_dict({"posterior": posterior_group(one_chain), "sample_stats": stats})
    points = _points_group(found)
    if points is not None:
        tree["points"] = points
    if scores is not None:
        named = {"log_p": ("score", scores.log_p), "log_q": ("score", scores.log_q)}
        tree["scores"] = xr.DataTree(xr.Dataset(named))
    return ScoredDraws(tree=tree, warnings=(*_unscored(found), *variables.warnings))


def _by_chain(values: FloatArray) -> "xr.DataArray":
    """Give draws the dimensions (chain, draw)."""
    coords = {"chain": [0], "draw": np.arange(values.size)}
    return xr.DataArray(values[None], dims=("chain", "draw"), coords=coords)


def _points_group(found: Evaluated) -> "xr.DataTree | None":
    """Return some draws on the unconstrained scale, with their gradients if these are known."""
    if found.positions is None:
        return None
    usable = np.isfinite(found.positions).all(axis=1) & np.isfinite(found.log_p)
    if found.gradient is not None:
        usable &= np.isfinite(found.gradient).all(axis=1)
    among = np.flatnonzero(usable)
    if among.size == 0:
        return None
    chosen = among[:: -(-among.size // MAX_POINTS)]
    dims = ("point", "unconstrained")
    group = xr.Dataset({"position": (dims, found.positions[chosen])})
    if found.gradient is not None:
        group["gradient"] = (dims, found.gradient[chosen])
    return xr.DataTree(group.assign_attrs(wall_time_s=found.search_time_s))


def _unscored(found: Evaluated) -> tuple[str, ...]:
    """Say how many draws have no log density, and why."""
    n_unknown = int(np.isnan(found.log_p).sum())
    if not n_unknown:
        return ()
    why = capped("; ".join(found.causes))
    return (f"{n_unknown} of {found.log_p.size} draws have no log density: {why}",)
