"""The arguments of the command, made from tables, and how their texts are read."""

import argparse
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from ..errors import OptionError
from ..faults import FAULTS, IN_PROCESS_ONLY
from ..mock import FilesMock
from ..model.faults import Fault
from ..model.headers import content_type_of
from ..model.stub_answers import NULL
from ..options import OPTIONS, Flag, Option
from ..state.armed_faults import MATCHER_WORDS, fault_and_matcher_words


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, and ends with status 2."""

    def error(self, message: str) -> NoReturn:
        sys.exit(fail(message))


def say(message: str) -> None:
    # Some messages have several lines; scripts and log collectors read one.
    sys.stderr.write(f"eugpt-files-mock: {' '.join(message.split())}\n")
    sys.stderr.flush()


def fail(message: str) -> int:
    """Say what is wrong; the exit status that goes with it."""
    say(message)
    return 2


_LONGEST_TIMEOUT = 2_000_000
"""Seconds: the system waits for so many milliseconds at most as fit into 32 bits."""


def check_timeout(value: float) -> None:
    """Check a number of seconds, which isn't endless."""
    # Written so that nan is refused too.
    if not 0 < value <= _LONGEST_TIMEOUT:
        raise OptionError(
            f"--timeout must be over 0 and at most {_LONGEST_TIMEOUT} s, got {value:g}.", word=value
        )


# A fault and what it hits in one argument.

FORM = "OPERATIONS:FAULT[:WORD=VALUE]…"
"""Operations: one, several with commas, or `*`. Fault: a name of `faults.py`, or a status."""


def parse_fault(text: str) -> tuple[Fault, dict[str, Any]]:
    """The fault, and the arguments of `FilesMock.inject` that say what it hits."""
    operations, _, rest = text.partition(":")
    name, _, words = rest.partition(":")
    if not operations or not name:
        raise OptionError(
            f"A fault is written {FORM}, such as upload:503:times=2; got {text!r}.", word=text
        )
    pairs = _NEXT_WORD.split(words) if words else []
    fault, matcher = fault_and_matcher_words(name, dict(map(_pair, pairs)))
    return fault, matcher | {"on": tuple(operations.split(","))}


def _pair(text: str) -> tuple[str, Any]:
    word, equals, value = text.partition("=")
    if not equals:
        raise OptionError(f"{word} needs a value, such as {word}=1.", word=text)
    try:
        return word, _READ.get(word, str)(value)
    except ValueError:
        raise OptionError(f"{word}: cannot read {value!r}.", word=value) from None


def _times(value: str) -> int | None:
    return None if value == "always" else int(value)


def _boolean(value: str) -> bool:
    words = {"true": True, "false": False}
    return words[value] if value in words else bool(int(value))


