"""Whose request it is: the bearer key, and the user that it belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .refusals import CHALLENGE, Refusal

_SCHEME = "Bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Which keys are accepted.

    Attributes:
        users: key → user; None accepts any key with the service's prefix.
        prefix: how every key of the service begins; None accepts a key of any form.
        required: whether a request without a key is refused.
        default_user: who owns files of a request without a key, and files added without a user.
    """

    users: Mapping[str, str | None] | None = field(repr=False)
    prefix: str | None
    required: bool
    default_user: str | None

    @property
    def names(self) -> list[str]:
        return sorted(name for name in (self.users or {}).values() if name is not None)

    def accepts(self, key: str) -> bool:
        return identify(f"{_SCHEME}{key}", self).refusal is None


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose request it is."""

    key: str | None = field(repr=False)
    user: str | None
    refusal: Refusal | None = None


def identify(authorization: str, access: Access) -> Identity:
    """The key in the header `Authorization` and its user, or why it isn't accepted."""
    # Only `Bearer ` is accepted in this spelling (D), though RFC 9110, 11.1 takes any case.
    key = authorization[len(_SCHEME) :].strip() if authorization.startswith(_SCHEME) else ""
    if not key:
        return _MISSING if access.required else Identity(None, access.default_user)
    if access.users is not None and key in access.users:
        return Identity(key, access.users[key])
    if access.prefix is None:
        return Identity(key, access.default_user)
    if access.users is None and key.startswith(access.prefix) and len(key) > len(access.prefix):
        return Identity(key, None)
    words = {"key": f"{key[:3]}***", "masked_key": _masked(key)}
    return Identity(key, None, Refusal("invalid_api_key", words, (CHALLENGE,)))


def _masked(key: str) -> str:
    """As OpenAI repeats it: eight characters, stars, four (REC); twelve or fewer as sent (ISS)."""
    return key if len(key) <= 12 else f"{key[:8]}{'*' * (len(key) - 12)}{key[-4:]}"


_MISSING = Identity(None, None, Refusal("missing_api_key", headers=(CHALLENGE,)))
