"""What the fake answers when it refuses: one table, and the exception that carries a row of it.

The envelope is documented (D). Types, codes and messages are guesses; where compatible services
have a name for the case, it is theirs. What each of them looks like is a row of the profile,
`errors.…`; the others share `errors.envelope`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model.profile import BEHAVIOURS, Profile, fill

_ROWS = {
    name.partition(".")[2]: row.eugpt
    for name, row in BEHAVIOURS.items()
    # `errors.envelope` has no status; a row that is null in this profile has no code of its own.
    if name.startswith("errors.") and isinstance(row.eugpt, dict) and "status" in row.eugpt
}
"""Case → the row of the profile `eugpt`."""

_CODES = {case: row["body"]["error"]["code"] for case, row in _ROWS.items()}
"""Case → the code of the profile `eugpt`."""

REFUSALS: dict[str, tuple[int, str]] = {
    # These, and those at the end, have no row in the profile: in every one they are answered
    # in its common envelope.
    "bad_request": (400, "invalid_request_error"),
    **{_CODES[case]: (row["status"], row["body"]["error"]["type"]) for case, row in _ROWS.items()},
    "foreign_request": (403, "permission_error"),
    "project_forbidden": (403, "permission_error"),
    "quota_exceeded": (403, "permission_error"),
    "file_too_large": (413, "invalid_request_error"),
    "uri_too_long": (414, "invalid_request_error"),
    "misdirected_request": (421, "invalid_request_error"),
    "headers_too_large": (431, "invalid_request_error"),
    "server_error": (500, "server_error"),
    "not_implemented": (501, "server_error"),
    "bad_gateway": (502, "server_error"),
    "unavailable": (503, "server_error"),
    "gateway_timeout": (504, "server_error"),
    "http_version_not_supported": (505, "server_error"),
}
"""Code → status and type, in the profile `eugpt`."""

CHALLENGE = ("WWW-Authenticate", "Bearer")
"""Goes with every 401 (RFC 9110, 11.6.1)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused.

    `case` is what follows `errors.` in the profile's table, or a key of `REFUSALS`; `words` are
    what the message can name, such as `id`; or the `message` itself. `hint` says more of what was
    wrong with this request, to the client too; `note` only to the author of the test.
    """

    case: str
    words: Mapping[str, Any] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    note: str = ""

    @property
    def code(self) -> str:
        """The code that calls and pages show; the profile's body may show another one."""
        return str(_CODES.get(self.case, self.case))

    def message(self, profile: Profile) -> str:
        if "message" in self.words:
            return str(self.words["message"])
        row = f"errors.{self.case}"
        message = str(fill(profile[row]["message"], self.words))
        # Only where the text is ours: one that was recorded is as the service says it.
        is_ours = profile.base == "eugpt" and row not in profile.recorded
        return f"{message} {self.hint}" if self.hint and is_ours else message

    def answer(self, profile: Profile, request_id: str) -> dict[str, Any]:
        """As a row of the profile: `status` and `body`, and perhaps `headers` and `indent`."""
        words = {**self.words, "message": self.message(profile), "request_id": request_id}
        row = profile.get(f"errors.{self.case}")
        if row:
            return {**row, "body": fill(row["body"], words)}
        status, kind = REFUSALS[self.case]
        words |= {"type": kind, "code": self.case}
        return {"status": status, "body": fill(profile["errors.envelope"], words)}


class Refused(Exception):
    """Ends the work on a request. Never raised at the test author.

    A value is carried, and kept where it must be: an exception would keep, by its traceback, the
    frames that it went through, and so the body of the request.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.case, refusal.words)
        self.refusal = refusal
