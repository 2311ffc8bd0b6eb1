"""Sentences computed from the tables; no number is written by hand."""

import math
from collections.abc import Sequence

import pandas as pd

from harness.fit import Status
from harness.published import Published
from harness.report.distance import (
    Distance,
    Reference,
    best_labels,
    find_reference,
    find_switching,
    measure_distances,
    series_rows,
)
from harness.report.numbers import count, fixed, seconds, significant
from harness.report.results import Results
from harness.series import METHOD_TITLES

#: Chains of a published fit with a larger R-hat have no common mean to compare.
_DISAGREE = 1.1


def dataset_size(results: Results, dataset: str) -> int | None:
    """Return a data set's number of rows, as the manifest gives it."""
    n_rows = results.manifest.get("datasets", {}).get(dataset, {}).get("n_rows")
    return None if n_rows is None else int(n_rows)


def _name(results: Results, dataset: str) -> str:
    """Return a data set's name and size."""
    n_rows = dataset_size(results, dataset)
    return f"`{dataset}`" + (f" ({n_rows:,} rows)" if n_rows is not None else "")


def _approximations(results: Results, dataset: str, reference: Reference) -> list[Distance]:
    """Return the distances of the series whose draws are independent."""
    distances = measure_distances(results, dataset, reference)
    return [item for item in distances if item.is_approximation]


def _agreement(item: Distance) -> str:
    """Say how far a series lies from the reference."""
    shift = _means_off(item.mean_shift)
    shift = shift.replace("up to", "typically up to") if item.n_ok > 1 else shift
    return f"{shift}, {_sds_wide([item.sd_ratio_min, item.sd_ratio_max])}"


def _means_off(shift: float) -> str:
    """Say how far means lie off at most."""
    return f"means up to {significant(shift)} NUTS sds off"


def _sds_wide(ratios: Sequence[float]) -> str:
    """Say how wide sds are."""
    return f"sds {significant(min(ratios))} to {significant(max(ratios))} times as wide"


def answer(results: Results) -> list[str]:
    """Return what a hurried reader needs: a sentence for each data set.

    Parameters
    ----------
    results : Results
        The study's tables.

    Returns
    -------
    list of str
        Markdown.
    """
    return [_answer_for(results, dataset) for dataset in results.datasets]


def _answer_for(results: Results, dataset: str) -> str:
    """Name the approximations nearest to and farthest from NUTS."""
    name = _name(results, dataset)
    reference = find_reference(results, dataset)
    if reference is None:
        return f"On {name} no NUTS run gave a fit, so nothing is compared with NUTS."
    distances = _approximations(results, dataset, reference)
    if not distances:
        return f"On {name} there is no approximation to compare with {reference.title}."
    ranked = sorted(distances, key=lambda item: item.total)
    nearest, farthest = ranked[0], ranked[-1]
    text = (
        f"On {name} **{nearest.title}** comes nearest to {reference.title}: "
        f"{_agreement(nearest)}, at {significant(nearest.speed)} times the speed"
    )
    if farthest is nearest:
        return f"{text}."
    return f"{text}; farthest is **{farthest.title}**, {_agreement(farthest)}."


def findings(results: Results, dataset: str, published: Published | None) -> list[str]:
    """Return what the tables of one data set say, a sentence each.

    Parameters
    ----------
    results : Results
        The study's tables.
    dataset : str
        The data set's name.
    published : Published or None
        Numbers from elsewhere.

    Returns
    -------
    list of str
        Markdown.
    """
    reference = find_reference(results, dataset)
    sentences = []
    if reference is not None:
        sentences.append(_reference_quality(results, dataset, reference))
        sentences.extend(_other_priors(results, dataset, reference))
    sentences.extend(
        f"{item.title}: the labels switched; the largest R-hat is {fixed(item.r_hat_raw, 2)} as "
        f"sampled and {fixed(item.r_hat_relabelled, 2)} once every draw's components are ordered."
        for item in find_switching(results, dataset)
    )
    if reference is not None:
        sentences.extend(_extremes(_approximations(results, dataset, reference), reference))
        sentences.extend(_published_agreement(published, dataset, reference))
    sentences.extend(_failures(results, dataset))
    return sentences


