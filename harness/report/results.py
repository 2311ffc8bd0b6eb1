"""What a study's folder holds, read back."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from harness.errors import ResultsError
from harness.results.columns import COMPARISON_COLUMNS, FITS_COLUMNS, STABILITY_COLUMNS, read_table
from harness.study.series import file_stem


@dataclass(frozen=True, kw_only=True)
class ReportFigure:
    """A figure that was saved, with its words.

    Attributes
    ----------
    name : str
        The stem of its files' names.
    path : str
        Its PNG, relative to the report.
    dataset : str
        The data set that it shows.
    caption, alt : str
        Its caption and the text for those who cannot see it.
    """

    name: str
    path: str
    dataset: str
    caption: str
    alt: str

    @property
    def kind(self) -> str:
        """What it shows, whatever the data set."""
        return self.name.removeprefix(f"{file_stem(self.dataset)}_")


@dataclass(frozen=True, kw_only=True)
class Results:
    """Saved tables, manifest and figures of a study.

    Attributes
    ----------
    comparison : DataFrame
        ``comparison.csv``, a row per run and parameter.
    fits : DataFrame
        ``fits.csv``, a row per run.
    stability : DataFrame
        ``stability.csv``, a row per series of replicates and quantity.
    manifest : dict
        ``manifest.json``.
    figures : tuple of ReportFigure
        In the order of ``figures/captions.json``; empty without that file.
    """

    comparison: pd.DataFrame
    fits: pd.DataFrame
    stability: pd.DataFrame
    manifest: dict[str, Any]
    figures: tuple[ReportFigure, ...]

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the data sets, in the study's order."""
        return tuple(str(name) for name in self.fits["dataset"].unique())


def read_results(folder: Path) -> Results:
    """Read what a run left in its folder.

    Parameters
    ----------
    folder : Path
        ``results/<study>``.

    Returns
    -------
    Results

    Raises
    ------
    ResultsError
        If a file is missing or is not what this version writes.
    """
    return Results(
        comparison=read_table(folder / "comparison.csv", COMPARISON_COLUMNS),
        fits=read_table(folder / "fits.csv", FITS_COLUMNS),
        stability=read_table(folder / "stability.csv", STABILITY_COLUMNS),
        manifest=_read_json(folder / "manifest.json"),
        figures=_read_figures(folder),
    )


def figures_of(captions: Iterable[Mapping[str, str]]) -> tuple[ReportFigure, ...]:
    """Return the figures that are saved with a file of captions (pure).

    Parameters
    ----------
    captions : iterable of Mapping
        The content of ``figures/captions.json``.
    """
    return tuple(
        ReportFigure(
            name=item["name"],
            path=f"figures/{item['name']}.png",
            dataset=item["dataset"],
            caption=item["caption"],
            alt=item["alt"],
        )
        for item in captions
    )


def _read_json(file: Path) -> Any:
    """Read JSON, or say which file to make again."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultsError(
            f"cannot read '{file}' ({error.strerror}); run the study first"
        ) from error
    except ValueError as error:
        raise ResultsError(f"'{file}' is not JSON ({error}); run the study again") from error


def _read_figures(folder: Path) -> tuple[ReportFigure, ...]:
    """Read the words of the saved figures."""
    file = folder / "figures" / "captions.json"
    return figures_of(_read_json(file)) if file.is_file() else ()
