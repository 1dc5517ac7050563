"""The open connections of a server, each in a thread; a thread that is done waits for the next.

To start a thread costs more than to answer: with a new one for each connection the server gives
fewer than half as many answers a second (see `benchmarks/`).
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from queue import SimpleQueue
from threading import Condition, Thread
from typing import Any

_END_SECONDS = 1.0
"""How long is waited for a thread whose connection was shut; it takes microseconds."""

Taken = tuple[socket.socket, Any]
"""A connection, and the client's address."""


class Connections:
    """Those that are open now.

    Args:
        serve: serves one connection, and closes it.
    """

    def __init__(self, serve: Callable[[socket.socket, Any], None]) -> None:
        self._serve = serve
        self._changed = Condition()
        self._open: set[socket.socket] = set()
        self._threads: list[Thread] = []
        self._free = 0
        self._waiting: SimpleQueue[Taken | None] = SimpleQueue()

    def take(self, connection: socket.socket, address: Any) -> None:
        """Serve the connection in a thread that is free, or in a new one."""
        with self._changed:
            self._open.add(connection)
            if self._free:
                self._free -= 1
                self._waiting.put((connection, address))
            else:
                thread = Thread(target=self._work, args=((connection, address),), daemon=True)
                self._threads.append(thread)
                thread.start()

    def end(self) -> None:
        """Shut those that are open, and wait until their threads have let go of them."""
        with self._changed:
            left = set(self._open)
        for connection in left:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # noqa: PERF203 - one that is gone must not keep the others
                continue  # the client, or a fault, was faster
        with self._changed:
            self._changed.wait_for(lambda: left.isdisjoint(self._open), _END_SECONDS)

    def close(self) -> None:
        """End the connections, and the threads. No other may be taken meanwhile."""
        self.end()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(_END_SECONDS)

    def _work(self, taken: Taken | None) -> None:
        while taken is not None:
            try:
                self._serve(*taken)
            finally:
                self._let_go(taken[0])
            taken = self._next()

    def _let_go(self, connection: socket.socket) -> None:
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()

    def _next(self) -> Taken | None:
        with self._changed:
            self._free += 1
        return self._waiting.get()
