"""What was measured of fits, kept beside them: bytes under the keys of what they were made from.

A measurement belongs to a fit, and goes when that does.  Its name is a digest of all that decides
it, so that another fit, another reference or another way of measuring never finds it.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from harness.errors import StoreError
from harness.fits.fit import Fit
from harness.store.content import StoredDraws
from harness.store.durable import sync_folder, write_durably
from harness.store.folder import Store

_SEPARATOR = b"\n"


@dataclass(frozen=True, kw_only=True)
class MeasuredFrom:
    """What a measurement is made from.

    Attributes
    ----------
    fits : tuple of str
        Keys of the fits in the store, the one that is measured first, then the reference.
    decided_by : tuple
        All else that decides it, of types that JSON has: digests of the fits' contents and of
        the measuring code, seeds, names.
    code : str
        The digest of the measuring code, by which old measurements are known.
    """

    fits: tuple[str, ...]
    decided_by: tuple[object, ...]
    code: str

    @property
    def name(self) -> str:
        """SHA-256 of everything."""
        identity = json.dumps([self.fits, self.decided_by, self.code])
        return hashlib.sha256(identity.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class KeptMeasurement:
    """A file of the store.

    Attributes
    ----------
    file : Path
        Where it is.
    fits : tuple of str
        As of :class:`MeasuredFrom`; empty if the file cannot be read.
    code : str
        Likewise.
    is_whole : bool
        Whether the content has its digest.
    """

    file: Path
    fits: tuple[str, ...]
    code: str
    is_whole: bool

    def serves(self, keys: Collection[str], codes: Collection[str] | None) -> bool:
        """Whether it is whole, of fits with these keys, and made by code of these digests."""
        are_there = all(key in keys for key in self.fits)
        return self.is_whole and are_there and (codes is None or self.code in codes)


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """The measurements of a store.

    Attributes
    ----------
    store : Store
    """

    store: Store

    @property
    def folder(self) -> Path:
        """A folder per fit, a file per measurement."""
        return self.store.folder / "measured"

    def file(self, of: MeasuredFrom) -> Path:
        """Return where a measurement is kept."""
        return self.folder / of.fits[0] / f"{of.name}.json"

    def load(self, of: MeasuredFrom) -> bytes | None:
        """Return a measurement, or None if there is none or it is damaged."""
        found = _read(self.file(of))
        return found[1] if found else None

    def save(self, of: MeasuredFrom, content: bytes) -> None:
        """Keep a measurement: written beside its place, then renamed.

        One that cannot be kept is made again the next time: that is no reason to end.
        """
        header = json.dumps({"fits": of.fits, "code": of.code}).encode()
        body = header + _SEPARATOR + content
        file = self.file(of)
        with contextlib.suppress(OSError, StoreError), self.store.workshop.bench() as bench:
            beside = bench / file.name
            write_durably(beside, hashlib.sha256(body).hexdigest().encode() + _SEPARATOR + body)
            file.parent.mkdir(parents=True, exist_ok=True)
            beside.replace(file)
            sync_folder(file.parent)

    def all(self) -> Iterator[KeptMeasurement]:
        """Give all measurements, damaged ones included, in the order of their fits."""
        for file in sorted(self.folder.glob("*/*.json")):
            found = _read(file)
            header: dict[str, Any] = json.loads(found[0]) if found else {}
            yield KeptMeasurement(
                file=file,
                fits=tuple(header.get("fits", ())),
                code=str(header.get("code", "")),
                is_whole=found is not None,
            )

    def size_bytes(self) -> int:
        """Return what all of them take on the disk."""
        return sum(file.stat().st_size for file in self.folder.glob("*/*.json"))

    def remove(self, unwanted: Callable[[KeptMeasurement], bool], *, dry_run: bool) -> int:
        """Remove measurements, or only count them."""
        found = [kept for kept in self.all() if unwanted(kept)]
        if not dry_run and found:
            with filelock.FileLock(self.store.folder / ".lock"):
                for kept in found:
                    kept.file.unlink(missing_ok=True)
                    with contextlib.suppress(OSError):  # others of the same fit are left
                        kept.file.parent.rmdir()
        return len(found)


def content_digest(fit: Fit) -> str | None:
    """Return the digest of a stored fit's content; None for one that is not in a store."""
    draws = vars(fit)["draws"]
    return draws.digest.decode() if isinstance(draws, StoredDraws) else None


def _read(file: Path) -> tuple[bytes, bytes] | None:
    """Return header and content, or None if the file is not there or not whole."""
    try:
        digest, _, body = file.read_bytes().partition(_SEPARATOR)
    except OSError:
        return None
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    header, _, content = body.partition(_SEPARATOR)
    return header, content
