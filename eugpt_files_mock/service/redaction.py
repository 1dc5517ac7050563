"""Takes keys out of what is kept and shown of a request; what is answered is never altered.

Secret are the keys that the mock accepts, the one that the request presented, and the values of
headers and parameters whose name says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..model.messages import REDACTED, Headers, Outcome, Parameters, Reply, Request, is_secret_name
from .commands import parse_query

_SHORTEST_SECRET = 6
"""A shorter text may be any word, and is not taken for a secret."""

_LONGEST_SECRET = 512

_MOST_KEPT = 1_024
"""Characters of a header value or a path that are kept; longer ones are cut."""

_MOST_BODY_KEPT = 8_192
"""Bytes of an answer that are kept for the page."""


class Redactor:
    """Knows the secrets of one mock.

    Args:
        keys: those that the mock accepts.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._secrets = set(keys)
        self._compile()

    def protect(self, secret: str) -> None:
        """Treat one more text as a secret, such as the token of the control routes."""
        self._secrets.add(secret)
        self._compile()

    def _compile(self) -> None:
        # The longest first, as one key may begin with another.
        secrets = sorted(filter(_is_long_enough, self._secrets), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, secrets))) if secrets else None

    def redact(self, request: Request) -> Redacted:
        """What may be kept of this request."""
        return Redacted(request, self._pattern)


class Redacted:
    """What may be kept of one request, and of the texts that came with it.

    Args:
        request: what arrived.
        accepted: finds the keys that the mock accepts, anywhere in a text.
    """

    __slots__ = ("_accepted", "_presented", "_request")

    def __init__(self, request: Request, accepted: re.Pattern[str] | None) -> None:
        self._request = request
        self._accepted = accepted
        self._presented = _presented(request.headers.get("authorization", ""))

    @property
    def path(self) -> str:
        """The path of the request."""
        return _cut(self.text(self._request.path))

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the request, decoded."""
        query = self._request.query
        return {
            self.text(name): REDACTED if is_secret_name(name) else self.text(value)
            for name, value in (parse_query(query).items() if query else ())
        }

    @property
    def headers(self) -> Headers:
        """The header fields of the request."""
        pairs = [
            (name, REDACTED if is_secret_name(name) else _cut(value))
            for name, value in self._request.headers.pairs
        ]
        values = "\n".join([value for _, value in pairs])
        if self.text(values) == values:  # as nearly always
            return Headers(pairs)
        return Headers([(name, self.text(value)) for name, value in pairs])

    def name(self, name: str | None) -> str | None:
        """A name that somebody chose, such as a filename, by which calls are looked for.

        It may begin as the key does; only when all of it is the key, it isn't a name.
        """
        if name is None or name in self._presented:
            return name and REDACTED
        return REDACTED if self._accepted is not None and self._accepted.fullmatch(name) else name

    def text(self, text: str) -> str:
        """Any other text."""
        for secret in self._presented:
            if secret in text:
                text = re.sub(rf"(?<![\w.-]){re.escape(secret)}(?![\w.-])", REDACTED, text)
        return self._without_accepted(text)

    def fields(self, fields: Mapping[str, str]) -> Parameters:
        """The other fields of a form."""
        if not fields:
            return _NO_FIELDS
        return Parameters({self.text(name): self.text(value) for name, value in fields.items()})

    def outcome(self, outcome: Outcome) -> Outcome:
        """What was answered, with the beginning of a text, and without the content of a file."""
        if not isinstance(outcome, Reply):
            return outcome
        if ("Content-Type", "application/octet-stream") in outcome.headers:
            return replace(outcome, body=b"")
        body = outcome.body[:_MOST_BODY_KEPT].decode("utf-8", "replace")
        return replace(outcome, body=self.text(body).encode("utf-8"))

    def _without_accepted(self, text: str) -> str:
        return text if self._accepted is None else self._accepted.sub(REDACTED, text)


_NO_FIELDS = Parameters({})


def _presented(authorization: str) -> tuple[str, ...]:
    """What follows the scheme, in each of several fields, or stands there without one.

    Only the first few: a header with thousands of them is not worth the time, and is itself not
    kept.
    """
    fields = authorization.split(",", 4)[:4]
    words = [field.split()[-1] for field in fields if field.strip()]
    return tuple(word for word in words if _is_long_enough(word) and len(word) <= _LONGEST_SECRET)


def _is_long_enough(secret: str) -> bool:
    return len(secret) >= _SHORTEST_SECRET


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_KEPT else f"{text[:_MOST_KEPT]}… ({len(text)} characters)"
