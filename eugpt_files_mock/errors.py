"""What we raise at the test author, and the checks of values that raise it.

What the fake *answers* is another family: `service/refusals.py`.

    FilesMockError
    ├── OptionError (ValueError)           an unknown word, or an invalid value
    │   └── AttributeRefused (AttributeError)  it can't be set: an option, or no attribute
    ├── StateError (RuntimeError)          the right call at the wrong moment
    ├── PatchTargetMissing (RuntimeError)  a client library changed where we patch it
    ├── AddressInUse (OSError)             the address cannot be bound
    ├── NetworkRefused (OSError)           a client that isn't intercepted asked for our host
    ├── FaultUnavailable (RuntimeError)    this way of serving cannot produce that fault
    ├── ClientHasNoTimeout (RuntimeError)  the client would wait for ever
    └── ExpectationNotMet (AssertionError) an assertion, or an exit check, failed

An error carries its culprit as attributes, not only in its text.
"""

import inspect
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

__all__ = [
    "AddressInUse",
    "AttributeRefused",
    "ClientHasNoTimeout",
    "ExpectationNotMet",
    "FaultUnavailable",
    "FilesMockError",
    "NetworkRefused",
    "OptionError",
    "PatchTargetMissing",
    "StateError",
]


class FilesMockError(Exception):
    """Anything that eugpt-files-mock raises at its user."""

    def __reduce__(self) -> tuple[Any, ...]:
        # pytest-xdist and multiprocessing pickle exceptions; the default calls `__init__` with the
        # message alone, which most of these don't take.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[FilesMockError], args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class OptionError(FilesMockError, ValueError):
    """An unknown word, or an invalid value.

    Attributes:
        word: what was given.
        nearest: the valid word that is most like it, or None.
    """

    def __init__(self, message: str, *, word: object, nearest: str | None = None) -> None:
        super().__init__(message)
        self.word = word
        self.nearest = nearest


class AttributeRefused(OptionError, AttributeError):
    """An attribute that can't be set: an option, or a name that isn't an attribute."""


class StateError(FilesMockError, RuntimeError):
    """The right call at the wrong moment, such as a second `start()`."""


class PatchTargetMissing(FilesMockError, RuntimeError):
    """A client library no longer has the attribute that we replace.

    Starting anyway would let requests through to the real service.

    Attributes:
        target: the dotted name that was looked for.
    """

    def __init__(self, target: str) -> None:
        super().__init__(
            f"Cannot intercept: the installed version has no {target}.\n"
            "Nothing is intercepted, so that no request reaches the real service unnoticed.\n"
            "To fix it: upgrade eugpt-files-mock, or install the client library's previous release."
        )
        self.target = target


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


class NetworkRefused(FilesMockError, OSError):
    """A client that no mock intercepts asked for one of our hosts.

    Attributes:
        host: the host that it asked for.
        library: the library that asked, as far as it can be told from the call stack.
    """

    def __init__(self, message: str, *, host: str, library: str) -> None:
        super().__init__(message)
        # aiohttp shows only this of an OSError.
        self.strerror = message.partition("\n")[0]
        self.host = host
        self.library = library


class FaultUnavailable(FilesMockError, RuntimeError):
    """The way in which this mock is served cannot produce the fault."""


class ClientHasNoTimeout(FilesMockError, RuntimeError):
    """The fault would keep the client waiting for ever."""


class ExpectationNotMet(FilesMockError, AssertionError):
    """An assertion about the calls, or an exit check, failed."""


NO_HABITS: Mapping[str, str] = {}

_LONGEST_MISSPELT = 100


def nearest_word(word: object, valid: Iterable[str]) -> str | None:
    """The valid word most like `word`, or None when none is near."""
    text = word if isinstance(word, str) else quoted(word)
    # difflib takes quadratic time, and a client may send a word of megabytes.
    if len(text) > _LONGEST_MISSPELT:
        return None
    # Compared in lower case, and given back as it is written.
    words = {valid_word.lower(): valid_word for valid_word in valid}
    # At 0.6, difflib's default, 'colour' is near nothing, and 'rate_limits' is near 'rate_limit'.
    import difflib

    found = difflib.get_close_matches(text.lower(), list(words), n=1)
    return words[found[0]] if found else None


def unknown_word(
    kind: str, word: object, valid: Iterable[str], habits: Mapping[str, str] = NO_HABITS
) -> OptionError:
    """The error for a word outside a closed list: the nearest valid one, and all of them.

    `habits` maps what other libraries call it to the word for it here.
    """
    words = list(valid)
    nearest = habits.get(word.lower() if isinstance(word, str) else "") or nearest_word(word, words)
    hint = f" Did you mean {nearest!r}?" if nearest else ""
    message = f"Unknown {kind} {quoted(word)}.{hint} Valid: {', '.join(words)}."
    return OptionError(message, word=word, nearest=nearest)


def check_words(
    kind: str,
    words: Iterable[object],
    valid: Collection[str],
    habits: Mapping[str, str] = NO_HABITS,
) -> None:
    """Refuse the first of these words that is not on the list."""
    for word in words:
        if word not in valid:
            raise unknown_word(kind, word, valid, habits)


def unknown_user(user: object, users: Iterable[str]) -> OptionError:
    """The error for a user who has no key."""
    names = list(users)
    if names:
        return unknown_word("user", user, names)
    return OptionError(
        f"Unknown user {user!r}: the keys of this mock have no users. To give them users: "
        f"FilesMock(api_keys={{'eugpt_a': {user!r}}}), or --api-key eugpt_a={user}.",
        word=user,
    )


