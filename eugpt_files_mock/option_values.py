"""The values of options that take more than one check to check."""

import math
from collections.abc import Collection, Mapping
from typing import Any

from .environment import VARIABLES
from .errors import OptionError, check_words, is_integer, quoted, unknown_word


def api_keys(name: str, value: Any) -> Mapping[str, str | None] | None:
    """Keys and their users; the error never shows a key."""
    if value is None:
        return None
    if not isinstance(value, Collection) or isinstance(value, (bytes, str)):
        # Only the type is told: the value is a key.
        raise OptionError(
            "api_keys must be a collection of keys, such as ['eugpt_a'], or a mapping of keys to "
            f"users, such as {{'eugpt_a': 'alice'}}; got a value of type {type(value).__name__}.",
            word=type(value),
        )
    for key in value:
        _check_key(key)
    users = dict(value) if isinstance(value, Mapping) else dict.fromkeys(value)
    for user in users.values():
        if user is not None and (not isinstance(user, str) or not user):
            raise OptionError(
                f"api_keys: a user must be a non-empty string, got {user!r}.", word=user
            )
    if not users:
        raise OptionError(
            "api_keys must have at least one key, got none. None accepts any key that starts with "
            "'eugpt_'.",
            word=value,
        )
    return users


def _check_key(key: object) -> None:
    if not isinstance(key, str) or not key or key != key.strip() or not key.isascii():
        raise OptionError(
            "api_keys: a key must be a string of ASCII characters without spaces around it.",
            word=type(key),
        )


def pagination(name: str, value: Any) -> str:
    """One of two words."""
    if value not in ("honoured", "ignored"):
        raise unknown_word("pagination", value, ("honoured", "ignored"))
    return str(value)


def rate_limit(name: str, value: Any) -> tuple[int, float] | None:
    """Requests, and the seconds in which they may come."""
    if value is None:
        return None
    pair = tuple(value) if isinstance(value, (tuple, list)) else ()
    if len(pair) != 2 or not is_integer(pair[0], least=1) or not _is_positive(pair[1]):
        raise OptionError(
            "rate_limit must be (requests, seconds) with 1 request or more in more than 0 seconds, "
            f"such as (10, 60); got {quoted(value)}.",
            word=value,
        )
    return pair[0], float(pair[1])


def _is_positive(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 < value < math.inf


def passthrough(name: str, value: Any) -> tuple[str, ...]:
    """Paths, without a slash at the end."""
    paths = strings(name, value)
    for path in paths:
        if not isinstance(path, str) or not path.startswith("/"):
            raise OptionError(
                f"passthrough: a path must start with a slash, such as '/v1/audio'; got {path!r}.",
                word=path,
            )
    return tuple(path.rstrip("/") for path in paths)


def seed(name: str, value: Any) -> int | str | None:
    """What `random.Random` takes and repeats across processes."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, str))):
        raise OptionError(f"seed must be an int, a string or None, got {value!r}.", word=value)
    return value


def environ(name: str, value: Any) -> tuple[str, ...]:
    """Keys of `VARIABLES`, each once."""
    words = strings(name, value)
    check_words(name, words, VARIABLES)
    return tuple(dict.fromkeys(words))


def strings(name: str, value: Any) -> tuple[Any, ...]:
    """One string, or a collection of them; what they are is for the caller to check."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Collection) or isinstance(value, bytes):
        raise OptionError(
            f"{name} must be a string or a collection of strings, got {value!r}.", word=value
        )
    return tuple(value)
