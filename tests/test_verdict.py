"""Verdicts on approximations whose faults are known: none of the wrong ones may be trusted."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import multivariate_normal, norm, t

from harness.metrics import chains
from harness.metrics.joint import compare_joint
from harness.metrics.psis import psis
from harness.metrics.stability import run_stability
from harness.verdict.criteria import (
    FitCriteria,
    Judgement,
    ParameterCriteria,
    Reference,
    Verdict,
)
from harness.verdict.judge import judge_fit, judge_parameter
from harness.verdict.outcome import SEVERITY
from harness.verdict.rule import Breach, Rule
from harness.verdict.rules import RULES
from harness.verdict.wording import statement, title_of
from tests.one_parameter import compare_parameter

Floats = NDArray[np.float64]

N_DRAWS = 2000
MODE = 8.0  # half the distance of two modes: so far that no draw of one sees the other
DOCS = Path(__file__).parents[1] / "docs" / "verdict.md"
PERFECT = ParameterCriteria(
    mean_error_sd=0.01,
    mean_error_mcse=0.02,
    log_sd_ratio=0.0,
    log_sd_ratio_mcse=0.02,
    w1_sd=0.03,
    coverage_50=0.5,
    coverage_50_mcse=0.01,
    coverage_90=0.9,
    coverage_90_mcse=0.01,
)
COMPARED = FitCriteria(
    is_mcmc=False,
    reference=Reference.VALID,
    mahalanobis=0.02,
    mahalanobis_mcse=0.02,
    log_eigenvalue_low=-0.05,
    log_eigenvalue_low_mcse=0.03,
    log_eigenvalue_high=0.05,
    log_eigenvalue_high_mcse=0.03,
)


def verdicts(
    draws: Floats,
    reference: Floats,
    *,
    log_weight: Floats | None = None,
    fit: FitCriteria | None = None,
) -> tuple[Judgement, list[Judgement]]:
    """Judge a fit and its parameters, from figures that the metrics give."""
    start = COMPARED if fit is None else fit
    joint = compare_joint(draws, reference=reference, rng=np.random.default_rng(0), max_draws=1000)
    weights = None if log_weight is None else psis(log_weight)
    figures = replace(
        start,
        k_hat=None if weights is None else weights.k_hat,
        k_hat_threshold=None if weights is None else weights.k_hat_threshold,
        mahalanobis=joint.mahalanobis,
        mahalanobis_mcse=joint.mahalanobis_mcse,
        log_eigenvalue_low=joint.log_eigenvalue_low,
        log_eigenvalue_low_mcse=joint.log_eigenvalue_low_mcse,
        log_eigenvalue_high=joint.log_eigenvalue_high,
        log_eigenvalue_high_mcse=joint.log_eigenvalue_high_mcse,
        c2st_accuracy=joint.c2st_accuracy,
        c2st_mcse=joint.c2st_mcse,
    )
    parameters = []
    for j in range(draws.shape[1]):
        errors = compare_parameter(draws[:, j], reference=reference[:, j])
        own = ParameterCriteria(
            mean_error_sd=errors.mean_error_sd,
            mean_error_mcse=errors.mean_error_mcse,
            log_sd_ratio=errors.log_sd_ratio,
            log_sd_ratio_mcse=errors.log_sd_ratio_mcse,
            w1_sd=errors.w1_sd,
            coverage_50=errors.coverage_50,
            coverage_50_mcse=errors.coverage_50_mcse,
            coverage_90=errors.coverage_90,
            coverage_90_mcse=errors.coverage_90_mcse,
        )
        parameters.append(judge_parameter(own, fit=figures))
    return judge_fit(
        figures, parameters={f"x[{j}]": p for j, p in enumerate(parameters)}
    ), parameters


def gaussian(covariance: Floats, *, seed: int, mean: float = 0.0) -> Floats:
    rng = np.random.default_rng(seed)
    draws: Floats = mean + rng.standard_normal((N_DRAWS, len(covariance))) @ (
        np.linalg.cholesky(covariance).T
    )
    return draws


def correlated(rho: float) -> Floats:
    return np.array([[1.0, rho], [rho, 1.0]])


def test_exact_gaussian_is_trusted() -> None:
    draws, reference = gaussian(correlated(0.7), seed=1), gaussian(correlated(0.7), seed=2)
    fit, parameters = verdicts(draws, reference, log_weight=np.zeros(N_DRAWS))
    assert fit.verdict is Verdict.TRUST, fit
    assert [each.verdict for each in parameters] == [Verdict.TRUST] * 2
    assert fit.criterion
    assert fit.limit is not None


def test_mean_field_on_a_correlated_gaussian_is_good_for_means_only() -> None:
    """The optimum of KL(q || p) has variances 1 - rho^2."""
    rho = 0.9
    draws = gaussian((1 - rho**2) * np.eye(2), seed=3)
    log_q = multivariate_normal.logpdf(draws, cov=(1 - rho**2) * np.eye(2))
    log_weight = np.asarray(multivariate_normal.logpdf(draws, cov=correlated(rho)) - log_q)
    fit, parameters = verdicts(draws, gaussian(correlated(rho), seed=4), log_weight=log_weight)
    assert fit.verdict is Verdict.MEANS_ONLY, fit
    assert [each.verdict for each in parameters] == [Verdict.MEANS_ONLY] * 2
    assert all(each.criterion == "log_sd_ratio" for each in parameters)
    assert parameters[0].value == pytest.approx(np.log(1 - rho**2) / 2, abs=0.1)
    assert parameters[0].limit == pytest.approx(np.log(1.2))


def test_right_marginals_without_their_correlation_are_no_joint_fit() -> None:
    draws, reference = gaussian(np.eye(2), seed=5), gaussian(correlated(0.8), seed=6)
    fit, parameters = verdicts(draws, reference)
    assert [each.verdict for each in parameters] == [Verdict.TRUST] * 2
    assert fit.verdict is Verdict.MARGINALS, fit
    assert fit.criterion == "log_eigenvalue_low"
    assert np.exp(fit.value or 0) == pytest.approx(1 / 1.8, rel=0.2)


def test_funnel() -> None:
    """Neal's funnel, v ~ N(0, 9), x ~ N(0, e^v): the mean-field optimum has var(v) = 18 / 11."""
    rng = np.random.default_rng(7)
    v = 3 * rng.standard_normal(N_DRAWS)
    reference = np.column_stack([v, np.exp(v / 2) * rng.standard_normal(N_DRAWS)])
    sds = np.array([np.sqrt(18 / 11), np.exp(-9 / 22)])
    draws = sds * rng.standard_normal((N_DRAWS, 2))
    log_p = norm.logpdf(draws[:, 0], scale=3)
    log_p += norm.logpdf(draws[:, 1], scale=np.exp(draws[:, 0] / 2))
    log_weight = log_p - np.sum(norm.logpdf(draws, scale=sds), axis=1)
    fit, parameters = verdicts(draws, reference, log_weight=log_weight)
    assert fit.verdict is not Verdict.TRUST
    assert [each.verdict for each in parameters] == [Verdict.MEANS_ONLY] * 2


