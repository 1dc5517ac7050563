"""A real endpoint held against a profile: every scenario is tried, and what was seen is told.

For people, as JSON, as JUnit XML, and as a profile that the mock can follow.
"""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ..errors import OptionError
from ..model.profile import BEHAVIOURS, Profile, named_profile
from .endpoint import Endpoint, NotTried, ServiceFailed, check_access
from .scenarios import SCENARIOS, Run

Progress = Callable[[int, int, str], None]
"""Told of each scenario: how many are done, of how many, and which is next."""

_UNSEEN = {
    "base_url": "it is where the requests go",
    "key.prefix": "there is no second key to try",
    "errors.rate_limited": "the service isn't flooded on purpose",
    "errors.envelope": "the other refusals can't be provoked",
}


def groups() -> list[str]:
    """What `only` can name."""
    return list(dict.fromkeys(name.partition(".")[0] for name in BEHAVIOURS))


def verify(
    endpoint: Endpoint, profile: Profile, name: str, only: Iterable[str], progress: Progress
) -> Report:
    """Try every scenario, and delete what it made, also when it is interrupted.

    `only` names groups of behaviours; none means all. `progress` is told of each scenario.
    """
    wanted = {row for row in BEHAVIOURS if not only or row.partition(".")[0] in set(only)}
    try:
        check_access(endpoint)
        seen = dict(_seen(Run(endpoint, profile), wanted, progress))
    finally:
        left = endpoint.clean_up()
    rows = [_row(behaviour, profile, seen) for behaviour in BEHAVIOURS if behaviour in wanted]
    return Report(
        base_url=endpoint.base_url,
        profile=profile,
        name=name,
        rows=rows,
        requests=endpoint.sent,
        left=left,
    )


def _seen(run: Run, wanted: set[str], progress: Progress) -> Iterator[tuple[str, Any]]:
    scenarios = [one for one, behaviours in SCENARIOS.items() if wanted.intersection(behaviours)]
    for number, scenario in enumerate(scenarios):
        progress(number, len(scenarios), scenario.__name__.lstrip("_"))
        # A dict, as a set has no order, and a report has.
        missing = dict.fromkeys(SCENARIOS[scenario])
        try:
            for behaviour, value in scenario(run):
                missing.pop(behaviour)
                yield behaviour, value
        except NotTried as reason:
            yield from dict.fromkeys(missing, reason).items()
        # Scenarios read answers without checking their form. What is wrong with it shows here.
        except (KeyError, TypeError, ValueError, AttributeError, UnicodeError) as error:
            failed = ServiceFailed(f"the answer has another form: {type(error).__name__} {error}")
            yield from dict.fromkeys(missing, failed).items()
    progress(len(scenarios), len(scenarios), "done")


def _row(behaviour: str, profile: Profile, seen: Mapping[str, Any]) -> Row:
    expected = profile[behaviour]
    value = seen.get(behaviour, NotTried(_UNSEEN.get(behaviour, "the service shows nothing of it")))
    if isinstance(value, NotTried):
        verdict = "failed" if isinstance(value, ServiceFailed) else "untried"
        return Row(behaviour=behaviour, verdict=verdict, expected=expected, reason=str(value))
    row = BEHAVIOURS[behaviour]
    # Each has evidence of its own: the EU GPT documentation, or what OpenAI was seen to answer.
    mark = row.mark if profile.base == "eugpt" else row.grade
    is_known = mark in ("D", "REC", "SPEC")
    if value == expected:
        verdict = "holds" if is_known or behaviour in profile.recorded else "confirmed"
    elif behaviour in profile.recorded:
        verdict = "changed"
    else:
        verdict = "broken" if is_known else "wrong"
    return Row(behaviour=behaviour, verdict=verdict, expected=expected, seen=value)


# The report.

VERDICTS = {
    "broken": "Differs from the documentation",
    "changed": "Differs from what was recorded",
    "wrong": "Guess wrong",
    "failed": "Could not be tried: the service failed",
    "untried": "Could not be tried",
    "confirmed": "Guess confirmed",
    "holds": "Documented or recorded, and holds",
}
"""Verdict → heading, in the order of a report."""

