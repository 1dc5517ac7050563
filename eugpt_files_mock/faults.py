"""The faults that can be armed: one function for each checks its arguments and returns a value.

`FAULTS` lists them all; the command line, the control routes and the reference pages are made from
it. What a fault does to an answer is in `service/fault_effects.py`.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .errors import AttributeRefused, OptionError, check_words, integer, nearest_word, unknown_word
from .errors import seconds as checked_seconds
from .model.faults import (
    AT_ONCE,
    NO_TIME,
    ConnectionFault,
    Corrupted,
    Delayed,
    Dribbled,
    ErrorBody,
    ErrorResponse,
    Fault,
    MalformedJson,
    RetryAfter,
    Truncated,
    error_answer,
    makes_a_fault,
    redirect_answer,
    retry_headers,
)

__all__ = [
    "bad_gateway",
    "bad_request",
    "connect_timeout",
    "connection_refused",
    "connection_reset",
    "corrupted",
    "delay",
    "dns_error",
    "dribble",
    "empty_response",
    "forbidden",
    "garbage",
    "gateway_timeout",
    "http_error",
    "malformed_json",
    "not_found",
    "rate_limited",
    "redirect",
    "server_error",
    "timeout",
    "tls_error",
    "too_large",
    "truncated",
    "unauthorized",
    "unavailable",
    "unsupported_media_type",
]


@makes_a_fault
def http_error(
    status: int,
    *,
    code: str | None = None,
    message: str | None = None,
    body: ErrorBody | bytes | Mapping[str, Any] = "envelope",
    headers: Mapping[str, str] | None = None,
) -> ErrorResponse:
    """An answer with an error status.

    Args:
        status: 400 to 599.
        code: the envelope's code; without it, the usual one for the status.
        message: the text; without it, the usual one for the status.
        body: the shape of the body; or the very bytes, or a dict that is sent as JSON.
        headers: header fields to add, or to put in the place of ours.

    Raises:
        OptionError: for a status outside 400 to 599, or an unknown shape.
    """
    return error_answer("http_error", status, code, message, body, headers)


@makes_a_fault
def bad_request() -> ErrorResponse:
    """400, code `bad_request`."""
    return error_answer("bad_request", 400)


@makes_a_fault
def unauthorized() -> ErrorResponse:
    """401, code `invalid_api_key`: what a revoked key meets (documentation)."""
    return error_answer("unauthorized", 401)


@makes_a_fault
def forbidden() -> ErrorResponse:
    """403, code `project_forbidden` (documentation)."""
    return error_answer("forbidden", 403)


@makes_a_fault
def not_found() -> ErrorResponse:
    """404, code `file_not_found`."""
    return error_answer("not_found", 404)


@makes_a_fault
def too_large() -> ErrorResponse:
    """413, code `file_too_large`."""
    return error_answer("too_large", 413)


@makes_a_fault
def unsupported_media_type() -> ErrorResponse:
    """415, code `unsupported_media_type`."""
    return error_answer("unsupported_media_type", 415)


@makes_a_fault
def rate_limited(retry_after: RetryAfter = None) -> ErrorResponse:
    """429; the client is asked to wait `retry_after` seconds, or until then; or no time.

    Args:
        retry_after: seconds, rounded up; or a moment, sent as a date; without it
            `Retry-After: 0` and `retry-after-ms: 1`, which cost a test no time.
    """
    headers = retry_headers("rate_limited", retry_after, without=AT_ONCE)
    return error_answer("rate_limited", 429, headers=headers)


@makes_a_fault
def redirect(location: str, status: int = 307) -> ErrorResponse:
    """Another place for the request.

    Args:
        location: a URL, or a path such as `/v1/files`.
        status: 301, 302, 303, 307 or 308.

    Raises:
        OptionError: for another status, or a location that can't be sent.
    """
    return redirect_answer(location, status)


@makes_a_fault
def server_error() -> ErrorResponse:
    """500, code `server_error`."""
    return error_answer("server_error", 500)


@makes_a_fault
def bad_gateway() -> ErrorResponse:
    """502 as plain text: a 5xx that bypasses the envelope (documentation)."""
    return error_answer("bad_gateway", 502, body="text")


@makes_a_fault
def unavailable(retry_after: RetryAfter = None) -> ErrorResponse:
    """503; the client is asked to wait `retry_after` seconds, or until then; or no time.

    Args:
        retry_after: seconds, rounded up; or a moment, sent as a date; without it
            `retry-after-ms: 1` only, as OkHttp repeats a 503 with `Retry-After: 0` by itself.
    """
    headers = retry_headers("unavailable", retry_after, without=NO_TIME)
    return error_answer("unavailable", 503, headers=headers)


@makes_a_fault
def gateway_timeout() -> ErrorResponse:
    """504 as plain text: a 5xx that bypasses the envelope (documentation)."""
    return error_answer("gateway_timeout", 504, body="text")


@makes_a_fault
def connection_refused() -> ConnectionFault:
    """No connection at all. In process only: a port that listens cannot refuse."""
    return ConnectionFault(name="connection_refused", kind="refused")


@makes_a_fault
def connect_timeout() -> ConnectionFault:
    """No connection in time: even an upload may be sent again after it. In process only."""
    return ConnectionFault(name="connect_timeout", kind="connect_timeout")


@makes_a_fault
def dns_error() -> ConnectionFault:
    """No address is found for the name of the host. In process only."""
    return ConnectionFault(name="dns_error", kind="dns")


@makes_a_fault
def tls_error() -> ConnectionFault:
    """The certificate of the host doesn't hold. In process only."""
    return ConnectionFault(name="tls_error", kind="tls")


