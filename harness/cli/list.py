"""``harness list``: what a study may name, and what the studies here name."""

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.cli.console import ERR
from harness.cli.tables import print_table
from harness.data.generators import GENERATORS, option_names
from harness.errors import HarnessError, StudyError
from harness.messages.docstrings import summary_of
from harness.methods import METHODS
from harness.study.file import CrossTable, DatasetTable, ProgramTable, StudyTable
from harness.study.json_schema import options_schema
from harness.study.posteriordb import entry_names, read_entry
from harness.study.sweep import FULL, expand
from harness.study.toml import read_table, read_toml
from harness.study.written import check_written

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
    parser.add_argument(
        "--scale",
        default=FULL,
        metavar="NAME",
        help="list the runs of STUDY at this scale, for example small (default: full)",
    )
    parser.add_argument(
        "--posteriordb",
        type=Path,
        metavar="FOLDER",
        help="list the posteriors of a clone of posteriordb, and which have reference draws",
    )


def show(arguments: argparse.Namespace) -> None:
    """List data sets, methods, programs and runs."""
    if arguments.posteriordb is not None:
        _print_posteriors(arguments.posteriordb)
        return
    if arguments.scale != FULL and arguments.study is None:
        raise StudyError(f"--scale {arguments.scale} is that of a study; name it with --study")
    scale = arguments.scale
    studies = [_read(arguments.study, scale)] if arguments.study else _found(Path())
    sections = [_SECTIONS[arguments.what]] if arguments.what else _BRIEF
    for section in sections:
        section(studies)


def _print_posteriors(folder: Path) -> None:
    """List the posteriors of a database; one that is broken stops no list."""
    rows = []
    for name in entry_names(folder):
        try:
            entry = read_entry(folder, name)
        except StudyError as error:
            rows.append((name, "", "", "", str(error)))
            continue
        drawn = "no" if entry.draws is None else "yes"
        rows.append((name, entry.model.name, entry.data.name, drawn, ""))
    head = ("posterior", "program", "data", "reference draws", "problem")
    kept = head if any(row[-1] for row in rows) else head[:-1]
    n_drawn = sum(row[3] == "yes" for row in rows)
    title = f"{len(rows)} posteriors, {n_drawn} with reference draws"
    print_table(title, kept, [row[: len(kept)] for row in rows])


def _read(file: Path, scale: str = FULL) -> _Listed:
    """Read a study, but nothing that it names."""
    table = read_table(file, scale=scale)
    try:
        written = expand(table)[0]
        check_written(written)
    except HarnessError as error:
        raise type(error)(f"study file '{file}': {error}") from error
    return _Listed(file, written)


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
    generators = [
        (name, summary_of(generator), ", ".join(option_names(name)) or "none")
        for name, generator in GENERATORS.items()
    ]
    _print("Generators of data sets", ("generator", "meaning", "options"), generators)
    rows = [
        (study.table.name, item.name, _source(study, item))
        for study in studies
        for item in study.table.datasets
    ]
    _print("Data sets", ("study", "data set", "source"), rows)


def _source(study: _Listed, item: DatasetTable) -> str:
    """Say where a data set comes from."""
    if item.posteriordb is not None:
        folder = study.file.parent / item.posteriordb.folder
        missing = "" if folder.is_dir() else " (missing)"
        return f"posteriordb {folder}{missing}: {', '.join(item.posteriordb.names)}"
    source = f"generator {item.generator}" if item.generator else _path(study, item.file)
    return ", ".join([source, *(f"{key} = {_value(each)}" for key, each in item.options.items())])


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
            cross.variant,
            f"{_n_cells(cross)}",
            ", ".join(f"{name} = {_value(value)}" for name, value in cross.options.items()),
        )
        for study in studies
        for cross in study.table.cross
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
    return sum(_n_cells(item) for item in crosses)


def _n_cells(cross: CrossTable) -> int:
    """Count the runs of a cross; posteriors of a database count as one, as nothing is loaded."""
    return len(cross.datasets) * max(len(cross.programs), 1) * cross.replicates


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
