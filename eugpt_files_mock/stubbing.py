"""The part of `FilesMock` that answers other routes of the API, and acts between two calls."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .errors import OptionError, boolean, integer, quoted, unknown_word
from .model.messages import Call
from .model.operations import OperationName
from .model.stubs import Answer, StubRequest, encode, too_many
from .service.responses import MODEL, ResponseWriter
from .service.routes import is_files_path
from .service.service import Service
from .state.stubs import Stub

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Stubbing:
    """The stubs of a `FilesMock`, and what it calls after an operation."""

    _service: Service

    def stub(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | str | None = None,
        events: Iterable[Any] | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        reply: Callable[[StubRequest], Any] | None = None,
        times: int | None = None,
        check_file_ids: bool = True,
    ) -> Stub:
        """Answer another route of the API. The newest stub that matches answers.

        The key is checked, rate windows count, faults can be armed on it and its calls are kept, as
        for the five operations.

        Args:
            method: such as `POST`.
            path: below the base URL, such as `/responses`; `{name}` stands for a segment.
            json: a JSON value. Of `json`, `body`, `events` and `reply` at most one is given.
            body: bytes or text.
            events: JSON values, sent as server-sent events in the documented framing.
            status: 200 to 599.
            headers: header fields to add, or to put in the place of ours.
            reply: a function of a `StubRequest` that returns a JSON value, or an `Answer`. With the
                status 204 or 304, which have no body, it may return None.
            times: how often it answers, None for always; after that the stub before it does.
            check_file_ids: whether every `file_id`, and member of `file_ids`, in a JSON body must
                be a file of that user; if it isn't, the answer is 404 `file_not_found`.

        Raises:
            OptionError: for a path of the Files API, two bodies, a value that cannot be sent.
        """
        given = {"json": json, "body": body, "events": events, "reply": reply}
        if reply is not None and sum(value is not None for value in given.values()) > 1:
            raise too_many(name for name, value in given.items() if value is not None)
        answer = Answer(status=status, json=json, body=body, events=events, headers=headers)
        if times is not None:
            integer("times", times, least=1, instead=", or None for always")
        return self._service.stubs.add(
            Stub(
                _method(method),
                _path(path, self._service),
                answer=encode(answer),
                reply=_reply(reply),
                times=times,
                check_file_ids=boolean("check_file_ids", check_file_ids),
            )
        )

    def stub_response(
        self,
        text: str,
        *,
        model: str = MODEL,
        chunks: int | Sequence[str] = 3,
        times: int | None = None,
        check_file_ids: bool = True,
    ) -> Stub:
        """Answer `POST /responses` as documented: events, or one document for `"stream": false`.

        Args:
            text: what the model says.
            model: which model says it.
            chunks: in how many pieces the text is streamed, or the pieces.
            times: as in `stub`.
            check_file_ids: as in `stub`.

        Raises:
            OptionError: for an invalid value.
        """
        reply = ResponseWriter(self._service, text, model, chunks)
        return self.stub(
            "POST", "/responses", reply=reply, times=times, check_file_ids=check_file_ids
        )

    def after(
        self, operation: OperationName, function: Callable[[Call], object], *, times: int | None = 1
    ) -> None:
        """Call a function once an operation was answered, before the client sees the answer.

        It may change anything, such as the list between two pages. What it raises comes out of the
        client's call in process; a port answers 500, and the exit checks fail.

        Args:
            operation: one of the five, or that of a stub.
            function: is given the `Call`.
            times: for how many calls; None means for all.

        Raises:
            OptionError: for an unknown operation, or an invalid value.
        """
        self._service.stubs.check_operation(operation)
        _check_function("function", function)
        if times is not None:
            integer("times", times, least=1, instead=", or None for always")
        self._service.callbacks.add(operation, function, times)


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
