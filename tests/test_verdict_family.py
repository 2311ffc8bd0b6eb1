"""Verdicts on fits of many parameters: chance among thousands is no fault, a fault is one."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from harness.metrics.batch import BATCH_SIZE, Batch
from harness.metrics.parameter import compare_batches
from harness.verdict.criteria import FitCriteria, Judgement, ParameterCriteria, Reference, Verdict
from harness.verdict.judge import judge_fit, judge_parameter
from harness.verdict.rules import MEAN_LIMIT_SD, SD_LIMIT_LOG
from tests.test_verdict import COMPARED, PERFECT

N_PARAMETERS = 4000


def exact_parameters(n_draws: int, n_reference: int, *, seed: int) -> dict[str, Judgement]:
    """Judge parameters whose draws and reference are both exact."""
    rng = np.random.default_rng(seed)
    judged = []
    for _ in range(N_PARAMETERS // BATCH_SIZE):
        draws = rng.standard_normal((BATCH_SIZE, n_draws))
        reference = rng.standard_normal((BATCH_SIZE, n_reference))
        found = compare_batches(Batch(draws), Batch(reference))
        judged += [judge_parameter(criteria_of(errors), fit=COMPARED) for errors in found]
    return {f"theta[{i + 1}]": each for i, each in enumerate(judged)}


def criteria_of(errors: object) -> ParameterCriteria:
    names = ParameterCriteria.__dataclass_fields__
    return ParameterCriteria(**{n: getattr(errors, n) for n in names if hasattr(errors, n)})


@pytest.mark.slow
def test_thousands_of_exact_parameters_are_trusted() -> None:
    parameters = exact_parameters(1000, 4000, seed=1)
    assert any(each.verdict is not Verdict.TRUST for each in parameters.values())
    fit = judge_fit(COMPARED, parameters=parameters)
    assert fit.verdict is Verdict.TRUST, fit
    assert fit.n_parameters == N_PARAMETERS
    assert fit.n_within is not None
    assert 0.98 * N_PARAMETERS < fit.n_within < N_PARAMETERS
    assert 1 <= len(fit.worst) <= 3
    assert all(parameters[name].verdict is not Verdict.TRUST for name in fit.worst)


def test_all_rules_together_err_as_seldom_as_one_test() -> None:
    """With errors of a third of the limits, all that is two errors off is in doubt."""
    rng = np.random.default_rng(3)
    n_fits, n_parameters = 300, 20
    limits = {
        "mean_error": (0.0, MEAN_LIMIT_SD),
        "log_sd_ratio": (0.0, SD_LIMIT_LOG),
        "coverage_50": (0.5, 0.1),
        "coverage_90": (0.9, 0.07),
    }
    n_wrong = 0
    for _ in range(n_fits):
        parameters = {}
        for i in range(n_parameters):
            figures: dict[str, Any] = {
                f"{name}_mcse": limit / 3 for name, (_, limit) in limits.items()
            }
            for name, (ideal, limit) in limits.items():
                key = "mean_error_sd" if name == "mean_error" else name
                figures[key] = ideal + limit / 3 * rng.standard_normal()
            parameters[f"x[{i}]"] = judge_parameter(replace(PERFECT, **figures), fit=COMPARED)
        n_wrong += judge_fit(COMPARED, parameters=parameters).verdict is not Verdict.TRUST
    expected = norm.sf(2) * n_fits
    assert 0 < n_wrong < expected + 3 * np.sqrt(expected)


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ({"mean_error_sd": 0.6}, Verdict.DO_NOT_TRUST),
        ({"log_sd_ratio": np.log(0.1)}, Verdict.MEANS_ONLY),
        ({"coverage_90": 0.7}, Verdict.MEANS_ONLY),
    ],
)
def test_one_fault_among_thousands_is_found(fault: dict[str, Any], verdict: Verdict) -> None:
    parameters = {f"theta[{i}]": judge_parameter(PERFECT, fit=COMPARED) for i in range(2999)}
    parameters["bad"] = judge_parameter(replace(PERFECT, **fault), fit=COMPARED)
    fit = judge_fit(COMPARED, parameters=parameters)
    assert (fit.verdict, fit.parameter) == (verdict, "bad")
    assert (fit.n_within, fit.worst) == (2999, ("bad",))
    assert "2,999 of 3,000" in fit.reason


def test_errors_that_cannot_tell_are_in_doubt_however_many_there_are() -> None:
    """With an error of half of the limit exact draws are in doubt too often to be trusted."""
    rng = np.random.default_rng(2)
    parameters = {
        f"theta[{i}]": judge_parameter(
            replace(PERFECT, mean_error_sd=0.15 * z, mean_error_mcse=0.15), fit=COMPARED
        )
        for i, z in enumerate(rng.standard_normal(50))
    }
    assert judge_fit(COMPARED, parameters=parameters).verdict is Verdict.UNKNOWN


def test_a_single_parameter_is_judged_as_itself_but_for_the_chances_of_several_rules() -> None:
    """Any of a dozen tests is two errors off more often than one; none of them is three."""
    for error in np.linspace(-0.6, 0.6, 41):
        for mcse in (0.01, 0.05, 0.075, 0.1, 0.2):
            figures = replace(PERFECT, mean_error_sd=error, mean_error_mcse=mcse)
            alone = judge_parameter(figures, fit=COMPARED)
            fit = judge_fit(COMPARED, parameters={"x": alone})
            if mcse > 0.3 / 3 or abs(error) > 3.1 * mcse:
                assert fit.verdict is alone.verdict
            elif abs(error) < 2.5 * mcse:
                assert fit.verdict is Verdict.TRUST


def test_a_value_past_its_limit_by_chance_among_many_is_in_doubt() -> None:
    """Two errors past the limit is no more than chance makes of thousands at their limit."""
    at_limit = replace(PERFECT, mean_error_sd=0.3 + 2.1 * 0.02, mean_error_mcse=0.02)
    past = judge_parameter(at_limit, fit=COMPARED)
    assert past.verdict is Verdict.DO_NOT_TRUST
    parameters = {f"theta[{i}]": judge_parameter(PERFECT, fit=COMPARED) for i in range(999)}
    fit = judge_fit(COMPARED, parameters=parameters | {"past": past})
    assert (fit.verdict, fit.parameter) == (Verdict.UNKNOWN, "past")


def test_flags_and_chains_are_no_family() -> None:
    nuts = FitCriteria(is_mcmc=True, reference=Reference.ABSENT, n_divergent=2)
    figures = ParameterCriteria(r_hat=1.0, ess_bulk=900, ess_tail=900)
    parameters = {f"x[{i}]": judge_parameter(figures, fit=nuts) for i in range(3)}
    assert judge_fit(nuts, parameters=parameters).criterion == "n_divergent"
