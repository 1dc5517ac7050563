"""What an operation is: one row of the table, made in a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, NoReturn, Protocol, TypeVar

from ...model.messages import File, Reply, Request
from ...model.profile import Profile
from ...options import Options
from ...state.randomness import is_id
from ...state.stubs import Stub
from .. import Service
from ..refusals import Refusal, Refused


class Command(Protocol):
    """What a request asks for, and what is wrong with it."""

    @property
    def refusal(self) -> Refusal | None:
        """Why it can't be carried out, which is answered once its sender is let in."""


class Nothing(NamedTuple):
    """What a request asks for that no route has."""

    refusal: Refusal | None = None


NOTHING = Nothing()

CommandT = TypeVar("CommandT", bound=Command)
ResultT = TypeVar("ResultT", bound="Result")


TAIL = 64
"""Bytes of a content that the verdict compares."""


class Facts(NamedTuple):
    """What the journal shows of a command, and a fault can be addressed by.

    `size` is the length of what was uploaded; `json` is what was sent otherwise, and kept only with
    the `body` in which it stood; `tail` the last `TAIL` bytes of either, by which the verdict knows
    what was sent again.
    """

    filename: str | None = None
    purpose: str | None = None
    content_type: str | None = None
    size: int | None = None
    sha256: str | None = None
    fields: Mapping[str, str] = MappingProxyType({})
    json: Any = None
    body: bytes = b""
    tail: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What an operation has done.

    Attributes:
        new_id: of the file that was stored, or None.
        has_deleted: whether a file was taken out of the store.
    """

    new_id: str | None = None
    has_deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult(Result):
    """A file that was stored or found; the operation says what is answered of it."""

    file: File


Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
STRING_OR_NULL: Schema = {"type": ["string", "null"]}
TEXT: Schema = {"type": "string", "minLength": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}
BINARY: Schema = {"type": "string", "format": "binary"}


def schema_of(template: Any) -> Schema:
    """The schema of what a template of the profile is filled to."""
    if isinstance(template, dict):
        return object_schema(template, {name: schema_of(value) for name, value in template.items()})
    if isinstance(template, str) and template[:1] == "{" and template[1:-1] not in _TEXT_WORDS:
        # A word that stands alone keeps its type, which may be any.
        return {}
    return {"type": "string"} if isinstance(template, str) else {"enum": [template]}


_TEXT_WORDS = ("message", "type", "code", "id", "request_id")


def named(schema: str) -> Schema:
    return {"$ref": f"#/components/schemas/{schema}"}


def object_schema(members: Iterable[str], schemas: Schema) -> Schema:
    """All of them required; others may come, says the versioning policy (D)."""
    properties = {name: schemas.get(name, {"type": "null"}) for name in members}
    return {"type": "object", "properties": properties, "required": list(properties)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """An operation's part of the OpenAPI document, for a profile.

    Attributes:
        refused: what it can be refused for: the case, and the behaviour without which it can't
            occur; an empty text where there is none.
        query: its parameters in the query.
        body: the schema of its body for each content type; empty without one.
        answer: the schema of its answer, and the schemas that are named there.
        status: that of its answer.
        content_type: that of its answer.
        headers: further ones of its answer.
        answers_id: whether other operations take the `id` that it answers.
    """

    refused: Mapping[str, str]
    answer: Callable[[Profile], Schema]
    query: Callable[[Profile], list[Schema]] = lambda _: []
    body: Callable[[Profile], dict[str, Schema]] = lambda _: {}
    schemas: Mapping[str, Callable[[Profile], Schema]] = field(default_factory=dict)
    status: Callable[[Profile], int] = lambda _: 200
    content_type: Callable[[Profile], str] = lambda profile: str(profile["json.content_type"])
    headers: Callable[[Profile], Schema] = lambda _: {}
    answers_id: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation(Generic[CommandT, ResultT]):
    """One row.

    Attributes:
        name: used everywhere: options, faults, calls, command line, pages.
        method: of its route.
        path: of its route, below the base URL.
        summary: for people.
        habits: what the `openai` SDK, HTTP and Python call it.
        addresses: what a fault can be limited to, of `filename`, `file_id`, `purpose`.
        read: the command of a request, with the refusal that will answer it, if it can't be carried
            out: so a fault can hit it first, and the journal can name the file.
        facts: what the journal shows of a command and of the stored file that its path names.
        operate: carries a command without a refusal out, for a user, at a time in Unix seconds; or
            raises `Refused`, and changes nothing.
        render: the answer.
        used_files: the files that it uses the content of, for the verdict; None for no file.
        answers_json: whether its answer is JSON, which a fault can break.
        description: its part of the OpenAPI document.
    """

    name: str
    method: str = ""
    path: str = ""
    summary: str = ""
    habits: Sequence[str] = ()
    addresses: Sequence[str] = ()
    read: Callable[[Request, RouteMatch, Profile], CommandT]
    facts: Callable[[CommandT, File | None], Facts]
    operate: Callable[[Service, CommandT, str | None, float], ResultT]
    render: Callable[[ResultT, str, Options], Reply]
    used_files: (
        Callable[[CommandT, File | None, Service, str | None], Iterable[File | None]] | None
    ) = None
    answers_json: bool = True
    description: Description | None = None


AnyOperation = Operation[Any, Any]


# The commands of three operations.
class OneFile(NamedTuple):
    """Show a file, give its content, or remove it, as the operation says."""

    file_id: str
    refusal: Refusal | None = None


def read_file_id(request: Request, route: RouteMatch, profile: Profile) -> OneFile:
    return OneFile(route.file_id or "")


def facts_of_file(command: object, file: File | None) -> Facts:
    return Facts() if file is None else Facts(file.filename, file.purpose)


FILE_NOT_FOUND = {"file_not_found": "", "malformed_id": ""}
"""What an operation on one file can be refused for."""


def refuse_file(file_id: str, service: Service) -> NoReturn:
    """A file that isn't there, was deleted or is another user's: the same answer (D)."""
    profile = service.options.profile
    is_malformed = profile["errors.malformed_id"] and not is_id(file_id, profile["id.format"])
    raise Refused(Refusal("malformed_id" if is_malformed else "file_not_found", {"id": file_id}))


def _read_nothing(request: Request, route: RouteMatch, profile: Profile) -> Nothing:
    return NOTHING


def _never(*_: object) -> NoReturn:
    raise AssertionError("A request without a route is refused before there is any work.")


UNROUTED: Operation[Nothing, Result] = Operation(
    name="", read=_read_nothing, facts=facts_of_file, operate=_never, render=_never
)
"""What a request asks for that no route has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMatch:
    """What the path and the method of a request mean, or why they mean nothing.

    `name` is the operation's; of a stubbed route, that of the stub; None when no route has both.
    """

    operation: AnyOperation = UNROUTED
    name: str | None = None
    file_id: str | None = None
    stub: Stub | None = None
    refusal: Refusal | None = None
    is_unknown: bool = False
