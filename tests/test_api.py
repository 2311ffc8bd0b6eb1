"""What a Python program calls, on fabricated fits and on a program that Stan fits."""

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import arviz
import numpy as np
import pandas as pd
import pytest
from xarray import DataTree

import harness
from harness.api.result import StudyResult, make_result
from harness.data.dataset import Dataset
from harness.errors import HarnessError, StudyError
from harness.plot import FIGURES, CaptionedFigure, draw_figure
from harness.program.contract import DataContract
from harness.report import write_report
from harness.results.columns import COMPARISON_COLUMNS, FITS_COLUMNS, read_table
from harness.study.comparison import Comparison, comparison_study
from harness.study.toml import read_study
from harness.verdict.criteria import Verdict
from tests.cases import DATA
from tests.fabricated import CELLS, ORDERED_NUTS, fabricate

MODELS = DATA / "models"
#: Figures that need the rows.
SHOW_ROWS = {"posterior", "approximations"}
AR1 = json.loads((MODELS / "ar1.json").read_text())


@pytest.fixture(autouse=True)
def _wheel_built_cmdstan(cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))


@pytest.fixture(scope="module")
def result() -> StudyResult:
    """Of the fabricated mixture: chains that switch, replicates, a failure."""
    study, fitted = fabricate(CELLS, reference=ORDERED_NUTS)
    return make_result(study, fitted, references={})


def test_importing_the_package_imports_next_to_nothing() -> None:
    code = "import harness, sys; print('numpy' in sys.modules, sorted(dir(harness)))"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.startswith("False")
    assert "'compare'" in answer.stdout
    assert "'run_study'" in answer.stdout


def test_rows_of_runs_and_draws_have_the_same_titles(result: StudyResult) -> None:
    failed = "ADVI full-rank"
    assert list(result.verdicts.index) == list(result.fits_table.index)
    assert [title for title in result.verdicts.index if title != failed] == list(result.fits)
    assert "subsample ADVI weighted #2" in result.fits
    assert len(result.fits) == len(CELLS) - 1


def test_verdicts_are_those_of_the_tables(result: StudyResult) -> None:
    rows = result.table.query("variant == 'tuned' and labels == 'relabelled'")
    expected = rows.set_index("parameter")["verdict"].to_dict()
    shown = result.verdicts.loc["ADVI tuned"].to_dict()
    assert shown.pop("whole fit") == result.fits_table.loc["ADVI tuned", "verdict"]
    assert shown == expected
    reasons = rows.set_index("parameter")["verdict_reason"].to_dict()
    assert result.reasons.loc["ADVI tuned"].drop("whole fit").to_dict() == reasons


def test_draws_are_what_arviz_takes(result: StudyResult) -> None:
    draws = result.fits["NUTS (plain)"]
    assert isinstance(draws, DataTree)
    assert draws["posterior"].attrs["inference_library"] == "CmdStan"
    assert draws.attrs["run"] == "toy / plain / nuts default"
    table = arviz.summary(draws, round_to="none")
    own = result.table.query("program == 'plain' and method == 'nuts' and labels == 'raw'")
    own = own.set_index("parameter")
    assert table.loc["mu[0, 1]", "mean"] == pytest.approx(own.loc["mu[1,2]", "mean"])
    assert table.loc["mu[0, 1]", "r_hat"] == pytest.approx(own.loc["mu[1,2]", "r_hat"], abs=1e-6)


def test_relabelled_draws_agree_where_raw_ones_switch(result: StudyResult) -> None:
    raw = arviz.summary(result.fits["NUTS (plain)"], round_to="none")
    ordered = arviz.summary(result.relabelled_fits["NUTS (plain)"], round_to="none")
    assert raw["r_hat"].max() > 1.5
    assert ordered["r_hat"].max() < 1.02


def test_reading_draws_leaves_stored_ones_as_they_are(result: StudyResult) -> None:
    before = result.fits["NUTS (plain)"]["posterior"]["mu"].to_numpy().copy()
    result.relabelled_fits["NUTS (plain)"]["posterior"]["mu"].load()
    np.testing.assert_array_equal(before, result.fits["NUTS (plain)"]["posterior"]["mu"])


@pytest.mark.parametrize(
    ("title", "complaint"),
    [
        ("ADVI full-rank", "'ADVI full-rank' has no fit: failed: Initialization failed"),
        ("ADVI tunned", "no fit is called 'ADVI tunned'; did you mean 'ADVI tuned'"),
    ],
)
def test_a_missing_fit_is_told_in_one_line(result: StudyResult, title: str, complaint: str) -> None:
    with pytest.raises(HarnessError) as caught:
        result.fits[title]
    assert isinstance(caught.value, KeyError)
    assert str(caught.value).startswith(complaint)
    assert result.fits.get(title) is None


