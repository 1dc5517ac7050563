"""What a test expects of the calls: the assertions about them, and the messages when they fail."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from ..errors import (
    ExpectationNotMet,
    byte_string,
    check_words,
    integer,
    quoted,
    seconds,
    unknown_user,
)
from ..model.faults import FaultName
from ..model.messages import Call, File
from ..model.secret_names import REDACTED, is_secret_name, without_secret_members
from ..service import Service
from ..service.operations import check_operation, success_status
from ..state.file_store import FileStore, file_id_of, is_a_filename
from ..state.journal import Journal

_FIELDS = tuple(field.name for field in dataclasses.fields(Call))

_FIELD_HABITS = {
    **dict.fromkeys(("count", "n", "call_count"), "times"),
    **dict.fromkeys(("name", "file", "file_name"), "filename"),
    **dict.fromkeys(("id", "file_ids"), "file_id"),
    **dict.fromkeys(("status_code", "code"), "status"),
    **dict.fromkeys(("body", "data", "payload"), "json"),
    **dict.fromkeys(("params", "query_params"), "query"),
    **dict.fromkeys(("url", "route"), "path"),
    **dict.fromkeys(("owner", "key"), "user"),
    **dict.fromkeys(("size", "length"), "bytes"),
    **dict.fromkeys(("mime_type", "mimetype", "type"), "content_type"),
}
"""What other libraries call it → the field of a call."""


def assert_called(
    service: Service, operation: str, times: int | None, fields: Mapping[str, Any]
) -> None:
    """See `FilesMock.assert_called`."""
    check_operation(service, operation)
    # A field that doesn't exist would match no call, and an assertion with times=0 would always
    # pass.
    fields = _checked(service, fields)
    if times is not None:
        integer("times", times, least=0)
    _assert_called(service, operation, times, fields)


def _checked(service: Service, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields as calls have them: ids in the place of a `File`, and without secrets."""
    check_words("field of a call", fields, _FIELDS, _FIELD_HABITS)
    checked = dict(fields)
    if checked.get("file_id") is not None:
        checked["file_id"] = _file_id(service, checked["file_id"])
    for name in ("json", "query", "fields"):
        if name in checked:
            checked[name] = _without_secrets(checked[name], is_json=name == "json")
    return checked


def _without_secrets(value: Any, *, is_json: bool) -> Any:
    if is_json:
        return without_secret_members(value)
    if not isinstance(value, Mapping):
        return value
    return {name: REDACTED if is_secret_name(name) else one for name, one in value.items()}


def _file_id(service: Service, value: object) -> str:
    file_id = file_id_of("file_id", value, service.files.all())
    # It may be that of a file which was deleted.
    calls = service.journal.calls()
    is_filename = any(call.filename == file_id for call in calls)
    if is_filename and not any(call.file_id == file_id for call in calls):
        raise is_a_filename("file_id", file_id)
    return file_id


def wait_for(
    service: Service, operation: str, times: int, timeout: float, fields: Mapping[str, Any]
) -> list[Call]:
    """See `FilesMock.wait_for`."""
    check_operation(service, operation)
    fields = _checked(service, fields)
    integer("times", times, least=1)
    seconds("timeout", timeout)
    journal = service.journal

    def matching() -> list[Call]:
        return [call for call in _of(journal, operation) if not _differing(call, fields)]

    # Counted under the journal's lock: a call that came between counting and waiting would wake
    # nobody.
    with journal.changed:
        journal.wait_for(lambda: len(matching()) >= times, timeout)
        came = matching()
        if len(came) < times:
            _assert_called(service, operation, times, fields, f" in {timeout:g} s")
    return came[:times]


