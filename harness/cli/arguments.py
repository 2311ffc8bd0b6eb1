"""What the commands are told on the command line, where several are told the same."""

import argparse
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from harness.cli.console import EXIT_USER_ERROR
from harness.errors import StudyError
from harness.folders import cache_folder
from harness.messages.clauses import seed_problem

type Commands = "argparse._SubParsersAction[Parser]"
type Action = Callable[[argparse.Namespace], int | None]


class Parser(argparse.ArgumentParser):
    """Refuses arguments in one line, like every other error.

    Parameters
    ----------
    declared_in : str, optional
        The module of a command, whose ``add_arguments`` declares what the command takes. It is
        imported when the command is parsed, so that no command waits for the others' imports.
    **options
        Those of argparse.
    """

    def __init__(self, *, declared_in: str = "", **options: Any) -> None:
        super().__init__(**options)
        self._declared_in = declared_in

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Declare the command's arguments, once, and parse them."""
        if self._declared_in:
            module, self._declared_in = self._declared_in, ""
            importlib.import_module(module).add_arguments(self)
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:  # said here, by the command whose options they would be
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """End with the line."""
        self.exit(EXIT_USER_ERROR, f"harness: {message}; see '{self.prog} --help'\n")


def add_command(commands: Commands, name: str, text: str, *, declared_in: str = "") -> Parser:
    """Declare a command: its name, what it says of itself, and the module that has the rest."""
    return commands.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", declared_in=declared_in
    )


def add_action(actions: Commands, name: str, action: Action, text: str) -> Parser:
    """Declare an action of a command: its name, what it calls, and what it says of itself."""
    parser = add_command(actions, name, text)
    parser.set_defaults(action=action)
    return parser


def add_study_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what all commands on a study take."""
    parser.add_argument("study", type=Path, metavar="STUDY", help="a study's TOML file")
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("results"),
        metavar="FOLDER",
        help="folder of the results, with a subfolder for each study (default: results)",
    )


def add_scale_argument(parser: argparse.ArgumentParser) -> None:
    """Add how large a study is."""
    parser.add_argument(
        "--scale",
        default="full",
        metavar="NAME",
        help="a [scale] of the study, for example small (default: full, as it is written)",
    )
    parser.add_argument(
        "--posteriordb",
        type=Path,
        metavar="FOLDER",
        help="a clone of posteriordb, in the place of the one that the study names",
    )


def add_store_argument(parser: argparse.ArgumentParser) -> None:
    """Add where fits are."""
    parser.add_argument(
        "--store",
        type=Path,
        default=cache_folder() / "fits",
        metavar="FOLDER",
        help="folder of the stored fits (default: in the user's cache folder)",
    )


def add_native_argument(parser: argparse.ArgumentParser) -> None:
    """Add for which processor a program is compiled."""
    parser.add_argument(
        "--native",
        action="store_true",
        help="compile the program for this machine's processor, and by stanc's optimiser",
    )


def number_above_zero(kind: type[int] | type[float]) -> Callable[[str], float]:
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


def add_seed_argument(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the seed of something; all commands take the same numbers."""

    def parse(text: str) -> int:
        try:
            seed = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None
        problem = seed_problem(seed)
        if problem:
            raise argparse.ArgumentTypeError(problem)
        return seed

    parser.add_argument("--seed", type=parse, default=1, help=f"{what} (default: 1)")


def add_running_arguments(run: argparse.ArgumentParser, *, jobs: int = 1) -> None:
    """Add what all commands that fit take; so many fits are made at once by default."""
    usual = "1, so that times can be compared" if jobs == 1 else "as many as there are cores"
    where = run.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs",
        type=number_above_zero(int),
        default=jobs,
        metavar="N",
        help=f"fits at the same time (default: {usual}); there are never more Stan processes than "
        "cores",
    )
    where.add_argument(
        "--scheduler", metavar="ADDRESS", help="fit on a Dask cluster, for example tcp://host:8786"
    )
    run.add_argument(
        "--time-limit",
        type=number_above_zero(float),
        metavar="SECONDS",
        help="stop a fit that takes longer; the run then fails",
    )
    run.add_argument("--retry-failed", action="store_true", help="repeat runs that failed before")
    shown = run.add_mutually_exclusive_group()
    shown.add_argument("--quiet", action="store_true", help="print only failures and errors")
    shown.add_argument("--json", action="store_true", help="print events, one JSON object per line")


def named_files(text: str | None) -> dict[str, Path]:
    """Read files by name, ``X=X.npy,y=y.npy``.

    Raises
    ------
    StudyError
        If a part is no name with a file, or a name has two.
    """
    found: dict[str, Path] = {}
    for part in split_names(text or ""):
        name, equals, file = part.partition("=")
        if not (equals and name and file):
            raise StudyError(f"--rows-file has '{part}'; give NAME=FILE.npy for each variable")
        if name in found:
            raise StudyError(
                f"--rows-file gives '{name}' two files, '{found[name]}' and '{file}'; leave out one"
            )
        found[name] = Path(file)
    return found


def split_names(text: str) -> tuple[str, ...]:
    """Split a list of names at its commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())
