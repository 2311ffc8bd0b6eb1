"""Batch and match: a Gaussian whose scores match those of the posterior at its own draws.

Cai, Modi, Pillaud-Vivien, Margossian, Gower, Blei and Saul (2024), Batch and match: black-box
variational inference with a score-based divergence, ICML (arXiv:2402.14758); with `rank`, Modi, Cai
and Saul (2024), Batch, match, and patch: low-rank approximations for score-based variational
inference (arXiv:2410.22292).  Every update is in closed form: no step size, no stochastic gradient.
"""

from typing import ClassVar

import numpy as np
from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from harness.data.dataset import FloatArray
from harness.errors import FitError
from harness.fits.fit import Diagnostics
from harness.methods.base import OPTIONS_CONFIG
from harness.methods.counted_density import CountedDensity, climb, random_start, reasons
from harness.methods.over_density import Found, OverDensity
from harness.methods.score_matching import Covariance, FullRank, OfRank

_BATCHES_STREAM = 10
#: So many batches in a row may be useless, each drawn from a narrower Gaussian than the last.
_MAX_NARROWER = 20
#: Steps towards the mode before the first batch.
_MAX_CLIMB = 30
#: Sds beyond are those of a posterior that cannot be normalised.
_WIDEST = 1e12
#: Means that move by more sds over the last quarter of the iterations have not converged.
_MOVED_LIMIT = 0.1


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class BatchAndMatch(OverDensity):
    """Batch and match: a Gaussian that matches the scores of the posterior.

    Attributes
    ----------
    batch_size : int
        Draws of an iteration.
    n_iterations : int
        Number of iterations. Iteration t counts a batch of B draws in d dimensions B d / t times
        as much as the Gaussian before it.
    rank : int or None
        Directions in which coordinates may be correlated; all of them by default.
    init_radius : float
        The mean starts uniformly within this distance of zero on the unconstrained scale.
    """

    name: ClassVar[str] = "batch_and_match"
    title: ClassVar[str] = "batch and match"
    family: ClassVar[str] = "batch and match"

    batch_size: PositiveInt = 32
    n_iterations: PositiveInt = 500
    rank: PositiveInt | None = None
    init_radius: PositiveFloat = 2.0

    def find(self, density: CountedDensity, *, seed: int) -> Found:
        """Match one batch after another; see :meth:`OverDensity.find`."""
        rng = np.random.default_rng([seed, _BATCHES_STREAM])
        start = random_start(density, radius=self.init_radius, seed=seed)
        mode, n_climbed = climb(density, start, max_iterations=_MAX_CLIMB)
        now = self._first(density, mode, rng)
        late = now.mean
        for t in range(1, self.n_iterations + 1):
            now, drawn, scores = self._batch(density, now, rng)
            lam = len(drawn) * now.mean.size / t
            # more would widen directions that a low rank cannot narrow again
            now = now.matched(drawn, scores, lam=lam if isinstance(now, FullRank) else min(lam, 1))
            widest = float(now.sds().max())
            if not (np.isfinite(now.mean).all() and widest < _WIDEST):
                raise FitError(
                    f"the Gaussian has no limit: iteration {t} gave it an sd of {widest:.3g}"
                )
            if t == 3 * self.n_iterations // 4:
                late = now.mean
        moved = float((np.abs(now.mean - late) / now.sds()).max())
        warnings: tuple[str, ...] = ()
        if moved > _MOVED_LIMIT:
            warnings = (
                f"a mean moved by {moved:.2g} sds over the last quarter of the iterations, so it "
                "has not converged; raise n_iterations or batch_size",
            )
        return Found(
            approximation=now.gaussian(),
            diagnostics=Diagnostics(n_iterations=n_climbed + self.n_iterations),
            warnings=warnings,
        )

    def _first(
        self, density: CountedDensity, mean: FloatArray, rng: np.random.Generator
    ) -> FullRank | OfRank:
        """Return the Gaussian to begin with: as wide as the curvature says, with sds of 1 at most.

        From a start that is many sds away, scores say more of the distance than of the scales, and
        the Gaussian becomes too narrow to get there soon.
        """
        hessian = density.hessian(mean)
        if not np.isfinite(hessian).all():
            hessian = np.eye(mean.size)
        if self.rank is None or self.rank >= mean.size:
            curvature, vectors = np.linalg.eigh(hessian)
            return FullRank(mean=mean, root=vectors / np.sqrt(np.maximum(np.abs(curvature), 1)))
        own = 1 / np.maximum(np.abs(np.diag(hessian)), 1)
        loadings = 0.1 * np.sqrt(own)[:, None] * rng.standard_normal((mean.size, self.rank))
        return OfRank(mean=mean, covariance=Covariance(variances=own, loadings=loadings))

    def _batch(
        self, density: CountedDensity, now: FullRank | OfRank, rng: np.random.Generator
    ) -> tuple[FullRank | OfRank, FloatArray, FloatArray]:
        """Return the Gaussian that gave draws with a gradient, these draws, and their scores.

        Draws without a gradient are left out; if fewer than two are left, a narrower Gaussian
        gives others.
        """
        for _ in range(_MAX_NARROWER):
            drawn = now.drawn(rng, self.batch_size)
            values, scores = density.gradient(now.points(drawn))
            usable = np.isfinite(values) & np.isfinite(scores).all(axis=1)
            if usable.sum() >= min(2, self.batch_size):
                return now, drawn[usable], scores[usable]
            now = now.narrower()
        raise FitError(f"the log density is not finite at the draws{reasons(density)}")
