"""Whose request it is: the bearer key, and the user that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model.messages import Headers
from .refusals import CHALLENGE, Refusal

KEY_PREFIX = "eugpt_"
"""Every key of the service starts with it (D)."""

_SCHEME = "Bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Which keys are accepted.

    Attributes:
        users: key → user; None accepts any key with the service's prefix.
        required: whether a request without a key is refused.
        default_user: who owns files of a request without a key, and files added without a user.
    """

    users: Mapping[str, str | None] | None = field(repr=False)
    required: bool
    default_user: str | None

    @property
    def names(self) -> list[str]:
        """The users, by name."""
        return sorted(name for name in (self.users or {}).values() if name is not None)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose request it is.

    Attributes:
        user: None when keys have no users.
        refusal: why the key is not accepted, or None.
    """

    user: str | None
    refusal: Refusal | None = None


def presented_key(headers: Headers) -> str | None:
    """The bearer key of a request; None without one."""
    field = headers.get("authorization", "")
    return field[len(_SCHEME) :].strip() or None if field.startswith(_SCHEME) else None


def identify(key: str | None, access: Access) -> Identity:
    """The user whose key it is, or the refusal that the key deserves."""
    if key is None:
        return _MISSING if access.required else Identity(access.default_user)
    if access.users is None:
        accepted = key.startswith(KEY_PREFIX) and len(key) > len(KEY_PREFIX)
        return _NO_USER if accepted else _INVALID
    return Identity(access.users[key]) if key in access.users else _INVALID


_NO_USER = Identity(None)
_MISSING = Identity(
    None,
    Refusal(
        "missing_api_key",
        "No API key was sent: expected the header 'Authorization: Bearer <key>'.",
        (CHALLENGE,),
    ),
)
_INVALID = Identity(
    None, Refusal("invalid_api_key", "The API key is not valid, or was revoked.", (CHALLENGE,))
)
