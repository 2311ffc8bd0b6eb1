"""Gradients of programs of one density, timed against one another and a bare loop."""

from harness.bench.gradients import BARE_LOOP, BENCH_COLUMNS, N_REPEATS, bench_table

__all__ = ["BARE_LOOP", "BENCH_COLUMNS", "N_REPEATS", "bench_table"]
