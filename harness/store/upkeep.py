"""Look after a store: list it, verify it, remove what nobody needs."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.errors import StoreError
from harness.store.about import About, read_about
from harness.store.content import read_content
from harness.store.folder import Store
from harness.store.measurements import Measurements

_UNITS = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry as ``harness store ls`` shows it.

    Attributes
    ----------
    key : str
        Of the fit.
    about : About
        What it was made for; empty for fits older than that record.
    size_bytes : int
        On disk.
    """

    key: str
    about: About
    size_bytes: int

    @property
    def line(self) -> str:
        """Key, date, size and run in one line."""
        created = self.about.created[:16].replace("T", " ")
        return f"{self.key[:12]}  {created}  {size_text(self.size_bytes):>8}  {self.about.run}"


def size_text(n_bytes: float) -> str:
    """Write a size with three digits and a decimal unit."""
    for unit in _UNITS:
        if n_bytes < 1000 or unit == _UNITS[-1]:
            return f"{n_bytes:.3g} {unit}" if n_bytes < 1000 else f"{n_bytes:.0f} {unit}"
        n_bytes /= 1000
    raise AssertionError


def _check_there(store: Store) -> None:
    """Refuse a folder that is not there, rather than call it an empty store."""
    if not store.folder.is_dir():
        raise StoreError(f"there is no fit store at '{store.folder}'; give another --store")


def list_entries(store: Store) -> Iterator[Entry]:
    """Give the entries of a store.

    Parameters
    ----------
    store : Store

    Yields
    ------
    Entry
        In the order of keys; draws are not read.

    Raises
    ------
    StoreError
        If there is no store.
    """
    _check_there(store)
    for key in store.all_keys():
        folder = store.entry(key)
        try:
            size_bytes = sum(file.stat().st_size for file in folder.iterdir())
            changed = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        except FileNotFoundError:  # removed by another process meanwhile
            continue
        unknown = About(run="(unknown run)", created=changed.isoformat(timespec="seconds"))
        yield Entry(key=key, about=read_about(folder) or unknown, size_bytes=size_bytes)


def damaged_entries(store: Store) -> Iterator[Entry]:
    """Give the entries whose content does not have its digest, or is incomplete.

    Raises
    ------
    StoreError
        If there is no store.
    """
    for entry in list_entries(store):
        if read_content(store.entry(entry.key)) is None and store.has(entry.key):
            yield entry


@dataclass(frozen=True, kw_only=True)
class Removal:
    """What was removed, or would be.

    Attributes
    ----------
    entries : tuple of Entry
        Fits that no study uses.
    n_failures : int
        Remembered failures of runs that no study has.
    n_measurements : int
        Measurements and figures of fits that are not there, that other code made, or that are
        damaged.
    n_leftovers : int
        Things that killed processes left.
    """

    entries: tuple[Entry, ...]
    n_failures: int
    n_measurements: int
    n_leftovers: int


def collect_garbage(
    store: Store,
    keep: Collection[str] | None,
    *,
    dry_run: bool,
    codes: Collection[str] | None = None,
) -> Removal:
    """Remove leftovers of killed processes and, if asked, what no study uses.

    Parameters
    ----------
    store : Store
    keep : collection of str or None
        Keys to keep; all others go.  None keeps all.
    dry_run : bool
        Only tell of fits and failures; leftovers stay too, and are not counted.
    codes : collection of str, optional
        Digests of the code that measures and draws now; what other code made goes.

    Returns
    -------
    Removal

    Raises
    ------
    StoreError
        If there is no store, or it cannot be written.
    """
    _check_there(store)
    entries: tuple[Entry, ...] = ()
    failed: set[str] = set()
    if keep is not None:
        kept = set(keep)
        entries = tuple(entry for entry in list_entries(store) if entry.key not in kept)
        failed = store.failed_keys() - kept
    left = set(store.all_keys()) - {entry.key for entry in entries}
    if not dry_run:
        for entry in entries:
            store.remove(entry.key)
        for key in failed:
            store.forget(key)
    n_measurements = Measurements(store=store).remove(
        lambda kept: not kept.serves(left, codes), dry_run=dry_run
    )
    return Removal(
        entries=entries,
        n_failures=len(failed),
        n_measurements=n_measurements,
        n_leftovers=0 if dry_run else store.sweep(),
    )
