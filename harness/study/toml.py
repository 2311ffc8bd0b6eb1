"""Read a study's TOML, check it, and make what it declares."""

import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.data.dataset import make_dataset
from harness.errors import HarnessError, StudyError
from harness.messages.clauses import absence, did_you_mean, first_problem
from harness.methods import make_method
from harness.program.program import Program
from harness.study.evidence_reference import with_evidence
from harness.study.file import TABLES, CrossTable, ProgramTable, ReferenceTable, StudyTable
from harness.study.plan import Cross, Declaration, DeclaredReference, cross_out
from harness.study.study import Study

#: Named the data by which a program drew batches of rows itself.
_BATCHES_KEY = "minibatch"


def read_toml(file: Path) -> tuple[dict[str, Any], str]:
    """Read a TOML file.

    Parameters
    ----------
    file : Path

    Returns
    -------
    dict
        Its content.
    str
        Its text.

    Raises
    ------
    StudyError
        If it is missing or is not TOML.
    """
    if not file.is_file():
        raise StudyError(f"study file '{file}' {absence(file)}; give the path of a TOML file")
    try:
        text = file.read_text(encoding="utf-8")
        return tomllib.loads(text), text
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"study file '{file}' is not TOML: {error}") from error


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
        for finding in error.errors(include_url=False):
            # told before a missing key, which may be the same one misspelt
            if finding["type"] == "extra_forbidden":
                raise StudyError(_unknown_key(finding["loc"])) from error
        raise StudyError(first_problem(error)) from error


def _unknown_key(place: tuple[int | str, ...]) -> str:
    """Name an unknown key, where it stands, and what was likely meant."""
    *above, key = place
    names = [part for part in above if isinstance(part, str)]
    if names == ["programs"] and key == _BATCHES_KEY:
        return (
            f"key 'programs.{key}' was taken out; delete it, and give method 'vi_meanfield' the "
            "option batch_size"
        )
    table = TABLES[names[-1]] if names else StudyTable
    where = f"{'.'.join(names)}.{key}" if names else str(key)
    return f"unknown key '{where}'{did_you_mean(str(key), table.model_fields)}"


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
        return cross_out(_declaration(parse_study(content), folder=file.parent, text=text))
    except HarnessError as error:
        raise type(error)(f"study file '{file}': {error}") from error


def _declaration(table: StudyTable, *, folder: Path, text: str) -> Declaration:
    """Make a study's data sets, and resolve its paths against its folder."""
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
    declared = Declaration(
        name=table.name,
        title=table.title,
        description=table.description,
        seed=table.seed,
        datasets=datasets,
        programs={spec.name: _program(spec, folder) for spec in table.programs},
        crosses=tuple(cross for spec in table.cross for cross in swept_crosses(spec)),
        references=tuple(_reference(spec, folder) for spec in table.references),
        published=folder / table.published if table.published else None,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )
    return declared if table.reference is None else with_evidence(declared)


def _refuse_twins(kind: str, names: Iterable[str]) -> None:
    """Refuse two tables of one name, of which the second would replace the first."""
    for name, count in Counter(names).items():
        if count > 1:
            raise StudyError(f"{count} {kind}s are named '{name}'; give each its own name")


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
    )


def swept_crosses(table: CrossTable) -> Iterator[Cross]:
    """Give a cross for each combination of the options that are swept, with its method.

    Raises
    ------
    MethodError
        If the method or an option is unknown, or a value is not allowed.
    """
    for variant, options in table.variants():
        yield Cross(
            datasets=tuple(table.datasets),
            programs=tuple(table.programs),
            method=make_method(table.method, options),
            variant=variant,
            replicates=table.replicates,
        )


def _reference(table: ReferenceTable, folder: Path) -> DeclaredReference:
    """Return a reference, its file resolved."""
    datasets = tuple(table.datasets)
    if table.file is not None:
        return DeclaredReference(datasets=datasets, file=folder / table.file)
    cell = (str(table.program), str(table.method), str(table.variant))
    return DeclaredReference(datasets=datasets, cell=cell)
