"""When a client gives up waiting."""

from __future__ import annotations

from threading import TIMEOUT_MAX

from ..errors import ClientHasNoTimeout
from ..model.messages import Outcome, Severed


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
