"""The figure of errors against times: a mark for each fit, the frontier, and NUTS as it is used."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

from harness.api.outcomes import outcomes_of
from harness.api.result import StudyResult, make_result
from harness.data.dataset import Dataset
from harness.plot.gain import frontier, gain_figure
from harness.plot.panels import FigureData, Outcome
from harness.plot.style import GREEN, VERMILION, CaptionedFigure
from tests.fabricated import Cell, fabricate

CELLS = (
    Cell(program="plain", method="nuts", variant="reference", fit_time_s=8.0),
    Cell(program="plain", method="nuts", fit_time_s=3.0),
    *(
        Cell(program="plain", method="advi", replicate=i, shift=2.0 + i, fit_time_s=0.1 * i)
        for i in (1, 2, 3)
    ),
    Cell(program="plain", method="laplace", scale=0.99, fit_time_s=0.5),
    Cell(program="plain", method="advi_fullrank", failed=True),
)


@pytest.fixture(scope="module")
def result() -> StudyResult:
    study, fitted = fabricate(CELLS, mixture=False, reference=("plain", "nuts", "reference"))
    return make_result(study, fitted, references={})


def outcome(time_s: float, error_sd: float, title: str = "a", verdict: str = "trust") -> Outcome:
    return Outcome(title=title, fit_time_s=time_s, error_sd=error_sd, verdict=verdict)


def drawn(*outcomes: Outcome) -> CaptionedFigure | None:
    data = Dataset(name="toy", rows=np.zeros((1, 1)))
    view = FigureData(dataset=data, series=(), reference=None, published=None, outcomes=outcomes)
    return gain_figure(view)


def test_outcomes_are_those_of_the_tables(result: StudyResult) -> None:
    """All fits with an error but the reference, which has none, and what has failed."""
    (outcomes,) = outcomes_of(result.as_saved).values()
    assert [(o.title, o.fit_time_s) for o in outcomes] == [
        ("NUTS default", 3.0),
        *(("ADVI", pytest.approx(0.1 * i)) for i in (1, 2, 3)),
        ("Laplace", 0.5),
    ]
    rows = result.table[(result.table["method"] == "advi") & (result.table["labels"] == "raw")]
    largest = rows["mean_error_sd"].abs().groupby(rows["replicate"]).max()
    assert [o.error_sd for o in outcomes[1:4]] == pytest.approx(largest.tolist(), rel=1e-8)
    assert [o.title for o in outcomes if o.is_usual] == ["NUTS default"]
    assert [o.verdict for o in outcomes[1:4]] == ["do not trust"] * 3


def test_the_cross_hair_is_nuts_with_the_program_that_most_others_fit() -> None:
    others = [Cell(program="plain", method=name, fit_time_s=0.5) for name in ("laplace", "advi")]
    cells = (
        Cell(program="ordered", method="nuts", variant="reference", fit_time_s=8.0),
        Cell(program="ordered", method="nuts", fit_time_s=3.0),
        Cell(program="plain", method="nuts", fit_time_s=2.0),
        *others,
    )
    study, fitted = fabricate(cells, reference=("ordered", "nuts", "reference"))
    saved = make_result(study, fitted, references={}).as_saved
    (outcomes,) = outcomes_of(saved).values()
    assert [o.title for o in outcomes if o.is_usual] == ["NUTS default (plain)"]


def test_marks_stand_at_time_and_error_in_the_colour_of_the_verdict(result: StudyResult) -> None:
    (outcomes,) = outcomes_of(result.as_saved).values()
    axes = result.plot_gain().axes[0]
    marks = [line for line in axes.lines if line.get_marker() not in {"None", None, ""}]
    found = [(line.get_xdata()[0], line.get_ydata()[0]) for line in marks]  # type: ignore[index]
    assert found == [(o.fit_time_s, o.error_sd) for o in outcomes]
    colours = {o.verdict: to_hex(str(m.get_color())) for o, m in zip(outcomes, marks, strict=True)}
    assert colours["do not trust"] == VERMILION.lower()
    assert colours.get("trust", GREEN.lower()) == GREEN.lower()
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    cross = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert len(cross) == 2
    assert {label.get_text() for label in axes.texts} == {
        "NUTS default",
        "ADVI \N{MULTIPLICATION SIGN}3",
        "Laplace",
    }


def test_the_frontier_is_what_nothing_faster_beats() -> None:
    fits = [outcome(1, 0.5), outcome(2, 0.6), outcome(3, 0.1), outcome(3, 0.2), outcome(9, 0.1)]
    assert frontier(fits) == [fits[0], fits[2]]
    assert frontier(list(reversed(fits))) == [fits[0], fits[2]]


def test_names_do_not_cover_one_another() -> None:
    figure = drawn(*(outcome(1.0, 0.1 + 1e-3 * i, title=f"a long name {i}") for i in range(6)))
    assert figure is not None
    figure.draw_without_rendering()
    # of the texts themselves, without the lines to their marks
    boxes = [Text.get_window_extent(text) for text in figure.axes[0].texts]
    assert len(boxes) == 6
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_one_fit_is_no_comparison() -> None:
    assert drawn() is None
    assert drawn(outcome(1.0, 0.1)) is None


@pytest.mark.slow
def test_the_report_shows_it_first(result: StudyResult, tmp_path: Path) -> None:
    report = result.save(tmp_path).with_suffix(".md").read_text(encoding="utf-8")
    assert report.index("toy_gain.png") == min(
        report.index(f"toy_{kind}.png") for kind in ("gain", "elbo", "forest")
    )
    assert "Figure 1. What is gained" in report
