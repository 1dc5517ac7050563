"""The options of `FilesMock`: one table; checks, marker and reference are made from it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from . import option_values
from .errors import OptionError, boolean, integer, unknown_word
from .model.base_urls import BaseUrl, parse_base_url
from .model.behaviours import BEHAVIOURS
from .model.processing import Processing, ProcessingByName, as_processing
from .model.profile import Profile, as_profile

DEFAULT_BASE_URLS = tuple(BEHAVIOURS["base_url"].eugpt)

Clock = Callable[[], float]
"""Gives Unix seconds."""


def system_clock() -> float:
    """Unix seconds; looked up at each call, so that freezegun and time-machine can move it."""
    return time.time()


class OptionWords(TypedDict, total=False):
    """The options as a test author writes them."""

    profile: str | os.PathLike[str]
    base_url: str | Collection[str]
    api_keys: Collection[str] | Mapping[str, str] | None
    require_auth: bool
    processing: Literal["immediate"] | Processing | Mapping[str, Literal["immediate"] | Processing]
    pagination: Literal["honoured", "ignored"]
    unknown_fields: bool
    max_file_bytes: int | None
    max_total_bytes: int | None
    rate_limit: tuple[int, float] | None
    passthrough: str | Collection[str]
    allow_network: bool
    isolate_by_key: bool
    seed: int | str | None
    clock: Clock | None
    max_calls: int
    environ: str | Collection[str]
    assert_all_faults_fired: bool
    assert_all_requests_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options, checked. `Options.of(**words)` makes them."""

    profile: Profile
    base_url: tuple[BaseUrl, ...]
    api_keys: Mapping[str, str | None] | None = field(repr=False)
    require_auth: bool
    processing: Processing | ProcessingByName
    pagination: str
    unknown_fields: bool
    max_file_bytes: int | None
    max_total_bytes: int | None
    rate_limit: tuple[int, float] | None
    passthrough: tuple[str, ...]
    allow_network: bool
    isolate_by_key: bool
    seed: int | str | None
    clock: Clock
    max_calls: int
    environ: tuple[str, ...]
    assert_all_faults_fired: bool
    assert_all_requests_known: bool

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> Options:
        """The options, checked."""
        for word in words:
            if word not in OPTIONS:
                raise unknown_word("option", word, OPTIONS)
        profile = as_profile("profile", words.get("profile", "eugpt"))
        given = {**profile.option_defaults, **words}
        checked = {
            name: option.check(name, given.get(name, option.default))
            for name, option in OPTIONS.items()
        }
        return cls(**checked | {"profile": profile.with_paging(words.get("pagination"))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One line of the table."""

    default: Any
    check: Callable[[str, Any], Any]
    meaning: str


def _base_urls(name: str, value: Any) -> tuple[BaseUrl, ...]:
    urls = option_values.strings(name, value)
    if not urls:
        raise OptionError(
            f"base_url must name at least one URL, such as {DEFAULT_BASE_URLS[0]!r}.", word=value
        )
    return tuple(parse_base_url(url) for url in urls)


def _processing(name: str, value: Any) -> Processing | ProcessingByName:
    return as_processing(value)


def _bytes(name: str, value: Any) -> int | None:
    return None if value is None else integer(name, value, least=0, instead=" bytes, or None")


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


OPTIONS: dict[str, Option] = {
    "profile": Option(
        default="eugpt",
        check=as_profile,
        meaning="which service it imitates: `'eugpt'`, `'openai'`, or the path of a profile that "
        "`verify` wrote",
    ),
    "base_url": Option(
        default=DEFAULT_BASE_URLS,
        check=_base_urls,
        meaning="one or several base URLs to intercept, with any prefix; by default the profile's",
    ),
    "api_keys": Option(
        default=None,
        check=option_values.api_keys,
        meaning="None: any key with the profile's prefix, `eugpt_`; or a collection of keys; "
        "or a mapping of keys to users, who don't see one another's files",
    ),
    "require_auth": Option(
        default=True, check=boolean, meaning="False lets a request without a key in"
    ),
    "processing": Option(
        default="immediate",
        check=_processing,
        meaning="what becomes of a new file: `'immediate'`, `after_polls(n)`, "
        "`after_seconds(s)`, `fails(reason)`; or a mapping of filename patterns to these",
    ),
    "pagination": Option(
        default="honoured",
        check=option_values.pagination,
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
        check=option_values.rate_limit,
        meaning="`(requests, seconds)` for each key; over it 429 with `Retry-After`",
    ),
    "passthrough": Option(
        default=(),
        check=option_values.passthrough,
        meaning="paths on our hosts that are left to other mocks, such as `'/v1/audio'`",
    ),
    "allow_network": Option(
        default=False,
        check=boolean,
        meaning="True lets clients that aren't intercepted reach our hosts over the network",
    ),
    "isolate_by_key": Option(
        default=False,
        check=boolean,
        meaning="True makes each key a world of its own: files, faults, stubs, calls, rate "
        "windows, `reset`, exit checks; see `FilesMock.world`",
    ),
    "seed": Option(
        default=None,
        check=option_values.seed,
        meaning="makes ids, invented documents and chances repeat",
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
    "environ": Option(
        default=(),
        check=option_values.environ,
        meaning="`'eugpt'`, `'openai'`, or both: while the mock is active, `EUGPT_API_KEY` and "
        "`EUGPT_BASE_URL`, or `OPENAI_API_KEY` and `OPENAI_BASE_URL`, point to it",
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