def test_banana_matched_in_both_moments() -> None:
    """Right mean and covariance, another shape: the joint draws are not to be used."""
    rng = np.random.default_rng(8)
    z = rng.standard_normal((N_DRAWS, 2))
    reference = np.column_stack([z[:, 0], 0.4 * z[:, 1] + (z[:, 0] ** 2 - 1)])
    draws = rng.standard_normal((N_DRAWS, 2)) * np.array([1, np.sqrt(2.16)])
    fit, parameters = verdicts(draws, reference)
    assert parameters[0].verdict is Verdict.TRUST
    assert fit.verdict in {Verdict.MARGINALS, Verdict.MEANS_ONLY}, fit


def two_modes(weight: float, *, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    centre = np.where(rng.random((N_DRAWS, 1)) < weight, -MODE, MODE)
    return centre + rng.standard_normal((N_DRAWS, 1))


def one_mode(weight: float) -> tuple[Floats, Floats]:
    """Exact draws from the left mode, with their log weights against both."""
    draws = -MODE + np.random.default_rng(9).standard_normal((N_DRAWS, 1))
    log_p = np.logaddexp(
        np.log(weight) + norm.logpdf(draws, -MODE), np.log1p(-weight) + norm.logpdf(draws, MODE)
    )
    return draws, (log_p - norm.logpdf(draws, -MODE))[:, 0]


@pytest.mark.parametrize("weight", [0.5, 0.8, 0.95])
def test_mixture_with_one_mode_found(weight: float) -> None:
    draws, log_weight = one_mode(weight)
    fit, (parameter,) = verdicts(draws, two_modes(weight, seed=10), log_weight=log_weight)
    assert parameter.verdict in {Verdict.DO_NOT_TRUST, Verdict.MEANS_ONLY}
    assert fit.verdict in {Verdict.DO_NOT_TRUST, Verdict.MEANS_ONLY}
    missed = replace(COMPARED, mode_missed=True)
    fit, _ = verdicts(draws, two_modes(weight, seed=10), log_weight=log_weight, fit=missed)
    assert (fit.verdict, fit.criterion) == (Verdict.DO_NOT_TRUST, "mode_missed")


def test_k_hat_does_not_see_the_missed_mode_and_is_not_believed_alone() -> None:
    _, log_weight = one_mode(0.5)
    weights = psis(log_weight)
    assert weights.k_hat < weights.k_hat_threshold
    alone = FitCriteria(
        is_mcmc=False,
        reference=Reference.ABSENT,
        k_hat=weights.k_hat,
        k_hat_threshold=weights.k_hat_threshold,
    )
    for judgement in (
        judge_parameter(ParameterCriteria(), fit=alone),
        judge_fit(alone, parameters={}),
    ):
        assert (judgement.verdict, judgement.criterion) == (Verdict.UNKNOWN, "reference_absent")


def test_one_of_several_symmetric_modes_is_flagged_but_not_blamed() -> None:
    judgement = judge_parameter(PERFECT, fit=replace(COMPARED, symmetric_mode=True))
    assert judgement.verdict is Verdict.TRUST
    assert len(judgement.reason) > len(judge_parameter(PERFECT, fit=COMPARED).reason)


def test_gaussian_for_a_heavy_tailed_target() -> None:
    """Student-t of 3 degrees of freedom, sd 1.73; the Gaussian at its mode has sd 0.87."""
    rng = np.random.default_rng(11)
    reference = t.rvs(3, size=(N_DRAWS, 1), random_state=rng)
    sd = np.sqrt(3 / 4)
    draws = sd * rng.standard_normal((N_DRAWS, 1))
    log_weight = (t.logpdf(draws, 3) - norm.logpdf(draws, scale=sd))[:, 0]
    fit, (parameter,) = verdicts(draws, reference, log_weight=log_weight)
    assert parameter.verdict is Verdict.MEANS_ONLY, parameter
    assert fit.verdict is Verdict.MEANS_ONLY


def subsample_posterior(*, weighted: bool, seed: int) -> tuple[Floats, Floats]:
    """Mean of N = 4,000 rows known sd from m = 10 of them: (draws, full-data reference)."""
    rng, n_rows, m = np.random.default_rng(seed), 4000, 10
    rows = rng.standard_normal(n_rows)
    sd = 1 / np.sqrt(n_rows if weighted else m)
    centre = rng.choice(rows, size=m, replace=False).mean()
    draws = centre + sd * rng.standard_normal((N_DRAWS, 1))
    reference = rows.mean() + rng.standard_normal((N_DRAWS, 1)) / np.sqrt(n_rows)
    return draws, reference


def test_weighted_subsample_has_another_centre() -> None:
    fit, (parameter,) = verdicts(*subsample_posterior(weighted=True, seed=12))
    assert (parameter.verdict, parameter.criterion) == (Verdict.DO_NOT_TRUST, "mean_error_sd")
    assert fit.verdict is Verdict.DO_NOT_TRUST


def test_unweighted_subsample_is_twenty_times_too_wide() -> None:
    draws, reference = subsample_posterior(weighted=False, seed=12)
    ratio = compare_parameter(draws[:, 0], reference=reference[:, 0]).log_sd_ratio
    assert np.exp(ratio) == pytest.approx(20, rel=0.1)
    fit, (parameter,) = verdicts(draws, reference)
    assert Verdict.TRUST not in {fit.verdict, parameter.verdict}
    flagged, _ = verdicts(draws, reference, fit=replace(COMPARED, weight_mistake=True))
    assert (flagged.verdict, flagged.criterion) == (Verdict.DO_NOT_TRUST, "weight_mistake")
    # even where its centre happens to be right, only that may be used
    centred = judge_parameter(replace(PERFECT, log_sd_ratio=np.log(20)), fit=COMPARED)
    assert (centred.verdict, centred.criterion) == (Verdict.MEANS_ONLY, "log_sd_ratio")


def test_subsample_fits_that_disagree_need_no_reference() -> None:
    runs = np.stack([subsample_posterior(weighted=True, seed=s)[0][:, 0] for s in range(4)])
    figures = ParameterCriteria(r_hat_runs=run_stability(runs).r_hat_runs)
    alone = FitCriteria(is_mcmc=False, reference=Reference.ABSENT)
    judgement = judge_parameter(figures, fit=alone)
    assert (judgement.verdict, judgement.criterion) == (Verdict.DO_NOT_TRUST, "r_hat_runs")


def test_fit_that_stopped_early() -> None:
    """On its way to the optimum: its errors tell, or, without a reference, its own account."""
    draws, reference = gaussian(np.eye(2), seed=13, mean=2.5), gaussian(np.eye(2), seed=14)
    early = replace(COMPARED, stopped_early=True)
    fit, parameters = verdicts(draws, reference, fit=early)
    assert fit.verdict is Verdict.DO_NOT_TRUST
    assert {each.criterion for each in parameters} == {"mean_error_sd"}
    alone = judge_fit(replace(early, reference=Reference.ABSENT), parameters={})
    assert (alone.verdict, alone.criterion) == (Verdict.DO_NOT_TRUST, "stopped_early")


def test_a_centre_beside_the_mode() -> None:
    """L-BFGS that stops early ends elsewhere from every start, wherever the draws' weights are."""
    alone = FitCriteria(is_mcmc=False, reference=Reference.ABSENT, mode_gap_sd=2.2)
    judgement = judge_fit(alone, parameters={})
    assert (judgement.verdict, judgement.criterion) == (Verdict.DO_NOT_TRUST, "mode_gap_sd")
    assert (judgement.value, judgement.limit) == (2.2, 0.3)
    near = judge_fit(replace(alone, mode_gap_sd=1e-4), parameters={})
    assert (near.verdict, near.criterion) == (Verdict.UNKNOWN, "reference_absent")


def test_fit_to_the_wrong_data() -> None:
    draws, reference = gaussian(np.eye(2), seed=15, mean=5.0), gaussian(np.eye(2), seed=16)
    fit, parameters = verdicts(draws, reference)
    assert [each.verdict for each in parameters] == [Verdict.DO_NOT_TRUST] * 2
    assert fit.verdict is Verdict.DO_NOT_TRUST


def test_a_combination_of_parameters_can_be_off_where_no_single_one_is() -> None:
    covariance = correlated(0.995)
    reference = gaussian(covariance, seed=17)
    draws = gaussian(covariance, seed=18) + np.array([0.15, -0.15])
    fit, parameters = verdicts(draws, reference)
    assert [each.verdict for each in parameters] == [Verdict.TRUST] * 2
    assert (fit.verdict, fit.criterion) == (Verdict.MARGINALS, "mahalanobis")


@pytest.mark.parametrize("reference", [Reference.FAILED, Reference.ABSENT])
def test_without_a_valid_reference_errors_count_for_nothing(reference: Reference) -> None:
    fit = replace(COMPARED, reference=reference, k_hat=0.1, k_hat_threshold=0.7)
    for figures in (PERFECT, replace(PERFECT, mean_error_sd=9.0)):
        judgement = judge_parameter(figures, fit=fit)
        assert judgement.verdict is Verdict.UNKNOWN
        assert judgement.criterion == f"reference_{reference}"
    assert judge_fit(fit, parameters={"x": judgement}).verdict is Verdict.UNKNOWN
    bad = replace(fit, k_hat=0.9)
    judgement = judge_parameter(PERFECT, fit=bad)
    assert (judgement.verdict, judgement.criterion) == (Verdict.DO_NOT_TRUST, "k_hat")


def chain_criteria(draws: Floats) -> ParameterCriteria:
    return ParameterCriteria(
        r_hat=chains.r_hat(draws),
        ess_bulk=chains.ess_bulk(draws),
        ess_tail=chains.ess_tail(draws),
    )


def test_chains_are_judged_by_their_own_diagnostics() -> None:
    nuts = FitCriteria(is_mcmc=True, reference=Reference.ABSENT, n_divergent=0, e_bfmi=1.0)
    draws = np.random.default_rng(19).standard_normal((4, 1000))
    good = judge_parameter(chain_criteria(draws), fit=nuts)
    assert good.verdict is Verdict.TRUST, good
    assert "without a reference" in good.reason
    assert judge_fit(nuts, parameters={"x": good}).verdict is Verdict.TRUST
    stuck = judge_parameter(chain_criteria(draws + np.array([[0], [0], [0], [3]])), fit=nuts)
    assert (stuck.verdict, stuck.criterion) == (Verdict.DO_NOT_TRUST, "r_hat")
    short = judge_parameter(chain_criteria(draws[:, :60]), fit=nuts)
    assert short.verdict is not Verdict.TRUST
    divergent = judge_parameter(chain_criteria(draws), fit=replace(nuts, n_divergent=3))
    assert (divergent.verdict, divergent.criterion) == (Verdict.UNKNOWN, "n_divergent")
    slow = judge_parameter(chain_criteria(draws), fit=replace(nuts, e_bfmi=0.1))
    assert (slow.verdict, slow.criterion) == (Verdict.UNKNOWN, "e_bfmi")
    one = judge_parameter(chain_criteria(draws[:1]), fit=nuts)
    assert (one.verdict, one.criterion) == (Verdict.UNKNOWN, "r_hat")


def test_thin_tails_leave_the_means() -> None:
    figures = ParameterCriteria(r_hat=1.001, ess_bulk=900, ess_tail=250)
    judgement = judge_parameter(figures, fit=FitCriteria(is_mcmc=True, reference=Reference.ABSENT))
    assert (judgement.verdict, judgement.criterion) == (Verdict.MEANS_ONLY, "ess_tail")


def test_a_value_too_noisy_for_its_limit_is_in_doubt() -> None:
    noisy_mean = judge_parameter(
        replace(PERFECT, mean_error_sd=0.25, mean_error_mcse=0.1), fit=COMPARED
    )
    assert (noisy_mean.verdict, noisy_mean.criterion) == (Verdict.UNKNOWN, "mean_error_sd")
    noisy_sd = judge_parameter(
        replace(PERFECT, log_sd_ratio=-0.15, log_sd_ratio_mcse=0.1), fit=COMPARED
    )
    assert (noisy_sd.verdict, noisy_sd.criterion) == (Verdict.MEANS_ONLY, "log_sd_ratio")
    assert noisy_sd.value == -0.15


@pytest.mark.parametrize(
    ("r_hat", "verdict"),
    [(1.00983, Verdict.TRUST), (1.01, Verdict.TRUST), (1.0100004, Verdict.DO_NOT_TRUST)],
)
def test_a_sentence_reads_true_however_near_the_limit(r_hat: float, verdict: Verdict) -> None:
    fit = FitCriteria(is_mcmc=True, reference=Reference.ABSENT)
    figures = ParameterCriteria(r_hat=r_hat, ess_bulk=1e9, ess_tail=1e9)
    judgement = judge_parameter(figures, fit=fit)
    assert judgement.verdict is verdict
    shown, limit = map(float, re.findall(r"1\.\d+", judgement.reason)[:2])
    assert limit == 1.01
    assert (shown <= limit) == (verdict is Verdict.TRUST)


@pytest.mark.parametrize("away", [0.3, 1e-3, 1e-5])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.breach is not Breach.TRUE])
def test_a_statement_shows_on_which_side_of_its_limit_a_value_is(
    rule: Rule, away: float, sign: int
) -> None:
    """Whatever of a value is shown: its size, the ratio of a logarithm, a part in per cent."""
    of_fits = 1.01 if rule.criterion == "r_hat" else 0.7
    limit = of_fits if isinstance(rule.limit, str) else rule.limit
    value = rule.ideal * (rule.breach is Breach.OFF) + limit + sign * away * (abs(limit) or 1.0)
    text = statement(rule.criterion, verdict=rule.verdict, value=value, limit=limit)
    said, _, bound = text.replace(",", "").removesuffix(")").rpartition(" (limit ")
    numbers = re.findall(r"(?<![\w-])-?\d+(?:\.\d+)?(?:e-?\d+)?(?=%| |$)", said)
    shown = float(numbers[-1] if "holds" in said or len(numbers) > 1 else numbers[0])
    assert (shown > float(bound.removesuffix("%"))) == (sign > 0), text


