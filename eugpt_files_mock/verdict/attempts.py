"""One request as an attempt at a call: how it went for the client, and how long it waited then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from ..model.headers import Headers
from ..model.messages import WHOLE, Call, Record, Reply, Severed
from ..model.stub_answers import WITHOUT_BODY

NON_RETRYABLE = (400, 401, 403, 404, 405, 413, 415, 422)


def is_retryable_status(status: int) -> bool:
    """Whether trying again may help: what the `openai` SDKs try again (SDK source)."""
    return status in (408, 409, 429) or status >= 500


class Attempt(NamedTuple):
    """One request, and how it went for the client.

    Attributes:
        record: of the journal.
        trouble: what kept the client from the answer: a `SeveredKind`; `late`, if it came after the
            client's timeout; `gone`, if the client went away before; `cut`; `altered`;
            `broken off`, if the client didn't send all of it; or None.
        due: seconds from its arrival until the client had the answer, or went away.
    """

    record: Record
    trouble: str | None
    due: float

    @property
    def call(self) -> Call:
        return self.record.call

    @property
    def status(self) -> int:
        """What was answered; 0 without an answer."""
        return self.record.call.status or 0

    @property
    def timed_out(self) -> bool:
        """Whether the client has waited in vain, as far as that is known."""
        return self.trouble in ("timeout", "late", "gone")

    @property
    def is_retryable(self) -> bool:
        """Whether it failed in a way that may pass: 408, 409, 429, 5xx, a broken connection."""
        if self.trouble == "broken off":
            return False
        return self.trouble not in (None, "altered") or is_retryable_status(self.status)

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to try again.

        A 404 that no fault made is an answer: who asks again waits for a file to come or to go.
        """
        if self.trouble == "broken off" or (self.status == 404 and self.call.fault is None):
            return True
        return self.trouble is None and self.status < 400

    @property
    def is_success(self) -> bool:
        """Whether the client has got what it wanted."""
        return self.trouble is None and 200 <= self.status < 400

    @property
    def is_lost(self) -> bool:
        """Whether the work was done, and the client doesn't know."""
        return self.record.is_done and not self.is_success

    @property
    def answer(self) -> Headers:
        """The headers of the answer."""
        outcome = self.record.outcome
        return Headers(outcome.headers if isinstance(outcome, Reply) else ())

    @property
    def requested_wait(self) -> float | None:
        """Seconds that the answer asks to wait; None when it doesn't."""
        if self.is_success:
            return None
        headers = self.answer
        # The openai SDK obeys the first of the two, other clients only the second: either is right.
        waits = [
            seconds
            for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0))
            if name in headers
            for seconds in [_seconds(headers[name], unit, self.record.call.started_at)]
        ]
        return min(waits, default=None)

    def elapsed(self, later: Record) -> float:
        """Seconds from its arrival to that of a later one, by the clock that has gone furthest.

        A test may set the clock of the mock forward instead of waiting, or that of the event loop.
        """
        record = self.record
        really = later.started - record.started
        times = [really, later.call.started_at - record.call.started_at]
        ours, other = record.sender, later.sender
        if ours and other and ours.loop is other.loop:
            times.append(really + (other.loop_ahead or 0.0) - (ours.loop_ahead or 0.0))
        return max(times)

    def waited(self, later: Attempt) -> float:
        """Seconds between the end of this one and the start of a later one."""
        return self.elapsed(later.record) - self.due

    def pause(self, later: Attempt) -> Pause:
        """The same, and what the thread did meanwhile."""
        length = self.waited(later)
        ours, other = self.record.sender, later.record.sender
        before = ours and ours.thread_times
        after = other and other.thread_times
        if self._is_clock_set(later):
            return Pause(length, is_of_a_set_clock=True)
        if not (before and after) or before.thread is not after.thread:
            return Pause(length)
        # What it did before the answer is no part of the pause.
        total = after.at_work + after.kept_waiting - before.at_work - before.kept_waiting
        busy = max(0.0, total - self.record.call.duration)
        kept = min(after.kept_waiting - before.kept_waiting, busy)
        return Pause(
            length,
            kept_waiting=kept,
            at_work=busy - kept,
            has_never_stopped=before.stops is not None and before.stops == after.stops,
            is_alone=not (before.is_shared or after.is_shared),
        )

    def _is_clock_set(self, later: Attempt) -> bool:
        really = later.record.started - self.record.started
        return self.elapsed(later.record) > really + _SET_FORWARD

    def is_wait_known(self, later: Attempt) -> bool:
        """Whether that says something: not where sleeping is replaced, and no clock is set."""
        records = (self.record, later.record)
        if not any(one.sender and one.sender.is_sleeping_replaced for one in records):
            return True
        return self._is_clock_set(later)

    def __str__(self) -> str:
        known = (self.record.call.status, self.trouble)
        return " ".join(str(word) for word in known if word is not None)


AT_ONCE = 0.1
"""Seconds; making a client may take as long as that. stamina waits at least so long."""

NO_SLEEP = 0.03
"""Seconds without any work that are no sleep: locks, and reading files, take some."""


