"""What a form may look like, beyond what clients usually send."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multipart import parse_options_header

from eugpt_files_mock.service.multipart import Form, read_form, read_parts
from eugpt_files_mock.service.refusals import Refused

TYPE = "multipart/form-data; boundary=limit"


def form(disposition: str, *headers: str, padding: str = "", content: str = "abc") -> Form:
    """A form with one file, in pieces of one byte."""
    head = "\r\n".join([f"Content-Disposition: form-data; {disposition}", *headers])
    text = (
        f"--limit{padding}\r\n{head}\r\n\r\n{content}\r\n"
        f'--limit{padding}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f"--limit--{padding}\r\n"
    )
    body = text.encode()
    return read_form(TYPE, [body[at : at + 1] for at in range(len(body))])


@pytest.mark.parametrize("padding", ["", " ", "\t", " \t  "])
def test_a_boundary_may_be_padded(padding: str) -> None:
    """RFC 2046, 5.1.1. What looks like a padded boundary within a line is content."""
    content = "one\r\ntwo --limit  \r\n"

    read = form('name="file"; filename="a.txt"', padding=padding, content=content)

    assert read.file is not None
    assert ("batch", content.encode()) == (read.purpose, read.file.content)


@pytest.mark.parametrize("padding", ["x", " x", "-"])
def test_other_bytes_after_a_boundary_are_refused(padding: str) -> None:
    """RFC 2046, 5.1.1, allows only spaces and tabs there."""
    with pytest.raises(Refused, match="cannot be read"):
        form('name="file"; filename="a.txt"', padding=padding)


def test_a_part_may_have_many_headers() -> None:
    """RFC 7578 names three, but clients may add headers of their own."""
    headers = [f"X-Header-{number}: {number}" for number in range(50)]

    read = form('name="file"; filename="a.txt"', *headers)

    assert read.file is not None
    assert "a.txt" == read.file.filename


@pytest.mark.parametrize(
    ("sent", "filename"),
    [
        ('"a.txt"', "a.txt"),
        ('"a"b.txt"', 'a"b.txt'),
        ('""a"b".txt"', '"a"b".txt'),
        ('"a"b.txt"; x="1"', 'a"b.txt"; x="1'),
        ('"a\\"b.txt"', 'a"b.txt'),
        ('"a%22b.txt"', 'a"b.txt'),
        ('"a.txt"; x="1"', "a.txt"),
        ("a.txt", "a.txt"),
    ],
)
def test_quotes_that_nobody_escaped_belong_to_the_filename(sent: str, filename: str) -> None:
    """Up to the last quote, since it can't be told which of them ends the name."""
    read = form(f'name="file"; filename={sent}')

    assert read.file is not None
    assert filename == read.file.filename


HEAD = (
    b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nx\r\n--b\r\n'
    b'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
)
LARGE = [b"x" * 65_536] * 300
NO_FORMS = {
    "no form": LARGE,
    "a form without its last line": [HEAD, *LARGE],
    "what looks like padding": [HEAD, b"--b x\r\n", *LARGE],
}


@pytest.mark.parametrize("body", NO_FORMS.values(), ids=NO_FORMS)
def test_to_refuse_a_large_body_takes_about_as_long_as_to_read_it(body: list[bytes]) -> None:
    """The whole process stands still meanwhile (GIL)."""

    def used(body: list[bytes]) -> float:
        began = time.process_time()
        with suppress(Refused):
            read_form("multipart/form-data; boundary=b", body)
        return time.process_time() - began

    whole = [HEAD, *LARGE, b"\r\n--b--\r\n"]
    # Interleaved, and the best of each: other programs run on this machine, too.
    times = [(used(whole), used(body)) for _ in range(5)]
    assert 6 * min(read for read, _ in times) > min(refused for _, refused in times)


# -- forms as clients send them, which are split here --------------------------------------------

USUAL = (
    'Content-Disposition: form-data; name="file"; filename="a.txt"',
    'Content-Disposition: form-data; name="purpose"',
    'content-disposition: form-data; name="\N{SNOWMAN}"; filename="C:\\\\plan.pdf"',
    'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain',
    'Content-Type: text/plain\r\nContent-Disposition: form-data; name="note"',
)
ODD = (
    'Content-Disposition: form-data;\r\n name="folded"',
    'Content-Disposition: form-data; name="file"; filename="a"\r\nContent-Length: 3',
    'Content-Disposition: attachment; name="file"',
    'Content-Disposition: form-data; name="a\nb"',
    "X-Only: 1",
    "no colon",
    "",
)
CONTENTS = (b"", b"abc", b"one\r\n\r\ntwo", b"--limit", b"\r\n", b"-", b"\r\n--limi", b"\xff\x00")
ENDS = (b"--\r\n", b"--", b"--\r\nafter", b"", b"-", b"\r\n")
PIECES = (
    b"\r\n",
    b"\r",
    b"\n",
    b"--",
    b"--limit",
    b"\r\n--limit",
    b"\r\n\r\n",
    b" ",
    b"x",
    b":",
    b"\xe9",
)

heads = st.sampled_from(USUAL) | st.sampled_from(USUAL) | st.sampled_from(ODD)
parts = st.tuples(heads, st.sampled_from(CONTENTS) | st.binary(max_size=20))
ends = st.sampled_from(ENDS[:2]) | st.sampled_from(ENDS)
mutations = st.tuples(st.integers(0, 400), st.integers(0, 4), st.sampled_from((b"", *PIECES)))


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A form, as it should be or with a few bytes replaced."""
    body = b"".join(
        b"--limit\r\n%b\r\n\r\n%b\r\n" % (head.encode(), content)
        for head, content in draw(st.lists(parts, max_size=4))
    )
    body += b"--limit" + draw(ends)
    for anywhere, length, piece in draw(st.lists(mutations, max_size=2)):
        place = anywhere % (len(body) + 1)
        body = body[:place] + piece + body[place + length :]
    return body


def read(body: bytes | list[bytes]) -> object:
    """What is read, or why it can't be."""
    try:
        return [
            (part.segment.headerlist, part.name, part.segment.filename, part.content)
            for part in read_parts(TYPE, body)
        ]
    except Refused as refused:
        return refused.refusal


@given(bodies())
@settings(max_examples=500, derandomize=True, deadline=None, database=None)
def test_a_form_is_split_as_the_package_reads_it(body: bytes) -> None:
    """A body in pieces is read by the package, so a list of one piece is what it says."""
    assert read([body]) == read(body)


@pytest.mark.parametrize("boundary", ["limit", '"limit"', "a'b", "limit; charset=utf-8", "é", ""])
def test_a_boundary_is_that_of_the_package(boundary: str) -> None:
    """Also where it is in quotes, which is left to the package."""
    content_type = f"multipart/form-data; boundary={boundary}"
    expected = parse_options_header(content_type)[1].get("boundary")
    body = f"--{expected}\r\n{USUAL[1]}\r\n\r\nbatch\r\n--{expected}--\r\n".encode()
    if expected:
        assert "batch" == read_form(content_type, body).purpose
    else:
        with pytest.raises(Refused, match="boundary"):
            read_form(content_type, body)
