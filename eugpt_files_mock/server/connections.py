"""The open connections of a server, each in a thread; a thread that is done waits for the next.

To start a thread costs more than to answer (see `benchmarks/`), so a few of them are kept.
"""

import time
from collections.abc import Callable
from queue import SimpleQueue
from threading import Condition, Thread, current_thread

from .connection import Connection

_END_SECONDS = 1.0
"""How long to wait for all threads whose connections were ended; it takes microseconds."""

_SHUT_SECONDS = 0.2
"""After that a connection which was shut down is closed: not every system (wine) wakes the thread
that waits for its client. Not at once, as another thread could then get the same descriptor.
"""

_SPARE_THREADS = 8
"""Threads that are kept when they have nothing to do; the others end."""


class Connections:
    """Those that are open now."""

    def __init__(self, start_thread: Callable[[Thread], None] = Thread.start) -> None:
        self._start_thread = start_thread
        self._changed = Condition()
        self._open: set[Connection] = set()
        self._threads: set[Thread] = set()
        self._free = 0
        self._waiting: SimpleQueue[Connection | None] = SimpleQueue()

    def take(self, connection: Connection) -> None:
        """Serve the connection in a thread that is free, or in a new one.

        A RuntimeError says that none can be started: the connection is still the caller's.
        """
        with self._changed:
            if self._free:
                self._free -= 1
                self._waiting.put(connection)
            else:
                # Daemons: the process must be able to end while a client hangs.
                thread = Thread(target=self._work, args=(connection,), daemon=True)
                # Not added before: starting can fail, and `close` can only join what has started.
                self._start_thread(thread)
                self._threads.add(thread)
            self._open.add(connection)

    def end(self, choose: Callable[[Connection], bool] = lambda _: True) -> None:
        """Shut down those that are chosen, and wait until their threads have let go of them."""
        with self._changed:
            chosen = {connection for connection in self._open if choose(connection)}
        for connection in chosen:
            connection.shut_down()
        if not self._are_let_go(chosen, _SHUT_SECONDS):
            for connection in chosen:
                connection.close()
            self._are_let_go(chosen, _END_SECONDS - _SHUT_SECONDS)

    def _are_let_go(self, chosen: set[Connection], seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: chosen.isdisjoint(self._open), seconds)

    def close(self) -> None:
        """End the connections and the threads. No other may be taken meanwhile."""
        ends_at = time.monotonic() + _END_SECONDS
        self.end()
        with self._changed:
            threads = list(self._threads)
        for _ in threads:
            self._waiting.put(None)
        for thread in threads:
            thread.join(max(0.0, ends_at - time.monotonic()))

    def _work(self, connection: Connection | None) -> None:
        while connection is not None:
            try:
                connection.serve()
            finally:
                self._let_go(connection)
            connection = self._waiting.get() if self._is_spare() else None

    def _let_go(self, connection: Connection) -> None:
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()

    def _is_spare(self) -> bool:
        """Whether this thread waits for another connection, or ends."""
        with self._changed:
            is_spare = self._free < _SPARE_THREADS
            if is_spare:
                self._free += 1
            else:
                self._threads.discard(current_thread())
            return is_spare
