"""Stubs and callbacks, made of what the test author says; and the answer of `stub_response()`.

Of that, in the profile `eugpt`, the events and their order are documented (D). The members of the
document, and of the objects in the events, are a guess after OpenAI's and what a public client
reads. Of `openai`, they are those of its OpenAPI document and SDK (SPEC). See `docs/fidelity.md`.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import OptionError, boolean, integer, quoted, string, unknown_word
from ..model.messages import Call
from ..model.stub_answers import Answer, StubRequest, encode, too_many
from ..state.stubs import Stub
from . import Service
from .operations import check_operation, is_files_path

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
    if isinstance(events, Iterator):
        events = list(events)  # sent, and shown
    given = _not_none(json=json, body=body, events=events, reply=reply)
    if reply is not None:
        if len(given) > 1:
            raise too_many(given)
        _check_function("reply", reply)
    answer = Answer(status=status, json=json, body=body, events=events, headers=headers)
    return Stub(
        _method(method),
        _path(path, service),
        answer=encode(answer, service.options.profile["responses.events"]),
        reply=reply,
        times=_checked_times(times),
        check_file_ids=boolean("check_file_ids", check_file_ids),
        given=given | _not_none(headers=headers),
    )


def make_response_stub(
    service: Service,
    text: str,
    *,
    model: str | None,
    chunks: int | Sequence[str],
    completed_text: str | None,
    times: int | None,
    check_file_ids: bool,
) -> Stub:
    """See `FilesMock.stub_response`."""
    return Stub(
        "POST",
        "/responses",
        answer=encode(Answer(), service.options.profile["responses.events"]),
        reply=_ResponseWriter(service, text, model, chunks, completed_text),
        times=_checked_times(times),
        check_file_ids=boolean("check_file_ids", check_file_ids),
        given=_not_none(response=text, model=model, chunks=chunks, completed_text=completed_text),
    )


def _not_none(**words: Any) -> dict[str, Any]:
    return {name: value for name, value in words.items() if value is not None}


def _checked_times(times: int | None) -> int | None:
    if times is not None:
        integer("times", times, least=1, instead=", or None for always")
    return times


def call_after(
    service: Service, operation: str, function: Callable[[Call], object], times: int | None
) -> None:
    """See `FilesMock.after`."""
    check_operation(service, operation)
    _check_function("function", function)
    service.callbacks.add(operation, function, _checked_times(times))


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
    _check_below_base_url(path, service)
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


def _check_below_base_url(path: str, service: Service) -> None:
    prefixes = [url.prefix for url in service.options.base_url if path.startswith(url.prefix + "/")]
    # With a base URL that has no prefix, a path may well begin as the prefix of another one.
    if not prefixes or not all(prefixes):
        return
    prefix = max(prefixes, key=len)
    below = path.removeprefix(prefix)
    raise OptionError(
        f"stub: path lies below the base URL, which has {prefix!r} already. "
        f"Did you mean {below!r}?",
        word=path,
        nearest=below,
    )


_PATH = re.compile(r"(?:/(?:\{\w+\}|[^/{}?#\s]*))+")


def _check_function(label: str, function: Any) -> None:
    # An object with such a `__call__` is called as a coroutine function is.
    if not callable(function) or any(
        map(inspect.iscoroutinefunction, (function, type(function).__call__))
    ):
        raise OptionError(
            f"{label} must be a plain function, got {quoted(function)}.", word=function
        )


MODEL = "gpt-oss-120b"
"""The documentation's own example of a model that answered (D)."""

Members = dict[str, Any]


class _Asked(NamedTuple):
    """One response: what the request says, and what is its own."""

    request: Mapping[str, Any]
    number: str
    now: float
    model: str


