"""What was computed is written, whatever breaks; and collapsed or undefined draws are told."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness import plot, report
from harness.api.result import make_result
from harness.fits.fit import DrawKind, Fit
from harness.report import tables as report_tables
from harness.report.dataset import SeriesTables
from harness.results.columns import COMPARISON_COLUMNS, FITS_COLUMNS, read_table
from harness.summary import measuring
from harness.summary.measure import measure
from tests.cases import FloatArray, known_fit
from tests.fabricated import ORDERED_NUTS, fabricate
from tests.test_summary import PLAIN, fitted, full_data, gaussian_chains, rows_of, tables


def collapsed(shape: tuple[int, ...], at: float = 0.1) -> FloatArray:
    """Draws that repeat a point."""
    return np.full(shape, at)


def approximation(theta: FloatArray) -> Fit:
    return full_data(known_fit({"theta": theta}, draw_kind=DrawKind.INDEPENDENT))


def test_a_collapsed_approximation_is_judged() -> None:
    """An sd is 0 times the reference's: of one parameter the mean may stand, of all nothing."""
    rng = np.random.default_rng(4)
    one = np.stack([collapsed((1, 400)), rng.standard_normal((1, 400))], axis=-1)
    for theta, verdict in ((collapsed((1, 400, 2)), "do not trust"), (one, "means only")):
        found = tables(
            fitted(approximation(theta), program=PLAIN),
            reference=fitted(gaussian_chains(), program=PLAIN),
        )
        row = rows_of(found, "advi", "raw")["theta[1]"]
        assert row["log_sd_ratio"] < -20
        assert row["verdict"] == verdict
        fit = next(row for row in found.fits if row["method"] == "advi")
        assert fit["verdict"] != "trust"


def test_a_collapsed_approximation_is_no_constant_without_a_reference() -> None:
    found = tables(fitted(approximation(collapsed((1, 400, 2))), program=PLAIN))
    assert all("verdict" in row for row in rows_of(found, "advi", "raw").values())
    assert found.fits[0]["verdict"] == "do not trust"


def test_constants_are_those_of_chains_that_move_and_of_the_reference() -> None:
    rng = np.random.default_rng(5)
    theta = np.stack([np.ones((4, 1000)), rng.standard_normal((4, 1000))], axis=-1)
    chains = fitted(full_data(known_fit({"theta": theta})), program=PLAIN)
    found = tables(fitted(approximation(theta[:1]), program=PLAIN), reference=chains)
    for method in ("nuts", "advi"):
        rows = rows_of(found, method, "raw")
        assert "verdict" not in rows["theta[1]"]
        assert "verdict" in rows["theta[2]"]
    stuck = full_data(known_fit({"theta": np.ones((4, 100, 2))}))
    alone = rows_of(tables(fitted(stuck, program=PLAIN)), "nuts", "raw")
    assert all(row["verdict"] != "trust" for row in alone.values())


def test_an_undefined_quantity_leaves_the_others_as_they_are() -> None:
    rng = np.random.default_rng(6)
    whole = rng.standard_normal((1, 400, 2))
    holes = whole.copy()
    holes[0, :100, 0] = np.nan
    holes[0, 100:103, 0] = np.inf
    reference = fitted(gaussian_chains(), program=PLAIN)
    ours, theirs = (
        tables(fitted(approximation(theta), program=PLAIN), reference=reference)
        for theta in (holes, whole)
    )
    rows = rows_of(ours, "advi", "raw")
    assert rows["theta[1]"]["verdict"] == "unknown"
    assert rows["theta[1]"]["verdict_reason"] == "undefined in 103 of 400 draws"
    assert rows["theta[1]"]["mean"] == holes[0, 103:, 0].mean()
    assert np.isnan(rows["theta[1]"]["mcse_mean"])
    assert "mean_error_sd" not in rows["theta[1]"]
    assert str(rows["theta[2]"]) == str(rows_of(theirs, "advi", "raw")["theta[2]"])  # NaN
    fit = next(row for row in ours.fits if row["method"] == "advi")
    assert fit["verdict"] == "unknown"
    assert fit["decided_parameter"] == "theta[1]"


@pytest.mark.parametrize(
    ("ours", "theirs", "is_broken"),
    [(1, 0, False), (2, 0, True), (400, 0, True), (400, 4000, False), (40, 400, False)],
)
def test_a_fit_that_is_undefined_more_often_than_its_reference_is_not_trusted(
    ours: int, theirs: int, *, is_broken: bool
) -> None:
    """One infinite draw in 400 may be chance where 4,000 have none (1 in 11), two are none."""
    rng = np.random.default_rng(6)
    chains, drawn = rng.standard_normal((4, 1000, 2)), rng.standard_normal((1, 400, 2))
    chains[..., 0] = np.where(np.arange(4000).reshape(4, 1000) < theirs, np.nan, chains[..., 0])
    drawn[..., 0] = np.where(np.arange(400) < ours, np.inf, drawn[..., 0])
    found = tables(
        fitted(approximation(drawn), program=PLAIN),
        reference=fitted(full_data(known_fit({"theta": chains})), program=PLAIN),
    )
    fit = next(row for row in found.fits if row["method"] == "advi")
    assert (fit["verdict"] == "unknown") is is_broken


