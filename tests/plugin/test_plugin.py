"""The pytest plugin, in runs of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from .conftest import Run


def test_the_fixture_is_an_empty_mock_in_process(run: Run) -> None:
    """Clients are intercepted at the real base URL, which the environment has too."""
    code = """
@pytest.mark.parametrize("library", [httpx, requests])
def test_upload(eugpt_files, library):
    assert upload(library).status_code == 200
    assert len(eugpt_files.files) == 1
    eugpt_files.assert_uploaded("a.txt", purpose="batch", content=b"abc")
    assert os.environ["EUGPT_BASE_URL"] == eugpt_files.base_url == "https://chat.eugpt.ai/v1"
    assert os.environ["EUGPT_API_KEY"] == eugpt_files.api_key
"""
    run(code).assert_outcomes(passed=2)


def test_the_server_fixture_is_empty_for_each_test_on_one_port(run: Run) -> None:
    """The session shares one server; each test has a mock of its own."""
    code = """
PORTS = set()

@pytest.mark.parametrize("turn", [1, 2, 3])
def test_upload(eugpt_files_server, turn):
    assert upload().status_code == 200
    assert len(eugpt_files_server.files) == len(eugpt_files_server.calls) == 1
    PORTS.add(eugpt_files_server.base_url)
    assert os.environ["EUGPT_BASE_URL"] == eugpt_files_server.base_url
    assert len(PORTS) == 1
"""
    run(code).assert_outcomes(passed=3)


def test_the_environment_is_given_back(run: Run) -> None:
    """A variable that was set before gets its old value again; the others are removed."""
    code = """
def test_one(eugpt_files):
    assert "EUGPT_API_KEY" in os.environ

def test_two():
    assert "EUGPT_API_KEY" not in os.environ
    assert os.environ["EUGPT_BASE_URL"] == "mine"
"""
    conftest = "import os; os.environ['EUGPT_BASE_URL'] = 'mine'"
    run(code, conftest=conftest).assert_outcomes(passed=2)


@pytest.mark.parametrize("fixture", ["eugpt_files", "eugpt_files_server"])
def test_options_come_from_the_suite_the_class_and_the_test_and_the_nearest_wins(
    run,
    fixture: str,
) -> None:
    """What the nearest doesn't set comes from the others, such as the seed here."""
    conftest = """
import pytest

@pytest.fixture(scope="session")
def eugpt_files_options():
    return {"max_file_bytes": 1, "seed": 7}
"""
    code = f"""
def test_suite({fixture}):
    assert upload().status_code == 413

@pytest.mark.eugpt_files(max_file_bytes=2)
class TestClass:
    def test_class(self, {fixture}):
        assert upload().status_code == 413

    @pytest.mark.eugpt_files(max_file_bytes=3)
    def test_nearest(self, {fixture}):
        assert upload().status_code == 200
        assert {fixture}._service.options.seed == 7
"""
    run(code, conftest=conftest).assert_outcomes(passed=3)


def test_an_unknown_word_in_a_marker_is_a_clear_error(run: Run) -> None:
    """Otherwise it would have no effect, and the test would run without the option."""
    code = """
@pytest.mark.eugpt_files(rate_limits=(1, 2))
def test_word(eugpt_files): ...

@pytest.mark.eugpt_files("immediate")
def test_position(eugpt_files_server): ...
"""
    result = run(code)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*Unknown option 'rate_limits'. Did you mean 'rate_limit'?*"])
    result.stdout.fnmatch_lines(["*@pytest.mark.eugpt_files takes options by name*"])


