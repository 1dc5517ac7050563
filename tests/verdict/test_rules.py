"""Each rule, and what counts as a retry, at their limits: requests made by hand, no waiting."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import accumulate
from typing import Any

import pytest

from eugpt_files_mock import Call, FilesMock
from eugpt_files_mock.model.headers import Headers
from eugpt_files_mock.model.messages import (
    Delivery,
    Parameters,
    PortConnection,
    Record,
    Reply,
    Sender,
    Severed,
    ThreadTimes,
)
from eugpt_files_mock.verdict.verdict import RULES

CALL = Call(
    operation="list", method="GET", path="/v1/files", query=Parameters({}), headers=Headers(),
    user=None, client="httpx", status=200, file_id=None, filename=None, purpose=None,
    content_type=None, bytes=None, sha256=None, fields=Parameters({}), json=None, fault=None,
    error=None, message=None, request_id="", started_at=0.0, duration=0.0,
)  # fmt: skip
CALL_WORDS = {field.name for field in fields(Call)}
SENDER = Sender(who="a thread")
PORT = Sender(who=PortConnection(), scheme="http")
DELIVERY_WORDS = ("delay", "cut_after")


def asked(at: float, status: int | None = 200, **words: Any) -> Record:
    """A request that came at this second; a failure is a fault's, if nothing else is said."""
    delivery = Delivery(**{name: words.pop(name) for name in DELIVERY_WORDS if name in words})
    outcome = Reply(status=status or 0, body=b"", headers=(), delivery=delivery)
    fault = "http_error" if status is None or status >= 400 else None
    call = {name: words.pop(name) for name in CALL_WORDS if name in words}
    call = {"status": status, "fault": fault, "started_at": at, **call}
    record = Record(
        call=replace(CALL, **call), number=0, outcome=outcome, read_timeout=5.0,
        is_unmatched=False, started=at, key=1, unready_files=(), stub=None, sender=SENDER,
    )  # fmt: skip
    return record._replace(**words)


def by_thread(
    at: float,
    worked: float = 0,
    kept: float = 0,
    stops: int | None = None,
    is_shared: bool = False,
    **words: Any,
) -> Record:
    """Failed; the thread has run so many seconds until then, and was kept waiting for so many."""
    times = ThreadTimes(1, worked, kept, stops, is_shared)
    words = {"status": 500, "sender": SENDER._replace(thread_times=times), **words}
    return asked(at, **words)


def severed(at: float, kind: str, **words: Any) -> Record:
    return asked(at, None, outcome=Severed(kind=kind), **words)


def waiting(at: float, **headers: str) -> Record:
    """Refused with 429, and told to wait."""
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return asked(at, 429, outcome=Reply(status=429, headers=pairs, body=b""))


def tried(*waits: float, status: int = 500) -> list[Record]:
    """Failed again and again, with these seconds between; the last attempt succeeds."""
    *failed, last = accumulate(waits, initial=0.0)
    return [*(asked(at, status) for at in failed), asked(last)]


def dribbled(piece: int) -> Record:
    delivery = Delivery(piece=piece, pause=5.0)
    length = ("Content-Length", "10")
    return asked(0, outcome=Reply(status=200, headers=(length,), body=b"", delivery=delivery))


def page(
    at: float, after: str = "f", body: bytes = b'{"data":[{"id":"f"}]}', **words: Any
) -> Record:
    outcome = Reply(status=200, headers=(), body=body)
    return asked(at, **{"query": Parameters({"after": after}), "outcome": outcome, **words})


def uploaded(at: float, status: int | None = 200, **words: Any) -> Record:
    return asked(at, status, **{"operation": "upload", "method": "POST", "sha256": "s", **words})


def polled(*waits: float) -> Sequence[Record]:
    """As often as one more than these seconds between them."""
    return [asked(at, operation="retrieve", path="/v1/files/x") for at in accumulate((0, *waits))]


def downloaded(at: float, **words: Any) -> Record:
    return asked(at, operation="download", **words)


STAINLESS = ("X-Stainless-Lang", "python")
READ_TIMEOUT = ("X-Stainless-Read-Timeout", "5")

