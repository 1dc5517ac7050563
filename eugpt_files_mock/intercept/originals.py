"""What a library itself defines, below whatever others have put in its place.

Others are tracers, other mocks, and stubs of the test author's: a function, a `MagicMock`, any
callable, on a method, or in the place of a whole class. For our hosts a mock calls the library's
own function, through tracers and spies, past other mocks and stubs that were there before it.
"""

import gc
from collections.abc import Callable, Iterator
from functools import partial
from types import FunctionType, MethodType
from typing import Any

_OTHER_MOCKS = frozenset(
    {"aioresponses", "betamax", "httpretty", "mocket", "pook", "pytest_httpx", "pytest_httpx2",
     "requests_mock", "responses", "respx", "vcr"}
)  # fmt: skip
"""They answer for whole hosts, and replace methods only to do so: for our hosts they aren't asked,
whichever was started first. What anybody else puts over ours is called."""


def bound(function: Any, instance: Any) -> Callable[..., Any]:
    """As Python binds a method: what has no `__get__`, such as a `MagicMock`, is used as it is."""
    # Of the type, as Python does: a proxy of wrapt has its own, and so binds what it wraps.
    bind = getattr(type(function), "__get__", None)
    return function if bind is None else bind(function, instance, type(instance))  # type: ignore[no-any-return]


def is_function_of(function: Any, module: str) -> bool:
    """Whether it is a plain function that this module defines, with nothing put over it."""
    # Not isinstance: a proxy of wrapt pretends to be of the class of what it wraps.
    return type(function) is FunctionType and function.__globals__.get("__name__") == module


def called_for_ours(there: Any, module: str) -> Any:
    """What is called for our hosts in the place of `there`: the library's own function, or the
    tracer or spy over it. None if nothing of the library's can be seen below it.
    """
    if is_function_of(there, module):
        return there
    for layer in layers(there):
        if is_function_of(layer, module) or _looks_on(layer, module):
            return layer
    return None


def _looks_on(layer: Any, module: str) -> bool:
    """Whether it is a tracer or a spy, which calls the library's own function in any case.

    A plain function of the author's may well refuse some hosts before it calls that. One that
    `functools.wraps` has made looks on, as those of OpenTelemetry do.
    """
    is_around = _wrapped(layer) is not None or bool(_effects(layer))
    return is_around and leads_to(layer, module) and not is_of_another_mock(layer)


def found_in_memory(module: str, qualified_name: str) -> Any:
    """The library's own function, or None. Who replaces a function keeps it, to put it back:
    `unittest.mock` and pytest's `monkeypatch` where only they can see it.
    """
    # This takes 10 to 30 ms, so the caller remembers what is found.
    return next(
        (
            it
            for it in gc.get_objects()
            if is_function_of(it, module) and it.__qualname__ == qualified_name
        ),
        None,
    )


def own_class(there: Any, target: str) -> Any:
    """The library's own class of this dotted name, given what stands there: that class, one that is
    derived from it, such as requests-cache's, or a stub. None if there isn't any.
    """
    package, name = target.partition(".")[0], target.rpartition(".")[2]
    # Not isinstance: a mock pretends to be of the class that it was made for.
    kinds = there.__mro__ if issubclass(type(there), type) else _classes()
    return next((kind for kind in kinds if kind.__name__ == name and _is_of(kind, package)), None)


def _is_of(kind: type, package: str) -> bool:
    # Not by the class's `__module__`, which `openai` sets to its own for those that it shows.
    names = [
        function.__globals__.get("__name__", "")
        for function in vars(kind).values()
        if type(function) is FunctionType
    ]
    return any(name.partition(".")[0] == package for name in (kind.__module__, *names))


def _classes() -> Iterator[type]:
    waiting, seen = [object], {object}
    while waiting:
        kind = waiting.pop()
        yield kind
        below = {one for one in type.__subclasses__(kind) if one not in seen}
        seen |= below
        waiting += below


def _wrapped(function: object) -> Any:
    """What functools.wraps, and proxies as those of wrapt, keep of what they wrap; or None."""
    wrapped = getattr(function, "__wrapped__", None)
    return wrapped if callable(wrapped) else None


def leads_to(function: Any, module: str) -> bool:
    """Whether it calls a function of this module, as far as that can be seen."""
    return any(is_function_of(layer, module) for layer in layers(function))


def _effects(function: Any) -> list[Any]:
    """What a mock of `unittest.mock` calls: a function that `autospec` has made, or a `MagicMock`.
    If that leads to the library's own function, the mock is a spy, which only looks on.

    Found without the import of `unittest.mock`, which costs 10 ms.
    """
    inner = vars(function).get("mock") if type(function) is FunctionType else function
    if "_mock_children" not in getattr(inner, "__dict__", ()):
        return []
    effects = (getattr(function, "side_effect", None), inner.__dict__.get("_mock_wraps"))
    return [effect for effect in effects if callable(effect)]


def is_of_another_mock(function: Any) -> bool:
    """Whether one of the libraries that mock whole hosts has put it there."""
    return _code_of(function).partition(".")[0] in _OTHER_MOCKS


def _code_of(function: Any) -> str:
    """The module whose code runs when it is called."""
    for effect in _effects(function):
        return _code_of(effect)
    if type(function) is FunctionType:
        return str(function.__globals__.get("__name__"))
    if type(function) is MethodType:
        return _code_of(function.__func__)
    if type(function) is partial:
        return _code_of(function.func)
    return type(function).__module__


def layers(function: Any) -> Iterator[Any]:
    """The function, and those that it calls in turn, as far as that can be seen."""
    found = [function]
    # The list grows during the loop: each layer adds those that it calls.
    for layer in found:
        yield layer
        # Other tools keep it in a closure only.
        below = [_wrapped(layer), *_effects(layer)]
        if type(layer) is FunctionType:
            below += [cell.cell_contents for cell in layer.__closure__ or () if _is_filled(cell)]
        elif type(layer) is MethodType:
            below.append(layer.__func__)
        elif type(layer) is partial:
            below.append(layer.func)
        known = {id(one) for one in found}
        found += [one for one in below if id(one) not in known and _may_lead_on(one)]


def _may_lead_on(layer: Any) -> bool:
    return type(layer) in {FunctionType, MethodType, partial} or _wrapped(layer) is not None


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    # An empty cell: the enclosing function hasn't assigned the name yet.
    except ValueError:
        return False
