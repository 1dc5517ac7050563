"""What the verdict is made of: the calls, the attempts, what is stored, and when it is asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence, Set
from dataclasses import dataclass

from ..locks import cached_property
from ..model.messages import Record
from ..service.operations import NAMES
from .attempts import AT_ONCE, Attempt, Group
from .calls import (
    LONGEST_BACKOFF,
    Lane,
    is_generated_anew,
    parameters,
    senders_of,
    subject,
    variant,
)
from .pauses import still_waits


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is judged.

    Attributes:
        groups: the calls.
        attempts: all attempts, in order of arrival.
        stored: the ids of the stored files.
        waiting: the request ids of clients that still wait for an answer.
        now: seconds by the monotonic clock of the journal.
        now_by_clock: Unix seconds by the clock of the mock.
        is_machine_busy: whether more wants to run than there are processors.
    """

    groups: Sequence[Group]
    attempts: Sequence[Attempt]
    stored: Set[str]
    waiting: Set[str] = frozenset()
    now: float
    now_by_clock: float
    is_machine_busy: bool = False

    # What follows is found once, so that the whole takes no longer than to read all attempts.

    @cached_property
    def single_attempts(self) -> Sequence[Group]:
        """Each attempt alone, as if it were a call."""
        return [Group((one,)) for one in self.attempts]

    @cached_property
    def failed_calls(self) -> Sequence[Group]:
        """The calls in which something went wrong: most rules are about these."""
        return [
            group
            for group in self.groups
            if len(group.attempts) > 1 or not group.attempts[0].is_success
        ]

    @cached_property
    def senders(self) -> dict[int, Hashable]:
        """By the number of a record."""
        records = [one.record for one in self.attempts]
        numbers = [record.number for record in records]
        return dict(zip(numbers, senders_of(records), strict=True))

    def sender(self, attempt: Attempt) -> Hashable:
        return self.senders[attempt.record.number]

    @cached_property
    def by_sender(self) -> dict[Hashable, list[Attempt]]:
        """The attempts of each sender, in order of arrival."""
        found: dict[Hashable, list[Attempt]] = defaultdict(list)
        for one in self.attempts:
            found[self.sender(one)].append(one)
        return found

    @cached_property
    def positions(self) -> dict[int, int]:
        """By the number of a record, how many the same sender had sent before."""
        return {
            one.record.number: position
            for sent in self.by_sender.values()
            for position, one in enumerate(sent)
        }

    @cached_property
    def asked_before(self) -> dict[int, Attempt]:
        """By the number of a GET, the last one of the same sender for the same."""
        found: dict[int, Attempt] = {}
        last: dict[Hashable, Attempt] = {}
        for one in self.attempts:
            call = one.record.call
            if call.method == "GET":
                key = self.sender(one), call.path, parameters(call)
                if key in last:
                    found[one.record.number] = last[key]
                last[key] = one
        return found

    @cached_property
    def uploaded(self) -> Set[str]:
        """The ids of files that the code has stored."""
        ids = (one.call.file_id for one in self.attempts if one.call.operation == "upload")
        return {file_id for file_id in ids if file_id}

    @cached_property
    def deleted(self) -> dict[str, int]:
        """By the id of a file, the number of the request that deleted it."""
        return {
            one.call.file_id or "": one.record.number
            for one in self.attempts
            if one.record.has_deleted
        }

    @cached_property
    def first_pages(self) -> Counter[str | None]:
        """How often each user has begun to list."""
        lists = (one.call for one in self.attempts if one.call.operation == "list")
        return Counter(call.user for call in lists if "after" not in call.query)

    @cached_property
    def shared(self) -> Set[Hashable]:
        """What several asked for side by side over a port, where they may share connections."""
        last: dict[Hashable, int] = {}
        found: set[Hashable] = set()
        for group in self.failed_calls:
            first = group.first
            if isinstance(self.sender(first), Lane):
                asked = first.call.user, subject(first.record)
                if first.record.number < last.get(asked, 0):
                    found.add(asked)
                last[asked] = max(last.get(asked, 0), group.last.record.number)
        return found

    def since(self, attempt: Attempt) -> float:
        """Seconds since the end of an attempt, by the clock that has gone furthest."""
        record = attempt.record
        passed = max(self.now - record.started, self.now_by_clock - record.call.started_at)
        return passed - attempt.due

    def still_waits(self, attempt: Attempt) -> bool:
        """Whether who sent it may be waiting to try again, as far as that is known."""
        return self.since(attempt) < LONGEST_BACKOFF and still_waits(attempt.record.sender)

    @cached_property
    def _last_signs(self) -> dict[Hashable, int]:
        """By sign, the number of the last request that was one."""
        return {sign: one.record.number for one in self.attempts for sign in _signs(one.record)}

    def was_gone_on_with(self, failed: Attempt) -> bool:
        """Whether anybody went on with what had failed, though not by trying just that again."""
        number = failed.record.number
        return any(self._last_signs.get(sign, 0) > number for sign in _signs_of_going_on(failed))

    @cached_property
    def retried_by_anyone(self) -> Sequence[Group]:
        """The calls that were tried again, also if another thread or task did it."""
        return [one for one in _taken_over(self.groups) if len(one.attempts) > 1]


