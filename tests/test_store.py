"""The store gives back what it was given, and nothing that is damaged or incomplete."""

import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.errors import StoreError
from harness.fits.fit import Cost, Diagnostics, DrawKind, Fit, Status, failed_fit
from harness.methods import Method
from harness.methods.advi import Advi, AdviFullrank
from harness.methods.nuts import Nuts
from harness.methods.subsample_advi import SubsampleAdvi
from harness.program.compilation import CompiledProgram
from harness.store import About, FitContent, Store, fit_key
from harness.store import folder as folder_module
from harness.store import key as key_module
from harness.study.study import Run
from tests.cases import MIXTURE, PROJECT, known_fit, pretend_compiled
from tests.imported import files_imported_by

KEY = "ab" + "0" * 62
ROWS = np.arange(6.0).reshape(3, 2)
RUN = Run(
    dataset="small", program="gmm", method=Advi(eta=0.1), variant="tuned", replicate=1, seed=7
)


def a_fit(scale: float = 1.0) -> Fit:
    rng = np.random.default_rng(3)
    draws = {"mu": scale * rng.standard_normal((2, 50, 2, 2)), "pi": rng.random((2, 50, 2))}
    diagnostics = Diagnostics(
        n_divergent=3,
        elbo=-17.25,
        converged="no",
        may_be_diverging=True,
        etas_tried=(100.0, 10.0),
        n_retries=1,
    )
    fit = known_fit(draws, draw_kind=DrawKind.INDEPENDENT, diagnostics=diagnostics)
    cost = Cost(adapt_time_s=0.25, run_time_s=1.0, n_gradients=400)
    return dataclasses.replace(fit, cost=cost)


def entry_files(folder: Path) -> dict[str, Path]:
    return {file.name: file for file in folder.rglob("*") if file.is_file()}


def test_fit_comes_back_as_it_was(tmp_path: Path) -> None:
    store = Store(folder=tmp_path / "fits")
    fit = a_fit()
    store.save(KEY, fit)
    loaded = store.load(KEY)
    assert loaded is not None
    assert loaded.read_draws().identical(fit.read_draws())
    assert dataclasses.replace(loaded, draws=None) == dataclasses.replace(fit, draws=None)


def test_unknown_key_gives_nothing(tmp_path: Path) -> None:
    store = Store(folder=tmp_path)
    assert store.load(KEY) is None
    store.save(KEY, a_fit())
    assert store.load("ac" + KEY[2:]) is None


@pytest.mark.parametrize("name", ["draws.nc", "fit.json", "sha256"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:0],
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content[:60] + bytes([content[60] ^ 1]) + content[61:],
    ],
    ids=["empty", "last byte lost", "half", "one bit"],
)
def test_damaged_entry_is_not_returned(
    tmp_path: Path, name: str, damage: Callable[[bytes], bytes]
) -> None:
    store = Store(folder=tmp_path)
    store.save(KEY, a_fit())
    file = entry_files(tmp_path)[name]
    file.write_bytes(damage(file.read_bytes()))
    assert store.load(KEY) is None


@pytest.mark.parametrize("name", ["draws.nc", "fit.json", "sha256"])
def test_incomplete_entry_is_not_returned_and_is_replaced(tmp_path: Path, name: str) -> None:
    store = Store(folder=tmp_path)
    store.save(KEY, a_fit())
    entry_files(tmp_path)[name].unlink()
    assert store.load(KEY) is None
    store.save(KEY, a_fit())
    assert store.load(KEY) is not None


def test_interrupted_save_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(folder=tmp_path)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folder_module, "sync_folder", interrupted)
    fit = a_fit()
    with pytest.raises(KeyboardInterrupt):
        store.save(KEY, fit)
    assert store.load(KEY) is None
    assert entry_files(tmp_path).keys() <= {".lock"}


@pytest.mark.parametrize(
    "fit",
    [
        failed_fit(Status.FAILED, "broke"),
        failed_fit(Status.NOT_APPLICABLE, "does not apply"),
        Fit(status=Status.OK),
        dataclasses.replace(a_fit(), status=Status.FAILED),
    ],
    ids=["failed", "not applicable", "without draws", "failed with draws"],
)
def test_only_good_fits_are_kept(tmp_path: Path, fit: Fit) -> None:
    store = Store(folder=tmp_path)
    with pytest.raises(StoreError, match=f"status '{fit.status}' .*"):
        store.save(KEY, fit)
    assert entry_files(tmp_path) == {}


def test_unwritable_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "fits").write_text("a file where the folder should be")
    store = Store(folder=tmp_path / "fits")
    assert store.load(KEY) is None
    with pytest.raises(StoreError, match=r"fits'"):
        store.save(KEY, a_fit())


