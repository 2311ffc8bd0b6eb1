"""Comparisons without a NUTS run: draws that are trusted by their evidence are the reference."""

from pathlib import Path

import numpy as np
import pytest

import harness
from harness.errors import FitError, StudyError
from harness.evidence.cascade import Cascade
from harness.evidence.method import Evidence
from harness.evidence.missed import missed
from harness.evidence.steps import GOOD_ENOUGH
from harness.methods import Problem
from harness.program.log_density import OutOfTimeError
from harness.study.comparison import Comparison, comparison_study, named_reference
from harness.study.toml import read_study
from harness.verdict.criteria import Verdict
from tests.known_posteriors import MODELS, autoregression
from tests.known_targets import KnownTarget, funnel, gaussian, student, two_modes

PROJECT = Path(__file__).parent.parent
MODEL, DATA = MODELS / "ar1.stan", MODELS / "ar1.json"
MEAN, SD = autoregression()["rho"]


def cascade(target: KnownTarget, *, budget_s: float | None = None) -> Cascade:
    tried = Cascade(target, seed=1, budget_s=budget_s)  # type: ignore[arg-type]
    tried.run()
    return tried


def test_draws_of_both_modes_are_trusted() -> None:
    tried = cascade(two_modes(2, 0.3, 6.0))
    assert tried.answer is not None
    assert tried.answer.verdict == "trust (weighted)"
    points = tried.answer.points[0]
    np.testing.assert_allclose(points.mean(axis=0), 1.8, atol=0.2)
    np.testing.assert_allclose(points.std(axis=0), np.sqrt(1 + 0.21 * 36), rtol=0.05)
    assert tried.search is not None
    assert missed(tried.search, points).share == 0


def test_a_funnel_gives_no_draws_and_says_what_would_help() -> None:
    tried = cascade(funnel(10))
    assert tried.answer is None
    assert tried.steps[-1].judgement.criterion == "reached_share"
    assert tried.steps[-1].judgement.verdict is Verdict.UNKNOWN
    assert len(tried.steps) == 1


def test_steps_account_for_all_that_was_spent() -> None:
    tried = cascade(student(3, 8.0))
    assert tried.answer is not None
    assert tried.answer.judgement.verdict in GOOD_ENOUGH
    spent = tried.target.spent
    assert sum(step.effort.n_gradients for step in tried.steps) == spent.n_gradients
    assert sum(step.effort.n_densities for step in tried.steps) == spent.n_densities


def test_a_budget_leaves_the_best_so_far() -> None:
    tried = cascade(two_modes(2, 0.3, 6.0), budget_s=1e-9)
    assert tried.is_out_of_time
    assert tried.answer is None


@pytest.mark.parametrize("methods", [None, ("nuts", "laplace")])
def test_without_a_reference_nuts_runs_only_where_it_is_named(
    methods: tuple[str, ...] | None,
) -> None:
    given = {} if methods is None else {"methods": methods}
    study = comparison_study(Comparison(model=MODEL, data=DATA, reference="none", **given))  # type: ignore[arg-type]
    (source,) = study.references.values()
    assert source.run == study.runs[0]
    assert study.runs[0].method == Evidence()
    assert ("nuts" in {run.method.name for run in study.runs}) == (methods is not None)


def test_a_study_may_want_no_reference(tmp_path: Path) -> None:
    text = (PROJECT / "tests" / "data" / "studies" / "ar1.toml").read_text()
    begin, end = text.index("[[references]]"), text.index("[[cross]]")
    folder = (PROJECT / "tests" / "data" / "models").as_posix()
    text = 'reference = "none"\n' + text[:begin] + text[end:]
    (tmp_path / "ar1.toml").write_text(text.replace("../models", folder))
    study = read_study(tmp_path / "ar1.toml")
    ((dataset, source),) = study.references.items()
    assert source.run == study.runs[0]
    assert (source.run.dataset, source.run.method) == (dataset, Evidence())
    (tmp_path / "ar1.toml").write_text(text.replace("../models", folder).replace('"none"', '"no"'))
    with pytest.raises(StudyError, match="reference"):
        read_study(tmp_path / "ar1.toml")


def test_a_file_may_be_called_anything_else() -> None:
    assert named_reference("none") == "none"
    assert named_reference("./none") == Path("./none")
    assert named_reference(None) is None


@pytest.mark.slow
def test_fits_are_judged_by_evidence(gaussian: object, tmp_path: Path) -> None:  # noqa: ARG001
    result = harness.compare(
        MODEL, DATA, reference="none", methods=["laplace"], store=tmp_path / "fits"
    )
    assert result.verdicts["rho"].to_dict()["Laplace"] == "trust"
    assert "no start has reached" in str(result.reasons["rho"].to_dict()["Laplace"])
    assert result.fits_table["n_gradients"].to_dict()["evidence reference"] > 0
    rho = result.fits["evidence reference"]["posterior"]["rho"].to_numpy()
    assert rho.shape[0] == 4
    assert rho.mean() == pytest.approx(MEAN, abs=0.1 * SD)


def test_evidence_that_is_not_good_enough_is_a_failure(
    gaussian: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(gaussian)
    problem = gaussian(0.5)
    assert isinstance(problem, Problem)
    monkeypatch.setattr("harness.evidence.judge.REACHED_LIMIT", 2.0)
    monkeypatch.setattr("harness.evidence.judge.ESS_LIMIT", 1e9)
    with pytest.raises(FitError, match="harness fit"):
        Evidence().fit(problem, seed=1)


@pytest.mark.slow
def test_evidence_takes_the_place_of_a_reference_that_fails(
    gaussian: object, tmp_path: Path
) -> None:
    assert callable(gaussian)
    short = harness.method("nuts", n_draws=20, n_warmup=20)  # too few draws to be checked
    result = harness.compare(
        MODEL, DATA, reference=short, methods=["laplace"], store=tmp_path / "fits"
    )
    fits = result.fits_table["verdict"].to_dict()
    assert {"NUTS reference", "Laplace", "evidence reference"} <= set(fits)
    assert fits["Laplace"] == "trust"
    assert "no start has reached" in str(result.reasons["rho"].to_dict()["Laplace"])
    assert fits["NUTS reference"] != "trust"


def test_draws_of_a_gaussian_stay_when_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything has weighed or moved them: they are what there is."""

    def out_of_time(*_: object, **__: object) -> None:
        raise OutOfTimeError

    monkeypatch.setattr("harness.evidence.cascade.attempts", out_of_time)
    tried = Cascade(gaussian(np.array([1.0, -2.0]), np.eye(2)), seed=1)  # type: ignore[arg-type]
    assert tried.raw_answer() is None
    tried.run()
    assert tried.is_out_of_time
    assert tried.answer is None
    found = tried.raw_answer()
    assert found is not None
    assert found.verdict == "unknown (raw)"
    assert "time" in found.judgement.reason
    np.testing.assert_allclose(found.points[0].mean(axis=0), [1, -2], atol=0.1)
    assert found.log_p.shape == found.points.shape[:2]
    tried.is_out_of_time = False  # NUTS failed for another reason: its error is told
    assert tried.raw_answer() is None