_DIFFERS = ("broken", "changed", "wrong")
_BAD = (*_DIFFERS, "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One behaviour: what the profile says, and what was seen."""

    behaviour: str
    verdict: str
    expected: Any
    seen: Any = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run found; `left` are ids of files that could not be deleted."""

    base_url: str
    profile: Profile
    name: str
    rows: list[Row]
    requests: int
    left: list[str]

    @property
    def is_ok(self) -> bool:
        """Whether everything that could be tried is as the profile says."""
        return not any(row.verdict in _BAD for row in self.rows)

    def of(self, verdict: str) -> list[Row]:
        return [row for row in self.rows if row.verdict == verdict]

    def as_text(self) -> str:
        lines = [f"{self.base_url} held against {self.name}", ""]
        for verdict, heading in VERDICTS.items():
            rows = self.of(verdict)
            if rows:
                lines += [f"{heading} ({len(rows)})", *_lines(verdict, rows), ""]
        differing = sum(len(self.of(verdict)) for verdict in _DIFFERS)
        as_said = len(self.of("confirmed")) + len(self.of("holds"))
        lines += [
            f"{as_said} as the profile says, {differing} different, "
            f"{len(self.rows) - as_said - differing} not tried; {self.requests} requests."
        ]
        return "\n".join(lines)

    def as_json(self) -> str:
        rows = [
            {"behaviour": row.behaviour, "verdict": row.verdict, "expected": row.expected}
            | ({"reason": row.reason} if row.reason else {"seen": row.seen})
            for row in self.rows
        ]
        head = {"base_url": self.base_url, "profile": self.name, "ok": self.is_ok}
        return json.dumps(
            {**head, "requests": self.requests, "rows": rows, "left": self.left}, indent=2
        )

    def as_junit(self) -> str:
        """For a CI server: a test for each behaviour."""
        bad, untried = sum(row.verdict in _BAD for row in self.rows), len(self.of("untried"))
        counts = {"tests": str(len(self.rows)), "failures": str(bad), "skipped": str(untried)}
        suite = ElementTree.Element("testsuite", {"name": "verify", **counts})
        for row in self.rows:
            group = row.behaviour.partition(".")[0]
            case = ElementTree.SubElement(suite, "testcase", classname=group, name=row.behaviour)
            if row.verdict in _BAD:
                message = VERDICTS[row.verdict]
                failure = ElementTree.SubElement(case, "failure", message=message)
                failure.text = "\n".join(_lines(row.verdict, [row]))
            elif row.verdict == "untried":
                ElementTree.SubElement(case, "skipped", message=row.reason)
        return ElementTree.tostring(suite, encoding="unicode")

    def values(self) -> tuple[dict[str, Any], list[str]]:
        """What differs from the base of the profile; and what no profile can have."""
        base = named_profile(self.profile.base)
        values = {name: self.profile[name] for name in sorted(self.profile.recorded)}
        beyond = []
        for row in self.rows:
            # A service may do what the mock can't imitate, such as an order of lists of its own.
            if not row.reason and not BEHAVIOURS[row.behaviour].allows(row.seen):
                beyond.append(row.behaviour)
            elif not row.reason:
                values[row.behaviour] = row.seen
        return {name: seen for name, seen in values.items() if seen != base[name]}, beyond

    def save(self, path: Path) -> list[str]:
        """Write a profile that the mock can follow; the behaviours that it can't have."""
        values, beyond = self.values()
        text = json.dumps({"profile": self.profile.base, "values": values}, indent=2) + "\n"
        # Written beside it and then renamed in one step, so that there is never half a profile.
        new = path.with_name(f".{path.name}.{os.getpid()}")
        new.write_text(text, encoding="utf-8")
        new.replace(path)
        return beyond


def _lines(verdict: str, rows: list[Row]) -> Iterator[str]:
    if verdict in ("confirmed", "holds"):
        yield from textwrap.wrap(", ".join(row.behaviour for row in rows), 98, **_INDENTED)
        return
    for row in rows:
        if row.reason:
            yield f"  {row.behaviour}: {row.reason}"
        else:
            yield f"  {row.behaviour}: {BEHAVIOURS[row.behaviour].what}"
            yield f"      the mock:    {_shown(row.expected, row.seen)}"
            yield f"      the service: {_shown(row.seen, row.expected)}"


_INDENTED: dict[str, Any] = {"initial_indent": "  ", "subsequent_indent": "  ",
                             "break_on_hyphens": False}  # fmt: skip


def _shown(value: Any, other: Any) -> str:
    """Of a refusal, the body only where it makes the difference."""
    if isinstance(value, dict) and "status" in value:
        said = f"{value['status']} {value['message']!r}"
        if other and all(other[name] == value[name] for name in ("status", "message")):
            return f"{said} in {json.dumps(value['body'])}"
        return said
    if value is None and isinstance(other, dict):
        return "not refused"
    return json.dumps(value, ensure_ascii=False)


def check_folder(path: Path) -> None:
    """Check that a profile can be written there, before anything is sent."""
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise OptionError(f"argument --save: cannot write {str(path)!r}.", word=path)
