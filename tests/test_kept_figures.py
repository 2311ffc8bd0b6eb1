"""Figures are drawn once, and again only if something that decides them has changed."""

from pathlib import Path

import pytest

from harness.api import figures
from harness.plot import CAPTIONS_FILE, CaptionedFigure, write_figure_files
from harness.store import Store
from tests.test_measuring import stored


@pytest.mark.slow
def test_figures_are_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(folder=tmp_path / "store")
    study, fitted = stored(store)
    first = figures.drawn_figures(study, fitted, published=None, store=store)
    assert CAPTIONS_FILE in first
    drawn: list[int] = []

    def counted(*_: object, **__: object) -> dict[str, CaptionedFigure]:
        drawn.append(1)
        return {}

    monkeypatch.setattr(figures, "study_figures", counted)
    assert figures.drawn_figures(study, fitted, published=None, store=store) == first
    assert not drawn
    figures.drawn_figures(study, fitted[:-1], published=None, store=store)
    assert len(drawn) == 1
    monkeypatch.setattr(figures, "plotting_digest", lambda: "other code")
    figures.drawn_figures(study, fitted, published=None, store=store)
    assert len(drawn) == 2


def test_figures_that_are_no_longer_drawn_are_removed(tmp_path: Path) -> None:
    write_figure_files({"a.png": b"1", "a.svg": b"2", CAPTIONS_FILE: b"[]"}, tmp_path)
    write_figure_files({"b.png": b"3", CAPTIONS_FILE: b"[]"}, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["b.png", CAPTIONS_FILE]
