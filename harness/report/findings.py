"""Sentences computed from the tables; no number is written by hand."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from harness.fits.fit import Status
from harness.messages.numerals import counted
from harness.report.dataset import DatasetTables, ReferenceTables
from harness.report.numbers import count, known_numbers, plain, seconds, show_r_hat, significant
from harness.report.reasons import decided
from harness.study.published import Published
from harness.study.series import method_title

#: Chains of a published fit with a larger R-hat have no common mean to compare.
_DISAGREE = 1.1


def findings(
    tables: DatasetTables, manifest: dict[str, Any], published: Published | None
) -> list[str]:
    """Return what the tables of one data set say, a sentence each.

    Parameters
    ----------
    tables : DatasetTables
        The saved tables.
    manifest : dict
        ``manifest.json``.
    published : Published or None
        Numbers from elsewhere.

    Returns
    -------
    list of str
        Markdown.
    """
    reference = tables.reference
    sentences = _reference_sentences(tables, manifest, reference)
    sentences += _switching(tables)
    if reference is not None and not reference.problems:
        sentences += _published_agreement(published, tables.name, reference)
    sentences += _failures(tables)
    return sentences


def _reference_sentences(
    tables: DatasetTables, manifest: dict[str, Any], reference: ReferenceTables | None
) -> list[str]:
    """Say what the fits are measured against, and how far that is to be trusted itself."""
    if reference is None:
        return ["The study has no reference for this data set, so errors are unknown."]
    sentences = [_reference_quality(reference)]
    if reference.problems:
        sentences.append("The reference failed its checks, so no errors are computed.")
    return sentences + _other_priors(tables, manifest, reference)


def _reference_quality(reference: ReferenceTables) -> str:
    """Say what the reference's own diagnostics are."""
    series = reference.series
    if series is None:
        file = f"the file `{reference.title}`"
        return f"The reference is {file if reference.is_file else reference.title}."
    if series.ok.empty:
        return f"The reference is {reference.title}, which gave no fit."
    judged, run = series.judged, series.ok.iloc[0]
    parts = [
        f"largest R-hat {_largest(judged['r_hat'])}",
        f"smallest bulk ESS {count(min(known_numbers(judged['ess_bulk']), default=None))}",
        f"smallest tail ESS {count(min(known_numbers(judged['ess_tail']), default=None))}",
    ]
    if not pd.isna(run["n_divergent"]):
        parts.append(counted(float(run["n_divergent"]), "divergent transition"))
    if reference.fit_time_s is not None:
        parts.append(f"{seconds(reference.fit_time_s)} s")
    own = (
        ""
        if pd.isna(run["verdict"])
        else f" By its own checks: {run['verdict']} ({decided(run.to_dict())})."
    )
    return f"The reference is {reference.title}: {', '.join(parts)}.{own}"


def _largest(values: pd.Series) -> str:
    """Return the largest R-hat."""
    return show_r_hat(max(known_numbers(values), default=None))


def _other_priors(
    tables: DatasetTables, manifest: dict[str, Any], reference: ReferenceTables
) -> list[str]:
    """Say which programs were given other constants than the reference's."""
    if reference.series is None:
        return []
    programs = manifest.get("programs", {})
    mine = programs.get(reference.series.key.program, {}).get("data", {})
    sentences = []
    for name in dict.fromkeys(item.key.program for item in tables.series):
        theirs = programs.get(name, {}).get("data", {})
        differing = [
            f"{key} = {plain(theirs[key])} instead of {plain(mine[key])}"
            for key in theirs
            if key in mine and theirs[key] != mine[key]
        ]
        if differing:
            sentences.append(
                f"The posterior of `{name}` differs from the reference's: {', '.join(differing)}."
            )
    return sentences


def _switching(tables: DatasetTables) -> list[str]:
    """Name the chains whose labels switched."""
    return [
        f"{item.title}: the labels switched; the largest R-hat is "
        f"{_largest(item.ok['r_hat_max_raw'])} as sampled, "
        f"{_largest(item.ok['r_hat_max_relabelled'])} after ordering the components and "
        f"{_largest(item.ok['r_hat_max_invariant'])} for quantities that do not depend on labels."
        for item in tables.series
        if item.has_raw_line
    ]


def _published_agreement(
    published: Published | None, dataset: str, reference: ReferenceTables
) -> list[str]:
    """Say how far published fits lie from the reference, but for chains that disagree."""
    if reference.series is None or reference.series.ok.empty:
        return []
    rows = reference.series.judged
    moments = rows.groupby("parameter", sort=False)[["mean", "sd"]].mean().astype(float)
    sentences = []
    for run in published.runs_on(dataset) if published else ():
        shared = [name for name in run.parameters if name in moments.index]
        summaries = {name: run.parameters[name] for name in shared if run.in_wide_tables}
        if any(item.r_hat is not None and item.r_hat > _DISAGREE for item in summaries.values()):
            continue
        shifts = [
            abs(item.mean - moments["mean"][name]) / moments["sd"][name]
            for name, item in summaries.items()
            if item.mean is not None
        ]
        ratios = [item.sd / moments["sd"][name] for name, item in summaries.items() if item.sd]
        if shifts:
            assert published is not None  # noqa: S101 - there is a run
            parts = [f"means up to {significant(max(shifts))} reference sds off"]
            if ratios:
                low, high = significant(min(ratios)), significant(max(ratios))
                parts.append(f"sds {low} to {high} times the reference's")
            sentences.append(f"{published.name}: {run.title}: {', '.join(parts)}.")
    return sentences


def _failures(tables: DatasetTables) -> list[str]:
    """Say which runs gave no fit, and why; replicates that failed alike share a sentence."""
    replicates: dict[tuple[str, str], list[str]] = {}
    for item in tables.series:
        for row in item.fits[item.fits["status"] != str(Status.OK)].to_dict("records"):
            what = f"{row['status']}: {row['reason']}"
            replicates.setdefault((_run_title(row), what), []).append(str(row["replicate"]))
    return [
        f"{title}, {'replicate' if len(which) == 1 else 'replicates'} {', '.join(which)}): {what}"
        for (title, what), which in replicates.items()
    ]


def _run_title(row: Mapping[Hashable, Any]) -> str:
    """Name a run up to its replicate."""
    return f"{method_title(row['method'])} {row['variant']} (`{row['program']}`"
