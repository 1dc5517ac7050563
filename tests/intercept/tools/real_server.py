"""A plain server that answers every GET with `"real"`, in a process of its own.

So nothing that changes this process, sockets included, changes the server:
`python -m tests.intercept.tools.real_server` prints its base URL, and serves until it is killed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["real_server"]


class _Handler(BaseHTTPRequestHandler):
    wbufsize = -1  # all at once: httpretty reads one piece of a real answer

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "6")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b'"real"')

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def real_server() -> Iterator[str]:
    """Its base URL, while it serves."""
    arguments = [sys.executable, "-m", __name__]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout
            yield serving.stdout.readline().strip()
        finally:
            serving.kill()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}/v1\n")
    sys.stdout.flush()
    server.serve_forever()
