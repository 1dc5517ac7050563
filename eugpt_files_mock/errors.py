"""What we raise at the test author; what the fake *answers* is in `service/refusals.py`.

    FilesMockError
    ├── OptionError (ValueError)        a word or a value that we don't take
    ├── StateError (RuntimeError)       started twice, reset while …: the wrong moment
    ├── SeamLost (RuntimeError)         a client library changed where we hook in
    ├── AddressInUse (OSError)          the port is taken, or the host is not ours
    ├── FaultUnavailable (RuntimeError) this way of serving cannot produce that fault
    ├── ClientHasNoTimeout (RuntimeError)  the client would wait for ever
    └── Unmet (AssertionError)          an assertion, or a check on leaving, failed

An error carries its culprit as attributes, not only in its text.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from operator import methodcaller


class FilesMockError(Exception):
    """Anything that eugpt-files-mock raises at its user."""


class OptionError(FilesMockError, ValueError):
    """A word that we don't know, or a value without sense.

    Attributes:
        word: what was given.
        nearest: the valid word that is most like it, or None.
    """

    def __init__(self, message: str, *, word: object = None, nearest: str | None = None) -> None:
        super().__init__(message)
        self.word = word
        self.nearest = nearest


class StateError(FilesMockError, RuntimeError):
    """The right call at the wrong moment, such as a second `start()`."""


class SeamLost(FilesMockError, RuntimeError):
    """A client library no longer has the attribute that we replace.

    Starting anyway would let requests through to the real service.

    Attributes:
        seam: the dotted name that was looked for.
    """

    def __init__(self, seam: str) -> None:
        super().__init__(
            f"cannot intercept: {seam} is not there in the installed version.\n"
            "Nothing is intercepted, so that no request reaches the real service unseen.\n"
            "To fix it: upgrade eugpt-files-mock, or install the client library's previous release."
        )
        self.seam = seam


class AddressInUse(FilesMockError, OSError):
    """The address cannot be bound.

    Attributes:
        host: the host asked for.
        port: the port asked for.
    """

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {host}:{port}: {reason}.")
        self.host = host
        self.port = port


class FaultUnavailable(FilesMockError, RuntimeError):
    """The fault cannot be produced by the way this mock is served."""


class ClientHasNoTimeout(FilesMockError, RuntimeError):
    """The fault would keep the client waiting for ever."""


class Unmet(FilesMockError, AssertionError):
    """An expectation about the calls does not hold."""


hide_from_traceback = methodcaller("errisinstance", FilesMockError)
"""`__tracebackhide__` of the modules that raise: pytest then shows the author's line as the last.
Of other errors it shows everything: a bug of ours is to be seen.
"""


def nearest_word(word: object, valid: Iterable[str]) -> str | None:
    """The valid word most like `word`, or None when none is near."""
    found = difflib.get_close_matches(str(word), list(valid), n=1, cutoff=0.5)
    return found[0] if found else None


def not_bytes(label: str, value: object) -> OptionError:
    """The error for what should be bytes, and is a text most of the time."""
    hint = " Of a text, .encode() makes bytes." if isinstance(value, str) else ""
    return OptionError(f"{label} must be bytes, not {type(value).__name__}.{hint}", word=value)


def unknown_user(user: object, users: Iterable[str]) -> OptionError:
    """The error for a user whom no key belongs to."""
    names = list(users)
    if names:
        return unknown_word("user", user, names)
    return OptionError(
        f"unknown user {user!r}. The keys of this mock have no users. "
        f"To give them some: FilesMock(api_keys={{'eugpt_a': {user!r}}}).",
        word=user,
    )


def unknown_word(kind: str, word: object, valid: Iterable[str]) -> OptionError:
    """The error for a word outside a closed list, with the nearest one and all the valid ones."""
    words = list(valid)
    nearest = nearest_word(word, words)
    hint = f" Did you mean {nearest!r}?" if nearest else ""
    return OptionError(
        f"unknown {kind} {word!r}.{hint} Valid: {', '.join(words)}.", word=word, nearest=nearest
    )
