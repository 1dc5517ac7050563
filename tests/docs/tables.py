"""The tables of the reference, read from the tables that the code runs on: Markdown.

So an option, a fault or a refusal that is added to the code makes its page stale; a test says so.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from eugpt_files_mock import errors
from eugpt_files_mock.admin.routes import ROUTES as CONTROL_ROUTES
from eugpt_files_mock.cli.main import main
from eugpt_files_mock.faults import FAULTS
from eugpt_files_mock.model.profile import BEHAVIOURS
from eugpt_files_mock.options import OPTIONS
from eugpt_files_mock.service.operations import OPERATIONS
from eugpt_files_mock.service.refusals import REFUSALS
from eugpt_files_mock.verdict.verdict import RULES

from ..clients import IN_PROCESS, Client, connected
from ..intercept.test_parity import BROKEN_BODIES, KEY, SEVERED, Case, armed, met
from ..intercept.tools.table import TOOLS

EXAMPLES = Path(__file__).parents[1] / "examples"


def options() -> str:
    """Every option of `FilesMock`, under a heading: so it can be linked and found."""
    return "\n\n".join(_option(name) for name in OPTIONS)


def _option(name: str) -> str:
    one = OPTIONS[name]
    more = f" {MORE[name]}" if name in MORE else ""
    meaning = one.meaning[0].upper() + one.meaning[1:]
    values = f": {one.values}" if one.values else ""
    return f"## {name}\n\n{meaning}{values}. Default: `{one.default!r}`.{more}"


MORE = {
    "profile": "See [Profile](profile.md).",
    "api_keys": "See [Two users](../how-to/two-users.md).",
    "processing": "See [Wait for processing](../how-to/processing.md).",
    "pagination": "See [Iterating a list](../how-to/openai-sdk.md#iterating-a-list).",
    "passthrough": "See [Beside other mocks](../how-to/beside-other-mocks.md).",
    "allow_network": "See [The network guard](../in-process-and-on-a-port.md#the-network-guard).",
    "isolate_by_key": "See [A tenant for each key](../how-to/two-users.md#a-tenant-for-each-key).",
    "seed": "See [Invent documents](../how-to/invent-documents.md).",
    "assert_all_faults_fired": (
        "See [With pytest](../how-to/pytest.md#what-fails-a-test-by-itself)."
    ),
}
"""Where an option is shown in use."""


def faults() -> str:
    """Every fault: its call, and what the client meets."""
    return _list(
        f"`{name}{_signature(make)}`: {_first_line(make)}" for name, make in FAULTS.items()
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
    return _list(
        f"`{route.method} {route.path}`: {route.summary}{_parameters(route.parameters)}"
        for route in CONTROL_ROUTES
        if not route.summary.endswith(" of the page")
    )


def _parameters(parameters: Mapping[str, str]) -> str:
    named = ", ".join(f"`{name}`" for name in parameters if name != "key")
    return f" ({named})" if named else ""


def refusals() -> str:
    """Every code that an answer can carry, by status and type."""
    rows: dict[tuple[int, str], list[str]] = {}
    for code in sorted(REFUSALS):
        rows.setdefault(REFUSALS[code], []).append(f"`{code}`")
    alike = ((str(status), ", ".join(codes), kind) for (status, kind), codes in rows.items())
    return _table(("status", "code", "type"), ((s, c, f"`{k}`") for s, c, k in sorted(alike)))


def behaviours() -> str:
    """Every behaviour: the value of the profile `eugpt`."""
    return _table(
        ("behaviour", "decides", "value", "known from"),
        (
            (
                f"`{name}`",
                row.what,
                _status(row.eugpt) or _value(row.eugpt),
                _known(row.mark, row.basis),
            )
            for name, row in BEHAVIOURS.items()
        ),
    )


def openai_profile() -> str:
    """What isn't only guessed of `openai`: each value that differs, and what it rests on."""
    known = {name: row for name, row in BEHAVIOURS.items() if row.grade != "?"}
    alike = [name for name, row in known.items() if row.value("openai") == row.eugpt]
    table = _table(
        ("behaviour", "value", "known from"),
        (
            (f"`{name}`", _value(row.value("openai")), _known(row.grade, row.rests_on))
            for name, row in known.items()
            if name not in alike
        ),
    )
    by_grade: dict[str, list[str]] = {}
    for name in alike:
        by_grade.setdefault(known[name].grade, []).append(f"`{name}`")
    graded = "; ".join(f"{grade}: {', '.join(names)}" for grade, names in by_grade.items())
    return f"{table}\n\nAs in `eugpt`, but known. {graded}."


