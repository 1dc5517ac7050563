"""The operations as an OpenAPI 3.1 document, made from the profile that answers them."""

import re
from collections.abc import Iterable

from ..model.headers import HTML, TEXT
from ..model.profile import Profile, named_profile
from ..model.stub_answers import WITHOUT_BODY
from ..state.stubs import Stub
from .operations import OPERATIONS, described
from .operations.operation import STRING, AnyOperation, Description, Schema, named, schema_of
from .refusals import CHALLENGE, REFUSALS, Refusal

EUGPT = named_profile("eugpt")


def document(version: str, stubs: Iterable[Stub] = (), profile: Profile = EUGPT) -> Schema:
    """The document of the operations and of these stubs; `version` is the mock's."""
    paths: dict[str, Schema] = {}
    schemas: dict[str, Schema] = {}
    for operation in OPERATIONS:
        description = described(operation)
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(
            operation, description, profile
        )
        schemas |= {name: schema(profile) for name, schema in description.schemas.items()}
    for stub in stubs:
        paths.setdefault(stub.path, {})[stub.method.lower()] = _stubbed(stub)
    service = {"eugpt": "EU GPT", "openai": "OpenAI"}[profile.base]
    prefix = f"Keys begin with `{profile['key.prefix']}`."
    needs_key: list[Schema] = [{"key": []}]
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{service} Files API, as faked by eugpt-files-mock", "version": version},
        "servers": [{"url": "/v1"}],
        # An empty requirement makes the key optional.
        "security": needs_key if profile["errors.missing_api_key"] else [{}, *needs_key],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": prefix}},
            "schemas": {**schemas, "Error": schema_of(profile["errors.envelope"])},
        },
    }


def _operation(operation: AnyOperation, description: Description, profile: Profile) -> Schema:
    members: Schema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": path_parameters(operation.path) + description.query(profile),
        "responses": {
            str(description.status(profile)): _success(description, profile),
            **_refusals(description, profile),
        },
    }
    if body := description.body(profile):
        content = {kind: {"schema": schema} for kind, schema in body.items()}
        members["requestBody"] = {"required": True, "content": content}
    return members


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


def _success(description: Description, profile: Profile) -> Schema:
    success: Schema = {
        "description": "Done",
        "headers": _headers(profile) | description.headers(profile),
    }
    if description.status(profile) not in WITHOUT_BODY:
        kind = _media(description.content_type(profile))
        success["content"] = {kind: {"schema": description.answer(profile)}}
    if description.answers_id:
        success["links"] = _links()
    return success


def _links() -> Schema:
    """Operations that take the id which an upload answers; schemathesis follows them."""
    return {
        operation.name: {
            "operationId": operation.name,
            "parameters": {"file_id": "$response.body#/id"},
        }
        for operation in OPERATIONS
        if "{file_id}" in operation.path
    }


def _media(content_type: str) -> str:
    """Without parameters; that of the file itself may be any."""
    return "*/*" if "{" in content_type else content_type.partition(";")[0]


def _headers(profile: Profile) -> Schema:
    always = {name: {"const": value} for name, value in profile["headers.always"].items()}
    schemas = ({"X-Request-Id": STRING} if profile["headers.request_id"] else {}) | always
    return {name: {"required": True, "schema": schema} for name, schema in schemas.items()}


def _refusals(description: Description, profile: Profile) -> dict[str, Schema]:
    """A response for each status, which names its codes."""
    cases: dict[int, dict[str, Schema]] = {}
    for case, needed in {**_REFUSED_ANYWHERE, **description.refused}.items():
        # What has no row in the profile is refused in every one.
        behaviours = (f"errors.{case}", needed)
        if any(profile.get(behaviour, True) in (None, [], "ignored") for behaviour in behaviours):
            continue
        row = profile.get(f"errors.{case}")
        row = row or {"status": REFUSALS[case][0], "body": profile["errors.envelope"]}
        cases.setdefault(row["status"], {})[case] = row
    found = {str(status): _refusal(status, cases[status], profile) for status in sorted(cases)}
    kinds = {_media(profile["json.content_type"]): named("Error"), _media(TEXT): STRING}
    content = {kind: {"schema": schema} for kind, schema in kinds.items()}
    return {**found, "5XX": {"description": _FAILURE, "content": content}}


def _refusal(status: int, rows: dict[str, Schema], profile: Profile) -> Schema:
    # Cases with the same status share a response, and may differ in their bodies.
    codes = dict.fromkeys(Refusal(case).code for case in rows)
    shapes: dict[str, list[Schema]] = {}
    for row in rows.values():
        body = row["body"]
        text = HTML if isinstance(body, str) and body.startswith("<") else TEXT
        kind = _media(text if isinstance(body, str) else profile["json.content_type"])
        shape = schema_of(body)
        shape = named("Error") if shape == schema_of(profile["errors.envelope"]) else shape
        if shape not in shapes.setdefault(kind, []):
            shapes[kind].append(shape)
    return {
        "description": ", ".join(f"`{code}`" for code in codes),
        "headers": _refusal_headers(status, rows, profile),
        "content": {
            kind: {"schema": several[0] if len(several) == 1 else {"anyOf": several}}
            for kind, several in shapes.items()
        },
    }


def _refusal_headers(status: int, rows: dict[str, Schema], profile: Profile) -> Schema:
    """Those of the status, but what a row leaves out may be missing."""
    headers = _headers(profile) | _REFUSAL_HEADERS.get(status, {})
    absent = {
        name.casefold()
        for row in rows.values()
        for name, value in row.get("headers", {}).items()
        if value is None
    }
    return {name: one for name, one in headers.items() if name.casefold() not in absent}


_REFUSED_ANYWHERE = dict.fromkeys(
    ("invalid_parameter", "missing_api_key", "invalid_api_key", "rate_limited"), ""
)
"""`invalid_parameter` is for a `Prefer: code=` that isn't an error status."""

_REFUSAL_HEADERS: dict[int, Schema] = {
    401: {CHALLENGE[0]: {"required": True, "schema": {"const": CHALLENGE[1]}}},
    429: {"Retry-After": {"schema": STRING}},
}

_FAILURE = "A failure of the service; a few bypass the envelope and are plain text"
