"""The options of `FilesMock`: one table; checks, marker and reference are made from it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from .errors import (
    OptionError,
    boolean,
    hide_from_traceback,
    integer,
    is_integer,
    quoted,
    unknown_word,
)
from .model.base_urls import BaseUrl, parse_base_url
from .model.processing import Processing, as_processing

__tracebackhide__ = hide_from_traceback

DEFAULT_BASE_URLS = ("https://chat.eugpt.ai/v1", "https://api.eugpt.ai/v1")
"""Documented (D), and read in a public client (3P): which of them serves the API isn't known."""


Clock = Callable[[], float]
"""Gives Unix seconds."""


def system_clock() -> float:
    """Unix seconds; looked up at each call, so that freezegun and time-machine can move it."""
    return time.time()


class OptionWords(TypedDict, total=False):
    """The options as a test author writes them."""

    base_url: str | Collection[str]
    api_keys: Collection[str] | Mapping[str, str] | None
    require_auth: bool
    processing: Literal["immediate"] | Processing
    pagination: Literal["honoured", "ignored"]
    unknown_fields: bool
    max_file_bytes: int | None
    max_total_bytes: int | None
    rate_limit: tuple[int, float] | None
    passthrough: str | Collection[str]
    seed: int | str | None
    clock: Clock | None
    max_calls: int
    assert_all_faults_fired: bool
    assert_all_requests_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options, checked. `Options.of(**words)` makes them."""

    base_url: tuple[BaseUrl, ...]
    api_keys: Mapping[str, str | None] | None = field(repr=False)
    require_auth: bool
    processing: Processing
    pagination: str
    unknown_fields: bool
    max_file_bytes: int | None
    max_total_bytes: int | None
    rate_limit: tuple[int, float] | None
    passthrough: tuple[str, ...]
    seed: int | str | None
    clock: Clock
    max_calls: int
    assert_all_faults_fired: bool
    assert_all_requests_known: bool

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> Options:
        """The options, checked.

        Raises:
            OptionError: for an unknown word, with the nearest valid one, or an invalid value.
        """
        for word in words:
            if word not in OPTIONS:
                raise unknown_word("option", word, OPTIONS)
        return cls(
            **{
                name: option.check(name, words.get(name, option.default))
                for name, option in OPTIONS.items()
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One line of the table."""

    default: Any
    check: Callable[[str, Any], Any]
    meaning: str


def _base_urls(name: str, value: Any) -> tuple[BaseUrl, ...]:
    urls = _strings(name, value)
    if not urls:
        raise OptionError(
            f"base_url must name at least one URL, such as {DEFAULT_BASE_URLS[0]!r}.", word=value
        )
    return tuple(parse_base_url(url) for url in urls)


def _api_keys(name: str, value: Any) -> Mapping[str, str | None] | None:
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


def _processing(name: str, value: Any) -> Processing:
    return as_processing(value)


def _pagination(name: str, value: Any) -> str:
    if value not in ("honoured", "ignored"):
        raise unknown_word("pagination", value, ("honoured", "ignored"))
    return str(value)


def _bytes(name: str, value: Any) -> int | None:
    return None if value is None else integer(name, value, least=0, instead=" bytes, or None")


def _rate_limit(name: str, value: Any) -> tuple[int, float] | None:
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


def _passthrough(name: str, value: Any) -> tuple[str, ...]:
    paths = _strings(name, value)
    for path in paths:
        if not isinstance(path, str) or not path.startswith("/"):
            raise OptionError(
                f"passthrough: a path must start with a slash, such as '/v1/audio'; got {path!r}.",
                word=path,
            )
    return tuple(path.rstrip("/") for path in paths)


def _seed(name: str, value: Any) -> int | str | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, str))):
        raise OptionError(f"seed must be an int, a string or None, got {value!r}.", word=value)
    return value


def _clock(name: str, value: Any) -> Clock:
    if value is None:
        return system_clock
    if not callable(value):
        raise OptionError(
            f"clock must be a function that returns Unix seconds, got {value!r}.", word=value
        )
    return value  # type: ignore[no-any-return]


def _count(name: str, value: Any) -> int:
    return integer(name, value, least=1)


def _strings(name: str, value: Any) -> tuple[Any, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Collection) or isinstance(value, bytes):
        raise OptionError(
            f"{name} must be a string or a collection of strings, got {value!r}.", word=value
        )
    return tuple(value)


OPTIONS: dict[str, Option] = {
    "base_url": Option(
        default=DEFAULT_BASE_URLS,
        check=_base_urls,
        meaning="one or several base URLs to intercept, with any prefix",
    ),
    "api_keys": Option(
        default=None,
        check=_api_keys,
        meaning="None: any key that starts with `eugpt_`; or a collection of keys; "
        "or a mapping of keys to users, who don't see one another's files",
    ),
    "require_auth": Option(
        default=True, check=boolean, meaning="False lets a request without a key in"
    ),
    "processing": Option(
        default="immediate",
        check=_processing,
        meaning="what becomes of a new file: `'immediate'`, `after_polls(n)`, "
        "`after_seconds(s)`, `fails(reason)`",
    ),
    "pagination": Option(
        default="honoured",
        check=_pagination,
        meaning="`'ignored'`: `limit`, `after` and `order` have no effect, "
        "as the documentation allows",
    ),
    "unknown_fields": Option(
        default=False,
        check=boolean,
        meaning="True adds members that no client knows, as the versioning policy announces",
    ),
    "max_file_bytes": Option(
        default=None, check=_bytes, meaning="a larger file is refused with 413"
    ),
    "max_total_bytes": Option(
        default=None, check=_bytes, meaning="more than that for one user is refused with 403"
    ),
    "rate_limit": Option(
        default=None,
        check=_rate_limit,
        meaning="`(requests, seconds)` for each key; over it 429 with `Retry-After`",
    ),
    "passthrough": Option(
        default=(),
        check=_passthrough,
        meaning="paths on our hosts that are left to other mocks, such as `'/v1/audio'`",
    ),
    "seed": Option(
        default=None, check=_seed, meaning="makes ids, invented documents and chances repeat"
    ),
    "clock": Option(
        default=None,
        check=_clock,
        meaning="a function that returns Unix seconds; by default the system's, "
        "which freezegun and time-machine can move",
    ),
    "max_calls": Option(
        default=10_000, check=_count, meaning="how many calls are kept; the oldest go first"
    ),
    "assert_all_faults_fired": Option(
        default=True, check=boolean, meaning="the exit checks fail when an armed fault never fired"
    ),
    "assert_all_requests_known": Option(
        default=True,
        check=boolean,
        meaning="the exit checks fail when a request came for an unknown route",
    ),
}
