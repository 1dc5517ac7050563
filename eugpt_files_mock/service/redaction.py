"""What is kept and shown of a request has no keys in it: not the one that it came with, nor any
other that it says by mistake.
"""

from __future__ import annotations

import re

from .authentication import KEY_PREFIX
from .commands import parse_query
from .messages import REDACTED, SECRET_FIELDS, Headers
from .refusals import Refused

_KEY = re.compile(rf"(?<![\w-]){KEY_PREFIX}[\w-]+")
"""Whatever looks like a key of the service, whoever's it is."""

_SHORTEST_SECRET = 6
"""What is shorter is no secret, and may be a part of any word."""


class Redaction:
    """Takes the keys out of what one request says.

    Args:
        headers: those of the request. What `Authorization` says is secret in any scheme.
    """

    __slots__ = ("_secrets",)

    def __init__(self, headers: Headers) -> None:
        words = headers.get("authorization", "").replace(",", " ").split()
        secrets = words[1:] or words
        self._secrets = [word for word in secrets if len(word) >= _SHORTEST_SECRET]

    def name(self, name: str | None) -> str | None:
        """A name that somebody gave, such as a filename: it may begin as keys do."""
        return None if name is None else self._without_secrets(name)

    def text(self, text: str) -> str:
        """Any other text."""
        text = self._without_secrets(text)
        return _KEY.sub(REDACTED, text) if KEY_PREFIX in text else text

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

    def refusal(self, refused: Refused) -> Refused:
        """The same refusal; its message is shown to people."""
        return Refused(refused.code, self.text(refused.message), *refused.headers)

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, REDACTED)
        return text
