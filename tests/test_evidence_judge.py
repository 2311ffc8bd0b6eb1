"""Verdicts of evidence, each criterion past its limit alone."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from harness.evidence.checks import NOT_EXCLUDED
from harness.evidence.judge import (
    judge_chains,
    judge_raw,
    judge_weighted,
)
from harness.evidence.missed import Missed
from harness.evidence.proposal import Mixture
from harness.evidence.search import Search
from harness.evidence.weights import Weighted
from harness.methods.chain_checks import ChainChecks
from harness.verdict.criteria import Judgement, Verdict

GOOD = ChainChecks(
    r_hat=1.001, ess_bulk=900, ess_tail=800, r_hat_log_p=1.002, divergent=0.0, e_bfmi=0.9
)
NONE_MISSED = Missed()


def search(n_reached: int = 20) -> Search:
    return Search(modes=(), n_starts=20, n_reached=n_reached, ends=np.empty((0, 1)))


def weighted(*, k_hat: float = 0.3, n_eff_square: float = 900.0, n: int = 2000) -> Weighted:
    ones = np.ones(n)
    return Weighted(
        points=ones[:, None],
        log_p=ones,
        log_weight=ones,
        weights=ones / n,
        k_hat=k_hat,
        n_eff=1500.0,
        n_eff_square=n_eff_square,
        proposal=Mixture(components=()),
    )


def chains(lost: Missed = NONE_MISSED, *, n_reached: int = 20, **changed: float) -> Judgement:
    checks = dataclasses.replace(GOOD, **changed)
    return judge_chains(checks, search(n_reached), lost, name="NUTS", divergent_limit=0.005)


def test_what_passes_is_trusted_but_for_modes_that_no_start_has_reached() -> None:
    for judgement in (chains(), judge_weighted(weighted(), search(), NONE_MISSED)):
        assert judgement.verdict is Verdict.TRUST
        assert NOT_EXCLUDED in judgement.reason
        assert judgement.nearness < 1


@pytest.mark.parametrize(
    ("changed", "criterion", "verdict"),
    [
        ({"r_hat": 1.02}, "r_hat", Verdict.UNKNOWN),
        ({"r_hat": np.inf}, "r_hat", Verdict.UNKNOWN),
        ({"ess_bulk": 399.0}, "ess_bulk", Verdict.UNKNOWN),
        ({"ess_tail": 1.0}, "ess_tail", Verdict.UNKNOWN),
        ({"divergent": 0.006}, "divergent_share", Verdict.UNKNOWN),
        ({"e_bfmi": 0.2}, "e_bfmi", Verdict.UNKNOWN),
        ({"r_hat_log_p": 1.02}, "r_hat_log_p", Verdict.MARGINALS),
        ({"lost": Missed(is_endless=True)}, "endless", Verdict.UNKNOWN),
        ({"n_reached": 9}, "reached_share", Verdict.UNKNOWN),
        ({"lost": Missed(share=0.2, mean_error_sd=0.31)}, "missed_mean_sd", Verdict.DO_NOT_TRUST),
        ({"lost": Missed(log_sd_ratio=0.23)}, "missed_log_sd_ratio", Verdict.DO_NOT_TRUST),
    ],
)
def test_each_diagnostic_of_chains_decides(
    changed: dict[str, Any], criterion: str, verdict: Verdict
) -> None:
    judgement = chains(**changed)
    assert (judgement.criterion, judgement.verdict) == (criterion, verdict)
    assert judgement.nearness > 1
    assert NOT_EXCLUDED in judgement.reason


def test_a_mode_that_does_no_harm_is_no_fault() -> None:
    assert chains(Missed(share=0.02, mean_error_sd=0.12, log_sd_ratio=0.1)).verdict == "trust"


def test_the_worst_verdict_counts() -> None:
    judgement = chains(Missed(share=0.5, mean_error_sd=1.0), r_hat=2.0, r_hat_log_p=2.0)
    assert judgement.verdict is Verdict.DO_NOT_TRUST


def test_a_tenth_of_the_draws_has_to_count() -> None:
    """With 526 of 7,628 effective an sd was 21% too small: hardly a draw was in its tail."""
    few, enough = (
        judge_weighted(weighted(n_eff_square=526.0, n=n), search(), NONE_MISSED)
        for n in (7628, 5000)
    )
    assert (few.verdict, few.criterion) == (Verdict.UNKNOWN, "n_eff_square")
    assert few.limit == pytest.approx(762.8)
    assert (enough.verdict, enough.limit) == (Verdict.TRUST, 500.0)


@pytest.mark.parametrize(
    ("changed", "criterion"),
    [({"k_hat": 0.71}, "k_hat_square"), ({"n_eff_square": 399.0}, "n_eff_square")],
)
def test_each_statistic_of_weights_decides(changed: dict[str, Any], criterion: str) -> None:
    judgement = judge_weighted(weighted(**changed), search(), NONE_MISSED)
    assert (judgement.criterion, judgement.verdict) == (criterion, Verdict.UNKNOWN)


def test_raw_draws_are_judged_against_those_that_may_be_trusted() -> None:
    right = np.random.default_rng(1).normal(size=(4000, 2))
    assert judge_raw(right[::2], right)[0].verdict is Verdict.TRUST
    assert judge_raw(right + 0.4, right)[0].verdict is Verdict.DO_NOT_TRUST
    assert judge_raw(0.5 * right, right)[0].verdict is Verdict.MEANS_ONLY
