"""What is measured of fits: kept, never stale, beside fits, and never lost to one fault."""

import dataclasses
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from harness.api.result import make_result
from harness.execution.pool import LocalPool
from harness.execution.run import FittedRun, Observer
from harness.fits.fit import Fit, Status
from harness.fits.quantities import quantities
from harness.results.columns import COMPARISON_COLUMNS, FITS_COLUMNS, STABILITY_COLUMNS, make_table
from harness.store import Measurements, Store
from harness.store.upkeep import collect_garbage
from harness.study.study import Study
from harness.summary import Background, Measuring, StudyTables, kept, measuring, summarise
from harness.summary.measure import measure
from harness.summary.reference import chain_problems
from tests.cases import PROJECT, known_fit
from tests.fabricated import CELLS, ORDERED_NUTS, fabricate, make_program
from tests.imported import files_imported_by

#: One fit of each kind: the reference, labels that switch, a failure, replicates.
FEW = (*CELLS[:3], *CELLS[4:7])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(folder=tmp_path / "store")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seeds of the fits that are measured, not found."""
    seeds: list[int] = []

    def watched(fit: Fit, *rest: Any, seed: int, **options: Any) -> Any:
        seeds.append(seed)
        return measure(fit, *rest, seed=seed, **options)

    monkeypatch.setattr(measuring, "measure", watched)
    return seeds


def stored(store: Store) -> tuple[Study, list[FittedRun]]:
    """A fabricated study whose fits are in a store."""
    study, fitted = fabricate(FEW, reference=ORDERED_NUTS)
    kept_fits = [
        dataclasses.replace(item, key=f"{i:064x}", fit=store.save(f"{i:064x}", item.fit))
        if item.fit.status is Status.OK
        else item
        for i, item in enumerate(fitted)
    ]
    return study, kept_fits


def n_ok(fitted: list[FittedRun]) -> int:
    return sum(item.fit.status is Status.OK for item in fitted)


def csv(summary: StudyTables) -> list[str]:
    """The tables as they are written."""
    return [
        make_table(rows, columns).to_csv(float_format="%.17g")
        for rows, columns in (
            (summary.comparison, COMPARISON_COLUMNS),
            (summary.fits, FITS_COLUMNS),
            (summary.stability, STABILITY_COLUMNS),
        )
    ]


def test_kept_figures_give_the_same_tables_to_the_last_digit(
    store: Store, counted: list[int]
) -> None:
    study, fitted = stored(store)
    fresh = csv(summarise(study, fitted, {}))
    counted.clear()
    first = csv(summarise(study, fitted, {}, measuring=Measuring(study, {}, store=store)))
    assert len(counted) == n_ok(fitted)
    again = csv(summarise(study, fitted, {}, measuring=Measuring(study, {}, store=store)))
    assert len(counted) == n_ok(fitted)
    assert fresh == first == again


@pytest.mark.slow
def test_a_damaged_measurement_is_made_again(store: Store, counted: list[int]) -> None:
    study, fitted = stored(store)
    first = csv(summarise(study, fitted, {}, measuring=Measuring(study, {}, store=store)))
    counted.clear()
    file = next((store.folder / "measured").glob("*/*.json"))
    file.write_bytes(file.read_bytes().replace(b"0", b"1", 1))
    again = csv(summarise(study, fitted, {}, measuring=Measuring(study, {}, store=store)))
    assert again == first
    assert all(item.is_whole for item in Measurements(store=store).all())


def _other_code(monkeypatch: pytest.MonkeyPatch, store: Store, fitted: list[FittedRun]) -> None:
    del store, fitted
    monkeypatch.setattr(kept, "measuring_digest", lambda: "another")


def _other_reference(
    monkeypatch: pytest.MonkeyPatch, store: Store, fitted: list[FittedRun]
) -> None:
    """The reference's key is the same, its draws are others."""
    del monkeypatch
    key = fitted[0].key
    store.remove(key)
    _, others = fabricate(
        tuple(dataclasses.replace(cell, shift=0.1) for cell in FEW[:1]), reference=ORDERED_NUTS
    )
    fitted[0] = dataclasses.replace(fitted[0], fit=store.save(key, others[0].fit))


