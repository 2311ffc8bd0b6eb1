"""How far each series lies from NUTS, and how fast it was; from the saved tables alone."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.quantities import RAW, RELABELLED
from harness.report.columns import labels_switched
from harness.report.results import Results
from harness.series import SeriesKey, choose_reference, series_titles

#: The methods whose fits can be a reference.
_REFERENCE_METHODS = ("nuts",)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The NUTS fit that the other fits of a data set are measured against.

    Attributes
    ----------
    key : SeriesKey
        Its program, method and variant.
    title : str
        What tables call it.
    moments : DataFrame
        ``mean`` and ``sd`` by parameter, components relabelled.
    fit_time_s : float
        Wall time of the fit, in seconds.
    """

    key: SeriesKey
    title: str
    moments: pd.DataFrame
    fit_time_s: float


@dataclass(frozen=True, kw_only=True)
class Distance:
    """How far one series lies from the reference.

    Attributes
    ----------
    key : SeriesKey
        The series.
    title : str
        What tables call it.
    is_approximation : bool
        Whether its draws are independent, so that none of its rows has an R-hat.
    n_ok : int
        Replicates with a fit.
    mean_shift : float
        Largest distance of a mean from the reference's, in the reference's sds, over parameters;
        the median over replicates.
    mean_shift_range : tuple of float
        Smallest and largest of the replicates.
    worst_parameter : str
        The parameter with the largest distance in most replicates.
    sd_ratio_min, sd_ratio_max : float
        Smallest and largest ratio of a parameter's sd to the reference's, averaged over
        replicates.
    total : float
        Largest 2-Wasserstein distance between normal marginals, in the reference's sds:
        sqrt(shift^2 + (sd ratio - 1)^2); the median over replicates.
    fit_time_s : float
        Median wall time of the fits, in seconds.
    speed : float
        The reference's time divided by `fit_time_s`.
    """

    key: SeriesKey
    title: str
    is_approximation: bool
    n_ok: int
    mean_shift: float
    mean_shift_range: tuple[float, float]
    worst_parameter: str
    sd_ratio_min: float
    sd_ratio_max: float
    total: float
    fit_time_s: float
    speed: float


@dataclass(frozen=True, kw_only=True)
class Switching:
    """A Markov chain series whose labels switched.

    Attributes
    ----------
    title : str
        What tables call it.
    r_hat_raw, r_hat_relabelled : float
        Largest R-hat over parameters, as sampled and relabelled.
    """

    title: str
    r_hat_raw: float
    r_hat_relabelled: float


def series_rows(table: pd.DataFrame, dataset: str, key: SeriesKey) -> pd.DataFrame:
    """Return the rows of a series' runs that gave a fit."""
    return table[
        (table["dataset"] == dataset)
        & (table["program"] == key.program)
        & (table["method"] == key.method)
        & (table["variant"] == key.variant)
        & (table["status"] == "ok")
    ]


def best_labels(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the relabelled rows where there are such, else the raw ones."""
    relabelled = rows[rows["labels"] == RELABELLED]
    return rows[rows["labels"] == RAW] if relabelled.empty else relabelled


def _titles(results: Results, dataset: str) -> dict[SeriesKey, str]:
    """Return the titles of a data set's series."""
    fits = results.fits[results.fits["dataset"] == dataset]
    triples = fits[["program", "method", "variant"]].itertuples(index=False)
    return series_titles(SeriesKey(*map(str, triple)) for triple in triples)


def find_reference(results: Results, dataset: str) -> Reference | None:
    """Choose the NUTS fit that the others are measured against.

    Parameters
    ----------
    results : Results
        The study's tables.
    dataset : str
        The data set's name.

    Returns
    -------
    Reference or None
        None if no NUTS run of the data set gave a fit.
    """
    titles = _titles(results, dataset)
    rows = {
        key: series_rows(results.comparison, dataset, key)
        for key in titles
        if key.method in _REFERENCE_METHODS
    }
    worst = {
        key: _largest(group[group["labels"] == RAW]["r_hat"])
        for key, group in rows.items()
        if not group.empty
    }
    key = choose_reference(worst)
    if key is None:
        return None
    moments = best_labels(rows[key]).groupby("parameter", sort=False)[["mean", "sd"]].mean()
    times = series_rows(results.fits, dataset, key)["fit_time_s"]
    return Reference(key=key, title=titles[key], moments=moments, fit_time_s=float(times.median()))


def _largest(values: pd.Series) -> float:
    """Return the largest value, NaN if none is known."""
    known = values.dropna()
    return math.nan if known.empty else float(known.max())


def measure_distances(results: Results, dataset: str, reference: Reference) -> tuple[Distance, ...]:
    """Measure every other series of a data set against the reference.

    Parameters
    ----------
    results : Results
        The study's tables.
    dataset : str
        The data set's name.
    reference : Reference
        From :func:`find_reference`.

    Returns
    -------
    tuple of Distance
        In the study's order; series without a fit, or without a parameter in common with the
        reference, are left out.
    """
    distances = []
    for key, title in _titles(results, dataset).items():
        rows = best_labels(series_rows(results.comparison, dataset, key))
        rows = rows[rows["parameter"].isin(reference.moments.index)]
        if key != reference.key and not rows.empty:
            times = series_rows(results.fits, dataset, key)["fit_time_s"]
            distances.append(_measure(key, title, rows, float(times.median()), reference))
    return tuple(distances)


def _measure(
    key: SeriesKey, title: str, rows: pd.DataFrame, fit_time_s: float, reference: Reference
) -> Distance:
    """Measure one series."""
    means = rows.pivot_table(index="replicate", columns="parameter", values="mean", sort=False)
    sds = rows.pivot_table(index="replicate", columns="parameter", values="sd", sort=False)
    moments = reference.moments.loc[list(means.columns)]
    reference_sd = moments["sd"].to_numpy(dtype=float)
    shift = np.abs(means.to_numpy(dtype=float) - moments["mean"].to_numpy(dtype=float))
    shift /= reference_sd
    ratio = sds.to_numpy(dtype=float) / reference_sd
    worst = shift.max(axis=1)
    parameters, counts = np.unique(shift.argmax(axis=1), return_counts=True)
    return Distance(
        key=key,
        title=title,
        is_approximation=bool(rows["r_hat"].isna().all()),
        n_ok=len(means),
        mean_shift=float(np.median(worst)),
        mean_shift_range=(float(worst.min()), float(worst.max())),
        worst_parameter=str(means.columns[parameters[counts.argmax()]]),
        sd_ratio_min=float(ratio.mean(axis=0).min()),
        sd_ratio_max=float(ratio.mean(axis=0).max()),
        total=float(np.median(np.hypot(shift, ratio - 1).max(axis=1))),
        fit_time_s=fit_time_s,
        speed=reference.fit_time_s / fit_time_s,
    )


def find_switching(results: Results, dataset: str) -> tuple[Switching, ...]:
    """Return the Markov chain series of a data set whose labels switched.

    Parameters
    ----------
    results : Results
        The study's tables.
    dataset : str
        The data set's name.

    Returns
    -------
    tuple of Switching
    """
    found = []
    for key, title in _titles(results, dataset).items():
        rows = series_rows(results.comparison, dataset, key)
        raw = _largest(rows[rows["labels"] == RAW]["r_hat"])
        if not math.isnan(raw) and labels_switched(rows):
            relabelled = _largest(rows[rows["labels"] == RELABELLED]["r_hat"])
            found.append(Switching(title=title, r_hat_raw=raw, r_hat_relabelled=relabelled))
    return tuple(found)
