"""The pytest plugin: two fixtures, a marker, a report section. It only enters context managers.

Loaded by the entry point `eugpt_files_mock` in every pytest run, so nothing but pytest is imported
until a fixture is used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from operator import methodcaller
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from . import sweep_marker, verdict_option
from .sweep_marker import FIXTURES, is_near_miss
from .verdict_option import MOCKS

if TYPE_CHECKING:
    from typing import TypeGuard

    from eugpt_files_mock import FilesMock
    from eugpt_files_mock.shared_server import SharedServer

# Under which pytest may know this module: that of the entry point, or of `-p conftest_plugin`.
_NAMES = ("eugpt_files_mock", "conftest_plugin")

MARKER = "eugpt_files"
_NOT_MARKERS = ("eugpt_files_server", "eugpt_files_options")

_LIKE_OURS = 0.8
"""Of difflib's ratio: `eugpt_file` and `eugptfiles` are, a marker `eugpt` is somebody's own."""

_FAST_TLS = "eugpt_files_fast_tls"

_LEFT = pytest.StashKey["LeftMocks"]()
_IN_CALL = pytest.StashKey[bool]()
_RAISED = pytest.StashKey[BaseException | None]()
_COMPLAINTS = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """The options of the plugin, and its parts."""
    parser.getgroup("eugpt-files-mock").addoption(
        "--eugpt-allow-network",
        action="store_true",
        help="let clients that no mock intercepts reach the real service",
    )
    parser.addini(
        _FAST_TLS,
        type="bool",
        default=False,
        help="httpx clients read the certificate authorities when they first connect over TLS, not "
        "when they are made",
    )
    # A plugin of its own, as a module can have each hook of pytest only once.
    for part in (verdict_option, sweep_marker):
        pluginmanager.register(part, part.__name__)
    # pytest refuses to register a module again under another name: somebody may ask for it with
    # `-p conftest_plugin`, or in `pytest_plugins`, although the entry point has loaded it.
    for name in _NAMES:
        if __name__ == "conftest_plugin" and pluginmanager.get_plugin(name) is None:
            pluginmanager.set_blocked(name)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.stash[_LEFT] = LeftMocks()
    if config.getini(_FAST_TLS):
        from eugpt_files_mock.intercept.fast_tls import start, stop

        start()
        config.add_cleanup(stop)
    config.addinivalue_line(
        "markers",
        "eugpt_files(**options): options of FilesMock for the fixtures eugpt_files and "
        "eugpt_files_server; the nearest marker wins.",
    )


@pytest.fixture(scope="session")
def eugpt_files_options() -> dict[str, Any]:
    """Options of `FilesMock` for the whole suite: override it in a `conftest.py`."""
    return {}


@pytest.fixture
def eugpt_files(request: pytest.FixtureRequest, eugpt_files_options: Any) -> Iterator[FilesMock]:
    """A `FilesMock`, in process, empty: HTTP clients are intercepted."""
    with _entered(request, eugpt_files_options, lambda mock: mock) as mock:
        yield mock


@pytest.fixture
def eugpt_files_server(
    request: pytest.FixtureRequest,
    eugpt_files_options: Any,
    _eugpt_files_shared_server: SharedServer,
) -> Iterator[FilesMock]:
    """A `FilesMock` on a port of 127.0.0.1, empty; all tests of the session share the port.

    Whatever proxy the environment names, clients ask that address directly.
    """
    from eugpt_files_mock.environment import past_proxies

    serve = _eugpt_files_shared_server.serve
    with past_proxies("127.0.0.1"), _entered(request, eugpt_files_options, serve) as mock:
        yield mock


@pytest.fixture(scope="session")
def _eugpt_files_shared_server() -> Iterator[SharedServer]:
    from eugpt_files_mock.shared_server import SharedServer

    server = SharedServer()
    yield server
    server.stop()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Stand guard from here to the end of the session, if a test asks for a fixture of ours.

    A thread that outlives its test must not reach the real service, nor a test that forgot the
    fixture.
    """
    using = [item for item in session.items if _uses_a_fixture(item)]
    if not using or session.config.getoption("--eugpt-allow-network"):
        return
    from eugpt_files_mock import FilesMock, OptionError
    from eugpt_files_mock.lifecycle import keep_guard

    keep_guard(FilesMock())
    hosts = [
        {name: marker.kwargs[name] for name in ("base_url", "profile") if name in marker.kwargs}
        for item in using
        for marker in item.iter_markers(MARKER)
    ]
    for words in {repr(words): words for words in hosts if words}.values():
        # Wrong options are told to the test that has them.
        with suppress(OptionError):
            keep_guard(FilesMock(**words))


