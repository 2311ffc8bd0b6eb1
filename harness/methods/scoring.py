"""Log densities of an approximation's draws under the posterior that it approximates.

That posterior is always the one of the full data with weight 1, also for a fit that has seen a
subsample: importance weights and k-hat then judge what a reader wants, not what was optimised.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import FitError
from harness.fits.posterior import posterior_group
from harness.methods.base import Problem
from harness.methods.cmdstan_run import SIG_FIGS, run_cmdstan, run_folder
from harness.methods.draws_file import DrawsFile, base_name, parse_draws_file
from harness.methods.generated import variables_of
from harness.methods.unconstrain import Points, unconstrained_points

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: Calls of CmdStan spent on finding the draws that it cannot score; each reads the data again.
_MAX_CALLS = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """What the posterior says of some draws.

    Attributes
    ----------
    log_p : ndarray, shape (draw,)
        Log density on the unconstrained scale, Jacobian included, up to one constant, in nats;
        NaN where CmdStan gives none.
    gradient : ndarray, shape (draw, unconstrained)
        Its gradient with respect to the unconstrained parameters.
    names : tuple of str
        The unconstrained parameters; empty if no draw could be scored.
    """

    log_p: FloatArray
    gradient: FloatArray
    names: tuple[str, ...]


class _Scorer:
    """Calls ``log_prob``; halves what fails until the draws at fault are alone."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.command = command
        self.folder = folder
        self.n_calls = 0
        self.names: tuple[str, ...] = ()

    def score(self, header: str, rows: list[str]) -> list[FloatArray | None]:
        """Return the line of results of each row, None for a row without any."""
        if self.n_calls == _MAX_CALLS:
            return [None] * len(rows)
        self.n_calls += 1
        try:
            return self._call(header, rows)
        except FitError:
            if len(rows) == 1:
                return [None]
        middle = len(rows) // 2
        return self.score(header, rows[:middle]) + self.score(header, rows[middle:])

    def _call(self, header: str, rows: list[str]) -> list[FloatArray | None]:
        """Score all rows in one call."""
        points, output = self.folder / "points.csv", self.folder / "log_p.csv"
        points.write_text("\n".join([header, *rows, ""]))
        run_cmdstan(
            [
                *(*self.command, "output", f"file={output}", f"sig_figs={SIG_FIGS}"),
                *("method=log_prob", f"constrained_params={points}", "jacobian=1"),
            ]
        )
        scored = parse_draws_file(output.read_text())
        self.names = tuple(name.removeprefix("g_") for name in scored.names[1:])
        return list(scored.table)


def score_draws(problem: Problem, draws: DrawsFile) -> Scores:
    """Evaluate the posterior of the full data, and its gradient, at each draw.

    One call of CmdStan's ``log_prob`` scores all draws.  It refuses them all if one lies outside
    of the support or has no finite density; then the draws at fault are searched by halving.

    Parameters
    ----------
    problem : Problem
        The program and all its rows, which count with weight 1.
    draws : DrawsFile
        Draws on the constrained scale, with all digits: a simplex printed with six fails.

    Returns
    -------
    Scores
    """
    header, *points = draws.model_columns()
    with run_folder(problem.stan_data()) as (data_file, folder):
        command = [str(problem.program.executable), "data", f"file={data_file}"]
        scorer = _Scorer(command, folder)
        found = scorer.score(header, points)
    unknown = np.full(1 + len(scorer.names), np.nan)
    table = np.array([unknown if line is None else line for line in found])
    return Scores(log_p=table[:, 0], gradient=table[:, 1:], names=scorer.names)


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredDraws:
    """The draws of an approximation as a fit keeps them.

    Attributes
    ----------
    tree : DataTree
        Groups ``posterior`` and ``sample_stats``, one chain.
    warnings : tuple of str
        What could not be scored, and which variables are undefined in some draws.
    """

    tree: "xr.DataTree"
    warnings: tuple[str, ...]


