"""Forms: a `multipart/form-data` body, read by the package `multipart`.

The package was measured against Werkzeug's parser: `benchmarks/`. Two things are done here. A body
as clients really send it is split at its boundaries, and the package reads the headers of its parts
(`_usual_parts`); whatever is unusual in it, the package judges all of it. And a filename is kept as
it was sent: the package drops what looks like a Windows path.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

try:
    from multipart import (
        MultipartError,
        MultipartSegment,
        PushMultipartParser,
        parse_options_header,
    )
except ImportError as error:
    raise ImportError(
        f"cannot read forms: {error}.\n"
        "The package `multipart` 1.2.2 or later is needed; before 0.0.13 the package "
        "`python-multipart` had a module of that name, and hides it.\n"
        "To fix it: pip install --upgrade multipart python-multipart",
        name="multipart",
    ) from error

from ..errors import quoted
from ..model.stub_answers import StubFile, StubForm
from .refusals import Refusal, Refused

_LONGEST_HEADER = 65_536
"""Bytes of one header line of a part; long enough for any filename."""

_MOST_HEADERS = 100
"""Header lines of one part. RFC 7578 names three, but clients may add their own."""

_LONGEST_FIELD = 8_192
"""Bytes of an unknown field that are kept."""


class FilePart(NamedTuple):
    """The part that carries the file."""

    filename: str
    content: bytes
    content_type: str


class Form(NamedTuple):
    """What an upload's form says: None for a part that isn't there, and the unknown text parts."""

    file: FilePart | None
    purpose: str | None
    fields: Mapping[str, str]


class Part(NamedTuple):
    """One part of a form."""

    segment: MultipartSegment
    name: str
    content_type: str
    content: bytes

    @property
    def is_text(self) -> bool:
        return self.segment.filename is None

    @property
    def filename(self) -> str | None:
        """As sent, decoded; empty where a browser's user has chosen no file."""
        return _filename(self.segment)

    @property
    def text(self) -> str:
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _invalid(f"The part {self.name!r} is not UTF-8: {error}.") from error


def read_form(content_type: str | None, body: bytes | Sequence[bytes]) -> Form:
    """The form of an upload. Further files are ignored, further texts kept as fields.

    Raises:
        Refused: when it can't be read, or has two files.
    """
    known: dict[str, Part] = {}
    fields: dict[str, str] = {}
    for part in read_parts(content_type, body):
        name = part.name
        if name not in ("file", "purpose"):
            if part.is_text:
                fields[name] = part.content[:_LONGEST_FIELD].decode("utf-8", "replace")
        elif name in known:
            raise _invalid(f"Two parts are named {name!r}.")
        else:
            known[name] = part
    purpose = known["purpose"].text if "purpose" in known else None
    return Form(file=_file(known.get("file")), purpose=purpose, fields=fields)


def read_parts(content_type: str | None, body: bytes | Sequence[bytes]) -> list[Part]:
    """The parts of any form, in their order.

    Raises:
        Refused: when it can't be read.
    """
    boundary = _boundary(content_type)
    try:
        if not isinstance(body, bytes):
            return _parse(boundary, body)
        usual = _usual_parts(boundary, body)
        return _parse(boundary, (body,)) if usual is None else usual
    except MultipartError as error:
        raise _invalid(f"The form cannot be read: {error.args[0]}.") from error
    except UnicodeError as error:
        raise _invalid(f"The form is not UTF-8: {error}.") from error
    # Older releases of the package let int() fail on a Content-Length of thousands of digits.
    except ValueError as error:
        raise _invalid(f"The form cannot be read: {error}.") from error


def read_stub_form(content_type: str | None, body: bytes) -> StubForm | None:
    """The form that was sent to a stubbed route, or None if it isn't one."""
    kind, _ = parse_options_header(content_type or "")
    try:
        if kind == "application/x-www-form-urlencoded":
            pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True)
            return StubForm(dict(pairs), {})
        if kind != "multipart/form-data":
            return None
        parts = read_parts(content_type, body)
        return StubForm(
            {part.name: part.text for part in parts if part.is_text},
            {
                part.name: StubFile(part.filename or "", part.content, part.content_type)
                for part in parts
                if not part.is_text
            },
        )
    # Not refused: only the test author knows what this route takes.
    except (Refused, ValueError):
        return None


