"""The npm `openai` client against `eugpt-files-mock serve`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent

HAS_NODE = shutil.which("node") and shutil.which("npm")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not HAS_NODE, reason="node and npm are not installed"),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The example with what it depends on."""
    for name in ("package.json", "files.test.mjs", "busy.test.mjs"):
        shutil.copy(HERE / name, tmp_path)
    installed = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if installed.returncode and "network" in installed.stderr.lower():
        pytest.skip(f"npm cannot install the openai package: {installed.stderr.splitlines()[0]}")
    assert installed.returncode == 0, installed.stderr
    return tmp_path


@pytest.fixture
def base_url() -> Iterator[str]:
    """The address of the command, as it prints it."""
    command = [sys.executable, "-m", "eugpt_files_mock", "serve", "--port", "0"]
    with subprocess.Popen([*command, "--log=none"], stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().removeprefix("Listening on ").strip()
        server.terminate()
    assert server.returncode == 0


def test_a_test_in_node_fails_for_a_fault_that_never_fired(base_url: str) -> None:
    """Without a package from npm, as only the control routes are asked."""
    run = subprocess.run(
        ["node", "--test", HERE / "check.test.mjs"],
        env=os.environ | {"EUGPT_BASE_URL": base_url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "1 armed fault never fired." in run.stdout
    assert "rate_limited() on upload" in run.stdout


@pytest.mark.parametrize(("name", "passed"), [("files.test.mjs", 5), ("busy.test.mjs", 1)])
def test_the_npm_client_uploads_pages_downloads_deletes_and_retries(
    project: Path, base_url: str, name: str, passed: int
) -> None:
    """All tests of the file pass in Node's own test runner."""
    run = subprocess.run(
        ["node", "--test", name],
        cwd=project,
        env=os.environ | {"EUGPT_BASE_URL": base_url},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"pass {passed}\n" in run.stdout
