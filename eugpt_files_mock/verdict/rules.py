"""What can be found against the code under test: one table, a pure predicate for each kind."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import partial
from itertools import groupby, pairwise
from statistics import median
from typing import Any, Literal, NamedTuple

from ..model.messages import Reply
from .attempts import NON_RETRYABLE, Attempt, Group
from .calls import AT_ONCE, HONOURED, LONGEST_BACKOFF, exactly, subject
from .evidence import Evidence, traces_of

Level = Literal["error", "warning"]

_FREE_WAIT = 0.01
"""Seconds; `rate_limited()` asks for a millisecond, so that retries cost no time: not judged."""

_LONGEST_WAIT = 120.0
"""Seconds; the `openai` SDK honours no longer `Retry-After` (SDK source), so giving up is right."""

_MOST_ATTEMPTS = 10
_MOST_POLLS = 30
_NO_PAUSE = 0.01
"""Seconds between two polls that are no pause: less than anybody sleeps on purpose."""
_POLL_WAIT = 1.0
"""Seconds; who asks no more often polls, even if it is told of a failure each time."""

Found = str | bool
"""Whether the predicate holds; a string holds, and is shown beside the attempts."""


# -- how it tried again ---------------------------------------------------------------------------


def _retry_after_ignored(group: Group, evidence: Evidence) -> Found:
    for earlier, later in group.retries:
        asked, waited = earlier.requested_wait or 0.0, earlier.waited(later)
        # A tenth less still counts as honoured: the timers of some clients are coarse.
        is_early = asked > _FREE_WAIT and waited < HONOURED * asked
        if is_early and earlier.is_wait_known(later):
            return f"asked to wait {asked:.3g} s, waited {max(waited, 0.0):.2f} s"
    return False


def _retried_non_retryable(group: Group, evidence: Evidence) -> Found:
    return any(
        earlier.status in NON_RETRYABLE
        and earlier.answer.get("x-should-retry", "").lower() != "true"
        and exactly(earlier.record) == exactly(later.record)
        # If nothing but time changed the status, the refusal had a cause that has gone, such as a
        # file that wasn't there yet.
        and (earlier.call.fault is not None or earlier.status == later.status)
        and not _has_changed_something(earlier, later, evidence)
        and not _may_not_be_seen_yet(earlier, evidence)
        for earlier, later in group.retries
    )


def _has_changed_something(earlier: Attempt, later: Attempt, evidence: Evidence) -> bool:
    """Whether the code did something about the refusal in between, such as to make room."""
    return any(
        one.call.method != "GET" and one.is_success for one in _between(earlier, later, evidence)
    )


def _may_not_be_seen_yet(attempt: Attempt, evidence: Evidence) -> bool:
    """Whether a file isn't found that the code has just uploaded."""
    return attempt.status == 404 and attempt.call.file_id in evidence.uploaded


def _between(earlier: Attempt, later: Attempt, evidence: Evidence) -> Iterator[Attempt]:
    """What the same sender did between two of its attempts."""
    sent = evidence.by_sender[evidence.sender(later)]
    place = evidence.places[later.record.number]
    for one in reversed(sent[:place]):
        if one.record.number <= earlier.record.number:
            return
        yield one


def _retry_storm(group: Group, evidence: Evidence) -> Found:
    if len(group.attempts) <= _MOST_ATTEMPTS:
        return False
    # Who polls every few seconds through an outage does no harm.
    is_poll = group.first.call.method == "GET" and all(
        earlier.waited(later) >= _POLL_WAIT for earlier, later in group.retries
    )
    return not is_poll and f"{len(group.attempts)} attempts"


def _no_backoff(group: Group, evidence: Evidence) -> Found:
    # After a time-out the client has waited already; where it was told how long to wait, that is
    # judged by `retry_after_ignored`.
    judged = [
        (earlier, later)
        for earlier, later in group.retries
        if earlier.is_retryable
        and earlier.requested_wait is None
        and not earlier.timed_out
        and earlier.is_wait_known(later)
    ]
    waits = [earlier.waited(later) for earlier, later in judged]
    if not waits or _is_polling(group, waits, evidence):
        return False
    if len(waits) == 1 and _may_be_of_the_library(*judged[0]):
        return False
    # Full jitter may make one of several waits short; urllib3's first retry comes without any.
    if max(waits) < AT_ONCE and not (len(waits) > 1 and waits[-1] > max(0.05, 1.5 * waits[0])):
        return f"again after {max(waits[-1], 0.0):.2f} s"
    # Two waits with jitter may be alike by chance, three hardly ever.
    tolerance = 0.01 + max(waits) * (0.1 if len(waits) > 2 else 0.01)
    is_constant = len(waits) > 1 and max(waits) - min(waits) <= tolerance
    return is_constant and f"again every {waits[-1]:.2f} s"


