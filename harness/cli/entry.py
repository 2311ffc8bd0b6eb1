"""Parse the command line and do what it asks for."""

import argparse
import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any

from harness import cli
from harness.cli.arguments import Parser, add_command
from harness.cli.console import ERR, EXIT_INTERRUPTED, EXIT_TERMINATED, EXIT_USER_ERROR, OUT
from harness.cli.signals import TerminatedError, terminated_in_order
from harness.errors import HarnessError

#: The commands, in the order of the help. Each is a module of this package called like it, whose
#: ``add_arguments`` declares what it takes and which function it calls.
COMMANDS: Mapping[str, str] = {
    "init": "write a commented study with a program and data",
    "run": "run a study and write its tables and report",
    "compare": "compare methods on a Stan program and its data, with NUTS as the reference",
    "fit": "find the cheapest draws of a posterior that may be trusted",
    "judge": "judge draws that exist already, against reference draws if there are any",
    "calibrate": "check on simulated data whether a program's posteriors are calibrated",
    "report": "rewrite a report from saved tables",
    "list": "list methods, studies, data sets, programs and runs",
    "schema": "print the JSON Schema of studies or events",
    "rows": "find what counts a program's rows, and prove it",
    "store": "list, check or clean the stored fits",
    "cmdstan": "find, build, inspect or remove a CmdStan",
}


class _Version(argparse.Action):
    """Print the version; it is looked up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print and end."""
        OUT.print(f"harness {importlib.metadata.version('advi-harness')}", markup=False)
        parser.exit()


def make_parser() -> argparse.ArgumentParser:
    """Declare the command line."""
    parser = Parser(
        prog="harness", description="Compare NUTS, ADVI and subsampled ADVI on Stan programs."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        add_command(commands, name, text, declared_in=f"harness.cli.{name}")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process by default.

    Returns
    -------
    int
        0; 2 if the input is invalid, with one line on standard error; 130 after Ctrl-C, 143
        after SIGTERM.
    """
    return perform(make_parser().parse_args(argv))


def perform(arguments: argparse.Namespace) -> int:
    """Do what the parsed arguments ask for; an error becomes one line.

    Parameters
    ----------
    arguments : Namespace
        With the command's function as ``action``.

    Returns
    -------
    int
        The exit code; see :func:`main`.
    """
    try:
        with terminated_in_order():
            exit_code: int | None = arguments.action(arguments)
    except HarnessError as error:
        if getattr(arguments, "json", False):
            cli.display.print_failure(error)
        ERR.print(f"harness: {error}", markup=False)
        return EXIT_USER_ERROR
    except TerminatedError:
        return _interrupted("terminated", EXIT_TERMINATED)
    except KeyboardInterrupt:
        return _interrupted("interrupted", EXIT_INTERRUPTED)
    return exit_code or 0


def _interrupted(how: str, exit_code: int) -> int:
    """Say that finished fits are stored."""
    ERR.print(f"harness: {how}; finished fits are stored; the same command continues")
    return exit_code
