"""Programs with data for which the best Gaussian can be found by other means."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.dataset import FloatArray
from harness.data.generators import GENERATORS
from harness.methods.gaussian import Gaussian

HERE = Path(__file__).parent
STAN = HERE.parent.parent / "stan"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A program with its data, and what is asked of fits to it.

    Attributes
    ----------
    name : str
    file : Path
        The program.
    data : callable
        Makes its data.
    limit_sd : float
        The largest error of a mean that a run may have, in sds of the best Gaussian; infinite
        where a run may say that it has not converged.
    batch_size : int or None
        Rows of a batch.
    families : tuple of str
        Methods that are tried.
    n_draws : int
        Fixed draws of the deterministic optimisation; 0 for a posterior close to Gaussian, where
        a cubature is exact.
    has_best : bool
        Whether there is a best Gaussian; else no run may say that it has found it.
    best : Gaussian or None
        The best one, where it is known.
    """

    name: str
    file: Path
    data: Callable[[], Mapping[str, Any]]
    limit_sd: float = np.inf
    batch_size: int | None = None
    families: tuple[str, ...] = ("vi_meanfield",)
    n_draws: int = 2**13
    has_best: bool = True
    best: Gaussian | None = None


def _logistic(n: int, k: int) -> Mapping[str, Any]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, k))
    share = 1 / (1 + np.exp(-(0.3 + x @ rng.normal(size=k) * 0.5)))
    return {"N": n, "K": k, "X": x, "y": (rng.random(n) < share).astype(int)}


def _collinear() -> Mapping[str, Any]:
    rng = np.random.default_rng(2)
    n, k = 5000, 24
    x = rng.normal(size=(n, 1)) + 0.1 * rng.normal(size=(n, k))
    return {"N": n, "K": k, "X": x, "y": 1 + x @ rng.normal(size=k) + rng.normal(size=n)}


def _hierarchical() -> Mapping[str, Any]:
    rng = np.random.default_rng(3)
    n, n_groups = 919, 85
    sizes = rng.gamma(0.7, size=n_groups) + 0.05
    others = rng.choice(n_groups, size=n - n_groups, p=sizes / sizes.sum())
    group = np.concatenate([np.arange(n_groups), others])
    x = (rng.random(n) < 0.17).astype(float)
    intercepts = 1.3 + 0.35 * rng.normal(size=n_groups)
    y = intercepts[group] - 0.6 * x + 0.75 * rng.normal(size=n)
    return {"N": n, "J": n_groups, "group": group + 1, "x": x, "y": y}


def _mixture() -> Mapping[str, Any]:
    y = GENERATORS["notebook_large"]()
    return {"N": len(y), "y": y, "prior_sd": 1.0, "likelihood_weight": 1.0}


def _chain_sds(d: int) -> FloatArray:
    """Return the sds of each link of the chain given its neighbours, which are the best ones."""
    precision = np.full(d, (1 + 0.9**2) / 0.4**2)
    precision[0], precision[-1] = 1 + 0.9**2 / 0.4**2, 1 / 0.4**2
    return np.asarray(precision**-0.5)


def _funnel(d: int) -> Gaussian:
    """Return the best one: the ELBO is concave in the first mean, and then known in the first sd.

    Signs of the others may be changed and they are exchangeable, so no covariance is of use.
    """
    first = (1 / 9 + (d - 1) / 2) ** -0.5
    sd = np.full(d, np.exp(-(first**2) / 4))
    sd[0] = first
    return Gaussian(mean=np.zeros(d), factor=sd)


def _unknown_scale(d: int) -> Gaussian:
    """Return the best one, with the logarithm of the scale last."""
    variance = 1 / (2 * d - 1)
    mean, sd = np.zeros(d), np.full(d, np.exp(-1.5 * variance))
    mean[-1], sd[-1] = -0.5 * variance, np.sqrt(variance)
    return Gaussian(mean=mean, factor=sd)


def _kind(number: int, unbounded: int, positive: int) -> Callable[[], Mapping[str, Any]]:
    return lambda: {"kind": number, "K": unbounded, "P": positive}


ALL = ("vi_meanfield", "vi_fullrank", "vi_lowrank")
LOGISTIC, KINDS = HERE / "logistic.stan", HERE / "kinds.stan"

CASES: tuple[Case, ...] = (
    Case(
        name="mixture, batches of 200",
        file=STAN / "gmm.stan",
        data=_mixture,
        limit_sd=0.05,
        batch_size=200,
        n_draws=0,
    ),
    Case(
        name="logistic 1e5 x 10, batches of 200",
        file=LOGISTIC,
        data=lambda: _logistic(100_000, 10),
        limit_sd=0.05,
        batch_size=200,
        families=ALL,
        n_draws=0,
    ),
    Case(
        name="logistic 1e5 x 10",
        file=LOGISTIC,
        data=lambda: _logistic(100_000, 10),
        limit_sd=0.05,
        n_draws=0,
    ),
    Case(
        name="collinear regression",
        file=HERE / "linear.stan",
        data=_collinear,
        limit_sd=0.1,
        families=ALL,
        n_draws=0,
    ),
    Case(
        name="hierarchical regression",
        file=HERE / "hierarchical.stan",
        data=_hierarchical,
        limit_sd=0.2,
        families=ALL,
        n_draws=2**12,
    ),
    Case(name="normal, d = 1", file=KINDS, data=_kind(1, 1, 0), limit_sd=0.05, families=ALL),
    Case(name="half-normal", file=KINDS, data=_kind(2, 0, 1)),
    Case(name="Student t(4), d = 1", file=KINDS, data=_kind(3, 1, 0)),
    Case(name="Student t(4), d = 10", file=KINDS, data=_kind(3, 10, 0), families=ALL),
    Case(name="funnel, d = 10", file=KINDS, data=_kind(5, 10, 0), families=ALL, best=_funnel(10)),
    Case(
        name="unknown scale, d = 4",
        file=KINDS,
        data=_kind(8, 3, 1),
        families=ALL,
        best=_unknown_scale(4),
    ),
    Case(name="flat", file=KINDS, data=_kind(4, 1, 0), has_best=False, families=ALL),
    Case(name="divided groups", file=KINDS, data=_kind(7, 1, 0), has_best=False, families=ALL),
    Case(
        name="normal, d = 5000",
        file=KINDS,
        data=_kind(1, 5000, 0),
        limit_sd=0.05,
        best=Gaussian(mean=np.ones(5000), factor=np.full(5000, 2.0)),
    ),
    Case(
        name="chain, d = 3000",
        file=KINDS,
        data=_kind(6, 3000, 0),
        limit_sd=0.2,
        best=Gaussian(mean=np.zeros(3000), factor=_chain_sds(3000)),
    ),
    Case(
        name="chain, d = 500",
        file=KINDS,
        data=_kind(6, 500, 0),
        limit_sd=0.2,
        best=Gaussian(mean=np.zeros(500), factor=_chain_sds(500)),
    ),
    Case(
        name="logistic 1e6 x 20, batches of 200",
        file=LOGISTIC,
        data=lambda: _logistic(1_000_000, 20),
        limit_sd=0.05,
        batch_size=200,
        n_draws=0,
    ),
)
