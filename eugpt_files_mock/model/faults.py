"""What a fault is: a frozen value, of one class for each way to go wrong.

Test authors make them with the functions of `faults.py`.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from math import ceil
from typing import Any, Literal, ParamSpec, TypeVar, get_args

from ..errors import OptionError, check_words, quoted, seconds, string, unknown_word
from .content_types import JSON
from .headers import header_pairs
from .messages import SeveredKind
from .stubs import json_bytes

ErrorBody = Literal["envelope", "detail", "error_string", "text", "html", "empty"]
"""The shapes of an error body: three that the documentation shows, and what proxies send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong; its name is that of the function which made it."""

    name: str


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


_P = ParamSpec("_P")
_F = TypeVar("_F", bound=Fault)

_HABITS = {
    **dict.fromkeys(("status_code", "http_status"), "status"),
    **dict.fromkeys(("json", "content", "text", "data"), "body"),
    **dict.fromkeys(("after", "wait", "delay"), "retry_after"),
    **dict.fromkeys(("size", "bytes", "chunk_size"), "chunk_bytes"),
}
"""What other libraries call the arguments."""


def known_arguments(function: Callable[_P, _F]) -> Callable[_P, _F]:
    """Refuses an unknown argument by naming the one that was probably meant."""
    names = tuple(inspect.signature(function).parameters)

    @wraps(function)
    def checked(*values: _P.args, **words: _P.kwargs) -> _F:
        check_words(f"argument of {function.__name__}", words, names, _HABITS)
        return function(*values, **words)

    return checked


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


def retry_headers(name: str, retry_after: float | None) -> dict[str, str]:
    """Without a number of seconds, a wait that costs a test no time."""
    # The `openai` SDKs read `retry-after-ms` first (SDK source). With `retry-after: 0` alone they
    # would wait as long as without any.
    if retry_after is None:
        return {"Retry-After": "0", "retry-after-ms": "1"}
    # Only whole seconds are allowed (RFC 9110, 10.2.3); rounded up, nobody comes back too early.
    return {"Retry-After": str(ceil(seconds(f"{name}: retry_after", retry_after)))}
