"""``python -m tools.bench``: time this project beside its peers."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.cli import perform
from harness.cli.console import OUT, note
from harness.results.folder import open_results_folder
from harness.study.toml import read_study
from tools.bench import PARTS, Bench, part_names, run_bench, sizes


def bench(arguments: argparse.Namespace) -> None:
    """Run the bench, or parts of it."""
    plan = Bench(
        study=read_study(arguments.study),
        study_file=arguments.study,
        sizes=sizes(
            quick=arguments.quick, repeats=arguments.repeats, time_limit_s=arguments.time_limit
        ),
        peers_python=arguments.peers / "bin" / "python",
        note=note,
    )
    only = part_names(arguments.only)
    run_bench(plan, open_results_folder(arguments.results / "bench"), only=only)
    OUT.print(f"wrote {arguments.results / 'bench' / 'README.md'}", markup=False)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench as the command line says, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("study", type=Path, metavar="STUDY", help="the bench's study")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    parser.add_argument("--only", metavar="PARTS", help=f"some of {','.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    parser.add_argument(
        "--repeats", type=int, metavar="N", help="seeds of each NUTS run (default: 3)"
    )
    parser.add_argument(
        "--time-limit",
        type=float,
        metavar="SECONDS",
        help="what takes longer is not timed on more rows (default: 60)",
    )
    parser.add_argument(
        "--peers",
        type=Path,
        default=Path(".venv-peers"),
        metavar="FOLDER",
        help="the environment that has the peers (default: .venv-peers)",
    )
    parser.set_defaults(action=bench)
    return perform(parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
