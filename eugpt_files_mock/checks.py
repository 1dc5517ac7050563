"""Values that a test author gives, checked: whole numbers, switches, texts.

Each function gives the value back, or raises an `OptionError` that names it by its label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import OptionError, hide_from_traceback

if TYPE_CHECKING:
    from typing_extensions import TypeIs

__tracebackhide__ = hide_from_traceback


def is_whole(value: object, *, least: int) -> TypeIs[int]:
    """Whether it is a whole number, not below `least`. True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def whole(label: str, value: object, *, least: int, instead: str = "") -> int:
    """A whole number, not below `least`; `instead` says what else would do."""
    if not is_whole(value, least=least):
        raise OptionError(
            f"{label} must be a whole number, {least} or more{instead}, not {value!r}.", word=value
        )
    return value


def yes_or_no(label: str, value: object) -> bool:
    """True or False, and nothing that is as good as one of them."""
    if not isinstance(value, bool):
        raise OptionError(f"{label} must be True or False, not {value!r}.", word=value)
    return value


def text(label: str, value: object, *, encoding: str = "utf-8", may_be_empty: bool = False) -> str:
    """Text that goes over the wire, in the encoding that it has there."""
    if not isinstance(value, str) or not (value or may_be_empty):
        raise OptionError(f"{label} must be a text, not {value!r}.", word=value)
    try:
        value.encode(encoding)
    except UnicodeEncodeError as error:
        raise OptionError(f"{label} {value!r} cannot be sent: {error}.", word=value) from None
    return value
