"""What a rule of the verdict is, and what several of them look at.

A new rule is one row, with its predicate, in one of the modules `rules_on_….py`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..model.messages import ON_A_PORT, Call, Reply
from .attempts import Attempt, Group
from .calls import LONGEST_BACKOFF
from .evidence import Evidence

Level = Literal["error", "warning"]

Found = str | bool
"""Whether the predicate holds; a string holds, and is shown beside the attempts."""

Over = Callable[[Evidence], Iterable[Group]]

NO_PAUSE = 0.01
"""Seconds between two polls that are no pause: less than anybody sleeps on purpose."""


def failed_calls(evidence: Evidence) -> Iterable[Group]:
    return evidence.failed_calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of finding.

    Attributes:
        kind: such as `retry_after_ignored`.
        level: `error`, or `warning` for what may be intended.
        meaning: what the code under test did.
        find: whether it did so, in one of the groups that `over` gives.
        over: the groups of attempts that `find` looks at.
        cures: how to mend it, by client, such as `requests`; the empty name is for all others.
        is_about_time: whether it judges how long the code waited.
    """

    kind: str
    level: Level
    meaning: str
    find: Callable[[Group, Evidence], Found]
    cures: Mapping[str, str]
    over: Over = failed_calls
    is_about_time: bool = False

    def cure(self, calls: Iterable[Call]) -> str:
        """What mends it with the client that was seen, or, for several, what is right for all."""
        clients = {client_of(call) for call in calls}
        if len(clients) > 1:
            return self.cures[""]
        return self.cures.get(clients.pop(), self.cures[""])


_AGENTS = {
    "python-requests": "requests",
    "python-urllib3": "urllib3",
    "python-httpx": "httpx",
    "python-urllib/": "http.client",
    "openai/python": "openai",
    "asyncopenai/python": "openai",
    "aiohttp": "aiohttp",
}
"""The beginning of a `User-Agent` or its last word → the client."""


def client_of(call: Call) -> str:
    """The client that the code under test used, or an empty text where it isn't known."""
    if call.headers.get("x-stainless-lang") == "python":
        return "openai"
    if call.client not in ON_A_PORT:
        return call.client.removesuffix("2")
    agent = call.headers.get("user-agent", "").lower()
    known = (name for start, name in _AGENTS.items() if start in agent)
    return next(known, "")


def retried_by_anyone(evidence: Evidence) -> Iterable[Group]:
    return evidence.retried_by_anyone


def single_attempts(evidence: Evidence) -> Iterable[Group]:
    return evidence.single_attempts


def by_sender_and(choose: Callable[[Attempt], Hashable]) -> Over:
    """The attempts of each sender that have something in common; not those where it is None."""

    def over(evidence: Evidence) -> Iterator[Group]:
        found: dict[Hashable, list[Attempt]] = defaultdict(list)
        for one in evidence.attempts:
            chosen = choose(one)
            if chosen is not None:
                found[evidence.sender(one), chosen].append(one)
        return (Group(tuple(attempts)) for attempts in found.values())

    return over


def within_one_run(over: Over) -> Over:
    """Those that follow one another within the longest wait of any client: later, the same program
    has been started again.
    """

    def split(evidence: Evidence) -> Iterator[Group]:
        for group in over(evidence):
            run: list[Attempt] = []
            for one in group.attempts:
                if run and run[-1].waited(one) > LONGEST_BACKOFF:
                    yield Group(tuple(run))
                    run = []
                run.append(one)
            yield Group(tuple(run))

    return split


def between(earlier: Attempt, later: Attempt, evidence: Evidence) -> Iterator[Attempt]:
    """What the same sender did between two of its attempts."""
    sent = evidence.by_sender[evidence.sender(later)]
    position = evidence.positions[later.record.number]
    for one in reversed(sent[:position]):
        if one.record.number <= earlier.record.number:
            return
        yield one


def text_of(attempt: Attempt) -> str:
    outcome = attempt.record.outcome
    return outcome.body.decode("utf-8", "replace") if isinstance(outcome, Reply) else ""


def json_of(attempt: Attempt) -> Any:
    outcome = attempt.record.outcome
    try:
        return json.loads(outcome.body) if isinstance(outcome, Reply) else None
    except ValueError:
        return None
