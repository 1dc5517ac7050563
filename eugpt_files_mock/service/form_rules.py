"""Why an upload is refused whose form could be read: a table, in the order of the checks."""

import re
from collections.abc import Callable
from typing import Any

from ..model.profile import Profile
from .multipart import Form
from .refusals import Refusal

Words = dict[str, Any]

_ANCHOR, _SECONDS = "expires_after[anchor]", "expires_after[seconds]"


def form_refusal(form: Form, profile: Profile) -> Refusal | None:
    """Why the form is refused, or None. The first check that fails decides."""
    for row, check in _CHECKS.items():
        if profile[row] and (words := check(form, profile)) is not None:
            return Refusal(row.partition(".")[2], words)
    return None


def seconds_until_expiry(form: Form, purpose: str, profile: Profile) -> int | None:
    """Seconds after which the file is gone, or None."""
    if _SECONDS in form.fields and profile["expires.after"] == "honoured":
        return int(form.fields[_SECONDS])
    after: int | None = profile["expires.batch"] if purpose == "batch" else None
    return after


def _unknown_purpose(form: Form, profile: Profile) -> Words | None:
    purposes = profile["upload.purposes"]
    if purposes is None or not form.purpose or form.purpose in purposes:
        return None
    return {"purpose": form.purpose, "purposes": list(purposes)}


def _unknown_field(form: Form, profile: Profile) -> Words | None:
    known = (_ANCHOR, _SECONDS) if profile["expires.after"] == "honoured" else ()
    return next(({"field": name} for name in form.fields if name not in known), None)


def _bad_expires_after(form: Form, profile: Profile) -> Words | None:
    anchor, seconds = (form.fields.get(name) for name in (_ANCHOR, _SECONDS))
    if profile["expires.after"] == "ignored" or anchor is seconds is None:
        return None
    # One hour to 30 days: OpenAI's range (SPEC). int() refuses very long numbers.
    number = re.fullmatch("[0-9]{1,8}", seconds or "")
    if anchor == "created_at" and number and 3600 <= int(number[0]) <= 2_592_000:
        return None
    return {"anchor": anchor, "seconds": seconds}


def _batch_not_jsonl(form: Form, profile: Profile) -> Words | None:
    is_batch = form.purpose == "batch" and form.file is not None
    return {} if is_batch and form.file and not form.file.filename.endswith(".jsonl") else None


_CHECKS: dict[str, Callable[[Form, Profile], Words | None]] = {
    "errors.missing_file": lambda form, _: {} if form.file is None else None,
    "errors.missing_purpose": lambda form, _: None if form.purpose else {},
    "errors.unknown_purpose": _unknown_purpose,
    "errors.unknown_field": _unknown_field,
    "errors.bad_expires_after": _bad_expires_after,
    "errors.empty_file": lambda form, _: {} if form.file and not form.file.content else None,
    "errors.batch_not_jsonl": _batch_not_jsonl,
}
"""Row of the profile → the words of its message, where it is to be refused."""
