"""Attempts after a failure, without CmdStan."""

import re

import pytest

from harness.errors import FitError
from harness.fits.fit import Cost, Diagnostics, Fit, Status
from harness.methods.retries import attempt_seed, fit_with_retries

FITTED = Fit(
    status=Status.OK,
    diagnostics=Diagnostics(elbo=-1.0),
    fit_time_s=2.0,
    cost=Cost(adapt_time_s=0.5, run_time_s=1.5, n_gradients=10),
    warnings=("a note",),
)


class Attempts:
    """Fails with each reason in turn, then fits."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = list(reasons)
        self.seeds: list[int] = []

    def __call__(self, seed: int) -> Fit:
        self.seeds.append(seed)
        if self.reasons:
            raise FitError(self.reasons.pop(0))
        return FITTED


def test_first_attempt_has_the_runs_seed_and_leaves_the_fit_as_it_is() -> None:
    attempts = Attempts()
    fit = fit_with_retries(attempts, seed=7, max_retries=2)
    assert attempts.seeds == [7]
    assert fit.diagnostics == Diagnostics(elbo=-1.0, n_retries=0)
    assert (fit.warnings, fit.cost, fit.fit_time_s) == (FITTED.warnings, FITTED.cost, 2.0)


def test_later_attempts_have_their_own_seeds_and_are_told() -> None:
    attempts = Attempts("no step size", "not finite")
    fit = fit_with_retries(attempts, seed=7, max_retries=2)
    assert attempts.seeds == [attempt_seed(7, attempt) for attempt in range(3)]
    assert len({*attempts.seeds, attempt_seed(8, 1), attempt_seed(8, 2)}) == 5
    assert fit.diagnostics.n_retries == 2
    first, second, note = fit.warnings
    assert re.findall(r"\d+", first) == ["1", "7"]
    assert first.endswith(": no step size")
    assert re.findall(r"\d+", second) == ["2", str(attempts.seeds[1])]
    assert second.endswith(": not finite")
    assert note == "a note"
    assert fit.fit_time_s is not None
    assert fit.cost.run_time_s is not None
    assert fit.fit_time_s > 2.0
    assert fit.fit_time_s - 2.0 == pytest.approx(fit.cost.run_time_s - 1.5)
    assert fit.cost.adapt_time_s == 0.5


def test_seeds_suit_cmdstan() -> None:
    seeds = [attempt_seed(seed, attempt) for seed in (1, 2**31 - 1) for attempt in range(50)]
    assert len(set(seeds)) == 100
    assert all(1 <= seed < 2**31 for seed in seeds)


def test_last_failure_names_the_attempts() -> None:
    with pytest.raises(FitError, match=r"^flat$"):
        fit_with_retries(Attempts("flat"), seed=7, max_retries=0)
    with pytest.raises(FitError, match=r"\(seeds 7, \d+\).*: bad$"):
        fit_with_retries(Attempts("bad", "bad"), seed=7, max_retries=1)
    with pytest.raises(FitError, match=r"1 \(seed 7\).*: a; .*2 \(seed \d+\).*: b$"):
        fit_with_retries(Attempts("a", "b"), seed=7, max_retries=1)


def test_attempts_that_fail_alike_are_told_together() -> None:
    reasons = ("scale is -0.5, not positive", "not finite", "scale is -2, not positive")
    fit = fit_with_retries(Attempts(*reasons), seed=7, max_retries=3)
    seeds = [attempt_seed(7, attempt) for attempt in range(3)]
    alike, other, _ = fit.warnings
    assert re.findall(r"\d+", alike)[:4] == ["1", "3", str(seeds[0]), str(seeds[2])]
    assert alike.endswith(f": {reasons[0]}")
    assert re.findall(r"\d+", other) == ["2", str(seeds[1])]


def test_other_errors_are_not_tried_again() -> None:
    calls: list[int] = []

    def broken(seed: int) -> Fit:
        calls.append(seed)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fit_with_retries(broken, seed=7, max_retries=2)
    assert calls == [7]
