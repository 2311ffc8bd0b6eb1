"""Replicates given observed data: posterior simulation-based calibration.

Säilynoja, Schmitt, Bürkner and Vehtari (2025), arXiv:2502.03279: parameters are drawn from the
posterior of the observed data, data replicated given them, and the model is fitted to observed and
replicated data together. If that posterior is right, the rank of the parameters that gave the
replicated data is uniform: for these data, where the prior's calibration speaks of all data.
"""

import math
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np

from harness.calibration.asked import REPLICATED, Calibration, Programs
from harness.calibration.simulation import Replicate, replicate_name
from harness.cmdstan import ensure_cmdstan
from harness.data.dataset import Dataset, FloatArray
from harness.data.stan_values import Value
from harness.errors import CalibrationError
from harness.execution.compiling import compile_all
from harness.execution.pool import Pool
from harness.execution.run import Observer, fit_runs
from harness.fits.fit import Fit, Status
from harness.fits.posterior import posterior_parts
from harness.fits.quantities import scalars
from harness.methods import DEFAULT_VARIANT, Problem, make_method
from harness.methods.row_axis import row_axis
from harness.metrics.batch import Batch
from harness.program.compilation import CompiledProgram, compile_program
from harness.program.declared_data import data_problem
from harness.program.log_density import NO_ROWS, Density, RowBlocks
from harness.program.program_axes import find_program_axes
from harness.store import Store
from harness.study.study import Run, Study
from harness.verdict.rules import R_HAT_LIMIT

_OBSERVED = "observed"
#: Draws of the observed data's posterior for each one that is taken.
_DRAWS_PER_REPLICATE = 4
_N_CHAINS = 4
#: Densities of observed and replicated data may differ from their sum by rounding.
_ROUNDING = 1e-8


def posterior_replicates(
    asked: Calibration,
    programs: Programs,
    *,
    seed: int,
    store: Store,
    pool: Pool,
    observer: Observer,
) -> list[Replicate]:
    """Draw parameters from the posterior of the observed data, and data given them.

    Parameters
    ----------
    asked : Calibration
    programs : Programs
        The first has parameters and replicated data.
    seed : int
        Of the fit to the observed data.
    store : Store
        Keeps that fit.
    pool : Pool
        Where it is made.
    observer : Observer
        Told what happens.

    Returns
    -------
    list of Replicate
        Each data set has the observed rows and as many replicated ones.

    Raises
    ------
    HarnessError
        If the observed data cannot be fitted, the chains disagree, or the rows of the model cannot
        be proved to add up, so that replicated ones cannot be added.
    """
    names = tuple(f"{name}{REPLICATED}" for name in programs.replicated_data)
    simulator = replace(programs.simulator, parameters=(*programs.fitted.parameters, *names))
    draws = _observed_draws(
        replace(programs, simulator=simulator), asked, seed, store, pool, observer
    )
    observed = Dataset(name=_OBSERVED, variables=_own_data(programs))
    model = compile_program(programs.model)
    rows = _Rows(programs, Problem(program=model, dataset=observed))
    replicates = []
    for number in range(1, asked.replicates + 1):
        row = {name: values[number - 1] for name, values in draws.items()}
        truth = {name: v for name, v in row.items() if name not in names}
        data = rows.with_replicated({name: row[name] for name in names}, number)
        dataset = Dataset(name=replicate_name(number), variables=data)
        replicates.append(Replicate(number=number, truth=truth, dataset=dataset))
    rows.prove(model, replicates[0], {name: draws[name][0] for name in names})
    return replicates


def _own_data(programs: Programs) -> dict[str, Value]:
    """Return the observed data that the model declares."""
    return {name: value for name, value in programs.given.items() if name in programs.fitted.data}


def _observed_draws(
    programs: Programs,
    asked: Calibration,
    seed: int,
    store: Store,
    pool: Pool,
    observer: Observer,
) -> dict[str, FloatArray]:
    """Fit the observed data, and take draws that are evenly spaced, each of shape (draw, ...)."""
    simulator = programs.simulator
    n_draws = math.ceil(max(4000, _DRAWS_PER_REPLICATE * asked.replicates) / _N_CHAINS)
    method = make_method("nuts", {"n_chains": _N_CHAINS, "n_draws": n_draws})
    dataset = Dataset(name=_OBSERVED, variables=programs.given)
    run = Run(
        dataset=_OBSERVED,
        program=simulator.name,
        method=method,
        variant=DEFAULT_VARIANT,
        replicate=1,
        seed=seed,
    )
    study = Study(
        name=_OBSERVED,
        title="",
        description="",
        datasets={_OBSERVED: dataset},
        programs={simulator.name: simulator},
        runs=(run,),
        published=None,
        digest="",
    )
    compiled = compile_all(study.programs, observer.compiling)
    with closing(fit_runs(study, store=store, programs=compiled, pool=pool)) as runs:
        fit = next(runs).fit
    arrays = _checked(fit, programs)
    total = _N_CHAINS * n_draws
    taken = np.linspace(0, total - 1, asked.replicates).astype(int)
    return {
        name: values.reshape(total, *values.shape[2:])[taken] for name, values in arrays.items()
    }