def test_a_count_is_written_as_one() -> None:
    fit = FitCriteria(is_mcmc=True, reference=Reference.ABSENT, n_divergent=4280)
    chains = ParameterCriteria(r_hat=1.0, ess_bulk=4e3, ess_tail=4e3)
    assert "4,280" in judge_parameter(chains, fit=fit).reason


def test_a_run_without_draws_gives_its_reason() -> None:
    failed = FitCriteria(is_mcmc=False, reference=Reference.ABSENT, failed=True)
    assert judge_fit(failed, parameters={}).criterion == "failed"
    judgement = judge_fit(replace(failed, failure="stopped after 3 s"), parameters={})
    assert (judgement.verdict, judgement.criterion) == (Verdict.DO_NOT_TRUST, "failed")
    assert "stopped after 3 s" in judgement.reason


def without(name: str, missing: float | None) -> ParameterCriteria:
    changed: dict[str, Any] = {name: missing}
    return replace(PERFECT, **changed)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_what_is_not_known_is_not_trusted(missing: float | None) -> None:
    assert judge_parameter(PERFECT, fit=COMPARED).verdict is Verdict.TRUST
    for name in ("mean_error_sd", "mean_error_mcse"):
        judgement = judge_parameter(without(name, missing), fit=COMPARED)
        assert (judgement.verdict, judgement.criterion) == (Verdict.UNKNOWN, "mean_error_sd"), name
    for name in ("log_sd_ratio", "w1_sd", "coverage_50", "coverage_90"):
        judgement = judge_parameter(without(name, missing), fit=COMPARED)
        assert (judgement.verdict, judgement.criterion) == (Verdict.MEANS_ONLY, name)
    nothing = judge_fit(replace(COMPARED, mahalanobis=missing), parameters={})
    assert nothing.verdict is Verdict.UNKNOWN


