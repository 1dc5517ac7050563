"""One program of client operations, three times: in process, on a port, and against a real server.

The real server is a raw socket that repeats, byte for byte, what was recorded on the port. What can
be observed of each answer is compared, attribute by attribute; `DIFFERENT` is what may differ, and
the page about in process and on a port says so.
"""

from __future__ import annotations

import importlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
import requests

from eugpt_files_mock import FilesMock

from ..conftest import WAYS, entered

AUTH = {"Authorization": "Bearer eugpt_test"}
CONTENT = b"one\r\ntwo\nthree" * 3
DIFFERENT = "`network_stream` among the `extensions` of an answer of httpx"
PAGE = Path(__file__).parents[2] / "docs" / "in-process-and-on-a-port.md"

Facts = dict[str, Any]


def of_any(answer: Any) -> Facts:
    """What httpx and requests have in common."""
    return {
        "status": answer.status_code,
        "headers": [name.lower() for name in answer.headers],
        "cookies": dict(answer.cookies),
        "history": answer.history,
        "encoding": answer.encoding,
        "elapsed": isinstance(answer.elapsed, timedelta) and answer.elapsed > timedelta(0),
        "content": answer.content,
        "method": answer.request.method,
        "sent": [name.lower() for name in answer.request.headers],
        "links": answer.links,
    }


def of_httpx(answer: Any) -> Facts:
    names = ("reason_phrase", "http_version", "is_closed", "is_stream_consumed", "next_request")
    more = {name: getattr(answer, name) for name in (*names, "num_bytes_downloaded")}
    return of_any(answer) | more | {"extensions": sorted({*answer.extensions} - {"network_stream"})}


def by_httpx(library: str, url: str) -> Facts:
    it, fired = importlib.import_module(library), []
    hooks = {
        "request": [lambda _: fired.append("request")],
        "response": [lambda _: fired.append("response")],
    }
    with it.Client(verify=False, headers=AUTH, event_hooks=hooks) as client:
        facts = of_httpx(client.get(url)) | {"hooks": fired}
        for how in ("iter_bytes", "iter_raw"):
            with client.stream("GET", url) as answer:
                facts[how] = list(getattr(answer, how)(7))
        with client.stream("GET", url) as answer:
            facts["iter_lines"] = list(answer.iter_lines())
        with client.stream("GET", url) as answer:
            facts["partly"] = next(answer.iter_bytes(5)), answer.is_closed
        facts["closed"] = answer.is_closed, answer.is_stream_consumed, raised(answer.read)
    return facts


async def _by_httpx_async(library: str, url: str) -> Facts:
    it = importlib.import_module(library)
    async with it.AsyncClient(verify=False, headers=AUTH) as client:
        facts = of_httpx(await client.get(url))
        for how in ("aiter_bytes", "aiter_raw"):
            async with client.stream("GET", url) as answer:
                facts[how] = [piece async for piece in getattr(answer, how)(7)]
        async with client.stream("GET", url) as answer:
            facts["aiter_lines"] = [line async for line in answer.aiter_lines()]
        async with client.stream("GET", url) as answer:
            facts["open"] = answer.is_closed
        facts["closed"] = answer.is_closed, answer.is_stream_consumed
    return facts


def by_httpx_async(library: str, url: str) -> Facts:
    return anyio.run(_by_httpx_async, library, url)


def by_requests(url: str) -> Facts:
    fired: list[str] = []
    with requests.Session() as session:
        session.headers.update(AUTH)
        get = partial(session.get, url, timeout=5)
        answer = get(hooks={"response": lambda *_, **__: fired.append("response")})
        names = ("reason", "ok", "is_redirect", "is_permanent_redirect", "apparent_encoding")
        facts = of_any(answer) | {name: getattr(answer, name) for name in names}
        facts |= {"hooks": fired, "raw": of_raw(get(stream=True).raw)}
        facts["iter_content"] = list(get(stream=True).iter_content(7))
        facts["iter_lines"] = list(get(stream=True).iter_lines())
        partly = get(stream=True)
        facts["partly"] = next(partly.iter_content(5)), raised(lambda: partly.content)
        partly.close()
        facts["closed"] = partly.raw.closed
    return facts