def test_two_writers_of_one_key_leave_a_whole_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_have_written = threading.Barrier(2, timeout=30)
    write = folder_module._write_entry

    def write_and_wait(folder: Path, content: FitContent, about: About | None) -> None:
        write(folder, content, about)
        both_have_written.wait()

    monkeypatch.setattr(folder_module, "_write_entry", write_and_wait)
    store = Store(folder=tmp_path)
    fit = a_fit()
    with ThreadPoolExecutor(2) as pool:
        for turn in range(10):
            if turn % 2:
                entry_files(tmp_path)["draws.nc"].write_bytes(b"damaged")
            for writer in [pool.submit(store.save, KEY, fit) for _ in range(2)]:
                writer.result()
    files = [file.name for file in tmp_path.rglob("*") if file.is_file()]
    assert sorted(files) == [".lock", "draws.nc", "fit.json", "sha256"]
    assert store.load(KEY) is not None


def key(
    *,
    run: Run = RUN,
    program: CompiledProgram | None = None,
    rows: Any = ROWS,
    name: str = "small",
) -> str:
    compiled = program or pretend_compiled()
    return fit_key(run, compiled.program, compiled.digest, Dataset(name=name, rows=rows))


def test_key_is_the_same_for_the_same_run() -> None:
    assert key() == key()
    assert len(key()) == 64
    relabelled = dataclasses.replace(RUN, variant="other", replicate=2, dataset="d", program="p")
    assert key(run=relabelled, name="d") == key()  # names decide nothing but the seed


@pytest.mark.parametrize(
    "other",
    [
        lambda: key(run=dataclasses.replace(RUN, seed=8)),
        lambda: key(run=dataclasses.replace(RUN, method=Advi(eta=0.2))),
        lambda: key(run=dataclasses.replace(RUN, method=Advi(eta=0.1, n_draws=3999))),
        lambda: key(run=dataclasses.replace(RUN, method=AdviFullrank(eta=0.1))),
        lambda: key(run=dataclasses.replace(RUN, method=Nuts())),
        lambda: key(run=dataclasses.replace(RUN, method=SubsampleAdvi(eta=0.1, m=3))),
        lambda: key(rows=ROWS[::-1]),
        lambda: key(rows=ROWS[:2]),
        lambda: key(rows=np.nextafter(ROWS, 9)),
        lambda: key(program=pretend_compiled(digest="e2" * 32)),
        lambda: key(program=pretend_compiled(dataclasses.replace(MIXTURE, data={"prior_sd": 3.0}))),
    ],
    ids=[
        "seed",
        "option",
        "default option",
        "algorithm",
        "method",
        "subclass",
        "row order",
        "fewer rows",
        "last bits",
        "program",
        "data",
    ],
)
def test_key_changes_with_everything_that_decides_a_fit(other: Callable[[], str]) -> None:
    assert other() != key()


def test_key_changes_with_the_format(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key()
    monkeypatch.setattr(key_module, "FORMAT", key_module.FORMAT + 1)
    assert key() != before


@pytest.mark.parametrize(("method", "outlives"), [(Advi(), False), (Nuts(), True)])
def test_a_fit_is_made_anew_by_other_code(
    monkeypatch: pytest.MonkeyPatch, *, method: Method, outlives: bool
) -> None:
    run = dataclasses.replace(RUN, method=method)
    before = key(run=run)
    monkeypatch.setattr(key_module, "fitting_digest", lambda: "other code")
    assert (key(run=run) == before) is outlives


#: What methods import and what decides no draw: types, errors, messages, the building of CmdStan
#: and of programs (whose digest is in the key), and the proof that rows add up.
NO_DRAWS = {
    *("cmdstan/build.py", "cmdstan/guarded.py", "cmdstan/home.py", "cmdstan/toolchain.py"),
    *("cmdstan/wheel.py", "data/dataset.py", "data/filed_variables.py", "data/json_file.py"),
    *("data/json_scanner.py", "data/row_tables.py", "data/stan_json.py", "data/stan_values.py"),
    *("errors.py", "fits/quantities.py", "fits/relabel.py", "folders.py", "messages/clauses.py"),
    *("messages/faults.py", "messages/numerals.py", "messages/toml_table.py"),
    *("program/additivity.py", "program/compilation.py", "program/contract.py"),
    *("program/identities.py", "program/points.py"),
    *("program/flags.py", "program/lean.py", "program/make_command.py", "program/make_program.py"),
    *("program/mir.py", "program/program.py", "program/server_object.py", "program/stanc.py"),
    "verdict/outcome.py",
}


def test_the_digest_covers_all_code_that_makes_draws() -> None:
    package = PROJECT / "harness"
    covered = {path for pattern in key_module.FITTING_CODE for path in package.glob(pattern)}
    assert all(list(package.glob(pattern)) for pattern in key_module.FITTING_CODE)
    imported = set().union(*(files_imported_by(file) for file in package.glob("methods/*.py")))
    assert {file.relative_to(package).as_posix() for file in imported - covered} <= NO_DRAWS
