"""Ids and random decisions. With a seed they are the same in every run."""

import random
import re
import string
from collections.abc import Callable
from functools import lru_cache

from ..model.profile import ID_TEMPLATE

_ALPHABETS = {
    "hex": "0123456789abcdef",
    "base36": string.digits + string.ascii_lowercase,
    "base58": re.sub("[0IOl]", "", string.digits + string.ascii_letters),
    "base62": string.digits + string.ascii_letters,
    "base64url": string.digits + string.ascii_letters + "_-",
}
"""The narrowest first, as `id_template` takes the first that fits."""

_UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Randomness:
    """Ids, random decisions and invented documents; with a seed they repeat."""

    def __init__(
        self, seed: int | str | None, file_id: str = "{uuid}", request_id: str = "req_{hex:32}"
    ) -> None:
        self._seed = seed
        self._file_id = _generator(file_id)
        self._request_id = _generator(request_id)
        self.restart()

    def restart(self) -> None:
        self._streams = _Streams(self._seed)

    @property
    def rng(self) -> random.Random:
        return self._streams["chance"]

    @property
    def documents(self) -> random.Random:
        return self._streams["documents"]

    def file_id(self) -> str:
        return self._file_id(self._streams["files"])

    def request_id(self) -> str:
        return self._request_id(self._streams["requests"])

    def response_id(self) -> str:
        """What follows `resp_` in the answer of `FilesMock.stub_response`."""
        return _hex("", 32)(self._streams["responses"])


class _Streams(dict[str, random.Random]):
    """One for each use, so that one more request doesn't change the ids of the files."""

    def __init__(self, seed: int | str | None) -> None:
        super().__init__()
        self._seed = seed

    # Each is made when it is first asked for: most mocks need one or two of them.
    def __missing__(self, name: str) -> random.Random:
        # A string seeds alike in every process, unlike `hash()`, which PYTHONHASHSEED changes.
        seed = None if self._seed is None else f"{self._seed}/{name}"
        # Two threads that ask at once get the same one.
        return self.setdefault(name, random.Random(seed))  # noqa: S311 - no secrets


def is_id(value: str, template: str) -> bool:
    return _id_pattern(template).fullmatch(value) is not None


def id_template(ids: list[str]) -> str | None:
    """The narrowest template that all of these ids have, or None."""
    found = re.match(r"[A-Za-z]*[-_.]", ids[0])
    prefix = found[0] if found else ""
    length = len(ids[0]) - len(prefix)
    names = ("uuid", *(f"{name}:{length}" for name in _ALPHABETS))
    candidates = ("{uuid}", *(f"{prefix}{{{name}}}" for name in names))
    valid = [one for one in candidates if ID_TEMPLATE.fullmatch(one)]
    return next((one for one in valid if all(is_id(value, one) for value in ids)), None)


@lru_cache
def _id_pattern(template: str) -> re.Pattern[str]:
    found = ID_TEMPLATE.fullmatch(template)
    assert found  # noqa: S101 - the profile was checked
    alphabet = found["alphabet"]
    rest = f"[{_ALPHABETS[alphabet]}]{{{found['length']}}}" if alphabet else _UUID
    return re.compile(re.escape(found["prefix"]) + rest)


@lru_cache
def _generator(template: str) -> Callable[[random.Random], str]:
    found = ID_TEMPLATE.fullmatch(template)
    assert found  # noqa: S101 - the profile was checked
    prefix, alphabet, length = found["prefix"], found["alphabet"], int(found["length"] or 0)
    if alphabet is None:
        return _uuid(prefix)
    # Each request needs a hexadecimal id, and one number is made faster than 32 choices.
    if alphabet == "hex":
        return _hex(prefix, length)
    return lambda rng: prefix + "".join(rng.choices(_ALPHABETS[alphabet], k=length))


def _hex(prefix: str, length: int) -> Callable[[random.Random], str]:
    return lambda rng: f"{prefix}{rng.getrandbits(4 * length):0{length}x}"


def _uuid(prefix: str) -> Callable[[random.Random], str]:
    """Lower-case, of version 4 (RFC 9562, 5.4)."""

    def uuid(rng: random.Random) -> str:
        bits = rng.getrandbits
        return (
            f"{prefix}{bits(32):08x}-{bits(16):04x}-4{bits(12):03x}-{bits(14) | 0x8000:04x}"
            f"-{bits(48):012x}"
        )

    return uuid
