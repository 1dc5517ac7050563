"""What the scenarios of a run share: the endpoint, the profile, and files that several look at."""

import re
import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ..errors import quoted
from ..model.profile import Profile
from ..state.randomness import Randomness, id_template
from .endpoint import Answer, Endpoint, NotTried, ServiceFailed

CONTENT = b"verify\n"
JSONL = b'{"custom_id":"a","method":"POST","url":"/v1/responses","body":{}}\n'
_PURPOSES = ("assistants", "user_data", "batch", "fine-tune", "vision", "evals")


class Run:
    """One run. A file is uploaded when a scenario first asks for it."""

    def __init__(self, endpoint: Endpoint, profile: Profile) -> None:
        self.endpoint = endpoint
        self.profile = profile

    def refused(self, case: str, answer: Answer, **words: str) -> tuple[str, Any]:
        behaviour = f"errors.{case}"
        return behaviour, refusal(answer, words, self.profile[behaviour])

    def listed(self, **parameters: str) -> list[dict[str, Any]]:
        data = self.endpoint.send("GET", "/files", params=parameters).members.get("data")
        if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
            raise ServiceFailed("the list has no 'data'")
        return data

    @cached_property
    def first(self) -> Answer:
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
    def accepted(self) -> dict[str, Answer]:
        """An upload for each purpose that is accepted, of those that anyone knows."""
        answers: dict[str, Answer] = {}
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


def refusal(answer: Answer, words: Words, expected: Any) -> Any:
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


def _body(answer: Answer) -> Any:
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
        return is_alike and all(map(_matches, template, actual, [words] * len(template)))
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
