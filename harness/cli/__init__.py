"""The command line: the only place that prints or exits."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from harness.cli import compare as compare_command
from harness.cli import init as init_command
from harness.cli import listing
from harness.cli import rows as rows_command
from harness.cli import run as study_commands
from harness.cli import schema as schema_command
from harness.cli import store as store_commands
from harness.cli.console import (
    ERR,
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    EXIT_USER_ERROR,
    OUT,
    note,
)
from harness.cli.display import Mode, print_event
from harness.cli.signals import TerminatedError, terminated_in_order
from harness.cmdstan import commands as cmdstan_commands
from harness.errors import HarnessError
from harness.execution.events import Failed
from harness.folders import cache_folder
from harness.messages.clauses import shown

__all__ = ["main", "perform"]

type _Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _cmdstan_path(_: argparse.Namespace) -> None:
    OUT.print(cmdstan_commands.path(), markup=False)


def _cmdstan_install(arguments: argparse.Namespace) -> None:
    line = cmdstan_commands.install(release=arguments.release, report=note)
    OUT.print(line, markup=False)


def _cmdstan_doctor(_: argparse.Namespace) -> int:
    report = cmdstan_commands.doctor()
    for line in report.lines():
        OUT.print(line, markup=False)
    return EXIT_USER_ERROR if report.problems else 0


def _cmdstan_clean(_: argparse.Namespace) -> None:
    OUT.print(cmdstan_commands.clean(note), markup=False)


def _add_study_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what all commands on a study take."""
    parser.add_argument("study", type=Path, metavar="STUDY", help="a study's TOML file")
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("results"),
        metavar="FOLDER",
        help="folder of the results, with a subfolder for each study (default: results)",
    )


def _add_store_argument(parser: argparse.ArgumentParser) -> None:
    """Add where fits are."""
    parser.add_argument(
        "--store",
        type=Path,
        default=cache_folder() / "fits",
        metavar="FOLDER",
        help="folder of the stored fits (default: in the user's cache folder)",
    )


def _add_command(
    commands: _Commands,
    name: str,
    action: Callable[[argparse.Namespace], int | None],
    text: str,
) -> argparse.ArgumentParser:
    """Declare a command: its name, what it calls, and what it says of itself."""
    parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.set_defaults(action=action)
    return parser


def _number_above_zero(kind: type[int] | type[float]) -> Callable[[str], float]:
    """Return a parser of positive numbers, with a name that argparse shows in messages."""
    noun = "whole number" if kind is int else "number"

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = kind(0)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"'{text}' is not a {noun} above 0")
        return value

    return parse


def _add_run(commands: _Commands) -> None:
    """Declare ``harness run``."""
    run = _add_command(
        commands, "run", study_commands.run, "run a study and write its tables and report"
    )
    _add_study_arguments(run)
    _add_store_argument(run)
    _add_running_arguments(run)


def _add_running_arguments(run: argparse.ArgumentParser) -> None:
    """Add what all commands that fit take."""
    where = run.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs",
        type=_number_above_zero(int),
        default=1,
        metavar="N",
        help="fits at the same time (default: 1, so that times can be compared); there are never "
        "more Stan processes than cores",
    )
    where.add_argument(
        "--scheduler", metavar="ADDRESS", help="fit on a Dask cluster, for example tcp://host:8786"
    )
    run.add_argument(
        "--time-limit",
        type=_number_above_zero(float),
        metavar="SECONDS",
        help="stop a fit that takes longer; the run then fails",
    )
    run.add_argument("--retry-failed", action="store_true", help="repeat runs that failed before")
    shown = run.add_mutually_exclusive_group()
    shown.add_argument("--quiet", action="store_true", help="print only failures and errors")
    shown.add_argument("--json", action="store_true", help="print events, one JSON object per line")


def _add_compare(commands: _Commands) -> None:
    """Declare ``harness compare``."""
    compare = _add_command(
        commands,
        "compare",
        compare_command.compare,
        "compare methods on a Stan program and its data, with NUTS as the reference",
    )
    compare_command.add_arguments(compare)
    _add_store_argument(compare)
    _add_running_arguments(compare)


def _add_store(commands: _Commands) -> None:
    """Declare ``harness store``."""
    store = commands.add_parser("store", help="list, check or clean the stored fits")
    actions = store.add_subparsers(required=True, metavar="ACTION")
    _add_store_argument(
        _add_command(actions, "ls", store_commands.ls, "list the stored fits, oldest first")
    )
    _add_store_argument(
        _add_command(actions, "verify", store_commands.verify, "find damaged fits by their digests")
    )
    gc = _add_command(actions, "gc", store_commands.gc, "remove files of killed processes")
    _add_store_argument(gc)
    gc.add_argument(
        "--keep",
        type=Path,
        nargs="+",
        metavar="STUDY",
        help="also remove the fits that none of these studies uses",
    )
    gc.add_argument("--dry-run", action="store_true", help="only print which fits would be removed")


def _add_cmdstan(commands: _Commands) -> None:
    """Declare ``harness cmdstan``."""
    cmdstan = commands.add_parser("cmdstan", help="find, build, inspect or remove a CmdStan")
    actions = cmdstan.add_subparsers(required=True, metavar="ACTION")
    _add_command(actions, "path", _cmdstan_path, "print the folder of the CmdStan that is used")
    install = _add_command(
        actions, "install", _cmdstan_install, "build a CmdStan home from wheels, if necessary"
    )
    install.add_argument(
        "--release", action="store_true", help="download a CmdStan release instead"
    )
    _add_command(actions, "doctor", _cmdstan_doctor, "show the CmdStan that is used, and problems")
    _add_command(actions, "clean", _cmdstan_clean, "remove the CmdStan homes that were built")


class _Parser(argparse.ArgumentParser):
    """Refuses arguments in one line, like every other error."""

    def error(self, message: str) -> NoReturn:
        """End with the line."""
        self.exit(EXIT_USER_ERROR, f"harness: {message}; see '{self.prog} --help'\n")


def _parser() -> argparse.ArgumentParser:
    """Declare the command line."""
    parser: argparse.ArgumentParser = _Parser(
        prog="harness", description="Compare NUTS, ADVI and subsampled ADVI on Stan programs."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    init_command.add_arguments(
        _add_command(
            commands, "init", init_command.init, "write a commented study with a program and data"
        )
    )
    _add_run(commands)
    _add_compare(commands)
    _add_study_arguments(
        _add_command(
            commands, "report", study_commands.report, "rewrite a report from saved tables"
        )
    )
    listing.add_arguments(
        _add_command(
            commands, "list", listing.show, "list methods, studies, data sets, programs and runs"
        )
    )
    schema_command.add_arguments(
        _add_command(
            commands, "schema", schema_command.schema, "print the JSON Schema of studies or events"
        )
    )
    rows_command.add_arguments(_add_command(commands, *rows_command.COMMAND))
    _add_store(commands)
    _add_cmdstan(commands)
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
    return perform(_parser().parse_args(argv))


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
        if study_commands.mode_of(arguments) is Mode.JSON:
            print_event(Failed(message=shown(str(error))))
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
