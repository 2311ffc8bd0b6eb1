"""``harness fit``: the cheapest draws that may be trusted."""

import argparse
from pathlib import Path

from harness import cli
from harness.cli.arguments import add_native_argument, add_seed_argument, number_above_zero


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.set_defaults(action=fit)
    parser.add_argument("model", type=Path, metavar="MODEL.stan", help="a Stan program")
    parser.add_argument(
        "data", type=Path, metavar="DATA.json", help="its data, in CmdStan's JSON, or compressed"
    )
    parser.add_argument(
        "--rows-file",
        metavar="X=X.npy,y=y.npy",
        help="files with the rows of data variables, too many for memory, which DATA.json leaves "
        "out; then no NUTS is run",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DRAWS.nc",
        help="file of the draws, in netCDF (default: <program>_draws.nc)",
    )
    parser.add_argument(
        "--csv", type=Path, metavar="FOLDER", help="write the draws as CSV files too, one per chain"
    )
    parser.add_argument(
        "--budget",
        type=number_above_zero(float),
        metavar="SECONDS",
        help="stop after so many seconds, with the best draws so far and their verdict",
    )
    add_seed_argument(parser, "decides all randomness")
    add_native_argument(parser)
    parser.add_argument("--quiet", action="store_true", help="print the verdict alone")


def fit(arguments: argparse.Namespace) -> None:
    """Fit, write the draws, and print what was tried."""
    cli.fitting.fit_and_write(arguments)
