"""What the rules on clients find: how the client of the code is made."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from .attempts import Attempt, Group
from .evidence import Evidence
from .rules import Found, Rule, single_attempts


def _key_in_url(group: Group, evidence: Evidence) -> Found:
    return group.first.record.key_in_url or False


def _key_over_http(group: Group, evidence: Evidence) -> Found:
    record = group.first.record
    sender = record.sender
    if sender is None or sender.scheme != "http" or not sender.is_in_process:
        return False
    headers = record.call.headers
    host = headers.get("host", "")
    has_key = "authorization" in headers or "x-api-key" in headers or record.key_in_url is not None
    return f"to {host or 'another machine'}" if has_key and not _LOOPBACK.match(host) else False


_LOOPBACK = re.compile(r"(localhost|[\w.-]+\.localhost|127\.[\d.]+|\[::1\])(:|$)", re.IGNORECASE)


def _client_across_loops(group: Group, evidence: Evidence) -> Found:
    # Without kept connections there is nothing that belongs to a loop.
    loops = {id(one.record.sender.loop) for one in group.attempts if one.record.sender}
    return f"in {len(loops)} event loops" if len(loops) > 1 else False


def _clients(evidence: Evidence) -> Iterator[Group]:
    """The attempts of each async client."""
    found: dict[int, list[Attempt]] = defaultdict(list)
    for one in evidence.attempts:
        sender = one.record.sender
        is_kept = one.call.headers.get("connection", "").lower() != "close"
        if sender is not None and sender.client is not None and is_kept:
            found[id(sender.client)].append(one)
    return (Group(tuple(attempts)) for attempts in found.values())


def _no_timeout(group: Group, evidence: Evidence) -> Found:
    """On a port only the `openai` SDK for Python tells its timeout, when it has one."""
    record = group.first.record
    if record.read_timeout is not None:
        return False
    call, sender = record.call, record.sender
    is_known = (sender is not None and sender.is_in_process) or (
        call.headers.get("x-stainless-lang") == "python"
    )
    is_set = "x-stainless-read-timeout" in call.headers
    has_deadline = sender is not None and sender.has_deadline
    return call.client if is_known and not (is_set or has_deadline) else False


ON_CLIENTS: tuple[Rule, ...] = (
    Rule(
        kind="key_in_url",
        level="error",
        meaning="sent a key in the query or the path, which are written to logs",
        find=_key_in_url,
        over=single_attempts,
        cures={
            "": "send it in the header 'Authorization: Bearer <key>'.",
            "openai": "pass it as api_key=..., which goes into the header.",
        },
    ),
    Rule(
        kind="key_over_http",
        level="error",
        meaning="sent a key to another machine over http://, where others can read it",
        find=_key_over_http,
        over=single_attempts,
        cures={
            "": "write https:// in the base URL.",
        },
    ),
    Rule(
        kind="client_across_loops",
        level="error",
        meaning="used one async client in two event loops, where its kept connections fail",
        find=_client_across_loops,
        over=_clients,
        cures={
            "": "make the client within the coroutine that asyncio.run() runs (async with), or run "
            "everything in one event loop.",
            "openai": "make AsyncOpenAI() within the coroutine that asyncio.run() runs (async "
            "with), or run everything in one event loop.",
        },
    ),
    Rule(
        kind="no_timeout",
        level="warning",
        meaning="has no read timeout, and would wait for ever when the service hangs",
        find=_no_timeout,
        over=single_attempts,
        cures={
            "": "give the client a timeout.",
            "httpx": "leave out timeout=None: the default is 5 s; or Client(timeout=30).",
            "requests": "pass timeout=30 with each request: requests has no default.",
            "urllib3": "pass timeout=30: urllib3 has no default.",
            "aiohttp": "ClientSession(timeout=ClientTimeout(total=30)).",
            "http.client": "pass timeout=30: without it, the default of sockets is none.",
            "openai": "leave out timeout=None: the default is 600 s; or OpenAI(timeout=60).",
        },
    ),
)
