"""A mock as a decorator: of functions, coroutine functions, and the tests of a class."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial, wraps
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from .errors import OptionError, StateError, quoted
from .service import Service

if TYPE_CHECKING:
    import unittest

Target = TypeVar("Target", bound=Callable[..., Any])


class _Interception(Protocol):
    """Of a mock: what a decorated call ends, and what it has left there."""

    left_by_a_call: set[object]

    def stop_intercepting(self, error: BaseException | None) -> None: ...
    def explain(self, error: BaseException) -> None: ...


class Mock(Protocol):
    """What a decorated call needs of a `FilesMock`, a class of a layer above this one."""

    # ruff: noqa: D102 - see `FilesMock`

    _service: Service

    @property
    def _lifecycle(self) -> _Interception: ...
    def start(self) -> Any: ...
    def reset(self) -> None: ...
    def tenant(self, key: str) -> Mock: ...


def decorate(mock: Mock, target: Target) -> Target:
    """The target, run with the mock active, and empty at the start of each call."""
    if isinstance(target, type):
        _decorate_tests(mock, target)
        return target
    _check(target)
    return cast("Target", _within(target, lambda: _Call(mock)))


def _check(target: object) -> None:
    name = getattr(target, "__name__", quoted(target))
    if _is_fixture(target):
        raise OptionError(
            f"A FilesMock can't decorate the fixture {name}: it would be left before the test "
            f"begins.\nTo fix it:\n    @pytest.fixture\n    def {name}():\n"
            "        with FilesMock() as mock:\n            yield mock",
            word=target,
        )
    # Called, a generator function only returns one: the mock would be left before its first line.
    if inspect.isgeneratorfunction(target) or inspect.isasyncgenfunction(target):
        raise OptionError(
            f"A FilesMock can't decorate the generator {name}: it would be left before the first "
            "line runs.\nTo fix it, in its body:\n    with FilesMock() as mock:\n        ...",
            word=target,
        )
    if not callable(target):
        raise OptionError(
            f"A FilesMock decorates functions, coroutine functions and classes, got {name}.\n"
            "To fix it:\n    mock = FilesMock()\n\n    @mock\n    def test_it():\n        ...",
            word=target,
        )


def _is_fixture(target: object) -> bool:
    # Since pytest 8.4 an object of this class; before, a function with this attribute.
    kind = type(target).__name__
    return kind == "FixtureFunctionDefinition" or hasattr(target, "_pytestfixturefunction")


def _within(function: Any, make_context: Callable[[], AbstractContextManager[None]]) -> Any:
    """The function or coroutine function, each call of which runs in a context of its own."""
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            with make_context():
                return await function(*args, **kwargs)

        return run_async

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with make_context():
            return function(*args, **kwargs)

    return run


_running: ContextVar[tuple[Mock, ...]] = ContextVar("eugpt_files_mock_decorated", default=())
"""The mocks of the decorated calls that are under way here."""


@dataclass(eq=False)
class _TestCase:
    """A test of a decorated `unittest.TestCase` that is under way, from `setUp` on."""

    mock: Mock
    error: BaseException | None = None


_in_a_test_case: list[_TestCase] = []
"""`unittest` runs `setUp`, a test and its clean-up in different contexts, so that a `ContextVar`
which is set in one isn't seen in the other."""


def _test_case_of(mock: Mock) -> _TestCase | None:
    return next((case for case in _in_a_test_case if case.mock is mock), None)


class _Call:
    """A decorated call: the mock is active, and empty at its start.

    One within another, of the same mock, is part of that: it neither empties nor leaves it.
    """

    def __init__(self, mock: Mock) -> None:
        self._mock = mock
        is_running = any(running is mock for running in _running.get())
        self._is_inner = is_running or _test_case_of(mock) is not None

    def __enter__(self) -> None:
        if not self._is_inner:
            _enter(self._mock)
            self._token = _running.set((*_running.get(), self._mock))

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not self._is_inner:
            _running.reset(self._token)
            _leave(self._mock, error)


def _enter(mock: Mock) -> None:
    """Make it active, and empty."""
    # First: a mock that is active already is refused, and loses nothing.
    mock.start()
    try:
        _check_nothing_is_lost(mock)
    except StateError as refused:
        mock._lifecycle.stop_intercepting(refused)
        raise
    mock.reset()
    for key in mock._service.tenants or ():
        mock.tenant(key).reset()


