"""Rows of tables from draws whose summaries and errors are known."""

import dataclasses
import json
import math
import re
from pathlib import Path
from typing import Any

import arviz_base
import numpy as np
import pytest
import xarray as xr

from harness.data.dataset import Dataset
from harness.execution.run import FittedRun
from harness.fits.fit import Cost, Diagnostics, DrawKind, Fit, Status, failed_fit
from harness.fits.quantities import INVARIANT, PSIS, RAW, RELABELLED, element_names
from harness.methods import Method
from harness.methods.advi import Advi
from harness.methods.nuts import Nuts
from harness.metrics.psis import Psis
from harness.program.program import Program
from harness.study.study import ReferenceSource, Run, Study
from harness.summary import StudyTables, summarise
from harness.summary.moments import summarise_draws
from harness.summary.reference_file import read_reference
from harness.summary.stability_rows import expected_sd_ratio
from harness.summary.weighted import WeightedDraws
from tests.cases import MIXTURE, FloatArray, known_fit, pretend_compiled, switched_draws

PLAIN = dataclasses.replace(MIXTURE, parameters=("theta",), components=None)
N_ROWS = 100


def fitted(
    fit: Fit,
    *,
    program: Program = MIXTURE,
    method: Method | None = None,
    replicate: int = 1,
) -> FittedRun:
    method = method or (Nuts() if fit.draw_kind is DrawKind.CHAINS else Advi())
    run = Run(
        dataset="small",
        program="gmm",
        method=method,
        variant="default",
        replicate=replicate,
        seed=10 + replicate,
    )
    return FittedRun(
        run=run,
        fit=fit,
        program=pretend_compiled(program),
        key=f"{method.name}{replicate}",
        from_store=False,
    )


def tables(*items: FittedRun, reference: FittedRun | None = None) -> StudyTables:
    """Summarise runs, one of which may be the reference of all."""
    everything = [*items, reference] if reference else list(items)
    study = toy_study(*everything)
    if reference:
        source = ReferenceSource(run=reference.run)
        study = dataclasses.replace(study, references={"small": source})
    return summarise(study, everything, {})


def toy_study(*items: FittedRun) -> Study:
    return Study(
        name="toy",
        title="",
        description="",
        datasets={"small": Dataset(name="small", rows=np.zeros((N_ROWS, 2)))},
        programs={"gmm": MIXTURE},
        runs=tuple(item.run for item in items),
        published=None,
        digest="0",
    )


def rows_of(summary: StudyTables, method: str, labels: str) -> dict[str, dict[str, Any]]:
    return {
        row["parameter"]: row
        for row in summary.comparison
        if row["method"] == method and row.get("labels") == labels
    }


def full_data(fit: Fit) -> Fit:
    return dataclasses.replace(fit, used_data={"n_rows": N_ROWS, "likelihood_weight": 1.0})


def gaussian_chains(*, seed: int = 1, n_draws: int = 1000) -> Fit:
    """Four well-mixed chains of a standard normal pair."""
    theta = np.random.default_rng(seed).standard_normal((4, n_draws, 2))
    return full_data(known_fit({"theta": theta}))


def gaussian_approximation(
    *, mean: float = 0.0, sd: float = 1.0, seed: int = 2, n_draws: int = 1000
) -> Fit:
    """Draws from N(mean, sd**2) for each of two coordinates, scored against N(0, 1)."""
    theta = mean + sd * np.random.default_rng(seed).standard_normal((1, n_draws, 2))
    log_p = -0.5 * np.sum(theta**2, axis=-1)
    log_q = -0.5 * np.sum(((theta - mean) / sd) ** 2, axis=-1)
    fit = full_data(known_fit({"theta": theta}, draw_kind=DrawKind.INDEPENDENT))
    draws = arviz_base.from_dict(
        {"posterior": {"theta": theta}, "sample_stats": {"log_p": log_p, "log_q": log_q}}
    )
    return dataclasses.replace(fit, draws=draws)