CASES: dict[str, tuple[Sequence[Record], str]] = {
    "nine tenths of the wait": ([waiting(0, Retry_After="10"), asked(9)], ""),
    "less than that": ([waiting(0, Retry_After="10"), asked(8.9)], "retry_after_ignored"),
    "ten milliseconds": ([waiting(0, Retry_After_Ms="10"), asked(0)], ""),
    "eleven": ([waiting(0, Retry_After_Ms="11"), asked(0)], "retry_after_ignored"),
    "the shorter wait of two": (
        [waiting(0, Retry_After="10", Retry_After_Ms="200"), asked(0.2)],
        "",
    ),
    "by the clock of the mock": (
        [waiting(0, Retry_After="30"), asked(0.05, started_at=30.0)],
        "",
    ),
    "again after a tenth of a second": (tried(0.1), ""),
    "again earlier": (tried(0.09), "no_backoff"),
    "again after a longer time, most of it in the mock": (
        [asked(0, 500, duration=0.5), asked(0.55)],
        "no_backoff",
    ),
    "at once, then later": (tried(0, 0.06), ""),
    "at once, then nearly at once": (tried(0, 0.04), "no_backoff"),
    "soon, then half as much later": (tried(0.05, 0.08), ""),
    "soon, then hardly later": (tried(0.06, 0.08), "no_backoff"),
    "at once, but for one of four": (tried(0, 0, 0, 0.2), ""),
    "at once, but for two of eight": (tried(0, 0, 0, 0.2, 0, 0, 0, 0.3), "no_backoff"),
    "at once, but for three of eight": (tried(0, 0, 0, 0.2, 0.25, 0, 0, 0.3), ""),
    "at a constant interval": (tried(1, 1.02), "no_backoff"),
    "two intervals that differ": (tried(1, 1.03), ""),
    "three intervals that hardly differ": (tried(1, 1.05, 1.1), "no_backoff"),
    "three that differ": (tried(1, 1.05, 1.2), ""),
    "thirty polls at once": (polled(*[0.0] * 29), ""),
    "thirty-one polls at once": (polled(*[0.0] * 30), "busy_polling"),
    "on a busy machine, where most come late": (
        polled(*[0.0, 0.0, 0.03, 0.05, 0.05] * 8),
        "busy_polling",
    ),
    "two polls, and a pause": (polled(*[0.0, 0.05] * 15, 0), ""),
    "three polls, and a pause": (polled(*[0.0, 0.0, 0.05] * 11), "busy_polling"),
    "most polls after a pause": (polled(*[0.0, 0.05, 0.05, 0.05] * 13), ""),
    "at once, as far as a busy machine had time for it": (
        [by_thread(0, stops=3), by_thread(0.6, worked=0.05, stops=3)],
        "no_backoff",
    ),
    "after a sleep in which other tasks worked": (
        [
            by_thread(0, stops=3, is_shared=True),
            by_thread(0.15, worked=0.05, kept=0.1, stops=3, is_shared=True),
        ],
        "",
    ),
    "after much work": ([by_thread(0, stops=3), by_thread(0.21, worked=0.2, stops=3)], ""),
    "after much work each time, and more of it the second time": (
        [by_thread(0, stops=3), by_thread(0.3, 0.29, stops=3), by_thread(0.9, 0.88, stops=3)],
        "",
    ),
    "after as much work each time": (
        [by_thread(0, stops=3), by_thread(0.3, 0.29, stops=3), by_thread(0.6, 0.58, stops=3)],
        "no_backoff",
    ),
    "after a sleep, as usual, but without the work": (
        [
            by_thread(0, status=200, fault=None),
            by_thread(0.3, 0.1),
            by_thread(0.5, 0.1),
            by_thread(0.7, 0.1),
        ],
        "",
    ),
    "at once, and after much work usually": (
        [by_thread(0, status=200, fault=None, stops=1), by_thread(0.3, 0.3, 0, 1),
         by_thread(0.3, 0.3, 0, 1, status=200, fault=None)],
        "no_backoff",
    ),
    "after a sleep that seems to be none": (
        [by_thread(0, stops=3), by_thread(0.2, worked=0.05, kept=0.15, stops=4)],
        "",
    ),
    "at once, and nobody tells whether it has slept": (
        [by_thread(0), by_thread(0.09, worked=0.07)],
        "no_backoff",
    ),
    "after a short sleep": ([by_thread(0), by_thread(0.09, worked=0.05)], ""),
    "at once, in another thread": (
        [
            by_thread(0, stops=3),
            by_thread(0.15, sender=SENDER._replace(thread_times=ThreadTimes(2, 0.14, 0, 3))),
        ],
        "",
    ),
    "at once, most of it in the mock": (
        [by_thread(0, stops=1, duration=0.5), by_thread(0.65, 0.35, 0.3, stops=1)],
        "no_backoff",
    ),
    "after the clock was set forward": (
        [by_thread(0, started_at=0.0), by_thread(0.05, worked=0.05, started_at=30.0)],
        "",
    ),
    "constant, but for what a busy machine adds": (
        [by_thread(0), by_thread(1.3, 0.01, 0.29), by_thread(2.41, 0.11, 0.3)],
        "no_backoff",
    ),
    "constant, though the machine was busy for most of the time": (
        [by_thread(0, stops=1), by_thread(0.5, 0, 0.4, 2), by_thread(0.7, 0, 0.5, 3)],
        "no_backoff",
    ),
    "constant, though one sleep is said to be a wait for the machine": (
        [
            by_thread(0, stops=1),
            by_thread(0.2, 0, 0.19, stops=2),
            by_thread(0.4, 0, 0.19, stops=3),
        ],
        "no_backoff",
    ),
    "two sleeps that differ by five milliseconds": (
        [by_thread(0), by_thread(0.1), by_thread(0.206)],
        "",
    ),
    "at once after a timeout": ([severed(0, "timeout"), asked(0)], ""),
    "at once after a reset": ([severed(0, "reset"), asked(0)], "no_backoff"),
    "ten attempts": (tried(1, 2, 4, 8, 16, 32, 64, 90, 120), ""),
    "eleven attempts": (tried(0.5, 2, 4, 8, 16, 32, 64, 90, 110, 120), "retry_storm"),
    "eleven polls, a second or more between them": (
        tried(1, 2, 4, 8, 16, 32, 64, 90, 110, 120),
        "",
    ),
    "again after two minutes": (tried(120, status=400), "retried_non_retryable"),
    "another run, later": (tried(120.1, status=400), ""),
    "a run after the wait that was asked for and two minutes": (
        [waiting(0, Retry_After="10"), asked(130.1, 400)],
        "",
    ),
    **{
        f"again after {status}": (tried(1, status=status), "retried_non_retryable")
        for status in (400, 401, 403, 404, 405, 413, 415, 422)
    },
    **{f"again after {status}": (tried(1, status=status), "") for status in (408, 409, 418, 429)},
    **{f"once: {status}": ([asked(0, status)], "gave_up") for status in (408, 409, 429, 500, 599)},
    **{f"once: {status}": ([asked(0, status)], "") for status in (400, 410, 428, 499)},
    "again with another key": ([asked(0, 400), asked(1, key=2)], ""),
    "refused again, by no fault": (
        [asked(0, 403, fault=None), asked(1, 403, fault=None)],
        "retried_non_retryable",
    ),
    "a refusal that went away": ([asked(0, 403, fault=None), asked(1)], ""),
    "again with another body": ([asked(0, 400, json={"a": 1}), asked(1, json={"a": 2})], ""),
    "again with the same body": (
        [asked(0, 400, json={"a": 1, "b": 2}), asked(1, json={"b": 2, "a": 1})],
        "retried_non_retryable",
    ),
    "another path": ([asked(0, 400), asked(1, path="/v1/files/x")], ""),
    "another query": ([asked(0, 400), asked(1, query=Parameters({"limit": "1"}))], ""),
    "another method": ([asked(0, 400), asked(1, method="POST")], ""),
    "another user": ([asked(0, 400), asked(1, user="bob")], ""),
    "another client": ([asked(0, 400), asked(1, client="requests")], "retried_non_retryable"),
    "another sender": ([asked(0, 400), asked(1, sender=Sender(who="another"))], ""),
    "another host": ([asked(0, 400), asked(1, headers=Headers([("Host", "b")]))], ""),
    "another header": ([asked(0, 400), asked(1, headers=Headers([("OpenAI-Beta", "b")]))], ""),
    "another number of the attempt": (
        [
            asked(0, 400, headers=Headers([("X-Stainless-Retry-Count", "0")])),
            asked(1, headers=Headers([("X-Stainless-Retry-Count", "1")])),
        ],
        "retried_non_retryable",
    ),
    "another field": (
        [uploaded(0, 400, fields=Parameters({"a": "b"})), uploaded(1)],
        "",
    ),
    "another type of the part": ([uploaded(0, 415, content_type="a/b"), uploaded(1)], ""),
    "another content": ([uploaded(0, 400), uploaded(1, sha256="t")], ""),
    "another filename": ([uploaded(0, 400), uploaded(1, filename="b")], ""),
    "another purpose": ([uploaded(0, 400), uploaded(1, purpose="b")], ""),
    "an unreadable form of another length": (
        [
            uploaded(0, 400, sha256=None, size=1),
            uploaded(1, 400, sha256=None, size=2),
        ],
        "",
    ),
    "while the first was still being handled": ([asked(0, 400, duration=1), asked(0.9, 400)], ""),
    "as soon as it was handled": (
        [asked(0, 400, duration=1), asked(1, 400)],
        "retried_non_retryable",
    ),
    "asked to wait two minutes": ([waiting(0, Retry_After="120")], "gave_up"),
    "asked to wait longer": ([waiting(0, Retry_After="121")], ""),
    "a lost upload": ([uploaded(0, 500)], "gave_up"),
    "looked for in the list": ([uploaded(0, 500), asked(1)], ""),
    "in the list of another user": ([uploaded(0, 500), asked(1, user="bob")], "gave_up"),
    "in a list before": ([asked(0), uploaded(1, 500)], "gave_up"),
    "another call, looked for in the list": (
        [asked(0, 500, operation="retrieve"), asked(1)],
        "gave_up",
    ),
    "late": ([asked(0, delay=5.0)], "gave_up"),
    "just in time": ([asked(0, delay=4.9)], ""),
    "late, but nobody minds": ([asked(0, delay=5.0, sender=PORT, read_timeout=None)], ""),
    "one piece, so no pause": ([dribbled(10)], ""),
    "two pieces, the second late": ([dribbled(9)], "gave_up"),
    "a list that was cut": ([asked(0, cut_after=1)], "gave_up"),
    "a list that was altered": ([asked(0, fault="corrupted")], ""),
    "a cut download": ([downloaded(0, cut_after=1)], "broken_download_kept"),
    "a corrupted download": ([downloaded(0, fault="corrupted")], "broken_download_kept"),
    "fetched again": ([downloaded(0, fault="corrupted"), downloaded(1)], ""),
    "the same page three times": ([page(at) for at in range(3)], "endless_paging"),
    "the same page twice": ([page(at) for at in range(2)], ""),
    "three pages": ([page(at, after=f"{at}") for at in range(3)], ""),
    "an empty page": ([page(at, body=b'{"data": [ ]}') for at in range(3)], ""),
    "the first page": ([page(at, query=Parameters({})) for at in range(3)], ""),
    "the page of another operation": ([page(at, operation="GET /x") for at in range(3)], ""),
    "the same page for three users": ([page(at, user=f"{at}") for at in range(3)], ""),
    "three times for one of two users": (
        [page(at, user="ab"[at % 2]) for at in range(5)],
        "endless_paging",
    ),
    "the same page for three senders": (
        [page(at, sender=Sender(who=f"{at}")) for at in range(3)],
        "",
    ),
    "a failed file": ([asked(0, unready_files=(("f", "error"),))], "failed_file_used"),
    "an unready file": ([asked(0, unready_files=(("f", "uploaded"),))], "unprocessed_file_used"),
    "a key in the path": ([asked(0, key_in_url="the path")], "key_in_url"),
    "no timeout": ([asked(0, read_timeout=None)], "no_timeout"),
    "no timeout that is known": ([asked(0, read_timeout=None, sender=PORT)], ""),
    "the SDK on a port, without a timeout": (
        [asked(0, read_timeout=None, sender=PORT, headers=Headers([STAINLESS]))],
        "no_timeout",
    ),
    "the SDK on a port, with one": (
        [asked(0, read_timeout=None, sender=PORT, headers=Headers([STAINLESS, READ_TIMEOUT]))],
        "",
    ),
    "the SDK of another language": (
        [asked(0, read_timeout=None, sender=PORT, headers=Headers([(STAINLESS[0], "js")]))],
        "",
    ),
    "a file that is left": ([uploaded(0, file_id="here")], "files_left"),
    "a file that is gone": ([uploaded(0, file_id="gone")], ""),
    "a file stored twice": (
        [severed(0, "reset", operation="upload", file_id="here", is_done=True),
         severed(1, "reset", operation="upload", file_id="there", is_done=True)],
        "duplicate_upload files_left",
    ),
    "a file stored twice, and deleted once": (
        [severed(0, "reset", operation="upload", file_id="here", is_done=True),
         severed(1, "reset", operation="upload", file_id="gone", is_done=True)],
        "files_left",
    ),
    "a file stored twice, of which the one that is known was deleted": (
        [severed(0, "reset", operation="upload", file_id="here", is_done=True),
         uploaded(1, file_id="gone", sha256=None, is_done=True)],
        "files_left orphan_left",
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else this machine does."""
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0), raising=False)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows doesn't tell its load")
@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (tried(1, 1.02), ""),
        (tried(1, 1.02, 1.01), "no_backoff"),
        ([by_thread(0), by_thread(1), by_thread(2)], "no_backoff"),
        ([asked(at, 500, started=0.0) for at in (0, 2, 4)], "no_backoff"),
        (tried(0, 0), "no_backoff"),
    ],
    ids=["two", "three", "two as the thread knows them", "two by a clock", "at once"],
)
def test_on_a_busy_machine_two_intervals_that_are_alike_tell_nothing(
    monkeypatch: pytest.MonkeyPatch, records: Sequence[Record], expected: str
) -> None:
    """It adds to each as much as it likes."""
    monkeypatch.setattr(os, "getloadavg", lambda: (1_000.0, 0.0, 0.0))
    assert expected.split() == found(records)


@pytest.mark.parametrize("name", CASES)
def test_what_is_found_and_what_is_not(name: str) -> None:
    """A limit belongs to one side only."""
    records, expected = CASES[name]
    assert expected.split() == found(records)


def found(records: Sequence[Record]) -> list[str]:
    mock = FilesMock()
    for file_id in ("here", "there"):
        mock.add_file("a.txt", id=file_id)
    for number, record in enumerate(records, start=1):
        mock._service.journal.add(record._replace(number=number))
    return sorted(finding.kind for finding in mock.verdict().findings)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ((0, 0.9), "list: 200 late, 200"),
        ((0, 0.9, 1.8), "list: 200 late, 200 late, 200"),
        ((0, 1.0), "list: 200"),
        ((0, 2.0), "list: 200"),
    ],
)
def test_a_late_answer_on_a_port_is_abandoned_when_the_request_comes_again_before_it(
    times: Sequence[float], expected: str
) -> None:
    """Its timeout is not known there."""
    mock = FilesMock()
    delivery = Delivery(delay=0.5, piece=10, pause=0.25)
    length = ("Content-Length", "21")
    late = Reply(status=200, headers=(length,), body=b"", delivery=delivery)
    for number, at in enumerate(times):
        mock._service.journal.add(asked(at, sender=None, outcome=late, number=number))
    assert expected == str(mock.verdict().groups[0])


def test_a_retry_belongs_to_the_call_that_waits_longest() -> None:
    """Of two programs that ask for the same at the same time, neither gets both retries."""
    mock = FilesMock()
    times = (0, 0.05, 1, 1.2)
    for number, (at, status) in enumerate(zip(times, (500, 503, 500, 503), strict=True)):
        mock._service.journal.add(asked(at, status, duration=0.1, number=number))
    assert ["list: 500, 500", "list: 503, 503"] == [str(one) for one in mock.verdict().groups]


def test_each_rule_has_a_cure() -> None:
    """Without one, the verdict would fail as soon as the rule finds something."""
    assert all(rule.cures[""] for rule in RULES)
