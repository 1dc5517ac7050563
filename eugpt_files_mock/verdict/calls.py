"""The requests of the journal, grouped into calls: one request and its retries are one call."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..model.messages import Call, PortConnection, Record
from .attempts import AT_ONCE, NON_RETRYABLE, Attempt, Group, attempt

# -- what makes two requests the same --------------------------------------------------------------

_OF_THE_CLIENT = frozenset(
    [
        "accept",
        "accept-encoding",
        "authorization",
        "baggage",
        "b3",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "date",
        "expect",
        "host",
        "range",
        "if-range",
        "sentry-trace",
        "te",
        "traceparent",
        "tracestate",
        "transfer-encoding",
        "user-agent",
        "via",
    ]
)
"""Headers that a client sets by itself, or that a retry may change."""

_COUNTS = re.compile(
    r"x-stainless-|x-b3-|x-datadog-|x-amzn-trace|idempotency-key|(x-)?(client-)?"
    r"(request|correlation|trace|span)-?id|(x-)?(.*-)?(retry|retries|attempt)",
    re.IGNORECASE,
)
"""Headers, and parameters, with which clients count and tell apart their attempts."""

_COUNTS_IN_JSON = re.compile(
    r"((is|this|current)_)?(attempt|retry)(_?(number|count|no|nr|id))?", re.IGNORECASE
)
"""Members of a JSON body, at any depth, with which an author counts the attempts."""

_FRESH = frozenset({"_", "nonce", "cb", "cachebuster", "ts", "timestamp"})
"""Parameters that are new with each attempt."""

_VARIED = frozenset({"model", "version", "revision", "etag", "stream", "name"})
"""Members of a JSON body that a request is sent again with, corrected."""


def wanted(record: Record) -> Hashable:
    """What a request asks for, of which service, with which key: a retry asks for the same."""
    call = record.call
    return (call.method, _host(call), record.key, call.user, *subject(record))


def subject(record: Record) -> tuple[Hashable, ...]:
    """What a request asks for, whoever asks and is asked."""
    call = record.call
    if call.operation == "upload":
        # A form that can't be read has no content to compare: its length must do.
        return ("upload", call.filename, call.purpose, call.sha256 or record.size)
    return (call.operation, call.path, parameters(call), body(record))


def parameters(call: Call) -> Hashable:
    """The query, without what tells attempts apart."""
    if not call.query:
        return ()
    return frozenset(
        (name, value)
        for name, value in call.query.items()
        if name not in _FRESH and not _COUNTS.match(name)
    )


def body(record: Record) -> Hashable:
    """The body of a stubbed route: as JSON, whatever the order of its members."""
    if record.call.json is None:
        return record.body
    return _json_key(record.call.json)


def _json_key(value: Any) -> str:
    """As text, as parsed JSON can't be hashed; without what counts attempts."""
    return json.dumps(_without_counts(value), sort_keys=True)


def _without_counts(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_counts(one) for one in value]
    if isinstance(value, dict):
        kept = value.items()
        return {k: _without_counts(v) for k, v in kept if not _COUNTS_IN_JSON.fullmatch(k)}
    return value


def exactly(record: Record) -> Hashable:
    """All that the author has chosen beside: other fields, the part's type, headers."""
    call = record.call
    chosen = frozenset(
        (name.lower(), value)
        for name, value in call.headers.pairs
        if name.lower() not in _OF_THE_CLIENT and not _COUNTS.match(name)
    )
    return (call.content_type, frozenset(call.fields.items()), chosen)


def variant(record: Record) -> Hashable:
    """What stays the same when a request is corrected: another name, version or model."""
    call = record.call
    if call.operation == "upload":
        return ("content", call.user, call.purpose, call.sha256)
    if isinstance(call.json, dict):
        kept: dict[str, Any] = {k: v for k, v in call.json.items() if k not in _VARIED}
        return (call.operation, call.path, _json_key(kept))
    return (call.operation, call.path, record.body)


