"""Draws as they pass from one scale to the other."""

from collections.abc import Mapping, Sequence

import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import FitError
from harness.fits.quantities import element_names
from harness.methods.base import Problem
from harness.methods.density import open_density
from harness.methods.draws_file import base_name, real_parts
from harness.program.log_density import Density


def refuse_infinite(problem: Problem, names: Sequence[str], table: FloatArray) -> None:
    """Refuse draws of parameters that are not finite."""
    own = [i for i, name in enumerate(names) if base_name(name) in problem.program.parameters]
    if not np.isfinite(table[:, own]).all():
        raise FitError("the approximation has draws that are not finite")


def constrained(density: Density, points: FloatArray) -> FloatArray:
    """Return parameters and transformed parameters; where these throw, parameters alone."""
    table = density.constrain(points, transformed=True)
    thrown = np.isnan(table).all(axis=1)
    if thrown.any():
        parameters = density.constrain(points[thrown])
        table[thrown, : parameters.shape[1]] = parameters
    return table


def brought_back(density: Density, names: Sequence[str], table: FloatArray) -> FloatArray:
    """Return draws on the unconstrained scale."""
    columns = [names.index(name) for name in density.variable_names()]
    return density.unconstrain(table[:, columns])


def element_columns(names: Sequence[str]) -> dict[str, int]:
    """Return where each element of a program's variables stands among CmdStan's columns.

    Parameters
    ----------
    names : sequence of str
        The columns, as :meth:`~harness.program.log_density.Density.variable_names` has them.

    Returns
    -------
    dict of str to int
        By the names of :func:`~harness.fits.quantities.scalars`, such as ``mu[1,2]``.
    """
    return {
        element: int(column)
        for name, numbers in real_parts(names, np.arange(float(len(names)))[None]).items()
        for element, column in zip(
            element_names(name, numbers.shape[1:]), numbers.ravel(), strict=True
        )
    }


def element_table(elements: Mapping[str, FloatArray], names: Sequence[str]) -> FloatArray | str:
    """Return draws as a table in the order of a program's columns.

    Parameters
    ----------
    elements : Mapping
        Scalars by the names of :func:`~harness.fits.quantities.scalars`, each (chain, draw).
    names : sequence of str
        The columns.

    Returns
    -------
    ndarray, shape (n_draws, n_columns), or str
        If elements lack, the first variable that they are of.
    """
    columns = element_columns(names)
    lacking = [element for element in columns if element not in elements]
    if lacking:
        return lacking[0].partition("[")[0]
    table = np.empty((next(iter(elements.values())).size, len(names)))
    for element, column in columns.items():
        table[:, column] = elements[element].ravel()
    return table


def all_variables(
    problem: Problem, names: Sequence[str], table: FloatArray
) -> tuple[Sequence[str], FloatArray]:
    """Return the variables of draws as the problem of all rows has them.

    Transformed parameters may be of the rows, and a fit to a part of these has others.

    Parameters
    ----------
    problem : Problem
        What was fitted.
    names : sequence of str
        CmdStan's columns.
    table : ndarray, shape (draw, column)

    Returns
    -------
    tuple
        Names of columns, CmdStan's own not among them, and a table; of a fit to all rows those
        given.
    """
    if problem.part is None:
        return names, table
    own = [name for name in names if not name.endswith("__")]
    parameters = [name for name in own if base_name(name) in problem.program.parameters]
    kept = table[:, [names.index(name) for name in parameters]]
    if len(parameters) == len(own):
        return parameters, kept
    with open_density(problem.whole) as density:
        found = constrained(density, brought_back(density, names, table))
        found[:, : len(parameters)] = kept
        return density.variable_names(transformed=True), found
