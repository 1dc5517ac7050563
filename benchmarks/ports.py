"""Requests per second on a port: each server in a process of its own, one `wrk` after the other."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from .measure import Measured, Unavailable, ratio
from .table import Row

_SECONDS = 1
_KEY = "Authorization: Bearer eugpt_benchmark"


def rows() -> list[Row]:
    """Against no application at all, and against the server that a test would use."""
    return [
        Row(
            what="requests per second on a port, `GET /v1/files`",
            against='a bare Werkzeug "hello", threaded',
            measure=partial(_requests_per_second, "hello"),
            at_least=0.8,
        ),
        Row(
            what="requests per second on a port, `GET /v1/files`",
            against="pytest-httpserver with static JSON, threaded",
            measure=partial(_requests_per_second, "httpserver, threaded"),
            at_least=1.0,
        ),
        Row(
            what="requests per second on a port, `GET /v1/files`",
            against="the same without threads: one silent client stops it for all",
            measure=partial(_requests_per_second, "httpserver"),
        ),
    ]


def _requests_per_second(other: str, rounds: int) -> Measured:
    if shutil.which("wrk") is None:
        raise Unavailable("wrk is missing: it is Debian's package `wrk`")
    with _served("ours") as ours, _served(other) as theirs:
        for url in (ours, theirs):
            _wrk(url)
        return ratio(partial(_wrk, ours), partial(_wrk, theirs), rounds=max(5, rounds // 2))


def _wrk(url: str) -> float:
    command = ["wrk", "-t1", "-c4", f"-d{_SECONDS}s", "-H", _KEY, url]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in report:
        raise RuntimeError(f"{url} refuses:\n{report}")
    return float(re.findall(r"Requests/sec: +([\d.]+)", report)[0])


@contextmanager
def _served(name: str) -> Iterator[str]:
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
            raise Unavailable("it does not start: pip install -r benchmarks/requirements.txt")
        yield url
    finally:
        process.kill()
        process.communicate()


def _ours() -> str:
    from eugpt_files_mock import FilesMock

    mock = FilesMock()
    mock.add_file("document.pdf", b"x" * 1024)
    return f"{mock.serve().start().base_url}/files"


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


def _httpserver(*, threaded: bool = False) -> str:
    from pytest_httpserver import HTTPServer

    server = HTTPServer(host="127.0.0.1", threaded=threaded)
    server.expect_request("/v1/files").respond_with_json({"object": "list", "data": []})
    server.start()
    return server.url_for("/v1/files")


_SERVERS: dict[str, Callable[[], str]] = {
    "ours": _ours,
    "hello": _hello,
    "httpserver": _httpserver,
    "httpserver, threaded": partial(_httpserver, threaded=True),
}

if __name__ == "__main__":
    print(_SERVERS[sys.argv[1]](), flush=True)
    with suppress(KeyboardInterrupt):
        sys.stdin.read()
