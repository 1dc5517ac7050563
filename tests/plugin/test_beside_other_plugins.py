"""The plugin beside other plugins, in runs of their own."""

from __future__ import annotations

from .conftest import Run


def test_it_works_under_pyfakefs(run: Run) -> None:
    """Whichever fixture comes first: a file of the fake disk is uploaded."""
    code = """
pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")

def check(fs):
    fs.create_file("/report.txt", contents="abc")
    for library in (httpx, requests):
        with open("/report.txt", "rb") as file:
            answer = library.post(
                os.environ["EUGPT_BASE_URL"] + "/files",
                files={"file": file},
                data={"purpose": "batch"},
                headers={"Authorization": "Bearer " + os.environ["EUGPT_API_KEY"]},
                verify=False,  # the certificates are not on the fake disk
            )
        assert answer.status_code == 200

def test_fake_first(fs, eugpt_files):
    check(fs)
    assert [file.content for file in eugpt_files.files] == [b"abc", b"abc"]

def test_fake_last(eugpt_files, fs):
    check(fs)
"""
    run(code, beside=["pyfakefs.pytest_plugin"]).assert_outcomes(passed=2)


def test_it_works_with_hypothesis(run: Run) -> None:
    """As the page says: a mock for each example, or one that is emptied."""
    code = """
from hypothesis import HealthCheck, given, settings, strategies as st
from eugpt_files_mock import FilesMock

names = st.text("abc", min_size=1)
mock = FilesMock(environ="eugpt")

@given(names)
@settings(max_examples=10, deadline=None)
@mock
def test_decorated(name):
    upload(name=name)
    assert [name] == [file.filename for file in mock.files]

@given(names)
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_fixture(eugpt_files, name):
    eugpt_files.reset()
    upload(name=name)
    assert [name] == [file.filename for file in eugpt_files.files]
"""
    run(code, beside=["_hypothesis_pytestplugin"]).assert_outcomes(passed=2)


def test_errors_come_through_xdist(run: Run) -> None:
    """One of ours is reported by a worker as it is without one."""
    code = """
from eugpt_files_mock import FilesMock

def test_serves():
    with FilesMock().serve() as mock:
        port = int(mock.base_url.split(":")[2].split("/")[0])
        FilesMock().serve(port=port).start()
"""
    result = run(code, "-n", "1", beside=["xdist.plugin"])
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*AddressInUse: *annot listen on 127.0.0.1:*"])
