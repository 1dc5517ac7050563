"""How long a new file stays `uploaded`, and what becomes of it: the values of `processing`.

That processing takes time at all is a guess: the documentation only shows `processed`, at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..errors import OptionError, integer, nearest_word, string
from ..errors import seconds as checked_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """When a new file leaves `uploaded`, and for which status."""

    polls: int | None = None
    seconds: float | None = None
    reason: str | None = None

    @property
    def first_status(self) -> str:
        """The status in the answer to the upload."""
        return "processed" if self == IMMEDIATE else "uploaded"

    def of(self, filename: str) -> Processing:  # noqa: ARG002 - as ProcessingByName has it
        return self

    def status(self, *, polls: int, age: float) -> str:
        """The status of a file that was retrieved `polls` times and is `age` seconds old."""
        # With `IMMEDIATE`, only a file that a test has added as `uploaded` gets here. It stays so
        # until it is retrieved, as otherwise nobody could see that status.
        needed = 1 if self == IMMEDIATE else self.polls or 0
        waited = polls >= needed and age >= (self.seconds or 0)
        if not waited:
            return "uploaded"
        return "processed" if self.reason is None else "error"


IMMEDIATE = Processing()


@dataclass(frozen=True, slots=True)
class ProcessingByName:
    """How files are processed by their names: the first pattern that fits decides."""

    rules: tuple[tuple[str, Processing], ...]

    def of(self, filename: str) -> Processing:
        # What fits no pattern is processed as without the option.
        fitting = (rule for pattern, rule in self.rules if matches(pattern, filename))
        return next(fitting, IMMEDIATE)


def after_polls(n: int) -> Processing:
    """A new file becomes `processed` when it is retrieved for the nth time (1 or more)."""
    return Processing(polls=integer("after_polls: n", n, least=1))


def after_seconds(seconds: float) -> Processing:
    """A new file becomes `processed` this many seconds after its upload, by the mock's clock."""
    return Processing(seconds=checked_seconds("after_seconds: seconds", seconds))


def fails(reason: str = "The file could not be processed.") -> Processing:
    """A new file becomes `error` at its first retrieve, with the reason as `status_details`."""
    return Processing(polls=1, reason=string("fails: reason", reason))


def as_processing(value: object) -> Processing | ProcessingByName:
    """The value of the option `processing`, checked."""
    if not isinstance(value, Mapping):
        return _as_processing(value)
    if not value:
        raise OptionError("processing must map at least one filename pattern, got {}.", word=value)
    return ProcessingByName(
        tuple((string("processing: a pattern", key), _as_processing(value[key])) for key in value)
    )


def _as_processing(value: object) -> Processing:
    if isinstance(value, Processing):
        return value
    if value == "immediate":
        return IMMEDIATE
    *first, last = _VALID.values()
    near = nearest_word(value, _VALID)
    hint = f" Did you mean {_VALID[near]}?" if near else ""
    raise OptionError(
        f"processing must be {', '.join(first)} or {last}, or a mapping of filename patterns to "
        f"these; got {value!r}.{hint}",
        word=value,
        nearest=near,
    )


_VALID = {
    "immediate": "'immediate'",
    "after_polls": "after_polls(n)",
    "after_seconds": "after_seconds(s)",
    "fails": "fails('reason')",
}


WORDS: dict[str, Callable[..., Processing]] = {
    "after_polls": after_polls,
    "after_seconds": after_seconds,
    "fails": fails,
}
"""The functions by name, for the command line."""


def matches(pattern: str, filename: str | None) -> bool:
    """Whether the filename is the pattern, or fits it as in `fnmatch`."""
    # Equality comes first, so that a name with brackets can be given as it is. `fnmatch` itself
    # would ignore case on Windows.
    return filename is not None and (filename == pattern or fnmatchcase(filename, pattern))
