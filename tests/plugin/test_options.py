"""Where the options of a fixture's mock come from, and what is refused."""

from __future__ import annotations

import pytest

from .conftest import Run


@pytest.mark.parametrize("fixture", ["eugpt_files", "eugpt_files_server"])
def test_options_come_as_a_parameter_of_the_fixture(run: Run, fixture: str) -> None:
    """They win over the markers; a marker of the parameter wins over the function's own."""
    code = f"""
@pytest.mark.eugpt_files(max_file_bytes=1, max_calls=5)
@pytest.mark.parametrize("{fixture}", [{{"max_file_bytes": 3}}, {{"seed": 7}}], indirect=True)
def test_indirect({fixture}, request):
    first = request.node.callspec.indices["{fixture}"] == 0
    assert upload().status_code == (200 if first else 413)

@pytest.mark.eugpt_files(max_file_bytes=1)
@pytest.mark.parametrize("status", [
    413,
    pytest.param(200, marks=pytest.mark.eugpt_files(max_file_bytes=3)),
    pytest.param(200, marks=[pytest.mark.eugpt_files(max_file_bytes=3), pytest.mark.xfail]),
])
def test_marks({fixture}, status):
    assert upload().status_code == status
"""
    run(code).assert_outcomes(passed=4, xpassed=1)


def test_near_misses_are_errors(run: Run) -> None:
    """A marker like ours, without options, or on the name of a fixture; a wrong parameter."""
    code = """
@pytest.mark.eugpt_files_server(seed=7)
def test_server(eugpt_files_server): ...

@pytest.mark.eugptfiles(seed=7)
class TestClass:
    def test_class(self): ...

@pytest.mark.eugpt_file(seed=7)
def test_singular(eugpt_files): ...

@pytest.mark.eugpt_files
def test_bare(eugpt_files): ...

@pytest.mark.parametrize("eugpt_files", [7], indirect=True)
def test_parameter(eugpt_files): ...

@pytest.mark.eugpt_files(passthrough="/v1/audio")
def test_passthrough(eugpt_files_server): ...

@pytest.mark.eugpt_files(environ="opnai")
def test_environ(eugpt_files): ...

@pytest.mark.eugpt_file_like
@pytest.mark.eugpt
def test_of_their_own(): ...
"""
    conftest = """
def pytest_configure(config):
    config.addinivalue_line("markers", "eugpt_file_like: a marker of their own")
"""
    words = ("-W", "ignore::pytest.PytestUnknownMarkWarning")
    result = run(code, *words, conftest=conftest)
    result.assert_outcomes(passed=1, errors=7)
    result.stdout.fnmatch_lines([
        "*@pytest.mark.eugpt_files_server isn't a marker. Did you mean @pytest.mark.eugpt_files(*",
        "*@pytest.mark.eugptfiles isn't a marker. Did you mean @pytest.mark.eugpt_files(*",
        "*@pytest.mark.eugpt_file isn't a marker. Did you mean @pytest.mark.eugpt_files(*",
        "*@pytest.mark.eugpt_files takes options by name, got none.*",
        "*parametrize('eugpt_files', *, indirect=True) takes a dict of options*got 7.*",
        "*passthrough has no effect on a port*",
        "*Unknown environ 'opnai'. Did you mean 'openai'?*",
    ])  # fmt: skip


def test_the_suite_must_give_a_dict(run: Run) -> None:
    """The message names the fixture that returned something else, and shows the value."""
    code = """
@pytest.fixture(scope="session")
def eugpt_files_options():
    return [7]

def test_it(eugpt_files): ...
"""
    result = run(code)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the fixture eugpt_files_options must return a dict*got [[]7].*"])


def test_the_marker_asks_for_the_variables_of_the_sdk(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside those of the service; all are restored."""
    code = """
NAMES = ("EUGPT_BASE_URL", "OPENAI_BASE_URL", "OPENAI_API_KEY")

def variables():
    return [os.environ.get(name) for name in NAMES]

@pytest.mark.parametrize("name", ["eugpt_files", "eugpt_files_server"])
@pytest.mark.eugpt_files(environ="openai")
def test_both(request, name):
    mock = request.getfixturevalue(name)
    assert variables() == [mock.base_url, mock.base_url, mock.api_key]

def test_one(eugpt_files):
    assert variables() == [eugpt_files.base_url, None, None]

def test_none():
    assert variables() == [None, None, None]
"""
    for name in ("EUGPT_BASE_URL", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    run(code).assert_outcomes(passed=4)


def test_a_marker_without_a_fixture_is_an_error(run: Run) -> None:
    """On a function: it would run without a mock. Of a class, some tests may do without."""
    code = """
@pytest.mark.eugpt_files(seed=7)
def test_forgotten(): ...

@pytest.mark.eugpt_files(seed=7)
class TestSome:
    def test_without(self): ...
    def test_with(self, eugpt_files): ...

@pytest.fixture
def later(request):
    return request.getfixturevalue("eugpt_files")

@pytest.mark.eugpt_files(seed=7)
def test_asked_for_later(later): ...

@pytest.fixture
def never(request): ...

@pytest.mark.eugpt_files(seed=7)
def test_never_asked_for(never): ...
"""
    result = run(code)
    result.assert_outcomes(passed=4, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*To fix it: def test_forgotten(eugpt_files): *",
            "*To fix it: def test_never_asked_for(eugpt_files): *",
        ]
    )


def test_unknown_options_are_errors_on_any_test(run: Run) -> None:
    """Also where no fixture reads them."""
    code = """
@pytest.mark.eugpt_files(sed=7)
def test_forgotten(): ...

@pytest.mark.eugpt_files(sed=7)
class TestSome:
    def test_without(self): ...

@pytest.mark.eugpt_files("sed")
class TestOthers:
    def test_without(self): ...
"""
    result = run(code)
    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines(
        ["*Unknown option 'sed'. Did you mean 'seed'?*", "*takes options by name, got 'sed'.*"]
    )
