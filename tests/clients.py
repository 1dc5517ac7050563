"""Every client that we promise to serve, behind one face: the five calls, and what came of each.

An `Answer` is what any of them got; what they raise goes through as it is. `IN_PROCESS` can be
intercepted; `ON_A_PORT` are those and some that only talk to sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import io
import json
import shutil
import subprocess
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import aiohttp
import anyio
import httpx
import httpx_aiohttp
import openai
import requests

PATIENCE = 3.0
"""Seconds that a client waits, unless a test says otherwise."""


CONNECT_PATIENCE = 20.0
"""Seconds for everything but reading: a busy machine must not look like a fault."""


def read_timeout(library: str, seconds: float | None) -> Any:
    """A timeout of httpx or httpx2 that is short for reading only."""
    if seconds is None:
        return None
    return importlib.import_module(library).Timeout(CONNECT_PATIENCE, read=seconds)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    request_id: str | None

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client(ABC):
    """The five calls."""

    name: ClassVar[str]
    library: ClassVar[str]
    """As `Call.client` names it."""

    def __init__(self, base_url: str, key: str | None, timeout: float | None = PATIENCE) -> None:
        self.base_url = base_url
        self.timeout = timeout
        self.headers = {} if key is None else {"Authorization": f"Bearer {key}"}

    @abstractmethod
    def upload(self, filename: str, content: bytes, purpose: str = "assistants") -> Answer: ...

    @abstractmethod
    def list(self, **parameters: Any) -> Answer: ...

    @abstractmethod
    def retrieve(self, file_id: str) -> Answer: ...

    @abstractmethod
    def download(self, file_id: str) -> Answer: ...

    @abstractmethod
    def delete(self, file_id: str) -> Answer: ...

    @abstractmethod
    def ask(self, **words: Any) -> Answer:
        """`POST /responses`, a stubbed route, with that JSON; a stream is read to its end."""

    def close(self) -> None:  # noqa: B027 - most have nothing to close
        """Let go of what it holds."""


class HttpClient(Client):
    """Over plain HTTP; a subclass says how a request is sent."""

    def upload(self, filename: str, content: bytes, purpose: str = "assistants") -> Answer:
        form = {"files": {"file": (filename, content)}, "data": {"purpose": purpose}}
        return self.send("POST", "/files", **form)

    def list(self, **parameters: Any) -> Answer:
        query = f"?{urlencode(parameters)}" if parameters else ""
        return self.send("GET", f"/files{query}")

    def retrieve(self, file_id: str) -> Answer:
        return self.send("GET", f"/files/{file_id}")

    def download(self, file_id: str) -> Answer:
        return self.send("GET", f"/files/{file_id}/content")

    def delete(self, file_id: str) -> Answer:
        return self.send("DELETE", f"/files/{file_id}")

    def ask(self, **words: Any) -> Answer:
        return self.send("POST", "/responses", json=words)

    @abstractmethod
    def send(self, method: str, path: str, **form: Any) -> Answer: ...


def _answer(response: Any) -> Answer:
    return Answer(response.status_code, response.content, response.headers.get("x-request-id"))


class Httpx(HttpClient):
    name = library = "httpx"

    def __init__(self, *arguments: Any, **words: Any) -> None:
        super().__init__(*arguments, **words)
        self._client = self._library().Client(**self._words())

    @classmethod
    def _library(cls) -> Any:
        return importlib.import_module(cls.library)

    def send(self, method: str, path: str, **form: Any) -> Answer:
        return _answer(self._client.request(method, self.base_url + path, **form))

    def _words(self) -> dict[str, Any]:
        return {"headers": self.headers, "timeout": read_timeout(self.library, self.timeout)}

    def close(self) -> None:
        self._client.close()


class Httpx2(Httpx):
    name = library = "httpx2"


class HttpxAsync(Httpx):
    """A new client for each call, so that it lives and ends in the call's event loop."""

    name = "httpx async"
    backend: ClassVar[str] = "asyncio"

    def __init__(self, *arguments: Any, **words: Any) -> None:
        Client.__init__(self, *arguments, **words)

    def send(self, method: str, path: str, **form: Any) -> Answer:
        async def once() -> Answer:
            async with self._async_client() as client:
                return _answer(await client.request(method, self.base_url + path, **form))

        return anyio.run(once, backend=self.backend)

    def _async_client(self) -> Any:
        return self._library().AsyncClient(**self._words())

    def close(self) -> None:
        """Every call closed its own."""


