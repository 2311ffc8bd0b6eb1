"""The project and its peers timed on the same data, and gradients against a bare loop."""

from tools.bench.gradients import BARE_LOOP, BENCH_COLUMNS, N_REPEATS, bench_table
from tools.bench.page import readme_block
from tools.bench.parts import PARTS, part_names, run_bench
from tools.bench.plan import QUICK, Bench, Sizes, sizes

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
