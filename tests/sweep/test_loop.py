"""`for case in mock.sweep(): with case:` is the primitive; the rest of a sweep only drives it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from eugpt_files_mock import (
    ExpectationNotMet,
    FilesMock,
    OptionError,
    StateError,
    faults,
)

from .programs import (
    PURPOSE,
    Refused,
    archive,
    archive_and_look,
    ask_by_sdk,
    ask_by_sdk_once,
    client,
    outcomes,
    swept,
    upload,
    upload_and_delete,
    wrong,
)

COLUMNS = ["busy", "error", "denied", "reset", "timeout", "lost", "broken", "outage"]


@pytest.fixture
def mock() -> Iterator[FilesMock]:
    with FilesMock(environ=("eugpt", "openai")) as one:
        yield one


def test_the_table_says_what_the_code_does_under_every_failure(mock: FilesMock) -> None:
    """A line for each call, a column for each failure: the picture of the product."""
    mock.stub_response("Forty-two.")
    with pytest.raises(ExpectationNotMet) as failed:
        for case in mock.sweep():
            with case:
                case.result = ask_by_sdk()
    assert """
                    busy  error denied reset timeout lost    broken outage
upload report.pdf   ok    ok    raised ok    ok      WRONG   raised raised
POST /responses     ok    ok    raised ok    ok      WRONG   raised raised
delete report.pdf   ok    ok    raised ok    ok      gave up raised raised
""" in str(failed.value)


def test_each_wrong_cell_is_explained(mock: FilesMock) -> None:
    """What happened, what came, how to repeat it alone, how to allow it."""
    mock.stub_response("Forty-two.")
    text = str(swept(mock, ask_by_sdk))
    assert (
        "POST /responses/lost is WRONG. POST /responses was done, but its answer got lost" in text
    )
    assert "POST /responses: reset, 200" in text
    assert 'To repeat it alone: mock.sweep(only="POST /responses/lost")' in text
    assert 'To allow it: mock.sweep(allow=["POST /responses/lost"])' in text


def test_what_repeats_or_allows_a_cell_keeps_the_other_arguments(mock: FilesMock) -> None:
    """Pasted without `strict=True`, nothing would be WRONG, and `allow` was never needed."""
    mock.stub_response("Forty-two.")
    text = str(swept(mock, ask_by_sdk, strict=True))
    assert 'To repeat it alone: mock.sweep(…, only="delete report.pdf/lost")' in text
    assert 'To allow it: mock.sweep(…, allow=["delete report.pdf/lost"])' in text


def test_the_cure_for_the_sdk_is_found_right(mock: FilesMock) -> None:
    """Without retries of what makes something, every cell is right."""
    mock.stub_response("Forty-two.")
    sweep = swept(mock, ask_by_sdk_once)
    assert sweep.ok, str(sweep)
    assert "gave up" == outcomes(sweep)["upload report.pdf/lost"]


@pytest.mark.parametrize("program", [archive, archive_and_look, upload_and_delete])
def test_a_right_program_is_right_in_every_cell(mock: FilesMock, program: Any) -> None:
    """A sweep that complains of right code would not be used twice."""
    sweep = swept(mock, program, expect=Refused)
    assert {} == wrong(sweep), str(sweep)
    assert sweep.ok


def test_a_case_tells_what_happened(mock: FilesMock) -> None:
    """Its call, its failure, its outcome, what was raised, its verdict and its calls."""
    sweep = swept(mock, archive)
    first, second, *cells = sweep.cases
    assert (None, None, "ok") == (first.call, first.failure, first.outcome)
    assert (None, None, "ok") == (second.call, second.failure, second.outcome)
    assert COLUMNS == [case.failure for case in cells]
    busy = cells[0]
    assert "upload report.pdf" == busy.call
    assert "upload report.pdf/busy" == str(busy)
    assert "without a failure" == str(first)
    assert "gave up" == busy.outcome
    assert () == busy.why
    assert isinstance(busy.error, Refused)
    assert busy.verdict.ok
    assert [429] == [call.status for call in busy.calls]
    assert 1 == len(busy.calls.to("upload"))


def test_what_the_mock_had_before_the_loop_is_there_in_each_run(mock: FilesMock) -> None:
    """Files, stubs and functions are set up once, or inside of the loop, as one likes."""
    file = mock.add_file("old.txt", b"old")
    mock.stub("POST", "/responses", json={})
    seen = []
    mock.after("delete", lambda call: seen.append(call.filename))
    for case in mock.sweep(only="delete old.txt/busy"):
        with case, client() as http:
            http.post("/responses").raise_for_status()
            http.delete(f"/files/{file.id}").raise_for_status()
    assert ["old.txt"] * 3 == seen
    assert [file] == list(mock.files)


def test_only_runs_the_cells_that_it_names(mock: FilesMock) -> None:
    """To repeat one that was WRONG; patterns name several."""
    assert ["upload report.pdf/lost"] == list(
        outcomes(swept(mock, archive_and_look, only="upload report.pdf/lost"))
    )
    found = outcomes(swept(mock, archive_and_look, only=["upload */lost", "*/broken"]))
    assert ["upload report.pdf/lost", "upload report.pdf/broken", "list/broken"] == list(found)


def test_an_allowed_cell_is_shown_and_fails_nothing(mock: FilesMock) -> None:
    """By the cell, by a pattern, or by the reason."""
    mock.stub_response("Forty-two.")
    cells = ["POST */lost", "upload report.pdf/lost"]
    sweep = swept(mock, ask_by_sdk, allow=cells)
    assert sweep.ok, str(sweep)
    assert "(WRONG)" == outcomes(sweep)["upload report.pdf/lost"]
    assert "(WRONG)" in sweep.table()
    reasons = {why.partition(":")[0] for case in sweep.cases for why in case.why}
    assert swept(mock, ask_by_sdk, allow=reasons).ok


def test_an_allow_that_was_never_needed_is_an_error(mock: FilesMock) -> None:
    """Else it would hide the next bug."""
    with pytest.raises(ExpectationNotMet, match=r"allow='\*/lost' was never needed"):
        for case in mock.sweep(allow="*/lost", expect=Refused):
            with case:
                archive()


def test_strict_makes_giving_up_wrong(mock: FilesMock) -> None:
    """For code that must get through."""
    assert {"gave_up"} == {
        reason
        for reasons in wrong(swept(mock, archive, strict=True)).values()
        for reason in reasons
    }


def test_expect_names_the_exceptions_that_are_right(mock: FilesMock) -> None:
    """Any other, such as one of the client library, is then WRONG."""

    def archive_badly() -> None:
        with client() as http:
            files = {"file": ("a.txt", b"a")}
            http.post("/files", files=files, data=PURPOSE).raise_for_status()

    assert {} == wrong(swept(mock, archive_badly))
    found = wrong(swept(mock, archive_badly, expect=[Refused]))
    assert ["unexpected_error"] == found["upload a.txt/busy"]


def test_failures_names_columns(mock: FilesMock) -> None:
    """In the order of the table, whatever the order of the names."""
    sweep = swept(mock, archive, failures=["lost", "busy"])
    assert ["busy", "lost"] == [case.failure for case in sweep.cases[2:]]


def test_failures_of_the_authors_own(mock: FilesMock) -> None:
    """A fault, or a function of the operation that gives one, or None where it can't be."""
    sweep = swept(
        mock,
        archive_and_look,
        failures={
            "teapot": faults.http_error(418),
            "gone": lambda operation: faults.not_found() if operation == "list" else None,
        },
    )
    assert {
        "upload report.pdf/teapot": "raised",
        "list/teapot": "raised",
        "list/gone": "raised",
    } == outcomes(sweep)
    assert "-" in sweep.table()