class HttpxTrio(HttpxAsync):
    name = "httpx trio"
    backend = "trio"


class Httpx2Async(HttpxAsync):
    name = "httpx2 async"
    library = "httpx2"


class Httpx2Trio(HttpxTrio):
    name = "httpx2 trio"
    library = "httpx2"


class HttpxOverAiohttp(HttpxAsync):
    name = "httpx over aiohttp"

    def _async_client(self) -> Any:
        transport = httpx_aiohttp.AiohttpTransport()
        return httpx.AsyncClient(**self._words(), transport=transport)


class Requests(HttpClient):
    name = library = "requests"

    def __init__(self, *arguments: Any, **words: Any) -> None:
        super().__init__(*arguments, **words)
        self._session = requests.Session()
        self._session.headers.update(self.headers)

    def send(self, method: str, path: str, **form: Any) -> Answer:
        url = self.base_url + path
        timeout = self.timeout and (CONNECT_PATIENCE, self.timeout)
        return _answer(self._session.request(method, url, timeout=timeout, **form))

    def close(self) -> None:
        self._session.close()


OPENAI_LIBRARY = "httpx2" if int(openai.__version__.split(".")[0]) >= 3 else "httpx"
_OPENAI = f"openai {openai.__version__.split('.')[0]}"


class OpenAI(Client):
    """The SDK. Its status errors become answers; connection errors stay what they are."""

    name = _OPENAI
    library = OPENAI_LIBRARY
    max_retries: ClassVar[int] = 0

    def __init__(self, base_url: str, key: str | None, timeout: float | None = PATIENCE) -> None:
        super().__init__(base_url, key, timeout)
        self._words = {
            "base_url": base_url,
            "api_key": key or "",
            "timeout": read_timeout(self.library, timeout),
            "max_retries": self.max_retries,
        }

    def upload(self, filename: str, content: bytes, purpose: str = "assistants") -> Answer:
        return self._call("create", file=(filename, io.BytesIO(content)), purpose=purpose)

    def list(self, **parameters: Any) -> Answer:
        return self._call("list", **parameters)

    def retrieve(self, file_id: str) -> Answer:
        return self._call("retrieve", file_id)

    def download(self, file_id: str) -> Answer:
        return self._call("content", file_id)

    def delete(self, file_id: str) -> Answer:
        return self._call("delete", file_id)

    def ask(self, **words: Any) -> Answer:
        with (
            openai.OpenAI(**self._words) as client,
            _status_errors() as answers,
            client.responses.with_streaming_response.create(model="auto", **words) as response,
        ):
            answers.append(_read(response, response.read()))
        return answers[0]

    def _call(self, name: str, *arguments: Any, **words: Any) -> Answer:
        with openai.OpenAI(**self._words) as client, _status_errors() as answers:
            raw = getattr(client.files.with_raw_response, name)(*arguments, **words)
            answers.append(_answer(raw.http_response))
        return answers[0]


class OpenAIAsync(OpenAI):
    name = f"{_OPENAI} async"

    def ask(self, **words: Any) -> Answer:
        async def once() -> Answer:
            async with openai.AsyncOpenAI(**self._words, **self._transport()) as client:
                asked = client.responses.with_streaming_response.create(model="auto", **words)
                with _status_errors() as answers:
                    async with asked as response:
                        answers.append(_read(response, await response.read()))
                return answers[0]

        return asyncio.run(once())

    def _call(self, name: str, *arguments: Any, **words: Any) -> Answer:
        async def once() -> Answer:
            async with openai.AsyncOpenAI(**self._words, **self._transport()) as client:
                with _status_errors() as answers:
                    raw = await getattr(client.files.with_raw_response, name)(*arguments, **words)
                    answers.append(_answer(raw.http_response))
                return answers[0]

        return asyncio.run(once())

    def _transport(self) -> dict[str, Any]:
        return {}


