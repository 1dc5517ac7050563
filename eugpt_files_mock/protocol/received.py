"""What came over a connection: a request, or something that can't be read as one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """One request, read to its end.

    Attributes:
        method: as sent; methods are case-sensitive.
        target: as sent: `/v1/files?limit=2`, or with a proxy's scheme and host before it.
        headers: names and values as sent, in order; decoded as Latin-1.
        body: the bytes, or the pieces of a large body as they came, so that none is copied.
        http_version: `1.0` or `1.1`.
        is_persistent: whether the connection may be kept after the answer.
        is_complete: False if the body broke off or its chunks were invalid; `body` is empty then.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | Sequence[bytes] = field(default=b"", repr=False)
    http_version: str = "1.1"
    is_persistent: bool = True
    is_complete: bool = True

    @property
    def path(self) -> str:
        """The path of the target, not decoded: `//v1/files` stays what it is."""
        return self._origin_form.partition("?")[0]

    @property
    def query(self) -> str:
        """What follows the question mark, not decoded."""
        return self._origin_form.partition("?")[2]

    @property
    def host(self) -> str:
        """The host that is asked for; that of the target wins (RFC 9112, 3.2.2)."""
        absolute = _ABSOLUTE.match(self.target)
        if absolute:
            return absolute[1]
        return next((value for name, value in self.headers if name.lower() == "host"), "")

    @property
    def _origin_form(self) -> str:
        absolute = None if self.target.startswith("/") else _ABSOLUTE.match(self.target)
        return self.target[absolute.end() :] or "/" if absolute else self.target


_ABSOLUTE = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRequest:
    """What can't be framed as a request: it is answered with `status`, and the connection closed.

    Attributes:
        status: 400, 414, 431, 501 or 505.
        message: why, for the answer; it holds nothing of what was sent.
        method: if the request line could be read, else empty.
        target: the same.
        headers: if they could be read.
    """

    status: int
    message: str
    method: str = ""
    target: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    is_persistent: bool = False
