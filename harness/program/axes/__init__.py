"""The axes of a Stan program: which integers could count its rows, out of stanc's own account."""

from harness.program.axes.account import read_account
from harness.program.axes.axes import Along, ProgramAxis, RowVariable, find_axes

__all__ = ["Along", "ProgramAxis", "RowVariable", "find_axes", "read_account"]
