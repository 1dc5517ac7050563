"""The command as a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

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
    done = subprocess.run(
        [*COMMAND, *words], text=True, capture_output=True, timeout=30, check=False
    )
    assert (2, "") == (done.returncode, done.stdout)
    assert 1 == done.stderr.count("\n")
    return done.stderr


def printed(*words: str) -> str:
    """What it prints, with status 0."""
    return subprocess.run([*COMMAND, *words], text=True, capture_output=True, check=True).stdout
