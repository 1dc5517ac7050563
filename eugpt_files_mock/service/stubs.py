"""Stubs and callbacks, made of what the test author says."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..errors import OptionError, boolean, integer, quoted, string, unknown_word
from ..model.messages import Call
from ..model.stubs import Answer, StubRequest, encode, too_many
from ..state.stubs import Stub
from .operations import NAMES
from .routes import is_files_path
from .service import Service

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def make_stub(
    service: Service,
    method: str,
    path: str,
    *,
    json: Any,
    body: bytes | str | None,
    events: Iterable[Any] | None,
    status: int,
    headers: Mapping[str, str] | None,
    reply: Callable[[StubRequest], Any] | None,
    times: int | None,
    check_file_ids: bool,
) -> Stub:
    """See `FilesMock.stub`."""
    given = {"json": json, "body": body, "events": events, "reply": reply}
    if reply is not None and sum(value is not None for value in given.values()) > 1:
        raise too_many(name for name, value in given.items() if value is not None)
    if isinstance(events, Iterator):
        events = list(events)  # sent, and shown
    answer = Answer(status=status, json=json, body=body, events=events, headers=headers)
    if times is not None:
        integer("times", times, least=1, instead=", or None for always")
    return Stub(
        _method(method),
        _path(path, service),
        answer=encode(answer, service.options.profile["responses.events"]),
        reply=_reply(reply),
        times=times,
        check_file_ids=boolean("check_file_ids", check_file_ids),
        given={
            name: value
            for name, value in (given | {"events": events, "headers": headers}).items()
            if value is not None
        },
    )


def check_operation(service: Service, word: object) -> None:
    """Check that a word names an operation, or a route that was stubbed.

    Raises:
        OptionError: with the nearest name.
    """
    NAMES.check(word, service.stubs.operations)


def call_after(
    service: Service, operation: str, function: Callable[[Call], object], times: int | None
) -> None:
    """See `FilesMock.after`."""
    check_operation(service, operation)
    _check_function("function", function)
    if times is not None:
        integer("times", times, least=1, instead=", or None for always")
    service.callbacks.add(operation, function, times)


def _method(method: Any) -> str:
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise unknown_word("method", method, _METHODS)
    return method.upper()


def _path(path: Any, service: Service) -> str:
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        raise OptionError(
            "stub: path must begin with a slash and lie below the base URL, such as "
            f"'/conversations/{{id}}', without a query; got {quoted(path)}.",
            word=path,
        )
    # Half a character, which no request can have.
    string("stub: path", path)
    prefixes = [url.prefix for url in service.options.base_url if path.startswith(url.prefix + "/")]
    if prefixes and all(prefixes):  # without a prefix, it may well begin so
        prefix = max(prefixes, key=len)
        below = path.removeprefix(prefix)
        raise OptionError(
            f"stub: path lies below the base URL, which has {prefix!r} already. "
            f"Did you mean {below!r}?",
            word=path,
            nearest=below,
        )
    names = re.findall(r"\{(\w+)\}", path)
    if len(set(names)) < len(names) or not all(map(str.isidentifier, names)):
        raise OptionError(
            f"stub: the names in a path must differ, and be names in Python; got {path!r}.",
            word=path,
        )
    if is_files_path(path):
        raise OptionError(
            f"stub: {path!r} is a path of the Files API, which the mock answers itself. "
            "For failures, use inject().",
            word=path,
        )
    return path


_PATH = re.compile(r"(?:/(?:\{\w+\}|[^/{}?#\s]*))+")


def _reply(reply: Any) -> Callable[[StubRequest], Any] | None:
    if reply is not None:
        _check_function("reply", reply)
    return reply  # type: ignore[no-any-return]


def _check_function(label: str, function: Any) -> None:
    if not callable(function) or inspect.iscoroutinefunction(function):
        raise OptionError(
            f"{label} must be a plain function, got {quoted(function)}.", word=function
        )
