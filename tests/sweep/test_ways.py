"""The same program swept in process, on a port and by the command: the same cells."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import httpx
import pytest

from eugpt_files_mock import FilesMock

from .programs import outcomes, swept

SOURCE = """
import json, os, sys
import httpx

def main():
    with httpx.Client(
        base_url=os.environ["EUGPT_BASE_URL"],
        headers={"Authorization": "Bearer " + os.environ["EUGPT_API_KEY"]},
        timeout=1,
    ) as http:
        form = {"files": {"file": ("a.txt", b"a")}, "data": {"purpose": "assistants"}}
        answer = http.post("/files", **form)
        if answer.status_code == 503:  # wrong: taken for success
            return
        file_id = answer.json()["id"]  # wrong: a refusal has none
        listed = http.get("/files").raise_for_status().json()  # wrong: before the try
        try:
            http.post("/responses", json={"file_id": file_id}).raise_for_status().json()
        finally:
            http.delete(f"/files/{file_id}").raise_for_status().json()
"""


def program() -> Any:
    """The function of the source."""
    found: dict[str, Any] = {}
    exec(SOURCE, found)
    return found["main"]


def of_command(text: str) -> dict[str, str]:
    """The outcome of each cell, read from the table."""
    lines = text.partition("\n\n")[2].splitlines()
    columns = lines[0].split()
    cells = {}
    for line in lines[1 : lines.index("")]:
        name, *found = re.split(r"\s{2,}|(?<=WRONG) |(?<=raised) |(?<=gave up) ", line.strip())
        cells |= {f"{name}/{column}": one for column, one in zip(columns, found, strict=True)}
    return {cell: outcome for cell, outcome in cells.items() if outcome != "-"}


def run(tmp_path: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command, in that directory."""
    return subprocess.run(
        [sys.executable, "-m", "eugpt_files_mock", "sweep", *words],
        cwd=tmp_path,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_program_has_the_same_cells_in_all_three_ways(tmp_path: Path) -> None:
    """What is wrong with it doesn't depend on how it is looked at."""
    found = []
    with FilesMock(environ="eugpt") as mock:
        mock.stub("POST", "/responses", json={})
        found.append(outcomes(swept(mock, program())))
    with FilesMock(environ="eugpt").serve() as mock:
        mock.stub("POST", "/responses", json={})
        found.append(outcomes(swept(mock, program())))
    (tmp_path / "answer.json").write_text("{}")
    (tmp_path / "program.py").write_text(SOURCE + "\nmain()\n")
    stub = ("--stub", "POST /responses=answer.json")
    done = run(tmp_path, *stub, "--", sys.executable, "program.py")
    assert 1 == done.returncode, done.stderr
    found.append(of_command(done.stdout))
    assert found[0] == found[1] == found[2]
    assert {"ok", "WRONG", "gave up", "raised"} == set(found[0].values())


SHELL = """\
answer=$(curl -sS --fail --max-time 2 -H "Authorization: Bearer $EUGPT_API_KEY" \\
    -F file=@a.txt -F purpose=assistants "$EUGPT_BASE_URL/files") || exit 3
echo "$answer" | grep -q '"id".*}$' || exit 4
echo stored
"""


def test_a_shell_script_is_swept(tmp_path: Path) -> None:
    """In a copy of its directory, which stays as it was."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "up.sh").write_text(SHELL + "touch new.txt\n")
    done = run(tmp_path, "--expect-exit", "3-4", "--", "sh", "up.sh")
    assert 0 == done.returncode, done.stdout + done.stderr
    assert ["upload a.txt"] == re.findall(r"^upload a.txt", done.stdout, re.MULTILINE)
    assert {"a.txt", "up.sh"} == {path.name for path in tmp_path.iterdir()}


def test_a_program_beside_the_directory_is_found(tmp_path: Path) -> None:
    """`../bin/program`: it runs in a copy, from where that would be elsewhere."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "bin" / "up.sh").write_text("#!/bin/sh\n" + SHELL)
    (tmp_path / "bin" / "up.sh").chmod(0o755)
    (tmp_path / "work" / "a.txt").write_text("a")
    done = run(tmp_path / "work", "--only", "upload a.txt/busy", "--", "../bin/up.sh")
    assert 0 == done.returncode, done.stdout + done.stderr


def test_what_was_stopped_is_not_told_to_clear_up(tmp_path: Path) -> None:
    """It could not: one reason is enough."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "up.sh").write_text(
        SHELL + 'curl -s -H "Authorization: Bearer $EUGPT_API_KEY" "$EUGPT_BASE_URL/files"\n'
    )
    words = ("--only", "list/timeout", "--timeout", "2")
    done = run(tmp_path, *words, "--", "sh", "up.sh")
    assert "endless: did not end within 2 s (--timeout)\n    To fix it: give every" in done.stdout
    assert "file_left" not in done.stdout


@pytest.mark.parametrize(
    ("change", "cell", "said"),
    [
        (("|| exit 4", "; true"), "upload a.txt/broken", "other_result"),
        (("--max-time 2 ", ""), "upload a.txt/timeout", "endless: did not end within 2 s"),
        (("|| exit 3", "|| kill -9 $$"), "upload a.txt/busy", "bug: died of SIGKILL"),
        (("exit 3", "{ touch a.part; exit 3; }"), "upload a.txt/busy", "left new files: a.part"),
        (("exit 3", "exit 5"), "upload a.txt/busy", "or name this one with --expect-exit"),
        (("exit 3", "exit 5"), "upload a.txt/busy", "unexpected_error: ended with status 5"),
    ],
)
def test_a_wrong_shell_script_is_found(
    tmp_path: Path, change: tuple[str, str], cell: str, said: str
) -> None:
    """By its status, its output, its new files, or that it doesn't end."""
    (tmp_path / "a.txt").write_text("a")
    script = SHELL.replace(*change)
    if "broken" in cell:
        script = script.replace("echo stored", 'echo "$answer"')
    (tmp_path / "up.sh").write_text(script)
    words = ("--only", cell, "--timeout", "2", "--expect-exit", "3-4")
    done = run(tmp_path, *words, "--", "sh", "up.sh")
    assert 1 == done.returncode, done.stdout + done.stderr
    assert f"{cell} is WRONG" in done.stdout
    assert said in done.stdout
    assert f"eugpt-files-mock sweep --only '{cell}'" in done.stdout


NODE = """
const headers = { Authorization: `Bearer ${process.env.OPENAI_API_KEY}` };
const form = new FormData();
form.set("file", new Blob(["a"]), "a.txt");
form.set("purpose", "assistants");
const url = process.env.OPENAI_BASE_URL + "/files";
const signal = AbortSignal.timeout(2000);
const answer = await fetch(url, { method: "POST", headers, body: form, signal });
const file = await answer.json();
console.log(file.id.length);
"""


@pytest.mark.slow
def test_a_program_of_node_is_swept(tmp_path: Path) -> None:
    """A TypeError is a bug, and that of fetch itself is a broken connection."""
    (tmp_path / "program.mjs").write_text(NODE)
    done = run(tmp_path, "--", "node", "program.mjs")
    found = of_command(done.stdout)
    assert "WRONG" == found["upload a.txt/denied"], done.stderr
    assert "gave up" == found["upload a.txt/reset"]
    assert "raised" == found["upload a.txt/broken"]


def test_files_and_options_of_the_command(tmp_path: Path) -> None:
    """The file is there in each run; the options are those of `serve`."""
    (tmp_path / "old.txt").write_text("old")
    code = """
    import os, httpx
    url, headers = os.environ["OPENAI_BASE_URL"], {"Authorization": "Bearer sk-x"}
    files = httpx.get(url + "/files", headers=headers, timeout=2).raise_for_status().json()
    assert [file["filename"] for file in files["data"]] == ["old.txt"]
    """
    (tmp_path / "look.py").write_text(textwrap.dedent(code))
    words = ("--profile", "openai", "--file", "old.txt", "--failures", "busy,denied")
    done = run(tmp_path, *words, "--", sys.executable, "look.py")
    assert 0 == done.returncode, done.stdout + done.stderr
    assert {"list/busy": "gave up", "list/denied": "raised"} == of_command("\n\n" + done.stdout)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"NO_PROXY": "", "no_proxy": ""}, "127.0.0.1"),
        ({"NO_PROXY": "", "no_proxy": "corp.example"}, "corp.example,127.0.0.1"),
        ({"NO_PROXY": "*", "no_proxy": ""}, "*"),
    ],
)
def test_a_program_asks_the_port_without_a_proxy(
    tmp_path: Path, given: dict[str, str], expected: str
) -> None:
    """And other hosts as before; an asterisk stands for every host only where it is alone."""
    seen = tmp_path / "seen"
    run(tmp_path, "--", "sh", "-c", f'echo "$NO_PROXY $no_proxy" > {seen}', **given)
    assert f"{expected} {expected}" == seen.read_text().strip()


