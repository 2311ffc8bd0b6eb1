"""Gaussians of VI, for posteriors without a mode to start from and for many parameters.

The ELBO stands in for the mass at a mode: it is a lower bound of the log of all mass.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import DensityError
from harness.evidence.stretched import Metric
from harness.methods.ascent import Ascended, Asked, Family, ascend
from harness.methods.gaussian import MAX_DENSE, Gaussian
from harness.methods.metered import Metered
from harness.program.log_density import Density

#: Starts of the optimiser; runs that end at other places make chains that do not agree.
_N_RUNS = 3
#: Far enough for chains to start from, in sds.
_TOLERANCE = 0.1
#: As CmdStan's starts.
_RADIUS = 2.0
#: Gradients of a run: of a full covariance to begin with and for each parameter, or of sds.
_PASSES, _PASSES_PER_PARAMETER, _PASSES_OF_SDS = 1500, 4, 4000
#: A run whose ELBO is lower by more nats has found a part with so little of the mass.
_NEGLIGIBLE = -float(np.log(1e-3))
#: Draws that an ELBO is estimated from.
_N_ELBO = 200
#: Degrees of freedom of dispersed points.
_DF = 5.0


def climb(target: Metered, rng: np.random.Generator, *, limit: float) -> list[Ascended]:
    """Maximise the ELBO from several starts.

    Parameters
    ----------
    target : Metered
    rng : Generator
        Decides the starts.
    limit : float
        Gradients that all runs may take together.

    Returns
    -------
    list of Ascended
        The one with the largest ELBO first, without those of negligible mass; empty if the density
        is finite at no start, or is not computed by a program.
    """
    if not isinstance(target.target, Density):
        return []
    d = target.n_parameters
    is_dense = d <= MAX_DENSE
    passes = _PASSES + _PASSES_PER_PARAMETER * d if is_dense else _PASSES_OF_SDS
    asked = [
        Asked(
            family=Family.FULL_RANK if is_dense else Family.MEAN_FIELD,
            seed=int(seed),
            tolerance=_TOLERANCE,
            max_passes=min(passes, limit / _N_RUNS),
            init_radius=_RADIUS,
            leading=False,  # the chains that start there have a metric of their own
        )
        for seed in rng.integers(1, 2**30, _N_RUNS)
    ]
    runs = [run for run in target.map(_run, asked) if run is not None]
    runs.sort(key=lambda run: -run.elbo)
    return [run for run in runs if run.elbo > runs[0].elbo - _NEGLIGIBLE - 3 * run.elbo_error]


def _run(target: Metered, asked: Asked) -> Ascended | None:
    """Climb from one start."""
    density = target.target
    assert isinstance(density, Density)  # noqa: S101 - others do not climb
    target.check_time()
    try:
        run = ascend(density, asked)
    except DensityError:
        return None
    target.count_past(round(run.n_passes))
    if not (np.isfinite(run.gaussian.mean).all() and np.isfinite(run.gaussian.sd).all()):
        return None
    # a run that ended early has no estimate of its own
    points, log_q = run.gaussian.draw(_N_ELBO, asked.seed)
    terms = target.late_log_density(points) - log_q  # what has converged is not given up
    terms = terms[np.isfinite(terms)]
    if terms.size < _N_ELBO / 2:
        return None
    error = float(terms.std() / terms.size**0.5)
    return replace(run, elbo=float(terms.mean()), elbo_error=error)


def starts_of(
    runs: Sequence[Ascended],
    metric: Metric,
    target: Metered,
    n: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Return where chains start: one half at draws of the best run, the other dispersed.

    The dispersed half lies around all runs by turns.  A run of sds alone has the covariance of the
    metric.
    """
    half = n // 2
    gaussians = [run.gaussian for run in runs]
    if metric.is_of_curvature:
        gaussians = [replace(each, factor=metric.factor) for each in gaussians]
    drawn = _points(gaussians[0], half, rng)
    scales = np.sqrt(_DF / rng.chisquare(_DF, half))[:, None]
    dispersed = np.empty_like(drawn)
    for number, gaussian in enumerate(gaussians):
        mine = slice(number, None, len(runs))
        centre, count = gaussian.mean, len(dispersed[mine])
        dispersed[mine] = centre + scales[mine] * (_points(gaussian, count, rng) - centre)
    points = np.concatenate([drawn, dispersed])
    lost = ~np.isfinite(target.log_density(points))
    points[lost] = runs[0].gaussian.mean
    return points


def drawn(run: Ascended, rng: np.random.Generator, n: int) -> FloatArray:
    """Return draws of a run's Gaussian, shape (n, d)."""
    return _points(run.gaussian, n, rng)


def _points(gaussian: Gaussian, n: int, rng: np.random.Generator) -> FloatArray:
    return gaussian.draw(n, int(rng.integers(1, 2**30)))[0]
