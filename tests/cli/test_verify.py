"""The command `verify`: what it says, its exit status, and that it leaves nothing behind."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from eugpt_files_mock import FilesMock, faults
from eugpt_files_mock.cli.main import main

from ..portable import OWN_GROUP, interrupt

KEY = "eugpt_do-not-tell-0123456789"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EUGPT_BASE_URL", "EUGPT_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def served() -> Iterator[FilesMock]:
    options: dict[str, Any] = {"assert_all_requests_known": False, "api_keys": [KEY]}
    with FilesMock(**options).serve() as mock:
        yield mock


def verify(mock: FilesMock, *words: str) -> int:
    return main(["verify", "--base-url", mock.base_url, "--api-key", KEY, *words])


def said_in_one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """What was said on standard error, apart from the progress; nothing on standard output."""
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if not line.startswith("[")]
    assert ("", 1) == (out, len(lines))
    assert KEY not in err
    return lines[0]


def test_everything_holds(served: FilesMock, capsys: pytest.CaptureFixture[str]) -> None:
    """The progress is on standard error, the report on standard output; no file is left."""
    assert 0 == verify(served, "--only", "list")
    out, err = capsys.readouterr()
    assert f"{served.base_url} held against eugpt\n" in out
    assert "0 different" in out
    assert "[1/3] list\n" in err
    assert 0 == len(served.files)


def test_a_difference_is_status_1(served: FilesMock, capsys: pytest.CaptureFixture[str]) -> None:
    """The report shows what was expected, and what the service answered."""
    assert 1 == verify(served, "--profile", "openai", "--only", "list")
    out, _ = capsys.readouterr()
    assert "Differs from the documentation (1)\n  list.members: members of a list" in out
    assert '      the service: ["object", "data"]\n' in out


def test_json_and_junit(served: FilesMock, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs: in JUnit's form a difference is a failure; what wasn't tried is skipped."""
    verify(served, "--only", "id", "key", "--format", "json", "--profile", "openai")
    report = json.loads(capsys.readouterr().out)
    assert (False, []) == (report["ok"], report["left"])
    row = next(one for one in report["rows"] if one["behaviour"] == "id.format")
    assert ("broken", "file-{base58:22}", "{uuid}") == (
        row["verdict"], row["expected"], row["seen"]
    )  # fmt: skip
    verify(served, "--only", "id", "key", "--format", "junit", "--profile", "openai")
    suite = ElementTree.fromstring(capsys.readouterr().out)
    assert {"name": "verify", "tests": "2", "failures": "1", "skipped": "1"} == suite.attrib


