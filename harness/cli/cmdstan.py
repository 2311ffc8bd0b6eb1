"""``harness cmdstan``: find, build, inspect or remove a CmdStan."""

import argparse

from harness.cli.arguments import Parser, add_action
from harness.cli.console import EXIT_USER_ERROR, OUT, note
from harness.cmdstan import commands
from harness.program.server_object import ensure_cmdstan_with_server


def add_arguments(parser: Parser) -> None:
    """Declare what the command takes."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    add_action(actions, "path", path, "print the folder of the CmdStan that is used")
    add_action(
        actions, "install", install, "build a CmdStan home from wheels, if necessary"
    ).add_argument("--release", action="store_true", help="download a CmdStan release instead")
    add_action(actions, "doctor", doctor, "show the CmdStan that is used, and problems")
    add_action(actions, "clean", clean, "remove the CmdStan homes that were built")


def path(_: argparse.Namespace) -> None:
    """Print where the CmdStan is."""
    OUT.print(commands.path(), markup=False)


def install(arguments: argparse.Namespace) -> None:
    """See to it that there is a CmdStan."""
    line = commands.install(
        release=arguments.release, report=note, ensure=ensure_cmdstan_with_server
    )
    OUT.print(line, markup=False)


def doctor(_: argparse.Namespace) -> int:
    """Print the state of things, and end with an error if there are problems."""
    report = commands.doctor()
    for line in report.lines():
        OUT.print(line, markup=False)
    return EXIT_USER_ERROR if report.problems else 0


def clean(_: argparse.Namespace) -> None:
    """Remove the homes that were built."""
    OUT.print(commands.clean(note), markup=False)