def place(record: Record) -> Hashable:
    """Where a content goes: what a retry has in common with the failed attempt if it sends less."""
    call = record.call
    if call.operation == "upload":
        is_form = call.error != "invalid_multipart" or call.filename is not None
        return ("upload", call.filename, call.purpose) if is_form else NO_FORM
    return (call.operation, _host(call), call.path)


NO_FORM = "upload", None
"""The place of an upload of which nothing can be read, as when its stream was used up."""


def is_remainder(failed: Attempt, record: Record) -> bool:
    """Whether a request to the same place sends nothing, or the rest, of what had failed.

    A stream that has been read gives nothing; one that was read in part, or rewound to a wrong
    place, ends as before.
    """
    before, size = failed.record, record.size
    is_less = size < before.size or place(record) == NO_FORM
    if not is_less or not (failed.is_retryable or failed.status == 401):
        return False
    if size == 0 or place(record) == NO_FORM:
        return True
    # The rest of a JSON text isn't JSON; what is, is another request that happens to end alike.
    if record.call.json is not None or not record.tail:
        return False
    return before.tail.endswith(record.tail)


_GENERATED = re.compile(
    r"tmp\w+|[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}|[0-9a-f]{12,}|\d{9,}",
    re.IGNORECASE,
)
"""What a generated filename has in it: a UUID, a long number, a name of `tempfile`."""


def is_generated_anew(first: str | None, second: str | None) -> bool:
    """Whether two filenames differ only in what was generated."""
    if not first or not second:
        return False
    made = _GENERATED.search(first)
    return made is not None and _GENERATED.sub("*", first) == _GENERATED.sub("*", second)


def _host(call: Call) -> str:
    for name, value in call.headers.pairs:
        if name in _HOST:
            return value
    return ""


_HOST = ("Host", "host")


# -- who sent a request ----------------------------------------------------------------------------


class Lane(NamedTuple):
    """Connections of a port that follow one another, as those of one client do."""

    number: int


def senders_of(records: Sequence[Record]) -> Iterator[Hashable]:
    """Who sent each record: equal for equal senders; None where that isn't known."""
    lanes = _lanes(records)
    for record in records:
        who = record.sender and record.sender.who
        # Its identity, as a weak reference to what is gone can't be hashed; the record keeps it.
        yield lanes[who] if isinstance(who, PortConnection) else id(who) if who else None


def _lanes(records: Sequence[Record]) -> dict[PortConnection, Lane]:
    """A connection that was opened after another was closed is taken to continue it."""
    senders = [record.sender.who for record in records if record.sender]
    connections = {who for who in senders if isinstance(who, PortConnection)}
    lanes: dict[PortConnection, Lane] = {}
    ends: list[PortConnection] = []
    for new in sorted(connections, key=lambda one: one.opened):
        before = [n for n, end in enumerate(ends) if end.closed and end.closed <= new.opened]
        number = max(before, key=lambda n: ends[n].closed or 0.0, default=len(ends))
        ends[number : number + 1] = [new]
        lanes[new] = Lane(number)
    return lanes


# -- which attempts are one call -------------------------------------------------------------------

LONGEST_BACKOFF = 120.0
"""Seconds; the longest among the clients is that of urllib3 (`Retry.DEFAULT_BACKOFF_MAX`)."""

HONOURED = 0.9
"""Of a wait that was asked for: the timers of some clients are coarse."""

_EXACT = (*NON_RETRYABLE, 409, 412)
"""After these, a request that differs in anything is a corrected one."""