class _ResponseWriter:
    """The reply function of `FilesMock.stub_response`."""

    def __init__(
        self,
        service: Service,
        text: str,
        model: str | None,
        chunks: int | Sequence[str],
        completed_text: str | None,
    ) -> None:
        self._service = service
        self._text = string("stub_response: text", text, may_be_empty=True)
        self._model = None if model is None else string("stub_response: model", model)
        self._pieces = _pieces(text, chunks)
        self._last_text = text
        if completed_text is not None:
            label = "stub_response: completed_text"
            self._last_text = string(label, completed_text, may_be_empty=True)
        self._is_openai = service.options.profile["responses.members"] == "OpenAI's"

    def __call__(self, request: StubRequest) -> Answer:
        asked = request.json if isinstance(request.json, dict) else {}
        response = _Asked(
            request=asked,
            number=self._service.randomness.response_id(),
            now=self._service.options.clock(),
            model=self._model_of(asked),
        )
        if not self._is_streamed(asked):
            return Answer(json=self._document(response))
        write = self._openai_events if self._is_openai else self._documented_events
        events = enumerate(write(response))
        return Answer(events=[{**event, "sequence_number": at} for at, event in events])

    def _model_of(self, asked: Mapping[str, Any]) -> str:
        """EU GPT ignores the model that is asked for (D); OpenAI answers with it."""
        if self._model is not None:
            return self._model
        named = asked.get("model")
        return named if self._is_openai and isinstance(named, str) else MODEL

    def _is_streamed(self, asked: Mapping[str, Any]) -> bool:
        """Where the request doesn't say it, the profile does."""
        if self._service.options.profile["responses.stream"]:
            return asked.get("stream") is not False
        return asked.get("stream") is True

    def _response(self, response: _Asked, status: str) -> Members:
        unit = self._service.options.profile["responses.created_at"]
        usual = {
            "id": f"resp_{response.number}",
            "object": "response",
            "created_at": int(response.now * (1000 if unit == "milliseconds" else 1)),
            "status": status,
            "error": None,
            "incomplete_details": None,
            "model": response.model,
            "output": [],
        }
        return usual | _openai_members(response) if self._is_openai else usual

    def _document(self, response: _Asked) -> Members:
        done = self._response(response, "completed")
        done["output"] = [self._message(response, self._last_text)]
        if not self._is_openai:
            # At OpenAI it is a property that the SDKs add.
            return {**done, "output_text": self._last_text}
        usage = _usage(response.request, self._last_text)
        return {**done, "completed_at": int(response.now), "usage": usage}

    def _message(self, response: _Asked, text: str) -> Members:
        return {
            "id": f"msg_{response.number}",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [self._part(text)],
        }

    def _part(self, text: str) -> Members:
        part = {"type": "output_text", "text": text, "annotations": []}
        return part | {"logprobs": []} if self._is_openai else part

    def _documented_events(self, response: _Asked) -> Iterator[Members]:
        """Those that EU GPT documents, in their order (D)."""
        begun = self._response(response, "in_progress")
        place = {"item_id": f"msg_{response.number}", "output_index": 0, "content_index": 0}
        item = {**self._message(response, ""), "status": "in_progress", "content": []}
        yield {"type": "response.created", "response": begun}
        yield {"type": "response.output_item.added", "output_index": 0, "item": item}
        yield {"type": "response.content_part.added", **place, "part": self._part("")}
        for piece in self._pieces:
            yield {"type": "response.output_text.delta", **place, "delta": piece}
        yield {"type": "response.output_text.done", **place, "text": self._text}
        yield {"type": "response.completed", "response": self._document(response)}

    def _openai_events(self, response: _Asked) -> Iterator[Members]:
        """With those that only OpenAI has, and their members (SPEC)."""
        place = {"item_id": f"msg_{response.number}", "output_index": 0, "content_index": 0}
        begun = self._response(response, "in_progress")
        for event in self._documented_events(response):
            if event["type"] == "response.completed":
                message = self._message(response, self._text)
                part = message["content"][0]
                yield {"type": "response.content_part.done", **place, "part": part}
                yield {"type": "response.output_item.done", "output_index": 0, "item": message}
            has_text = event["type"] in ("response.output_text.delta", "response.output_text.done")
            yield event | {"logprobs": []} if has_text else event
            if event["type"] == "response.created":
                yield {"type": "response.in_progress", "response": begun}


def _openai_members(response: _Asked) -> Members:
    """The further members of OpenAI's `Response`: as the request says, or the default (SPEC)."""
    request = response.request
    asked = {name: request[name] for name in _REPEATED if request.get(name) is not None}
    nested = {
        name: default | (asked[name] if isinstance(asked.get(name), dict) else {})
        for name, default in _REPEATED.items()
        if isinstance(default, dict)
    }
    members = _REPEATED | asked | nested
    conversation = request.get("conversation")
    if conversation is not None:
        is_id = isinstance(conversation, str)
        members["conversation"] = {"id": conversation} if is_id else conversation
    return members | {"completed_at": None, "usage": None}


_REPEATED: Members = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""Members that repeat what the request says, and their defaults."""


def _usage(request: Mapping[str, Any], text: str) -> Members:
    """A guess: four characters a token, as OpenAI's rule of thumb says."""
    asked = 1 + len(str(request.get("input", ""))) // 4
    answered = 1 + len(text) // 4
    return {
        "input_tokens": asked,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
        "output_tokens": answered,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": asked + answered,
    }


def _pieces(text: str, chunks: int | Sequence[str]) -> list[str]:
    if isinstance(chunks, Sequence) and not isinstance(chunks, (str, bytes)):
        if not all(isinstance(one, str) for one in chunks) or "".join(chunks) != text:
            raise OptionError(
                f"stub_response: the chunks must make the text, got {quoted(chunks)}.", word=chunks
            )
        return list(chunks)
    wanted = integer("stub_response: chunks", chunks, least=1, instead=", or the pieces")
    # Rounded up, so that there are never more pieces than were asked for.
    size = max(1, -(-len(text) // wanted))
    return [text[start : start + size] for start in range(0, len(text), size)]
