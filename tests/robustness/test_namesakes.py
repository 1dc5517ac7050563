"""The package `multipart` and its namesake: older releases of `python-multipart` hide it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_a_namesake_that_hides_our_parser_is_told(tmp_path: Path) -> None:
    """The import ends with the reason, and with the `pip` command that helps."""
    namesake = tmp_path / "multipart"
    namesake.mkdir()
    (namesake / "__init__.py").write_text("class MultipartParser: ...\n")

    ended = subprocess.run(
        [sys.executable, "-c", "import eugpt_files_mock"],
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
