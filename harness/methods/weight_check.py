"""Check that a program which weights its rows' likelihood itself weights that and nothing else."""

import dataclasses
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from harness.data.dataset import FloatArray
from harness.data.subsample import Subsample
from harness.errors import FitError
from harness.methods.base import Problem, ProblemPart
from harness.methods.density import open_density
from harness.program.log_density import Density

#: Rows and points that the check looks at: all that a wrong program needs to be found out.
_MAX_ROWS = 50
_N_POINTS = 5
_TRIED = np.repeat([1.0, 0.5, 0.1, 0.01], 10)
#: Log densities agree if they differ by less than this part of their size.
_TOLERANCE = 1e-8

_Rows = npt.NDArray[np.intp]


def check_weights(problem: Problem, *, seed: int) -> None:
    r"""Refuse a program whose log density does not follow its contract.

    Given rows R and a weight w, the log density must be :math:`P + w L(R)`, with the same P for all
    R, and :math:`L(A \cup B) = L(A) + L(B)`.  A weighted prior, a likelihood without the weight
    and rows that depend on one another, through their mean say, violate this.

    Parameters
    ----------
    problem : Problem
        A program whose contract names a weight, and its data.
    seed : int
        Decides the points.

    Raises
    ------
    FitError
        With the values that disagree.
    """
    n_rows = problem.n_rows or 0
    rows = np.linspace(0, n_rows - 1, min(n_rows, _MAX_ROWS)).astype(np.intp)
    with open_density(problem.whole) as density:
        points = _points(density, np.random.default_rng([seed, 3]))
    if len(points) == 0 or len(rows) < 2:
        return  # where no point has a density the fit fails too, and tells of it better
    parts = rows[::2], rows[1::2], rows
    some, others, all_rows = (_Found(problem, points, part) for part in parts)
    contract = problem.program.program.contract
    name = f"'{contract.likelihood_weight}'" if contract else "the weight"
    _compare(
        problem,
        some.at(3) - some.at(2),
        some.likelihood,
        f"increasing {name} from 2 to 3 adds {{}} to the log density, but from 1 to 2 adds {{}}",
    )
    _compare(
        problem,
        some.rest,
        all_rows.rest,
        f"what {name} does not multiply is {{}} with some rows, but {{}} with more of them",
    )
    _compare(
        problem,
        some.likelihood + others.likelihood,
        all_rows.likelihood,
        f"what {name} multiplies is {{}} for two sets of rows, but {{}} for both together",
    )


@dataclass(frozen=True, eq=False)
class _Found:
    """The log density at points, given some rows."""

    problem: Problem
    points: FloatArray
    rows: _Rows

    @cache  # noqa: B019 - it lives no longer than the check
    def at(self, weight: float) -> FloatArray:
        """Return it under a weight."""
        rows = Subsample(indices=self.rows, likelihood_weight=weight)
        part = ProblemPart(subsample=rows, n_rows=self.rows.size, axis=None)
        with open_density(dataclasses.replace(self.problem, part=part)) as density:
            return density.log_density(self.points)

    @property
    def likelihood(self) -> FloatArray:
        """Return what the weight multiplies."""
        return self.at(2) - self.at(1)

    @property
    def rest(self) -> FloatArray:
        """Return what it does not."""
        return 2 * self.at(1) - self.at(2)


def _points(density: Density, rng: np.random.Generator) -> FloatArray:
    """Return random points at which the program has a density, near the origin if need be."""
    tried = _TRIED[:, None] * rng.uniform(-2, 2, (_TRIED.size, density.n_parameters))
    usable = np.isfinite(density.log_density(tried))
    return tried[usable][:_N_POINTS]


def _compare(problem: Problem, found: FloatArray, expected: FloatArray, sentence: str) -> None:
    """Refuse log densities that differ."""
    scale = np.maximum(np.abs(found), np.abs(expected)) + 1
    gap = np.abs(found - expected) / scale
    if gap.max() > _TOLERANCE or not np.isfinite(gap).all():
        worst = int(np.argmax(np.where(np.isfinite(gap), gap, np.inf)))
        told = sentence.format(f"{found[worst]:.6g}", f"{expected[worst]:.6g}")
        raise FitError(
            f"program '{problem.program.program.name}' violates its contract at a test point: "
            f"{told}; the weight must multiply the log likelihood of every row and nothing else; "
            "without 'likelihood_weight' in the contract the harness weights the rows itself"
        )
