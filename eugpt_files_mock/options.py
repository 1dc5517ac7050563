"""The options of `FilesMock`: one table; checks, marker and reference are made from it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, Literal, TypedDict

from . import option_values
from .errors import OptionError, boolean, check_words, integer
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

    # Written out, as a type checker can't read the table; a test compares the two.
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


def _base_urls(name: str, value: Any) -> tuple[BaseUrl, ...]:
    urls = option_values.strings(name, value)
    if not urls:
        raise OptionError(
            f"base_url must name at least one URL, such as {DEFAULT_BASE_URLS[0]!r}.", word=value
        )
    return tuple(parse_base_url(url) for url in urls)


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


@dataclass(frozen=True, slots=True)
class Option:
    """What the table below says of one option."""

    check: Callable[[str, Any], Any]
    meaning: str
    default: Any


# Returns Any, as `field` does, so that each option can be annotated with its own type.
def _option(check: Callable[[str, Any], Any], meaning: str, *, default: Any = None) -> Any:
    # Not in the repr, which a traceback may show: some options hold keys.
    return field(metadata={"option": Option(check, meaning, default)}, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options, checked: `Options.of(words)` makes them. The types are those after the check."""

    profile: Profile = _option(
        as_profile,
        "which service it imitates: `'eugpt'`, `'openai'`, or the path of a profile that "
        "`verify` wrote",
        default="eugpt",
    )
    base_url: tuple[BaseUrl, ...] = _option(
        _base_urls,
        "one or several base URLs to intercept, with any prefix; by default the profile's",
        default=DEFAULT_BASE_URLS,
    )
    api_keys: Mapping[str, str | None] | None = _option(
        option_values.api_keys,
        "None: any key with the profile's prefix, `eugpt_`; or a collection of keys; "
        "or a mapping of keys to users, who don't see one another's files",
    )
    require_auth: bool = _option(boolean, "False lets a request without a key in", default=True)
    processing: Processing | ProcessingByName = _option(
        lambda _, value: as_processing(value),
        "what becomes of a new file: `'immediate'`, `after_polls(n)`, "
        "`after_seconds(s)`, `fails(reason)`; or a mapping of filename patterns to these",
        default="immediate",
    )
    pagination: str = _option(
        option_values.pagination,
        "`'ignored'`: `limit`, `after` and `order` have no effect, as the documentation allows",
        default="honoured",
    )
    unknown_fields: bool = _option(
        boolean,
        "True adds members that no client knows, as the versioning policy announces",
        default=False,
    )
    max_file_bytes: int | None = _option(_bytes, "a larger file is refused with 413")
    max_total_bytes: int | None = _option(_bytes, "more than that for one user is refused with 403")
    rate_limit: tuple[int, float] | None = _option(
        option_values.rate_limit,
        "`(requests, seconds)` for each key; over it 429 with `Retry-After`",
    )
    passthrough: tuple[str, ...] = _option(
        option_values.passthrough,
        "paths on our hosts that are left to other mocks, such as `'/v1/audio'`",
        default=(),
    )
    allow_network: bool = _option(
        boolean,
        "True lets clients that aren't intercepted reach our hosts over the network",
        default=False,
    )
    isolate_by_key: bool = _option(
        boolean,
        "True makes each key a world of its own: files, faults, stubs, calls, rate "
        "windows, `reset`, exit checks; see `FilesMock.world`",
        default=False,
    )
    seed: int | str | None = _option(
        option_values.seed, "makes ids, invented documents and chances repeat"
    )
    clock: Clock = _option(
        _clock,
        "a function that returns Unix seconds; by default the system's, "
        "which freezegun and time-machine can move",
    )
    max_calls: int = _option(
        partial(integer, least=1), "how many calls are kept; the oldest go first", default=10_000
    )
    environ: tuple[str, ...] = _option(
        option_values.environ,
        "`'eugpt'`, `'openai'`, or both: while the mock is active, `EUGPT_API_KEY` and "
        "`EUGPT_BASE_URL`, or `OPENAI_API_KEY` and `OPENAI_BASE_URL`, point to it",
        default=(),
    )
    assert_all_faults_fired: bool = _option(
        boolean, "the exit checks fail when an armed fault never fired", default=True
    )
    assert_all_requests_known: bool = _option(
        boolean, "the exit checks fail when a request came for an unknown route", default=True
    )

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> Options:
        """The options, checked."""
        check_words("option", words, OPTIONS)
        profile = as_profile("profile", words.get("profile", "eugpt"))
        # What the author gives wins over the profile, and that over the table.
        given = {**profile.option_defaults, **words}
        checked = {
            name: option.check(name, given.get(name, option.default))
            for name, option in OPTIONS.items()
        }
        # Paging belongs to both: the option changes what the profile says of it.
        return cls(**checked | {"profile": profile.with_paging(words.get("pagination"))})


OPTIONS: dict[str, Option] = {option.name: option.metadata["option"] for option in fields(Options)}
"""Each option by its name."""
