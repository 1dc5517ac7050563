"""The five calls as an OpenAPI 3.1 document, made from the tables that answer them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, get_type_hints

from ..model.content_types import BYTES, JSON, TEXT
from ..model.messages import STATUSES, File
from ..state.stubs import Stub
from .commands import MOST_PER_PAGE
from .refusals import CHALLENGE, REFUSALS
from .replies import file_object
from .routes import ROUTES, Route

Schema = dict[str, Any]


def document(version: str, stubs: Iterable[Stub] = ()) -> Schema:
    """The document of the five calls and of these stubs; `version` is the mock's."""
    paths: dict[str, Schema] = {}
    for route in ROUTES:
        paths.setdefault(route.template, {})[route.method.lower()] = _operation(route)
    for stub in stubs:
        paths.setdefault(stub.path, {})[stub.method.lower()] = _stubbed(stub)
    return {
        "openapi": "3.1.0",
        "info": {"title": "EU GPT Files API, as faked by eugpt-files-mock", "version": version},
        "servers": [{"url": "/v1"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _SCHEMAS,
        },
    }


def _operation(route: Route) -> Schema:
    parameters = [_path_parameter(name) for name in re.findall(r"\{(\w+)\}", route.template)]
    operation: Schema = {
        "operationId": route.operation,
        "summary": route.summary,
        "parameters": parameters + _QUERY.get(route.operation, []),
        "responses": {"200": _success(route.operation), **_refusals(route.operation)},
    }
    if route.operation == "upload":
        form = {"multipart/form-data": {"schema": _named("Upload")}}
        operation["requestBody"] = {"required": True, "content": form}
    return operation


def _stubbed(stub: Stub) -> Schema:
    """What it answers is known to the author of the test."""
    names = re.findall(r"\{(\w+)\}", stub.path)
    return {
        "operationId": stub.operation,
        "summary": "A stub",
        "parameters": [_path_parameter(name) for name in names],
        "responses": {"default": {"description": "As the stub says"}},
    }


def _path_parameter(name: str) -> Schema:
    schema = {"type": "string", "pattern": "^[^/]+$"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _success(operation: str) -> Schema:
    content = _BODIES[operation]
    success = {"description": "Done", "headers": _REQUEST_ID, "content": content}
    return success | ({"links": _LINKS} if operation == "upload" else {})


def _refusals(operation: str) -> dict[str, Schema]:
    """A response for each status, which names its codes."""
    codes: dict[int, list[str]] = {}
    for code in _REFUSED_ANYWHERE + _REFUSED[operation]:
        codes.setdefault(REFUSALS[code][0], []).append(code)
    found = {str(status): _refusal(status, codes[status]) for status in sorted(codes)}
    return {**found, "5XX": _FAILURE}


def _refusal(status: int, codes: list[str]) -> Schema:
    return {
        "description": ", ".join(f"`{code}`" for code in codes),
        "headers": _REQUEST_ID | _HEADERS.get(status, {}),
        "content": {JSON: {"schema": _named("Error")}},
    }


def _named(schema: str) -> Schema:
    return {"$ref": f"#/components/schemas/{schema}"}


def _file_schema() -> Schema:
    """The members that `file_object` shows, with the types that `File` gives them."""
    types = get_type_hints(File)
    blank: Any = dict.fromkeys(types, "") | {"expires_at": None}
    members = file_object(File(**blank))
    properties = {
        name: ({"type": _TYPES[types[name]]} if name in types else {}) | _NARROWER[name]
        for name in members
    }
    required = [name for name in members if name not in _OPTIONAL]
    return {"type": "object", "properties": properties, "required": required}


_TYPES = {str: "string", int: "integer", str | None: "string"}

_OPTIONAL = ("status_details",)

_NARROWER: dict[str, Schema] = {
    "id": {"minLength": 1, "examples": ["123e4567-e89b-12d3-a456-426614174000"]},
    "object": {"const": "file"},
    "bytes": {"minimum": 0},
    "created_at": {"minimum": 0, "description": "Unix time in seconds"},
    "filename": {"minLength": 1},
    "purpose": {"minLength": 1},
    "status": {"enum": list(STATUSES)},
    "status_details": {"description": "Why processing failed"},
}
"""What the type of a member does not say."""


def _object(**properties: Schema) -> Schema:
    """All of them required; others may come, says the versioning policy (D)."""
    return {"type": "object", "properties": properties, "required": list(properties)}


_STRING: Schema = {"type": "string"}
_BINARY: Schema = {"type": "string", "format": "binary"}
_PURPOSE: Schema = {"type": "string", "minLength": 1}

_SCHEMAS: dict[str, Schema] = {
    "File": _file_schema(),
    "FileList": _object(object={"const": "list"}, data={"type": "array", "items": _named("File")}),
    "DeletedFile": _object(id=_STRING, object={"const": "file"}, deleted={"const": True}),
    "Error": _object(detail=_STRING, error=_object(type=_STRING, code=_STRING, message=_STRING)),
    "Upload": _object(purpose=_PURPOSE, file=_BINARY),
}

_BODIES: dict[str, Schema] = {
    "upload": {JSON: {"schema": _named("File")}},
    "list": {JSON: {"schema": _named("FileList")}},
    "retrieve": {JSON: {"schema": _named("File")}},
    "download": {BYTES: {"schema": _BINARY}},
    "delete": {JSON: {"schema": _named("DeletedFile")}},
}
"""What each operation answers when it is carried out."""


def _query(name: str, **schema: Any) -> Schema:
    return {"name": name, "in": "query", "required": False, "schema": schema}


_QUERY: dict[str, list[Schema]] = {
    "list": [
        _query("purpose", type="string"),
        _query("limit", type="integer", minimum=1, maximum=MOST_PER_PAGE, default=MOST_PER_PAGE),
        _query("order", type="string", enum=["asc", "desc"], default="desc"),
        _query("after", type="string", minLength=1),
    ]
}

_REFUSED_ANYWHERE = ("invalid_parameter", "missing_api_key", "invalid_api_key", "rate_limited")
"""The first: also an impossible `Prefer: code=`."""

_REFUSED: dict[str, tuple[str, ...]] = {
    "upload": (
        "invalid_multipart",
        "missing_file",
        "missing_purpose",
        "quota_exceeded",
        "file_too_large",
        "unsupported_media_type",
    ),
    "list": (),
    "retrieve": ("file_not_found",),
    "download": ("file_not_found",),
    "delete": ("file_not_found",),
}
"""With what code each operation can be refused."""

_REQUEST_ID: Schema = {"X-Request-Id": {"required": True, "schema": _STRING}}

_HEADERS: dict[int, Schema] = {
    401: {CHALLENGE[0]: {"required": True, "schema": {"const": CHALLENGE[1]}}},
    429: {"Retry-After": {"schema": _STRING}},
}

_FAILURE: Schema = {
    "description": "A failure of the service; a few bypass the envelope and are plain text",
    "content": {JSON: {"schema": _named("Error")}, TEXT.partition(";")[0]: {"schema": _STRING}},
}

_LINKS: Schema = {
    operation: {"operationId": operation, "parameters": {"file_id": "$response.body#/id"}}
    for operation in ("retrieve", "download", "delete")
}
"""What an upload makes possible."""
