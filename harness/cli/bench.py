"""The command of the bench: time this project beside its peers."""

import argparse

from harness.bench import Bench, part_names, run_bench, sizes
from harness.cli.console import OUT, note
from harness.results import open_results_folder
from harness.study import read_study


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
