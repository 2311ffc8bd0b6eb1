"""The draws of a fit on the unconstrained scale."""

import re

import numpy as np

from harness.data.dataset import FloatArray
from harness.fits.fit import Fit
from harness.fits.posterior import posterior_parts
from harness.program.log_density import Density

#: A name of a real number's column, not of a part of a complex number or a tuple.
_PLAIN = re.compile(r"(\w+)((?:\.\d+)*)")


def unconstrained_points(
    fit: Fit, density: Density, parameters: tuple[str, ...]
) -> tuple[FloatArray, bool]:
    """Return the parameters of a fit's draws.

    Parameters
    ----------
    fit : Fit
        Of all rows.
    density : Density
    parameters : tuple of str
        Names of the program's.

    Returns
    -------
    ndarray, shape (chain, draw, d)
    bool
        Whether they are on the unconstrained scale; complex numbers, tuples and unit vectors cannot
        be put there.
    """
    parts = posterior_parts(fit.read_draws()["posterior"].to_dataset(), parameters)
    given = np.concatenate([part.reshape(*part.shape[:2], -1) for part in parts.values()], axis=-1)
    columns = []
    for name in density.variable_names():
        plain = _PLAIN.fullmatch(name)
        if plain is None or plain[1] not in parts:
            return given, False
        values = parts[plain[1]]
        for number in plain[2].split(".")[1:]:
            values = values[:, :, int(number) - 1]
        columns.append(values)
    points = density.unconstrain(np.stack(columns, axis=-1))
    return (points, True) if np.isfinite(points).all() else (given, False)
