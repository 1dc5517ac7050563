"""The body of a request while it comes in: of a known length, or in chunks."""

import re
from collections.abc import Callable, Sequence

_JOINED_BYTES = 1_000_000
"""A body up to this size is given in one piece, which is faster to parse."""


class SizedBody:
    """A body with `Content-Length`, or without one; `data` came together with the head."""

    def __init__(self, length: int, data: bytes) -> None:
        self._missing = length
        # Kept as they came: through h11's buffer each byte would be copied twice.
        self._pieces: list[bytes] = []
        self.rest = b""
        if data:
            self.receive_data(data)

    @property
    def has_begun(self) -> bool:
        return bool(self._pieces)

    @property
    def size(self) -> int:
        """Bytes of it that have come."""
        return sum(map(len, self._pieces))

    def receive_data(self, data: bytes) -> None:
        """Take what has come; bytes after the body belong to the next request."""
        if len(data) > self._missing:
            data, beyond = data[: self._missing], data[self._missing :]
            self.rest += beyond
        if data:
            self._pieces.append(data)
            self._missing -= len(data)

    def is_whole(self) -> bool:
        return not self._missing

    def content(self) -> bytes | Sequence[bytes]:
        return _content(self._pieces)


class InvalidChunk(ValueError):
    """What came isn't a chunk, or hasn't the announced length."""


class ChunkedBody:
    """A body in chunks (RFC 9112, 7.1); extensions and trailers are dropped.

    Not left to h11, which refuses the white space before an extension that a recipient must
    accept (RFC 9112, 7.1.1).
    """

    def __init__(self, data: bytes) -> None:
        self._buffer = bytearray(data)
        self._pieces: list[bytes] = []
        self.size = 0
        # A function, not a method of this body: that would refer to it, and keep its bytes until
        # the next garbage collection.
        self._read: Callable[[ChunkedBody], bool] = ChunkedBody._read_size
        self._missing = 0
        self._trailer_bytes = 0
        self.has_begun = bool(data)

    @property
    def rest(self) -> bytes:
        """What came after the body."""
        return bytes(self._buffer)

    def receive_data(self, data: bytes) -> None:
        self.has_begun = True
        self._buffer += data

    def is_whole(self) -> bool:
        """Read what is there."""
        while self._read is not ChunkedBody._read_nothing:
            if not self._read(self):
                return False
        return True

    def content(self) -> bytes | Sequence[bytes]:
        return _content(self._pieces)

    def _read_size(self) -> bool:
        line = self._line()
        if line is not None:
            size = _SIZE.fullmatch(line)
            if size is None:
                raise InvalidChunk
            self._missing = int(size[1], 16)
            self._read = ChunkedBody._read_data if self._missing else ChunkedBody._read_trailers
        return line is not None

    def _read_data(self) -> bool:
        data = bytes(self._buffer[: self._missing])
        if data:
            del self._buffer[: len(data)]
            self._pieces.append(data)
            self.size += len(data)
            self._missing -= len(data)
            if not self._missing:
                self._read = ChunkedBody._read_end_of_chunk
        return bool(data)

    def _read_end_of_chunk(self) -> bool:
        line = self._line()
        if line not in {None, b"\r\n"}:
            raise InvalidChunk
        if line is not None:
            self._read = ChunkedBody._read_size
        return line is not None

    def _read_trailers(self) -> bool:
        line = self._line()
        if line == b"\r\n":
            self._read = ChunkedBody._read_nothing
        elif line is not None:
            self._trailer_bytes += len(line)
            # Trailers are dropped; still they must be fields, and not go on for ever.
            if self._trailer_bytes > _MAX_TRAILER_BYTES or not _FIELD.fullmatch(line):
                raise InvalidChunk
        return line is not None

    def _read_nothing(self) -> bool:
        return False

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\n", 0, _MAX_LINE_BYTES) + 1
        if not end:
            # A line without an end must not fill the memory.
            if len(self._buffer) >= _MAX_LINE_BYTES:
                raise InvalidChunk
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[:end]
        return line


# At most 16 digits, which are 64 bits, after any number of zeros (RFC 9112, 7.1). A chunk's line
# ends in CRLF; a line feed alone may only end the lines of a head (RFC 9112, 2.2).
_SIZE = re.compile(rb"0*([0-9a-fA-F]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n")
_FIELD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n")
"""A trailer (RFC 9110, 6.5)."""

_MAX_LINE_BYTES = 8_192
_MAX_TRAILER_BYTES = 65_536


def _content(pieces: list[bytes]) -> bytes | Sequence[bytes]:
    if len(pieces) == 1:
        return pieces[0]
    return b"".join(pieces) if sum(map(len, pieces)) < _JOINED_BYTES else pieces
