"""``harness compare``: the whole comparison for somebody else's program."""

import argparse
from pathlib import Path

from harness import cli
from harness.cli.arguments import add_running_arguments, add_store_argument, split_names
from harness.errors import StudyError
from harness.program.contract import DataContract
from harness.study.comparison import (
    DEFAULT_METHODS,
    Comparison,
    comparison_study,
    named_reference,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("model", type=Path, metavar="MODEL.stan", help="a Stan program")
    parser.add_argument(
        "data", type=Path, metavar="DATA.json", help="its data, in CmdStan's JSON, or compressed"
    )
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
        "--replicates", type=int, default=1, metavar="R", help="runs of each approximation"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the comparison (default: 1)")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="folder of tables and report (default: results/<program>)",
    )
    _add_contract(parser)
    add_store_argument(parser)
    add_running_arguments(parser)
    parser.set_defaults(action=compare)


def _add_contract(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say what a row is."""
    contract = parser.add_argument_group("what a row is (for subsample_advi)")
    contract.add_argument("--rows", default="", metavar="A,B,...", help="arrays of rows")
    contract.add_argument("--n-rows", metavar="N", help="the integer with the number of rows")
    contract.add_argument("--weight", metavar="W", help="the real that weights the likelihood")
    contract.add_argument("--subsample", type=int, metavar="m", help="rows of a subsample")


def compare(arguments: argparse.Namespace) -> None:
    """Compare methods on one program, and print what came of it."""
    study = comparison_study(_asked(arguments))
    out = arguments.out or Path("results") / study.name
    cli.running.run_and_write(study, out, arguments, with_errors=True)


def _asked(arguments: argparse.Namespace) -> Comparison:
    """Read the command line."""
    return Comparison(
        model=arguments.model,
        data=arguments.data,
        methods=split_names(arguments.methods),
        variables=split_names(arguments.variables),
        reference=named_reference(arguments.reference),
        contract=_contract(arguments),
        subsample=arguments.subsample,
        replicates=arguments.replicates,
        seed=arguments.seed,
    )


def _contract(arguments: argparse.Namespace) -> DataContract | None:
    """Read what a row is."""
    parts = (split_names(arguments.rows), arguments.n_rows, arguments.weight)
    if not any(parts):
        return None
    if not all(parts):
        raise StudyError("give --rows, --n-rows and --weight together, or none of them")
    return DataContract(
        row_variables=parts[0], n_rows=arguments.n_rows, likelihood_weight=arguments.weight
    )
