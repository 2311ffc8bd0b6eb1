"""``harness calibrate``: simulation-based calibration of a program."""

import argparse
from pathlib import Path

from harness import cli
from harness.calibration.asked import CALIBRATED_METHODS, Calibration, read_programs
from harness.cli.arguments import (
    add_running_arguments,
    add_seed_argument,
    add_store_argument,
    number_above_zero,
    split_names,
)
from harness.messages.clauses import plain_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "simulate",
        type=Path,
        metavar="SIMULATE.stan",
        help="a program whose generated quantities draw parameters and data",
    )
    parser.add_argument("model", type=Path, metavar="MODEL.stan", help="the program to fit")
    parser.add_argument(
        "data",
        type=Path,
        nargs="?",
        metavar="DATA.json",
        help="data that are the same in all replicates, in CmdStan's JSON, or compressed",
    )
    _add_options(parser)
    add_store_argument(parser)
    add_running_arguments(parser)
    parser.set_defaults(action=calibrate)


def _add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what is calibrated, and where its results go."""
    parser.add_argument(
        "--replicates",
        type=number_above_zero(int),
        default=200,
        metavar="R",
        help="data sets to simulate (default: 200)",
    )
    parser.add_argument(
        "--methods",
        default=",".join(CALIBRATED_METHODS),
        metavar="A,B,...",
        help=f"methods to calibrate (default: {','.join(CALIBRATED_METHODS)})",
    )
    parser.add_argument(
        "--variables",
        default="",
        metavar="A,B,...",
        help="variables that are ranked, beside the log density (default: the parameters)",
    )
    parser.add_argument(
        "--posterior",
        action="store_true",
        help="replicate data given those of DATA.json: SIMULATE.stan then has parameters and y_rep",
    )
    add_seed_argument(parser, "seed of the calibration")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="folder of tables and report (default: results/<model>_calibration)",
    )


def calibrate(arguments: argparse.Namespace) -> None:
    """Calibrate methods on one program, and print what came of it."""
    asked = _asked(arguments)
    programs = read_programs(asked)  # before anything slow is imported
    out = arguments.out or Path("results") / f"{plain_name(asked.model.stem)}_calibration"
    cli.calibrating.calibrate_and_write(asked, programs, out, arguments)


def _asked(arguments: argparse.Namespace) -> Calibration:
    """Read the command line."""
    return Calibration(
        simulate=arguments.simulate,
        model=arguments.model,
        data=arguments.data,
        methods=split_names(arguments.methods),
        variables=split_names(arguments.variables),
        replicates=arguments.replicates,
        posterior=arguments.posterior,
        seed=arguments.seed,
    )
