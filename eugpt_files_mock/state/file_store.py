"""The stored files, in the order in which a list gives them.

There is one index of the whole store, one for each user, and one for each user and purpose. An
index is a sorted list of sort keys, so that a page costs the same among a hundred files and among a
hundred thousand. A deleted file leaves a tombstone, so that a list can go on `after` it.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from heapq import heappop, heappush
from threading import RLock
from typing import Any, NamedTuple

from ..errors import OptionError, known_arguments, quoted
from ..locks import free_after_fork
from ..model.messages import File
from ..model.processing import Processing, ProcessingByName
from ..options import Clock
from . import html_table

SortKey = tuple[int, int, str]
"""Creation time, then order of arrival within the second, then the id."""

_TOMBSTONES_KEPT = 100_000
"""Deleted files that can still be named by `after`; the oldest are forgotten first."""


class Held(NamedTuple):
    """What the owner of a new file has already."""

    files: int
    bytes: int


class FileStore:
    """The stored files of one mock."""

    def __init__(
        self,
        processing: Processing | ProcessingByName,
        clock: Clock,
        another_id: Callable[[], str],
    ) -> None:
        """`another_id` is asked when the id of a new file is taken."""
        self._processing = processing
        self._clock = clock
        self._another_id = another_id
        # Reentrant: the clock is asked under the lock, and one of a test may count the files.
        self._lock = free_after_fork(RLock())
        self.clear()

    def clear(self) -> None:
        """Forget every file and every tombstone."""
        with self._lock:
            self._files: dict[str, File] = {}
            self._polls: dict[str, int] = {}
            self._uploaded_at: dict[str, float] = {}
            self._sort_keys: dict[str, tuple[str | None, SortKey]] = {}
            # A set that remembers the order of insertion: the oldest is forgotten first.
            self._tombstones: dict[str, None] = {}
            self._indexes: defaultdict[tuple[object, ...], list[SortKey]] = defaultdict(list)
            # Counted along, so that a quota needs no pass over all files.
            self._bytes: defaultdict[str | None, int] = defaultdict(int)
            self._expiring: list[tuple[float, str]] = []
            self._arrived = 0

    def __len__(self) -> int:
        with self._lock:
            self._drop_expired()
            return len(self._files)

    def __contains__(self, file_id: object) -> bool:
        with self._lock:
            self._drop_expired()
            return file_id in self._files

    def all(self) -> list[File]:
        """Every file as it is now, oldest first."""
        with self._lock:
            self._drop_expired()
            return [self._now(file_id) for _, _, file_id in self._indexes[()]]

    def newest(self, limit: int) -> list[File]:
        """At most `limit` of the newest files, oldest first."""
        with self._lock:
            self._drop_expired()
            index = self._indexes[()]
            sort_keys = index[max(0, len(index) - limit) :]
            return [self._now(file_id) for _, _, file_id in sort_keys]

    def get(self, file_id: str) -> File | None:
        """The file of that id as it is now, whoever owns it; None when there is none."""
        with self._lock:
            self._drop_expired()
            return self._now(file_id) if file_id in self._files else None

    def add(self, file: File, *, admit: Callable[[Held], None] | None = None) -> File:
        """Store a file, and return it as it was stored.

        `admit` raises what must not be stored, by what its owner has already.
        """
        with self._lock:
            self._drop_expired()
            # Asked under this lock, as two uploads at once must not both get the last bytes.
            if admit is not None:
                admit(Held(len(self._indexes[file.user,]), self._bytes[file.user]))
            # With a seed, the next id may be one that a test gave to `add_file`.
            while file.id in self._files:
                file = replace(file, id=self._another_id())
            self._arrived += 1
            sort_key = (file.created_at, self._arrived, file.id)
            self._files[file.id] = file
            if file.status == "uploaded":
                self._uploaded_at[file.id] = self._processing_began(file)
            if file.expires_at is not None:
                heappush(self._expiring, (file.expires_at, file.id))
            # `add_file` may give the id of a deleted file again.
            self._tombstones.pop(file.id, None)
            self._put_into_indexes(file, sort_key)
            return file

    def find(self, file_id: str, user: str | None) -> File | None:
        """The user's file of that id as it is now; None when the user has none."""
        with self._lock:
            if self._expiring:
                self._drop_expired()
            file = self._files.get(file_id)
            return self._now(file_id) if file is not None and file.user == user else None

    def poll(self, file_id: str, user: str | None) -> File | None:
        """As `find`, and counts as one look at the file's status."""
        with self._lock:
            if self._expiring:
                self._drop_expired()
            file = self._files.get(file_id)
            if file is None or file.user != user:
                return None
            if file.status == "uploaded":
                self._polls[file_id] = self._polls.get(file_id, 0) + 1
            return self._now(file_id)

    def remove(self, file_id: str, user: str | None) -> File | None:
        """Take the user's file out; None when the user has none."""
        with self._lock:
            file = self.find(file_id, user)
            return None if file is None else self._take_out(file)

    def _take_out(self, file: File) -> File:
        # The sort key stays, for the tombstone.
        self._remove_from_indexes(file, self._sort_keys[file.id][1])
        self._polls.pop(file.id, None)
        self._uploaded_at.pop(file.id, None)
        self._leave_tombstone(file.id)
        return self._files.pop(file.id)

    def _drop_expired(self) -> None:
        # At each look instead of by a timer: only the mock's clock says what time it is.
        while self._expiring and self._expiring[0][0] <= self._clock():
            expires_at, file_id = heappop(self._expiring)
            file = self._files.get(file_id)
            # The file may be deleted by now, and another one may have its id.
            if file is not None and file.expires_at == expires_at:
                self._take_out(file)

    def change(self, file_id: str, user: str | None, /, **values: Any) -> File | None:
        """Give the user's file other values, but no other id and time; None when there is none.

        A status that it is given is no longer changed by time and polls.
        """
        with self._lock:
            before = self.find(file_id, user)
            if before is None:
                return None
            sort_key = self._sort_keys[file_id][1]
            file = self._files[file_id] = replace(before, **values)
            self._remove_from_indexes(before, sort_key)
            self._put_into_indexes(file, sort_key)
            if "status" in values:
                self._uploaded_at.pop(file_id, None)
            if file.expires_at is not None and file.expires_at != before.expires_at:
                heappush(self._expiring, (file.expires_at, file_id))
            return file

    def page(
        self,
        user: str | None,
        *,
        purpose: str | None,
        after: str | None,
        limit: int,
        ascending: bool,
    ) -> list[File] | None:
        """At most `limit` of the user's files, from beyond the file `after`.

        None when the user neither has nor had a file of the id `after`.
        """
        with self._lock:
            self._drop_expired()
            # `get` makes no index for each purpose that somebody only asks for.
            index = self._indexes.get((user,) if purpose is None else (user, purpose), [])
            beyond = None if after is None else self._sort_key_of(after, user)
            if after is not None and beyond is None:
                return None
            if ascending:
                start = 0 if beyond is None else bisect_right(index, beyond)
                sort_keys = index[start : start + limit]
            else:
                end = len(index) if beyond is None else bisect_left(index, beyond)
                sort_keys = index[max(0, end - limit) : end]
                sort_keys.reverse()
            return [self._now(file_id) for _, _, file_id in sort_keys]

    def _sort_key_of(self, file_id: str, user: str | None) -> SortKey | None:
        owner, sort_key = self._sort_keys.get(file_id, (None, None))
        return sort_key if owner == user else None

    def _put_into_indexes(self, file: File, sort_key: SortKey) -> None:
        self._sort_keys[file.id] = (file.user, sort_key)
        self._bytes[file.user] += file.bytes
        for index in self._indexes_of(file):
            if not index or index[-1] < sort_key:
                index.append(sort_key)
            else:
                # `add_file` may give an older `created_at`, and a test's clock may go back.
                insort(index, sort_key)

    def _remove_from_indexes(self, file: File, sort_key: SortKey) -> None:
        self._bytes[file.user] -= file.bytes
        for index in self._indexes_of(file):
            del index[bisect_left(index, sort_key)]

    def _indexes_of(self, file: File) -> tuple[list[SortKey], ...]:
        indexes = self._indexes
        return indexes[()], indexes[(file.user,)], indexes[(file.user, file.purpose)]

    def _processing_began(self, file: File) -> float:
        # `created_at` has whole seconds. Counted from there, a file could be processed up to a
        # second too early; but one that `add_file` dates back is as old as it says.
        now = self._clock()
        return now if int(now) == file.created_at else file.created_at

    def _leave_tombstone(self, file_id: str) -> None:
        self._tombstones[file_id] = None
        if len(self._tombstones) > _TOMBSTONES_KEPT:
            oldest = next(iter(self._tombstones))
            del self._tombstones[oldest], self._sort_keys[oldest]

    def _now(self, file_id: str) -> File:
        """The file with the status that it has by now."""
        file = self._files[file_id]
        if file_id not in self._uploaded_at:
            return file
        processing = self._processing.of(file.filename)
        polls, age = self._polls.get(file_id, 0), self._clock() - self._uploaded_at[file_id]
        status = processing.status(polls=polls, age=age)
        if status != "uploaded":
            del self._uploaded_at[file_id]
            reason = processing.reason
            file = self._files[file_id] = replace(file, status=status, status_details=reason)
        return file


