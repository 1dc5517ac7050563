"""What the rules on files find: what the code left, listed, polled and used."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator
from functools import partial
from itertools import groupby, pairwise

from .attempts import Attempt, Group
from .calls import Lane
from .evidence import Evidence
from .rules import (
    NO_PAUSE,
    Found,
    Rule,
    by_sender_and,
    json_of,
    retried_by_anyone,
    single_attempts,
    text_of,
    within_one_run,
)

_MOST_POLLS = 30


def _duplicate_upload(group: Group, evidence: Evidence) -> Found:
    stored, known = _lost_copies(group, evidence), group.last
    if known.is_success:
        # Where it deleted that one, the other is an orphan.
        if not _is_stored(known, evidence):
            return False
        stored.append(known.call.file_id or "")
    return f"stored: {', '.join(stored)}" if len(stored) > 1 else False


def _lost_copies(group: Group, evidence: Evidence) -> list[str]:
    """The files that are stored, and that the code doesn't know of."""
    return [
        one.call.file_id or ""
        for one in group.attempts
        if one.is_lost and _is_stored(one, evidence)
    ]


def _is_stored(attempt: Attempt, evidence: Evidence) -> bool:
    return attempt.call.operation == "upload" and attempt.call.file_id in evidence.stored


def _orphan_left(group: Group, evidence: Evidence) -> Found:
    lost, known = _lost_copies(group, evidence), group.last
    is_deleted = known.is_success and not _is_stored(known, evidence)
    return f"still stored: {', '.join(lost)}" if lost and is_deleted else False


def _files_left(group: Group, evidence: Evidence) -> Found:
    uploaded = group.first
    return f"stored: {uploaded.call.file_id}" if _is_stored(uploaded, evidence) else False


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
    return f"{pages} times the same {len(ids)} files" if is_stuck else False


def _page_ids(attempt: Attempt) -> list[str]:
    page = json_of(attempt)
    data = page.get("data") if isinstance(page, dict) else None
    if not isinstance(data, list):
        return _ID.findall(text_of(attempt))
    return [one["id"] for one in data if isinstance(one, dict) and isinstance(one.get("id"), str)]


_ID = re.compile(r'"id": ?"([^"]*)"')
"""In a page that is kept only in part."""


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
    return call.user, asked, text_of(attempt)


def _busy_polling(group: Group, evidence: Evidence) -> Found:
    polls = len(group.attempts)
    if polls <= _MOST_POLLS:
        return False
    at_once = _came_at_once(group)
    # A third, as on a busy machine many come late; who pauses is never early. And who looks twice
    # at a status before each pause comes at once only each second time.
    is_in_a_row = any(one and another for one, another in pairwise(at_once))
    return f"{polls} times" if is_in_a_row and sum(at_once) > len(at_once) / 3 else False


def _are_without_pause(group: Group) -> bool:
    """Whether most of them came as soon as the one before was answered."""
    at_once = _came_at_once(group)
    return sum(at_once) > len(at_once) / 2


def _came_at_once(group: Group) -> list[bool]:
    """Of each but the first, whether it came as soon as the one before was answered."""
    return [
        earlier.waited(later) < NO_PAUSE
        for earlier, later in group.retries
        if earlier.is_wait_known(later)
    ]


def _polls(evidence: Evidence) -> Iterator[Group]:
    """What each sender asked about one status, until it was final."""
    groups = list(by_sender_and(_polled)(evidence))
    lanes = Counter(_polled(one.first) for one in groups if _is_in_a_lane(one, evidence))
    for group in groups:
        # Those who share a pool of connections ask over any of them: none asks without a pause.
        if lanes[_polled(group.first)] < 2:
            final = (n for n, one in enumerate(group.attempts) if _is_final(one))
            yield Group(group.attempts[: next(final, len(group.attempts)) + 1])


def _is_in_a_lane(group: Group, evidence: Evidence) -> bool:
    return isinstance(evidence.sender(group.first), Lane)


def _is_final(attempt: Attempt) -> bool:
    told = _TOLD.search(text_of(attempt)) if attempt.is_success else None
    return told is not None and told[1] in _FINAL


_TOLD = re.compile(r'"status": ?"(\w+)"')

_FINAL = frozenset(
    ["processed", "error", "completed", "failed", "cancelled", "canceled", "expired", "succeeded"]
)


def _polled(attempt: Attempt) -> Hashable:
    call, stub = attempt.call, attempt.record.stub
    is_one = call.operation == "retrieve" or (stub is not None and "{" in (call.operation or ""))
    return (call.path, call.user) if call.method == "GET" and is_one else None


def _failed_file_polled(group: Group, evidence: Evidence) -> Found:
    told = [one for one in group.attempts if _has_failed(one)]
    return f"told 'error' {len(told)} times" if len(told) > 2 else False