class Pause(NamedTuple):
    """Between two attempts, in seconds.

    Attributes:
        length: of all of it.
        kept_waiting: how long of it the machine had no time for the thread.
        at_work: how long of it the thread has run; None if that isn't known.
        has_never_stopped: whether it is known that the thread did not sleep, nor wait for anything.
        is_alone: whether no other tasks run in that thread.
        is_of_a_set_clock: whether a test has set a clock forward by as much.
    """

    length: float
    kept_waiting: float = 0.0
    at_work: float | None = None
    has_never_stopped: bool = False
    is_alone: bool = False
    is_of_a_set_clock: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether nothing is in it that a busy machine has added."""
        return self.at_work is not None or self.is_of_a_set_clock

    @property
    def on_a_quiet_machine(self) -> float:
        """How long it had been there."""
        # Now and then, Linux takes a sleep for a time in which the thread was kept waiting: then
        # no time is left in which it can have stopped.
        left = self.length - self.kept_waiting - (self.at_work or 0.0)
        is_doubtful = left < NO_SLEEP and not self.has_never_stopped
        return self.length - (0.0 if is_doubtful else self.kept_waiting)

    @property
    def idle(self) -> float:
        """What of it was no work, as far as that is known."""
        return max(0.0, self.on_a_quiet_machine - (self.at_work or 0.0))

    @property
    def slept(self) -> float:
        """As near as can be told: other tasks work while one sleeps."""
        return self.idle if self.is_alone else self.on_a_quiet_machine

    @property
    def is_none(self) -> bool:
        """Whether the code went on at once."""
        if self.has_never_stopped and self.is_alone and self.at_work is not None:
            return self.at_work < 2 * AT_ONCE
        return self.length < AT_ONCE and (self.at_work is None or self.idle < NO_SLEEP)


_SET_FORWARD = 0.05
"""Seconds that a clock is ahead if it was set, and doesn't only run unevenly."""


def attempt(record: Record, gone_after: float | None) -> Attempt:
    """The attempt that a record tells of; the client went away after so many seconds, or None."""
    outcome, seconds = record.outcome, record.call.duration
    if not record.is_complete:
        return Attempt(record, "broken off", seconds)
    if isinstance(outcome, Severed):
        return Attempt(record, outcome.kind, seconds)
    # The answer itself looks like any other: only the name of the fault tells.
    is_altered = record.call.fault in ("corrupted", "malformed_json")
    trouble = "altered" if is_altered and outcome.status not in WITHOUT_BODY else None
    delivery = outcome.delivery
    if delivery is WHOLE:
        return Attempt(record, trouble, seconds)
    length = _length(outcome)
    longest, patience = delivery.longest_silence(length), record.read_timeout
    if delivery.cut_after is not None:
        trouble = "cut"
    if gone_after is not None:
        return Attempt(record, "gone", seconds + gone_after)
    if longest and patience is not None and longest >= patience:
        return Attempt(record, "late", seconds + min(patience, delivery.seconds(length)))
    return Attempt(record, trouble, seconds + delivery.seconds(length))


def _length(reply: Reply) -> int:
    """As announced: the journal keeps no content of files."""
    return int(Headers(reply.headers).get("content-length", "0"))


def _seconds(text: str, unit: float, now: float) -> float:
    """A number, or an HTTP date (RFC 9110, 10.2.3); what is neither asks for no wait."""
    try:
        return float(text) * unit
    except ValueError:
        from email.utils import mktime_tz, parsedate_tz

        date = parsedate_tz(text)
        return 0.0 if date is None else max(0.0, mktime_tz(date) - now)


@dataclass(frozen=True, slots=True)
class Group:
    """One call: a request and its retries, in order."""

    attempts: tuple[Attempt, ...]

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(attempt.call for attempt in self.attempts)

    @property
    def retries(self) -> Iterator[tuple[Attempt, Attempt]]:
        """Each attempt that was followed by another, and that other."""
        return pairwise(self.attempts)

    @property
    def first(self) -> Attempt:
        return self.attempts[0]

    @property
    def last(self) -> Attempt:
        return self.attempts[-1]

    @property
    def title(self) -> str:
        """Such as `upload report.pdf`."""
        call = self.first.call
        query = "&".join(f"{name}={value}" for name, value in call.query.items())
        subject = call.filename or call.file_id or query
        return f"{call.operation or f'{call.method} {call.path}'} {subject}".rstrip()

    @property
    def timeline(self) -> str:
        """Each attempt with its time, such as `429 at 0.00 s, 200 at 0.20 s`; not all of many."""
        told = [f"{one} at {self.first.elapsed(one.record):.2f} s" for one in self.attempts]
        if len(told) > _MOST_TOLD:
            told[_MOST_TOLD - 2 : -1] = [f"{len(told) - _MOST_TOLD + 1} more"]
        return ", ".join(told) if len(told) > 1 else str(self.first)

    def __str__(self) -> str:
        return f"{self.title}: {', '.join(_shortened(map(str, self.attempts)))}"


_MOST_ALIKE = 12
"""Attempts in a row that say the same, up to which each of them is told."""


def _shortened(told: Iterable[str]) -> Iterator[str]:
    """Such as `429, 503 (1000 times)`."""
    for one, several in groupby(told):
        number = len(list(several))
        yield from [one] * number if number <= _MOST_ALIKE else [f"{one} ({number} times)"]


_MOST_TOLD = 8
