"""Interception: the client libraries are patched when the first mock becomes active, and restored
when the last one stops.

Only libraries that are imported are patched; one that is imported later is patched then. Two rules
keep this free of deadlocks: a mock may be stopped by the garbage collector, in any thread, while
another starts, and a library may be imported by any thread. So neither waits for the lock; the
thread that holds it looks again after releasing it.
"""

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from . import CLIENTS, registry
from .patches import Patch, WatchedPlace, lock
from .registry import ActiveMock

_installed: list[tuple[ModuleType | None, list[Patch | WatchedPlace]]] = []


def enter(mock: ActiveMock) -> None:
    """Let the mock answer, before those that are active already. Nothing is changed when a client
    library cannot be patched (`PatchTargetMissing`).
    """
    # First patch, then register: when a library can't be patched, the mock isn't active.
    with lock:
        _install()
        registry.register(mock)
    _settle()


def leave(mock: ActiveMock) -> None:
    """Let it answer no longer; the last one restores the libraries."""
    # First of all: another thread that holds the lock may do the rest, and this one doesn't wait.
    registry.unregister(mock)
    _settle()


def _settle() -> None:
    """Patch or restore what is due, unless another thread, or a caller, is doing it already."""
    while _is_due() and lock.acquire(blocking=False):
        try:
            if registry.any_is_active():
                _install()
            else:
                _uninstall()
        finally:
            lock.release()


def _is_due() -> bool:
    return bool(_missing()) if registry.any_is_active() else bool(_installed)


def _install() -> None:
    """Patch what isn't patched yet."""
    # Late, as they import http.client, which no other part of the mock needs.
    from . import network_guard, on_http_client

    try:
        if not _installed:
            network_guard.start()
            _watch_imports()
            _start(None, on_http_client.patches())
        for module in _missing():
            # Late: such a module of ours imports its library.
            edge = importlib.import_module(f".{CLIENTS[module.__name__]}", __package__)
            _start(module, edge.patches(module))
    # Ctrl-C too must leave no library half patched.
    except BaseException:
        _uninstall()
        raise


def _watch_imports() -> None:
    finders = sys.meta_path
    # Not as the first: pyfakefs inserts its own finder there, and later removes whatever is first.
    place = finders.index(PathFinder) if PathFinder in finders else len(finders)
    finders.insert(place, _watcher)


def _start(module: ModuleType | None, patches: Sequence[Patch | WatchedPlace]) -> None:
    started: list[Patch | WatchedPlace] = []
    # Listed before the first patch starts, so that `_uninstall` also finds what was half done.
    _installed.append((module, started))
    for patch in patches:
        patch.start()
        started.append(patch)


def _uninstall() -> None:
    from . import network_guard

    while _installed:
        for patch in reversed(_installed.pop()[1]):
            patch.stop()
    _ready.clear()
    network_guard.stop()
    if _watcher in sys.meta_path:
        sys.meta_path.remove(_watcher)


def _missing() -> list[ModuleType]:
    """The libraries that are completely imported and not patched yet."""
    patched = [module for module, _ in _installed]
    modules: Iterator[Any] = (sys.modules.get(name) for name in CLIENTS)
    return [
        module
        # Each module once: after httpx2.alias_httpx() both names are one module.
        for module in dict.fromkeys(modules)
        if _is_real(module)
        and module not in patched
        # The import system puts a module into sys.modules before its code has run, and marks it so.
        and (id(module) in _ready or not getattr(module.__spec__, "_initializing", False))
    ]


def _is_real(module: Any) -> bool:
    """Whether it is a library, and not what stands for one that is missing, such as a `MagicMock`:
    that sends no request.
    """
    return (
        # Not isinstance: a mock pretends to be what it was made for.
        issubclass(type(module), ModuleType)
        and module.__name__ in CLIENTS
        and hasattr(module, "__path__")
    )


_ready: set[int] = set()
"""The libraries whose import our watcher has seen finish."""


class _Watcher:
    """Sees a library being imported, and patches it as soon as it is there."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if name not in CLIENTS:
            return None
        # Ask all the others, not just PathFinder: pyfakefs and editable installs have their own.
        others = [finder for finder in sys.meta_path if finder is not self]
        specs = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and spec.loader is not None:
            # The module is patched right after its own code has run, before the code that imports
            # it goes on.
            execute = spec.loader.exec_module

            def execute_and_patch(module: ModuleType) -> None:
                execute(module)
                _ready.add(id(module))
                _settle()

            spec.loader.exec_module = execute_and_patch  # type: ignore[method-assign]
        return spec


_watcher = _Watcher()
