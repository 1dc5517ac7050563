"""What came over a connection: a request, or something that can't be read as one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..model.sender import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """One request, read to its end; `body` is empty where it broke off or its chunks were invalid.

    `target` may have a proxy's scheme and host before it; headers are decoded as Latin-1; a large
    body stays in the pieces in which it came, so that none is copied. `is_persistent` says whether
    the connection may be kept after the answer; `is_broken_off`, whether the client has closed its
    end before that of the body; `line` is that of a port.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | Sequence[bytes] = field(default=b"", repr=False)
    http_version: str = "1.1"
    is_persistent: bool = True
    is_complete: bool = True
    is_broken_off: bool = False
    line: Line | None = field(default=None, compare=False, repr=False)

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
        # A client that takes this server for a proxy sends a whole URL (RFC 9112, 3.2.2).
        absolute = None if self.target.startswith("/") else _ABSOLUTE.match(self.target)
        return self.target[absolute.end() :] or "/" if absolute else self.target


_ABSOLUTE = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRequest:
    """What can't be framed as a request: it is answered with `status`, and the connection closed.

    The message holds nothing of what was sent; the method is there if it could be read.
    """

    status: int
    message: str
    method: str = ""
    is_persistent: bool = False
