"""The control routes about files."""

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from ..errors import check_words, quoted
from ..model.messages import File
from .control import Control
from .responses import deleted_response, json_response, list_response, read_limit
from .schemas import file_members, read_file, read_json

_UPDATED = ("status", "status_details")


def list_all(control: Control, request: Request) -> Response:
    """The newest `limit` files, the oldest of them first."""
    files = control.service.files
    return list_response(files.newest(read_limit(request)), file_members, total=len(files))


def add(control: Control, request: Request) -> Response:
    return json_response(file_members(control.mock.add_file(**read_file(request))))


def retrieve(control: Control, request: Request, file_id: str) -> Response:
    """One file of any user. It doesn't count as a poll of `after_polls`."""
    return json_response(file_members(_found(control, file_id)))


def content(control: Control, request: Request, file_id: str) -> Response:
    """What was uploaded; a browser must not show it, as it may be a page with scripts."""
    file = _found(control, file_id)
    headers = {"Content-Disposition": "attachment"}
    return Response(file.content, headers=headers, content_type="application/octet-stream")


def update(control: Control, request: Request, file_id: str) -> Response:
    words = read_json(request)
    check_words("member", words, _UPDATED)
    _found(control, file_id)
    status, details = words.get("status"), words.get("status_details")
    return json_response(file_members(control.mock.set_status(file_id, status, details)))


def delete(control: Control, request: Request, file_id: str) -> Response:
    """Take a file out, as if its owner had deleted it."""
    control.service.files.remove(file_id, _found(control, file_id).user)
    return deleted_response("file", file_id)


def _found(control: Control, file_id: str) -> File:
    file = control.service.files.get(file_id)
    if file is None:
        raise NotFound(f"There is no file {quoted(file_id)}.")
    return file
