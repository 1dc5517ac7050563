"""The names of operations, checked, with the names that other libraries have for them."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import OptionError, unknown_word


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationNames:
    """What is known of the operations by their names.

    Attributes:
        addresses: name → what a fault can be limited to, of `filename`, `file_id`, `purpose`.
        habits: what the `openai` SDK, HTTP and Python call them → name.
        without_json: those whose answers aren't JSON.
        writing: those that change something, so that an answer which gets lost matters.
    """

    addresses: Mapping[str, Sequence[str]]
    habits: Mapping[str, str] = field(default_factory=dict)
    without_json: Collection[str] = ()
    writing: Collection[str] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """In the order of the table."""
        return tuple(self.addresses)

    def having(self, address: str) -> list[str]:
        """Those that can be limited so."""
        return [name for name, addresses in self.addresses.items() if address in addresses]

    def check(self, word: object, also: Iterable[str] = ()) -> None:
        """Check that a word names an operation, or is one of these; such as stubbed routes.

        Raises:
            OptionError: with the nearest name.
        """
        valid = (*self.addresses, *also)
        if word in valid:
            return
        error = unknown_word("operation", word, valid, self.habits)
        if isinstance(word, str) and "/" in word and error.nearest is None:
            raise OptionError(
                f"{error} A route of its own is stubbed first: mock.stub('POST', '/responses', …).",
                word=word,
            )
        raise error


_ROUTE = re.compile(r"(?:GET|POST|PUT|PATCH|DELETE) /(?!files(?:/|$))\S*")


def is_route_name(word: object) -> bool:
    """Whether it can be the name of a stubbed route, such as `POST /responses`."""
    return isinstance(word, str) and _ROUTE.fullmatch(word) is not None
