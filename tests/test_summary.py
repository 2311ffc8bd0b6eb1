"""Rows of tables from draws whose summaries are known."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from harness.fit import Diagnostics, DrawKind, Fit, Status, failed_fit
from harness.methods.advi import Advi
from harness.methods.nuts import Nuts
from harness.runner import FittedRun
from harness.study import Run
from harness.summary import (
    RAW,
    RELABELLED,
    element_names,
    fit_row,
    parameter_rows,
    relabel_arrays,
    summarise_draws,
)
from tests.cases import MIXTURE, FloatArray, known_fit, pretend_compiled

LOWER = np.array([-1.0, -1.5])
UPPER = np.array([1.0, 0.5])


def fitted(fit: Fit, *, method: Nuts | Advi | None = None) -> FittedRun:
    run = Run(
        dataset="small",
        program="gmm",
        method=method or Nuts(),
        variant="default",
        replicate=2,
        seed=11,
    )
    return FittedRun(run=run, fit=fit, program=pretend_compiled(), key="k", from_store=False)


def switched_draws() -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Four chains of 250 draws, two of them with the labels switched; and the true order."""
    rng = np.random.default_rng(8)
    noise = 0.1 * rng.standard_normal((4, 250, 2, 2))
    true_mu = np.stack([LOWER, UPPER]) + noise
    share = 0.2 + 0.01 * rng.standard_normal((4, 250))
    true_pi = np.stack([share, 1 - share], axis=-1)
    raw_mu, raw_pi = true_mu.copy(), true_pi.copy()
    raw_mu[2:] = true_mu[2:, :, ::-1]
    raw_pi[2:] = true_pi[2:, :, ::-1]
    return {"mu": raw_mu, "pi": raw_pi}, {"mu": true_mu, "pi": true_pi}


def by_name(fit: Fit, labels: str) -> dict[str, dict[str, Any]]:
    rows = [row for row in parameter_rows(fitted(fit)) if row["labels"] == labels]
    return {row["parameter"]: row for row in rows}


@pytest.mark.parametrize(
    ("variable", "shape", "names"),
    [
        ("tau", (), ["tau"]),
        ("pi", (2,), ["pi[1]", "pi[2]"]),
        ("mu", (2, 2), ["mu[1,1]", "mu[1,2]", "mu[2,1]", "mu[2,2]"]),
    ],
)
def test_elements_have_stans_names(variable: str, shape: tuple[int, ...], names: list[str]) -> None:
    assert element_names(variable, shape) == names


def test_moments_and_quantiles_of_known_draws() -> None:
    draws = np.arange(1.0, 102.0).reshape(1, 101)[:, np.random.default_rng(1).permutation(101)]
    summary = summarise_draws(draws, DrawKind.INDEPENDENT)
    assert summary["mean"] == pytest.approx(51)
    assert summary["sd"] == pytest.approx(math.sqrt(101 * 102 / 12))  # of n integers, n - 1 below
    assert [summary[q] for q in ("q5", "q50", "q95")] == pytest.approx([6, 51, 96])
    assert summary["mcse_mean"] == pytest.approx(summary["sd"] / math.sqrt(101))


def test_independent_draws_never_have_chain_diagnostics() -> None:
    draws = np.random.default_rng(5).standard_normal((4, 500))
    summary = summarise_draws(draws, DrawKind.INDEPENDENT)
    assert all(math.isnan(summary[name]) for name in ("r_hat", "ess_bulk", "ess_tail"))
    chains = summarise_draws(draws, DrawKind.CHAINS)
    assert all(math.isfinite(chains[name]) for name in ("r_hat", "ess_bulk", "ess_tail"))


def test_chains_pay_for_autocorrelation() -> None:
    rng = np.random.default_rng(6)
    rho = 0.9
    draws = np.empty((4, 5000))
    draws[:, 0] = rng.standard_normal(4)
    for i in range(1, draws.shape[1]):
        draws[:, i] = rho * draws[:, i - 1] + math.sqrt(1 - rho**2) * rng.standard_normal(4)
    summary = summarise_draws(draws, DrawKind.CHAINS)
    ess = draws.size * (1 - rho) / (1 + rho)  # of an AR(1) process
    assert summary["ess_bulk"] == pytest.approx(ess, rel=0.15)
    assert summary["mcse_mean"] == pytest.approx(1 / math.sqrt(ess), rel=0.15)


