"""A stubbed route: answered as the test author said, once the files that it names are there."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ...model.headers import JSON
from ...model.messages import File, Reply, Request
from ...model.profile import Profile
from ...model.stub_answers import (
    WITHOUT_BODY,
    Answer,
    EncodedAnswer,
    StubRequest,
    encode,
    files_named_in,
    json_bytes,
)
from ...options import Options
from ...state.stubs import Stub, StubMatch
from .. import Service
from ..refusals import Refusal, Refused
from ..replies import merged_headers, render_failure, reply
from .operation import TAIL, Facts, Operation, Result, RouteMatch, refuse_file


class Stubbed(NamedTuple):
    """Answer for a stubbed route, as the test author said."""

    stub: Stub
    request: Request
    body: bytes
    json: Any
    named: tuple[tuple[str, str], ...]
    """Member and id of each file that the JSON names."""
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Result):
    """What a stub has answered; or what its function raised."""

    stub: Stub
    answer: EncodedAnswer | None
    error: BaseException | None = None


def _read(request: Request, route: RouteMatch, profile: Profile) -> Stubbed:
    assert route.stub is not None  # noqa: S101 - only a stub is matched to this operation
    body = request.whole_body
    try:
        parsed = json.loads(body) if body else None
    # Not refused: only the test author knows what this route takes. Python can't parse what is
    # nested too deeply.
    except (ValueError, RecursionError):
        parsed = None
    named = tuple(files_named_in(parsed))
    return Stubbed(route.stub, request, body, parsed, named)


def _facts(command: Stubbed, file: File | None) -> Facts:
    return Facts(json=command.json, body=command.body, tail=command.body[-TAIL:])


def _used_files(
    command: Stubbed, file: File | None, service: Service, user: str | None
) -> Iterable[File | None]:
    # To report a file that has failed isn't to use it.
    return [
        service.files.find(file_id, user)
        for name, file_id in command.named
        if not name.startswith(_REPORTED)
    ]


_REPORTED = ("failed_", "error_", "invalid_", "rejected_", "broken_", "skipped_")
"""How the names of members begin that report a file."""


def _operate(service: Service, command: Stubbed, user: str | None, now: float) -> Answered:
    """The answer of the newest stub, which counts as one of its `times`."""
    # Before the stub is asked, so that a refused request doesn't use up one of its `times`.
    for _, file_id in command.named if command.stub.check_file_ids else ():
        if service.files.find(file_id, user) is None:
            refuse_file(file_id, service)
    request = command.request
    # Asked again, as another request may have used up the stub that the route has found.
    match = service.stubs.take(request.method, request.resource or "")
    if match is None:
        raise Refused(Refusal("route_not_found", {"method": request.method, "path": request.path}))
    if match.stub.reply is None:
        return Answered(stub=match.stub, answer=match.stub.answer)
    try:
        return Answered(stub=match.stub, answer=_replied(match, command, user, service))
    # These end the run; the function hasn't failed.
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - pytest.fail() raises no Exception
        service.note_failure(f"The function of the stub {match.stub.operation}", error)
        return Answered(stub=match.stub, answer=None, error=error)


def _replied(
    match: StubMatch, command: Stubbed, user: str | None, service: Service
) -> EncodedAnswer:
    # Late, as it would be a sixth of what importing the mock takes.
    from ..multipart import read_stub_form

    request, (stub, params) = command.request, match
    assert stub.reply is not None  # noqa: S101 - the caller has looked
    value = stub.reply(
        StubRequest(
            method=request.method,
            path=request.resource or "",
            params=params,
            query=request.parameters,
            headers=request.headers,
            json=command.json,
            form=read_stub_form(request.headers.by_name.get("content-type"), command.body),
            body=command.body,
            user=user,
        )
    )
    if isinstance(value, Answer):
        return encode(value, service.options.profile["responses.events"])
    if stub.answer.status in WITHOUT_BODY:
        return stub.answer
    # A function that forgets its `return` is more likely than one that means null.
    if value is None:
        raise TypeError(
            "the reply function returned None: return a JSON value, or an Answer; "
            "Answer(body='null') sends a null."
        )
    return replace(
        stub.answer, content_type=JSON, body=json_bytes("what the reply function returns", value)
    )


def _render(result: Answered, request_id: str, options: Options) -> Reply:
    answer, profile = result.answer, options.profile
    if answer is None:
        assert result.error is not None  # noqa: S101 - one of the two is there
        what = f"The function of the stub {result.stub.operation}"
        return render_failure(what, result.error, request_id, profile)
    usual = reply(answer.status, answer.content_type, answer.body, request_id, profile)
    if not answer.headers:
        return usual
    return replace(usual, headers=merged_headers(usual.headers, answer.headers))


STUBBED = Operation(
    name="",  # that of the stub, such as `POST /responses`
    read=_read,
    facts=_facts,
    operate=_operate,
    render=_render,
    used_files=_used_files,
)
