"""A cheap approximation that NUTS starts from: inits, an inverse metric, and what they cost.

Zhang, Carpenter, Gelman and Vehtari (2022), JMLR 23(306), propose Pathfinder's draws as inits of
MCMC.  The inverse metric is the draws' covariance on the unconstrained scale, shrunk as Stan's
warm-up shrinks its own estimates: Stan Reference Manual, "HMC algorithm parameters".
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import lazy_loader as lazy
import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import FitError, MethodError
from harness.fits.fit import Fit
from harness.fits.posterior import posterior_parts
from harness.messages.numerals import numeral
from harness.methods.approximations import APPROXIMATED, Approximated
from harness.methods.base import Method, Problem, build_method
from harness.methods.evaluation import MAX_POINTS
from harness.methods.subsample_advi import SubsampleAdvi

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: CmdStan's Euclidean metrics.
Metric = Literal["diag_e", "dense_e", "unit_e"]

#: What of an approximation becomes the inverse metric, in words.
_USES: Mapping[Metric, str] = {
    "diag_e": ", its variances as inverse metric",
    "dense_e": ", its covariance as inverse metric",
    "unit_e": "",
}

#: Approximations that NUTS may start from, by name.
APPROXIMATIONS: Mapping[str, type[Method]] = {
    **APPROXIMATED,
    SubsampleAdvi.name: SubsampleAdvi,
}
#: Their names, as an option.
Startable = Literal[Approximated, "subsample_advi"]

#: Keeps the generator of the approximation's seed and of the inits apart from others.
_STREAM = 4
#: Stan's shrinkage: so many draws' worth of so small a variance.
_PRIOR_DRAWS, _PRIOR_VARIANCE = 5.0, 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class WarmStart:
    """Where chains start, and what it took to find out.

    Attributes
    ----------
    inits : tuple of Mapping
        Of each chain, a draw of the approximation on the constrained scale, by variable.
    inv_metric : ndarray or None
        Variances (``diag_e``, shape (d,)) or covariance (``dense_e``, shape (d, d)) of the
        approximation on the unconstrained scale, shrunk; None for ``unit_e``.
    fit_time_s : float
        Wall time of the fit and of putting its draws on the unconstrained scale.
    n_gradients : int or None
        Those of the fit; None if they are not known.
    warnings : tuple of str
        What was used, and what the approximation's fit warned of.
    """

    inits: tuple[Mapping[str, np.typing.NDArray[np.generic]], ...]
    inv_metric: FloatArray | None
    fit_time_s: float
    n_gradients: int | None
    warnings: tuple[str, ...]


def make_approximation(
    name: str, options: Mapping[str, Any], *, n_chains: int, init_radius: float
) -> Method:
    """Return the approximation with its options set.

    Parameters
    ----------
    name : str
        A key of :data:`APPROXIMATIONS`.
    options : Mapping
        Of the approximation.  Left out, `n_draws` is 200, as many as the metric looks at, and
        `init_radius`, where there is one, is the sampler's.
    n_chains : int
        Each takes another draw.
    init_radius : float
        The sampler's.

    Returns
    -------
    Method

    Raises
    ------
    MethodError
        If an option is unknown, missing or not allowed, or there are fewer draws than chains.
    """
    cls = APPROXIMATIONS[name]
    defaults: dict[str, Any] = {"n_draws": MAX_POINTS, "init_radius": init_radius}
    known = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    defaults = {option: value for option, value in defaults.items() if option in known}
    try:
        approximation = build_method(cls, {**defaults, **options})
    except MethodError as error:
        raise MethodError(f"the warm start: {error}") from error
    n_draws: int = getattr(approximation, "n_draws", MAX_POINTS)
    if n_draws < n_chains:
        raise MethodError(
            f"the warm start takes n_draws = {n_draws} draws of '{name}' for {n_chains} chains; "
            "each chain needs its own draw"
        )
    return approximation


def warm_start(
    problem: Problem,
    approximation: Method,
    *,
    n_chains: int,
    metric: Metric,
    seed: int,
) -> WarmStart:
    """Fit an approximation and take inits and the inverse metric from it.

    Parameters
    ----------
    problem : Problem
        What is to be sampled.
    approximation : Method
        From :func:`make_approximation`.
    n_chains : int
        Inits to choose, all different.
    metric : str
        CmdStan's name of the metric.
    seed : int
        The run's; the approximation's is derived from it.

    Returns
    -------
    WarmStart

    Raises
    ------
    FitError
        If the approximation fails or has too few usable draws; the message names it.
    """
    rng = np.random.default_rng([seed, _STREAM])
    own_seed = int(rng.integers(1, 2**31))
    try:
        fit = approximation.fit(problem, seed=own_seed)
        inits = _inits(fit, problem.program.parameters, n_chains, rng)
        points = _points(fit)
    except FitError as error:
        raise FitError(f"the warm start from '{approximation.name}' failed: {error}") from error
    fit_time_s = (fit.fit_time_s or 0.0) + points.attrs["wall_time_s"]
    positions = points["position"].to_numpy()
    note = (
        f"warm start from '{approximation.name}': {n_chains} of its draws as initial values"
        f"{_USES[metric]}; its {numeral(fit_time_s, 2)} s count as adaptation"
    )
    return WarmStart(
        inits=inits,
        inv_metric=_inv_metric(positions, metric),
        fit_time_s=fit_time_s,
        n_gradients=fit.cost.n_gradients,
        warnings=(note, *(f"warm start: {warning}" for warning in fit.warnings)),
    )


def _inv_metric(positions: FloatArray, metric: Metric) -> FloatArray | None:
    """Return the inverse metric in the shape that CmdStan wants."""
    if metric == "unit_e":
        return None
    covariance = shrunk_covariance(positions)
    return covariance if metric == "dense_e" else np.diag(covariance)


def shrunk_covariance(points: FloatArray) -> FloatArray:
    """Return the covariance of points, shrunk towards a small unit metric as Stan shrinks.

    Parameters
    ----------
    points : ndarray, shape (point, d)
        Draws on the unconstrained scale, at least two.

    Returns
    -------
    ndarray, shape (d, d)
        ``n / (n + 5)`` times the sample covariance, plus ``5 / (n + 5)`` times 0.001 on its
        diagonal: positive definite however few points there are.
    """
    n, d = points.shape
    covariance = np.cov(points, rowvar=False).reshape(d, d)
    share = n / (n + _PRIOR_DRAWS)
    shrunk: FloatArray = share * covariance + (1 - share) * _PRIOR_VARIANCE * np.eye(d)
    return shrunk


def _inits(
    fit: Fit, parameters: tuple[str, ...], n_chains: int, rng: np.random.Generator
) -> tuple[Mapping[str, np.typing.NDArray[np.generic]], ...]:
    """Choose different draws with a finite log density."""
    draws = fit.read_draws()
    parts = posterior_parts(draws["posterior"].to_dataset(), parameters)
    for name in set(parts) - set(parameters):
        raise FitError(
            f"it cannot give initial values of '{name}', a part of a complex number or a tuple"
        )
    posterior = {name: values[0] for name, values in parts.items()}
    usable = np.flatnonzero(np.isfinite(draws["sample_stats"]["log_p"].to_numpy()[0]))
    flat = np.column_stack([v[usable].reshape(usable.size, -1) for v in posterior.values()])
    distinct = usable[np.sort(np.unique(flat, axis=0, return_index=True)[1])]
    if distinct.size < n_chains:
        raise FitError(f"it has {distinct.size} distinct usable draws for {n_chains} chains")
    chosen = rng.choice(distinct, n_chains, replace=False)
    return tuple({name: values[i] for name, values in posterior.items()} for i in chosen)


def _points(fit: Fit) -> "xr.Dataset":
    """Return draws on the unconstrained scale."""
    draws = fit.read_draws()
    if "points" not in draws.children:
        raise FitError("its draws cannot be put on the unconstrained scale")
    points = draws["points"].to_dataset()
    if points.sizes["point"] < 2 or not np.isfinite(points["position"]).all():
        raise FitError("it has too few finite draws on the unconstrained scale")
    return points
