"""What a test expects of the calls, and the messages when it does not hold.

A message has four parts: what came, what would have matched, how to fix it, how to allow it.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from ..checks import whole
from ..errors import FilesMockError, Unmet, hide_from_traceback, not_bytes, unknown_word
from ..model.messages import OPERATIONS, Call
from ..options import Options
from ..service.handle import Service
from ..service.refusals import BEFORE_FAULTS
from ..service.routes import ROUTES
from ..state.armed_faults import ArmedFault
from ..state.file_store import Files
from ..state.journal import Journal
from .call_lines import call_line, call_lines

__tracebackhide__ = hide_from_traceback

_FIELDS = tuple(field.name for field in dataclasses.fields(Call))


def check_left(
    service: Service, options: Options, complaints: Sequence[FilesMockError]
) -> str | None:
    """What leaving the mock complains about; None when all is well.

    Args:
        service: its armed faults and its calls.
        options: what is to be checked.
        complaints: what was raised inside a client call, and may have been swallowed there.
    """
    journal = service.journal
    strays, journal.strays = journal.strays, []
    found: list[str | None] = []
    if options.assert_all_faults_fired:
        found += [f"{complaint}\nWhat came:\n{call_lines(journal)}" for complaint in complaints]
    if options.assert_all_requests_known:
        found.append(check_known(strays))
    if options.assert_all_faults_fired:
        found.append(check_fired(service.armed.unreported(), journal))
    return "\n\n".join(message for message in found if message) or None


def check_fired(waiting: Sequence[ArmedFault], calls: Sequence[Call]) -> str | None:
    """The complaint about faults that never hit; None when there is nothing to say."""
    if not waiting:
        return None
    lines = "\n".join(f"  {fault.name} on {fault.aim} {_fate(fault, calls)}" for fault in waiting)
    return (
        f"{_count(len(waiting), 'armed fault')} never fired.\n"
        f"What came:\n{call_lines(calls)}\n"
        f"What would have matched:\n{lines}\n"
        "To fix it: make the code under test send such a request, or correct inject().\n"
        "To allow it: inject(..., optional=True), "
        "or FilesMock(assert_all_faults_fired=False) for all of them."
    )


def _fate(fault: ArmedFault, calls: Sequence[Call]) -> str:
    """How many requests it was for, and what answered those that it never saw."""
    others = Counter(
        call.fault or call.error
        for call in calls
        if call.operation in fault.aim.on and (call.fault or call.error in BEFORE_FAULTS)
    )
    text = f"matched {_count(fault.seen, 'request')}"
    if not fault.seen and others:
        text += "; answered before it was asked: "
        text += ", ".join(f"{name} {_count(number, 'time')}" for name, number in others.items())
    return f"({text})"


def check_known(strays: Sequence[Call]) -> str | None:
    """The complaint about requests to routes that the API does not have."""
    if not strays:
        return None
    routes = "\n".join(
        f"  {route.method:<6} /v1{route.template}  ({route.operation})" for route in ROUTES
    )
    return (
        f"{_count(len(strays), 'request')} came for a route that the Files API does not have.\n"
        f"What came:\n{call_lines(strays)}\n"
        f"What would have matched, below the base URL:\n{routes}\n"
        "To fix it: correct the base URL or the path in the code under test.\n"
        f"To allow it: {_left_to_others(strays)}"
        "FilesMock(assert_all_requests_known=False) lets it be refused."
    )


def _left_to_others(strays: Sequence[Call]) -> str:
    """What a passthrough would do; on a port there are no others."""
    paths = [call.path for call in strays if call.client != "wsgi"]
    return f"FilesMock(passthrough={paths[0]!r}) leaves that path to others, " if paths else ""


def assert_called(
    calls: Journal, operation: str, times: int | None, fields: Mapping[str, Any]
) -> None:
    """That there were calls to the operation with these fields.

    Args:
        calls: those that came.
        operation: one of the five.
        times: how many exactly; None: at least one.
        fields: attributes of `Call`, and the values that they must have.

    Raises:
        OptionError: for an unknown operation or field.
        Unmet: when they did not come.
    """
    _check_words(operation, times, fields)
    of_operation = [call for call in calls if call.operation == operation]
    matching = [call for call in of_operation if not _differing(call, fields)]
    if len(matching) == times or (times is None and matching):
        return
    asked = "at least once" if times is None else _count(times, "time")
    others = [call for call in of_operation if call not in matching]
    too_few = times is None or len(matching) < times
    raise Unmet(
        f"expected {operation}{_words(fields)} {asked}, "
        f"but it came {_count(len(matching), 'time')}.\n"
        f"{_what_came(calls)}{_nearest(others, fields) if too_few else ''}"
    )


def assert_uploaded(
    service: Service, filename: str, purpose: str | None, content: bytes | None
) -> None:
    """That such a file was uploaded, and stored.

    Args:
        service: its calls, and its files to compare the content with.
        filename: what it was called.
        purpose: its purpose, if that matters.
        content: its bytes, if they matter.

    Raises:
        Unmet: when it was not.
    """
    if content is not None and not isinstance(content, (bytes, bytearray)):
        raise not_bytes("content", content)
    asked = {"filename": filename, "purpose": purpose, "content": content}
    asked = {name: value for name, value in asked.items() if value is not None}
    fields = _fields_of(asked)
    calls = service.journal
    uploads = [call for call in calls if call.operation == "upload"]
    stored = [call for call in uploads if call.file_id is not None]
    if any(not _differing(call, fields) for call in stored):
        return
    raise Unmet(
        f"expected an upload of{_words(asked)}, but none was stored.\n"
        f"{_what_came(calls)}{_nearest(uploads, fields)}"
        f"{_content_differs(service.desk.files, uploads, fields, content)}"
    )


def _content_differs(
    files: Files, uploads: Sequence[Call], fields: Mapping[str, Any], content: bytes | None
) -> str:
    """Where the content of the nearest upload differs, while it is still stored."""
    if content is None or not uploads:
        return ""
    file_id = _nearest_call(uploads, fields).file_id
    if file_id is None or file_id not in files or files[file_id].content == content:
        return ""
    came = files[file_id].content
    pairs = enumerate(zip_longest(content, came))
    first = next(position for position, (one, other) in pairs if one != other)
    return (
        f"\n  content: expected {_brief(content)}, came {_brief(came)}"
        f"\n  the first difference is at byte {first}"
    )


def _fields_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a call knows of the content."""
    fields = dict(asked)
    if "content" in fields:
        content = fields.pop("content")
        fields |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return fields


