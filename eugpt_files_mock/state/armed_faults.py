"""The armed faults: what each hits (the arguments of `inject()`, checked), and how often."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from threading import Lock
from typing import Any, Literal, get_args

from ..errors import OptionError, boolean, check_words, integer, quoted, unknown_user, unknown_word
from ..faults import fault_named
from ..locks import free_after_fork
from ..model.faults import ConnectionFault, ErrorResponse, Fault, MalformedJson
from ..model.operation_names import OperationNames, is_route_name
from ..model.processing import matches

Phase = Literal["before", "after"]
"""Whether the fault replaces the work, or hits after the work was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedFault:
    """A fault that hits a request."""

    fault: Fault
    phase: Phase

    @property
    def replaces_the_work(self) -> bool:
        """A fault that only alters the answer needs one, so the work is done first."""
        return self.phase == "before" and isinstance(self.fault, (ErrorResponse, ConnectionFault))


_ADDRESSES = ("filename", "file_id", "purpose")
"""What a fault can be limited to; the operations say which of them they have. All have a user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultTarget:
    """The properties of a request that a fault can be limited to."""

    operation: str
    filename: str | None
    file_id: str | None
    purpose: str | None
    user: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultMatcher:
    """Which requests a fault matches, and which of those it hits; see `FilesMock.inject`."""

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

    def matches(self, target: FaultTarget) -> bool:
        return not self.differing(target)

    def differing(self, target: FaultTarget) -> list[str]:
        """The fields by which the request is not one of those."""
        # `on` has the operations by name; "*" also stands for stubbed routes, later ones too.
        on, operation = self.on, target.operation
        differs = {
            "operation": operation not in on and not ("*" in on and is_route_name(operation)),
            "filename": self.filename and not matches(self.filename, target.filename),
            "file_id": self.file_id and self.file_id != target.file_id,
            "purpose": self.purpose and self.purpose != target.purpose,
            "user": self.user and self.user != target.user,
        }
        return [name for name in differs if differs[name]]

    def __str__(self) -> str:
        words = ["*" if "*" in self.on else "|".join(self.on)]
        names = (*_ADDRESSES, "user")
        words += [f"{name}={getattr(self, name)!r}" for name in names if getattr(self, name)]
        if self.skip:
            words.append(f"skip={self.skip}")
        if self.every:
            words.append(f"every={self.every}")
        if self.probability is not None:
            words.append(f"probability={self.probability}")
        if self.phase == "after":
            words.append("phase=after")
        return " ".join(words)


MATCHER_WORDS = tuple(field.name for field in fields(FaultMatcher))
"""The arguments of `inject()` except the fault."""


def fault_and_matcher_words(name: object, words: Mapping[str, Any]) -> tuple[Fault, dict[str, Any]]:
    """The fault of that name, and the words among these that say what it hits."""
    matcher = {word: value for word, value in words.items() if word in MATCHER_WORDS}
    arguments = {word: value for word, value in words.items() if word not in MATCHER_WORDS}
    return fault_named(name, arguments, also=MATCHER_WORDS), matcher


_WORD_HABITS = {
    **dict.fromkeys(("operation", "operations", "route", "endpoint"), "on"),
    **dict.fromkeys(("count", "n", "repeat", "max_hits"), "times"),
    **dict.fromkeys(("file", "name", "pattern"), "filename"),
    **dict.fromkeys(("id", "file_ids"), "file_id"),
    **dict.fromkeys(("after", "offset"), "skip"),
    **dict.fromkeys(("chance", "rate"), "probability"),
}
"""What other libraries call it → the argument of `inject()`."""


def build_matcher(
    faults: Sequence[Fault],
    users: Collection[str],
    names: OperationNames,
    stubbed: Sequence[str],
    /,
    **words: Any,
) -> FaultMatcher:
    """The matcher, when it makes sense for these faults and a service with these users.

    `names` are those of the operations, `stubbed` those of stubbed routes; `words` is what the test
    author wrote.
    """
    check_words("argument of inject", words, ("fault", *MATCHER_WORDS), _WORD_HABITS)
    matcher = FaultMatcher(
        on=_operations(words["on"], faults, names, stubbed),
        times=_times(words["times"]),
        skip=integer("skip", words["skip"], least=0),
        every=None if words["every"] is None else integer("every", words["every"], least=1),
        probability=_probability(words["probability"]),
        phase=_phase(words["phase"]),
        optional=boolean("optional", words["optional"]),
        **{address: words[address] for address in (*_ADDRESSES, "user")},
    )
    # What can never match is an error now; else the fault would only be missed at the end.
    for address in _ADDRESSES:
        _check_address(matcher, address, names.having(address))
    _check_address(matcher, "user", ())
    if matcher.user is not None and matcher.user not in users:
        raise unknown_user(matcher.user, users)
    _check_phase(matcher, faults)
    return matcher


def _operations(
    on: Any, faults: Sequence[Fault], names: OperationNames, stubbed: Sequence[str]
) -> tuple[str, ...]:
    """In the order of the table; without those whose answers the faults cannot alter."""
    words = tuple(on) if isinstance(on, Iterable) and not isinstance(on, str) else (on,)
    if not words:
        raise OptionError("on must name at least one operation, or '*'.", word=on)
    # A stub may be made later: the exit checks say when there never was one.
    later = [word for word in words if is_route_name(word) and word not in stubbed]
    routes = (*stubbed, *later, "*")
    for word in words:
        names.check(word, routes)
    if "*" in words:
        words += names.all
    named = tuple(word for word in (*names.all, *routes) if word in words)
    # "*" may be meant for everything else; only a download alone is refused.
    if any(isinstance(fault, MalformedJson) for fault in faults):
        named = tuple(word for word in named if word not in names.without_json)
    if not named:
        raise OptionError(
            "malformed_json cannot hit a download: its body is not JSON. Use corrupted().", word=on
        )
    return named


def _check_address(matcher: FaultMatcher, address: str, having: Sequence[str]) -> None:
    value = getattr(matcher, address)
    if value is None:
        return
    if not isinstance(value, str) or not value:
        raise OptionError(f"{address} must be a non-empty string, got {value!r}.", word=value)
    if having and not set(matcher.on) & set(having):
        raise OptionError(
            f"{address}={value!r} can never match on {'|'.join(matcher.on)}; "
            f"it can on {', '.join(having)}.",
            word=value,
        )


def _check_phase(matcher: FaultMatcher, faults: Sequence[Fault]) -> None:
    if matcher.phase == "before":
        return
    for fault in faults:
        if not isinstance(fault, ConnectionFault):
            continue
        reason = None
        if fault.is_in_process_only:
            reason = "no work is done over a connection that was never made"
        elif fault.after_bytes is not None:
            reason = "after_bytes breaks off the request, and half a request does no work"
        if reason:
            raise OptionError(
                f"{fault.name}() cannot have phase='after': {reason}. Use connection_reset().",
                word=matcher.phase,
            )


def _times(value: Any) -> int | None:
    if value is None:
        return None
    return integer("times", value, least=1, instead=", or None (null over HTTP) for always")


def _probability(value: Any) -> float | None:
    if value is None:
        return None
    # Not 0, as such a fault could never hit.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise OptionError(
            f"probability must be over 0 and at most 1, got {quoted(value)}.", word=value
        )
    return float(value)


def _phase(value: Any) -> Phase:
    if value not in get_args(Phase):
        raise unknown_word("phase", value, get_args(Phase))
    return value  # type: ignore[no-any-return]  # one of the two literals


_SPENT_KEPT = 1_000
"""How many used-up faults are kept for the control routes; the oldest go first."""


class ArmedFault:
    """One armed fault, or a sequence of them that is used up in order.

    Attributes:
        id: names it for the control routes; counts from 1.
        faults: the fault, or the faults in order.
        matcher: which requests it is for.
        hits: how often it has hit.
        seen: how many requests it matched, hit or not.
    """

    def __init__(
        self,
        number: int,
        faults: Sequence[Fault],
        matcher: FaultMatcher,
        cancel: Callable[[ArmedFault], None],
        *,
        goes_on: bool = False,
    ) -> None:
        self.id = str(number)
        self.faults = tuple(faults)
        self.matcher = matcher
        self.hits = 0
        self.seen = 0
        self.is_reported = False
        self._cancel = cancel
        self._goes_on = goes_on

    @property
    def name(self) -> str:
        """The name of the fault; of a sequence, the names."""
        return ", ".join(fault.name for fault in self.faults)

    def __str__(self) -> str:
        """The fault with its arguments, and what it is armed on: `http_error(503) on upload`."""
        return f"{', '.join(map(str, self.faults))} on {self.matcher}"

    @property
    def remaining(self) -> int | None:
        """How often it will still hit, None for always."""
        if self.matcher.times is None:
            return None
        return max(0, self.matcher.times * len(self.faults) - self.hits)

    def cancel(self) -> None:
        """Disarm it. Idempotent."""
        self._cancel(self)

    def __repr__(self) -> str:
        left = "always" if self.remaining is None else f"{self.remaining} left"
        return f"<ArmedFault {self.id}: {self}, {self.hits} hits, {left}>"

    def _matches(self, target: FaultTarget) -> bool:
        # An outage begins at one request, and goes on for all.
        return self.matcher.matches(target) or (self._goes_on and self.hits > 0)

    @property
    def _next(self) -> Fault:
        # In turn: `times` counts how often a whole sequence is gone through.
        return self.faults[self.hits % len(self.faults)]

    def _is_due(self, number: int) -> bool:
        """Whether the matching request of that number, from 1, is one to hit, but for chance."""
        turn = number - self.matcher.skip
        return turn >= 1 and (self.matcher.every is None or turn % self.matcher.every == 0)

    def _would_hit_next(self) -> bool:
        """Whether the next matching request is certain to be hit."""
        return self.matcher.probability is None and self._is_due(self.seen + 1)

    def _hits_now(self, rng: random.Random) -> bool:
        """Whether this matching request is one to hit. Counts it."""
        # Counted whether it is hit or not: `skip` and `every` count requests, not hits.
        self.seen += 1
        if not self._is_due(self.seen):
            return False
        # Last, so that requests which are passed over draw nothing from the seeded stream.
        return self.matcher.probability is None or rng.random() < self.matcher.probability


class ArmedFaults:
    """The faults that were armed: those that can still hit, and the last that are spent."""

    def __init__(self) -> None:
        self._lock = free_after_fork(Lock())
        # Public, so that a request asks without the lock whether any fault is armed at all. Spent
        # faults have a list of their own, so that no request has to pass over them.
        self.live: list[ArmedFault] = []
        self._spent: deque[ArmedFault] = deque(maxlen=_SPENT_KEPT)
        self._numbered = 0
        # Whether there is a fault, or was one.
        self.was_armed = False

    def all(self) -> list[ArmedFault]:
        """The faults, in the order of arming, with those that are spent."""
        with self._lock:
            return sorted((*self._spent, *self.live), key=lambda armed: int(armed.id))

    def armed(self) -> list[ArmedFault]:
        with self._lock:
            return list(self.live)

    def unfired(self) -> list[ArmedFault]:
        """Those that should have hit and never did."""
        with self._lock:
            return [armed for armed in self.live if not (armed.hits or armed.matcher.optional)]

    def unreported(self) -> list[ArmedFault]:
        """Those that should have hit and never did. Each is given once."""
        # A mock can be stopped several times, and a test should fail once for each fault.
        unfired = self.unfired()
        with self._lock:
            new = [armed for armed in unfired if not armed.is_reported]
            for armed in new:
                armed.is_reported = True
            return new

    def clear(self) -> None:
        """Disarm everything, and number from 1 again."""
        with self._lock:
            self.live.clear()
            self._spent.clear()
            self._numbered = 0
            self.was_armed = False

    def arm(
        self, faults: Sequence[Fault], matcher: FaultMatcher, *, goes_on: bool = False
    ) -> ArmedFault:
        """Arm a fault, or a sequence, last in line; with `goes_on` it hits all after its first."""
        with self._lock:
            self._numbered += 1
            self.was_armed = True
            armed = ArmedFault(self._numbered, faults, matcher, self._disarm, goes_on=goes_on)
            self.live.append(armed)
            return armed

    def select(self, target: FaultTarget, rng: random.Random) -> SelectedFault | None:
        """What hits this request: the first armed fault that matches and is due. Uses it up."""
        with self._lock:
            for armed in self.live:
                # A fault behind the one that hits doesn't count this request.
                if armed._matches(target) and armed._hits_now(rng):
                    return SelectedFault(fault=self._use(armed), phase=armed.matcher.phase)
        return None

    def peek(self, target: FaultTarget) -> Fault | None:
        """What would hit this request, as far as that is certain. Nothing is counted."""
        with self._lock:
            for armed in self.live:
                if armed._matches(target) and armed._would_hit_next():
                    return armed._next
        return None

    def _use(self, armed: ArmedFault) -> Fault:
        fault = armed._next
        armed.hits += 1
        if armed.remaining == 0:
            self.live.remove(armed)
            self._spent.append(armed)
        return fault

    def _disarm(self, armed: ArmedFault) -> None:
        with self._lock:
            for kept in (self.live, self._spent):
                if armed in kept:
                    kept.remove(armed)
