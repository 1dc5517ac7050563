"""What the scenarios of a run share: the endpoint, the profile, and files that several look at."""

import time
from functools import cached_property
from typing import Any

from ..model.profile import Profile
from ..state.randomness import Randomness, id_template
from .endpoint import Answer, Endpoint, NotTried, ServiceFailed
from .refused import refusal

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
