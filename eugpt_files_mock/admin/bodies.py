"""The control routes in JSON and forms: how `inject()` and `add_file()` are read, what is shown.

Only the form is read here; the values are checked by the functions that every caller uses.
"""

import inspect
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, get_type_hints

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.wrappers import Request

from ..errors import OptionError, check_words, quoted
from ..faults import FAULTS, IN_PROCESS_ONLY, fault_named, required_arguments, status_of
from ..model.faults import ConnectionFault, ErrorResponse, Fault
from ..model.messages import Call, File, Outcome, Severed
from ..model.stub_answers import NULL
from ..service.multipart import Part, read_parts
from ..service.operations import NAMES
from ..service.refusals import Refused
from ..service.replies import file_object
from ..state.armed_faults import MATCHER_WORDS, ArmedFault, fault_and_matcher_words
from ..state.stubs import Stub

_CONTENT_FIELDS = ("content", "file")
"""The second is what an upload calls it. As a file part, either brings the filename along."""

TEXT_FIELDS = ("filename", "purpose", "id", "status", "status_details", "user")
_FILE_FIELDS = (*TEXT_FIELDS, *_CONTENT_FIELDS, "created_at")


def read_fault(request: Request) -> tuple[list[Fault], dict[str, Any]]:
    """The fault to arm, or the sequence, and the arguments that say what it hits."""
    words = read_json(request)
    if "fault" not in words:
        raise OptionError(f"'fault' is missing. Valid: {', '.join(FAULTS)}.", word=words)
    named = words.pop("fault")
    if isinstance(named, str):
        fault, matcher = fault_and_matcher_words(named, words)
        return [fault], matcher
    check_words("word beside a sequence", words, ("fault", *MATCHER_WORDS))
    sequence = named if isinstance(named, list) else [named]
    if not sequence:
        raise OptionError("'fault' must name at least one fault, got [].", word=named)
    if len(sequence) > _MOST_FAULTS:
        raise OptionError(
            f"A sequence has at most {_MOST_FAULTS} faults, got {len(sequence)}.", word=named
        )
    return [_one_of_several(item) for item in sequence], words


def read_file(request: Request) -> dict[str, Any]:
    """The arguments of `add_file()`."""
    parts = _form(request)
    check_words("field", parts, _FILE_FIELDS)
    carriers = [name for name in parts if name in _CONTENT_FIELDS]
    files = [name for name, part in parts.items() if not part.is_text]
    if len(carriers) > 1 or not set(files) <= set(_CONTENT_FIELDS):
        raise OptionError(
            "The content must be in one field, 'file'; every other field must be text.",
            word=carriers,
        )
    words: dict[str, Any] = {}
    for name in carriers:
        part = parts.pop(name)
        words["content"] = part.content
        if not part.is_text:
            words["filename"] = part.filename or ""
    words |= {name: part.text for name, part in parts.items()}
    if "created_at" in words:
        words["created_at"] = _seconds("created_at", words["created_at"])
    if "filename" not in words:
        raise OptionError(
            "'filename' is missing: send it as a field, or as the filename of the part 'file'.",
            word=None,
        )
    return words


def _one_of_several(item: object) -> Fault:
    """A name, or an object with the name and the arguments."""
    words: dict[str, Any] = dict(item) if isinstance(item, dict) else {"fault": item}
    return fault_named(words.pop("fault", None), words)


def read_json(request: Request) -> dict[str, Any]:
    """The body, which must be a JSON object."""
    data = request.get_data()
    if len(data) > _MOST_JSON_BYTES:
        raise RequestEntityTooLarge(f"The body is longer than {_MOST_JSON_BYTES} bytes.")
    try:
        words = json.loads(data, parse_int=_integer, parse_constant=_no_number)
    # The second for thousands of nested lists.
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}.") from error
    if not isinstance(words, dict):
        raise BadRequest("The body must be a JSON object.")
    return words


def _integer(digits: str) -> int:
    # Python refuses ints of thousands of digits in str(), and floats can't hold them; 18 digits fit
    # into 64 bits.
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"an integer of {len(digits)} digits")
    return int(digits)


def _no_number(word: str) -> float:
    # NaN and Infinity, which Python's parser would let through.
    raise ValueError(f"{word} isn't JSON")


_MOST_JSON_BYTES = 1_000_000
_MOST_DIGITS = 18
_MOST_PARTS = 100
_MOST_FAULTS = 1_000


