"""Figures: which are drawn, what stands in them, and bytes that repeat."""

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse, Rectangle
from matplotlib.text import Text
from PIL import Image

from harness.errors import ResultsError
from harness.execution.run import FittedRun
from harness.plot import CAPTIONS_FILE, CaptionedFigure, save_figures, study_figures, style
from harness.plot.contours import gaussian_ellipse
from harness.plot.limits import cutoff, named_counts
from harness.plot.style import APPROXIMATION_COLOURS, BLACK, COMPONENT_COLOURS
from harness.study.published import read_published
from tests.fabricated import CELLS, MEANS, ORDERED_NUTS, Cell, fabricate

MIXTURE_FIGURES = ["posterior", "weights", "elbo", "approximations", "zoom", "forest"]

PUBLISHED = """
source = "a page"
name = "page"
[[datasets]]
name = "toy"
true_means = [[-1.0, -1.5], [1.0, 1.0]]
true_shares = [0.14, 0.86]
[[runs]]
title = "ADVI"
dataset = "toy"
method = "advi"
elbo = -348.84
[[runs]]
title = "mini-batch"
dataset = "toy"
method = "subsample_advi"
n_rows = 25
likelihood_weight = 1.0
elbo = -90.5
"""


@pytest.fixture(scope="module")
def figures() -> dict[str, CaptionedFigure]:
    return study_figures(*fabricate())


@pytest.fixture(scope="module")
def published_figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CaptionedFigure]:
    file = tmp_path_factory.mktemp("published") / "published.toml"
    file.write_text(PUBLISHED)
    return study_figures(*fabricate(), published=read_published(file))


def lines_of(figure: CaptionedFigure, panel: int) -> Iterator[Line2D]:
    yield from figure.axes[panel].lines


def test_a_mixture_gets_every_figure_with_words(figures: dict[str, CaptionedFigure]) -> None:
    assert list(figures) == [f"toy_{name}" for name in MIXTURE_FIGURES]
    for figure in figures.values():
        assert figure.dataset == "toy"
        assert "`toy`" in figure.caption
        assert figure.alt.endswith(".")
        assert "  " not in figure.caption + figure.alt


def test_other_studies_get_the_generic_figures_only() -> None:
    assert list(study_figures(*fabricate(mixture=False))) == ["toy_elbo", "toy_forest"]


def test_a_study_whose_runs_all_failed_has_no_figures() -> None:
    cells = (Cell(program="plain", method="nuts", failed=True),)
    assert study_figures(*fabricate(cells)) == {}


def test_switched_labels_are_shown_as_sampled_and_relabelled(
    figures: dict[str, CaptionedFigure],
) -> None:
    panels = {axes.get_title("left"): axes for axes in figures["toy_posterior"].axes}
    assert list(panels) == [
        "data",
        "NUTS (ordered)",
        "NUTS (plain): as sampled",
        "NUTS (plain): relabelled",
    ]

    def spread(title: str) -> float:
        draws = panels[title].collections[1]
        assert isinstance(draws, PathCollection)
        colours = np.asarray(draws.get_facecolor())[:, :3]
        first = np.isclose(colours, to_rgb(COMPONENT_COLOURS[0])).all(axis=1)
        assert first.sum() == 1_000
        return float(np.asarray(draws.get_offsets())[first, 0].std())

    assert spread("NUTS (plain): as sampled") > 0.9
    assert spread("NUTS (plain): relabelled") < 0.35
    assert "NUTS (plain)" in figures["toy_posterior"].caption


def test_true_means_are_marked_only_where_they_are_known(
    figures: dict[str, CaptionedFigure], published_figures: dict[str, CaptionedFigure]
) -> None:
    crosses = [
        (float(np.asarray(line.get_xdata())[0]), float(np.asarray(line.get_ydata())[0]))
        for line in lines_of(published_figures["toy_posterior"], 0)
        if line.get_marker() == "x"
    ]
    assert crosses == [tuple(mean) for mean in MEANS.tolist()]
    assert list(lines_of(figures["toy_posterior"], 0)) == []


def test_the_reference_is_the_one_named_or_the_first_that_agrees_on_labels() -> None:
    def named(reference: tuple[str, str, str] | Path | None, cells: tuple[Cell, ...]) -> str:
        caption = study_figures(*fabricate(cells, reference=reference))["toy_forest"].caption
        return caption.partition("the interval of ")[2].partition(".")[0]

    cells = (CELLS[1], CELLS[0], CELLS[2])
    assert named(None, cells) == "NUTS (ordered)"
    assert named(Path("draws.json"), cells) == "NUTS (ordered)"
    assert named(("plain", "nuts", "default"), cells) == "NUTS (plain)"
    assert named(None, cells[:1]) == "NUTS"
    assert named(None, cells[2:]) == ""