def test_moments_and_quantiles_of_known_draws() -> None:
    draws = np.arange(1.0, 102.0).reshape(1, 101)[:, np.random.default_rng(1).permutation(101)]
    summary = summarise_draws(draws, DrawKind.INDEPENDENT)
    assert summary.mean == pytest.approx(51)
    assert summary.sd == pytest.approx(math.sqrt(101 * 102 / 12))  # of n integers, n - 1 below
    assert [summary.q5, summary.q50, summary.q95] == pytest.approx([6, 51, 96])
    assert summary.mcse_mean == pytest.approx(summary.sd / math.sqrt(101))


def test_independent_draws_never_have_chain_diagnostics() -> None:
    draws = np.random.default_rng(5).standard_normal((4, 500))
    independent = summarise_draws(draws, DrawKind.INDEPENDENT)
    assert np.isnan([independent.r_hat, independent.ess_bulk, independent.ess_tail]).all()
    chains = summarise_draws(draws, DrawKind.CHAINS)
    assert np.isfinite([chains.r_hat, chains.ess_bulk, chains.ess_tail]).all()


def test_chains_pay_for_autocorrelation() -> None:
    rng = np.random.default_rng(6)
    rho = 0.9
    draws = np.empty((4, 5000))
    draws[:, 0] = rng.standard_normal(4)
    for i in range(1, draws.shape[1]):
        draws[:, i] = rho * draws[:, i - 1] + math.sqrt(1 - rho**2) * rng.standard_normal(4)
    summary = summarise_draws(draws, DrawKind.CHAINS)
    ess = draws.size * (1 - rho) / (1 + rho)  # of an AR(1) process
    assert summary.ess_bulk == pytest.approx(ess, rel=0.15)
    assert summary.mcse_mean == pytest.approx(1 / math.sqrt(ess), rel=0.15)


def equal_weights(n: int) -> Psis:
    return Psis(
        k_hat=0.0,
        k_hat_mcse=0.1,
        k_hat_threshold=0.7,
        weights=np.full(n, 1 / n),
        n_effective=float(n),
        n_zero=0,
        n_invalid=0,
    )


def test_equal_weights_change_nothing() -> None:
    draws = np.random.default_rng(9).standard_normal(500)
    same = WeightedDraws(draws=draws[None], weights=equal_weights(500))
    (weighted,) = same.moments()
    assert weighted.mean == pytest.approx(draws.mean())
    assert weighted.sd == pytest.approx(draws.std())
    assert weighted.n_effective == 500
    np.testing.assert_allclose(same.resampled(), np.sort(draws)[None])


def test_resampling_follows_the_weights() -> None:
    """Weights that turn N(0, 1) into N(0.5, 1)."""
    draws = np.random.default_rng(10).standard_normal(20_000)
    weights = np.exp(0.5 * draws)
    weights /= weights.sum()
    worth = dataclasses.replace(
        equal_weights(20_000), weights=weights, n_effective=float(1 / np.sum(weights**2))
    )
    resampled = WeightedDraws(draws=draws[None], weights=worth).resampled()
    assert resampled.size == int(worth.n_effective)
    assert resampled.mean() == pytest.approx(0.5, abs=0.03)
    assert resampled.std() == pytest.approx(1, abs=0.03)


def test_raw_figures_show_the_disease_and_relabelled_ones_the_cure() -> None:
    raw, true = switched_draws()
    summary = tables(fitted(full_data(known_fit(raw))))
    raw_rows, rows = rows_of(summary, "nuts", RAW), rows_of(summary, "nuts", RELABELLED)
    assert raw_rows.keys() == rows.keys() == {*element_names("mu", (2, 2)), "pi[1]", "pi[2]"}
    assert min(row["r_hat"] for row in raw_rows.values()) > 1.5
    assert max(row["r_hat"] for row in rows.values()) < 1.01
    assert max(row["r_hat"] for row in rows_of(summary, "nuts", INVARIANT).values()) < 1.01
    for name, values in {
        "mu[1,1]": true["mu"][..., 0, 0],
        "mu[2,2]": true["mu"][..., 1, 1],
        "pi[1]": true["pi"][..., 0],
    }.items():
        assert rows[name]["mean"] == pytest.approx(values.mean(), rel=1e-12)
        assert rows[name]["sd"] == pytest.approx(values.std(ddof=1), rel=1e-12)
    assert raw_rows["mu[1,1]"]["mean"] == pytest.approx(raw["mu"][..., 0, 0].mean(), rel=1e-12)
    assert {row["verdict"] for row in raw_rows.values()} == {"do not trust"}
    assert {row["verdict"] for row in rows.values()} == {"trust"}
    (fit,) = summary.fits
    assert fit["r_hat_max_raw"] > 1.5
    assert max(fit["r_hat_max_relabelled"], fit["r_hat_max_invariant"]) < 1.01
    assert fit["n_label_orders"] == 2


