"""What a study under way says where there is no terminal, and so no bar that moves."""

import dataclasses
from pathlib import Path

import pytest

from harness.cli.display import Display, Mode
from harness.execution.events import EVENTS, Compiling, RunMeasured
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


def test_quiet_is_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell(Mode.QUIET, tmp_path)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "compiling" not in captured.err
    assert "measured" not in captured.err
