"""What weights are judged by, and what resampled draws are worth."""

from dataclasses import fields, replace

import arviz_base
import numpy as np
import pytest
import xarray as xr

from harness.fits.fit import DrawKind, Fit, Status
from harness.metrics.batch import Batch
from harness.metrics.parameter import ParameterComparison
from harness.metrics.psis import psis, weighted_tail_shapes
from harness.summary.measurement import QuantityMeasurement
from harness.summary.moments import Moments, summarise_batch
from harness.summary.quantity import Target, judge_quantity
from harness.summary.weighing import together, weight_diagnostics, weights_of, worth_of
from harness.verdict.criteria import FitCriteria, Reference, Verdict
from harness.verdict.judge import judge_fit, judge_parameter
from tests.test_verdict import COMPARED, PERFECT


def weighted_fit(log_weight: np.typing.NDArray[np.float64], **groups: xr.Dataset) -> Fit:
    stats = {"log_p": log_weight[None], "log_q": np.zeros((1, log_weight.size))}
    tree = arviz_base.from_dict({"posterior": {"x": stats["log_q"]}, "sample_stats": stats})
    for name, group in groups.items():
        tree[name] = xr.DataTree(group)
    return Fit(status=Status.OK, draws=tree, draw_kind=DrawKind.INDEPENDENT)


def test_k_hat_is_that_of_the_draws_scored_for_it() -> None:
    rng = np.random.default_rng(1)
    few, many = 0.9 * rng.exponential(size=400), 0.3 * rng.exponential(size=9000)
    scores = xr.Dataset({"log_p": ("score", many), "log_q": ("score", np.zeros(9000))})
    fit = weighted_fit(few, scores=scores)
    weights = weights_of(fit)
    told = weight_diagnostics(fit, weights)
    assert told is not None
    assert weights is not None
    assert told.k_hat == psis(many).k_hat
    assert (told.n_scores, told.k_hat_threshold) == (9000, 0.7)
    assert told.n_effective == weights.n_effective
    without = weight_diagnostics(weighted_fit(few), weights)
    assert without is not None
    assert (without.k_hat, without.n_scores) == (weights.k_hat, 400)


def test_the_error_of_k_hat_is_its_spread() -> None:
    rng = np.random.default_rng(2)
    found = [psis(0.7 * rng.exponential(size=1000)) for _ in range(60)]
    # the fit's prior shrinks the estimates a little
    spread = np.std([each.k_hat for each in found])
    assert found[0].k_hat_mcse == pytest.approx(0.17, abs=0.02)
    assert 0.6 < spread / found[0].k_hat_mcse < 1.2


def test_nearly_equal_weights_have_no_tail() -> None:
    rng = np.random.default_rng(3)
    nearly = 0.1 * rng.standard_normal(1000)
    assert psis(nearly).k_hat == 0.0
    assert psis(5 * nearly).k_hat != 0.0
    drawn = rng.standard_normal((2, 1000))
    for shapes in weighted_tail_shapes(drawn, weights=psis(nearly).weights):
        assert list(shapes) == [0.0, 0.0]


def test_weights_that_carry_the_mean_may_not_carry_the_sd() -> None:
    """A Gaussian of sd 0.8 for a standard one: k is 0.36; of the squares it takes more."""
    rng = np.random.default_rng(4)
    draws = 0.72 * rng.standard_normal(4000)
    log_weight = -(draws**2) / 2 + (draws / 0.72) ** 2 / 2
    smoothed = psis(log_weight)
    of_mean, of_sd = weighted_tail_shapes(draws[None], weights=smoothed.weights)
    assert smoothed.k_hat < of_mean[0] < of_sd[0]


def test_a_weighted_row_is_judged_by_its_weights_and_its_own_tails() -> None:
    fit = replace(COMPARED, weight_mistake=True, may_diverge=True, k_hat=0.3, k_hat_threshold=0.7)
    names = ("mean", "sd", "q5", "q50", "q95", "mcse_mean", "mcse_sd")
    moments = Moments(**dict.fromkeys(names, 0.0), k_hat_mean=0.2, k_hat_sd=0.3)
    row = QuantityMeasurement(
        labels="psis", name="x", moments=moments, errors=_errors(), in_reference=True
    )
    target = Target(n_rows=100, state=Reference.VALID)
    judged = judge_quantity(row, target, fit=fit, spread=None).judgement
    assert judged is not None
    assert judged.verdict is Verdict.TRUST, judged
    raw = judge_quantity(replace(row, labels="raw"), target, fit=fit, spread=None).judgement
    assert raw is not None
    assert raw.criterion == "weight_mistake"
    for tails, verdict in (
        ({"k_hat_mean": 0.9}, Verdict.DO_NOT_TRUST),
        ({"k_hat_sd": 0.9}, Verdict.MEANS_ONLY),
    ):
        heavy = replace(row, moments=replace(moments, **tails))
        found = judge_quantity(heavy, target, fit=fit, spread=None).judgement
        assert found is not None
        assert found.verdict is verdict


def _errors() -> ParameterComparison:
    """The errors of a parameter without fault."""
    from_criteria = {
        name: value
        for name in PERFECT.__dataclass_fields__
        if (value := getattr(PERFECT, name)) is not None and "k_hat" not in name
    }
    names = [field.name for field in fields(ParameterComparison)]
    chances = {name: 1.0 for name in names if name.endswith("_chance")}
    return ParameterComparison(**from_criteria | chances)


def test_resampled_draws_are_worth_what_is_left_of_them() -> None:
    rng = np.random.default_rng(5)
    proposals = rng.standard_normal((1000, 2))
    draws = proposals[rng.integers(0, 200, size=1000)]
    group = xr.Dataset({"log_p": ("proposal", np.zeros(4)), "log_q": ("proposal", np.zeros(4))})
    fit = weighted_fit(np.zeros(1000), proposals=group)
    worth = worth_of(fit, draws)
    assert worth is not None
    # counts of 5 on average: the sum of their squares is 200 (5 + 25)
    assert worth == pytest.approx(1000 / 6, rel=0.1)
    assert worth_of(weighted_fit(np.zeros(1000)), draws) is None
    ordered = together(draws, seed=1)
    changes = np.count_nonzero(np.diff(ordered[:, 0]))
    assert changes == len(np.unique(draws[:, 0])) - 1
    assert not np.array_equal(ordered[:, 0], np.sort(ordered[:, 0]))
    (plain,), (fewer,) = (
        summarise_batch(Batch(draws[:, :1].T, worth=each)) for each in (None, worth)
    )
    ratio = np.sqrt(1000 / worth)
    assert fewer.mcse_mean == pytest.approx(plain.mcse_mean * ratio)
    assert fewer.mcse_sd == pytest.approx(plain.mcse_sd * ratio)
    assert fewer.mcse_q50 > 1.5 * plain.mcse_q50


def test_a_single_run_says_so() -> None:
    fine = {"x": judge_parameter(PERFECT, fit=COMPARED)}
    one, three = (judge_fit(replace(COMPARED, n_runs=n), parameters=fine) for n in (1, 3))
    assert one.verdict is three.verdict is Verdict.TRUST
    assert "one run" in one.reason
    assert "one run" not in three.reason
    chains = FitCriteria(is_mcmc=True, reference=Reference.ABSENT)
    assert "one run" not in judge_fit(chains, parameters=fine).reason
