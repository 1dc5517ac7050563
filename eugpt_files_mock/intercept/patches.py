"""respx's patching, given back with care: only what is ours is taken off.

respx, pytest-httpx and vcrpy patch the same attributes, and restore blindly what they found. When
mocks are left crosswise, first in, first out, theirs may lie on ours. Ours then stays beneath as
an inert pass-through, and is taken off as soon as it lies on top again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from itertools import product
from threading import RLock
from types import ModuleType
from typing import Any, ClassVar

from respx.mocks import Mocker

from ..errors import PatchTargetMissing, hide_from_traceback

__tracebackhide__ = hide_from_traceback

Method = Callable[[Any, Any], Any]

_ORIGINAL = "_eugpt_files_mock_original"
"""The attribute of our functions that holds what each has replaced."""

_lock = RLock()


class Patching(Mocker, ABC):
    """A kind of respx's mocker; a subclass names the targets, and says what replaces them."""

    library: ClassVar[ModuleType]
    owners: ClassVar[tuple[type, ...]]
    """The classes that the targets name."""

    @classmethod
    @abstractmethod
    def replacing(cls, original: Method) -> Method:
        """Our function; it calls the original for whatever is not ours."""

    @classmethod
    def mock(cls, spec: Method) -> Method:
        """The name that respx asks by."""
        replacement = cls.replacing(spec)
        setattr(replacement, _ORIGINAL, spec)
        return replacement

    @classmethod
    def install(cls) -> None:
        """Put ours on top of whatever is there.

        Raises:
            PatchTargetMissing: when a target has gone; then nothing is changed.
        """
        with _lock:
            cls.start()
            if len(cls._patches) < len(cls.targets):  # respx passes over what it cannot find
                cls.stop()
                raise PatchTargetMissing(f"{cls.targets[0]}.{cls.target_methods[0]}")

    @classmethod
    def stop(cls, force: bool = False) -> None:  # noqa: ARG003, FBT001, FBT002 - respx's signature
        """Take ours off, and leave in place what others put on it, or in its place."""
        with _lock:
            there = [(owner, name, vars(owner).get(name)) for owner, name in cls._seams()]
            super().stop(force=True)
            for owner, name, function in there:
                if function is not None:
                    setattr(owner, name, function)
            cls.clear()

    @classmethod
    def clear(cls) -> None:
        """Take off what of ours was left behind, as far as it lies on top."""
        with _lock:
            if cls._patches:
                return
            for owner, name in cls._seams():
                while is_ours(there := vars(owner).get(name)):
                    setattr(owner, name, getattr(there, _ORIGINAL))

    @classmethod
    def _seams(cls) -> Iterator[tuple[type, str]]:
        return product(cls.owners, cls.target_methods)


def is_ours(function: object) -> bool:
    """Whether it is one of our replacements."""
    return hasattr(function, _ORIGINAL)