def test_a_key_from_the_environment(served: FilesMock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other users of the machine can read a key on the command line."""
    monkeypatch.setenv("EUGPT_BASE_URL", served.base_url)
    monkeypatch.setenv("EUGPT_API_KEY", KEY)
    assert 0 == main(["verify", "--only", "id"])


class TestItCannotRun:
    """One line on standard error, and status 2; no profile is written."""

    def test_no_key(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The line names both ways to give one."""
        assert 2 == main(["verify"])
        assert "verify needs a key: --api-key, or EUGPT_API_KEY" in said_in_one_line(capsys)

    @pytest.mark.parametrize("suffix", ["\n", "é", " x", "\x7f"], ids=ascii)
    def test_a_key_that_cannot_be_sent_is_not_shown(
        self, suffix: str, served: FilesMock, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A key read from a file may end with a line break; httpx's own message may quote it."""
        key = ["--api-key", KEY + suffix]
        assert 2 == main(["verify", "--base-url", served.base_url, *key])
        assert "The key must be visible ASCII characters" in said_in_one_line(capsys)

    def test_a_wrong_key(self, served: FilesMock, capsys: pytest.CaptureFixture[str]) -> None:
        """That is found out by the first request, before anything is uploaded."""
        assert 2 == main(["verify", "--base-url", served.base_url, "--api-key", "eugpt_other"])
        assert "refused the key: 401" in said_in_one_line(capsys)

    def test_no_connection(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        """The file of `--save` isn't made, nor a temporary one beside it."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        path = tmp_path / "saved.json"
        words = ["--base-url", url, "--api-key", KEY, "--save", str(path)]
        assert 2 == main(["verify", *words])
        assert f"cannot verify {url}: cannot connect." in said_in_one_line(capsys)
        assert [] == list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        ("fault", "said"),
        {
            faults.http_error(404, body="html"): "isn't a Files API: it answered 404, text/html",
            faults.server_error(): "the service answered 500",
            faults.garbage(): "what came back isn't a whole HTTP answer",
            faults.empty_response(): "what came back isn't a whole HTTP answer",
            faults.connection_reset(): "the connection broke off",
            faults.delay(60): "no answer within 0.5 s",
        }.items(),
    )
    def test_it_is_no_api(
        self, fault: Any, said: str, served: FilesMock, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It says why: another web server, a failing one, a broken connection, or silence."""
        served.inject(fault, "*", times=None)
        assert 2 == verify(served, "--timeout", "0.5")
        assert said in said_in_one_line(capsys)

    @pytest.mark.parametrize(
        ("words", "said"),
        {
            ("--base-url", ""): "--base-url is empty",
            ("--base-url", " "): "--base-url is empty",
            ("--base-url", "ftp://a.test/v1"): "the base URL must begin with http:// or https://",
            ("--base-url", "http://a.test:x/v1"): "the base URL is invalid",
            ("--profile", "openia"): "Did you mean 'openai'?",
            ("--profile", "nowhere.json"): "No such file",
            ("--only", "lists"): "Did you mean 'list'?",
            ("--timeout", "0"): "--timeout must be over 0 and at most 2000000 s",
            ("--timeout", "inf"): "--timeout must be over 0 and at most 2000000 s",
            ("--timeout", "soon"): "argument --timeout",
            ("--format", "xml"): "argument --format",
            ("--save", "nowhere/at/all.json"): "argument --save: cannot write",
        }.items(),
        ids=str,
    )
    def test_bad_words(
        self,
        words: tuple[str, str],
        said: str,
        served: FilesMock,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """All arguments are checked before the first request is sent."""
        try:
            status = verify(served, *words)
        except SystemExit as ended:
            status = int(ended.code or 0)
        assert 2 == status
        assert said in said_in_one_line(capsys)
        assert 0 == len(served.calls)


class TestAServiceThatFailsNowAndThen:
    """The row is reported, the others go on, and every file is deleted."""

    @pytest.mark.parametrize(
        "fault",
        [
            faults.server_error(), faults.garbage(), faults.malformed_json(), faults.truncated(),
            faults.connection_reset(), faults.delay(60), faults.dribble(1, 0.1),
        ],
        ids=lambda fault: fault.name,
    )  # fmt: skip
    @pytest.mark.parametrize("phase", ["before", "after"])
    def test_one_upload(
        self, phase: Any, fault: Any, served: FilesMock, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """One that was stored although its answer was lost is found by its name, and deleted."""
        served.inject(fault, "upload", skip=1, phase=phase)
        assert 1 == verify(served, "--timeout", "1", "--only", "upload", "id")
        out, _ = capsys.readouterr()
        assert "Could not be tried: the service failed (1)\n  id.format: " in out
        assert 0 == len(served.files)

    def test_it_loses_files(self, capsys: pytest.CaptureFixture[str]) -> None:
        """What the answer to an upload shows is still checked."""

        def losing() -> float:
            mock._service.files.clear()
            return time.time()

        with FilesMock(clock=losing, assert_all_requests_known=False) as mock:
            assert 1 == verify(mock)
        out, _ = capsys.readouterr()
        assert "list.order: a file that was uploaded isn't in the list" in out
        assert "upload.status" in out.partition("Guess confirmed")[2]

    def test_it_stops_answering(
        self, served: FilesMock, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """After three failures in a row the other scenarios send nothing, so it ends soon."""
        served.inject(faults.empty_response(), "*", skip=4, times=200)
        began = time.monotonic()
        assert 1 == verify(served)
        assert 20 > time.monotonic() - began
        assert "the service stopped answering" in capsys.readouterr().out

    def test_it_is_told_when_a_file_could_not_be_deleted(
        self, served: FilesMock, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """With the ids, so that the user can delete them; on standard error."""
        served.inject(faults.forbidden(), "delete", times=None)
        verify(served, "--only", "id")
        left = {file.id for file in served.files}
        assert 2 <= len(left)
        _, err = capsys.readouterr()
        assert all(file_id in err.partition("Could not be deleted: ")[2] for file_id in left)

    def test_a_rate_limit_is_obeyed(self, served: FilesMock) -> None:
        """It waits as long as `Retry-After` says, and a 429 isn't counted as a difference."""
        served.inject(faults.rate_limited(1), "list", skip=1)
        assert 0 == verify(served, "--only", "list")
        limited = next(call for call in served.calls if call.status == 429)
        following = next(call for call in served.calls if call.started_at > limited.started_at)
        assert 1 <= following.started_at - limited.started_at


def test_no_file_but_its_own_is_touched(served: FilesMock) -> None:
    """The account may hold documents: none of them is requested by its id."""
    own = [served.add_file(f"{number}.txt", b"mine", user=None) for number in range(3)]
    assert 0 == verify(served)
    assert own == list(served.files)
    ids = {file.id for file in own}
    assert not [call for call in served.calls if call.file_id in ids]


def test_a_saved_profile_is_replaced_at_once(served: FilesMock, tmp_path: Path) -> None:
    """By renaming, so that there is never half a profile; the mock can follow it."""
    path = tmp_path / "saved.json"
    path.write_text("old")
    verify(served, "--save", str(path), "--profile", "openai", "--only", "id")
    assert {"profile": "openai", "values": {"id.format": "{uuid}"}} == json.loads(path.read_text())
    assert [path] == list(tmp_path.iterdir())
    assert "-" in FilesMock(profile=path).fake_file().id


def test_files_whose_uploads_got_no_answer_may_be_left(
    served: FilesMock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the list, in which it looks for them, doesn't come either."""
    served.inject(faults.connection_reset(), "upload", times=None, phase="after")
    served.inject(faults.server_error(), "list", times=None, skip=1)
    assert 1 == verify(served, "--only", "upload")
    token = re.search("files may be left: those with '(.*)' in", capsys.readouterr().err)[1]
    assert [] == [file.filename for file in served.files if token not in file.filename]
    assert 0 < len(served.files)


def test_signals_are_handled_as_before_once_it_has_ended(served: FilesMock) -> None:
    """Another program may have called it, and goes on."""
    before = signal.getsignal(signal.SIGTERM)
    assert 0 == verify(served, "--only", "list")
    assert before == signal.getsignal(signal.SIGTERM)


def begun(served: FilesMock) -> subprocess.Popen[str]:
    """A run that waits for an answer, and has uploaded files."""
    served.inject(faults.delay(60), "download")
    words = ["verify", "--base-url", served.base_url, "--api-key", KEY]
    process = subprocess.Popen(
        [sys.executable, "-m", "eugpt_files_mock", *words],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **OWN_GROUP,
    )  # fmt: skip
    until = time.monotonic() + 30
    while not served.calls.to("upload") or len(served.files) < 8:
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(0.5)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_deletes_what_it_made(number: int, served: FilesMock) -> None:
    """By Ctrl-C or SIGTERM, here while it waits for an answer."""
    process = begun(served)
    interrupt(process, number)
    out, err = process.communicate(timeout=20)
    assert (2, "") == (process.returncode, out)
    assert "interrupted; what was uploaded has been deleted." in err
    assert 0 == len(served.files)


def test_an_interrupted_run_says_when_it_could_not_delete(served: FilesMock) -> None:
    """And how to find what it left, by a word that is in each of its filenames."""
    process = begun(served)
    served.inject(faults.server_error(), "delete", times=None)
    interrupt(process)
    _, err = process.communicate(timeout=20)
    assert "has been deleted" not in err
    token = re.search("'(verify-[0-9a-f]{8})' in their names", err)[1]
    assert [] == [file.filename for file in served.files if token not in file.filename]
    assert 0 < len(served.files)
