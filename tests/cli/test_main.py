"""The command, as a process of its own."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from eugpt_files_mock.cli.main import main

from ..portable import interrupt
from .processes import refused, serving, started, unmeasured

AUTH = {"Authorization": "Bearer eugpt_cli"}


@contextlib.contextmanager
def idle_connection(base_url: str) -> Iterator[None]:
    """A client that began a request and says no more."""
    with socket.create_connection(("127.0.0.1", httpx.URL(base_url).port or 0)) as idle:
        idle.sendall(b"POST /v1/files HTTP/1.1\r\n")
        yield


@contextlib.contextmanager
def terminated() -> Iterator[None]:
    """SIGTERM comes to this process as soon as something handles it."""
    before = signal.getsignal(signal.SIGTERM)

    def end() -> None:
        while signal.getsignal(signal.SIGTERM) is before:
            time.sleep(0.001)
        signal.raise_signal(signal.SIGTERM)

    thread = threading.Thread(target=end)
    thread.start()
    yield
    thread.join()


def test_it_serves_the_five_calls() -> None:
    """On a free port, whose address it prints; what was uploaded there can be downloaded."""
    with serving() as (base_url, _):
        form = {"files": {"file": ("a.txt", b"a")}, "data": {"purpose": "batch"}}
        file = httpx.post(f"{base_url}/files", headers=AUTH, **form).json()
        content = httpx.get(f"{base_url}/files/{file['id']}/content", headers=AUTH)
        assert b"a" == content.content


def test_it_imports_faker_only_to_invent_files() -> None:
    """To import it costs as much as the rest of the start."""
    script = "import sys; from eugpt_files_mock.cli import main as cli, serve; serve._mock(\n"
    script += "cli.parser().parse_args(['serve']), None); sys.exit('faker' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", script], check=False).returncode


def test_the_handlers_of_signals_are_given_back() -> None:
    """A program that calls `main` goes on after a signal has ended it."""
    before = signal.getsignal(signal.SIGTERM)

    with terminated():
        assert 0 == main(["serve", "--port=0", "--log=none"])
    assert before is signal.getsignal(signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_with_status_0_whatever_clients_do(number: int) -> None:
    """It doesn't wait for a client that began a request and says no more."""
    with serving() as (base_url, process), idle_connection(base_url):
        httpx.get(f"{base_url}/files", headers=AUTH)
        began = time.monotonic()
        interrupt(process, number)
        assert 0 == process.wait(timeout=5)
        assert 2 > time.monotonic() - began


