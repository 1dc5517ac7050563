"""Attributes that are replaced while a mock is active, and given back with care.

respx, pytest-httpx, vcrpy, pook and tracers replace the same attributes, and many restore blindly
what they found. So only what is ours is removed. If another tool has replaced our function, ours
stays below its function, where it passes every call on. It is removed as soon as it is on top
again: by the next mock, or the next call.

For our hosts a mock calls the library's own function, through tracers and spies, past other mocks
and stubs that were there before it: the second half of this module finds it below whatever others
have put in its place: a function, a `MagicMock`, any callable, on a method, or in the place of a
whole class.
"""

import gc
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from threading import Lock
from types import FunctionType, MethodType
from typing import Any
from weakref import WeakKeyDictionary

from ..errors import PatchTargetMissing
from ..locks import free_after_fork
from .registry import any_is_active

Replacing = Callable[[Any], Callable[..., Any]]
"""Makes our function from what lies there, which it calls for other hosts."""

ReplacingMethod = Callable[[Any, Any], Callable[..., Any]]
"""As `Replacing`, also from what it calls for our hosts (`called_for_ours`); both take the instance
first.
"""

lock = free_after_fork(Lock())
"""Held while patches change. Never wait for it in `stop`, which a garbage collector may call."""

_MISSING = object()

_restored: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""What is put back in the place of each of our functions. Not an attribute of theirs, which
`functools.wraps` and `autospec` copy to functions of other people."""


class Place:
    """An attribute of a class or a module of a library, by its dotted name.

    `owner` is the class, where the dotted name may lead to another one.
    """

    def __init__(self, target: str, owner: Any = None) -> None:
        self._target = target
        self._path, _, self._name = target.rpartition(".")
        module, _, kind = self._path.rpartition(".")
        self._module = module or self._path
        self._qualified_name = f"{kind}.{self._name}"
        self._owner = owner
        self._own: Any = None

    @property
    def owner(self) -> Any:
        """The class, or the module. Raises `PatchTargetMissing` if the library has none such."""
        if self._owner is None:
            with suppress(AttributeError, ImportError):
                there = pkgutil.resolve_name(self._path)
                self._owner = there if inspect.ismodule(there) else own_class(there, self._path)
        if self._owner is None:
            raise PatchTargetMissing(self._target)
        return self._owner

    @property
    def there(self) -> Any:
        """What lies there now; `_MISSING` if the owner inherits it."""
        # `vars`, not getattr: that would bind what it finds, and hide whether it is inherited.
        return vars(self.owner).get(self._name, _MISSING)

    def is_the_librarys(self, function: Any) -> bool:
        """Whether it is the library's own function, with nothing over it."""
        return is_function_of(function, self._module)

    def called_for_ours(self, there: Any) -> Any:
        """What is called for our hosts when this lies there; that itself, as the last resort."""
        found = called_for_ours(there, self._module)
        if self.is_the_librarys(found):
            self._own = found
        elif found is None:
            found = self.own()
        return there if found is None else found

    def own(self) -> Any:
        """The library's own function."""
        if self._own is None:
            self._own = found_in_memory(self._module, self._qualified_name)
        return self._own

    def is_put_by_the_author(self, there: Any) -> bool:
        """Whether it was put there by the test author, or by a tracer: not by the library, not by
        us, and not by another library that mocks whole hosts.
        """
        return not (
            is_function_of(there, self._module) or _is_ours(there) or is_of_another_mock(there)
        )


class WatchedPlace(Place):
    """A place that is not replaced, but where it matters what has come since a mock is active."""

    def start(self) -> None:
        self._before = self.there

    def stop(self) -> None:
        self._before = None

    def is_passed_over(self) -> bool:
        """Whether what lies there is passed over for our hosts: another mock, or a stub that was
        there before ours.
        """
        there = self.there
        if self.is_the_librarys(there):
            return False
        if self.is_put_by_the_author(there) and there is not self._before:
            return False
        return self.called_for_ours(there) is not there