def scored_draws(
    problem: Problem,
    draws: DrawsFile,
    *,
    log_q: FloatArray,
    log_p: FloatArray | None = None,
    seed: int,
) -> ScoredDraws:
    """Put independent draws into a tree, with their scores.

    Parameters
    ----------
    problem : Problem
        The posterior that the draws stand for.
    draws : DrawsFile
        What CmdStan drew.
    log_q : ndarray, shape (draw,)
        Log density of the approximation on the unconstrained scale, up to one constant, in nats.
    log_p : ndarray, shape (draw,), optional
        Log density of the posterior there, as CmdStan wrote it beside the draws.  Without, it is
        that of the draws brought back from the constrained scale, NaN for a program with unit
        vectors, whose lengths no draw has kept.
    seed : int
        The run's; decides generated quantities.

    Returns
    -------
    ScoredDraws
        ``sample_stats`` has ``log_p``, ``log_q`` and, if draws can be brought back,
        ``log_p_gradient``, the last with the dimension ``unconstrained``; the group ``points``
        has, of some draws, their ``position`` on the unconstrained scale and the ``gradient``
        there, and as an attribute the ``wall_time_s`` that it took to find the positions.

    Raises
    ------
    FitError
        If a parameter of a draw is not finite.
    """
    own = [i for i, name in enumerate(draws.names) if base_name(name) in problem.program.parameters]
    if not np.isfinite(draws.table[:, own]).all():
        raise FitError("CmdStan's approximation has draws that are not finite")
    is_lossy = problem.program.has_unit_vectors
    scores = None if is_lossy else score_draws(problem, draws)
    if log_p is None:
        log_p = np.full(log_q.size, np.nan) if scores is None else scores.log_p
    variables = variables_of(problem, draws.names, draws.table, seed=seed)
    stats = xr.Dataset({"log_p": _by_chain(log_p), "log_q": _by_chain(log_q)})
    if scores is not None:
        stats["log_p_gradient"] = xr.DataArray(
            scores.gradient[None],
            dims=("chain", "draw", "unconstrained"),
            coords={"unconstrained": list(scores.names)},
        )
    one_chain = {name: values[None] for name, values in variables.parts.items()}
    tree = xr.DataTree.from_dict({"posterior": posterior_group(one_chain), "sample_stats": stats})
    points = unconstrained_points(problem, draws, usable=np.isfinite(log_p))
    if points is not None:
        tree["points"] = _points_group(points, scores)
    return ScoredDraws(
        tree=tree, warnings=(*_unscored(log_p, is_lossy=is_lossy), *variables.warnings)
    )


def _by_chain(values: FloatArray) -> "xr.DataArray":
    """Give draws the dimensions (chain, draw)."""
    coords = {"chain": [0], "draw": np.arange(values.size)}
    return xr.DataArray(values[None], dims=("chain", "draw"), coords=coords)


def _points_group(points: Points, scores: Scores | None) -> "xr.DataTree":
    """Return some draws on the unconstrained scale, with their gradients if these are known."""
    dims = ("point", "unconstrained")
    group = xr.Dataset({"position": (dims, points.positions)})
    if scores is not None and scores.names:
        group["gradient"] = (dims, scores.gradient[points.indices])
    return xr.DataTree(group.assign_attrs(wall_time_s=points.wall_time_s))


def _unscored(log_p: FloatArray, *, is_lossy: bool) -> tuple[str, ...]:
    """Say which draws have no log density, and why."""
    n_unknown = int(np.isnan(log_p).sum())
    if n_unknown and is_lossy:
        return (
            "the draws have no log density, so k-hat is not known: they do not determine the "
            "length of a unit vector on the unconstrained scale",
        )
    if n_unknown:
        return (f"CmdStan gives no log density for {n_unknown} of {log_p.size} draws",)
    return ()
