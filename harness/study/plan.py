"""What a study's file and a comparison declare alike, crossed out into runs.

A declaration has all parts of a study but the runs. Crossing it out checks, names and seeds each,
for files and comparisons in one way.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from harness.data.dataset import Dataset
from harness.errors import StudyError, SubsampleError
from harness.messages.clauses import did_you_mean
from harness.methods import Method
from harness.program.program import Program
from harness.study.study import ReferenceSource, Run, Study, derive_seed
from harness.study.swept import Sweep


@dataclass(frozen=True, kw_only=True)
class Cross:
    """Data sets x programs x replicates of one method with its options.

    Attributes
    ----------
    datasets, programs : tuple of str
        Names that the declaration has.
    method : Method
        The method with its options.
    variant : str
        The name of these options in tables.
    replicates : int
        Runs of each combination.
    """

    datasets: tuple[str, ...]
    programs: tuple[str, ...]
    method: Method
    variant: str
    replicates: int = 1


@dataclass(frozen=True, kw_only=True)
class DeclaredReference:
    """What the fits of some data sets are measured against: one of the two.

    Attributes
    ----------
    datasets : tuple of str
        Names that the declaration has.
    cell : tuple of str or None
        Program, method and variant of a cross; if it has replicates, the first.
    file : Path or None
        A file of draws.
    """

    datasets: tuple[str, ...]
    cell: tuple[str, str, str] | None = None
    file: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """A study before it is crossed out; see :class:`~harness.study.study.Study` for the rest.

    Attributes
    ----------
    seed : int
        What the seeds of runs are derived from.
    crosses : tuple of Cross
        What is run, in its order.
    references : tuple of DeclaredReference
        At most one for each data set.
    seed_names : Mapping
        By names of programs and data sets, what stands for these in seeds; the name itself by
        default.
    sweep, scale, left_out
        As a study has them.
    """

    name: str
    title: str
    description: str
    seed: int
    datasets: Mapping[str, Dataset]
    programs: Mapping[str, Program]
    crosses: tuple[Cross, ...]
    references: tuple[DeclaredReference, ...] = ()
    published: Path | None = None
    digest: str
    seed_names: Mapping[str, str] = field(default_factory=dict)
    sweep: Sweep = field(default_factory=Sweep)
    scale: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict)


def cross_out(declared: Declaration) -> Study:
    """Cross a declaration out into runs, each checked against its data set and program.

    Parameters
    ----------
    declared : Declaration

    Returns
    -------
    Study

    Raises
    ------
    StudyError, DatasetError, MethodError, SubsampleError
        If a name is unknown, a run is declared twice, or a method cannot fit its data.
    """
    runs: dict[tuple[str, ...], Run] = {}
    left_out: dict[str, str] = {}
    for run in _runs(declared, left_out):
        identity = (run.dataset, run.program, run.method.name, run.variant, str(run.replicate))
        if identity in runs:
            raise StudyError(
                f"the run '{' / '.join(identity)}' is declared twice; leave one out, or "
                "give each its own variant"
            )
        runs[identity] = run
    return Study(
        name=declared.name,
        title=declared.title,
        description=declared.description,
        datasets=declared.datasets,
        programs=declared.programs,
        runs=tuple(runs.values()),
        references=_references(declared, runs),
        published=declared.published,
        digest=declared.digest,
        sweep=declared.sweep,
        scale=declared.scale,
        left_out={**declared.left_out, **left_out},
    )


def _runs(declared: Declaration, left_out: dict[str, str]) -> Iterator[Run]:
    """Give the runs of all crosses, checked and seeded.

    Where both are swept, a subsample of more rows than a data set has is a combination that nobody
    asked for by itself; it is left out, with its reason.
    """
    for cross in declared.crosses:
        check_names("a cross", "data set", cross.datasets, declared.datasets)
        check_names("a cross", "program", cross.programs, declared.programs)
        cells = product(cross.datasets, cross.programs, range(1, cross.replicates + 1))
        for dataset, program, replicate in cells:
            declared.programs[program].check_rows(declared.datasets[dataset])
            try:
                cross.method.check(declared.datasets[dataset], declared.programs[program])
            except SubsampleError as error:
                series = (cross.method.name, cross.variant)
                if dataset not in declared.sweep.datasets or series not in declared.sweep.variants:
                    raise
                left_out[f"{dataset} / {' '.join(series)}"] = str(error)
                continue
            names = [declared.seed_names.get(name, name) for name in (dataset, program)]
            method_name = getattr(cross.method, "seeded_as", None) or cross.method.name
            identity = (*names, method_name, cross.variant, str(replicate))
            yield Run(
                dataset=dataset,
                program=program,
                method=cross.method,
                variant=cross.variant,
                replicate=replicate,
                seed=derive_seed(declared.seed, *identity),
            )


def _references(
    declared: Declaration, runs: Mapping[tuple[str, ...], Run]
) -> dict[str, ReferenceSource]:
    """Resolve what the fits of each data set are measured against."""
    references: dict[str, ReferenceSource] = {}
    for spec in declared.references:
        for dataset in spec.datasets:
            check_names("a reference", "data set", [dataset], declared.datasets)
            if dataset in references:
                raise StudyError(f"data set '{dataset}' has two references; give it one")
            if spec.cell is None:
                references[dataset] = ReferenceSource(file=spec.file)
                continue
            first = runs.get((dataset, *spec.cell, "1"))
            if first is None:
                raise StudyError(
                    f"the reference of data set '{dataset}' is the run "
                    f"'{' / '.join((dataset, *spec.cell))}', "
                    "which no [[cross]] gives; add it, or name an existing run"
                )
            references[dataset] = ReferenceSource(run=first)
            _check_comparable(first, runs.values(), declared.programs)
    return references


def _check_comparable(reference: Run, runs: Iterable[Run], programs: Mapping[str, Program]) -> None:
    """Refuse programs that summarise other variables than the reference's."""
    theirs = set(programs[reference.program].parameters)
    for run in runs:
        ours = set(programs[run.program].parameters)
        if run.dataset == reference.dataset and ours != theirs:
            raise StudyError(
                f"the reference of data set '{run.dataset}', program '{reference.program}', "
                f"summarises {', '.join(sorted(theirs))}, but program '{run.program}' "
                f"summarises {', '.join(sorted(ours))}; give both the same 'parameters'"
            )


def check_names(who: str, kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a name that the study does not declare."""
    allowed = list(known)
    for name in names:
        if name not in allowed:
            raise StudyError(f"{who} names the {kind} '{name}'{did_you_mean(name, allowed)}")


def refuse_twins(kind: str, names: Iterable[str]) -> None:
    """Refuse two tables of one name, of which the second would replace the first."""
    for name, count in Counter(names).items():
        if count > 1:
            raise StudyError(f"{count} {kind}s are named '{name}'; give each its own name")
