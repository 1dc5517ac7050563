"""What each command does to the stored files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import quoted
from ..model.messages import File
from ..state.file_store import OverQuota
from .commands import Command, Delete, Download, List, Retrieve, Upload
from .refusals import Refusal, Refused
from .service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A file, shown without its content."""

    file: File


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of files."""

    files: list[File]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file contains."""

    file: File


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A file that is gone."""

    file_id: str


Result = Stored | Listed | Content | Deleted


def operate(service: Service, command: Command, user: str | None, now: float) -> Result:
    """Carry the command out, for that user, at this time in Unix seconds.

    Raises:
        Refused: nothing was changed.
    """
    return _OPERATE[type(command)](service, command, user, now)


def _upload(service: Service, command: Upload, user: str | None, now: float) -> Stored:
    if command.refusal is not None:
        raise Refused(command.refusal)
    content = command.content or b""
    size, options = len(content), service.options
    if options.max_file_bytes is not None and size > options.max_file_bytes:
        message = f"The file has {size} bytes; at most {options.max_file_bytes} are allowed."
        raise Refused(Refusal("file_too_large", message))
    file = File(
        id=service.randomness.file_id(),
        filename=command.filename or "",
        bytes=size,
        purpose=command.purpose or "",
        created_at=int(now),
        status=options.processing.first_status,
        content=content,
        content_type=command.content_type or "",
        user=user,
    )
    quota, another_id = options.max_total_bytes, service.randomness.file_id
    try:
        return Stored(file=service.files.add(file, quota=quota, another_id=another_id))
    except OverQuota:
        message = f"{size} more bytes would exceed the quota of {quota} bytes."
        raise Refused(Refusal("quota_exceeded", message)) from None


def _list(service: Service, command: List, user: str | None, now: float) -> Listed:
    if command.refusal is not None:
        raise Refused(command.refusal)
    page = service.files.page(
        user,
        purpose=command.purpose,
        after=command.after,
        limit=command.limit,
        ascending=command.ascending,
    )
    if page is None:
        message = f"'after' names no file: {quoted(command.after)}."
        raise Refused(Refusal("invalid_parameter", message))
    return Listed(files=page)


def _retrieve(service: Service, command: Retrieve, user: str | None, now: float) -> Stored:
    return Stored(file=service.files.poll(command.file_id, user) or _refuse(command.file_id))


def _download(service: Service, command: Download, user: str | None, now: float) -> Content:
    return Content(file=service.files.find(command.file_id, user) or _refuse(command.file_id))


def _delete(service: Service, command: Delete, user: str | None, now: float) -> Deleted:
    file = service.files.remove(command.file_id, user) or _refuse(command.file_id)
    return Deleted(file_id=file.id)


def _refuse(file_id: str) -> File:
    """A file that isn't there, was deleted or is another user's: the same answer (D)."""
    raise Refused(Refusal("file_not_found", f"There is no file {quoted(file_id)}."))


_OPERATE: dict[type, Callable[[Service, Any, str | None, float], Result]] = {
    Upload: _upload,
    List: _list,
    Retrieve: _retrieve,
    Download: _download,
    Delete: _delete,
}
