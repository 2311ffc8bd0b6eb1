"""Draws for a provisional reference: those that evidence lets be trusted, as chains."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.evidence.cascade import Cascade
from harness.evidence.steps import Answer, Step
from harness.methods.metered import Effort
from harness.metrics.equal_draws import mean_group
from harness.program.log_density import Density

#: Independent draws are divided into so many chains, so that the checks of chains apply.
_N_CHAINS = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Provisional:
    """What evidence gives for a reference.

    Attributes
    ----------
    answer : Answer or None
        The draws, as chains; None where they may not be trusted.
    verdict, reason : str
    steps : tuple of Step
    spent : Effort
    """

    answer: Answer | None
    verdict: str
    reason: str
    steps: tuple[Step, ...]
    spent: Effort


def gather(
    density: Density, *, seed: int, told: Callable[[Step], object] | None = None
) -> Provisional:
    """Try what is cheaper than NUTS, and return draws that may be trusted.

    Parameters
    ----------
    density : Density
        Of the program with all its data.
    seed : int
        Decides all randomness.
    told : callable, optional
        Hears of each step.

    Returns
    -------
    Provisional
    """
    cascade = Cascade(density, seed=seed, told=told)
    cascade.run()
    answer = cascade.answer
    judgement = cascade.steps[-1].judgement if answer is None else answer.judgement
    is_good = answer is not None and answer.is_good
    return Provisional(
        answer=as_chains(answer) if answer and is_good else None,
        verdict=answer.verdict if answer else str(judgement.verdict),
        reason=judgement.reason,
        steps=tuple(cascade.steps),
        spent=cascade.target.spent,
    )


def as_chains(answer: Answer) -> Answer:
    """Divide independent draws into chains, without those that stand for the same draw.

    Parameters
    ----------
    answer : Answer
        Of weighted draws, resampled; or of chains, which stay as they are.

    Returns
    -------
    Answer
    """
    if not answer.is_independent:
        return answer
    each = int(mean_group(answer.points[0]))
    points, log_p = answer.points[0, ::each], answer.log_p[0, ::each]
    n = len(points) // _N_CHAINS
    return replace(
        answer,
        points=points[: n * _N_CHAINS].reshape(_N_CHAINS, n, -1),
        log_p=log_p[: n * _N_CHAINS].reshape(_N_CHAINS, n),
    )
