"""A mock as a decorator: of functions, coroutine functions, and the tests of a class."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from .errors import OptionError, quoted

Target = TypeVar("Target", bound=Callable[..., Any])


def decorate(mock: Any, target: Target) -> Target:
    """The target, run with the mock active, and empty at the start of each call."""
    if isinstance(target, type):
        _decorate_tests(mock, target)
        return target
    if not callable(target) or _is_generator_function(target):
        raise OptionError(
            "A FilesMock decorates functions, coroutine functions and classes, got "
            f"{getattr(target, '__name__', quoted(target))}. In a generator, use `with`.",
            word=target,
        )
    return cast("Target", _decorate_function(mock, target))


def _is_generator_function(target: Any) -> bool:
    # Called, it only returns a generator: the mock would be left before the first line ran.
    return inspect.isgeneratorfunction(target) or inspect.isasyncgenfunction(target)


def _decorate_function(mock: Any, function: Any) -> Any:
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            with mock:
                _empty(mock)  # once it is entered: a mock that is active already loses nothing
                return await function(*args, **kwargs)

        return run_async

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with mock:
            _empty(mock)
            return function(*args, **kwargs)

    return run


def _empty(mock: Any) -> None:
    mock.reset()
    for key in mock._service.worlds or ():
        mock.world(key).reset()


def _is_method(value: object) -> bool:
    return inspect.isfunction(value) or isinstance(value, (staticmethod, classmethod))


def _decorate_tests(mock: Any, decorated: type) -> None:
    """Inherited ones too, as `unittest.mock.patch` does."""
    tests = [name for name in dir(decorated) if name.startswith("test")]
    methods = {name: inspect.getattr_static(decorated, name) for name in tests}
    functions = {name: method for name, method in methods.items() if _is_method(method)}
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
