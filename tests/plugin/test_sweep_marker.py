"""`@pytest.mark.eugpt_sweep`, in runs of pytest of their own."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import pytest

from .conftest import Run

ASK = """
import openai

class Refused(Exception): ...

def sdk():
    return openai.OpenAI(
        api_key=os.environ["EUGPT_API_KEY"], base_url=os.environ["EUGPT_BASE_URL"]
    )

def store(name="a.txt"):
    with sdk() as client:
        return client.files.create(file=(name, b"abc"), purpose="assistants").id

def store_once(name="a.txt"):
    with sdk() as client:
        once = client.with_options(max_retries=0)
        return once.files.create(file=(name, b"abc"), purpose="assistants").id
"""

WRONG = f"""{ASK}
@pytest.mark.eugpt_sweep
def test_store(eugpt_files):
    assert store()
"""

RIGHT = f"""{ASK}
@pytest.mark.eugpt_sweep
def test_store(eugpt_files):
    assert store_once()
"""

TABLE = """\
               busy  error denied reset timeout lost  broken outage
upload a.txt   ok    ok    raised ok    ok      WRONG raised raised
"""


def test_a_wrong_test_is_one_failure_with_the_table(run: Run) -> None:
    """And the command that repeats the cell alone."""
    result = run(WRONG)
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "1 of 8 failures were handled wrongly." in text
    assert TABLE in text
    assert "pytest 'test_it.py::test_store' --eugpt-sweep-only 'upload a.txt/lost'" in text
    assert '@pytest.mark.eugpt_sweep(allow=["upload a.txt/lost"])' in text


def test_the_line_that_allows_a_cell_keeps_the_other_arguments(run: Run) -> None:
    """Pasted in place of the marker that stands there, it changes nothing else."""
    result = run(WRONG.replace("eugpt_sweep\n", 'eugpt_sweep(failures=["lost"])\n'))
    assert '@pytest.mark.eugpt_sweep(…, allow=["upload a.txt/lost"])' in result.stdout.str()


def test_a_right_test_is_one_test_that_passes(run: Run) -> None:
    """However often it was repeated."""
    run(RIGHT).assert_outcomes(passed=1)


def test_one_cell_is_repeated_alone(run: Run) -> None:
    """As the failure says."""
    result = run(WRONG, "--eugpt-sweep-only", "upload a.txt/busy")
    result.assert_outcomes(passed=1)
    result = run(WRONG, "--eugpt-sweep-only", "upload a.txt/lost")
    result.assert_outcomes(failed=1)
    assert "1 of 1 failures" in result.stdout.str()


def test_a_sweep_is_one_test_in_junit_with_the_table_as_its_failure(
    run: Run, pytester: pytest.Pytester
) -> None:
    """What a CI shows."""
    run(WRONG, "--junitxml=report.xml")
    report = Path(pytester.path, "report.xml").read_text(encoding="utf-8")
    assert 1 == report.count("<testcase ")
    assert 1 == report.count("<failure ")
    assert "upload a.txt   ok" in report


@pytest.mark.parametrize("fixture", ["eugpt_files", "eugpt_files_server"])
def test_each_repetition_has_fixtures_of_its_own(run: Run, fixture: str) -> None:
    """Those of function scope: a directory that is not empty would be another run's."""
    code = f"""{ASK}
MADE, SHARED, ENDED = [], [], []

@pytest.fixture(scope="module")
def shared():
    SHARED.append(1)
    yield
    ENDED.append(1)

@pytest.fixture
def folder(tmp_path):
    MADE.append(tmp_path)
    assert list(tmp_path.iterdir()) == []
    yield tmp_path
    ENDED.append(tmp_path)

@pytest.mark.eugpt_sweep(failures=["busy", "reset"])
def test_store({fixture}, folder, shared):
    (folder / "id").write_text(store_once())

def test_afterwards(shared):
    assert len(MADE) == len(set(MADE)) == 4
    assert SHARED == [1]
    assert ENDED == MADE
"""
    run(code).assert_outcomes(passed=2)


def test_a_mock_that_another_fixture_asks_for_is_swept(run: Run) -> None:
    """As in a test that runs in process and on a port."""
    code = f"""{ASK}
@pytest.fixture(params=["eugpt_files", "eugpt_files_server"])
def mock(request):
    return request.getfixturevalue(request.param)

@pytest.mark.eugpt_sweep(failures=["lost"])
def test_store(mock):
    assert store()
"""
    result = run(code)
    result.assert_outcomes(failed=2)
    assert 2 == result.stdout.str().count("\n1 of 1 failures")


