"""The operations: one file each, and one row each in this table, from which the rest follows."""

from collections.abc import Iterator
from typing import Literal

from ...model.operations import OperationNames
from ...model.stubs import StubOperation
from .delete import DELETE
from .download import DOWNLOAD
from .list import LIST
from .operation import AnyOperation
from .retrieve import RETRIEVE
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


NAMES = OperationNames(
    addresses={operation.name: operation.addresses for operation in OPERATIONS},
    habits={
        word: operation.name
        for operation in OPERATIONS
        for word in (*operation.habits, *_routes(operation))
    },
    without_json=tuple(operation.name for operation in OPERATIONS if not operation.answers_json),
    writing=tuple(operation.name for operation in OPERATIONS if operation.method != "GET"),
)
