r"""Proof, on the program itself, that the log likelihoods of its rows add up.

With lp(A) the log density that the program gives when it is shown the rows A alone, rows add up if

.. math:: lp(A \cup B) - lp(A) - lp(B) + lp(\emptyset) = 0

for all disjoint A and B, at all parameters: then lp(A) - lp(no rows) is a sum over rows, and N/m
times that of m random rows is an unbiased estimate of the log likelihood.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.program.axes import ProgramAxis
from harness.program.log_density import Density, LogDensity, RowBlocks, Rows
from harness.program.log_density.wire import FloatArray

#: Sums agree if they differ by less than this part of their terms' size.
TOLERANCE = 1e-10
#: A part that differs from none by less is the same; all rows gathered differ from all by less.
_ROUNDING = 1e-12

_N_POINTS = 3
_MAX_TRIES = 40
#: Random halves are of so many rows at most; further identities are of all rows.
_MAX_ROWS = 20_000
_N_SINGLE = 8
_N_BLOCKS = 5


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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Identity:
    """Rows that are to add up to others: to `whole`, or to all rows if that is None."""

    name: str
    parts: Sequence[Rows]
    whole: Rows | None = None


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
    if _is_finite(without.none):
        return without.proof(rng)
    problem = _failing("the program does not run without rows", density)
    # whether rows add up to some that are always there says more, if they do not
    some = np.sort(rng.permutation(n_rows)[: max(1, min(n_rows, _MAX_ROWS) // 3)])
    beside = _Checks(density, axis, points, some)
    found = beside.proof(rng) if _is_finite(beside.none) else _refused(problem)
    return _refused(problem) if found.adds_up else found


def _refused(reason: str) -> Proof:
    return Proof(adds_up=False, reason=reason, defect=np.inf)


def _failing(what: str, density: Density) -> str:
    """Say what fails, and what the program says to it."""
    return f"{what} ({density.failures[0]})" if density.failures else what


def _is_finite(found: LogDensity) -> bool:
    return bool(np.isfinite(found.value).all() and np.isfinite(found.gradient).all())


def random_points(density: Density, rng: np.random.Generator) -> FloatArray:
    """Return random points at which the program has a density, near the origin if need be."""
    scales = np.repeat([1.0, 0.5, 0.1, 0.01], _MAX_TRIES // 4)
    tried = scales[:, None] * rng.uniform(-2, 2, (scales.size, density.n_parameters))
    found = []
    for point in tried:
        if _is_finite(density.gradient(point)):
            found.append(point)
        if len(found) == _N_POINTS:
            break
    return np.array(found)


def _identities(rows: Rows, rng: np.random.Generator) -> Iterator[_Identity]:
    """Yield parts of some rows that must add up, cheap ones first."""
    some = rng.permutation(rows)[:_MAX_ROWS]
    single = np.sort(some[:_N_SINGLE])
    yield _Identity(name="single rows", parts=list(single[:, None]), whole=single)
    first = rng.integers(max(1, rows.size - 1))
    pair = rows[first : first + 2]
    yield _Identity(name="neighbouring rows", parts=list(pair[:, None]), whole=pair)
    halves = [np.sort(half) for half in np.array_split(some, 2)]
    yield _Identity(name="random halves", parts=halves, whole=np.sort(some))
    yield _Identity(name="contiguous halves", parts=np.array_split(rows, 2))
    blocks = np.array_split(rng.permutation(rows), min(_N_BLOCKS, rows.size))
    yield _Identity(name="random blocks", parts=[np.sort(block) for block in blocks])


class _Checks:
    """Checks identities of rows beside a base of rows that are always there, none as a rule."""

    def __init__(self, density: Density, axis: ProgramAxis, points: FloatArray, base: Rows) -> None:
        self._density = density
        self._axis = axis
        self._points = points
        self._base = base
        self.none = self._on([base])
        self._defect = 0.0
        self._changes_value = False
        self._changes_gradient = False

    def proof(self, rng: np.random.Generator) -> Proof:
        """Check all identities until one does not hold."""
        rows = np.setdiff1d(np.arange(self._density.axes[self._axis.name]), self._base)
        reasons = (self._refusal_of(identity, rng) for identity in _identities(rows, rng))
        reason = next(filter(None, reasons), "") or self._idleness()
        return Proof(adds_up=not reason, reason=reason, defect=self._defect)

    @cached_property
    def _all(self) -> LogDensity:
        """The density on all rows."""
        found = self._density.gradient(self._points)
        return LogDensity(found.value[None], found.gradient[None])

    def _on(self, sets: Sequence[Rows]) -> LogDensity:
        """Return the density on sets of rows, those of the base among each."""
        with RowBlocks(self._density, self._axis.name, sets) as blocks:
            return blocks.gradient(self._points)

    def _refusal_of(self, identity: _Identity, rng: np.random.Generator) -> str:
        """Check an identity; say what is wrong, empty if nothing is."""
        parts, whole = self._evaluate(identity)
        if not (_is_finite(parts) and _is_finite(whole)):
            return _failing("the program does not run on some of its rows", self._density)
        value = self._gap(parts.value, whole.value, self.none.value)
        gradient = self._gap(parts.gradient, whole.gradient, self.none.gradient)
        self._defect = max(self._defect, value, gradient)
        self._changes_value |= _differs(parts.value, self.none.value)
        self._changes_gradient |= _differs(parts.gradient, self.none.gradient)
        if max(value, gradient) <= TOLERANCE:
            return ""
        return (
            f"{identity.name} miss their sum by {value:.2g} of the log density's size and by "
            f"{gradient:.2g} of the gradient's: {self._cause(rng)}"
        )

    def _idleness(self) -> str:
        """Say that rows do nothing, if it is so."""
        if self._changes_gradient:
            return ""
        if self._changes_value:
            return "these rows add a constant only, which tells nothing of the parameters"
        return "the density is the same without these rows"

    def _evaluate(self, identity: _Identity) -> tuple[LogDensity, LogDensity]:
        """Return the density on each part and on the whole."""
        wholes = [] if identity.whole is None else [identity.whole]
        found = self._on([np.union1d(rows, self._base) for rows in (*identity.parts, *wholes)])
        n = len(identity.parts)
        parts = LogDensity(found.value[:n], found.gradient[:n])
        if wholes:
            return parts, LogDensity(found.value[n:], found.gradient[n:])
        return parts, self._all

    @staticmethod
    def _gap(parts: FloatArray, whole: FloatArray, none: FloatArray) -> float:
        """Return by how much parts miss their whole, relative to the terms."""
        missed = np.abs(whole[0] - parts.sum(axis=0) + (len(parts) - 1) * none[0])
        terms = np.concatenate([np.abs(parts), np.abs(whole), np.abs(none)])
        if missed.ndim == 1:
            return float((missed / (1 + terms.max(axis=0))).max())
        return float((missed.max(axis=-1) / (1 + terms.max(axis=(0, -1)))).max(initial=0.0))

    def _cause(self, rng: np.random.Generator) -> str:
        """Name the likely cause of parts that do not add up."""
        if self._axis.suspicions:
            return self._axis.suspicions[0]
        rows = np.setdiff1d(np.arange(self._density.axes[self._axis.name]), self._base)
        some = [rng.permutation(rows)[:_MAX_ROWS] for _ in range(2)]
        halves = [half for whole in some for half in np.array_split(whole, 2)]
        sets = [np.union1d(part, self._base) for part in (*halves, *some)]
        value = self._on([*sets, rng.permutation(sets[0])]).value
        if not np.isfinite(value).all() or _differs(value[6], value[0]):
            return "the order of rows counts, as where a row depends on the one before"
        none = self.none.value[0]
        missed = [value[4 + i] - value[2 * i] - value[2 * i + 1] + none for i in range(2)]
        if np.allclose(missed[0], missed[1], rtol=1e-6, atol=1e-9):
            return f"the density contains {self._axis.name} itself, in a prior say"
        return "rows depend on one another, as in a Gaussian process or a statistic of all rows"


def _differs(some: FloatArray, other: FloatArray) -> bool:
    """Whether any value differs by more than rounding."""
    return bool((np.abs(some - other) > _ROUNDING * (1 + np.abs(other))).any())
