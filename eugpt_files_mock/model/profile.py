"""A profile: what a service answers where services differ, by the table `behaviours.json`.

The table is data, in the form of the profile files that `verify` writes: values and templates of
texts, no rules. `docs/fidelity.md` is made from it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import OptionError, check_words, nearest_word, quoted, unknown_word
from .headers import header_pairs
from .processing import after_polls

PROFILES = ("eugpt", "openai")
"""The named profiles."""

ID_TEMPLATE = re.compile(
    r"(?P<prefix>[\w.-]*)\{(?:uuid|(?P<alphabet>hex|base36|base58|base62|base64url):(?P<length>[1-9]\d?))\}"
)
"""`file-{base58:22}`: a prefix, then a UUID or so many characters of an alphabet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One row of the table.

    Attributes:
        what: what the value decides.
        allowed: the allowed values, or the name of one of `VALUE_KINDS`; with a `?`, null is
            allowed too.
        mark: how sure the value of `eugpt` is: D (documented), 3P (third party), ? (guess).
        basis: what that value is based on.
        grade: how sure that of `openai` is: REC (recorded), SPEC, ISS (pasted by a user), ?.
        eugpt: the value of the profile `eugpt`.
        openai: that of the profile `openai`, where it differs.
        rests_on: what that value rests on, where it isn't a guess.
    """

    what: str
    allowed: str | list[Any]
    mark: str
    basis: str = ""
    grade: str
    eugpt: Any
    # Not None, which is a value: null says that a service doesn't do this.
    openai: Any = ...
    rests_on: str = ""

    def value(self, profile: str) -> Any:
        return self.eugpt if profile == "eugpt" or self.openai is ... else self.openai

    def allows(self, value: Any) -> bool:
        # The type counts, as for Python 1 == True.
        if isinstance(self.allowed, list):
            return any(type(value) is type(one) and value == one for one in self.allowed)
        if value is None and self.allowed.endswith("?"):
            return True
        return VALUE_KINDS[self.allowed.rstrip("?")][1](value)

    @property
    def allowed_in_words(self) -> str:
        """For messages and pages."""
        if isinstance(self.allowed, list):
            return " or ".join(map(repr, self.allowed))
        words = VALUE_KINDS[self.allowed.rstrip("?")][0]
        return f"{words}, or null" if self.allowed.endswith("?") else words


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[ -~]*", value) is not None


def _is_refusal(value: Any) -> bool:
    needed, further = {"status", "message", "body"}, {"headers", "indent"}
    if not isinstance(value, dict) or not needed <= set(value) <= needed | further:
        return False
    status, message, indent = value["status"], value["message"], value.get("indent", 0)
    return (
        type(status) is int
        and 400 <= status <= 599
        and isinstance(message, str)
        and type(indent) is int
        and 0 <= indent <= 8
        and _are_headers(value.get("headers", {}))
    )


def _are_headers(value: Any) -> bool:
    """Null leaves a header out that the answer would have."""
    if not isinstance(value, dict):
        return False
    try:
        header_pairs("headers", {name: "" if one is None else one for name, one in value.items()})
    except OptionError:
        return False
    return True


def _is_id(value: Any) -> bool:
    found = ID_TEMPLATE.fullmatch(value) if isinstance(value, str) else None
    if found is None or found["alphabet"] is None:
        return found is not None
    # `base58` has its size in its name. With fewer possible ids the same one would come again, and
    # with very few there would be none left.
    size = 16 if found["alphabet"] == "hex" else int(found["alphabet"][4:6])
    return bool(size ** int(found["length"]) >= 2**32)


def _is_headers(value: Any) -> bool:
    try:
        pairs = header_pairs("headers.always", value)
    except OptionError:
        return False
    # The content types have rows of their own.
    return isinstance(value, dict) and all(name.lower() != "content-type" for name, _ in pairs)


VALUE_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "names": ("a list of strings", _is_names),
    "members": ("a list of strings with 'id'", lambda value: _is_names(value) and "id" in value),
    "text": ("a string of ASCII characters", _is_text),
    "id": (
        "a prefix and one of {uuid} {hex:N} {base36:N} {base58:N} {base62:N} {base64url:N}, of 32 "
        "random bits or more, such as {hex:8}",
        _is_id,
    ),
    "seconds": ("a positive integer", lambda value: type(value) is int and value > 0),
    "refusal": (
        "an object with status (400 to 599), message and body, and perhaps headers (null leaves "
        "one out) and indent (0 to 8)",
        _is_refusal,
    ),
    "headers": (
        "an object of header names and their values, without those that have rows of their own or "
        "say how the answer is sent",
        _is_headers,
    ),
    "envelope": ("an object", lambda value: isinstance(value, dict)),
}
"""Kinds of values: a description for messages, and the check."""

_TABLE = Path(__file__).with_name("behaviours.json").read_text(encoding="utf-8")

BEHAVIOURS = {name: Behaviour(**row) for name, row in json.loads(_TABLE).items()}
"""By name; what stands before the dot is the group, as `verify --only` takes it."""


class Profile(dict[str, Any]):
    """One profile. `profile["upload.status"]` is the value of a behaviour.

    `base` is the named profile that it is, or differs from; `recorded` has the behaviours that a
    file gave it.
    """

    # A dict, because each request asks it a dozen times. Nobody changes it once it is made.
    __slots__ = ("base", "recorded")

    def __init__(
        self, values: Mapping[str, Any], *, base: str, recorded: Iterable[str] = ()
    ) -> None:
        super().__init__(values)
        self.base = base
        self.recorded = frozenset(recorded)

    @property
    def option_defaults(self) -> dict[str, Any]:
        """Options that the profile decides where the test author doesn't."""
        is_slow = self["upload.file_status"] == "uploaded"
        return {
            "base_url": tuple(self["base_url"]),
            "processing": after_polls(1) if is_slow else "immediate",
        }

    def with_paging(self, pagination: str | None) -> Profile:
        """The same, but the option `pagination` decides, when it is given."""
        names = ("list.limit", "list.after", "list.order_parameter")
        return self.changed(dict.fromkeys(names, pagination)) if pagination else self

    def changed(self, values: Mapping[str, Any]) -> Profile:
        return Profile({**self, **values}, base=self.base, recorded=self.recorded)


