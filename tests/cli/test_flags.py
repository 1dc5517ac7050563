"""What the arguments of the command do, beside those that are options of `FilesMock`."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from eugpt_files_mock.cli.arguments import SERVE
from eugpt_files_mock.faults import FAULTS
from eugpt_files_mock.options import read_size

from ..portable import OWN_GROUP, interrupt
from .processes import COMMAND, ended, printed, serving, started

AUTH = {"Authorization": "Bearer eugpt_cli"}


def test_without_arguments_it_prints_the_help() -> None:
    """As with `--help`."""
    assert printed("--help") == printed()


def test_help_names_every_word() -> None:
    """Those of the table."""
    text = printed("serve", "--help")
    assert [] == [word for word in SERVE if word not in text]


def test_the_faults_are_listed_with_their_arguments() -> None:
    """Required ones without a default."""
    text = printed("faults")

    assert [] == [name for name in FAULTS if name not in text]
    assert "\ndelay seconds jitter=0\n" in text


def test_each_request_is_a_line_on_standard_error() -> None:
    """Without the key, and with nothing that a terminal would obey."""
    with started("--fault", "list:503") as (base_url, process):
        form = {"files": {"file": ("my report.pdf", b"a")}, "data": {"purpose": "batch"}}
        httpx.post(f"{base_url}/files", headers=AUTH, **form)
        httpx.get(f"{base_url}/files", headers=AUTH)
        httpx.get(f"{base_url}/a%0Ab%1B", headers=AUTH)
        httpx.get(base_url.removesuffix("v1"))
        lines = ended(process)[1].splitlines()

    for line, expected in zip(
        lines,
        [
            '200 POST   /v1/files "my report.pdf"',
            "503 GET    /v1/files fault=http_error",
            r"404 GET    /v1/a\nb\x1b (route_not_found)",
        ],
        strict=True,
    ):
        assert re.fullmatch(r"\d\d:\d\d:\d\d " + re.escape(expected) + r" \d+\.\d ms", line)


def test_the_log_may_be_json() -> None:
    """For machines: one object a line."""
    with started("--log", "json") as (base_url, process):
        httpx.get(f"{base_url}/files", headers=AUTH)
        (line,) = ended(process)[1].splitlines()

    shown = json.loads(line)
    assert ["list", 200, "GET", "/v1/files"] == [
        shown[name] for name in ("operation", "status", "method", "path")
    ]
    assert "eugpt_cli" not in line


def test_a_log_that_nobody_reads_any_more_stops_nothing() -> None:
    """The client still gets its answer."""
    with started() as (base_url, process):
        process.stderr.close()
        statuses = [httpx.get(f"{base_url}/files", headers=AUTH).status_code for _ in range(3)]

    assert [200, 200, 200] == statuses


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--check", "--fault", "upload:503"], 1, "1 armed fault never fired."),
        (["--check", "--fault", "list:503"], 0, ""),
        (["--fault", "upload:503"], 0, ""),
    ],
)
def test_with_check_it_fails_for_a_fault_that_never_fired(
    words: list[str], status: int, message: str
) -> None:
    """The reasons are on standard error."""
    with started("--log", "none", *words) as (base_url, process):
        httpx.get(f"{base_url}/files", headers=AUTH)
        returned, error = ended(process)

    assert (status, bool(message)) == (returned, bool(error))
    assert message in error


@pytest.mark.parametrize(
    ("answers", "status", "report"),
    [
        ([400, 200], 1, "error retried_non_retryable: "),
        ([503], 0, "warning gave_up: "),
        ([200], 0, "No findings in 1 calls."),
    ],
)
def test_with_report_it_prints_the_verdict_and_fails_for_errors(
    answers: list[int], status: int, report: str
) -> None:
    """On standard output, at the end."""
    faults = [word for answer in answers if answer != 200 for word in ("--fault", f"list:{answer}")]
    with started("--log", "none", "--report", *faults) as (base_url, process):
        assert answers == [
            httpx.get(f"{base_url}/files", headers=AUTH).status_code for _ in answers
        ]
        process.terminate()
        output, error = process.communicate(timeout=10)

    assert (status, "") == (process.returncode, error)
    assert output.startswith(report)


def test_with_report_the_verdict_of_each_key_counts() -> None:
    """Also where two keys without users look alike, as they are redacted."""
    with started("--log", "none", "--report", "--isolate-by-key") as (base_url, process):
        faults = f"{base_url.removesuffix('v1')}__admin/faults"
        httpx.post(faults, params={"key": "eugpt_a"}, json={"fault": "bad_request"})
        for key in ("eugpt_a", "eugpt_a", "eugpt_b"):
            httpx.get(f"{base_url}/files", headers={"Authorization": f"Bearer {key}"})
        interrupt(process)
        output, error = process.communicate(timeout=10)

    assert (1, "") == (process.returncode, error)
    assert "error retried_non_retryable" in output
    assert 3 == len(re.findall("^(?:error|No findings)", output, re.MULTILINE))


def test_the_admin_token_may_come_from_the_environment() -> None:
    """Everybody on the machine can read a command line."""
    environ = os.environ | {"EUGPT_ADMIN_TOKEN": "s3cret"}
    with started("--log", "none", env=environ) as (base_url, _):
        health = f"{base_url.removesuffix('v1')}__admin/health"
        assert 401 == httpx.get(health).status_code
        assert 200 == httpx.get(health, headers={"Authorization": "Bearer s3cret"}).status_code


def test_an_address_without_a_page_announces_none() -> None:
    """Others reach it, and no token guards it."""
    command = [*COMMAND, "serve", "--host", "0.0.0.0", "--port", "0"]
    for words, page in ([], "needs --admin-token"), (["--admin-token", "s"], "is at http"):
        with subprocess.Popen([*command, *words], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline().startswith("Listening on http")
            assert process.stdout.readline().startswith(f"The page {page}")
            process.terminate()


def test_a_name_is_let_in() -> None:
    """As that of a container; any other is refused."""
    with serving("--allow-host", "mock") as (base_url, _):
        for host, status in (("mock:8080", 200), ("evil.example", 421)):
            answer = httpx.get(f"{base_url}/files", headers=AUTH | {"Host": host})
            assert status == answer.status_code


def test_a_key_that_no_real_one_looks_like_is_warned_of() -> None:
    """The key itself isn't printed."""
    with started("--log", "none", "--api-key", "sk-secret=alice") as (_, process):
        error = ended(process)[1]

    assert "1 of the keys don't start with eugpt_" in error
    assert "sk-secret" not in error


