"""What the rules on retries find: how the code tried again, or gave up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable
from itertools import pairwise

from .attempts import AT_ONCE, NO_SLEEP, NON_RETRYABLE, Attempt, Group, Pause
from .calls import HONOURED, Lane, exactly, subject
from .evidence import Evidence
from .rules import (
    NO_PAUSE,
    Found,
    Rule,
    between,
    by_sender_and,
    json_of,
    retried_by_anyone,
    within_one_run,
)

_FREE_WAIT = 0.01
"""Seconds; `rate_limited()` asks for a millisecond, so that retries cost no time: not judged."""

_LONGEST_WAIT = 120.0
"""Seconds; the `openai` SDK honours no longer `Retry-After` (SDK source), so giving up is right."""

_MOST_ATTEMPTS = 10

_POLL_WAIT = 1.0
"""Seconds; who asks no more often polls, even if it is told of a failure each time."""


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
        one.call.method != "GET" and one.is_success for one in between(earlier, later, evidence)
    )


def _may_not_be_seen_yet(attempt: Attempt, evidence: Evidence) -> bool:
    """Whether a file isn't found that the code has just uploaded."""
    return attempt.status == 404 and attempt.call.file_id in evidence.uploaded


def _retry_storm(group: Group, evidence: Evidence) -> Found:
    attempts = _most_of_one_lane(group, evidence)
    if attempts <= _MOST_ATTEMPTS:
        return False
    # Who polls every few seconds through an outage does no harm.
    is_poll = group.first.call.method == "GET" and all(
        earlier.waited(later) >= _POLL_WAIT for earlier, later in group.retries
    )
    return f"{attempts} attempts" if not is_poll else False


def _most_of_one_lane(group: Group, evidence: Evidence) -> int:
    """How many attempts were made at least: those over other connections may be others'."""
    senders = Counter(map(evidence.sender, group.attempts))
    is_on_a_port = all(isinstance(one, Lane) for one in senders)
    return max(senders.values()) if is_on_a_port else len(group.attempts)


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
            one.call.path for one in between(earlier, later, evidence) if one.call.method == "GET"
        }
        if path not in looked and path.rpartition("/")[0] not in looked:
            return f"{len(done)} times"
    return False


_ASKING = re.compile(
    r"search|query|queries|lookup|count|find|filter|validate|estimate|preview|tokenize|embeddings"
    r"|moderations|graphql|rerank|classify|(count_|input_)?tokens|cancel|abort|archive|unarchive",
)
"""Last segments of paths where a POST creates nothing, or has the same effect if it is repeated."""


def _only_asks(done: list[Attempt]) -> bool:
    """Whether the POST creates nothing, as its path or its answer says.

    To a thing itself, as `/vector_stores/{id}`, it is an update.
    """
    if (done[0].call.operation or "").endswith("}"):
        return True
    segment = done[0].call.path.rpartition("/")[2].lstrip("_:").rpartition(":")[2]
    answers = [json_of(one) for one in done]
    lists = [one for one in answers if isinstance(one, dict) and "data" in one and "id" not in one]
    return _ASKING.fullmatch(segment) is not None or bool(lists)


def _delete_retried_after_404(group: Group, evidence: Evidence) -> Found:
    gone = [n for n, one in enumerate(group.attempts) if one.status == 404 and not one.call.fault]
    if not gone or gone[0] == len(group.attempts) - 1:
        return False
    # Two cleaners may find that a file is gone; who has lost an answer, or waits, tries again.
    had_failed = any(one.is_retryable for one in group.attempts[: gone[0]])
    is_retry = len(gone) > 2 and all(
        earlier.pause(later).slept >= 0.5 * AT_ONCE for earlier, later in group.retries
    )
    return f"{len(gone)} times" if had_failed or is_retry else False


def _deleted(attempt: Attempt) -> Hashable:
    call = attempt.call
    return (call.path, call.user) if call.operation == "delete" else None


def _no_backoff(group: Group, evidence: Evidence) -> Found:
    # After a timeout the client has waited already; where it was told how long to wait, that is
    # judged by `retry_after_ignored`.
    judged = [
        (earlier, later)
        for earlier, later in group.retries
        if earlier.is_retryable
        and earlier.requested_wait is None
        and not earlier.timed_out
        and earlier.is_wait_known(later)
        and not _may_be_of_another(earlier, later, evidence)
    ]
    pauses = [earlier.pause(later) for earlier, later in judged]
    if not pauses or _is_polling(group, pauses, evidence):
        return False
    waits = _waits(pauses)
    if len(pauses) == 1 and _may_be_of_the_library(*judged[0], evidence):
        return False
    # Full jitter may make one of several waits short; urllib3's first retry comes without any.
    if _are_none(pauses):
        return f"again after {max(waits[-1], 0.0):.2f} s"
    # Those who share a pool of connections seem to try again in turn.
    if (group.first.call.user, subject(group.first.record)) in evidence.shared:
        return False
    return f"again every {waits[-1]:.2f} s" if _are_alike(pauses, evidence) else False


