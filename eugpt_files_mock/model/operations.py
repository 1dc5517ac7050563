"""The names of operations, checked, with the names that other libraries have for them."""

import re
from collections.abc import Sequence
from typing import Literal

from ..errors import OptionError, unknown_word
from .messages import Operation
from .stubs import StubOperation

OperationName = Operation | Literal["POST /responses"] | StubOperation
"""For type checkers; of a stubbed route, `Stub.operation`."""

_HABITS = {
    **dict.fromkeys(("create", "post", "put", "add", "store", "send"), "upload"),
    **dict.fromkeys(("content", "read", "retrieve_content", "fetch"), "download"),
    **dict.fromkeys(("get", "show", "status", "wait_for_processing"), "retrieve"),
    **dict.fromkeys(("remove", "del", "destroy"), "delete"),
    **dict.fromkeys(("index", "ls", "all"), "list"),
}
"""What the `openai` SDK, HTTP and Python call them."""


_ROUTE = re.compile(r"(?:GET|POST|PUT|PATCH|DELETE) /(?!files(?:/|$))\S*")


def is_route_name(word: object) -> bool:
    """Whether it can be the name of a stubbed route, such as `POST /responses`."""
    return isinstance(word, str) and _ROUTE.fullmatch(word) is not None


def check_operation(word: object, valid: Sequence[str]) -> None:
    """Check that a word names an operation."""
    if word in valid:
        return
    error = unknown_word("operation", word, valid, _HABITS)
    if isinstance(word, str) and "/" in word and error.nearest is None:
        raise OptionError(
            f"{error} A route of its own is stubbed first: mock.stub('POST', '/responses', …).",
            word=word,
        )
    raise error
