"""How to mend what was found: for the client that was seen, or for any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..model.messages import Call

Cures = Mapping[str, str]
"""By client, such as `requests`; the empty name is for all others."""

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
    if call.client in ("httpx", "httpx2", "requests", "urllib3", "http.client", "aiohttp"):
        return call.client.removesuffix("2")
    agent = call.headers.get("user-agent", "").lower()
    known = (name for start, name in _AGENTS.items() if start in agent)
    return next(known, "")


def advice(kind: str, calls: Iterable[Call]) -> str:
    """What mends it, with the client that was seen; for several clients, what is right for all."""
    cures, clients = CURES[kind], {client_of(call) for call in calls}
    return cures.get(clients.pop(), cures[""]) if len(clients) == 1 else cures[""]


_URLLIB3 = "Retry(total=3, backoff_factor=0.5, status_forcelist=[429, 500, 502, 503, 504])"
_MOUNTED = f"session.mount('https://', HTTPAdapter(max_retries={_URLLIB3}))"
_TENACITY = (
    "@tenacity.retry(wait=wait_exponential_jitter(initial=0.5), stop=stop_after_attempt(3)) around "
    "the call"
)

CURES: Mapping[str, Cures] = {
    "retry_after_ignored": {
        "": "wait as many seconds as Retry-After says, or until the time that it names "
        "(email.utils.parsedate_to_datetime), before the next attempt.",
        "openai": "leave retries to the client: OpenAI(max_retries=2) honours Retry-After, and a "
        "loop around it doesn't.",
        "requests": f"{_MOUNTED}: it honours Retry-After, a number or a date.",
        "urllib3": f"pass retries={_URLLIB3}: it honours Retry-After, a number or a date.",
    },
    "retried_non_retryable": {
        "": "try again only after 408, 409, 429, 5xx and broken connections; what else is refused "
        "has to be corrected.",
        "requests": "list in status_forcelist only 429, 500, 502, 503 and 504, and let an own loop "
        "end for all other statuses.",
        "openai": "leave retries to the client: OpenAI(max_retries=2) tries again only where that "
        "can help.",
    },
    "retry_storm": {
        "": "limit the attempts at one call to about three, in one place: a loop around a client "
        "that retries by itself multiplies them.",
        "openai": "limit the attempts in one place: OpenAI(max_retries=2) and no loop around it, "
        "or max_retries=0 and a loop of three.",
        "requests": "limit the attempts in one place: Retry(total=3), and no loop around it.",
    },
    "duplicate_upload": {
        "": "when an answer got lost, look into the list before the upload is sent again, or "
        "delete the copy.",
        "openai": "client.with_options(max_retries=0).files.create(...), and look into the list "
        "before the upload is sent again.",
        "requests": "leave POST out of Retry(allowed_methods=...), as it is by default, and look "
        "into the list before the upload is sent again.",
    },
    "orphan_left": {
        "": "when an answer got lost, look into the list for the copy, and delete it too.",
    },
    "retry_sent_other_content": {
        "": "give each attempt the whole content: bytes, or a file that is rewound by seek(0) or "
        "opened anew before each attempt. What can't be rewound is read into memory first.",
    },
    "duplicate_post": {
        "": "send the same Idempotency-Key with each attempt, or look whether the first one took "
        "effect before it is sent again.",
        "openai": "client.with_options(max_retries=0), or extra_headers={'Idempotency-Key': ...}; "
        "or look whether the first one took effect before it is sent again.",
        "requests": "leave POST out of Retry(allowed_methods=...), as it is by default, or send an "
        "Idempotency-Key.",
    },
    "endless_paging": {
        "": "stop at a page without new files, and give the last id of each page as the next "
        "'after'.",
        "openai": "read list().data instead of iterating: the iterator only stops at "
        "has_more=false or at an empty page.",
    },
    "failed_file_used": {
        "": "look at the status first: 'error' is final, and the file can't be used.",
        "openai": "look at the status that files.wait_for_processing() returns: it returns on "
        "'error' too.",
    },
    "failed_file_polled": {
        "": "stop waiting at 'error' as at 'processed', and give up after some time.",
        "openai": "stop waiting at 'error' as at 'processed': files.wait_for_processing() does.",
    },
    "delete_retried_after_404": {
        "": "take 404 for success when a delete was sent again: the file is gone.",
    },
    "paged_after_deleted": {
        "": "read all pages first and delete then, or ask for the first page again until it is "
        "empty.",
        "openai": "make a list of the iterator before the first delete: list(client.files.list()).",
    },
    "key_in_url": {
        "": "send it in the header 'Authorization: Bearer <key>'.",
        "openai": "pass it as api_key=..., which goes into the header.",
    },
    "key_over_http": {
        "": "write https:// in the base URL.",
    },
    "client_across_loops": {
        "": "make the client within the coroutine that asyncio.run() runs (async with), or run "
        "everything in one event loop.",
        "openai": "make AsyncOpenAI() within the coroutine that asyncio.run() runs (async with), "
        "or run everything in one event loop.",
    },
    "no_backoff": {
        "": "wait longer each time, and not all clients alike: 0.5 s, 1 s, 2 s, each with some "
        "jitter.",
        "openai": "leave retries to the client: OpenAI(max_retries=2) waits longer each time, with "
        "jitter.",
        "httpx": f"{_TENACITY}.",
        "aiohttp": f"{_TENACITY}.",
        "requests": f"{_MOUNTED}.",
        "urllib3": f"pass retries={_URLLIB3}.",
    },
    "busy_polling": {
        "": "wait between two polls: a second, then longer.",
        "openai": "files.wait_for_processing(file_id, poll_interval=1) waits between its polls.",
    },
    "gave_up": {
        "": "try again, at most three times, and wait longer each time.",
        "openai": "OpenAI(max_retries=2), which is the default, tries again.",
        "httpx": f"{_TENACITY}; HTTPTransport(retries=...) only tries to connect again.",
        "aiohttp": f"{_TENACITY}.",
        "requests": f"{_MOUNTED}; for POST, allowed_methods=None too.",
        "urllib3": f"pass retries={_URLLIB3}; for POST, allowed_methods=None too.",
    },
    "broken_download_kept": {
        "": "compare the content with the file's length ('bytes') or with a checksum, and fetch it "
        "again.",
    },
    "unprocessed_file_used": {
        "": "wait for the status 'processed' first, and stop at 'error'.",
        "openai": "files.wait_for_processing(file_id) first, and look at the status that it "
        "returns.",
    },
    "no_timeout": {
        "": "give the client a time-out.",
        "httpx": "leave out timeout=None: the default is 5 s; or Client(timeout=30).",
        "requests": "pass timeout=30 with each request: requests has no default.",
        "urllib3": "pass timeout=30: urllib3 has no default.",
        "aiohttp": "ClientSession(timeout=ClientTimeout(total=30)).",
        "http.client": "pass timeout=30: without it, the default of sockets is none.",
        "openai": "leave out timeout=None: the default is 600 s; or OpenAI(timeout=60).",
    },
    "files_left": {
        "": "delete what is no longer needed, also after a failure (try/finally).",
    },
}
"""For each kind, what to do; by the client that was seen, where that differs."""
