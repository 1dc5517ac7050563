"""Takes keys out of what is kept and shown of a request; what is answered is never altered.

Secret are the keys that the mock accepts, the one that the request presented, and the values of
headers and parameters whose name says so.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ..errors import quoted
from ..model.headers import Headers
from ..model.messages import Outcome, Parameters, Reply, Request
from ..model.secret_names import (
    REDACTED,
    is_secret_member,
    is_secret_name,
    secret_places,
    without_secret_members,
)

_SHORTEST_SECRET = 6
"""A shorter text may be any word, and is not taken for a secret."""

_MOST_KEPT = 1_024
"""Characters of a header value or a path that are kept; longer ones are cut."""

_MOST_BODY_KEPT = 8_192
"""Characters of an answer that are kept for the page."""

_MOST_BODY_READ = 65_536
"""Bytes of an answer that are searched for secrets, before it is cut."""

# What is read of a JSON text that can't be parsed, as it was cut: a name and its value.
_MEMBER = re.compile(
    r"""("(?:[^"\\]|\\.){1,200}")(\s*:\s*)("(?:[^"\\]|\\.)*"?|-?[0-9][0-9.eE+-]*)"""
)

# Whether it is worth while to go through a JSON value: some part of each name that is secret.
_PARTS_OF_NAMES = (
    "pass", "secret", "token", "key", "auth", "cookie", "sess", "cred", "sig", "hmac", "csrf",
    "xsrf", "jwt", "otp", "pin", "pw", "dsn", "sas", "sid", "bearer", "connection", "\\u",
)  # fmt: skip


_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:eugpt_(?=[A-Za-z]*[0-9])[A-Za-z0-9]{16,}"
    r"|sk-(?=[A-Za-z_-]*[0-9])[\w-]{16,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+)"
)
"""What looks like a key: of this service, of OpenAI, or a JSON Web Token."""

_KEY_PARAMETERS = ("api_key", "api-key", "apikey", "x-api-key", "access_token", "authorization")
_SHORTEST_KEY = 8
"""Parameters that are for keys only, and the shortest value that counts: not `true`, or `none`."""


Pairs = tuple[tuple[str, str], ...]

_MOST_REMEMBERED = 16
"""Headers `Authorization`, with the secrets in them: by each mock, so that none outlives it."""


class Redactor:
    """Knows the secrets of one mock."""

    def __init__(self, keys: Iterable[str], own: str) -> None:
        # The key that the mock names itself; it isn't secret, but should be in no URL either.
        self._own = own
        self._secrets = set(keys)
        self._forget_requests()

    def protect(self, secret: str) -> None:
        """Treat one more text as a secret, such as the token of the control routes."""
        self._secrets.add(secret)
        self._forget_requests()

    def _forget_requests(self) -> None:
        # A client presents the same key each time.
        self._requests: dict[str, _Secrets] = {}
        self._accepted = tuple(_spelled(self._secrets))

    def redact(
        self,
        request: Request,
        received: tuple[Headers, str],
        names: tuple[str | None, ...],
        fields: Mapping[str, str],
        message: str | None,
        outcome: Outcome,
        json: Any,
        body: bytes,
        *,
        is_authors: bool,
    ) -> Redacted:
        """What may be kept of a request.

        `received` is the `to_keep` of its headers; `names` were chosen by somebody, such as a
        filename; `json` is what stood in the `body`; `is_authors` says that the answer is the test
        author's, with members of any name.
        """
        secrets = self._of(request.headers.by_name.get("authorization", ""))
        path, (headers, values), key_in_url = request.path, received, None
        text, answered = "", ""
        if isinstance(outcome, Reply):
            text = outcome.body[:_MOST_BODY_READ].decode("utf-8", "replace")
            answered = "\n".join([value for _, value in outcome.headers])
        # One search in all that is always there: nearly always, there is nothing in any of it.
        has_secrets = secrets.may_be_in(f"{path}\n{values}\n{answered}\n{text}")
        if has_secrets:
            path, headers = secrets.redacted(path), Headers(secrets.headers(headers.pairs))
        if request.query or path is not request.path or self._may_have_a_key(path):
            key_in_url = self._key_in_url(request, secrets)
        # Cut afterwards: the beginning of a key wouldn't be found.
        if len(path) + len(values) > _MOST_KEPT:
            path = _cut(path)
            headers = Headers([(name, _cut(value)) for name, value in headers.pairs])
        if isinstance(outcome, Reply):
            outcome = secrets.reply(outcome, text, has_secrets=has_secrets, is_authors=is_authors)
        return Redacted(
            path=path,
            query=secrets.fields(request.parameters) if request.query else _NOTHING,
            headers=headers,
            named=secrets.names(names),
            fields=secrets.fields(fields) if fields else _NOTHING,
            message=None if message is None else secrets.redacted(message),
            outcome=outcome,
            json=secrets.json(json, body) if body else None,
            key_in_url=key_in_url,
        )

    def _of(self, authorization: str) -> _Secrets:
        """The secrets of a request with this header."""
        secrets = self._requests.get(authorization)
        if secrets is None:
            if len(self._requests) >= _MOST_REMEMBERED:
                self._requests.clear()
            secrets = _Secrets(self._accepted, _presented(authorization))
            self._requests[authorization] = secrets
        return secrets

    def _may_have_a_key(self, text: str) -> bool:
        # Written out, as this and `may_be_in` are asked of each request.
        return "eugpt_" in text or "sk-" in text or "eyJ" in text or self._own in text

    def _key_in_url(self, request: Request, secrets: _Secrets) -> str | None:
        """Where the URL has a key, or what looks like one: a parameter's name, or `the path`."""

        def is_key(text: str) -> bool:
            return self._own in text or bool(_KEY.search(text)) or secrets.redacted(text) != text

        for name, value in request.parameters.items() if request.query else ():
            is_named = name.lower() in _KEY_PARAMETERS and len(value) >= _SHORTEST_KEY
            if is_named or is_key(value):
                return secrets.redacted(f"the parameter {quoted(name)}")
        return "the path" if is_key(request.path) else None


class Redacted(NamedTuple):
    """What may be kept of one request; see `Redactor.redact`."""

    path: str
    query: Parameters
    headers: Headers
    named: tuple[str | None, ...]
    fields: Parameters
    message: str | None
    outcome: Outcome
    json: Any
    key_in_url: str | None


class _Secrets:
    """The secrets of one request: accepted keys, and each word of its `Authorization`."""

    __slots__ = ("_accepted", "_all", "_presented")

    def __init__(self, accepted: tuple[str, ...], presented: tuple[str, ...]) -> None:
        self._accepted = accepted
        self._presented = presented
        self._all = frozenset((*presented, *accepted))

    def may_be_in(self, text: str) -> bool:
        """Whether there is something to take out, or nearly; finds it faster than `redacted`."""
        for secret in self._all:  # noqa: SIM110 - each request asks: `any` takes twice the time
            if secret in text:
                return True
        return False

    def redacted(self, text: str) -> str:
        for secret in self._presented:
            # What a request presents may be any word, such as `test`: only where it stands alone is
            # it the key. An accepted key is taken out wherever it stands.
            if secret in text:
                text = _without(text, (secret,), only_words=True)
        return _without(text, self._accepted) if self._accepted else text

    def json(self, value: Any, body: bytes) -> Any:
        """The value, as it is when no key stands in it."""
        # Where nothing is escaped, as nearly always, the body is searched as it was sent: that is
        # faster than to go through the value.
        if body.isascii() and b"\\" not in body:
            text = body.decode("ascii")
            if not self.may_be_in(text) and not _may_name_a_secret(text):
                return value
        try:
            return self._value(without_secret_members(value))
        # Python parses deeper JSON than it can search here; what isn't searched isn't kept.
        except RecursionError:
            return None

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.redacted(name): self._value(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._value(one) for one in value]
        return self.redacted(value) if isinstance(value, str) else value

    def headers(self, pairs: Pairs) -> Pairs:
        return tuple(
            (name, REDACTED if is_secret_name(name) else self.redacted(value))
            for name, value in pairs
        )

    def fields(self, fields: Mapping[str, str]) -> Parameters:
        return Parameters(
            {
                self.redacted(name): REDACTED if is_secret_name(name) else self.redacted(value)
                for name, value in fields.items()
            }
        )

    def names(self, names: tuple[str | None, ...]) -> tuple[str | None, ...]:
        # Tests look for calls by these, so a filename that only contains a key stays as it is.
        if self._all.isdisjoint(names):
            return names
        return tuple([REDACTED if name in self._all else name for name in names])

    def reply(self, reply: Reply, text: str, *, has_secrets: bool, is_authors: bool) -> Reply:
        """With the beginning of its text, and without the content of a file, or an error's frames.

        `has_secrets` says that there may be some in the text, or in the headers.
        """
        if reply.error is not None:
            reply = replace(reply, error=None)
        if has_secrets or secret_places(tuple([name for name, _ in reply.headers])):
            reply = replace(reply, headers=self.headers(reply.headers))
        if ("Content-Type", "application/octet-stream") in reply.headers:
            return replace(reply, body=b"")
        redacted = self.redacted(text) if has_secrets else text
        # No member of the API's own answers has the name of a secret.
        if is_authors and _may_name_a_secret(redacted):
            redacted = _without_members(redacted)
        if redacted == text and len(reply.body) <= _MOST_BODY_KEPT:
            return reply
        return replace(reply, body=redacted[:_MOST_BODY_KEPT].encode("utf-8", "replace"))


_IN_A_WORD = re.compile(r"[\w.-]")


# By hand, not by expressions: `re` would keep them, and so the keys, for longer than the mock.
def _without(text: str, secrets: Iterable[str], *, only_words: bool = False) -> str:
    """The text without these; with `only_words` only where no other letter stands beside one."""
    pieces, kept_from, place = [], 0, 0
    while found := [(at, -len(one)) for one in secrets if (at := text.find(one, place)) >= 0]:
        # The longest of those that begin there.
        begin, length = min(found)
        end = begin - length
        if only_words and (
            _IN_A_WORD.match(text, max(0, begin - 1), begin) or _IN_A_WORD.match(text, end)
        ):
            place = begin + 1
        else:
            pieces += [text[kept_from:begin], REDACTED]
            kept_from = place = end
    return "".join((*pieces, text[kept_from:]))


def _may_name_a_secret(text: str) -> bool:
    return any(map(text.lower().__contains__, _PARTS_OF_NAMES))


def _without_members(text: str) -> str:
    """A JSON text, or events with such in them, without the values under the names of secrets."""
    if text.lstrip()[:1] not in ("{", "["):
        # Server-sent events; of any other text the same lines are left.
        lines = text.split("\n")
        return "\n".join([_event_line(line) for line in lines]) if "data:" in text else text
    try:
        value = json.loads(text)
        changed = without_secret_members(value)
    except (ValueError, RecursionError):
        return _MEMBER.sub(_member, text)
    if changed is value:
        return text
    return json.dumps(changed, ensure_ascii=False, indent=2 if text[:2] == "{\n" else None)


def _event_line(line: str) -> str:
    name, colon, value = line.partition("data:")
    return f"{name}{colon} {_without_members(value.lstrip())}" if colon and not name else line


def _member(found: re.Match[str]) -> str:
    name, colon, _ = found.groups()
    return f'{name}{colon}"{REDACTED}"' if is_secret_member(name[1:-1]) else found[0]


_NOTHING = Parameters({})


def _presented(authorization: str) -> tuple[str, ...]:
    """What follows the scheme, in each of several fields, or stands there without one."""
    # Only the first few: a header with thousands of fields isn't worth the time. It isn't kept.
    fields = authorization.split(",", 4)[:4]
    words = [words[-1] for field in fields if (words := field.split())]
    # And all of it as one key, as a key may have a comma in it.
    scheme, _, rest = authorization.partition(" ")
    words.append(rest.strip())
    if scheme.lower() == "basic":
        words.append(_password(rest))
    return tuple(_spelled(words))


def _password(encoded: str) -> str:
    """That of a user (RFC 7617)."""
    try:
        user_and_password = base64.b64decode(encoded, validate=True).decode("utf-8")
    except ValueError:
        return ""
    return user_and_password.partition(":")[2]


def _spelled(secrets: Iterable[str]) -> list[str]:
    """Those that are long enough; each also as messages quote it, and as it stands in JSON."""
    spelled = {
        text for one in secrets if len(one) >= _SHORTEST_SECRET for text in (one, quoted(one)[1:-1])
    }
    spelled |= {json.dumps(text, ensure_ascii=False)[1:-1] for text in spelled}
    # The longest first, as one key may begin with another, whose rest would be left.
    return sorted(spelled, key=len, reverse=True)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_KEPT else f"{text[:_MOST_KEPT]}… ({len(text)} characters)"