def test_specks_are_magnified_and_wide_clouds_are_not() -> None:
    narrow = tuple(dataclasses.replace(cell, scale=0.02) for cell in CELLS[:1])
    panel = study_figures(*fabricate(narrow))["toy_posterior"].axes[1]
    assert len(panel.child_axes) == 2
    inset = panel.child_axes[0]
    x, y = np.mean(inset.get_xlim()), np.mean(inset.get_ylim())
    assert (x, y) == pytest.approx(tuple(MEANS[0]), abs=0.01)
    wide = study_figures(*fabricate(CELLS[:1]))["toy_posterior"].axes[1]
    assert wide.child_axes == []


def test_bars_are_the_means_of_the_weights(figures: dict[str, CaptionedFigure]) -> None:
    axes = figures["toy_weights"].axes[0]
    _, fitted = fabricate()
    nuts = fitted[0].fit.read_draws()
    assert nuts is not None
    widths = [patch.get_width() for patch in axes.patches if isinstance(patch, Rectangle)]
    assert len(widths) == 6
    assert widths[0] == pytest.approx(float(nuts["posterior"]["pi"].to_numpy()[..., 0].mean()))


def test_each_objective_has_its_own_elbo_panel(figures: dict[str, CaptionedFigure]) -> None:
    panels = [axes.get_title("left") for axes in figures["toy_elbo"].axes]
    assert panels == ["all 100 rows", "25 rows, weight 4", "25 rows, unweighted"]
    traces = [line for line in lines_of(figures["toy_elbo"], 0) if line.get_marker() == "None"]
    assert [float(np.asarray(line.get_ydata())[-1]) for line in traces] == [-330.5, -318.25]
    traces = [line for line in lines_of(figures["toy_elbo"], 1) if line.get_marker() == "None"]
    *replicates, best = [float(np.asarray(line.get_ydata())[-1]) for line in traces]
    assert replicates == [-321.0, -322.0, -323.0]
    assert best == -318.25
    assert traces[-1].get_label() == "best run on all rows"
    labels = [str(line.get_label()) for line in traces[:3]]
    assert labels[0] == "subsample ADVI weighted \N{MULTIPLICATION SIGN}3"
    assert all(label.startswith("_") for label in labels[1:])


def test_a_published_elbo_stands_in_the_panel_of_its_objective(
    published_figures: dict[str, CaptionedFigure],
) -> None:
    found = [
        [str(line.get_label()) for line in axes.lines if str(line.get_label()).startswith("page")]
        for axes in published_figures["toy_elbo"].axes
    ]
    assert found == [
        ["page: ADVI, \N{MINUS SIGN}348.84"],
        [],
        ["page: mini-batch, \N{MINUS SIGN}90.5"],
    ]


def test_elbo_axes_read_back_their_values(figures: dict[str, CaptionedFigure]) -> None:
    for axes in figures["toy_elbo"].axes[:3]:
        low, high = axes.get_ylim()
        shown = np.linspace(low, high, 50)
        scale = axes.yaxis.get_transform()
        assert np.all(np.diff(scale.transform(shown)) > 0)
        np.testing.assert_allclose(scale.inverted().transform(scale.transform(shown)), shown)


def test_a_variant_has_one_colour_and_nuts_is_black(figures: dict[str, CaptionedFigure]) -> None:
    means = [line for line in lines_of(figures["toy_forest"], 0) if line.get_marker() == "o"]
    colours = [line.get_color() for line in means]
    assert colours[0] == BLACK
    assert colours[2:4] == list(APPROXIMATION_COLOURS[:2])
    assert len(set(colours[4:7])) == 1
    traces = [line for line in lines_of(figures["toy_elbo"], 0) if line.get_marker() == "None"]
    assert [line.get_color() for line in traces] == colours[2:4]