_USUAL_TYPE = "multipart/form-data; boundary="


def _boundary(content_type: str | None) -> str:
    # What clients send: a word, which needs no reading.
    if content_type is not None and content_type.startswith(_USUAL_TYPE):
        word = content_type[len(_USUAL_TYPE) :]
        if word.isalnum() and word.isascii():
            return word
    kind, options = parse_options_header(content_type or "")
    if kind != "multipart/form-data":
        got = quoted(content_type) if content_type else "a body without a Content-Type"
        words = {"got": got, "content_type": content_type or ""}
        raise Refused(Refusal("unsupported_media_type", words))
    boundary = options.get("boundary")
    if not boundary:
        raise _invalid("The Content-Type names no boundary.")
    return str(boundary)


def _invalid(message: str) -> Refused:
    return Refused(Refusal("invalid_multipart", {"reason": message}))


def _usual_parts(boundary: str, body: bytes) -> list[Part] | None:
    """The parts of a body with nothing unusual around its boundaries; else None."""
    delimiter = f"\r\n--{boundary}".encode()
    if not body.startswith(delimiter[2:]):
        return None
    parts: list[Part] = []
    begin = len(delimiter) - 2
    while (end := _place_of(delimiter, body, begin)) >= 0:
        # The headers, from the line break after the boundary to the one before the empty line.
        empty = body.find(b"\r\n\r\n", begin, end)
        head = _head(body[begin:empty]) if empty > begin else None
        if head is None:
            return None
        parts.append(Part(*head, body[empty + 4 : end]))
        begin = end + len(delimiter)
    return parts if body[begin:] in (b"--\r\n", b"--") else None


def _place_of(delimiter: bytes, body: bytes, begin: int) -> int:
    # By its first bytes: to look for all of it takes five times as long in many a content, such as
    # a letter that is repeated.
    place = body.find(b"\r\n--", begin)
    while place >= 0 and not body.startswith(delimiter, place):
        place = body.find(b"\r\n--", place + 4)
    return place


_LONGEST_REMEMBERED = 1_024
"""Bytes of the headers of a part."""


@lru_cache(maxsize=64)  # a client sends the same ones each time
def _head(headers: bytes) -> tuple[MultipartSegment, str, str] | None:
    """What the package reads from the headers of a part, as in `Part`; None for what it must judge
    in place.
    """
    # A part that announces its length must have it.
    if (
        not headers.startswith(b"\r\n")
        or len(headers) > _LONGEST_REMEMBERED
        or b"length" in headers.lower()
    ):
        return None
    try:
        (part,) = _read_parts("-", (b"---" + headers + b"\r\n\r\n\r\n-----",))
    except MultipartError:
        return None
    return part[:3]


def _parse(boundary: str, body: Sequence[bytes]) -> list[Part]:
    try:
        return _read_parts(boundary, body)
    # The package refuses padding after a boundary, which RFC 2046 (5.1.1) allows. It is so rare
    # that it is only looked for in a form that can't be read.
    except MultipartError:
        unpadded = _without_padding(boundary, b"".join(body))
        if unpadded is None:
            raise
    return _read_parts(boundary, (unpadded,))


_PADDING = re.compile(rb"[ \t]+(?=\r\n)")


def _without_padding(boundary: str, body: bytes) -> bytes | None:
    """The body without padding after its boundaries; None if there is none."""
    # Found by `find`: an expression over the whole body takes ten times as long as to read a form.
    delimiter = b"--" + boundary.encode()
    kept: list[bytes] = []
    begin, at = 0, body.find(delimiter)
    while at >= 0:
        end = at + len(delimiter)
        padding = _PADDING.match(body, end)
        if padding and (at == 0 or body[at - 2 : at] == b"\r\n"):
            kept.append(body[begin:end])
            begin = padding.end()
        at = body.find(delimiter, end)
    return b"".join((*kept, body[begin:])) if kept else None


