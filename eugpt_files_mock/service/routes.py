"""The five routes, as one table, and which of them a request means."""

import re
from dataclasses import dataclass
from functools import lru_cache

from ..model.messages import OPERATIONS, Request
from ..state.stubs import Stub, Stubs
from .refusals import Refusal


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

assert tuple(route.operation for route in ROUTES) == OPERATIONS  # noqa: S101 - the model can't import this table


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMatch:
    """What the path and the method of a request mean; no operation when no route has both."""

    operation: str | None
    file_id: str | None = None
    stub: Stub | None = None
    refusal: Refusal | None = None
    is_unknown: bool = False


_METHODS: dict[str, dict[str, str]] = {}
for _route in ROUTES:
    _METHODS.setdefault(_route.template, {})[_route.method] = _route.operation
_PATTERNS = tuple(
    (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)), methods)
    for template, methods in _METHODS.items()
)


def is_files_path(resource: str) -> bool:
    """Whether a route of the Files API has this path, below the base URL."""
    return _files_route(resource) is not None


def match_route(request: Request, stubs: Stubs) -> RouteMatch:
    """The route of a request, or why it has none."""
    if request.resource is None:
        return _unknown(request)
    found = _files_route(request.resource)
    if found is None:
        return _stubbed(request, request.resource, stubs)
    file_id, by_method = found
    return by_method.get(request.method) or _not_allowed(request, file_id, ", ".join(by_method))


# Clients that poll ask for the same path again and again.
@lru_cache(maxsize=64)
def _files_route(resource: str) -> tuple[str | None, dict[str, RouteMatch]] | None:
    """The file that a path of the Files API names, and its operations by their methods."""
    for pattern, methods in _PATTERNS:
        found = pattern.fullmatch(resource)
        if found:
            file_id = found.groupdict().get("file_id")
            return file_id, {
                method: RouteMatch(operation=operation, file_id=file_id)
                for method, operation in methods.items()
            }
    return None


def _stubbed(request: Request, resource: str, stubs: Stubs) -> RouteMatch:
    found = stubs.find(request.method, resource)
    if found is not None:
        return RouteMatch(operation=found.stub.operation, stub=found.stub)
    methods = stubs.methods(resource)
    return _not_allowed(request, None, ", ".join(methods)) if methods else _unknown(request)


def _unknown(request: Request) -> RouteMatch:
    refusal = Refusal("route_not_found", {"method": request.method, "path": request.path})
    return RouteMatch(operation=None, refusal=refusal, is_unknown=True)


def _not_allowed(request: Request, file_id: str | None, allowed: str) -> RouteMatch:
    words = {"method": request.method, "path": request.path, "allowed": allowed}
    refusal = Refusal("method_not_allowed", words, (("Allow", allowed),))
    return RouteMatch(operation=None, file_id=file_id, refusal=refusal)