@pytest.mark.parametrize("status", [429, 503])
def test_a_failure_that_a_function_gives_may_pass_as_any_other(
    mock: FilesMock, status: int
) -> None:
    """Who gives up after it is told so, and `strict` looks at it."""
    failures = {"mine": lambda operation: faults.http_error(status)}

    def look() -> None:
        with client() as http:
            http.get("/files").raise_for_status()

    assert {"list/mine": "gave up"} == outcomes(swept(mock, look, failures=failures))
    found = wrong(swept(mock, look, failures=failures, strict=True))
    assert {"list/mine": ["gave_up"]} == found


@pytest.mark.parametrize("ways", [1, 2])
def test_a_failure_of_the_authors_own_is_one_fault(mock: FilesMock, ways: int) -> None:
    """Several are refused: given themselves, at once; by a function, when it is asked."""
    several = [faults.http_error(503)] * ways
    with pytest.raises(OptionError, match="'mine' must be one fault"):
        mock.sweep(failures={"mine": several})

    def look() -> None:
        with client() as http:
            http.get("/files")

    with pytest.raises(OptionError, match="'mine' must be one fault"):
        swept(mock, look, failures={"mine": lambda operation: several})


def test_a_file_whose_answer_came_too_late_is_not_left(mock: FilesMock) -> None:
    """The client gave up before it was told the id, so it could not delete the file."""

    def upload_once() -> None:
        with client() as http:
            answer = http.post("/files", files={"file": ("a.txt", b"a")}, data=PURPOSE)
            http.delete(f"/files/{answer.raise_for_status().json()['id']}")

    sweep = swept(mock, upload_once, failures={"late": faults.delay(600)}, only="upload a.txt/late")
    assert {"upload a.txt/late": "gave up"} == outcomes(sweep)


