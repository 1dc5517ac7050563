"""The options of `FilesMock`: one table, a row for each option.

Checks, the marker, the arguments of `serve`, `--help` and the reference are made from it.
"""

from __future__ import annotations

import inspect
import math
import os
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, partial
from operator import methodcaller
from typing import Any, Literal, TypedDict

from .environment import VARIABLES
from .errors import OptionError, boolean, check_words, integer, is_integer, quoted, unknown_word
from .model.base_urls import BaseUrl, parse_base_url, shown_url
from .model.processing import IMMEDIATE, WORDS, Processing, ProcessingByName, as_processing
from .model.profile import BEHAVIOURS, Profile, as_profile

__all__ = ["OPTIONS", "Flag", "Option", "OptionWords", "Options", "check_names", "check_unnamed"]

DEFAULT_BASE_URLS = tuple(BEHAVIOURS["base_url"].eugpt)

Clock = Callable[[], float]
"""Gives Unix seconds."""


# `time.time` is looked up at each call, so that freezegun and time-machine can move it.
system_clock: Clock = partial(methodcaller("time"), time)
"""Unix seconds."""


class OptionWords(TypedDict, total=False):
    """The options as a test author writes them."""

    # Written out, as a type checker can't read the table; a test compares the two.
    profile: str | os.PathLike[str] | Mapping[str, Any]
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


# What checks each value that the author gives.


def _base_urls(name: str, value: Any) -> tuple[BaseUrl, ...]:
    urls = _strings(name, value)
    if not urls:
        raise OptionError(
            f"base_url must name at least one URL, such as {DEFAULT_BASE_URLS[0]!r}.", word=value
        )
    return tuple(parse_base_url(url) for url in urls)


def _bytes(name: str, value: Any) -> int | None:
    if isinstance(value, str) and _SIZE.fullmatch(value):
        raise OptionError(
            f"{name} is a number of bytes, got {quoted(value)}. Did you mean {read_size(value):_}?",
            word=value,
        )
    return None if value is None else integer(name, value, least=0, instead=" bytes, or None")


def _clock(name: str, value: Any) -> Clock:
    if value is None:
        return system_clock
    if not callable(value):
        raise OptionError(
            f"clock must be a function that returns Unix seconds, got {value!r}.", word=value
        )
    return value  # type: ignore[no-any-return]


def _api_keys(name: str, value: Any) -> Mapping[str, str | None] | None:
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
    if not users:
        raise OptionError(
            "api_keys must have at least one key, got none. None accepts any key that starts with "
            "'eugpt_'.",
            word=value,
        )
    _check_users(users)
    return users


def _check_users(users: Mapping[str, Any]) -> None:
    for user in users.values():
        if user is not None and (not isinstance(user, str) or not user):
            raise OptionError(
                f"api_keys: a user must be a non-empty string, got {user!r}.", word=user
            )
    if all(map(_is_like_a_key, users.values())) and not any(map(_is_like_a_key, users)):
        raise OptionError(
            "api_keys maps each key to its user, such as {'eugpt_a': 'alice'}; here the users "
            "come first.",
            word=dict,
        )


def _is_like_a_key(word: object) -> bool:
    return isinstance(word, str) and word.startswith(("eugpt_", "sk-"))


def _check_key(key: object) -> None:
    if not isinstance(key, str) or not key or key != key.strip() or not key.isascii():
        raise OptionError(
            "api_keys: a key must be a string of ASCII characters without spaces around it.",
            word=type(key),
        )


def _pagination(name: str, value: Any) -> str:
    """One of two words."""
    if value not in ("honoured", "ignored"):
        raise unknown_word("pagination", value, ("honoured", "ignored"))
    return str(value)


def _rate_limit(name: str, value: Any) -> tuple[int, float] | None:
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


def _passthrough(name: str, value: Any) -> tuple[str, ...]:
    """Paths, without a slash at the end."""
    paths = _strings(name, value)
    for path in paths:
        if not isinstance(path, str) or not path.startswith("/"):
            raise OptionError(
                f"passthrough: a path must start with a slash, such as '/v1/audio'; got {path!r}.",
                word=path,
            )
    return tuple(path.rstrip("/") for path in paths)


def _seed(name: str, value: Any) -> int | str | None:
    """What `random.Random` takes and repeats across processes."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, str))):
        raise OptionError(f"seed must be an int, a string or None, got {value!r}.", word=value)
    return value


def _environ(name: str, value: Any) -> tuple[str, ...]:
    """Keys of `VARIABLES`, each once."""
    words = _strings(name, value)
    check_words(name, words, VARIABLES)
    return tuple(dict.fromkeys(words))


def _strings(name: str, value: Any) -> tuple[Any, ...]:
    """One string, or a collection of them; what they are is for the caller to check."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Collection) or isinstance(value, bytes):
        raise OptionError(
            f"{name} must be a string or a collection of strings, got {value!r}.", word=value
        )
    return tuple(value)