def _seconds_or_date(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value


def _headers(value: str) -> dict[str, str]:
    """`Name=value`, several separated by commas."""
    return {name: text for name, _, text in (pair.partition("=") for pair in value.split(","))}


_READ: dict[str, Callable[[str], Any]] = {
    "status": int,
    "headers": _headers,
    "retry_after": _seconds_or_date,
    "seconds": float,
    "jitter": float,
    "after_bytes": int,
    "chunk_bytes": int,
    "times": _times,
    "skip": int,
    "every": int,
    "probability": float,
    "optional": _boolean,
}
"""How the value of a word is read; all others are strings."""

_NEXT_WORD = re.compile(rf":(?=\w+=|(?:{'|'.join((*_READ, *MATCHER_WORDS))})(?::|$))")
"""Other colons belong to the value in which they stand, such as that of `message`."""


def fault_lines() -> Iterator[str]:
    """What the command `faults` prints; arguments without `=` are required."""
    for name, function in FAULTS.items():
        words = [
            parameter.name
            if parameter.default is parameter.empty
            else f"{parameter.name}={parameter.default}"
            for parameter in inspect.signature(function).parameters.values()
        ]
        summary = (inspect.getdoc(function) or "").partition("\n")[0]
        only = " (In process only.)" if name in IN_PROCESS_ONLY else ""
        yield f"{' '.join([name, *words])}\n    {summary}{only}"
    yield ""
    yield f"On the command line: --fault '{FORM}', such as"
    yield "    --fault upload:503:times=2    --fault list,retrieve:delay:seconds=1.5"


def _stub(text: str) -> tuple[str, str, Path]:
    """Method, path below the base URL, and the file with the answer."""
    route, _, file = text.partition("=")
    method, _, path = route.partition(" ")
    if not (path and file):
        raise OptionError(
            f"{text!r} is no stub: expected 'METHOD /PATH=FILE', such as "
            "'POST /responses=answer.json'",
            word=text,
        )
    return method, path.strip(), Path(file)


def _with_our_messages(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Show our own messages: for an OptionError, argparse would only say `invalid value`."""

    def reading(text: str) -> Any:
        try:
            return read(text)
        except OptionError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    # As argparse names it where the text isn't a number: "invalid int value".
    reading.__name__ = read.__name__
    return reading


Words = dict[str, Any]
"""What `add_argument` takes."""


def _of_an_option(option: Option, flag: Flag) -> Words:
    # An option that isn't given is None, so that its own default applies.
    words: Words = {"default": None, "help": _help(option, flag).replace("%", "%%")}
    if flag.sets is not None:
        return words | {"action": "store_const", "const": flag.sets}
    words |= {"metavar": flag.metavar, "type": _with_our_messages(flag.read)}
    if flag.choices:
        words |= {"choices": flag.choices}
    return words | {"action": "append"} if flag.collect else words


def _help(option: Option, flag: Flag) -> str:
    """The meaning, and the values in words of the command line."""
    parts = [option.meaning.replace("`", "")]
    if flag.values:
        parts.append(f": {flag.values}")
    if flag.collect is not None:
        parts.append("; may be repeated")
    default = option.default if flag.default is None else flag.default
    if isinstance(default, str):
        parts.append(f" ({default})")
    return "".join(parts)


def given_options(words: argparse.Namespace) -> dict[str, Any]:
    """The options of `FilesMock` that stand on the command line."""
    given: dict[str, Any] = {}
    for name, option in OPTIONS.items():
        value = getattr(words, name, None)
        if option.flag is not None and value is not None:
            given[name] = option.flag.collect(value) if option.flag.collect else value
    return given


SERVE: dict[str, Words] = {
    "--host": {"default": "127.0.0.1", "help": "address to bind (127.0.0.1)"},
    "--port": {"type": int, "default": 8080, "help": "0 takes a free one (8080)"},
    **{
        option.flag.name: {"dest": name, **_of_an_option(option, option.flag)}
        for name, option in OPTIONS.items()
        if option.flag is not None
    },
    "--fault": {
        "action": "append",
        "type": _with_our_messages(parse_fault),
        "metavar": FORM,
        "help": "arm a fault, such as upload:503:times=2; may be repeated; see the command faults",
    },
    "--stub": {
        "action": "append",
        "type": _with_our_messages(_stub),
        "metavar": "'METHOD /PATH=FILE'",
        "help": "answer another route with a file, such as 'POST /responses=answer.json'; "
        "may be repeated",
    },
    "--files": {"type": Path, "metavar": "DIR", "help": "begin with the files in DIR"},
    "--fake": {
        "type": int,
        "default": 0,
        "metavar": "N",
        "help": "begin with N invented documents",
    },
    "--admin-token": {
        "metavar": "T",
        "help": "what /__admin asks for; it is absent without one, unless the host is loopback. "
        "Better in the environment, as EUGPT_ADMIN_TOKEN: everybody can read a command line",
    },
    "--allow-host": {
        "dest": "allow_hosts",
        "action": "append",
        "default": [],
        "metavar": "NAME",
        "help": "a name that the server may be asked for, such as that of its container; "
        "may be repeated",
    },
    "--log": {
        "choices": ("text", "json", "none"),
        "default": "text",
        "help": "a line for each request, on standard error (text)",
    },
    "--check": {
        "action": "store_true",
        "help": "end with status 1 if a fault never fired, or an unknown route was called",
    },
    "--report": {
        "action": "store_true",
        "help": "at the end, print what the code under test did with the failures that it met; "
        "errors end with status 1",
    },
}
"""Argument of `serve` → the words of `add_argument`."""


def answer_with_file(mock: FilesMock, method: str, path: str, file: Path) -> None:
    """JSON from a file that ends so; of any other the bytes, with the content type of its name."""
    content = file.read_bytes()
    if file.suffix != ".json":
        headers = {"Content-Type": content_type_of(file.name)}
        mock.stub(method, path, body=content, headers=headers)
        return
    try:
        value = json.loads(content)
    except ValueError as error:
        raise OptionError(f"argument --stub: {str(file)!r}: {error}", word=file) from None
    # json=None means that no JSON is given; a file may hold `null`.
    mock.stub(method, path, json=NULL if value is None else value)