def test_a_failed_test_shows_its_calls(run: Run) -> None:
    """No key is shown; a fault that never fired isn't reported beside the failure."""
    code = """
from eugpt_files_mock import faults

@pytest.mark.parametrize("name", ["eugpt_files", "eugpt_files_server"])
def test_fails(request, name):
    mock = request.getfixturevalue(name)
    mock.inject(faults.unavailable(), on="upload")
    mock.inject(faults.garbage(), on="list")
    upload()
    upload(name="second.pdf")
    assert 0

def test_passes(eugpt_files):
    upload()

def test_goes_astray(eugpt_files):
    httpx.get(eugpt_files.base_url + "/v1/files").raise_for_status()
"""
    result = run(code)
    result.assert_outcomes(failed=3, passed=1)
    lines = [
        "*EU GPT Files calls*",
        "upload *POST /v1/files -> 503 fault=unavailable() filename='a.txt'*[[]httpx]",
        "upload *POST /v1/files -> 200 filename='second.pdf'*[[]httpx]",
        "*EU GPT Files calls*",
        "upload *503 fault=unavailable()*[[]port]",
        "*EU GPT Files calls*",
        "*GET /v1/v1/files -> 401*",
        "*1 request came for a route that this mock does not have.*",
    ]
    result.stdout.fnmatch_lines(lines)
    assert "never fired" not in result.stdout.str()
    assert "eugpt_mock_key" not in result.stdout.str()


@pytest.mark.parametrize("fixture", ["eugpt_files", "eugpt_files_server"])
def test_teardown_fails_the_test_even_if_the_error_was_swallowed(run: Run, fixture: str) -> None:
    """An `except` around the request can't hide that it went to an unknown route."""
    code = f"""
from eugpt_files_mock import faults

def test_fault({fixture}):
    {fixture}.inject(faults.timeout(), on="download")

def test_optional({fixture}):
    {fixture}.inject(faults.timeout(), on="download", optional=True)

def test_route({fixture}):
    try:
        httpx.get({fixture}.base_url + "/fies", headers={{"Authorization": "Bearer eugpt_x"}})
    except Exception:
        pass

@pytest.mark.eugpt_files(assert_all_faults_fired=False, assert_all_requests_known=False)
def test_allowed({fixture}):
    {fixture}.inject(faults.timeout(), on="download")
    httpx.get({fixture}.base_url + "/fies")
"""
    result = run(code)
    result.assert_outcomes(passed=4, errors=2)
    result.stdout.fnmatch_lines(["*1 armed fault never fired.*", "*timeout() on download*"])
    shown, _, _ = result.stdout.str().partition("short test summary")
    assert 1 == shown.count("To fix it: make the code under test")
    assert "During handling" not in result.stdout.str()
    result.stdout.fnmatch_lines(["*1 request came for a route that this mock does not have.*"])
    assert "def eugpt_files" not in result.stdout.str()


def test_teardown_hides_no_skip_and_no_expected_failure(run: Run) -> None:
    """A test that ends early doesn't reach its fault, which doesn't fail it once more."""
    code = """
from eugpt_files_mock import faults

def test_skips(eugpt_files):
    eugpt_files.inject(faults.timeout())
    pytest.skip("not today")

def test_fails_as_expected(eugpt_files):
    eugpt_files.inject(faults.timeout())
    pytest.xfail("known")

@pytest.mark.xfail(raises=ZeroDivisionError, strict=True)
def test_raises_as_expected(eugpt_files):
    eugpt_files.inject(faults.timeout())
    1 / 0
"""
    run(code).assert_outcomes(skipped=1, xfailed=2)


def test_both_fixtures_may_be_used_in_one_test(run: Run) -> None:
    """The variables then point to the server, which is the second to start here."""
    code = """
def test_both(eugpt_files, eugpt_files_server):
    assert upload().status_code == 200
    assert (len(eugpt_files.files), len(eugpt_files_server.files)) == (0, 1)
"""
    run(code).assert_outcomes(passed=1)


def test_it_works_in_parallel(run: Run) -> None:
    """Each worker of pytest-xdist has a server of its own."""
    code = """
@pytest.mark.parametrize("turn", range(20))
@pytest.mark.parametrize("name", ["eugpt_files", "eugpt_files_server"])
def test_upload(request, name, turn):
    mock = request.getfixturevalue(name)
    upload()
    assert len(mock.files) == 1
"""
    run(code, "-n", "2", beside=["xdist.plugin"]).assert_outcomes(passed=40)