# Shared by all mocks, since nobody changes it.
@cache
def named_profile(name: str) -> Profile:
    values = {behaviour: row.value(name) for behaviour, row in BEHAVIOURS.items()}
    return Profile(values, base=name)


def as_profile(label: str, value: Any) -> Profile:
    """The profile of that name, in the file of that path, or with these values."""
    if isinstance(value, str) and value in PROFILES:
        return named_profile(value)
    if isinstance(value, Profile):
        return value
    if isinstance(value, Mapping):
        return _from_words(f"{label} {{…}}", value)
    if not isinstance(value, (str, os.PathLike)):
        raise OptionError(
            f"{label} must be {', '.join(map(repr, PROFILES))}, the path of a profile file, or the "
            f"same as a dict; got {quoted(value)}.",
            word=value,
        )
    path = Path(value)
    # A single word that isn't a file was meant to be a name.
    if not path.exists() and path.suffix != ".json" and str(path) == path.name:
        raise unknown_word(label, str(value), (*PROFILES, "the path of a file"))
    return _read(label, path)


def _read(label: str, path: Path) -> Profile:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise OptionError(f"{label} {quoted(str(path))}: {reason}.", word=path) from None
    return _from_words(f"{label} {quoted(str(path))}", found)


def _from_words(label: str, found: Any) -> Profile:
    """What a profile file has, checked; `label` names it in messages."""
    if not isinstance(found, Mapping) or not isinstance(found.get("values"), Mapping):
        message = 'expected {"profile": "eugpt", "values": {…}}'
        raise OptionError(f"{label}: {message}.", word=found)
    check_words(f"word in the {label}:", found, _FILE_WORDS)
    if found.get("profile") not in PROFILES:
        raise unknown_word(f"base in the {label}:", found.get("profile"), PROFILES)
    values = found["values"]
    for behaviour, value in values.items():
        check_value(behaviour, value)
    base = found["profile"]
    # Copied, as the author may change lists in it later.
    return Profile({**named_profile(base), **deepcopy(values)}, base=base, recorded=values)


_FILE_WORDS = ("profile", "values")


def check_value(behaviour: str, value: Any) -> None:
    """Check that a behaviour can have this value."""
    if behaviour not in BEHAVIOURS:
        raise unknown_word("behaviour", behaviour, BEHAVIOURS)
    row = BEHAVIOURS[behaviour]
    if not row.allows(value):
        # A string is the name of a kind, and isn't one of the allowed values.
        allowed = row.allowed if isinstance(row.allowed, list) else ()
        nearest = nearest_word(value, [word for word in allowed if isinstance(word, str)])
        hint = f" Did you mean {nearest!r}?" if nearest else ""
        raise OptionError(
            f"{behaviour} must be {row.allowed_in_words}; got {quoted(value)}.{hint}",
            word=value,
            nearest=nearest,
        )


_WORD = re.compile(r"\{(\w+)(!r)?\}")


def fill(template: Any, words: Mapping[str, Any]) -> Any:
    """The template with its words: `{id}` as it is, `{id!r}` quoted, in texts at any depth."""
    if isinstance(template, str):
        # A word that stands alone keeps its type, so that null doesn't become 'None'.
        if template[:1] == "{" and template[1:-1] in words:
            return words[template[1:-1]]
        return _WORD.sub(lambda found: _filled(found, words), template)
    if isinstance(template, Mapping):
        return {name: fill(value, words) for name, value in template.items()}
    return [fill(value, words) for value in template] if isinstance(template, list) else template


def _filled(found: re.Match[str], words: Mapping[str, Any]) -> str:
    # What isn't a word of ours is text: a body may have braces.
    if found[1] not in words:
        return found[0]
    return quoted(words[found[1]]) if found[2] else str(words[found[1]])
