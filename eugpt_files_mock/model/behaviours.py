"""What services answer differently: the table `behaviours.json`, and which values it allows.

The table is data, in the form of the profile files that `verify` writes: values and templates of
texts, no rules. `docs/fidelity.md` is made from it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import OptionError
from .headers import header_pairs

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
        allowed: the allowed values, or the name of one of `KINDS`; with a `?`, null is allowed too.
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
        return KINDS[self.allowed.rstrip("?")][1](value)

    @property
    def allowed_in_words(self) -> str:
        """For messages and pages."""
        if isinstance(self.allowed, list):
            return " or ".join(map(repr, self.allowed))
        return KINDS[self.allowed.rstrip("?")][0] + ", or null" * self.allowed.endswith("?")


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


KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
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
