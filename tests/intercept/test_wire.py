"""In process is what a wire is: one program of client operations, both ways, and the same results.

Each case returns what can be observed of it; an exception is observed by its class.
"""

from __future__ import annotations

import asyncio
import http.client
import io
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests_toolbelt import MultipartEncoder, MultipartEncoderMonitor
from urllib3 import Retry
from urllib3.util.response import is_fp_closed

from eugpt_files_mock import FilesMock, faults

from ..conftest import WAYS, entered

KEY = "Bearer eugpt_test"
AUTH = {"Authorization": KEY}
HEAD = b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--b\r\n'
FORM = (
    HEAD + b'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\nabcdefgh\r\n--b--\r\n'
)
KIND = {"Content-Type": "multipart/form-data; boundary=b"}


def reused_buffer() -> Iterator[memoryview]:
    buffer = bytearray(16)
    for start in range(0, len(FORM), 16):
        piece = FORM[start : start + 16]
        buffer[: len(piece)] = piece
        yield memoryview(buffer)[: len(piece)]


def broken_body() -> Iterator[bytes]:
    yield FORM[:40]
    raise KeyError


def by_http_client(url: str) -> Any:
    """Less than it announces, and then it goes away."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=5)) as connection:
        connection.putrequest("POST", parts.path)
        for name, value in (AUTH | KIND | {"Content-Length": str(len(FORM))}).items():
            connection.putheader(name, value)
        connection.endheaders(FORM[:40])


def by_aiohttp(url: str) -> Any:
    async def body() -> AsyncIterator[bytes]:
        yield FORM[:40]
        await asyncio.sleep(0.05)
        raise KeyError

    async def post() -> None:
        async with aiohttp.ClientSession() as session:
            await session.post(url, data=body(), headers=AUTH | KIND)

    asyncio.run(post())


class Short(io.BytesIO):
    """Gives less than it is asked for, and wants to be asked for a size."""

    def read(self, size: int) -> bytes:  # type: ignore[override]
        return super().read(min(size, 7))


class Unseekable(io.BytesIO):
    def tell(self) -> int:
        raise OSError("not seekable")


def retrying(url: str, body: Any) -> Any:
    retry = Retry(total=2, status_forcelist=[503], allowed_methods=None, backoff_factor=0)
    with requests.Session() as session:
        session.mount("http", HTTPAdapter(max_retries=retry))
        return session.post(url, data=body, headers=AUTH | KIND, timeout=5)


def with_header(value: str) -> Callable[[str], Any]:
    return lambda url: httpx.get(url, headers={"Authorization": value})


def by_httpx(url: str, length: str) -> Any:
    return httpx.post(url, content=FORM, headers=AUTH | KIND | {"Content-Length": length})


def by_requests(url: str, length: str) -> Any:
    with requests.Session() as session:
        request = requests.Request("POST", url, data=FORM, headers=AUTH | KIND).prepare()
        request.headers["Content-Length"] = length
        return session.send(request, timeout=5)


LENGTHS = ("abc", "-1", "1, 2", "0_3", "+8", f"0{len(FORM)}")


def monitored(url: str) -> Any:
    steps: list[int] = []
    form = {"purpose": "batch", "file": ("a", b"x" * 50_000)}
    monitor = MultipartEncoderMonitor(
        MultipartEncoder(form), lambda it: steps.append(it.bytes_read)
    )
    answer = requests.post(
        url, data=monitor, headers=AUTH | {"Content-Type": monitor.content_type}, timeout=5
    )
    return answer.json()["bytes"], len(steps) > 1


def raw_facts(url: str) -> Any:
    answer = requests.get(url, headers=AUTH, timeout=5, stream=True)
    raw = answer.raw
    facts = [answer.reason, raw.status, raw.version, raw.geturl(), raw.version_string]
    facts += [raw.read(5), raw.tell(), raw.closed, raw.read(), raw.read(), is_fp_closed(raw._fp)]
    return facts, list(answer.headers)[:3]


CASES: dict[str, Callable[[str], Any]] = {
    "a key with a line break": with_header(KEY + "\n"),
    "a key with a space behind it": with_header(KEY + " "),
    "an empty key": with_header("Bearer "),
    "NUL in a header": with_header("Bearer \0"),
    "a method with a space": lambda url: httpx.request("G T", url),
    "a wrong length": lambda url: httpx.post(
        url, content=FORM, headers=AUTH | KIND | {"Content-Length": "7"}
    ),
    **{
        f"a length of {length!r}, {send.__name__}": partial(send, length=length)
        for send in (by_httpx, by_requests)
        for length in LENGTHS
    },
    "half a body, httpx": lambda url: httpx.post(url, content=broken_body(), headers=AUTH | KIND),
    "half a body, requests": lambda url: requests.post(
        url, data=broken_body(), headers=AUTH | KIND, timeout=5
    ),
    "half a body, http.client": by_http_client,
    "half a body, aiohttp": by_aiohttp,
    "a buffer that is reused": lambda url: httpx.post(
        url, content=reused_buffer(), headers=AUTH | KIND
    ).json()["bytes"],
    "another path": lambda url: httpx.get(url.replace("/v1", "//v1"), headers=AUTH),
    "a URL of 70,000 bytes": lambda url: httpx.get(url + "?after=" + "x" * 70_000, headers=AUTH),
    "150 headers": lambda url: httpx.get(
        url, headers=AUTH | {f"x-{number}": "1" for number in range(150)}
    ),
    "HEAD": lambda url: httpx.head(url, headers=AUTH),
    "a file of short pieces": lambda url: requests.post(
        url, data=Short(FORM), headers=AUTH | KIND, timeout=5
    ).json()["bytes"],
    "text that is longer in bytes": lambda url: requests.post(
        url, data=io.StringIO(FORM.decode() + "é"), headers=AUTH | KIND, timeout=5
    ),
    "a monitor of toolbelt's": monitored,
    "raw": raw_facts,
    "urllib3's extras": lambda url: urllib3.request("GET", url, headers=AUTH).reason,
}


def observed(case: Callable[[str], Any], url: str) -> Any:
    try:
        seen = case(url)
    except Exception as error:  # noqa: BLE001 - it is what is compared
        return type(error)
    if isinstance(seen, httpx.Response):
        return seen.status_code, seen.reason_phrase, seen.http_version, list(seen.headers)[:2]
    return (seen.status_code, seen.reason) if isinstance(seen, requests.Response) else seen


@pytest.mark.parametrize("name", CASES)
def test_both_ways_are_the_same(name: str) -> None:
    """Bad lengths, odd headers, half a body: the result is equal, and so are the calls."""
    with FilesMock(assert_all_requests_known=False) as mock:
        in_process = observed(CASES[name], f"{mock.base_url}/files")
        calls = [(call.operation, call.status, call.error) for call in mock.calls]
    if name.startswith("half a body") or name == "a wrong length":  # what the port is waited for
        assert [("upload", None, "invalid_multipart")] == calls
    with FilesMock(assert_all_requests_known=False).serve() as mock:
        on_a_port = observed(CASES[name], f"{mock.base_url}/files")
        ends_at = time.monotonic() + 5  # a client that has broken off is noticed a little later
        while len(mock.calls) < len(calls) and time.monotonic() < ends_at:
            time.sleep(0.01)
        assert calls == [(call.operation, call.status, call.error) for call in mock.calls]
    assert on_a_port == in_process


BODIES: dict[str, Callable[[], Any]] = {
    "bytes": lambda: FORM,
    "a file": lambda: io.BytesIO(FORM),
    "a generator": lambda: iter([FORM]),
    "a file that cannot be rewound": lambda: Unseekable(FORM),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_retry_sends_what_can_be_rewound(name: str) -> None:
    """What can't be rewound ends in process as it does on a port, after the same calls."""
    seen = []
    for way in WAYS:
        with entered(way) as mock:
            mock.inject(faults.unavailable(), on="upload")
            upload = observed(lambda url: retrying(url, BODIES[name]()), f"{mock.base_url}/files")
            seen.append((upload, [call.status for call in mock.calls]))
    in_process, on_a_port = seen
    assert on_a_port == in_process


