"""Authorities are read when a client first uses TLS: for `eugpt_files_fast_tls`, and for sweeps.

Each httpx client reads some 140 certificate authorities when it is made, which takes most of the
time of making it, for connections that a mock answers without TLS. While this is on, a context only
notes the file, and reads it before it wraps its first connection, or is asked what it has. So a
client that does reach another host over TLS trusts what it always does.
"""

from __future__ import annotations

import os
import ssl
from functools import wraps
from threading import Lock
from typing import Any
from weakref import WeakSet

from ..locks import free_after_fork

__all__ = ["start", "stop"]

_NOTED = "_eugpt_files_mock_noted"
"""The attribute of a context with the files that it hasn't read yet."""

_USES = ("wrap_socket", "wrap_bio", "get_ca_certs", "cert_store_stats")
"""What looks at the authorities of a context."""

_before: dict[str, Any] = {}
_contexts: WeakSet[ssl.SSLContext] = WeakSet()


_users = 0
_lock = free_after_fork(Lock())


def start() -> None:
    """Read no authorities before they are needed, until each `start` had its `stop`."""
    global _users  # noqa: PLW0603 - the class of the standard library is one for the process
    with _lock:
        _users += 1
        if _users == 1:
            _patch()


def stop() -> None:
    """After the last `start`: as before; what was only noted is read now."""
    global _users  # noqa: PLW0603 - as above
    with _lock:
        _users -= 1
        if _users == 0:
            _give_back()


def _patch() -> None:
    for name in ("load_verify_locations", *_USES):
        # None where the class only inherits the method.
        _before[name] = vars(ssl.SSLContext).get(name)
        original = getattr(ssl.SSLContext, name)
        changed = _reading_first(original) if name in _USES else _noting(original)
        setattr(ssl.SSLContext, name, changed)


def _give_back() -> None:
    for name, original in _before.items():
        if original is None:
            delattr(ssl.SSLContext, name)
        else:
            setattr(ssl.SSLContext, name, original)
    _before.clear()
    for context in tuple(_contexts):
        _read(context)
    _contexts.clear()


def _noting(original: Any) -> Any:
    @wraps(original)
    def load(
        context: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None
    ) -> None:
        # Anything else, such as a file that isn't there, is for the original to refuse.
        if capath is None and cadata is None and isinstance(cafile, str) and os.path.isfile(cafile):
            vars(context).setdefault(_NOTED, []).append((original, cafile))
            _contexts.add(context)
        else:
            original(context, cafile, capath, cadata)

    return load


def _reading_first(original: Any) -> Any:
    @wraps(original)
    def use(context: ssl.SSLContext, *values: Any, **words: Any) -> Any:
        _read(context)
        return original(context, *values, **words)

    return use


def _read(context: ssl.SSLContext) -> None:
    for load, cafile in vars(context).pop(_NOTED, ()):
        load(context, cafile)
