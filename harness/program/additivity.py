r"""Proof, on the program itself, that the log likelihoods of its rows add up.

With lp(A) the log density that the program gives when it is shown the rows A alone, rows add up if

.. math:: lp(A \cup B) - lp(A) - lp(B) + lp(\emptyset) = 0

for all disjoint A and B, at all parameters: then lp(A) - lp(no rows) is a sum over rows, and N/m
times that of m random rows is an unbiased estimate of the log likelihood.

It is looked at where random points are, and where the density is high: what couples rows may be
nothing to the numbers of a random point, or be no part of the density there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.program.axes import ProgramAxis
from harness.program.identities import MAX_ROWS, Identity, identities
from harness.program.log_density import Density, LogDensity, RowBlocks, Rows
from harness.program.log_density.wire import FloatArray
from harness.program.points import higher_points, is_finite, random_points

#: Sums agree if they differ by less than this part of their terms' size.
TOLERANCE = 1e-10
#: Where the density is high: there a row's gradient may be a small difference of large numbers.
_TOLERANCE_WHERE_HIGH = 1e-6
#: Of the largest gradient, what rounding may leave in that of another parameter, in tolerances.
_ACROSS = 1e-6
#: A part that differs from none by less is the same; all rows gathered differ from all by less.
_ROUNDING = 1e-12

#: Paths to where the density is high.
_N_PATHS = 2


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Whether rows add up.

    Attributes
    ----------
    adds_up : bool
    reason : str
        Why not; empty if they do.
    defect : float
        The largest part, of their terms' size, by which sums differ, in value or gradient.
    """

    adds_up: bool
    reason: str
    defect: float


