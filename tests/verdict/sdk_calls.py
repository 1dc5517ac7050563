"""What clients do with faults by default: one process for each, without this package.

`python sdk_calls.py CLIENT CONTROL_URL KEY`, with cases as JSON lines on standard input; for each a
line with the verdict is printed.
"""

# ruff: noqa: T201
from __future__ import annotations

import contextlib
import itertools
import json
import sys
import urllib.request
from collections.abc import Callable
from typing import Any

TIMEOUT = 1.0
CONTENT = b"%PDF-1.7 of some length"

Calls = dict[str, Callable[..., Any]]


def _openai(base_url: str, key: str) -> Calls:
    import openai

    files = openai.OpenAI(base_url=base_url, api_key=key, timeout=TIMEOUT).files
    return {
        "upload": lambda _: files.create(file=("a.pdf", CONTENT), purpose="assistants"),
        "retrieve": files.retrieve,
        "download": lambda file_id: files.content(file_id).read(),
        "walk": lambda _: list(itertools.islice(files.list(), 20)),
    }


def _litellm(base_url: str, key: str) -> Calls:
    import litellm

    to: dict[str, Any] = {
        "custom_llm_provider": "openai",
        "api_base": base_url,
        "api_key": key,
        "timeout": TIMEOUT,
    }
    return {
        "upload": lambda _: litellm.create_file(
            file=("a.pdf", CONTENT), purpose="assistants", **to
        ),
        "retrieve": lambda file_id: litellm.file_retrieve(file_id=file_id, **to),
        "download": lambda file_id: litellm.file_content(file_id=file_id, **to),
        "walk": lambda _: list(itertools.islice(litellm.file_list(**to), 20)),
    }


def _over(send: Callable[..., Any]) -> Calls:
    """The calls over plain HTTP; `send` returns a response, or raises."""

    def walk(_: str) -> None:
        page = send("GET", "/files").json()["data"]
        for _ in range(20):
            if not page:
                return
            page = send("GET", "/files", params={"after": page[-1]["id"]}).json()["data"]

    form: dict[str, Any] = {"files": {"file": ("a.pdf", CONTENT)}, "data": {"purpose": "batch"}}
    return {
        "upload": lambda _: send("POST", "/files", **form).json(),
        "retrieve": lambda file_id: send("GET", f"/files/{file_id}").json(),
        "download": lambda file_id: send("GET", f"/files/{file_id}/content").content,
        "walk": walk,
    }


def _httpx(base_url: str, key: str) -> Calls:
    return _over(_checked_httpx(base_url, key))


def _checked_httpx(base_url: str, key: str) -> Callable[..., Any]:
    import httpx

    headers = {"Authorization": f"Bearer {key}"}
    client = httpx.Client(base_url=base_url, headers=headers, timeout=TIMEOUT)
    return lambda method, path, **words: client.request(method, path, **words).raise_for_status()


def _tenacity(base_url: str, key: str) -> Calls:
    import tenacity

    retry = tenacity.retry(stop=tenacity.stop_after_attempt(3))
    return _over(retry(_checked_httpx(base_url, key)))


def _tenacity_with_jitter(base_url: str, key: str) -> Calls:
    import tenacity

    retry = tenacity.retry(
        stop=tenacity.stop_after_attempt(3),
        wait=tenacity.wait_exponential(multiplier=0.3) + tenacity.wait_random(0, 0.2),
    )
    return _over(retry(_checked_httpx(base_url, key)))


def _backoff(base_url: str, key: str) -> Calls:
    import backoff
    import httpx

    retry = backoff.on_exception(backoff.expo, httpx.HTTPError, max_tries=3, factor=0.3)
    return _over(retry(_checked_httpx(base_url, key)))


def _httpx_retries(base_url: str, key: str) -> Calls:
    import httpx
    import httpx_retries

    client = httpx.Client(
        base_url=base_url,
        headers={"Authorization": f"Bearer {key}"},
        timeout=TIMEOUT,
        transport=httpx_retries.RetryTransport(),
    )
    return _over(lambda *words, **more: client.request(*words, **more).raise_for_status())


