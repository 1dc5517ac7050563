"""Which requests an armed fault is for: the words of `inject()`, checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..checks import whole, yes_or_no
from ..errors import OptionError, hide_from_traceback, unknown_user, unknown_word
from ..model.faults import Fault, MalformedJson, Severing
from ..model.messages import OPERATIONS

__tracebackhide__ = hide_from_traceback

Phase = Literal["before", "after"]
"""Whether the fault takes the place of the work, or hits when the work is done."""

_ADDRESSES = {
    "filename": ("upload", "retrieve", "download", "delete"),
    "file_id": ("retrieve", "download", "delete"),
    "purpose": OPERATIONS,
    "user": OPERATIONS,
}
"""What a fault can be addressed by, and the operations that have such a thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a request is about, as far as faults are addressed by it."""

    operation: str
    filename: str | None
    file_id: str | None
    purpose: str | None
    user: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Which requests a fault is for, and which of those it hits.

    Attributes:
        on: the operations.
        times: how often it hits; None: always.
        skip: so many matching requests are let through first.
        every: it hits only each so-manieth matching request.
        probability: the chance, 0 to 1, that it hits a matching request.
        filename, file_id, purpose, user: what the request must be about.
        phase: `before` the work, in its place; or `after` it is done.
        optional: whether leaving the mock accepts that it never hit.
    """

    on: tuple[str, ...]
    times: int | None
    skip: int
    every: int | None
    probability: float | None
    filename: str | None
    file_id: str | None
    purpose: str | None
    user: str | None
    phase: Phase
    optional: bool

    def matches(self, subject: Subject) -> bool:
        """Whether the request is one of those that the fault is for."""
        return subject.operation in self.on and all(
            wanted is None or wanted == came
            for wanted, came in (
                (self.filename, subject.filename),
                (self.file_id, subject.file_id),
                (self.purpose, subject.purpose),
                (self.user, subject.user),
            )
        )

    def __str__(self) -> str:
        words = ["*" if self.on == OPERATIONS else "|".join(self.on)]
        words += [f"{name}={getattr(self, name)!r}" for name in _ADDRESSES if getattr(self, name)]
        words += [f"skip={self.skip}"] * bool(self.skip)
        words += [f"every={self.every}"] * bool(self.every)
        words += [f"probability={self.probability}"] * (self.probability is not None)
        words += ["phase=after"] * (self.phase == "after")
        return " ".join(words)


def checked_aim(
    faults: Sequence[Fault],
    *,
    on: str | Iterable[str],
    times: int | None,
    skip: int,
    every: int | None,
    probability: float | None,
    filename: str | None,
    file_id: str | None,
    purpose: str | None,
    user: str | None,
    phase: str,
    optional: bool,
    users: Collection[str],
) -> Aim:
    """The aim, when it makes sense for these faults and a service with these users.

    Raises:
        OptionError: for an unknown word, a senseless number, or a combination that can never hit.
    """
    aim = Aim(
        on=_operations(on, faults),
        times=_times(times),
        skip=whole("skip", skip, least=0),
        every=None if every is None else whole("every", every, least=1),
        probability=_chance(probability),
        filename=filename,
        file_id=file_id,
        purpose=purpose,
        user=user,
        phase=_phase(phase),
        optional=yes_or_no("optional", optional),
    )
    for address, having in _ADDRESSES.items():
        _check_address(aim, address, having)
    if user is not None and user not in users:
        raise unknown_user(user, users)
    _check_phase(aim, faults)
    return aim


def _operations(on: str | Iterable[str], faults: Sequence[Fault]) -> tuple[str, ...]:
    """In the usual order; without those whose answers the faults cannot alter."""
    if not isinstance(on, Iterable):
        raise unknown_word("operation", on, ("*", *OPERATIONS))
    words = (on,) if isinstance(on, str) else tuple(on)
    if not words:
        raise OptionError("on: name at least one operation, or '*'.")
    for word in words:
        if word != "*" and word not in OPERATIONS:
            raise unknown_word("operation", word, ("*", *OPERATIONS))
    if any(isinstance(fault, MalformedJson) for fault in faults):
        words = tuple(
            word for word in (OPERATIONS if "*" in words else words) if word != "download"
        )
    if not words:
        raise OptionError("malformed_json on download: its body is not JSON; take corrupted().")
    return OPERATIONS if "*" in words else tuple(word for word in OPERATIONS if word in words)


def _check_address(aim: Aim, address: str, having: tuple[str, ...]) -> None:
    value = getattr(aim, address)
    if value is None:
        return
    if not isinstance(value, str) or not value:
        raise OptionError(f"{address} must be a text, not {value!r}.", word=value)
    if not set(aim.on) & set(having):
        raise OptionError(
            f"{address}={value!r} can never match on {'|'.join(aim.on)}; "
            f"it fits {', '.join(having)}."
        )


def _check_phase(aim: Aim, faults: Sequence[Fault]) -> None:
    refuses = any(isinstance(fault, Severing) and fault.kind == "refused" for fault in faults)
    if refuses and aim.phase == "after":
        raise OptionError(
            "connection_refused() with phase='after': no work is done over a connection that was "
            "never made; take connection_reset()."
        )


def _times(value: int | None) -> int | None:
    if value is None:
        return None
    return whole("times", value, least=1, instead=" (or None for always)")


def _chance(value: float | None) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise OptionError(f"probability must be over 0 and at most 1, not {value!r}.", word=value)
    return float(value)


def _phase(value: str) -> Phase:
    if value == "before":
        return "before"
    if value == "after":
        return "after"
    raise unknown_word("phase", value, ("before", "after"))
