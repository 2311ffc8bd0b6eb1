"""``harness compare``: the whole comparison for somebody else's program."""

import argparse
from pathlib import Path

from harness import cli
from harness.cli.arguments import (
    add_native_argument,
    add_running_arguments,
    add_seed_argument,
    add_store_argument,
    named_files,
    split_names,
)
from harness.errors import StudyError
from harness.execution.cores import n_cores
from harness.program.contract import DataContract
from harness.study.comparison import (
    DEFAULT_METHODS,
    REPLICATES,
    Comparison,
    comparison_study,
    named_reference,
)
from harness.study.parts import SUBSAMPLES
from harness.study.posteriordb import read_entry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    _add_problem(parser)
    parser.add_argument(
        "--methods",
        default=",".join(DEFAULT_METHODS),
        metavar="A,B,...",
        help=f"methods to compare (default: {','.join(DEFAULT_METHODS)})",
    )
    parser.add_argument(
        "--reference",
        metavar="DRAWS",
        help="file of reference draws in posteriordb's JSON format, instead of a NUTS run; 'none' "
        "judges by evidence that needs no NUTS run",
    )
    parser.add_argument(
        "--variables",
        default="",
        metavar="A,B,...",
        help="variables of the tables (default: parameters and transformed parameters)",
    )
    parser.add_argument(
        "--replicates",
        type=int,
        default=REPLICATES,
        metavar="R",
        help=f"runs of each approximation (default: {REPLICATES})",
    )
    add_seed_argument(parser, "seed of the comparison")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="folder of tables and report (default: results/<program>)",
    )
    add_native_argument(parser)
    _add_rows(parser)
    add_store_argument(parser)
    add_running_arguments(parser, jobs=n_cores())
    parser.set_defaults(action=compare)


def _add_problem(parser: argparse.ArgumentParser) -> None:
    """Declare where program and data come from."""
    parser.add_argument("model", type=Path, nargs="?", metavar="MODEL.stan", help="a Stan program")
    parser.add_argument(
        "data",
        type=Path,
        nargs="?",
        metavar="DATA.json",
        help="its data, in CmdStan's JSON, or compressed",
    )
    parser.add_argument(
        "--posteriordb",
        nargs=2,
        metavar=("FOLDER", "NAME"),
        help="a clone of posteriordb and a posterior of it, in place of program and data; its "
        "reference draws, if there are any, replace the NUTS run",
    )


def _add_rows(parser: argparse.ArgumentParser) -> None:
    """Declare the options for methods that use a part of the rows."""
    rows = parser.add_argument_group("parts of the rows")
    rows.add_argument(
        "--batch", type=int, metavar="m", help="fit by batches of m rows, where a method can"
    )
    rows.add_argument(
        "--subsample",
        type=int,
        metavar="m",
        help=f"compare fits to a subsample of m rows too ({', '.join(SUBSAMPLES)})",
    )
    rows.add_argument(
        "--rows",
        metavar="N",
        help="the integer of the data that counts the rows (default: the largest whose rows are "
        "proved to add up; see `harness rows`)",
    )
    rows.add_argument(
        "--rows-file",
        metavar="X=X.npy,y=y.npy",
        help="files with the rows of data variables, too many for memory, which DATA.json leaves "
        "out",
    )
    # of programs that weight a subsample themselves, as earlier versions wanted
    for option in ("--n-rows", "--weight"):
        rows.add_argument(option, help=argparse.SUPPRESS)


def compare(arguments: argparse.Namespace) -> None:
    """Compare methods on one program, and print what came of it."""
    study = comparison_study(_asked(arguments))
    out = arguments.out or Path("results") / study.name
    cli.running.run_and_write(study, out, arguments, with_errors=True)


def _asked(arguments: argparse.Namespace) -> Comparison:
    """Read the command line."""
    contract = _contract(arguments)
    model, data, reference = _posterior(arguments)
    return Comparison(
        model=model,
        data=data,
        methods=split_names(arguments.methods),
        variables=split_names(arguments.variables),
        reference=named_reference(reference),
        subsample=arguments.subsample,
        batch=arguments.batch,
        contract=contract,
        rows=None if contract else arguments.rows,
        rows_files=named_files(arguments.rows_file),
        replicates=arguments.replicates,
        seed=arguments.seed,
        native=arguments.native,
    )


def _posterior(arguments: argparse.Namespace) -> tuple[Path, Path, str | None]:
    """Return program, data and reference, as they are named or as a database has them."""
    if arguments.posteriordb is None:
        if arguments.model is None or arguments.data is None:
            raise StudyError("give MODEL.stan and DATA.json, or --posteriordb FOLDER NAME")
        return arguments.model, arguments.data, arguments.reference
    if arguments.model is not None:
        raise StudyError(
            f"'{arguments.model}' is given beside --posteriordb; give a program with its data, or "
            "a posterior of a database"
        )
    folder, name = arguments.posteriordb
    entry = read_entry(Path(folder), name)
    own = None if entry.draws is None else str(entry.draws)
    return entry.model, entry.data, arguments.reference or own


def _contract(arguments: argparse.Namespace) -> DataContract | None:
    """Read what the rows are of a program that weights them itself: `--rows` are then arrays."""
    variables = split_names(arguments.rows or "")
    names = (arguments.n_rows, arguments.weight)
    if not any(names) and len(variables) < 2:
        return None
    if not all(names) or not variables:
        raise StudyError(
            "rows are found without help now: leave out --n-rows and --weight, and --rows too or "
            "give it the integer that counts the rows"
        )
    return DataContract(
        row_variables=variables, n_rows=arguments.n_rows, likelihood_weight=arguments.weight
    )
