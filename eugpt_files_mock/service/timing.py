"""What an edge does with time: when a client gives up, and in which pieces a body goes out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ..errors import ClientHasNoTimeout, hide_from_traceback
from ..model.messages import Outcome, Reply, Severed

__tracebackhide__ = hide_from_traceback

Ending = Literal["complete", "cut", "timeout"]


def within_patience(outcome: Outcome, patience: float | None) -> Outcome:
    """What a client meets that waits at most `patience` seconds for an answer; None: for ever.

    Raises:
        ClientHasNoTimeout: when it would wait for ever.
    """
    if isinstance(outcome, Severed):
        if outcome.kind == "timeout" and patience is None:
            raise ClientHasNoTimeout(
                "The fault timeout() hit a client that has no timeout: it would wait for ever.\n"
                "To fix it: give the client one, such as timeout=5; in process it costs no time.\n"
                "To allow it: inject(..., optional=True), "
                "or FilesMock(assert_all_faults_fired=False): then leaving does not fail for it."
            )
        return outcome
    if patience is not None and outcome.delay and outcome.delay >= patience:
        return Severed(kind="timeout")
    return outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """How a body goes out.

    Attributes:
        data: the bytes that are sent.
        piece: bytes in a piece; None: all at once.
        pause: seconds before each piece but the first.
        ending: whether it is complete, cut short, or left hanging.
    """

    data: bytes
    piece: int | None
    pause: float
    ending: Ending

    def pieces(self) -> Iterator[tuple[float, bytes]]:
        """Seconds to wait, and bytes to send then."""
        size = self.piece or max(1, len(self.data))
        for start in range(0, len(self.data), size):
            yield (self.pause if start else 0.0), self.data[start : start + size]


def body_of(reply: Reply, patience: float | None = None) -> Body:
    """The body as a client meets it that waits at most `patience` seconds for the next piece."""
    data = reply.body if reply.cut_after is None else reply.body[: reply.cut_after]
    ending: Ending = "complete" if reply.cut_after is None else "cut"
    hangs = reply.piece is not None and patience is not None and reply.pause >= patience
    if hangs and len(data) > (reply.piece or 0):
        data, ending = data[: reply.piece], "timeout"
    return Body(data=data, piece=reply.piece, pause=reply.pause, ending=ending)
