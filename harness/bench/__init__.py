"""Gradients of programs of one density, timed against one another and a bare loop."""

from harness.bench.gradients import BENCH_COLUMNS, N_REPEATS, SIMD_LIMIT, bench_table

__all__ = ["BENCH_COLUMNS", "N_REPEATS", "SIMD_LIMIT", "bench_table"]
