"""The environment variables that point clients to an active mock, and what they were before.

Mocks may be left in any order, and others change variables too, so each variable is restored only
where the mock's own value still stands.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from threading import Lock

VARIABLES = {
    "eugpt": ("EUGPT_API_KEY", "EUGPT_BASE_URL"),
    "openai": ("OPENAI_API_KEY", "OPENAI_BASE_URL"),
}
"""What the option `environ` may name: the variables for the key and for the base URL.

The guides of the service read `EUGPT_API_KEY` (D); the SDK reads the last two.
"""


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
        elif os.environ.get(self.name) == self.value:
            if self.before is None:
                del os.environ[self.name]
            else:
                os.environ[self.name] = self.before


_lock = Lock()
_settings: list[_Setting] = []
"""Of all mocks, oldest first."""


class Pointers:
    """The variables of one mock; `names` are keys of `VARIABLES`."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self._own: list[_Setting] = []

    def point(self, api_key: str, base_url: str) -> None:
        """Set them, and forget what they were set to before."""
        self.release()
        with _lock:
            for name in self._names:
                for variable, value in zip(VARIABLES[name], (api_key, base_url), strict=True):
                    self._own.append(_Setting(variable, value))
            _settings.extend(self._own)

    def release(self) -> None:
        """Take them back. Idempotent."""
        with _lock:
            while self._own:
                setting = self._own.pop()
                place = _settings.index(setting)
                del _settings[place]
                setting.undo(_settings[place:])
