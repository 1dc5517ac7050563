"""How a stub answers a request: the files that it names are looked up, then it has its turn."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..model.content_types import JSON
from ..model.stubs import WITHOUT_BODY, Answer, EncodedAnswer, StubRequest, encode, json_bytes
from ..state.stubs import Stub, StubMatch
from .commands import Stubbed, parse_query
from .refusals import Refusal, Refused
from .service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a stub has answered; or what its function raised."""

    stub: Stub
    answer: EncodedAnswer | None
    error: BaseException | None = None


def named_files(command: Stubbed) -> Iterator[str]:
    """The `file_id` and the members of `file_ids`, wherever they stand in the body."""
    # Not by recursion, as a body may be nested deeply. `reversed` keeps the order of the body,
    # because the last one is taken first.
    waiting: list[Any] = [command.json] if command.stub.check_file_ids else []
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += reversed(value.values())
            named = value.get("file_ids")
            named = [value.get("file_id"), *(named if isinstance(named, list) else ())]
            yield from (file_id for file_id in named if isinstance(file_id, str))
        elif isinstance(value, list):
            waiting += reversed(value)


def answer(service: Service, command: Stubbed, user: str | None) -> Answered:
    """The answer of the newest stub, which counts as one of its `times`."""
    request = command.request
    # Asked again, as another request may have used up the stub that the route has found.
    match = service.stubs.take(request.method, request.resource or "")
    if match is None:
        raise Refused(Refusal("route_not_found", {"method": request.method, "path": request.path}))
    if match.stub.reply is None:
        return Answered(stub=match.stub, answer=match.stub.answer)
    try:
        return Answered(stub=match.stub, answer=_replied(match, command, user))
    # These end the run; the function hasn't failed.
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - pytest.fail() raises no Exception
        service.note_failure(f"The function of the stub {match.stub.operation}", error)
        return Answered(stub=match.stub, answer=None, error=error)


def _replied(match: StubMatch, command: Stubbed, user: str | None) -> EncodedAnswer:
    request, (stub, params) = command.request, match
    assert stub.reply is not None  # noqa: S101 - the caller has looked
    value = stub.reply(
        StubRequest(
            method=request.method,
            path=request.resource or "",
            params=params,
            query=parse_query(request.query),
            headers=request.headers,
            json=command.json,
            body=command.body,
            user=user,
        )
    )
    if isinstance(value, Answer):
        return encode(value)
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
