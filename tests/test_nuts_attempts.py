"""Chains that run again: which options are tried, what is kept, and what it costs."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harness.errors import FitError
from harness.fits.fit import Cost, Diagnostics, Fit
from harness.methods.nuts import Nuts
from harness.methods.nuts_attempts import run_attempts, smallest_ess
from harness.summary.reference import sampler_problems
from tests.cases import known_fit

REFERENCE = Nuts(**Nuts.reference_options)


def sampler(
    n_divergent: Callable[[Nuts], int], *, correlation: float = 0.0
) -> tuple[Callable[[Nuts, int], Fit], list[tuple[float, int, int]]]:
    """Return a sampler whose divergences are known, and the list of its calls."""
    calls: list[tuple[float, int, int]] = []

    def sample(method: Nuts, seed: int) -> Fit:
        calls.append((method.adapt_delta, method.n_draws, seed))
        draws = np.random.default_rng(1).standard_normal((4, method.n_draws, 2))
        for i in range(1, method.n_draws):
            draws[:, i] *= np.sqrt(1 - correlation**2)
            draws[:, i] += correlation * draws[:, i - 1]
        return replace(
            known_fit({"theta": draws}),
            diagnostics=Diagnostics(n_divergent=n_divergent(method)),
            fit_time_s=1.0,
            cost=Cost(adapt_time_s=0.25, run_time_s=0.75, n_gradients=10),
        )

    return sample, calls


def run(method: Nuts, sample: Callable[[Nuts, int], Fit]) -> Fit:
    return run_attempts(
        method,
        sample,
        seed=5,
        adapt_deltas=method.adapt_delta_retries,
        min_ess=method.min_ess,
    )


def test_divergences_lead_to_smaller_steps_and_each_attempt_is_told() -> None:
    sample, calls = sampler(lambda method: 7 if method.adapt_delta < 0.99 else 0)
    fit = run(REFERENCE, sample)
    assert [call[0] for call in calls] == [0.95, 0.99]
    assert len({call[2] for call in calls}) == 2
    assert calls[0][2] == 5
    assert fit.diagnostics.n_divergent == 0
    assert fit.diagnostics.n_retries == 1
    assert fit.diagnostics.attempts is not None
    first, second = fit.diagnostics.attempts
    assert "0.95" in first
    assert "7 transitions" in first
    assert "0.99" in second
    assert (fit.fit_time_s, fit.cost.n_gradients) == (2.0, 20)
    assert fit.cost.adapt_time_s == 0.5
    assert list(sampler_problems(fit)) == []


def test_what_diverges_still_says_what_was_tried_and_what_to_do() -> None:
    sample, calls = sampler(lambda _: 3)
    fit = run(REFERENCE, sample)
    assert [call[0] for call in calls] == [0.95, 0.99, 0.999]
    (problem,) = sampler_problems(fit)
    assert all(delta in problem for delta in ("0.95", "0.99", "0.999", "non-centred"))


@pytest.mark.parametrize(("n_divergent", "n_calls"), [(40, 2), (41, 1)])
def test_smaller_steps_are_tried_only_where_few_transitions_diverge(
    n_divergent: int, n_calls: int
) -> None:
    sample, calls = sampler(lambda _: n_divergent)
    run_attempts(
        *(Nuts(n_draws=1000), sample),
        seed=5,
        adapt_deltas=(0.99,),
        min_ess=None,
        most_divergent=0.01,
    )
    assert [call[0] for call in calls] == [0.8, 0.99][:n_calls]


def test_chains_as_the_user_asks_for_run_once() -> None:
    sample, calls = sampler(lambda _: 3, correlation=0.9)
    fit = run(Nuts(n_draws=300), sample)
    assert len(calls) == 1
    assert fit.diagnostics.attempts is None
    (problem,) = sampler_problems(fit)
    assert "raise adapt_delta" in problem


@pytest.mark.parametrize(
    ("correlation", "times"), [(0.0, None), (0.7, 2), (0.85, 4), (0.999, None)]
)
def test_too_few_effective_draws_lead_to_longer_chains(
    correlation: float, times: int | None
) -> None:
    """With correlation r the chains are worth (1 - r) / (1 + r) of their draws."""
    sample, calls = sampler(lambda _: 0, correlation=correlation)
    fit = run(REFERENCE, sample)
    lengths = [call[1] for call in calls]
    assert lengths == ([2000] if times is None else [2000, times * 2000])
    assert fit.read_draws()["posterior"].sizes["draw"] == lengths[-1]
    if times is not None:
        assert smallest_ess(fit.read_draws()["posterior"].to_dataset()) > 1800


def test_a_later_attempt_that_fails_leaves_the_one_before() -> None:
    good, calls = sampler(lambda _: 3)

    def sample(method: Nuts, seed: int) -> Fit:
        if calls:
            raise FitError("the chains gave no draws")
        return good(method, seed)

    fit = run(REFERENCE, sample)
    assert fit.diagnostics.n_divergent == 3
    assert fit.diagnostics.attempts is not None
    assert "no draws" in fit.diagnostics.attempts[-1]
