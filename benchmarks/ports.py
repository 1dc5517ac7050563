"""On a port: requests per second under `wrk`, one client in sequence, and a large file up and down.

Each server runs in a process of its own, and they take turns under the same load.
"""

from __future__ import annotations

import atexit
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import httpx

from .measure import Measured, Unavailable, ratio, summary
from .table import Row

_SECONDS = 1
_KEY = "Authorization: Bearer eugpt_benchmark"
_HEADERS = {"Authorization": "Bearer eugpt_benchmark"}
_LARGE = 128 * 1024 * 1024

_OTHERS: dict[str, tuple[str, dict[int, float]]] = {
    "hello": ('a bare Werkzeug "hello", threaded', {4: 2.5, 50: 2.5}),
    "httpserver, threaded": ("pytest-httpserver with static JSON, threaded", {4: 1.0, 50: 1.0}),
    "aimock": ("aimock (Node), the same call", {1: 1.0, 4: 0.4, 50: 0.4}),
}
"""Server → what it is, and by the number of connections which multiple of its requests per second
we are to reach.
"""


def rows() -> list[Row]:
    """Against no application at all, against the server of a test, and against the fastest fake."""
    return [
        *(
            Row(
                what=f"requests per second on a port, {_counted(connections)}, `GET /v1/files`",
                against=title,
                measure=partial(_requests_per_second, other, connections),
                at_least=at_least,
            )
            for other, (title, multiples) in _OTHERS.items()
            for connections, at_least in multiples.items()
        ),
        Row(
            what="a list on a port, one httpx client in sequence",
            against=_OTHERS["aimock"][0],
            measure=_in_sequence,
            at_most=0.9,
        ),
        Row(
            what="an upload of 128 MiB on a port, httpx",
            against="a download of the same file",
            measure=partial(_large, "time"),
        ),
        Row(
            what="its copies in the server's process, at the peak",
            against="the size of the file",
            measure=partial(_large, "copies"),
            at_most=3.2,
        ),
    ]


def _counted(connections: int) -> str:
    return "one connection" if connections == 1 else f"{connections} connections"


def _requests_per_second(other: str, connections: int, rounds: int) -> Measured:
    if shutil.which("wrk") is None:
        raise Unavailable("wrk is missing: it is Debian's package `wrk`")
    with _served("ours") as ours, _served(other) as theirs:
        blocks = [partial(_wrk, url, connections) for url in (ours, theirs)]
        for block in blocks:
            block()
        return ratio(*blocks, rounds=max(5, rounds // 2))


def _in_sequence(rounds: int) -> Measured:
    with _served("ours") as ours, _served("aimock") as theirs, httpx.Client() as client:

        def seconds(url: str) -> float:
            began = time.perf_counter()
            for _ in range(200):
                client.get(url, headers=_HEADERS).raise_for_status()
            return time.perf_counter() - began

        blocks = [partial(seconds, url) for url in (ours, theirs)]
        for block in blocks:
            block()
        return ratio(*blocks, rounds=max(5, rounds // 2))


def _large(figure: str, rounds: int) -> Measured:
    figures = [_large_once(figure) for _ in range(3)]
    return summary(figures)


def _large_once(figure: str) -> float:
    with _process("ours") as (url, pid), httpx.Client(headers=_HEADERS, timeout=60) as client:
        process = Path(f"/proc/{pid}/status")
        before = _most_resident(process)
        began = time.perf_counter()
        form = {"file": ("large.bin", b"x" * _LARGE)}
        stored = client.post(url, files=form, data={"purpose": "assistants"}).json()
        sent = time.perf_counter()
        received = client.get(f"{url}/{stored['id']}/content").content
        if len(received) != _LARGE:
            raise RuntimeError("the file did not come back whole")
        if figure == "copies":
            return (_most_resident(process) - before) / _LARGE
        return (sent - began) / (time.perf_counter() - sent)


def _most_resident(status: Path) -> int:
    """The most memory that the process ever had, in bytes; as Linux tells it."""
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0]) * 1024


def _wrk(url: str, connections: int) -> float:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{_SECONDS}s", "-H", _KEY, url]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in report:
        raise RuntimeError(f"{url} refuses:\n{report}")
    return float(re.findall(r"Requests/sec: +([\d.]+)", report)[0])


@contextmanager
def _served(name: str) -> Iterator[str]:
    with _process(name) as (url, _):
        yield url


@contextmanager
def _process(name: str) -> Iterator[tuple[str, int]]:
    """A server in its own process, which ends with its standard input."""
    command = [sys.executable, "-m", __name__, name]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # some log each request
        text=True,
    )
    try:
        url = process.stdout.readline().strip() if process.stdout else ""
        if not url:
            raise Unavailable(_MISSING.get(name, _MISSING["hello"]))
        yield url, process.pid
    finally:
        if process.stdin:
            process.stdin.close()
        process.wait()


_MISSING = {
    "hello": "it does not start: pip install -r benchmarks/requirements.txt",
    "aimock": "it does not start: npm install -g @copilotkit/aimock",
}


def _ours() -> str:
    from eugpt_files_mock import FilesMock

    mock = FilesMock()
    mock.add_file("document.pdf", b"x" * 1024)
    return f"{mock.serve().start().base_url}/files"


def _aimock() -> str:
    """With one file in it, as ours. It is looked for on the path."""
    command = shutil.which("llmock")
    if command is None:
        return ""
    folder = Path(tempfile.mkdtemp())
    (folder / "none.json").write_text(json.dumps({"fixtures": []}))
    port = _free_port()
    aimock = subprocess.Popen(
        [command, "-p", str(port), "-f", str(folder), "--log-level", "silent"],
        stdout=subprocess.DEVNULL,
    )
    atexit.register(aimock.kill)
    url = f"http://127.0.0.1:{port}/v1/files"
    form = {"files": {"file": ("document.pdf", b"x" * 1024)}, "data": {"purpose": "assistants"}}
    httpx.Client(transport=_patient()).post(url, headers=_HEADERS, **form).raise_for_status()
    return url


def _patient() -> httpx.HTTPTransport:
    """Tries to connect until the server listens, for some seconds."""
    return httpx.HTTPTransport(retries=5)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _hello() -> str:
    """Without the line that Werkzeug logs for each request; ours logs none."""
    from threading import Thread

    from werkzeug.serving import WSGIRequestHandler, make_server
    from werkzeug.wrappers import Request, Response

    class Quiet(WSGIRequestHandler):
        def log(self, *_: object) -> None:
            pass

    @Request.application
    def hello(_: Request) -> Response:
        return Response("hello")

    server = make_server("127.0.0.1", 0, hello, threaded=True, request_handler=Quiet)
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.port}/"


def _httpserver() -> str:
    from pytest_httpserver import HTTPServer

    server = HTTPServer(host="127.0.0.1", threaded=True)
    server.expect_request("/v1/files").respond_with_json({"object": "list", "data": []})
    server.start()
    return server.url_for("/v1/files")


_SERVERS: dict[str, Callable[[], str]] = {
    "ours": _ours,
    "hello": _hello,
    "aimock": _aimock,
    "httpserver, threaded": _httpserver,
}

if __name__ == "__main__":
    print(_SERVERS[sys.argv[1]](), flush=True)
    with suppress(KeyboardInterrupt):
        sys.stdin.read()
