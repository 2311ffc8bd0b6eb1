"""``harness compare`` on programs that are not mixtures, whose posteriors are known."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.cli import main
from harness.comparison import Comparison, comparison_study
from harness.contracts import DataContract
from harness.datasets import make_dataset
from harness.errors import HarnessError
from harness.fit import Status
from harness.methods import Problem
from harness.methods.subsample_advi import SubsampleAdvi
from harness.program import Program
from harness.runner import compile_all
from harness.table import COMPARISON_COLUMNS, FITS_COLUMNS, read_table
from tests.cases import DATA, FloatArray

MODELS = DATA / "models"
ROWS = DataContract(row_variables=("x", "y"), n_rows="N", likelihood_weight="weight")


@pytest.fixture(autouse=True)
def _wheel_built_cmdstan(cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))


def gaussian_regression() -> tuple[FloatArray, FloatArray]:
    """Posterior mean and covariance of ``regression.stan``, by conjugacy."""
    data = json.loads((MODELS / "regression.json").read_text())
    x, y = np.array(data["x"]), np.array(data["y"])
    covariance = np.linalg.inv(x.T @ x + np.eye(data["K"]) / 4)
    return covariance @ x.T @ y, covariance


def compare(
    folder: Path, model: str, data: str, *options: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run the command, and read its two tables."""
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


@pytest.mark.slow
def test_regression_has_its_closed_form(tmp_path: Path) -> None:
    options = ["--rows", "x,y", "--n-rows", "N", "--weight", "weight", "--subsample", "20"]
    methods = "nuts,advi,pathfinder,laplace,subsample_advi"
    table, fits = compare(tmp_path, "regression", "regression", "--methods", methods, *options)
    mean, covariance = gaussian_regression()
    for method, variant in (("nuts", "reference"), ("nuts", "default"), ("laplace", "default")):
        rows = of_method(table, method, variant)
        assert list(rows.index) == ["beta[1]", "beta[2]", "beta[3]"]
        error = (rows["mean"].to_numpy(float) - mean) / rows["mcse_mean"].to_numpy(float)
        assert np.abs(error).max() < 4
        ratio = rows["sd"].to_numpy(float) / np.sqrt(np.diag(covariance))
        assert np.abs(np.log(ratio)).max() < 0.1
    verdicts = fits.set_index(["method", "variant"])["verdict"]
    assert verdicts["laplace", "default"] == "trust"
    assert verdicts["subsample_advi", "default"] == "do not trust"


@pytest.mark.slow
def test_autoregression_has_its_closed_form(tmp_path: Path) -> None:
    table, _ = compare(tmp_path, "ar1", "ar1", "--methods", "laplace,subsample_advi")
    y = np.array(json.loads((MODELS / "ar1.json").read_text())["y"])
    precision = 1 + np.sum(y[:-1] ** 2)
    mean = np.sum(y[1:] * y[:-1]) / precision
    for method, variant in (("nuts", "reference"), ("laplace", "default")):
        row = of_method(table, method, variant).loc["rho"]
        assert abs(row["mean"] - mean) < 4 * row["mcse_mean"]
        assert row["sd"] == pytest.approx(precision**-0.5, rel=0.1)
    lone = table[table["method"] == "subsample_advi"]
    assert list(lone["status"]) == ["not applicable"]


@pytest.mark.slow
def test_both_forms_of_a_hierarchy_are_judged_alike(tmp_path: Path) -> None:
    """The non-centred form passes its checks, the centred one with its funnel does not."""
    _, good = compare(tmp_path / "a", "schools_noncentred", "schools", "--methods", "laplace")
    _, bad = compare(tmp_path / "b", "schools_centred", "schools", "--methods", "advi")
    assert good["verdict"].iloc[0] == "trust"
    assert good["verdict"].iloc[1] == "do not trust"
    assert bad["verdict"].iloc[0] != "trust"
    assert bad["verdict"].iloc[1] in {"unknown", "do not trust"}