def _read_parts(boundary: str, body: Iterable[bytes]) -> list[Part]:
    limits = {"max_header_size": _LONGEST_HEADER, "max_header_count": _MOST_HEADERS}
    parts: list[Part] = []
    parser = PushMultipartParser(boundary, **limits)
    try:
        with parser:
            segment: MultipartSegment | None = None
            pieces: list[bytes] = []
            for event in (event for data in body if data for event in parser.parse(data)):
                if isinstance(event, MultipartSegment):
                    segment, pieces = event, []
                elif event is not None:
                    pieces.append(event)
                elif segment is not None:
                    # A large file comes as one piece; neither this nor `bytes` copies it.
                    content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
                    kind = str(segment.content_type or "application/octet-stream")
                    parts.append(Part(segment, str(segment.name), kind, bytes(content)))
    except MultipartError as error:
        # The parser refers to the error, and so does a frame in the traceback of the error:
        # together they would stay in memory, with the body, until the next garbage collection.
        parser.error = None
        raise error.with_traceback(None) from None
    return parts


def _file(part: Part | None) -> FilePart | None:
    filename = None if part is None else part.filename
    # Browsers send an empty filename where no file was chosen (HTML, entry list).
    if part is None or not filename:
        return None
    return FilePart(filename=filename, content=part.content, content_type=part.content_type)


# A filename without any of these is read by the package as it was sent.
_MARKED = re.compile(r"[\\%*]")
_USUAL_QUOTES = 4
"""Around the name and the filename; more of them are part of the filename."""
_EXTENDED = re.compile(r""";\s*filename\*\s*=\s*"?([\w-]+)'[^']*'([^;"\s]*)""", re.IGNORECASE)
_QUOTED = re.compile(r';\s*filename\s*=\s*"((?:\\.|[^"\\])*)"\s*(?=;|$)', re.IGNORECASE | re.DOTALL)
_BEGIN = re.compile(r';\s*filename\s*=\s*"', re.IGNORECASE)
_END = re.compile(r'"\s*(?=;|$)')
_CHARSETS = {"utf-8": "utf-8", "iso-8859-1": "latin-1"}
"""What RFC 5987 (3.2.1) asks for; Python's further codecs make text that cannot be sent."""
# Nothing else is decoded: browsers send `%41` as it stands in the name.
_ESCAPE = re.compile(r'\\(["\\])|%(22|0[0-9A-Fa-f]|1[0-9A-Fa-f])')


def _filename(segment: MultipartSegment) -> str | None:
    """As sent, decoded."""
    disposition: str = segment.header("Content-Disposition", "")
    if not _MARKED.search(disposition) and disposition.count('"') <= _USUAL_QUOTES:
        return _plain(segment)
    # `filename*` (RFC 5987) wins over the plain parameter (RFC 6266, 4.3).
    quoted = _QUOTED.search(disposition)
    extended = _EXTENDED.search(_without(quoted, disposition))
    if extended:
        return _decoded(*extended.groups())
    plain = quoted[1] if quoted else _up_to_the_last_quote(disposition)
    # Browsers, httpx and urllib3 write quotes and control characters as percent escapes (HTML,
    # multipart form data). httpx doubles a backslash, and older curl writes one before a quote; any
    # other backslash stays.
    return _plain(segment) if plain is None else _ESCAPE.sub(_unescaped, plain)


def _without(quoted: re.Match[str] | None, disposition: str) -> str:
    """Text in quotes is part of a name, even if it looks like a parameter."""
    if quoted is None:
        return disposition
    return disposition[: quoted.start()] + disposition[quoted.end() :]


def _up_to_the_last_quote(disposition: str) -> str | None:
    """Of a filename with quotes that nobody escaped."""
    # It can't be told which of them ends the name.
    begin = _BEGIN.search(disposition)
    if begin is None:
        return None
    ends = [end.start() for end in _END.finditer(disposition, begin.end())]
    return disposition[begin.end() : ends[-1]] if ends else None


def _plain(segment: MultipartSegment) -> str | None:
    # The package has no types.
    filename: str | None = segment.filename
    return filename


def _unescaped(found: re.Match[str]) -> str:
    character, code = found.groups()
    return character or chr(int(code, 16))


def _decoded(charset: str, value: str) -> str:
    codec = _CHARSETS.get(charset.lower())
    if codec is None:
        raise _invalid(f"The filename is in {quoted(charset)}, not in {' or '.join(_CHARSETS)}.")
    try:
        return unquote(value, encoding=codec, errors="strict")
    except UnicodeDecodeError as error:
        message = f"The filename {quoted(value)} is not {quoted(charset)}: {error}."
        raise _invalid(message) from error
