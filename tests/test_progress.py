"""The time left is estimated from the runs that are most alike."""

import dataclasses

import pytest

from harness.execution.progress import Pace, Progress, compiling_line, time_text
from harness.fits.fit import Status
from harness.methods.laplace import Laplace
from harness.methods.nuts import Nuts
from harness.study.study import Run

SLOW = Run(dataset="d", program="p", method=Nuts(), variant="v", replicate=1, seed=1)
QUICK = dataclasses.replace(SLOW, method=Laplace())


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def replicates(run: Run, n: int) -> list[Run]:
    return [dataclasses.replace(run, replicate=i, seed=i) for i in range(1, n + 1)]


def test_time_left_is_each_cells_own() -> None:
    clock = Clock()
    slow, quick = replicates(SLOW, 3), replicates(QUICK, 5)
    progress = Progress(8, clock=clock)
    progress.plan([*slow, *quick])
    assert progress.time_left_s() is None
    for run, lasts_s in ((slow[0], 10.0), (quick[0], 1.0)):
        progress.start(run)
        clock.now += lasts_s
        progress.finish(run, status=Status.OK)
    assert progress.time_left_s() == pytest.approx(2 * 10 + 4 * 1)
    progress.start(slow[1])
    clock.now += 4
    assert progress.time_left_s() == pytest.approx(20)
    assert progress.running == (slow[1],)
    clock.now += 100  # far longer than expected
    assert progress.time_left_s() == pytest.approx(10 + 4)


def test_stored_fits_tell_and_failures_do_not() -> None:
    progress = Progress(4, n_at_once=2)
    stored, failed, *left = replicates(SLOW, 4)
    progress.plan(left)
    progress.finish(failed, status=Status.FAILED)
    assert progress.time_left_s() is None
    progress.finish(stored, status=Status.OK, stored_time_s=8.0)
    assert progress.time_left_s() == pytest.approx(8)  # two fits, two at once
    assert progress.n_finished == 2


def test_nothing_left_takes_no_time() -> None:
    assert Progress(3).time_left_s() == 0


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "?"), (5.4, "5 s"), (90, "2 min"), (5400, "1.5 h")]
)
def test_times_are_short(seconds: float | None, text: str) -> None:
    assert time_text(seconds) == text


def test_lines_come_now_and_then() -> None:
    clock = Clock()
    pace = Pace(10.0, clock=clock)
    due = []
    for clock.now in (0.0, 1.0, 9.9, 10.0, 15.0, 40.0):
        due.append(pace.is_due())
    assert due == [True, False, False, True, False, True]


def test_what_is_compiled_stands_in_a_line() -> None:
    assert compiling_line(["gmm", "other"], 75.0) == "compiling gmm, other (1 min)"
