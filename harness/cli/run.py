"""``harness run``: run a study and write its tables and report."""

import argparse

from harness import cli
from harness.cli.arguments import (
    add_running_arguments,
    add_scale_argument,
    add_store_argument,
    add_study_arguments,
)
from harness.cli.console import ERR
from harness.study.toml import read_study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    add_study_arguments(parser)
    add_scale_argument(parser)
    add_store_argument(parser)
    add_running_arguments(parser)
    parser.set_defaults(action=run)


def run(arguments: argparse.Namespace) -> None:
    """Run a study and write its tables and report."""
    study = read_study(arguments.study, scale=arguments.scale, posteriordb=arguments.posteriordb)
    for name, reason in study.left_out.items():
        ERR.print(f"harness: '{name}' is left out: {reason}", markup=False)
    cli.running.run_and_write(study, arguments.results / study.name, arguments)
