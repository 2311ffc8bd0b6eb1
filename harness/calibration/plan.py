"""A calibration as a study: its replicates, and a run for each replicate and method."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields

from harness.calibration.asked import Calibration, Programs
from harness.calibration.posterior import posterior_replicates
from harness.calibration.simulation import Replicate, simulate
from harness.execution.pool import Pool
from harness.execution.run import Observer
from harness.messages.clauses import shown
from harness.program.compilation import compile_density
from harness.store import Store
from harness.study.study import Run, Study, derive_seed

#: What seeds are derived from beside a replicate's number and a method's name.
_SIMULATION, _FIT = "simulation", "calibration"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A calibration with its replicates, as a study.

    Attributes
    ----------
    asked : Calibration
    programs : Programs
    replicates : tuple of Replicate
    study : Study
        A data set for each replicate, a run for each replicate and method.
    """

    asked: Calibration
    programs: Programs
    replicates: tuple[Replicate, ...]
    study: Study


def plan_calibration(
    asked: Calibration, programs: Programs, *, store: Store, pool: Pool, observer: Observer
) -> Plan:
    """Simulate the replicates and plan their fits.

    Parameters
    ----------
    asked : Calibration
    programs : Programs
        From :func:`harness.calibration.asked.read_programs`.
    store : Store
        Keeps the fit to the observed data, of a posterior calibration.
    pool : Pool
        Where that is made.
    observer : Observer
        Told what happens.

    Returns
    -------
    Plan

    Raises
    ------
    HarnessError
        If the store cannot be written, the simulator fails, or the model or a method cannot take
        what it draws.
    """
    store.check_writable()
    observer.step(f"drawing {asked.replicates} replicates from {shown(asked.simulate.name)}")
    seed = derive_seed(asked.seed, _SIMULATION)
    if asked.posterior:
        replicates = posterior_replicates(
            asked, programs, seed=seed, store=store, pool=pool, observer=observer
        )
    else:
        replicates = simulate(
            compile_density(programs.simulator),
            programs,
            replicates=asked.replicates,
            seed=seed,
            weight=asked.weight,
        )
    return Plan(
        asked=asked,
        programs=programs,
        replicates=tuple(replicates),
        study=_study(asked, programs, replicates),
    )


def _study(asked: Calibration, programs: Programs, replicates: Sequence[Replicate]) -> Study:
    """Cross replicates and methods."""
    model = programs.model
    runs = []
    for replicate in replicates:
        dataset = replicate.dataset
        model.check_rows(dataset)
        n_rows = model.n_rows_of(dataset)
        for (_, variant), method in asked.named_methods(n_rows).items():
            method.check(dataset, model)
            number = str(replicate.number)
            runs.append(
                Run(
                    dataset=dataset.name,
                    program=model.name,
                    method=method,
                    variant=variant,
                    replicate=1,
                    seed=derive_seed(asked.seed, _FIT, number, method.name, variant),
                )
            )
    return Study(
        name=f"{model.name}_calibration",
        title=f"{model.name}: are its posteriors calibrated?",
        description=_description(asked),
        datasets={replicate.dataset.name: replicate.dataset for replicate in replicates},
        programs={model.name: model},
        runs=tuple(runs),
        published=None,
        digest=_digest(asked, replicates),
    )


def _description(asked: Calibration) -> str:
    """Say in a sentence what is fitted to what."""
    model, simulator = shown(asked.model.name), shown(asked.simulate.name)
    if asked.posterior:
        return (
            f"{simulator} draws parameters from the posterior of the observed data, and data given "
            f"them; {model} is fitted to the observed data and these together."
        )
    return (
        f"{simulator} draws parameters from the prior, and data given them; {model} is fitted to "
        "these data."
    )


def _digest(asked: Calibration, replicates: Sequence[Replicate]) -> str:
    """Hash what was asked for and what was simulated, whatever the files are called."""
    content = {field.name: getattr(asked, field.name) for field in fields(asked)}
    for name in ("simulate", "model", "data"):
        del content[name]
    digests = [replicate.dataset.digest for replicate in replicates]
    text = f"{content} {digests}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
