"""How an answer is delivered: at once and whole, or late, in pieces, cut short."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What happens to an answer on its way; times are in seconds.

    Attributes:
        delay: before the first byte.
        cut_after: the connection closes after this many bytes of the body; None for all.
        piece: the body goes out in pieces of this many bytes; None for one piece.
        pause: before each piece but the first.
    """

    delay: float = 0.0
    cut_after: int | None = None
    piece: int | None = None
    pause: float = 0.0

    def steps(self, head: bytes, body: bytes) -> Iterator[bytes | memoryview | float]:
        """What is done in order: bytes are sent, and for a number of seconds nothing is."""
        if self.delay:
            yield float(self.delay)
        if self.cut_after is not None:
            body = body[: self.cut_after]
        # A small answer goes out with its head in one packet; a large one isn't copied.
        if self.piece is None and len(body) < _SEPARATE:
            yield head + body
            return
        if head:
            yield head
        view, size = memoryview(body), self.piece or len(body)
        for start in range(0, len(body), size):
            if start and self.pause:
                yield float(self.pause)
            yield view[start : start + size]

    def seconds(self, size: int) -> float:
        """From the start of an answer until its last byte, if the body announces `size` bytes."""
        # Between n pieces there are n - 1 pauses; the last piece may be shorter.
        pauses = 0 if self.piece is None else max(0, size - 1) // self.piece
        return self.delay + pauses * self.pause

    def longest_silence(self, size: int) -> float:
        """The longest time without a byte: a read timeout begins anew with each of them."""
        has_pauses = self.piece is not None and size > self.piece
        return max(self.delay, self.pause if has_pauses else 0.0)


WHOLE = Delivery()
"""At once, in one piece, to the end."""

_SEPARATE = 65_536
"""Bytes from which a body is sent apart from the head, so that it isn't copied."""
