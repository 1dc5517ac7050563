"""The control routes, as one table: the function that answers, its parameters, what it is for.

The OpenAPI document of these routes is made from it.
"""

import gzip
import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from werkzeug.wrappers import Request, Response

from ..service.openapi import EUGPT, document, path_parameters
from ..service.operations.operation import Schema, schema_of
from ..version import __version__
from . import resources
from .bodies import TEXT_FIELDS
from .resources import LISTED, MOST_LISTED, Control, ControlRoute, json_response


def _openapi(control: Control, request: Request) -> Response:
    service = control.service
    return json_response(document(__version__, service.stubs.all(), service.options.profile))


def _control_openapi(control: Control, request: Request) -> Response:
    paths: dict[str, Schema] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return json_response(
        {
            "openapi": "3.1.0",
            "info": {"title": "Control of eugpt-files-mock", "version": __version__},
            "servers": [{"url": "/"}],
            "paths": paths,
            "components": {
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
                "schemas": {"Error": schema_of(EUGPT["errors.envelope"])},
            },
            # The empty one: on a loopback address the token is optional.
            "security": [{}, {"token": []}],
        }
    )


def _route(
    method: str,
    path: str,
    act: Callable[..., Response],
    summary: str,
    body: dict[str, Any] | None = None,
    **parameters: str,
) -> ControlRoute:
    if act not in _OF_NO_TENANT:
        parameters = {**parameters, "key": _KEY}
    return ControlRoute(
        method=method, path=path, act=act, summary=summary, body=body, parameters=parameters
    )


# A list, not all files of the folder, so that no path can ask for anything else.
PAGE_FILES = (
    "index.html",
    "page.css",
    "icon.svg",
    *("page.js", "parts.js", "requests.js", "export.js", "faults.js", "files.js"),
    *("snippets.js", "sweep.js"),
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
    content = files("eugpt_files_mock").joinpath("admin", "static", name).read_bytes()
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
_OF_NO_TENANT = (resources.show_index, _openapi, _control_openapi)
_KEY = "with `isolate_by_key`: look at the tenant of this key"
_LIMIT = f"at most so many of the newest, 0 to {MOST_LISTED}; {LISTED} by default"


_TEXT: Schema = {"type": "string"}


def _json_body(members: Schema, *required: str, others: bool = False) -> Schema:
    """A body that is a JSON object, as OpenAPI describes it; `others` allows further members."""
    schema: Schema = {"type": "object", "properties": members}
    if required:
        schema["required"] = list(required)
    if not others:
        schema["additionalProperties"] = False
    return {"application/json": {"schema": schema}}


_FILE_FORM: Schema = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "properties": {
                "file": {"type": "string", "format": "binary"},
                **dict.fromkeys(TEXT_FIELDS, _TEXT),
                "created_at": {"type": "integer"},
            },
        }
    }
}
# Each fault has arguments of its own.
_FAULT = _json_body({"fault": {"type": ["string", "object", "array"]}}, "fault", others=True)
_STUB = _json_body(
    {
        **dict.fromkeys(("method", "path", "response", "model", "body"), _TEXT),
        "json": {},
        "events": {"type": "array"},
        "status": {"type": "integer"},
        "headers": {"type": "object"},
        "times": {"type": ["integer", "null"]},
        "chunks": {"type": ["integer", "array"]},
        "completed_text": {"type": ["string", "null"]},
        "check_file_ids": {"type": "boolean"},
    }
)