@pytest.mark.slow
def test_cholesky_factors_and_correlations_have_rows(tmp_path: Path) -> None:
    """Constant elements have moments and no verdict; they decide nothing."""
    table, fits = compare(tmp_path, "correlated", "correlated", "--methods", "nuts")
    rows = of_method(table, "nuts")
    assert rows.loc["L[1,1]", "mean"] == 1
    assert rows.loc[["L[1,1]", "L[1,2]", "Omega[2,2]"], "verdict"].isna().all()
    assert rows.loc[["L[2,1]", "Omega[1,2]", "sigma[3]"], "verdict"].eq("trust").all()
    assert list(fits["verdict"]) == ["trust", "trust"]


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
    with pytest.raises(HarnessError, match=r"breaks its contract .* 'weight' = 2 gives"):
        SubsampleAdvi(m=10).fit(Problem(program=compiled, dataset=dataset), seed=1)


def test_a_program_without_a_contract_gives_a_fit_that_does_not_apply() -> None:
    program = Program(name="ar1", file=MODELS / "ar1.stan", parameters=("rho",))
    compiled = compile_all({"p": program})["p"]
    dataset = make_dataset("data", file=MODELS / "ar1.json")
    fit = SubsampleAdvi(m=10).fit(Problem(program=compiled, dataset=dataset), seed=1)
    assert fit.status is Status.NOT_APPLICABLE
    assert "no contract" in fit.reason


def test_rows_of_json_are_taken_together() -> None:
    dataset = make_dataset("data", file=MODELS / "regression.json")
    program = Program(
        name="regression", file=MODELS / "regression.stan", contract=ROWS, parameters=("beta",)
    )
    data = program.data_of(dataset, indices=np.array([4, 7]), likelihood_weight=30.0)
    assert dataset.variables is not None
    assert data["y"] == [dataset.variables["y"][4], dataset.variables["y"][7]]
    assert data["x"] == [dataset.variables["x"][4], dataset.variables["x"][7]]
    assert (data["N"], data["weight"], data["K"]) == (2, 30.0, 3)


def write_data(text: str) -> Callable[[Path], Comparison]:
    def asked(folder: Path) -> Comparison:
        (folder / "data.json").write_text(text)
        return Comparison(model=MODELS / "ar1.stan", data=folder / "data.json")

    return asked


def with_model(text: str) -> Callable[[Path], Comparison]:
    def asked(folder: Path) -> Comparison:
        (folder / "bad.stan").write_text(text)
        return Comparison(model=folder / "bad.stan", data=MODELS / "ar1.json")

    return asked


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (write_data("{ broken"), "is not JSON"),
        (write_data("[1, 2]"), "holds no object"),
        (write_data('{"T": 3}'), "has no 'y'; program 'ar1.stan' needs T, y"),
        (write_data('{"T": 3, "y": [1, NaN, 2]}'), "'y' holds nan; all data must be finite"),
        (write_data('{"T": 3, "y": [1, Infinity, 2]}'), "'y' holds inf"),
        (write_data('{"T": 3, "y": [[1], [1, 2]]}'), "'y' is ragged"),
        (write_data('{"T": 3, "y": ["a", 1]}'), "'y' is \"a\", which is no number"),
        (write_data('{"T": null, "y": [1]}'), "'T' is null"),
        (write_data('{"T": 99999999999, "y": [1]}'), "does not fit into an integer"),
        (with_model("parameters { real x }"), "does not compile"),
        (with_model("data { int T; }"), "has no parameters"),
        (
            lambda _: Comparison(model=MODELS / "no.stan", data=MODELS / "ar1.json"),
            "does not exist",
        ),
        (
            lambda _: Comparison(model=MODELS / "ar1.stan", data=MODELS / "no.json"),
            "cannot be read",
        ),
        (
            lambda _: Comparison(model=MODELS / "ar1.stan", data=MODELS / "ar1.csv"),
            "must end in .json",
        ),
        (
            lambda _: Comparison(
                model=MODELS / "ar1.stan", data=MODELS / "ar1.json", methods=("nut",)
            ),
            "unknown method 'nut'; did you mean 'nuts'",
        ),
        (
            lambda _: Comparison(
                model=MODELS / "ar1.stan", data=MODELS / "ar1.json", variables=("rhoo",)
            ),
            "no variable 'rhoo'; did you mean 'rho'",
        ),
    ],
)
def test_bad_input_is_told_in_one_line(
    tmp_path: Path, asked: Callable[[Path], Comparison], complaint: str
) -> None:
    with pytest.raises(HarnessError, match=complaint) as caught:
        comparison_study(asked(tmp_path))
    assert "\n" not in str(caught.value)
