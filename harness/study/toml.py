"""Read a study's TOML, check it, and make what it declares."""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.data.dataset import Dataset, make_dataset
from harness.errors import HarnessError, StudyError
from harness.messages.clauses import absence, did_you_mean, first_problem
from harness.methods import make_method
from harness.program.program import Program
from harness.study.entries import Entries, find_entries
from harness.study.evidence_reference import with_evidence
from harness.study.file import (
    TABLES,
    CrossTable,
    DatasetTable,
    ProgramTable,
    ReferenceTable,
    StudyTable,
)
from harness.study.filed import with_counts
from harness.study.plan import Cross, Declaration, DeclaredReference, cross_out, refuse_twins
from harness.study.study import Study
from harness.study.sweep import FULL, at_scale, expand

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
    # a scale has a name of its own
    table = next((TABLES[name] for name in reversed(names) if name in TABLES), StudyTable)
    where = f"{'.'.join(names)}.{key}" if names else str(key)
    return f"unknown key '{where}'{did_you_mean(str(key), table.model_fields)}"


def read_table(file: Path, *, scale: str = FULL) -> StudyTable:
    """Read what a study file says, but nothing that it names.

    Parameters
    ----------
    file : Path
        A TOML file.
    scale : str
        One of the study's scales.

    Returns
    -------
    StudyTable

    Raises
    ------
    StudyError
        With the file's name and one line of advice.
    """
    content, _ = read_toml(file)
    try:
        return at_scale(parse_study(content), scale)
    except StudyError as error:
        raise StudyError(f"study file '{file}': {error}") from error


def read_study(file: Path, *, scale: str = FULL, posteriordb: Path | None = None) -> Study:
    """Read a study file, make its data sets and plan its runs.

    Parameters
    ----------
    file : Path
        A TOML file; the paths in it are relative to its folder.
    scale : str
        One of the study's scales; by default the study as it is written.
    posteriordb : Path, optional
        A clone of posteriordb, in the place of the one that the study names.

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
        table = at_scale(parse_study(content), scale)
        declared = _declaration(table, folder=file.parent, clone=posteriordb, text=text)
        study = cross_out(replace(declared, scale=scale if table.scale else ""))
        return replace(study, file=file)
    except HarnessError as error:
        raise type(error)(f"study file '{file}': {error}") from error


def _declaration(
    written: StudyTable, *, folder: Path, clone: Path | None, text: str
) -> Declaration:
    """Make a study's data sets, and resolve its paths against its folder."""
    table, sweep = expand(written)
    refuse_twins("data set", [spec.name for spec in table.datasets])
    refuse_twins("program", [spec.name for spec in table.programs])
    entries = find_entries(table, folder=folder, clone=clone)
    datasets = {
        item.name: _dataset(item, folder) for item in table.datasets if not item.posteriordb
    }
    programs = {spec.name: _program(spec, folder) for spec in table.programs}
    refuse_twins("data set", [*datasets, *entries.datasets])
    refuse_twins("program", [*programs, *entries.programs])
    crosses = (
        *(entries.reference_crosses if table.reference is None else ()),
        *(cross for spec in table.cross for cross in crosses_of(spec, entries)),
    )
    declared = Declaration(
        name=table.name,
        title=table.title,
        description=table.description,
        seed=table.seed,
        datasets=with_counts({**datasets, **entries.datasets}, programs, crosses),
        programs={**programs, **entries.programs},
        crosses=crosses,
        references=(
            *(_reference(spec, folder) for spec in table.references),
            *entries.references(without_nuts=table.reference is not None),
        ),
        published=folder / table.published if table.published else None,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        seed_names=entries.seed_names,
        sweep=sweep,
        left_out=entries.left_out,
    )
    return declared if table.reference is None else with_evidence(declared)


def _dataset(table: DatasetTable, folder: Path) -> Dataset:
    """Generate or load a data set."""
    return make_dataset(
        table.name,
        generator=table.generator,
        file=folder / table.file if table.file else None,
        options=table.options,
        sha256=table.sha256,
        rows_files={name: folder / file for name, file in table.rows_files.items()},
    )


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
        native=table.native,
    )


def crosses_of(table: CrossTable, entries: Entries) -> Iterator[Cross]:
    """Give a cross with its method, and one for each posterior of a database that it names.

    Raises
    ------
    StudyError
        If a data set has no program.
    MethodError
        If the method or an option is unknown, or a value is not allowed.
    """
    method = make_method(table.method, table.options)
    named = entries.named_by(table.datasets)
    datasets = tuple(name for name in table.datasets if name not in entries.families)
    datasets = tuple(name for name in datasets if name not in named)
    if datasets and not table.programs:
        raise StudyError(
            f"a cross fits the data set '{datasets[0]}' with no program; add 'programs'"
        )
    cells = [(datasets, tuple(table.programs))] if datasets else []
    cells += [((dataset,), (entries.program_of[dataset],)) for dataset in named]
    for names, programs in cells:
        yield Cross(
            datasets=names,
            programs=programs,
            method=method,
            variant=table.variant,
            replicates=table.replicates,
        )


def _reference(table: ReferenceTable, folder: Path) -> DeclaredReference:
    """Return a reference, its file resolved."""
    datasets = tuple(table.datasets)
    if table.file is not None:
        return DeclaredReference(datasets=datasets, file=folder / table.file)
    cell = (str(table.program), str(table.method), str(table.variant))
    return DeclaredReference(datasets=datasets, cell=cell)
