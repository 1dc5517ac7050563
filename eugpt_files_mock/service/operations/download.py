"""`GET /files/{file_id}/content`: what a file contains."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from ...model.messages import File, Reply
from ...model.profile import Profile, fill
from ...options import Options
from .. import Service
from ..refusals import Refusal, Refused
from ..replies import reply
from .operation import (
    BINARY,
    FILE_NOT_FOUND,
    STRING,
    Description,
    FileResult,
    OneFile,
    Operation,
    Schema,
    facts_of_file,
    read_file_id,
    refuse_file,
)


def _operate(service: Service, command: OneFile, user: str | None, now: float) -> FileResult:
    file = service.files.find(command.file_id, user)
    if file is None:
        refuse_file(command.file_id, service)
    if file.purpose in service.options.profile["download.refused_purposes"]:
        raise Refused(Refusal("download_refused", {"purpose": file.purpose}))
    return FileResult(file=file)


def _render(result: FileResult, request_id: str, options: Options) -> Reply:
    file, profile = result.file, options.profile
    # As browsers escape a quotation mark (HTML, multipart form data).
    filename = file.filename.replace('"', "%22")
    words = {"filename": filename, "content_type": file.content_type}
    kind, disposition = profile["download.content_type"], profile["download.disposition"]
    extra = [("Content-Disposition", _ascii(fill(disposition, words)))] if disposition else []
    return reply(200, _ascii(fill(kind, words)), file.content, request_id, profile, *extra)


def _ascii(value: str) -> str:
    """A header's value: what can't stand in one is escaped."""
    return re.sub(r"[^ -~]", lambda found: quote(found[0]), value)


def _used_files(
    command: OneFile, file: File | None, service: Service, user: str | None
) -> Iterable[File | None]:
    return (file,)


def _headers(profile: Profile) -> Schema:
    if not profile["download.disposition"]:
        return {}
    return {"Content-Disposition": {"required": True, "schema": STRING}}


DOWNLOAD = Operation(
    name="download",
    method="GET",
    path="/files/{file_id}/content",
    summary="Download the content of a file",
    habits=("content", "read", "retrieve_content", "fetch"),
    addresses=("filename", "file_id", "purpose"),
    read=read_file_id,
    facts=facts_of_file,
    operate=_operate,
    render=_render,
    used_files=_used_files,
    answers_json=False,
    description=Description(
        refused={**FILE_NOT_FOUND, "download_refused": "download.refused_purposes"},
        answer=lambda _: BINARY,
        content_type=lambda profile: str(profile["download.content_type"]),
        headers=_headers,
    ),
)
