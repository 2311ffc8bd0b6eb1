"""``harness schema``: what studies may say, and what events do, as JSON Schema."""

import argparse

from harness.cli.console import OUT
from harness.execution import events
from harness.study import json_schema as study_schema

_TEXTS = {"study": study_schema.schema_text, "events": events.schema_text}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.set_defaults(action=schema)
    parser.add_argument(
        "of",
        nargs="?",
        choices=tuple(_TEXTS),
        default="study",
        help="of study files (the default), or of the lines that --json prints",
    )


def schema(arguments: argparse.Namespace) -> None:
    """Print a schema."""
    OUT.print(_TEXTS[arguments.of](), markup=False, end="")
