"""The command that writes results into a README."""

import argparse
from pathlib import Path

from harness.cli.console import OUT
from harness.readme import check_readme, update_readme


def readme(arguments: argparse.Namespace) -> None:
    """Write the blocks of results into a README, or check that they agree."""
    if arguments.check:
        check_readme(arguments.readme, arguments.results)
        OUT.print(f"{arguments.readme} agrees with the results", markup=False)
        return
    update_readme(arguments.readme, arguments.results)
    OUT.print(f"wrote {arguments.readme}", markup=False)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    parser.add_argument("--readme", type=Path, default=Path("README.md"), metavar="FILE")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit with 2 if the README differs from the results",
    )
