"""What makes two requests the same."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from typing import Any

from ..model.messages import Call, Record
from .attempts import Attempt

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
    # As text, as parsed JSON can't be hashed.
    return json.dumps(record.call.json, sort_keys=True)


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
        return (call.operation, call.path, json.dumps(kept, sort_keys=True))
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
