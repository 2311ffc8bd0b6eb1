"""Figures of a study; the only package that knows matplotlib.

- `study_figures`, `draw_figure`, `FIGURES`: all figures of a study, or one by its kind
- `rank_figure`, `HOW_TO_READ`: ranks of a calibration
- `scaling_figure`: time against the number of rows
- `CaptionedFigure`: a figure with its caption
- `Outcome`, `SweptOutcome`: what the tables say of a fit, or of values that are swept
- `save_figures`, `figure_files`, `write_figure_files`, `CAPTIONS_FILE`: figures as files
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from harness.errors import HarnessError
from harness.execution.run import FittedRun
from harness.plot.calibration import HOW_TO_READ, rank_figure
from harness.plot.close_up import zoom_figure
from harness.plot.contours import approximations_figure
from harness.plot.elbo import elbo_figure
from harness.plot.forest import forest_figure
from harness.plot.gain import gain_figure
from harness.plot.heat import SweptOutcome, heat_figures
from harness.plot.mixture import posterior_figure
from harness.plot.overall import overall_figure
from harness.plot.panels import FigureData, Outcome, figure_data
from harness.plot.scaling import scaling_figure
from harness.plot.style import (
    CAPTIONS_FILE,
    CaptionedFigure,
    figure_files,
    house_style,
    missing_figure,
    save_figures,
    write_figure_files,
)
from harness.plot.weights import weights_figure
from harness.study.published import Published
from harness.study.series import MOST_IN_FULL, file_stem
from harness.study.study import Study

__all__ = [
    "CAPTIONS_FILE",
    "FIGURES",
    "HOW_TO_READ",
    "CaptionedFigure",
    "Outcome",
    "SweptOutcome",
    "draw_figure",
    "figure_files",
    "rank_figure",
    "save_figures",
    "scaling_figure",
    "study_figures",
    "write_figure_files",
]

#: Figures in the order that a report shows them; each is left out where it does not apply.
FIGURES: Mapping[str, Callable[[FigureData], CaptionedFigure | None]] = {
    "gain": gain_figure,
    "posterior": posterior_figure,
    "weights": weights_figure,
    "elbo": elbo_figure,
    "approximations": approximations_figure,
    "zoom": zoom_figure,
    "forest": forest_figure,
}


def study_figures(
    study: Study,
    fitted: Sequence[FittedRun],
    *,
    published: Published | None = None,
    outcomes: Mapping[str, Sequence[Outcome]] | None = None,
    swept: Sequence[SweptOutcome] = (),
) -> dict[str, CaptionedFigure]:
    """Draw all figures of a study.

    Every data set gets errors against times, if they are known, its ELBO traces and an interval
    plot; mixtures in the plane get the data with draws, the weights, and contours of the
    approximations.

    Parameters
    ----------
    study : Study
        What was asked for.
    fitted : sequence of FittedRun
        What came out; failed runs are left out.
    published : Published, optional
        Numbers from elsewhere, which are drawn where they apply.
    outcomes : Mapping, optional
        By data set, what the tables say of its fits.
    swept : sequence of SweptOutcome
        What came of values that the study sweeps.

    Returns
    -------
    dict
        Figures by file name without suffix, in the order of a report: of more than
        :data:`MOST_IN_FULL` data sets those of all of them together.
    """
    figures: dict[str, CaptionedFigure] = {}
    is_many = len(study.datasets) > MOST_IN_FULL
    with house_style():
        figures |= _drawn_of_all(outcomes or {}, swept)
        for dataset in () if is_many else study.datasets:
            told = (outcomes or {}).get(dataset, ())
            view = figure_data(study, fitted, dataset, published, told)
            for name, draw in FIGURES.items():
                figure = _drawn(draw, view, dataset=dataset)
                if figure is not None:
                    figures[f"{file_stem(dataset)}_{name}"] = figure
    return figures


def _drawn_of_all(
    outcomes: Mapping[str, Sequence[Outcome]], swept: Sequence[SweptOutcome]
) -> dict[str, CaptionedFigure]:
    """Draw what all data sets have together, or say in its place why it is missing."""

    def gained() -> dict[str, CaptionedFigure]:
        figure = overall_figure(outcomes) if swept or len(outcomes) > 2 else None
        return {"all_gain": figure} if figure else {}

    figures: dict[str, CaptionedFigure] = {}
    for name, draw in (("all_gain", gained), ("all_sweep", lambda: heat_figures(swept))):
        try:
            figures |= draw()
        except HarnessError:
            raise
        except Exception as error:  # noqa: BLE001
            figures[name] = missing_figure(error, dataset="")
    return figures


@np.errstate(all="ignore")
def _drawn(
    draw: Callable[[FigureData], CaptionedFigure | None], view: FigureData, *, dataset: str
) -> CaptionedFigure | None:
    """Draw a figure, or say in its place why it is missing; the others are drawn all the same."""
    try:
        return draw(view)
    except HarnessError:
        raise
    except Exception as error:  # noqa: BLE001
        return missing_figure(error, dataset=dataset)


def draw_figure(
    study: Study,
    fitted: Sequence[FittedRun],
    *,
    kind: str,
    dataset: str,
    published: Published | None = None,
    outcomes: Sequence[Outcome] = (),
) -> CaptionedFigure | None:
    """Draw one figure of a study.

    Parameters
    ----------
    study : Study
        What was asked for.
    fitted : sequence of FittedRun
        What came out; failed runs are left out.
    kind : str
        A key of :data:`FIGURES`.
    dataset : str
        The data set's name.
    published : Published, optional
        Numbers from elsewhere, which are drawn where they apply.
    outcomes : sequence of Outcome
        What the tables say of the data set's fits.

    Returns
    -------
    CaptionedFigure or None
        None where it does not apply.
    """
    with house_style():
        return FIGURES[kind](figure_data(study, fitted, dataset, published, outcomes))
