"""Each reason of WRONG by a wrong program, beside it the right one; and what is not WRONG."""

from __future__ import annotations

import builtins
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import httpx
import pytest

from eugpt_files_mock import FilesMock, after_seconds, faults

from .programs import PURPOSE, Refused, checked, client, delete, outcomes, swept, upload, wrong


@pytest.fixture
def mock() -> Iterator[FilesMock]:
    with FilesMock(environ=("eugpt", "openai")) as one:
        one.stub("POST", "/responses", json={"output_text": "Forty-two."})
        one.add_file("kept.txt")
        yield one


def ask(http: httpx.Client, file_id: str) -> Any:
    return checked(lambda: http.post("/responses", json={"file_id": file_id}))


def without_a_look_at_the_answer() -> None:
    with client() as http:
        http.post("/files", files={"file": ("a.txt", b"a")}, data=PURPOSE).json()["id"]


def deaf_to_json() -> None:
    """A broken answer has no id for it."""
    with client() as http:
        answer = http.post("/files", files={"file": ("a.txt", b"a")}, data=PURPOSE)
        answer.raise_for_status()
        found = re.search('"status": *"(.*?)"', answer.text)
        cast("re.Match[str]", found).group(1)


def with_a_look_at_the_answer() -> None:
    with client() as http:
        upload(http, "a.txt")


def with_a_check_that_fails() -> None:
    with client() as http:
        assert http.get("/files").is_success


def with_an_error_of_its_own() -> None:
    with client() as http:
        checked(lambda: http.get("/files"))


def without_a_time_out() -> None:
    with client() as http:
        checked(lambda: http.get("/files", timeout=None))


def swallowing() -> None:
    """Goes on as if the file were there."""
    with client() as http, httpx_errors_ignored():
        upload(http, "a.txt")


class httpx_errors_ignored:
    """What `contextlib.suppress` does, written out."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        return isinstance(error, Refused)


def names_or_none() -> list[str]:
    """Says that there is no file when it could not look."""
    with client() as http:
        answer = http.get("/files")
        return [file["filename"] for file in answer.json()["data"]] if answer.is_success else []


def names_or_an_error() -> list[str]:
    with client() as http:
        return [file["filename"] for file in checked(lambda: http.get("/files"))["data"]]


def deleting_at_the_end() -> None:
    """Whatever goes wrong before the last line, the file stays."""
    with client() as http:
        file_id = upload(http, "a.txt")
        checked(lambda: http.get(f"/files/{file_id}"))
        delete(http, file_id)


def deleting_in_a_finally() -> None:
    with client() as http:
        file_id = upload(http, "a.txt")
        try:
            checked(lambda: http.get(f"/files/{file_id}"))
        finally:
            delete(http, file_id)


def uploading_again() -> None:
    """After any failure, also when the answer only got lost."""
    with client() as http:
        try:
            upload(http, "a.txt")
        except Refused as error:
            if not error.may_pass:
                raise
            upload(http, "a.txt")


def looking_before_it_uploads_again() -> None:
    with client() as http:
        try:
            upload(http, "a.txt")
        except Refused as error:
            if not error.may_pass:
                raise
            there = checked(lambda: http.get("/files"))["data"]
            if not any(file["filename"] == "a.txt" for file in there):
                upload(http, "a.txt")


def asking_again(key: str | None = None) -> None:
    """The question is paid for twice."""
    with client() as http:
        if key is not None:
            http.headers["Idempotency-Key"] = key
        file_id = upload(http, "a.txt")
        try:
            try:
                ask(http, file_id)
            except Refused as error:
                if not error.may_pass:
                    raise
                ask(http, file_id)
        finally:
            delete(http, file_id)


def asking_again_with_a_key() -> None:
    """The service can tell that it is the same question."""
    asking_again("one")


def asking_once() -> None:
    with client() as http:
        file_id = upload(http, "a.txt")
        try:
            ask(http, file_id)
        finally:
            delete(http, file_id)


def for_ever() -> None:
    """Until it works."""
    with client() as http:
        while True:
            try:
                checked(lambda: http.get("/files"))
            except Refused as error:
                if not error.may_pass:
                    raise
                time.sleep(2)
            else:
                return


def for_a_while() -> None:
    """Polls with a pause until there is no time left: no storm, and not endless."""
    ends_at = time.monotonic() + 60
    with client() as http:
        while True:
            try:
                checked(lambda: http.get("/files"))
            except Refused as error:
                if not error.may_pass or time.monotonic() > ends_at:
                    raise
                time.sleep(2)
            else:
                return


def denied_and_sent_again() -> None:
    with client() as http:
        for attempt in range(2):
            try:
                checked(lambda: http.get("/files"))
            except Refused:
                if attempt:
                    raise
            else:
                return


TWINS: dict[str, tuple[Callable[[], object], str, str, Callable[[], object]]] = {
    "a bug": (
        without_a_look_at_the_answer,
        "upload a.txt/denied",
        "bug",
        with_a_look_at_the_answer,
    ),
    "a failed check": (
        with_a_check_that_fails,
        "list/denied",
        "failed_check",
        with_an_error_of_its_own,
    ),
    "an exit check": (
        without_a_time_out,
        "list/timeout",
        "exit_check",
        with_an_error_of_its_own,
    ),
    "other files": (
        swallowing,
        "upload a.txt/reset",
        "other_files",
        with_a_look_at_the_answer,
    ),
    "another result": (names_or_none, "list/error", "other_result", names_or_an_error),
    "a file left": (
        deleting_at_the_end,
        "retrieve a.txt/denied",
        "file_left",
        deleting_in_a_finally,
    ),
    "a file twice": (
        uploading_again,
        "upload a.txt/lost",
        "duplicate_upload",
        looking_before_it_uploads_again,
    ),
    "a question twice": (
        asking_again,
        "POST /responses/lost",
        "duplicate_post",
        asking_once,
    ),
    "a question twice, with a key": (
        asking_again,
        "POST /responses/lost",
        "duplicate_post",
        asking_again_with_a_key,
    ),
    "endless": (for_ever, "list/outage", "endless", for_a_while),
    "an error of the verdict": (
        denied_and_sent_again,
        "list/denied",
        "retried_non_retryable",
        with_an_error_of_its_own,
    ),
}


@pytest.mark.parametrize("pair", TWINS.values(), ids=TWINS)
def test_the_wrong_one_is_found_and_the_right_one_is_not(mock: FilesMock, pair: Any) -> None:
    """A reason of WRONG is only worth something if right code doesn't meet it."""
    bad, cell, reason, good = pair
    assert reason in wrong(swept(mock, bad)).get(cell, []), outcomes(swept(mock, bad))
    sweep = swept(mock, good, expect=(Refused, httpx.HTTPError))
    assert {} == wrong(sweep), str(sweep)


