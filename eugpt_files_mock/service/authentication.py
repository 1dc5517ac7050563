"""Whose request it is: the bearer key, and the user that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model.messages import Headers
from .refusals import CHALLENGE, Refused

KEY_PREFIX = "eugpt_"
"""Every key of the service starts with it (D)."""

_SCHEME = "Bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Which keys are accepted.

    Attributes:
        users: key → user; None accepts any key with the service's prefix.
        required: whether a request without a key is refused.
        default_user: whose a request without a key is, and a file that names no user.
    """

    users: Mapping[str, str | None] | None = field(repr=False)
    required: bool
    default_user: str | None

    @property
    def names(self) -> list[str]:
        """The users, by name."""
        return sorted(name for name in (self.users or {}).values() if name is not None)


def presented_key(headers: Headers) -> str | None:
    """The bearer key of a request; None without one."""
    field = headers.get("authorization", "")
    return field[len(_SCHEME) :].strip() or None if field.startswith(_SCHEME) else None


def authenticate(key: str | None, access: Access) -> str | None:
    """The user whose key it is; None when keys have no users.

    Raises:
        Refused: `missing_api_key` or `invalid_api_key`.
    """
    if key is None:
        if access.required:
            raise Refused(
                "missing_api_key",
                "No API key was sent: expected the header 'Authorization: Bearer <key>'.",
                CHALLENGE,
            )
        return access.default_user
    if access.users is None:
        if key.startswith(KEY_PREFIX) and len(key) > len(KEY_PREFIX):
            return None
    elif key in access.users:
        return access.users[key]
    raise Refused("invalid_api_key", "The API key is not valid, or was revoked.", CHALLENGE)
