"""``harness report``: write a report again from saved tables."""

import argparse

from harness import cli
from harness.cli.arguments import add_study_arguments
from harness.errors import ResultsError
from harness.study.toml import read_study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    add_study_arguments(parser)
    parser.set_defaults(action=report)


def report(arguments: argparse.Namespace) -> None:
    """Write a report again."""
    study = read_study(arguments.study)
    folder = arguments.results / study.name
    if not folder.is_dir():
        raise ResultsError(f"there are no results in '{folder}'; run the study first")
    cli.verdicts.rewrite_report(study, folder)