def _waits(pauses: list[Pause]) -> list[float]:
    """How long the code waited each time; if it never slept, it has waited by its work."""
    waits = [pause.slept for pause in pauses]
    return waits if max(waits) >= NO_SLEEP else [pause.on_a_quiet_machine for pause in pauses]


def _are_alike(pauses: list[Pause], evidence: Evidence) -> bool:
    """Whether the interval is constant."""
    waits = _waits(pauses)
    is_exact = all(pause.is_exact for pause in pauses)
    # Two waits with jitter may be alike by chance, three hardly ever; and what a busy machine adds
    # to two waits makes some alike that aren't.
    if len(waits) < 2 or (len(waits) == 2 and not is_exact and evidence.is_machine_busy):
        return False
    tolerance = (0.004 if is_exact else 0.01) + max(waits) * (0.1 if len(waits) > 2 else 0.01)
    return max(waits) - min(waits) <= tolerance


def _are_none(pauses: list[Pause]) -> bool:
    """Whether the code tried again at once each time."""
    none = sum(pause.is_none for pause in pauses)
    # On a busy machine, some of many come late.
    if len(pauses) >= _MANY:
        return none >= 0.75 * len(pauses)
    first, last = pauses[0].slept, pauses[-1].slept
    is_growing = len(pauses) > 1 and last > max(0.05, 1.5 * first)
    return none == len(pauses) and not is_growing


_MANY = 6


def _may_be_of_another(earlier: Attempt, later: Attempt, evidence: Evidence) -> bool:
    """Whether it came over another connection of the port, beside the first."""
    first, second = evidence.sender(earlier), evidence.sender(later)
    return isinstance(first, Lane) and first != second


def _may_be_of_the_library(earlier: Attempt, later: Attempt, evidence: Evidence) -> bool:
    """Whether a single retry at once may be the client library's own."""
    agent = later.call.headers.get("user-agent", "").lower()
    client = later.call.client
    # `Retry(backoff_factor=0.5)` of urllib3 waits only from its second retry on.
    if client in ("requests", "urllib3") or agent.startswith(("python-requests", "python-urllib3")):
        return True
    # Several libraries take a connection that was kept, and has ended, for a stale one.
    if later.call.method not in _IDEMPOTENT or earlier.trouble not in ("reset", "empty"):
        return False
    sender = later.record.sender
    is_on_a_port = sender is not None and not sender.is_in_process
    may_be_kept = evidence.positions[earlier.record.number] > 0
    return (is_on_a_port and later.call.method == "GET") or (client == "aiohttp" and may_be_kept)


_IDEMPOTENT = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")
"""The methods that aiohttp sends again by itself."""


def _is_polling(group: Group, pauses: list[Pause], evidence: Evidence) -> bool:
    """Whether the code asks as often when nothing fails: then each poll is one of its own."""
    first = group.first
    before = evidence.asked_before.get(first.record.number)
    if before is None or not before.is_success:
        return False
    usual = before.pause(first)
    if min(pause.length for pause in pauses) >= 0.8 * usual.length - NO_PAUSE:
        return True
    # It may have had more to do when nothing had failed.
    shortest = min(pause.slept for pause in pauses)
    return usual.slept >= NO_SLEEP and shortest >= 0.8 * usual.slept - NO_PAUSE


def _gave_up(group: Group, evidence: Evidence) -> Found:
    first = group.first
    if len(group.attempts) > 1 or not first.is_retryable or _is_broken_download(first):
        return False
    if first.call.request_id in evidence.waiting or evidence.still_waits(first):
        return False
    # The application had a deadline of its own.
    if first.trouble == "gone" or first.answer.get("x-should-retry", "").lower() == "false":
        return False
    asked = first.requested_wait or 0.0
    is_waiting = asked > _FREE_WAIT and evidence.since(first) < asked
    if is_waiting or asked > _LONGEST_WAIT:
        return False
    return not evidence.was_gone_on_with(first)


def _broken_download_kept(group: Group, evidence: Evidence) -> Found:
    broken = [one for one in group.attempts if _is_broken_download(one)]
    # Code that fetched it again, and got a broken one again, has tried.
    is_kept = broken == [group.last] and not evidence.still_waits(group.last)
    return is_kept and not evidence.was_gone_on_with(group.last)


def _is_broken_download(attempt: Attempt) -> bool:
    return attempt.call.operation == "download" and attempt.trouble in ("cut", "altered")


_URLLIB3 = "Retry(total=3, backoff_factor=0.5, status_forcelist=[429, 500, 502, 503, 504])"

_MOUNTED = f"session.mount('https://', HTTPAdapter(max_retries={_URLLIB3}))"

