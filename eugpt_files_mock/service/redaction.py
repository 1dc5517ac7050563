"""What is kept and shown of a request has no keys in it: not the one that it came with, nor one
that the mock accepts. Only the very key is taken out: a name may begin as keys do, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..model.messages import REDACTED, SECRET_FIELDS, Headers
from .commands import parse_query

_SHORTEST_SECRET = 6
"""What is shorter is no secret, and may be any word."""


class Redaction:
    """Takes the keys out of what is kept of one request; what is answered is never altered.

    Args:
        headers: those of the request. What `Authorization` says is secret in any scheme.
        keys: those that the mock accepts.
    """

    __slots__ = ("_secrets",)

    def __init__(self, headers: Headers, keys: Iterable[str]) -> None:
        secrets = {*keys, *_presented(headers.get("authorization", ""))}
        self._secrets = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]

    def name(self, name: str | None) -> str | None:
        """A name that somebody gave, such as a filename: secret only when all of it is the key."""
        return REDACTED if name in self._secrets else name

    def text(self, text: str) -> str:
        """Any other text: without the key where it stands as a word of its own."""
        for secret in self._secrets:
            if secret in text:
                text = re.sub(rf"(?<![\w.-]){re.escape(secret)}(?![\w.-])", REDACTED, text)
        return text

    def query(self, query: str) -> dict[str, str]:
        """The parameters, decoded."""
        parameters = parse_query(query)
        return {self.text(name): self.text(value) for name, value in parameters.items()}

    def headers(self, headers: Headers) -> Headers:
        """All of them; of some only the name."""
        pairs = [
            (name, REDACTED if name.lower() in SECRET_FIELDS else value)
            for name, value in headers.pairs
        ]
        values = "\n".join([value for _, value in pairs])
        if self.text(values) == values:  # as nearly always
            return Headers(pairs)
        return Headers([(name, self.text(value)) for name, value in pairs])


def _presented(authorization: str) -> list[str]:
    """What follows the scheme, in each of several fields, or stands there without one."""
    return [words[-1] for field in authorization.split(",") if (words := field.split())]