def assert_uploaded(
    service: Service,
    filename: str | None,
    *,
    purpose: str | None,
    content: bytes | None,
    content_type: str | None,
    user: str | None,
) -> None:
    """See `FilesMock.assert_uploaded`."""
    asked: dict[str, Any] = {
        "filename": filename,
        "purpose": purpose,
        "content_type": content_type,
        "user": user,
    }
    if user is not None and user not in service.users:
        raise unknown_user(user, service.users)
    if content is not None:
        asked["content"] = byte_string("content", content)
    given = {name: value for name, value in asked.items() if value is not None}
    fields = _fields_of(given)
    uploads = _of(service.journal, "upload")
    # By the file's id, not by the status: the file was stored even if a fault lost the answer.
    if any(call.file_id is not None and not _differing(call, fields) for call in uploads):
        return
    raise ExpectationNotMet(
        f"Expected an upload{_words(given)}, but no such file was stored.\n"
        f"{_what_came(service)}{_nearest(uploads, fields)}"
        f"{_content_difference(service.files, uploads, fields, content)}{_wait_advice('upload')}"
    )


def assert_deleted(service: Service, file_id: str | File) -> None:
    """See `FilesMock.assert_deleted`."""
    file_id = _file_id(service, file_id)
    # By the record, not by the status: a fault may have lost the answer, and a second DELETE
    # has the same id with a 404.
    records = service.journal.records()
    if not any(record.has_deleted and record.call.file_id == file_id for record in records):
        raise _not_done(service, "delete", file_id)


def assert_downloaded(service: Service, file_id: str | File) -> None:
    """See `FilesMock.assert_downloaded`."""
    file_id = _file_id(service, file_id)
    status = success_status("download", service.options.profile)
    calls = _of(service.journal, "download")
    if not any(call.file_id == file_id and call.status == status for call in calls):
        raise _not_done(service, "download", file_id)


def _of(journal: Journal, operation: str) -> list[Call]:
    return [call for call in journal.calls() if call.operation == operation]


def _assert_called(
    service: Service, operation: str, times: int | None, fields: Mapping[str, Any], within: str = ""
) -> None:
    calls = _of(service.journal, operation)
    others = [call for call in calls if _differing(call, fields)]
    came = len(calls) - len(others)
    if came == times or (times is None and came):
        return
    asked = f"at least 1 {operation}" if times is None else _so_many(times, operation)
    too_few = times is None or came < times
    raise ExpectationNotMet(
        f"Expected {asked}{_words(fields)}, got {came}{within}.\n"
        f"{_what_came(service)}{_nearest(others, fields) if too_few else ''}"
        f"{_wait_advice(operation) if too_few and not within else ''}"
    )


def _wait_advice(operation: str) -> str:
    """A thread, or a worker of a server, may not have come so far."""
    return f"\nIf another thread sends it, wait: mock.wait_for({operation!r})."


def _so_many(number: int, operation: str) -> str:
    """`no upload`, `2 uploads`; a route has no plural: `2 calls of POST /batches`."""
    if number == 0:
        return f"no {operation}"
    if number > 1 and " " in operation:
        return f"{number} calls of {operation}"
    return count(number, operation)


def _not_done(service: Service, operation: str, file_id: str) -> ExpectationNotMet:
    asked: dict[str, object] = {"file_id": file_id}
    whole = asked | {"status": success_status(operation, service.options.profile)}
    # Of a file that was deleted, only the id is wrong here, whatever became of the answer.
    candidates = [
        (one.call, asked if one.has_deleted else whole)
        for one in service.journal.records()
        if one.call.operation == operation
    ]
    nearest, fields = min(
        candidates,
        key=lambda pair: (pair[0].file_id != file_id, len(_differing(*pair))),
        default=(None, whole),
    )
    return ExpectationNotMet(
        f"Expected a {operation} of the file {quoted(file_id)}, but none was carried out.\n"
        f"{_what_came(service)}{_difference(nearest, fields)}"
    )


def _content_difference(
    files: FileStore, uploads: Sequence[Call], fields: Mapping[str, Any], content: bytes | None
) -> str:
    """Where the content of the nearest upload differs, while it is still stored."""
    if content is None:
        return ""
    nearest = _nearest_call(uploads, fields)
    file = None if nearest is None else files.get(nearest.file_id or "")
    if file is None or file.content == content:
        return ""
    pairs = enumerate(zip_longest(content, file.content))
    first = next(position for position, (one, other) in pairs if one != other)
    return (
        f"\n  content: expected {brief(content)}, came {brief(file.content)}"
        f"\n  the first difference is at byte {first}"
    )