_SHOWN = ("id", "filename", "bytes", "purpose", "status", "user")
"""Columns of the table in a notebook."""


class Files:
    """The stored files, read-only: `len`, iteration (oldest first), `files[id]`, `id in files`."""

    # Not the store itself: a test must not change it by what only the service may call.
    __slots__ = ("_store",)

    def __init__(self, store: FileStore) -> None:
        self._store = store

    def __len__(self) -> int:
        return len(self._store)

    def __iter__(self) -> Iterator[File]:
        return iter(self._store.all())

    def __contains__(self, file_id: object) -> bool:
        return self._id("file_id in files: it", file_id) in self._store

    def __getitem__(self, file_id: str | File) -> File:
        file = self._store.get(self._id("files[file_id]: it", file_id))
        if file is None:
            raise KeyError(f"no file has the id {file_id!r}")
        return file

    def __repr__(self) -> str:
        return f"<{len(self)} files>"

    def _repr_html_(self) -> str:
        """A table, for notebooks."""
        return html_table(_SHOWN, list(self), self.__repr__())

    @known_arguments
    def get(self, file_id: str | File) -> File | None:
        """The file of that id, or None.

        Raises:
            OptionError: for what can't be an id, such as the filename of a stored file.
        """
        return self._store.get(self._id("file_id", file_id))

    def _id(self, label: str, value: object) -> str:
        # Most ids are those of stored files, which are found at once.
        known = isinstance(value, str) and value in self._store
        return str(value) if known else file_id_of(label, value, self._store.all())

    @known_arguments
    def named(self, filename: str) -> list[File]:
        """The files of that name, oldest first."""
        return [file for file in self._store.all() if file.filename == filename]


def file_id_of(label: str, value: object, files: Iterable[File]) -> str:
    """The id that this value stands for.

    Args:
        label: what the message calls it.
        value: an id, or a `File`.
        files: those that are stored: a filename of one of them was no id.

    Raises:
        OptionError: for what can't be an id.
    """
    if isinstance(value, File):
        return value.id
    if not isinstance(value, str):
        first = " The first one: list(mock.files)[0]." if isinstance(value, int) else ""
        raise OptionError(
            f"{label} must be the id of a file, or a File, got {quoted(value)}.{first} By the "
            "filename: mock.files.named('a.pdf'), a list.",
            word=value,
        )
    stored = list(files)
    if any(file.filename == value for file in stored) and all(file.id != value for file in stored):
        raise is_a_filename(label, value)
    return value


def is_a_filename(label: str, value: str) -> OptionError:
    """The error for the filename of a file, where its id was asked for."""
    return OptionError(
        f"{label} must be the id of a file, or a File, got the filename {quoted(value)}. "
        f"Did you mean mock.files.named({quoted(value)})? It gives a list of files.",
        word=value,
    )
