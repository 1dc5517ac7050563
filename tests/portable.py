"""What a test needs that isn't the same on each system."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
from typing import Any

import pytest

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system doesn't fork")


def fork() -> int:
    """As `os.fork`, in a child of which no line is traced.

    coverage takes a lock at each function that is called. Another thread may hold it at the fork,
    and in the child nobody would release it: it would hang in the first at-fork handler.
    """
    tracer = sys.gettrace()
    sys.settrace(None)
    child = os.fork()
    if child:
        sys.settrace(tracer)
    return child


_LINGER = "hh" if sys.platform == "win32" else "ii"


def reset_on_close(connection: socket.socket) -> None:
    """Let `close` break the connection off, instead of ending it in order."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))


def is_reset_on_close(connection: socket.socket) -> bool:
    """Whether that was asked for."""
    size = struct.calcsize(_LINGER)
    linger = connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, size)
    on, seconds = struct.unpack(_LINGER, linger)
    return bool(on) and not seconds


OWN_GROUP: dict[str, Any] = (
    {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if sys.platform == "win32" else {}
)
"""How a process is started that `interrupt` can end."""


def interrupt(process: subprocess.Popen[Any], number: int = signal.SIGTERM) -> None:
    """Ask it to end. Windows can send another process only Ctrl-Break."""
    process.send_signal(signal.CTRL_BREAK_EVENT if sys.platform == "win32" else number)
