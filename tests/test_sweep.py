"""``[sweep]`` and ``[scale]`` of a study: what is written out, and which slips are refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import make_dataset
from harness.errors import DatasetError, HarnessError, StudyError
from harness.plot import figure_files, study_figures
from harness.plot.heat import SweptOutcome, heat_figures
from harness.plot.panels import Outcome
from harness.report.growth import growth_grid, swept_rows
from harness.results.columns import POSTERIORS_COLUMNS, make_table
from harness.study.study import Study
from harness.study.swept import Setting, Sweep
from harness.study.toml import read_study
from tests.cases import PROJECT

TEXT = """
name = "demo"
title = "Demonstration"
seed = 7

[[datasets]]
name = "rows"
generator = "mixture"
options = { n_rows = 100 }

[[datasets]]
name = "fixed"
generator = "notebook_small"

[[programs]]
name = "gmm"
file = "gmm.stan"
parameters = ["mu", "pi"]
contract = { rows = "y", n_columns = 2, n_rows = "N", likelihood_weight = "w" }

[[references]]
datasets = ["rows"]
program = "gmm"
method = "nuts"
variant = "default"

[[cross]]
datasets = ["rows", "fixed"]
programs = ["gmm"]
method = "nuts"
variant = "default"

[[cross]]
datasets = ["rows"]
programs = ["gmm"]
method = "subsample_advi"
variant = "default"
replicates = 3
@OPTIONS@

[[cross]]
datasets = ["rows"]
programs = ["gmm"]
method = "advi"
variant = "tuned"
options = { eta = 0.5 }
"""

SWEEP = """
[sweep]
"datasets.share" = [0.1, 0.5]
"methods.subsample_advi.m" = [10, 20]
"methods.subsample_advi.weighted" = [true, false]

