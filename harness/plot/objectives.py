"""Which fits share a panel: those to all rows, to weighted parts of them, to unweighted parts."""

from collections.abc import Iterable, Sequence
from enum import IntEnum

from harness.data.dataset import Dataset
from harness.plot.panels import Objective, Series


class Kind(IntEnum):
    """What fits have seen, in the order of their panels."""

    FULL = 0
    """All rows: ELBOs compare to the nat."""
    WEIGHTED = 1
    """A part of the rows that counts as all of them: ELBOs are on the scale of all rows."""
    UNWEIGHTED = 2
    """A part of the rows: ELBOs are on a scale of their own."""


def objective_kind(dataset: Dataset, objective: Objective) -> Kind:
    """Return the kind of an objective."""
    n_rows, weight = objective
    if weight != 1.0:
        return Kind.WEIGHTED
    # of data that are no table nobody knows how many rows they have
    is_full = dataset.variables is not None or n_rows == dataset.n_rows
    return Kind.FULL if is_full else Kind.UNWEIGHTED


def by_kind(series: Iterable[Series], dataset: Dataset) -> dict[Kind, list[Series]]:
    """Group series by what they were fitted to.

    Parameters
    ----------
    series : iterable of Series
        Those to group.
    dataset : Dataset
        What they were fitted to, or parts of it.

    Returns
    -------
    dict
        In the order of the panels; kinds without any series are left out.
    """
    groups: dict[Kind, list[Series]] = {}
    for item in series:
        groups.setdefault(objective_kind(dataset, item.objective), []).append(item)
    return dict(sorted(groups.items()))


def kind_title(dataset: Dataset, kind: Kind, members: Sequence[Series]) -> str:
    """Say which rows count how much in a panel."""
    if kind is Kind.FULL and dataset.variables is not None:
        return "all the data"
    if kind is Kind.FULL:
        return f"all {dataset.n_rows:,} rows"
    weighting = "weighted" if kind is Kind.WEIGHTED else "unweighted"
    objectives = {item.objective for item in members}
    if len(objectives) > 1:
        return f"subsamples, {weighting}"
    ((n_rows, weight),) = objectives
    return f"{n_rows:,} rows, {f'weight {weight:g}' if kind is Kind.WEIGHTED else weighting}"
