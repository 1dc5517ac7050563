"""Locks that are free in a forked child.

Another thread of the parent may hold one while it forks; in the child nobody would release it.
And a property that is found once, without a lock.
"""

import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

__all__ = ["cached_property", "free_after_fork"]

_LockT = TypeVar("_LockT")

_made: WeakSet[object] = WeakSet()


def free_after_fork(lock: _LockT) -> _LockT:
    """The same lock, which nobody holds in a child that is forked later.

    What it guards may be half changed there: a child has only a copy of a mock, and is told so.
    """
    _made.add(lock)
    return lock


if TYPE_CHECKING or sys.version_info >= (3, 12):
    from functools import cached_property
else:

    class cached_property:  # noqa: N801 - as that of functools
        """As that of functools, which before Python 3.12 has a lock: one for all objects of a
        class, at which threads wait for one another, and a forked child for ever.
        """

        def __init__(self, make: Any) -> None:
            self._make = make
            self.__doc__ = make.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self._name = name

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            if instance is None:
                return self
            # From now on, it is found there.
            value = vars(instance)[self._name] = self._make(instance)
            return value


def _free_all() -> None:
    for lock in _made:
        # As the standard library does with its own.
        lock._at_fork_reinit()  # type: ignore[attr-defined]


# Windows doesn't fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_all)
