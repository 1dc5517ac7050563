"""A fuzzer: thousands of altered uploads, to the service, the WSGI application, and a socket.

Each is answered in good order: stored whole and shown as it is stored, or refused without a trace.
5,000 in CI, always the same; 100,000 in the nightly session, each night others.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable

import pytest

from eugpt_files_mock import FilesMock
from eugpt_files_mock.model.headers import Headers
from eugpt_files_mock.model.messages import Reply, Request
from eugpt_files_mock.service.handle import handle

from .effort import EFFORT, IS_NIGHTLY
from .fuzz_cases import MOST_BYTES, Mutant, mutant
from .sockets import exchange, status_of

SEED = random.SystemRandom().randrange(10**9) if IS_NIGHTLY else 1
COUNTS = {"service": 3_500 * EFFORT, "wsgi": 1_300 * EFFORT, "socket": 200 * EFFORT}
ALLOWED = {200, 400, 413, 415}
AUTHORIZATION = "Bearer eugpt_key"

Send = Callable[[FilesMock, Mutant], tuple[int | None, bytes]]


def to_service(mock: FilesMock, sent: Mutant) -> tuple[int | None, bytes]:
    fields = (("authorization", AUTHORIZATION), ("content-type", sent.content_type))
    request = Request(
        method="POST",
        path="/v1/files",
        resource="/files",
        query="",
        headers=Headers([*fields, *sent.headers]),
        body=sent.body,
        client="httpx",
    )
    outcome = handle(mock._service, request)
    assert isinstance(outcome, Reply)
    return outcome.status, outcome.body


def to_wsgi(mock: FilesMock, sent: Mutant) -> tuple[int | None, bytes]:
    started: list[str] = []
    extra = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in sent.headers}
    environ = extra | {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/v1/files",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": sent.content_type,
        "CONTENT_LENGTH": str(len(sent.body)),
        "HTTP_AUTHORIZATION": AUTHORIZATION,
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(sent.body),
        "wsgi.errors": io.StringIO(),
    }
    body = b"".join(mock.wsgi_app(environ, lambda status, *_: started.append(status)))
    return int(started[0].split()[0]), body


def to_socket(mock: FilesMock, sent: Mutant) -> tuple[int | None, bytes]:
    lines = [
        "POST /v1/files HTTP/1.1",
        "Host: localhost",
        f"Authorization: {AUTHORIZATION}",
        f"Content-Type: {sent.content_type}",
        f"Content-Length: {len(sent.body)}",
        *(f"{name}: {value}" for name, value in sent.headers),
    ]
    answer = exchange(mock, "\r\n".join([*lines, "", ""]).encode("latin-1"), sent.body)
    return status_of(answer), answer.partition(b"\r\n\r\n")[2]


DOORS: dict[str, Send] = {"service": to_service, "wsgi": to_wsgi, "socket": to_socket}


@pytest.mark.parametrize("share", range(5))
@pytest.mark.parametrize("door", DOORS)
def test_what_is_altered_is_stored_whole_or_not_at_all(door: str, share: int) -> None:
    """By the service, WSGI and a socket; a failure shows the seed that repeats its upload."""
    mock = FilesMock(max_file_bytes=MOST_BYTES)
    seen: set[int | None] = set()
    with mock.serve():
        for number in range(share, COUNTS[door], 5):
            seed = f"{SEED}/{door}/{number}"
            sent = mutant(seed)
            status, body = DOORS[door](mock, sent)
            seen.add(status)
            assert status in ALLOWED, (seed, sent)
            assert _is_sound(mock, sent, status, body), (seed, sent, body)
            mock.reset()

    assert seen >= {200, 400}


def _is_sound(mock: FilesMock, sent: Mutant, status: int | None, body: bytes) -> bool:
    """Whether what is stored is what was sent, and what is answered."""
    answer = json.loads(body)
    if status != 200:
        return len(mock.files) == 0 and bool(answer["error"]["code"])
    (file,) = mock.files
    shown = (answer["id"], answer["filename"], answer["purpose"], answer["bytes"])
    return (
        shown == (file.id, file.filename, file.purpose, len(file.content))
        and bool(file.filename and file.purpose)
        and b"\r\n\r\n" + file.content + b"\r\n--" in sent.body
    )
