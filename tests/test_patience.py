"""Places where a density takes very long are given up, and a budget of time is kept there."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.evidence import fitting, patience
from harness.evidence.judge import judge_nothing, judge_search
from harness.evidence.modes import find_modes
from harness.evidence.search import DEAR, Search
from harness.evidence.steps import Answer
from harness.methods.metered import Metered
from harness.program.log_density import Density, OutOfTimeError
from tests.known_posteriors import MODELS

MODEL = MODELS / "dear_far.stan"
#: Steps of a loop that never ends, and of none.
NEVER, NONE = 1e15, 0.0
#: Longer than what is near takes, on a busy machine too.
LEAST_S = 0.05


@pytest.fixture(scope="module")
def home(cmdstan_home: Path) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        yield cmdstan_home


@pytest.fixture
def quick(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is given up is given up soon."""
    monkeypatch.setattr(patience, "_LEAST_S", LEAST_S)
    return home


def searched(end: float, far: float, *, n_processes: int = 1) -> Search:
    densities = [harness.density(MODEL, {"end": end, "far": far}) for _ in range(n_processes)]
    try:
        return find_modes(Metered(*densities), np.random.default_rng(2))
    finally:
        for density in densities:
            density.close()


@pytest.mark.parametrize("n_processes", [1, 2])
@pytest.mark.usefixtures("quick")
def test_a_search_ends_where_far_places_never_do(n_processes: int) -> None:
    found, even = searched(NEVER, 15.0, n_processes=n_processes), searched(NONE, 15.0)
    (mode,), (same,) = found.modes, even.modes
    np.testing.assert_array_equal(mode.point, same.point)
    assert even.n_dear == even.n_dear_far == 0
    assert found.n_dear > 0 < found.n_dear_far
    assert found.n_starts - found.n_dear == found.n_reached
    assert DEAR in found.words()
    assert DEAR not in even.words()


@pytest.mark.usefixtures("quick")
def test_what_was_given_up_makes_a_verdict_weaker() -> None:
    # most starts climb through places that take for ever, or begin there
    found = searched(NEVER, 0.7)
    assert found.n_dear > found.n_reached
    judgement = judge_search(found)
    assert judgement.criterion == "reached_share"
    assert DEAR in judgement.reason


@pytest.mark.usefixtures("quick")
def test_a_density_that_is_slow_everywhere_is_not_given_up() -> None:
    # a tenth of a second each: only what costs a hundred times as much is dear
    with harness.density(MODEL, {"end": 5e7, "far": 0.0}) as density:
        target = Metered(density)
        points = [np.array([3.0]), np.array([30.0])]
        patient = patience.Patience(target, points[:1])
        assert [patient.value(target, point) for point in points] == pytest.approx(
            target.log_density(np.array(points))
        )


@pytest.fixture
def endless(home: Path) -> Iterator[Density]:  # noqa: ARG001 - for the CmdStan home
    with harness.density(MODEL, {"end": NEVER, "far": 15.0}) as opened:
        yield opened


def test_an_evaluation_stops_when_the_time_is_up(endless: Density) -> None:
    target = Metered(endless, budget_s=0.3)
    begun = time.perf_counter()
    with pytest.raises(OutOfTimeError), target.in_time():
        target.gradient(np.array([20.0]))
    assert time.perf_counter() - begun < 5
    # and the density is as it was
    assert endless.gradient([2.0]).gradient == pytest.approx([-2.0])


def test_draws_without_a_density_in_time_are_left_out(
    endless: Density, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.methods.metered._LATE_S", 0.3)
    points = np.array([[1.0]] * 20 + [[20.0]] * 3)
    values = Metered(endless, budget_s=0.1).late_log_density(points)
    assert np.isfinite(values[:16]).all()  # of whole calls
    assert np.isneginf(values[16:]).all()


@pytest.mark.usefixtures("home")
def test_a_fit_keeps_its_budget_where_the_density_does_not_end() -> None:
    begun = time.perf_counter()
    with pytest.raises(harness.HarnessError, match=r"0\.5 s"):
        harness.fit(MODEL, {"end": NEVER, "far": 0.0}, budget_s=0.5)
    assert time.perf_counter() - begun < 15


def test_when_the_time_is_up_draws_are_thinned_that_would_take_long(
    endless: Density, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = np.arange(2000.0).reshape(2, 1000, 1)
    answer = Answer(
        title="",
        points=points,
        log_p=points[..., 0],
        judgement=judge_nothing(""),
        kind="moved",
    )
    monkeypatch.setattr(fitting, "_LATE_S", 1e9)
    assert fitting._fewer(endless, answer).points.shape == (2, 1000, 1)
    monkeypatch.setattr(fitting, "_LATE_S", 1e-9)
    fewer = fitting._fewer(endless, answer)
    np.testing.assert_array_equal(fewer.points, points[:, ::20])
    np.testing.assert_array_equal(fewer.log_p, points[:, ::20, 0])
