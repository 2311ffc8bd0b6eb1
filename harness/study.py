"""A study: its TOML file, what the file may say, and the runs that it crosses out to."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError, model_validator

from harness.datasets import Dataset, make_dataset
from harness.errors import StudyError
from harness.methods import Method, make_method
from harness.program import Components, DataContract, Program
from harness.validation import did_you_mean, first_problem


class _Table(BaseModel):
    """A TOML table whose keys are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DatasetTable(_Table):
    """``[[datasets]]``: rows from a generator or from a file beside the study."""

    name: str
    generator: str | None = None
    file: str | None = None
    sha256: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.generator is None) == (self.file is None):
            raise ValueError("give either 'generator' or 'file'")
        return self


class ContractTable(_Table):
    """``contract`` of a program; see :class:`harness.program.DataContract`."""

    rows: str
    n_columns: PositiveInt
    n_rows: str
    likelihood_weight: str


class ComponentsTable(_Table):
    """``components`` of a mixture; see :class:`harness.program.Components`."""

    means: str
    shares: str


class ProgramTable(_Table):
    """``[[programs]]``: a Stan file beside the study and how to use it."""

    name: str
    file: str
    contract: ContractTable
    data: dict[str, float] = {}
    parameters: list[str]
    components: ComponentsTable | None = None


class CrossTable(_Table):
    """``[[cross]]``: data sets x programs x replicates of one method with its options."""

    datasets: list[str]
    programs: list[str]
    method: str
    variant: str
    replicates: PositiveInt = 1
    options: dict[str, Any] = {}


class StudyTable(_Table):
    """The whole study file."""

    name: str
    title: str
    description: str = ""
    seed: int
    published: str | None = None
    datasets: list[DatasetTable]
    programs: list[ProgramTable]
    cross: list[CrossTable]


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


def parse_study(content: Mapping[str, Any]) -> StudyTable:
    """Check the content of a study file (pure).

    Parameters
    ----------
    content : Mapping
        The parsed TOML.

    Returns
    -------
    StudyTable

    Raises
    ------
    StudyError
        If a key is unknown (with the nearest known one), missing, or has a wrong value.
    """
    try:
        return StudyTable.model_validate(content)
    except ValidationError as error:
        finding = error.errors(include_url=False)[0]
        if finding["type"] == "extra_forbidden":
            raise StudyError(_unknown_key(finding["loc"])) from error
        raise StudyError(first_problem(error)) from error


_TABLES: Mapping[str, type[_Table]] = {
    "datasets": DatasetTable,
    "programs": ProgramTable,
    "contract": ContractTable,
    "components": ComponentsTable,
    "cross": CrossTable,
}


def _unknown_key(place: tuple[int | str, ...]) -> str:
    """Name an unknown key, where it stands, and what was likely meant."""
    *above, key = place
    names = [part for part in above if isinstance(part, str)]
    table = _TABLES[names[-1]] if names else StudyTable
    where = f"{'.'.join(names)}.{key}" if names else str(key)
    return f"unknown key '{where}'{did_you_mean(str(key), table.model_fields)}"


def _plan(table: StudyTable, datasets: Mapping[str, Dataset]) -> tuple[Run, ...]:
    """Cross a study out into runs, each checked against its data set."""
    runs: dict[tuple[str, ...], Run] = {}
    programs = [program.name for program in table.programs]
    for cross in table.cross:
        _check_names("data set", cross.datasets, datasets)
        _check_names("program", cross.programs, programs)
        method = make_method(cross.method, cross.options)
        cells = product(cross.datasets, cross.programs, range(1, cross.replicates + 1))
        for dataset, program, replicate in cells:
            method.check(datasets[dataset])
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


def _check_names(kind: str, names: list[str], known: Any) -> None:
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
    text = file.read_text(encoding="utf-8")
    try:
        table = parse_study(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"study file '{file}' is not TOML: {error}") from error
    except StudyError as error:
        raise StudyError(f"study file '{file}': {error}") from error
    folder = file.parent
    datasets = {
        spec.name: make_dataset(
            spec.name,
            generator=spec.generator,
            file=folder / spec.file if spec.file else None,
            sha256=spec.sha256,
        )
        for spec in table.datasets
    }
    return Study(
        name=table.name,
        title=table.title,
        description=table.description,
        datasets=datasets,
        programs={spec.name: _program(spec, folder) for spec in table.programs},
        runs=_plan(table, datasets),
        published=folder / table.published if table.published else None,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )
