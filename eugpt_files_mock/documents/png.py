"""A bar chart as PNG (RFC 2083): true colour, its rows stored without compression."""

import struct
import zlib
from collections.abc import Sequence

from .draft import Author, Draft, Topic

_BARS = 8
_BAR_WIDTH = 20
_WIDTH, _HEIGHT = _BARS * _BAR_WIDTH, 96
_WHITE = b"\xff\xff\xff"
_NO_FILTER = b"\x00"
_ZLIB_HEADER = b"\x78\x01"
# An empty block is the last one, so that those of the rows are all alike.
_LAST_BLOCK = b"\x01\x00\x00\xff\xff"


def png(topic: Topic, author: Author) -> Draft:
    """Bars in different colours. A closing text is a comment, which no viewer shows."""
    # One row always stays, as a picture without any is invalid.
    first, *rows = _chart(author)
    title = _chunk(b"tEXt", b"Title\0" + topic.stem.encode("ascii"))

    def wrap(items: Sequence[bytes], closing: str) -> bytes:
        comment = _chunk(b"tEXt", b"Comment\0" + closing.encode("ascii"))
        return _file([first, *items], title + comment)

    return Draft(items=rows, wrap=wrap)


def _chart(author: Author) -> list[bytes]:
    """The rows of pixels, from the top."""
    bars = [
        (author.random.randrange(_HEIGHT), bytes(author.random.randrange(256) for _ in range(3)))
        for _ in range(_BARS)
    ]
    return [
        _NO_FILTER + b"".join((colour if y >= top else _WHITE) * _BAR_WIDTH for top, colour in bars)
        for y in range(_HEIGHT)
    ]


def _file(rows: Sequence[bytes], comments: bytes) -> bytes:
    eight_bits_rgb = struct.pack(">IIBBBBB", _WIDTH, len(rows), 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", eight_bits_rgb)
        + comments
        + _chunk(b"IDAT", _stored(rows))
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def _stored(rows: Sequence[bytes]) -> bytes:
    """A zlib stream (RFC 1950) with a stored block for each row: each adds the same length."""
    # The length comes twice, the second time inverted (RFC 1951, 3.2.4).
    blocks = b"".join(struct.pack("<BHH", 0, len(row), len(row) ^ 0xFFFF) + row for row in rows)
    return _ZLIB_HEADER + blocks + _LAST_BLOCK + struct.pack(">I", zlib.adler32(b"".join(rows)))
