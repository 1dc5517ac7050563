"""The five calls as an OpenAPI 3.1 document, made from the profile that answers them."""

import re
from collections.abc import Iterable
from typing import Any

from ..model.content_types import HTML, TEXT
from ..model.messages import STATUSES
from ..model.profile import Profile, named_profile
from ..state.randomness import Randomness
from ..state.stubs import Stub
from .commands import MOST_PER_PAGE
from .refusals import CHALLENGE, REFUSALS, Refusal
from .routes import ROUTES, Route

Schema = dict[str, Any]

EUGPT = named_profile("eugpt")


def document(version: str, stubs: Iterable[Stub] = (), profile: Profile = EUGPT) -> Schema:
    """The document of the five calls and of these stubs; `version` is the mock's."""
    paths: dict[str, Schema] = {}
    for route in ROUTES:
        paths.setdefault(route.template, {})[route.method.lower()] = _operation(route, profile)
    for stub in stubs:
        paths.setdefault(stub.path, {})[stub.method.lower()] = _stubbed(stub)
    service = {"eugpt": "EU GPT", "openai": "OpenAI"}[profile.base]
    prefix = f"Keys begin with `{profile['key.prefix']}`."
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{service} Files API, as faked by eugpt-files-mock", "version": version},
        "servers": [{"url": "/v1"}],
        # An empty requirement makes the key optional.
        "security": [{}] * (not profile["errors.missing_api_key"]) + [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": prefix}},
            "schemas": {
                "File": _file(profile),
                "FileList": _object(profile["list.members"], _LIST),
                "DeletedFile": _object(profile["delete.members"], _DELETED),
                "Error": schema_of(profile["errors.envelope"]),
                "Upload": _form(profile),
            },
        },
    }


def _operation(route: Route, profile: Profile) -> Schema:
    is_upload = route.operation == "upload"
    status = str(profile["upload.status"] if is_upload else 200)
    operation: Schema = {
        "operationId": route.operation,
        "summary": route.summary,
        "parameters": path_parameters(route.template)
        + (_query(profile) if route.operation == "list" else []),
        "responses": {
            status: _success(route.operation, profile),
            **_refusals(route.operation, profile),
        },
    }
    if is_upload:
        form = {"multipart/form-data": {"schema": _named("Upload")}}
        operation["requestBody"] = {"required": True, "content": form}
    return operation


def _stubbed(stub: Stub) -> Schema:
    # Only the test author knows what it takes and answers.
    return {
        "operationId": stub.operation,
        "summary": "A stub",
        "parameters": path_parameters(stub.path),
        "responses": {"default": {"description": "As the stub says"}},
    }


def path_parameters(template: str) -> list[Schema]:
    segment = {"in": "path", "required": True, "schema": {"type": "string", "pattern": "^[^/]+$"}}
    return [{"name": name, **segment} for name in re.findall(r"\{(\w+)\}", template)]


def _query(profile: Profile) -> list[Schema]:
    """The parameters of a list that have an effect."""
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": MOST_PER_PAGE}
    schemas: dict[str, tuple[str, Schema]] = {
        "purpose": ("list.purpose_filter", _STRING),
        "limit": ("list.limit", limit),
        "order": (
            "list.order_parameter",
            {"type": "string", "enum": ["asc", "desc"], "default": profile["list.order"]},
        ),
        "after": ("list.after", _TEXT),
    }
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, (behaviour, schema) in schemas.items()
        if profile[behaviour] == "honoured"
    ]


def _success(operation: str, profile: Profile) -> Schema:
    headers, kind = _headers(profile), profile["json.content_type"]
    if operation == "download":
        kind = profile["download.content_type"]
        if profile["download.disposition"]:
            headers |= {"Content-Disposition": {"required": True, "schema": _STRING}}
    body = _named(_BODIES[operation]) if operation in _BODIES else _BINARY
    success = {
        "description": "Done",
        "headers": headers,
        "content": {_media(kind): {"schema": body}},
    }
    return success | ({"links": _LINKS} if operation == "upload" else {})


