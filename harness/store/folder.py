"""The store's folder: entries and failures under their keys, written whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock
from pydantic import ValidationError

from harness.errors import StoreError
from harness.fits.fit import Fit
from harness.folders import make_writable
from harness.store.about import ABOUT_FILE, About, about_json, now
from harness.store.content import (
    DIGEST_FILE,
    DRAWS_FILE,
    RECORD_FILE,
    FitContent,
    pack,
    read_content,
    unpack,
)
from harness.store.durable import Workshop, drop_lock, sync_folder, try_lock, write_durably
from harness.store.failures import FAILURE_RECORDS, Failure, FailureRecord

_PREFIX = 2


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A key that this process is making a fit for; the end of the process ends it too."""

    lock: filelock.BaseFileLock

    def release(self) -> None:
        """Let others have the key."""
        drop_lock(self.lock)


@dataclass(frozen=True, kw_only=True)
class Store:
    """A folder of fits, an entry per key; processes on one file system may share it.

    Attributes
    ----------
    folder : Path
        Made when it is first written.
    """

    folder: Path

    def entry(self, key: str) -> Path:
        """Return the folder of a key's fit, which need not be there."""
        return self.folder / key[:_PREFIX] / key[_PREFIX:]

    @property
    def failures_folder(self) -> Path:
        """The folder of remembered failures, a file per key."""
        return self.folder / "failures"

    @property
    def claims_folder(self) -> Path:
        """The folder of claims, a locked file per key."""
        return self.folder / ".claims"

    @property
    def workshop(self) -> Workshop:
        """Where entries are made before they get their names."""
        return Workshop(folder=self.folder / ".work", guard=self._guard)

    @property
    def _guard(self) -> Path:
        return self.folder / ".lock"

    def check_writable(self) -> None:
        """Make the folder and prove that it can be written, before any work is done.

        Raises
        ------
        StoreError
            If it cannot.
        """
        with self._told():
            make_writable(self.folder)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn errors of the file system into a line of advice."""
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"the fit store '{self.folder}' cannot be written ({error.strerror or error}); "
                "free some disk space, or give another --store"
            ) from error

    def has(self, key: str) -> bool:
        """Whether there is an entry of a key, which may be damaged."""
        return self.entry(key).is_dir()

    def all_keys(self) -> Iterator[str]:
        """Give the keys of all entries, damaged ones included."""
        digits = set("0123456789abcdef")
        for prefix in sorted(self.folder.glob("[0-9a-f]" * _PREFIX)):
            for entry in sorted(prefix.iterdir()):
                if set(entry.name) <= digits:
                    yield prefix.name + entry.name

    def load(self, key: str) -> Fit | None:
        """Return the fit of a key, or None if there is none or it is damaged.

        The content is checked against its digest now; draws are read when they are asked for.

        Parameters
        ----------
        key : str
            From :func:`fit_key`.

        Returns
        -------
        Fit or None
        """
        entry = self.entry(key)
        content = read_content(entry)
        return unpack(content, entry) if content is not None else None

    def save(self, key: str, fit: Fit | FitContent, about: About | None = None) -> Fit:
        """Keep a fit that ended well: write beside its place, then rename.

        The disk has all of it before it gets its name, so that neither a killed process nor a
        power cut leaves a part.  A whole entry of the same key stays.

        Parameters
        ----------
        key : str
            From :func:`fit_key`.
        fit : Fit or FitContent
            A fit with draws; one that failed is never kept.
        about : About, optional
            What ``harness store ls`` tells of it.

        Returns
        -------
        Fit
            The same fit, its draws in the store.

        Raises
        ------
        StoreError
            If the folder cannot be written.
        """
        content = fit if isinstance(fit, FitContent) else pack(fit)
        entry = self.entry(key)
        with self._told(), self.workshop.bench() as bench:
            beside = bench / "entry"
            _write_entry(beside, content, about)
            entry.parent.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self._guard):
                if read_content(entry) is None:
                    if entry.exists():
                        entry.rename(bench / "damaged")
                    beside.rename(entry)
                    sync_folder(entry.parent)
                    sync_folder(self.folder)
        return unpack(content, entry)

    def remove(self, key: str) -> None:
        """Remove an entry: its name first, then its files."""
        entry = self.entry(key)
        with self._told(), self.workshop.bench() as bench, filelock.FileLock(self._guard):
            if entry.exists():
                entry.rename(bench / "removed")

    def claim(self, key: str) -> Claim | None:
        """Claim a key, so that no other process makes its fit; None if one does already."""
        with self._told():
            self.claims_folder.mkdir(parents=True, exist_ok=True)
            lock = try_lock(self.claims_folder / f"{key}.lock")
        return Claim(lock=lock) if lock is not None else None

    def remember(self, key: str, failure: Failure, *, label: str) -> None:
        """Keep a lasting failure, so that the run is tried again only when asked."""
        record = FailureRecord(
            reason=failure.reason, run=label, created=now(), status=failure.status
        )
        with self._told(), self.workshop.bench() as bench:
            beside = bench / "failure"
            write_durably(beside, FAILURE_RECORDS.dump_json(record, indent=1))
            self.failures_folder.mkdir(parents=True, exist_ok=True)
            beside.replace(self.failures_folder / f"{key}.json")
            sync_folder(self.failures_folder)

    def failure(self, key: str) -> Failure | None:
        """Return the remembered failure of a key, or None if there is none that can be read."""
        try:
            content = (self.failures_folder / f"{key}.json").read_bytes()
            record = FAILURE_RECORDS.validate_json(content)
        except (OSError, ValidationError):
            return None
        return Failure(reason=record.reason, lasting=True, status=record.status)

    def forget(self, key: str) -> None:
        """Forget the failure of a key, if there is one."""
        with self._told():
            (self.failures_folder / f"{key}.json").unlink(missing_ok=True)

    def failed_keys(self) -> set[str]:
        """Return the keys whose failures are remembered."""
        if not self.failures_folder.is_dir():
            return set()
        return {file.stem for file in self.failures_folder.glob("*.json")}

    def sweep(self) -> int:
        """Remove what killed processes left behind; return how many things that were.

        What belongs to a process that lives is locked, and stays.
        """
        with self._told():
            n_removed = self.workshop.sweep()
            if self.claims_folder.is_dir():
                for file in list(self.claims_folder.iterdir()):
                    lock = try_lock(file)
                    if lock is not None:
                        drop_lock(lock)
                        n_removed += 1
        return n_removed


def _write_entry(folder: Path, content: FitContent, about: About | None) -> None:
    """Write an entry into a new folder, digest last, and wait until the disk has it."""
    folder.mkdir()
    write_durably(folder / RECORD_FILE, content.record)
    write_durably(folder / DRAWS_FILE, content.draws)
    if about is not None:
        write_durably(folder / ABOUT_FILE, about_json(about))
    write_durably(folder / DIGEST_FILE, content.digest)
    sync_folder(folder)
