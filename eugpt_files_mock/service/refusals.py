"""What the fake answers when it refuses: one table, and the exception that carries a row of it.

The envelope is documented (D). Types, codes and messages are guesses; where compatible services
have a name for the case, it is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    "uri_too_long": (414, "invalid_request_error"),
    "unsupported_media_type": (415, "invalid_request_error"),
    "misdirected_request": (421, "invalid_request_error"),
    "rate_limited": (429, "rate_limit_error"),
    "headers_too_large": (431, "invalid_request_error"),
    "server_error": (500, "server_error"),
    "not_implemented": (501, "server_error"),
    "bad_gateway": (502, "server_error"),
    "unavailable": (503, "server_error"),
    "gateway_timeout": (504, "server_error"),
    "http_version_not_supported": (505, "server_error"),
}
"""Code → status and type."""

CHALLENGE = ("WWW-Authenticate", "Bearer")
"""Goes with every 401 (RFC 9110, 11.6.1)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused.

    Attributes:
        code: a key of `REFUSALS`.
        message: what was wrong, and with which value.
        headers: fields that go with it.
    """

    code: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """Ends the work on a request. Never raised at the test author.

    A value is carried, and kept where it must be: an exception would keep, by its traceback, the
    frames that it went through, and so the body of the request.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code, refusal.message)
        self.refusal = refusal


def envelope(code: str, type_: str, message: str) -> dict[str, object]:
    """The documented error body (D)."""
    return {"detail": message, "error": {"type": type_, "code": code, "message": message}}