def one_mode(true: dict[str, FloatArray], *, swapped: bool) -> Fit:
    """An approximation that covers one labelling, the ordered or the other one."""
    order = slice(None, None, -1) if swapped else slice(None)
    flat = {name: values.reshape(1, -1, *values.shape[2:]) for name, values in true.items()}
    ordered = {name: values[:, :, order].copy() for name, values in flat.items()}
    return full_data(known_fit(ordered, draw_kind=DrawKind.INDEPENDENT))


@pytest.mark.parametrize("swapped", [False, True])
def test_one_of_two_symmetric_modes_is_flagged_and_not_blamed(*, swapped: bool) -> None:
    raw, true = switched_draws()
    summary = tables(
        fitted(one_mode(true, swapped=swapped)), reference=fitted(full_data(known_fit(raw)))
    )
    relabelled = rows_of(summary, "advi", RELABELLED)
    assert {row["verdict"] for row in relabelled.values()} == {"trust"}
    assert max(abs(row["mean_error_sd"]) for row in relabelled.values()) < 1e-9  # the same draws
    for row in rows_of(summary, "advi", RAW).values():
        assert (row["verdict"], row["decided_by"]) == ("unknown", "nameless")
        assert "mean_error_sd" not in row
    fit = next(row for row in summary.fits if row["method"] == "advi")
    # half of the draws would pick what the same ones judge: that is no test of joint draws
    assert fit["verdict"] in {"trust", "marginals"}
    assert fit["symmetric_mode"]
    assert fit["missed_mass"] == 0


def test_errors_of_a_shifted_and_of_a_narrow_approximation() -> None:
    reference = fitted(gaussian_chains(n_draws=4000), program=PLAIN)
    cases = {
        "trust": gaussian_approximation(n_draws=8000),
        "do not trust": gaussian_approximation(mean=1.0),
        "means only": gaussian_approximation(sd=0.5),
    }
    for verdict, fit in cases.items():
        summary = tables(fitted(fit, program=PLAIN), reference=reference)
        row = rows_of(summary, "advi", RAW)["theta[1]"]
        assert row["verdict"] == verdict, row
        (whole,) = [row for row in summary.fits if row["method"] == "advi"]
        assert whole["verdict"] == verdict, whole["verdict_reason"]
    narrow = rows_of(
        tables(fitted(cases["means only"], program=PLAIN), reference=reference), "advi", RAW
    )["theta[2]"]
    assert narrow["log_sd_ratio"] == pytest.approx(math.log(0.5), abs=0.1)
    assert abs(narrow["mean_error_sd"]) < 5 * narrow["mean_error_mcse"]
    # a normal's 90% interval at half its width
    assert narrow["coverage_90"] == pytest.approx(math.erf(1.6449 / 2 / 2**0.5), abs=0.05)


