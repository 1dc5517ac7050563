"""The requests of the journal, grouped into calls: one request and its retries are one call."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..model.messages import Call, Headers, Record, Reply, Severed

_RETRYABLE = (408, 409, 429)
"""With all 5xx: what the `openai` SDKs try again (SDK source)."""

_LONGEST_BACKOFF = 120.0
"""Seconds; the longest among the clients is that of urllib3 (`Retry.DEFAULT_BACKOFF_MAX`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request, and how it went for the client.

    `is_abandoned`: the same request came again before the late answer was due.
    """

    record: Record
    is_abandoned: bool = False

    @property
    def call(self) -> Call:
        return self.record.call

    @property
    def due(self) -> float:
        """Seconds from its arrival until the client has the whole answer."""
        outcome, seconds = self.record.outcome, self.call.duration
        if isinstance(outcome, Severed):
            return seconds
        return seconds + outcome.delivery.seconds(_length(outcome))

    @property
    def trouble(self) -> str | None:
        """What kept the client from the answer: a `SeveredKind`, `late`, `cut` or `altered`."""
        outcome, patience = self.record.outcome, self.record.read_timeout
        if isinstance(outcome, Severed):
            return outcome.kind
        longest = outcome.delivery.longest_silence(_length(outcome))
        if self.is_abandoned or (longest and patience is not None and longest >= patience):
            return "late"
        if outcome.delivery.cut_after is not None:
            return "cut"
        # The answer itself looks like any other: only the name of the fault tells.
        return "altered" if self.call.fault in ("corrupted", "malformed_json") else None

    @property
    def timed_out(self) -> bool:
        """Whether the client gave up waiting, as far as its timeout is known."""
        return self.trouble in ("timeout", "late")

    @property
    def is_retryable(self) -> bool:
        """Whether it failed in a way that may pass: 408, 409, 429, 5xx, a broken connection."""
        status = self.call.status or 0
        return self.trouble not in (None, "altered") or status in _RETRYABLE or status >= 500

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to try again.

        A 404 that no fault made is an answer: who asks again waits for a file to come or to go.
        """
        if self.call.status == 404 and self.call.fault is None:
            return True
        return self.trouble is None and (self.call.status or 0) < 400

    @property
    def requested_wait(self) -> float | None:
        """Seconds that the answer asks to wait; None when it doesn't, 0 for a date (not judged)."""
        outcome = self.record.outcome
        headers = Headers(outcome.headers if isinstance(outcome, Reply) else ())
        units = {"retry-after-ms": 0.001, "retry-after": 1.0}
        waits = [_number(headers[name]) * units[name] for name in units if name in headers]
        # The openai SDK obeys the first of the two, other clients only the second: either is right.
        return min(waits, default=None)

    def waited(self, later: Attempt) -> float:
        """Seconds between the end of this one and the start of a later one.

        By the clock of the mock too, as a test may replace sleeping by setting that forward.
        """
        real = later.record.started - self.record.started
        return max(real, later.call.started_at - self.call.started_at) - self.due

    def __str__(self) -> str:
        known = (self.call.status, self.trouble)
        return " ".join(str(word) for word in known if word is not None)


@dataclass(frozen=True, slots=True)
class Group:
    """One call: a request and its retries, in order."""

    attempts: tuple[Attempt, ...]

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(attempt.call for attempt in self.attempts)

    @property
    def retries(self) -> Iterable[tuple[Attempt, Attempt]]:
        """Each attempt that was followed by another, and that other."""
        return zip(self.attempts, self.attempts[1:], strict=False)

    @property
    def title(self) -> str:
        """Such as `upload report.pdf`."""
        call = self.attempts[0].call
        query = "&".join(f"{name}={value}" for name, value in call.query.items())
        subject = call.filename or call.file_id or query
        return f"{call.operation or f'{call.method} {call.path}'} {subject}".rstrip()

    def __str__(self) -> str:
        return f"{self.title}: {', '.join(map(str, self.attempts))}"


def grouped(records: Iterable[Record]) -> tuple[Group, ...]:
    """The calls, in the order of their first attempts.

    Of attempts at the same time each is a call of its own: none can be the retry of another.
    """
    groups: list[list[Attempt]] = []
    alike: dict[object, list[list[Attempt]]] = {}
    for record in records:
        identity = _identity(record.call)
        # Without this, a client that polls would have each request compared with all before it.
        same = [one for one in alike.get(identity, ()) if not _is_over(one[-1], record)]
        group = next((one for one in same if _is_handled(one[-1], record)), None)
        if group is None:
            group = []
            groups.append(group)
        else:
            # It goes to the end: `same` is in the order of the last attempts, so a request that
            # could follow several calls is taken for a retry of the one that has waited longest.
            same.remove(group)
            group[-1] = replace(group[-1], is_abandoned=_is_abandoned(group[-1], record))
        group.append(Attempt(record=record))
        same.append(group)
        alike[identity] = same
    return tuple(Group(tuple(group)) for group in groups)


def _is_handled(earlier: Attempt, record: Record) -> bool:
    return record.started - earlier.record.started >= earlier.call.duration


def _is_over(earlier: Attempt, record: Record) -> bool:
    """Whether the earlier one succeeded, or no client waits so long before it tries again."""
    if earlier.is_settled:
        return not _is_abandoned(earlier, record)
    # After a longer time than any client waits, it is another run of the same program.
    longest = _LONGEST_BACKOFF + (earlier.requested_wait or 0.0)
    return record.started - earlier.record.started > earlier.due + longest


def _is_abandoned(earlier: Attempt, record: Record) -> bool:
    """Whether the client had given up waiting: on a port, its timeout is not known."""
    is_on_a_port = earlier.call.client == "wsgi"
    return is_on_a_port and record.started - earlier.record.started < earlier.due


def _identity(call: Call) -> object:
    """What two attempts at the same call have in common."""
    who = (call.operation, call.user, call.client, call.method)
    if call.operation == "upload":
        # A form that can't be read has no content to compare: its length must do.
        content = call.sha256 or call.headers.get("content-length")
        return (*who, call.filename, call.purpose, content)
    # As text, as parsed JSON can't be hashed.
    body = json.dumps(call.json, sort_keys=True)
    return (*who, call.path, frozenset(call.query.items()), body)


def _length(reply: Reply) -> int:
    """As announced: the journal keeps no content of files."""
    return int(Headers(reply.headers).get("content-length", "0"))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