def test_it_works_in_any_order(run: Run) -> None:
    """pytest-randomly also seeds `random`, and two uploads still get different ids."""
    code = """
@pytest.mark.parametrize("turn", range(10))
@pytest.mark.parametrize("name", ["eugpt_files", "eugpt_files_server"])
def test_upload(request, name, turn):
    mock = request.getfixturevalue(name)
    first = upload().json()["id"]
    assert first != upload().json()["id"]
    assert len(mock.files) == 2
"""
    for seed in ("1", "2"):
        run(code, f"--randomly-seed={seed}", beside=["pytest_randomly"]).assert_outcomes(passed=20)


def test_it_works_with_sockets_disabled(run: Run) -> None:
    """pytest-socket makes each socket an error; the fixture in process needs none."""
    code = """
def test_upload(eugpt_files):
    assert upload().status_code == 200
    assert upload(requests).status_code == 200
"""
    run(code, "--disable-socket", beside=["pytest_socket"]).assert_outcomes(passed=1)


def test_it_works_with_asyncio_and_anyio(run: Run) -> None:
    """A fixture that isn't async serves tests on any event loop, that of trio too."""
    code = """
async def ask(mock):
    async with httpx.AsyncClient() as client:
        headers = {"Authorization": "Bearer " + mock.api_key}
        return (await client.get(mock.base_url + "/files", headers=headers)).status_code

@pytest.mark.asyncio
async def test_asyncio(eugpt_files):
    assert await ask(eugpt_files) == 200

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_anyio(eugpt_files, anyio_backend):
    assert await ask(eugpt_files) == 200
"""
    beside = ["pytest_asyncio.plugin", "anyio.pytest_plugin"]
    words = ("-o", "asyncio_default_fixture_loop_scope=function")
    words += ("-W", "ignore::ResourceWarning")  # on 3.10 a loop of pytest-asyncio's stays open
    run(code, *words, beside=beside).assert_outcomes(passed=3)


def test_it_is_found_by_its_entry_point_and_can_be_switched_off(pytester: pytest.Pytester) -> None:
    """It only needs to be installed; `-p no:eugpt_files_mock` takes the fixtures away."""
    pytester.makepyfile("def test_it(eugpt_files): ...")
    others = {entry.name for entry in entry_points(group="pytest11")} - {"eugpt_files_mock"}
    without = [word for name in others for word in ("-p", f"no:{name}")]  # they load for seconds
    pytester.runpytest_subprocess(*without).assert_outcomes(passed=1)
    result = pytester.runpytest_subprocess(*without, "-p", "no:eugpt_files_mock")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'eugpt_files' not found*"])


def test_strict_markers_know_the_marker(run: Run) -> None:
    """The plugin registers it, so that a suite needs no line for it in its configuration."""
    code = "@pytest.mark.eugpt_files(seed=1)\ndef test_it(eugpt_files): ..."
    run(code, "--strict-markers").assert_outcomes(passed=1)


def test_a_run_that_uses_no_fixture_imports_no_client_server_or_faker(tmp_path: Path) -> None:
    """Seen from a test, in a run with no other plugin."""
    (tmp_path / "test_modules.py").write_text("""
import sys

HEAVY = {"eugpt_files_mock", "httpx", "httpx2", "requests", "respx", "responses", "urllib3"}
HEAVY |= {"werkzeug", "faker", "openai", "multipart", "aiohttp"}

def test_modules():
    assert "conftest_plugin" in sys.modules
    assert not HEAVY & set(sys.modules)
""")
    command = [sys.executable, "-m", "pytest", str(tmp_path), "-p", "conftest_plugin"]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    assert 0 == done.returncode, done.stdout