def test_raw_figures_show_the_disease_and_relabelled_ones_the_cure() -> None:
    raw, true = switched_draws()
    fit = known_fit(raw)
    raw_rows = by_name(fit, RAW)
    rows = by_name(fit, RELABELLED)
    assert raw_rows.keys() == rows.keys() == {*element_names("mu", (2, 2)), "pi[1]", "pi[2]"}
    assert min(row["r_hat"] for row in raw_rows.values()) > 1.5
    assert max(row["r_hat"] for row in rows.values()) < 1.01
    for name, values in {
        "mu[1,1]": true["mu"][..., 0, 0],
        "mu[2,2]": true["mu"][..., 1, 1],
        "pi[1]": true["pi"][..., 0],
    }.items():
        assert rows[name]["mean"] == pytest.approx(values.mean(), rel=1e-12)
        assert rows[name]["sd"] == pytest.approx(values.std(ddof=1), rel=1e-12)
    assert raw_rows["mu[1,1]"]["mean"] == pytest.approx(raw["mu"][..., 0, 0].mean(), rel=1e-12)


def test_relabelling_moves_whole_components_draw_by_draw() -> None:
    raw, true = switched_draws()
    relabelled = relabel_arrays({**raw, "tau": raw["pi"]}, MIXTURE)
    np.testing.assert_array_equal(relabelled["mu"], true["mu"])
    np.testing.assert_array_equal(relabelled["pi"], true["pi"])
    np.testing.assert_array_equal(relabelled["tau"], raw["pi"])  # no component's


def test_program_without_components_is_not_relabelled() -> None:
    raw, _ = switched_draws()
    plain = dataclasses.replace(MIXTURE, components=None)
    np.testing.assert_array_equal(relabel_arrays(raw, plain)["mu"], raw["mu"])
    item = dataclasses.replace(fitted(known_fit(raw)), program=pretend_compiled(plain))
    assert {row["labels"] for row in parameter_rows(item)} == {RAW}


def test_only_the_programs_parameters_are_summarised() -> None:
    raw, _ = switched_draws()
    only_pi = dataclasses.replace(MIXTURE, parameters=("pi",), components=None)
    item = dataclasses.replace(fitted(known_fit(raw)), program=pretend_compiled(only_pi))
    assert [row["parameter"] for row in parameter_rows(item)] == ["pi[1]", "pi[2]"]


def test_failed_run_makes_one_row_without_figures() -> None:
    item = fitted(failed_fit(Status.FAILED, "broke"))
    assert list(parameter_rows(item)) == [
        {
            "dataset": "small",
            "program": "gmm",
            "method": "nuts",
            "variant": "default",
            "replicate": 2,
            "status": "failed",
        }
    ]
    row = fit_row(item)
    assert (row["status"], row["reason"], row["seed"]) == ("failed", "broke", 11)
    assert row["fit_time_s"] is None
    assert row["n_divergent"] is None


def test_fit_row_tells_of_times_data_and_diagnostics() -> None:
    raw, _ = switched_draws()
    diagnostics = Diagnostics(elbo=-17.5, n_iterations=2400, converged="median", eta=1.0)
    row = fit_row(
        fitted(
            known_fit(raw, draw_kind=DrawKind.INDEPENDENT, diagnostics=diagnostics), method=Advi()
        )
    )
    expected = {
        "method": "advi",
        "n_rows": 100,
        "likelihood_weight": 2.5,
        "compile_time_s": 12.5,
        "fit_time_s": 1.25,
        "n_divergent": None,
        "elbo": -17.5,
        "n_iterations": 2400,
        "converged": "median",
        "eta": 1.0,
        "warnings": "first warning; second warning",
        "status": "ok",
        "reason": "",
    }
    assert {name: row[name] for name in expected} == expected