def _reference_quality(results: Results, dataset: str, reference: Reference) -> str:
    """Say how far the reference itself is to be trusted."""
    mine = best_labels(series_rows(results.comparison, dataset, reference.key))
    run = series_rows(results.fits, dataset, reference.key).iloc[0]
    text = (
        f"The reference is {reference.title}: largest R-hat {_or_na(mine['r_hat'].max(), 2)}, "
        f"smallest bulk ESS {_or_na(mine['ess_bulk'].min(), 0)}"
    )
    if not pd.isna(run["n_divergent"]):
        text += f", {count(run['n_divergent'])} divergent transitions"
    return f"{text}, {seconds(reference.fit_time_s)} s."


def _or_na(value: object, decimals: int) -> str:
    """Return a number that may be missing."""
    return fixed(math.nan if pd.isna(value) else float(value), decimals)  # type: ignore[call-overload, arg-type]


def _other_priors(results: Results, dataset: str, reference: Reference) -> list[str]:
    """Say which programs were given other constants than the reference's."""
    programs = results.manifest.get("programs", {})
    mine = programs.get(reference.key.program, {}).get("data", {})
    fits = results.fits
    used = fits[fits["dataset"] == dataset]["program"].unique()
    sentences = []
    for name in used:
        theirs = programs.get(str(name), {}).get("data", {})
        differing = [
            f"{key} = {theirs[key]:g} instead of {mine[key]:g}"
            for key in theirs
            if key in mine and theirs[key] != mine[key]
        ]
        if differing:
            sentences.append(
                f"`{name}` has another posterior than the reference: {', '.join(differing)}."
            )
    return sentences


def _extremes(distances: Sequence[Distance], reference: Reference) -> list[str]:
    """Name the nearest, farthest, narrowest, widest and fastest series, if there is any."""
    if not distances:
        return []
    ranked = sorted(distances, key=lambda item: item.total)
    narrowest = min(distances, key=lambda item: item.sd_ratio_min)
    widest = max(distances, key=lambda item: item.sd_ratio_max)
    fastest = max(distances, key=lambda item: item.speed)
    sentences = [
        f"Nearest to the reference: {ranked[0].title}, {_agreement(ranked[0])} "
        f"(farthest in `{ranked[0].worst_parameter}`)."
    ]
    if len(ranked) > 1:
        sentences.append(
            f"Farthest: {ranked[-1].title}, {_agreement(ranked[-1])} "
            f"(farthest in `{ranked[-1].worst_parameter}`)."
        )
    sentences.append(
        f"Smallest sd relative to {reference.title}: {significant(narrowest.sd_ratio_min)} "
        f"({narrowest.title}); largest: {significant(widest.sd_ratio_max)} ({widest.title})."
    )
    sentences.append(
        f"Fastest: {fastest.title} with {seconds(fastest.fit_time_s)} s, "
        f"{significant(fastest.speed)} times the speed of {reference.title}."
    )
    return sentences


def _published_agreement(
    published: Published | None, dataset: str, reference: Reference
) -> list[str]:
    """Say how far published fits lie from the reference, but for chains that disagree."""
    sentences = []
    for run in published.runs_on(dataset) if published else ():
        shared = [name for name in run.parameters if name in reference.moments.index]
        summaries = {name: run.parameters[name] for name in shared if run.in_wide_tables}
        if any(item.r_hat is not None and item.r_hat > _DISAGREE for item in summaries.values()):
            continue
        moments = reference.moments.astype(float)
        shifts = [
            abs(item.mean - moments["mean"][name]) / moments["sd"][name]
            for name, item in summaries.items()
            if item.mean is not None
        ]
        ratios = [item.sd / moments["sd"][name] for name, item in summaries.items() if item.sd]
        if shifts:
            assert published is not None  # noqa: S101 - there is a run
            parts = [_means_off(max(shifts)), *([_sds_wide(ratios)] if ratios else [])]
            sentences.append(f"{published.name}: {run.title}: {', '.join(parts)}.")
    return sentences


def _failures(results: Results, dataset: str) -> list[str]:
    """Say which runs gave no fit, and why."""
    fits = results.fits
    failed = fits[(fits["dataset"] == dataset) & (fits["status"] != str(Status.OK))]
    return [
        f"{METHOD_TITLES.get(row['method'], row['method'])} {row['variant']} (`{row['program']}`, "
        f"replicate {row['replicate']}): {row['status']}: {row['reason']}"
        for row in failed.to_dict("records")
    ]
