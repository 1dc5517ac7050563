"""Header fields: those that came, those that a test author gives, and the content types we know.

What could not be sent is refused at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from os.path import splitext
from typing import Any

from ..errors import OptionError, quoted
from ..locks import cached_property
from .secret_names import REDACTED, is_secret_name, secret_places


class Headers(Mapping[str, str]):
    """HTTP header fields: names in any case, repeated fields joined by a comma (RFC 9110, 5.3).

    Attributes:
        pairs: the fields as they came, in their order and spelling, with repetitions.
    """

    # Without slots, as a cached property needs a `__dict__`. Names and values are kept apart, as a
    # client sends the same names each time.
    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        pairs = tuple(pairs)
        self._names: tuple[str, ...] = tuple([name for name, _ in pairs])
        self._values: tuple[str, ...] = tuple([value for _, value in pairs])

    @classmethod
    def of(cls, names: tuple[str, ...], values: Iterable[str]) -> Headers:
        """Of as many names as values."""
        headers = object.__new__(cls)
        headers._names, headers._values = names, tuple(values)
        return headers

    @classmethod
    def of_different(
        cls, names: tuple[str, ...], lower: tuple[str, ...], values: Iterable[str]
    ) -> Headers:
        """As `of`; none of the names, which are given in lower case as well, comes twice."""
        headers = cls.of(names, values)
        headers.by_name = dict(zip(lower, headers._values, strict=True))
        return headers

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """See the class."""
        return tuple(zip(self._names, self._values, strict=True))

    def __getitem__(self, name: str) -> str:
        return self.by_name[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self.by_name

    def __hash__(self) -> int:
        return hash(frozenset(self.by_name.items()))

    def __repr__(self) -> str:
        shown = {name: REDACTED if is_secret_name(name) else self[name] for name in self}
        return f"Headers({shown!r})"

    @cached_property
    def by_name(self) -> dict[str, str]:
        """By lower-case name."""
        # Made when first asked for: of most headers that the journal keeps, never.
        by_name = dict(zip(_folded(self._names), self._values, strict=True))
        return by_name if len(by_name) == len(self._names) else _joined(self.pairs)

    @cached_property
    def to_keep(self) -> tuple[Headers, str]:
        """The same without the values whose names say that they are secret; and all other values,
        a line each, in which a secret may stand all the same.
        """
        values = list(self._values)
        for place in secret_places(self._names):
            values[place] = REDACTED
        return Headers.of(self._names, values), "\n".join(values)


@lru_cache(maxsize=64)  # a client sends the same ones each time
def _folded(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        folded = name.lower()
        joined[folded] = f"{joined[folded]}, {value}" if folded in joined else value
    return joined


JSON, TEXT, HTML, BYTES, EVENTS = (
    "application/json",
    "text/plain; charset=utf-8",
    "text/html; charset=utf-8",
    "application/octet-stream",
    "text/event-stream",
)
"""What we answer with."""

CONTENT_TYPES = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".html": "text/html",
    ".png": "image/png",
}
"""As registered with IANA; that of `.jsonl` is the one commonly used."""


def content_type_of(filename: str) -> str:
    """Such as `application/pdf`; for an unknown one `application/octet-stream`."""
    known = CONTENT_TYPES.get(splitext(filename)[1].lower())
    if known is not None:
        return known
    # It reads the tables of the machine, which differ, so it comes second.
    from mimetypes import guess_type

    return guess_type(filename)[0] or "application/octet-stream"


_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token (RFC 9110, 5.6.2)."""

_VALUE = re.compile(r"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?")
"""Latin-1 without control characters, and without space around it (RFC 9110, 5.5)."""

_FRAMING = ("content-length", "transfer-encoding", "connection")
"""Header fields that the body and the connection decide."""


def header_pairs(label: str, headers: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """The fields in their order, if they can be sent."""
    if headers is None:
        return ()
    if not isinstance(headers, Mapping):
        raise OptionError(
            f"{label}: headers must map names to values, got {headers!r}.", word=headers
        )
    return tuple(_pair(label, name, value) for name, value in headers.items())


def _pair(label: str, name: Any, value: Any) -> tuple[str, str]:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise OptionError(
            f"{label}: the name of a header must be a token, such as 'X-Cache'; "
            f"got {quoted(name)}.",
            word=name,
        )
    if name.lower() in _FRAMING:
        raise OptionError(
            f"{label}: {name} says how the answer is sent, and cannot be set. "
            "For a body cut short, use truncated().",
            word=name,
        )
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise OptionError(
            f"{label}: the value of {name} must be a string of Latin-1 characters, without line "
            f"breaks and without spaces around it; got {quoted(value)}.",
            word=value,
        )
    return name, value