def pytest_unconfigure() -> None:
    """Stand guard no longer."""
    if "eugpt_files_mock" in sys.modules:
        from eugpt_files_mock.lifecycle import release_guard

        release_guard()


def _uses_a_fixture(item: pytest.Item) -> bool:
    return not FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


@contextmanager
def _entered(
    request: pytest.FixtureRequest, suite: Any, serving: Callable[[FilesMock], Any]
) -> Iterator[FilesMock]:
    """A mock, active; the exit checks don't hide that the test has failed by itself."""
    from eugpt_files_mock.environment import kept

    item = request.node
    mock, context, environ = _made(request, suite, serving)
    item.stash[MOCKS].append(mock)
    with kept(environ):
        context.__enter__()
        _begin(item, mock, context)
        yield mock
        _leave(item, mock, context)


def _begin(item: pytest.Item, mock: FilesMock, context: Any) -> None:
    from eugpt_files_mock import FilesMockError

    try:
        sweep_marker.begin(item, mock)
    except FilesMockError as refused:
        context.__exit__(type(refused), refused, refused.__traceback__)
        raise


def _leave(item: pytest.Item, mock: FilesMock, context: Any) -> None:
    from eugpt_files_mock import ExpectationNotMet

    # pytest resumes a fixture in the same way whether the test has failed or not, so what was
    # raised comes from the report.
    raised = sweep_marker.end(item, mock) or item.stash[_RAISED]
    try:
        context.__exit__(type(raised), raised, None)
    except ExpectationNotMet as not_met:
        # Told when all fixtures are torn down: pytest would lose all but one of them.
        item.stash[_COMPLAINTS].append(str(not_met))


def _made(
    request: pytest.FixtureRequest, suite: Any, serving: Callable[[FilesMock], Any]
) -> tuple[FilesMock, Any, tuple[str, ...]]:
    """The mock, what makes it active, and what it sets in the environment."""
    from eugpt_files_mock import FilesMock, OptionError
    from eugpt_files_mock.lifecycle import keep_guard

    try:
        words = _options_for(request, suite)
        if request.config.getoption("--eugpt-allow-network"):
            words["allow_network"] = True
        mock = FilesMock(**words)
        # A thread may outlive the test, and must not reach the real service.
        keep_guard(mock)
        return mock, serving(mock), words["environ"]
    except WrongOptions as error:
        wrong = str(error)
    except OptionError as error:
        wrong = f"@pytest.mark.eugpt_files, or the fixture eugpt_files_options: {error}"
    return _fail(wrong)


def _fail(message: str) -> NoReturn:
    """Without a traceback: it would be pytest's and ours, and no line of the author's.

    Called outside of any `except`, or pytest would show the message twice.
    """
    pytest.fail(message, pytrace=False)


# The options of a fixture's mock: those of the suite, the markers, the parameter of the test.


class WrongOptions(Exception):
    """What the test author wrote can't be options."""


def _check_markers(item: pytest.Item) -> None:
    """Nothing that is meant for us is ignored."""
    for marker in item.iter_markers():
        if marker.name == MARKER:
            _check_marker(marker)
        elif marker.name in _NOT_MARKERS or is_near_miss(
            marker.name, MARKER, _LIKE_OURS, item.config
        ):
            raise WrongOptions(
                f"@pytest.mark.{marker.name} isn't a marker. Did you mean "
                f"@pytest.mark.{MARKER}(**options)? It is for both fixtures, eugpt_files and "
                "eugpt_files_server."
            )
    # A fixture that has a request may still ask for one of ours: that is seen at the end.
    if _is_marked_itself(item) and not _uses_a_fixture(item) and "request" not in item.fixturenames:
        raise WrongOptions(_WITHOUT_FIXTURE.format(name=item.originalname))


