"""What the plugin says at the end of a test: all of it, and only what belongs to that attempt."""

from __future__ import annotations

import pytest

from .conftest import Run


def test_both_fixtures_complain(run: Run) -> None:
    """In one message, since pytest loses one of two failures in fixtures."""
    code = """
from eugpt_files_mock import faults

def test_both(eugpt_files, eugpt_files_server):
    eugpt_files.inject(faults.timeout(), on="download")
    eugpt_files_server.inject(faults.garbage(), on="list")

@pytest.fixture
def broken(eugpt_files):
    yield
    raise RuntimeError("another teardown")

def test_beside_another_teardown(eugpt_files, broken):
    eugpt_files.inject(faults.forbidden(), on="delete")
"""
    result = run(code)
    result.assert_outcomes(passed=2, errors=2)
    shown = result.stdout.str()
    assert [1, 1] == [shown.count("  timeout() on download"), shown.count("  garbage() on list")]
    result.stdout.fnmatch_lines(["*another teardown*", "*exit checks*", "*forbidden() on delete*"])
    assert "BaseExceptionGroup" not in shown


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="subtests came with pytest 9")
def test_a_skipped_subtest_switches_nothing_off(run: Run) -> None:
    """Of pytest's own subtests and of unittest's; nor does one that fails as expected."""
    code = """
import unittest
from eugpt_files_mock import faults

@pytest.mark.parametrize("end", [pytest.skip, pytest.xfail])
def test_skips(eugpt_files, subtests, end):
    eugpt_files.inject(faults.timeout(), on="download")
    with subtests.test("first"):
        end("not today")

class TestCase(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def mock(self, eugpt_files):
        self.mock = eugpt_files

    def test_skips(self):
        self.mock.inject(faults.garbage(), on="list")
        with self.subTest("first"):
            self.skipTest("not today")

def test_fails(eugpt_files, subtests):
    eugpt_files.inject(faults.forbidden(), on="delete")
    with subtests.test("first"):
        upload()
        assert 0
"""
    result = run(code)
    shown = result.stdout.str()
    assert 3 == result.parseoutcomes()["errors"]
    assert [2, 1] == [shown.count("  timeout() on download"), shown.count("  garbage() on list")]
    assert "forbidden on delete" not in shown
    result.stdout.fnmatch_lines(["*EU GPT Files calls*", "upload *filename='a.txt'*"])


def test_each_attempt_at_a_test_starts_anew(run: Run) -> None:
    """pytest-rerunfailures: the first attempt's failure hides nothing of the second."""
    code = """
from eugpt_files_mock import faults

ATTEMPTS = []

@pytest.mark.flaky(reruns=1)
@pytest.mark.parametrize("name", ["eugpt_files", "eugpt_files_server"])
def test_it(request, name):
    mock = request.getfixturevalue(name)
    ATTEMPTS.append(name)
    assert len(mock.files) == len(mock.calls) == 0
    upload(name=f"attempt{ATTEMPTS.count(name)}")
    mock.inject(faults.timeout(), on="download")
    assert ATTEMPTS.count(name) == 2
"""
    result = run(code, beside=["pytest_rerunfailures"])
    assert {"passed": 2, "errors": 2, "rerun": 2} == result.parseoutcomes()
    shown = result.stdout.str()
    assert "filename='attempt1'" not in shown
    assert 2 == shown.count("What would have matched")


def test_a_mock_that_a_test_leaves_started_is_told_to_that_test(run: Run) -> None:
    """And stopped, so that the next test isn't intercepted; what its exit checks say is added."""
    code = """
from eugpt_files_mock import FilesMock, active_mocks, faults

def test_intercepts():
    FilesMock().start().inject(faults.timeout(), on="list")

def test_serves():
    mock = FilesMock()
    mock.serve().start()

@pytest.fixture
def careless():
    return FilesMock().start()

def test_fixture(careless): ...

def test_fails():
    FilesMock().start().inject(faults.garbage(), on="list")
    assert 0

def test_next():
    assert active_mocks() == []
"""
    result = run(code)
    result.assert_outcomes(passed=4, failed=1, errors=4)
    shown, _, _ = result.stdout.str().partition("short test summary")
    assert 4 == shown.count("This test started a mock and didn't stop it")
    assert [1, 0] == [shown.count("timeout() on list"), shown.count("garbage() on list")]


def test_a_mock_of_several_tests_may_stay_started(run: Run) -> None:
    """That of a module's or a class's fixture, of setUpClass, and one that was there before."""
    code = """
import unittest
from eugpt_files_mock import FilesMock, active_mocks

FIRST = FilesMock().start()

def teardown_module():
    FIRST.stop()

@pytest.fixture(scope="module")
def shared():
    with FilesMock() as mock:
        yield mock

@pytest.fixture
def through(request):
    return request.getfixturevalue("shared")

@pytest.mark.parametrize("turn", [1, 2])
def test_shared(through, turn):
    assert len(active_mocks()) == 2

class TestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        serving = FilesMock().serve()
        serving.start()
        cls.addClassCleanup(serving.stop)

    def setUp(self):
        self.addCleanup(FilesMock().start().stop)

    def test_one(self):
        assert len(active_mocks()) == 4

    test_two = test_one
"""
    run(code).assert_outcomes(passed=4)
