"""The traceback of a failure ends at the author's line, never in our code."""

import re

import pytest

from .conftest import Run

FAILING = """
import httpx
import pytest
import requests

from eugpt_files_mock import FilesMock, after_polls, after_seconds, fails, faults


def test_assert_called(eugpt_files):
    eugpt_files.assert_called("upload")  # here


def test_assert_called_with_an_unknown_word(eugpt_files):
    eugpt_files.assert_called("upload", file_name="a.txt")  # here


def test_assert_not_called(eugpt_files):
    httpx.get(eugpt_files.base_url + "/files")
    eugpt_files.assert_not_called("list")  # here


def test_assert_uploaded(eugpt_files):
    eugpt_files.assert_uploaded("a.txt", content=b"")  # here


def test_assert_uploaded_with_a_text(eugpt_files):
    eugpt_files.assert_uploaded("a.txt", content="")  # here


def test_calls_to(eugpt_files):
    eugpt_files.calls.to("uploads")  # here


def test_an_unknown_option():
    FilesMock(sed=7)  # here


def test_a_senseless_option():
    FilesMock(max_file_bytes=-1)  # here


def test_a_senseless_base_url():
    FilesMock(base_url="chat.eugpt.ai")  # here


def test_a_senseless_processing():
    FilesMock(processing=after_polls(0))  # here


def test_another_senseless_processing():
    FilesMock(processing=after_seconds(-1))  # here


def test_a_failure_without_a_reason():
    FilesMock(processing=fails(""))  # here


def test_a_misspelt_processing():
    FilesMock(processing="imediate")  # here


def test_a_senseless_fault():
    faults.http_error(200)  # here


def test_a_fault_of_negative_seconds():
    faults.delay(-1)  # here


def test_a_fault_of_no_bytes():
    faults.dribble(0, 1)  # here


def test_a_fault_by_a_wrong_name():
    faults.fault_named("rate_limit", {})  # here


def test_inject_what_is_no_fault(eugpt_files):
    eugpt_files.inject("timeout")  # here


def test_inject_on_an_unknown_operation(eugpt_files):
    eugpt_files.inject(faults.timeout(), on="uplod")  # here


def test_inject_never(eugpt_files):
    eugpt_files.inject(faults.timeout(), times=0)  # here


def test_inject_a_refusal_on_a_port(eugpt_files_server):
    eugpt_files_server.inject(faults.connection_refused())  # here


def test_add_file(eugpt_files):
    eugpt_files.add_file("a.txt", "a text")  # here


def test_add_file_of_an_unknown_user(eugpt_files):
    eugpt_files.add_file("a.txt", user="alice")  # here


def test_fake_file(eugpt_files):
    eugpt_files.fake_file(".pfd")  # here


def test_fake_files(eugpt_files):
    eugpt_files.fake_files(-1)  # here


def test_start_twice(eugpt_files):
    eugpt_files.start()  # here


def test_serve_on_no_port(eugpt_files):
    eugpt_files.serve(port=70_000).start()  # here


def test_leaving_a_block():
    with FilesMock() as mock:  # here
        mock.inject(faults.timeout())


def test_leaving_a_served_block():
    with FilesMock().serve() as mock:  # here
        mock.inject(faults.timeout())


def test_stop():
    mock = FilesMock().start()
    mock.inject(faults.timeout())
    mock.stop()  # here
"""


@pytest.fixture(autouse=True)
def _no_other_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the machine take seconds to load."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "conftest_plugin")


def test_it_ends_at_the_line_of_the_author(pytester: pytest.Pytester) -> None:
    """For exit checks, that is the `with` or the `stop()`; `# here` marks each such line."""
    path = pytester.makepyfile(FAILING)
    expected = {
        number for number, line in enumerate(path.read_text().splitlines(), 1) if "# here" in line
    }
    result = pytester.runpytest_subprocess("--tb=short")
    frames = re.findall(r"^(\S+\.py):(\d+): in \w+$", result.stdout.str(), re.MULTILINE)
    assert {(path.name, str(number)) for number in expected} == set(frames)
    result.assert_outcomes(failed=len(expected))


@pytest.mark.parametrize("client", ["httpx", "requests"])
def test_inside_a_client_call_it_ends_in_the_client(run: Run, client: str) -> None:
    """The frames between are the client's; the last is not ours."""
    code = f"""
import {client}
from eugpt_files_mock import faults

def test_without_a_timeout(eugpt_files):
    eugpt_files.inject(faults.timeout())
    {client}.get(eugpt_files.base_url + "/files", timeout=None,
                 headers={{"Authorization": "Bearer eugpt_a"}})
"""
    result = run(code, "--tb=short")
    result.assert_outcomes(failed=1)
    frames = re.findall(r"^(\S+\.py):\d+: in \w+$", result.stdout.str(), re.MULTILINE)
    assert frames
    assert [] == [path for path in frames if "eugpt_files_mock" in path]


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("eugpt_files(sed=7)", "Unknown option 'sed'. Did you mean 'seed'?"),
        ("eugpt_files(7)", "takes options by name, got 7."),
    ],
)
def test_a_wrong_marker_is_told_without_a_traceback(run: Run, marker: str, message: str) -> None:
    """It would show pytest's code and ours, and no line of the author's."""
    result = run(f"@pytest.mark.{marker}\ndef test_marked(eugpt_files): pass")
    result.assert_outcomes(errors=1)
    assert message in result.stdout.str()
    assert "conftest_plugin" not in result.stdout.str()