# How each option is written on the command line: what reads its text.


def _read_key(text: str) -> tuple[str, str | None]:
    """A key and, after `=`, the user that it belongs to."""
    key, _, user = text.partition("=")
    return key, user or None


_SIZE = re.compile(r"(-?[0-9]{1,15}) ?(?:([kmg])(i?)b?|b)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}


def read_size(text: str) -> int:
    """Bytes: `5000`, `10MB` (millions), `10MiB` (powers of 1024)."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise OptionError(
            f"{quoted(text)} is no size: expected bytes, such as 5000, 10MB or 10MiB", word=text
        )
    base = 1024 if found[3] else 1000
    return int(found[1]) * int(base ** _POWERS[(found[2] or "").lower()])


def read_rate(text: str) -> tuple[int, float]:
    """The number of requests, and the seconds in which they are allowed."""
    requests, _, seconds = text.partition("/")
    try:
        return int(requests), float(seconds)
    except ValueError:
        raise OptionError(
            f"{quoted(text)} is no rate: expected REQUESTS/SECONDS, such as 10/60", word=text
        ) from None


def read_seed(text: str) -> int | str:
    """A number if it is one, else a text."""
    # 18 digits fit into 64 bits; Python refuses to read thousands of them.
    return int(text) if re.fullmatch("-?[0-9]{1,18}", text) else text


_READ_ARGUMENT: dict[str, Callable[[str], Any]] = {
    "after_polls": int,
    "after_seconds": float,
    "fails": str,
}


def read_processing(text: str) -> Processing:
    """One of the ways in which files are processed, with its argument: `after_polls:2`."""
    name, _, argument = text.partition(":")
    if text == "immediate":
        return IMMEDIATE
    if name not in WORDS:
        raise unknown_word("way of processing", name, ("immediate", *WORDS))
    try:
        made: Processing = WORDS[name](*([_READ_ARGUMENT[name](argument)] if argument else []))
    except (TypeError, ValueError) as error:
        # It is a ValueError as well, and says more than we could here.
        if isinstance(error, OptionError):
            raise
        raise OptionError(
            f"{quoted(text)} can't be read: expected a way and a number, such as after_polls:2",
            word=text,
        ) from None
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """How an option is written on the command line of `serve`.

    Attributes:
        name: such as `--max-file-bytes`.
        read: makes a value of its text; of a repeated one, of each.
        metavar: what stands for the text in the help.
        values: what the text can be, in words of the command line, for the help.
        choices: the only texts that are valid; empty for any.
        sets: the value that it has without a text; None when it takes one.
        collect: makes the option's value of all that were given; None when it comes only once.
        default: what the help says of the default; None for the option's own.
    """

    name: str
    read: Callable[[str], Any] = str
    metavar: str | None = None
    values: str = ""
    choices: tuple[str, ...] = ()
    sets: Any = None
    collect: Callable[[Any], Any] | None = None
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """A row of the table.

    Attributes:
        check: makes the option's value of what the author gave, or raises `OptionError`.
        meaning: what it does, for the reference and for `--help`.
        default: what an author would give for it.
        values: what it can be, in words of Python, for the reference.
        flag: how it is written on the command line, if it can be.
    """

    check: Callable[[str, Any], Any]
    meaning: str
    default: Any
    values: str = ""
    flag: Flag | None = None


# Returns Any, as `field` does, so that each option can be annotated with its own type.
def _option(
    check: Callable[[str, Any], Any],
    meaning: str,
    *,
    default: Any = None,
    values: str = "",
    flag: Flag | None = None,
) -> Any:
    row = Option(check, meaning, default, values, flag)
    # Not in the repr, which a traceback may show: some options hold keys.
    return field(metadata={"option": row}, repr=False)


_SIZES = "5000, 10MB, 10MiB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options, checked: `Options.of(words)` makes them. The types are those after the check."""

    profile: Profile = _option(
        as_profile,
        "which service it imitates",
        values="`'eugpt'`, `'openai'`, the path of a profile that `verify` wrote, or the same as a "
        "dict",
        default="eugpt",
        flag=Flag(
            name="--profile",
            metavar="NAME|FILE",
            values="eugpt, openai, or a file that verify wrote",
        ),
    )
    base_url: tuple[BaseUrl, ...] = _option(
        _base_urls,
        "one or several base URLs to intercept, with any prefix; by default the profile's",
        default=DEFAULT_BASE_URLS,
    )
    api_keys: Mapping[str, str | None] | None = _option(
        _api_keys,
        "the keys that are accepted, and their users, who don't see one another's files",
        values="a collection of keys, or a mapping of keys to users; None accepts any key with the "
        "profile's prefix, `eugpt_`",
        flag=Flag(
            name="--api-key",
            metavar="KEY[=USER]",
            read=_read_key,
            collect=dict,
            default="any key that starts with eugpt_",
        ),
    )
    require_auth: bool = _option(
        boolean,
        "whether a request needs a key that is accepted",
        values="False lets every request in, without a key or with any",
        default=True,
        flag=Flag(name="--no-auth", sets=False, values="with this, it needs none"),
    )
    processing: Processing | ProcessingByName = _option(
        lambda _, value: as_processing(value),
        "how a new file is processed",
        values="`'immediate'`, `after_polls(n)`, `after_seconds(s)`, `fails(reason)`; or a mapping "
        "of filename patterns to these",
        default="immediate",
        flag=Flag(
            name="--processing",
            read=read_processing,
            metavar="HOW",
            values="immediate, after_polls:2, after_seconds:1.5, fails:reason",
        ),
    )
    pagination: str = _option(
        _pagination,
        "whether `limit`, `after` and `order` have an effect",
        values="`'honoured'`, or `'ignored'`, as the documentation allows",
        default="honoured",
        flag=Flag(name="--pagination", choices=("honoured", "ignored")),
    )
    unknown_fields: bool = _option(
        boolean,
        "adds members that no client knows, as the versioning policy announces",
        default=False,
        flag=Flag(name="--unknown-fields", sets=True),
    )
    max_file_bytes: int | None = _option(
        _bytes,
        "how large a file may be; a larger one is refused with 413",
        flag=Flag(name="--max-file-bytes", read=read_size, metavar="N", values=_SIZES),
    )
    max_total_bytes: int | None = _option(
        _bytes,
        "how many bytes a user may store; more are refused with 403",
        flag=Flag(name="--max-total-bytes", read=read_size, metavar="N", values=_SIZES),
    )
    rate_limit: tuple[int, float] | None = _option(
        _rate_limit,
        "each key may send so many requests in so many seconds; more get 429 with `Retry-After`",
        values="`(requests, seconds)`",
        flag=Flag(
            name="--rate-limit",
            read=read_rate,
            metavar="REQUESTS/SECONDS",
            values="10/60",
        ),
    )
    passthrough: tuple[str, ...] = _option(
        _passthrough,
        "paths on our hosts that are left to other mocks, such as `'/v1/audio'`",
        default=(),
    )
    allow_network: bool = _option(
        boolean,
        "lets clients that aren't intercepted reach our hosts over the network",
        default=False,
    )
    isolate_by_key: bool = _option(
        boolean,
        "each key has files, faults, stubs, calls, rate windows and exit checks of its own",
        default=False,
        flag=Flag(name="--isolate-by-key", sets=True),
    )
    seed: int | str | None = _option(
        _seed,
        "makes ids, invented documents and chances repeat",
        flag=Flag(name="--seed", read=read_seed, values="a number or a text"),
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
        _environ,
        "while the mock is active, `EUGPT_API_KEY` and `EUGPT_BASE_URL`, or `OPENAI_API_KEY` and "
        "`OPENAI_BASE_URL`, point to it",
        values="`'eugpt'`, `'openai'`, or both",
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
        return cls._checked(words) if words else _defaults()

    @classmethod
    def _checked(cls, words: Mapping[str, Any]) -> Options:
        check_names(words)
        profile = as_profile("profile", words.get("profile", "eugpt"))
        # What the author gives wins over the profile, and that over the table.
        given = {**profile.option_defaults, **words}
        checked = {
            name: option.check(name, given.get(name, option.default))
            for name, option in OPTIONS.items()
        }
        # Paging belongs to both: the option changes what the profile says of it.
        return cls(**checked | {"profile": profile.with_paging(words.get("pagination"))})


@cache  # most mocks have no options, and none of them ever changes
def _defaults() -> Options:
    return Options._checked({})


OPTIONS: dict[str, Option] = {option.name: option.metadata["option"] for option in fields(Options)}
"""Each option by its name."""


def check_names(words: Iterable[object]) -> None:
    """Refuse the first of these words that isn't the name of an option."""
    check_words("option", words, OPTIONS)


def check_unnamed(values: Sequence[object]) -> None:
    """Refuse what was given without a name, with the line that was probably meant."""
    if not values:
        return
    first = values[0]
    if isinstance(first, str) and "://" in first:
        meant = f"FilesMock(base_url={shown_url(first)!r})"
    elif isinstance(first, type) or inspect.isroutine(first):
        meant = f"`@FilesMock()`, with parentheses, above {first.__name__}"
    elif isinstance(first, Mapping):
        meant = "FilesMock(**options)"
    else:
        meant = "FilesMock(seed=7)"
    raise OptionError(
        f"FilesMock takes options by name, got {_kind(first)}.\nTo fix it: {meant}.",
        word=type(first),
    )


def _kind(value: object) -> str:
    """The type only: the value may be a key, or have one in it."""
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
