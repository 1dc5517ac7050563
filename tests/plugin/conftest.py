"""Runs of pytest within the test."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points

# httpx and httpx2 keep the exceptions of the core that they met first. A run within this process
# forgets what it imported, and would import the core a second time, with other exceptions.
import httpcore  # noqa: F401
import httpcore2  # noqa: F401
import pytest

UPLOAD = """
import os, httpx, requests
import pytest

def upload(library=httpx, name="a.txt"):
    return library.post(
        os.environ["EUGPT_BASE_URL"] + "/files",
        files={"file": (name, b"abc")},
        data={"purpose": "batch"},
        headers={"Authorization": "Bearer " + os.environ["EUGPT_API_KEY"]},
    )
"""


WITHOUT_OTHERS = [
    f"-pno:{plugin.name}"
    for plugin in entry_points(group="pytest11")
    if "eugpt_files_mock" not in plugin.name
]
"""For runs with our entry point: other plugins bring tracers along, and take seconds to load."""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a test file with our plugin, and those that are named.

    In the same process, where pytest and the tests allow it: that takes a tenth of the time.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def running(
        code: str, *words: str, conftest: str = "", beside: Sequence[str] = ()
    ) -> pytest.RunResult:
        pytester.makepyfile(test_it=UPLOAD + code)
        if conftest:
            pytester.makeconftest(conftest)
        plugins = [word for name in ("conftest_plugin", *beside) for word in ("-p", name)]
        words = ("-W", "error", *plugins, *words)
        if pytest.version_tuple < (8, 4):
            # They warn that our plugin, already imported, can't be rewritten, and take the garbage
            # of other tests for that of this run.
            return pytester.runpytest_subprocess(*words)
        gc.collect()
        return pytester.runpytest_inprocess(*words)

    return running
