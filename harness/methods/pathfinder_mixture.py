"""Pathfinder over a density: a mixture of what all paths have found, weighted as one.

Zhang, Carpenter, Gelman and Vehtari (2022), Pathfinder: parallel quasi-Newton variational
inference, JMLR 23(306), sample each path's Gaussian and weigh every draw by the density of its own
path, so that a mode counts as often as paths lead to it.  Here each draw is weighted by the mixture
of all Gaussians (the balance heuristic: Veach and Guibas 1995; Owen and Zhou 2000), which counts it
once.
"""

from dataclasses import dataclass as plain_dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from harness import metrics
from harness.data.dataset import Dataset, FloatArray
from harness.errors import FitError, MethodError
from harness.fits.fit import Diagnostics, Fit
from harness.methods.ascent import ascend
from harness.methods.base import OPTIONS_CONFIG, Problem
from harness.methods.counted_density import CountedDensity, random_start, reasons
from harness.methods.over_density import Found, OverDensity, fit_over_density
from harness.methods.quasi_newton import PathGaussian, best_of, follow
from harness.methods.resampling import resampled_fit
from harness.methods.vi import ViMeanfield
from harness.program.program import Program

_ELBO_STREAM, _SHARES_STREAM, _START_STREAM = 18, 19, 20
#: Draws of each Gaussian that tell its share.
_DRAWS_FOR_SHARES = 200
#: Gaussians with a smaller share are left out; the others have at least a part of the mean share.
_LEAST_SHARE, _DEFENSIVE = 1e-3, 0.1
#: Two paths have found one mode if their centres are closer, in sds of both.
_SAME_SD = 1.0