def _media(content_type: str) -> str:
    """Without parameters; that of the file itself may be any."""
    return "*/*" if "{" in content_type else content_type.partition(";")[0]


def _headers(profile: Profile) -> Schema:
    always = {name: {"const": value} for name, value in profile["headers.always"].items()}
    schemas = ({"X-Request-Id": _STRING} if profile["headers.request_id"] else {}) | always
    return {name: {"required": True, "schema": schema} for name, schema in schemas.items()}


def _refusals(operation: str, profile: Profile) -> dict[str, Schema]:
    """A response for each status, which names its codes."""
    cases: dict[int, dict[str, Any]] = {}
    for case in _REFUSED_ANYWHERE + _REFUSED[operation]:
        needed = (f"errors.{case}", _NEEDED.get(case, ""))
        # What has no row in the profile is refused in every one.
        if any(profile.get(behaviour, True) in (None, [], "ignored") for behaviour in needed):
            continue
        row = profile.get(f"errors.{case}")
        row = row or {"status": REFUSALS[case][0], "body": profile["errors.envelope"]}
        cases.setdefault(row["status"], {})[case] = row["body"]
    found = {str(status): _refusal(status, cases[status], profile) for status in sorted(cases)}
    kinds = {_media(profile["json.content_type"]): _named("Error"), _media(TEXT): _STRING}
    content = {kind: {"schema": schema} for kind, schema in kinds.items()}
    return {**found, "5XX": {"description": _FAILURE, "content": content}}


def _refusal(status: int, bodies: dict[str, Any], profile: Profile) -> Schema:
    # Cases with the same status share a response, and may differ in their bodies.
    codes = dict.fromkeys(Refusal(case).code for case in bodies)
    shapes: dict[str, list[Schema]] = {}
    for body in bodies.values():
        text = HTML if isinstance(body, str) and body.startswith("<") else TEXT
        kind = _media(text if isinstance(body, str) else profile["json.content_type"])
        shape = schema_of(body)
        shape = _named("Error") if shape == schema_of(profile["errors.envelope"]) else shape
        if shape not in shapes.setdefault(kind, []):
            shapes[kind].append(shape)
    return {
        "description": ", ".join(f"`{code}`" for code in codes),
        "headers": _headers(profile) | _REFUSAL_HEADERS.get(status, {}),
        "content": {
            kind: {"schema": several[0] if len(several) == 1 else {"anyOf": several}}
            for kind, several in shapes.items()
        },
    }


def schema_of(template: Any) -> Schema:
    """The schema of what a template of the profile is filled to."""
    if isinstance(template, dict):
        return _object(template, {name: schema_of(value) for name, value in template.items()})
    if isinstance(template, str) and template[:1] == "{" and template[1:-1] not in _TEXT_WORDS:
        # A word that stands alone keeps its type, which may be any.
        return {}
    return {"type": "string"} if isinstance(template, str) else {"enum": [template]}


_TEXT_WORDS = ("message", "type", "code", "id", "request_id")


def _named(schema: str) -> Schema:
    return {"$ref": f"#/components/schemas/{schema}"}


def _object(members: Iterable[str], schemas: Schema) -> Schema:
    """All of them required; others may come, says the versioning policy (D)."""
    properties = {name: schemas.get(name, {"type": "null"}) for name in members}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _file(profile: Profile) -> Schema:
    """The members of the profile; others follow when the file has a value for them."""
    unit = profile["file.created_at"]
    id_ = _TEXT | {"examples": [Randomness(0, profile["id.format"]).file_id()]}
    created_at = _COUNT | {"description": f"Unix time in {unit}"}
    shown = _object(profile["file.members"], _MEMBERS | {"id": id_, "created_at": created_at})
    expires = profile["expires.after"] == "honoured" or profile["expires.batch"]
    late = ("expires_at",) * bool(expires) + ("status_details",)
    beside = {name: _MEMBERS[name] for name in late if name not in shown["properties"]}
    return {**shown, "properties": shown["properties"] | beside}


