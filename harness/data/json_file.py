"""Files of JSON, compressed or not, in whatever encoding of Unicode."""

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from harness.errors import JsonFileError

_BOM = b"\xef\xbb\xbf"


class ByteStream(Protocol):
    """What bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Read a block, all of the rest by default; empty at the end."""
        ...


@contextmanager
def open_json(file: Path) -> Iterator[ByteStream]:
    """Open a file that holds JSON, or one of the two archives that hold one such file.

    Parameters
    ----------
    file : Path
        ``.zip``, ``.gz`` or anything else, which is taken for plain JSON.

    Yields
    ------
    ByteStream
        Its text as UTF-8, without a byte-order mark.

    Raises
    ------
    JsonFileError
        If the file is missing or broken, also of what is found out while it is read; the
        caller's message begins with the file's name.
    """
    try:
        with ExitStack() as stack:
            yield _as_utf8(_opened(file, stack))
    except JsonFileError:
        raise
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise JsonFileError(f"is not JSON or a zip of it: {error}") from error
    except (ValueError, RecursionError) as error:
        raise JsonFileError(f"is not JSON or a zip of it: {error}") from error
    except RuntimeError as error:  # an unknown compression, a password
        raise JsonFileError(f"is a zip that cannot be read: {error}") from error
    except OSError as error:
        raise JsonFileError(f"cannot be read ({error.strerror})") from error


def _opened(file: Path, stack: ExitStack) -> ByteStream:
    """Open a file or what it holds."""
    if file.suffix.lower() == ".gz":
        return stack.enter_context(gzip.open(file, "rb"))
    plain = stack.enter_context(file.open("rb"))
    if file.suffix.lower() != ".zip":
        return plain
    archive = stack.enter_context(zipfile.ZipFile(plain))
    names = [name for name in archive.namelist() if name.endswith(".json")]
    # what macOS puts beside the files that it compresses
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if len(names) != 1:
        raise JsonFileError(f"is a zip of {len(names)} JSON files; give a zip of one file")
    return stack.enter_context(archive.open(names[0]))


def _as_utf8(stream: ByteStream) -> ByteStream:
    """Return a stream of UTF-8 without a byte-order mark."""
    head = stream.read(4)
    encoding = json.detect_encoding(head)
    if encoding == "utf-8":
        return _Rest(head, stream)
    if encoding == "utf-8-sig":
        return _Rest(head.removeprefix(_BOM), stream)
    return io.BytesIO((head + stream.read()).decode(encoding).encode())


class _Rest:
    """A stream of which the first bytes have been read."""

    def __init__(self, head: bytes, stream: ByteStream) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int = -1, /) -> bytes:
        """Read the head, then the stream; a block may be shorter than asked for."""
        head, self._head = self._head, b""
        if not head:
            return self._stream.read(size)
        return head + self._stream.read() if size < 0 else head
