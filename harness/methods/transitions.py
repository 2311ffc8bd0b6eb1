"""Transitions of NUTS in the program's own process, with a given metric and step size."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import FitError
from harness.methods.metered import Metered
from harness.program.log_density import Density, number_words

#: Numbers that tell of a transition, after the point: see sampling.hpp.
_N_TOLD = 6
#: Transitions of one call, so that a budget of time is kept.
_CHUNK = 25
#: Chains are divided so whatever the number of processes, which must not change the draws.
_N_SHARES = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Moves:
    """What chains have done.

    Attributes
    ----------
    points : ndarray, shape (chain, draw, d)
        On the unconstrained scale.
    log_p : ndarray, shape (chain, draw)
        Log density without the terms that do not depend on parameters, in nats.
    accept : ndarray, shape (chain, draw)
        Acceptance statistics.
    n_leapfrog : ndarray of float, shape (chain, draw)
        Gradients.
    diverged : ndarray of bool, shape (chain, draw)
    energy : ndarray, shape (chain, draw)
    """

    points: FloatArray
    log_p: FloatArray
    accept: FloatArray
    n_leapfrog: FloatArray
    diverged: np.typing.NDArray[np.bool_]
    energy: FloatArray

    @property
    def n_gradients(self) -> int:
        """Gradients of all transitions."""
        return int(self.n_leapfrog.sum())


def transitions(
    target: Metered,
    starts: FloatArray,
    *,
    factor: FloatArray,
    step: float,
    n: int,
    seed: int,
    max_depth: int = 10,
) -> Moves:
    """Make some transitions of each chain.

    Parameters
    ----------
    target : Metered
        Of densities that are programs' processes.
    starts : ndarray, shape (chain, d)
    factor : ndarray, shape (d,) or (d, d)
        Sds, or the lower Cholesky factor of the covariance that is the inverse metric.
    step : float
        In units of the metric.
    n : int
        Transitions of each chain.
    seed : int
    max_depth : int
        Doublings of a trajectory.

    Returns
    -------
    Moves

    Raises
    ------
    FitError
        If a chain starts where there is no density.
    """
    parts = []
    for begin in range(0, n, _CHUNK):
        plan = _Plan(
            factor=factor, step=step, n=min(_CHUNK, n - begin), seed=seed + begin, depth=max_depth
        )
        shares = [share for share in np.array_split(starts, _N_SHARES) if len(share)]
        made = target.map(plan.carry_out, list(enumerate(shares)))
        parts.append(joined(made, axis=0))
        target.count(parts[-1].n_gradients + len(starts))
        starts = parts[-1].points[:, -1]
    return joined(parts)


def joined(parts: Sequence[Moves], *, axis: int = 1) -> Moves:
    """Put together what the same chains have done one after the other, or (axis 0) others too."""
    return Moves(
        **{
            name: np.concatenate([getattr(part, name) for part in parts], axis=axis)
            for name in ("points", "log_p", "accept", "n_leapfrog", "diverged", "energy")
        }
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Plan:
    """Transitions of one call."""

    factor: FloatArray
    step: float
    n: int
    seed: int
    depth: int

    def carry_out(self, target: Metered, share: tuple[int, FloatArray]) -> Moves:
        """Make them for some of the chains."""
        number, starts = share
        n_chains, d = starts.shape
        density = target.target
        assert isinstance(density, Density)  # noqa: S101 - others make no transitions
        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0] % 2**30)
        reply = density.ask(
            f"transitions chains={n_chains} transitions={self.n} {number_words(step=self.step)} "
            f"depth={self.depth} dense={int(self.factor.ndim > 1)} seed={seed}",
            np.concatenate([starts.reshape(-1), self.factor.reshape(-1, order="F")]),
        )
        table = reply.numbers.reshape(n_chains, self.n, d + _N_TOLD)
        if np.isnan(table[..., 0]).any():
            reason = "; ".join(density.failures) or "a chain has no transitions"
            raise FitError(f"NUTS from approximate draws: {reason}")
        told = np.moveaxis(table[..., d:], -1, 0)
        return Moves(
            points=table[..., :d],
            log_p=told[0],
            accept=told[1],
            n_leapfrog=told[2],
            diverged=told[3] > 0,
            energy=told[4],
        )