def test_what_is_allowed_and_what_must_not_give_up(tmp_path: Path) -> None:
    """With the words of `mock.sweep`."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "up.sh").write_text(SHELL)
    words = ("--failures", "busy", "--", "sh", "up.sh")
    done = run(tmp_path, "--strict", *words)
    assert 1 == done.returncode
    assert "gave_up: ended with status 3" in done.stdout
    done = run(tmp_path, "--strict", "--allow", "upload */busy", *words)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert "(WRONG)" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "sweep needs a program"),
        (["--", "false"], "without a failure, the program failed: ended with status 1."),
        (["--", "true"], "made no call to this mock"),
        (["--timeout", "0", "--", "true"], "--timeout must be over 0 and at most 2000000 s"),
        (["--timeout", "inf", "--", "true"], "--timeout must be over 0 and at most 2000000 s"),
        (["--expect-exit", "5-3", "--", "true"], "not '5-3'; such as 1,3-5"),
        (["--expect-exit", "1-", "--", "true"], "not '1-'; such as 1,3-5"),
        (["--failures", "bussy", "--", "true"], "Did you mean 'busy'"),
        (["--", "./nowhere"], "No such file"),
    ],
)
def test_what_can_not_run_says_why(tmp_path: Path, words: list[str], message: str) -> None:
    """With the exit status 2, as of every command."""
    done = run(tmp_path, *words)
    assert 2 == done.returncode
    assert message in done.stderr


def test_a_sweep_on_a_port_waits_no_longer_than_a_second_for_nothing() -> None:
    """The SDK's own timeout is ten minutes."""
    with FilesMock(environ="eugpt").serve() as mock:

        def patient() -> None:
            url = f"{mock.base_url}/files"
            headers = {"Authorization": f"Bearer {mock.api_key}"}
            httpx.get(url, headers=headers, timeout=600).raise_for_status()

        assert {"list/timeout": "gave up"} == outcomes(swept(mock, patient, failures=["timeout"]))
