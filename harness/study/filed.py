"""Rows in files in a study: how many there are, under the names that programs have for that."""

from collections.abc import Iterable, Mapping
from itertools import product

from harness.data.dataset import Dataset
from harness.program.filed_rows import counted
from harness.program.program import Program
from harness.study.plan import Cross


def with_counts(
    datasets: Mapping[str, Dataset], programs: Mapping[str, Program], crosses: Iterable[Cross]
) -> dict[str, Dataset]:
    """Return data sets whose rows in files are counted, as the programs that they meet call it.

    Parameters
    ----------
    datasets, programs : Mapping
        By name.
    crosses : iterable of Cross
        Which meet.

    Returns
    -------
    dict

    Raises
    ------
    DatasetError
        If a program cannot take rows from the files of a data set that it meets.
    """
    found = dict(datasets)
    for cross in crosses:
        for name, program in product(cross.datasets, cross.programs):
            if name in found and program in programs:
                found[name] = counted(found[name], programs[program])
    return found