class Patch(Place):
    """A place where a function of ours lies while a mock is active."""

    def __init__(self, target: str, replacing: Replacing, owner: Any = None) -> None:
        super().__init__(target, owner)
        self.is_started = False
        self._replacing = replacing
        self._replacement: Any = None
        # What is called for our hosts, below what has come over ours; see `MethodPatch`.
        self.through: Any = None
        # The library's own function and ours over it: made once, as most mocks find nothing else.
        self._usual: tuple[Any, Any] = (None, None)

    def start(self) -> None:
        """Replace what is there by ours. Nothing is changed when the attribute doesn't exist."""
        # A function of an earlier mock may still be here, left behind below another tool's.
        self.clear()
        original = self.there
        self._put(self._inherited() if original is _MISSING else original, original)
        self.is_started = True

    def _inherited(self) -> Any:
        inherited = inspect.getattr_static(self.owner, self._name, None)
        # socket.socket inherits `connect` from C. A Python function may be a placeholder of a base
        # class, such as httpx.BaseTransport.handle_request, which only raises.
        if inherited is None or isinstance(inherited, FunctionType):
            raise PatchTargetMissing(self._target)
        return inherited

    def _put(self, original: Any, restored: Any) -> None:
        if original is self._usual[0]:
            self.through, self._replacement = self._usual
        else:
            self._replacement = self._replacing(original)
            self._replacement.__name__ = self._name
            _restored[self._replacement] = restored
            # Nothing else is kept, so that no function of another tool lives longer than it.
            if self.is_the_librarys(original):
                self._usual = original, self._replacement
        setattr(self.owner, self._name, self._replacement)

    def stop(self) -> None:
        """Remove ours; what other tools have put above it, or in its place, stays."""
        self.is_started = False
        # What isn't the library's own isn't kept alive.
        if not self.is_the_librarys(self.through):
            self.through = None
        if not self.clear():
            _left_behind[id(self.owner), self._name] = self

    def clear(self) -> bool:
        """Remove our functions that are on top; whether there were any."""
        has_found = False
        # Several may lie on one another, when another tool has restored one of ours.
        while (there := self.there) is not self._usual[0] and _is_ours(there):
            original = _restored[there]
            if original is _MISSING:
                delattr(self.owner, self._name)
            else:
                setattr(self.owner, self._name, original)
            has_found = True
        return has_found


class MethodPatch(Patch):
    """A patch of a client's method, which our function calls for our hosts too."""

    def __init__(self, target: str, replacing: ReplacingMethod, owner: Any = None) -> None:
        super().__init__(target, self._replaced, owner)
        self._replacing_method = replacing

    def _replaced(self, original: Any) -> Any:
        self.through = self.called_for_ours(original)
        return self._replacing_method(_as_method(original), _as_method(self.through))

    def is_bare(self) -> bool:
        """Whether for our hosts nothing but the library's own function would be called here: no
        tracer, no spy, and no stub that the test author has put over ours.
        """
        there = vars(self.owner).get(self._name)
        if there is self._replacement:
            usual = self._usual[0]
            return (usual is not None and self.through is usual) or self.is_the_librarys(
                self.through
            )
        return not self.is_put_by_the_author(there) and self.is_the_librarys(self.through)

    def renew(self) -> None:
        """Put ours back if another mock has restored what was there before ours."""
        there = self.there
        if (
            self.is_started
            # What hides where it leads to is a stub of the author's that came after ours.
            and (leads_to(there, self._module) or is_of_another_mock(there))
            and all(layer is not self._replacement for layer in layers(there))
        ):
            self._put(there, there)


class InheritedPatch(MethodPatch):
    """A patch of a method that a library's class inherits from one where another patch lies. It is
    needed only where a tracer, a spy or a stub lies there, which would pass that patch by.
    """

    def __init__(self, target: str, replacing: ReplacingMethod, inherited: MethodPatch) -> None:
        super().__init__(target, replacing)
        self._inherited_patch = inherited

    @property
    def is_needed(self) -> bool:
        """Whether anything lies there."""
        return self._name in vars(self.owner)

    def own(self) -> Any:
        return self._inherited_patch.own()


_left_behind: dict[tuple[int, str], Patch] = {}
"""Those that were below another tool's replacement when they were stopped."""


def give_back() -> None:
    """Remove what was left behind and is on top by now; called for every request to other hosts."""
    # Checked before the lock is taken, as most requests have nothing to give back, and again under
    # it: a mock may have been started in another thread, which needs what is there.
    if _left_behind and not any_is_active() and lock.acquire(blocking=False):
        try:
            if not any_is_active():
                for patch in _left_behind.values():
                    if not patch.is_started:
                        patch.clear()
        finally:
            lock.release()


def _is_ours(function: object) -> bool:
    """Whether it is one of our replacements: not a proxy, which would answer for what it wraps."""
    return type(function) is FunctionType and function in _restored


# -- what a library itself defines, below what others have put in its place -----------------------

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


def _as_method(function: Any) -> Callable[..., Any]:
    """The same, to be called with the instance first."""
    if type(function) is FunctionType:
        return function
    return lambda instance, *arguments, **words: bound(function, instance)(*arguments, **words)


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
