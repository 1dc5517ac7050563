"""What is tried to see each behaviour: one table, and a function for each few rows of it.

A scenario yields a behaviour and its value. What it can't see raises `NotTried`, and the next one
goes on. All of one run share a `Run`.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..errors import quoted
from ..locks import cached_property
from ..model.profile import Profile
from ..state.randomness import Randomness, id_template, is_id
from .endpoint import Endpoint, NotTried, Received, ServiceFailed

CONTENT = b"verify\n"
JSONL = b'{"custom_id":"a","method":"POST","url":"/v1/responses","body":{}}\n'
_PURPOSES = ("assistants", "user_data", "batch", "fine-tune", "vision", "evals")


class Run:
    """One run. A file is uploaded when a scenario first asks for it."""

    def __init__(self, endpoint: Endpoint, profile: Profile) -> None:
        self.endpoint = endpoint
        self.profile = profile

    def refused(self, case: str, answer: Received, **words: str) -> tuple[str, Any]:
        behaviour = f"errors.{case}"
        return behaviour, refusal(answer, words, self.profile[behaviour])

    def listed(self, **parameters: str) -> list[dict[str, Any]]:
        data = self.endpoint.send("GET", "/files", params=parameters).members.get("data")
        if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
            raise ServiceFailed("the list has no 'data'")
        return data

    @cached_property
    def first(self) -> Received:
        """An upload without anything special."""
        return self.endpoint.upload("first.txt", CONTENT)

    @cached_property
    def older(self) -> str:
        return str(self.first.members["id"])

    @cached_property
    def newer(self) -> str:
        """A file of a later second: within one, a service may list in any order."""
        for _ in range(2):
            file = self.endpoint.upload("second.txt").members
            if file.get("created_at") != self.first.members.get("created_at"):
                break
            # `created_at` is in whole seconds.
            time.sleep(1.1)
        return str(file["id"])

    @cached_property
    def accepted(self) -> dict[str, Received]:
        """An upload for each purpose that is accepted, of those that anyone knows."""
        answers: dict[str, Received] = {}
        for purpose in dict.fromkeys((*_PURPOSES, *(self.profile["upload.purposes"] or ()))):
            # OpenAI takes nothing but JSONL for these two.
            is_jsonl = purpose in ("batch", "fine-tune")
            name, content = ("purpose.jsonl", JSONL) if is_jsonl else ("purpose.txt", CONTENT)
            answer = self.endpoint.upload(name, content, purpose=purpose)
            if answer.status < 300:
                answers[purpose] = answer
        return answers

    @cached_property
    def deleted(self) -> str:
        """The id of a file that was there."""
        file_id = str(self.endpoint.upload("deleted.txt").members["id"])
        if self.endpoint.delete(file_id).status >= 300:
            raise NotTried("a file could not be deleted")
        return file_id

    @cached_property
    def never(self) -> str:
        """An id of the service's form that never was."""
        # An id of another form might be refused as malformed, which is another behaviour.
        template = id_template([self.older, self.newer])
        return Randomness(None, template).file_id() if template else self.older[:-3] + "000"


# A refusal that was met, as the value of a profile: a status, a message, a body with words.

_WORD = re.compile(r"\{(\w+)(!r)?\}")

Words = Mapping[str, Any]


def refusal(answer: Received, words: Words, expected: Any) -> Any:
    """The refusal as a value; None when the request was not refused.

    `words` are what the message may name, such as `id`, and what was sent for it. When the answer
    is what `expected` says, that is returned.
    """
    if answer.status < 400:
        return None
    body = _body(answer)
    message = _message(body)
    words = {**words, "request_id": answer.headers.get("x-request-id", "")}
    if (
        isinstance(expected, dict)
        and expected["status"] == answer.status
        and _matches(expected["body"], body, {**words, "message": message})
        and _matches(expected["message"], message, words)
    ):
        return expected
    named = _with_words(message, words)
    body = _with_words(body, {**words, "message": message})
    return {"status": answer.status, "message": named, "body": body}