def _form(request: Request) -> dict[str, Part]:
    """The parts by name; no name may come twice."""
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType(f"A form is multipart/form-data, not {request.mimetype!r}.")
    try:
        parts = read_parts(request.headers.get("Content-Type"), request.get_data(cache=False))
        by_name = {part.name: part for part in parts}
        # Here, as the text of a part and its filename are decoded when they are first asked for.
        for part in parts:
            _ = part.text if part.is_text and part.name not in _CONTENT_FIELDS else part.filename
    except Refused as refused:
        raise BadRequest(str(refused.refusal.words["reason"])) from None
    if len(parts) > _MOST_PARTS:
        raise RequestEntityTooLarge(f"A form has at most {_MOST_PARTS} parts, got {len(parts)}.")
    for name, times in Counter(part.name for part in parts).items():
        if times > 1:
            raise BadRequest(f"Two parts are named {quoted(name)}.")
    return by_name


def _seconds(name: str, text: str) -> int:
    # int() reads digits of other scripts, signs, spaces and underscores too.
    if not re.fullmatch(f"-?[0-9]{{1,{_MOST_DIGITS}}}", text):
        raise OptionError(f"{name} must be an integer, got {quoted(text)}.", word=text)
    return int(text)


Members = dict[str, Any]


def file_members(file: File) -> Members:
    """The file object of the API, and what it hides, such as the owner."""
    beside = ("status_details", "user", "content_type")
    return file_object(file) | {name: getattr(file, name) for name in beside}


def call_members(call: Call) -> Members:
    return {field.name: _plain(getattr(call, field.name)) for field in fields(call)}


def outcome_members(outcome: Outcome) -> Members:
    """What was answered, without the content of a file; or how the connection ended."""
    if isinstance(outcome, Severed):
        return {"severed": outcome.kind}
    body = outcome.body.decode("utf-8", "backslashreplace")
    delivered = asdict(outcome.delivery)
    return {"status": outcome.status, "headers": dict(outcome.headers), "body": body, **delivered}


def stub_words(stub: Stub) -> Members:
    """What a stub was made with, as `POST /__admin/stubs` takes it; of a function its name."""
    words = {name: _stub_word(value) for name, value in stub.given.items()}
    return words | {"times": stub.times, "check_file_ids": stub.check_file_ids}


def _stub_word(value: Any) -> Any:
    if value is NULL:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if callable(value):
        return getattr(value, "__qualname__", type(value).__qualname__)
    return dict(value) if isinstance(value, Mapping) else value


def armed_members(armed: ArmedFault) -> Members:
    """The fault by name, the words that it was armed with, what it did and will still do."""
    faults = [_fault_members(fault) for fault in armed.faults]
    alone = faults[0] if len(faults) == 1 else {"fault": [fault["fault"] for fault in faults]}
    return {
        "id": armed.id,
        "object": "fault",
        **alone,
        "faults": faults,
        **{
            field.name: _plain(getattr(armed.matcher, field.name))
            for field in fields(armed.matcher)
        },
        "hits": armed.hits,
        "remaining": armed.remaining,
    }


def catalogue() -> Members:
    """The operations, and each fault that a port can produce."""
    # These routes exist on a port only, and a port that listens can't refuse.
    served = (name for name in FAULTS if name not in IN_PROCESS_ONLY)
    return {"operations": list(NAMES.all), "faults": [_offered(name) for name in served]}


def _offered(name: str) -> Members:
    """What it is, its arguments and their defaults, those that it needs, its status if fixed."""
    function = FAULTS[name]
    parameters = inspect.signature(function).parameters.values()
    required = required_arguments(name)
    defaults = {one.name: None if one.name in required else one.default for one in parameters}
    return {
        "fault": name,
        "summary": (inspect.getdoc(function) or "").partition("\n")[0],
        "kind": _EFFECTS.get(get_type_hints(function)["return"], "body"),
        "required": required,
        "arguments": defaults,
        "status": status_of(name),
    }


_EFFECTS: dict[type, str] = {ErrorResponse: "answer", ConnectionFault: "connection"}
"""What a fault does to the exchange; all others spoil the answer's body, or its time."""


def _fault_members(fault: Fault) -> Members:
    values = {field.name: _plain(getattr(fault, field.name)) for field in fields(fault)}
    if isinstance(fault, ErrorResponse):
        values["headers"] = dict(fault.headers)
    del values["arguments"]
    return {"fault": values.pop("name"), **values}


def _plain(value: object) -> object:
    """As JSON has it: no mapping of ours, no tuple, no bytes."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
