"""Control over HTTP: what a test author does with `FilesMock`, for tests in other languages.

Beside the API on a served mock, under `/__admin`, never under `/v1`. What comes here is kept in no
journal, hit by no fault, and counted in no window.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, RequestRedirect, Rule
from werkzeug.wrappers import Request, Response

from ..errors import FilesMockError, nearest_word, quoted
from ..service.openapi import document
from ..service.refusals import envelope
from ..service.service import Service
from .access import AdminAccess
from .page import PAGE_FILES, page_file
from .schemas import (
    armed_members,
    call_members,
    catalogue,
    file_members,
    read_fault,
    read_file,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What the routes work with.

    Attributes:
        mock: the `FilesMock`, which checks every value; it lies above this layer.
        service: what is looked at.
        access: says who may use the routes.
        version: that of the mock.
    """

    mock: Any
    service: Service
    access: AdminAccess
    version: str


class ControlApp:
    """The WSGI application of the control routes."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """See PEP 3333."""
        response = _answer(self._control, Request(environ))
        response.headers.extend(_ON_EVERY_ANSWER)
        return response(environ, start_response)


_ON_EVERY_ANSWER = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def _answer(control: Control, request: Request) -> Response:
    try:
        if request.path.startswith("/__admin"):
            control.access.check(request)
        act, words = _matched(request)
        return act(control, request, **words)
    except RequestRedirect:
        return Response(status=308, headers={"Location": "/__admin/"})
    except HTTPException as error:
        return _refusal(error.code or 400, error.description or error.name, error)
    except FilesMockError as error:
        return _refusal(400, str(error))


def _matched(request: Request) -> tuple[Callable[..., Response], dict[str, Any]]:
    try:
        act, words = _MAP.bind("", path_info=request.path).match(method=request.method)
    except MethodNotAllowed as error:
        allowed = sorted(error.valid_methods or ())
        message = f"{request.method} is not allowed here: {', '.join(allowed)}."
        raise MethodNotAllowed(allowed, message) from None
    except NotFound:
        nearest = nearest_word(request.path, (path for _, path, _ in _ROUTES))
        hint = f" Did you mean {nearest!r}?" if nearest else ""
        raise NotFound(f"There is no route {request.path!r}.{hint}") from None
    return act, dict(words)


def _refusal(status: int, message: str, error: HTTPException | None = None) -> Response:
    code, type_ = _REFUSALS.get(status, ("bad_request", "invalid_request_error"))
    response = _json(envelope(code, type_, message), status)
    for name, value in [] if error is None else error.get_headers():
        if name != "Content-Type":
            response.headers.add(name, value)
    return response


_REFUSALS = {
    400: ("invalid_parameter", "invalid_request_error"),
    401: ("invalid_admin_token", "authentication_error"),
    403: ("foreign_request", "permission_error"),
    404: ("not_found", "not_found_error"),
    405: ("method_not_allowed", "invalid_request_error"),
    415: ("unsupported_media_type", "invalid_request_error"),
}
"""Status → code and type of the envelope, which is the API's."""


def _health(control: Control, request: Request) -> Response:
    return _json({"status": "ok", "version": control.version})


def _index(control: Control, request: Request) -> Response:
    """Says where to go, to whoever opens the address in a browser or tries it with curl."""
    page = f"{request.host_url}__admin/" if control.access.is_open else "needs --admin-token"
    text = f"eugpt-files-mock {control.version}\nAPI:  {request.host_url}v1\nPage: {page}\n"
    return Response(text, mimetype="text/plain")


def _reset(control: Control, request: Request) -> Response:
    control.mock.reset()
    return _json({"status": "ok"})


def _list_files(control: Control, request: Request) -> Response:
    return _page(request, control.service.files.all(), file_members)


def _add_file(control: Control, request: Request) -> Response:
    return _json(file_members(control.mock.add_file(**read_file(request))))


def _list_requests(control: Control, request: Request) -> Response:
    return _page(request, control.service.journal.calls(), call_members)


def _forget_requests(control: Control, request: Request) -> Response:
    count = len(control.service.journal)
    control.service.journal.clear()
    return _json({"deleted": count})


def _list_faults(control: Control, request: Request) -> Response:
    return _page(request, control.service.armed.all(), armed_members)


def _arm_fault(control: Control, request: Request) -> Response:
    faults, matcher = read_fault(request)
    return _json(armed_members(control.mock.inject(faults, **matcher)))


def _disarm_all(control: Control, request: Request) -> Response:
    count = len(control.service.armed.all())
    control.service.armed.clear()
    return _json({"deleted": count})


def _disarm_one(control: Control, request: Request, fault_id: str) -> Response:
    for armed in control.service.armed.all():
        if armed.id == fault_id:
            armed.cancel()
            return _json({"id": fault_id, "object": "fault", "deleted": True})
    raise NotFound(f"There is no armed fault {fault_id!r}.")


def _catalogue(control: Control, request: Request) -> Response:
    return _json(catalogue())


def _openapi(control: Control, request: Request) -> Response:
    return _json(document(control.version))


def _page_file(name: str) -> Callable[..., Response]:
    def show(control: Control, request: Request) -> Response:
        content_type, content = page_file(name)
        return Response(content, content_type=content_type)

    return show


_ROUTES: tuple[tuple[str, str, Callable[..., Response]], ...] = (
    ("GET", "/", _index),
    ("GET", "/__admin/", _page_file("index.html")),
    *(("GET", f"/__admin/{name}", _page_file(name)) for name in PAGE_FILES),
    ("GET", "/favicon.ico", _page_file("icon.svg")),
    ("GET", "/__admin/catalogue", _catalogue),
    ("GET", "/__admin/health", _health),
    ("POST", "/__admin/reset", _reset),
    ("GET", "/__admin/files", _list_files),
    ("POST", "/__admin/files", _add_file),
    ("GET", "/__admin/requests", _list_requests),
    ("DELETE", "/__admin/requests", _forget_requests),
    ("GET", "/__admin/faults", _list_faults),
    ("POST", "/__admin/faults", _arm_fault),
    ("DELETE", "/__admin/faults", _disarm_all),
    ("DELETE", "/__admin/faults/<fault_id>", _disarm_one),
    ("GET", "/openapi.json", _openapi),
)

_MAP = Map(
    [Rule(path, methods=[method], endpoint=act) for method, path, act in _ROUTES],
    merge_slashes=False,
)


def _page(request: Request, items: Sequence[Any], members: Callable[[Any], object]) -> Response:
    """The items, or the newest so many as `limit` says; the header tells how many there are."""
    limit = request.args.get("limit")
    if limit is not None and not (limit.isascii() and limit.isdigit() and len(limit) <= 9):
        raise BadRequest(f"'limit' must be an integer of 0 or more, got {quoted(limit)}.")
    newest = items if limit is None else islice(items, max(0, len(items) - int(limit)), None)
    response = _json({"object": "list", "data": [members(item) for item in newest]})
    response.headers["X-Total-Count"] = str(len(items))
    return response


def _json(value: object, status: int = 200) -> Response:
    """ASCII, so that any text can be told, lone surrogates too."""
    return Response(json.dumps(value), status, mimetype="application/json")