def _body(answer: Received) -> Any:
    if "json" in answer.headers.get("content-type", ""):
        return answer.json
    try:
        return answer.body.decode("utf-8")
    except UnicodeDecodeError:
        raise ServiceFailed(f"the answer ({answer.status}) isn't text") from None


def _message(body: Any) -> str:
    """Where services put it."""
    if isinstance(body, dict):
        error = body.get("error")
        nested = [error.get("message")] if isinstance(error, dict) else [error]
        for found in (*nested, body.get("detail"), body.get("message")):
            if isinstance(found, str):
                return found
    return body if isinstance(body, str) else ""


def _matches(template: Any, actual: Any, words: Words) -> bool:
    """Whether the filled template is what came; a word that isn't known stands for any text."""
    if isinstance(template, str):
        return isinstance(actual, str) and _pattern(template, words).fullmatch(actual) is not None
    if isinstance(template, dict):
        # Lists, so that the order of the members counts: the mock repeats it.
        is_alike = isinstance(actual, dict) and list(template) == list(actual)
        return is_alike and all(_matches(template[name], actual[name], words) for name in template)
    if isinstance(template, list):
        is_alike = isinstance(actual, list) and len(template) == len(actual)
        return is_alike and all(
            _matches(one, other, words) for one, other in zip(template, actual, strict=True)
        )
    # In Python 1 == True == 1.0; in JSON they differ.
    return type(template) is type(actual) and template == actual


def _pattern(template: str, words: Words) -> re.Pattern[str]:
    parts, end = [], 0
    for found in _WORD.finditer(template):
        value = None if found[1] == "key" else words.get(found[1])  # services mask a key
        shown = ".+" if value is None else re.escape(quoted(value) if found[2] else str(value))
        parts += [re.escape(template[end : found.start()]), shown]
        end = found.end()
    return re.compile("".join(parts) + re.escape(template[end:]), re.DOTALL)


def _with_words(value: Any, words: Words) -> Any:
    """What was sent, replaced by the names of the words, in texts at any depth."""
    if isinstance(value, str):
        # The longest first: a value may lie within another, as an id does in a message.
        for name, sent in sorted(words.items(), key=lambda pair: -len(str(pair[1]))):
            if sent:
                value = re.sub(rf"(?<!\w){re.escape(str(sent))}(?!\w)", f"{{{name}}}", value)
        return value
    if isinstance(value, dict):
        return {name: _with_words(one, words) for name, one in value.items()}
    return [_with_words(one, words) for one in value] if isinstance(value, list) else value


Seen = Iterator[tuple[str, Any]]

_MILLISECONDS = 100_000_000_000
"""Above it a time is in milliseconds: in seconds it would be the year 5138."""


def _upload(run: Run) -> Seen:
    answer, file = run.first, run.first.members
    yield "upload.status", answer.status
    yield "file.members", list(file)
    is_whole = file.get("bytes") == len(CONTENT)
    yield "file.bytes", "length of the content" if is_whole else file.get("bytes")
    if "created_at" in file:
        is_large = (
            isinstance(file["created_at"], (int, float)) and file["created_at"] > _MILLISECONDS
        )
        yield "file.created_at", "milliseconds" if is_large else "seconds"
    if "status" in file:
        yield "upload.file_status", file["status"]
    text, value = answer.body.decode(), answer.json
    # Compared as text: parsed, they would all be equal.
    styles = {
        "compact": json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        "spaced": json.dumps(value, ensure_ascii=False),
        "indented": json.dumps(value, ensure_ascii=False, indent=2) + "\n",
    }
    yield "json.style", next((name for name, shown in styles.items() if shown == text), "another")
    yield "json.content_type", answer.headers.get("content-type")


