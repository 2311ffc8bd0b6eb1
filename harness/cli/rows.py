"""``harness rows``: what counts a program's rows, and whether they add up."""

import argparse
import json
from pathlib import Path

from harness.cli.arguments import add_seed_argument, named_files
from harness.cli.console import OUT
from harness.cli.tables import print_table
from harness.data.dataset import Dataset, with_rows_files
from harness.data.stan_json import read_stan_json
from harness.errors import ProgramError
from harness.methods.base import Problem
from harness.methods.density import open_density
from harness.methods.filed import prove_files
from harness.program.compilation import compile_program
from harness.program.declared_data import check_data, data_title
from harness.program.filed_rows import counted
from harness.program.program import Program
from harness.program.rows import RowAxis, choose_axis, find_rows
from harness.program.stanc import describe_program


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.set_defaults(action=rows)
    parser.add_argument("model", type=Path, metavar="MODEL.stan", help="a Stan program")
    parser.add_argument(
        "data", type=Path, metavar="DATA.json", help="its data, in CmdStan's JSON, or zipped"
    )
    parser.add_argument(
        "--rows-file",
        metavar="X=X.npy,y=y.npy",
        help="files with the rows of data variables, too many for memory, which DATA.json leaves "
        "out",
    )
    add_seed_argument(parser, "decides where it looks")
    parser.add_argument("--json", action="store_true", help="print JSON")


def rows(arguments: argparse.Namespace) -> None:
    """Find the axes of a program and prove or refuse each."""
    model: Path = arguments.model
    axes = _axes(arguments)
    if arguments.json:
        OUT.print(json.dumps({"axes": [_entry(axis) for axis in axes]}), markup=False)
        return
    if axes:
        print_table(
            f"Rows of {model.name}",
            ("axis", "size", "variables", "adds up", "why not"),
            [
                (
                    axis.name,
                    f"{axis.size}",
                    ", ".join(axis.variables),
                    "yes" if axis.adds_up else "no",
                    axis.reason,
                )
                for axis in axes
            ],
        )
    try:
        chosen = choose_axis(axes)
    except ProgramError:
        why = "" if axes else ": no integer of its data sizes data and no parameter"
        OUT.print(f"No rows of {model.name} can be taken apart{why}.", markup=False)
        return
    OUT.print(f"{chosen.name} counts the rows.", markup=False)


def _axes(arguments: argparse.Namespace) -> tuple[RowAxis, ...]:
    """Find and prove axes on the data in memory, or on random rows of those in files."""
    model: Path = arguments.model
    program = Program(name=model.stem, file=model.resolve(), parameters=())
    data = read_stan_json(arguments.data)
    files = named_files(arguments.rows_file)
    filed = with_rows_files(Dataset(name=arguments.data.stem, variables=data), files)
    dataset, declared = counted(filed, program), describe_program(program)
    title = data_title(arguments.data)
    check_data(declared, dataset.variables or {}, model=model.name, title=title)
    if not files:
        return find_rows(program, data, seed=arguments.seed)
    problem = Problem(program=compile_program(program), dataset=dataset)
    return prove_files(problem, open_density, seed=arguments.seed)


def _entry(axis: RowAxis) -> dict[str, str | int | bool | list[str]]:
    """Return an axis as JSON has it."""
    return {
        "name": axis.name,
        "size": axis.size,
        "variables": list(axis.variables),
        "adds_up": axis.adds_up,
        "reason": axis.reason,
    }
