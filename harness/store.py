"""The fit store: a fit is kept under a key of everything that decides it, and reused."""

import hashlib
import io
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import filelock
import xarray as xr
from pydantic import TypeAdapter

from harness.cache import make_writable
from harness.compilation import CompiledProgram
from harness.datasets import Dataset
from harness.errors import StoreError
from harness.fit import Cost, Diagnostics, DrawKind, Fit, Status
from harness.methods import options_of
from harness.study import Run

#: Raised when what a stored fit means has changed, so that older entries are not found.
FORMAT = 2

_DRAWS_FILE = "draws.nc"
_RECORD_FILE = "fit.json"
_DIGEST_FILE = "sha256"


@dataclass(frozen=True, kw_only=True)
class _Record:
    """A fit without its draws, as it stands in an entry's JSON."""

    status: Status
    draw_kind: DrawKind
    diagnostics: Diagnostics
    fit_time_s: float | None
    cost: Cost
    warnings: tuple[str, ...]
    used_data: dict[str, float]


_RECORDS = TypeAdapter(_Record)


def fit_key(run: Run, program: CompiledProgram, dataset: Dataset) -> str:
    """Return the key of a run's fit: a SHA-256 of what decides its draws.

    That is the program with its includes, Stan's version and compiler flags, the data, the
    method with its options, and the seed.
    """
    identity = {
        "format": FORMAT,
        "program": program.digest,
        "data": dict(program.program.data),
        "rows": dataset.digest,
        "method": run.method.name,
        "options": options_of(run.method),
        "seed": run.seed,
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Store:
    """A folder of fits, an entry per key.

    Attributes
    ----------
    folder : Path
        Made when the first fit is saved.
    """

    folder: Path

    def _entry(self, key: str) -> Path:
        return self.folder / key[:2] / key[2:]

    def check_writable(self) -> None:
        """Make the folder and prove that it can be written, before any work is done.

        Raises
        ------
        StoreError
            If it cannot.
        """
        try:
            make_writable(self.folder)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> StoreError:
        return StoreError(
            f"the fit store '{self.folder}' cannot be written ({error.strerror or error}); "
            "free some disk or give another --store"
        )

    def load(self, key: str) -> Fit | None:
        """Return the fit of a key, or None if there is none or it is damaged.

        Parameters
        ----------
        key : str
            From :func:`fit_key`.

        Returns
        -------
        Fit or None
        """
        entry = self._entry(key)
        try:
            digest = (entry / _DIGEST_FILE).read_bytes()
            record_content = (entry / _RECORD_FILE).read_bytes()
            draws_content = (entry / _DRAWS_FILE).read_bytes()
        except OSError:
            return None
        if digest != _digest(record_content, draws_content):
            return None
        record = _RECORDS.validate_json(record_content)
        with xr.open_datatree(io.BytesIO(draws_content), engine="h5netcdf") as tree:
            draws = tree.load()
        return Fit(
            status=record.status,
            draws=draws,
            draw_kind=record.draw_kind,
            diagnostics=record.diagnostics,
            fit_time_s=record.fit_time_s,
            cost=record.cost,
            warnings=record.warnings,
            used_data=record.used_data,
        )

    def save(self, key: str, fit: Fit) -> None:
        """Keep a fit that ended well: write beside its place, then rename.

        Parameters
        ----------
        key : str
            From :func:`fit_key`.
        fit : Fit
            A fit with draws; one that failed is never kept.

        Raises
        ------
        StoreError
            If the folder cannot be written.
        """
        if fit.status is not Status.OK or fit.draws is None:
            raise StoreError(f"a fit with status '{fit.status}' is not kept; only fits that are ok")
        entry = self._entry(key)
        try:
            entry.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=entry.parent, prefix=".new-") as folder:
                beside = Path(folder) / entry.name
                _write_entry(beside, fit, fit.draws)
                with filelock.FileLock(self.folder / ".lock"):
                    shutil.rmtree(entry, ignore_errors=True)
                    beside.rename(entry)
        except OSError as error:
            raise self._unwritable(error) from error


def _digest(record_content: bytes, draws_content: bytes) -> bytes:
    """Hash what an entry's files hold."""
    return hashlib.sha256(record_content + draws_content).hexdigest().encode()


def _write_entry(folder: Path, fit: Fit, draws: xr.DataTree) -> None:
    """Write a fit's draws, its record and the digest of both into a new folder."""
    folder.mkdir()
    record = _Record(
        status=fit.status,
        draw_kind=fit.draw_kind,
        diagnostics=fit.diagnostics,
        fit_time_s=fit.fit_time_s,
        cost=fit.cost,
        warnings=fit.warnings,
        used_data=dict(fit.used_data),
    )
    record_content = _RECORDS.dump_json(record, indent=1)
    (folder / _RECORD_FILE).write_bytes(record_content)
    draws.to_netcdf(folder / _DRAWS_FILE, engine="h5netcdf")
    draws_content = (folder / _DRAWS_FILE).read_bytes()
    (folder / _DIGEST_FILE).write_bytes(_digest(record_content, draws_content))
