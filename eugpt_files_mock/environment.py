"""The environment variables that point clients to an active mock, and what they were before.

Mocks may be left in any order, and others change variables too, so each variable is restored only
where the mock's own value still stands. Somebody who has changed it meanwhile may put the mock's
value back later, as pytest's monkeypatch does when it was there first: `settle` looks again.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

from .locks import free_after_fork

__all__ = [
    "VARIABLES",
    "Settings",
    "kept",
    "past_proxies",
    "pointing_to",
    "proxy_free",
    "settle",
]

VARIABLES = {
    "eugpt": ("EUGPT_API_KEY", "EUGPT_BASE_URL"),
    "openai": ("OPENAI_API_KEY", "OPENAI_BASE_URL"),
}
"""What the option `environ` may name: the variables for the key and for the base URL.

The guides of the service read `EUGPT_API_KEY` (D); the SDK reads the last two.
"""

_PROXY_FREE = ("NO_PROXY", "no_proxy")
"""Hosts that are asked without a proxy. Clients read either name, and prefer different ones."""


class _Setting:
    """One variable as one mock has set it."""

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value
        self.before = os.environ.get(name)
        os.environ[name] = value

    def undo(self, later: Iterable[_Setting]) -> None:
        """Take it back: from the environment, or from what the next mock found there."""
        following = next((one for one in later if one.name == self.name), None)
        if following is not None:
            if following.before == self.value:
                following.before = self.before
        elif not self.put_back():
            _changed_by_others.append(self)

    def put_back(self) -> bool:
        """Restore what was there before, unless somebody has changed it since."""
        if os.environ.get(self.name) != self.value:
            return False
        _put(self.name, self.before)
        return True


_lock = free_after_fork(Lock())
_settings: list[_Setting] = []
"""Of all mocks, oldest first."""

_changed_by_others: deque[_Setting] = deque(maxlen=100)
"""Taken back while somebody else's value stood there, oldest first."""


def pointing_to(names: Iterable[str], api_key: str, base_url: str) -> dict[str, str]:
    """The variables that point to a mock; `names` are keys of `VARIABLES`."""
    values: dict[str, str] = {}
    for name in names:
        values |= zip(VARIABLES[name], (api_key, base_url), strict=True)
    return values


class Settings:
    """The variables that one mock has set."""

    def __init__(self) -> None:
        self._own: list[_Setting] = []

    def set(self, values: Mapping[str, str]) -> None:
        """Set these variables, and take back those that were set before."""
        self.release()
        with _lock:
            self._own = [_Setting(name, value) for name, value in values.items()]
            _settings.extend(self._own)

    def release(self) -> None:
        """Take them back. Idempotent."""
        with _lock:
            while self._own:
                setting = self._own.pop()
                place = _settings.index(setting)
                del _settings[place]
                setting.undo(_settings[place:])


@contextmanager
def kept(names: Iterable[str]) -> Iterator[None]:
    """Leave these variables as they are now, whoever changes them within.

    Args:
        names: keys of `VARIABLES`.
    """
    with _kept(name for key in names for name in VARIABLES.get(key, ())):
        yield


@contextmanager
def _kept(variables: Iterable[str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    try:
        yield
    finally:
        for name, value in before.items():
            _put(name, value)


def proxy_free(host: str) -> dict[str, str]:
    """The variables with which clients ask this host directly, whatever proxy there is."""
    there = {name: os.environ.get(name) for name in _PROXY_FREE}
    values = {}
    for name in _PROXY_FREE:
        # A client that finds one of the two doesn't look at the other.
        known = there[name] or next(filter(None, there.values()), "")
        # An asterisk stands for every host, but only alone.
        values[name] = known if known == "*" else f"{known},{host}".lstrip(",")
    return values


@contextmanager
def past_proxies(host: str) -> Iterator[None]:
    """Let clients of this process ask this host directly; the variables are left as they are."""
    settings = Settings()
    with _kept(_PROXY_FREE):
        settings.set(proxy_free(host))
        try:
            yield
        finally:
            settings.release()


def settle() -> None:
    """Look again at variables that somebody else had changed when a mock was left.

    Where a mock's value stands there again, and no mock needs it, it is replaced by what was there
    before that mock. The pytest plugin calls it when all fixtures of a test are torn down.
    """
    with _lock:
        in_use = {setting.name for setting in _settings}
        while _changed_by_others:
            setting = _changed_by_others.pop()
            if setting.name not in in_use:
                setting.put_back()


def _put(name: str, value: str | None) -> None:
    if value is not None:
        os.environ[name] = value
    elif name in os.environ:
        del os.environ[name]