@pytest.mark.parametrize("change", [_other_code, _other_reference])
def test_what_has_changed_is_measured_again(
    change: Callable[[pytest.MonkeyPatch, Store, list[FittedRun]], None],
    store: Store,
    counted: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study, fitted = stored(store)
    summarise(study, fitted, {}, measuring=Measuring(study, {}, store=store))
    counted.clear()
    change(monkeypatch, store, fitted)
    summarise(study, fitted, {}, measuring=Measuring(study, {}, store=store))
    assert len(counted) == n_ok(fitted)


#: What the measuring modules import and what decides no figure: types, errors, checks of input,
#: the program's names (which are in a measurement's name themselves).
NO_FIGURES = {
    "cmdstan/guarded.py",
    "data/dataset.py",
    "data/filed_variables.py",
    "data/generators.py",
    "data/json_file.py",
    "data/json_scanner.py",
    "data/npy_file.py",
    "data/row_tables.py",
    "data/stan_json.py",
    "data/stan_values.py",
    "errors.py",
    "folders.py",
    "messages/clauses.py",
    "messages/docstrings.py",
    "messages/faults.py",
    "messages/numerals.py",
    "messages/toml_table.py",
    "program/contract.py",
    "program/declared_data.py",
    "program/mir.py",
    "program/program.py",
    "program/stanc.py",
    "summary/reference.py",
    "verdict/criteria.py",
    "verdict/mixing.py",
    "verdict/outcome.py",
    "verdict/rule.py",
    "verdict/rules.py",
}


def test_the_digest_covers_all_code_that_makes_figures() -> None:
    package = PROJECT / "harness"
    covered = {path for pattern in kept.MEASURING_CODE for path in package.glob(pattern)}
    assert all(list(package.glob(pattern)) for pattern in kept.MEASURING_CODE)
    imported = files_imported_by(package / "summary" / "measure.py")
    left = {
        path.relative_to(package).as_posix()
        for path in imported - covered
        if "cmdstan" not in path.parts
    }
    assert left <= NO_FIGURES


@pytest.mark.slow
@pytest.mark.parametrize("backwards", [False, True])
def test_the_order_of_measuring_changes_nothing(store: Store, *, backwards: bool) -> None:
    study, fitted = stored(store)
    expected = csv(summarise(study, fitted, {}))
    own = Measuring(study, {}, store=store)
    with LocalPool(1) as pool, Background(own, spare=pool.spare) as background:
        for item in reversed(fitted) if backwards else fitted:
            background.add(item)
        told = list(background.finish())
    assert sorted(run.label for run in told) == sorted(item.run.label for item in fitted)
    assert csv(summarise(study, fitted, {}, measuring=own)) == expected


def test_a_fit_that_cannot_be_measured_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    study, fitted = fabricate(FEW, reference=ORDERED_NUTS)
    broken = fitted[2]

    def breaks(fit: Fit, *rest: Any, **options: Any) -> Any:
        if fit is broken.fit:
            raise ZeroDivisionError("by what?")
        return measure(fit, *rest, **options)

    monkeypatch.setattr(measuring, "measure", breaks)
    result = make_result(study, fitted, references={})
    row = result.fits_table.iloc[2]
    assert row["status"] == "failed"
    assert "ZeroDivisionError: by what?" in row["reason"]
    others = result.fits_table.drop(index=result.fits_table.index[2])
    assert (others["status"] == "failed").sum() == 1  # the fabricated failure
    assert result.fitted[2].fit.status is Status.FAILED


@pytest.mark.slow
def test_gc_removes_measurements_that_serve_no_fit(store: Store) -> None:
    study, fitted = stored(store)
    summarise(study, fitted, {}, measuring=Measuring(study, {}, store=store))
    code = (kept.measuring_digest(),)
    n_all = len(list(Measurements(store=store).all()))
    assert n_all > n_ok(fitted)  # those of replicates together, too
    assert collect_garbage(store, None, dry_run=False, codes=code).n_measurements == 0
    gone = fitted[2].key
    n_gone = sum(1 for file in (store.folder / "measured" / gone).rglob("*") if file.is_file())
    kept_keys = {item.key for item in fitted} - {gone}
    removal = collect_garbage(store, kept_keys, dry_run=False, codes=code)
    assert removal.n_measurements == n_gone >= 1
    assert not (store.folder / "measured" / gone).exists()
    assert (
        collect_garbage(store, None, dry_run=False, codes=("x",)).n_measurements == n_all - n_gone
    )


def test_measuring_waits_for_a_core(store: Store) -> None:
    study, fitted = stored(store)
    free = threading.Semaphore(0)

    class Spare:
        def __enter__(self) -> None:
            free.acquire()

        def __exit__(self, *_: object) -> None:
            free.release()

    own = Measuring(study, {}, store=store)
    with Background(own, spare=Spare) as background:
        background.add(fitted[0])
        assert list(background.news()) == []
        free.release()
        assert len(list(background.finish())) == 1


def test_the_end_waits_for_the_measurement_under_way_and_no_other() -> None:
    _, fitted = fabricate(FEW[:2])
    begun, done = threading.Event(), []

    class Slow:
        def is_ready(self, _: object) -> bool:
            return True

        def take(self, item: object) -> None:
            begun.set()
            time.sleep(0.2)
            done.append(item)

    background = Background(cast("Measuring", Slow()), spare=nullcontext)
    with suppress(KeyboardInterrupt), background:
        for item in fitted[:2]:
            background.add(item)
        begun.wait()
        raise KeyboardInterrupt
    assert done == [fitted[0]]
    assert list(background.finish()) == [fitted[0].run]


def test_observers_do_nothing_by_themselves() -> None:
    _, fitted = fabricate(FEW[:1])
    Observer().compiling(["p"], 1.0)
    Observer().measured(fitted[0].run, n_measured=1, n_runs=2)


def test_draws_near_the_largest_double_are_measured_without_warnings() -> None:
    """Chains of an improper posterior: their moments overflow, and the verdict says enough."""
    rng = np.random.default_rng(5)
    draws = {"mu": 1.5e308 * rng.uniform(-1, 1, (4, 100))}
    named = quantities(draws, make_program("flat", mixture=False))
    found = measure(known_fit(draws), named, against=None, seed=1)
    assert not np.isfinite(found.quantities[0].moments.sd)
    assert chain_problems(draws)
