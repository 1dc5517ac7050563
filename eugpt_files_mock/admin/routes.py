"""The control routes, as one table: the function that answers, its parameters, what it is for."""

import gzip
from collections.abc import Callable
from functools import cache
from importlib import resources

from werkzeug.wrappers import Request, Response

from ..service.openapi import document
from ..verdict.verdict import judge, verdict_members
from ..version import __version__
from . import armed, files, requests, stubs
from .control import Control, ControlRoute
from .openapi import control_document
from .responses import LISTED, MOST_LISTED, json_response


def _index(control: Control, request: Request) -> Response:
    """Says where the API and the page are, in a browser or with curl."""
    page = f"{request.host_url}__admin/" if control.access.is_open else "needs --admin-token"
    text = f"eugpt-files-mock {__version__}\nAPI:  {request.host_url}v1\nPage: {page}\n"
    return Response(text, mimetype="text/plain")


def _health(control: Control, request: Request) -> Response:
    return json_response({"status": "ok", "version": __version__})


def _reset(control: Control, request: Request) -> Response:
    control.mock.reset()
    return json_response({"status": "ok"})


def _check(control: Control, request: Request) -> Response:
    problems = control.problems(control.service)
    return json_response({"ok": not problems, "problems": problems})


def _verdict(control: Control, request: Request) -> Response:
    return json_response(verdict_members(judge(control.service)))


def _openapi(control: Control, request: Request) -> Response:
    service = control.service
    return json_response(document(__version__, service.stubs.all(), service.options.profile))


def _control_openapi(control: Control, request: Request) -> Response:
    return json_response(control_document(ROUTES, __version__))


def _route(
    method: str,
    path: str,
    act: Callable[..., Response],
    summary: str,
    body: str | None = None,
    **parameters: str,
) -> ControlRoute:
    if act not in _OF_NO_WORLD:
        parameters = {**parameters, "key": _KEY}
    return ControlRoute(
        method=method, path=path, act=act, summary=summary, body=body, parameters=parameters
    )


# A list, not all files of the folder, so that no path can ask for anything else.
PAGE_FILES = (
    "index.html",
    "page.css",
    "icon.svg",
    *("page.js", "parts.js", "requests.js", "faults.js", "files.js", "snippets.js"),
)

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@cache
def _page_file(name: str) -> tuple[str, bytes]:
    """The content type and the content of a file of the page."""
    content = resources.files("eugpt_files_mock").joinpath("admin", "static", name).read_bytes()
    return _TYPES[name.rpartition(".")[2]], content


def _page_route(path: str, name: str, summary: str) -> ControlRoute:
    def show(control: Control, request: Request) -> Response:
        content_type, content = _page_file(name)
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return Response(content, content_type=content_type)
        headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        # Without the time of day, so that the same file is the same bytes.
        return Response(gzip.compress(content, mtime=0), headers=headers, content_type=content_type)

    # The page hands a `key` in its own address on to the routes that it asks.
    parameters = {"key": _KEY} if path == "/__admin/" else {}
    return ControlRoute(method="GET", path=path, act=show, summary=summary, parameters=parameters)


# These answer the same whatever the key.
_OF_NO_WORLD = (_index, _openapi, _control_openapi)
_KEY = "with `isolate_by_key`: look at the world of this key"
_LIMIT = f"at most so many of the newest, 0 to {MOST_LISTED}; {LISTED} by default"

ROUTES: tuple[ControlRoute, ...] = (
    _route("GET", "/", _index, "Where the API and the page are"),
    _route("GET", "/openapi.json", _openapi, "OpenAPI 3.1 of the five calls"),
    _route("GET", "/__admin/openapi.json", _control_openapi, "OpenAPI 3.1 of the control routes"),
    _route("GET", "/__admin/health", _health, "Whether the mock answers, and its version"),
    _route("POST", "/__admin/reset", _reset, "Drop files, faults, stubs, calls and rate windows"),
    _route("GET", "/__admin/check", _check, "What the exit checks would say now"),
    _route("GET", "/__admin/verdict", _verdict, "What the code under test did with its failures"),
    _route(
        "GET",
        "/__admin/files",
        files.list_all,
        "The files of every user, oldest first",
        limit=_LIMIT,
    ),
    _route("POST", "/__admin/files", files.add, "Add a file without an upload", body="form"),
    _route("GET", "/__admin/files/{file_id}", files.retrieve, "One file"),
    _route(
        "PATCH",
        "/__admin/files/{file_id}",
        files.update,
        "Move a file on: its status, and why processing failed",
        body="json",
    ),
    _route("DELETE", "/__admin/files/{file_id}", files.delete, "Delete a file"),
    _route("GET", "/__admin/files/{file_id}/content", files.content, "The content of a file"),
    _route(
        "GET",
        "/__admin/requests",
        requests.list_all,
        "The calls, in order of arrival",
        operation="only calls of this operation, or `none`",
        status="only calls answered with this status, or `none`",
        fault="only calls that this fault hit, or `none`",
        after="only calls that came after the one of this id",
        before="only calls that came before the one of this id",
        limit=f"{_LIMIT}; with `after`, of the oldest",
    ),
    _route("DELETE", "/__admin/requests", requests.forget, "Forget the calls"),
    _route("GET", "/__admin/requests/{request_id}", requests.retrieve, "One call, and its answer"),
    _route(
        "GET",
        "/__admin/faults",
        armed.list_all,
        "The armed faults, spent ones too, in order of arming",
        limit=_LIMIT,
    ),
    _route("POST", "/__admin/faults", armed.arm, "Arm a fault, or a sequence", body="json"),
    _route("DELETE", "/__admin/faults", armed.disarm_all, "Disarm all faults"),
    _route("GET", "/__admin/faults/{fault_id}", armed.retrieve, "One armed fault"),
    _route("DELETE", "/__admin/faults/{fault_id}", armed.disarm, "Disarm one fault"),
    _route(
        "GET",
        "/__admin/stubs",
        stubs.list_all,
        "The stubs, used-up ones too, in the order in which they were made",
        limit=_LIMIT,
    ),
    _route("POST", "/__admin/stubs", stubs.make, "Answer another route of the API", body="json"),
    _route("DELETE", "/__admin/stubs", stubs.cancel_all, "Take all stubs away"),
    _route("DELETE", "/__admin/stubs/{stub_id}", stubs.cancel, "Take one stub away"),
    _route("GET", "/__admin/catalogue", armed.offered, "The operations, and the faults there are"),
    _page_route("/__admin/", "index.html", "The page for people"),
    *(_page_route(f"/__admin/{name}", name, "A part of the page") for name in PAGE_FILES),
    _page_route("/favicon.ico", "icon.svg", "The icon of the page"),
)
