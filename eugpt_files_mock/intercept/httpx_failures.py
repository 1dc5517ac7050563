"""What a client of httpx or httpx2 raises when the connection fails: one table for each way.

A transport over aiohttp has a table of its own: it translates aiohttp's exceptions, and some it
lets through. So aiohttp's are raised inside of the transport's own translation.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

Failure = Callable[..., Exception]
"""The exception for a kind of severing, or for a body that is `cut`; figures go into its text."""

FAILURES = {
    "refused": ("ConnectError", "[Errno 111] Connection refused"),
    "reset": ("ReadError", "[Errno 104] Connection reset by peer"),
    "empty": ("RemoteProtocolError", "Server disconnected without sending a response."),
    "garbage": ("RemoteProtocolError", "illegal status line: bytearray(b'garbage')"),
    "timeout": ("ReadTimeout", "The read operation timed out"),
    "cut": (
        "RemoteProtocolError",
        "peer closed connection without sending complete message body "
        "(received {sent} bytes, expected {announced})",
    ),
}
"""Class and text, over httpcore (measured against real servers: tests/intercept/test_parity.py)."""


def failure_of(library: ModuleType, transport: Any) -> Failure:
    """How this transport fails."""
    for kind in type(transport).__mro__:
        translated = getattr(sys.modules.get(kind.__module__), "map_aiohttp_exceptions", None)
        if translated is not None:
            return partial(_over_aiohttp, translated)
    return partial(_over_httpcore, library)


def _over_httpcore(library: ModuleType, kind: str, **figures: int) -> Exception:
    name, text = FAILURES[kind]
    error: Exception = getattr(library, name)(text.format(**figures))
    return error


def _over_aiohttp(
    translated: Callable[[], AbstractContextManager[None]], kind: str, **_: int
) -> Exception:
    import aiohttp

    try:
        with translated():
            raise _AIOHTTP_FAILURES[kind](aiohttp)
    except Exception as error:  # noqa: BLE001 - it is handed back to be raised in its place
        return error


_HOST = SimpleNamespace(host="eugpt-files-mock", port=443, ssl=True, is_ssl=True)

_AIOHTTP_FAILURES: dict[str, Callable[[Any], Exception]] = {
    "refused": lambda aiohttp: aiohttp.ClientConnectorError(
        _HOST, ConnectionRefusedError(111, "Connect call failed")
    ),
    "reset": lambda aiohttp: aiohttp.ClientOSError(104, "Connection reset by peer"),
    "empty": lambda aiohttp: aiohttp.ServerDisconnectedError(),
    "garbage": lambda aiohttp: aiohttp.ClientResponseError(
        SimpleNamespace(real_url="eugpt-files-mock"), (), status=400, message="Bad status line"
    ),
    "timeout": lambda aiohttp: aiohttp.SocketTimeoutError("Timeout on reading data from socket"),
    "cut": lambda aiohttp: aiohttp.ClientPayloadError("Response payload is not completed"),
}
