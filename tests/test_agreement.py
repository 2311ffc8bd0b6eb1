"""Runs of one method from several seeds: a fit is trusted fully only if they agree."""

import dataclasses

import pytest

from harness.methods.nuts import Nuts
from harness.study.comparison import Comparison, comparison_study
from tests.cases import DATA
from tests.test_summary import (
    PLAIN,
    fitted,
    gaussian_approximation,
    gaussian_chains,
    tables,
)

REFERENCE = fitted(gaussian_chains(n_draws=4000), program=PLAIN, method=Nuts(n_draws=4000))
AR1 = DATA / "models" / "ar1.stan"


def verdicts(*sds: float) -> list[dict[str, object]]:
    """Judge runs of one method, each with another sd."""
    runs = [
        fitted(gaussian_approximation(sd=sd, seed=5 + i, n_draws=8000), program=PLAIN, replicate=i)
        for i, sd in enumerate(sds, start=1)
    ]
    return tables(*runs, reference=REFERENCE).fits[: len(sds)]


def test_runs_that_agree_are_trusted() -> None:
    rows = verdicts(1.0, 1.0, 1.0)
    assert [row["verdict"] for row in rows] == ["trust"] * 3
    assert {(row["n_runs"], row["n_disagreeing"]) for row in rows} == {(3, 0)}


def test_a_run_is_not_trusted_fully_if_another_is_wrong() -> None:
    """Its own errors are within their limits."""
    rows = verdicts(1.0, 0.5, 1.0)
    assert [row["verdict"] for row in rows] == ["marginals", "means only", "marginals"]
    assert [row["n_disagreeing"] for row in rows] == [1, 2, 1]
    for row in (rows[0], rows[2]):
        assert (row["decided_by"], row["decided_value"]) == ("n_disagreeing", 1)
        assert "1 run" in str(row["verdict_reason"])
    assert rows[1]["decided_by"] == "log_sd_ratio"


@pytest.mark.slow
def test_one_run_is_judged_and_says_that_it_is_one() -> None:
    (row,) = verdicts(1.0)
    assert row["verdict"] == "trust"
    assert "one run" in str(row["verdict_reason"])
    assert all("one run" not in str(row["verdict_reason"]) for row in verdicts(1.0, 1.0))


@pytest.mark.parametrize("asked", [None, 1, 5])
def test_a_comparison_runs_each_approximation_three_times_and_nuts_once(asked: int | None) -> None:
    comparison = Comparison(model=AR1, data=AR1.with_suffix(".json"))
    if asked is not None:
        comparison = dataclasses.replace(comparison, replicates=asked)
    n_runs: dict[str, int] = {}
    for run in comparison_study(comparison).runs:
        name = f"{run.method.name} {run.variant}"
        n_runs[name] = n_runs.get(name, 0) + 1
    expected = 3 if asked is None else asked
    assert n_runs.pop("nuts reference") == n_runs.pop("nuts default") == 1
    assert set(n_runs.values()) == {expected}
    reference = comparison_study(comparison).runs[0].method
    assert isinstance(reference, Nuts)
    assert (reference.min_ess, reference.adapt_delta_retries) == (2000, (0.99, 0.999))
    opponents = ("vi_meanfield", "vi_fullrank", "vi_lowrank", "advi", "pathfinder", "laplace")
    assert set(n_runs) == {f"{name} default" for name in opponents}
