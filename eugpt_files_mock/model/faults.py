"""What a fault is: a frozen value, of one class for each way to go wrong.

Test authors make them with the functions of `faults.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import wraps
from math import ceil
from typing import Any, Literal, ParamSpec, TypeVar, get_args

from ..errors import OptionError, known_arguments, quoted, seconds, string, unknown_word
from .headers import JSON, header_pairs
from .messages import NOT_CONNECTED, SeveredKind
from .stub_answers import json_bytes

ErrorBody = Literal["envelope", "detail", "error_string", "text", "html", "empty"]
"""The shapes of an error body: three that the documentation shows, and what proxies send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong; its name is that of the function which made it."""

    name: str
    arguments: str = field(default="", compare=False, repr=False)
    """Those of the function, as they are written in a call."""

    def __str__(self) -> str:
        return f"{self.name}({self.arguments})"


class FaultName(str):
    """The name of a fault, as a call has it; and how the fault was made, for messages."""

    __slots__ = ("shown",)

    shown: str

    @classmethod
    def of(cls, fault: Fault) -> FaultName:
        """That of this fault."""
        name = cls(fault.name)
        name.shown = str(fault)
        return name


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorResponse(Fault):
    """An answer with an error status, instead of the real one."""

    status: int
    code: str | None
    message: str | None
    body: str | bytes
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFault(Fault):
    """The connection ends without an answer, or isn't made at all."""

    kind: SeveredKind
    after_bytes: int | None = None
    """Of a reset: it comes once so many bytes of the request's body have come."""

    @property
    def is_in_process_only(self) -> bool:
        """A port that listens can't refuse a connection."""
        return self.kind in NOT_CONNECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Delayed(Fault):
    """The answer comes late."""

    seconds: float
    jitter: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncated(Fault):
    """The body ends early, after `after_bytes`; None means half-way."""

    after_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrupted(Fault):
    """The body is altered, and keeps its length unless it is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MalformedJson(Fault):
    """The body claims to be JSON, and is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dribbled(Fault):
    """The body comes in slow pieces."""

    chunk_bytes: int
    seconds: float


_P = ParamSpec("_P")
_F = TypeVar("_F", bound=Fault)

_ARGUMENT_HABITS = {
    "status": ("status_code", "http_status"),
    "body": ("json", "content", "text", "data"),
    "retry_after": ("after", "wait", "delay"),
    "chunk_bytes": ("size", "bytes", "chunk_size"),
    "location": ("url", "to"),
}
"""Arguments of the functions → what other libraries call them."""


def makes_a_fault(function: Callable[_P, _F]) -> Callable[_P, _F]:
    """The function, which checks its arguments, and keeps them for messages about the fault."""
    signature = inspect.signature(function)
    known = known_arguments(function, _ARGUMENT_HABITS)

    @wraps(function)
    def make(*values: _P.args, **words: _P.kwargs) -> _F:
        if function.__name__ == "timeout" and (values or words):
            raise _no_seconds((*values, *words.values())[0])
        fault = known(*values, **words)
        given = signature.bind(*values, **words).arguments
        return replace(fault, arguments=", ".join(_shown(signature, given)))

    return make


def _no_seconds(value: object) -> OptionError:
    return OptionError(
        f"timeout takes no argument, got {quoted(value)}: no answer ever comes, and the client "
        f"meets its own timeout. For a late answer: delay({quoted(value)}).",
        word=value,
    )


def _shown(signature: inspect.Signature, given: Mapping[str, Any]) -> Iterator[str]:
    """As one writes them: those that are needed by their places, others by name."""
    for name, value in given.items():
        default = signature.parameters[name].default
        # Its headers and its body may be long, and have secrets in them.
        text = "{…}" if isinstance(value, Mapping) else quoted(value, 40)
        if default is inspect.Parameter.empty:
            yield text
        elif value != default:
            yield f"{name}={text}"


