"""Files with invented names and documents. Faker is imported when the first one is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import cycle
from threading import Lock
from typing import TYPE_CHECKING, Any, TypedDict

from .checks import is_whole
from .errors import OptionError, hide_from_traceback, unknown_word
from .model.content_types import CONTENT_TYPES
from .model.messages import File
from .state.randomness import Identifiers

if TYPE_CHECKING:
    from .documents import Document, DocumentProvider

__tracebackhide__ = hide_from_traceback


class SharedFields(TypedDict, total=False):
    """What `add_file` takes, and several files can share."""

    purpose: str
    created_at: int | None
    status: str
    user: str | None


class FileFields(SharedFields, total=False):
    """What `add_file` takes."""

    id: str | None
    filename: str | None


class Inventions:
    """Invents files for one mock, with one stream of chance, and no name twice.

    Args:
        identifiers: gives the stream, which repeats with a seed.
        add_file: stores a file.
    """

    def __init__(self, identifiers: Identifiers, add_file: Callable[..., File]) -> None:
        self._identifiers = identifiers
        self._add_file = add_file
        self._names: set[str] = set()
        self._lock = Lock()

    def restart(self) -> None:
        """Forget the names that were given."""
        with self._lock:
            self._names.clear()

    def file(self, suffix: str, size: int | None, fields: FileFields) -> File:
        """Store one; see `FilesMock.fake_file`."""
        words: dict[str, Any] = dict(fields)
        _check_words(words, FileFields.__annotations__)
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
        _check_count(count)
        _check_words(fields, SharedFields.__annotations__)
        wanted = tuple(CONTENT_TYPES) if suffixes is None else _several(suffixes)
        _check_documents(wanted, size)
        return [
            self.file(suffix, size, fields)
            for _, suffix in zip(range(count), cycle(wanted), strict=False)
        ]

    def _document(self, suffix: str, size: int | None) -> Document:
        with self._lock:
            self._provider.generator.random = self._identifiers.documents
            document = self._provider.document(suffix, size)
            return document._replace(filename=self._unused(document.filename))

    @cached_property
    def _provider(self) -> DocumentProvider:
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


def _check_words(words: Mapping[str, Any], valid: Iterable[str]) -> None:
    for word in words:
        if word not in valid:
            raise unknown_word("keyword", word, ("size", *valid))


def _check_documents(suffixes: Sequence[str], size: int | None) -> None:
    from .documents.kinds import checked_kind, checked_size

    for suffix in suffixes:
        checked_kind(suffix)
    checked_size(size, suffixes)


def _check_filename(filename: str, suffix: str) -> None:
    if not isinstance(filename, str) or not filename.lower().endswith(suffix):
        raise OptionError(
            f"filename {filename!r} does not end in {suffix!r}. Ask for a document of its suffix, "
            "or add_file() it with any content.",
            word=filename,
        )


def _check_count(count: int) -> None:
    if not is_whole(count, least=0):
        raise OptionError(f"how many files: a whole number, 0 or more; not {count!r}.", word=count)


def _several(suffixes: str | Sequence[str]) -> tuple[str, ...]:
    several = (suffixes,) if isinstance(suffixes, str) else suffixes
    if not isinstance(several, Sequence) or not several:
        raise OptionError(
            f"suffixes: a list of one or more, such as ['.pdf']; not {suffixes!r}.", word=suffixes
        )
    return tuple(several)