@pytest.mark.parametrize("status", [404, 422, 499, 503, 520])
@pytest.mark.parametrize("library", [httpx, requests])
def test_the_words_beside_a_status_are_the_same(library: Any, status: int) -> None:
    """Also for 499 and 520, which aren't registered and so have no words of their own."""
    seen = []
    for way in WAYS:
        with entered(way) as mock:
            mock.inject(faults.http_error(status), on="list")
            answer = library.get(f"{mock.base_url}/files", headers=AUTH, timeout=5)
            seen.append(getattr(answer, "reason_phrase", None) or answer.reason)
    assert seen[1] == seen[0]


@pytest.mark.parametrize("way", WAYS)
def test_a_body_that_breaks_off_is_noticed_by_urllib3(way: str) -> None:
    """However it is read, the user gets a `ProtocolError` and never a body that is too short."""
    with entered(way) as mock:
        mock.inject(faults.truncated(), on="list", times=2)
        for read in (lambda it: it.data, lambda it: it.read()):
            with pytest.raises(urllib3.exceptions.ProtocolError):
                read(
                    urllib3.request(
                        "GET", f"{mock.base_url}/files", headers=AUTH, preload_content=False
                    )
                )


def test_an_upload_in_process_goes_the_short_way_and_the_whole_way_alike(mock: FilesMock) -> None:
    """The second has a header that h11 must look at."""
    files = {"file": ("a.txt", b"abc")}
    answers = [
        httpx.post(
            f"{mock.base_url}/files", headers=AUTH | more, files=files, data={"purpose": "batch"}
        )
        for more in ({}, {"Connection": "close"})
    ]
    first, second = (answer.json() | {"id": "", "created_at": 0} for answer in answers)
    assert first == second
