"""What the control routes are told: the words of `inject()` in JSON, those of `add_file()` in a
form. Only their shape is read here; whether they make sense is checked where everybody's are.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import fields
from io import BytesIO
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.formparser import FormDataParser
from werkzeug.wrappers import Request

from ..errors import OptionError, unknown_word
from ..faults import FAULTS, make
from ..model.faults import Fault
from ..state.fault_matcher import Aim

_AIM_WORDS = tuple(field.name for field in fields(Aim))

_CONTENT_FIELDS = ("content", "file")
"""The second is what an upload calls it. As a file part, either brings the filename along."""

_FILE_FIELDS = ("filename", *_CONTENT_FIELDS, "purpose", "id", "created_at", "status", "user")


def read_fault(request: Request) -> tuple[list[Fault], dict[str, Any]]:
    """The fault to arm, or the sequence, and the words that say when it hits.

    Raises:
        BadRequest: the body is not a JSON object.
        OptionError: for an unknown word, with the nearest, or a value without sense.
    """
    words = _json_object(request)
    if "fault" not in words:
        raise OptionError(f"'fault' is missing. Valid: {', '.join(FAULTS)}.")
    named = words.pop("fault")
    aim = {word: words.pop(word) for word in _AIM_WORDS if word in words}
    if not isinstance(named, (list, dict)):
        return [_fault(named, words, among=_AIM_WORDS)], aim
    for word in words:
        raise unknown_word("word beside a sequence", word, ("fault", *_AIM_WORDS))
    if not named:
        raise OptionError("'fault' is empty: name at least one.", word=named)
    return [_one_of_several(item) for item in (named if isinstance(named, list) else [named])], aim


def read_file(request: Request) -> dict[str, Any]:
    """The words for `add_file()`.

    Raises:
        UnsupportedMediaType, BadRequest: the body is not a form, or cannot be read.
        OptionError: for an unknown field, or a time that is no number.
    """
    form, files = _form(request)
    for name in (*form, *files):
        if name not in _FILE_FIELDS:
            raise unknown_word("field", name, _FILE_FIELDS)
    carriers = [name for name in (*form, *files) if name in _CONTENT_FIELDS]
    if len(carriers) > 1 or not set(files) <= set(_CONTENT_FIELDS):
        raise OptionError("the content goes into one field, 'file'; every other field is a text.")
    words: dict[str, Any] = {}
    for name in carriers:
        words |= _content(form.get(name), files.get(name))
    words |= {name: text for name, text in form.items() if name not in _CONTENT_FIELDS}
    if "created_at" in words:
        words["created_at"] = _whole("created_at", words["created_at"])
    if "filename" not in words:
        raise OptionError("'filename' is missing: a field, or the filename of the part 'file'.")
    return words


def _one_of_several(item: object) -> Fault:
    """A name, or an object with the name and the parameters."""
    if not isinstance(item, dict):
        return _fault(item, {})
    words = dict(item)
    return _fault(words.pop("fault", None), words)


def _fault(name: object, parameters: Mapping[str, object], among: tuple[str, ...] = ()) -> Fault:
    """The fault; `among` are words that would have been valid too."""
    if not isinstance(name, str):
        raise unknown_word("fault", name, FAULTS)
    if name in FAULTS:
        own = inspect.signature(FAULTS[name]).parameters
        for word in parameters:
            if word not in own:
                raise unknown_word(f"word for {name}", word, (*own, *among))
    return make(name, **parameters)


def _json_object(request: Request) -> dict[str, Any]:
    try:
        words = json.loads(request.get_data())
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}.") from error
    if not isinstance(words, dict):
        raise BadRequest("The body must be a JSON object.")
    return words


def _form(request: Request) -> tuple[dict[str, str], dict[str, FileStorage]]:
    """The text fields, and the file parts, of which no name may come twice."""
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType(f"A form is multipart/form-data, not {request.mimetype!r}.")
    try:
        parser = FormDataParser(_in_memory, max_form_memory_size=None, silent=False)
        _, form, files = parser.parse_from_environ(request.environ)
    except ValueError as error:
        raise BadRequest(f"The form cannot be read: {error}.") from error
    names = [name for name, _ in (*form.items(multi=True), *files.items(multi=True))]
    for name in names:
        if names.count(name) > 1:
            raise BadRequest(f"Two parts are named {name!r}.")
    return form.to_dict(), files.to_dict()


def _in_memory(*args: object, **words: object) -> BytesIO:
    """Where a part goes: never to a disk."""
    return BytesIO()


def _content(text: str | None, file: FileStorage | None) -> dict[str, Any]:
    if file is None:
        return {"content": (text or "").encode()}
    return {"filename": file.filename or "", "content": file.read()}


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise OptionError(f"{name} must be a whole number, not {text!r}.", word=text) from None
