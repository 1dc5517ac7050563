"""`DELETE /files/{file_id}`: remove a file, for ever."""

from dataclasses import dataclass

from ...model.messages import Reply
from ...options import Options
from .. import Service
from ..replies import json_reply, strange_members
from .operation import (
    FILE_NOT_FOUND,
    STRING,
    Description,
    OneFile,
    Operation,
    Result,
    Schema,
    facts_of_file,
    named,
    object_schema,
    read_file_id,
    refuse_file,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted(Result):
    """A file that is gone."""

    file_id: str


def _operate(service: Service, command: OneFile, user: str | None, now: float) -> Deleted:
    found = service.files.remove(command.file_id, user)
    if found is None and service.options.profile["delete.unknown"] == "refused":
        refuse_file(command.file_id, service)
    # Some profiles answer 200 for a file that was never there.
    return Deleted(file_id=command.file_id, has_deleted=found is not None)


def _render(result: Deleted, request_id: str, options: Options) -> Reply:
    members = {"id": result.file_id, "object": "file", "deleted": True}
    deleted = {name: members.get(name) for name in options.profile["delete.members"]}
    return json_reply(deleted | strange_members(options), request_id, options.profile)


_MEMBERS: Schema = {"id": STRING, "object": {"const": "file"}, "deleted": {"const": True}}

DELETE = Operation(
    name="delete",
    method="DELETE",
    path="/files/{file_id}",
    summary="Delete a file",
    habits=("remove", "del", "destroy"),
    addresses=("filename", "file_id", "purpose"),
    read=read_file_id,
    facts=facts_of_file,
    operate=_operate,
    render=_render,
    description=Description(
        refused=FILE_NOT_FOUND,
        answer=lambda _: named("DeletedFile"),
        schemas={"DeletedFile": lambda profile: object_schema(profile["delete.members"], _MEMBERS)},
    ),
)
