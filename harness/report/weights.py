"""Importance weights: how far each approximation can be corrected by its own density."""

from harness.report.dataset import DatasetTables
from harness.report.grid import Grid, brief_grid
from harness.report.numbers import count, known, median_range, significant

_COLUMNS = (
    ("k-hat", "k_hat", significant),
    ("limit", "k_hat_threshold", significant),
    ("effective draws", "n_effective", count),
)


def weights_table(tables: DatasetTables) -> Grid | None:
    """Return k-hat, its limit and the effective draws under importance weights.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.

    Returns
    -------
    Grid or None
        None where no fit has weights.
    """
    rows = [
        [
            series.head,
            *(median_range(series.ok[column], show) for _, column, show in _COLUMNS),
            _kept(series.ok["k_hat"].tolist(), series.ok["k_hat_threshold"].tolist()),
        ]
        for series in tables.series
        if known(series.ok["k_hat"])
    ]
    return brief_grid(("series", *(title for title, _, _ in _COLUMNS), "within the limit"), rows)


def _kept(k_hats: list[object], limits: list[object]) -> str:
    """Say whether k-hat is within its limit, of replicates of how many."""
    pairs = [known(pair) for pair in zip(k_hats, limits, strict=True)]
    n_kept = sum(len(pair) == 2 and pair[0] <= pair[1] for pair in pairs)
    if len(pairs) == 1:
        return "yes" if n_kept else "no"
    return f"{n_kept} of {len(pairs)}"
