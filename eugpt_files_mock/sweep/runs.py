"""What a mock has before a run, what is left after it, and what two runs have in common."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import FilesMockError
from ..model.faults import Fault
from ..model.messages import Call, File, Record
from ..service import Service
from ..state.armed_faults import ArmedFault
from ..state.stubs import Callback, SavedStubs
from ..verdict.verdict import RULES, Finding, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run, after it has ended.

    Attributes:
        records: its calls, with what became of them.
        files: what is stored now.
        before: the ids of the files that were stored before it.
        verdict: on its calls.
        problems: what the exit checks say, faults aside that never fired.
        error: what it raised, or None.
        result: what the author gave, or None.
        endless: why it had to be stopped; empty if it hadn't.
    """

    records: Sequence[Record]
    files: Sequence[File]
    before: frozenset[str]
    verdict: Verdict
    problems: Sequence[str]
    error: BaseException | None = None
    result: object = None
    endless: str = ""

    @property
    def is_endless(self) -> bool:
        """Whether it had to be stopped."""
        return bool(self.endless)

    @property
    def uploaded(self) -> dict[str, Record]:
        """The uploads that were carried out, by the id of the file."""
        return {
            record.call.file_id: record
            for record in self.records
            if record.call.operation == "upload" and record.is_done and record.call.file_id
        }

    @property
    def deleted(self) -> set[str | None]:
        """The ids that it tried to delete, whatever came of it."""
        return {record.call.file_id for record in self.records if record.call.operation == "delete"}

    @property
    def left(self) -> list[File]:
        """The files that it uploaded, that are still there, and that it never tried to delete."""
        uploaded, deleted = self.uploaded, self.deleted
        return [file for file in self.files if file.id in uploaded and file.id not in deleted]

    def knew(self, file_id: str) -> bool:
        """Whether it was told the id of a file that it uploaded, or used it later."""
        number = self.uploaded[file_id].number
        return any(
            attempt.record.number == number and attempt.is_success
            for group in self.verdict.groups
            for attempt in group.attempts
        ) or any(_names(record.call, file_id) for record in self.records)

    @property
    def posts(self) -> Counter[str]:
        """How often each stubbed POST was carried out; once for each `Idempotency-Key`."""
        done: Counter[str] = Counter()
        keys = set()
        for record in self.records:
            operation = record.call.operation or ""
            if not (operation.startswith("POST ") and record.is_done):
                continue
            key = record.call.headers.get("idempotency-key")
            if key is None or (operation, key) not in keys:
                done[operation] += 1
            keys.add((operation, key))
        return done


def _names(call: Call, file_id: str) -> bool:
    if call.operation == "upload":
        return False
    return call.file_id == file_id or file_id in json.dumps(call.json, default=str)


FileKey = Callable[[File], Hashable]


def _exact(file: File) -> Hashable:
    return file.filename, file.purpose, file.user, hash(file.content)


def _by_name(file: File) -> Hashable:
    return file.filename, file.purpose, file.user


def _by_number(file: File) -> Hashable:
    return "a file"