def test_of_calls_alike_the_first_two_and_the_last_are_tried(mock: FilesMock) -> None:
    """The middle of a hundred pages shows nothing new; a note says what was left out."""

    def look() -> None:
        with client() as http:
            for _ in range(6):
                http.get("/files").raise_for_status()

    sweep = swept(mock, look, failures=["busy"])
    assert ["list/busy", "list #2/busy", "list #6/busy"] == list(outcomes(sweep))
    assert "3 of 6 calls are left out" in str(sweep)
    assert 6 == len(outcomes(swept(mock, look, failures=["busy"], alike=6)))
    assert 1 == len(outcomes(swept(mock, look, failures=["busy"], alike=1)))


def test_names_with_signs_of_patterns_are_hit(mock: FilesMock) -> None:
    """A filename is no pattern."""

    def both() -> None:
        with client() as http:
            upload(http, "a[1].txt")
            upload(http, "a1.txt")

    sweep = swept(mock, both, failures=["busy"])
    met = {case.call: [call.status for call in case.calls] for case in sweep.cases[2:]}
    assert {"upload a[1].txt": [429], "upload a1.txt": [200, 429]} == met


def test_random_filenames_fall_back_to_the_number_of_the_call(mock: FilesMock) -> None:
    """A note says so."""

    def both() -> None:
        with client() as http:
            upload(http, f"{os.urandom(8).hex()}.txt")
            upload(http, f"{os.urandom(8).hex()}.txt")

    sweep = swept(mock, both, failures=["busy"])
    assert ["upload/busy", "upload #2/busy"] == list(outcomes(sweep))
    assert "filenames of upload vary" in str(sweep)
    assert sweep.ok, str(sweep)


def test_code_that_makes_other_calls_in_its_second_run_is_an_error(mock: FilesMock) -> None:
    """The message says what to set up inside of the loop."""
    cache: list[str] = []
    with pytest.raises(ExpectationNotMet, match="set up inside the loop"):
        for case in mock.sweep():
            with case, client() as http:
                if not cache:
                    cache.append(upload(http))


def test_code_that_makes_no_call_is_an_error(mock: FilesMock) -> None:
    """A sweep of nothing would always be right."""
    with pytest.raises(ExpectationNotMet, match="made no call to this mock"):
        for case in mock.sweep():
            with case:
                pass


def test_code_that_fails_without_a_failure_fails_the_test_as_usual(mock: FilesMock) -> None:
    """Its own exception comes out of the first run."""
    with pytest.raises(ZeroDivisionError):
        for case in mock.sweep():
            with case:
                1 / 0  # noqa: B018 - the error is what matters


def test_a_sweep_that_is_left_by_break_fails_when_the_mock_is_left() -> None:
    """Half a table says nothing of the other half."""
    mock = FilesMock(environ="eugpt").start()
    for case in mock.sweep():
        with case:
            archive()
        break
    with pytest.raises(ExpectationNotMet, match="A sweep was left after 1 of its runs"):
        mock.stop()


def test_a_case_that_is_not_entered_is_an_error(mock: FilesMock) -> None:
    """Its run would not meet the failure."""
    with pytest.raises(StateError, match="was not entered"):
        for _ in mock.sweep():
            archive()


