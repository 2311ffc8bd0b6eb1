"""``harness judge``: draws that exist already."""

import argparse
from pathlib import Path

from harness import api, cli
from harness.cli.arguments import split_names
from harness.cli.console import OUT, note
from harness.fits.fit import DrawKind
from harness.results.folder import open_results_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "draws",
        type=Path,
        nargs="+",
        metavar="DRAWS",
        help="CmdStan's CSV files of any method, netCDF of ArviZ, or posteriordb's JSON; the "
        "sampler's files are chains of one fit",
    )
    parser.add_argument(
        "--reference",
        type=Path,
        nargs="+",
        metavar="DRAWS",
        help="files of long Markov chains of the same posterior",
    )
    parser.add_argument(
        "--model", type=Path, metavar="MODEL.stan", help="the program that the draws are of"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DATA.json", help="its data, with which it is evaluated"
    )
    parser.add_argument(
        "--variables",
        default="",
        metavar="A,B,...",
        help="variables that are judged (default: all that the draws and the reference have, or "
        "with --model its parameters and transformed parameters)",
    )
    parser.add_argument(
        "--kind",
        choices=[str(each) for each in DrawKind],
        help="what the draws are, where the files do not tell",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="folder for the tables and the report"
    )
    parser.set_defaults(action=judge)


def judge(arguments: argparse.Namespace) -> None:
    """Judge draws, print the verdicts and write what was asked for."""
    if arguments.out is not None:
        open_results_folder(arguments.out)
    result = api.judge(
        list(arguments.draws),
        reference=arguments.reference,
        model=arguments.model,
        data=arguments.data,
        variables=split_names(arguments.variables),
        kind=arguments.kind,
        progress=note,
    )
    cli.verdicts.print_judged(result.as_saved)
    if arguments.out is not None:
        OUT.print(f"wrote {result.save(arguments.out)}", markup=False)
