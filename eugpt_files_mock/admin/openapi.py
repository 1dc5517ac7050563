"""The control routes as an OpenAPI 3.1 document, made from their table."""

import re
from collections.abc import Iterable

from ..service.openapi import EUGPT, path_parameters
from ..service.operations.operation import Schema, schema_of
from .resources import ControlRoute
from .responses import MOST_LISTED


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


_TEXT: Schema = {"type": "string"}
_REFUSAL: Schema = {
    "description": "What was wrong, with the nearest valid word",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
