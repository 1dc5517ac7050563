"""The operations: one file each, and one row each in this table, from which the rest follows.

Also which of them a request means, by its method and path.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from ...model.messages import Request
from ...model.operation_names import OperationNames
from ...model.profile import Profile
from ...model.stub_answers import StubOperation
from ...state.stubs import Stubs
from .. import Service
from ..refusals import Refusal
from .delete import DELETE
from .download import DOWNLOAD
from .list import LIST
from .operation import AnyOperation, Description, RouteMatch
from .retrieve import RETRIEVE
from .stubbed import STUBBED
from .upload import UPLOAD

OPERATIONS: tuple[AnyOperation, ...] = (UPLOAD, LIST, RETRIEVE, DOWNLOAD, DELETE)
"""The Files API (D: its reference page)."""

OperationName = (
    Literal["upload", "list", "retrieve", "download", "delete"]
    | Literal["POST /responses"]
    | StubOperation
)
"""Their names for type checkers, which can't read the table; of a stub, `Stub.operation`."""


def _routes(operation: AnyOperation) -> Iterator[str]:
    """How its route is written, in lower case: that is the name of a stub, and not of this."""
    for path in (operation.path, operation.path.replace("{file_id}", "{id}")):
        for prefix in ("", "/v1"):
            yield f"{operation.method} {prefix}{path}".lower()


def _method_names(operation: AnyOperation) -> Iterator[str]:
    """What other libraries call it: `create`, `files.create`, `client.files.create`."""
    for word in operation.habits:
        yield word
    for word in (operation.name, *operation.habits):
        yield from (f"files.{word}", f"client.files.{word}")


NAMES = OperationNames(
    addresses={operation.name: operation.addresses for operation in OPERATIONS},
    habits={
        word: operation.name
        for operation in OPERATIONS
        for word in (*_method_names(operation), *_routes(operation))
    },
    without_json=tuple(operation.name for operation in OPERATIONS if not operation.answers_json),
    writing=tuple(operation.name for operation in OPERATIONS if operation.method != "GET"),
)


def check_operation(service: Service, word: object) -> None:
    """Check that a word names an operation, or a route that was stubbed.

    Raises:
        OptionError: with the nearest name.
    """
    NAMES.check(word, service.stubs.operations)


def described(operation: AnyOperation) -> Description:
    """Its part of the OpenAPI document."""
    assert operation.description is not None  # noqa: S101 - only stubbed routes have none
    return operation.description


def success_status(name: str, profile: Profile) -> int:
    """What the operation of that name answers when it is carried out."""
    return next(described(one).status(profile) for one in OPERATIONS if one.name == name)


_METHODS: dict[str, dict[str, AnyOperation]] = {}
for _operation in OPERATIONS:
    _METHODS.setdefault(_operation.path, {})[_operation.method] = _operation
_PATTERNS = tuple(
    (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), methods)
    for path, methods in _METHODS.items()
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
                method: RouteMatch(operation=operation, name=operation.name, file_id=file_id)
                for method, operation in methods.items()
            }
    return None


def forget_paths() -> None:
    """Remember no path, which may have a key in it, for longer than a mock."""
    _files_route.cache_clear()


def _stubbed(request: Request, resource: str, stubs: Stubs) -> RouteMatch:
    found = stubs.find(request.method, resource)
    if found is not None:
        return RouteMatch(operation=STUBBED, name=found.stub.operation, stub=found.stub)
    methods = stubs.methods(resource)
    return _not_allowed(request, None, ", ".join(methods)) if methods else _unknown(request)


def _unknown(request: Request) -> RouteMatch:
    refusal = Refusal("route_not_found", {"method": request.method, "path": request.path})
    return RouteMatch(refusal=refusal, is_unknown=True)


def _not_allowed(request: Request, file_id: str | None, allowed: str) -> RouteMatch:
    words = {"method": request.method, "path": request.path, "allowed": allowed}
    refusal = Refusal("method_not_allowed", words, (("Allow", allowed),))
    return RouteMatch(file_id=file_id, refusal=refusal)
