"""How many requests each key may still make: a sliding window for each."""

import math
from collections import defaultdict
from threading import Lock

from ..locks import free_after_fork
from ..options import Clock


class RateLimiter:
    """At most `requests` in any `seconds`, for each key."""

    def __init__(self, limit: tuple[int, float] | None, clock: Clock) -> None:
        self.limit = limit
        self._clock = clock
        self._lock = free_after_fork(Lock())
        self._admitted: defaultdict[str | None, list[float]] = defaultdict(list)

    def clear(self) -> None:
        with self._lock:
            self._admitted.clear()

    def seconds_to_wait(self, key: str | None) -> int:
        """0 when the request is admitted, and counted; else the whole seconds to wait."""
        if self.limit is None:
            return 0
        requests, seconds = self.limit
        # Before the lock: the clock may be the test author's own, and slow.
        now = self._clock()
        with self._lock:
            # A clock may go back: what was admitted in its future is outside of the window.
            recent = [at for at in self._admitted[key] if now - seconds < at <= now]
            admitted = self._admitted[key] = recent
            if len(admitted) >= requests:
                # Not counted, so that a client which waits as long as this is admitted.
                return max(1, math.ceil(min(admitted) + seconds - now))
            admitted.append(now)
            return 0