def test_a_case_is_entered_once(mock: FilesMock) -> None:
    """It is one run."""
    with pytest.raises(StateError, match="entered once"):
        for case in mock.sweep():
            with case:
                archive()
            with case:
                archive()


def test_a_sweep_is_iterated_once(mock: FilesMock) -> None:
    """Its table is that of one loop."""
    sweep = swept(mock, archive)
    with pytest.raises(StateError, match="iterated once"):
        iter(sweep)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"failures": ["bussy"]}, "Did you mean 'busy'"),
        ({"failures": {"a/b": faults.timeout()}}, "without a slash"),
        ({"failures": {"slow": faults.timeout}}, "which was not called"),
        ({"failures": 5}, "failures must be names"),
        ({"failures": ()}, "at least one"),
        ({"allow": "duplicate_uploads"}, "Did you mean 'duplicate_upload'"),
        ({"allow": ["upload */lots"]}, "Did you mean 'lost'"),
        ({"allow": [7]}, "allow takes texts"),
        ({"only": "upload a.txt"}, "only must name cells"),
        ({"expect": "Error"}, "expect must be exceptions"),
        ({"alike": 0}, "alike must be an integer"),
        ({"wait": "no"}, "wait must be True or False"),
        ({"onli": "x"}, "Did you mean 'only'"),
    ],
)
def test_wrong_words_are_refused(mock: FilesMock, words: Any, message: str) -> None:
    """With the word that was meant."""
    with pytest.raises(OptionError, match=message):
        mock.sweep(**words)


def test_only_that_names_no_cell_is_an_error(mock: FilesMock) -> None:
    """The message names the calls that there are."""
    with pytest.raises(OptionError, match=r"names no cell of this sweep. Its calls: upload repo"):
        for case in mock.sweep(only="upload raport.pdf/lost"):
            with case:
                archive()


def test_asynchronous_code_is_swept_with_async_with() -> None:
    """Calls that are under way at once are known by their names, whatever their order."""

    async def many() -> None:
        async with httpx.AsyncClient(
            base_url=os.environ["EUGPT_BASE_URL"],
            headers={"Authorization": f"Bearer {os.environ['EUGPT_API_KEY']}"},
            timeout=5,
        ) as http:

            async def one(name: str) -> None:
                files = {"file": (name, b"x")}
                answer = await http.post("/files", files=files, data=PURPOSE)
                answer.raise_for_status()

            await asyncio.gather(*(one(f"{number}.txt") for number in range(3)))

    async def sweep() -> Any:
        async with FilesMock(environ="eugpt") as mock:
            made = mock.sweep(failures=["busy", "outage"])
            for case in made:
                async with case:
                    await many()
            return made

    found = outcomes(asyncio.run(sweep()))
    assert 6 == len(found)
    assert {"gave up", "raised"} == set(found.values())


def test_results_are_compared_where_they_are_given(mock: FilesMock) -> None:
    """Ids in them differ in each run, and are replaced by the names of their files."""

    def careless() -> list[str]:
        with client() as http:
            ids = [upload(http)]
            answer = http.get("/files")
            return ids + ([answer.json()["data"][0]["id"]] if answer.is_success else [])

    found = wrong(swept(mock, careless, failures=["error"]))
    assert {"list/error": ["other_result"]} == found


def test_a_result_that_varies_is_not_compared(mock: FilesMock) -> None:
    """A note says so."""

    def varying() -> str:
        archive()
        return os.urandom(8).hex()

    sweep = swept(mock, varying)
    assert {} == wrong(sweep)
    assert "the result varies" in str(sweep)


def test_a_post_that_is_only_sent_after_a_failure_repeats_nothing(mock: FilesMock) -> None:
    """A cancel undoes what was begun; it isn't work that was carried out twice."""
    mock.stub("POST", "/jobs", json={})
    mock.stub("POST", "/jobs/cancel", json={})

    def run() -> None:
        with client() as http:
            try:
                http.post("/jobs").raise_for_status()
            except httpx.HTTPError:
                http.post("/jobs/cancel")
                raise

    sweep = swept(mock, run, only="POST /jobs/*")
    assert sweep.ok, str(sweep)