def test_a_class_gets_a_new_instance_for_each_repetition(run: Run) -> None:
    """As pytest makes one for each test."""
    code = f"""{ASK}
class TestStore:
    def setup_method(self):
        assert not hasattr(self, "stored")

    @pytest.mark.eugpt_sweep(failures=["busy"])
    def test_store(self, eugpt_files):
        self.stored = store_once()
"""
    run(code).assert_outcomes(passed=1)


def test_a_test_of_unittest_that_uses_the_fixture_is_repeated(run: Run) -> None:
    """Its errors are told in another way than those of other tests."""
    code = f"""{ASK}
import unittest

@pytest.mark.usefixtures("eugpt_files")
class TestStore(unittest.TestCase):
    @pytest.mark.eugpt_sweep
    def test_store(self):
        store()
"""
    result = run(code)
    result.assert_outcomes(failed=1)
    assert TABLE in result.stdout.str()


def test_a_test_that_sets_the_clock_is_repeated(run: Run) -> None:
    """With either of the two libraries for that."""
    code = f"""{ASK}
import datetime, time
import freezegun, time_machine

@pytest.mark.eugpt_sweep(failures=["busy"])
@freezegun.freeze_time("2020-01-01")
def test_frozen(eugpt_files):
    store_once()
    time.sleep(5)
    assert 2020 == datetime.datetime.now().year

@pytest.mark.eugpt_sweep(failures=["busy"])
@time_machine.travel("2020-01-01", tick=False)
def test_travelling(eugpt_files):
    store_once()
    time.sleep(5)
    assert 2020 == datetime.datetime.now().year

@pytest.mark.eugpt_sweep(failures=["busy"])
def test_afterwards(eugpt_files):
    before = time.monotonic(), time.time(), datetime.datetime.now()
    store_once()
    time.sleep(500)
    assert time.monotonic() - before[0] >= 500
    assert time.time() - before[1] >= 500
    assert (datetime.datetime.now() - before[2]).total_seconds() >= 500

def test_in_the_end():
    assert type(time.sleep) is type(time.time) is type(len)
    assert datetime.datetime.now().year > 2020
"""
    run(code).assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("plugin", "marker"), [("pytest_asyncio.plugin", "asyncio"), ("anyio.pytest_plugin", "anyio")]
)
def test_asynchronous_tests_are_repeated(run: Run, plugin: str, marker: str) -> None:
    """Under each of the two plugins that run them."""
    code = f"""{ASK}
@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.{marker}
@pytest.mark.eugpt_sweep
async def test_store(eugpt_files):
    async with openai.AsyncOpenAI(
        api_key=os.environ["EUGPT_API_KEY"], base_url=os.environ["EUGPT_BASE_URL"]
    ) as client:
        assert await client.files.create(file=("a.txt", b"abc"), purpose="assistants")
"""
    words = ["-o", "asyncio_default_fixture_loop_scope=function"] if marker == "asyncio" else []
    result = run(code, *words, beside=[plugin])
    result.assert_outcomes(failed=1)
    assert TABLE in result.stdout.str()


def test_under_xdist(run: Run) -> None:
    """The table comes from the worker."""
    result = run(WRONG, "-n", "1", beside=["xdist"])
    result.assert_outcomes(failed=1)
    assert TABLE in result.stdout.str()


def test_beside_rerunfailures(run: Run) -> None:
    """A sweep has runs of its own."""
    result = run(WRONG, "--reruns", "2", beside=["pytest_rerunfailures"])
    result.assert_outcomes(failed=1)


def test_a_failure_that_a_port_cannot_produce_is_told(run: Run) -> None:
    """The code under test has nothing to do with it, and the next test has its own mock."""
    code = """
from eugpt_files_mock import faults

@pytest.mark.eugpt_sweep(failures={"dns": faults.dns_error()})
def test_store(eugpt_files_server):
    upload().raise_for_status()

def test_afterwards(eugpt_files_server):
    upload().raise_for_status()
"""
    result = run(code, "-p", "no:randomly")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*_ test_store _*", "dns_error() works in process only*"])
    assert "set up inside" not in result.stdout.str()


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signal")
def test_nothing_is_left_when_pytest_is_stopped(run: Run) -> None:
    """As by Ctrl-C: no test ends any more, nor does a run of the sweep."""
    before = signal.getsignal(signal.SIGURG)
    code = """
@pytest.mark.eugpt_sweep
def test_store(eugpt_files):
    upload()
    pytest.exit("enough")
"""
    assert pytest.ExitCode.INTERRUPTED == run(code).ret
    assert before == signal.getsignal(signal.SIGURG)