def test_the_close_up_holds_every_contour(figures: dict[str, CaptionedFigure]) -> None:
    for axes in figures["toy_zoom"].axes:
        ellipses = [patch for patch in axes.patches if isinstance(patch, Ellipse)]
        assert ellipses
        for ellipse in ellipses:
            x, y = ellipse.center
            reach = max(ellipse.width, ellipse.height) / 2
            assert axes.get_xlim()[0] < x - reach * 0.9
            assert x + reach * 0.9 < axes.get_xlim()[1]
            assert axes.get_ylim()[0] < y - reach * 0.9
            assert y + reach * 0.9 < axes.get_ylim()[1]


def test_a_fit_far_off_does_not_shrink_the_rest_and_is_named() -> None:
    stray = dataclasses.replace(CELLS[2], variant="stray", shift=80.0)
    with_stray = study_figures(*fabricate((*CELLS[:2], CELLS[3], stray)))["toy_zoom"]
    without = study_figures(*fabricate((*CELLS[:2], CELLS[3])))["toy_zoom"]
    for far, near in zip(with_stray.axes, without.axes, strict=True):
        assert far.get_xlim() == pytest.approx(near.get_xlim(), abs=1e-9)
        assert far.get_xlabel() == "first coordinate\nbeyond: ADVI stray"
        assert list(near.texts) == []


def test_full_data_comes_first_whatever_the_order_of_runs() -> None:
    figure = study_figures(*fabricate((CELLS[0], *CELLS[5:], *CELLS[2:4])))["toy_elbo"]
    assert figure.axes[0].get_title("left") == "all 100 rows"


def test_elbos_that_no_axis_tells_apart_are_left_out() -> None:
    """Numbers of 300 digits would make the axis' transformation singular, with a warning."""
    lost = dataclasses.replace(CELLS[2], elbo=-4.2e298)
    assert "toy_elbo" not in study_figures(*fabricate((CELLS[0], lost)))
    figure = study_figures(*fabricate((CELLS[0], CELLS[3], lost)))["toy_elbo"]
    assert len([line for line in lines_of(figure, 0) if line.get_marker() == "None"]) == 1


DIVERGED = dataclasses.replace(CELLS[2], variant="tuned", replicate=2, elbo=-7.7e8, shift=900.0)


def crowd() -> tuple[Cell, ...]:
    """As many series as the notebook's large data set has, and one run that diverged."""
    subsamples = [
        Cell(
            program="plain",
            method="subsample_advi",
            variant=f"m={m} {'weighted' if weighted else 'unweighted'}",
            replicate=replicate,
            shift=0.3 * replicate,
            n_rows=m,
            likelihood_weight=100 / m if weighted else 1.0,
            elbo=(-320.0 - replicate) * (1 if weighted else m / 100),
        )
        for m in (10, 20, 50)
        for weighted in (True, False)
        for replicate in (1, 2, 3)
    ]
    others = [
        Cell(program="plain", method=method, variant=f"with settings number {i}")
        for method in ("advi_fullrank", "pathfinder", "laplace", "vi_meanfield")
        for i in (1, 2)
    ]
    return (*CELLS[:4], DIVERGED, *others, *subsamples)


@pytest.fixture(scope="module")
def crowded() -> dict[str, CaptionedFigure]:
    return study_figures(*fabricate(crowd(), reference=ORDERED_NUTS))


@pytest.mark.slow
def test_a_crowd_is_legible(crowded: dict[str, CaptionedFigure], tmp_path: Path) -> None:
    """A layout that collapses is a warning of matplotlib's, which fails the test."""
    assert list(crowded) == [f"toy_{name}" for name in MIXTURE_FIGURES]
    save_figures(crowded, tmp_path)
    for name, figure in crowded.items():
        width, height = figure.get_size_inches()
        assert height < 2.2 * width, name
        for axes in figure.axes:
            box = axes.get_position()
            assert box.width * width > 1.0, name
            assert box.height * height > 1.0, name
        titles = [
            child.get_window_extent()
            for axes in figure.axes
            for child in axes.get_children()
            if isinstance(child, Text) and child.get_text() == axes.get_title("left") != ""
        ]
        assert len(titles) >= 2, name
        assert all(box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1 for box in titles), name


