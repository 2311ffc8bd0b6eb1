"""A fit as bytes: how it is stored, and how it travels between processes."""

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import lazy_loader as lazy
from pydantic import TypeAdapter

from harness.errors import StoreError
from harness.fits.fit import Cost, Diagnostics, DrawKind, Fit, Status
from harness.store.netcdf import read_netcdf, write_netcdf

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

DRAWS_FILE = "draws.nc"
RECORD_FILE = "fit.json"
DIGEST_FILE = "sha256"

#: Draws are read again and again while tables are made; so many bytes of them are kept at hand.
_BYTES_AT_HAND = 512 * 2**20


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


@dataclass(frozen=True, kw_only=True)
class FitContent:
    """A fit that ended well, as bytes.

    Attributes
    ----------
    record : bytes
        JSON of everything but the draws.
    draws : bytes
        The draws as netCDF.
    """

    record: bytes
    draws: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 over both, in hexadecimal digits."""
        hasher = hashlib.sha256(self.record)
        hasher.update(self.draws)
        return hasher.hexdigest().encode()


@dataclass(frozen=True, kw_only=True)
class StoredDraws:
    """What reads the draws of an entry when they are asked for.

    Attributes
    ----------
    entry : Path
        The entry's folder.
    digest : bytes
        What its content must have.
    """

    entry: Path
    digest: bytes

    def read(self) -> "xr.DataTree":
        """Return the draws.

        Raises
        ------
        StoreError
            If the entry is gone, or is another than when it was found.
        """
        return _TREES.get(self)


class _TreesAtHand:
    """The draws that were read last, as far as there is room."""

    def __init__(self, n_bytes: int) -> None:
        self._n_bytes_free = n_bytes
        self._trees: OrderedDict[StoredDraws, xr.DataTree] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, stored: StoredDraws) -> "xr.DataTree":
        """Return an entry's draws, read only if they are not at hand."""
        with self._lock:
            if stored not in self._trees:
                tree = self._trees[stored] = _read_tree(stored)
                self._n_bytes_free -= tree.nbytes
                while self._n_bytes_free < 0 and len(self._trees) > 1:
                    self._n_bytes_free += self._trees.popitem(last=False)[1].nbytes
            self._trees.move_to_end(stored)
            return self._trees[stored]


_TREES = _TreesAtHand(_BYTES_AT_HAND)


def _read_tree(stored: StoredDraws) -> "xr.DataTree":
    """Read an entry's draws."""
    content = read_content(stored.entry)
    if content is None or content.digest != stored.digest:
        raise StoreError(
            f"the stored fit '{stored.entry}' was removed or damaged while it was used; "
            "run the study again"
        )
    return read_netcdf(content.draws)


def pack(fit: Fit) -> FitContent:
    """Put a fit into bytes.

    Parameters
    ----------
    fit : Fit
        A fit with draws.

    Returns
    -------
    FitContent

    Raises
    ------
    StoreError
        If the fit failed or has no draws.
    """
    if fit.status is not Status.OK or fit.draws is None:
        raise StoreError(
            f"a fit with status '{fit.status}' is not stored; only fits with status 'ok' are"
        )
    record = _Record(
        status=fit.status,
        draw_kind=fit.draw_kind,
        diagnostics=fit.diagnostics,
        fit_time_s=fit.fit_time_s,
        cost=fit.cost,
        warnings=fit.warnings,
        used_data=dict(fit.used_data),
    )
    return FitContent(
        record=_RECORDS.dump_json(record, indent=1), draws=write_netcdf(fit.read_draws())
    )


def unpack(content: FitContent, entry: Path) -> Fit:
    """Return the fit of an entry; its draws are read when they are asked for.

    Parameters
    ----------
    content : FitContent
        What the entry holds.
    entry : Path
        Where its draws will be read.

    Returns
    -------
    Fit
    """
    record = _RECORDS.validate_json(content.record)
    return Fit(
        status=record.status,
        draws=StoredDraws(entry=entry, digest=content.digest),
        draw_kind=record.draw_kind,
        diagnostics=record.diagnostics,
        fit_time_s=record.fit_time_s,
        cost=record.cost,
        warnings=record.warnings,
        used_data=record.used_data,
    )


def read_content(entry: Path) -> FitContent | None:
    """Return what an entry holds, or None if it is incomplete or its digest is another."""
    try:
        digest = (entry / DIGEST_FILE).read_bytes()
        record = (entry / RECORD_FILE).read_bytes()
        draws = (entry / DRAWS_FILE).read_bytes()
    except OSError:
        return None
    content = FitContent(record=record, draws=draws)
    return content if content.digest == digest else None
