"""What each command does to the stored files."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..model.messages import File
from ..state.file_store import OverQuota
from ..state.randomness import is_id
from .commands import Command, List, OneFile, Stubbed, Upload
from .refusals import Refusal, Refused
from .service import Service
from .stubs import Answered, answer, named_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A file, shown without its content."""

    file: File
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of files."""

    files: list[File]
    has_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file contains."""

    file: File


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A file that is gone."""

    file_id: str


Result = Stored | Listed | Content | Deleted | Answered


def operate(
    service: Service, operation: str, command: Command, user: str | None, now: float
) -> Result:
    """Carry the command out for that user, at this time; or refuse it, and change nothing."""
    # Stubbed routes have names of their own, so what isn't one of the five is a stub.
    return _OPERATE.get(operation, _answer)(service, command, user, now)


def _upload(service: Service, command: Upload, user: str | None, now: float) -> Stored:
    if command.refusal is not None:
        raise Refused(command.refusal)
    content = command.content or b""
    size, options = len(content), service.options
    if options.max_file_bytes is not None and size > options.max_file_bytes:
        message = f"The file has {size} bytes; at most {options.max_file_bytes} are allowed."
        raise Refused(Refusal("file_too_large", {"message": message}))
    created_at, expires_after = int(now), command.expires_after
    file = File(
        id=service.randomness.file_id(),
        filename=command.filename or "",
        bytes=size,
        purpose=command.purpose or "",
        created_at=created_at,
        status=options.processing.of(command.filename or "").first_status,
        content=content,
        content_type=command.content_type or "",
        user=user,
        expires_at=None if expires_after is None else created_at + expires_after,
    )
    quota, another_id = options.max_total_bytes, service.randomness.file_id
    try:
        file = service.files.add(file, quota=quota, another_id=another_id)
        return Stored(file=file, is_new=True)
    except OverQuota:
        message = f"{size} more bytes would exceed the quota of {quota} bytes."
        raise Refused(Refusal("quota_exceeded", {"message": message})) from None


def _list(service: Service, command: List, user: str | None, now: float) -> Listed:
    if command.refusal is not None:
        raise Refused(command.refusal)
    profile, page = service.options.profile, _page(service, command, command.after, user)
    if page is None and profile["errors.unknown_after"]:
        raise Refused(Refusal("unknown_after", {"value": command.after}))
    # A profile that doesn't refuse an unknown `after` gives the first page, as without one.
    files = (_page(service, command, None, user) or []) if page is None else page
    return Listed(files=files[: command.limit], has_more=len(files) > command.limit)


def _page(
    service: Service, command: List, after: str | None, user: str | None
) -> list[File] | None:
    """The files, and one more, which tells whether there are more; None for an unknown `after`."""
    files, profile = service.files, service.options.profile
    if after and profile["list.after_deleted"] == "refused" and not files.find(after, user):
        return None
    return files.page(
        user,
        purpose=command.purpose,
        after=after,
        limit=command.limit + ("has_more" in profile["list.members"]),
        ascending=command.ascending,
    )


def _retrieve(service: Service, command: OneFile, user: str | None, now: float) -> Stored:
    file_id = command.file_id
    return Stored(file=service.files.poll(file_id, user) or _refuse(file_id, service))


def _download(service: Service, command: OneFile, user: str | None, now: float) -> Content:
    file_id = command.file_id
    file = service.files.find(file_id, user) or _refuse(file_id, service)
    if file.purpose in service.options.profile["download.refused_purposes"]:
        raise Refused(Refusal("download_refused", {"purpose": file.purpose}))
    return Content(file=file)


def _delete(service: Service, command: OneFile, user: str | None, now: float) -> Deleted:
    file_id = command.file_id
    found = service.files.remove(file_id, user)
    if found is None and service.options.profile["delete.unknown"] == "refused":
        _refuse(file_id, service)
    return Deleted(file_id=file_id)


def _answer(service: Service, command: Stubbed, user: str | None, now: float) -> Answered:
    # Before the stub is asked, so that a refused request doesn't use up one of its `times`.
    for file_id in named_files(command):
        if service.files.find(file_id, user) is None:
            _refuse(file_id, service)
    return answer(service, command, user)


def _refuse(file_id: str, service: Service) -> File:
    """A file that isn't there, was deleted or is another user's: the same answer (D)."""
    profile = service.options.profile
    is_malformed = profile["errors.malformed_id"] and not is_id(file_id, profile["id.format"])
    raise Refused(Refusal("malformed_id" if is_malformed else "file_not_found", {"id": file_id}))


_OPERATE: dict[str, Callable[[Service, Any, str | None, float], Result]] = {
    "upload": _upload,
    "list": _list,
    "retrieve": _retrieve,
    "download": _download,
    "delete": _delete,
}