def test_a_notebook_shows_the_answer_first_and_every_verdict(result: StudyResult) -> None:
    page = result._repr_html_()
    text = page.partition("</style>")[2]
    assert text.index(Verdict.DO_NOT_TRUST) < text.index("<table>")
    matrix = text.partition("</table>")[0]
    n_series = len({title.partition(" #")[0] for title in result.verdicts.index})
    assert matrix.count("<tr>") == n_series + 2  # the head; chains that switched, as sampled
    assert "id=" not in page
    assert "<script" not in page


def test_a_notebook_escapes_what_studies_say(result: StudyResult) -> None:
    renamed = result.fits_table.assign(
        verdict_reason=result.fits_table["verdict_reason"].fillna("") + "<b>&</b>"
    )
    page = dataclasses.replace(result, fits_table=renamed)._repr_html_()
    assert "<b>" not in page
    assert "&lt;b&gt;&amp;&lt;/b&gt;" in page


def test_words_say_the_answer(result: StudyResult) -> None:
    assert repr(result).startswith("On 'toy' (100 rows)")
    assert "**" not in repr(result)


@pytest.mark.parametrize("kind", ["posterior", "weights", "elbo", "approximations", "intervals"])
def test_figures_can_be_shown(result: StudyResult, kind: str) -> None:
    figure = getattr(result, f"plot_{kind}")()
    assert isinstance(figure, CaptionedFigure)
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_figure_that_does_not_apply_is_told_in_one_line() -> None:
    study, fitted = fabricate(CELLS, mixture=False)
    plain = make_result(study, fitted, references={})
    with pytest.raises(HarnessError, match=r"'posterior'.*'toy'"):
        plain.plot_posterior()
    with pytest.raises(HarnessError, match=r"'tou'.*'toy'"):
        plain.plot_elbo("tou")


@pytest.mark.parametrize("with_contract", [True, False])
def test_mixtures_of_json_are_drawn_where_their_rows_are_known(*, with_contract: bool) -> None:
    study, fitted = fabricate(CELLS, reference=ORDERED_NUTS)
    (table,) = study.datasets.values()
    given = Dataset(name="toy", variables={"N": table.n_rows, "y": table.rows.tolist(), "w": 1.0})
    contract = DataContract(row_variables=("y",), n_rows="N", likelihood_weight="w")
    programs = {
        name: dataclasses.replace(program, contract=contract if with_contract else None)
        for name, program in study.programs.items()
    }
    replaced = dataclasses.replace(study, datasets={"toy": given}, programs=programs)
    every = FIGURES.keys() - {"gain"}  # which is drawn from the tables
    kinds = {
        kind
        for kind in every
        if draw_figure(replaced, fitted, kind=kind, dataset="toy") is not None
    }
    assert kinds == (every if with_contract else every - SHOW_ROWS)


