"""``harness report``: write a report again from saved tables."""

import argparse

from harness import cli
from harness.cli.arguments import add_study_arguments
from harness.errors import ResultsError
from harness.study.toml import read_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    add_study_arguments(parser)
    parser.set_defaults(action=report)


def report(arguments: argparse.Namespace) -> None:
    """Write a report again."""
    table = read_table(arguments.study)
    folder = arguments.results / table.name
    if not folder.is_dir():
        raise ResultsError(f"there are no results in '{folder}'; run the study first")
    published = arguments.study.parent / table.published if table.published else None
    cli.verdicts.rewrite_report(folder, published)
