"""A study: its data sets and programs, and the runs that its file crosses out to."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from harness.data.dataset import Dataset, make_dataset
from harness.errors import HarnessError, StudyError
from harness.messages.clauses import did_you_mean
from harness.methods import Method, make_method
from harness.program.program import Program
from harness.study.file import ProgramTable, StudyTable
from harness.study.toml import parse_study, read_toml


@dataclass(frozen=True, kw_only=True)
class Run:
    """One cell of a study.

    Attributes
    ----------
    dataset, program : str
        Names within the study.
    method : Method
        The method with its options.
    variant : str
        The name of these options in tables.
    replicate : int
        From 1.
    seed : int
        From 1 to 2**31 - 1, derived from the study's seed and the names above.
    """

    dataset: str
    program: str
    method: Method
    variant: str
    replicate: int
    seed: int

    @property
    def label(self) -> str:
        """The run's identity in one line."""
        replicate = f" #{self.replicate}" if self.replicate > 1 else ""
        return f"{self.dataset} / {self.program} / {self.method.name} {self.variant}{replicate}"


@dataclass(frozen=True, kw_only=True)
class ReferenceSource:
    """Where the reference draws of a data set come from.

    Attributes
    ----------
    run : Run or None
        A run of the study, the first replicate of its cell.
    file : Path or None
        A file of draws.
    """

    run: Run | None = None
    file: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study that passed all checks which need no Stan.

    Attributes
    ----------
    name, title, description : str
        For the report.
    datasets, programs : Mapping
        By name.
    runs : tuple of Run
        Everything that is crossed, in the file's order.
    references : Mapping
        Of the data sets that have one, by their names, what their fits are measured against.
    published : Path or None
        Numbers from elsewhere that the tables set beside the study's own.
    digest : str
        SHA-256 of the study's content.
    """

    name: str
    title: str
    description: str
    datasets: Mapping[str, Dataset]
    programs: Mapping[str, Program]
    runs: tuple[Run, ...]
    references: Mapping[str, ReferenceSource] = field(default_factory=dict)
    published: Path | None
    digest: str


def derive_seed(study_seed: int, *identity: str) -> int:
    """Return a run's seed, from 1 to 2**31 - 1.

    The seed is a hash of the study's seed and the run's identity, so the order of runs, and
    which others there are, change nothing.
    """
    text = "\0".join([str(study_seed), *identity])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % (2**31 - 1) + 1


def _plan(
    table: StudyTable, datasets: Mapping[str, Dataset], programs: Mapping[str, Program]
) -> tuple[Run, ...]:
    """Cross a study out into runs, each checked against its data set."""
    runs: dict[tuple[str, ...], Run] = {}
    for cross in table.cross:
        _check_names("data set", cross.datasets, datasets)
        _check_names("program", cross.programs, programs)
        method = make_method(cross.method, cross.options)
        cells = product(cross.datasets, cross.programs, range(1, cross.replicates + 1))
        for dataset, program, replicate in cells:
            programs[program].check_rows(datasets[dataset])
            method.check(datasets[dataset], programs[program])
            identity = (dataset, program, method.name, cross.variant, str(replicate))
            if identity in runs:
                raise StudyError(f"two [[cross]] tables give the same run: {' / '.join(identity)}")
            runs[identity] = Run(
                dataset=dataset,
                program=program,
                method=method,
                variant=cross.variant,
                replicate=replicate,
                seed=derive_seed(table.seed, *identity),
            )
    return tuple(runs.values())


def _references(
    table: StudyTable,
    datasets: Collection[str],
    programs: Mapping[str, Program],
    runs: Collection[Run],
    folder: Path,
) -> dict[str, ReferenceSource]:
    """Resolve what the fits of each data set are measured against."""
    first = {
        (run.dataset, run.program, run.method.name, run.variant): run
        for run in runs
        if run.replicate == 1
    }
    references: dict[str, ReferenceSource] = {}
    for spec in table.references:
        for dataset in spec.datasets:
            if dataset not in datasets:
                raise StudyError(
                    f"a reference names the data set '{dataset}'{did_you_mean(dataset, datasets)}"
                )
            if dataset in references:
                raise StudyError(f"data set '{dataset}' has two references; give it one")
            if spec.file is not None:
                references[dataset] = ReferenceSource(file=folder / spec.file)
                continue
            key = (dataset, str(spec.program), str(spec.method), str(spec.variant))
            if key not in first:
                raise StudyError(
                    f"the reference of data set '{dataset}' is the run '{' / '.join(key)}', "
                    "which no [[cross]] gives; add it, or name an existing run"
                )
            references[dataset] = ReferenceSource(run=first[key])
            _check_comparable(first[key], runs, programs)
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


def _refuse_twins(kind: str, names: Iterable[str]) -> None:
    """Refuse two tables of one name, of which the second would replace the first."""
    for name, count in Counter(names).items():
        if count > 1:
            raise StudyError(f"{count} {kind}s are named '{name}'; give each its own name")


def _check_names(kind: str, names: list[str], known: Collection[str]) -> None:
    """Refuse a name that the study does not declare."""
    for name in names:
        if name not in known:
            raise StudyError(f"a cross names the {kind} '{name}'{did_you_mean(name, known)}")


def _program(table: ProgramTable, folder: Path) -> Program:
    """Resolve a program's file against the study's folder."""
    return Program(
        name=table.name,
        file=(folder / table.file).resolve(),
        contract=table.contract,
        data=table.data,
        parameters=tuple(table.parameters),
        components=table.components,
        user_header=(folder / table.user_header).resolve() if table.user_header else None,
        minibatch=table.minibatch,
    )


def read_study(file: Path) -> Study:
    """Read a study file, make its data sets and plan its runs.

    Parameters
    ----------
    file : Path
        A TOML file; the paths in it are relative to its folder.

    Returns
    -------
    Study

    Raises
    ------
    StudyError, DatasetError, MethodError, SubsampleError
        With the file's name and one line of advice.
    """
    content, text = read_toml(file)
    try:
        return _make_study(parse_study(content), folder=file.parent, text=text)
    except HarnessError as error:
        raise type(error)(f"study file '{file}': {error}") from error


def _make_study(table: StudyTable, *, folder: Path, text: str) -> Study:
    """Make a study's data sets and plan its runs."""
    _refuse_twins("data set", [spec.name for spec in table.datasets])
    _refuse_twins("program", [spec.name for spec in table.programs])
    datasets = {
        spec.name: make_dataset(
            spec.name,
            generator=spec.generator,
            file=folder / spec.file if spec.file else None,
            sha256=spec.sha256,
        )
        for spec in table.datasets
    }
    programs = {spec.name: _program(spec, folder) for spec in table.programs}
    runs = _plan(table, datasets, programs)
    return Study(
        name=table.name,
        title=table.title,
        description=table.description,
        datasets=datasets,
        programs=programs,
        runs=runs,
        references=_references(table, datasets, programs, runs, folder),
        published=folder / table.published if table.published else None,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )
