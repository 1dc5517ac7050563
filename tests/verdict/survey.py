"""What well-known clients do with each fault by default, as the verdict sees it: `survey.json`.

`python -m tests.verdict.survey` measures again. Clients that are not installed here are named with
the interpreter, or the folder of `node_modules`, that has them:

    python -m tests.verdict.survey 'openai 2=/path/to/python' 'npm openai=/path/to/folder'
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import openai

from eugpt_files_mock import FilesMock

HERE = Path(__file__).parent
RECORDED = HERE / "survey.json"

Case = dict[str, Any]


def _case(operation: str, fault: str, times: int = 2, **words: Any) -> Case:
    return {
        "operation": operation,
        "fault": {"fault": fault, "on": operation, "times": times, **words},
    }


CASES: dict[str, Case] = {
    "`bad_request()`": _case("upload", "bad_request"),
    "`unauthorized()`": _case("upload", "unauthorized"),
    "`not_found()`": _case("retrieve", "not_found"),
    "`too_large()`": _case("upload", "too_large"),
    "`http_error(408)`": _case("upload", "http_error", status=408),
    "`http_error(409)`": _case("upload", "http_error", status=409),
    "`rate_limited(2)`": _case("upload", "rate_limited", times=1, retry_after=2),
    "`rate_limited()`": _case("upload", "rate_limited"),
    "`unavailable()`": _case("upload", "unavailable"),
    "`server_error()`": _case("upload", "server_error"),
    "`bad_gateway()`": _case("upload", "bad_gateway"),
    "`gateway_timeout()`": _case("upload", "gateway_timeout"),
    "`connection_reset()`": _case("upload", "connection_reset"),
    "`empty_response()`": _case("upload", "empty_response"),
    "`garbage()`": _case("upload", "garbage"),
    "`timeout()`": _case("upload", "timeout"),
    "`server_error()`, the file is stored": _case("upload", "server_error", 1, phase="after"),
    "`connection_reset()`, the file is stored": _case(
        "upload", "connection_reset", 1, phase="after"
    ),
    "`malformed_json()`": _case("retrieve", "malformed_json"),
    "`truncated()` download": _case("download", "truncated"),
    "`corrupted()` download": _case("download", "corrupted"),
    "a list that ignores `after`": {"operation": "walk", "fault": None},
}
"""The calls of the client are those of a user; a fault hits twice, unless it says otherwise."""

HERE_INSTALLED = [
    f"openai {openai.__version__.split('.')[0]}",
    "httpx",
    "requests",
    "requests, Retry",
    "httpx, tenacity",
    "httpx, stamina",
    "httpx, tenacity with jitter",
    "httpx, backoff",
    "httpx-retries",
    "aiohttp",
]
COLUMNS = ["openai 3", "openai 2", "npm openai", "litellm", *HERE_INSTALLED[1:], "niquests"]


QUICK = (
    "`bad_request()`",
    "`not_found()`",
    "`rate_limited()`",
    "`unavailable()`",
    "`connection_reset()`, the file is stored",
    "`truncated()` download",
    "`corrupted()` download",
    "a list that ignores `after`",
)
"""Cases in which clients don't wait long."""


def surveyed(
    name: str, where: str = sys.executable, titles: Collection[str] = tuple(CASES)
) -> dict[str, dict[str, Any]]:
    """For each case, the kinds of findings and the attempts."""
    with FilesMock(
        pagination="ignored", assert_all_requests_known=False, assert_all_faults_fired=False
    ).serve() as mock:
        url = mock.base_url.removesuffix("/v1")
        command = _command(name, where, url, mock.api_key)
        verdicts = _run(command, [CASES[title] for title in titles])
    return {title: _told(verdict) for title, verdict in zip(titles, verdicts, strict=True)}


def _command(name: str, where: str, url: str, key: str) -> list[str]:
    if name != "npm openai":
        return [where, str(HERE / "sdk_calls.py"), name, url, key]
    program = shutil.copy(HERE / "sdk_calls.mjs", where)  # where its import is found
    return ["node", program, url, key]


def _run(command: list[str], cases: list[Case]) -> Iterator[Any]:
    lines = "".join(f"{json.dumps(case)}\n" for case in cases)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    verdicts = [line for line in done.stdout.splitlines() if line.startswith('{"ok"')]
    assert len(cases) == len(verdicts), done.stderr
    return map(json.loads, verdicts)


def _told(verdict: Any) -> dict[str, Any]:
    """Without `files_left`: the programs leave what they upload."""
    kinds = [one["kind"] for one in verdict["findings"] if one["kind"] != "files_left"]
    return {"findings": kinds, "attempts": [len(one["attempts"]) for one in verdict["groups"]]}


def recorded() -> dict[str, dict[str, dict[str, Any]]]:
    """By client and case."""
    read: dict[str, dict[str, dict[str, Any]]] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return read


if __name__ == "__main__":
    elsewhere = dict(argument.split("=", 1) for argument in sys.argv[1:])
    found = recorded() if RECORDED.exists() else {}
    for column in elsewhere or HERE_INSTALLED:
        found[column] = surveyed(column, elsewhere.get(column, sys.executable))
    ordered = {column: found[column] for column in COLUMNS if column in found}
    RECORDED.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
