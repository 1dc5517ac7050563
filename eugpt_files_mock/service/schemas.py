"""Schemas of the OpenAPI document, and how they are named and put together."""

from collections.abc import Iterable
from typing import Any

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
STRING_OR_NULL: Schema = {"type": ["string", "null"]}
TEXT: Schema = {"type": "string", "minLength": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}
BINARY: Schema = {"type": "string", "format": "binary"}


def schema_of(template: Any) -> Schema:
    """The schema of what a template of the profile is filled to."""
    if isinstance(template, dict):
        return object_schema(template, {name: schema_of(value) for name, value in template.items()})
    if isinstance(template, str) and template[:1] == "{" and template[1:-1] not in _TEXT_WORDS:
        # A word that stands alone keeps its type, which may be any.
        return {}
    return {"type": "string"} if isinstance(template, str) else {"enum": [template]}


_TEXT_WORDS = ("message", "type", "code", "id", "request_id")


def named(schema: str) -> Schema:
    return {"$ref": f"#/components/schemas/{schema}"}


def object_schema(members: Iterable[str], schemas: Schema) -> Schema:
    """All of them required; others may come, says the versioning policy (D)."""
    properties = {name: schemas.get(name, {"type": "null"}) for name in members}
    return {"type": "object", "properties": properties, "required": list(properties)}