def _may_be_of_the_library(earlier: Attempt, later: Attempt) -> bool:
    """Whether a single retry at once may be the client library's own."""
    agent = later.call.headers.get("user-agent", "").lower()
    client = later.call.client
    # `Retry(backoff_factor=0.5)` of urllib3 waits only from its second retry on.
    if client in ("requests", "urllib3") or agent.startswith(("python-requests", "python-urllib3")):
        return True
    # Several libraries take a connection that was kept, and has ended, for a stale one.
    sender = later.record.sender
    is_on_a_port = sender is not None and not sender.is_in_process
    return is_on_a_port and later.call.method == "GET" and earlier.trouble in ("reset", "empty")


def _is_polling(group: Group, waits: list[float], evidence: Evidence) -> bool:
    """Whether the code asks as often when nothing fails: then each poll is one of its own."""
    first = group.first
    before = evidence.asked_before.get(first.record.number)
    if before is None or not before.is_success:
        return False
    return min(waits) >= 0.8 * before.waited(first) - _NO_PAUSE


def _gave_up(group: Group, evidence: Evidence) -> Found:
    first = group.first
    if len(group.attempts) > 1 or not first.is_retryable or _is_broken_download(first):
        return False
    if first.call.request_id in evidence.waiting:
        return False
    # The application had a deadline of its own.
    if first.trouble == "gone" or first.answer.get("x-should-retry", "").lower() == "false":
        return False
    asked = first.requested_wait or 0.0
    is_waiting = asked > _FREE_WAIT and evidence.since(first) < asked
    if is_waiting or asked > _LONGEST_WAIT:
        return False
    return not evidence.comes_later(first, *traces_of(first))


# -- what it left, or did twice -------------------------------------------------------------------


def _is_stored(attempt: Attempt, evidence: Evidence) -> bool:
    return attempt.call.operation == "upload" and attempt.call.file_id in evidence.stored


def _lost_copies(group: Group, evidence: Evidence) -> list[str]:
    """The files that are stored, and that the code doesn't know of."""
    return [
        one.call.file_id or ""
        for one in group.attempts
        if one.is_lost and _is_stored(one, evidence)
    ]


def _duplicate_upload(group: Group, evidence: Evidence) -> Found:
    stored, known = _lost_copies(group, evidence), group.last
    if known.is_success:
        # Where it deleted that one, the other is an orphan.
        if not _is_stored(known, evidence):
            return False
        stored.append(known.call.file_id or "")
    return len(stored) > 1 and f"stored: {', '.join(stored)}"


def _orphan_left(group: Group, evidence: Evidence) -> Found:
    lost, known = _lost_copies(group, evidence), group.last
    is_deleted = known.is_success and not _is_stored(known, evidence)
    return bool(lost) and is_deleted and f"still stored: {', '.join(lost)}"


def _files_left(group: Group, evidence: Evidence) -> Found:
    return _is_stored(group.attempts[0], evidence) and f"stored: {group.first.call.file_id}"


def _retry_sent_other_content(group: Group, evidence: Evidence) -> Found:
    for earlier, later in group.retries:
        before, size = earlier.record.size, later.record.size
        # Attempts at one call differ only so (`calls`).
        if subject(earlier.record) != subject(later.record):
            return f"{before} bytes, then {size or 'none'}"
    return False


def _duplicate_post(group: Group, evidence: Evidence) -> Found:
    # Refused ones too: that a lost answer was a refusal is not known to the code.
    first, done = group.first, [one for one in group.attempts if one.record.is_reached]
    if first.record.stub is None or first.call.method != "POST" or len(done) < 2:
        return False
    keys = {one.call.headers.get("idempotency-key") for one in done}
    has_key = len(keys) == 1 and None not in keys
    is_lost = done[0].call.fault is not None and not done[0].is_success
    if has_key or not is_lost or _only_asks(done):
        return False
    path = first.call.path
    for earlier, later in pairwise(done):
        looked = {
            one.call.path for one in _between(earlier, later, evidence) if one.call.method == "GET"
        }
        if path not in looked and path.rpartition("/")[0] not in looked:
            return f"{len(done)} times"
    return False