@plain_dataclass(frozen=True, kw_only=True, eq=False)
class PathMixture:
    """A mixture of the Gaussians of paths.

    Attributes
    ----------
    shares : ndarray, shape (component,)
    gaussians : tuple of PathGaussian
    """

    shares: FloatArray
    gaussians: tuple[PathGaussian, ...]

    def draw(self, n: int, seed: int) -> tuple[FloatArray, FloatArray]:
        """Return points and the log density there; see :class:`Approximation`."""
        rng = np.random.default_rng(seed)
        chosen = rng.choice(len(self.shares), size=n, p=self.shares)
        normal = rng.standard_normal((n, self.gaussians[0].mean.size))
        points = np.empty_like(normal)
        for number, gaussian in enumerate(self.gaussians):
            points[chosen == number] = gaussian.points(normal[chosen == number])
        return points, np.logaddexp.reduce(self.log_parts(points), axis=1)

    def log_parts(self, points: FloatArray) -> FloatArray:
        """Return the log density of each component times its share, shape (n, component)."""
        densities = [gaussian.log_density(points) for gaussian in self.gaussians]
        return np.stack(densities, axis=1) + np.log(self.shares)


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class PathfinderMixture(OverDensity):
    """Pathfinder by as many paths as wanted, whose draws are weighted by the mixture of all.

    Attributes
    ----------
    n_paths : int
        Runs of L-BFGS from different starts.
    start : str
        Where paths start: at ``random``, or at the centre and draws of mean-field ``advi``, which
        is optimised first.
    psis_resample : bool
        Whether draws of the mixture are resampled by Pareto-smoothed importance weights.
    n_proposals : int
        Draws of the mixture that are resampled.
    history_size : int
        Steps that L-BFGS keeps to estimate the inverse Hessian.
    n_elbo_draws : int
        Monte Carlo draws for the ELBO of each iteration.
    max_iterations : int
        Maximum number of iterations of a path.
    init_radius : float
        Random starts are uniform within this distance of zero on the unconstrained scale.
    """

    name: ClassVar[str] = "pathfinder_mixture"
    title: ClassVar[str] = "Pathfinder mixture"
    family: ClassVar[str] = "Pathfinder mixture"

    n_paths: PositiveInt = 8
    start: Literal["random", "advi"] = "random"
    psis_resample: bool = True
    n_proposals: PositiveInt = 4000
    history_size: PositiveInt = 100
    n_elbo_draws: PositiveInt = 25
    max_iterations: PositiveInt = 1000
    init_radius: PositiveFloat = 2.0

    def check(self, dataset: Dataset, program: Program) -> None:  # noqa: ARG002 - any will do
        """Refuse more draws than proposals; see :meth:`harness.methods.base.Method.check`."""
        if self.psis_resample and self.n_draws > self.n_proposals:
            raise MethodError(
                f"method '{self.name}' resamples n_draws = {self.n_draws} of n_proposals = "
                f"{self.n_proposals} draws; give more n_proposals"
            )

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Follow the paths, draw and resample; see :meth:`harness.methods.base.Method.fit`."""
        n_draws = self.n_proposals if self.psis_resample else self.n_draws
        fit = fit_over_density(
            problem, lambda density: self.find(density, seed=seed), n_draws=n_draws, seed=seed
        )
        if not self.psis_resample:
            return fit
        return resampled_fit(problem, fit, label=self.title, n_draws=self.n_draws, seed=seed)

    def find(self, density: CountedDensity, *, seed: int) -> Found:
        """Follow all paths; see :meth:`OverDensity.find`."""
        found, n_iterations = [], 0
        for number, start in enumerate(self._starts(density, seed)):
            gaussians = list(self._path(density, start))
            n_iterations += len(gaussians)
            rng = np.random.default_rng([seed, _ELBO_STREAM, number])
            best = best_of(density, gaussians, n_draws=self.n_elbo_draws, rng=rng)
            if best is not None:
                found.append(best)
        if not found:
            raise FitError(
                f"none of {self.n_paths} paths has a Gaussian whose draws have a log density"
                f"{reasons(density)}"
            )
        n_failed = self.n_paths - len(found)
        failed = (f"{n_failed} of {self.n_paths} paths failed",) if n_failed else ()
        return Found(
            approximation=_weighted(density, _different(found), seed=seed),
            diagnostics=Diagnostics(elbo=max(elbo for elbo, _ in found), n_iterations=n_iterations),
            warnings=failed,
        )

    def _path(self, density: CountedDensity, start: FloatArray) -> list[PathGaussian]:
        """Return the Gaussians of the iterates of one path."""
        followed = follow(
            density, start, history_size=self.history_size, max_iterations=self.max_iterations
        )
        return list(followed)

    def _starts(self, density: CountedDensity, seed: int) -> list[FloatArray]:
        """Return where paths start, each with a finite density."""
        if self.start == "random":
            seeds = np.random.default_rng([seed, _START_STREAM]).integers(2**31, size=self.n_paths)
            return [
                random_start(density, radius=self.init_radius, seed=int(each)) for each in seeds
            ]
        method = ViMeanfield(init_radius=self.init_radius)
        ascended = ascend(density.density, method.asked(None, seed))
        density.n_gradients += round(ascended.n_passes)
        gaussian = ascended.gaussian
        drawn, _ = gaussian.draw(max(1, self.n_paths - 1), seed)
        points = np.concatenate([gaussian.mean[None], drawn])[: self.n_paths]
        values, gradients = density.gradient(points)
        usable = np.isfinite(values) & np.isfinite(gradients).all(axis=1)
        return list(points[usable])


def _different(found: list[tuple[float, PathGaussian]]) -> list[PathGaussian]:
    """Return the Gaussians without those that stand where a better one stands."""
    kept: list[PathGaussian] = []
    for _, gaussian in sorted(found, key=lambda each: -each[0]):
        if not any(_is_same(gaussian, other) for other in kept):
            kept.append(gaussian)
    return kept


def _is_same(one: PathGaussian, other: PathGaussian) -> bool:
    """Whether two Gaussians have about one centre, by the measure of both."""
    apart = (one.squared_distance(other.mean[None]), other.squared_distance(one.mean[None]))
    return bool(max(apart) < _SAME_SD**2)


def _weighted(density: CountedDensity, gaussians: list[PathGaussian], *, seed: int) -> PathMixture:
    """Give each Gaussian the share of the posterior that importance weights assign to it."""
    n = len(gaussians)
    even = PathMixture(shares=np.full(n, 1 / n), gaussians=tuple(gaussians))
    if n == 1:
        return even
    rng = np.random.default_rng([seed, _SHARES_STREAM])
    points, log_q = even.draw(n * _DRAWS_FOR_SHARES, int(rng.integers(2**31)))
    log_weight = np.nan_to_num(density.log_density(points) - log_q, nan=-np.inf)
    if not np.isfinite(log_weight).any():
        return even
    weights = metrics.psis.psis(log_weight).weights
    parts = np.exp(even.log_parts(points) - log_q[:, None])
    shares = weights @ parts
    kept = shares >= _LEAST_SHARE * shares.sum()
    shares = shares[kept] / shares[kept].sum()
    shares = (1 - _DEFENSIVE) * shares + _DEFENSIVE / len(shares)
    chosen = tuple(each for each, keep in zip(gaussians, kept, strict=True) if keep)
    return PathMixture(shares=shares, gaussians=chosen)
