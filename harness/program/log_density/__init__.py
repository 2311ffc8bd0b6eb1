"""A program with its data as a function of its unconstrained parameters."""

from harness.program.log_density.density import DATA_SEED, DATA_SEED_NAME, Density, LogDensity
from harness.program.log_density.limits import OutOfTimeError, TooDearError
from harness.program.log_density.row_blocks import NO_ROWS, RowBlocks, Rows
from harness.program.log_density.wire import number_words
from harness.program.log_density.wrapper import CPP_FOLDER, cpp_digest, wrap_file

__all__ = [
    "CPP_FOLDER",
    "DATA_SEED",
    "DATA_SEED_NAME",
    "NO_ROWS",
    "Density",
    "LogDensity",
    "OutOfTimeError",
    "RowBlocks",
    "Rows",
    "TooDearError",
    "cpp_digest",
    "number_words",
    "wrap_file",
]
