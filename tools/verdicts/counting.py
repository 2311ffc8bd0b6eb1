"""What evidence says of draws of known posteriors, and whether it is right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from harness.data.dataset import Dataset
from harness.data.stan_json import plain_variables
from harness.errors import FitError
from harness.evidence.cascade import CAP
from harness.evidence.fitting import fit_cheapest
from harness.evidence.judge import DIVERGENT_LIMIT, judge_chains, judge_weighted
from harness.evidence.mass import missed_by_chains
from harness.evidence.missed import Missed, missed
from harness.evidence.modes import find_modes
from harness.evidence.proposal import Component, Mixture
from harness.evidence.search import Search
from harness.evidence.steps import Answer
from harness.evidence.weights import attempts
from harness.methods import Nuts, Problem
from harness.methods.chain_checks import check_chains
from harness.methods.density import open_density
from harness.methods.draw_points import unconstrained_points
from harness.methods.metered import Metered
from harness.methods.pool import pool_size
from harness.methods.warm_nuts import move
from harness.program.compilation import CompiledProgram, compile_program
from harness.program.log_density import Density
from harness.program.program import Program
from harness.program.stanc import describe_program
from harness.verdict.criteria import Judgement
from tools.verdicts.known import FloatArray, Posterior

#: Wrong: a mean is off by more sds, or an sd by more than this factor.
MEAN_SD, SD_FACTOR = 0.3, 1.25


@dataclass(frozen=True, kw_only=True)
class Count:
    """A verdict on draws of a known posterior.

    Attributes
    ----------
    posterior, half : str
    d : int
    draws : str
        ``harness fit`` and, before it falls back on NUTS, ``cascade``; of a wrong start ``raw``,
        ``weighted`` or ``moved``; ``NUTS``; an approximation ``with NUTS`` or ``with evidence``.
    seed : int
    verdict, criterion : str
    is_right : bool
    mean_error_sd, log_sd_ratio : float
        The largest.
    gradients : float
        What draws and evidence took.
    nuts_gradients : int
        What NUTS at its defaults took.
    ended : str
        Of `harness fit`, the kind of its draws.
    """

    posterior: str
    half: str
    d: int
    draws: str
    seed: int
    verdict: str
    criterion: str
    is_right: bool
    mean_error_sd: float
    log_sd_ratio: float
    gradients: float
    nuts_gradients: int
    ended: str = ""


@cache
def _compiled(program: str) -> CompiledProgram:
    """Compile one of the programs beside this file."""
    file = Path(__file__).parent / f"{program}.stan"
    bare = Program(name=program, file=file, parameters=())
    declared = describe_program(bare)
    return compile_program(Program(name=program, file=file, parameters=declared.parameters))


def compare(
    posterior: Posterior,
    draws: str,
    *,
    seed: int,
    verdict: str,
    criterion: str,
    moments: tuple[FloatArray, FloatArray] | None,
    gradients: float,
    nuts_gradients: int = 1,
) -> Count:
    """Compare the means and sds of draws, on the unconstrained scale, with what is known."""
    mean_error, log_ratio = np.inf, np.inf
    if moments is not None and np.isfinite(posterior.sd).all():
        mean, sd = moments
        mean_error = float(np.max(np.abs(mean - posterior.mean) / posterior.sd))
        log_ratio = float(np.max(np.abs(np.log(sd / posterior.sd))))
    return Count(
        posterior=posterior.name,
        half=posterior.half,
        d=posterior.mean.size,
        draws=draws,
        seed=seed,
        verdict=verdict,
        criterion=criterion,
        is_right=mean_error <= MEAN_SD and log_ratio <= np.log(SD_FACTOR),
        mean_error_sd=mean_error,
        log_sd_ratio=log_ratio,
        gradients=gradients,
        nuts_gradients=nuts_gradients,
    )


class Counter:
    """Counts what is said of one posterior."""

    def __init__(self, posterior: Posterior, density: Density, nuts_gradients: int) -> None:
        self.posterior = posterior
        self.density = density
        self.nuts_gradients = nuts_gradients

    def count(
        self,
        draws: str,
        seed: int,
        judgement: Judgement | None,
        moments: tuple[FloatArray, FloatArray] | None,
        gradients: float,
    ) -> Count:
        """Compare draws with what is known."""
        return compare(
            self.posterior,
            draws,
            seed=seed,
            verdict="" if judgement is None else str(judgement.verdict),
            criterion="" if judgement is None else judgement.criterion,
            moments=moments,
            gradients=gradients,
            nuts_gradients=self.nuts_gradients,
        )

    def fit(self, problem: Problem, seed: int) -> list[Count]:
        """Count what `harness fit` gives, and what it has before NUTS."""
        try:
            found = fit_cheapest([self.density], lambda: problem, seed=seed)
        except FitError:
            return [self.count("harness fit", seed, None, None, 0.0)]
        before, last = found.before_nuts, found.answer
        spent = sum(s.effort.in_gradients for s in found.steps if s.title != "NUTS")
        total = sum(step.effort.in_gradients for step in found.steps)
        row = self.count("harness fit", seed, last.judgement, moments_of(last.points), total)
        return [replace(row, ended=last.kind), self.before_nuts(seed, before, spent)]

    def before_nuts(self, seed: int, answer: Answer | None, spent: float) -> Count:
        """Count the best draws that there are before NUTS."""
        if answer is None:
            return self.count("cascade", seed, None, None, spent)
        return self.count("cascade", seed, answer.judgement, moments_of(answer.points), spent)

    def all(self, problem: Problem, *, n_seeds: int, n_wrong: int) -> Iterator[Count]:
        """Count `harness fit` for each seed, and wrong starts for some."""
        for seed in range(1, 1 + n_seeds):
            yield from self.fit(problem, seed)
            if seed <= n_wrong:
                yield from self.wrong_start(seed)

    def wrong_start(self, seed: int) -> Iterator[Count]:
        """Count what evidence says of an approximation that is two sds off and too narrow."""
        rng = np.random.default_rng([seed, 3])
        target = Metered(self.density)
        search = find_modes(target, rng)
        d = self.posterior.mean.size
        if not search.modes:
            return
        mode = search.modes[0]
        sd = np.sqrt(np.sum(mode.factor**2, axis=1))
        way = rng.standard_normal(d)
        centre = mode.point + mode.factor @ (2 * way / np.linalg.norm(way))
        part = Component(mean=centre, factor=np.diag(0.7 * sd))
        start = Mixture(components=(part,))
        yield self.count("raw", seed, None, (centre, 0.7 * sd), 0.0)
        last = best = None
        for last in attempts(target, start, rng):
            if last.is_usable and (best is None or last.n_eff_square > best.n_eff_square):
                best = last
        last = best
        if last is None:
            return
        lost = missed(search, last.points, last.weights)
        judgement = judge_weighted(last, search, lost)
        spent = target.spent.in_gradients
        yield self.count("weighted", seed, judgement, (last.mean, last.sd), spent)
        chosen = last.resampled(pool_size(d) // 2, rng)
        yield from self._moved(target, search, last.points[chosen], seed)

    def _moved(
        self, target: Metered, search: Search, drawn: FloatArray, seed: int
    ) -> Iterator[Count]:
        """Count what warm NUTS gives from draws and dispersed starts."""
        rng = np.random.default_rng([seed, 4])
        modes = [m for m, s in zip(search.modes, search.shares, strict=True) if s > 1e-3]
        parts = tuple(Component(mean=m.point, factor=m.factor, share=1 / len(modes)) for m in modes)
        dispersed = Mixture(components=parts, df=5.0).draw(len(drawn), rng)
        starts = np.concatenate([drawn, dispersed])
        try:
            moved = move(target, starts, factor=modes[0].factor, rng=rng, cap=CAP)
        except FitError:
            moved = None
        if moved is None:
            yield self.count("moved", seed, None, None, target.spent.in_gradients)
            return
        points = moved.moves.points
        lost = missed_by_chains(search, points, target, rng)
        judgement = judge_chains(
            *(moved.checks, search, lost), name="warm NUTS", divergent_limit=DIVERGENT_LIMIT
        )
        spent = target.spent.in_gradients
        yield self.count("moved", seed, judgement, moments_of(points), spent)


def moments_of(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return means and sds of draws, shape (chain, draw, d)."""
    flat = points.reshape(-1, points.shape[-1])
    return flat.mean(axis=0), flat.std(axis=0)


