"""From cheap draws to dear ones, until evidence lets them be trusted.

Laplace at all modes that were found, weighted; then proposals adapted to their weighted draws; then
warm NUTS.  Where most starts end at no mode, and where there are too many parameters for their
Hessian, no weights are looked at: VI finds a place for warm NUTS, whose own checks are stricter
then.  What comes after that, NUTS, is not this module's.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import FitError
from harness.evidence.climbed import climb, drawn, starts_of
from harness.evidence.judge import (
    DIVERGENT_LIMIT,
    judge_chains,
    judge_nothing,
    judge_raw,
    judge_search,
    judge_weighted,
)
from harness.evidence.mass import missed_by_chains
from harness.evidence.missed import Missed, missed
from harness.evidence.modes import find_modes
from harness.evidence.proposal import Mixture
from harness.evidence.raw import N_RAW, Raw
from harness.evidence.search import Search
from harness.evidence.starts import dispersed_starts, factor_of
from harness.evidence.steps import GOOD_ENOUGH, Answer, Step, WarmPoints, after, weighted_answer
from harness.evidence.stretched import metric_of
from harness.evidence.undisturbed import undisturbed
from harness.evidence.weights import Weighted, attempts
from harness.messages.numerals import counted, numeral
from harness.methods.metered import Metered
from harness.methods.pool import FEWEST_LEAPFROG, expected_gradients, least_leapfrog, pool_size
from harness.methods.warm_nuts import Moved, move
from harness.program.log_density import Density, OutOfTimeError
from harness.verdict.criteria import Judgement

#: What all that comes before NUTS may cost, of the gradients that NUTS is expected to take.
CAP = 0.3
_FIRST = "Laplace, weighted"
#: The part of it that VI may take.
_CLIMB = 0.5
#: Keeps the generator apart from others of the same seed.
_STREAM = 16
#: Points that NUTS may start from.
_N_STARTS = 50
#: The Hessian of each end of a search takes four gradients for each parameter.
MOST_PARAMETERS = 1000


class Cascade:
    """Tries draws from cheap to dear.

    Parameters
    ----------
    *densities : Density
        The same density, in one process or in several.
    seed : int
    budget_s : float, optional
        After so many seconds the best so far is what there is.
    told : callable, optional
        Hears of each step when it is done.

    Attributes
    ----------
    target : Metered
        The account.
    steps : list of Step
    answer : Answer or None
        The best so far.
    search : Search or None
        For modes.
    is_out_of_time : bool
    """

    def __init__(
        self,
        *densities: Density,
        seed: int,
        budget_s: float | None = None,
        told: Callable[[Step], object] | None = None,
    ) -> None:
        self.target = Metered(*densities, budget_s=budget_s)
        self.steps: list[Step] = []
        self.answer: Answer | None = None
        self.search: Search | None = None
        self.is_out_of_time = False
        self._told = told
        self._rng = np.random.default_rng([seed, _STREAM])
        self._weighted: list[Weighted] = []
        self._moved: Moved | None = None
        self._climbed: WarmPoints | None = None
        self._raw: Raw | None = None
        self._is_endless = False
        self._spent = self.target.spent

    @undisturbed()
    def run(self) -> None:
        """Try until draws are good enough, or nothing cheaper than NUTS is left."""
        try:
            with self.target.in_time():
                self._try()
        except OutOfTimeError:
            self.is_out_of_time = True
        self._judge_raw()

    def _try(self) -> None:
        """Search for modes, then weigh or move draws."""
        start = self._find()
        if start is None:
            self._move_climbed()
            return
        self._weigh(start)
        if self.answer is None or not self.answer.is_good:
            self._move_weighted()

    def warm_points(self) -> WarmPoints | None:
        """Return where NUTS may start; None if nothing is better than its own starts."""
        if self._moved is not None:
            points = self._moved.moves.points
            return WarmPoints(
                points=points[:, points.shape[1] // 2 :].reshape(-1, points.shape[-1]),
                metric=self._moved.metric,
            )
        usable = [draws for draws in self._weighted if draws.is_usable]
        if not usable:
            return self._climbed
        best = max(usable, key=lambda draws: draws.n_eff)
        factor = factor_of(best)
        points = best.proposal.draw(_N_STARTS, self._rng)
        return WarmPoints(points=points, metric=factor @ factor.T)

    def missed_by(self, chains: FloatArray, rng: np.random.Generator) -> Missed:
        """Return what chains lack of what the search has found."""
        lost = missed_by_chains(self.search, chains, self.target, rng)
        return replace(lost, is_endless=self._is_endless)

    def raw_answer(self) -> Answer | None:
        """Return draws that nothing has weighed or moved; None if none, or if there is time."""
        if self._raw is None or not self.is_out_of_time:
            return None
        return self._raw.answer(self.target)

    def _find(self) -> Mixture | None:
        """Search for modes, and return a first proposal if most starts end at one."""
        d = self.target.n_parameters
        if d > MOST_PARAMETERS:
            found = f"{d:,} parameters; modes are searched for with up to {MOST_PARAMETERS:,}"
            self.add("search for modes", found, judge_nothing(found), "VI needs none")
            return None
        search = self.search = find_modes(self.target, self._rng)
        self._is_endless = search.is_endless
        found = search.words()
        judgement = judge_search(search)
        if judgement.criterion:
            self.add("search for modes", found, judgement, "VI, which needs no mode")
            return None
        self.add("search for modes", found, judgement, "Laplace there is a first proposal")
        mixture = search.mixture()
        self._raw = Raw(title="Laplace", draw=lambda n: mixture.draw(n, self._rng))
        return mixture

    def _weigh(self, start: Mixture) -> None:
        """Weigh the draws of a proposal, and adapt it while that may help."""
        limit = CAP * expected_gradients(FEWEST_LEAPFROG)
        for draws in attempts(self.target, start, self._rng, limit=limit):
            judgement = self._judge_weighted(draws)
            self._weighted.append(draws)
            is_first = len(self._weighted) == 1
            if is_first:
                follows = after(judgement, "its tails are too light or it lies elsewhere: adapt it")
                self.add(_FIRST, draws.words(), judgement, follows)
            if judgement.verdict in GOOD_ENOUGH or self.answer is None:
                title = _FIRST if is_first else "adapted weights"
                self.answer = weighted_answer(title, draws, judgement, self._rng)
        if len(self._weighted) > 1:
            last = max(self._weighted[1:], key=lambda each: (each.passes, each.n_eff_square))
            judgement = self._judge_weighted(last)
            found = f"{counted(len(self._weighted) - 1, 'proposal')}; {last.words()}"
            follows = after(judgement, "move the draws by NUTS")
            self.add("adapted weights", found, judgement, follows)
            if not (self.answer and self.answer.is_good) and last.is_usable:
                self.answer = weighted_answer("adapted weights", last, judgement, self._rng)

    def _judge_weighted(self, draws: Weighted) -> Judgement:
        """Judge weighted draws with the search for modes."""
        if self.search is None or not draws.is_usable:
            return judge_nothing("no draw of the proposal has a density")
        lost = missed(self.search, draws.points, draws.weights)
        return judge_weighted(draws, self.search, lost)

    def _move_weighted(self) -> None:
        """Move weighted draws by warm NUTS."""
        usable = [draws for draws in self._weighted if draws.is_usable]
        if usable and self.search is not None:
            best = max(usable, key=lambda draws: draws.n_eff)
            n = pool_size(self.target.n_parameters)
            starts = dispersed_starts(self.target, self.search, best, n, self._rng)
            self._move(starts, factor_of(best), divergent_limit=DIVERGENT_LIMIT)

    def _move_climbed(self) -> None:
        """Find a place by VI, and move its draws; no transition may diverge, as in NUTS."""
        d = self.target.n_parameters
        fewest = least_leapfrog(d) if d > MOST_PARAMETERS else FEWEST_LEAPFROG
        limit = _CLIMB * CAP * expected_gradients(fewest)
        runs = climb(self.target, self._rng, limit=limit)
        if not runs:
            return
        self._raw = Raw(title="VI", draw=partial(drawn, runs[0], self._rng))
        metric = metric_of(runs[0], self.target, self._rng, part=_CLIMB * CAP)
        found = f"{counted(len(runs), 'run')} with the largest ELBO, {numeral(runs[0].elbo, 4)}"
        reason = "without a mode, weights do not tell what VI has missed"
        self.add("VI", found + metric.words, judge_nothing(reason), "move its draws by NUTS")
        n = pool_size(d, is_dense=metric.factor.ndim > 1)
        starts = starts_of(runs, metric, self.target, n, self._rng)
        self._climbed = WarmPoints(points=starts[: n // 2], metric=metric.covariance)
        self.search = None  # what ended at no mode does not judge chains that need none
        self._move(starts, metric.factor, stiffest=metric.stiffest, divergent_limit=0.0)

    def _move(
        self,
        starts: FloatArray,
        factor: FloatArray,
        *,
        stiffest: float = 1.0,
        divergent_limit: float,
    ) -> None:
        """Move draws by warm NUTS."""
        try:
            moved = move(
                *(self.target, starts),
                factor=factor,
                rng=self._rng,
                stiffest=stiffest,
                cap=CAP,
                divergent_limit=divergent_limit,
            )
        except FitError as error:
            self.add("warm NUTS", str(error), judge_nothing(str(error)), "NUTS starts elsewhere")
            return
        if moved is None:
            reason = f"warm NUTS would cost more than {CAP:g} of NUTS"
            self.add("warm NUTS", "stopped", judge_nothing(reason), "NUTS itself")
            return
        self._moved = moved
        points = moved.moves.points
        lost = self.missed_by(points, self._rng)
        judgement = judge_chains(
            *(moved.checks, self.search, lost), name="warm NUTS", divergent_limit=divergent_limit
        )
        found = moved.checks.words(points.shape[:2])
        self.add("warm NUTS", found, judgement, after(judgement, "NUTS, from these draws"))
        self.answer = Answer(
            title="warm NUTS",
            points=points,
            log_p=moved.moves.log_p,
            judgement=judgement,
            kind="moved",
        )

    def _judge_raw(self) -> None:
        """Judge the first approximation's draws against those that may be trusted."""
        if not (self.answer and self.answer.is_good and self._weighted and self.search):
            return
        first = self.search.mixture().draw(N_RAW, self._rng)
        points = self.answer.points.reshape(-1, first.shape[1])
        judgement, found = judge_raw(first, points)
        self.add("raw Laplace", found, judgement, "for comparison only")

    def add(self, title: str, found: str, judgement: Judgement, follows: str) -> None:
        """Note a step and what it has cost."""
        now = self.target.spent
        step = Step(
            title=title,
            found=found,
            judgement=judgement,
            effort=now.since(self._spent),
            follows=follows,
        )
        self.steps.append(step)
        if self._told is not None:
            self._told(step)
        self._spent = now
