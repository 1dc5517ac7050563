"""Bad input that somebody thought of: each case is answered in good order, and stores nothing by
half. What nobody thought of is in `test_fuzz.py`.
"""

from __future__ import annotations

import contextlib
import time

import httpx
import pytest

from eugpt_files_mock import FilesMock
from eugpt_files_mock.service.multipart import read_form
from eugpt_files_mock.service.refusals import Refused

from .forms import CONTENT_TYPE, FILE, PURPOSE, form, upload_form

HEADERS = {"Authorization": "Bearer eugpt_key", "Content-Type": CONTENT_TYPE}
NAMED = b'Content-Disposition: form-data; name="file"; '


def post(mock: FilesMock, body: bytes, content_type: str = CONTENT_TYPE) -> httpx.Response:
    headers = HEADERS | {"Content-Type": content_type}
    return httpx.post(f"{mock.base_url}/files", content=body, headers=headers, verify=False)


@pytest.mark.parametrize(
    "parameter",
    [
        b"filename*=unicode_escape''%5Cud800",
        b"filename*=utf-16-le''%00%d8",
        b"filename*=utf-7''+2AA-",
        b"filename*=punycode''%ff",
        b"filename*=idna''xn--%ff",
        b"filename*=hex''61",
        b"filename*=undefined''a",
        b"filename*=no-such-charset''a",
        b"filename*=utf-8''%ed%a0%80",
        b"filename*=utf-8''%ff",
        b'filename="\xff"',
        b'filename="\xed\xa0\x80"',
    ],
)
def test_a_name_that_is_no_text_is_refused(mock: FilesMock, parameter: bytes) -> None:
    """Python's own codecs would make half a character of some, which no answer can carry."""
    response = post(mock, upload_form(NAMED + parameter))

    assert (400, "invalid_multipart") == (response.status_code, response.json()["error"]["code"])
    assert [] == list(mock.files)


@pytest.mark.parametrize(
    ("parameter", "filename"),
    [
        (b"filename*=UTF-8''na%C3%AFve.txt", "naïve.txt"),
        (b"filename*=iso-8859-1'en'na%EFve.txt", "naïve.txt"),
        (b'filename="a\x00b.txt"', "a\0b.txt"),
        (b'filename="a%0D%0Ab.txt"', "a\r\nb.txt"),
        (b'filename="a\r\n b.txt"', "a b.txt"),
        (b'filename="../../etc/passwd"', "../../etc/passwd"),
        (b'filename="CON"', "CON"),
        (b"filename=\"a; filename*=utf-8''b.txt\"", "a; filename*=utf-8''b.txt"),
        (b"filename=\"a\"; filename*=utf-8''b.txt", "b.txt"),
        (b"filename*=utf-8''b.txt; filename=\"a\"", "b.txt"),
        (b'filename="' + b"x" * 60_000 + b'"', "x" * 60_000),
        ('filename="\u202etxt.exe"'.encode(), "\u202etxt.exe"),
    ],
)
def test_a_name_with_strange_characters_is_only_a_name(
    mock: FilesMock, parameter: bytes, filename: str
) -> None:
    """A path, a device of Windows, a mark that reverses text: stored, and no more."""
    response = post(mock, upload_form(NAMED + parameter))

    assert (200, filename) == (response.status_code, response.json()["filename"])
    assert [filename] == [file.filename for file in mock.files]


