"""Which requests an armed fault hits: the arguments of `inject()`, checked."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from ..errors import OptionError, boolean, check_words, integer, quoted, unknown_user, unknown_word
from ..faults import fault_named
from ..model.faults import ConnectionFault, Fault, MalformedJson
from ..model.file_ids import matches
from ..model.operations import OperationNames, is_route_name

Phase = Literal["before", "after"]
"""Whether the fault replaces the work, or hits after the work was done."""

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


def fault_and_matcher_words(
    name: object, words: Mapping[str, Any], *, also: Iterable[str] = MATCHER_WORDS
) -> tuple[Fault, dict[str, Any]]:
    """The fault of that name, and the words among these that say what it hits."""
    matcher = {word: value for word, value in words.items() if word in also}
    arguments = {word: value for word, value in words.items() if word not in also}
    return fault_named(name, arguments, also=also), matcher


HABITS = {
    **dict.fromkeys(("operation", "operations", "route", "endpoint"), "on"),
    **dict.fromkeys(("count", "n", "repeat", "max_hits"), "times"),
    **dict.fromkeys(("file", "name", "pattern"), "filename"),
    **dict.fromkeys(("id", "file_ids"), "file_id"),
    **dict.fromkeys(("after", "offset"), "skip"),
    **dict.fromkeys(("chance", "rate"), "probability"),
}
"""What other libraries call the arguments of `inject()`."""


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
    check_words("argument of inject", words, ("fault", *MATCHER_WORDS), HABITS)
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
