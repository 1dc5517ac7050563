"""The stored files, in the order in which a list gives them.

Every file stands on three shelves: the whole store's, its owner's, and its owner's for its purpose.
A shelf is a sorted list of places, so that a page costs the same among a hundred files and among
a hundred thousand. A deleted file leaves its place behind, so that `after` it goes on from there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import RLock

from ..model.messages import File
from ..model.processing import Processing
from ..options import Clock

Place = tuple[int, int, str]
"""Creation time, then order of arrival within the second, then the id."""

_REMEMBERED_PLACES = 100_000
"""Deleted files whose place is remembered; beyond it the oldest are forgotten."""


class OverQuota(Exception):
    """The owner of a file may not have so many bytes."""


class Files:
    """The stored files. `len`, iteration (oldest first), `files[file_id]`, `file_id in files`."""

    def __init__(self, processing: Processing, clock: Clock) -> None:
        self._processing = processing
        self._clock = clock
        self._lock = RLock()
        self.clear()

    def clear(self) -> None:
        """Forget every file, and every place."""
        with self._lock:
            self._files: dict[str, File] = {}
            self._polls: dict[str, int] = {}
            self._since: dict[str, float] = {}
            self._places: dict[str, tuple[str | None, Place]] = {}
            self._left: dict[str, None] = {}
            self._shelves: defaultdict[tuple[object, ...], list[Place]] = defaultdict(list)
            self._bytes: defaultdict[str | None, int] = defaultdict(int)
            self._arrived = 0

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, file_id: object) -> bool:
        return file_id in self._files

    def __iter__(self) -> Iterator[File]:
        with self._lock:
            files = [self._now(file_id) for _, _, file_id in self._shelves[()]]
        return iter(files)

    def __getitem__(self, file_id: str) -> File:
        with self._lock:
            if file_id not in self._files:
                raise KeyError(f"no file has the id {file_id!r}")
            return self._now(file_id)

    def __repr__(self) -> str:
        return f"<{len(self)} files>"

    def add(self, file: File, *, another_id: Callable[[], str], quota: int | None = None) -> File:
        """Store a file; it is given back as it was stored.

        Args:
            file: what to store.
            another_id: gives it a new id, if its own is taken.
            quota: the most bytes that its owner may have.

        Raises:
            OverQuota: nothing was stored.
        """
        with self._lock:
            if quota is not None and self._bytes[file.user] + file.bytes > quota:
                raise OverQuota
            while file.id in self._files:
                file = replace(file, id=another_id())
            self._arrived += 1
            place = (file.created_at, self._arrived, file.id)
            self._files[file.id] = file
            if file.status == "uploaded":
                self._since[file.id] = self._uploaded_at(file)
            self._left.pop(file.id, None)
            self._places[file.id] = (file.user, place)
            self._bytes[file.user] += file.bytes
            for shelf in self._shelves_of(file):
                insort(shelf, place)
            return file

    def find(self, file_id: str, user: str | None) -> File | None:
        """The user's file of that id, as it is now."""
        with self._lock:
            file = self._files.get(file_id)
            return self._now(file_id) if file is not None and file.user == user else None

    def poll(self, file_id: str, user: str | None) -> File | None:
        """As `find`, and counted as one look at the file's status."""
        with self._lock:
            file = self._files.get(file_id)
            if file is None or file.user != user:
                return None
            if file.status == "uploaded":
                self._polls[file_id] = self._polls.get(file_id, 0) + 1
            return self._now(file_id)

    def remove(self, file_id: str, user: str | None) -> File | None:
        """Take the user's file out; None when there is none."""
        with self._lock:
            file = self._files.get(file_id)
            if file is None or file.user != user:
                return None
            place = self._places[file_id][1]
            for shelf in self._shelves_of(file):
                del shelf[bisect_left(shelf, place)]
            self._bytes[user] -= file.bytes
            self._polls.pop(file_id, None)
            self._since.pop(file_id, None)
            self._remember(file_id)
            return self._files.pop(file_id)

    def page(
        self,
        user: str | None,
        *,
        purpose: str | None,
        after: str | None,
        limit: int,
        ascending: bool,
    ) -> list[File] | None:
        """At most `limit` of the user's files, from beyond the file `after`; None when the user
        neither has nor had such a file.
        """
        with self._lock:
            shelf = self._shelves.get((user,) if purpose is None else (user, purpose), [])
            beyond = None if after is None else self._place_of(after, user)
            if after is not None and beyond is None:
                return None
            if ascending:
                start = 0 if beyond is None else bisect_right(shelf, beyond)
                places = shelf[start : start + limit]
            else:
                end = len(shelf) if beyond is None else bisect_left(shelf, beyond)
                places = shelf[max(0, end - limit) : end]
                places.reverse()
            return [self._now(file_id) for _, _, file_id in places]

    def _place_of(self, file_id: str, user: str | None) -> Place | None:
        owner, place = self._places.get(file_id, (None, None))
        return place if owner == user else None

    def _shelves_of(self, file: File) -> tuple[list[Place], ...]:
        shelves = self._shelves
        return shelves[()], shelves[(file.user,)], shelves[(file.user, file.purpose)]

    def _uploaded_at(self, file: File) -> float:
        """When its processing began: its creation, which is told in whole seconds only."""
        now = self._clock()
        return now if int(now) == file.created_at else file.created_at

    def _remember(self, file_id: str) -> None:
        self._left[file_id] = None
        if len(self._left) > _REMEMBERED_PLACES:
            oldest = next(iter(self._left))
            del self._left[oldest], self._places[oldest]

    def _now(self, file_id: str) -> File:
        """The file with the status that it has by now."""
        file = self._files[file_id]
        if file.status != "uploaded":
            return file
        if self._processing.first_status == "processed":
            return file
        polls, age = self._polls.get(file_id, 0), self._clock() - self._since[file_id]
        status = self._processing.status(polls=polls, age=age)
        if status != "uploaded":
            reason = self._processing.reason
            file = self._files[file_id] = replace(file, status=status, status_details=reason)
        return file
