"""`GET /files`: show a page of the files."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from ...model.messages import File, Reply, Request
from ...model.profile import Profile
from ...options import Options
from .. import Service
from ..refusals import Refusal, Refused
from ..replies import file_members, json_reply, strange_members
from .operation import (
    STRING,
    STRING_OR_NULL,
    TEXT,
    Description,
    Facts,
    Operation,
    Result,
    RouteMatch,
    Schema,
    named,
    object_schema,
)

MOST_PER_PAGE = 10_000
"""The largest `limit`, and the one without (guess, after OpenAI)."""


class List(NamedTuple):
    """Show a page of the files."""

    purpose: str | None = None
    after: str | None = None
    limit: int = MOST_PER_PAGE
    ascending: bool = False
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Result):
    """A page of files."""

    files: list[File]
    has_more: bool = False


_PARAMETERS = {
    "purpose": "list.purpose_filter",
    "limit": "list.limit",
    "order": "list.order_parameter",
    "after": "list.after",
}
"""Parameter → the behaviour that says whether it has an effect."""


def _read(request: Request, route: RouteMatch, profile: Profile) -> List:
    query = {
        name: value
        for name, value in request.parameters.items()
        if name in _PARAMETERS and profile[_PARAMETERS[name]] == "honoured"
    }
    limit, order = query.get("limit"), query.get("order")
    # Where the profile doesn't refuse an invalid value, it counts as not given.
    refusal = None
    if limit is not None and not _is_limit(limit) and profile["errors.bad_limit"]:
        refusal = Refusal("bad_limit", {"value": limit})
    elif order not in (None, "asc", "desc") and profile["errors.bad_order"]:
        refusal = Refusal("bad_order", {"value": order})
    return List(
        purpose=query.get("purpose"),
        after=query.get("after"),
        limit=int(limit) if limit is not None and _is_limit(limit) else MOST_PER_PAGE,
        ascending=(order if order in ("asc", "desc") else profile["list.order"]) == "asc",
        refusal=refusal,
    )


def _is_limit(value: str) -> bool:
    # Not isdigit(), which takes digits of every script; and int() refuses very long numbers.
    return re.fullmatch("[0-9]{1,9}", value) is not None and 1 <= int(value) <= MOST_PER_PAGE


def _facts(command: List, file: File | None) -> Facts:
    return Facts(purpose=command.purpose)


def _operate(service: Service, command: List, user: str | None, now: float) -> Listed:
    profile, page = service.options.profile, _page(service, command, command.after, user)
    if page is None and profile["errors.unknown_after"]:
        raise Refused(Refusal("unknown_after", {"value": command.after}))
    # A profile that doesn't refuse an unknown `after` gives the first page, as without one.
    files = (_page(service, command, None, user) or []) if page is None else page
    return Listed(files=files[: command.limit], has_more=len(files) > command.limit)


def _page(
    service: Service, command: List, after: str | None, user: str | None
) -> list[File] | None:
    """The files, and one more where the answer tells whether there are more; None for an unknown
    `after`.
    """
    files, profile = service.files, service.options.profile
    if after and profile["list.after_deleted"] == "refused" and not files.find(after, user):
        return None
    tells_more = "has_more" in profile["list.members"]
    return files.page(
        user,
        purpose=command.purpose,
        after=after,
        limit=command.limit + 1 if tells_more else command.limit,
        ascending=command.ascending,
    )


def _render(result: Listed, request_id: str, options: Options) -> Reply:
    profile, strange, files = options.profile, strange_members(options), result.files
    shown = file_members(profile)
    members = {
        "object": "list",
        "data": [shown(file) | strange for file in files],
        "has_more": result.has_more,
        "first_id": files[0].id if files else None,
        "last_id": files[-1].id if files else None,
    }
    listed = {name: members.get(name) for name in profile["list.members"]}
    return json_reply(listed | strange, request_id, profile)


def _query(profile: Profile) -> list[Schema]:
    """The parameters that have an effect."""
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": MOST_PER_PAGE}
    order = {"type": "string", "enum": ["asc", "desc"], "default": profile["list.order"]}
    schemas: dict[str, Schema] = {"purpose": STRING, "limit": limit, "order": order, "after": TEXT}
    return [
        {"name": name, "in": "query", "required": False, "schema": schemas[name]}
        for name, behaviour in _PARAMETERS.items()
        if profile[behaviour] == "honoured"
    ]


_MEMBERS: Schema = {
    "object": {"const": "list"},
    "data": {"type": "array", "items": named("File")},
    "has_more": {"type": "boolean"},
    "first_id": STRING_OR_NULL,
    "last_id": STRING_OR_NULL,
}

LIST = Operation(
    name="list",
    method="GET",
    path="/files",
    summary="List the files",
    habits=("index", "ls", "all"),
    addresses=("purpose",),
    read=_read,
    facts=_facts,
    operate=_operate,
    render=_render,
    description=Description(
        refused={
            "bad_limit": "list.limit",
            "bad_order": "list.order_parameter",
            "unknown_after": "list.after",
        },
        query=_query,
        answer=lambda _: named("FileList"),
        schemas={"FileList": lambda profile: object_schema(profile["list.members"], _MEMBERS)},
    ),
)