def grouped(
    records: Iterable[Record], gone: Mapping[str, float] | None = None
) -> tuple[Group, ...]:
    """The calls, in the order of their first attempts.

    Of attempts at the same time each is a call of its own: none can be the retry of another. `gone`
    has, by the ids of requests, the seconds after which their clients went away.
    """
    kept, after = tuple(records), gone or {}
    attempts = [attempt(record, after.get(record.call.request_id)) for record in kept]
    senders = list(senders_of(kept))
    unsure: dict[Hashable, list[Attempt]] = defaultdict(list)
    if not all(one.is_settled for one in attempts):
        for one, sender in zip(attempts, senders, strict=True):
            if isinstance(sender, Lane):
                unsure[wanted(one.record)].append(one)
    in_turn: dict[int, int | None] = {}
    for some in unsure.values():
        in_turn |= _in_turn(some)
    grouping = _Grouping(in_turn)
    for one, sender in zip(attempts, senders, strict=True):
        grouping.add(one, sender)
    return tuple(Group(tuple(one.attempts)) for one in grouping.calls)


class _CallSoFar:
    """The attempts so far, and who sent the last one."""

    __slots__ = ("attempts", "sender")

    def __init__(self, first: Attempt, sender: Hashable) -> None:
        self.attempts = [first]
        self.sender = sender

    @property
    def last(self) -> Attempt:
        return self.attempts[-1]

    def go_on(self, new: Attempt, sender: Hashable) -> None:
        if _is_abandoned(self.last, new.record):
            self.attempts[-1] = self.last._replace(trouble="late")
        self.attempts.append(new)
        self.sender = sender


class _Grouping:
    """Gives each attempt to the call that it tries again, or begins a call with it.

    Attributes:
        calls: those that have begun, in the order of their first attempts.
    """

    def __init__(self, in_turn: dict[int, int | None]) -> None:
        self.calls: list[_CallSoFar] = []
        # What `_in_turn` has found, and the calls by the number of their last attempt.
        self._in_turn = in_turn
        self._by_last: dict[int, _CallSoFar] = {}
        # The calls that may be tried again, by what was asked and who had asked; the one that has
        # waited longest comes first.
        self._open: dict[Hashable, list[_CallSoFar]] = {}
        # The last of them, by what was asked, whoever had asked.
        self._latest: dict[Hashable, _CallSoFar] = {}
        # The last of them that had a body, by where that was sent.
        self._failed: dict[Hashable, _CallSoFar] = {}

    def add(self, new: Attempt, sender: Hashable) -> None:
        """Attempts come in order of arrival."""
        may_be_retried = not new.is_settled or _may_be_abandoned(new)
        # Nearly always nothing has failed yet, and there is nothing to go on with.
        if not (may_be_retried or self._open):
            self.calls.append(_CallSoFar(new, sender))
            return
        # Connections tell little of senders: who shares a pool sends over any of them.
        known_sender = Lane if isinstance(sender, Lane) else sender
        asked = wanted(new.record)
        key = asked, known_sender
        # Without this, a client that polls would have each request compared with all before it.
        waiting = [one for one in self._open.get(key, ()) if not _is_over(one.last, new.record)]
        call = self._tried_again(new, sender, known_sender, asked, waiting)
        if call is None:
            call = _CallSoFar(new, sender)
            self.calls.append(call)
        else:
            call.go_on(new, sender)
            waiting = [one for one in waiting if one is not call]
        if self._in_turn:
            self._by_last[new.record.number] = call
        if may_be_retried:
            waiting.append(call)
            self._latest[asked] = call
            self._note_body(call, known_sender)
        if waiting or key in self._open:
            self._open[key] = waiting

    def _tried_again(
        self,
        new: Attempt,
        sender: Hashable,
        known_sender: Hashable,
        asked: Hashable,
        waiting: list[_CallSoFar],
    ) -> _CallSoFar | None:
        """The call that an attempt belongs to, or None if it begins one."""
        number = new.record.number
        if number in self._in_turn:
            return self._by_last.get(self._in_turn[number] or 0)
        return (
            _continued(waiting, new, sender)
            or self._with_less(known_sender, new)
            or self._taken_over(asked, new)
        )

    def _note_body(self, call: _CallSoFar, sender: Hashable) -> None:
        record = call.last.record
        if record.size:
            self._failed[place(record), sender] = call
            if record.call.operation == "upload":
                # What is sent then may be no form any more.
                self._failed[NO_FORM, sender] = call

    def _taken_over(self, asked: Hashable, new: Attempt) -> _CallSoFar | None:
        """By a task or thread that was made for this attempt."""
        call, ours = self._latest.get(asked), new.record.sender
        if call is None or ours is None or _is_over(call.last, new.record):
            return None
        theirs = call.last.record.sender
        goes_on = theirs is not None and ours.goes_on_for(theirs)
        return call if goes_on and _is_same(call.last, new) else None

    def _with_less(self, sender: Hashable, new: Attempt) -> _CallSoFar | None:
        """To the same place, with an empty body, or the rest of one."""
        call = self._failed.get((place(new.record), sender)) if self._failed else None
        if call is None or _is_over(call.last, new.record):
            return None
        return call if is_remainder(call.last, new.record) else None