@makes_a_fault
def connection_reset(after_bytes: int | None = None) -> ConnectionFault:
    """The connection is reset before any byte of an answer.

    Args:
        after_bytes: once so many bytes of the request's body have come; by default all of them.
    """
    if after_bytes is not None:
        integer("connection_reset: after_bytes", after_bytes, least=0)
    return ConnectionFault(name="connection_reset", kind="reset", after_bytes=after_bytes)


@makes_a_fault
def empty_response() -> ConnectionFault:
    """The connection closes in good order, without an answer."""
    return ConnectionFault(name="empty_response", kind="empty")


@makes_a_fault
def garbage() -> ConnectionFault:
    """Bytes come back that are not HTTP."""
    return ConnectionFault(name="garbage", kind="garbage")


@makes_a_fault
def timeout() -> ConnectionFault:
    """No answer: the client's own timeout, at once in process."""
    return ConnectionFault(name="timeout", kind="timeout")


@makes_a_fault
def delay(seconds: float, jitter: float = 0) -> Delayed:
    """A late answer.

    Args:
        seconds: how late.
        jitter: up to so many seconds more, by chance (repeatable with a seed).
    """
    return Delayed(
        name="delay",
        seconds=checked_seconds("delay: seconds", seconds),
        jitter=checked_seconds("delay: jitter", jitter),
    )


@makes_a_fault
def truncated(after_bytes: int | None = None) -> Truncated:
    """A body cut short: after so many bytes, or half-way."""
    if after_bytes is not None:
        integer("truncated: after_bytes", after_bytes, least=0)
    return Truncated(name="truncated", after_bytes=after_bytes)


@makes_a_fault
def corrupted() -> Corrupted:
    """A body of the right length with wrong bytes in it; an empty one becomes one wrong byte."""
    return Corrupted(name="corrupted")


@makes_a_fault
def malformed_json() -> MalformedJson:
    """A body that says it is JSON and breaks off in the middle."""
    return MalformedJson(name="malformed_json")


