"""Files that come without an upload: from a test author, the command line, a control route."""

from __future__ import annotations

from .checks import is_whole, text
from .errors import (
    OptionError,
    hide_from_traceback,
    not_bytes,
    unknown_user,
    unknown_word,
)
from .model.content_types import content_type_of
from .model.messages import STATUSES, File
from .service.handle import Service

__tracebackhide__ = hide_from_traceback


def add_file(
    service: Service,
    filename: str,
    content: bytes,
    *,
    purpose: str,
    id: str | None,
    created_at: int | None,
    status: str,
    user: str | None,
) -> File:
    """Store a file; see `FilesMock.add_file`.

    Raises:
        OptionError: for a value without sense, or an id that is taken; nothing is stored.
    """
    desk = service.desk
    text("filename", filename)
    text("purpose", purpose)
    if status not in STATUSES:
        raise unknown_word("status", status, STATUSES)
    if id is not None:
        _check_id(id, service)
    if user is not None:
        _check_user(user, service)
    if not isinstance(content, (bytes, bytearray)):
        raise not_bytes("content", content)
    file = File(
        id=desk.identifiers.file_id() if id is None else id,
        filename=filename,
        bytes=len(content),
        purpose=purpose,
        created_at=int(desk.clock()) if created_at is None else _seconds(created_at),
        status=status,
        content=bytes(content),
        content_type=content_type_of(filename),
        user=service.access.default_user if user is None else user,
    )
    return desk.files.add(file, another_id=desk.identifiers.file_id)


def _seconds(value: int) -> int:
    if not is_whole(value, least=0):
        raise OptionError(f"created_at is Unix seconds, a whole number; not {value!r}.", word=value)
    return value


def _check_id(file_id: str, service: Service) -> None:
    text("id", file_id)
    if "/" in file_id:
        raise OptionError(f"id {file_id!r} would never be found: it has a slash.", word=file_id)
    if file_id in service.desk.files:
        raise OptionError(f"id {file_id!r} is taken by another file.", word=file_id)


def _check_user(user: str, service: Service) -> None:
    if user not in service.access.names:
        raise unknown_user(user, service.access.names)