def _continued(waiting: list[_CallSoFar], new: Attempt, sender: Hashable) -> _CallSoFar | None:
    """Of the calls that may be tried again with this request, the one that is, or None."""
    possible = [one for one in waiting if _is_same(one.last, new)]
    own = next((one for one in possible if one.sender == sender), None)
    if own is not None or not isinstance(sender, Lane):
        return own
    # From another connection of the same pool, but only if that is no accusation.
    return next((one for one in possible if _has_waited(one.last, new)), None)


def _in_turn(attempts: list[Attempt]) -> dict[int, int | None]:
    """For each attempt the one that it repeats, if several senders may have waited side by side.

    Over a port, those that share a pool can't be told apart. So if all attempts that failed may
    have been tried again in time, one after the other, nobody is accused. Empty if not.
    """
    waiting: list[Attempt] = []
    found: dict[int, int | None] = {}
    failed = 0
    for new in attempts:
        own = next((one for one in waiting if _is_same(one, new) and _has_waited(one, new)), None)
        found[new.record.number] = own and own.record.number
        if own is not None:
            waiting.remove(own)
        if not new.is_settled:
            waiting.append(new)
            failed += 1
        if len(waiting) > _MOST_WAITING:
            return {}
    return found if failed > 1 and not waiting else {}


_MOST_WAITING = 50
"""Failed attempts at one call that are kept in mind: a storm isn't many that wait."""


def _is_same(earlier: Attempt, new: Attempt) -> bool:
    record = new.record
    is_handled = record.started - earlier.record.started >= earlier.call.duration
    return is_handled and (
        earlier.status not in _EXACT or exactly(earlier.record) == exactly(record)
    )


def _has_waited(earlier: Attempt, new: Attempt) -> bool:
    """Whether to take the new one for a retry accuses nobody."""
    if earlier.status in NON_RETRYABLE:
        return False
    asked, waited = earlier.requested_wait, earlier.waited(new)
    return waited >= (AT_ONCE if asked is None else HONOURED * asked)


def _is_over(earlier: Attempt, record: Record) -> bool:
    """Whether the earlier one succeeded, or no client waits so long before it tries again."""
    if earlier.is_settled:
        return not _is_abandoned(earlier, record)
    # After a longer time than any client waits, it is another run of the same program.
    longest = LONGEST_BACKOFF + (earlier.requested_wait or 0.0)
    return earlier.elapsed(record) > earlier.due + longest


def _is_abandoned(earlier: Attempt, record: Record) -> bool:
    """Whether the client had given up waiting: only with WSGI nobody notices that it has gone."""
    is_early = record.started - earlier.record.started < earlier.due
    return is_early and _may_be_abandoned(earlier)


def _may_be_abandoned(attempt: Attempt) -> bool:
    record = attempt.record
    return record.sender is None and attempt.trouble is None and record.call.duration < attempt.due