def test_flags_outweigh_perfect_figures() -> None:
    flags = ("failed", "weight_mistake", "may_diverge")
    for flag in flags:
        raised: dict[str, Any] = {flag: True}
        flagged = replace(COMPARED, **raised)
        own = judge_parameter(PERFECT, fit=flagged)
        whole = judge_fit(flagged, parameters={"x": own})
        for judgement in (own, whole):
            assert (judgement.verdict, judgement.criterion) == (Verdict.DO_NOT_TRUST, flag)
            assert (judgement.value, judgement.limit) == (None, None)
            assert judgement.reason


def test_the_fit_names_its_worst_parameter() -> None:
    means = {"fine": 0.0, "bad": 1.0, "worse": -3.0}
    parameters = {
        name: judge_parameter(replace(PERFECT, mean_error_sd=mean), fit=COMPARED)
        for name, mean in means.items()
    }
    fit = judge_fit(COMPARED, parameters=parameters)
    assert fit.verdict is Verdict.DO_NOT_TRUST
    assert (fit.parameter, fit.criterion, fit.value) == ("worse", "mean_error_sd", -3.0)
    assert fit.reason.startswith("worse: ")


def test_a_high_k_hat_leaves_marginals_that_the_reference_shows_right() -> None:
    fit = replace(COMPARED, k_hat=float("inf"), k_hat_threshold=0.7)
    parameter = judge_parameter(PERFECT, fit=fit)
    assert parameter.verdict is Verdict.TRUST
    whole = judge_fit(fit, parameters={"x": parameter})
    assert (whole.verdict, whole.criterion) == (Verdict.MARGINALS, "k_hat")