_ASKING = re.compile(
    r"search|query|queries|lookup|count|find|filter|validate|estimate|preview|tokenize|embeddings"
    r"|moderations|graphql|rerank|classify|count_tokens",
)
"""Last segments of paths where a POST creates nothing."""


def _only_asks(done: list[Attempt]) -> bool:
    """Whether the POST creates nothing, as its path or its answer says."""
    segment = done[0].call.path.rpartition("/")[2].lstrip("_:").rpartition(":")[2]
    answers = [_json(one) for one in done]
    lists = [one for one in answers if isinstance(one, dict) and "data" in one and "id" not in one]
    return _ASKING.fullmatch(segment) is not None or bool(lists)


def _json(attempt: Attempt) -> Any:
    outcome = attempt.record.outcome
    try:
        return json.loads(outcome.body) if isinstance(outcome, Reply) else None
    except ValueError:
        return None


def _delete_retried_after_404(group: Group, evidence: Evidence) -> Found:
    gone = [n for n, one in enumerate(group.attempts) if one.status == 404 and not one.call.fault]
    if not gone or gone[0] == len(group.attempts) - 1:
        return False
    # Two cleaners may find that a file is gone; who has lost an answer, or waits, tries again.
    had_failed = any(one.is_retryable for one in group.attempts[: gone[0]])
    is_retry = len(gone) > 2 and all(
        earlier.waited(later) >= 0.5 * AT_ONCE for earlier, later in group.retries
    )
    return (had_failed or is_retry) and f"{len(gone)} times"


# -- how it paged and polled ----------------------------------------------------------------------


def _endless_paging(group: Group, evidence: Evidence) -> Found:
    call, pages = group.first.call, len(group.attempts)
    ids = _page_ids(group.first)
    # Empty pages end a loop, so code that asks for one again waits for new files.
    if pages < 3 or not ids:
        return False
    if len({frozenset(one.call.query.items()) for one in group.attempts}) > 1:
        return f"{pages} times the same {len(ids)} files"
    after = call.query.get("after")
    # As many walks as begin come by each page.
    begun = evidence.first_pages[call.user] if after else pages
    if after is None or pages - begun < 2:
        return False
    limit = call.query.get("limit", "")
    is_full = limit.isdigit() and len(ids) >= int(limit)
    is_stuck = after in ids or is_full or (pages > 3 and _are_without_pause(group))
    return is_stuck and f"{pages} times the same {len(ids)} files"


def _page_ids(attempt: Attempt) -> list[str]:
    page = _json(attempt)
    data = page.get("data") if isinstance(page, dict) else None
    if not isinstance(data, list):
        return _ID.findall(_text(attempt))
    return [one["id"] for one in data if isinstance(one, dict) and isinstance(one.get("id"), str)]


_ID = re.compile(r'"id": ?"([^"]*)"')
"""In a page that is kept only in part."""


def _text(attempt: Attempt) -> str:
    outcome = attempt.record.outcome
    return outcome.body.decode("utf-8", "replace") if isinstance(outcome, Reply) else ""


def _are_without_pause(group: Group) -> bool:
    """Whether most of them came as soon as the one before was answered."""
    waits = [
        earlier.waited(later) for earlier, later in group.retries if earlier.is_wait_known(later)
    ]
    return bool(waits) and median(waits) < _NO_PAUSE


def _busy_polling(group: Group, evidence: Evidence) -> Found:
    polls = len(group.attempts)
    return polls > _MOST_POLLS and _are_without_pause(group) and f"{polls} times"


def _failed_file_polled(group: Group, evidence: Evidence) -> Found:
    told = [one for one in group.attempts if _has_failed(one)]
    return len(told) > 2 and f"told 'error' {len(told)} times"


def _has_failed(attempt: Attempt) -> bool:
    if not attempt.is_success:
        return False
    body = _text(attempt)
    return '"error"' in body and _STATUS.search(body) is not None


_STATUS = re.compile(r'"status": ?"error"')


def _paged_after_deleted(group: Group, evidence: Evidence) -> Found:
    attempt = group.attempts[0]
    if attempt.record.call.operation != "list":
        return False
    after = attempt.call.query.get("after")
    deleted = evidence.deleted.get(after or "")
    is_after = deleted is not None and deleted < attempt.record.number
    return is_after and f"deleted before: {after}"