def deleting_one_after_the_other() -> None:
    """The first delete that fails keeps the others from being tried."""
    with client() as http:
        made: list[str] = []
        try:
            made.append(upload(http, "a.txt"))
            made.append(upload(http, "b.txt"))
        finally:
            for file_id in made:
                delete(http, file_id)


def test_the_same_mistake_is_explained_once(mock: FilesMock) -> None:
    """Whatever was raised where it shows; and it is said which one it is like."""
    told = str(swept(mock, deleting_one_after_the_other))
    assert told.count("which it had uploaded") == 1, told
    assert "delete a.txt/error is WRONG in the same way as delete a.txt/busy. What" in told


CURES: dict[str, tuple[Callable[[], object], str, str]] = {
    "a bug after a status": (without_a_look_at_the_answer, "upload a.txt/denied", "the status"),
    "a bug in a broken answer": (deaf_to_json, "upload a.txt/broken", "may be no JSON"),
    "a failed check": (with_a_check_that_fails, "list/denied", "holds under every failure"),
    "what was swallowed": (swallowing, "upload a.txt/reset", "that was swallowed"),
    "another result": (names_or_none, "list/error", "that was swallowed"),
    "a delete that fails": (
        deleting_one_after_the_other,
        "delete a.txt/busy",
        "in a try of its own",
    ),
    "what never ends": (for_ever, "list/outage", "end every loop"),
}


@pytest.mark.parametrize("case", CURES.values(), ids=CURES)
def test_the_failure_says_what_helps(mock: FilesMock, case: Any) -> None:
    """And it fits what the call met: a status, or an answer that can't be read."""
    program, cell, cure = case
    told = str(swept(mock, program, only=cell))
    assert re.search(rf"{re.escape(cell)} is WRONG.*\n.*\n    To fix it: .*{cure}", told), told


def test_what_an_outage_leaves_is_not_wrong(mock: FilesMock) -> None:
    """Nobody could have cleared it away."""
    sweep = swept(mock, deleting_in_a_finally, failures=["outage"])
    assert {"raised"} == set(outcomes(sweep).values())


def test_what_was_there_before_is_not_wrong(mock: FilesMock) -> None:
    """The code deletes it in a run without a failure, and can't in one with it."""
    file = mock.add_file("old.txt")

    def clear() -> None:
        with client() as http, httpx_errors_ignored():
            delete(http, file.id)

    assert {} == wrong(swept(mock, clear))


