"""The project and its peers timed on the same data, and gradients against a bare loop."""

from harness.bench.gradients import BARE_LOOP, BENCH_COLUMNS, N_REPEATS, bench_table
from harness.bench.page import readme_block
from harness.bench.parts import PARTS, part_names, run_bench
from harness.bench.plan import QUICK, Bench, Sizes, sizes

__all__ = [
    "BARE_LOOP",
    "BENCH_COLUMNS",
    "N_REPEATS",
    "PARTS",
    "QUICK",
    "Bench",
    "Sizes",
    "bench_table",
    "part_names",
    "readme_block",
    "run_bench",
    "sizes",
]
