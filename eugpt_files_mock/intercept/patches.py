"""Attributes that are replaced while a mock is active, and given back with care.

respx, pytest-httpx, vcrpy, pook and tracers replace the same attributes, and many restore blindly
what they found. So only what is ours is removed. If another tool has replaced our function, ours
stays below its function, where it passes every call on. It is removed as soon as it is on top
again: by the next mock, or the next call.

respx patches httpx for us, and responses requests: each lets its target be chosen.
"""

import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from threading import Lock
from types import FunctionType
from typing import Any
from unittest import mock

from ..errors import PatchTargetMissing
from .registry import any_is_active

Replacing = Callable[[Any], Callable[..., Any]]
"""Makes our function from the one that it replaces, and that it calls for other hosts."""

lock = Lock()
"""Held while patches change. Never wait for it in `stop`, which a garbage collector may call."""

_ORIGINAL = "_eugpt_files_mock_original"
"""The attribute of our functions that holds what each has replaced."""

_MISSING = object()


Carrier = Callable[[str, Callable[..., Any]], Any]
"""Makes what patches a dotted target, with `start` and `stop`: respx's Mocker, responses' mock."""


class Patch:
    """One attribute of a class or a module, by its dotted name.

    `carrier` does the patching, if there is one. `owner` is the class, where its dotted name may
    lead to another one.
    """

    def __init__(
        self,
        target: str,
        replacing: Replacing,
        carrier: Carrier | None = None,
        owner: Any = None,
    ) -> None:
        self.is_started = False
        self._target = target
        self._replacing = replacing
        self._path, _, self._name = target.rpartition(".")
        try:
            self._owner = pkgutil.resolve_name(self._path) if owner is None else owner
        except (AttributeError, ImportError):
            raise PatchTargetMissing(target) from None
        self._carrier = carrier

    def start(self) -> None:
        """Replace what is there by ours. Nothing is changed when the attribute doesn't exist."""
        # A function of an earlier mock may still be here, left behind below another tool's.
        self.clear()
        # `vars`, not getattr: that would bind what it finds, and hide whether it is inherited.
        is_own = self._name in vars(self._owner)
        original = vars(self._owner)[self._name] if is_own else self._inherited()
        self._replacement = self._replacing(original)
        self._replacement.__dict__[_ORIGINAL] = original if is_own else _MISSING
        self._carried = None
        if self._carrier is not None and self._is_found_by_name():
            self._carried = self._carrier(self._target, self._replacement)
            self._carried.start()
        else:
            setattr(self._owner, self._name, self._replacement)
        self.is_started = True

    def _inherited(self) -> Any:
        inherited = inspect.getattr_static(self._owner, self._name, None)
        # socket.socket inherits `connect` from C. A Python function may be a placeholder of a base
        # class, such as httpx.BaseTransport.handle_request, which only raises.
        if inherited is None or isinstance(inherited, FunctionType):
            raise PatchTargetMissing(self._target)
        return inherited

    def _is_found_by_name(self) -> bool:
        """A carrier patches by name; another tool may have put its own class under that name."""
        module, _, owner = self._path.rpartition(".")
        return getattr(sys.modules.get(module), owner, None) is self._owner

    def renew(self) -> None:
        """Put ours back if another mock has restored what was there before ours."""
        there = vars(self._owner)[self._name]
        if self.is_started and all(layer is not self._replacement for layer in _layers(there)):
            self._replacement = self._replacing(there)
            self._replacement.__dict__[_ORIGINAL] = there
            setattr(self._owner, self._name, self._replacement)

    def stop(self) -> None:
        """Remove ours; what other tools have put above it, or in its place, stays."""
        self.is_started = False
        # It is searched anew for the next mock: other tools come and go, and it keeps functions
        # alive.
        _own_functions.clear()
        if self._carried is not None:
            # respx and responses restore blindly what they found, so what lies here now is put
            # back; ours is taken off below, if it is on top.
            there = vars(self._owner).get(self._name, _MISSING)
            self._carried.stop()
            if there is not _MISSING:
                setattr(self._owner, self._name, there)
        if not self.clear():
            _left_behind[id(self._owner), self._name] = self

    def clear(self) -> bool:
        """Remove our functions that are on top; whether there were any."""
        has_found = False
        # Several may lie on one another, when another tool has restored one of ours.
        while _is_ours(there := vars(self._owner).get(self._name)):
            original = there.__dict__[_ORIGINAL]
            if original is _MISSING:
                delattr(self._owner, self._name)
            else:
                setattr(self._owner, self._name, original)
            has_found = True
        return has_found


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


def bound(original: Any, instance: Any) -> Callable[..., Any]:
    """The method of this instance; a tracer's wrapper gets it, as it does from Python itself."""
    method: Callable[..., Any] = original.__get__(instance, type(instance))
    return method


def is_wrapper(function: object) -> bool:
    """Whether it is a proxy around a function, as those of wrapt are, which tracers use."""
    # Not isinstance: a proxy of wrapt pretends to be of the class of what it wraps.
    return type(function) is not FunctionType


def own_function(function: Any, module: str) -> Any:
    """The library's own function, below what other mocks have put on it.

    Tracers, whose wrappers aren't plain functions, are kept. Where it can't be found, what is
    there is taken.
    """
    known = _own_functions.get(id(function))
    if known is None or known[0] is not function:
        known = _own_functions[id(function)] = function, _own_layer(function, module)
    return known[1]


_own_functions: dict[int, tuple[Any, Any]] = {}
"""By identity: a tracer's proxy is equal to what it wraps."""


def _own_layer(function: Any, module: str) -> Any:
    for layer in _layers(function):
        if is_wrapper(layer) or layer.__globals__.get("__name__") == module:
            return layer
    return _replaced_by_mock(function) or function


def _layers(function: Any) -> Iterator[Any]:
    """The function, and those that it calls in turn, as far as that can be seen."""
    layers = [function]
    # The list grows during the loop: each layer adds those that it calls.
    for layer in layers:
        yield layer
        # functools.wraps and wrapt keep what they wrap here; other tools keep it in a closure only.
        below = [getattr(layer, "__wrapped__", None)]
        if not is_wrapper(layer):
            below.append(layer.__dict__.get(_ORIGINAL))
            below += [cell.cell_contents for cell in layer.__closure__ or () if _is_filled(cell)]
        known = {id(one) for one in layers}
        layers += [one for one in below if isinstance(one, FunctionType) and id(one) not in known]


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    # An empty cell: the enclosing function hasn't assigned the name yet.
    except ValueError:
        return False


def _replaced_by_mock(function: Any) -> Any:
    """What `unittest.mock` keeps of the function that it has replaced by this one."""
    # responses patches with unittest.mock, and its function doesn't refer to what it replaced. The
    # list of mock's patches is private, hence the default; the newest is its last.
    for patch in reversed(getattr(mock._patch, "_active_patches", ())):
        if getattr(patch, "temp_original", None) is not None and (
            vars(patch.getter()).get(patch.attribute) is function
        ):
            return patch.temp_original
    return None


def _is_ours(function: object) -> bool:
    """Whether it is one of our replacements: not a proxy, which would answer for what it wraps."""
    return type(function) is FunctionType and _ORIGINAL in function.__dict__