def _used(group: Group, evidence: Evidence, *, status: str) -> Found:
    unready = group.attempts[0].record.unready_files
    used = [file_id for file_id, was in unready if was == status]
    return bool(used) and f"file {', '.join(used)}"


# -- how it was received --------------------------------------------------------------------------


def _broken_download_kept(group: Group, evidence: Evidence) -> Found:
    broken = [one for one in group.attempts if _is_broken_download(one)]
    # Code that fetched it again, and got a broken one again, has tried.
    is_kept = broken == [group.last]
    return is_kept and not evidence.comes_later(group.last, *traces_of(group.last))


def _is_broken_download(attempt: Attempt) -> bool:
    return attempt.call.operation == "download" and attempt.trouble in ("cut", "altered")


# -- how its client is made -----------------------------------------------------------------------


def _key_in_url(group: Group, evidence: Evidence) -> Found:
    return group.attempts[0].record.key_in_url or False


def _key_over_http(group: Group, evidence: Evidence) -> Found:
    record = group.attempts[0].record
    sender = record.sender
    if sender is None or sender.scheme != "http" or not sender.is_in_process:
        return False
    headers = record.call.headers
    host = headers.get("host", "")
    has_key = "authorization" in headers or "x-api-key" in headers or record.key_in_url is not None
    return has_key and not _LOOPBACK.match(host) and f"to {host or 'another machine'}"


_LOOPBACK = re.compile(r"(localhost|[\w.-]+\.localhost|127\.[\d.]+|\[::1\])(:|$)", re.IGNORECASE)


def _client_across_loops(group: Group, evidence: Evidence) -> Found:
    # Without kept connections there is nothing that belongs to a loop.
    loops = {id(one.record.sender.loop) for one in group.attempts if one.record.sender}
    return len(loops) > 1 and f"in {len(loops)} event loops"


def _no_timeout(group: Group, evidence: Evidence) -> Found:
    """On a port only the `openai` SDK for Python tells its timeout, when it has one."""
    record = group.attempts[0].record
    if record.read_timeout is not None:
        return False
    call, sender = record.call, record.sender
    is_known = (sender is not None and sender.is_in_process) or (
        call.headers.get("x-stainless-lang") == "python"
    )
    is_set = "x-stainless-read-timeout" in call.headers
    has_deadline = sender is not None and sender.has_deadline
    return is_known and not (is_set or has_deadline) and call.client


# -- what the rules look at -----------------------------------------------------------------------

Over = Callable[[Evidence], Iterable[Group]]


def _calls(evidence: Evidence) -> Iterable[Group]:
    return evidence.failed


def _outcomes(evidence: Evidence) -> Iterable[Group]:
    return evidence.outcomes


def _each(evidence: Evidence) -> Iterable[Group]:
    return evidence.each


def _same_pages(evidence: Evidence) -> Iterator[Group]:
    """Lists of one sender that follow one another, and bring the same, whatever page is asked."""
    for sent in evidence.by_sender.values():
        pages = [one for one in sent if one.call.operation == "list" and one.is_success]
        pages.sort(key=lambda one: one.call.user or "")  # stable: each user has a run of its own
        for _, run in groupby(pages, _page):
            yield Group(tuple(run))


_CURSORS = ("page", "offset", "cursor", "page_token", "starting_after", "skip", "start")


def _page(attempt: Attempt) -> Hashable:
    call = attempt.call
    asked = frozenset((name, value) for name, value in call.query.items() if name not in _CURSORS)
    return call.user, asked, _text(attempt)


def _by_sender_and(choose: Callable[[Attempt], Hashable]) -> Over:
    """The attempts of each sender that have something in common; not those where it is None."""

    def over(evidence: Evidence) -> Iterator[Group]:
        found: dict[Hashable, list[Attempt]] = defaultdict(list)
        for one in evidence.attempts:
            chosen = choose(one)
            if chosen is not None:
                found[evidence.sender(one), chosen].append(one)
        return (Group(tuple(attempts)) for attempts in found.values())

    return over


def _status(attempt: Attempt) -> Hashable:
    call = attempt.record.call
    return (call.path, call.user) if call.operation == "retrieve" else None


def _polled(attempt: Attempt) -> Hashable:
    call, stub = attempt.call, attempt.record.stub
    is_one = call.operation == "retrieve" or (stub is not None and "{" in (call.operation or ""))
    return (call.path, call.user) if call.method == "GET" and is_one else None