def is_integer(value: object, *, least: int) -> bool:
    """Whether it is an int of at least `least`. True and False are not."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def integer(label: str, value: Any, *, least: int, instead: str = "") -> int:
    """An int of at least `least`; `instead` says what else is allowed."""
    if not is_integer(value, least=least):
        raise OptionError(
            f"{label} must be an integer of {least} or more{instead}, got {quoted(value)}.",
            word=value,
        )
    return int(value)


def boolean(label: str, value: Any) -> bool:
    """True or False, and nothing that merely counts as one of them."""
    if not isinstance(value, bool):
        raise OptionError(f"{label} must be True or False, got {value!r}.", word=value)
    return value


def string(label: str, value: Any, *, may_be_empty: bool = False) -> str:
    """A string that can be sent: half a character can't, as in the names that os.listdir gives."""
    if not isinstance(value, str) or not (value or may_be_empty):
        kind = "a string" if may_be_empty else "a non-empty string"
        raise OptionError(f"{label} must be {kind}, got {value!r}.", word=value)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise OptionError(f"{label} {value!r} cannot be sent: {error}.", word=value) from None
    return value


def seconds(label: str, value: Any) -> float:
    """A finite number of seconds, 0 or more."""
    # bool is a subclass of int, and seconds=True a mistake.
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    try:
        is_valid = is_number and value >= 0 and math.isfinite(value)
    # An int of more digits than a float can have.
    except OverflowError:
        is_valid = False
    if not is_valid:
        unit = "" if label.endswith("seconds") else " seconds"
        raise OptionError(f"{label} must be 0 or more{unit}, got {quoted(value)}.", word=value)
    return float(value)


def byte_string(label: str, value: Any) -> bytes:
    """Bytes, or a bytearray."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    hint = " Use .encode() to turn text into bytes." if isinstance(value, str) else ""
    raise OptionError(f"{label} must be bytes, got {type(value).__name__}.{hint}", word=value)


def raised(what: str, error: BaseException) -> str:
    """What a message says of an error that a function of the test author raised."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - it is the author's, and its message may be, too
        text = "(its message can't be made)"
    # Half a character, as in the names that os.listdir gives, can be neither sent nor printed.
    text = f"{what} raised {type(error).__name__}: {text}"
    return text.encode("utf-8", "backslashreplace").decode()


def quoted(value: object, most: int = 100) -> str:
    """A value as a message shows it: quoted, and cut when it is long."""
    if isinstance(value, str):
        return repr(value if len(value) <= most else value[:most] + "…")
    try:
        text = repr(value)
    # Python doesn't write ints of more than 4,300 digits (sys.set_int_max_str_digits).
    except ValueError:
        return f"an {type(value).__name__} too long to show"
    return text if len(text) <= most else text[:most] + "…"


def no_such(kind: str, id_: str) -> str:
    """What is said of an id that nothing has, such as that of a deleted file."""
    return f"There is no {kind} {quoted(id_)}."


_P = ParamSpec("_P")
_R = TypeVar("_R")


def known_arguments(
    function: Callable[_P, _R], habits: Mapping[str, Collection[str]] | None = None
) -> Callable[_P, _R]:
    """The function, which tells what is wrong with its arguments by names that an author knows.

    Python's own `TypeError` would name a class of ours, and not the argument that was meant.

    Args:
        function: a function, or a method.
        habits: an argument → what other libraries call it.
    """
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    # `self`, which no author writes.
    own = 1 if parameters and parameters[0].name == "self" else 0
    named = [one for one in parameters[own:] if one.kind in _NAMED]
    names = [one.name for one in named]
    takes_any_word = any(one.kind is one.VAR_KEYWORD for one in parameters)
    takes_any_value = any(one.kind is one.VAR_POSITIONAL for one in parameters)
    places = [one.name for one in named if one.kind is one.POSITIONAL_OR_KEYWORD]
    # Another function may be known to authors by the name of the class: `Answer(…)`.
    label = function.__name__
    if label == "__init__":
        label = function.__qualname__.partition(".")[0]
    known = {habit: name for name in names for habit in (habits or {}).get(name, ())}

    @wraps(function)
    def checked(*values: _P.args, **words: _P.kwargs) -> _R:
        given = values[own:]
        # Told apart first, as a call that is right must cost little.
        if not takes_any_word and not words.keys() <= signature.parameters.keys():
            if not names:
                raise _too_many(label, (), (), [f"{word}=…" for word in words])
            check_words(f"argument of {label}", words, names, known)
        if len(given) > len(places) and not takes_any_value:
            raise _too_many(label, places, names, given)
        needed = [one.name for one in named[len(given) :] if one.default is one.empty]
        missing = [name for name in needed if name not in words]
        if missing:
            shown = ", ".join(one.name for one in named if one.default is one.empty)
            raise OptionError(
                f"{label} needs {' and '.join(missing)}: {label}({shown}).", word=missing[0]
            )
        return function(*values, **words)

    return checked


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _too_many(
    label: str, places: Sequence[str], names: Sequence[str], given: Sequence[object]
) -> OptionError:
    extra = given[len(places)]
    if not names:
        return OptionError(f"{label} takes no argument, got {quoted(extra)}.", word=extra)
    left = [name for name in names if name not in places]
    by_name = f": {label}({left[0]}={quoted(extra)})" if left else ""
    others = "other arguments" if places else "its arguments"
    return OptionError(
        f"{label} takes {others} by name{by_name}; got {quoted(extra)} without one.", word=extra
    )
