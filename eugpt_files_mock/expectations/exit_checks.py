"""What is checked when a mock is stopped, and the messages when a check fails.

A message has four parts: what came, what would have matched, how to fix it, how to allow it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from ..errors import FilesMockError, NetworkRefused, StateError, nearest_word
from ..model.headers import JSON
from ..model.messages import ON_A_PORT, Call, Record, Reply
from ..model.operation_names import is_route_name
from ..service import Service
from ..service.operations import OPERATIONS, is_files_path
from ..state.armed_faults import ArmedFault, FaultTarget
from ..state.stubs import Stub
from . import brief, call_line, call_lines, count, fault_of, refusal_of


def exit_failure(
    services: Sequence[Service], deferred_errors: Sequence[FilesMockError]
) -> str | None:
    """The message of the exit checks, or None when they pass. What is reported once isn't again."""
    problems: list[str] = []
    for service in services:
        journal = service.journal
        # In one step, as requests may still arrive on a port.
        unmatched, journal.unmatched_requests = journal.unmatched_requests, []
        unfired = service.armed.unreported()
        found = _problems(service, deferred_errors, unmatched, unfired)
        problems += [f"{of_tenant(service)}{problem}" for problem in found]
        service.failures.clear()
        # They belong to the whole mock: with isolated keys, the first tenant reports them.
        deferred_errors = ()
    return "\n\n".join(problems) or None


def exit_problems(service: Service, deferred_errors: Sequence[FilesMockError]) -> list[str]:
    """As `exit_failure`, one message for each check, and nothing counts as reported."""
    unmatched, unfired = service.journal.unmatched_requests, service.armed.unfired()
    return _problems(service, deferred_errors, unmatched, unfired)


def _problems(
    service: Service,
    deferred_errors: Sequence[FilesMockError],
    unmatched: Sequence[Call],
    unfired: Sequence[ArmedFault],
) -> list[str]:
    options, calls = service.options, service.journal.calls()
    # A client that tries again meets the same error each time. What the guard refused would have
    # reached the real service: that fails a test whatever else is allowed.
    reasons = dict.fromkeys(
        str(error)
        for error in deferred_errors
        if options.assert_all_faults_fired or isinstance(error, (NetworkRefused, StateError))
    )
    found: list[str | None] = [f"{reason}\nWhat came:\n{call_lines(calls)}" for reason in reasons]
    found += [_failed(failure) for failure in dict.fromkeys(service.failures)]
    if options.assert_all_requests_known:
        found.append(_unmatched_failure(service, unmatched))
    if options.assert_all_faults_fired:
        found.append(_unfired_failure(unfired, calls, service.stubs.operations))
    return [message for message in found if message]


def _failed(failure: str) -> str:
    return (
        f"{failure}\n"
        "In process the client's call raised it, a port answered 500; the code under test may have "
        "swallowed it.\nTo fix it: correct the function that the test gave to the mock."
    )


def _unmatched_failure(service: Service, unmatched: Sequence[Call]) -> str | None:
    """The message about requests for unknown routes; None when there were none."""
    if not unmatched:
        return None
    routes = [f"{one.method:<6} {one.path}  ({one.name})" for one in OPERATIONS]
    stubs = [f"{stub.method:<6} {stub.path}  ({_used(stub)})" for stub in service.stubs.all()]
    # A dict, as a route may have several stubs that are used in turn.
    routes += dict.fromkeys(stubs)
    base_url = _base_url(service, unmatched[0])
    return (
        f"{count(len(unmatched), 'request')} came for a route that this mock does not have.\n"
        f"What came:\n{call_lines(unmatched)}\n"
        f"What would have matched, below {base_url}:\n  " + "\n  ".join(routes) + "\n"
        f"To fix it: {_fix(base_url, unmatched)}."
        f"{_how_to_allow(service, unmatched)}"
    )


def _how_to_allow(service: Service, unmatched: Sequence[Call]) -> str:
    """Nothing where it is allowed already, as in the report of a test that failed otherwise."""
    if not service.options.assert_all_requests_known:
        return ""
    allow = "FilesMock(assert_all_requests_known=False) accepts the 404"
    return f"\nTo allow it: {allow}{_passthrough_advice(unmatched)}."


def _unfired_failure(
    unfired: Sequence[ArmedFault], calls: Sequence[Call], stubbed: Sequence[str]
) -> str | None:
    """The message about faults that never hit; None when all did."""
    if not unfired:
        return None
    lines = "\n".join(
        f"  {armed} {_why(armed, calls)}{_without_stub(armed, stubbed)}" for armed in unfired
    )
    return (
        f"{count(len(unfired), 'armed fault')} never fired.\n"
        f"What came:\n{call_lines(calls)}\n"
        f"What would have matched:\n{lines}\n"
        "To fix it: make the code under test send such a request, or correct inject().\n"
        "To allow it: inject(..., optional=True), "
        "or FilesMock(assert_all_faults_fired=False) for all of them."
    )


def _without_stub(armed: ArmedFault, stubbed: Sequence[str]) -> str:
    missing = [word for word in armed.matcher.on if is_route_name(word) and word not in stubbed]
    if not missing:
        return ""
    nearest = nearest_word(missing[0], stubbed)
    hint = f" Did you mean {nearest!r}?" if nearest else ""
    return f"\n    {missing[0]} was never stubbed.{hint}"


