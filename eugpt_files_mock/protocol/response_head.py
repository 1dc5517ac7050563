"""The head of an answer: status line and headers, as bytes."""

from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

_REASONS = {
    **{status.value: status.phrase for status in HTTPStatus},
    # RFC 9110 renamed these; older Pythons know the names of RFC 7231 only.
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}


def reason_phrase(status: int) -> str:
    """The words beside a status; `Unknown` for one that isn't registered, such as 499 or 520.

    WSGI asks for words (PEP 3333), and some clients can't read a status line without them.
    """
    return _REASONS.get(status, "Unknown")


def has_no_body(method: str, status: int) -> bool:
    """Whether an answer ends with its head (RFC 9112, 6.3)."""
    return method == "HEAD" or status in {204, 304} or status < 200


@lru_cache(1)  # made once a second, because it costs a tenth of an answer
def http_date(now: int) -> str:
    """Unix seconds as `Date` has them (RFC 9110, 6.6.1), without which caches keep no answer."""
    return formatdate(now, usegmt=True)


def response_head(
    status: int, headers: Iterable[tuple[str, str]], *, is_persistent: bool = True
) -> bytes:
    """Status line, headers and the empty line.

    Raises:
        ValueError: for a header with a line break or a character outside Latin-1. Nothing of
            it may be sent: what follows a line break would be another header, or another answer.
    """
    lines = [f"{name}: {value}" for name, value in headers]
    if not is_persistent:
        lines.append("Connection: close")
    head = "\r\n".join((_status_line(status), *lines, "", ""))
    if head.count("\n") != len(lines) + 2 or head.count("\r") != len(lines) + 2:
        raise ValueError("A header of an answer has a line break in it.")
    return head.encode("latin-1")


@lru_cache
def _status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {reason_phrase(status)}"
