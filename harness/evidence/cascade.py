"""From cheap draws to dear ones, until evidence lets them be trusted.

Laplace at all modes that were found, weighted; then proposals adapted to their weighted draws; then
warm NUTS.  Where most starts end at no mode, no evidence of these kinds can let draws be trusted,
and none is gathered.  What comes after that, NUTS, is not this module's.
"""

from collections.abc import Callable

import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import FitError
from harness.evidence.judge import (
    DIVERGENT_LIMIT,
    judge_chains,
    judge_nothing,
    judge_raw,
    judge_search,
    judge_weighted,
)
from harness.evidence.missed import missed
from harness.evidence.modes import Search, find_modes
from harness.evidence.moved import FEWEST_LEAPFROG, N_POOL, Moved, expected_gradients, move
from harness.evidence.proposal import Component, Mixture
from harness.evidence.steps import GOOD_ENOUGH, Answer, Step, WarmPoints
from harness.evidence.target import Metered, OutOfTimeError
from harness.evidence.weights import Weighted, attempts
from harness.messages.numerals import counted, numeral
from harness.program.log_density import Density
from harness.verdict.criteria import Judgement

#: What all that comes before NUTS may cost, of the gradients that NUTS is expected to take.
CAP = 0.3
#: Draws of equal weight that weighted ones become, at most.
MOST_DRAWS = 4000
#: Keeps the generator apart from others of the same seed.
_STREAM = 16
#: Points that NUTS may start from.
_N_STARTS = 50
#: A Hessian takes four gradients for each parameter, and dense matrices.
MOST_PARAMETERS = 1000
#: Modes with less of the mass start no chains.
_NEGLIGIBLE = 1e-3


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
        self._spent = self.target.spent

    def run(self) -> None:
        """Try until draws are good enough, or nothing cheaper than NUTS is left."""
        try:
            start = self._find()
            if start is not None:
                self._weigh(start)
                if self.answer is None or not self.answer.is_good:
                    self._move()
        except OutOfTimeError:
            self.is_out_of_time = True
        self._judge_raw()

    def warm_points(self) -> WarmPoints | None:
        """Return where NUTS may start; None if nothing is better than its own starts."""
        if self._moved is not None:
            points = self._moved.moves.points
            return WarmPoints(
                points=points[:, points.shape[1] // 2 :].reshape(-1, points.shape[-1]),
                covariance=self._moved.covariance,
            )
        usable = [draws for draws in self._weighted if draws.is_usable]
        if not usable:
            return None
        best = max(usable, key=lambda draws: draws.n_eff)
        factor = max(best.proposal.components, key=lambda part: part.share).factor
        points = best.proposal.draw(_N_STARTS, self._rng)
        return WarmPoints(points=points, covariance=factor @ factor.T)

    def _find(self) -> Mixture | None:
        """Search for modes, and return a first proposal if most starts end at one."""
        d = self.target.n_parameters
        if d > MOST_PARAMETERS:
            found = f"{d:,} parameters; no Hessian is computed of more than {MOST_PARAMETERS:,}"
            self.add("search for modes", found, judge_nothing(found), "NUTS itself")
            return None
        search = self.search = find_modes(self.target, self._rng)
        n = len(search.modes)
        ended = f"{search.n_reached} of {counted(search.n_starts, 'start')}"
        found = f"{ended} ended at {counted(n, 'mode')}"
        if n > 1:
            shares = [numeral(100 * share, 2) + "%" for share in search.shares[:3]]
            found += f", of {', '.join(shares)} of the mass" + (
                " and less" if n > len(shares) else ""
            )
        judgement = judge_search(search)
        if judgement.criterion:
            self.add("search for modes", found, judgement, "NUTS itself, which needs no mode")
            return None
        self.add("search for modes", found, judgement, "Laplace there is a first proposal")
        return search.mixture()

    def _weigh(self, start: Mixture) -> None:
        """Weigh the draws of a proposal, and adapt it while that may help."""
        title = "Laplace, weighted"
        limit = CAP * expected_gradients(FEWEST_LEAPFROG, np.ones(1))
        for draws in attempts(self.target, start, self._rng, limit=limit):
            judgement = self._judge_weighted(draws)
            self._weighted.append(draws)
            is_first = len(self._weighted) == 1
            if is_first:
                follows = _after(
                    judgement, "its tails are too light or it lies elsewhere: adapt it"
                )
                self.add(title, _weights_found(draws), judgement, follows)
            if judgement.verdict in GOOD_ENOUGH or self.answer is None:
                self.answer = self._answer(
                    title if is_first else "adapted weights", draws, judgement
                )
        if len(self._weighted) > 1:
            last = max(self._weighted[1:], key=lambda each: (each.passes, each.n_eff_square))
            judgement = self._judge_weighted(last)
            found = f"{counted(len(self._weighted) - 1, 'proposal')}; {_weights_found(last)}"
            follows = _after(judgement, "move the draws by NUTS")
            self.add("adapted weights", found, judgement, follows)
            if not (self.answer and self.answer.is_good) and last.is_usable:
                self.answer = self._answer("adapted weights", last, judgement)

    def _judge_weighted(self, draws: Weighted) -> Judgement:
        """Judge weighted draws with the search for modes."""
        if self.search is None or not draws.is_usable:
            return judge_nothing("no draw of the proposal has a density")
        lost = missed(self.search, draws.points, draws.weights)
        return judge_weighted(draws, self.search, lost)

    def _answer(self, title: str, draws: Weighted, judgement: Judgement) -> Answer | None:
        """Return weighted draws as draws of equal weight."""
        if not draws.is_usable:
            return None
        # as many as are effective: of more, many would be duplicates
        chosen = draws.resampled(max(1, min(MOST_DRAWS, int(draws.n_eff))), self._rng)
        return Answer(
            title=title,
            points=draws.points[chosen][None],
            log_p=draws.log_p[chosen][None],
            judgement=judgement,
            kind="weighted",
        )

    def _move(self) -> None:
        """Move draws by warm NUTS."""
        starts = self._starts()
        if starts is None or self.search is None:
            return
        try:
            moved = move(
                self.target,
                starts,
                factor=self._factor(),
                rng=self._rng,
                cap=CAP,
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
        lost = missed(self.search, points.reshape(-1, points.shape[-1]))
        judgement = judge_chains(
            *(moved.checks, self.search, lost), name="warm NUTS", divergent_limit=DIVERGENT_LIMIT
        )
        found = moved.checks.words(points.shape[:2])
        self.add("warm NUTS", found, judgement, _after(judgement, "NUTS, from these draws"))
        self.answer = Answer(
            title="warm NUTS",
            points=points,
            log_p=moved.moves.log_p,
            judgement=judgement,
            kind="moved",
        )

    def _starts(self) -> FloatArray | None:
        """Return where chains start: one half at draws, the other half dispersed."""
        usable = [draws for draws in self._weighted if draws.is_usable]
        if not usable:
            return None
        best = max(usable, key=lambda draws: draws.n_eff)
        half = N_POOL // 2
        drawn = best.points[best.resampled(half, self._rng)]
        dispersed = self._dispersed(half, best)
        lost = ~np.isfinite(self.target.log_density(dispersed))
        dispersed[lost] = drawn[lost]
        return np.concatenate([drawn, dispersed])

    def _dispersed(self, n: int, best: Weighted) -> FloatArray:
        """Return ends of optimisers; around modes with some of the mass, as often around each."""
        assert self.search is not None  # noqa: S101 - run() searches first
        shares = self.search.shares if self.search.modes else np.empty(0)
        modes = [
            mode
            for mode, share in zip(self.search.modes, shares, strict=True)
            if share > _NEGLIGIBLE
        ]
        if not modes:
            return best.proposal.draw(n, self._rng)
        parts = tuple(
            Component(mean=mode.point, factor=mode.factor, share=1 / len(modes)) for mode in modes
        )
        return Mixture(components=parts, df=5.0).draw(n, self._rng)

    def _factor(self) -> FloatArray:
        """Return the Cholesky factor of a first metric."""
        best = max(self._weighted, key=lambda draws: draws.n_eff)
        return max(best.proposal.components, key=lambda part: part.share).factor

    def _judge_raw(self) -> None:
        """Judge the first approximation's draws against those that may be trusted."""
        if self.answer is None or not self.answer.is_good or not self._weighted:
            return
        first = self._weighted[0].points
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


def _after(judgement: Judgement, otherwise: str) -> str:
    """Say why the next step is taken, or that none is needed."""
    return "done: nothing dearer is needed" if judgement.verdict in GOOD_ENOUGH else otherwise


def _weights_found(draws: Weighted) -> str:
    """Say what weights are worth."""
    k_hat = "" if not np.isfinite(draws.k_hat) else f", k-hat {numeral(draws.k_hat, 2)}"
    return (
        f"{len(draws.points):,} draws, {draws.n_eff:,.0f} effective, "
        f"{draws.n_eff_square:,.0f} for the worst sd{k_hat}"
    )