def test_elbos_share_one_figure_by_what_they_compare_with(
    crowded: dict[str, CaptionedFigure],
) -> None:
    full, weighted, unweighted = crowded["toy_elbo"].axes
    assert full.get_title("left") == "all 100 rows"
    assert weighted.get_title("left") == "subsamples, weighted"
    assert unweighted.get_title("left") == "subsamples, unweighted"
    labels = weighted.get_legend_handles_labels()[1]
    assert sum(label.startswith("subsample ADVI m=") for label in labels) == 3
    assert labels[-1] == "best run on all rows"
    assert unweighted.get_ylabel() == "ELBO per row (nats)"
    ends = {
        round(float(np.asarray(line.get_ydata())[0]), 2)
        for line in unweighted.lines
        if line.get_marker() == "o"
    }
    assert ends == {-3.21, -3.22, -3.23}
    n_colours = [
        len({line.get_color() for line in axes.lines}) for axes in crowded["toy_elbo"].axes
    ]
    assert n_colours == [4, 3 + 1, 3]


def test_a_run_that_diverged_does_not_flatten_the_others_and_is_named(
    crowded: dict[str, CaptionedFigure],
) -> None:
    full = crowded["toy_elbo"].axes[0]
    assert [text.get_text() for text in full.texts] == ["outside: ADVI tuned (1 of 2)"]
    assert full.get_ylim()[0] > -10_000
    zoom = crowded["toy_zoom"].axes[0]
    assert zoom.get_xlabel() == "first coordinate\nbeyond: ADVI tuned (1 of 2)"
    assert np.ptp(zoom.get_xlim()) < 10
    forest = crowded["toy_forest"].axes[0]
    arrows = [line for line in forest.lines if line.get_marker() == ">"]
    assert len(arrows) == 1
    assert np.asarray(arrows[0].get_xdata())[0] == pytest.approx(forest.get_xlim()[1])
    tuned = next(
        axes
        for axes in crowded["toy_approximations"].axes
        if axes.get_title("left") == "ADVI tuned"
    )
    assert [text.get_text() for text in tuned.texts] == ["outside: 1 of 2"]


def test_no_two_series_of_a_panel_look_the_same(crowded: dict[str, CaptionedFigure]) -> None:
    for axes in [*crowded["toy_zoom"].axes, *crowded["toy_elbo"].axes]:
        looks: dict[str, tuple[object, object]] = {}
        for line, label in zip(*axes.get_legend_handles_labels(), strict=True):
            if isinstance(line, Line2D):
                looks.setdefault(label, (line.get_color(), line.get_linestyle()))
        assert len(set(looks.values())) == len(looks) >= 2


def test_mini_batches_are_close_up_with_fits_to_all_rows(
    crowded: dict[str, CaptionedFigure],
) -> None:
    labels = crowded["toy_zoom"].axes[0].get_legend_handles_labels()[1]
    assert any(label.startswith("VI mean-field") for label in labels)


def test_what_looks_like_the_reference_is_left_out_and_said() -> None:
    twin = dataclasses.replace(CELLS[0], variant="twin")
    off = dataclasses.replace(CELLS[0], variant="off", shift=2.0)
    speck = dataclasses.replace(CELLS[2], scale=0.01)
    reference = dataclasses.replace(CELLS[0], scale=0.01)
    figures = study_figures(*fabricate((reference, twin, off), reference=ORDERED_NUTS))
    panels = [axes.get_title("left") for axes in figures["toy_posterior"].axes]
    assert panels == ["data", "NUTS default", "NUTS twin", "NUTS off"]
    several = (CELLS[0], twin, off, CELLS[1])
    figure = study_figures(*fabricate(several, reference=ORDERED_NUTS))["toy_posterior"]
    assert not any("twin" in axes.get_title("left") for axes in figure.axes)
    assert " NUTS twin." in figure.caption
    narrow = (reference, speck, CELLS[3], dataclasses.replace(CELLS[3], variant="other"))
    figure = study_figures(*fabricate(narrow, reference=ORDERED_NUTS))["toy_approximations"]
    assert [axes.get_title("left") for axes in figure.axes] == ["ADVI tuned", "ADVI other"]
    assert ": ADVI default." in figure.caption
    # one alone is shown close up
    figures = study_figures(*fabricate(narrow[:3], reference=ORDERED_NUTS))
    assert "toy_approximations" not in figures
    assert "toy_zoom" in figures


def test_constants_have_no_panel() -> None:
    study, fitted = fabricate(CELLS[:3], mixture=False)
    figure = study_figures(study, fitted)["toy_forest"]
    titles = [axes.get_title("left") for axes in figure.axes if axes.get_title("left")]

    def fixed(item: FittedRun) -> FittedRun:
        draws = item.fit.read_draws().copy(deep=True)
        draws["posterior"]["mu"].to_numpy()[..., 0, 0] = 0.25
        return dataclasses.replace(item, fit=dataclasses.replace(item.fit, draws=draws))

    figure = study_figures(study, [fixed(item) for item in fitted])["toy_forest"]
    left = [axes.get_title("left") for axes in figure.axes if axes.get_title("left")]
    assert left == [title for title in titles if title != "mu[1,1]"] != titles