def _deleted(attempt: Attempt) -> Hashable:
    call = attempt.call
    return (call.path, call.user) if call.operation == "delete" else None


def _clients(evidence: Evidence) -> Iterator[Group]:
    """The attempts of each async client."""
    found: dict[int, list[Attempt]] = defaultdict(list)
    for one in evidence.attempts:
        sender = one.record.sender
        is_kept = one.call.headers.get("connection", "").lower() != "close"
        if sender is not None and sender.client is not None and is_kept:
            found[id(sender.client)].append(one)
    return (Group(tuple(attempts)) for attempts in found.values())


def _runs(over: Over) -> Over:
    """Those that follow one another within the longest wait of any client."""

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


class Rule(NamedTuple):
    """One kind of finding; `find` looks at calls, at attempts, or at what is `over`."""

    kind: str
    level: Level
    meaning: str
    find: Callable[[Group, Evidence], Found]
    over: Over = _calls


RULES: tuple[Rule, ...] = (
    Rule(
        "retry_after_ignored",
        "error",
        "tried again before Retry-After had passed",
        _retry_after_ignored,
    ),
    Rule(
        "retried_non_retryable",
        "error",
        "sent the same request again after an answer that will not change",
        _retried_non_retryable,
    ),
    Rule(
        "retry_storm",
        "error",
        f"made more than {_MOST_ATTEMPTS} attempts at one call",
        _retry_storm,
    ),
    Rule(
        "duplicate_upload",
        "error",
        "left the same file stored twice after an answer that got lost",
        _duplicate_upload,
        _outcomes,
    ),
    Rule(
        "orphan_left",
        "error",
        "left an upload whose answer got lost, and deleted only the copy that it knows",
        _orphan_left,
        _outcomes,
    ),
    Rule(
        "retry_sent_other_content",
        "error",
        "sent a failed request again with an empty body, or with only the rest of it",
        _retry_sent_other_content,
    ),
    Rule(
        "duplicate_post",
        "error",
        "sent a POST again after an answer that got lost, without an Idempotency-Key",
        _duplicate_post,
        _outcomes,
    ),
    Rule(
        "endless_paging",
        "error",
        "asked for the same page again and again, with the same content",
        _endless_paging,
        _same_pages,
    ),
    Rule(
        "failed_file_used",
        "error",
        "used a file whose processing had failed",
        partial(_used, status="error"),
        _each,
    ),
    Rule(
        "failed_file_polled",
        "error",
        "went on asking for the status of a file that had failed, which is final",
        _failed_file_polled,
        _by_sender_and(_status),
    ),
    Rule(
        "delete_retried_after_404",
        "error",
        "sent a delete again after 404, which says that the file is gone",
        _delete_retried_after_404,
        _runs(_by_sender_and(_deleted)),
    ),
    Rule(
        "paged_after_deleted",
        "error",
        "asked for the page after a file that it had deleted itself",
        _paged_after_deleted,
        _each,
    ),
    Rule(
        "key_in_url",
        "error",
        "sent a key in the query or the path, which are written to logs",
        _key_in_url,
        _each,
    ),
    Rule(
        "key_over_http",
        "error",
        "sent a key to another machine over http://, where others can read it",
        _key_over_http,
        _each,
    ),
    Rule(
        "client_across_loops",
        "error",
        "used one async client in two event loops, where its kept connections fail",
        _client_across_loops,
        _clients,
    ),
    Rule("no_backoff", "warning", "tried again at once, or at a constant interval", _no_backoff),
    Rule(
        "busy_polling",
        "warning",
        f"asked for the same status more than {_MOST_POLLS} times without a pause",
        _busy_polling,
        _by_sender_and(_polled),
    ),
    Rule("gave_up", "warning", "did not try again after a failure that may pass", _gave_up),
    Rule(
        "broken_download_kept",
        "warning",
        "got a truncated or corrupted download, and did not fetch it again",
        _broken_download_kept,
    ),
    Rule(
        "unprocessed_file_used",
        "warning",
        "used a file that was not processed yet",
        partial(_used, status="uploaded"),
        _each,
    ),
    Rule(
        "no_timeout",
        "warning",
        "has no read timeout, and would wait for ever when the service hangs",
        _no_timeout,
        _each,
    ),
    Rule("files_left", "warning", "uploaded files and never deleted them", _files_left, _each),
)