# What somebody does instead of just trying again: each request gives some signs, and after a
# failure certain ones tell that it wasn't left at that.


def _signs(record: Record) -> Iterable[Hashable]:
    """Those that a request gives."""
    call = record.call
    yield ("the same", call.user, subject(record))
    if call.operation == "list":
        yield ("list", call.user)
    if call.operation == "upload":
        yield ("content", variant(record))
        yield ("filename", call.user, call.filename)
    elif call.operation == "retrieve":
        yield ("retrieve", call.user, call.path)
    elif record.stub is not None:
        yield (call.method, call.path)
        if call.method == "GET":
            yield ("GET", call.path.rpartition("/")[0])
        else:
            yield ("variant", variant(record))


def _signs_of_going_on(failed: Attempt) -> Iterable[Hashable]:
    """Those that tell, after this failure, that somebody went on."""
    record, call = failed.record, failed.call
    yield ("the same", call.user, subject(record))
    if call.operation == "upload":
        # Sent again it may be stored twice, so a look into the list is right too.
        yield ("list", call.user)
        # The same under another name, or a new content under this name.
        yield ("content", variant(record))
        yield ("filename", call.user, call.filename)
    elif call.operation in NAMES.writing:
        # A look whether the file has gone.
        yield ("retrieve", call.user, call.path)
    elif record.stub is not None and call.method != "GET":
        # A look whether it was made, or the same with another model or version.
        yield ("GET", call.path)
        yield ("variant", variant(record))
        if failed.status in (409, 412):
            yield (call.method, call.path)


def _taken_over(groups: Sequence[Group]) -> Iterable[Group]:
    """Join what somebody else goes on with: a worker of a queue, a task for each attempt."""
    taken: dict[int, Group] = {}
    waiting: dict[Hashable, list[int]] = {}
    for number, group in enumerate(groups):
        taken[number] = group
        # Nearly always nothing was lost.
        if not waiting and group.attempts[-1].is_success:
            continue
        key = _content(group.first.record)
        if key is None:
            continue
        lost = waiting.get(key, [])[-_MOST_LOST:]
        # Others may send the same content under other names meanwhile.
        at = next((one for one in lost if _goes_on(taken[one], group)), number)
        if at != number:
            lost.remove(at)
            taken[at] = Group((*taken[at].attempts, *taken.pop(number).attempts))
        if taken[at].last.is_lost:
            lost.append(at)
        if lost:
            waiting[key] = lost
        else:
            waiting.pop(key, None)
    return taken.values()


_MOST_LOST = 20
"""Lost uploads of one content that are kept in mind."""


def _content(record: Record) -> Hashable:
    call = record.call
    if call.operation == "upload":
        return variant(record)
    return subject(record) if record.stub is not None and call.method == "POST" else None


def _goes_on(lost: Group, group: Group) -> bool:
    before, after = lost.last, group.first
    first, second = before.call.filename, after.call.filename
    is_same = first == second or is_generated_anew(first, second)
    return is_same and AT_ONCE <= before.waited(after) <= LONGEST_BACKOFF