# The most exact first: some programs write the time into their files, or make names by chance.
_KEYS: tuple[FileKey, ...] = (_exact, _by_name, _by_number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the two runs without a failure have in common: the rest varies, and isn't compared.

    Attributes:
        file_key: by what files are compared; None when not even their number is the same.
        files: the files at the end, counted by that key.
        left: of those that the run uploaded.
        posts: how often each stubbed POST is carried out, at most.
        has_result: whether a result was given, and was the same.
        result: that, with the ids in it replaced.
        varying: the keys of a result that is a dict, whose values differ in each run.
        kinds: of the findings that there are without a failure already.
        calls: how many, at most.
        notes: what a reader should know.
    """

    file_key: FileKey | None
    files: Counter[Hashable]
    left: Counter[Hashable]
    posts: Counter[str]
    has_result: bool
    result: object
    varying: frozenset[object]
    kinds: frozenset[str]
    calls: int
    notes: tuple[str, ...]

    @classmethod
    def of(cls, first: Run, second: Run) -> Baseline:
        key = next((key for key in _KEYS if _same_files(key, first, second)), None)
        results = [plain(run) for run in (first, second)]
        varying = _varying(*results)
        results = [_without(result, varying) for result in results]
        kinds = frozenset(
            finding.kind for run in (first, second) for finding in error_findings(run.verdict)
        )
        notes = []
        if key is None:
            notes.append("the number of files that are left varies: files aren't compared")
        elif key is not _exact:
            what = "contents" if key is _by_name else "names"
            notes.append(f"the {what} of the files vary, and aren't compared")
        if first.result is not None and not _equal(*results):
            notes.append("the result varies, and isn't compared")
        notes += [f"{key} varies, and isn't compared" for key in sorted(map(str, varying))]
        notes += [f"without a failure already: {kind}" for kind in sorted(kinds)]
        return cls(
            file_key=key,
            files=count_files(key, first.files),
            left=count_files(key, first.left),
            posts=first.posts | second.posts,
            has_result=first.result is not None and _equal(*results),
            result=results[0],
            varying=varying,
            kinds=kinds,
            calls=max(len(first.records), len(second.records)),
            notes=tuple(notes),
        )

    def differing(self, run: Run) -> object:
        """What of the result is another one: of a dict those members, else all of it."""
        result, usual = plain(run), self.result
        if not (isinstance(result, dict) and isinstance(usual, dict)):
            return run.result
        if usual.keys() - result.keys():
            return run.result
        known = {key for key in usual if _equal(result[key], usual[key])} | self.varying
        return {key: value for key, value in result.items() if key not in known}

    def is_same_result(self, run: Run) -> bool:
        if not self.has_result:
            return True
        return _equal(self.result, _without(plain(run), self.varying))


def count_files(key: FileKey | None, files: Iterable[File]) -> Counter[Hashable]:
    return Counter() if key is None else Counter(map(key, files))


def file_names(counted: Counter[Hashable]) -> str:
    """Such as `report.pdf, 2 x b.txt`."""
    names = sorted(
        (str(key[0]) if isinstance(key, tuple) else str(key), number)
        for key, number in counted.items()
    )
    return ", ".join(f"{number} x {name}" if number > 1 else name for name, number in names)


def _same_files(key: FileKey, first: Run, second: Run) -> bool:
    return all(
        count_files(key, one) == count_files(key, other)
        for one, other in ((first.files, second.files), (first.left, second.left))
    )


# A sweep's own retries cost no time.
_ABOUT_TIME = frozenset(rule.kind for rule in RULES if rule.is_about_time)

_PAUSE = 1.0
"""Seconds: who waits so long between two attempts isn't storming, but polling."""


def error_findings(verdict: Verdict) -> list[Finding]:
    """The errors of a verdict, those about timing aside."""
    return [
        finding
        for finding in verdict.findings
        if finding.level == "error"
        and finding.kind not in _ABOUT_TIME
        and not (finding.kind == "retry_storm" and _is_slow(finding.calls))
    ]


def _is_slow(calls: Sequence[Call]) -> bool:
    begun = sorted(call.started_at for call in calls)
    return len(begun) > 1 and (begun[-1] - begun[0]) / (len(begun) - 1) >= _PAUSE


def plain(run: Run) -> object:
    """The result, with ids of files and times replaced by what is the same in every run."""
    names = {file.id: file.filename for file in run.files}
    names |= {one: record.call.filename or "" for one, record in run.uploaded.items()}
    same = {one: f"<the id of {name}>" for one, name in names.items()}
    begun = {int(record.call.started_at) for record in run.records}
    times = begun | {second + 1 for second in begun} | {file.created_at for file in run.files}
    return _without_ids(run.result, same, times)


def _without_ids(value: object, ids: Mapping[str, str], times: Set[int]) -> object:
    # The two runs without a failure may come within one second, and a later one in the next.
    if type(value) is int and value in times:
        return "<a time>"
    if isinstance(value, str):
        for file_id, name in ids.items():
            value = value.replace(file_id, name)
        return value
    if type(value) in (list, tuple, set, frozenset):
        kind: Any = type(value)
        return kind(_without_ids(one, ids, times) for one in value)  # type: ignore[attr-defined]
    if type(value) is dict:
        return {
            _without_ids(key, ids, times): _without_ids(one, ids, times)
            for key, one in value.items()
        }
    if isinstance(value, File):
        return dataclasses.replace(value, id=ids.get(value.id, value.id), created_at=0)
    return value


def _varying(one: object, other: object) -> frozenset[object]:
    """Of two dicts with the same keys, those whose values differ."""
    if not (isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys()):
        return frozenset()
    return frozenset(key for key in one if not _equal(one[key], other[key]))


def _without(result: object, keys: frozenset[object]) -> object:
    if not (keys and isinstance(result, dict)):
        return result
    return {key: value for key, value in result.items() if key not in keys}


def _equal(one: object, other: object) -> bool:
    # What an author gives may have any notion of equality: numpy's arrays have one for each item.
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001
        return False


class SweptLifecycle(Protocol):
    """How a mock is active, as far as a sweep asks."""

    @property
    def serves(self) -> bool: ...
    def check_armed(self, faults: Iterable[Fault]) -> None: ...
    def end_waits(self) -> None: ...
    def defer(self, error: FilesMockError) -> None: ...
    def problems(self, service: Service) -> list[str]: ...
    def reset(self, service: Service) -> None: ...


class SweptMock(Protocol):
    """A `FilesMock`, a class of a layer above this one; `_sweep` is its last sweep."""

    _sweep: Any

    @property
    def _service(self) -> Service: ...
    @property
    def _lifecycle(self) -> SweptLifecycle: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The files, stubs, callbacks and faults of one mock; not its calls."""

    mock: SweptMock
    files: Sequence[File]
    stubs: SavedStubs
    callbacks: Sequence[tuple[str, Callback, int | None]]
    armed: Sequence[ArmedFault]

    @classmethod
    def of(cls, mock: SweptMock) -> Snapshot:
        service = mock._service
        return cls(
            mock=mock,
            files=tuple(service.files.all()),
            stubs=service.stubs.saved(),
            callbacks=tuple(service.callbacks.waiting),
            armed=tuple(service.armed.armed()),
        )

    def restore(self, *, with_faults: bool = True) -> None:
        """As `mock.reset()`, but for what was there. Ids and chances go on: none comes twice."""
        service = self.mock._service
        service.files.clear()
        for file in self.files:
            service.files.add(file)
        service.stubs.restore(self.stubs)
        service.callbacks.waiting = list(self.callbacks)
        service.armed.clear()
        if with_faults:
            for armed in self.armed:
                service.armed.arm(armed.faults, armed.matcher)
        service.journal.clear()
        service.rate_limiter.clear()
        service.failures.clear()
        self.mock._lifecycle.reset(service)
