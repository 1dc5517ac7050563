"""The values of stubs: what a reply function is given and returns, and how that is sent."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, NewType

from ..errors import OptionError, is_integer, known_arguments, quoted, string
from .headers import BYTES, EVENTS, JSON, TEXT, Headers, header_pairs

NULL: Any = object()
"""As `json`, the value null: None says that there is none."""

WITHOUT_BODY = (204, 304)
"""Statuses of answers that have none (RFC 9110, 6.4.1)."""

StubOperation = NewType("StubOperation", str)
"""The name of a stubbed route, such as `POST /responses`."""


FILE_MEMBER = re.compile(r"(?:.*_)?file_ids?|training_file|validation_file", re.DOTALL)
"""Names of the members of a JSON body that hold the id of a file, or a list of ids."""


def files_named_in(value: Any) -> Iterator[tuple[str, str]]:
    """Member and id of each file that a JSON value names, at any depth, in order."""
    # Not by recursion, as a body may be nested deeply. `reversed` keeps the order of the body,
    # because the last one is taken first.
    waiting: list[Any] = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += reversed(value.values())
            for name, named in value.items():
                if FILE_MEMBER.fullmatch(name):
                    ids = named if isinstance(named, list) else [named]
                    yield from ((name, file_id) for file_id in ids if isinstance(file_id, str))
        elif isinstance(value, list):
            waiting += reversed(value)


class StubFile(NamedTuple):
    """A file of a form that was sent to a stubbed route.

    Attributes:
        filename: as sent, decoded; empty where a browser's user has chosen none.
        content: the bytes.
        content_type: that of the part, by default `application/octet-stream`.
    """

    filename: str
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class StubForm:
    """A form that was sent to a stubbed route; of several parts of one name, the last.

    Attributes:
        fields: name → text.
        files: name → `StubFile`.
    """

    fields: Mapping[str, str]
    files: Mapping[str, StubFile]


@dataclass(frozen=True, slots=True, kw_only=True)
class StubRequest:
    """What the reply function of a stub is given.

    Attributes:
        method: the HTTP method, in capitals.
        path: below the base URL, percent-decoded.
        params: the segments of the path that have a name in the stub.
        query: the parameters, decoded; of a repeated one the last value.
        headers: as sent; the key is in them.
        json: the parsed body, or None when it is not JSON.
        form: the `fields` (name → text) and `files` (name → `filename`, `content`,
            `content_type`) of a form, `multipart/form-data` or URL-encoded; None when the body is
            not a form, or can't be read as one. Of several parts of one name it has the last.
        body: the bytes.
        user: whose key it was, or None.
    """

    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Headers
    json: Any
    body: bytes = field(repr=False)
    user: str | None
    form: StubForm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a stub answers, with at most one of `json`, `body` and `events`.

    Attributes:
        status: 200 to 599.
        json: a JSON value.
        body: bytes or text.
        events: JSON values, sent as server-sent events in the framing of the profile. The text
            `[DONE]` is sent as it is.
        headers: header fields to add, or to put in the place of ours.
    """

    status: int = 200
    json: Any = None
    body: bytes | str | None = None
    events: Iterable[Any] | None = None
    headers: Mapping[str, str] | None = None


_ANSWER_HABITS = {"status": ("status_code", "code"), "body": ("text", "content", "data")}

# Python's own error for `Answer(404)` names `Answer.__init__`, and not the argument.
_init: Any = known_arguments(Answer.__init__, _ANSWER_HABITS)
setattr(Answer, "__init__", _init)  # noqa: B010 - type checkers forbid to change a method

ReplyFunction = Callable[[StubRequest], Any]
"""Returns a JSON value, or an `Answer`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedAnswer:
    """An answer as it is sent; `content_type` is None without a body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content_type: str | None
    body: bytes


EventNames = Literal["message", "type"]
"""How server-sent events are named: see the behaviour `responses.events`."""


def encode(answer: Answer, event_names: EventNames) -> EncodedAnswer:
    """The answer as it is sent."""
    status = answer.status
    if not is_integer(status, least=200) or status > 599:
        raise OptionError(f"stub: status must be 200 to 599, got {quoted(status)}.", word=status)
    given = [name for name in _ENCODE if getattr(answer, name) is not None]
    if len(given) > 1:
        raise too_many(given)
    content_type, body = None, b""
    for name in given:
        content_type, body = _ENCODE[name](getattr(answer, name), event_names)
        if status in WITHOUT_BODY:
            raise OptionError(f"stub: an answer {status} has no body, got {name}.", word=name)
    headers = header_pairs("stub", answer.headers)
    return EncodedAnswer(status=status, headers=headers, content_type=content_type, body=body)


def too_many(given: Iterable[str]) -> OptionError:
    """The error for two bodies."""
    names = " and ".join(given)
    return OptionError(f"stub: give one of json, body, events and reply, got {names}.", word=names)


def json_bytes(label: str, value: Any) -> bytes:
    """A JSON value of the test author, as it is sent."""
    try:
        return _strict(value).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise OptionError(
            f"{label} must be a JSON value; this one cannot be written: {error}.", word=value
        ) from None


def _json(value: Any, event_names: EventNames) -> tuple[str, bytes]:
    return JSON, json_bytes("stub: json", None if value is NULL else value)


def _body(value: Any, event_names: EventNames) -> tuple[str, bytes]:
    if isinstance(value, str):
        return TEXT, string("stub: body", value, may_be_empty=True).encode()
    # A bytearray may change later; of bytes this makes no copy.
    if isinstance(value, (bytes, bytearray)):
        return BYTES, bytes(value)
    raise OptionError(
        f"stub: body must be bytes or text, got {type(value).__name__}. A JSON value goes to json.",
        word=value,
    )


def _events(values: Any, event_names: EventNames) -> tuple[str, bytes]:
    """Documented (D): `event: message`, a line of data, an empty line."""
    # These can be iterated too, but nobody means each character or name as an event.
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise OptionError(
            f"stub: events must be a list of JSON values, got {quoted(values)}.", word=values
        )
    return EVENTS, b"".join(_frame(value, event_names) for value in values)


def _frame(value: Any, event_names: EventNames) -> bytes:
    # What ends a stream of chat completions, and is no JSON.
    is_end = isinstance(value, str) and value == "[DONE]"
    data = b"[DONE]" if is_end else json_bytes("stub: events", value)
    if event_names == "message":
        return b"event: message\ndata: %b\n\n" % data
    kind = value.get("type") if isinstance(value, dict) else None
    # A line break would begin another field.
    named = isinstance(kind, str) and re.fullmatch(r"[\w.-]+", kind, re.ASCII)
    return (f"event: {kind}\n".encode() if named else b"") + b"data: %b\n\n" % data


# Python would write NaN and Infinity, which aren't JSON.
_strict = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode

_ENCODE: dict[str, Callable[[Any, EventNames], tuple[str, bytes]]] = {
    "json": _json,
    "body": _body,
    "events": _events,
}
"""How each kind of body becomes bytes, and its content type."""
