"""What is ranked: quantities of true values and of draws, and the log density of both."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from harness.calibration.simulation import Replicate
from harness.data.dataset import FloatArray
from harness.errors import CalibrationError
from harness.fits.fit import Fit
from harness.fits.posterior import posterior_parts
from harness.fits.quantities import INVARIANT, RAW, RELABELLED, Named, quantities
from harness.methods.draws_file import base_name, real_parts
from harness.program.compilation import CompiledProgram
from harness.program.log_density import Density

#: The quantity that depends on parameters and data together. No variable of Stan's has a space.
LOG_DENSITY = "log density"


class Joint:
    """The density of a model with the data of one replicate; close it after use.

    Parameters
    ----------
    program : CompiledProgram
        The model.
    replicate : Replicate
    seed : int
        Decides what random generated quantities are for the true values.
    """

    def __init__(self, program: CompiledProgram, replicate: Replicate, *, seed: int) -> None:
        self._program = program
        self._replicate = replicate
        self._seed = seed
        executable: Path = program.quantities_executable or program.executable
        self._density = Density(
            executable,
            program.program.data_of(replicate.dataset),
            name=program.program.name,
        )
        self._names = self._density.variable_names()
        columns = np.arange(len(self._names), dtype=np.float64)[None]
        self._columns = {
            name: at[0].astype(int) for name, at in real_parts(self._names, columns).items()
        }

    def close(self) -> None:
        """End the density's process."""
        self._density.close()

    def of_truth(self) -> Named:
        """Return the quantities of the true values, each of shape (1, 1).

        Transformed parameters and generated quantities of the model are computed from them.

        Raises
        ------
        CalibrationError
            If their sizes or values are not those that the model declares.
        """
        self._check_sizes()
        row = self._rows({name: values[None] for name, values in self._replicate.truth.items()})
        point = self._density.unconstrain(row)
        if not np.isfinite(point).all():
            raise CalibrationError(
                f"in replicate {self._replicate.number}, the model does not allow the true "
                f"values: {'; '.join(self._density.failures) or 'they are out of bounds'}"
            )
        flags = {
            "transformed": True,
            "generated": self._program.quantities_executable is not None,
        }
        values = self._density.constrain(point, seed=self._seed, **flags)
        parts = real_parts(self._density.variable_names(**flags), values)
        parts |= {name: values[None] for name, values in self._replicate.truth.items()}
        arrays = {name: part[None] for name, part in parts.items()}
        return self._ranked(arrays, self._log_density(point))

    def of_fit(self, fit: Fit) -> Named:
        """Return the quantities of a fit's draws."""
        posterior = fit.read_draws()["posterior"].to_dataset()
        names = tuple(dict.fromkeys((*self._program.parameters, *self._program.program.parameters)))
        arrays = posterior_parts(posterior, names)
        flat = {
            name: values.reshape(-1, *values.shape[2:])
            for name, values in arrays.items()
            if base_name(name) in self._program.parameters
        }
        shape = tuple(posterior.sizes[dim] for dim in ("chain", "draw"))
        log_density = self._log_density(self._density.unconstrain(self._rows(flat)))
        return self._ranked(arrays, log_density.reshape(shape))

    def _log_density(self, points: FloatArray) -> FloatArray:
        """Return the log of prior times likelihood, with all constants and without a Jacobian."""
        return self._density.log_density(points, jacobian=False).reshape(1, -1)

    def _rows(self, parts: Mapping[str, FloatArray]) -> FloatArray:
        """Put parameters, each of shape (draw, ...), into the density's columns."""
        n_draws = next(len(values) for values in parts.values())
        rows = np.empty((n_draws, len(self._names)))
        for name, at in self._columns.items():
            rows[:, at] = parts[name]
        return rows

    def _check_sizes(self) -> None:
        """Refuse true values of other sizes than the model's parameters."""
        for name, at in self._columns.items():
            found = self._replicate.truth.get(name)
            shape = None if found is None else found.shape
            if shape != at.shape:
                raise CalibrationError(
                    f"in replicate {self._replicate.number}, the simulated '{name}' has the shape "
                    f"{shape or '()'}, but the parameter of the model has {at.shape}"
                )

    def _ranked(self, arrays: Mapping[str, FloatArray], log_density: FloatArray) -> Named:
        """Name the quantities that are ranked, the log density last."""
        program = self._program.program
        own = {name: a for name, a in arrays.items() if base_name(name) in program.parameters}
        named = quantities(own, program).by_labels
        kept = (RAW,) if program.components is None else (RELABELLED, INVARIANT)
        values = {name: draws for labels in kept for name, draws in named[labels].items()}
        return {**values, LOG_DENSITY: log_density}
