"""The tables of the reference, read from the tables that the code runs on: Markdown.

So an option, a fault or a refusal that is added to the code makes its page stale; a test says so.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from eugpt_files_mock import errors
from eugpt_files_mock.admin.routes import ROUTES as CONTROL_ROUTES
from eugpt_files_mock.cli.main import main
from eugpt_files_mock.faults import FAULTS
from eugpt_files_mock.model.behaviours import BEHAVIOURS
from eugpt_files_mock.options import OPTIONS
from eugpt_files_mock.service.operations import OPERATIONS
from eugpt_files_mock.service.refusals import REFUSALS
from eugpt_files_mock.verdict.advice import CURES
from eugpt_files_mock.verdict.rules import RULES

from ..clients import IN_PROCESS, Client, connected
from ..intercept.test_parity import BROKEN_BODIES, KEY, SEVERED, Case, armed, met
from ..intercept.tools.table import TOOLS
from ..verdict.survey import CASES, recorded


def options() -> str:
    """Every option of `FilesMock`."""
    return _table(
        ("option", "default", "meaning"),
        ((f"`{name}`", f"`{one.default!r}`", one.reference) for name, one in OPTIONS.items()),
    )


def faults() -> str:
    """Every fault: its call, and what the client meets."""
    return _table(
        ("fault", "what the client meets"),
        ((f"`{name}{_signature(make)}`", _first_line(make)) for name, make in FAULTS.items()),
    )


def routes() -> str:
    """The five calls."""
    return _table(
        ("operation", "request", "does"),
        (
            (f"`{route.name}`", f"`{route.method} /v1{route.path}`", route.summary)
            for route in OPERATIONS
        ),
    )


def control_routes() -> str:
    """Every control route, but the parts of the page."""
    return _table(
        ("route", "does", "parameters"),
        (
            (f"`{route.method} {route.path}`", route.summary, _parameters(route.parameters))
            for route in CONTROL_ROUTES
            if not route.summary.endswith(" of the page")
        ),
    )


def _parameters(parameters: Mapping[str, str]) -> str:
    return "; ".join(f"`{name}`: {meaning}" for name, meaning in parameters.items())


def refusals() -> str:
    """Every code that an answer can carry."""
    return _refusals(code for code in REFUSALS if not _is_plain(code))


def plain_refusals() -> str:
    """The codes of the faults that answer in plain text."""
    return _refusals(code for code in REFUSALS if _is_plain(code))


def _refusals(codes: Iterable[str]) -> str:
    rows = sorted((str(REFUSALS[code][0]), f"`{code}`", f"`{REFUSALS[code][1]}`") for code in codes)
    return _table(("status", "code", "type"), rows)


def _is_plain(code: str) -> bool:
    """Whether the fault of this name answers in plain text."""
    return code in FAULTS and getattr(FAULTS[code](), "body", None) == "text"


def behaviours() -> str:
    """Every behaviour: the value of the profile `eugpt`."""
    return _table(
        ("behaviour", "decides", "value", "mark", "based on"),
        (
            (f"`{name}`", row.what, _value(row.eugpt), row.mark, row.basis)
            for name, row in BEHAVIOURS.items()
        ),
    )


def profile() -> str:
    """Every behaviour: what a profile may say of it, and what `openai` does."""
    return _table(
        ("behaviour", "allowed", "in `openai`", "grade"),
        (
            (f"`{name}`", row.allowed_in_words, _value(row.value("openai")), row.grade)
            for name, row in BEHAVIOURS.items()
        ),
    )


def openai_profile() -> str:
    """Every behaviour: the value of the profile `openai`, and what it rests on."""
    return _table(
        ("behaviour", "value", "grade", "rests on"),
        (
            (f"`{name}`", _value(row.value("openai")), row.grade, row.rests_on)
            for name, row in BEHAVIOURS.items()
        ),
    )


def _value(value: Any) -> str:
    """Of a refusal, the status and the message: its body is an envelope with them."""
    if isinstance(value, dict) and "status" in value:
        return f"{value['status']} `{value['message']}`"
    return "null" if value is None else f"`{json.dumps(value)}`"


def what_clients_meet() -> str:
    """What each client raises, measured here and now with the table of the parity tests."""
    cases = {case.fault.name: case for case in (*SEVERED, *BROKEN_BODIES)}
    alike: dict[tuple[str, ...], list[str]] = {}
    for kind in IN_PROCESS:
        met_by_kind = tuple(_met(kind, case) for case in cases.values())
        alike.setdefault(met_by_kind, []).append(kind.name)
    head = ("fault", *(", ".join(names) for names in alike.values()))
    return _table(head, zip((f"`{name}`" for name in cases), *alike, strict=True))


def tools() -> str:
    """Every third-party tool that is tried beside a mock."""
    rows: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for tool in TOOLS:
        clients, lines = rows.setdefault((tool.name, tool.shows), ([], []))
        clients.append(tool.client)
        lines += [f"{tool.line} ({tool.client})"] if tool.line else []
    return _table(
        ("tool", "clients", "what is seen", "needs"),
        (
            (name, ", ".join(clients), shows, "; ".join(lines))
            for (name, shows), (clients, lines) in rows.items()
        ),
    )


def verdict() -> str:
    """Every kind of finding."""
    return _table(
        ("level", "kind", "the code under test", "to fix it"),
        ((rule.level, f"`{rule.kind}`", rule.meaning, CURES[rule.kind][""]) for rule in RULES),
    )


def what_clients_do() -> str:
    """What the verdict found in each client, as it was recorded."""
    columns = recorded()
    rows = (
        [case, *(_findings(column[case]["findings"]) for column in columns.values())]
        for case in CASES
    )
    return _table(("fault", *columns), rows)


def _findings(kinds: list[str]) -> str:
    return ", ".join(f"`{kind}`" for kind in kinds) or "-"


def command_line() -> str:
    """What the command says of itself."""
    pages = (["--help"], ["serve", "--help"], ["verify", "--help"])
    return "\n\n".join(_literal(_said(arguments)) for arguments in pages)


def error_tree() -> str:
    """The tree that the module of the errors draws."""
    lines = (errors.__doc__ or "").splitlines()
    first, last = (
        next(at for at in order if lines[at].startswith("    "))
        for order in (range(len(lines)), range(len(lines) - 1, -1, -1))
    )
    return _literal(inspect.cleandoc("\n".join(lines[first : last + 1])))


TABLES: dict[str, Callable[[], str]] = {
    "options": options,
    "faults": faults,
    "routes": routes,
    "control-routes": control_routes,
    "refusals": refusals,
    "plain-refusals": plain_refusals,
    "behaviours": behaviours,
    "profile": profile,
    "openai-profile": openai_profile,
    "what-clients-meet": what_clients_meet,
    "tools": tools,
    "verdict": verdict,
    "what-clients-do": what_clients_do,
    "command-line": command_line,
    "errors": error_tree,
}
"""By name; each function writes Markdown."""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _signature(make: Callable[..., Any]) -> str:
    """Names and defaults, as one writes a call."""
    parameters = inspect.signature(make).parameters.values()
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in parameters]
    return str(inspect.Signature(bare))


def _first_line(make: Callable[..., Any]) -> str:
    return inspect.cleandoc(make.__doc__ or "").split("\n\n")[0]


def _met(kind: type[Client], case: Case) -> str:
    operation = case.operations[-1]
    with (
        armed("in process", case, operation) as (mock, file_id),
        connected(kind, mock.base_url, KEY) as client,
    ):
        error = met(client, operation, file_id).error
    return f"`{error.__name__}`" if error else "an answer"


def _said(arguments: list[str]) -> str:
    said = io.StringIO()
    with _of_a_usual_width(), contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        main(arguments)
    return said.getvalue()


@contextlib.contextmanager
def _of_a_usual_width() -> Iterator[None]:
    """The environment tells argparse how wide it is, and pages are the same on every terminal."""
    before = dict(os.environ)
    os.environ["COLUMNS"] = "80"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _literal(text: str) -> str:
    return f"```text\n{text.strip()}\n```"
