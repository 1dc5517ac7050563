"""The control routes about stubs."""

from werkzeug.wrappers import Request, Response

from ..errors import OptionError, check_words
from ..model.stubs import NULL, WITHOUT_BODY
from ..state.stubs import Stub
from .control import Control
from .responses import deleted_response, json_response, newest_response, the_one
from .schemas import read_json

_WORDS = ("method", "path", "json", "body", "events", "status", "headers", "times")
_RESPONSE_WORDS = ("response", "model", "chunks", "times", "check_file_ids")


def list_all(control: Control, request: Request) -> Response:
    """The stubs, in the order in which they were made; those that are used up too."""
    return newest_response(request, control.service.stubs.all(), _members)


def make(control: Control, request: Request) -> Response:
    """As `FilesMock.stub`; with `response`, as `FilesMock.stub_response`."""
    words = read_json(request)
    is_response = "response" in words
    valid = _RESPONSE_WORDS if is_response else (*_WORDS, "check_file_ids")
    check_words("word of a stub", words, valid)
    if is_response:
        stub = control.mock.stub_response(words.pop("response"), **words)
        return json_response(_members(stub))
    for word in ("method", "path"):
        if word not in words:
            raise OptionError(f"{word!r} is missing. Valid: {', '.join(valid)}.", word=words)
    others = (words.get("body"), words.get("events"))
    # In JSON `null` is a value, in Python json=None means that no JSON is given.
    if words.get("json", ...) is None and others == (None, None):
        words["json"] = None if words.get("status") in WITHOUT_BODY else NULL
    return json_response(_members(control.mock.stub(**words)))


def cancel(control: Control, request: Request, stub_id: str) -> Response:
    the_one("stub", control.service.stubs.all(), stub_id).cancel()
    return deleted_response("stub", stub_id)


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
