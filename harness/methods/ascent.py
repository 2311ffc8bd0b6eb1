"""The optimiser beside the model: what it is asked, and what it answers."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from harness.data.dataset import FloatArray
from harness.methods.directions import MOST_EVEN, directions
from harness.methods.gaussian import Gaussian, LowRank
from harness.program.log_density import Density, number_words

_N_NUMBERS = 6
_N_OF_TRACE = 6


class Family(IntEnum):
    """The Gaussians among which the best is sought, by the numbers that the C++ knows."""

    MEAN_FIELD = 0
    FULL_RANK = 1
    LOW_RANK = 2


class End(IntEnum):
    """Why the optimiser ended."""

    CONVERGED = 0
    BUDGET = 1
    UNBOUNDED = 2
    DIVERGING = 3


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the optimiser is to do.

    Attributes
    ----------
    family : Family
    seed : int
        Decides the start, the order of the blocks and the draws.
    tolerance : float
        Of each mean and each log sd: how far from the optimum it may be, in sds.
    max_passes : float
        Evaluations of the density and its gradient, each counted by its share of the rows.
    init_radius : float
        The start is uniform within this distance of zero.
    rank : int
        Columns of a low-rank factor.
    leading : bool
        Whether mean-field on many parameters looks for leading directions of the curvature, which
        takes some hundreds of gradients.
    axis : str or None
        Along which rows are taken in batches; None for all rows.
    batch_size : int
        Rows of a batch.
    fresh : bool
        Whether each batch is drawn anew; else the rows are divided once.
    """

    family: Family
    seed: int
    tolerance: float
    max_passes: float
    init_radius: float
    rank: int = 1
    leading: bool = True
    axis: str | None = None
    batch_size: int = 0
    fresh: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Ascended:
    """What the optimiser found.

    Attributes
    ----------
    gaussian : Gaussian
    end : End
    n_iterations : int
    elbo, elbo_error : float
        The last estimate of the ELBO and its standard error, in nats.
    distance, distance_error : float
        The largest of the estimated distances of means and log sds to the optimum, in sds, and
        its standard error.
    n_passes : float
        Evaluations, each counted by its share of the rows.
    start_time_s : float
        Wall time until the first iteration, in seconds.
    n_failed : int
        Evaluations where the program throws or gives no finite number.
    trace : ndarray, shape (iteration, 6)
        Passes, ELBO, its error, distance, pairs of points, seconds.
    """

    gaussian: Gaussian
    end: End
    n_iterations: int
    elbo: float
    elbo_error: float
    distance: float
    distance_error: float
    n_passes: float
    start_time_s: float
    n_failed: int
    trace: FloatArray


def ascend(density: Density, asked: Asked) -> Ascended:
    """Find the Gaussian of a family with the largest ELBO.

    Parameters
    ----------
    density : Density
        The program with its data.
    asked : Asked
        What to do.

    Returns
    -------
    Ascended

    Raises
    ------
    DensityError
        If the density is finite at no start, or its process ends.
    """
    numbers = number_words(
        tolerance=asked.tolerance, passes=asked.max_passes, radius=asked.init_radius
    )
    words = f"family={int(asked.family)} rank={asked.rank} seed={asked.seed} {numbers}"
    words += f" leading={asked.leading:d}"
    if asked.axis is not None:
        axis = list(density.axes).index(asked.axis)
        words += f" axis={axis} batch={asked.batch_size} fresh={asked.fresh:d}"
    d = density.n_parameters
    # quasi-random points tell most where all rows are seen: of batches the noise is the rows'
    even = asked.axis is None and d <= MOST_EVEN
    reply = density.ask(f"ascent {words}", directions(d).ravel() if even else np.empty(0))
    found, rest = np.split(reply.numbers, [_N_NUMBERS])
    mean, rest = np.split(rest, [d])
    factor, trace = _factor(Family(reply.words["family"]), rest, d, reply.words["rank"])
    return Ascended(
        gaussian=Gaussian(mean=mean, factor=factor),
        end=End(reply.words["end"]),
        n_iterations=reply.words["iterations"],
        elbo=float(found[0]),
        elbo_error=float(found[1]),
        distance=float(found[2]),
        distance_error=float(found[3]),
        n_passes=float(found[4]),
        start_time_s=float(found[5]),
        n_failed=reply.words["failed"],
        trace=trace.reshape(-1, _N_OF_TRACE),
    )


def _factor(
    family: Family, numbers: FloatArray, d: int, rank: int
) -> tuple[FloatArray | LowRank, FloatArray]:
    """Take the covariance's factor off the numbers, by columns."""
    if family is Family.MEAN_FIELD:
        return numbers[:d], numbers[d:]
    if family is Family.FULL_RANK:
        return numbers[: d * d].reshape(d, d).T, numbers[d * d :]
    end = d * (1 + rank)
    loadings = numbers[d:end].reshape(rank, d).T
    return LowRank(variances=numbers[:d], loadings=loadings), numbers[end:]