@pytest.fixture(scope="module")
def saved(result: StudyResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the result was saved."""
    folder = tmp_path_factory.mktemp("saved") / "out"
    assert result.save(folder) == folder / "report.html"
    return folder


def test_saved_results_are_the_tables(result: StudyResult, saved: Path) -> None:
    for name, columns, table in (
        ("fits", FITS_COLUMNS, result.fits_table.reset_index(drop=True)),
        ("comparison", COMPARISON_COLUMNS, result.table),
    ):
        read = read_table(saved / f"{name}.csv", columns)
        pd.testing.assert_frame_equal(read, table, rtol=1e-8, check_exact=False)


def test_the_report_is_that_of_the_saved_tables(
    result: StudyResult, saved: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(saved, tmp_path / "again"))
    for name, table in (("comparison", COMPARISON_COLUMNS), ("fits", FITS_COLUMNS)):
        read = read_table(folder / f"{name}.csv", table)
        pd.testing.assert_frame_equal(read, getattr(result.as_saved, name), check_exact=True)
    (folder / "report.html").unlink()
    write_report(folder, published=None)
    assert (folder / "report.html").read_bytes() == (saved / "report.html").read_bytes()


def asked(**options: object) -> Comparison:
    defaults = {"model": MODELS / "ar1.stan", "data": AR1, "replicates": 1}
    return Comparison(**{**defaults, **options})


def test_arrays_are_the_same_data_as_their_file() -> None:
    arrays = {"T": np.int64(AR1["T"]), "y": np.array(AR1["y"])}
    (given,) = comparison_study(asked(data=arrays)).datasets.values()
    (read,) = comparison_study(asked(data=MODELS / "ar1.json")).datasets.values()
    assert given.digest == read.digest


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"T": 3}, "the data given has no 'y'; program 'ar1.stan' needs T, y"),
        ({"T": 2.5, "y": [1, 2]}, "the data given: 'T' holds 2.5"),
        ({"T": 3, "y": {1, 2}}, "the data given: 'y' is of type set; give numbers"),
        ({"T": 3, "y": "abc"}, "the data given: 'y' is \"abc\""),
    ],
)
def test_bad_data_are_told_in_one_line(data: object, complaint: str) -> None:
    with pytest.raises(HarnessError) as caught:
        comparison_study(asked(data=data))
    assert str(caught.value).startswith(complaint)


def test_methods_with_options_are_named_after_these() -> None:
    methods = ("advi", harness.method("advi", eta=0.1, n_draws=500))
    reference = harness.method("nuts", init_radius=0.1)
    study = comparison_study(asked(methods=methods, reference=reference, replicates=2))
    runs = [(run.method.name, run.variant, run.replicate) for run in study.runs]
    assert runs == [
        ("nuts", "reference", 1),
        ("advi", "default", 1),
        ("advi", "default", 2),
        ("advi", "eta=0.1, n_draws=500", 1),
        ("advi", "eta=0.1, n_draws=500", 2),
    ]
    assert study.runs[0].method == reference


def test_pairs_name_variants() -> None:
    methods = ("advi", ("small steps", harness.method("advi", eta=0.01)))
    study = comparison_study(asked(methods=methods))
    runs = [(run.method.name, run.variant) for run in study.runs]
    assert runs == [("nuts", "reference"), ("advi", "default"), ("advi", "small steps")]


@pytest.mark.parametrize(
    ("methods", "run"),
    [
        (("advi", harness.method("advi")), "data / ar1 / advi / default / 1"),
        (("nuts", "laplace", "nuts"), "data / ar1 / nuts / default / 1"),
        ([("a", harness.method("advi", eta=0.1)), ("a", harness.method("advi"))], "/ advi / a / 1"),
        ([("reference", harness.method("nuts"))], "data / ar1 / nuts / reference / 1"),
    ],
)
def test_a_run_that_is_asked_for_twice_is_refused(methods: Iterable[object], run: str) -> None:
    with pytest.raises(StudyError) as caught:
        comparison_study(asked(methods=methods))
    assert run in str(caught.value)


def test_a_study_that_declares_a_comparison_plans_the_same_runs(tmp_path: Path) -> None:
    text = (DATA / "studies" / "ar1.toml").read_text().replace("../models", str(MODELS))
    # a comparison's seeds do not depend on what its program is called
    text = text.replace('name = "ar1"\nfile', 'name = "model"\nfile')
    again = "adapt_delta_retries = [0.99, 0.999], min_ess = 2000"
    text = text.replace("adapt_delta = 0.95", f"adapt_delta = 0.95, {again}")
    file = tmp_path / "ar1.toml"
    file.write_text(
        text.replace('program = "ar1"', 'program = "model"').replace('["ar1"]', '["model"]')
    )
    declared, compared = read_study(file), comparison_study(asked(methods=("laplace",)))
    assert [dataclasses.replace(run, program="ar1") for run in declared.runs] == [*compared.runs]
    (theirs,), (ours,) = declared.references.values(), compared.references.values()
    assert (theirs.run, ours.run) == (declared.runs[0], compared.runs[0])


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"jobs": 0}, "jobs is 0"),
        ({"time_limit_s": -1.0}, r"time_limit_s is -1.0; give"),
        ({"replicates": 0}, "replicates is 0"),
        ({"data": "no.json"}, "data file 'no.json' cannot be read"),
        (
            {"components": harness.Components(means="mu", shares="pi")},
            "program 'ar1.stan' has no variable 'mu'",
        ),
    ],
)
def test_bad_options_are_told_in_one_line(
    options: dict[str, object], complaint: str, tmp_path: Path
) -> None:
    given = {"model": MODELS / "ar1.stan", "data": AR1, "store": tmp_path, **options}
    with pytest.raises(HarnessError, match=complaint) as caught:
        harness.compare(**given)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_code_and_arrays_give_what_files_give(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = (MODELS / "ar1.stan").read_text()
    told: list[str] = []
    options = {"methods": ["laplace"], "replicates": 1, "seed": 7}
    by_code = harness.compare(code, AR1, store=tmp_path, progress=told.append, **options)  # type: ignore[arg-type]
    by_file = harness.compare(MODELS / "ar1.stan", MODELS / "ar1.json", store=tmp_path, **options)  # type: ignore[arg-type]
    for one, other in zip(by_code.fits.values(), by_file.fits.values(), strict=True):
        means = [float(draws["posterior"]["rho"].mean()) for draws in (one, other)]
        assert means[0] == pytest.approx(means[1], abs=0.025)  # five times its MCSE
    runs = [line for line in told if not line.startswith("compiling")]  # which may be done already
    assert runs[0].startswith("2 ")
    assert len(runs) >= 4
    assert capfd.readouterr() == ("", "")