def _checked(fit: Fit, programs: Programs) -> Mapping[str, FloatArray]:
    """Return the draws of a fit whose chains agree."""
    if fit.status is not Status.OK:
        raise CalibrationError(f"the observed data cannot be fitted: {fit.reason}")
    posterior = fit.read_draws()["posterior"].to_dataset()
    arrays = posterior_parts(posterior, programs.simulator.parameters)
    own = scalars({name: arrays[name] for name in programs.fitted.parameters if name in arrays})
    r_hat = np.nanmax(Batch(np.stack(list(own.values()))).r_hat) if own else 1.0
    if r_hat > R_HAT_LIMIT:
        raise CalibrationError(
            f"the chains on the observed data disagree (R-hat {r_hat:.3f}, limit {R_HAT_LIMIT}); "
            "their draws are not of its posterior"
        )
    return arrays


class _Rows:
    """The rows of a model, to which replicated ones are added.

    Parameters
    ----------
    programs : Programs
    problem : Problem
        The model with the observed data.

    Raises
    ------
    CalibrationError
        If replicated data do not lie along rows that are proved to add up.
    """

    def __init__(self, programs: Programs, problem: Problem) -> None:
        self._programs = programs
        self._observed: Mapping[str, Any] = problem.program.program.data_of(problem.dataset)
        self._axis = row_axis(problem)
        for name in programs.replicated_data:
            if name not in self._axis.variables:
                raise CalibrationError(
                    f"'{name}{REPLICATED}' replicates '{name}', which does not lie along "
                    f"'{self._axis.name}', the rows of the model that add up"
                )
        stanc = ensure_cmdstan().path / "bin" / "stanc"
        found = find_program_axes(stanc, programs.model)
        along = next(axis for axis in found if axis.name == self._axis.name).variables
        self._dimensions = {v.name: v.along.dimensions for v in along if v.is_data}

    def with_replicated(self, drawn: Mapping[str, FloatArray], number: int) -> dict[str, Value]:
        """Return observed and replicated rows together."""
        data = dict(self._observed)
        for name, dimensions in self._dimensions.items():
            other = drawn.get(f"{name}{REPLICATED}", data[name])
            data[name] = self._joined(name, data[name], other, dimensions)
        data[self._axis.name] = 2 * self._axis.size
        fitted = self._programs.fitted
        problem = data_problem(fitted.inputs, fitted.input_vars, data)
        if problem:
            raise CalibrationError(f"with the replicated rows of replicate {number}, {problem}")
        return data

    def _joined(self, name: str, observed: Any, other: Any, dimensions: tuple[int, ...]) -> Value:
        """Put rows below rows, integers as integers."""
        if len(dimensions) != 1:
            raise CalibrationError(
                f"'{name}' lies along the rows in several ways; its replicated rows cannot be added"
            )
        if isinstance(observed, list):
            return [*observed, *(other if isinstance(other, list) else observed)]
        array = np.asarray(observed)
        if np.shape(other) != array.shape:
            raise CalibrationError(
                f"'{name}{REPLICATED}' has the shape {np.shape(other)}, but '{name}' {array.shape}"
            )
        joined = np.concatenate([array, np.asarray(other)], axis=dimensions[0])
        return joined.astype(array.dtype, copy=False)

    def prove(
        self, model: CompiledProgram, replicate: Replicate, drawn: Mapping[str, FloatArray]
    ) -> None:
        """Refuse a model whose density of both together is not that of one after the other.

        With y' in the place of y, lp(y, y') = lp(y) + lp(y') - lp(no rows) has to hold but for a
        constant; data that the model summarises over all rows may be against it.

        Raises
        ------
        CalibrationError
            If it does not.
        """
        other = dict(self._observed)
        for name, dtype in ((n, np.asarray(other[n]).dtype) for n in self._dimensions):
            if f"{name}{REPLICATED}" in drawn:
                other[name] = np.asarray(drawn[f"{name}{REPLICATED}"]).astype(dtype)
        executable = model.executable
        with (
            Density(executable, self._observed) as observed,
            Density(executable, other) as replicated,
            Density(executable, replicate.dataset.variables or {}) as both,
            RowBlocks(observed, self._axis.name, [np.arange(1)]) as blocks,
        ):
            points = np.random.default_rng(1).normal(size=(3, observed.n_parameters))
            none = blocks.gradient(points, [NO_ROWS]).value[0]
            terms = np.stack(
                [
                    both.log_density(points),
                    -observed.log_density(points),
                    -replicated.log_density(points),
                    none,
                ]
            )
        rest = np.ptp(terms.sum(axis=0))
        if not rest <= _ROUNDING * np.abs(terms).max():
            raise CalibrationError(
                f"the density of '{self._programs.model.name}' given observed and replicated rows "
                f"misses the sum of both by {rest:.3g}; data that it summarises over all rows may "
                "be the cause"
            )