def of_raw(raw: Any) -> Facts:
    facts = {"status": raw.status, "reason": raw.reason, "version": raw.version}
    facts |= {"headers": [name.lower() for name in raw.headers], "length": raw.length_remaining}
    facts["reads"] = [raw.read(5), raw.tell(), raw.closed, raw.read(), raw.read(), raw.closed]
    return facts | {"after": [raw.length_remaining, raw.retries.total, raised(raw.release_conn)]}


def raised(function: Callable[[], Any]) -> Any:
    try:
        function()
    except Exception as error:  # noqa: BLE001 - its class is what is compared
        return type(error).__name__
    return None


PROGRAM: dict[str, Callable[[str], Facts]] = {
    "httpx": partial(by_httpx, "httpx"),
    "httpx2": partial(by_httpx, "httpx2"),
    "httpx async": partial(by_httpx_async, "httpx"),
    "httpx2 async": partial(by_httpx_async, "httpx2"),
    "requests": by_requests,
}


@contextmanager
def repeating(url: str) -> Iterator[str]:
    """The same URL of a server that repeats the answer for it."""
    host, _, path = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    request = (
        f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {AUTH['Authorization']}\r\n\r\n"
    )
    with socket.create_connection((name, int(port))) as connection:
        connection.sendall(request.encode())
        answer = b""
        while CONTENT not in answer and b'"object"' not in answer and b'"error"' not in answer:
            piece = connection.recv(65536)
            assert piece, answer
            answer += piece
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), partial(Repeating, answer)) as server:
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/{path}"
        finally:
            server.shutdown()


class Repeating(socketserver.BaseRequestHandler):
    """Answers every request on a connection with the same bytes."""

    def __init__(self, answer: bytes, *arguments: Any) -> None:
        self.answer = answer
        super().__init__(*arguments)

    def handle(self) -> None:
        received = b""
        while piece := self.request.recv(65536):
            received += piece
            if received.endswith(b"\r\n\r\n"):
                self.request.sendall(self.answer)
                received = b""


def seen(client: str, path: str) -> dict[str, Facts]:
    found = {}
    for way in WAYS:
        mock = FilesMock(seed=7, clock=lambda: 1_700_000_000)
        with ExitStack() as stack:
            stack.enter_context(mock if way == "in process" else mock.serve())
            mock.add_file("a.txt", CONTENT, id="123e4567-e89b-12d3-a456-426614174000")
            url = f"{mock.base_url}{path}"
            found[way] = PROGRAM[client](url)
            if way == "on a port":
                found["a real server"] = PROGRAM[client](stack.enter_context(repeating(url)))
    return found


PATHS = {
    "list": "/files",
    "download": "/files/123e4567-e89b-12d3-a456-426614174000/content",
    "not found": "/files/gone",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("client", PROGRAM)
def test_all_that_can_be_observed_is_the_same(client: str, path: str) -> None:
    """Headers, hooks, partial reads: all but the `network_stream` of httpx, as the page says."""
    pytest.importorskip(client.split(maxsplit=1)[0])
    found = seen(client, path)
    real = found.pop("a real server")
    for way, facts in found.items():
        differing = {name for name, fact in facts.items() if fact != real[name]}
        assert {} == {f"{way}: {name}": (facts[name], real[name]) for name in differing}


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_what_differs_is_on_the_page(library: str) -> None:
    """A plain answer in process comes from no stream of the network."""
    it = pytest.importorskip(library)
    extensions = []
    for way in WAYS:
        with entered(way) as mock:
            extensions.append({*it.get(f"{mock.base_url}/files", headers=AUTH).extensions})
    assert {"network_stream"} == extensions[1] - extensions[0]
    assert f"| {DIFFERENT} |" in PAGE.read_text(encoding="utf-8")