def _form(profile: Profile) -> Schema:
    purposes = profile["upload.purposes"]
    purpose = _TEXT if profile["errors.missing_purpose"] else _STRING
    purpose = purpose if purposes is None else {"enum": purposes}
    form = _object(("purpose", "file"), {"purpose": purpose, "file": _BINARY})
    if not profile["errors.missing_purpose"]:
        form["required"].remove("purpose")
    if profile["expires.after"] == "honoured":
        form["properties"] |= {
            "expires_after[anchor]": {"const": "created_at"},
            "expires_after[seconds]": {"type": "integer", "minimum": 3600, "maximum": 2_592_000},
        }
    return form | ({"additionalProperties": False} if profile["errors.unknown_field"] else {})


_STRING: Schema = {"type": "string"}
_TEXT: Schema = {"type": "string", "minLength": 1}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_BINARY: Schema = {"type": "string", "format": "binary"}
_ID: Schema = {"type": ["string", "null"]}

_MEMBERS: Schema = {
    "object": {"const": "file"},
    "bytes": _COUNT,
    "filename": _TEXT,
    "purpose": _TEXT,
    "status": {"type": "string", "enum": list(STATUSES)},
    "expires_at": {"type": ["integer", "null"], "description": "Unix time in seconds"},
    "status_details": {"type": ["string", "null"], "description": "Why processing failed"},
}
_LIST: Schema = {
    "object": {"const": "list"},
    "data": {"type": "array", "items": _named("File")},
    "has_more": {"type": "boolean"},
    "first_id": _ID,
    "last_id": _ID,
}
_DELETED: Schema = {"id": _STRING, "object": {"const": "file"}, "deleted": {"const": True}}

_BODIES = {"upload": "File", "list": "FileList", "retrieve": "File", "delete": "DeletedFile"}
"""What each operation answers when it is carried out; a download is the content."""

_REFUSED_ANYWHERE = ("invalid_parameter", "missing_api_key", "invalid_api_key", "rate_limited")
"""`invalid_parameter` is for a `Prefer: code=` that isn't an error status."""

_NO_FILE = ("file_not_found", "malformed_id")

_REFUSED: dict[str, tuple[str, ...]] = {
    "upload": (
        "invalid_multipart",
        "missing_file",
        "missing_purpose",
        "unknown_purpose",
        "unknown_field",
        "bad_expires_after",
        "empty_file",
        "batch_not_jsonl",
        "quota_exceeded",
        "file_too_large",
        "unsupported_media_type",
    ),
    "list": ("bad_limit", "bad_order", "unknown_after"),
    "retrieve": _NO_FILE,
    "download": (*_NO_FILE, "download_refused"),
    "delete": _NO_FILE,
}
"""What each operation can be refused for, where the profile does so."""

_NEEDED = {
    "unknown_purpose": "upload.purposes",
    "bad_expires_after": "expires.after",
    "bad_limit": "list.limit",
    "bad_order": "list.order_parameter",
    "unknown_after": "list.after",
    "download_refused": "download.refused_purposes",
}
"""Refusal → the behaviour without which it can't occur."""

_REFUSAL_HEADERS: dict[int, Schema] = {
    401: {CHALLENGE[0]: {"required": True, "schema": {"const": CHALLENGE[1]}}},
    429: {"Retry-After": {"schema": _STRING}},
}

_FAILURE = "A failure of the service; a few bypass the envelope and are plain text"

_LINKS: Schema = {
    operation: {"operationId": operation, "parameters": {"file_id": "$response.body#/id"}}
    for operation in ("retrieve", "download", "delete")
}
"""Operations that take the id which an upload answers; schemathesis follows them."""
