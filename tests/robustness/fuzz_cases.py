"""Upload requests that were sound once: a seeded chance alters their type, headers and body."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from .forms import BOUNDARY, CONTENT_TYPE, FILE, PURPOSE, form

MOST_BYTES = 1_000
"""What the mocks allow for a file, so that 413 comes too."""

_NAMED = b'Content-Disposition: form-data; name="file"; '
_SOUND = (
    form((PURPOSE, b"assistants"), (FILE, b"content")),
    form((FILE + b"\r\nContent-Type: text/plain", b"\r\n--\r\n" * 9), (PURPOSE, b"batch")),
    form((PURPOSE, b"batch"), (_NAMED + b"filename*=utf-8''na%C3%AFve.txt", b"")),
    form((PURPOSE, b"batch"), (_NAMED + b'filename="a\\"b%22.txt"', b"x" * 900)),
    form((PURPOSE, b"user data"), (FILE, bytes(range(256))), (PURPOSE[:-2] + b'x"', b"y")),
)
_TYPES = (
    CONTENT_TYPE,
    'multipart/form-data; boundary="the-boundary"; charset=utf-8',
    "Multipart/Form-Data;boundary=the-boundary",
)
_WORDS = (
    b"\r\n", b"\n", b"\r", b"\0", b"--", b"-", b'"', b"'", b"\\", b"%", b"%00", b"%22", b";", b"=",
    b":", b" ", b"*", b"\xff", b"\xc3", b"\xed\xa0\x80", b"filename=", b"filename*=utf-8''",
    b"filename*=utf-16''", b"unicode_escape''%5Cud800", b"name=", b"file", b"purpose",
    b"Content-Disposition: form-data",
    b"Content-Length: 3\r\n", b"Content-Type: text/plain\r\n", b"Content-Transfer-Encoding: base64",
    b"x" * 1_100, b"--" + BOUNDARY, b"\r\n--" + BOUNDARY + b"\r\n", b"--" + BOUNDARY + b"--",
)  # fmt: skip
_HEADERS = (
    ("Content-Encoding", "gzip"),
    ("Content-Disposition", "form-data; name=file"),
    ("X-Bomb", "x" * 5_000),
    ("X-Bomb", "\x00\xff\t"),
    ("Accept", "text/nothing"),
    ("Cookie", ";" * 100),
    ("Range", "bytes=9-1"),
    ("If-Match", "*"),
)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """An upload request, sound or not."""

    content_type: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def mutant(seed: str) -> Mutant:
    """The same for the same seed."""
    rng = random.Random(seed)
    body, kind = rng.choice(_SOUND), rng.choice(_TYPES).encode("latin-1")
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3, 8))):
        body = rng.choice(_MUTATIONS)(body, rng)
    if rng.random() < 0.15:
        kind = rng.choice(_MUTATIONS)(kind, rng)
    kind = kind.translate(None, b"\r\n\0")
    headers = tuple(rng.choice(_HEADERS) for _ in range(rng.choice((0, 0, 0, 1, 3))))
    return Mutant(content_type=kind.decode("latin-1"), headers=headers, body=body)


def _cut(body: bytes, rng: random.Random) -> bytes:
    return body[: rng.randrange(len(body) + 1)]


def _delete(body: bytes, rng: random.Random) -> bytes:
    start, end = _range(body, rng)
    return body[:start] + body[end:]


def _repeat(body: bytes, rng: random.Random) -> bytes:
    start, end = _range(body, rng)
    return body[:end] + body[start:end] * rng.choice((1, 1, 1, 20)) + body[end:]


def _move(body: bytes, rng: random.Random) -> bytes:
    start, end = _range(body, rng)
    rest = body[:start] + body[end:]
    place = rng.randrange(len(rest) + 1)
    return rest[:place] + body[start:end] + rest[place:]


def _alter(body: bytes, rng: random.Random) -> bytes:
    altered = bytearray(body)
    for _ in range(rng.choice((1, 1, 2, 5))):
        if altered:
            altered[rng.randrange(len(altered))] = rng.randrange(256)
    return bytes(altered)


def _insert(body: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(body) + 1)
    return body[:place] + rng.choice(_WORDS) + body[place:]


def _exchange(body: bytes, rng: random.Random) -> bytes:
    old, new = rng.choice(_WORDS), rng.choice(_WORDS)
    return body.replace(old, new, rng.choice((1, 1, -1)))


def _range(body: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(body) + 1)
    return start, min(len(body), start + rng.choice((1, 2, 10, 100)))


_MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _cut,
    _delete,
    _repeat,
    _move,
    _alter,
    _insert,
    _insert,
    _exchange,
)
