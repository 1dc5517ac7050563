"""What no schema can tell schemathesis about the API; loaded by it, through its environment."""

from __future__ import annotations

from typing import Any

import schemathesis

KNOWN_ID = "123e4567-e89b-12d3-a456-426614174000"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """`after` is the id of a file: any other text is rightly refused."""
    valid = case.meta is not None and case.meta.generation.mode.is_positive
    if valid and case.operation.label == "GET /files" and "after" in (case.query or {}):
        case.query["after"] = KNOWN_ID


@schemathesis.hook
def filter_body(context: Any, body: Any) -> bool:
    """All is text in a form: a `purpose` that was a number would be text when it arrives."""
    if context.operation.label != "POST /files" or not isinstance(body, dict):
        return True
    return isinstance(body.get("purpose", ""), str)
