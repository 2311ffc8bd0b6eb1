"""The log density of a program with its data, and its derivatives, at any points."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from harness.errors import DensityError
from harness.program.log_density.limits import Limits, OutOfTimeError, TooDearError
from harness.program.log_density.points import as_points
from harness.program.log_density.process import DensityProcess, start_process
from harness.program.log_density.wire import FloatArray, Reply, switch_words

#: What ``_rng`` functions in transformed data draw is decided by this seed, for all fits alike.
DATA_SEED = 1
#: So much of what a program prints is kept, the last of it.
_MAX_PRINTED = 1_000_000
#: Under this name in the data it reaches the model of every executable.
DATA_SEED_NAME = "harness_data_seed"


class LogDensity(NamedTuple):
    """A log density and its gradient.

    Attributes
    ----------
    value : ndarray, shape (...)
        In nats.
    gradient : ndarray, shape (..., parameter)
        With respect to the unconstrained parameters.
    """

    value: FloatArray
    gradient: FloatArray


class Density:
    """The log density of a program with its data, as a function of unconstrained parameters.

    It is computed by the compiled program in a process of its own, which ends with the ``with``
    block or with :meth:`close`.  All functions take one point or any array of points, the last
    dimension that of the parameters.  Where the program throws or rejects, the result is NaN and
    :attr:`failures` has the causes.

    Parameters
    ----------
    executable : Path
        The compiled program.
    data : Path or Mapping
        A file in CmdStan's JSON, or data as such a file holds them.
    name : str
        The program's name, for messages.
    threads : int
        Evaluates so many points at once, where the program is compiled with ``STAN_THREADS``.
    data_seed : int
        Decides what ``_rng`` functions draw in transformed data.
    rows_files : Path, optional
        A list of files with the rows, for which those in the data stand;
        :func:`harness.program.filed_rows.write_manifest` writes it.

    Attributes
    ----------
    parameter_names : tuple of str
        The unconstrained parameters.
    axes : dict
        Integers of the data along which rows can be gathered, with their values.
    printed : str
        What the program has printed so far, by ``print`` or otherwise.
    failures : tuple of str
        Causes that the last call has met, each with how often.
    limits : Limits
        A call that reaches one raises its error, and the next call starts a new process.

    Raises
    ------
    DensityError
        If the program refuses its data.
    """

    def __init__(
        self,
        executable: Path,
        data: Path | Mapping[str, Any],
        *,
        name: str = "program",
        threads: int = 1,
        data_seed: int = DATA_SEED,
        rows_files: Path | None = None,
    ) -> None:
        self._begin = partial(
            start_process, executable, data, data_seed=data_seed, name=name, rows_files=rows_files
        )
        self._process, self._is_stopped = self._begin(), False
        self._threads = threads
        self._printed = ""
        self.limits = Limits()
        self.failures: tuple[str, ...] = ()
        self.parameter_names = self.process.ask("names unconstrained=1").lines
        sizes = (line.partition(" ") for line in self.process.ask("axes").lines)
        self.axes = {axis: int(size) for size, _, axis in sizes}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._is_stopped = False
        self._process.close()

    @property
    def process(self) -> DensityProcess:
        """What evaluates; a new process if the last one was stopped at a limit."""
        if self._is_stopped:
            self._process, self._is_stopped = self._begin(), False
        return self._process

    @property
    def n_parameters(self) -> int:
        """How many unconstrained parameters there are."""
        return self._process.ready.words["dimension"]

    @property
    def has_exact_curvature(self) -> bool:
        """Whether :meth:`hessian_vector` is exact, not by differences of gradients."""
        return bool(self._process.ready.words["exact_curvature"])

    @property
    def printed(self) -> str:
        """What the program has printed so far, in transformed data first."""
        return self.process.printed() + self._printed

    def variable_names(
        self, *, transformed: bool = False, generated: bool = False
    ) -> tuple[str, ...]:
        """Return the names of values on the constrained scale, as CmdStan's CSV has them.

        Parameters
        ----------
        transformed, generated : bool
            Whether transformed parameters and generated quantities are among them.
        """
        flags = switch_words(transformed=transformed, generated=generated)
        return self.process.ask(f"names {flags}").lines

    def log_density(
        self, points: npt.ArrayLike, *, jacobian: bool = True, propto: bool = False
    ) -> FloatArray:
        """Return the log density at each point.

        Parameters
        ----------
        points : array_like, shape (..., parameter)
            On the unconstrained scale.
        jacobian : bool
            Whether the log Jacobian of the constraining transform is part of it.
        propto : bool
            Whether terms of ``~`` statements that do not depend on parameters are left out, as
            CmdStan's own methods do.

        Returns
        -------
        ndarray, shape (...)
        """
        at = as_points(points, self.n_parameters)
        flags = f"gradient=0 {switch_words(jacobian=jacobian, propto=propto)}"
        return self._map("density", flags, at, 1)[..., 0]

    def gradient(
        self, points: npt.ArrayLike, *, jacobian: bool = True, propto: bool = False
    ) -> LogDensity:
        """Return the log density and its gradient at each point.

        Parameters
        ----------
        points, jacobian, propto
            As for :meth:`log_density`.

        Returns
        -------
        LogDensity
        """
        at = as_points(points, self.n_parameters)
        flags = f"gradient=1 {switch_words(jacobian=jacobian, propto=propto)}"
        table = self._map("density", flags, at, 1 + self.n_parameters)
        return LogDensity(table[..., 0], table[..., 1:])

    def hessian_vector(
        self, points: npt.ArrayLike, vectors: npt.ArrayLike, *, jacobian: bool = True
    ) -> FloatArray:
        """Return the Hessian of the log density at each point times a vector.

        By autodiff where :attr:`has_exact_curvature`; else by differences of four gradients along
        the vector, with a step of 0.001 in its largest coordinate.

        Parameters
        ----------
        points, vectors : array_like, shape (..., parameter)
            They are broadcast against each other.
        jacobian : bool
            As for :meth:`log_density`.

        Returns
        -------
        ndarray, shape (..., parameter)
        """
        n = self.n_parameters
        pair = as_points(points, n), as_points(vectors, n)
        try:
            at, along = np.broadcast_arrays(*pair)
        except ValueError:
            raise DensityError(
                f"the points have the shape {pair[0].shape} and the vectors {pair[1].shape}; give "
                "one vector, or one for each point"
            ) from None
        flags = switch_words(jacobian=jacobian)
        return self._map("curvature", flags, np.concatenate([at, along], axis=-1), n)

    def constrain(
        self,
        points: npt.ArrayLike,
        *,
        transformed: bool = False,
        generated: bool = False,
        seed: int = 1,
    ) -> FloatArray:
        """Put points on the constrained scale.

        Parameters
        ----------
        points : array_like, shape (..., parameter)
        transformed, generated : bool
            Whether to compute transformed parameters and generated quantities too.
        seed : int
            Decides what generated quantities draw.

        Returns
        -------
        ndarray, shape (..., value)
            In the order of :meth:`variable_names`.
        """
        size = len(self.variable_names(transformed=transformed, generated=generated))
        flags = f"{switch_words(transformed=transformed, generated=generated)} seed={seed}"
        return self._map("constrain", flags, as_points(points, self.n_parameters), size)

    def unconstrain(self, values: npt.ArrayLike) -> FloatArray:
        """Put values of the parameters on the unconstrained scale.

        Parameters
        ----------
        values : array_like, shape (..., value)
            In the order of :meth:`variable_names`.

        Returns
        -------
        ndarray, shape (..., parameter)
        """
        given = as_points(values, len(self.variable_names()))
        return self._map("unconstrain", "", given, self.n_parameters)

    def ask(self, request: str, numbers: FloatArray) -> Reply:
        """Send a command of the C++ beside the model, and keep what the program told."""
        words = f"{request} threads={self._threads}"
        try:
            reply = self.process.ask(words, numbers, self.limits)
        except (OutOfTimeError, TooDearError):
            self._is_stopped = True
            raise
        self._printed = (self._printed + reply.printed)[-_MAX_PRINTED:]
        self.failures = _failures(reply.lines)
        return reply

    def _map(self, command: str, flags: str, points: FloatArray, size: int) -> FloatArray:
        """Return so many values for each point."""
        shape = points.shape[:-1]
        n = int(np.prod(shape))
        reply = self.ask(f"{command} n={n} {flags}", points.reshape(-1))
        return reply.numbers.reshape(*shape, size)


def _failures(lines: Iterable[str]) -> tuple[str, ...]:
    """Return causes with how often they were met."""
    pairs = (line.partition(" ") for line in lines)
    return tuple(
        f"{cause.strip()} ({n} times)" if n != "1" else cause.strip() for n, _, cause in pairs
    )
