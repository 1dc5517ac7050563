"""The control routes as an OpenAPI 3.1 document, made from their table."""

import re
from collections.abc import Iterable
from typing import Any

from ..service.openapi import EUGPT, path_parameters, schema_of
from .control import ControlRoute
from .responses import MOST_LISTED
from .schemas import TEXT_FIELDS

Schema = dict[str, Any]


def control_document(routes: Iterable[ControlRoute], version: str) -> Schema:
    paths: dict[str, Schema] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Control of eugpt-files-mock", "version": version},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": schema_of(EUGPT["errors.envelope"])},
        },
        # The empty one: on a loopback address the token is optional.
        "security": [{}, {"token": []}],
    }


def _operation(route: ControlRoute) -> Schema:
    operation: Schema = {
        "summary": route.summary,
        "parameters": path_parameters(route.path)
        + [_parameter(name, meaning) for name, meaning in route.parameters.items()],
        "responses": {"200": _success(route), "4XX": _REFUSAL},
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _BODIES[route.method, route.path]}
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


_TEXT: Schema = {"type": "string"}
_REFUSAL: Schema = {
    "description": "What was wrong, with the nearest valid word",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}

_BODIES: dict[tuple[str, str], Schema] = {
    ("POST", "/__admin/files"): {
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
    },
    ("PATCH", "/__admin/files/{file_id}"): {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"status": _TEXT, "status_details": {"type": ["string", "null"]}},
                "required": ["status"],
                "additionalProperties": False,
            }
        }
    },
    ("POST", "/__admin/stubs"): {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    **dict.fromkeys(("method", "path", "response", "model"), _TEXT),
                    "json": {},
                    "body": _TEXT,
                    "events": {"type": "array"},
                    "status": {"type": "integer"},
                    "headers": {"type": "object"},
                    "times": {"type": ["integer", "null"]},
                    "chunks": {"type": ["integer", "array"]},
                    "check_file_ids": {"type": "boolean"},
                },
                "additionalProperties": False,
            }
        }
    },
    ("POST", "/__admin/faults"): {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"fault": {"type": ["string", "object", "array"]}},
                "required": ["fault"],
            }
        }
    },
}
