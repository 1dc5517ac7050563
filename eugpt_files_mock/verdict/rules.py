"""What can be found against the code under test: one table, a pure predicate for each kind."""

import re
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Literal

from ..model.messages import Reply
from ..model.secret_names import REDACTED, is_secret_name
from .attempts import Attempt, Group

Level = Literal["error", "warning"]

_FREE_WAIT = 0.01
"""Seconds; `rate_limited()` asks for a millisecond, so that retries cost no time: not judged."""

_AT_ONCE = 0.1
"""Seconds; making a client may take as long as that. stamina waits at least so long."""

_LONGEST_WAIT = 120.0
"""Seconds; the `openai` SDK honours no longer `Retry-After` (SDK source), so giving up is right."""

_MOST_ATTEMPTS = 10
_NON_RETRYABLE = (400, 401, 403, 404, 405, 413, 415, 422)
_KEY_PARAMETERS = ("key", "api_key", "api-key", "apikey", "access_token", "authorization")
# In bytes, as the journal keeps answers as they were sent.
_EMPTY_PAGE = re.compile(rb'"data":\s*\[\s*\]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is judged: the calls, all attempts in order of arrival, ids of the stored files."""

    groups: tuple[Group, ...]
    attempts: tuple[Attempt, ...]
    stored: Set[str]


Found = str | bool
"""Whether the predicate holds; a string holds, and is shown beside the attempts."""


def _retry_after_ignored(group: Group, evidence: Evidence) -> Found:
    for earlier, later in group.retries:
        asked, waited = earlier.requested_wait or 0.0, earlier.waited(later)
        # A tenth less still counts as honoured: the timers of some clients are coarse.
        if asked > _FREE_WAIT and waited < 0.9 * asked:
            return f"asked to wait {asked:g} s, waited {waited:.2f} s"
    return False


def _retried_non_retryable(group: Group, evidence: Evidence) -> Found:
    # With another key it isn't the same request; and if nothing but time changed the status, the
    # refusal had a cause that has gone, such as a file that wasn't there yet.
    return any(
        earlier.call.status in _NON_RETRYABLE
        and earlier.record.key == later.record.key
        and (earlier.call.fault is not None or earlier.call.status == later.call.status)
        for earlier, later in group.retries
    )


def _files_left(group: Group, evidence: Evidence, *, least: int = 1) -> Found:
    uploaded = [call.file_id or "" for call in group.calls if call.operation == "upload"]
    left = [file_id for file_id in uploaded if file_id in evidence.stored]
    return len(left) >= least and f"stored: {', '.join(left)}"


def _endless_paging(group: Group, evidence: Evidence) -> Found:
    # Empty pages end a loop, so code that asks for one again waits for new files.
    call, answers = group.calls[0], [attempt.record.outcome for attempt in group.attempts]
    full = [one for one in answers if isinstance(one, Reply) and not _EMPTY_PAGE.search(one.body)]
    return call.operation == "list" and "after" in call.query and len(full) > 2


def _used(group: Group, evidence: Evidence, *, status: str) -> Found:
    unready = group.attempts[0].record.unready_files
    used = [file_id for file_id, was in unready if was == status]
    return bool(used) and f"file {', '.join(used)}"


def _key_in_url(group: Group, evidence: Evidence) -> Found:
    # The journal has redacted all keys that the mock knows, and the values of parameters that are
    # secret by their name, such as `token`, which may hold something else than a key.
    call = group.calls[0]
    for name, value in call.query.items():
        if name.lower() in _KEY_PARAMETERS or (REDACTED in value and not is_secret_name(name)):
            return f"parameter {name!r}"
    return REDACTED in call.path and "in the path"


def _no_backoff(group: Group, evidence: Evidence) -> Found:
    # After a time-out the client has waited already; where it was told how long to wait, that is
    # judged by `retry_after_ignored`.
    waits = [
        earlier.waited(later)
        for earlier, later in group.retries
        if earlier.is_retryable and earlier.requested_wait is None and not earlier.timed_out
    ]
    if not waits:
        return False
    # urllib3's Retry waits only from the second retry on, so that the last wait says most.
    if waits[-1] < _AT_ONCE and not (len(waits) > 1 and waits[-1] > max(0.05, 1.5 * waits[0])):
        return f"again after {waits[-1]:.2f} s"
    # Two waits with jitter may be alike by chance, three hardly ever.
    tolerance = 0.01 + max(waits) * (0.1 if len(waits) > 2 else 0.01)
    is_constant = len(waits) > 1 and max(waits) - min(waits) <= tolerance
    return is_constant and f"again every {waits[-1]:.2f} s"


def _gave_up(group: Group, evidence: Evidence) -> Found:
    first = group.attempts[0]
    if len(group.attempts) > 1 or not first.is_retryable or _is_broken_download(first):
        return False
    # A repeated upload may be stored twice, so looking into the list first is right too.
    asked_again = first.call.operation == "upload" and any(
        (one.call.operation, one.call.user) == ("list", first.call.user)
        and one.record.number > first.record.number
        for one in evidence.attempts
    )
    return not asked_again and (first.requested_wait or 0.0) <= _LONGEST_WAIT


def _broken_download_kept(group: Group, evidence: Evidence) -> Found:
    broken = [attempt for attempt in group.attempts if _is_broken_download(attempt)]
    # Code that fetched it again, and got a broken one again, has tried.
    return broken == [group.attempts[-1]]


def _is_broken_download(attempt: Attempt) -> bool:
    return attempt.call.operation == "download" and attempt.trouble in ("cut", "altered")


def _no_timeout(group: Group, evidence: Evidence) -> Found:
    """On a port only the `openai` SDK for Python tells its timeout, when it has one."""
    call, headers = group.calls[0], group.calls[0].headers
    is_known = call.client != "wsgi" or headers.get("x-stainless-lang") == "python"
    is_set = group.attempts[0].record.read_timeout is not None
    return is_known and not (is_set or "x-stainless-read-timeout" in headers) and call.client


def _calls(evidence: Evidence) -> Iterable[Group]:
    return evidence.groups


def _each(evidence: Evidence) -> Iterable[Group]:
    return (Group((attempt,)) for attempt in evidence.attempts)


def _same_pages(evidence: Evidence) -> Iterable[Group]:
    """Successful lists of one user and client that follow one another with the same query."""
    pages = [one for one in evidence.attempts if one.call.operation == "list" and one.is_settled]
    # Two users, or two clients, may page at the same time: each has a run of its own.
    pages.sort(key=lambda one: (one.call.user or "", one.call.client))  # stable
    runs = groupby(pages, lambda one: (one.call.user, one.call.client, one.call.query))
    return (Group(tuple(run)) for _, run in runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of finding; `find` looks at calls, attempts, or runs of the same page: `over`."""

    kind: str
    level: Level
    meaning: str
    cure: str
    over: Callable[[Evidence], Iterable[Group]] = _calls
    find: Callable[[Group, Evidence], Found]


RULES: tuple[Rule, ...] = (
    Rule(
        kind="retry_after_ignored",
        level="error",
        meaning="tried again before Retry-After had passed",
        cure="honour Retry-After: the openai SDK does with max_retries >= 1, urllib3's Retry too.",
        find=_retry_after_ignored,
    ),
    Rule(
        kind="retried_non_retryable",
        level="error",
        meaning="sent the same request again after an answer that will not change",
        cure="retry only after 408, 409, 429, 5xx and broken connections.",
        find=_retried_non_retryable,
    ),
    Rule(
        kind="retry_storm",
        level="error",
        meaning=f"made more than {_MOST_ATTEMPTS} attempts at one call",
        cure="limit the attempts: max_retries=2, Retry(total=3), stop_after_attempt(3).",
        find=lambda group, _: len(group.attempts) > _MOST_ATTEMPTS,
    ),
    Rule(
        kind="duplicate_upload",
        level="error",
        meaning="left the same file stored twice after an answer that got lost",
        cure="look into the list before an upload is sent again (the openai SDK doesn't: give it "
        "max_retries=0 for uploads), or delete the copy.",
        find=partial(_files_left, least=2),
    ),
    Rule(
        kind="endless_paging",
        level="error",
        meaning="asked for the same page again and again",
        cure="stop at a page without new files; the iterator of the openai SDK only stops at "
        "has_more=false or an empty page, so read list().data instead.",
        over=_same_pages,
        find=_endless_paging,
    ),
    Rule(
        kind="failed_file_used",
        level="error",
        meaning="used a file whose processing had failed",
        cure="check the status: wait_for_processing() of the openai SDK returns on 'error', too.",
        over=_each,
        find=partial(_used, status="error"),
    ),
    Rule(
        kind="key_in_url",
        level="error",
        meaning="sent a key in the query or the path, which are written to logs",
        cure="send it in the header 'Authorization: Bearer <key>'.",
        over=_each,
        find=_key_in_url,
    ),
    Rule(
        kind="no_backoff",
        level="warning",
        meaning="tried again at once, or at a constant interval",
        cure="wait longer each time, with jitter: the openai SDK and stamina do, tenacity with "
        "wait_random_exponential(), urllib3 with Retry(backoff_factor=0.5).",
        find=_no_backoff,
    ),
    Rule(
        kind="gave_up",
        level="warning",
        meaning="did not try again after a failure that may pass",
        cure="retry: max_retries of the openai SDK, Retry of urllib3, tenacity, stamina.",
        find=_gave_up,
    ),
    Rule(
        kind="broken_download_kept",
        level="warning",
        meaning="got a truncated or corrupted download, and did not fetch it again",
        cure="compare the content with the known length or checksum, and fetch it again.",
        find=_broken_download_kept,
    ),
    Rule(
        kind="unprocessed_file_used",
        level="warning",
        meaning="used a file that was not processed yet",
        cure="wait for the status 'processed', as with wait_for_processing() of the openai SDK.",
        over=_each,
        find=partial(_used, status="uploaded"),
    ),
    Rule(
        kind="no_timeout",
        level="warning",
        meaning="has no read timeout, and would wait for ever when the service hangs",
        cure="give the client one, such as timeout=30.",
        over=_each,
        find=_no_timeout,
    ),
    Rule(
        kind="files_left",
        level="warning",
        meaning="uploaded files and never deleted them",
        cure="delete what is no longer needed, also after a failure (try/finally).",
        over=_each,
        find=_files_left,
    ),
)
