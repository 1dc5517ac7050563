"""How calls and numbers are written in failure messages, report sections and pages."""

from collections.abc import Iterable

from ..model.messages import Call

_MOST_SHOWN = 20


def call_line(call: Call) -> str:
    """One call on one line: operation, request, answer, and what else is known."""
    answer = "no answer" if call.status is None else str(call.status)
    words = [f"{call.operation or '?':<8} {call.method} {call.path} -> {answer}"]
    words += [f"({call.error})"] * (call.error is not None)
    words += [f"fault={call.fault}"] * (call.fault is not None)
    words += [f"filename={call.filename!r}"] * (call.filename is not None)
    words += [f"purpose={call.purpose!r}"] * (call.purpose is not None)
    words += [f"bytes={call.bytes}"] * (call.bytes is not None)
    words += [f"user={call.user}"] * (call.user is not None)
    return " ".join([*words, f"[{call.client}]"])


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
