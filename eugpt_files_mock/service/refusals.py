"""What the fake answers when it refuses: one table, and the exception that carries a line of it.

The envelope is documented (D). Types, codes and messages are guesses; where compatible services
have a name for the case, it is theirs.
"""

from __future__ import annotations

REFUSALS: dict[str, tuple[int, str]] = {
    "bad_request": (400, "invalid_request_error"),
    "invalid_multipart": (400, "invalid_request_error"),
    "invalid_parameter": (400, "invalid_request_error"),
    "missing_file": (400, "invalid_request_error"),
    "missing_purpose": (400, "invalid_request_error"),
    "missing_api_key": (401, "authentication_error"),
    "invalid_api_key": (401, "authentication_error"),
    "project_forbidden": (403, "permission_error"),
    "quota_exceeded": (403, "permission_error"),
    "file_not_found": (404, "not_found_error"),
    "route_not_found": (404, "not_found_error"),
    "method_not_allowed": (405, "invalid_request_error"),
    "file_too_large": (413, "invalid_request_error"),
    "unsupported_media_type": (415, "invalid_request_error"),
    "rate_limited": (429, "rate_limit_error"),
    "server_error": (500, "server_error"),
    "bad_gateway": (502, "server_error"),
    "unavailable": (503, "server_error"),
    "gateway_timeout": (504, "server_error"),
}
"""Code → status and type."""

BEFORE_FAULTS = ("missing_api_key", "invalid_api_key", "rate_limited")
"""What is refused before any fault is asked."""

CHALLENGE = ("WWW-Authenticate", "Bearer")
"""Goes with every 401 (RFC 9110, 11.6.1)."""


class Refused(Exception):
    """The request is refused; the fake's own affair, never raised at the test author.

    Attributes:
        code: a key of `REFUSALS`.
        message: what was wrong, with the value.
        headers: fields that go with it.
    """

    def __init__(self, code: str, message: str, *headers: tuple[str, str]) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.headers = headers


def envelope(code: str, type_: str, message: str) -> dict[str, object]:
    """The documented error body (D)."""
    return {"detail": message, "error": {"type": type_, "code": code, "message": message}}


def shown(value: str, most: int = 100) -> str:
    """A value from a request as a message shows it: quoted, and not endless."""
    return repr(value if len(value) <= most else value[:most] + "…")
