"""The message about armed faults that never hit, and why each did not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..model.messages import Call
from ..state.armed_faults import ArmedFault
from ..state.fault_matcher import FaultTarget
from .wording import brief, call_line, call_lines, count


def unfired_failure(unfired: Sequence[ArmedFault], calls: Sequence[Call]) -> str | None:
    """The message about faults that never hit; None when all did."""
    if not unfired:
        return None
    lines = "\n".join(
        f"  {armed.name} on {armed.matcher} {_why(armed, calls)}" for armed in unfired
    )
    return (
        f"{count(len(unfired), 'armed fault')} never fired.\n"
        f"What came:\n{call_lines(calls)}\n"
        f"What would have matched:\n{lines}\n"
        "To fix it: make the code under test send such a request, or correct inject().\n"
        "To allow it: inject(..., optional=True), "
        "or FilesMock(assert_all_faults_fired=False) for all of them."
    )


def _why(armed: ArmedFault, calls: Sequence[Call]) -> str:
    """How many requests it matched; if none, what hit first, or how the nearest call differs."""
    matched = f"(matched {count(armed.seen, 'request')}"
    if not calls or armed.seen:
        return f"{matched})"
    differing = [(armed.matcher.differing(_target(call)), call) for call in calls]
    others = Counter(call.fault for differs, call in differing if not differs and call.fault)
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
        file_id=call.file_id if call.operation != "upload" else None,
        purpose=call.purpose,
        user=call.user,
    )
