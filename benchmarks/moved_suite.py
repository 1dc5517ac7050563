"""A suite that moves from `httpx.MockTransport`: what a whole run costs, before and after."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from .measure import Measured, ratio
from .start_up import milliseconds
from .table import Row

_TESTS = 150
"""About as many as a small project has; each makes a client of its own, as tests do."""

_CODE = """
import itertools
import json

import httpx
import pytest

BASE_URL, KEY = "https://chat.eugpt.ai/v1", "eugpt_mock_key"
TESTS = range({tests})

def archive(**words):
    headers = {{"Authorization": f"Bearer {{KEY}}"}}
    with httpx.Client(base_url=BASE_URL, headers=headers, **words) as http:
        form = {{"files": {{"file": ("a.txt", b"content")}}, "data": {{"purpose": "assistants"}}}}
        made = http.post("/files", **form).json()
        assert http.get(f"/files/{{made['id']}}").json() == made
        assert http.delete(f"/files/{{made['id']}}").json()["deleted"]
"""

_BEFORE = """
def fake():
    files = {}
    def answer(request):
        _, _, file_id = request.url.path.partition("/files/")
        if request.method == "POST":
            file_id = f"file-{len(files)}"
            files[file_id] = {"id": file_id, "object": "file", "filename": "a.txt"}
            return httpx.Response(200, json=files[file_id])
        if request.method == "DELETE":
            del files[file_id]
            return httpx.Response(200, json={"id": file_id, "deleted": True})
        return httpx.Response(200, json=files[file_id])
    return httpx.MockTransport(answer)

@pytest.mark.parametrize("number", TESTS)
def test_it(number):
    archive(transport=fake())
"""

_AFTER = """
@pytest.mark.parametrize("number", TESTS)
def test_it(number, eugpt_files):
    archive()
    assert len(eugpt_files.files) == 0
"""


def rows() -> list[Row]:
    """Processor time of whole processes."""
    against = f"{_TESTS} tests with `httpx.MockTransport`, a client each"
    return [
        Row(
            what="the same tests with `eugpt_files`",
            against=against,
            measure=partial(_moved, ""),
        ),
        Row(
            what="the same, with `eugpt_files_fast_tls = true`",
            against=against,
            measure=partial(_moved, "eugpt_files_fast_tls = true\n"),
            at_most=1.3,
        ),
    ]


def _moved(option: str, rounds: int) -> Measured:
    code = _CODE.format(tests=_TESTS)
    with tempfile.TemporaryDirectory() as before, tempfile.TemporaryDirectory() as after:
        for folder, tests, ini in ((before, _BEFORE, ""), (after, _AFTER, option)):
            Path(folder, "test_it.py").write_text(code + tests)
            Path(folder, "pytest.ini").write_text(f"[pytest]\n{ini}")
        run = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
        return ratio(
            partial(milliseconds, run, after),
            partial(milliseconds, run, before),
            rounds=max(3, rounds // 4),
        )