def _check_marker(marker: pytest.Mark) -> None:
    from eugpt_files_mock import OptionError
    from eugpt_files_mock.options import check_names

    if marker.args or not marker.kwargs:
        given = repr(marker.args[0]) if marker.args else "none"
        raise WrongOptions(
            f"@pytest.mark.{MARKER} takes options by name, got {given}. "
            "To use a mock, ask for the fixture eugpt_files."
        )
    try:
        check_names(marker.kwargs)
    except OptionError as error:
        raise WrongOptions(f"@pytest.mark.{MARKER}: {error}") from None


def _is_marked_itself(item: pytest.Item) -> TypeGuard[pytest.Function]:
    """Of a class or a module, some tests may well do without a mock."""
    marked = any(marker.name == MARKER for marker in item.own_markers)
    return marked and isinstance(item, pytest.Function)


_WITHOUT_FIXTURE = (
    f"@pytest.mark.{MARKER} gives options to a fixture, and this test has none of ours, so it "
    "would run without a mock.\n"
    "To fix it: def {name}(eugpt_files): …, or eugpt_files_server; in a class of unittest, "
    '@pytest.mark.usefixtures("eugpt_files").'
)


def _options_for(request: pytest.FixtureRequest, suite: Any) -> dict[str, Any]:
    """The options for this request of a fixture; the nearest wins."""
    words = _mapping("the fixture eugpt_files_options must return", suite)
    for marker in _markers(request.node):
        words |= marker.kwargs
    parameter = getattr(request, "param", {})
    words |= _mapping(f"parametrize({request.fixturename!r}, …, indirect=True) takes", parameter)
    return words | {"environ": _with_eugpt(words.get("environ", ()))}


def _markers(item: pytest.Item) -> list[pytest.Mark]:
    """The farthest first; those of a parameter come last, as they say more than the function's."""
    of_parameter = getattr(getattr(item, "callspec", None), "marks", ())
    markers = list(item.iter_markers(MARKER))[::-1]
    return sorted(markers, key=lambda marker: any(marker is near for near in of_parameter))