@pytest.mark.parametrize(
    ("parameter", "end"),
    [
        (b'filename="x;', b"%"),
        (b"\\", b""),
        (b'" ', b"%"),
        (b";filename*=a'", b""),
        (b" ", b"%"),
    ],
    ids=["beginnings", "backslashes", "quotes", "charsets", "blanks"],
)
def test_a_header_made_to_be_slow_is_read_in_one_pass(parameter: bytes, end: bytes) -> None:
    """Sixteen times the header takes about sixteen times the processor, not the square of it."""
    short, long = (
        _processor_seconds(NAMED + b'filename="' + parameter * (size // len(parameter)) + end)
        for size in (4_000, 64_000)
    )

    assert long < 100 * max(short, 0.001)


def _processor_seconds(file_headers: bytes) -> float:
    body = upload_form(file_headers)

    def once() -> float:
        began = time.process_time()
        with contextlib.suppress(Refused):
            read_form(CONTENT_TYPE, body)
        return time.process_time() - began

    return min(once() for _ in range(3))


def test_ten_thousand_parts_that_nobody_asked_for_are_ignored(mock: FilesMock) -> None:
    """A form has no limit of parts, and the file comes after all of these."""
    others = [
        (b'Content-Disposition: form-data; name="x%d"' % number, b"") for number in range(10_000)
    ]

    response = post(mock, form((PURPOSE, b"assistants"), *others, (FILE, b"content")))

    assert (200, 7) == (response.status_code, response.json()["bytes"])


def test_text_fields_may_be_huge(mock: FilesMock) -> None:
    """Neither an unknown field of 8 MB nor a purpose of that size is refused."""
    huge = b"x" * 8_000_000
    other = b'Content-Disposition: form-data; name="other"'

    response = post(mock, form((other, huge), (PURPOSE, huge), (FILE, b"content")))

    assert (200, 8_000_000) == (response.status_code, len(response.json()["purpose"]))


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (FILE + b"\r\nX-Bomb: 1" * 1_000, "invalid_multipart"),
        (FILE + b"\r\nX-Bomb: " + b"x" * 100_000, "invalid_multipart"),
        (FILE + b"\r\n x" * 40_000, "invalid_multipart"),
        (FILE + b"\r\nContent-Length: 1", "invalid_multipart"),
        (FILE + b"\r\nContent-Length: 1000", "invalid_multipart"),
        (FILE + b"\r\nContent-Length: 7\r\nContent-Length: 8", "invalid_multipart"),
        (FILE + b"\r\nContent-Length: " + b"9" * 5_000, "invalid_multipart"),
        (b"Content-Disposition: attachment; filename=a.txt", "invalid_multipart"),
        (b"X: y", "invalid_multipart"),
        (b"no colon", "invalid_multipart"),
        (b": no name", "invalid_multipart"),
        (b'Content-Disposition: form-data; filename="a.txt"', "missing_file"),
        (NAMED + b'filename=""', "missing_file"),
        (NAMED[:-2], "missing_file"),
    ],
)
def test_a_part_with_impossible_headers_is_refused(
    mock: FilesMock, headers: bytes, code: str
) -> None:
    """Too many, too long, no name, or a length that the content doesn't have."""
    response = post(mock, upload_form(headers))

    assert (400, code) == (response.status_code, response.json()["error"]["code"])
    assert [] == list(mock.files)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("", 415),
        (";", 415),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        ('multipart/form-data; boundary=""', 400),
        ('multipart/form-data; boundary="the-boundary', 400),
        ("multipart/form-data;" + " ;" * 30_000, 400),
        ("multipart/form-data; boundary=" + "x" * 60_000, 400),
        ("multipart/form-data; boundary=the-boundary; boundary=other", 400),
        ("multipart/mixed; boundary=the-boundary", 415),
        ("application/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data, application/json", 415),
        ('MULTIPART/Form-Data; charset=utf-8; BOUNDARY="the-boundary"', 200),
    ],
)
def test_a_content_type_is_read_as_it_stands(
    mock: FilesMock, content_type: str, status: int
) -> None:
    """Another type is 415, one without a usable boundary 400; capitals make no difference."""
    response = post(mock, upload_form(), content_type)

    assert status == response.status_code
    assert int(status == 200) == len(mock.files)


def test_a_refusal_does_not_repeat_the_whole_request(mock: FilesMock) -> None:
    """The filename has 60,000 bytes, the answer fewer than 1,000."""
    response = post(mock, upload_form(NAMED + b'filename="\xff' + b"x" * 60_000 + b'"'))

    assert 1_000 > len(response.content)