def test_joint_distances_take_away_the_joint_draws_and_no_more() -> None:
    fine = {"x": judge_parameter(PERFECT, fit=COMPARED)}
    cases = {
        "mahalanobis": (0.9, 0.62, 0.5),
        "log_eigenvalue_low": (-0.6, -0.4, -0.2),
        "log_eigenvalue_high": (0.6, 0.4, 0.2),
    }
    for criterion, (off, doubtful, right) in cases.items():
        for value, verdict in (
            (off, Verdict.MARGINALS),
            (doubtful, Verdict.MARGINALS),
            (right, Verdict.TRUST),
        ):
            values: dict[str, Any] = {criterion: value, f"{criterion}_mcse": 0.04}
            judgement = judge_fit(replace(COMPARED, **values), parameters=fine)
            assert judgement.verdict is verdict, (criterion, value)
            if verdict is not Verdict.TRUST:
                assert judgement.criterion == criterion
    worse = {"x": judge_parameter(replace(PERFECT, mean_error_sd=1.0), fit=COMPARED)}
    off_too = replace(COMPARED, mahalanobis=2.0)
    assert judge_fit(off_too, parameters=worse).verdict is Verdict.DO_NOT_TRUST


def test_a_combination_that_has_collapsed_takes_away_the_widths() -> None:
    """Whatever the marginals say; but only where that is certain."""
    fine = {"x": judge_parameter(PERFECT, fit=COMPARED)}
    for ratio, verdict in (
        (0.1, Verdict.MEANS_ONLY),
        (0.3, Verdict.MEANS_ONLY),
        (0.33, Verdict.MARGINALS),
        (0.5, Verdict.MARGINALS),
        (3.5, Verdict.MARGINALS),
        (1.0, Verdict.TRUST),
    ):
        fit = replace(COMPARED, log_eigenvalue_low=2 * np.log(ratio), log_eigenvalue_low_mcse=0.05)
        judgement = judge_fit(fit, parameters=fine)
        assert judgement.verdict is verdict, ratio
        if ratio != 1:
            assert judgement.criterion == "log_eigenvalue_low"
            assert judgement.nearness >= 1