def _headers(run: Run) -> Seen:
    headers = run.first.headers
    always: dict[str, str] = run.profile["headers.always"]
    # The profile's headers, and those that OpenAI marks as its own. Others may come from proxies.
    found = {name: text for name, text in always.items() if name in headers}
    own = [name for name in headers if name.startswith("openai-") and name not in found]
    yield "headers.always", found | {name: headers[name] for name in own}
    # A second answer: one id doesn't show which of its letters change.
    run.listed()
    yield "headers.request_id", _form(run.profile["headers.request_id"], run.endpoint.request_ids)


def _id(run: Run) -> Seen:
    yield "id.format", _form(run.profile["id.format"], [run.older, run.newer])


def _form(expected: str | None, ids: list[str]) -> str | None:
    if expected and ids and all(is_id(one, expected) for one in ids):
        return expected
    return (id_template(ids) or f"another, such as {ids[0]}") if ids else None


def _filename(run: Run) -> Seen:
    sent = run.endpoint.filename("folder/path.txt")
    name = run.endpoint.upload("folder/path.txt").members.get("filename")
    names = {sent: "kept", sent.rpartition("/")[2]: "dropped"}
    yield "upload.filename", names.get(str(name), name)


def _purposes(run: Run) -> Seen:
    unknown = run.endpoint.upload("purpose.txt", purpose="eugpt-verify")
    if unknown.status < 300:
        yield "upload.purposes", None
        raise NotTried("every purpose is accepted")
    expected, accepted = run.profile["upload.purposes"], list(run.accepted)
    # In the profile's order where they are the same: a service shows them in none.
    is_alike = expected is not None and set(expected) == set(accepted)
    yield "upload.purposes", expected if is_alike else accepted
    yield run.refused("unknown_purpose", unknown, purpose="eugpt-verify")


def _downloads(run: Run) -> Seen:
    refused: dict[str, Received] = {}
    content = None
    for purpose, uploaded in run.accepted.items():
        path = f"/files/{uploaded.members['id']}/content"
        answer = run.endpoint.send("GET", path)
        if answer.status >= 400:
            refused[purpose] = answer
        elif content is None:
            content = answer, uploaded.members
    expected = run.profile["download.refused_purposes"]
    is_alike = set(refused) == set(expected)
    yield "download.refused_purposes", expected if is_alike else list(refused)
    if content:
        yield from _download(content[0], content[1])
    if not refused:
        raise NotTried("every file can be downloaded")
    purpose, answer = next(iter(refused.items()))
    yield run.refused("download_refused", answer, purpose=purpose)


def _download(answer: Received, file: dict[str, Any]) -> Seen:
    sent = JSONL if file.get("purpose") in ("batch", "fine-tune") else CONTENT
    yield "download.content", "as uploaded" if answer.body == sent else f"{len(answer.body)} bytes"
    yield "download.content_type", answer.headers.get("content-type", "")
    disposition = answer.headers.get("content-disposition")
    name = str(file.get("filename"))
    shown = None if disposition is None else disposition.replace(name, "{filename}")
    yield "download.disposition", shown


def _forms(run: Run) -> Seen:
    post, upload = run.endpoint.post, run.endpoint.upload
    file = {"file": (run.endpoint.filename("form.txt"), CONTENT)}
    purpose = {"purpose": "assistants"}
    yield run.refused("missing_file", post(files={"purpose": (None, "assistants")}))
    answer = post(files=file)
    yield run.refused("missing_purpose", answer)
    if answer.status < 300:
        yield "upload.default_purpose", answer.members.get("purpose")
    yield run.refused("empty_file", upload("empty.txt", b""))
    answer = post(files=file, data={**purpose, "eugpt_verify": "1"})
    yield run.refused("unknown_field", answer, field="eugpt_verify")
    kind = "application/json"
    answer = post(content=b"{}", headers={"Content-Type": kind})
    yield run.refused("unsupported_media_type", answer, content_type=kind, got=f"'{kind}'")
    kind = "multipart/form-data; boundary=verify"
    cut = b'--verify\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\ncut'
    yield run.refused("invalid_multipart", post(content=cut, headers={"Content-Type": kind}))


def _batch(run: Run) -> Seen:
    if "batch" not in run.accepted:
        raise NotTried("the purpose batch isn't accepted")
    yield "expires.batch", _lifetime(run.accepted["batch"].members)
    yield run.refused("batch_not_jsonl", run.endpoint.upload("batch.txt", purpose="batch"))


def _expiry(run: Run) -> Seen:
    # OpenAI's shortest time is 3600, so that 1 is refused where there is such a limit.
    after = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
    answer = run.endpoint.upload("expiry.txt", CONTENT, **after)
    if answer.status >= 400:
        raise NotTried("the fields of expires_after are refused")
    is_honoured = _lifetime(answer.members) == 3600
    yield "expires.after", "honoured" if is_honoured else "ignored"
    after["expires_after[seconds]"] = "1"
    answer = run.endpoint.upload("expiry.txt", CONTENT, **after)
    if answer.status < 400 and not is_honoured:
        raise NotTried("expires_after is ignored")
    yield run.refused("bad_expires_after", answer)


def _lifetime(file: dict[str, Any]) -> int | None:
    """Seconds from a file's creation to its expiry."""
    if not isinstance(file.get("expires_at"), (int, float)):
        return None
    until, since = (
        value / 1000 if value > _MILLISECONDS else value
        for value in (file["expires_at"], file["created_at"])
    )
    return int(until - since)


def _list(run: Run) -> Seen:
    older, newer = run.older, run.newer
    listed = run.endpoint.send("GET", "/files").members
    yield "list.members", list(listed)
    order, _ = _order(run)
    yield "list.order", order
    opposite = "asc" if order == "desc" else "desc"
    is_flipped = _order(run, order=opposite)[0] == opposite
    yield "list.order_parameter", "honoured" if is_flipped else "ignored"
    answer = run.endpoint.send("GET", "/files", params={"order": "sideways"})
    yield from _unless_ignored(
        run, "bad_order", answer, "order", "sideways", is_ignored=not is_flipped
    )
    others = [one.get("id") for one in run.listed(purpose="batch")]
    is_filtered = older not in others and newer not in others
    yield "list.purpose_filter", "honoured" if is_filtered else "ignored"


def _order(run: Run, **parameters: str) -> tuple[str, list[Any]]:
    ids = [one.get("id") for one in run.listed(**parameters)]
    if run.older not in ids or run.newer not in ids:
        raise ServiceFailed("a file that was uploaded isn't in the list")
    return "desc" if ids.index(run.newer) < ids.index(run.older) else "asc", ids


def _limit(run: Run) -> Seen:
    _order(run)  # there are two files
    is_limited = len(run.listed(limit="1")) == 1
    yield "list.limit", "honoured" if is_limited else "ignored"
    # An unlikely number, so that it is recognised where the message repeats it.
    answer = run.endpoint.send("GET", "/files", params={"limit": "-4711"})
    yield from _unless_ignored(
        run, "bad_limit", answer, "limit", "-4711", is_ignored=not is_limited
    )


def _after(run: Run) -> Seen:
    order, _ = _order(run)
    before, behind = (run.newer, run.older) if order == "desc" else (run.older, run.newer)
    ids = [one.get("id") for one in run.listed(after=before)]
    is_beyond = before not in ids and behind in ids
    yield "list.after", "honoured" if is_beyond else "ignored"
    answer = run.endpoint.send("GET", "/files", params={"after": run.never})
    yield from _unless_ignored(
        run, "unknown_after", answer, "after", run.never, is_ignored=not is_beyond
    )
    if not is_beyond:
        raise NotTried("`after` is ignored")
    status = run.endpoint.send("GET", "/files", params={"after": run.deleted}).status
    yield "list.after_deleted", "refused" if status >= 400 else "goes on"


