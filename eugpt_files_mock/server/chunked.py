"""A chunked body (RFC 9112, 7.1), as a stream of what is in the chunks.

Werkzeug's own reader takes the end of a connection for more data, without an end, and knows no
extensions and no trailers.
"""

from __future__ import annotations

import io
import re
from typing import Any

_SIZE = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")
_LINE_ENDS = (b"\r\n", b"\n")
_LONGEST_LINE = 8_192


class ChunkedBody(io.RawIOBase):
    """Ends after the last chunk.

    Args:
        connection: stands at the first chunk.

    Raises:
        OSError: while reading, for a body that breaks off or is no chunked body.
    """

    def __init__(self, connection: io.BufferedIOBase) -> None:
        super().__init__()
        self._connection = connection
        self._left = 0
        self._ended = False

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """At most what is left of a chunk; 0 when the body is at its end."""
        if not self._left and not self._ended:
            self._begin_chunk()
        if self._ended:
            return 0
        data = self._connection.read(min(len(buffer), self._left))
        if not data:
            raise OSError("the connection ended within a chunk")
        buffer[: len(data)] = data
        self._left -= len(data)
        if not self._left and self._line() not in _LINE_ENDS:
            raise OSError("a chunk is longer than it was said to be")
        return len(data)

    def _begin_chunk(self) -> None:
        size = _SIZE.fullmatch(self._line())
        if size is None:
            raise OSError("the size of a chunk cannot be read")
        self._left = int(size[1], 16)
        if not self._left:
            self._skip_trailers()

    def _skip_trailers(self) -> None:
        while (line := self._line()) not in _LINE_ENDS:
            if not line.endswith(b"\n"):
                raise OSError("the connection ended before the body")
        self._ended = True

    def _line(self) -> bytes:
        return self._connection.readline(_LONGEST_LINE)
