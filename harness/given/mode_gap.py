"""Whether a Laplace approximation that was given has its centre at a mode."""

from dataclasses import replace

import numpy as np

from harness.fits.quantities import scalars
from harness.given.given import Given
from harness.methods.laplace import Laplace
from harness.methods.scales import element_table
from harness.program.log_density import Density


def with_mode_gap(fit: Given, density: Density) -> Given:
    """Add how far the centre of Laplace's draws is from the mode, to what is known of the fit.

    The gradient at the mean of the draws is preconditioned by their covariance.  Both means and
    gradients have Monte Carlo errors, which add d/n to the square of the distance in d dimensions
    with n draws.

    Parameters
    ----------
    fit : Given
        Of any method; others than Laplace stay as they are.
    density : Density
        Of the program with all its data, without unit vectors, whose lengths have no mode.

    Returns
    -------
    Given
    """
    if fit.method.name != Laplace.name:
        return fit
    table = element_table(scalars(fit.variables), density.variable_names())
    if isinstance(table, str):
        return fit
    positions = density.unconstrain(table)
    n, d = positions.shape
    if not np.isfinite(positions).all() or n <= 2 * d:
        return fit
    gradient = density.gradient(positions.mean(axis=0)).gradient
    covariance = np.cov(positions, rowvar=False).reshape(d, d)
    square = float(gradient @ covariance @ gradient) - d / n
    if not np.isfinite(square):
        return fit
    gap = float(np.sqrt(max(square, 0.0)))
    return replace(fit, diagnostics=replace(fit.diagnostics, mode_gap_sd=gap))
