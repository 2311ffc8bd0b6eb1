"""What a file holds, found from its first bytes, whatever it is called."""

import gzip
import zipfile
import zlib
from enum import StrEnum
from pathlib import Path

from harness.errors import DrawsError
from harness.messages.clauses import absence, shown

#: What files may be, for messages.
FORMS = (
    "CmdStan's CSV, netCDF of ArviZ, or JSON in posteriordb's form (a list of chains, each an "
    "object of names to lists of draws)"
)
_NETCDF = (b"\x89HDF", b"CDF\x01", b"CDF\x02", b"CDF\x05")
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
#: What no text has.
_BINARY = b"\0"
_BOM = b"\xef\xbb\xbf"


class Form(StrEnum):
    """What a file of draws is."""

    CSV = "CSV"
    NETCDF = "netCDF"
    JSON = "JSON"


def title_of(file: Path) -> str:
    """Return what messages call a file."""
    return f"'{shown(str(file))}'"


def read_contents(file: Path) -> tuple[Form, bytes]:
    """Read a file of draws.

    Parameters
    ----------
    file : Path
        Plain, or compressed as ``.gz`` or as a ``.zip`` of one file.

    Returns
    -------
    tuple
        What it is, and its bytes, decompressed.

    Raises
    ------
    DrawsError
        If it cannot be read or is none of these.
    """
    if not file.is_file():
        hint = "; name the files in it" if file.is_dir() else "; check its path"
        raise DrawsError(f"{title_of(file)} {absence(file)}{hint}")
    try:
        content = _unpacked(file, file.read_bytes())
    except OSError as error:
        reason = error.strerror or "it is not what its first bytes say"
        raise DrawsError(f"{title_of(file)} cannot be read ({reason})") from error
    except (EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise DrawsError(
            f"{title_of(file)} is compressed, but damaged or cut off ({error})"
        ) from error
    if not content.strip():
        raise DrawsError(f"{title_of(file)} is empty; give {FORMS}")
    if content.startswith(_NETCDF):
        return Form.NETCDF, content
    content = content.removeprefix(_BOM)
    if _BINARY in content:
        raise DrawsError(f"{title_of(file)} is not a file of draws; give {FORMS}")
    begin = content.lstrip()[:1]
    return Form.JSON if begin in (b"[", b"{") else Form.CSV, content


def _unpacked(file: Path, content: bytes) -> bytes:
    """Decompress what is compressed."""
    if content.startswith(_GZIP):
        return gzip.decompress(content)
    if not content.startswith(_ZIP):
        return content
    with zipfile.ZipFile(file) as archive:
        # what macOS puts beside the files that it compresses
        names = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
        if len(names) != 1:
            raise DrawsError(f"{title_of(file)} is a zip of {len(names)} files; give one of one")
        try:
            return archive.read(names[0])
        except RuntimeError as error:  # an unknown compression, a password
            raise DrawsError(f"{title_of(file)} is a zip that cannot be read: {error}") from error
