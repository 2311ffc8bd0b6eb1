"""Run the study of short runs: `python -m tests.short_runs_main FOLDER` writes its tables."""

import argparse
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.errors import StoreError
from harness.execution.cluster import ClusterPool
from harness.execution.pool import Pool, local_pool
from harness.program.compilation import compile_program
from harness.store import Store
from tests.cases import gaussian_program, pretend_compiled
from tests.short_runs import short_study, write_short_tables


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--n-runs", type=int, default=200)
    parser.add_argument("--lasts", type=float, default=0.02)
    parser.add_argument("--scheduler")
    parser.add_argument("--largest-file", type=int)
    arguments = parser.parse_args(argv)
    if arguments.largest_file:
        limits = (arguments.largest_file, arguments.largest_file)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    pool: Pool
    if arguments.scheduler:
        pool = ClusterPool(arguments.scheduler, time_limit_s=None)
        program = compile_program(gaussian_program(rho=0.0))
    else:
        pool = local_pool(arguments.jobs, time_limit_s=None)
        program = pretend_compiled(gaussian_program(rho=0.0))
    store = Store(folder=arguments.store or folder / "store")
    study = short_study(arguments.n_runs, lasts_s=arguments.lasts)
    try:
        with pool:
            store.check_writable()
            store.sweep()
            write_short_tables(study, folder, store, program=program, pool=pool)
    except StoreError as error:
        sys.stdout.write(f"StoreError: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
