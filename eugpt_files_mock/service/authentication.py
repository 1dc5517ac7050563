"""Whose request it is: the bearer key, and the user that it belongs to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

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


# A tuple, as one is made for each request.
class Identity(NamedTuple):
    """Whose request it is."""

    key: str | None
    user: str | None
    refusal: Refusal | None = None

    def __repr__(self) -> str:
        return f"<Identity {self.user!r}, {self.refusal!r}>"


def identify(authorization: str, access: Access) -> Identity:
    """The key in the header `Authorization` and its user, or why it isn't accepted."""
    # Only `Bearer ` is accepted in this spelling (D), though RFC 9110, 11.1 takes any case.
    key = authorization[len(_SCHEME) :].strip() if authorization.startswith(_SCHEME) else ""
    if not key:
        if not access.required:
            return Identity(None, access.default_user)
        return _with_another_scheme(authorization) if authorization else _MISSING
    if access.users is not None and key in access.users:
        return Identity(key, access.users[key])
    if access.prefix is None:
        return Identity(key, access.default_user)
    if access.users is None and key.startswith(access.prefix) and len(key) > len(access.prefix):
        return Identity(key, None)
    words = {"key": f"{key[:3]}***", "masked_key": _masked(key)}
    refusal = Refusal("invalid_api_key", words, (CHALLENGE,), note=_wrong_with(key, access))
    return Identity(key, None, refusal)


def _wrong_with(key: str, access: Access) -> str:
    if access.users is not None:
        return "It isn't one of the mock's api_keys."
    if key == access.prefix:
        return f"Nothing follows {key!r}."
    # Three characters are enough to recognise another service's key, and too few to be one.
    return f"It begins with {key[:3]!r}, and keys of this service with {access.prefix!r}."


def _with_another_scheme(authorization: str) -> Identity:
    scheme, space, _ = authorization.partition(" ")
    # First, as a space at the end of a header isn't sent.
    if scheme == "Bearer":
        hint = "No key follows 'Bearer'."
    # What isn't a scheme may be the key itself, and isn't repeated.
    elif not space or not re.fullmatch("[A-Za-z]{2,12}", scheme):
        hint = "The header Authorization has no scheme: 'Bearer ' is missing."
    elif scheme.lower() == "bearer":
        hint = f"The scheme must be written 'Bearer', not {scheme!r}."
    else:
        hint = f"The header Authorization has the scheme {scheme!r}."
    if scheme.lower() == "basic":
        hint += " requests sends that for a host in ~/.netrc, whatever header it is given."
    return Identity(None, None, Refusal("missing_api_key", headers=(CHALLENGE,), hint=hint))


def _masked(key: str) -> str:
    """As OpenAI repeats it: eight characters, stars, four (REC); twelve or fewer as sent (ISS)."""
    return key if len(key) <= 12 else f"{key[:8]}{'*' * (len(key) - 12)}{key[-4:]}"


_MISSING = Identity(None, None, Refusal("missing_api_key", headers=(CHALLENGE,)))