def prove(density: Density, axis: ProgramAxis, *, seed: int = 1) -> Proof:
    """Find out whether the rows along an axis add up.

    Parameters
    ----------
    density : Density
        The program with its data.
    axis : ProgramAxis
        One whose rows can be gathered.
    seed : int
        Decides points and parts.

    Returns
    -------
    Proof
    """
    rng = np.random.default_rng([seed, 15])
    if axis.name not in density.axes:
        return _refused("the executable cannot gather its rows")
    n_rows = density.axes[axis.name]
    if n_rows < 2:
        return _refused(f"there are {n_rows} rows; parts want two at least")
    if not density.n_parameters:
        return _refused("the program has no parameters that rows could inform")
    points = random_points(density, rng)
    if not len(points):
        return _refused(_failing("the program has no finite density at random points", density))
    without = _Checks(density, axis, points, np.empty(0, dtype=np.intp))
    if is_finite(without.none):
        found = without.proof(rng)
        return _confirmed(density, axis, points, rng) if found.adds_up else found
    problem = _failing("the program does not run without rows", density)
    # whether rows add up to some that are always there says more, if they do not
    some = np.sort(rng.permutation(n_rows)[: max(1, min(n_rows, MAX_ROWS) // 3)])
    beside = _Checks(density, axis, points, some)
    found = beside.proof(rng) if is_finite(beside.none) else _refused(problem)
    return _refused(problem) if found.adds_up else found


def _confirmed(
    density: Density, axis: ProgramAxis, points: FloatArray, rng: np.random.Generator
) -> Proof:
    """Find out whether rows that add up at random points do so where the density is high."""
    n_rows = density.axes[axis.name]
    some = np.sort(rng.permutation(n_rows)[:MAX_ROWS])
    with RowBlocks(density, axis.name, [some]) as block:

        def gradient(at: FloatArray) -> LogDensity:
            found = block.gradient(at[None], weight=n_rows / some.size)
            return LogDensity(found.value[0, 0], found.gradient[0, 0])

        high = higher_points(gradient, points[:_N_PATHS])
    return _Checks(density, axis, high, np.empty(0, dtype=np.intp), among=some).proof(rng)


def recheck(density: Density, axis: str, points: FloatArray, *, seed: int = 1) -> Proof:
    """Find out whether rows that are proved to add up do so at further points, those of a fit.

    Parameters
    ----------
    density : Density
        The program with its data.
    axis : str
        An axis whose rows are proved to add up.
    points : ndarray, shape (point, parameter)
        Where the density is high.
    seed : int
        Decides the parts.

    Returns
    -------
    Proof
    """
    rng = np.random.default_rng([seed, 17])
    some = np.sort(rng.permutation(density.axes[axis])[:MAX_ROWS])
    base = np.empty(0, dtype=np.intp)
    named = ProgramAxis(name=axis, variables=())
    return _Checks(density, named, points, base, among=some).proof(rng)


def _refused(reason: str) -> Proof:
    return Proof(adds_up=False, reason=reason, defect=np.inf)


def _failing(what: str, density: Density) -> str:
    """Say what fails, and what the program says to it."""
    return f"{what} ({density.failures[0]})" if density.failures else what


class _Checks:
    """Checks identities of rows beside a base of rows that are always there, none as a rule.

    Among some rows the points are where the density is high: there gradients are compared by
    parameter, since that of one may be nothing to another's.
    """

    def __init__(
        self,
        density: Density,
        axis: ProgramAxis,
        points: FloatArray,
        base: Rows,
        *,
        among: Rows | None = None,
    ) -> None:
        self._density = density
        self._among = among
        self._tolerance = TOLERANCE if among is None else _TOLERANCE_WHERE_HIGH
        self._axis = axis
        self._points = points
        self._base = base
        self.none = self._on([base])
        self._defect = 0.0
        self._changes_value = False
        self._changes_gradient = False

    def proof(self, rng: np.random.Generator) -> Proof:
        """Check all identities until one does not hold."""
        wanted = identities(self._rows(), self._among, rng)
        reasons = (self._refusal_of(identity, rng) for identity in wanted)
        reason = next(filter(None, reasons), "") or self._idleness()
        return Proof(adds_up=not reason, reason=reason, defect=self._defect)

    def _rows(self) -> Rows:
        """Return the rows that are taken apart."""
        if self._among is not None:
            return self._among
        return np.setdiff1d(np.arange(self._density.axes[self._axis.name]), self._base)

    @cached_property
    def _all(self) -> LogDensity:
        """The density on all rows."""
        found = self._density.gradient(self._points)
        return LogDensity(found.value[None], found.gradient[None])

    def _on(self, sets: Sequence[Rows]) -> LogDensity:
        """Return the density on sets of rows, those of the base among each."""
        with RowBlocks(self._density, self._axis.name, sets) as blocks:
            return blocks.gradient(self._points)

    def _refusal_of(self, identity: Identity, rng: np.random.Generator) -> str:
        """Check an identity; say what is wrong, empty if nothing is."""
        parts, whole = self._evaluate(identity)
        if not (is_finite(parts) and is_finite(whole)):
            return _failing("the program does not run on some of its rows", self._density)
        value = self._gap(parts.value, whole.value, self.none.value)
        gradient = self._gap(parts.gradient, whole.gradient, self.none.gradient)
        self._defect = max(self._defect, value, gradient)
        self._changes_value |= _differs(parts.value, self.none.value)
        self._changes_gradient |= _differs(parts.gradient, self.none.gradient)
        if max(value, gradient) <= self._tolerance:
            return ""
        where = "" if self._among is None else " where the density is high"
        return (
            f"{identity.name} miss their sum by {value:.2g} of the log density's size and by "
            f"{gradient:.2g} of the gradient's{where}: {self._cause(rng)}"
        )

    def _idleness(self) -> str:
        """Say that rows do nothing, if it is so."""
        if self._changes_gradient:
            return ""
        if self._changes_value:
            return "these rows add a constant only, which tells nothing of the parameters"
        return "the density is the same without these rows"

    def _evaluate(self, identity: Identity) -> tuple[LogDensity, LogDensity]:
        """Return the density on each part and on the whole."""
        wholes = [] if identity.whole is None else [identity.whole]
        found = self._on([np.union1d(rows, self._base) for rows in (*identity.parts, *wholes)])
        n = len(identity.parts)
        parts = LogDensity(found.value[:n], found.gradient[:n])
        if wholes:
            return parts, LogDensity(found.value[n:], found.gradient[n:])
        return parts, self._all

    def _gap(self, parts: FloatArray, whole: FloatArray, none: FloatArray) -> float:
        """Return by how much parts miss their whole, relative to the terms."""
        missed = np.abs(whole[0] - parts.sum(axis=0) + (len(parts) - 1) * none[0])
        terms = np.concatenate([np.abs(parts), np.abs(whole), np.abs(none)]).max(axis=0)
        size = 1 + terms
        if missed.ndim > 1:
            largest = terms.max(axis=-1, keepdims=True)
            least = np.finfo(np.float64).tiny
            size = 1 + largest if self._among is None else terms + _ACROSS * largest + least
        return float((missed / size).max(initial=0.0))

    def _cause(self, rng: np.random.Generator) -> str:
        """Name the likely cause of parts that do not add up."""
        if self._axis.suspicions:
            return self._axis.suspicions[0]
        rows = self._rows()
        some = [rng.permutation(rows)[:MAX_ROWS] for _ in range(2)]
        halves = [half for whole in some for half in np.array_split(whole, 2)]
        sets = [np.union1d(part, self._base) for part in (*halves, *some)]
        value = self._on([*sets, rng.permutation(sets[0])]).value
        if not np.isfinite(value).all() or _differs(value[6], value[0]):
            return (
                "the order of rows counts, as where a row depends on the one before or data are "
                "found by a row's number"
            )
        none = self.none.value[0]
        missed = [value[4 + i] - value[2 * i] - value[2 * i + 1] + none for i in range(2)]
        if np.allclose(missed[0], missed[1], rtol=1e-6, atol=1e-9):
            return f"the density contains {self._axis.name} itself, in a prior say"
        return "rows depend on one another, as in a Gaussian process or a statistic of all rows"


def _differs(some: FloatArray, other: FloatArray) -> bool:
    """Whether any value differs by more than rounding."""
    return bool((np.abs(some - other) > _ROUNDING * (1 + np.abs(other))).any())