def nuts_count(posterior: Posterior, problem: Problem, density: Density) -> Count:
    """Run NUTS at its defaults, and judge it by its own checks."""
    fit = Nuts().fit(problem, seed=1)
    gradients = fit.cost.n_gradients or 1
    points, _ = unconstrained_points(fit, density, problem.program.parameters)
    stats = fit.read_draws()["sample_stats"]
    checks = check_chains(
        points,
        stats["lp"].to_numpy(),
        diverged=stats["diverging"].to_numpy(),
        energy=stats["energy"].to_numpy(),
    )
    judged = judge_chains(checks, None, Missed(), name="NUTS", divergent_limit=0.0)
    counter = Counter(posterior, density, gradients)
    return counter.count("NUTS", 1, judged, moments_of(points), gradients)


def counts(posterior: Posterior, *, n_seeds: int, n_wrong: int) -> Iterator[Count]:
    """Run NUTS at its defaults once, wrong starts for some seeds, and `harness fit` for each."""
    problem = problem_of(posterior)
    with open_density(problem) as density:
        row = nuts_count(posterior, problem, density)
        yield row
        counter = Counter(posterior, density, row.nuts_gradients)
        yield from counter.all(problem, n_seeds=n_seeds, n_wrong=n_wrong)


def counts_again(
    posterior: Posterior, earlier: Sequence[Count], *, n_seeds: int, n_wrong: int
) -> Iterator[Count]:
    """Count what `harness fit` gives anew, and keep NUTS and the approximations."""
    kept = [row for row in earlier if row.draws == "NUTS" or " with " in row.draws]
    yield from kept
    problem = problem_of(posterior)
    with open_density(problem) as density:
        counter = Counter(posterior, density, kept[0].nuts_gradients)
        yield from counter.all(problem, n_seeds=n_seeds, n_wrong=n_wrong)


def problem_of(posterior: Posterior) -> Problem:
    """Return the program of a posterior with its data."""
    dataset = Dataset(name="data", variables=plain_variables(dict(posterior.data)))
    return Problem(program=_compiled(posterior.program), dataset=dataset)
