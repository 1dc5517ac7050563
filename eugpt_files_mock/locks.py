"""Locks that are free in a forked child.

Another thread of the parent may hold one while it forks; in the child nobody would release it.
"""

import os
from typing import TypeVar
from weakref import WeakSet

_LockT = TypeVar("_LockT")

_made: WeakSet[object] = WeakSet()


def free_after_fork(lock: _LockT) -> _LockT:
    """The same lock, which nobody holds in a child that is forked later.

    What it guards may be half changed there: a child has only a copy of a mock, and is told so.
    """
    _made.add(lock)
    return lock


def _free_all() -> None:
    for lock in _made:
        # As the standard library does with its own.
        lock._at_fork_reinit()  # type: ignore[attr-defined]


# Windows doesn't fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_all)
