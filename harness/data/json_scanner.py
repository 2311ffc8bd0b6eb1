"""A large JSON object in pieces, as many elements at a time as fit into a block."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic_core import from_json

from harness.data.json_file import ByteStream
from harness.errors import JsonFileError

#: Bytes that are read at once, and those that are looked at first: most values are short.
_BLOCK, _GLANCE = 1 << 18, 1 << 12

# What brackets do to the depth.
_STEP = np.zeros(256, np.int8)
_STEP[list(b"[{")] = 1
_STEP[list(b"]}")] = -1
_QUOTE, _COMMA = b'",'

_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_WORD = re.compile(rb"[^\s,\]}]+(?=[\s,\]}])")
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_PARTNER = {b"[": b"]", b"{": b"}"}
_WHERE = re.compile(r" at line (\d+) column \d+$")


@dataclass(frozen=True)
class _Piece:
    """What stands between two commas or brackets; None for an array longer than a block."""

    text: bytes | None
    is_last: bool


class Scanner:
    """Takes JSON apart, in the order in which it stands in a stream.

    Parameters
    ----------
    stream : ByteStream
        UTF-8.
    """

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._buffer = b""
        self._n_lines = 1

    def _more(self) -> bool:
        """Read on, the more the longer nothing has been taken; False at the end."""
        block = self._stream.read(max(_BLOCK, len(self._buffer)))
        self._buffer += block
        return bool(block)

    def _take(self, size: int) -> bytes:
        """Take bytes off the front."""
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        self._n_lines += taken.count(b"\n")
        return taken

    def _broken(self, what: str, line: int | None = None) -> JsonFileError:
        return JsonFileError(f"is not JSON: {what} in line {line or self._n_lines}")

    def peek(self) -> bytes:
        """Return the next byte that is no space; empty at the end."""
        while True:
            rest = self._buffer.lstrip(b" \t\r\n")
            self._take(len(self._buffer) - len(rest))
            if rest or not self._more():
                return rest[:1]

    def _expect(self, *allowed: bytes) -> bytes:
        """Take the next byte that is no space."""
        found = self.peek()
        if found not in allowed:
            told = repr(found.decode("latin-1")) if found else "the end"
            named = " or ".join(repr(each.decode()) for each in allowed)
            raise self._broken(f"{told} where {named} should be")
        return self._take(1)

    def end(self) -> None:
        """Refuse anything that follows."""
        if self.peek():
            raise self._broken("something after the end")

    def members(self) -> Iterator[str]:
        """Give the names in an object; the caller takes the value of each before the next."""
        self._expect(b"{")
        if self.peek() == b"}":
            self._take(1)
            return
        while True:
            if self.peek() != b'"':
                raise self._broken("no name in quotes where one should be")
            name = self.parse(self._token(_TEXT))
            self._expect(b":")
            yield str(name)
            if self._expect(b",", b"}") == b"}":
                return

    def _token(self, pattern: re.Pattern[bytes]) -> bytes:
        """Take what a pattern describes, all of it."""
        while (match := pattern.match(self._buffer)) is None:
            if not self._more():
                raise self._broken("no value where one should be")
        return self._take(match.end())

    def value(self) -> bytes:
        """Take a whole value, as it is written."""
        start = self.peek()
        if start == b'"':
            return self._token(_TEXT)
        if start in _PARTNER:
            pieces = [piece.text or b"" for piece in self._pieces(whole=True)]
            return start + b",".join(pieces) + _PARTNER[start]
        if start in {b",", b"]", b"}", b":"}:
            raise self._broken("no value where one should be")
        return self._token(_WORD)

    def skip_value(self) -> None:
        """Take a value that is of no interest."""
        self.parse(self.value())

    def elements(self) -> Iterator[bytes | None]:
        """Give an array's elements, several with the commas between them, as they are written.

        In the place of an array that is longer than a block comes None: the caller takes it
        before the next.
        """
        for number, piece in enumerate(self._pieces(whole=False)):
            if piece.text is None or piece.text.strip():
                yield piece.text
            elif number or not piece.is_last:
                raise self._broken("a comma without an element")

    def _pieces(self, *, whole: bool) -> Iterator[_Piece]:
        """Give what stands between a bracket and its partner, cut at commas between elements.

        `whole` leaves no array to the caller.
        """
        partner = _PARTNER[self._take(1)]
        while True:
            while len(self._buffer) < _BLOCK and self._more():
                pass
            found = self._cut()
            if found is None and not whole and self.peek() == b"[":
                yield _Piece(None, is_last=False)
                if self._expect(b",", partner) == partner:
                    return
                continue
            while found is None:
                if not self._more():
                    raise self._broken("an array or object without its end")
                found = self._cut()
            text = self._take(found)
            after = self._take(1)
            is_last = after != b","
            if is_last and after != partner:
                raise self._broken("a bracket that closes another")
            yield _Piece(text, is_last=is_last)
            if is_last:
                return

    def _cut(self) -> int | None:
        """Return where the last comma between elements stands, or the bracket that ends them."""
        for size in (_GLANCE, len(self._buffer)):
            text = self._buffer[:size]
            if b"\\" in text:
                text = _ESCAPED.sub(b"__", text)
            codes = np.frombuffer(text, np.uint8)
            steps, commas = _STEP[codes], codes == _COMMA
            if b'"' in text:
                outside = (np.cumsum(codes == _QUOTE) & 1) == 0
                steps, commas = steps * outside, commas & outside
            depth = np.cumsum(steps, dtype=np.int32)
            ends = np.flatnonzero(depth < 0)
            if ends.size:
                return int(ends[0])
        cuts = np.flatnonzero(commas & (depth == 0))
        return int(cuts[-1]) if cuts.size else None

    def parse(self, raw: bytes) -> Any:
        """Parse what was taken last.

        Raises
        ------
        JsonFileError
            With the line of the first mistake.
        """
        try:
            return from_json(raw)
        except ValueError as error:
            where = _WHERE.search(str(error))
            first = self._n_lines - raw.count(b"\n")
            line = first + int(where[1]) - 1 if where else None
            raise self._broken(_WHERE.sub("", str(error)), line) from None
