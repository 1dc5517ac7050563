"""A library that is imported while a mock is active is intercepted as soon as it is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

CALL = {
    "httpx": "httpx.get(url, headers=AUTH).text",
    "httpx2": "httpx2.get(url, headers=AUTH).text",
    "requests": "requests.get(url, headers=AUTH).text",
    "urllib3": "urllib3.request('GET', url, headers=AUTH).data.decode()",
}
CODE = """
import sys
from eugpt_files_mock import FilesMock
AUTH = {"Authorization": "Bearer eugpt_test"}
with FilesMock() as mock:
    url = mock.base_url + "/files"
    assert "LIBRARY" not in sys.modules
    import LIBRARY
    assert '"list"' in CALL
    mock.assert_called("list", times=1)
from eugpt_files_mock.intercept import installation
assert installation._watcher not in sys.meta_path
"""


@pytest.mark.parametrize("library", CALL)
def test_a_library_that_is_imported_late_is_intercepted(library: str) -> None:
    """A function that imports its client when it is called must not reach the service."""
    pytest.importorskip(library)
    code = CODE.replace("LIBRARY", library).replace("CALL", CALL[library])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr
