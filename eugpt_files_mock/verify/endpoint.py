"""The endpoint that is held against a profile: plain requests, and what must be deleted at the end.

Every file carries a token of this run in its name, so that an upload whose answer was lost can be
found and deleted too.
"""

import json
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from ..errors import FilesMockError
from ..model.base_urls import shown_url
from ..model.secret_names import REDACTED

MOST_REQUESTS = 99
_MOST_BYTES = 10_000_000
_MOST_ATTEMPTS = 3
_LONGEST_WAIT = 60.0
"""Seconds that a `Retry-After` may ask for."""


class NotTried(Exception):
    """A behaviour could not be tried; the text says why."""


class ServiceFailed(NotTried):
    """It could not be tried because the service failed."""


class CannotRun(FilesMockError):
    """There is nothing to hold against a profile: no API, or no access to it."""


@dataclass(frozen=True, slots=True)
class Received:
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            kind = self.headers.get("content-type", "no content type")
            raise ServiceFailed(f"the answer ({self.status}, {kind}) isn't JSON") from None

    @property
    def members(self) -> dict[str, Any]:
        """The parsed body of a successful answer, an object."""
        if self.status >= 300:
            raise NotTried(f"the service answered {self.status}")
        if not isinstance(self.json, dict):
            raise ServiceFailed("the answer isn't a JSON object")
        return dict(self.json)


