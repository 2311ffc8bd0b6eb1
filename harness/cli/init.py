"""``harness init``: a study to start from."""

import argparse
from pathlib import Path

from harness.cli.console import OUT
from harness.study.template import write_new_study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.set_defaults(action=init)
    parser.add_argument(
        "name",
        type=Path,
        metavar="NAME",
        help="name of the study, with a folder if you like: studies/mine",
    )


def init(arguments: argparse.Namespace) -> None:
    """Write a study and say how to run it."""
    files = write_new_study(arguments.name)
    OUT.print(f"wrote {', '.join(map(str, files))}", markup=False)
    OUT.print(f"run it: harness run {files[0]}", markup=False)