def test_a_test_that_fails_without_a_failure_fails_as_usual(run: Run) -> None:
    """Its first run shows why, with its traceback."""
    code = f"""{ASK}
@pytest.mark.eugpt_sweep
def test_store(eugpt_files):
    store()
    assert 1 == 2, "of its own"
"""
    result = run(code)
    result.assert_outcomes(failed=1)
    assert "of its own" in result.stdout.str()
    assert "handled wrongly" not in result.stdout.str()


def test_exit_checks_fail_the_first_run_as_usual(run: Run) -> None:
    """A route that isn't there has nothing to do with failures."""
    code = """
@pytest.mark.eugpt_sweep
def test_stray(eugpt_files):
    httpx.get("https://chat.eugpt.ai/v1/models")
"""
    result = run(code)
    result.assert_outcomes(passed=1, errors=1)
    assert "route that this mock does not have" in result.stdout.str()


def test_skipped_and_expected_failures_are_left_alone(run: Run) -> None:
    """There is nothing to sweep."""
    code = f"""{ASK}
@pytest.mark.eugpt_sweep
def test_skipped(eugpt_files):
    pytest.skip("not here")

@pytest.mark.xfail
@pytest.mark.eugpt_sweep
def test_expected(eugpt_files):
    store()
    assert False
"""
    run(code).assert_outcomes(skipped=1, xfailed=1)


def test_a_check_that_fails_under_a_failure_is_wrong(run: Run) -> None:
    """The author's own: in the test, or in a fixture that ends."""
    code = f"""{ASK}
@pytest.fixture
def looked(eugpt_files):
    yield
    assert len(eugpt_files.files) == 1

@pytest.mark.eugpt_sweep(failures=["error", "denied"])
def test_store(eugpt_files, looked):
    try:
        store()
    except openai.AuthenticationError:
        pass
"""
    result = run(code)
    result.assert_outcomes(failed=1)
    assert re.search(r"upload a.txt\s+ok\s+WRONG", result.stdout.str())


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("eugpt_sweep(allow=['upload */lots'])", "Did you mean 'lost'"),
        ("eugpt_sweep(onli='x/lost')", "Did you mean 'only'"),
        ("eugpt_sweep('busy')", "takes words by name, got 'busy'"),
        ("eugpt_sweeps", "Did you mean @pytest.mark.eugpt_sweep"),
    ],
)
def test_a_wrong_marker_fails_its_test(run: Run, marker: str, message: str) -> None:
    """Nothing that is meant for us is ignored."""
    words = ("-W", "ignore::pytest.PytestUnknownMarkWarning")
    result = run(f"@pytest.mark.{marker}\ndef test_it(eugpt_files): pass", *words)
    result.assert_outcomes(errors=1)
    assert message in result.stdout.str()


def test_a_marker_without_a_fixture_of_ours_is_an_error(run: Run) -> None:
    """It could repeat nothing."""
    result = run("@pytest.mark.eugpt_sweep\ndef test_it(): pass")
    result.assert_outcomes(failed=1)
    assert "ask for eugpt_files" in result.stdout.str()


def test_report_sweeps_every_test_and_fails_none(run: Run) -> None:
    """To see where a suite stands; tests that arm failures of their own are named."""
    code = f"""{ASK}
from eugpt_files_mock import faults

def test_store(eugpt_files):
    assert store()

def test_with_a_fault(eugpt_files):
    eugpt_files.inject(faults.unavailable(), "upload")
    assert store()

def test_without_a_call(eugpt_files):
    pass

def test_without_a_mock():
    pass

def test_that_changes(eugpt_files):
    store(os.urandom(4).hex())
    if os.urandom(1)[0] % 1 == 0 and not SEEN:
        SEEN.append(1)
        store()

SEEN = []
"""
    result = run(code, "--eugpt-sweep=report")
    result.assert_outcomes(passed=5)
    text = result.stdout.str()
    assert TABLE in text
    assert "arms failures of its own: unavailable" in text
    assert "other calls in its second run" in text


def test_without_the_option_and_the_marker_nothing_is_repeated(run: Run) -> None:
    """A plugin that is loaded in every run costs nothing there."""
    code = """
RUNS = []

def test_it(eugpt_files):
    RUNS.append(1)

def test_afterwards():
    assert RUNS == [1]
"""
    run(code).assert_outcomes(passed=2)