def test_importance_weights_mend_what_they_can_and_say_where_they_cannot() -> None:
    reference = fitted(gaussian_chains(n_draws=4000), program=PLAIN)
    wide = fitted(gaussian_approximation(mean=0.4, sd=1.3, n_draws=4000), program=PLAIN)
    summary = tables(wide, reference=reference)
    fit = next(row for row in summary.fits if row["method"] == "advi")
    assert fit["k_hat"] < fit["k_hat_threshold"]
    plain, weighted = (rows_of(summary, "advi", labels)["theta[1]"] for labels in (RAW, PSIS))
    assert plain["mean_error_sd"] == pytest.approx(0.4, abs=0.08)
    assert abs(weighted["mean_error_sd"]) < 0.08
    assert weighted["n_effective"] == fit["n_effective"] < 4000
    assert (plain["verdict"], weighted["verdict"]) == ("do not trust", "trust")

    hopeless = fitted(gaussian_approximation(mean=3.0, sd=0.3), program=PLAIN)
    rows = rows_of(tables(hopeless, reference=reference), "advi", PSIS)
    assert {row["verdict"] for row in rows.values()} == {"do not trust"}
    assert rows["theta[1]"]["decided_by"] == "k_hat"


def test_resampled_draws_are_not_weighted_again() -> None:
    approximation = gaussian_approximation(mean=0.4, sd=1.3, n_draws=4000)
    proposals = approximation.read_draws()["sample_stats"].to_dataset().isel(chain=0, drop=True)
    approximation.read_draws()["proposals"] = xr.DataTree(proposals.rename(draw="proposal"))
    reference = fitted(gaussian_chains(n_draws=4000), program=PLAIN)
    summary = tables(fitted(approximation, program=PLAIN), reference=reference)
    assert next(row for row in summary.fits if row["method"] == "advi")["k_hat"] < 0.7
    assert rows_of(summary, "advi", RAW).keys() == {"theta[1]", "theta[2]"}
    assert not rows_of(summary, "advi", PSIS)


def test_a_reference_from_a_file_gives_the_same_columns(tmp_path: Path) -> None:
    chains = gaussian_chains(n_draws=4000)
    theta = chains.read_draws()["posterior"]["theta"].to_numpy()
    content = [{f"theta[{j + 1}]": chain[:, j].tolist() for j in range(2)} for chain in theta]
    file = tmp_path / "draws.json"
    file.write_text(json.dumps(content))
    approximation = fitted(gaussian_approximation(mean=0.2), program=PLAIN)
    study = dataclasses.replace(
        toy_study(approximation), references={"small": ReferenceSource(file=file)}
    )
    from_file = summarise(study, [approximation], {"small": read_reference(file, PLAIN)})
    from_run = tables(approximation, reference=fitted(chains, program=PLAIN))
    # as text, where NaN is NaN
    assert str(rows_of(from_file, "advi", RAW)) == str(rows_of(from_run, "advi", RAW))
    assert from_file.fits[0] == next(row for row in from_run.fits if row["method"] == "advi")


def from_part(folder: Path, *items: FittedRun, names: tuple[str, ...]) -> StudyTables:
    """Summarise fits against a file of some of the reference's quantities."""
    chains = gaussian_chains(n_draws=4000)
    theta = chains.read_draws()["posterior"]["theta"].to_numpy()
    content = [{name: chain[:, i % 2].tolist() for i, name in enumerate(names)} for chain in theta]
    file = folder / "draws.json"
    file.write_text(json.dumps(content))
    study = dataclasses.replace(toy_study(*items), references={"small": ReferenceSource(file=file)})
    return summarise(study, items, {"small": read_reference(file, PLAIN)})


def test_what_a_reference_lacks_is_judged_without_one_and_decides_nothing(tmp_path: Path) -> None:
    """The second coordinate is badly off, which nobody can know who has only the first."""
    approximation = fitted(gaussian_approximation(), program=PLAIN)
    chains = fitted(gaussian_chains(seed=2, n_draws=4000), program=PLAIN, method=Nuts())
    part = from_part(tmp_path, approximation, chains, names=("theta.1",))
    whole = from_part(tmp_path, approximation, chains, names=("theta[1]", "theta[2]"))
    ours, theirs = rows_of(part, "advi", RAW), rows_of(whole, "advi", RAW)
    assert str(ours["theta[1]"]) == str(theirs["theta[1]"])  # as text, where NaN is NaN
    assert "mean_error_sd" in theirs["theta[2]"]
    assert "mean_error_sd" not in ours["theta[2]"]
    assert ours["theta[2]"]["verdict"] == "unknown"
    assert ours["theta[2]"]["decided_by"] == "reference_absent"
    assert rows_of(part, "advi", PSIS)["theta[2]"]["verdict"] != "trust"
    assert rows_of(part, "nuts", RAW)["theta[2]"]["verdict"] == "trust"
    for row in part.fits:
        assert row["verdict"] == "trust"
        assert {"1", "2"} <= set(re.findall(r"\b\d\b", row["verdict_reason"]))
    assert len(part.fits[0]["verdict_reason"]) > len(whole.fits[0]["verdict_reason"])


