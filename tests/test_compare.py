"""``harness compare`` on programs that are not mixtures, whose posteriors are known."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.cli import main
from harness.data.dataset import make_dataset
from harness.errors import HarnessError
from harness.execution.compiling import compile_all
from harness.fits.fit import Status
from harness.methods import Problem
from harness.methods.subsample_advi import SubsampleAdvi
from harness.program.contract import DataContract
from harness.program.program import Program
from harness.results.columns import COMPARISON_COLUMNS, FITS_COLUMNS, read_table
from harness.verdict.criteria import Verdict
from tests import known_posteriors
from tests.known_posteriors import MODELS, Moments

ROWS = DataContract(row_variables=("x", "y"), n_rows="N", likelihood_weight="weight")


@pytest.fixture(autouse=True)
def _wheel_built_cmdstan(cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))


def compare(
    folder: Path, model: str, data: str, *options: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run the command, each method once, and read its two tables."""
    options = ("--replicates", "1", *options)
    arguments = [str(MODELS / f"{model}.stan"), str(MODELS / f"{data}.json"), *options]
    out, store = folder / "out", folder / "store"
    assert main(["compare", *arguments, "--out", str(out), "--store", str(store)]) == 0
    assert (out / "report.html").is_file()
    return (
        read_table(out / "comparison.csv", COMPARISON_COLUMNS),
        read_table(out / "fits.csv", FITS_COLUMNS),
    )


def of_method(table: pd.DataFrame, method: str, variant: str = "default") -> pd.DataFrame:
    rows = table[(table["method"] == method) & (table["variant"] == variant)]
    return rows[rows["labels"] == "raw"].set_index("parameter")


def assert_recovered(
    table: pd.DataFrame, moments: Moments, *runs: tuple[str, str], sds: bool = True
) -> None:
    """Means, and sds if asked, of some runs lie within 4 MCSE of what is known."""
    for method, variant in runs:
        rows = of_method(table, method, variant).loc[list(moments)]
        known = np.array(list(moments.values()))
        for column, truth in (("mean", known[:, 0]), ("sd", known[:, 1]))[: 1 + sds]:
            error = (rows[column].to_numpy(float) - truth) / rows[f"mcse_{column}"].to_numpy(float)
            assert np.abs(error).max() < 4, (method, variant, column, error)


REFERENCE, NUTS, LAPLACE = ("nuts", "reference"), ("nuts", "default"), ("laplace", "default")


def verdicts(fits: pd.DataFrame) -> dict[tuple[str, str], str]:
    """The verdict on each fit, by method and variant."""
    columns = (fits[name] for name in ("method", "variant", "verdict"))
    return {(method, variant): verdict for method, variant, verdict in zip(*columns, strict=True)}


@pytest.mark.slow
def test_regression_has_its_closed_form(tmp_path: Path) -> None:
    options = ["--rows", "x,y", "--n-rows", "N", "--weight", "weight", "--subsample", "20"]
    methods = "nuts,advi,pathfinder,laplace,subsample_advi"
    table, fits = compare(tmp_path, "regression", "regression", "--methods", methods, *options)
    assert list(of_method(table, "nuts").index) == ["beta[1]", "beta[2]", "beta[3]"]
    assert_recovered(table, known_posteriors.regression(), REFERENCE, NUTS, LAPLACE)
    judged = verdicts(fits)
    assert judged[NUTS] == judged[LAPLACE] == "trust"
    assert judged["subsample_advi", "default"] == Verdict.DO_NOT_TRUST


@pytest.mark.slow
def test_autoregression_has_its_closed_form(tmp_path: Path) -> None:
    table, fits = compare(tmp_path, "ar1", "ar1", "--methods", "laplace,subsample_advi")
    assert_recovered(table, known_posteriors.autoregression(), REFERENCE, LAPLACE)
    assert verdicts(fits)[LAPLACE] == "trust"
    lone = table[table["method"] == "subsample_advi"]
    assert list(lone["status"]) == ["not applicable"]


@pytest.mark.slow
def test_logistic_regression_agrees_with_quadrature(tmp_path: Path) -> None:
    table, fits = compare(tmp_path, "logistic", "logistic", "--methods", "nuts,laplace")
    assert_recovered(table, known_posteriors.logistic(), REFERENCE, NUTS)
    assert verdicts(fits)[NUTS] == "trust"