def test_a_signal_while_files_are_invented_is_no_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The rest is left out, and nothing is served any more."""
    with terminated():
        assert 0 == main(["serve", "--port=0", "--log=none", "--fake=3000"])
    assert ("", "") == capsys.readouterr()


def test_a_profile_that_refuses_no_key_is_served_with_keys(tmp_path: Path) -> None:
    """Then there is no prefix that they could lack."""
    profile = tmp_path / "any-key.json"
    profile.write_text('{"profile": "openai", "values": {"errors.invalid_api_key": null}}')
    with terminated():
        words = ["--api-key=any=me", f"--profile={profile}"]
        assert 0 == main(["serve", "--port=0", "--log=none", *words])


@pytest.mark.parametrize(
    "words", [["--vers"], ["serve", "--no-a", "--port=-1"], ["verify", "--profil=eugpt"]]
)
def test_a_flag_is_not_known_by_its_beginning(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Else a script would change its meaning when a flag is added."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert 2 == ended.value.code
    assert "unrecognized arguments" in capsys.readouterr().err


def test_keys_users_limits_processing_and_files(tmp_path: Path) -> None:
    """All on one command line; the files are added by name, for the user of the first key."""
    (tmp_path / "b.txt").write_bytes(b"bb")
    (tmp_path / "a.txt").write_bytes(b"a")
    words = ["--api-key", "eugpt_1=alice", "--api-key", "eugpt_2=bob", "--files", str(tmp_path)]
    words += ["--max-file-bytes", "3", "--rate-limit", "5/60", "--processing", "after_polls:2"]
    with serving(*words) as (base_url, _):
        alice, bob = ({"Authorization": f"Bearer {key}"} for key in ("eugpt_1", "eugpt_2"))
        listed = httpx.get(f"{base_url}/files", headers=alice).json()["data"]
        assert ["b.txt", "a.txt"] == [file["filename"] for file in listed]
        assert [] == httpx.get(f"{base_url}/files", headers=bob).json()["data"]
        assert 401 == httpx.get(f"{base_url}/files", headers=AUTH).status_code
        statuses = []
        for size in (3, 4):
            form = {"files": {"file": ("x", bytes(size))}, "data": {"purpose": "batch"}}
            answer = httpx.post(f"{base_url}/files", headers=bob, **form)
            statuses.append((answer.status_code, answer.json().get("status")))
        assert [(200, "uploaded"), (413, None)] == statuses
        assert [200, 200, 429] == [
            httpx.get(f"{base_url}/files", headers=bob).status_code for _ in range(3)
        ]


def test_faults_are_armed_from_the_command_line() -> None:
    """By status or by name; each `--fault` arms one, with arguments such as `times`."""
    with serving("--fault", "list:503:times=2", "--fault", "upload:connection_reset") as (url, _):
        assert [503, 503, 200] == [
            httpx.get(f"{url}/files", headers=AUTH).status_code for _ in range(3)
        ]
        with pytest.raises(httpx.ReadError):
            httpx.post(f"{url}/files", headers=AUTH)


def test_invented_files_repeat_with_a_seed() -> None:
    """A test in another language can rely on their ids, names and sizes."""
    seen = []
    for _ in range(2):
        with serving("--fake", "5", "--seed", "7") as (base_url, _):
            files = httpx.get(f"{base_url}/files", headers=AUTH).json()["data"]
            seen.append([(file["id"], file["filename"], file["bytes"]) for file in files])
    assert 5 == len(seen[0])
    assert seen[0] == seen[1]


def test_a_busy_port_is_one_line_and_status_2() -> None:
    """The line names the address and gives the system's reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = refused("serve", "--port", port)
        assert f"cannot listen on 127.0.0.1:{port}: " in line
        assert "Port 0 takes a free one" in line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["serv"], "invalid choice: 'serv'"),
        (["serve", "--prot", "1"], "unrecognized arguments: --prot 1"),
        (["serve", "--port", "x"], "argument --port: invalid int value: 'x'"),
        (["serve", "--port", "70000"], "port must be an integer from 0 to 65535"),
        (["serve", "--host", "no.such.host.invalid"], "cannot listen on no.such.host.invalid:8080"),
        (["serve", "--files", "no-such-folder"], "--files: no folder 'no-such-folder'"),
        (
            ["serve", "--rate-limit", "10"],
            "argument --rate-limit: '10' is no rate: expected",
        ),
        (["serve", "--rate-limit", "0/60"], "1 request or more"),
        (["serve", "--processing", "after_pols:2"], "Did you mean 'after_polls'?"),
        (["serve", "--processing", "after_polls:x"], "such as after_polls:2"),
        (["serve", "--processing", "after_polls:0"], "1 or more, got 0"),
        (
            ["serve", "--max-file-bytes", "-1"],
            "max_file_bytes must be an integer of 0 or more bytes",
        ),
        (["serve", "--api-key", ""], "a key must be a string"),
        (["serve", "--fault", "uplod:503"], "Did you mean 'upload'?"),
        (["serve", "--fault", "upload:503:tims=2"], "Did you mean 'times'?"),
        (["serve", "--fault", "*:connection_refused"], "works in process only"),
        (["serve", "--fake", "-1"], "-1"),
        (["serve", "--max-file-bytes", "10XB"], "such as 5000, 10MB or 10MiB"),
        (["serve", "--allow-host", "a:1"], "isn't a host name"),
        (["serve", "--host", ""], "host must be a name or an address"),
        (["serve", "--admin-token", ""], "admin_token must be a string"),
        (["serve", "--profile", "opnai"], "Did you mean 'openai'?"),
        (["serve", "--log", "xml"], "invalid choice: 'xml'"),
    ],
)
def test_a_bad_value_is_one_line_and_status_2(words: list[str], message: str) -> None:
    """It says what is allowed, or which word was probably meant."""
    assert message in refused(*words)


def test_another_route_is_answered_with_a_file(tmp_path: Path) -> None:
    """JSON from a `.json`, any other file as it is."""
    (tmp_path / "answer.json").write_text('{"output_text": "Forty-two."}', encoding="utf-8")
    (tmp_path / "page.html").write_bytes(b"<p>")
    (tmp_path / "null.json").write_text("null", encoding="utf-8")
    stubs = ["POST /responses=answer.json", "GET /pages/{id}=page.html", "GET /null=null.json"]
    words = [f"--stub={stub.replace('=', f'={tmp_path}/')}" for stub in stubs]
    with serving(*words) as (base_url, _):
        headers = {"Authorization": "Bearer eugpt_a"}
        answer = httpx.post(f"{base_url}/responses", headers=headers, json={"input": "?"})
        page = httpx.get(f"{base_url}/pages/7", headers=headers)
        assert "null" == httpx.get(f"{base_url}/null", headers=headers).text
    assert {"output_text": "Forty-two."} == answer.json()
    assert ("text/html", b"<p>") == (page.headers["Content-Type"], page.content)


def test_what_the_encoding_does_not_have_is_written_as_an_escape(tmp_path: Path) -> None:
    """A Windows pipe isn't UTF-8; the report is whole all the same, and so is the status."""
    with started(
        "--log=text", "--report", env={**unmeasured(), "PYTHONIOENCODING": "cp1252:strict"}
    ) as (base_url, process):
        form = {"files": {"file": ("отчёт.pdf", b"a")}, "data": {"purpose": "batch"}}
        httpx.post(f"{base_url}/files", headers=AUTH, **form)
        interrupt(process)
        output, error = process.communicate(timeout=10)
    name = "отчёт.pdf".encode("ascii", "backslashreplace").decode()
    assert 0 == process.returncode
    assert name in output
    assert name in error