def test_the_other_options() -> None:
    """Without a key, without pages, with members that nobody knows, and a quota."""
    words = ["--no-auth", "--pagination", "ignored", "--unknown-fields", "--fake", "2"]
    with serving(*words, "--max-total-bytes", "1KB", "--seed", "a text") as (base_url, _):
        listed = httpx.get(f"{base_url}/files?limit=1").json()["data"]
        assert 2 == len(listed)
        assert len(listed[0]) > 7
        form = {"files": {"file": ("a.txt", bytes(1001))}, "data": {"purpose": "batch"}}
        assert 403 == httpx.post(f"{base_url}/files", **form).status_code


def test_another_service_is_imitated() -> None:
    """With its keys, and its ids."""
    with serving("--profile", "openai", "--fake", "1") as (base_url, _):
        key = {"Authorization": "Bearer sk-any"}
        (file,) = httpx.get(f"{base_url}/files", headers=key).json()["data"]
        assert file["id"].startswith("file-")


def _until_it_catches(process: int, number: int) -> None:
    """Before, a signal would meet Python while it starts."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():  # only Linux tells
        time.sleep(5)
        return
    for _ in range(600):
        caught = int(re.search(r"SigCgt:\s*(\w+)", status.read_text())[1], 16)
        if caught >> (number - 1) & 1:
            return
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_while_it_invents_files(number: int) -> None:
    """It doesn't say that it listens any more."""
    command = [*COMMAND, "serve", "--port=0", "--fake=100000"]
    with subprocess.Popen(command, text=True, stdout=-1, stderr=-1, **OWN_GROUP) as process:
        _until_it_catches(process.pid, signal.SIGTERM)
        time.sleep(0.5)  # it invents meanwhile
        interrupt(process, number)
        try:
            # To invent them all takes minutes.
            rest = process.communicate(timeout=60)
        finally:
            process.kill()

    assert (0, ("", "")) == (process.returncode, rest)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("5000", 5000), ("10MB", 10_000_000), ("10 mib", 10_485_760), ("1k", 1000)],
)
def test_sizes_have_units(text: str, size: int) -> None:
    """Powers of 1000, and with an `i` of 1024."""
    assert size == read_size(text)
