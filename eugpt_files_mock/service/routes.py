"""The five routes, as one table, and which of them a request means."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..model.messages import OPERATIONS, Request
from .refusals import Refused, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One line of the API reference."""

    operation: str
    method: str
    template: str
    summary: str


ROUTES = (
    Route(operation="upload", method="POST", template="/files", summary="Upload a file"),
    Route(operation="list", method="GET", template="/files", summary="List the files"),
    Route(
        operation="retrieve", method="GET", template="/files/{file_id}", summary="Retrieve a file"
    ),
    Route(
        operation="download",
        method="GET",
        template="/files/{file_id}/content",
        summary="Download the content of a file",
    ),
    Route(
        operation="delete", method="DELETE", template="/files/{file_id}", summary="Delete a file"
    ),
)
"""Below the base URL (D: the Files API reference)."""

assert tuple(route.operation for route in ROUTES) == OPERATIONS  # noqa: S101 - two tables, one truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What the path and the method of a request mean.

    Attributes:
        operation: None when no route has this path, or not with this method.
        file_id: from the path, for the routes that have one.
        allowed: the methods of the path, in the table's order; empty for an unknown path.
    """

    operation: str | None
    file_id: str | None
    allowed: tuple[str, ...]


NO_MATCH = Match(operation=None, file_id=None, allowed=())

_METHODS: dict[str, dict[str, str]] = {}
for _route in ROUTES:
    _METHODS.setdefault(_route.template, {})[_route.method] = _route.operation
_PATTERNS = tuple(
    (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)), methods, tuple(methods))
    for template, methods in _METHODS.items()
)


def match(request: Request) -> Match:
    """The route of a request; says nothing yet about what it deserves."""
    if request.resource is None:
        return NO_MATCH
    for pattern, methods, allowed in _PATTERNS:
        found = pattern.fullmatch(request.resource)
        if found:
            return Match(
                operation=methods.get(request.method),
                file_id=found.groupdict().get("file_id"),
                allowed=allowed,
            )
    return NO_MATCH


def check_route(found: Match, request: Request) -> str:
    """The operation, when there is one.

    Raises:
        Refused: `route_not_found` or `method_not_allowed`.
    """
    if found.operation is not None:
        return found.operation
    if not found.allowed:
        raise Refused(
            "route_not_found", f"There is no route {request.method} {shown(request.path)}."
        )
    allowed = ", ".join(found.allowed)
    raise Refused(
        "method_not_allowed",
        f"{request.method} is not allowed on {shown(request.path)}; allowed: {allowed}.",
        ("Allow", allowed),
    )