def _why(armed: ArmedFault, calls: Sequence[Call]) -> str:
    """How many requests it matched; if none, what hit first, or how the nearest call differs."""
    matched = f"(matched {count(armed.seen, 'request')}"
    if not calls or armed.seen:
        return f"{matched})"
    differing = [(armed.matcher.differing(_target(call)), call) for call in calls]
    # Only requests that it would have hit: then another fault took them first.
    others = Counter(fault_of(call) for differs, call in differing if not differs and call.fault)
    if others:
        hits = ", ".join(f"{name} {count(number, 'time')}" for name, number in others.items())
        return f"{matched}; another fault hit first: {hits})"
    # An operation that differs is far away, whatever else fits; of equals the newest is shown.
    differs, nearest = min(
        reversed(differing), key=lambda pair: ("operation" in pair[0], len(pair[0]))
    )
    came = ", ".join(f"{name}={brief(getattr(nearest, name))}" for name in differs)
    came = f"came: {came}" if came else "it came before the fault was armed"
    return f"{matched})\n    the nearest call: {call_line(nearest)}\n    {came}"


def _target(call: Call) -> FaultTarget:
    return FaultTarget(
        operation=call.operation or "",
        filename=call.filename,
        # When faults are selected, an upload has no id yet, so no fault can have been aimed at it.
        file_id=call.file_id if call.operation != "upload" else None,
        purpose=call.purpose,
        user=call.user,
    )


def report_section(service: Service, *, calls: bool) -> str:
    """The calls of a mock, the attempts at each, why some were refused, and which routes there are,
    if one was unknown; `calls` says whether the calls themselves are wanted.
    """
    # Late, as only a test that fails needs it.
    from ..verdict.calls import grouped

    records = service.journal.records()
    unmatched = [record.call for record in records if record.is_unmatched]
    advice = _unmatched_failure(service, unmatched)
    lines = call_lines((record.call for record in records), indent="")
    retried = [str(group) for group in grouped(records) if len(group.attempts) > 1]
    attempts = "\n".join(["Attempts at one call:", *retried]) if retried else None
    said = (_refused(records), _not_streamed(records))
    parts = (lines if calls else None, attempts, *said, advice)
    shown = "\n\n".join(filter(None, parts))
    return of_tenant(service) + shown if shown else ""


def _refused(records: Iterable[Record]) -> str | None:
    """What the refusals said, each once."""
    lines = dict.fromkeys(
        f"  {refusal_of(call)}: {call.message}"
        for call in (record.call for record in records)
        if call.message and (call.error in _EXPLAINED or is_route_name(call.operation or ""))
    )
    return "\n".join(["What the refusals said:", *lines]) if lines else None


_EXPLAINED = (
    "invalid_api_key",
    "invalid_multipart",
    "invalid_parameter",
    "missing_api_key",
    "missing_file",
    "unsupported_media_type",
)
"""Refusals that say more than their code. Those of a stub do too: which file isn't there."""


def _not_streamed(records: Iterable[Record]) -> str | None:
    """The requests for a stream that got a document, which the SDKs take for an empty stream."""
    calls = [
        record.call
        for record in records
        if isinstance(record.call.json, dict)
        and record.call.json.get("stream") is True
        and isinstance(record.outcome, Reply)
        and record.outcome.status < 300
        and ("Content-Type", JSON) in record.outcome.headers
    ]
    if not calls:
        return None
    came, name = count(len(calls), "request"), calls[0].operation
    instead = ", or mock.stub_response('...')" if name == "POST /responses" else ""
    return (
        f"{came} asked for a stream, and {'its' if len(calls) == 1 else 'their'} stub answered one "
        "JSON document, of which an SDK reads nothing.\n"
        f"What came:\n{call_lines(calls)}\n"
        f"To fix it: events=[...] in place of json=...{instead}."
    )


def of_tenant(service: Service) -> str:
    """Says whose calls follow, where another key than `api_key` has a tenant of its own."""
    if not service.options.isolate_by_key or service.tenants is not None:
        return ""
    user = service.access.default_user
    whose = f"of {user!r}" if user else f"{service.api_key[:3]}***"
    return f"With the key {whose}:\n"


def _used(stub: Stub) -> str:
    return "a stub" if stub.remaining is None else f"a stub, {stub.remaining} of {stub.times} left"


def _base_url(service: Service, call: Call) -> str:
    """The base URL that the client should have used, as far as a call shows it."""
    # On a port a container, a proxy or a hosts file may give the server another name than ours.
    if call.client in ON_A_PORT:
        return f"http://{call.headers.get('host', 'the address of the server')}/v1"
    return service.options.base_url[0].text


def _fix(base_url: str, unmatched: Sequence[Call]) -> str:
    prefix, call = urlsplit(base_url).path, unmatched[0]
    if prefix and any(is_files_path(call.path) for call in unmatched):
        return f"is {prefix!r} missing? The client's base URL should be {base_url}"
    for call in unmatched:
        right = re.sub("/{2,}", "/", call.path).rstrip("/")
        if right != call.path and is_files_path(right.removeprefix(prefix)):
            return (
                f"the path {call.path!r} has a slash too many, it should be {right!r}; look at the "
                "end of the client's base URL, and of the path in the code under test"
            )
    path = call.path.removeprefix(prefix)
    stub = f"mock.stub({call.method!r}, {path!r}, json=...)"
    if (call.method, path) == ("POST", "/responses"):
        stub = "mock.stub_response('...')"
    elif (call.method, path) == ("POST", "/chat/completions"):
        # The SDK reads a document that comes where it asked for a stream as an empty stream.
        stub += ", or events=[...] in place of json=... for a stream"
    return f"correct the base URL or the path in the code under test, or answer it: {stub}"


def _passthrough_advice(unmatched: Sequence[Call]) -> str:
    """Only in process, as another mock can't take over a path of a port."""
    paths = [call.path for call in unmatched if call.client not in ON_A_PORT]
    return f", FilesMock(passthrough={paths[0]!r}) leaves it to other mocks" if paths else ""
