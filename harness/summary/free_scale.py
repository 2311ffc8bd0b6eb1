"""Draws on the unconstrained scale of their program, where parameters are judged together.

There a simplex, a correlation matrix or a Cholesky factor has as many coordinates as it has degrees
of freedom, and a scale whose tail is long is a logarithm.
"""

import weakref
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import numpy as np

from harness.data.dataset import Dataset, FloatArray
from harness.errors import HarnessError
from harness.execution.run import FittedRun
from harness.fits.posterior import posterior_parts
from harness.fits.quantities import Named, relabel_arrays, scalars
from harness.methods import Problem
from harness.methods.density import open_density
from harness.methods.draws_file import base_name
from harness.methods.scales import element_columns
from harness.program.compilation import CompiledProgram
from harness.program.log_density import Density
from harness.summary.against import Against, FreeDraws, OnScale, Positions

#: So many numbers are put on the other scale at once.
_MOST_NUMBERS = 4_000_000


def judged_elements(item: FittedRun, variables: Sequence[str]) -> Named:
    """Return the elements of some variables of a fit, their components named as they are judged.

    Parameters
    ----------
    item : FittedRun
        A fit that is ok.
    variables : sequence of str

    Returns
    -------
    Mapping
        Scalars, each of shape (chain, draw); empty if exchangeable components have no names.
    """
    program = item.program.program
    posterior = item.fit.read_draws()["posterior"].to_dataset()
    arrays = posterior_parts(posterior, tuple(variables))
    components = program.components
    if components is None:
        return scalars(arrays)
    if components.means in arrays:
        return scalars(relabel_arrays(arrays, program))
    return {} if components.exchangeable else scalars(arrays)


class FreeScales:
    """Puts draws on the unconstrained scales of programs with their data.

    The process of one density is kept, that of the last program, until all of this is dropped.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._open: tuple[CompiledProgram, Dataset, Density] | None = None
        weakref.finalize(self, self._stack.close)

    def compared(
        self,
        item: FittedRun,
        dataset: Dataset,
        against: Against,
        *,
        program: CompiledProgram | None = None,
    ) -> FreeDraws | None:
        """Put a fit and its reference on one scale.

        Parameters
        ----------
        item : FittedRun
            A fit that is ok.
        dataset : Dataset
            Its own.
        against : Against
            Its reference, which keeps its draws on the scale.
        program : CompiledProgram, optional
            That of the reference, if it is a run.

        Returns
        -------
        FreeDraws or None
            On the scale of the reference's program or of the fit's, whose parameters both must
            have; None if there is no such scale.
        """
        programs = [item.program] if program is None else [program, item.program]
        for each in {one.program.name: one for one in programs}.values():
            draws = self.positions(judged_elements(item, each.parameters), each, dataset)
            if draws is None:
                continue
            known = self.reference(against, each, dataset)
            if known is not None:
                return FreeDraws(draws=draws.draws, reference=known.reference)
        return None

    def reference(
        self, against: Against, program: CompiledProgram, dataset: Dataset
    ) -> OnScale | None:
        """Put a reference on the scale of a program, once; None if that cannot be done."""

        def find() -> Positions | None:
            return self.positions(against.elements(program.parameters), program, dataset)

        return against.on_scale(program.program.name, find)

    def positions(
        self, elements: Named, program: CompiledProgram, dataset: Dataset
    ) -> Positions | None:
        """Put draws on the unconstrained scale.

        Parameters
        ----------
        elements : Mapping
            The elements of all parameters of the program, each of shape (chain, draw).
        program : CompiledProgram
        dataset : Dataset

        Returns
        -------
        Positions or None
            With the coordinates of the parameters that the study looks at, or of all if it looks at
            anything else; None if there is no executable, a parameter is missing, or a draw is not
            finite there.
        """
        if not program.executable.is_file() or not elements:
            return None
        try:
            density = self.density(program, dataset)
            columns = element_columns(density.variable_names())
            if not columns or not columns.keys() <= elements.keys():
                return None
            found = _unconstrained(density, elements, columns)
        except HarnessError:
            return None
        sd = found.std(axis=(0, 1))
        asked = set(program.program.parameters)
        if asked <= set(program.parameters):
            own = [base_name(name) in asked for name in density.parameter_names]
            found = found[..., np.flatnonzero(own)]
        if not found.shape[-1] or not (np.isfinite(found).all() and np.isfinite(sd).all()):
            return None
        return Positions(draws=found, sd=sd)

    def density(self, program: CompiledProgram, dataset: Dataset) -> Density:
        """Return the density of a program with its data, opened if it was not the last one."""
        if self._open is not None and self._open[0] is program and self._open[1] is dataset:
            return self._open[2]
        self._open = None
        self._stack.close()
        problem = Problem(program=program, dataset=dataset)
        density = self._stack.enter_context(open_density(problem))
        self._open = (program, dataset, density)
        return density


def _unconstrained(density: Density, elements: Named, columns: Mapping[str, int]) -> FloatArray:
    """Unconstrain draws, some at a time."""
    shape = next(iter(elements.values())).shape
    flat = {name: elements[name].ravel() for name in columns}
    n_draws = int(np.prod(shape))
    found = np.empty((n_draws, density.n_parameters))
    step = max(1, _MOST_NUMBERS // len(columns))
    for begin in range(0, n_draws, step):
        part = slice(begin, begin + step)
        table = np.empty((found[part].shape[0], len(columns)))
        for name, column in columns.items():
            table[:, column] = flat[name][part]
        found[part] = density.unconstrain(table)
    return found.reshape(*shape, -1)