def test_a_reference_with_more_than_the_program_is_none(tmp_path: Path) -> None:
    approximation = fitted(gaussian_approximation(), program=PLAIN)
    summary = from_part(tmp_path, approximation, names=("theta[1]", "theta[2]", "theta[3]"))
    row = summary.fits[0]
    assert row["verdict"] == "unknown"
    assert "theta[3]" in row["verdict_reason"]


def test_a_reference_that_fails_its_checks_is_none_and_the_table_says_why() -> None:
    theta = np.random.default_rng(1).standard_normal((4, 1000, 2))
    theta[0] += 3
    stuck = full_data(known_fit({"theta": theta}))
    summary = tables(
        fitted(gaussian_approximation(), program=PLAIN), reference=fitted(stuck, program=PLAIN)
    )
    row = rows_of(summary, "advi", RAW)["theta[1]"]
    assert "mean_error_sd" not in row
    assert row["verdict"] == "unknown"
    assert "theta[1]" in row["verdict_reason"]
    assert row["decided_by"] == "reference_failed"
    own = rows_of(summary, "nuts", RAW)["theta[1]"]
    assert own["verdict"] == "do not trust"


def test_a_reference_that_did_not_run_is_none() -> None:
    reference = fitted(failed_fit(Status.FAILED, "broke"), program=PLAIN, method=Nuts())
    summary = tables(fitted(gaussian_approximation(), program=PLAIN), reference=reference)
    row = rows_of(summary, "advi", RAW)["theta[1]"]
    assert row["verdict"] == "unknown"
    assert row["decided_by"] == "reference_failed"


def test_the_reference_is_judged_by_its_own_checks() -> None:
    summary = tables(reference=fitted(gaussian_chains(), program=PLAIN))
    row = rows_of(summary, "nuts", RAW)["theta[1]"]
    assert "mean_error_sd" not in row
    assert row["verdict"] == "trust"


