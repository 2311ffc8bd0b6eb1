"""The cheapest draws that may be trusted: the cascade, and NUTS behind it."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.errors import FitError
from harness.evidence.cascade import Cascade
from harness.evidence.fallback import fit_checks, nuts_from
from harness.evidence.judge import judge_chains, judge_nothing
from harness.evidence.missed import Missed
from harness.evidence.search import Search
from harness.evidence.steps import Answer, Step
from harness.fits.posterior import posterior_group
from harness.methods import Problem
from harness.methods.draw_points import unconstrained_points
from harness.methods.draws_file import real_parts
from harness.program.log_density import Density

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: So many points are put on the constrained scale at once.
_CHUNK = 500
#: When the time is up: draws that tell how long one takes, the seconds for all, the fewest.
_N_TIMED, _LATE_S, _FEWEST = 10, 3.0, 100
#: Keeps the generator apart from others of the same seed.
_STREAM = 18


@dataclass(frozen=True, kw_only=True, eq=False)
class Cheapest:
    """Draws, what may be done with them, and what was tried.

    Attributes
    ----------
    answer : Answer
    tree : DataTree
        The draws with the group ``posterior``; of chains also ``sample_stats``.
    before_nuts : Answer or None
        The best draws before NUTS ran, if it did.
    steps : tuple of Step
    search : Search or None
        For modes.
    is_out_of_time : bool
        Whether the budget has ended the attempts.
    """

    answer: Answer
    tree: "xr.DataTree"
    before_nuts: Answer | None
    steps: tuple[Step, ...]
    search: Search | None
    is_out_of_time: bool


def fit_cheapest(
    densities: Sequence[Density],
    problem: Callable[[], Problem],
    *,
    seed: int,
    budget_s: float | None = None,
    told: Callable[[Step], object] | None = None,
) -> Cheapest:
    """Find the cheapest draws that may be trusted.

    Parameters
    ----------
    densities : sequence of Density
        The same density, in one process or in several.
    problem : callable
        Gives the program and its data for NUTS, where it is needed.
    seed : int
    budget_s : float, optional
        After so many seconds the best so far is the answer.
    told : callable, optional
        Hears of each step when it is done.

    Returns
    -------
    Cheapest

    Raises
    ------
    FitError
        If nothing gave draws.
    """
    density = densities[0]
    cascade = Cascade(
        *densities,
        seed=seed,
        budget_s=budget_s,
        told=told,
    )
    cascade.run()
    answer, tree = cascade.answer, None
    if answer is None or not answer.is_good:
        answer, tree = _with_nuts(problem, density, cascade, seed=seed, budget_s=budget_s)
    if answer is None:
        raise FitError(_no_draws(cascade, budget_s))
    if tree is None and cascade.target.time_left_s <= 0:
        answer = _fewer(density, answer)
    return Cheapest(
        answer=answer,
        tree=points_tree(density, answer, seed=seed) if tree is None else tree,
        before_nuts=cascade.answer,
        steps=tuple(cascade.steps),
        search=cascade.search,
        is_out_of_time=cascade.is_out_of_time,
    )


def _no_draws(cascade: Cascade, budget_s: float | None) -> str:
    """Say why there are no draws, and what may help."""
    last = "the search for modes had not ended"
    if cascade.steps:
        last = cascade.steps[-1].judgement.reason
    limit, advice = "", "look at the program and its data"
    if budget_s is not None:
        limit, advice = f" within the budget of {budget_s:g} s", f"give more seconds, or {advice}"
    return f"nothing gave draws{limit}: {last}; {advice}"


def _with_nuts(
    problem: Callable[[], Problem],
    density: Density,
    cascade: Cascade,
    *,
    seed: int,
    budget_s: float | None,
) -> tuple[Answer | None, "xr.DataTree | None"]:
    """Run NUTS from the best draws, and judge it by its own checks."""
    time_left_s = cascade.target.time_left_s
    if time_left_s <= 0:
        cascade.is_out_of_time = True
        return cascade.answer or cascade.raw_answer(), None
    given = problem()
    try:
        fit = nuts_from(
            *(given, density, cascade.warm_points()),
            seed=seed,
            time_limit_s=None if budget_s is None else time_left_s,
        )
    except FitError as error:
        cascade.is_out_of_time = cascade.target.time_left_s <= 0
        cascade.add("NUTS", "no draws", judge_nothing(str(error)), "the best draws so far stay")
        return cascade.answer or cascade.raw_answer(), None
    cascade.target.count_past(fit.cost.n_gradients or 0)
    points, on_own_scale = unconstrained_points(fit, density, given.program.parameters)
    checks = fit_checks(fit, points)
    rng = np.random.default_rng([seed, _STREAM])
    lost = Missed()
    if on_own_scale:
        lost = cascade.missed_by(points, rng)
    judgement = judge_chains(checks, None, lost, name="NUTS", divergent_limit=0.0)
    cascade.add("NUTS", checks.words(points.shape[:2]), judgement, "nothing is left to try")
    tree = fit.read_draws()
    log_p = tree["sample_stats"]["lp"].to_numpy()
    answer = Answer(title="NUTS", points=points, log_p=log_p, judgement=judgement, kind="NUTS")
    return answer, tree


def _fewer(density: Density, answer: Answer) -> Answer:
    """Return so many of the draws as transformed parameters can soon be computed of."""
    few = answer.points[0, :_N_TIMED]
    begun = time.perf_counter()
    density.constrain(few, transformed=True, generated=True)
    most = max(_FEWEST, _LATE_S * len(few) / (time.perf_counter() - begun))
    n_chains, n_draws = answer.points.shape[:2]
    every = max(1, math.ceil(n_chains * n_draws / most))
    return replace(answer, points=answer.points[:, ::every], log_p=answer.log_p[:, ::every])


def points_tree(density: Density, answer: Answer, *, seed: int) -> "xr.DataTree":
    """Put draws from the unconstrained scale into a tree.

    Parameters
    ----------
    density : Density
    answer : Answer
    seed : int
        Decides what generated quantities draw.

    Returns
    -------
    DataTree
        The group ``posterior``, with transformed parameters and generated quantities, and ``lp``
        in ``sample_stats``.
    """
    points = answer.points
    flat = points.reshape(-1, points.shape[-1])
    names = density.variable_names(transformed=True, generated=True)
    table = np.concatenate(
        [
            density.constrain(
                flat[begin : begin + _CHUNK], transformed=True, generated=True, seed=seed + begin
            )
            for begin in range(0, len(flat), _CHUNK)
        ]
    )
    shape = points.shape[:2]
    variables = {
        name: values.reshape(*shape, *values.shape[1:])
        for name, values in real_parts(names, table).items()
    }
    posterior = posterior_group(variables)
    coords = {"chain": np.arange(shape[0]), "draw": np.arange(shape[1])}
    stats = xr.Dataset({"lp": (("chain", "draw"), answer.log_p)}, coords=coords)
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