[scale.small]
replicates = 2
sweep = { "datasets.share" = [0.3] }
"""
SWEPT = TEXT.replace("@OPTIONS@", "") + SWEEP


def read(folder: Path, text: str, scale: str = "full") -> Study:
    (folder / "demo.toml").write_text(text)
    return read_study(folder / "demo.toml", scale=scale)


def test_what_is_swept_is_crossed_as_if_written_by_hand(tmp_path: Path) -> None:
    swept = read(tmp_path, SWEPT)
    shares, parts = (0.1, 0.5), [(m, weighted) for m in (10, 20) for weighted in (True, False)]
    rows = TEXT[TEXT.index("[[datasets]]") : TEXT.index('[[datasets]]\nname = "fixed"')]
    cross = TEXT[TEXT.index('[[cross]]\ndatasets = ["rows"]') : TEXT.index("@OPTIONS@")]
    names = ", ".join(f'"rows share={share}"' for share in shares)
    by_hand = TEXT.replace(
        rows,
        "".join(
            rows.replace('"rows"', f'"rows share={share}"').replace("100", f"100, share = {share}")
            for share in shares
        ),
    ).replace(
        f"{cross}@OPTIONS@",
        "".join(
            cross.replace('"default"', f'"m={m}, weighted={weighted}"')
            + f"options = {{ m = {m}, weighted = {str(weighted).lower()} }}\n\n"
            for m, weighted in parts
        ),
    )
    by_hand = by_hand.replace('["rows"', f"[{names}")
    assert swept.runs == read(tmp_path, by_hand).runs
    assert len(swept.runs) == 3 + 2 * 4 * 3 + 2
    assert swept.sweep.axes == {"share": shares, "m": (10, 20), "weighted": (True, False)}
    assert swept.sweep.datasets["rows share=0.5"] == Setting("rows", {"share": 0.5})
    assert Sweep.of_json(swept.sweep.as_json()) == swept.sweep


def test_a_scale_replaces_values_and_caps_replicates(tmp_path: Path) -> None:
    small = read(tmp_path, SWEPT, "small")
    assert (small.scale, list(small.datasets)) == ("small", ["rows share=0.3", "fixed"])
    assert len(small.runs) == 2 + 4 * 2 + 1
    assert read(tmp_path, SWEPT).scale == "full"
    assert read(tmp_path, TEXT.replace("@OPTIONS@", "options = { m = 9 }")).scale == ""
    for scale in ("smal", "large"):
        with pytest.raises(StudyError, match=f"'{scale}'"):
            read(tmp_path, SWEPT, scale)


def test_a_cross_that_sets_an_option_keeps_it(tmp_path: Path) -> None:
    both = SWEPT.replace("[scale.small]", '"methods.advi.n_draws" = [100, 200]\n[scale.small]')
    kept = both.replace("{ eta = 0.5 }", "{ eta = 0.5, n_draws = 50 }")
    assert sum(run.method.name == "advi" for run in read(tmp_path, both).runs) == 2 * 2
    with pytest.raises(StudyError, match=r"methods\.advi\.n_draws"):
        read(tmp_path, kept)


def test_larger_subsamples_than_data_are_left_out_where_both_are_swept(tmp_path: Path) -> None:
    both = SWEPT.replace("options = { n_rows = 100 }", "").replace("share", "n_rows")
    both = both.replace("[0.1, 0.5]", "[15, 30]").replace("[0.3]", "[15]")
    study = read(tmp_path, both)
    assert set(study.left_out) == {
        f"rows n_rows=15 / subsample_advi m=20, weighted={weighted}" for weighted in (True, False)
    }
    with pytest.raises(HarnessError, match="1000"):
        read(tmp_path, TEXT.replace("@OPTIONS@", "options = { m = 1000 }"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"datasets.share"', '"datasets.shares"', "share"),
        ('"datasets.share"', '"datasets.row.share"', "rows"),
        ('"datasets.share"', '"datasets.fixed.share"', "fixed"),
        ('"datasets.share"', '"share"', "share"),
        ('"datasets.share"', "datasets.share", r"datasets\.share"),
        ("[0.1, 0.5]", "[0.1, 0.1]", "0.1"),
        ("[0.1, 0.5]", "[0.1, 1.5]", "1.5"),
        ("[0.1, 0.5]", '[0.1, "a"]', "a"),
        ("[0.1, 0.5]", "[]", "sweep"),
        ("subsample_advi.m", "subsample_advi.mm", "mm"),
        ("subsample_advi.m", "laplace.n_draws", "laplace"),
        ("[10, 20]", "[10, -1]", "-1"),
        ('{ "datasets.share"', '{ "datasets.n_rows"', "n_rows"),
        ("replicates = 2\n", "replicate = 2\n", "replicate"),
        ("100 }", "100, seeds = 1 }", "seeds"),
    ],
)
def test_slips_are_refused_in_one_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in SWEPT
    with pytest.raises(HarnessError, match=told) as raised:
        read(tmp_path, SWEPT.replace(old, new), "small" if "{" in old else "full")
    assert "\n" not in str(raised.value)


def test_numbers_of_a_file_may_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / "data.json"
    file.write_text('{"N": 2, "K": 3, "y": [0.5, 1.5]}')
    made = make_dataset("a", file=file, options={"K": 4})
    assert made.variables is not None
    assert made.variables["K"] == 4
    assert made.digest != make_dataset("a", file=file).digest
    for options in ({"k": 4}, {"y": 4}, {"K": "4"}, {"K": True}):
        with pytest.raises(DatasetError, match=r"'[kyK]'"):
            make_dataset("a", file=file, options=options)


def test_generators_have_the_options_that_they_say() -> None:
    made = make_dataset("a", generator="mixture", options={"n_rows": 500, "share": 0.1}).rows
    apart = make_dataset(
        "a", generator="mixture", options={"n_rows": 500, "share": 0.1, "distance": 50}
    ).rows
    assert (apart[:, 0] < 0).sum() == 50
    centres = [apart[apart[:, 0] < 0].mean(0), apart[apart[:, 0] > 0].mean(0)]
    assert np.linalg.norm(centres[1] - centres[0]) == pytest.approx(50, abs=0.6)
    assert made.shape == (500, 2)
    data = make_dataset("b", generator="logistic", options={"n_columns": 3}).variables
    assert data is not None
    assert isinstance(data["x"], np.ndarray)
    assert data["x"].shape == (1000, 3)


def test_slopes_are_those_of_the_logarithms() -> None:
    sweep = Sweep(
        axes={"n": (10, 100, 1000)},
        datasets={f"rows n={n}": Setting("rows", {"n": n}) for n in (10, 100, 1000)},
    )
    rows = [
        {"dataset": f"rows n={n}", "program": "p", "method": method, "variant": "default",
         "n_runs": 1, "n_failed": 0, "fit_time_s": 0.1 * n**power, "peak_memory_mb": 9.0 * n}
        for method, power in (("nuts", 1.5), ("advi", 0.5))
        for n in (10, 100, 1000)
    ]  # fmt: skip
    swept = list(swept_rows(make_table(rows, POSTERIORS_COLUMNS), sweep))
    grid = growth_grid(swept, sweep)
    assert grid is not None
    assert [head.title for head in grid.columns] == ["series", "time by n", "memory by n"]
    for at, expected in ((1, [1.5, 0.5]), (2, [1, 1])):
        assert [row[at].value for row in grid.rows] == pytest.approx(expected)


@pytest.mark.parametrize("values", [(0.5, 1, 2), (True, False), ("a", "b", "c")])
def test_costs_grow_with_sizes_only(values: tuple[object, ...]) -> None:
    sweep = Sweep(axes={"n": values}, datasets={f"d n={n}": Setting("d", {"n": n}) for n in values})
    rows = [
        {"dataset": f"d n={n}", "program": "p", "method": "nuts", "variant": "default",
         "n_runs": 1, "n_failed": 0, "fit_time_s": 2.0, "peak_memory_mb": 9.0}
        for n in values
    ]  # fmt: skip
    swept = list(swept_rows(make_table(rows, POSTERIORS_COLUMNS), sweep))
    assert growth_grid(swept, sweep) is None


def test_heat_maps_have_a_cell_for_each_combination() -> None:
    outcomes = [
        SweptOutcome(
            dataset="rows",
            title=title,
            options={"n": n, "m": m},
            error_sd=None if n == m else n * m,
            verdict="trust" if n > m else "do not trust",
        )
        for title in ("ADVI", "Laplace")
        for n in (1, 2, 3)
        for m in (1, 2)
    ]
    figures = heat_figures(outcomes)
    assert list(figures) == ["rows_sweep_error", "rows_sweep_verdict"]
    for figure, texts in (
        (figures["rows_sweep_error"], ["n/a", "2", "2", "n/a", "3", "6"]),
        (figures["rows_sweep_verdict"], ["no", "no", "trust", "no", "trust", "trust"]),
    ):
        panels = [
            axes for axes in figure.get_axes() if axes.get_title(loc="left") or axes.get_title()
        ]
        assert len(panels) == 2
        for axes in panels:
            assert [text.get_text() for text in axes.texts] == texts
            assert len(axes.patches) == 6
    assert heat_figures([]) == {}
    other = SweptOutcome(
        dataset="rows", title="NUTS", options={"n": 1}, error_sd=0.1, verdict="trust"
    )
    mixed = heat_figures([other, *outcomes])["rows_sweep_error"]
    assert [len(axes.patches) for axes in mixed.get_axes()[:3]] == [1, 6, 6]
    assert "rows.png" in figure_files({"rows": mixed})  # a figure without room would warn
    one = [dataclasses.replace(item, options={"n": item.options["n"]}) for item in outcomes]
    assert list(heat_figures(one)) == ["rows_sweep_error"]


def test_what_is_gained_comes_first_in_a_sweep_of_two_data_sets(tmp_path: Path) -> None:
    study = read(tmp_path, SWEPT)
    told = [
        Outcome(title="NUTS", fit_time_s=9.0, error_sd=0.02, verdict="trust", is_usual=True),
        Outcome(title="ADVI", fit_time_s=0.1, error_sd=0.5, verdict="do not trust"),
    ]
    outcomes = {"rows share=0.1": told, "rows share=0.5": told}
    swept = [
        SweptOutcome(
            dataset="rows", title="ADVI", options={"share": share}, error_sd=0.5, verdict="trust"
        )
        for share in (0.1, 0.5)
    ]
    assert next(iter(study_figures(study, [], outcomes=outcomes, swept=swept))) == "all_gain"
    assert "all_gain" not in study_figures(study, [], outcomes=outcomes)


def test_the_label_of_the_scale_fits_beside_a_single_line_of_cells() -> None:
    outcomes = [
        SweptOutcome(dataset="rows", title="ADVI", options={"m": m}, error_sd=0.1, verdict="trust")
        for m in (10, 30)
    ]
    figure = heat_figures(outcomes)["rows_sweep_error"]
    figure.draw_without_rendering()
    label = figure.axes[-1].yaxis.label.get_window_extent()
    assert figure.bbox.y0 <= label.y0
    assert label.y1 <= figure.bbox.y1


@pytest.mark.parametrize("name", ["subsample", "scaling", "separation", "faithful"])
def test_shipped_studies_have_a_small_scale(name: str) -> None:
    file = PROJECT / "studies" / f"{name}.toml"
    full = read_study(file) if name not in {"subsample", "scaling"} else None
    small = read_study(file, scale="small")
    assert len(small.runs) <= 400
    assert small.scale == "small"
    assert set(small.references) == set(small.datasets)
    assert full is None or len(full.runs) > len(small.runs)
