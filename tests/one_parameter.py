"""The errors of one parameter, where the harness compares a batch of them."""

import numpy.typing as npt

from harness.metrics.batch import Batch
from harness.metrics.draws import scalar_draws
from harness.metrics.parameter import ParameterComparison, compare_batches


def compare_parameter(draws: npt.ArrayLike, *, reference: npt.ArrayLike) -> ParameterComparison:
    """Return all errors; draws are independent, shape (n_draws,), or chains, (chain, draw)."""
    pair = (scalar_draws(draws, name="draws"), scalar_draws(reference, name="reference"))
    return compare_batches(*(Batch(each[None]) for each in pair))[0]
