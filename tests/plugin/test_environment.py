"""What the fixtures leave in the environment: nothing, whoever else changes it."""

from __future__ import annotations

import pytest

from .conftest import Run


@pytest.fixture(autouse=True)
def before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer has a key, and no base URL."""
    monkeypatch.setenv("EUGPT_API_KEY", "eugpt_own")
    monkeypatch.delenv("EUGPT_BASE_URL", raising=False)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


CHANGES = """
def delete(monkeypatch):
    monkeypatch.delenv("EUGPT_API_KEY")
    monkeypatch.delenv("EUGPT_BASE_URL")

def change(monkeypatch):
    monkeypatch.setenv("EUGPT_API_KEY", "eugpt_wrong")
    monkeypatch.setenv("EUGPT_BASE_URL", "https://elsewhere.example/v1")

def change_for_good(monkeypatch):
    os.environ["EUGPT_API_KEY"] = "eugpt_wrong"
    os.environ.pop("EUGPT_BASE_URL", None)

def change_twice(monkeypatch):
    change(monkeypatch)
    monkeypatch.undo()
    change(monkeypatch)
    change_for_good(monkeypatch)

def serve(monkeypatch):
    from eugpt_files_mock import FilesMock
    change(monkeypatch)
    with FilesMock(environ="eugpt").serve():
        change_twice(monkeypatch)

CHANGES = [delete, change, change_for_good, change_twice, serve]

def as_before():
    return ("eugpt_own", None) == tuple(map(os.environ.get, ("EUGPT_API_KEY", "EUGPT_BASE_URL")))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        "monkeypatch, eugpt_files",
        "eugpt_files, monkeypatch",
        "monkeypatch, eugpt_files_server",
        "eugpt_files_server, monkeypatch",
    ],
)
def test_the_environment_is_as_it_was_after_each_test(run: Run, arguments: str) -> None:
    """Whichever of the two fixtures came first, and whatever was done to the variables."""
    code = f"""
{CHANGES}
@pytest.mark.parametrize("change", CHANGES)
def test_change({arguments}, change):
    change(monkeypatch)

@pytest.fixture(autouse=True)
def looked_at():
    assert as_before()

def test_last():
    assert as_before()
"""
    run(code).assert_outcomes(passed=6)


def test_a_mock_within_a_test_leaves_nothing_behind(run: Run) -> None:
    """Somebody puts the mock's value back after it was left: that is seen when the test ends."""
    code = f"""
{CHANGES}
def test_within(monkeypatch):
    from eugpt_files_mock import FilesMock
    with FilesMock(environ="eugpt"):
        monkeypatch.setenv("EUGPT_API_KEY", "eugpt_wrong")

def test_last():
    assert as_before()
"""
    run(code).assert_outcomes(passed=2)


def test_a_fixture_of_a_module_keeps_what_it_sets(run: Run) -> None:
    """Only what the mock has set is taken back."""
    code = """
@pytest.fixture(scope="module", autouse=True)
def staging():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EUGPT_API_KEY", "eugpt_staging")
        yield

def test_one(monkeypatch, eugpt_files):
    monkeypatch.setenv("EUGPT_API_KEY", "eugpt_wrong")

def test_two():
    assert os.environ["EUGPT_API_KEY"] == "eugpt_staging"
"""
    run(code).assert_outcomes(passed=2)


@pytest.mark.parametrize("known", ["", "corp.example", "*", " * "])
def test_a_proxy_does_not_hide_the_port(run: Run, known: str) -> None:
    """As in CI, where HTTP_PROXY is set: the fixture's own address is asked directly."""
    code = f"""
@pytest.fixture(autouse=True)
def behind_a_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    if {known!r}:
        monkeypatch.setenv("NO_PROXY", {known!r})

@pytest.mark.parametrize("library", [httpx, requests])
def test_on_a_port(eugpt_files_server, library):
    assert upload(library).status_code == 200
    assert {known!r} in os.environ["NO_PROXY"] and {known!r} in os.environ["no_proxy"]

def test_later():
    assert (os.environ.get("NO_PROXY") or "") == {known!r}
    assert "no_proxy" not in os.environ or os.name == "nt"
"""
    run(code).assert_outcomes(passed=3)


def test_what_a_test_does_to_no_proxy_for_good_is_undone_too(run: Run) -> None:
    """The fixture on a port sets it, so it also leaves it as it was."""
    code = """
def delete(variables):
    del variables["NO_PROXY"]

def change(variables):
    variables["NO_PROXY"] = "other"

@pytest.mark.parametrize("change", [delete, change])
def test_change(eugpt_files_server, change):
    change(os.environ)

@pytest.fixture(autouse=True)
def looked_at():
    assert not {"NO_PROXY", "no_proxy"} & set(os.environ)

def test_last():
    pass
"""
    run(code).assert_outcomes(passed=3)
