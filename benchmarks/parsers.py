"""Why the forms are read by the package `multipart`: the same forms, read by Werkzeug's parser."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from io import BytesIO

from werkzeug.formparser import FormDataParser

from eugpt_files_mock.service.multipart import read_form

from .measure import Measured, ratio, seconds
from .table import Row

_TYPE = "multipart/form-data"
_boundaries = (f"boundary-{number}" for number in itertools.count())


def rows() -> list[Row]:
    """A small form and a large one."""
    return [
        Row(
            what=f"reading a form of {label}, with `multipart`",
            against="Werkzeug's parser",
            measure=partial(_measure, size, calls),
            at_most=1.0,
        )
        for label, size, calls in (("1 KB", 1024, 50), ("64 MB", 64_000_000, 1))
    ]


def _measure(size: int, calls: int, rounds: int) -> Measured:
    content = b"x" * size
    return ratio(
        lambda: _seconds(_ours, content, calls),
        lambda: _seconds(_theirs, content, calls),
        rounds=max(5, rounds // 2),
    )


def _seconds(read: Callable[[str, bytes], None], content: bytes, calls: int) -> float:
    """Every form has a boundary of its own, as clients make them."""
    forms = iter([_form(content) for _ in range(3 * calls)])
    return seconds(lambda: read(*next(forms)), calls=calls, tries=3)


def _form(content: bytes) -> tuple[str, bytes]:
    boundary = next(_boundaries)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    )
    return boundary, b"".join((head.encode(), content, f"\r\n--{boundary}--\r\n".encode()))


def _ours(boundary: str, body: bytes) -> None:
    form = read_form(f"{_TYPE}; boundary={boundary}", body)
    assert form.file is not None
    assert form.purpose == "assistants"


def _theirs(boundary: str, body: bytes) -> None:
    parser = FormDataParser(stream_factory=lambda *_, **__: BytesIO(), silent=False)
    _, form, files = parser.parse(BytesIO(body), _TYPE, len(body), {"boundary": boundary})
    assert files["file"].read()
    assert form["purpose"] == "assistants"
