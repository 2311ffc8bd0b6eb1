"""`harness calibrate` and `harness.calibrate` on a small pair of programs, and on wrong ones."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import harness
from harness.calibration.asked import Calibration, read_programs
from harness.calibration.posterior import _Rows
from harness.cli import main
from harness.data.stan_json import read_stan_json
from harness.errors import CalibrationError, HarnessError, MethodError
from tests.cases import DATA, PROJECT

SIMULATE = DATA / "models" / "regression_simulate.stan"
MODEL = DATA / "models" / "regression.stan"
GIVEN = DATA / "models" / "regression.json"
R = 24


@pytest.fixture(scope="module", autouse=True)
def _home(cmdstan_home: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        yield


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Path:
    """A calibration by the command."""
    folder = tmp_path_factory.mktemp("calibrate") / "out"
    arguments = [str(SIMULATE), str(MODEL), str(GIVEN), "--methods", "laplace", "--quiet"]
    options = ["--replicates", str(R), "--store", str(store), "--out", str(folder)]
    assert main(["calibrate", *arguments, *options]) == 0
    return folder


@pytest.mark.slow
def test_the_command_writes_its_tables_figures_and_page(out: Path) -> None:
    methods = pd.read_csv(out / "methods.csv")
    assert len(methods) == 1
    assert methods["method"][0] == "Laplace"
    assert methods["verdict"][0] == "calibrated"
    assert methods["n_replicates"][0] == R
    assert methods["n_failed"][0] == 0
    ranks = pd.read_csv(out / "ranks.csv")
    quantities = ["beta[1]", "beta[2]", "beta[3]", "log density"]
    assert list(dict.fromkeys(ranks["quantity"])) == quantities
    assert len(ranks) == R * len(quantities)
    assert ((ranks["rank"] >= 0) & (ranks["rank"] <= ranks["n_draws"])).all()
    page = (out / "report.md").read_text()
    assert "**Laplace** is calibrated on 4 quantities" in page
    assert {file.name for file in (out / "figures").glob("*.svg")} == {"Laplace_ecdf.svg"}


@pytest.mark.slow
def test_more_replicates_go_on_from_the_fits_that_are_stored(out: Path, store: Path) -> None:
    result = harness.calibrate(
        SIMULATE, MODEL, GIVEN, methods=["laplace"], replicates=R + 2, store=store
    )
    assert result.tables.n_stored == R
    before = pd.read_csv(out / "ranks.csv")
    again = result.ranks[result.ranks["replicate"] <= R].reset_index(drop=True)
    assert list(again["rank"]) == list(before["rank"])
    np.testing.assert_allclose(again["truth"].astype(float), before["truth"], rtol=1e-8)


@pytest.mark.slow
def test_the_log_density_is_that_of_the_joint_distribution(out: Path) -> None:
    """With all constants, at the true values, without a Jacobian."""
    ranks = pd.read_csv(out / "ranks.csv")
    first = ranks[ranks["replicate"] == 1].set_index("quantity")["truth"]
    beta = first[["beta[1]", "beta[2]", "beta[3]"]].to_numpy()
    prior = -0.5 * (beta**2).sum() / 4 - 3 * np.log(2) - 1.5 * np.log(2 * np.pi)
    n_rows = 60
    likelihood = first["log density"] - prior + 0.5 * n_rows * np.log(2 * np.pi)
    # minus half a sum of squares of so many standard normal residuals
    assert abs(-2 * likelihood - n_rows) < 5 * np.sqrt(2 * n_rows)


def programs(folder: Path, simulate: str, model: str) -> Calibration:
    (folder / "simulate.stan").write_text(simulate)
    (folder / "model.stan").write_text(model)
    return Calibration(simulate=folder / "simulate.stan", model=folder / "model.stan")


DRAWS_MU = "generated quantities { real mu = normal_rng(0, 1); real y = normal_rng(mu, 1); }"
FITS_MU = "data { real y; } parameters { real mu; } model { mu ~ std_normal(); y ~ normal(mu, 1); }"


@pytest.mark.parametrize(
    ("simulate", "model", "named"),
    [
        (DRAWS_MU, FITS_MU.replace("real mu", "real nu; real mu"), "nu"),
        (DRAWS_MU, FITS_MU.replace("real y", "int n; real y"), "n"),
        (DRAWS_MU, "model {}", "parameters"),
        (f"parameters {{ real theta; }} {DRAWS_MU}", FITS_MU, "theta"),
        (f"data {{ int k; }} {DRAWS_MU}", FITS_MU, "k"),
    ],
)
def test_programs_that_do_not_belong_together_are_refused(
    tmp_path: Path, simulate: str, model: str, named: str
) -> None:
    with pytest.raises(CalibrationError, match=named) as caught:
        read_programs(programs(tmp_path, simulate, model))
    assert "\n" not in str(caught.value)


def test_a_posterior_calibration_needs_replicated_data() -> None:
    asked = Calibration(simulate=MODEL, model=MODEL, data=GIVEN, posterior=True)
    with pytest.raises(CalibrationError, match="y_rep"):
        read_programs(asked)


@pytest.mark.parametrize(
    ("change", "kind", "named"),
    [
        ({"replicates": 19}, CalibrationError, "19"),
        ({"variables": ["betta"]}, CalibrationError, "betta"),
        ({"methods": ["nutz"], "replicates": 20}, MethodError, "nutz"),
        ({"data": "data.txt"}, CalibrationError, "data.txt"),
        ({"data": {"N": 2, "K": 1, "x": [[1.0]]}}, CalibrationError, "x"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(
    change: dict[str, object], kind: type[HarnessError], named: str
) -> None:
    asked = {"data": GIVEN, **change}
    data = asked.pop("data")
    with pytest.raises(kind, match=named):
        harness.calibrate(SIMULATE, MODEL, data, **asked)  # type: ignore[arg-type]


@pytest.mark.slow
def test_data_of_another_size_than_the_model_declares_are_refused(tmp_path: Path) -> None:
    model = tmp_path / "longer.stan"
    model.write_text(MODEL.read_text().replace("vector[N] y", "vector[N + 1] y"))
    with pytest.raises(CalibrationError, match="y"):
        harness.calibrate(SIMULATE, model, GIVEN, replicates=20)


@pytest.mark.slow
def test_parameters_of_another_size_are_refused(tmp_path: Path) -> None:
    simulate = tmp_path / "longer.stan"
    longer = SIMULATE.read_text().replace("vector[K] beta", "vector[K + 1] beta")
    longer = longer.replace("rep_vector(0, K)", "rep_vector(0, K + 1)")
    simulate.write_text(longer.replace("x * beta", "x * beta[1 : K]"))
    with pytest.raises(CalibrationError, match="beta"):
        harness.calibrate(simulate, MODEL, GIVEN, methods=["laplace"], replicates=20)


@pytest.mark.slow
def test_a_simulator_that_fails_is_told_of_in_a_line(tmp_path: Path) -> None:
    simulate = tmp_path / "fails.stan"
    simulate.write_text(SIMULATE.read_text().replace("(0, K), 2)", "(0, K), -2)"))
    with pytest.raises(CalibrationError, match=r"beta.*-2") as caught:
        harness.calibrate(simulate, MODEL, GIVEN, methods=["laplace"], replicates=20)
    assert "\n" not in str(caught.value)


EXAMPLES = PROJECT / "examples" / "calibrate"


@pytest.mark.slow
def test_replicates_given_observed_data_are_fitted_with_them(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, data = EXAMPLES / "regression.stan", EXAMPLES / "regression.json"

    def calibrated() -> harness.CalibrationResult:
        return harness.calibrate(
            *(model, model, data), posterior=True, methods=["laplace"], replicates=20, store=store
        )

    result = calibrated()
    assert list(result.methods["verdict"]) == ["calibrated"]
    plan = result.tables.plan
    assert plan is not None
    dataset = plan.replicates[0].dataset.variables or {}
    given = read_stan_json(data)
    n = given["N"]
    assert isinstance(n, int)
    assert dataset["N"] == 2 * n
    np.testing.assert_array_equal(np.asarray(dataset["x"]), np.tile(np.asarray(given["x"]), (2, 1)))
    np.testing.assert_array_equal(np.asarray(dataset["y"])[:n], given["y"])
    assert (np.asarray(dataset["y"])[n:] != given["y"]).all()

    joined = _Rows._joined
    monkeypatch.setattr(_Rows, "_joined", lambda *given: np.asarray(joined(*given)) + 0.1)
    with pytest.raises(CalibrationError, match="misses the sum"):
        calibrated()