def test_the_order_of_the_verdicts() -> None:
    assert [str(each) for each in SEVERITY] == [
        "trust",
        "marginals",
        "means only",
        "unknown",
        "do not trust",
    ]


def test_every_rule_reads_criteria_that_exist() -> None:
    fit = FitCriteria(is_mcmc=True, reference=Reference.VALID)
    for rule in RULES:
        names = [rule.criterion, rule.mcse, rule.limit if isinstance(rule.limit, str) else ""]
        for name in filter(None, names):
            assert hasattr(fit, name) or hasattr(PERFECT, name), name
        assert rule.source
        assert title_of(rule.criterion) != rule.criterion


def test_the_documented_table_is_the_one_in_the_code() -> None:
    rows = []
    for rule in RULES:
        limit = rule.limit if isinstance(rule.limit, str) else f"{rule.limit:.3g}"
        origin = f" from {rule.ideal:g}" if rule.breach is Breach.OFF and rule.ideal else ""
        broken = "true" if rule.breach is Breach.TRUE else f"{rule.breach} {limit}{origin}"
        doubt = rule.doubt or "-"
        cells = [
            f"`{rule.criterion}`",
            broken,
            rule.scope,
            rule.when,
            rule.verdict,
            doubt,
            rule.source,
        ]
        rows.append(f"| {' | '.join(cells)} |")
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    documented = [line for line in lines if line.startswith("| `")]
    assert documented == rows
