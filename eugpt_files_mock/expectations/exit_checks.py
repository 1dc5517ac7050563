"""What is checked when a mock is left, and the messages when it fails.

A message has four parts: what came, what would have matched, how to fix it, how to allow it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..errors import FilesMockError, NetworkRefused
from ..model.messages import Call
from ..service.routes import ROUTES
from ..service.service import Service
from ..state.armed_faults import ArmedFault
from ..verdict.attempts import grouped
from .assertions import Assertions
from .wording import call_lines, count


def exit_failure(service: Service, deferred_errors: Sequence[FilesMockError]) -> str | None:
    """The message of the exit checks, or None when they pass. What is reported once isn't again.

    Args:
        service: its armed faults and its calls.
        deferred_errors: what was raised inside a client's call, and may have been swallowed there.
    """
    journal = service.journal
    unmatched, journal.unmatched_requests = journal.unmatched_requests, []
    unfired = service.armed.unreported()
    return "\n\n".join(_problems(service, deferred_errors, unmatched, unfired)) or None


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
        if options.assert_all_faults_fired or isinstance(error, NetworkRefused)
    )
    found: list[str | None] = [f"{reason}\nWhat came:\n{call_lines(calls)}" for reason in reasons]
    if options.assert_all_requests_known:
        found.append(_unmatched_failure(unmatched))
    if options.assert_all_faults_fired:
        found.append(_unfired_failure(unfired, calls))
    return [message for message in found if message]


def _unmatched_failure(unmatched: Sequence[Call]) -> str | None:
    """The message about requests for unknown routes; None when there were none."""
    if not unmatched:
        return None
    routes = "\n".join(
        f"  {route.method:<6} /v1{route.template}  ({route.operation})" for route in ROUTES
    )
    return (
        f"{count(len(unmatched), 'request')} came for a route that the Files API does not have.\n"
        f"What came:\n{call_lines(unmatched)}\n"
        f"What would have matched, below the base URL:\n{routes}\n"
        "To fix it: correct the base URL or the path in the code under test.\n"
        f"To allow it: {_passthrough_advice(unmatched)}"
        "FilesMock(assert_all_requests_known=False) accepts the 404."
    )


def report_section(mock: Assertions) -> str:
    """The calls of a mock, the attempts at each; and which routes there are, if one was unknown."""
    records = mock._service.journal.records()
    unmatched = _unmatched_failure([record.call for record in records if record.is_unmatched])
    lines = call_lines((record.call for record in records), indent="")
    retried = [str(group) for group in grouped(records) if len(group.attempts) > 1]
    attempts = "\n".join(["Attempts at one call:", *retried]) if retried else None
    return "\n\n".join(filter(None, (lines, attempts, unmatched)))


def _fate(armed: ArmedFault, calls: Sequence[Call]) -> str:
    """How many requests it matched, and which faults hit requests that it never saw."""
    text = count(armed.seen, "request")
    others = Counter(
        call.fault for call in calls if call.fault and call.operation in armed.matcher.on
    )
    if armed.seen or not others:
        return text
    hits = ", ".join(f"{name} {count(number, 'time')}" for name, number in others.items())
    return f"{text}; another fault hit first: {hits}"


def _passthrough_advice(unmatched: Sequence[Call]) -> str:
    """On a port there is no other mock to leave a path to."""
    paths = [call.path for call in unmatched if call.client != "wsgi"]
    return f"FilesMock(passthrough={paths[0]!r}) leaves that path to others, " if paths else ""


def _unfired_failure(unfired: Sequence[ArmedFault], calls: Sequence[Call]) -> str | None:
    """The message about faults that never hit; None when all did."""
    if not unfired:
        return None
    lines = "\n".join(
        f"  {armed.name} on {armed.matcher} (matched {_fate(armed, calls)})" for armed in unfired
    )
    return (
        f"{count(len(unfired), 'armed fault')} never fired.\n"
        f"What came:\n{call_lines(calls)}\n"
        f"What would have matched:\n{lines}\n"
        "To fix it: make the code under test send such a request, or correct inject().\n"
        "To allow it: inject(..., optional=True), "
        "or FilesMock(assert_all_faults_fired=False) for all of them."
    )
