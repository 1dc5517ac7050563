"""Time, as a client meets it: when it gives up, and in which pieces a body arrives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import TIMEOUT_MAX
from typing import Literal

from ..errors import ClientHasNoTimeout
from ..model.messages import Outcome, Reply, Severed

Ending = Literal["complete", "cut", "timeout"]


def limited_to_timeout(outcome: Outcome, read_timeout: float | None) -> Outcome:
    """What a client meets that waits `read_timeout` seconds for an answer; None means for ever."""
    if isinstance(outcome, Severed):
        if outcome.kind == "timeout" and read_timeout is None:
            raise _waits_for_ever("timeout()")
        return outcome
    if outcome.error is not None:
        raise outcome.error
    if read_timeout is None and max(outcome.delay, outcome.pause) > TIMEOUT_MAX:
        raise _waits_for_ever("delay()" if outcome.delay else "dribble()")
    if read_timeout is not None and outcome.delay and outcome.delay >= read_timeout:
        return Severed(kind="timeout")
    return outcome


def _waits_for_ever(fault: str) -> ClientHasNoTimeout:
    return ClientHasNoTimeout(
        f"The fault {fault} hit a client that has no timeout: it would wait for ever.\n"
        "To fix it: give the client one, such as timeout=5; in process it costs no time.\n"
        "To allow it: inject(..., optional=True), or "
        "FilesMock(assert_all_faults_fired=False): then the exit checks accept it."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """How a body arrives: in pieces, each but the first after a pause; None sends all at once."""

    data: bytes
    piece: int | None
    pause: float
    ending: Ending

    def pieces(self) -> Iterator[tuple[float, bytes]]:
        """Seconds to wait, and the bytes to send then."""
        size = self.piece or max(1, len(self.data))
        for start in range(0, len(self.data), size):
            yield (self.pause if start else 0.0), self.data[start : start + size]


def body_of(reply: Reply, read_timeout: float | None = None) -> Body:
    """The body as a client meets it that waits `read_timeout` seconds for the next piece."""
    data = reply.body if reply.cut_after is None else reply.body[: reply.cut_after]
    ending: Ending = "complete" if reply.cut_after is None else "cut"
    hangs = reply.piece is not None and read_timeout is not None and reply.pause >= read_timeout
    if hangs and len(data) > (reply.piece or 0):
        data, ending = data[: reply.piece], "timeout"
    return Body(data=data, piece=reply.piece, pause=reply.pause, ending=ending)