def test_a_result_with_a_quantity_that_is_never_defined_can_be_shown() -> None:
    rng = np.random.default_rng(1)
    chains = {"mu": rng.standard_normal((4, 500)), "bad": np.ones((4, 500))}
    for bad in (np.full((1, 500), np.nan), np.full((1, 500), np.inf)):
        fit = {"mu": rng.standard_normal((1, 500)), "bad": bad}
        result = harness.judge({"mine": fit}, reference=chains, kind="independent")
        assert "unknown mine" in repr(result)
        assert result.verdicts.loc["mine", "bad"] == "unknown"


def test_what_the_reference_lacks_is_unknown_and_costs_no_fit_its_verdict() -> None:
    rng = np.random.default_rng(7)
    theta = rng.standard_normal((4, 1000, 2))
    theta[0, 0, 0] = np.nan
    chains = fitted(full_data(known_fit({"theta": theta})), program=PLAIN)
    good = fitted(approximation(rng.standard_normal((1, 1000, 2))), program=PLAIN)
    found = tables(good, reference=chains)
    row = rows_of(found, "advi", "raw")["theta[1]"]
    assert row["verdict_reason"] == "the reference is undefined in 1 of 4000 draws"
    fit = next(row for row in found.fits if row["method"] == "advi")
    assert "undefined" not in fit["verdict_reason"]


def test_a_fit_that_cannot_be_measured_says_why_and_the_others_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    study, items = fabricate(reference=ORDERED_NUTS)
    unlucky = [item.fit for item in items if item.run.method.name == "advi"]

    def broken(fit: Fit, *arguments: Any, **options: Any) -> Any:
        if any(fit is each for each in unlucky):
            raise ZeroDivisionError("no such luck")
        return measure(fit, *arguments, **options)

    monkeypatch.setattr(measuring, "measure", broken)
    monkeypatch.setattr(plot, "FIGURES", {})
    make_result(study, items, references={}).save(tmp_path)
    fits = read_table(tmp_path / "fits.csv", FITS_COLUMNS)
    advi = fits[fits["method"] == "advi"]
    assert advi["reason"].str.contains("ZeroDivisionError: no such luck").any()
    comparison = read_table(tmp_path / "comparison.csv", COMPARISON_COLUMNS)
    assert comparison[comparison["method"] == "subsample_advi"]["mean"].notna().all()
    assert "no such luck" in (tmp_path / "report.html").read_text()


@pytest.mark.slow
def test_a_figure_that_cannot_be_drawn_says_why_and_the_others_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(_: Any) -> None:
        raise ZeroDivisionError("no such luck")

    monkeypatch.setattr(plot, "FIGURES", {"posterior": broken, "forest": plot.FIGURES["forest"]})
    study, items = fabricate(reference=ORDERED_NUTS)
    make_result(study, items, references={}).save(tmp_path)
    assert (tmp_path / "figures" / "toy_forest.png").is_file()
    assert "no such luck" in (tmp_path / "report.md").read_text()


@pytest.mark.slow
def test_a_table_that_cannot_be_made_says_why_and_the_others_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: Any) -> list[SeriesTables]:
        raise ZeroDivisionError("no such luck")

    monkeypatch.setattr(report_tables, "COST", replace(report_tables.COST, rows=broken))
    monkeypatch.setattr(plot, "FIGURES", {})
    study, items = fabricate(reference=ORDERED_NUTS)
    page = make_result(study, items, references={}).save(tmp_path).read_text()
    assert "no such luck" in page
    assert "no such luck" in (tmp_path / "tables" / "cost_toy.md").read_text()
    assert "no such luck" not in (tmp_path / "tables" / "errors_toy.md").read_text()


@pytest.mark.slow
def test_a_report_that_cannot_be_written_says_why_beside_the_tables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("no <such> luck")

    monkeypatch.setattr(report, "make_view", broken)
    monkeypatch.setattr(plot, "FIGURES", {})
    study, items = fabricate(reference=ORDERED_NUTS)
    result = make_result(study, items, references={})
    page = result.save(tmp_path).read_text()
    assert "no &lt;such&gt; luck" in page
    assert len(read_table(tmp_path / "fits.csv", FITS_COLUMNS)) == len(items)
