"""References of a study that wants no NUTS run for them."""

from dataclasses import replace

from harness.evidence.method import Evidence
from harness.study.plan import Cross, Declaration, DeclaredReference

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


def _first_program(declared: Declaration, dataset: str) -> str | None:
    """Return the first program that a data set meets and whose density is always the same."""
    for cross in declared.crosses:
        for name in cross.programs if dataset in cross.datasets else ():
            program = declared.programs.get(name)
            if program is not None and program.minibatch is None:
                return name
    return None
