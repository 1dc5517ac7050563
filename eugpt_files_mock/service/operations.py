"""What each command does to the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..model.messages import File
from ..model.processing import Processing
from ..options import Clock
from ..state.file_store import Files, OverQuota
from ..state.randomness import Identifiers
from .commands import Command, Delete, Download, List, Retrieve, Upload
from .refusals import Refused, shown


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the operations work with."""

    files: Files
    identifiers: Identifiers
    clock: Clock
    processing: Processing
    max_file_bytes: int | None
    max_total_bytes: int | None


def operate(desk: Desk, command: Command, user: str | None) -> Result:
    """Carry the command out, for that user.

    Raises:
        Refused: nothing was changed.
    """
    return _OPERATE[type(command)](desk, command, user)


def _upload(desk: Desk, command: Upload, user: str | None) -> Stored:
    if command.refusal is not None:
        raise command.refusal
    content = command.content or b""
    size = len(content)
    if desk.max_file_bytes is not None and size > desk.max_file_bytes:
        raise Refused(
            "file_too_large",
            f"The file has {size} bytes; at most {desk.max_file_bytes} are allowed.",
        )
    file = File(
        id=desk.identifiers.file_id(),
        filename=command.filename or "",
        bytes=size,
        purpose=command.purpose or "",
        created_at=int(desk.clock()),
        status=desk.processing.first_status,
        content=content,
        content_type=command.content_type or "",
        user=user,
    )
    quota, another_id = desk.max_total_bytes, desk.identifiers.file_id
    try:
        return Stored(file=desk.files.add(file, quota=quota, another_id=another_id))
    except OverQuota:
        raise Refused(
            "quota_exceeded", f"{size} more bytes would exceed the quota of {quota} bytes."
        ) from None


def _list(desk: Desk, command: List, user: str | None) -> Listed:
    if command.refusal is not None:
        raise command.refusal
    page = desk.files.page(
        user,
        purpose=command.purpose,
        after=command.after,
        limit=command.limit,
        ascending=command.ascending,
    )
    if page is None:
        raise Refused("invalid_parameter", f"'after' names no file: {shown(command.after or '')}.")
    return Listed(files=page)


def _retrieve(desk: Desk, command: Retrieve, user: str | None) -> Stored:
    return Stored(file=desk.files.poll(command.file_id, user) or _refuse(command.file_id))


def _download(desk: Desk, command: Download, user: str | None) -> Content:
    return Content(file=desk.files.find(command.file_id, user) or _refuse(command.file_id))


def _delete(desk: Desk, command: Delete, user: str | None) -> Deleted:
    file = desk.files.remove(command.file_id, user) or _refuse(command.file_id)
    return Deleted(file_id=file.id)


def _refuse(file_id: str) -> File:
    """What is not there, what is gone and what is another's look the same (D)."""
    raise Refused("file_not_found", f"There is no file {shown(file_id)}.")


_OPERATE: dict[type, Callable[[Desk, Any, str | None], Result]] = {
    Upload: _upload,
    List: _list,
    Retrieve: _retrieve,
    Download: _download,
    Delete: _delete,
}
