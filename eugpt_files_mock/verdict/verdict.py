"""The verdict on the code under test: as values, as text, as JSON, as an assertion."""

import os
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from typing import Any

from ..errors import ExpectationNotMet, boolean, check_words
from ..model.messages import Call
from ..real_clock import real_seconds
from ..service import Service
from .attempts import Group
from .calls import grouped
from .evidence import Evidence
from .rules import Found, Level, Rule
from .rules_on_clients import ON_CLIENTS
from .rules_on_files import ON_FILES
from .rules_on_retries import ON_RETRIES

RULES: tuple[Rule, ...] = tuple(
    sorted((*ON_RETRIES, *ON_FILES, *ON_CLIENTS), key=lambda rule: rule.level != "error")
)
"""What can be found, errors first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One kind of mistake that the code under test made.

    Attributes:
        kind: such as `retry_after_ignored`.
        level: `error`, or `warning` for what may be intended.
        message: what it did, in which calls, and how to fix it.
        calls: the calls that it is about.
    """

    kind: str
    level: Level
    message: str
    calls: tuple[Call, ...] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.level} {self.kind}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the code under test did with the failures that it met.

    Attributes:
        findings: at most one of each kind, errors first.
        groups: the calls, each with its attempts.
        allowed: kinds that the test has accepted so far, by `assert_resilient`.
    """

    findings: tuple[Finding, ...]
    groups: tuple[Group, ...] = field(repr=False)
    allowed: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not self.blamed(strict=False)

    def blamed(self, *, strict: bool, allow: Set[str] = frozenset()) -> list[Finding]:
        """The errors; with `strict`, all findings; but for these kinds."""
        return [
            finding
            for finding in self.findings
            if (strict or finding.level == "error") and finding.kind not in allow
        ]

    def __str__(self) -> str:
        return _text(self.findings) or f"No findings in {len(self.groups)} calls."


def _text(findings: Iterable[Finding]) -> str:
    return "\n\n".join(map(str, findings))


_HEARD_OF = 0.1
"""Seconds until a port has noticed that a client went away."""


def judge(service: Service, allowed: Set[str] = frozenset()) -> Verdict:
    """The verdict on the calls that are kept; it notes what is allowed."""
    journal = service.journal
    journal.settle(_HEARD_OF)
    groups = grouped(journal.records(), journal.gone())
    attempts = [attempt for group in groups for attempt in group.attempts]
    evidence = Evidence(
        groups=groups,
        # The groups are in the order of their first attempts, their retries lie between one
        # another.
        attempts=sorted(attempts, key=lambda attempt: attempt.record.number),
        stored={file.id for file in service.files.all()},
        waiting=journal.waiting(),
        now=real_seconds(),
        now_by_clock=service.options.clock(),
        is_machine_busy=_is_machine_busy(),
    )
    findings = (_finding(rule, evidence) for rule in RULES)
    return Verdict(
        findings=tuple(filter(None, findings)), groups=groups, allowed=frozenset(allowed)
    )


def _is_machine_busy() -> bool:
    load = getattr(os, "getloadavg", None)  # Windows has none
    try:
        return load is not None and load()[0] > (os.cpu_count() or 1)
    except OSError:
        return False


def _finding(rule: Rule, evidence: Evidence) -> Finding | None:
    found = [(group, note) for group in rule.over(evidence) if (note := rule.find(group, evidence))]
    if not found:
        return None
    calls = tuple(call for group, _ in found for call in group.calls)
    lines = [_line(group, note) for group, note in found[:_MOST_TOLD]]
    if len(found) > _MOST_TOLD:
        lines.append(f"  and {len(found) - _MOST_TOLD} more")
    return Finding(
        kind=rule.kind,
        level=rule.level,
        message="\n".join([f"{rule.meaning}.", *lines, f"To fix it: {rule.cure(calls)}"]),
        calls=calls,
    )


_MOST_TOLD = 20


def _line(group: Group, note: Found) -> str:
    line = f"  {group.title}: {group.timeline}"
    return line if note is True else f"{line} ({note})"


def verdict_members(verdict: Verdict) -> dict[str, Any]:
    """The verdict in JSON, for the control route and the page."""
    findings = [
        {"kind": one.kind, "level": one.level, "message": one.message, "calls": _ids(one.calls)}
        for one in verdict.findings
    ]
    groups = [
        {
            "title": group.title,
            "operation": group.calls[0].operation,
            "attempts": _ids(group.calls),
            "statuses": [call.status for call in group.calls],
            "outcomes": [str(attempt) for attempt in group.attempts],
        }
        for group in verdict.groups
    ]
    return {"ok": verdict.ok, "findings": findings, "groups": groups}


def _ids(calls: Iterable[Call]) -> list[str]:
    return [call.request_id for call in calls]


def kinds_of_findings(given: Iterable[str]) -> frozenset[str]:
    """Those that an author names.

    Raises:
        OptionError: for an unknown one, with the nearest.
    """
    # A string is a collection too, of letters.
    is_alone = isinstance(given, str) or not isinstance(given, Iterable)
    kinds: list[Any] = [given] if is_alone else list(given)
    check_words("kind of finding", kinds, [rule.kind for rule in RULES])
    return frozenset(kinds)


def assert_resilient(verdict: Verdict, *, strict: bool, allow: Set[str]) -> None:
    """See `FilesMock.assert_resilient`."""
    blamed = verdict.blamed(strict=boolean("strict", strict), allow=allow)
    if blamed:
        words = [finding.kind for finding in blamed]
        raise ExpectationNotMet(
            f"The code under test did not handle every failure well.\n{_text(blamed)}\n"
            f"To allow it: assert_resilient(allow={words})."
        )
