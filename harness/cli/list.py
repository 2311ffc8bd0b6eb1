"""``harness list``: what a study may name, and what the studies here name."""

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.cli.console import ERR
from harness.cli.tables import print_table
from harness.data.generators import GENERATORS
from harness.errors import HarnessError, StudyError
from harness.messages.docstrings import summary_of
from harness.methods import METHODS
from harness.study.file import CrossTable, ProgramTable, StudyTable
from harness.study.json_schema import options_schema
from harness.study.toml import parse_study, read_toml

#: Keys that make a TOML file a study; others lie in the same folders.
_KEYS_OF_STUDIES = {"programs", "cross"}


class _Listed(NamedTuple):
    """A study file and what it says."""

    file: Path
    table: StudyTable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.set_defaults(action=show)
    parser.add_argument(
        "what",
        nargs="?",
        choices=tuple(_SECTIONS),
        help="what to list in full (default: everything except options and runs)",
    )
    parser.add_argument(
        "--study",
        type=Path,
        metavar="STUDY",
        help="a study's TOML file (default: all studies in this folder and in studies/)",
    )


def show(arguments: argparse.Namespace) -> None:
    """List data sets, methods, programs and runs."""
    studies = [_read(arguments.study)] if arguments.study else _found(Path())
    sections = [_SECTIONS[arguments.what]] if arguments.what else _BRIEF
    for section in sections:
        section(studies)


def _read(file: Path) -> _Listed:
    """Read a study, but nothing that it names."""
    try:
        return _Listed(file, parse_study(read_toml(file)[0]))
    except StudyError as error:
        if str(file) in str(error):
            raise
        raise StudyError(f"study file '{file}': {error}") from error


def _found(folder: Path) -> list[_Listed]:
    """Find the studies in a folder and in its ``studies/``; one that is broken stops no list."""
    studies = []
    for file in sorted([*folder.glob("*.toml"), *folder.glob("studies/*.toml")]):
        try:
            if _KEYS_OF_STUDIES & read_toml(file)[0].keys():
                studies.append(_read(file))
        except HarnessError as error:
            ERR.print(f"harness: {error}", markup=False)
    return studies


def _print_studies(studies: Sequence[_Listed]) -> None:
    """List the studies themselves."""
    rows = [
        (study.table.name, str(study.file), f"{_n_runs(study.table.cross)}", study.table.title)
        for study in studies
    ]
    _print("Studies", ("study", "file", "runs", "title"), rows)


def _print_method_names(_: Sequence[_Listed]) -> None:
    """List the methods, without their options."""
    rows = [(name, summary_of(method)) for name, method in METHODS.items()]
    _print("Methods (harness list methods: their options)", ("method", "meaning"), rows)


def _print_methods(_: Sequence[_Listed]) -> None:
    """List the methods, each with its options."""
    for name, method in METHODS.items():
        schema = options_schema(method)
        needed = schema.get("required", ())
        rows = [
            (
                option,
                "required" if option in needed else _value(part.get("default")),
                _allowed(part),
                part["description"],
            )
            for option, part in schema["properties"].items()
        ]
        rows.sort(key=lambda row: row[0] not in needed)
        title = f"Method {name}: {summary_of(method)}"
        _print(title, ("option", "default", "allowed", "meaning"), rows)


def _print_datasets(studies: Sequence[_Listed]) -> None:
    """List generators and the data sets of studies."""
    generators = [(name, summary_of(generator)) for name, generator in GENERATORS.items()]
    _print("Generators of data sets", ("generator", "meaning"), generators)
    rows = []
    for study in studies:
        for item in study.table.datasets:
            source = f"generator {item.generator}" if item.generator else _path(study, item.file)
            rows.append((study.table.name, item.name, source))
    _print("Data sets", ("study", "data set", "source"), rows)


def _print_programs(studies: Sequence[_Listed]) -> None:
    """List the programs of studies."""
    rows = [
        (
            study.table.name,
            item.name,
            _path(study, item.file),
            ", ".join(item.parameters),
            _rows_of(item),
        )
        for study in studies
        for item in study.table.programs
    ]
    _print("Programs", ("study", "program", "file", "parameters", "rows"), rows)


def _print_runs(studies: Sequence[_Listed]) -> None:
    """List what the studies cross."""
    rows = [
        (
            study.table.name,
            ", ".join(cross.datasets),
            ", ".join(cross.programs),
            cross.method,
            variant,
            f"{_n_cells(cross)}",
            ", ".join(f"{name} = {_value(value)}" for name, value in options.items()),
        )
        for study in studies
        for cross in study.table.cross
        for variant, options in cross.variants()
    ]
    head = ("study", "data sets", "programs", "method", "variant", "runs", "options")
    _print("Runs", head, rows)


_SECTIONS: Mapping[str, Callable[[Sequence[_Listed]], None]] = {
    "studies": _print_studies,
    "methods": _print_methods,
    "datasets": _print_datasets,
    "programs": _print_programs,
    "runs": _print_runs,
}
_BRIEF = (_print_studies, _print_method_names, _print_datasets, _print_programs)


def _print(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, or that there is nothing to print."""
    print_table(title if rows else f"{title}: none in this folder or in studies/", head, rows)


def _n_runs(crosses: Iterable[CrossTable]) -> int:
    """Count runs."""
    return sum(_n_cells(item) * len(list(item.variants())) for item in crosses)


def _n_cells(cross: CrossTable) -> int:
    """Count the runs of one variant."""
    return len(cross.datasets) * len(cross.programs) * cross.replicates


def _path(study: _Listed, file: str | None) -> str:
    """Return a path from the working folder, and say if nothing is there."""
    path = study.file.parent / (file or "")
    return f"{path}" if path.is_file() else f"{path} (missing)"


def _rows_of(program: ProgramTable) -> str:
    """Say which data of a program are rows."""
    contract = program.contract
    if contract is None:
        return "unknown"
    return contract.rows or contract.rows_file or ", ".join(contract.row_variables)


def _value(value: Any) -> str:
    """Write a value as TOML does."""
    if value is None:
        return "unset"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key} = {_value(part)}" for key, part in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return json.dumps(value)


def _allowed(part: Mapping[str, Any]) -> str:
    """Say which values an option may have."""
    if "enum" in part or "const" in part:
        return " or ".join(_value(value) for value in part.get("enum", [part.get("const")]))
    names = {"object": "table", "boolean": "true or false"}
    kind = names.get(part.get("type", "any"), part.get("type", "any"))
    signs = (
        ("minimum", "at least"),
        ("exclusiveMinimum", "above"),
        ("maximum", "at most"),
        ("exclusiveMaximum", "below"),
    )
    return " ".join([kind, *(f"{word} {part[key]}" for key, word in signs if key in part)])
