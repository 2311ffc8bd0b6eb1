"""A study: its data sets and programs, and the runs that its file crosses out to."""

import hashlib
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from harness.datasets import Dataset, make_dataset
from harness.errors import HarnessError, StudyError
from harness.methods import Method, make_method
from harness.program import Components, DataContract, Program
from harness.study_file import ProgramTable, StudyTable, parse_study
from harness.validation import did_you_mean


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
            method.check(datasets[dataset])
            programs[program].check_rows(datasets[dataset])
            identity = (dataset, program, method.name, cross.variant, str(replicate))
            if identity in runs:
                raise StudyError(f"two crosses give the same run: {' / '.join(identity)}")
            runs[identity] = Run(
                dataset=dataset,
                program=program,
                method=method,
                variant=cross.variant,
                replicate=replicate,
                seed=derive_seed(table.seed, *identity),
            )
    return tuple(runs.values())


def _refuse_twins(kind: str, names: Iterable[str]) -> None:
    """Refuse two tables of one name, of which the second would replace the first."""
    for name, count in Counter(names).items():
        if count > 1:
            raise StudyError(f"{count} {kind}s are named '{name}'; give each a name of its own")


def _check_names(kind: str, names: list[str], known: Collection[str]) -> None:
    """Refuse a name that the study does not declare."""
    for name in names:
        if name not in known:
            raise StudyError(f"a cross names the {kind} '{name}'{did_you_mean(name, known)}")


def _program(table: ProgramTable, folder: Path) -> Program:
    """Resolve a program's file against the study's folder."""
    components = table.components
    return Program(
        name=table.name,
        file=(folder / table.file).resolve(),
        contract=DataContract(**table.contract.model_dump()),
        data=table.data,
        parameters=tuple(table.parameters),
        components=Components(**components.model_dump()) if components else None,
        user_header=(folder / table.user_header).resolve() if table.user_header else None,
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
    if not file.is_file():
        raise StudyError(f"study file '{file}' does not exist; give the path of a TOML file")
    try:
        text = file.read_text(encoding="utf-8")
        return _make_study(parse_study(tomllib.loads(text)), folder=file.parent, text=text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"study file '{file}' is not TOML: {error}") from error
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
    return Study(
        name=table.name,
        title=table.title,
        description=table.description,
        datasets=datasets,
        programs=programs,
        runs=_plan(table, datasets, programs),
        published=folder / table.published if table.published else None,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )
