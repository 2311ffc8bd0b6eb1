"""``harness store``: list, check or clean the stored fits."""

import argparse
from pathlib import Path

from harness import cli
from harness.cli.arguments import Parser, add_action, add_store_argument
from harness.study.toml import read_study


def add_arguments(parser: Parser) -> None:
    """Declare what the command takes."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    add_store_argument(add_action(actions, "ls", ls, "list the stored fits, oldest first"))
    add_store_argument(add_action(actions, "verify", verify, "find damaged fits by their digests"))
    cleaning = add_action(actions, "gc", gc, "remove files of killed processes")
    add_store_argument(cleaning)
    cleaning.add_argument(
        "--keep",
        type=Path,
        nargs="+",
        metavar="STUDY",
        help="also remove the fits that none of these studies uses",
    )
    cleaning.add_argument(
        "--dry-run", action="store_true", help="only print which fits would be removed"
    )


def ls(arguments: argparse.Namespace) -> None:
    """List the fits of a store."""
    cli.upkeep.print_store(arguments.store)


def verify(arguments: argparse.Namespace) -> int:
    """Check the digests of a store."""
    return cli.upkeep.verify_store(arguments.store)


def gc(arguments: argparse.Namespace) -> None:
    """Remove leftovers and, if studies are named, what none of them uses."""
    studies = [read_study(file) for file in arguments.keep or ()]
    cli.upkeep.clean_store(arguments.store, keep=studies, dry_run=arguments.dry_run)
