"""`GET /files/{file_id}`: show a file, never its content."""

from ...model.messages import STATUSES, Reply
from ...model.profile import Profile
from ...options import Options
from ...state.randomness import Randomness
from .. import Service
from ..replies import file_members, json_reply, strange_members
from .operation import (
    COUNT,
    FILE_NOT_FOUND,
    TEXT,
    Description,
    FileResult,
    OneFile,
    Operation,
    Schema,
    facts_of_file,
    named,
    object_schema,
    read_file_id,
    refuse_file,
)


def _operate(service: Service, command: OneFile, user: str | None, now: float) -> FileResult:
    file = service.files.poll(command.file_id, user)
    if file is None:
        refuse_file(command.file_id, service)
    return FileResult(file=file)


def _render(result: FileResult, request_id: str, options: Options) -> Reply:
    members = file_members(options.profile)(result.file) | strange_members(options)
    return json_reply(members, request_id, options.profile)


def _file(profile: Profile) -> Schema:
    """The members of the profile; others follow when the file has a value for them."""
    unit = profile["file.created_at"]
    id_ = TEXT | {"examples": [Randomness(0, profile["id.format"]).file_id()]}
    created_at = COUNT | {"description": f"Unix time in {unit}"}
    shown = object_schema(profile["file.members"], _MEMBERS | {"id": id_, "created_at": created_at})
    late = ["status_details"]
    if profile["expires.after"] == "honoured" or profile["expires.batch"]:
        late.insert(0, "expires_at")
    beside = {name: _MEMBERS[name] for name in late if name not in shown["properties"]}
    return {**shown, "properties": shown["properties"] | beside}


_MEMBERS: Schema = {
    "object": {"const": "file"},
    "bytes": COUNT,
    "filename": TEXT,
    "purpose": TEXT,
    "status": {"type": "string", "enum": list(STATUSES)},
    "expires_at": {"type": ["integer", "null"], "description": "Unix time in seconds"},
    "status_details": {"type": ["string", "null"], "description": "Why processing failed"},
}

RETRIEVE = Operation(
    name="retrieve",
    method="GET",
    path="/files/{file_id}",
    summary="Retrieve a file",
    habits=("get", "show", "status", "wait_for_processing"),
    addresses=("filename", "file_id", "purpose"),
    read=read_file_id,
    facts=facts_of_file,
    operate=_operate,
    render=_render,
    description=Description(
        refused=FILE_NOT_FOUND, answer=lambda _: named("File"), schemas={"File": _file}
    ),
)