_TENACITY = (
    "@tenacity.retry(wait=wait_exponential_jitter(), stop=stop_after_attempt(3)) around the call"
)

ON_RETRIES: tuple[Rule, ...] = (
    Rule(
        kind="retry_after_ignored",
        level="error",
        meaning="tried again before Retry-After had passed",
        find=_retry_after_ignored,
        is_about_time=True,
        cures={
            "": "wait as many seconds as Retry-After says, or until the time that it names "
            "(email.utils.parsedate_to_datetime), before the next attempt.",
            "openai": "leave retries to the client: OpenAI(max_retries=2) honours Retry-After, "
            "and a loop around it doesn't.",
            "requests": f"{_MOUNTED}: it honours Retry-After, a number or a date.",
            "urllib3": f"pass retries={_URLLIB3}: it honours Retry-After, a number or a date.",
        },
    ),
    Rule(
        kind="retried_non_retryable",
        level="error",
        meaning="sent the same request again after an answer that will not change",
        find=_retried_non_retryable,
        cures={
            "": "try again only after 408, 409, 429, 5xx and broken connections; what else is "
            "refused has to be corrected, and a loop that waits for something ends there.",
            "requests": "list in status_forcelist only 429, 500, 502, 503 and 504, and let an own "
            "loop end for all other statuses.",
            "openai": "leave retries to the client: OpenAI(max_retries=2) tries again only where "
            "that can help.",
        },
    ),
    Rule(
        kind="retry_storm",
        level="error",
        meaning=f"made more than {_MOST_ATTEMPTS} attempts at one call",
        find=_retry_storm,
        cures={
            "": "limit the attempts at one call to about three, in one place: a loop around a "
            "client that retries by itself multiplies them.",
            "openai": "limit the attempts in one place: OpenAI(max_retries=2) and no loop around "
            "it, or max_retries=0 and a loop of three.",
            "requests": "limit the attempts in one place: Retry(total=3), and no loop around it.",
        },
    ),
    Rule(
        kind="retry_sent_other_content",
        level="error",
        meaning="sent a failed request again with an empty body, or with only the rest of it",
        find=_retry_sent_other_content,
        cures={
            "": "give each attempt the whole content: bytes, or a file that is rewound by seek(0) "
            "or opened anew before each attempt. What can't be rewound is read into memory first.",
        },
    ),
    Rule(
        kind="duplicate_post",
        level="error",
        meaning="sent a POST again after an answer that got lost, without an Idempotency-Key",
        find=_duplicate_post,
        over=retried_by_anyone,
        cures={
            "": "send the same Idempotency-Key with each attempt, or look whether the first one "
            "took effect before it is sent again.",
            "openai": "client.with_options(max_retries=0), or extra_headers={'Idempotency-Key': "
            "...}; or look whether the first one took effect before it is sent again.",
            "requests": "leave POST out of Retry(allowed_methods=...), as it is by default, or "
            "send an Idempotency-Key.",
        },
    ),
    Rule(
        kind="delete_retried_after_404",
        level="error",
        meaning="sent a delete again after 404, which says that the file is gone",
        find=_delete_retried_after_404,
        over=within_one_run(by_sender_and(_deleted)),
        cures={
            "": "take 404 for success when a delete was sent again: the file is gone.",
        },
    ),
    Rule(
        kind="no_backoff",
        level="warning",
        meaning="tried again at once, or at a constant interval",
        find=_no_backoff,
        is_about_time=True,
        cures={
            "": "wait longer each time, and not all clients alike: 0.5 s, 1 s, 2 s, each with some "
            "jitter.",
            "openai": "leave retries to the client: OpenAI(max_retries=2) waits longer each time, "
            "with jitter.",
            "httpx": f"{_TENACITY}.",
            "aiohttp": f"{_TENACITY}.",
            "requests": f"{_MOUNTED}.",
            "urllib3": f"pass retries={_URLLIB3}.",
        },
    ),
    Rule(
        kind="gave_up",
        level="warning",
        meaning="did not try again after a failure that may pass",
        find=_gave_up,
        cures={
            "": "try again, at most three times, and wait longer each time.",
            "openai": "OpenAI(max_retries=2), which is the default, tries again.",
            "httpx": f"{_TENACITY}; HTTPTransport(retries=...) only tries to connect again.",
            "aiohttp": f"{_TENACITY}.",
            "requests": f"{_MOUNTED}; for POST, allowed_methods=None too.",
            "urllib3": f"pass retries={_URLLIB3}; for POST, allowed_methods=None too.",
        },
    ),
    Rule(
        kind="broken_download_kept",
        level="warning",
        meaning="got a truncated or corrupted download, and did not fetch it again",
        find=_broken_download_kept,
        cures={
            "": "compare the content with the file's length ('bytes') or with a checksum, and "
            "fetch it again.",
        },
    ),
)