def test_a_missing_weight_is_a_mistake_whatever_the_errors() -> None:
    half = dataclasses.replace(
        gaussian_approximation(), used_data={"n_rows": N_ROWS // 2, "likelihood_weight": 1.0}
    )
    summary = tables(
        fitted(half, program=PLAIN), reference=fitted(gaussian_chains(), program=PLAIN)
    )
    (fit,) = [row for row in summary.fits if row["method"] == "advi"]
    assert fit["verdict"] == "do not trust"
    assert fit["decided_by"] == "weight_mistake"


def test_replicates_that_disagree_are_told() -> None:
    runs = [
        fitted(gaussian_approximation(mean=mean, seed=seed), program=PLAIN, replicate=seed)
        for seed, mean in ((1, -1.0), (2, 0.0), (3, 1.0))
    ]
    failed = fitted(failed_fit(Status.FAILED, "broke"), program=PLAIN, method=Advi(), replicate=4)
    summary = tables(*runs, failed)
    row = next(row for row in summary.stability if row.get("parameter") == "theta[1]")
    assert (row["n_runs"], row["n_failed"], row["failure_rate"]) == (4, 1, 0.25)
    assert row["between_sd_ratio"] == pytest.approx(1, abs=0.1)  # means -1, 0 and 1, sds 1
    assert row["expected_sd_ratio"] == 0  # of fits on all rows
    assert row["r_hat_runs"] > 1.1
    parameter = rows_of(summary, "advi", RAW)["theta[1]"]
    assert parameter["r_hat_runs"] == row["r_hat_runs"]
    assert parameter["verdict"] == "do not trust"
    assert (parameter["decided_by"], parameter["decided_limit"]) == ("r_hat_runs", 1.1)
    assert parameter["decided_value"] == parameter["r_hat_runs"]


def test_a_single_run_has_no_stability() -> None:
    assert tables(fitted(gaussian_approximation(), program=PLAIN)).stability == []


def test_spread_that_a_fixed_subsample_gives() -> None:
    assert expected_sd_ratio(n_used=200, n_rows=100_000, likelihood_weight=500) == pytest.approx(
        math.sqrt(500 - 1)
    )
    assert expected_sd_ratio(n_used=50, n_rows=100, likelihood_weight=1) == pytest.approx(0.5**0.5)
    assert expected_sd_ratio(n_used=100, n_rows=100, likelihood_weight=1) == 0


def test_cost_on_equal_terms() -> None:
    cost = Cost(adapt_time_s=1.0, run_time_s=4.0, n_gradients=10_000)
    chains = dataclasses.replace(gaussian_chains(), cost=cost, fit_time_s=5.0)
    summary = tables(reference=fitted(chains, program=PLAIN))
    (row,) = summary.fits
    least = min(row["ess_bulk"] for row in rows_of(summary, "nuts", RAW).values())
    assert row["ess"] == pytest.approx(least)
    assert row["ess_per_s"] == pytest.approx(least / 5)
    assert row["ess_per_gradient"] == pytest.approx(least / 10_000)
    assert row["n_row_gradients"] == 10_000 * N_ROWS


def test_independent_draws_have_no_rate() -> None:
    """Twice the draws would have twice the rate, and say no more."""
    reference = fitted(gaussian_chains(n_draws=4000), program=PLAIN)
    near = fitted(gaussian_approximation(n_draws=4000), program=PLAIN)
    (row,) = [row for row in tables(near, reference=reference).fits if row["method"] == "advi"]
    assert row["ess"] == pytest.approx(4000)
    assert (row["ess_per_s"], row["ess_per_gradient"]) == (None, None)


def test_only_the_programs_parameters_are_summarised() -> None:
    raw, _ = switched_draws()
    only_pi = dataclasses.replace(MIXTURE, parameters=("pi",), components=None)
    summary = tables(fitted(full_data(known_fit(raw)), program=only_pi))
    assert [row["parameter"] for row in summary.comparison] == ["pi[1]", "pi[2]"]


def test_failed_run_makes_one_row_without_figures() -> None:
    summary = tables(fitted(failed_fit(Status.FAILED, "broke"), replicate=2))
    assert summary.comparison == [
        {
            "dataset": "small",
            "program": "gmm",
            "method": "nuts",
            "variant": "default",
            "replicate": 2,
            "verdict": "do not trust",
            "verdict_reason": "the run gave no draws: broke",
            "decided_by": "failed",
            "decided_value": None,
            "decided_limit": None,
            "status": "failed",
        }
    ]
    (row,) = summary.fits
    assert (row["status"], row["reason"], row["seed"]) == ("failed", "broke", 12)
    assert row["fit_time_s"] is None
    assert row["n_divergent"] is None


def test_a_run_that_does_not_apply_gets_no_verdict() -> None:
    summary = tables(fitted(failed_fit(Status.NOT_APPLICABLE, "no contract")))
    assert "verdict" not in summary.comparison[0]
    assert "verdict" not in summary.fits[0]


def test_fit_row_tells_of_times_data_and_diagnostics() -> None:
    raw, _ = switched_draws()
    diagnostics = Diagnostics(
        elbo=-17.5, n_iterations=2400, converged="median", eta=1.0, etas_tried=(100.0, 10.0, 0.1)
    )
    fit = known_fit(raw, draw_kind=DrawKind.INDEPENDENT, diagnostics=diagnostics)
    (row,) = tables(fitted(fit)).fits
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
        "etas_tried": "100, 10, 0.1",
        "eta": 1.0,
        "warnings": "first warning; second warning",
        "status": "ok",
        "reason": "",
    }
    assert {name: row[name] for name in expected} == expected