def _fields_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    fields = dict(asked)
    # The journal keeps no content: a large one would stay in memory until the test ends.
    if "content" in fields:
        content = fields.pop("content")
        import hashlib

        fields |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return fields


def _what_came(service: Service) -> str:
    """The calls; and how many are not compared, as they are no longer kept."""
    came = f"What came:\n{call_lines(service.journal.calls())}"
    if not service.journal.dropped:
        return came
    dropped = count(service.journal.dropped, "older call")
    return f"{came}\n{dropped} not kept, and not counted: FilesMock(max_calls=...) keeps more."


def _differing(call: Call, fields: Mapping[str, Any]) -> list[str]:
    return [name for name, value in fields.items() if getattr(call, name) != value]


def _nearest(candidates: Sequence[Call], fields: Mapping[str, Any]) -> str:
    """The call that differs least, and in what; nothing when there is none to compare."""
    return _difference(_nearest_call(candidates, fields), fields) if fields else ""


def _nearest_call(candidates: Sequence[Call], fields: Mapping[str, Any]) -> Call | None:
    return min(candidates, key=lambda call: len(_differing(call, fields)), default=None)


def _difference(nearest: Call | None, fields: Mapping[str, Any]) -> str:
    if nearest is None:
        return ""
    lines = "".join(
        f"\n  {name}: expected {brief(fields[name])}, came {brief(getattr(nearest, name))}"
        for name in _differing(nearest, fields)
    )
    verdict = f"It differs in:{lines}" if lines else f"It matches, but {_why_not_done(nearest)}"
    return f"\nThe nearest call:\n  {call_line(nearest)}\n{verdict}"


def _why_not_done(call: Call) -> str:
    if call.error is not None:
        return f"was refused: {refusal_of(call)}. {call.message}"
    return (
        "there was no such file."
        if call.fault is None
        else f"the fault {fault_of(call)} took its place."
    )


def _words(fields: Mapping[str, Any]) -> str:
    words = " and ".join(f"{name}={brief(value)}" for name, value in fields.items())
    return f" with {words}" if words else ""


# How calls and numbers are written, here and in the exit checks.

_MOST_SHOWN = 20


def call_line(call: Call) -> str:
    """One call on one line: operation, request, answer, and what else is known."""
    answer = "no answer" if call.status is None else str(call.status)
    # The name of a stubbed route is its method and its path, which follow.
    operation = "stub" if " " in (call.operation or "") else call.operation or "?"
    words = [f"{operation:<8} {call.method} {call.path} -> {answer}"]
    if call.error is not None:
        words.append(f"({call.error})")
    if call.fault is not None:
        words.append(f"fault={fault_of(call)}")
    if call.filename is not None:
        words.append(f"filename={call.filename!r}")
    if call.purpose is not None:
        words.append(f"purpose={call.purpose!r}")
    if call.bytes is not None:
        words.append(f"bytes={call.bytes}")
    if call.user is not None:
        words.append(f"user={call.user}")
    return " ".join([*words, f"[{call.client}]"])


def refusal_of(call: Call) -> str:
    """Status and code; the code alone where nobody got an answer."""
    return f"{call.error}" if call.status is None else f"{call.status} {call.error}"


def fault_of(call: Call) -> str:
    """The fault that hit, with its arguments."""
    fault = call.fault
    return fault.shown if isinstance(fault, FaultName) else str(fault)


def call_lines(calls: Iterable[Call], *, indent: str = "  ") -> str:
    """The newest calls, a line each; says how many older ones are left out."""
    calls = list(calls)
    lines = [f"{indent}{call_line(call)}" for call in calls[-_MOST_SHOWN:]]
    if len(calls) > _MOST_SHOWN:
        lines.insert(0, f"{indent}… {len(calls) - _MOST_SHOWN} earlier calls")
    return "\n".join(lines) or f"{indent}(no call)"


def count(number: int, noun: str) -> str:
    """A number and what is counted: `1 call`, `2 calls`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def brief(value: object) -> str:
    """A value as Python writes it, cut when it is long."""
    text = repr(value)
    return text if len(text) <= 120 else text[:119] + "…"
