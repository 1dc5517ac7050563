"""Functions of the test author that run once an operation was answered: `FilesMock.after`."""

from collections.abc import Callable
from threading import Lock

from ..model.messages import Call

Callback = Callable[[Call], object]


class Callbacks:
    """What is still to be called, in the order of registration."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            # Public, so that a request asks without the lock whether there is any function at all.
            self.waiting: list[tuple[str, Callback, int | None]] = []

    def add(self, operation: str, function: Callback, times: int | None) -> None:
        """Call the function for the next `times` calls of the operation; None: for all."""
        with self._lock:
            self.waiting.append((operation, function, times))

    def take(self, operation: str | None) -> list[Callback]:
        """Those that are due now, which counts as one time."""
        with self._lock:
            # They are counted before they run: a function may itself make a call of this operation.
            due = [function for named, function, _ in self.waiting if named == operation]
            counted = (
                (named, function, times - 1 if times and named == operation else times)
                for named, function, times in self.waiting
            )
            self.waiting = [waiting for waiting in counted if waiting[2] != 0]
            return due