def _check_words(operation: str, times: int | None, fields: Mapping[str, Any]) -> None:
    if operation not in OPERATIONS:
        raise unknown_word("operation", operation, OPERATIONS)
    for name in fields:
        if name not in _FIELDS:
            raise unknown_word("field of a call", name, _FIELDS)
    if times is not None:
        whole("times", times, least=0)


def _what_came(calls: Journal) -> str:
    """The calls; and how many are not compared, as they are no longer kept."""
    came = f"What came:\n{call_lines(calls)}"
    if not calls.dropped:
        return came
    dropped = _count(calls.dropped, "older call")
    return f"{came}\n{dropped} not kept, and not counted: FilesMock(max_calls=...) keeps more."


def _differing(call: Call, fields: Mapping[str, Any]) -> list[str]:
    return [name for name, value in fields.items() if getattr(call, name) != value]


def _nearest(candidates: Sequence[Call], fields: Mapping[str, Any]) -> str:
    """The call that differs least, and in what; nothing when there is none to compare."""
    if not candidates or not fields:
        return ""
    nearest = _nearest_call(candidates, fields)
    lines = "".join(
        f"\n  {name}: expected {_brief(fields[name])}, came {_brief(getattr(nearest, name))}"
        for name in _differing(nearest, fields)
    )
    return f"\nThe nearest call:\n  {call_line(nearest)}\n" + (
        f"It differs in:{lines}" if lines else "It is what was expected, but it was not stored."
    )


def _nearest_call(candidates: Sequence[Call], fields: Mapping[str, Any]) -> Call:
    return min(candidates, key=lambda call: len(_differing(call, fields)))


def _words(fields: Mapping[str, Any]) -> str:
    return "".join(f" {name}={_brief(value)}" for name, value in fields.items())


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:119] + "…"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