@pytest.mark.slow
def test_both_forms_of_a_hierarchy_are_judged_alike(tmp_path: Path) -> None:
    """The non-centred form passes its checks, the centred one with its funnel does not."""
    table, good = compare(tmp_path / "a", "schools_noncentred", "schools", "--methods", "laplace")
    _, bad = compare(tmp_path / "b", "schools_centred", "schools", "--methods", "advi")
    assert_recovered(table, known_posteriors.schools(), REFERENCE)
    assert verdicts(good)[REFERENCE] == "trust"
    assert verdicts(good)[LAPLACE] == Verdict.DO_NOT_TRUST
    assert verdicts(bad)[REFERENCE] != "trust"
    assert verdicts(bad)["advi", "default"] in {"unknown", Verdict.DO_NOT_TRUST}


@pytest.mark.slow
def test_funnel_is_trusted_to_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """NUTS diverges, so it is no reference; against independent draws neither method passes."""
    _, alone = compare(tmp_path / "a", "funnel", "funnel", "--methods", "advi")
    assert verdicts(alone)[REFERENCE] == Verdict.DO_NOT_TRUST
    assert alone["n_divergent"].iloc[0] > 0
    assert verdicts(alone)["advi", "default"] in {"unknown", Verdict.DO_NOT_TRUST}
    draws = tmp_path / "draws.json"
    draws.write_text(json.dumps(known_posteriors.funnel_draws()))
    capsys.readouterr()
    table, fits = compare(
        tmp_path / "b", "funnel", "funnel", "--methods", "nuts,advi", "--reference", str(draws)
    )
    assert verdicts(fits)["advi", "default"] == Verdict.DO_NOT_TRUST
    assert verdicts(fits)[NUTS] == Verdict.DO_NOT_TRUST
    v = of_method(table, "advi").loc["v"]
    assert v["verdict"] == Verdict.DO_NOT_TRUST
    assert v["mean_error_sd"] == pytest.approx(v["mean"] / 3, abs=0.1)
    printed = capsys.readouterr().out
    assert "\nADVI  " in printed
    assert Verdict.DO_NOT_TRUST in printed


@pytest.mark.slow
def test_cholesky_factors_and_correlations_have_rows(tmp_path: Path) -> None:
    """Constant elements have moments and no verdict; they decide nothing."""
    table, fits = compare(tmp_path, "correlated", "correlated", "--methods", "nuts")
    assert_recovered(table, known_posteriors.correlated(), REFERENCE, NUTS)
    rows = of_method(table, "nuts")
    assert rows.loc["L[1,1]", "mean"] == 1
    assert rows.loc[["L[1,1]", "L[1,2]", "Omega[2,2]"], "verdict"].isna().all()
    assert rows.loc[["L[2,1]", "Omega[1,2]", "sigma[3]"], "verdict"].eq("trust").all()
    assert list(fits["verdict"]) == ["trust", "trust"]


@pytest.mark.slow
def test_a_program_that_breaks_its_contract_is_refused_with_the_figures() -> None:
    contract = DataContract(row_variables=("y",), n_rows="N", likelihood_weight="weight")
    program = Program(
        name="weighted_prior",
        file=MODELS / "weighted_prior.stan",
        contract=contract,
        parameters=("mu",),
    )
    compiled = compile_all({"p": program})["p"]
    dataset = make_dataset("data", file=MODELS / "regression.json")
    with pytest.raises(HarnessError, match="'weight'"):
        SubsampleAdvi(m=10).fit(Problem(program=compiled, dataset=dataset), seed=1)


@pytest.mark.slow
def test_a_program_without_a_contract_gives_a_fit_that_does_not_apply() -> None:
    program = Program(name="ar1", file=MODELS / "ar1.stan", parameters=("rho",))
    compiled = compile_all({"p": program})["p"]
    dataset = make_dataset("data", file=MODELS / "ar1.json")
    fit = SubsampleAdvi(m=10).fit(Problem(program=compiled, dataset=dataset), seed=1)
    assert fit.status is Status.NOT_APPLICABLE
    assert "order" in fit.reason


def test_rows_of_json_are_taken_together() -> None:
    dataset = make_dataset("data", file=MODELS / "regression.json")
    program = Program(
        name="regression", file=MODELS / "regression.stan", contract=ROWS, parameters=("beta",)
    )
    data = program.data_of(dataset, indices=np.array([4, 7]), likelihood_weight=30.0)
    assert dataset.variables is not None
    for name in ("x", "y"):
        np.testing.assert_array_equal(data[name], np.asarray(dataset.variables[name])[[4, 7]])
    assert (data["N"], data["weight"], data["K"]) == (2, 30.0, 3)
