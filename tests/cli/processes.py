"""The command as a process of its own."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from eugpt_files_mock.cli.main import main

from ..portable import OWN_GROUP, interrupt

COMMAND = [sys.executable, "-m", "eugpt_files_mock"]


def unmeasured() -> dict[str, str]:
    """The environment of a process in which there is nothing of ours for coverage to follow."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


@contextlib.contextmanager
def started(*words: str, **settings: Any) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The base URL that `serve` prints, and the process, which the test may end as it likes."""
    command = [*COMMAND, "serve", "--port", "0", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **OWN_GROUP}
    with subprocess.Popen(command, **pipes, **settings) as process:
        try:
            line = process.stdout.readline()
            found = re.fullmatch(r"Listening on (http://127\.0\.0\.1:[1-9][0-9]*)/v1\n", line)
            assert found, (line, process.stderr.read())
            assert f"The page is at {found[1]}/__admin/\n" == process.stdout.readline()
            yield f"{found[1]}/v1", process
        finally:
            process.kill()


@contextlib.contextmanager
def serving(*words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The same, ended with SIGTERM: it says nothing more, and its status is 0."""
    with started("--log", "none", *words) as (base_url, process):
        yield base_url, process
        assert (0, "") == ended(process)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its status and its standard error, after SIGTERM."""
    interrupt(process)
    output, error = process.communicate(timeout=10)
    assert "" == output
    return process.returncode, error


def refused(*words: str) -> str:
    """The one line on standard error, with status 2."""
    status, output, error = ran(*words)
    assert (2, "") == (status, output)
    assert 1 == error.count("\n")
    return error


def printed(*words: str) -> str:
    """What it prints, with status 0."""
    status, output, _ = ran(*words)
    assert 0 == status
    return output


def ran(*words: str) -> tuple[int, str, str]:
    """Its status, output and error, in this process: to start one takes a second."""
    output, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(error):
        try:
            status = main(words)
        # The parser ends with what it says.
        except SystemExit as ended:
            status = ended.code
    return status, output.getvalue(), error.getvalue()