@makes_a_fault
def dribble(chunk_bytes: int, seconds: float) -> Dribbled:
    """A body in pieces.

    Args:
        chunk_bytes: the size of a piece, at least 1.
        seconds: the pause between two pieces.
    """
    return Dribbled(
        name="dribble",
        chunk_bytes=integer("dribble: chunk_bytes", chunk_bytes, least=1),
        seconds=checked_seconds("dribble: seconds", seconds),
    )


FAULTS: dict[str, Callable[..., Fault]] = {
    name: function for name, function in tuple(globals().items()) if name in __all__
}
"""Every fault by name."""

IN_PROCESS_ONLY = ("connect_timeout", "connection_refused", "dns_error", "tls_error")
"""Those without a connection, which a port that listens can't produce."""


def __getattr__(name: str) -> Any:
    """The error for a misspelt fault names the nearest one."""
    # Python itself, and tools such as doctest, ask for names like __path__ and __wrapped__.
    if name.startswith("__"):
        raise AttributeError(name)
    error = unknown_word("fault", name, FAULTS)
    raise AttributeRefused(str(error), word=name, nearest=error.nearest)


def __dir__() -> list[str]:
    """The faults alone, for completion: Python takes what it adds to a traceback from here too."""
    return [*__all__, *(name for name in globals() if name.startswith("__"))]


def required_arguments(name: str) -> list[str]:
    """The arguments without which the fault can't be made."""
    parameters = inspect.signature(FAULTS[name]).parameters.values()
    return [one.name for one in parameters if one.default is one.empty]


def status_of(name: str) -> int | None:
    """The status that the fault always answers with; None where it depends, or there is none."""
    return None if required_arguments(name) else getattr(FAULTS[name](), "status", None)


def as_faults(value: object) -> tuple[Fault, ...]:
    """The fault, or the sequence of faults, as a tuple; an error says what was probably meant."""
    # A string is iterable too, and more likely the name of a fault.
    is_sequence = isinstance(value, Iterable) and not isinstance(value, (str, bytes))
    several: tuple[Any, ...] = tuple(value) if is_sequence else (value,)  # type: ignore[arg-type]
    if not several:
        raise OptionError(
            "inject() takes one fault or more, made by eugpt_files_mock.faults; got none.",
            word=value,
        )
    for one in several:
        # Such as the function itself, which the author forgot to call, or its name.
        if not isinstance(one, Fault):
            raise _not_a_fault(one)
    return several


def _not_a_fault(value: object) -> OptionError:
    name = getattr(value, "__name__", None)
    near = nearest_word(name or value, FAULTS)
    hint = f" Did you mean faults.{near}()?" if near else ""
    if isinstance(value, int) and 400 <= value <= 599:
        usual = next((name for name in FAULTS if status_of(name) == value), None)
        named = f" or faults.{usual}()" if usual else ""
        hint = f" Did you mean faults.http_error({value}){named}?"
    given = f"the function {name} itself, which was not called" if name in FAULTS else repr(value)
    return OptionError(
        f"inject() takes faults made by eugpt_files_mock.faults, got {given}.{hint}",
        word=value,
        nearest=near,
    )


def fault_named(name: object, arguments: Mapping[str, object], also: Iterable[str] = ()) -> Fault:
    """The fault of that name, for callers that have only words (command line, control routes).

    A status alone, such as `503`, is short for `http_error`. An error names `also` as valid.
    """
    if isinstance(name, str) and name.isdecimal():
        # Python refuses to read thousands of digits; -1 is refused as any wrong status is.
        status = int(name) if len(name) <= 3 else -1
        name, arguments = "http_error", {"status": status, **arguments}
    if not isinstance(name, str) or name not in FAULTS:
        raise unknown_word("fault", name, FAULTS)
    signature = inspect.signature(FAULTS[name])
    check_words(f"argument of {name}", arguments, (*signature.parameters, *also))
    try:
        # Finds what is missing, before the call: a TypeError of the call itself would be a bug of
        # ours.
        signature.bind(**arguments)
    except TypeError as error:
        raise OptionError(f"{name}: {error}.", word=name) from None
    return FAULTS[name](**arguments)
