"""What made the results: versions, seeds, digests, machine."""

import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.errors import ResultsError
from harness.execution.run import FittedRun
from harness.messages.clauses import shown
from harness.methods import options_of
from harness.study.study import ReferenceSource, Study

_PACKAGES = ("advi-harness", "arviz", "cmdstanpy", "httpstan", "matplotlib", "numpy", "pandas")


def _versions() -> dict[str, str]:
    """Return the versions of the packages that the results depend on, where installed."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _machine() -> dict[str, Any]:
    """Describe the machine as far as times depend on it; nothing that names its owner."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "n_cpus": os.cpu_count(),
    }


def _reference(source: ReferenceSource) -> dict[str, str]:
    """Name the run or the file that the reference draws of a data set come from."""
    if source.run is None:
        return {"file": shown(source.file.name)} if source.file else {"title": source.title}
    run = source.run
    return {"program": run.program, "method": run.method.name, "variant": run.variant}


def _study(study: Study) -> dict[str, str]:
    """Name the study, what made it, and its scale if it has several."""
    named = {"name": study.name, "title": study.title, "sha256": study.digest}
    named["made_by"] = study.made_by
    if study.file is not None:
        # of a path from the root only the name: where a user keeps his files is nobody's business
        named["file"] = study.file.name if study.file.is_absolute() else study.file.as_posix()
    return {**named, "scale": study.scale} if study.scale else named


def make_manifest(study: Study, fitted: Iterable[FittedRun]) -> dict[str, Any]:
    """Describe a study's results.

    Parameters
    ----------
    study : Study
        What was asked for.
    fitted : iterable of FittedRun
        What came out.

    Returns
    -------
    dict
        JSON content: study, versions, machine, data sets, programs, references and runs.
    """
    runs = list(fitted)
    programs = {item.run.program: item.program for item in runs}
    return {
        "study": _study(study),
        "description": study.description,
        "versions": _versions(),
        "machine": _machine(),
        "datasets": {
            name: {
                "n_rows": dataset.n_rows if dataset.variables is None else None,
                "sha256": dataset.digest,
            }
            for name, dataset in study.datasets.items()
        },
        "programs": {
            name: {
                "file": shown(compiled.program.file.name),
                "data": dict(compiled.program.data),
                "sha256": compiled.digest,
                "stan_version": compiled.stan_version,
                "flags": compiled.flags,
            }
            for name, compiled in programs.items()
        },
        "references": {name: _reference(source) for name, source in study.references.items()},
        **({"sweep": study.sweep.as_json()} if study.sweep.axes else {}),
        **({"left_out": dict(study.left_out)} if study.left_out else {}),
        "runs": [
            {
                "run": item.run.label,
                "options": options_of(item.run.method),
                "seed": item.run.seed,
                "key": item.key,
            }
            for item in runs
        ],
    }


def write_manifest(manifest: dict[str, Any], file: Path) -> None:
    """Write a manifest as indented JSON.

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    try:
        text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"cannot write '{file}': {error.strerror}") from error