def _mapping(what: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise WrongOptions(f"{what} a dict of options, such as {{'seed': 7}}; got {value!r}.")
    return dict(value)


def _with_eugpt(asked: Any) -> Any:
    # The fixtures always set EUGPT_API_KEY and EUGPT_BASE_URL, whatever else is asked for. What is
    # no collection of names is left as it is, for FilesMock to refuse.
    if isinstance(asked, str):
        return ("eugpt", asked)
    return ("eugpt", *asked) if isinstance(asked, (tuple, list, set, frozenset)) else asked


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """A mock that a fixture with a wide scope starts may outlive the test."""
    if request.scope == "function":
        return (yield)
    with request.config.stash[_LEFT].allowing():
        return (yield)


# First, as pytest's own implementation of this hook sets up the fixtures.
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Forget an earlier attempt at the same test (pytest-rerunfailures)."""
    item.stash[MOCKS] = []
    item.stash[_COMPLAINTS] = []
    item.stash[_RAISED] = None
    item.stash[_IN_CALL] = False
    item.config.stash[_LEFT].allow_all()
    if _uses_a_fixture(item):
        _import_everything()
    # `_fail` is called outside of `except`: see there.
    wrong = ""
    try:
        _check_markers(item)
    except WrongOptions as error:
        wrong = str(error)
    if wrong:
        _fail(wrong)


@cache
def _import_everything() -> None:
    """Before a fixture of pyfakefs hides the disk: httpx2 reads a file when it is imported."""
    from eugpt_files_mock import FilesMock

    with FilesMock():
        pass


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Note that the test runs: reports that are made meanwhile are those of subtests."""
    item.stash[_IN_CALL] = True
    try:
        yield
    finally:
        item.stash[_IN_CALL] = False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fail the test for what the exit checks of its mocks found, and for mocks left started."""
    complaints = item.stash.setdefault(_COMPLAINTS, [])
    try:
        yield
    finally:
        checking = item.stash.get(_RAISED, None) is None
        # When the test has failed by itself, the checks would only repeat the consequences.
        complaints += item.config.stash[_LEFT].stop_left(checking=checking)
        if "eugpt_files_mock" in sys.modules:
            from eugpt_files_mock.environment import settle

            settle()
    if checking and _is_marked_itself(item) and not item.stash.get(MOCKS, None):
        complaints.append(_WITHOUT_FIXTURE.format(name=item.originalname))
    if complaints:
        message, complaints[:] = "\n\n".join(complaints), []
        _fail(message)


def _hide_our_frames() -> None:
    """For our own errors only, so that the traceback ends at the author's line. Others are bugs."""
    if "eugpt_files_mock" not in sys.modules:
        return
    from eugpt_files_mock import FilesMockError

    # A copy, as a thread may import something meanwhile.
    for name, module in tuple(sys.modules.items()):
        if name.partition(".")[0] == "eugpt_files_mock":
            vars(module)["__tracebackhide__"] = methodcaller("errisinstance", FilesMockError)


def _says_the_calls(raised: pytest.ExceptionInfo[BaseException] | None) -> bool:
    if raised is None or "eugpt_files_mock" not in sys.modules:
        return False
    from eugpt_files_mock import ExpectationNotMet

    return isinstance(raised.value, ExpectationNotMet) and "What came:" in str(raised.value)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows the calls that its mocks got."""
    if call.excinfo is not None:
        _hide_our_frames()
    report = yield
    if report.when == "teardown":
        # Those that could not become the failure, as the teardown of another fixture failed first.
        sections = [("EU GPT Files exit checks", one) for one in item.stash.get(_COMPLAINTS, ())]
    else:
        if call.excinfo is not None and (report.failed or not item.stash.get(_IN_CALL, False)):
            item.stash[_RAISED] = call.excinfo.value  # failed, skipped, or failed as expected
        mocks = item.stash.get(MOCKS, []) if report.failed else []
        # A failed assertion of a mock says which calls came; with two mocks, only those of one.
        calls = len(mocks) != 1 or not _says_the_calls(call.excinfo)
        reports = [mock.report(calls=calls) for mock in mocks]
        sections = [("EU GPT Files calls", one) for one in reports if one]
    report.sections.extend(sections)
    return report


class LeftMocks:
    """Finds mocks that a test started and didn't stop: the next test would be intercepted too."""

    def __init__(self) -> None:
        self._allowed: list[FilesMock] = []

    def allow_all(self) -> None:
        """Those that are active now, before the test."""
        self._allowed = _active()

    @contextmanager
    def allowing(self) -> Iterator[None]:
        """Those that are started within: by a fixture that several tests share."""
        before = _active()
        yield
        self._allowed += _without(_active(), before)

    def stop_left(self, *, checking: bool) -> list[str]:
        """Stop those that the test left started; what to tell its author."""
        return [_stopped(mock, checking=checking) for mock in _without(_active(), self._allowed)]


def _active() -> list[FilesMock]:
    """Empty, unless something has imported the package: the plugin itself doesn't."""
    if "eugpt_files_mock" not in sys.modules:
        return []
    from eugpt_files_mock import active_mocks

    return active_mocks()


def _without(mocks: Iterable[FilesMock], others: Iterable[FilesMock]) -> list[FilesMock]:
    known = {id(mock) for mock in others}
    return [mock for mock in mocks if id(mock) not in known]


def _stopped(mock: FilesMock, *, checking: bool) -> str:
    from eugpt_files_mock import ExpectationNotMet

    message = (
        f"This test started a mock and didn't stop it: {mock!r}.\n"
        "It was stopped now, or it would have answered the next test too.\n"
        "To fix it: use `with FilesMock() as mock:`, or stop() in a finalizer.\n"
        "To allow it: start it in a fixture with a wider scope, such as "
        '@pytest.fixture(scope="module").'
    )
    try:
        mock.stop()
    except ExpectationNotMet as failed:
        return f"{message}\n\n{failed}" if checking else message
    return message
