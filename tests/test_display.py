"""What a study under way says where there is no terminal, and so no bar that moves."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from harness.api.running import _measured_beside
from harness.cli.display import Display, Mode
from harness.execution.events import EVENTS, Compiling, RunMeasured
from harness.execution.run import FittedRun
from harness.study.study import Run
from harness.summary.background import Background
from tests.fabricated import CELLS, fabricate


def tell(mode: Mode, folder: Path) -> None:
    """Compile, fit and measure a fabricated study."""
    study, fitted = fabricate(CELLS)
    with Display(study, mode=mode, log_file=folder / "run.log", n_at_once=1) as display:
        display.compiling(["ordered", "plain"], 1.0)
        display.compiling(["plain"], 2.0)
        display.measured(fitted[0].run, n_measured=1, n_runs=len(fitted))
        for item in fitted:
            display.finished(dataclasses.replace(item, from_store=True))
        display.measured(fitted[1].run, n_measured=2, n_runs=len(fitted))


def test_lines_say_that_it_compiles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell(Mode.USUAL, tmp_path)
    first, *others = capsys.readouterr().err.splitlines()
    assert first == "compiling ordered, plain (1 s)"
    assert not any(line.startswith("compiling") for line in others)  # not so soon again


def test_events_say_what_is_compiled_and_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(Mode.JSON, tmp_path)
    events = [EVENTS.validate_json(line) for line in capsys.readouterr().out.splitlines()]
    (compiling,) = (event for event in events if isinstance(event, Compiling))
    assert compiling.programs == ("ordered", "plain")
    measured = [event.n_measured for event in events if isinstance(event, RunMeasured)]
    assert measured == [1, 2]


class AtOnce:
    """Measures at once, as the thread may where it is quick."""

    def __init__(self) -> None:
        self.left: list[Run] = []

    def add(self, item: FittedRun) -> None:
        self.left.append(item.run)

    def news(self) -> Iterator[Run]:
        while self.left:
            yield self.left.pop()

    finish = news


def test_nothing_is_measured_before_it_is_said_that_all_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, fitted = fabricate(CELLS)
    with Display(study, mode=Mode.USUAL, log_file=tmp_path / "run.log", n_at_once=1) as display:

        def runs() -> Iterator[FittedRun]:
            for item in fitted:
                display.finished(dataclasses.replace(item, from_store=True))
                yield item

        background = cast("Background", AtOnce())
        assert _measured_beside(runs(), background, display, n_runs=len(fitted)) == fitted
    lines = capsys.readouterr().err.splitlines()
    said = next(i for i, line in enumerate(lines) if "measuring" in line)
    assert said == len(fitted)
    assert [line.partition(" ")[0] for line in lines[said + 1 :]] == ["measured"]


def test_quiet_is_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell(Mode.QUIET, tmp_path)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "compiling" not in captured.err
    assert "measured" not in captured.err