def _leave(mock: Mock, error: BaseException | None) -> None:
    try:
        mock._lifecycle.stop_intercepting(error)
    finally:
        # What the call leaves may be looked at after it, and is dropped by the next one.
        mock._lifecycle.left_by_a_call = {thing for thing, _ in _given(mock)}


def _check_nothing_is_lost(mock: Mock) -> None:
    """Refuse to drop what was given to the mock since the last decorated call, or before any."""
    left = mock._lifecycle.left_by_a_call
    lost = [line for thing, line in _given(mock) if thing not in left]
    if lost:
        lines = "\n  ".join(lost)
        raise StateError(
            "A decorated call starts with an empty mock, so what was given to it outside of any "
            f"would be dropped:\n  {lines}\n"
            "To fix it: move this into the decorated function, or into setUp of a decorated "
            "unittest.TestCase; or enter the mock with `with`, which drops nothing."
        )


def _given(mock: Mock) -> Iterator[tuple[object, str]]:
    """What a test author has given to the mock, and how that is called."""
    for service in mock._service.all_tenants():
        uploaded = {call.file_id for call in service.journal.calls() if call.operation == "upload"}
        for file in service.files.all():
            if file.id not in uploaded:
                # By the id, as another status makes another object.
                yield file.id, f"add_file({file.filename!r})"
        for armed in service.armed.armed():
            yield armed, f"inject({armed})"
        for stub in service.stubs.all():
            yield stub, f"stub({stub.method!r}, {stub.path!r})"
        for operation, function, _ in service.callbacks.waiting:
            yield (operation, function), f"after({operation!r}, …)"


def _decorate_tests(mock: Mock, decorated: type) -> None:
    """Inherited ones too, as `unittest.mock.patch` does."""
    tests = [name for name in dir(decorated) if name.startswith("test")]
    methods = {name: inspect.getattr_static(decorated, name) for name in tests}
    kinds = (FunctionType, staticmethod, classmethod)
    functions = {name: method for name, method in methods.items() if isinstance(method, kinds)}
    if not functions:
        raise OptionError(
            f"A FilesMock decorates the test* methods of a class; {decorated.__name__} has none.",
            word=decorated,
        )
    for name, method in functions.items():
        setattr(decorated, name, _decorate_method(mock, method))
    if _is_test_case(decorated):
        # Through `Any`, as type checkers forbid to change a method.
        case: Any = decorated
        noted = partial(_noted, mock)
        for name in (*functions, "asyncSetUp", "tearDown", "asyncTearDown"):
            if isinstance(inspect.getattr_static(decorated, name, None), FunctionType):
                setattr(decorated, name, _within(getattr(decorated, name), noted))
        case.setUp = _entering(mock, _within(case.setUp, noted))


def _is_test_case(decorated: type) -> bool:
    # Not imported here: who has such a class has imported it.
    module = sys.modules.get("unittest.case")
    return module is not None and issubclass(decorated, module.TestCase)


def _decorate_method(mock: Mock, method: Any) -> Any:
    if isinstance(method, (staticmethod, classmethod)):
        return type(method)(decorate(mock, method.__func__))
    return decorate(mock, method)


@contextmanager
def _noted(mock: Mock) -> Iterator[None]:
    """Note what a test raises: a clean-up isn't told whether it has failed."""
    try:
        yield
    except BaseException as error:
        case = _test_case_of(mock)
        if case is not None:
            case.error = error
            # Now, as unittest writes it down before the clean-up.
            mock._lifecycle.explain(error)
        raise


def _entering(mock: Mock, set_up: Callable[[Any], object]) -> Callable[[Any], None]:
    """So that all of a test runs within the mock, from `setUp` to its last clean-up."""

    @wraps(set_up)
    def enter_and_set_up(case: unittest.TestCase) -> None:
        # A class that is derived from a decorated one may be decorated with the same mock.
        if _test_case_of(mock) is None:
            _enter(mock)
            running = _TestCase(mock)
            _in_a_test_case.append(running)
            # The first that is added is called last, after `tearDown` and all others.
            case.addCleanup(leave, running)
        set_up(case)

    def leave(running: _TestCase) -> None:
        _in_a_test_case.remove(running)
        # Not kept: its traceback leads back here, to all that the test has held.
        error, running.error = running.error, None
        _leave(mock, error)

    return enter_and_set_up
