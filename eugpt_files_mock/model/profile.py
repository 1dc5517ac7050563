"""A profile: which service the mock imitates, as the values of the table of behaviours."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import OptionError, check_words, nearest_word, quoted, unknown_word
from .behaviours import BEHAVIOURS, PROFILES
from .processing import after_polls


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
