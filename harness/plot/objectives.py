"""Which fits share a panel: those to all rows, to weighted parts of them, to unweighted parts."""

from collections.abc import Iterable, Sequence
from enum import IntEnum

from harness.data.dataset import Dataset
from harness.methods import METHODS, RowsUsed
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


def by_kind(
    series: Iterable[Series], dataset: Dataset, *, minibatches: Kind
) -> dict[Kind, list[Series]]:
    """Group series by what they were fitted to.

    Parameters
    ----------
    series : iterable of Series
        Those to group.
    dataset : Dataset
        What they were fitted to, or parts of it.
    minibatches : Kind
        Where ADVI on mini-batches stands: its draws with those for all rows, its ELBOs, which
        scatter, with those of weighted parts.

    Returns
    -------
    dict
        In the order of the panels; kinds without any series are left out.
    """
    groups: dict[Kind, list[Series]] = {}
    for item in series:
        kind = minibatches if _is_minibatch(item) else objective_kind(dataset, item.objective)
        groups.setdefault(kind, []).append(item)
    return dict(sorted(groups.items()))


def kind_title(dataset: Dataset, kind: Kind, members: Sequence[Series]) -> str:
    """Say which rows count how much in a panel."""
    if kind is Kind.FULL and dataset.variables is not None:
        return "all the data"
    if kind is Kind.FULL:
        return f"all {dataset.n_rows:,} rows"
    weighting = "weighted" if kind is Kind.WEIGHTED else "unweighted"
    objectives = {item.objective for item in members if not _is_minibatch(item)}
    title = f"subsamples, {weighting}"
    if len(objectives) == 1:
        ((n_rows, weight),) = objectives
        title = f"{n_rows:,} rows, {weighting}"
        title += f" {weight:g}" if kind is Kind.WEIGHTED else ""
    if not any(_is_minibatch(item) for item in members):
        return title
    return f"{title}; mini-batches" if objectives else "mini-batches"


def _is_minibatch(series: Series) -> bool:
    """Whether it is fitted to all rows, with ELBOs that are estimates from batches."""
    method = METHODS.get(series.key.method)
    return method is not None and method.rows_used is RowsUsed.BATCHES