ROUTES: tuple[ControlRoute, ...] = (
    _route("GET", "/", resources.show_index, "Where the API and the page are"),
    _route("GET", "/openapi.json", _openapi, "OpenAPI 3.1 of the API"),
    _route("GET", "/__admin/openapi.json", _control_openapi, "OpenAPI 3.1 of the control routes"),
    _route(
        "GET", "/__admin/health", resources.show_health, "Whether the mock answers, and its version"
    ),
    _route(
        "POST",
        "/__admin/reset",
        resources.reset,
        "Drop files, faults, stubs, calls and rate windows",
    ),
    _route("GET", "/__admin/check", resources.check, "What the exit checks would say now"),
    _route(
        "GET",
        "/__admin/verdict",
        resources.verdict,
        "What the code under test did with its failures",
    ),
    _route(
        "GET",
        "/__admin/sweep",
        resources.sweep,
        "The table of the last sweep, or of the one that runs, with the calls of each cell",
    ),
    _route(
        "GET",
        "/__admin/files",
        resources.list_files,
        "The files of every user, oldest first",
        limit=_LIMIT,
    ),
    _route(
        "POST",
        "/__admin/files",
        resources.add_file,
        "Add a file without an upload",
        body=_FILE_FORM,
    ),
    _route("GET", "/__admin/files/{file_id}", resources.show_file, "One file"),
    _route(
        "PATCH",
        "/__admin/files/{file_id}",
        resources.update_file,
        "Move a file on: its status, and why processing failed",
        body=_json_body(
            {"status": _TEXT, "status_details": {"type": ["string", "null"]}}, "status"
        ),
    ),
    _route("DELETE", "/__admin/files/{file_id}", resources.delete_file, "Delete a file"),
    _route(
        "GET", "/__admin/files/{file_id}/content", resources.file_content, "The content of a file"
    ),
    _route(
        "GET",
        "/__admin/requests",
        resources.list_requests,
        "The calls, in order of arrival",
        operation="only calls of this operation, or `none`",
        status="only calls answered with this status, or `none`",
        fault="only calls that this fault hit, or `none`",
        after="only calls that came after the one of this id",
        before="only calls that came before the one of this id",
        limit=f"{_LIMIT}; with `after`, of the oldest",
    ),
    _route("DELETE", "/__admin/requests", resources.forget_requests, "Forget the calls"),
    _route(
        "GET", "/__admin/requests/{request_id}", resources.show_request, "One call, and its answer"
    ),
    _route(
        "GET",
        "/__admin/faults",
        resources.list_faults,
        "The armed faults, spent ones too, in order of arming",
        limit=_LIMIT,
    ),
    _route(
        "POST", "/__admin/faults", resources.arm_fault, "Arm a fault, or a sequence", body=_FAULT
    ),
    _route("DELETE", "/__admin/faults", resources.disarm_faults, "Disarm all faults"),
    _route("GET", "/__admin/faults/{fault_id}", resources.show_fault, "One armed fault"),
    _route("DELETE", "/__admin/faults/{fault_id}", resources.disarm_fault, "Disarm one fault"),
    _route(
        "GET",
        "/__admin/stubs",
        resources.list_stubs,
        "The stubs, used-up ones too, in the order in which they were made",
        limit=_LIMIT,
    ),
    _route(
        "POST", "/__admin/stubs", resources.make_stub, "Answer another route of the API", body=_STUB
    ),
    _route("DELETE", "/__admin/stubs", resources.cancel_stubs, "Take all stubs away"),
    _route("DELETE", "/__admin/stubs/{stub_id}", resources.cancel_stub, "Take one stub away"),
    _route(
        "GET",
        "/__admin/catalogue",
        resources.fault_catalogue,
        "The operations, and the faults there are",
    ),
    _page_route("/__admin/", "index.html", "The page for people"),
    *(_page_route(f"/__admin/{name}", name, "A part of the page") for name in PAGE_FILES),
    _page_route("/favicon.ico", "icon.svg", "The icon of the page"),
)


def _operation(route: ControlRoute) -> Schema:
    operation: Schema = {
        "summary": route.summary,
        "parameters": path_parameters(route.path)
        + [_parameter(name, meaning) for name, meaning in route.parameters.items()],
        "responses": {"200": _success(route), "4XX": _REFUSAL},
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": route.body}
    return operation


def _parameter(name: str, meaning: str) -> Schema:
    limit = {"type": "integer", "minimum": 0, "maximum": MOST_LISTED}
    schema = limit if name == "limit" else _TEXT
    return {"name": name, "in": "query", "description": meaning, "schema": schema}


def _success(route: ControlRoute) -> Schema:
    kind = "application/json" if _is_json(route.path) else "*/*"
    schema: Schema = {"type": "object"} if _is_json(route.path) else {}
    return {"description": "Done", "content": {kind: {"schema": schema}}}


def _is_json(path: str) -> bool:
    """All but the page, its parts, contents and the pointer at the root."""
    return path.endswith(".json") or not re.search(r"/$|/content$|\.\w+$", path)


_REFUSAL: Schema = {
    "description": "What was wrong, with the nearest valid word",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