def test_a_file_whose_deletion_was_tried_is_not_wrong(mock: FilesMock) -> None:
    """Whether the error of the delete is raised or not."""

    def best_effort() -> None:
        with client() as http:
            file_id = upload(http, "a.txt")
            with httpx_errors_ignored():
                delete(http, file_id)

    assert {} == wrong(swept(mock, best_effort))
    assert {} == wrong(swept(mock, deleting_in_a_finally))


def test_a_lost_upload_is_not_wrong_when_an_error_is_raised(mock: FilesMock) -> None:
    """Nobody knew its id."""
    found = outcomes(swept(mock, with_a_look_at_the_answer))
    assert "gave up" == found["upload a.txt/lost"]
    assert "raised" == found["upload a.txt/broken"]


def test_what_differs_without_a_failure_is_not_compared(mock: FilesMock) -> None:
    """Contents with the time in them, and findings that are always there."""

    def stamped() -> None:
        with client() as http:
            upload(http, "a.txt", str(time.perf_counter_ns()).encode())

    sweep = swept(mock, stamped)
    assert {} == wrong(sweep)
    assert "contents of the files vary" in str(sweep)

    def careless() -> None:
        with client() as http:
            checked(lambda: http.get("/files?api_key=eugpt_mock_key"))

    sweep = swept(mock, careless)
    assert {} == wrong(sweep)
    assert "without a failure already: key_in_url" in str(sweep)


def test_an_exception_of_the_applications_own_is_meant(mock: FilesMock) -> None:
    """Also one that is derived from a LookupError."""

    class Missing(KeyError):
        pass

    def look() -> None:
        with client() as http:
            answer = http.get("/files")
            if not answer.is_success:
                raise Missing("a.txt")

    assert {} == wrong(swept(mock, look, failures=["busy", "denied"]))


def test_a_bug_in_a_group_of_exceptions_is_found(mock: FilesMock) -> None:
    """As a task group raises it."""
    make: Any = getattr(builtins, "ExceptionGroup", None)
    if make is None:
        make = pytest.importorskip("exceptiongroup").ExceptionGroup

    def grouped() -> None:
        try:
            without_a_look_at_the_answer()
        except KeyError as error:
            raise make("several", [error]) from None

    assert ["bug"] == wrong(swept(mock, grouped))["upload a.txt/denied"]


def test_an_exit_with_a_status_is_an_error_and_one_without_is_none(mock: FilesMock) -> None:
    """A program may say that it failed."""

    def program() -> None:
        try:
            with_an_error_of_its_own()
        except Refused:
            raise SystemExit(3) from None
        raise SystemExit

    found = outcomes(swept(mock, program, expect=Refused))
    assert "gave up" == found["list/busy"]
    assert "raised" == found["list/denied"]


def test_a_keyboard_interrupt_ends_the_sweep(mock: FilesMock) -> None:
    """The author wants to go home."""
    runs: list[int] = []

    def program() -> None:
        with_an_error_of_its_own()
        runs.append(1)
        if len(runs) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        swept(mock, program)
    assert 2 == len(runs)


@pytest.mark.parametrize("status", [204, 200])
def test_an_answer_that_is_not_json_can_not_be_broken_json(status: int) -> None:
    """Half of a text is a text."""
    with FilesMock(environ="eugpt") as mock:
        body = None if status == 204 else "done"
        mock.stub("POST", "/done", body=body, status=status)

        def program() -> None:
            with client() as http:
                http.post("/done").raise_for_status()

        assert "POST /done/broken" not in outcomes(swept(mock, program, expect=httpx.HTTPError))


def test_faults_that_the_test_arms_itself_are_left_to_it(mock: FilesMock) -> None:
    """Their calls are no rows, and that they don't fire under another failure is no error."""

    def program() -> None:
        mock.inject(faults.not_found(), on="list")
        with client() as http:
            upload(http, "a.txt")
            with httpx_errors_ignored():
                checked(lambda: http.get("/files"))

    sweep = swept(mock, program)
    assert {"upload a.txt"} == {case.call for case in sweep.cases if case.call}
    assert {} == wrong(sweep), str(sweep)


def test_waiting_for_processing_costs_no_time() -> None:
    """Polls with a pause of a second, until three have passed for the mock."""
    with FilesMock(environ="eugpt", processing=after_seconds(3)) as mock:

        def wait() -> None:
            with client() as http:
                file_id = upload(http, "a.txt")
                while json.loads(http.get(f"/files/{file_id}").text)["status"] == "uploaded":
                    time.sleep(1)

        sweep = swept(mock, wait, failures={"refused": faults.bad_request()})
        assert ["bug"] == wrong(sweep)["retrieve a.txt/refused"]
