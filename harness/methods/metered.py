"""A log density that keeps an account of what is asked of it, and stops when its time is up."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from harness.data.dataset import FloatArray
from harness.program.log_density import Density, LogDensity, OutOfTimeError, TooDearError

#: Points of one call, so that a budget of time is kept where a density is slow.
_CHUNK = 128
#: Products of one call, each of which takes several gradients.
_FEW = 16
#: Points of one call when the time is up, and the seconds that such calls may take together.
_LATE_CHUNK, _LATE_S = 16, 3.0
#: What a log density costs in gradients: autodiff records and runs back what doubles compute once.
GRADIENTS_PER_DENSITY = 0.5
#: Gradients of a Hessian-vector product by differences, and by autodiff.
_DIFFERENCES, _EXACT = 4, 2


class DensityFunction(Protocol):
    """What evidence needs of a density; :class:`~harness.program.log_density.Density` has it."""

    @property
    def n_parameters(self) -> int:
        """How many unconstrained parameters there are."""
        ...

    @property
    def has_exact_curvature(self) -> bool:
        """Whether Hessian-vector products are exact."""
        ...

    def log_density(self, points: npt.ArrayLike) -> FloatArray:
        """Return the log density at each point, shape (...)."""
        ...

    def gradient(self, points: npt.ArrayLike) -> LogDensity:
        """Return the log density and its gradient at each point."""
        ...

    def hessian_vector(self, points: npt.ArrayLike, vectors: npt.ArrayLike) -> FloatArray:
        """Return the Hessian at each point times a vector, shape (..., parameter)."""
        ...


class Effort(NamedTuple):
    """What evidence has cost.

    Attributes
    ----------
    n_gradients, n_densities : int
        Evaluations of the full data's log density with and without its gradient.
    wall_time_s : float
        In seconds.
    """

    n_gradients: int
    n_densities: int
    wall_time_s: float

    @property
    def in_gradients(self) -> float:
        """All of it in gradients, a density as half of one."""
        return self.n_gradients + GRADIENTS_PER_DENSITY * self.n_densities

    def since(self, earlier: "Effort") -> "Effort":
        """Return what has been added to an earlier account."""
        return Effort(
            self.n_gradients - earlier.n_gradients,
            self.n_densities - earlier.n_densities,
            self.wall_time_s - earlier.wall_time_s,
        )


class _Account:
    """What has been asked, in whichever thread."""

    def __init__(self, budget_s: float | None) -> None:
        self.begin = time.perf_counter()
        self.budget_s = np.inf if budget_s is None else budget_s
        self.n_gradients = 0
        self.n_densities = 0
        self._lock = threading.Lock()

    def add(self, *, n_gradients: int = 0, n_densities: int = 0) -> None:
        """Count evaluations."""
        with self._lock:
            self.n_gradients += n_gradients
            self.n_densities += n_densities


class Metered:
    """A density with an account.

    Parameters
    ----------
    *targets : DensityFunction
        The same density, in one process or in several, which then work side by side.
    budget_s : float, optional
        After so many seconds every call raises :class:`OutOfTimeError`.
    """

    def __init__(
        self,
        *targets: DensityFunction,
        budget_s: float | None = None,
        account: _Account | None = None,
    ) -> None:
        self.target = targets[0]
        self._targets = targets
        self._account = _Account(budget_s) if account is None else account

    def map[T, R](self, work: Callable[["Metered", T], R], items: Sequence[T]) -> list[R]:
        """Do some work for each item, with one process each; results have the items' order."""
        if len(self._targets) == 1:
            return [work(self, item) for item in items]
        free: queue.Queue[DensityFunction] = queue.Queue()
        for target in self._targets:
            free.put(target)

        def do(item: T) -> R:
            target = free.get()
            try:
                return work(Metered(target, account=self._account), item)
            finally:
                free.put(target)

        with ThreadPoolExecutor(len(self._targets)) as pool:
            return list(pool.map(do, items))

    @property
    def n_parameters(self) -> int:
        """How many unconstrained parameters there are."""
        return self.target.n_parameters

    @property
    def _programs(self) -> list[Density]:
        """The processes; a function of NumPy has none."""
        return [target for target in self._targets if isinstance(target, Density)]

    @property
    def cpu_s(self) -> float:
        """The CPU time that the processes have used, in seconds."""
        return sum(program.process.cpu_s for program in self._programs)

    @property
    def start_s(self) -> float:
        """The seconds that a process needs until it evaluates."""
        return max((program.process.start_s for program in self._programs), default=0.0)

    @contextmanager
    def in_time(self, *, late_s: float = 0.0) -> Iterator[None]:
        """Stop whatever a process evaluates when the time is up.

        Parameters
        ----------
        late_s : float
            So many seconds at least are left.
        """
        now = time.perf_counter()
        until = max(self._account.begin + self._account.budget_s, now + late_s)
        before = [program.limits.until for program in self._programs]
        for program in self._programs:
            program.limits.until = until
        try:
            yield
        finally:
            for program, earlier in zip(self._programs, before, strict=True):
                program.limits.until = earlier

    def within[R](self, cpu_s: float, work: Callable[[], R]) -> R | None:
        """Do some work, and give it up if a process takes more CPU time than this.

        Parameters
        ----------
        cpu_s : float
            In seconds.
        work : callable
            What needs the density.

        Returns
        -------
        object or None
            What the work gives; None if it was given up.
        """
        for program in self._programs:
            program.limits.cpu_until = program.process.cpu_s + cpu_s
        try:
            return work()
        except TooDearError:
            return None
        finally:
            for program in self._programs:
                program.limits.cpu_until = np.inf

    @property
    def spent(self) -> Effort:
        """What has been asked so far."""
        account = self._account
        elapsed_s = time.perf_counter() - account.begin
        return Effort(account.n_gradients, account.n_densities, elapsed_s)

    @property
    def time_left_s(self) -> float:
        """Return the seconds that are left, infinity without a budget."""
        return self._account.budget_s - (time.perf_counter() - self._account.begin)

    def count(self, n_gradients: int) -> None:
        """Add gradients that were evaluated elsewhere, and stop if the time is up."""
        self.count_past(n_gradients)
        self.check_time()

    def count_past(self, n_gradients: int) -> None:
        """Add gradients that were evaluated elsewhere, whatever the time."""
        self._account.add(n_gradients=n_gradients)

    def check_time(self) -> None:
        """Stop if the time is up.

        Raises
        ------
        OutOfTimeError
        """
        if self.time_left_s <= 0:
            raise OutOfTimeError

    def log_density(self, points: FloatArray) -> FloatArray:
        """Return the log density at each of some points; minus infinity where there is none."""
        chunks = [points[begin : begin + _CHUNK] for begin in range(0, len(points), _CHUNK)]
        parts = self.map(Metered._log_density, chunks)
        values = np.concatenate(parts) if parts else np.empty(0)
        return np.where(np.isnan(values), -np.inf, values)

    def late_log_density(self, points: FloatArray) -> FloatArray:
        """Return the log density at a few points in one process when the time is up.

        Where that would take more than some seconds, the last points have none.
        """
        values = np.full(len(points), -np.inf)
        with self.in_time(late_s=_LATE_S), suppress(OutOfTimeError):
            for begin in range(0, len(points), _LATE_CHUNK):
                some = slice(begin, begin + _LATE_CHUNK)
                values[some] = self._evaluate(points[some])
        return np.where(np.isnan(values), -np.inf, values)

    def _log_density(self, points: FloatArray) -> FloatArray:
        """Evaluate some points in one process."""
        self.check_time()
        return self._evaluate(points)

    def _evaluate(self, points: FloatArray) -> FloatArray:
        self._account.add(n_densities=len(points))
        return np.asarray(self.target.log_density(points), dtype=np.float64)

    def gradient(self, points: FloatArray) -> LogDensity:
        """Return the log density and its gradient at each of some points, or at one."""
        self.count(int(np.prod(points.shape[:-1])))
        return self.target.gradient(points)

    @property
    def hessian_cost(self) -> int:
        """Gradients that a Hessian takes."""
        return self.n_parameters * (_EXACT if self.target.has_exact_curvature else _DIFFERENCES)

    def hessian(self, point: FloatArray) -> FloatArray:
        """Return the Hessian of the log density at a point, shape (d, d)."""
        vectors = np.eye(point.size)
        some = [vectors[begin : begin + _FEW] for begin in range(0, point.size, _FEW)]
        matrix = np.concatenate(self.map(Metered._curvature, [(point, each) for each in some]))
        symmetric: FloatArray = (matrix + matrix.T) / 2
        return symmetric

    def curvature(self, point: FloatArray, vectors: FloatArray) -> FloatArray:
        """Return the Hessian of the log density at a point times some vectors, in their shape."""
        return self._curvature((point, vectors))

    def _curvature(self, given: tuple[FloatArray, FloatArray]) -> FloatArray:
        """Return the Hessian at a point times some vectors, in one process."""
        point, vectors = given
        each = _EXACT if self.target.has_exact_curvature else _DIFFERENCES
        self.count(each * len(vectors))
        return self.target.hessian_vector(point, vectors)
