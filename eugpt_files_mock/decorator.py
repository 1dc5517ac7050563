"""A mock as a decorator: of functions, coroutine functions, and the tests of a class."""

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar, cast

from .errors import OptionError, quoted

Target = TypeVar("Target", bound=Callable[..., Any])


def decorate(mock: Any, target: Target) -> Target:
    """The target, run with the mock active, and empty at the start of each call."""
    if isinstance(target, type):
        _decorate_tests(mock, target)
        return target
    # Called, a generator function only returns one: the mock would be left before its first line.
    is_generator = inspect.isgeneratorfunction(target) or inspect.isasyncgenfunction(target)
    if not callable(target) or is_generator:
        raise OptionError(
            "A FilesMock decorates functions, coroutine functions and classes, got "
            f"{getattr(target, '__name__', quoted(target))}. In a generator, use `with`.",
            word=target,
        )
    return cast("Target", _decorate_function(mock, target))


def _decorate_function(mock: Any, function: Any) -> Any:
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            with _Call(mock):
                return await function(*args, **kwargs)

        return run_async

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with _Call(mock):
            return function(*args, **kwargs)

    return run


_running: ContextVar[tuple[Any, ...]] = ContextVar("eugpt_files_mock_decorated", default=())
"""The mocks of the decorated calls that are under way here."""


class _Call:
    """A decorated call: the mock is active, and empty at its start.

    One within another, of the same mock, is part of that: it neither empties nor leaves it.
    """

    def __init__(self, mock: Any) -> None:
        self._mock = mock
        self._is_inner = any(running is mock for running in _running.get())

    def __enter__(self) -> None:
        if not self._is_inner:
            self._mock.__enter__()
            self._token = _running.set((*_running.get(), self._mock))
            # Once it is entered: a mock that is active already loses nothing.
            self._mock.reset()
            for key in self._mock._service.tenants or ():
                self._mock.tenant(key).reset()

    def __exit__(self, *error: Any) -> None:
        if not self._is_inner:
            _running.reset(self._token)
            self._mock.__exit__(*error)


def _decorate_tests(mock: Any, decorated: type) -> None:
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


def _decorate_method(mock: Any, method: Any) -> Any:
    if isinstance(method, (staticmethod, classmethod)):
        return type(method)(decorate(mock, method.__func__))
    return decorate(mock, method)