def error_answer(
    name: str,
    status: int,
    code: str | None = None,
    message: str | None = None,
    body: str | bytes | Mapping[str, Any] = "envelope",
    headers: Mapping[str, str] | None = None,
) -> ErrorResponse:
    """The fault of that name, with its values checked."""
    # A bool is an int for Python.
    if isinstance(status, bool) or not isinstance(status, int) or not 400 <= status <= 599:
        raise OptionError(f"{name}: status must be 400 to 599, got {quoted(status)}.", word=status)
    pairs = header_pairs(name, headers)
    if isinstance(body, Mapping):
        body = json_bytes(f"body of {name}", dict(body))
        if not any(field.lower() == "content-type" for field, _ in pairs):
            pairs = (("Content-Type", JSON), *pairs)
    elif not isinstance(body, bytes) and body not in get_args(ErrorBody):
        raise _unknown_body(name, body)
    for label, words in (("code", code), ("message", message)):
        if words is not None:
            string(f"{name}: {label}", words, may_be_empty=True)
    return ErrorResponse(
        name=name, status=status, code=code, message=message, body=body, headers=pairs
    )


def _unknown_body(name: str, body: object) -> OptionError:
    error = unknown_word(f"body of {name}", body, get_args(ErrorBody))
    return OptionError(
        f"{error} Text of your own is given as bytes, a JSON object as a dict.",
        word=body,
        nearest=error.nearest,
    )


RetryAfter = float | datetime | str | None
"""Seconds, or a moment; a moment as text is for callers that have only words."""


def retry_headers(
    name: str, retry_after: RetryAfter, *, without: Mapping[str, str]
) -> dict[str, str]:
    """`Retry-After` in seconds, or as a date (RFC 9110, 10.2.3); `without` for None."""
    if retry_after is None:
        return dict(without)
    label = f"{name}: retry_after"
    if isinstance(retry_after, (datetime, str)):
        return {"Retry-After": _http_date(label, retry_after)}
    # Only whole seconds are allowed; rounded up, nobody comes back too early.
    return {"Retry-After": str(ceil(seconds(label, retry_after)))}


def _http_date(label: str, value: datetime | str) -> str:
    moment = _moment(label, value) if isinstance(value, str) else value
    # A moment without a time zone is local time, as everywhere in Python.
    late = moment.astimezone(timezone.utc)
    if late.microsecond:
        late = late.replace(microsecond=0) + timedelta(seconds=1)
    # Late, here and below: it takes a tenth of the time of importing all of the mock.
    from email.utils import format_datetime

    return format_datetime(late, usegmt=True)


def _moment(label: str, text: str) -> datetime:
    from email.utils import parsedate_to_datetime

    for read in (datetime.fromisoformat, parsedate_to_datetime):
        with suppress(ValueError, TypeError):
            return read(text)
    raise OptionError(
        f"{label} must be a number of seconds, a datetime, or a date such as "
        f"'Wed, 21 Oct 2026 07:28:00 GMT'; got {quoted(text)}.",
        word=text,
    )


NO_TIME = {"retry-after-ms": "1"}
"""A wait that costs a test no time. The `openai` SDKs read it first (SDK source)."""

AT_ONCE = {"Retry-After": "0", **NO_TIME}
"""With `Retry-After: 0` alone, the `openai` SDKs would wait as long as without any."""


def redirect_answer(location: str, status: int) -> ErrorResponse:
    """The fault `redirect`, with its values checked."""
    if isinstance(status, bool) or status not in REDIRECTS:
        words = ", ".join(map(str, REDIRECTS))
        raise OptionError(
            f"redirect: status must be one of {words}, got {quoted(status)}.", word=status
        )
    headers = header_pairs("redirect", {"Location": string("redirect: location", location)})
    return ErrorResponse(
        name="redirect", status=status, code=None, message=None, body="empty", headers=headers
    )


REDIRECTS = (301, 302, 303, 307, 308)
"""Statuses that name another place (RFC 9110, 15.4)."""