def _known(mark: str, basis: str) -> str:
    said = mark.replace("?", "guess")
    return said if not basis or basis in _SAID_BY_THE_GRADE else f"{said}: {basis}"


_SAID_BY_THE_GRADE = {
    "the OpenAPI document", "pasted bodies", "111 sessions", "a recorded refusal",
    "recorded refusals", "recorded downloads", "recorded lists", "recorded deletes",
}  # fmt: skip


def _status(value: Any) -> str:
    """Of a refusal of `eugpt`, whose wording is ours."""
    return str(value["status"]) if isinstance(value, dict) and "status" in value else ""


def _value(value: Any) -> str:
    """Of a refusal, the status and the message; of a list, its members, without the quotes."""
    if isinstance(value, dict) and "status" in value:
        return f"{value['status']} `{_cut(value['message'])}`"
    if isinstance(value, list) and value:
        return f"`{', '.join(value)}`"
    return "null" if value is None else f"`{_cut(json.dumps(value))}`"


def _cut(text: str) -> str:
    """A long text is in `behaviours.json`; here, its beginning is enough."""
    return text if len(text) <= _LONGEST else text[:_LONGEST].rpartition(" ")[0] + " …"


_LONGEST = 50


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
    """Every third-party tool that is tried beside a mock, and what it needs."""
    names = dict.fromkeys(tool.name for tool in TOOLS)
    needs = {(tool.name, tool.client, tool.line) for tool in TOOLS if tool.line}
    table = _table(("tool", "client", "needs"), sorted(needs))
    free = ", ".join(name for name in names if name not in {tool for tool, _, _ in needs})
    return f"{table}\n\nThese need nothing: {free}."


def verdict_errors() -> str:
    """Every kind of finding that is wrong."""
    return _findings("error")


def verdict_warnings() -> str:
    """Every kind of finding that may be intended."""
    return _findings("warning")


def _findings(level: str) -> str:
    return _list(f"`{rule.kind}`: {rule.meaning}" for rule in RULES if rule.level == level)


def recipes() -> str:
    """Every example, and what it is about."""
    return _list(
        f"[{path.name}](../../tests/examples/{path.name}): {about}"
        for path in sorted(EXAMPLES.glob("test_*.py"))
        if (about := _first_sentence(path)) and path.name != "test_the_examples.py"
    )


def _first_sentence(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.split("\n\n")[0]


def command_line() -> str:
    """How each command is called: `--help` says what each word means."""
    commands = (["serve"], ["sweep"], ["verify"])
    return "\n\n".join(_literal(_usage([*command, "--help"])) for command in commands)


def _usage(arguments: list[str]) -> str:
    return _said(arguments).split("\n\n")[0]


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
    "behaviours": behaviours,
    "openai-profile": openai_profile,
    "what-clients-meet": what_clients_meet,
    "tools": tools,
    "verdict-errors": verdict_errors,
    "verdict-warnings": verdict_warnings,
    "recipes": recipes,
    "command-line": command_line,
    "errors": error_tree,
}
"""By name; each function writes Markdown."""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _list(lines: Iterable[str]) -> str:
    return "\n".join("- " + " ".join(line.split()) for line in lines)


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