class Endpoint:
    """Sends requests, few enough, and remembers what it made.

    The key is taken out of everything that comes back. `timeout` is in seconds, from the first
    byte of a request to the last of the answer.
    """

    def __init__(self, base_url: str, api_key: str, timeout: float) -> None:
        self.base_url = base_url.rstrip("/")
        self.token = f"verify-{secrets.token_hex(4)}"
        self.request_ids: list[str] = []
        self.sent = 0
        self._key, self._timeout = api_key, timeout
        self._client = httpx.Client(timeout=timeout)
        self._made: list[str] = []
        self._lost_an_answer = False
        self._failures = 0

    def send(self, method: str, path: str, *, key: str | None = "", **words: Any) -> Received:
        """Send one request; a rate limit is obeyed. `key` is another one, or None for none."""
        # A service that hangs would cost `timeout` seconds for each scenario.
        if self._failures >= _MOST_ATTEMPTS:
            raise ServiceFailed("the service stopped answering")
        # Enough must be left to delete each file, and to look for those whose answers were lost.
        if self.sent >= MOST_REQUESTS - len(self._made) - 3:
            raise NotTried(f"it would take more than {MOST_REQUESTS} requests")
        for _ in range(_MOST_ATTEMPTS):
            answer = self._once(method, path, key, words)
            if answer.status != 429:
                break
            _wait(answer)
        if answer.status == 429 or answer.status >= 500:
            raise ServiceFailed(f"the service answered {answer.status}")
        return answer

    def upload(self, name: str, content: bytes = b"verify\n", **fields: str) -> Received:
        """Upload a small file; without a purpose, as `assistants`."""
        data = {"purpose": "assistants", **fields}
        return self.post(files={"file": (self.filename(name), content)}, data=data)

    def filename(self, name: str) -> str:
        """A name that only this run uses: the token stands before its last part."""
        folder, slash, last = name.rpartition("/")
        return f"{folder}{slash}{self.token}-{last}"

    def post(self, **words: Any) -> Received:
        """Send a form, or what isn't one; what it makes is deleted at the end."""
        # Set before the request is sent, and taken back below: if it raises, the file may be there
        # all the same.
        before, self._lost_an_answer = self._lost_an_answer, True
        answer = self.send("POST", "/files", **words)
        if answer.status < 300:
            self._made.append(str(answer.members["id"]))
        self._lost_an_answer = before
        return answer

    def delete(self, file_id: str) -> Received:
        answer = self.send("DELETE", f"/files/{file_id}")
        if answer.status < 300 and file_id in self._made:
            self._made.remove(file_id)
        return answer

    @property
    def is_clean(self) -> bool:
        """Whether all that it made is deleted."""
        return not (self._made or self._lost_an_answer)

    def clean_up(self) -> list[str]:
        """Delete what was made; what could not be deleted."""
        # The service may be there again, and what was uploaded shouldn't stay there.
        self._failures = 0
        if self._lost_an_answer:
            with suppress(NotTried, KeyError, TypeError, AttributeError):
                listed = self._once("GET", "/files", "", {}).members["data"]
                named = [one["id"] for one in listed if self.token in one["filename"]]
                self._made += [file_id for file_id in named if file_id not in self._made]
                self._lost_an_answer = False
        # One after the other, as this may be interrupted too.
        for file_id in tuple(self._made):
            if self._is_deleted(file_id):
                self._made.remove(file_id)
        self._client.close()
        return list(self._made)

    def _is_deleted(self, file_id: str) -> bool:
        for _ in range(_MOST_ATTEMPTS):
            with suppress(NotTried):
                answer = self._once("DELETE", f"/files/{file_id}", "", {})
                # 404, 410: it was deleted before, and the answer got lost, or it has expired.
                if answer.status < 300 or answer.status in (404, 410):
                    return True
                if answer.status == 429:
                    _wait(answer)
        return False

    def _once(self, method: str, path: str, key: str | None, words: dict[str, Any]) -> Received:
        self.sent += 1
        bearer = {} if key is None else {"Authorization": f"Bearer {key or self._key}"}
        headers = {**bearer, **words.get("headers", {})}
        rest = {name: value for name, value in words.items() if name != "headers"}
        try:
            url = self.base_url + path
            with self._client.stream(method, url, headers=headers, **rest) as response:
                body = self._read(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._failures += 1
            # Not chained: a traceback would show httpx's own message (`_reason`).
            raise ServiceFailed(self._reason(error)) from None
        except ServiceFailed:
            self._failures += 1
            raise
        self._failures = 0
        if "x-request-id" in response.headers:
            self.request_ids.append(response.headers["x-request-id"])
        return Received(response.status_code, response.headers, body)

    def _read(self, response: httpx.Response) -> bytes:
        # httpx's timeout counts from byte to byte: an answer that trickles would never end.
        deadline, body = time.monotonic() + self._timeout, b""
        for piece in response.iter_bytes():
            body += piece
            if len(body) > _MOST_BYTES or time.monotonic() > deadline:
                raise ServiceFailed(f"the answer has no end within {self._timeout:g} s")
        return body.replace(self._key.encode(), REDACTED.encode())

    def _reason(self, error: Exception) -> str:
        """In our own words, as httpx's message may quote a header, and so the key."""
        if isinstance(error, httpx.TimeoutException):
            return f"no answer within {self._timeout:g} s"
        return next(words for kind, words in _REASONS.items() if isinstance(error, kind))


# The first that fits is taken: a ConnectError is a NetworkError too.
_REASONS: dict[type[Exception], str] = {
    httpx.ConnectError: "cannot connect",
    httpx.NetworkError: "the connection broke off",
    httpx.RemoteProtocolError: "what came back isn't a whole HTTP answer",
    httpx.DecodingError: "the body can't be decoded",
    httpx.UnsupportedProtocol: "the base URL must begin with http:// or https://",
    httpx.InvalidURL: "the base URL is invalid",
    httpx.ProxyError: "the proxy refused",
    Exception: "the request could not be sent",
}


def _wait(answer: Received) -> None:
    """As the service asks."""
    try:
        seconds = float(answer.headers.get("retry-after", "1"))
    except ValueError:
        seconds = 1.0
    # Written so that nan is refused too.
    if not 0 <= seconds <= _LONGEST_WAIT:
        raise ServiceFailed(f"the service answered 429, to be tried again in {seconds:g} s")
    time.sleep(seconds)


def check_access(endpoint: Endpoint) -> None:
    """Check that there is an API, and that it accepts the key."""
    try:
        # With the smallest answer; a public client of the service tests its key so.
        answer = endpoint.send("GET", "/files", params={"limit": "1"})
    except NotTried as failed:
        raise CannotRun(f"cannot verify {shown_url(endpoint.base_url)}: {failed}.") from None
    if answer.status in (401, 403):
        raise CannotRun(f"{shown_url(endpoint.base_url)} refused the key: {answer.status}.")
    kind = answer.headers.get("content-type", "")
    if "json" not in kind:
        said = f"{answer.status}, {kind or 'without a content type'}"
        raise CannotRun(f"{shown_url(endpoint.base_url)} isn't a Files API: it answered {said}.")
