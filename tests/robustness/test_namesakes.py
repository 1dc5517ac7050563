"""The package `multipart` and its namesake: older releases of `python-multipart` hide it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

UPLOAD = """
import httpx
from eugpt_files_mock import FilesMock
with FilesMock() as mock:
    key = {"Authorization": f"Bearer {mock.api_key}"}
    httpx.post(mock.base_url + "/files", files={"file": b""}, headers=key)
"""


def test_a_namesake_that_hides_our_parser_is_told(tmp_path: Path) -> None:
    """The first upload ends with the reason, and with the `pip` command that helps."""
    namesake = tmp_path / "multipart"
    namesake.mkdir()
    (namesake / "__init__.py").write_text("class MultipartParser: ...\n")

    ended = subprocess.run(
        [sys.executable, "-c", UPLOAD],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr.endswith(
        "before 0.0.13 the package `python-multipart` had a module of that name, and hides it.\n"
        "To fix it: pip install --upgrade multipart python-multipart\n"
    )