def _has_failed(attempt: Attempt) -> bool:
    if not attempt.is_success:
        return False
    body = text_of(attempt)
    return '"error"' in body and _STATUS.search(body) is not None


_STATUS = re.compile(r'"status": ?"error"')


def _status(attempt: Attempt) -> Hashable:
    call = attempt.record.call
    return (call.path, call.user) if call.operation == "retrieve" else None


def _paged_after_deleted(group: Group, evidence: Evidence) -> Found:
    attempt = group.first
    if attempt.call.operation != "list":
        return False
    after = attempt.call.query.get("after")
    deleted = evidence.deleted.get(after or "")
    is_after = deleted is not None and deleted < attempt.record.number
    return f"deleted before: {after}" if is_after else False


def _used(group: Group, evidence: Evidence, *, status: str) -> Found:
    unready = group.first.record.unready_files
    used = [file_id for file_id, was in unready if was == status]
    return f"file {', '.join(used)}" if used else False


ON_FILES: tuple[Rule, ...] = (
    Rule(
        kind="duplicate_upload",
        level="error",
        meaning="left the same file stored twice after an answer that got lost",
        find=_duplicate_upload,
        over=retried_by_anyone,
        cures={
            "": "when an answer got lost, look into the list before the upload is sent again, or "
            "delete the copy.",
            "openai": "client.with_options(max_retries=0).files.create(...), and look into the "
            "list before the upload is sent again.",
            "requests": "leave POST out of Retry(allowed_methods=...), as it is by default, and "
            "look into the list before the upload is sent again.",
        },
    ),
    Rule(
        kind="orphan_left",
        level="error",
        meaning="left an upload whose answer got lost, and deleted only the copy that it knows",
        find=_orphan_left,
        over=retried_by_anyone,
        cures={
            "": "when an answer got lost, look into the list for the copy, and delete it too.",
            "openai": "client.with_options(max_retries=0).files.create(...), and when an answer "
            "got lost, look into the list for the copy, and delete it too.",
            "requests": "leave POST out of Retry(allowed_methods=...), as it is by default, and "
            "when an answer got lost, look into the list for the copy, and delete it too.",
        },
    ),
    Rule(
        kind="endless_paging",
        level="error",
        meaning="asked for the same page again and again, with the same content",
        find=_endless_paging,
        over=_same_pages,
        cures={
            "": "stop at a page without new files, and give the last id of each page as the next "
            "'after'.",
            "openai": "read list().data instead of iterating: the iterator only stops at "
            "has_more=false or at an empty page.",
        },
    ),
    Rule(
        kind="failed_file_used",
        level="error",
        meaning="used a file whose processing had failed",
        find=partial(_used, status="error"),
        over=single_attempts,
        cures={
            "": "look at the status first: 'error' is final, and the file can't be used.",
            "openai": "look at the status that files.wait_for_processing() returns: it returns on "
            "'error' too.",
        },
    ),
    Rule(
        kind="failed_file_polled",
        level="error",
        meaning="went on asking for the status of a file that had failed, which is final",
        find=_failed_file_polled,
        over=within_one_run(by_sender_and(_status)),
        cures={
            "": "stop waiting at 'error' as at 'processed', and give up after some time.",
            "openai": "stop waiting at 'error' as at 'processed': files.wait_for_processing() "
            "does.",
        },
    ),
    Rule(
        kind="paged_after_deleted",
        level="error",
        meaning="asked for the page after a file that it had deleted itself",
        find=_paged_after_deleted,
        over=single_attempts,
        cures={
            "": "read all pages first and delete then, or ask for the first page again until it is "
            "empty.",
            "openai": "make a list of the iterator before the first delete: "
            "list(client.files.list()).",
        },
    ),
    Rule(
        kind="busy_polling",
        level="warning",
        meaning=f"asked for the same status more than {_MOST_POLLS} times without a pause",
        find=_busy_polling,
        over=_polls,
        is_about_time=True,
        cures={
            "": "wait between two polls: a second, then longer.",
            "openai": "files.wait_for_processing(file_id, poll_interval=1) waits between its "
            "polls.",
        },
    ),
    Rule(
        kind="unprocessed_file_used",
        level="warning",
        meaning="used a file that was not processed yet",
        find=partial(_used, status="uploaded"),
        over=single_attempts,
        cures={
            "": "wait for the status 'processed' first, and stop at 'error'.",
            "openai": "files.wait_for_processing(file_id) first, and look at the status that it "
            "returns.",
        },
    ),
    Rule(
        kind="files_left",
        level="warning",
        meaning="uploaded files and never deleted them",
        find=_files_left,
        over=single_attempts,
        cures={
            "": "delete what is no longer needed, also after a failure (try/finally).",
        },
    ),
)