def test_half_of_the_fits_are_always_inside() -> None:
    assert cutoff([0.0, 1.0, 2.0, 1e9], factor=10, floor=0.5) == 10.0
    assert cutoff([1.0, 1e9], factor=10, floor=0.5) == 10.0
    assert cutoff([np.nan, np.inf], factor=10, floor=0.5) == 0.5
    assert named_counts([("a", 0, 3), ("b", 2, 5), ("c", 1, 1)]) == ["b (2 of 5)", "c"]


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_a_contour_holds_its_share_of_the_draws(level: float) -> None:
    mean, covariance = np.array([1.0, -2.0]), np.array([[2.0, 0.9], [0.9, 0.7]])
    ellipse = gaussian_ellipse(mean, covariance, level)
    draws = np.random.default_rng(1).multivariate_normal(mean, covariance, size=40_000)
    turn = np.radians(ellipse.angle)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    scaled = (draws - mean) @ rotation.T / [ellipse.width / 2, ellipse.height / 2]
    inside = float(((scaled**2).sum(axis=1) < 1).mean())
    mcse = np.sqrt(level * (1 - level) / 40_000)
    assert abs(inside - level) < 4 * mcse


def test_many_rows_are_thinned_and_the_caption_says_so() -> None:
    figure = study_figures(*fabricate(CELLS[:1], n_rows=20_000))["toy_posterior"]
    rows = figure.axes[0].collections[0]
    assert isinstance(rows, PathCollection)
    assert len(np.asarray(rows.get_offsets())) == 5_000
    assert re.search("5,000 .*20,000 ", figure.caption)


@pytest.mark.slow
def test_saved_figures_repeat_byte_for_byte_and_are_small(tmp_path: Path) -> None:
    with mpl.rc_context({"font.size": 30.0, "axes.facecolor": "red"}):
        save_figures(study_figures(*fabricate()), tmp_path / "a")
    save_figures(study_figures(*fabricate()), tmp_path / "b")
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    vectors = [name for name in files if name.endswith(".svg")]
    assert {"toy_weights.svg", "toy_elbo.svg"} <= set(vectors)
    pixels = [f"toy_{name}.png" for name in MIXTURE_FIGURES]
    assert files == sorted([CAPTIONS_FILE, *pixels, *vectors])
    for name in files:
        first = (tmp_path / "a" / name).read_bytes()
        assert first == (tmp_path / "b" / name).read_bytes()
        assert len(first) <= 150_000
    with Image.open(tmp_path / "a" / "toy_forest.png") as image:
        assert image.width == 936
        assert "Software" not in image.info


def test_a_figure_that_would_be_large_is_saved_as_png_only(
    figures: dict[str, CaptionedFigure], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = {"toy_weights": figures["toy_weights"]}
    n_bytes = len(style.figure_files(drawn)["toy_weights.svg"])
    monkeypatch.setattr(style, "MAX_SVG_BYTES", n_bytes)
    assert "toy_weights.svg" in style.figure_files(drawn)
    monkeypatch.setattr(style, "MAX_SVG_BYTES", n_bytes - 1)
    assert style.figure_files(drawn).keys() == {"toy_weights.png", CAPTIONS_FILE}


def test_captions_are_saved_and_stale_figures_removed(
    figures: dict[str, CaptionedFigure], tmp_path: Path
) -> None:
    save_figures({name: figures[name] for name in ("toy_weights", "toy_elbo")}, tmp_path)
    assert all((tmp_path / f"toy_elbo.{suffix}").is_file() for suffix in ("png", "svg"))
    save_figures({"toy_weights": figures["toy_weights"]}, tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [CAPTIONS_FILE, "toy_weights.png", "toy_weights.svg"]
    assert json.loads((tmp_path / CAPTIONS_FILE).read_text()) == [
        {
            "name": "toy_weights",
            "dataset": "toy",
            "caption": figures["toy_weights"].caption,
            "alt": figures["toy_weights"].alt,
        }
    ]


@pytest.mark.slow
def test_a_folder_that_cannot_be_made_is_one_line(
    figures: dict[str, CaptionedFigure], tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ResultsError, match="figures"):
        save_figures(figures, blocked / "figures")
