"""What a fault is: a frozen value, of one class for each way to go wrong.

Test authors make them with the functions of `faults.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import OptionError, hide_from_traceback, quoted, seconds, string, unknown_word
from .messages import SeveredKind

__tracebackhide__ = hide_from_traceback

ErrorBody = Literal["envelope", "detail", "error_string", "text", "html", "empty"]
"""The shapes of an error body: three that the documentation shows, and what proxies send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        name: that of the function which made it.
    """

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorResponse(Fault):
    """An answer with an error status takes the place of the real one."""

    status: int
    code: str | None
    message: str | None
    body: str | bytes
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFault(Fault):
    """The connection ends without an answer."""

    kind: SeveredKind


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


def error_answer(
    name: str,
    status: int,
    code: str | None = None,
    message: str | None = None,
    body: str | bytes = "envelope",
    headers: Mapping[str, str] | None = None,
) -> ErrorResponse:
    """The fault of that name, with its values checked."""
    if isinstance(status, bool) or not isinstance(status, int) or not 400 <= status <= 599:
        raise OptionError(f"{name}: status must be 400 to 599, got {quoted(status)}.", word=status)
    if not isinstance(body, bytes) and body not in get_args(ErrorBody):
        raise unknown_word(f"body of {name}", body, get_args(ErrorBody))
    for label, words in (("code", code), ("message", message)):
        if words is not None:
            string(f"{name}: {label}", words, may_be_empty=True)
    return ErrorResponse(
        name=name,
        status=status,
        code=code,
        message=message,
        body=body,
        headers=_header_pairs(name, headers),
    )


_FRAMING = ("content-length", "transfer-encoding", "connection")
"""Header fields that the body and the connection decide."""


def _header_pairs(name: str, headers: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    if headers is None:
        return ()
    if not isinstance(headers, Mapping):
        raise OptionError(
            f"{name}: headers must map names to values, got {headers!r}.", word=headers
        )
    pairs = tuple((str(field), str(value)) for field, value in headers.items())
    for pair in pairs:
        if pair[0].lower() in _FRAMING:
            raise OptionError(
                f"{name}: {pair[0]} says how the answer is sent, and cannot be set. "
                "For a body cut short, take truncated().",
                word=pair[0],
            )
        together = string(f"{name}: a header field", "".join(pair), encoding="latin-1")
        if any(character in together for character in "\r\n\0"):
            raise OptionError(f"{name}: a header field with a line break: {pair!r}.", word=pair)
    return pairs


def retry_headers(name: str, retry_after: float | None) -> dict[str, str]:
    """`retry-after-ms` is read by the `openai` SDKs before `retry-after` (SDK source)."""
    if retry_after is None:
        return {"retry-after-ms": "1"}
    after = seconds(f"{name}: retry_after", retry_after)
    return {"Retry-After": str(int(after) if after == int(after) else after)}