def _niquests(base_url: str, key: str) -> Calls:
    import niquests

    session = niquests.Session()
    session.headers["Authorization"] = f"Bearer {key}"

    def send(method: str, path: str, **words: Any) -> Any:
        return session.request(method, base_url + path, timeout=TIMEOUT, **words).raise_for_status()

    return _over(send)


def _aiohttp(base_url: str, key: str) -> Calls:
    import asyncio

    import aiohttp

    class Read:
        """An answer that has been read, with the members of httpx's."""

        def __init__(self, content: bytes) -> None:
            self.content = content

        def json(self) -> Any:
            return json.loads(self.content)

    async def ask(method: str, path: str, words: dict[str, Any]) -> Read:
        if "files" in words:
            form = aiohttp.FormData(words.pop("data"))
            name, content = words.pop("files")["file"]
            form.add_field("file", content, filename=name)
            words["data"] = form
        headers, timeout = {"Authorization": f"Bearer {key}"}, aiohttp.ClientTimeout(total=TIMEOUT)
        async with (
            aiohttp.ClientSession(headers=headers, timeout=timeout) as session,
            session.request(method, base_url + path, raise_for_status=True, **words) as answer,
        ):
            return Read(await answer.read())

    return _over(lambda method, path, **words: asyncio.run(ask(method, path, words)))


def _stamina(base_url: str, key: str) -> Calls:
    import httpx
    import stamina

    return _over(stamina.retry(on=httpx.HTTPError, attempts=3)(_checked_httpx(base_url, key)))


def _requests(base_url: str, key: str, retries: Any = 0) -> Calls:
    import requests

    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {key}"
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retries))

    def send(method: str, path: str, **words: Any) -> Any:
        answer = session.request(method, base_url + path, timeout=TIMEOUT, **words)
        answer.raise_for_status()
        return answer

    return _over(send)


def _requests_with_retry(base_url: str, key: str) -> Calls:
    from urllib3 import Retry

    statuses = [429, 500, 502, 503, 504]
    retries = Retry(3, backoff_factor=0.5, status_forcelist=statuses, allowed_methods=None)
    return _requests(base_url, key, retries)


CLIENTS: dict[str, Callable[[str, str], Calls]] = {
    "openai 3": _openai,
    "openai 2": _openai,
    "litellm": _litellm,
    "httpx": _httpx,
    "requests": _requests,
    "requests, Retry": _requests_with_retry,
    "httpx, tenacity": _tenacity,
    "httpx, stamina": _stamina,
    "httpx, tenacity with jitter": _tenacity_with_jitter,
    "httpx, backoff": _backoff,
    "httpx-retries": _httpx_retries,
    "aiohttp": _aiohttp,
    "niquests": _niquests,
}


def main(name: str, url: str, key: str) -> None:
    calls = CLIENTS[name](f"{url}/v1", key)
    for line in sys.stdin:
        case = json.loads(line)
        control(url, "reset")
        ids = [control(url, "files")["id"] for _ in range(2)]
        if case["fault"]:
            control(url, "faults", case["fault"])
        with contextlib.suppress(Exception):
            calls[case["operation"]](ids[0])
        print(json.dumps(control(url, "verdict")), flush=True)


def control(url: str, route: str, words: dict[str, Any] | None = None) -> Any:
    """A control route: a form for a file, JSON for a fault, GET for the verdict."""
    body, headers = None, {}
    if route == "files":
        boundary = "in-between"
        part = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
        body = f"{part}\r\n{CONTENT.decode()}\r\n--{boundary}--\r\n".encode()
        headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
    elif words is not None:
        body = json.dumps(words).encode()
    method = "GET" if route == "verdict" else "POST"
    request = urllib.request.Request(f"{url}/__admin/{route}", body, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
