"""References of a study that wants no NUTS run for them."""

from collections.abc import Iterable
from dataclasses import replace

from harness.evidence.method import Evidence
from harness.study.plan import Cross, Declaration, DeclaredReference
from harness.study.study import ReferenceSource, Run, Study

#: The variant of the runs that are references.
_VARIANT = "reference"


def with_evidence(declared: Declaration) -> Declaration:
    """Give each data set without a reference draws that are trusted by their evidence.

    Parameters
    ----------
    declared : Declaration

    Returns
    -------
    Declaration
        With a cross of :class:`~harness.evidence.method.Evidence` for each such data set, on the
        first program that fits it with all its rows, before the others.
    """
    named = {dataset for spec in declared.references for dataset in spec.datasets}
    crosses, references = [], []
    for dataset in declared.datasets:
        program = None if dataset in named else _first_program(declared, dataset)
        if program is None:
            continue
        crosses.append(
            Cross(datasets=(dataset,), programs=(program,), method=Evidence(), variant=_VARIANT)
        )
        cell = (program, Evidence.name, _VARIANT)
        references.append(DeclaredReference(datasets=(dataset,), cell=cell))
    return replace(
        declared,
        crosses=(*crosses, *declared.crosses),
        references=(*declared.references, *references),
    )


def evidence_runs(study: Study, datasets: Iterable[str]) -> tuple[Run, ...]:
    """Plan runs of evidence for data sets whose reference run has failed.

    Parameters
    ----------
    study : Study
    datasets : iterable of str

    Returns
    -------
    tuple of Run
        On the program of the reference.
    """
    failed = [study.references[dataset].run for dataset in datasets]
    return tuple(
        replace(run, method=Evidence(), variant=_VARIANT, replicate=1)
        for run in failed
        if run is not None
    )


def with_evidence_runs(study: Study, runs: Iterable[Run]) -> Study:
    """Return a study in which runs of evidence are the references of their data sets."""
    given = tuple(runs)
    sources = {run.dataset: ReferenceSource(run=run) for run in given}
    return replace(study, runs=(*study.runs, *given), references={**study.references, **sources})


def _first_program(declared: Declaration, dataset: str) -> str | None:
    """Return the first program that a data set meets."""
    for cross in declared.crosses:
        for name in cross.programs if dataset in cross.datasets else ():
            if name in declared.programs:
                return name
    return None