class OpenAIOverAiohttp(OpenAIAsync):
    name = f"{_OPENAI} aiohttp"

    def _transport(self) -> dict[str, Any]:
        return {"http_client": openai.DefaultAioHttpClient()}


def _read(response: Any, body: bytes) -> Answer:
    return Answer(response.status_code, body, response.headers.get("x-request-id"))


@contextlib.contextmanager
def _status_errors() -> Iterator[list[Answer]]:
    answers: list[Answer] = []
    try:
        yield answers
    except openai.APIStatusError as error:
        answers.append(_answer(error.response))


class Urllib(HttpClient):
    name = "urllib"
    library = "http.client"

    def send(self, method: str, path: str, **form: Any) -> Answer:
        prepared = requests.Request(method, self.base_url + path, **form).prepare()
        headers = self.headers | dict(prepared.headers)
        request = urllib.request.Request(prepared.url, prepared.body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as response:
                return Answer(response.status, response.read(), response.headers["x-request-id"])
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), error.headers["x-request-id"])


class Aiohttp(HttpClient):
    name = library = "aiohttp"

    def send(self, method: str, path: str, **form: Any) -> Answer:
        async def once() -> Answer:
            timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_PATIENCE, sock_read=self.timeout)
            async with (
                aiohttp.ClientSession(headers=self.headers, timeout=timeout) as session,
                session.request(method, self.base_url + path, **_aiohttp_form(form)) as response,
            ):
                body = await response.read()
                return Answer(response.status, body, response.headers.get("x-request-id"))

        return asyncio.run(once())


def _aiohttp_form(form: dict[str, Any]) -> dict[str, Any]:
    if not form or "json" in form:
        return form
    data = aiohttp.FormData(quote_fields=False)
    for name, (filename, content) in form.get("files", {}).items():
        data.add_field(name, io.BytesIO(content), filename=filename)
    for name, value in form.get("data", {}).items():
        data.add_field(name, value)
    return {"data": data}


class Curl(HttpClient):
    name = "curl"
    library = "wsgi"

    def send(self, method: str, path: str, **form: Any) -> Answer:
        arguments = ["curl", "-sS", "--globoff", "-X", method, "--max-time", str(self.timeout)]
        for name, value in self.headers.items():
            arguments += ["-H", f"{name}: {value}"]
        for name, (filename, _) in form.get("files", {}).items():
            quoted = filename.replace("\\", "\\\\").replace('"', '\\"')
            arguments += ["-F", f'{name}=@-;filename="{quoted}"']
        for name, value in form.get("data", {}).items():
            arguments += ["-F", f"{name}={value}"]
        if "json" in form:
            arguments += ["-H", "Content-Type: application/json", "-d", json.dumps(form["json"])]
        content = next((content for _, content in form.get("files", {}).values()), b"")
        return _curl([*arguments, self.base_url + path], content)


def _curl(arguments: list[str], content: bytes) -> Answer:
    report = "%{stderr}%{http_code} %header{x-request-id}"
    done = subprocess.run(
        [*arguments, "-o", "-", "-w", report], input=content, capture_output=True, check=True
    )
    status, request_id = done.stderr.decode().split()
    return Answer(int(status), done.stdout, request_id)


IN_PROCESS: list[type[Client]] = [
    Httpx,
    HttpxAsync,
    HttpxTrio,
    HttpxOverAiohttp,
    Requests,
    OpenAI,
    OpenAIAsync,
    OpenAIOverAiohttp,
    Urllib,
    Aiohttp,
]
if importlib.util.find_spec("httpx2"):
    IN_PROCESS[3:3] = [Httpx2, Httpx2Async, Httpx2Trio]

ON_A_PORT: list[type[Client]] = [*IN_PROCESS]
if shutil.which("curl"):
    ON_A_PORT.append(Curl)

REAL_FILES = sorted(path for path in Path(__file__).parent.glob("*.py"))
"""Real files to upload: our own."""


def connected(
    kind: type[Client], base_url: str, key: str | None, timeout: float | None = PATIENCE
) -> contextlib.closing[Client]:
    """A client of that kind, closed at the end of the `with`."""
    return contextlib.closing(kind(base_url, key, timeout))