def _unless_ignored(
    run: Run, case: str, answer: Received, name: str, value: str, *, is_ignored: bool
) -> Seen:
    """Nothing is refused of a parameter that has no effect."""
    if is_ignored and answer.status < 400:
        yield f"errors.{case}", NotTried(f"`{name}` is ignored")
    else:
        yield run.refused(case, answer, value=value)


def _missing(run: Run) -> Seen:
    answer = run.endpoint.send("GET", f"/files/{run.deleted}")
    yield run.refused("file_not_found", answer, id=run.deleted)
    status = run.endpoint.delete(run.deleted).status
    yield "delete.unknown", "refused" if status >= 400 else "answered"
    malformed = run.endpoint.send("GET", "/files/no-such-id")
    # Without the profile, and with the ids replaced by words: if they are equal, so are the
    # refusals.
    usual = refusal(answer, {"id": run.deleted}, None)
    other = refusal(malformed, {"id": "no-such-id"}, None)
    # Then the service doesn't tell a malformed id from one that is unknown: the profile says None.
    if usual == other:
        yield "errors.malformed_id", None
    else:
        yield run.refused("malformed_id", malformed, id="no-such-id")


def _delete(run: Run) -> Seen:
    file_id = str(run.endpoint.upload("delete.txt").members["id"])
    yield "delete.members", list(run.endpoint.delete(file_id).members)


def _keys(run: Run) -> Seen:
    send, nowhere = run.endpoint.send, f"/{run.endpoint.token}"
    # Not the list, which some services don't have.
    known = f"/files/{run.older}"
    without = send("GET", known, key=None)
    yield run.refused("missing_api_key", without)
    wrong = "wrong-key-of-verify"
    yield run.refused("invalid_api_key", send("GET", known, key=wrong), key=wrong)
    prefix = urlsplit(run.endpoint.base_url).path
    words = {"method": "GET", "path": prefix + nowhere}
    yield run.refused("route_not_found", send("GET", nowhere), **words)
    put = send("PUT", "/files")
    words = {"method": "PUT", "path": f"{prefix}/files", "allowed": put.headers.get("allow", "")}
    yield run.refused("method_not_allowed", put, **words)
    if without.status != 401:
        raise NotTried("no key is needed")
    # A path that doesn't exist, without a key: which of the two is refused first?
    yield "auth.first", "key" if send("GET", nowhere, key=None).status == 401 else "route"


SCENARIOS: dict[Callable[[Run], Seen], tuple[str, ...]] = {
    _upload: ("upload.status", "file.members", "file.bytes", "file.created_at",
              "upload.file_status", "json.style", "json.content_type"),
    _headers: ("headers.always", "headers.request_id"),
    _id: ("id.format",),
    _filename: ("upload.filename",),
    _purposes: ("upload.purposes", "errors.unknown_purpose"),
    _downloads: ("download.refused_purposes", "download.content", "download.content_type",
                 "download.disposition", "errors.download_refused"),
    _forms: ("errors.missing_file", "errors.missing_purpose", "upload.default_purpose",
             "errors.empty_file", "errors.unknown_field", "errors.unsupported_media_type",
             "errors.invalid_multipart"),
    _batch: ("errors.batch_not_jsonl", "expires.batch"),
    _expiry: ("expires.after", "errors.bad_expires_after"),
    _list: ("list.members", "list.order", "list.order_parameter", "errors.bad_order",
            "list.purpose_filter"),
    _limit: ("list.limit", "errors.bad_limit"),
    _after: ("list.after", "errors.unknown_after", "list.after_deleted"),
    _missing: ("errors.file_not_found", "delete.unknown", "errors.malformed_id"),
    _delete: ("delete.members",),
    _keys: ("errors.missing_api_key", "errors.invalid_api_key", "errors.route_not_found",
            "errors.method_not_allowed", "auth.first"),
}  # fmt: skip
"""Each with the behaviours that it sees."""
