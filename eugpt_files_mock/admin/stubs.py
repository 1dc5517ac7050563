"""The control routes about stubs."""

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from ..errors import OptionError, quoted, unknown_word
from ..state.stubs import Stub
from .control import Control
from .responses import json_response, list_response, read_limit
from .schemas import read_json

_WORDS = ("method", "path", "json", "body", "events", "status", "headers", "times")
_RESPONSE_WORDS = ("response", "model", "chunks", "times", "check_file_ids")


def list_all(control: Control, request: Request) -> Response:
    """The stubs, in the order in which they were made; those that are used up too."""
    stubs, limit = control.service.stubs.all(), read_limit(request)
    return list_response(stubs[max(0, len(stubs) - limit) :], _members, total=len(stubs))


def make(control: Control, request: Request) -> Response:
    """As `FilesMock.stub`; with `response`, as `FilesMock.stub_response`."""
    words = read_json(request)
    is_response = "response" in words
    valid = _RESPONSE_WORDS if is_response else (*_WORDS, "check_file_ids")
    for word in words:
        if word not in valid:
            raise unknown_word("word of a stub", word, valid)
    if is_response:
        stub = control.mock.stub_response(words.pop("response"), **words)
        return json_response(_members(stub))
    for word in ("method", "path"):
        if word not in words:
            raise OptionError(f"{word!r} is missing. Valid: {', '.join(valid)}.", word=words)
    return json_response(_members(control.mock.stub(**words)))


def cancel(control: Control, request: Request, stub_id: str) -> Response:
    for stub in control.service.stubs.all():
        if stub.id == stub_id:
            stub.cancel()
            return json_response({"id": stub_id, "object": "stub", "deleted": True})
    raise NotFound(f"There is no stub {quoted(stub_id)}.")


def cancel_all(control: Control, request: Request) -> Response:
    stubs = control.service.stubs.all()
    for stub in stubs:
        stub.cancel()
    return json_response({"deleted": len(stubs)})


def _members(stub: Stub) -> dict[str, object]:
    return {
        "id": stub.id,
        "object": "stub",
        "operation": stub.operation,
        "method": stub.method,
        "path": stub.path,
        "status": stub.answer.status,
        "hits": stub.hits,
        "remaining": stub.remaining,
    }
