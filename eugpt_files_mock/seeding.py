"""Files that come without an upload: given by the test author, or invented.

Faker is imported when the first document is invented.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypedDict

from .errors import (
    OptionError,
    byte_string,
    check_words,
    integer,
    no_such,
    quoted,
    string,
    unknown_user,
    unknown_word,
)
from .locks import cached_property, free_after_fork
from .model.headers import content_type_of
from .model.messages import STATUSES, File
from .service import Service
from .state.file_store import file_id_of
from .state.randomness import Randomness

if TYPE_CHECKING:
    from .documents import Document, DocumentProvider


class SharedFields(TypedDict, total=False):
    """What `add_file` takes, and several files can share."""

    purpose: str
    created_at: int | None
    status: str
    status_details: str | None
    user: str | None


class FileFields(SharedFields, total=False):
    """What `add_file` takes."""

    id: str | None
    filename: str | None


def add_file(
    service: Service,
    filename: str | Path | None,
    content: bytes | Path,
    *,
    purpose: str,
    id: str | None,
    created_at: int | None,
    status: str,
    status_details: str | None,
    user: str | None,
) -> File:
    """See `FilesMock.add_file`."""
    _check_status(status, status_details)
    # `add_file(path)` alone means the file of that path.
    if isinstance(filename, Path) and content == b"":
        content, filename = filename, filename.name
    if isinstance(content, Path):
        filename, content = filename or content.name, content.read_bytes()
    if user is not None and user not in service.users:
        raise unknown_user(user, service.users)
    filename, content = string("filename", filename), byte_string("content", content)
    file = File(
        id=service.randomness.file_id() if id is None else _free_id(id, service),
        filename=filename,
        bytes=len(content),
        purpose=string("purpose", purpose),
        created_at=_created_at(created_at, service),
        status=status,
        content=content,
        content_type=content_type_of(filename),
        status_details=status_details,
        user=service.access.default_user if user is None else user,
    )
    return service.files.add(file)


def set_status(service: Service, file_id: str | File, status: str, details: str | None) -> File:
    """See `FilesMock.set_status`."""
    _check_status(status, details)
    file_id = file_id_of("set_status: file_id", file_id, service.files.all())
    file = service.files.get(file_id)
    if file is not None:
        file = service.files.change(file_id, file.user, status=status, status_details=details)
    if file is None:
        raise OptionError(no_such("file", file_id), word=file_id)
    return file


def _check_status(status: object, details: object) -> None:
    if status not in STATUSES:
        raise unknown_word("status", status, STATUSES)
    if details is not None:
        string("status_details", details)


_LATEST = 253_402_300_799
"""The last second of the year 9999; a larger number was meant in milliseconds."""


def _created_at(value: int | None, service: Service) -> int:
    if value is None:
        return int(service.options.clock())
    seconds = integer("created_at (Unix seconds)", value, least=0)
    if seconds > _LATEST:
        raise OptionError(
            f"created_at is in Unix seconds, at most {_LATEST}; got {quoted(value)}. "
            "Milliseconds are divided by 1000.",
            word=value,
        )
    return seconds


def _free_id(file_id: str, service: Service) -> str:
    string("id", file_id)
    if "/" in file_id:
        raise OptionError(
            f"id must not contain a slash, as no path could name it; got {file_id!r}.", word=file_id
        )
    if file_id in service.files:
        raise OptionError(f"id {file_id!r} is taken by another file.", word=file_id)
    return file_id


class FakeFiles:
    """Invents files for one mock: no name twice, all from one random stream."""

    def __init__(self, randomness: Randomness, add_file: Callable[..., File]) -> None:
        self._randomness = randomness
        self._add_file = add_file
        self._names: set[str] = set()
        self._lock = free_after_fork(Lock())

    def restart(self) -> None:
        with self._lock:
            self._names.clear()

    def file(self, suffix: str, size: int | None, fields: FileFields) -> File:
        """Store one; see `FilesMock.fake_file`."""
        words: dict[str, Any] = dict(fields)
        check_words("argument of fake_file", words, ("suffix", "size", *FileFields.__annotations__))
        _check_documents((suffix,), size)
        filename = words.pop("filename", None)
        if filename is not None:
            _check_filename(filename, suffix)
        document = self._document(suffix, size)
        return self._add_file(filename or document.filename, document.content, **words)

    def files(
        self, count: int, suffixes: str | Sequence[str] | None, size: int | None, fields: Any
    ) -> list[File]:
        """Store several, after everything was checked; see `FilesMock.fake_files`."""
        integer("count", count, least=0)
        check_words(
            "argument of fake_files",
            fields,
            ("count", "suffixes", "size", *SharedFields.__annotations__),
        )
        # Late, as it imports Faker, which takes about 90 ms.
        from .documents import SUFFIXES

        # All is checked before the first file is stored.
        wanted = SUFFIXES if suffixes is None else _several(suffixes)
        _check_documents(wanted, size)
        return [self.file(suffix, size, fields) for suffix in islice(cycle(wanted), count)]

    def _document(self, suffix: str, size: int | None) -> Document:
        # The lock keeps the names apart, and the draws of one document together. The stream is set
        # each time, because `reset` makes a new one.
        with self._lock:
            self._provider.generator.random = self._randomness.documents
            document = self._provider.document(suffix, size)
            return document._replace(filename=self._unused(document.filename))

    @cached_property
    def _provider(self) -> DocumentProvider:
        # A generator of its own, so that the Faker of the test author keeps its seed.
        from faker import Factory

        from .documents import DocumentProvider

        return DocumentProvider(Factory.create("en_US"))

    def _unused(self, filename: str) -> str:
        stem, _, suffix = filename.rpartition(".")
        name, number = filename, 1
        while name in self._names:
            number += 1
            name = f"{stem}-{number}.{suffix}"
        self._names.add(name)
        return name


def _check_documents(suffixes: Sequence[str], size: int | None) -> None:
    # Late, as it imports Faker.
    from .documents import check_size, checked_kind

    for suffix in suffixes:
        checked_kind(suffix)
    check_size(size, suffixes)


def _check_filename(filename: str, suffix: str) -> None:
    if not isinstance(filename, str) or not filename.lower().endswith(suffix):
        raise OptionError(
            f"filename must end in {suffix!r}, got {filename!r}. Pass the suffix that it has, or "
            "use add_file() for any content.",
            word=filename,
        )


def _several(suffixes: str | Sequence[str]) -> tuple[str, ...]:
    several = (suffixes,) if isinstance(suffixes, str) else suffixes
    if not isinstance(several, Sequence) or not several:
        raise OptionError(
            f"suffixes must be one or more, such as ['.pdf']; got {suffixes!r}.", word=suffixes
        )
    return tuple(several)
