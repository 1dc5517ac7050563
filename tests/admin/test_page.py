"""The page for people, in a real browser: each of the things that it is for."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import re
import shutil
import socket
import struct
import subprocess
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from eugpt_files_mock import FilesMock, faults

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect

PATIENCE = 20_000
"""Milliseconds that an expectation has to come true, on a busy machine."""

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed"),
]

REFUSED = "the server responded with a status of 4"
"""What the browser says when the page shows why something was refused, or is gone."""

HURRY = (
    "const later = setTimeout;"
    "window.setTimeout = (act, wait) => later(act, wait === 1000 ? 100 : wait);"
)
"""The page looks every second; its tests don't wait that long."""

MARKUP = "<img src=x onerror=document.title='owned'>.png"
LONG = "a-name-that-only-a-generator-writes-" + "0123456789" * 12 + ".csv"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    expect.set_options(timeout=PATIENCE)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def files_mock() -> Iterator[FilesMock]:
    """A mock on a port that may be left with faults and unknown routes."""
    mock = FilesMock(assert_all_faults_fired=False, assert_all_requests_known=False)
    with mock.serve():
        yield mock


@pytest.fixture
def page(browser: Any, files_mock: FilesMock) -> Iterator[Any]:
    """The page, open; at the end it has reported no error and asked nobody else."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800},
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(PATIENCE)
    context.add_init_script(HURRY)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text))
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url.split("/__admin/")[0]))
    open_page(page, files_mock)
    yield page
    context.close()
    assert [said for said in errors if REFUSED not in said] == []
    assert {url for url in asked if url.startswith("http")} == {
        files_mock.base_url.removesuffix("/v1")
    }


def open_page(page: Any, mock: FilesMock, address: str = "") -> None:
    page.goto(f"{mock.base_url.removesuffix('/v1')}/__admin/{address}")
    expect(page.locator("#pulse")).to_have_text("Live")
    expect(page.locator("#preview")).to_contain_text("mock.inject")


def key(mock: FilesMock, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {mock.api_key}", **headers}


def upload(
    mock: FilesMock,
    filename: str = "report.pdf",
    content: bytes = b"x" * 12345,
    timeout: float = 5,
    **fields: str,
) -> Any:
    return httpx.post(
        f"{mock.base_url}/files",
        headers=key(mock),
        data={"purpose": "assistants", **fields},
        files={"file": (filename, content, "application/pdf")},
        timeout=timeout,
    )


def get(mock: FilesMock, path: str, **options: Any) -> Any:
    return httpx.get(f"{mock.base_url}{path}", headers=key(mock), **options)


def rows(page: Any) -> Any:
    return page.locator("#request-list > li")


def opened(page: Any) -> Any:
    """What is shown of the newest request, once it was clicked."""
    rows(page).first.locator(".row").click()
    return page.locator("#request-detail")


def tab(page: Any, name: str) -> Any:
    page.get_by_role("navigation").get_by_role("link", name=name).click()
    return page.locator(f"#{name.lower()}")


def open_form(page: Any) -> None:
    """The form for faults, which is closed until it is wanted."""
    if not page.locator("#arm").is_visible():
        page.get_by_role("link", name="Arm a fault").click()
    expect(page.locator("#arm")).to_be_visible()


def choose(page: Any, fault: str, *operations: str) -> None:
    """Choose in the form; `arm` sends it."""
    open_form(page)
    for name in (*operations, fault):
        page.locator(f"#arm input[value={name}]").check()


def arm(page: Any) -> None:
    open_form(page)
    page.get_by_role("button", name="Arm", exact=True).click()


def copied(page: Any, name: str) -> Any:
    """What the button puts on the clipboard, where nothing is before."""
    page.evaluate("navigator.clipboard.writeText('')")
    page.get_by_role("button", name=name).click()
    look = "async () => { let text; while (!text) text = await navigator.clipboard.readText();"
    return page.evaluate(f"{look} return text; }}")


def opened_file(page: Any, mock: FilesMock, name: str, content: bytes) -> Any:
    file = mock.add_file(name, content)
    tab(page, "Files")
    row = page.locator(f"#file-list > li[data-key='{file.id}']")
    row.locator("summary").click()
    return row


class TestWhatIsSeen:
    def test_a_request_appears_as_it_comes_in(self, page: Any, files_mock: FilesMock) -> None:
        """With what it was about; until then the page says how to send one."""
        expect(page.locator("#no-requests")).to_be_visible()
        upload(files_mock)
        expect(rows(page)).to_have_count(1)
        expect(rows(page).first).to_contain_text("upload")
        expect(rows(page).first).to_contain_text("report.pdf · assistants · 12.3 kB")
        expect(rows(page).first.locator(".status")).to_have_text("200")
        expect(page.locator("#no-requests")).to_be_hidden()

    def test_the_newest_is_first(self, page: Any, files_mock: FilesMock) -> None:
        """In the order of arrival, from below."""
        for name in ("first.txt", "second.txt"):
            upload(files_mock, name)
        expect(rows(page)).to_contain_text(["second.txt", "first.txt"])

    def test_one_byte_is_not_bytes(self, page: Any, files_mock: FilesMock) -> None:
        """Numbers agree with their nouns."""
        upload(files_mock, "a.txt", b"x")
        expect(rows(page).first).to_contain_text("· 1 byte")
        expect(rows(page).first).not_to_contain_text("bytes")

    def test_a_connection_that_was_cut_is_told_from_an_answer(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        """By the way in which it ended."""
        files_mock.inject(faults.connection_reset(), on="upload")
        with pytest.raises(httpx.TransportError):
            upload(files_mock)
        expect(rows(page).first.locator(".status")).to_have_text("reset")
        expect(rows(page).first.locator(".hit")).to_have_text("connection_reset")

    def test_a_client_waits_and_then_gives_up(self, page: Any, files_mock: FilesMock) -> None:
        """A fault that hangs isn't over before the client is gone."""
        files_mock.inject(faults.timeout(), on="list")
        with _asking(files_mock):
            expect(rows(page).first.locator(".status")).to_have_text("waiting")
            expect(rows(page).first).to_contain_text("the client is waiting")
        expect(rows(page).first.locator(".status")).to_have_text("timeout")
        expect(rows(page).first).to_contain_text("the client stopped waiting after")

    @pytest.mark.parametrize("fault", [faults.corrupted(), faults.truncated(9)])
    def test_a_spoiled_200_is_not_green(
        self, page: Any, files_mock: FilesMock, fault: faults.Fault
    ) -> None:
        """What the client met wasn't a success."""
        files_mock.inject(fault, on="list")
        _swallowed(httpx, files_mock)
        status = rows(page).first.locator(".status")
        expect(status).to_have_text("200")
        expect(status).to_have_class("status cut")

    def test_a_wrong_method_is_told_from_a_wrong_path(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        """405 and 404 have causes that are mended in different places."""
        httpx.put(f"{files_mock.base_url}/files", headers=key(files_mock))
        get(files_mock, "/fils")
        expect(rows(page)).to_contain_text(
            ["no such routeGET /v1/fils", "method not allowedPUT /v1/files"]
        )

    def test_markup_in_a_name_is_only_text(self, page: Any, files_mock: FilesMock) -> None:
        """Wherever a name is shown."""
        files_mock.inject(faults.server_error(), on="upload", filename=MARKUP, skip=1)
        upload(files_mock, MARKUP, note=MARKUP)
        upload(files_mock, MARKUP)
        expect(opened(page)).to_contain_text(MARKUP)
        expect(tab(page, "Faults")).to_contain_text(MARKUP)
        files = tab(page, "Files")
        expect(files).to_contain_text(MARKUP)
        files.locator("summary").first.click()
        expect(files.locator(".opened")).to_contain_text("xxx")
        assert page.locator("main img").count() == 0
        assert page.title() == "EU GPT Files mock"

    def test_each_row_says_how_long_it_took(self, page: Any, files_mock: FilesMock) -> None:
        """With what a fault kept the client waiting."""
        files_mock.inject(faults.delay(0.2), on="list")
        get(files_mock, "/files")
        upload(files_mock)
        expect(rows(page).nth(0).locator(".took")).to_have_text(re.compile(r"^[\d.]+ ms$"))
        expect(rows(page).nth(1).locator(".took")).to_have_text(re.compile(r"^0\.[2-9] s$"))

    def test_the_newest_that_failed_is_open(self, page: Any, files_mock: FilesMock) -> None:
        """Until another is chosen."""
        expect(page.locator("#request-detail")).to_have_text(re.compile("Nothing has failed"))
        get(files_mock, "/files?limit=0")
        get(files_mock, "/files/nothing")
        upload(files_mock)
        expect(page.locator("#request-detail")).to_contain_text("There is no file 'nothing'")
        expect(page.locator("#request-list > .open")).to_contain_text("'nothing'")
        rows(page).first.locator(".row").click()
        expect(page.locator("#request-detail")).to_contain_text("report.pdf")

    def test_much_traffic_makes_no_long_page(self, page: Any, files_mock: FilesMock) -> None:
        """The requests scroll in their own place, and the newest are enough at first."""
        for number in range(70):
            upload(files_mock, f"{number}.txt", b"")
        expect(rows(page)).to_have_count(60)
        assert page.evaluate("document.documentElement.scrollHeight") == 800
        page.get_by_role("button", name="Show 10 earlier").click()
        expect(rows(page)).to_have_count(70)
        expect(rows(page).nth(60).locator(".row")).to_be_focused()


@contextlib.contextmanager
def _asking(mock: FilesMock) -> Iterator[None]:
    """A client that asks for the list, and goes away in the end."""
    url = httpx.URL(mock.base_url)
    lines = (
        f"GET {url.path}/files HTTP/1.1",
        f"Host: {url.host}",
        f"Authorization: Bearer {mock.api_key}",
        "",
        "",
    )
    with socket.create_connection((url.host, url.port)) as connection:
        connection.sendall("\r\n".join(lines).encode())
        yield


def _swallowed(client: Any, mock: FilesMock) -> None:
    with contextlib.suppress(httpx.HTTPError):
        client.get(f"{mock.base_url}/files", headers=key(mock), timeout=3)


class TestStates:
    def test_a_server_that_is_gone_is_said(self, browser: Any) -> None:
        """In words of ours, where the state is shown and where something was pressed."""
        context = browser.new_context()
        page = context.new_page()
        with FilesMock().serve() as mock:
            open_page(page, mock)
        gone = "The mock doesn't answer. Start it again, and this page goes on."
        expect(page.locator("#pulse")).to_have_text(gone)
        arm(page)
        expect(page.locator("#problem")).to_have_text(gone)
        context.close()

    def test_a_first_request_that_fails_is_repeated(
        self, browser: Any, files_mock: FilesMock
    ) -> None:
        """Nothing is asked for only once."""
        context = browser.new_context()
        page = context.new_page()
        for route in ("health", "catalogue", "faults?limit=200"):
            page.route(f"**/__admin/{route}", lambda asked: asked.abort(), times=1)
        open_page(page, files_mock)
        expect(page.locator("#version")).not_to_be_empty()
        context.close()

    def test_a_moment_that_no_calendar_has_is_shown(self, page: Any, files_mock: FilesMock) -> None:
        """It empties no list."""
        file = files_mock.add_file("far.txt")
        text = httpx.get(f"{files_mock.base_url[:-3]}/__admin/files/{file.id}").text
        far = text.replace(str(file.created_at), "8640000000001")
        page.route(
            "**/__admin/files?*",
            lambda asked: asked.fulfill(
                headers={"X-Total-Count": "1"}, body=f'{{"data": [{far}]}}'
            ),
        )
        page.reload()  # the list may be there already
        expect(tab(page, "Files").locator("#file-list")).to_contain_text("8640000000001 s")

    def test_paused_nothing_moves_and_what_came_is_counted(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        """What is read stays, until it is live again."""
        upload(files_mock, "a.txt")
        expect(rows(page)).to_have_count(1)
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("#pulse")).to_have_text("Paused")
        upload(files_mock, "b.txt")
        expect(page.locator("#pulse")).to_have_text("Paused, 1 new request")
        expect(rows(page)).to_have_count(1)
        page.get_by_role("button", name="Pause").click()
        expect(rows(page)).to_have_count(2)

    def test_focus_and_what_is_open_stay_when_requests_come_in(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        """A node stays the same node."""
        upload(files_mock, "a.txt")
        rows(page).first.locator(".row").click()
        rows(page).first.locator(".row").focus()
        page.evaluate("window.wasFocused = document.activeElement")
        page.get_by_label("Filter").press_sequentially("t")
        page.evaluate("window.wasFocused.focus()")
        upload(files_mock, "b.txt")
        expect(rows(page)).to_have_count(2)
        assert page.evaluate("document.activeElement === window.wasFocused")
        expect(page.locator("#request-detail")).to_contain_text("a.txt")


class TestWhy:
    def test_a_refusal_says_why_in_the_list_and_beside_it(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        """The message that the client got, its code, and the whole answer."""
        answer = get(files_mock, "/files?limit=0")
        message = answer.json()["error"]["message"]
        expect(rows(page).first.locator(".why")).to_have_text(message)
        shown = opened(page)
        expect(shown.locator(".reason")).to_contain_text(message)
        expect(shown.locator(".reason")).to_contain_text("invalid_parameter")
        expect(shown).to_contain_text("Answer 400")
        expect(shown.get_by_label("Body of the answer")).to_contain_text('  "error": {\n')
        shown.get_by_text("headers").first.click()
        expect(shown).to_contain_text(answer.headers["x-request-id"])
        expect(shown.get_by_label("Request line")).to_have_text("GET /v1/files?limit=0")

    def test_an_upload_shows_its_form_and_no_key(self, page: Any, files_mock: FilesMock) -> None:
        """What was parsed, the other fields, the headers."""
        upload(files_mock, expires="tomorrow")
        shown = opened(page)
        for fact in ("application/pdf", "12,345 bytes", files_mock.calls[0].sha256, "tomorrow"):
            expect(shown).to_contain_text(fact)
        expect(shown).to_contain_text("[redacted]")
        assert files_mock.api_key not in page.content()

    def test_a_long_answer_is_cut_and_says_so(self, page: Any, files_mock: FilesMock) -> None:
        """The beginning is enough to see what it is."""
        for number in range(60):
            files_mock.add_file(f"{number}.txt")
        get(files_mock, "/files")
        expect(opened(page)).to_contain_text("The first 8.2 kB of")

    def test_a_download_leads_to_its_file(self, page: Any, files_mock: FilesMock) -> None:
        """Its content isn't shown twice."""
        file = files_mock.add_file("a.txt", b"Good morning.")
        get(files_mock, f"/files/{file.id}/content")
        opened(page).get_by_role("link", name="Look at the file").click()
        expect(page.get_by_label("Content of a.txt")).to_have_text("Good morning.")

    def test_a_fault_leads_to_the_one_that_was_armed(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        """Also when it is spent, and folded away."""
        files_mock.inject(faults.http_error(503), on="list", skip=5)
        files_mock.inject(faults.http_error(418), on="upload")
        upload(files_mock)
        expect(rows(page)).to_have_count(1)
        shown = opened(page)
        expect(shown.locator(".reason")).to_contain_text(
            "The fault http_error (armed fault 2) hit it"
        )
        shown.get_by_role("link", name="armed fault 2").click()
        expect(page.locator("#faults-2")).to_be_in_viewport()
        expect(page.locator("#faults-2")).to_contain_text("http_error(status=418)")

    def test_a_request_has_an_address_of_its_own(self, page: Any, files_mock: FilesMock) -> None:
        """It can be sent to a colleague, and the back button works."""
        get(files_mock, "/files?limit=0")
        opened(page)
        address = page.url
        page.go_back()
        expect(page.locator("nav [aria-current]")).to_contain_text("Requests")
        page.goto("about:blank")
        page.goto(address)
        expect(page.locator("#request-detail")).to_contain_text("invalid_parameter")

    def test_it_is_copied_as_curl_and_as_python_that_run(
        self, page: Any, files_mock: FilesMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What they send is what was sent."""
        name = 'it\'s a "report".pdf'
        content = b"Good morning."
        (tmp_path / name).write_bytes(content)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("EUGPT_API_KEY", files_mock.api_key)
        upload(files_mock, name, content, note="it's")
        opened(page)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # a snippet leaves the file open
            exec(copied(page, "Python"), {})
            gc.collect()
        subprocess.run(copied(page, "curl"), shell=True, check=True, capture_output=True)

        sent, *again = files_mock.calls
        for call in again:
            for word in ("operation", "filename", "purpose", "content_type", "sha256", "fields"):
                assert getattr(sent, word) == getattr(call, word)
        assert len(again) == 2


class TestExport:
    def test_what_is_shown_is_saved_as_json(self, page: Any, files_mock: FilesMock) -> None:
        """As the control routes tell it, with what was answered."""
        upload(files_mock, "a.txt")
        get(files_mock, "/files?limit=0")
        expect(rows(page)).to_have_count(2)
        page.get_by_label("Filter").fill("a.txt")
        expect(rows(page)).to_have_count(1)
        (saved,) = saved_by(page, "JSON")
        url = f"{files_mock.base_url[:-3]}/__admin/requests/{saved['request_id']}"
        assert saved == httpx.get(url).json()

    def test_a_har_is_what_browsers_read(self, page: Any, files_mock: FilesMock) -> None:
        """Every request in order of arrival, with its form, its query, and how it ended."""
        upload(files_mock, "a.txt", note="x")
        answer = get(files_mock, "/files?limit=0")
        files_mock.inject(faults.connection_reset(), on="list")
        _swallowed(httpx, files_mock)
        expect(rows(page)).to_have_count(3)
        log = saved_by(page, "HAR")["log"]
        first, second, third = log["entries"]
        assert ("1.2", 200, 400, 0) == (
            log["version"],
            *(entry["response"]["status"] for entry in log["entries"]),
        )
        params = {one["name"]: one for one in first["request"]["postData"]["params"]}
        assert ("a.txt", "x") == (params["file"]["fileName"], params["note"]["value"])
        assert f"{files_mock.base_url}/files?limit=0" == second["request"]["url"]
        assert answer.text == second["response"]["content"]["text"]
        assert "reset" in third["response"]["statusText"]
        assert files_mock.api_key not in json.dumps(log)


def saved_by(page: Any, name: str) -> Any:
    """What the button saves, parsed."""
    with page.expect_download() as saving:
        page.get_by_role("button", name=name).click()
    return json.loads(Path(saving.value.path()).read_text("utf-8"))


class TestAttempts:
    def test_retries_stand_together_on_a_time_line(self, page: Any, files_mock: FilesMock) -> None:
        """Failed, failed, succeeded; each attempt can be opened."""
        files_mock.inject([faults.unavailable(), faults.server_error()], on="upload")
        for _ in range(3):
            upload(files_mock)
        upload(files_mock, "other.txt")
        expect(rows(page)).to_have_count(2)
        attempts = rows(page).nth(1)
        expect(attempts.locator(".row .status")).to_have_text("200")
        expect(attempts.locator(".mark")).to_have_text(["503", "500", "200"])
        expect(attempts.locator(".sum")).to_contain_text("3 attempts in")
        attempts.locator(".mark", has_text="500").click()
        expect(page.locator("#request-detail")).to_contain_text("Answer 500")
        expect(page.locator("#request-detail .mark[aria-current]")).to_have_text("500")

    def test_the_verdict_stands_beside_the_attempts(self, page: Any, files_mock: FilesMock) -> None:
        """What the code did wrong, by name, and in whole sentences."""
        for _ in range(2):
            get(files_mock, "/files?limit=0")
        expect(rows(page).first.locator(".chip").first).to_have_text("retried non retryable")
        expect(page.locator("#wrong-sum")).to_contain_text("1 error")
        page.locator("#wrong-sum").click()
        expect(page.locator("#wrong-list")).to_contain_text("To fix it")
        expect(opened(page)).to_contain_text("To fix it")

    def test_what_the_exit_checks_would_say_stands_beside_it(self, browser: Any) -> None:
        """A base URL without its /v1, a fault that never fired: the verdict knows neither."""
        mock = FilesMock()
        mock.serve().start()
        with contextlib.closing(browser.new_context()) as context:
            page = context.new_page()
            open_page(page, mock)
            httpx.get(f"{mock.base_url.removesuffix('/v1')}/files", headers=key(mock))
            mock.inject(faults.too_large(), on="upload")
            summary = page.locator("#wrong-sum")
            expect(summary).to_contain_text("2 exit checks would fail the test")
            summary.click()
            expect(page.locator("#wrong-list")).to_contain_text("too_large")
            expect(page.locator("#wrong-list")).to_contain_text("/v1")
        with pytest.raises(AssertionError):
            mock.stop()

    def test_a_client_that_waits_has_not_given_up(self, page: Any, files_mock: FilesMock) -> None:
        """The verdict's word is for whoever doesn't try again."""
        files_mock.inject(faults.timeout(), on="list")
        with _asking(files_mock):
            expect(rows(page).first.locator(".status")).to_have_text("waiting")
            expect(rows(page).first).not_to_contain_text("gave up")
        expect(rows(page).first.locator(".status")).to_have_text("timeout")
        expect(rows(page).first).to_contain_text("gave up")


class TestFilter:
    def test_chips_choose_by_status_operation_and_user(self, browser: Any) -> None:
        """Of one kind they are alternatives, of several they all hold; always in one order."""
        mock = FilesMock(api_keys={"eugpt_ann": "ann", "eugpt_bob": "bob"})
        orders = []
        with contextlib.closing(browser.new_context()) as context, mock.serve():
            for name in ("bob", "ann"):
                with httpx.Client(
                    base_url=mock.base_url, headers={"Authorization": f"Bearer eugpt_{name}"}
                ) as client:
                    client.delete("files/nothing")
                    client.get("files?limit=0")
                    client.get("files")
            page = context.new_page()
            for _ in range(2):
                open_page(page, mock)
                expect(page.locator("#chips-user li")).to_have_count(2)
                orders.append(page.locator("#chips li").all_inner_texts())
            words = "Failed Faulted 200 400 404 list delete ann bob"
            assert [words.split()] * 2 == orders
            chips = page.get_by_role("group", name="Show only")
            for chip in ("400", "404", "ann"):
                chips.get_by_label(chip, exact=True).check()
            expect(page.locator("#filtered")).to_have_text("2 of 6 requests")
            page.reload()
            expect(page.locator("#filtered")).to_have_text("2 of 6 requests")
            chips.get_by_label("delete", exact=True).check()
            expect(rows(page)).to_have_count(1)
            expect(rows(page)).to_contain_text("There is no file 'nothing'.")

    def test_three_digits_are_a_status(self, page: Any, files_mock: FilesMock) -> None:
        """Not the digits of a hash, a name, or a message; ids count from six characters on."""
        files_mock.inject(faults.too_large(), on="upload", filename="big.txt")
        content = next(
            text
            for text in (b"%d" % number for number in range(10_000))
            if "413" in hashlib.sha256(text).hexdigest()
        )
        upload(files_mock, "small-413.txt", content)
        upload(files_mock, "big.txt", b"")
        expect(rows(page)).to_have_count(2)
        sha256 = files_mock.calls[0].sha256
        assert sha256 is not None
        place = sha256.index("413")
        word = sha256[max(0, place - 5) : place + 5]
        for words, name in (
            ("413", "big.txt"),
            (word[:5], None),
            (sha256[:6], "small-413.txt"),
            ("-413", "small-413.txt"),
        ):
            page.get_by_label("Filter").fill(words)
            expect(rows(page)).to_have_count(1 if name else 0)
            if name:
                expect(rows(page)).to_contain_text(name)

    def test_only_what_has_every_word_is_shown(self, page: Any, files_mock: FilesMock) -> None:
        """Also of what is in headers and messages, and over a reload."""
        get(files_mock, "/files?limit=0")
        files_mock.inject(faults.server_error(), on="upload", filename="a.txt")
        upload(files_mock, "a.txt")
        upload(files_mock, "b.txt")
        expect(rows(page)).to_have_count(3)
        for words, name in (
            ("a.txt server_error", "a.txt"),
            ("must 10000", "limit=0"),
            ("multipart b.txt", "b.txt"),
        ):
            page.get_by_label("Filter").fill(words)
            expect(rows(page)).to_have_count(1)
            expect(rows(page)).to_contain_text(name)
        page.reload()
        expect(page.get_by_label("Filter")).to_have_value("multipart b.txt")
        expect(rows(page)).to_have_count(1)
        expect(page.locator("#filtered")).to_have_text("1 of 3 requests")

    def test_failed_only_and_faulted_only(self, page: Any, files_mock: FilesMock) -> None:
        """A request may have failed without a fault, and have met a fault without failing."""
        get(files_mock, "/files?limit=0")
        files_mock.inject(faults.delay(0.01), on="upload")
        upload(files_mock, "slow.txt")
        upload(files_mock, "good.txt")
        expect(rows(page)).to_have_count(3)
        page.get_by_label("Failed", exact=True).check()
        expect(rows(page)).to_have_count(1)
        expect(rows(page)).to_contain_text("limit=0")
        page.get_by_label("Failed", exact=True).uncheck()
        page.get_by_label("Faulted", exact=True).check()
        expect(rows(page)).to_have_count(1)
        expect(rows(page)).to_contain_text("slow.txt")

    def test_everything_that_is_kept_is_searched(self, browser: Any, files_mock: FilesMock) -> None:
        """Not only what is on the page: it asks for the rest, in pages."""
        with httpx.Client(base_url=files_mock.base_url, headers=key(files_mock)) as client:
            client.get("v1/files?purpose=needle")
            for _ in range(1100):
                client.get("v1/files")
        context = browser.new_context()
        page = context.new_page()
        pages: list[int] = []
        page.on(
            "response",
            lambda answer: "/requests?" in answer.url and pages.append(len(answer.body())),
        )
        open_page(page, files_mock)
        expect(page.locator("#requests h2 span").first).to_have_text("1,101")
        page.get_by_label("Filter").fill("needle")
        expect(rows(page)).to_have_count(1)
        expect(page.locator("#filtered")).to_have_text("1 of 1,101 requests")
        assert max(pages) < 1_000_000
        context.close()

    def test_a_slash_goes_to_the_filter(self, page: Any) -> None:
        """Unless it is being typed."""
        page.keyboard.press("/")
        expect(page.get_by_label("Filter")).to_be_focused()
        page.keyboard.type("a/b")
        expect(page.get_by_label("Filter")).to_have_value("a/b")


class TestFiles:
    def test_files_come_and_go(self, page: Any, files_mock: FilesMock) -> None:
        """As the mock has them."""
        files_mock.add_file("notes.txt", status="uploaded")
        expect(tab(page, "Files").locator("#file-list")).to_contain_text("notes.txt")
        files_mock.reset()
        expect(page.locator("#no-files")).to_be_visible()

    @pytest.mark.parametrize(
        ("name", "content", "label", "text"),
        [
            ("a.txt", "Grüße".encode(), "Content of a.txt", "Grüße"),
            ("a.json", b'{"a":[1]}', "Content of a.json", '{\n  "a": [\n    1\n  ]\n}'),
            ("a.csv", b'id,name\n1,"Smith, ""Joe"""\n', "Content of a.csv", 'Smith, "Joe"'),
        ],
    )
    def test_what_is_in_a_file_is_shown(
        self,
        page: Any,
        files_mock: FilesMock,
        name: str,
        content: bytes,
        label: str,
        text: str,
    ) -> None:
        """As text, as indented JSON, as a table."""
        row = opened_file(page, files_mock, name, content)
        expect(row.get_by_label(label)).to_contain_text(text)

    def test_other_bytes_are_only_told_of(self, page: Any, files_mock: FilesMock) -> None:
        """They can be saved."""
        row = opened_file(page, files_mock, "a.bin", b"\xff\x00ab")
        expect(row.locator(".preview")).to_have_text("Neither text, image nor PDF: save it.")

    def test_a_picture_is_drawn(self, page: Any, files_mock: FilesMock) -> None:
        """In its own colours."""
        row = opened_file(page, files_mock, "red.png", red_png())
        expect(row.get_by_role("img", name="red.png")).to_be_visible()
        pixel = "[...node.getContext('2d').getImageData(1, 1, 1, 1).data]"
        assert row.locator("canvas").evaluate(f"node => {pixel}") == [255, 0, 0, 255]

    def test_a_pdf_is_shown_by_the_viewer_of_the_browser(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        """Which the policy of the page lets in, and nothing else."""
        content = files_mock.fake_file(".pdf").content
        row = opened_file(page, files_mock, "a.pdf", content)
        expect(row.locator("iframe")).to_have_attribute("title", "a.pdf")
        page.wait_for_function("frames.length > 0")
        assert any(frame.url.startswith("blob:") for frame in page.frames)

    def test_it_is_saved_under_its_name(self, page: Any, files_mock: FilesMock) -> None:
        """With the bytes that were uploaded."""
        row = opened_file(page, files_mock, "a.bin", b"\x00\xff")
        with page.expect_download() as saving:
            row.get_by_role("link", name="Save").click()
        assert saving.value.suggested_filename == "a.bin"
        assert Path(saving.value.path()).read_bytes() == b"\x00\xff"

    def test_it_is_deleted_by_a_second_press(self, page: Any, files_mock: FilesMock) -> None:
        """The first only asks back."""
        row = opened_file(page, files_mock, "a.txt", b"x")
        row.get_by_role("button", name="Delete a.txt").click()
        assert len(files_mock.files) == 1
        row.get_by_role("button", name="Delete a.txt").click()
        expect(row).to_have_count(0)
        assert len(files_mock.files) == 0

    def test_its_status_is_set(self, page: Any, files_mock: FilesMock) -> None:
        """With the details that an error has."""
        row = opened_file(page, files_mock, "a.txt", b"x")
        row.get_by_label("Status").select_option("error")
        row.get_by_label("Details").fill("not a document")
        row.get_by_role("button", name="Set").click()
        expect(row.locator(".tag")).to_have_text("error")
        (file,) = files_mock.files
        assert ("error", "not a document") == (file.status, file.status_details)

    def test_files_are_added_by_the_button(
        self, page: Any, files_mock: FilesMock, tmp_path: Path
    ) -> None:
        """Several at once, with the purpose that was set."""
        for name in ("a.txt", "b.txt"):
            (tmp_path / name).write_text(name)
        files = tab(page, "Files")
        files.get_by_label("Purpose").fill("batch")
        with page.expect_file_chooser() as choosing:
            files.get_by_role("button", name="Add files").click()
        choosing.value.set_files([tmp_path / "a.txt", tmp_path / "b.txt"])
        expect(page.locator("#file-list > li")).to_have_count(2)
        assert [("a.txt", "batch", b"a.txt"), ("b.txt", "batch", b"b.txt")] == [
            (file.filename, file.purpose, file.content) for file in files_mock.files
        ]

    def test_files_are_added_by_dropping_them_anywhere(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        """The page says so while they are held over it."""
        drag = page.evaluate_handle(
            """() => {
              const drag = new DataTransfer();
              drag.items.add(new File(["Good morning."], "dropped.txt"));
              return drag;
            }"""
        )
        page.dispatch_event("#requests", "dragover", {"dataTransfer": drag})
        expect(page.locator("body")).to_have_class("dropping")
        page.dispatch_event("#requests", "drop", {"dataTransfer": drag})
        expect(page.locator("[data-count=files]").first).to_have_text("1")
        (file,) = files_mock.files
        assert ("dropped.txt", b"Good morning.") == (file.filename, file.content)


def red_png() -> bytes:
    """A picture of two by two pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    data = zlib.compress((b"\x00" + b"\xff\x00\x00" * 2) * 2)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", data), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


class TestArming:
    def test_a_fault_is_armed_which_the_client_meets(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        """Which fault hits, and which calls."""
        choose(page, "rate_limited", "upload")
        arm(page)
        expect(page.locator("#armed-now")).to_have_text("Armed: rate_limited on upload")
        expect(page.locator("#armed-list")).to_contain_text("rate_limited")
        (armed,) = files_mock.armed
        assert ("rate_limited", ("upload",), 1) == (armed.name, armed.matcher.on, armed.remaining)
        assert upload(files_mock).status_code == 429

    def test_every_argument_of_inject_can_be_given(self, page: Any, files_mock: FilesMock) -> None:
        """Those that are seldom needed, behind More."""
        choose(page, "timeout", "upload", "retrieve")
        page.get_by_label("Hits").select_option("always")
        page.get_by_text("Only this file").click()
        page.get_by_label("Filename").fill("report.pdf")
        page.get_by_label("File id").fill("abc")
        page.locator("#matcher").get_by_label("Purpose").fill("batch")
        page.get_by_label("Skip first").fill("1")
        page.get_by_label("Every nth").fill("2")
        page.get_by_label("Probability").fill("0.5")
        page.get_by_label("The work is").select_option("done, answer lost")
        expected = (
            'mock.inject(faults.timeout(), on=["upload", "retrieve"], times=None, '
            'filename="report.pdf", file_id="abc", purpose="batch", skip=1, every=2, '
            'probability=0.5, phase="after")'
        )
        expect(page.locator("#preview")).to_have_text(expected)
        arm(page)
        expect(page.locator("#armed-list > li")).to_have_count(1)
        assert expected == copied(page, "Copy mock.inject for timeout")
        (before,) = files_mock.armed
        again = eval(expected, {"mock": files_mock, "faults": faults})
        for word in ("on", "times", "skip", "every", "probability", "filename", "file_id", "phase"):
            assert getattr(before.matcher, word) == getattr(again.matcher, word)
        assert before.faults == again.faults

    def test_every_argument_of_a_fault_can_be_given(self, page: Any, files_mock: FilesMock) -> None:
        """Two faults of one kind can be told apart."""
        choose(page, "http_error", "list")
        page.locator("#arguments").get_by_label("Status").fill("418")
        page.locator("#arguments").get_by_label("Code").fill("teapot")
        page.locator("#arguments").get_by_label("Message").fill("Short and stout")
        page.locator("#arguments").get_by_label("Headers").fill('{"X-Pot": "tea"}')
        arm(page)
        page.locator("#arguments").get_by_label("Status").fill("503")
        arm(page)
        names = page.locator("#armed-list .name")
        expect(names).to_contain_text(["status=418", "status=503"])
        answer = get(files_mock, "/files")
        assert (418, "tea") == (answer.status_code, answer.headers["x-pot"])
        assert ("teapot", "Short and stout") == tuple(
            answer.json()["error"][word] for word in ("code", "message")
        )

    def test_a_sequence_is_put_together(self, page: Any, files_mock: FilesMock) -> None:
        """Used up in order."""
        open_form(page)
        page.get_by_text("Only this file").click()
        for name in ("unavailable", "server_error", "too_large"):
            choose(page, name, "list")
            page.get_by_role("button", name="Add to a sequence").click()
        page.get_by_role("button", name="Remove server_error").click()
        expect(page.locator("#preview")).to_have_text(
            'mock.inject([faults.unavailable(), faults.too_large()], on="list")'
        )
        arm(page)
        expect(page.locator("#armed-list")).to_contain_text("unavailable, then too_large")
        assert [503, 413, 200] == [get(files_mock, "/files").status_code for _ in range(3)]

    def test_hits_and_what_remains_are_shown_and_spent_ones_are_folded_away(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        """The form stays first."""
        files_mock.inject(faults.rate_limited(2), on="upload")
        files_mock.inject(faults.delay(0.01), on="list", times=3)
        upload(files_mock)
        get(files_mock, "/files")
        tab(page, "Faults")
        expect(page.locator("#armed-list .state")).to_have_text(["1 hit · 2 left"])
        expect(page.locator("#spent-sum")).to_have_text("1 spent")
        expect(page.locator("#spent-list")).to_be_hidden()
        page.locator("#spent-sum").click()
        expect(page.locator("#spent-list")).to_contain_text("rate_limited(retry_after=2)")
        upload(files_mock, "other.txt")
        expect(rows(page)).to_have_count(3)
        page.locator("#spent-list").get_by_role("link", name="See 1 request").click()
        expect(rows(page)).to_have_count(1)
        expect(rows(page)).to_contain_text("rate_limited")
        page.get_by_label("Hit by armed fault 1").click()
        expect(rows(page)).to_have_count(3)

    def test_what_is_refused_is_said_in_words(self, page: Any, files_mock: FilesMock) -> None:
        """And what was typed stays."""
        choose(page, "http_error")
        page.locator("#arguments").get_by_label("Status").fill("200")
        arm(page)
        expect(page.get_by_role("alert")).to_contain_text("status must be 400 to 599, ")
        expect(page.locator("#arguments").get_by_label("Status")).to_have_value("200")
        assert files_mock.armed == []

    def test_every_fault_that_a_port_can_produce_is_offered(self, page: Any) -> None:
        """The one that it can't isn't."""
        offered = page.locator("#catalogue input").evaluate_all("all => all.map(one => one.value)")
        assert set(faults.FAULTS) - set(faults.IN_PROCESS_ONLY) == set(offered)

    def test_a_fault_armed_here_never_fails_the_test_that_serves_the_mock(
        self, browser: Any
    ) -> None:
        """Whoever clicks isn't the author of the test."""
        context = browser.new_context()
        page = context.new_page()
        with FilesMock().serve() as mock:
            open_page(page, mock)
            arm(page)
            expect(page.locator("#armed-list > li")).to_have_count(1)
        context.close()


class TestStubs:
    def test_a_stub_is_added_from_json_and_removed(self, page: Any, files_mock: FilesMock) -> None:
        """The route answers, a fault can be armed on it, and its JSON is shown."""
        stubs = tab(page, "Stubs")
        stubs.get_by_text("Stub a route").click()
        stubs.get_by_label("Stub, as JSON").fill(
            '{"method": "POST", "path": "/responses", "json": {"output_text": "Forty-two."}}'
        )
        stubs.get_by_role("button", name="Add stub").click()
        expect(page.locator("#stub-list .name")).to_have_text("POST /responses")
        answer = httpx.post(
            f"{files_mock.base_url}/responses", headers=key(files_mock), json={"input": "What?"}
        )
        assert answer.json() == {"output_text": "Forty-two."}
        expect(page.locator("#stub-list .state")).to_have_text("1 hit · always")
        expect(page.locator("#operations")).to_contain_text("POST /responses")
        expect(opened(page).get_by_label("JSON of the request")).to_contain_text('"What?"')
        tab(page, "Stubs").get_by_role("button", name="Remove POST /responses").click()
        expect(page.locator("#no-stubs")).to_be_visible()

    def test_what_a_stub_answers_is_shown_and_copied(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        """As a test makes it."""
        files_mock.stub("GET", "/models", json={"data": [None, True]}, times=2)
        files_mock.stub_response("Forty-two.", chunks=2)
        tab(page, "Stubs")
        calls = (
            'mock.stub("GET", "/models", json={"data": [None, True]}, times=2)',
            'mock.stub_response("Forty-two.", chunks=2)',
        )
        for call in calls:
            expect(page.locator("#stub-list")).to_contain_text(call)
        assert calls[0] == copied(page, "Copy mock.stub for GET /models")
        assert calls[1] == copied(page, "Copy mock.stub_response for POST /responses")

    def test_the_examples_work_with_the_sdk(self, page: Any, files_mock: FilesMock) -> None:
        """Each is a whole answer, not a piece of one."""
        openai = pytest.importorskip("openai")
        stubs = tab(page, "Stubs")
        stubs.get_by_text("Stub a route").click()
        for count, name in enumerate(("a response", "a chat completion", "a failure"), start=1):
            stubs.get_by_role("button", name=f"Begin with {name}").click()
            stubs.get_by_role("button", name="Add stub").click()
            expect(page.locator("#stub-list > li")).to_have_count(count)
        with openai.OpenAI(
            api_key=files_mock.api_key, base_url=files_mock.base_url, max_retries=0
        ) as client:
            answer = client.responses.create(model="m", input="?", stream=False)
            assert answer.output_text == "Forty-two."
            said = client.chat.completions.create(model="m", messages=[])
            assert said.choices[0].message.content == "Forty-two."
            with pytest.raises(openai.InternalServerError):
                client.models.list()

    def test_what_is_no_stub_is_said_in_words(self, page: Any) -> None:
        """Also when it isn't JSON at all."""
        stubs = tab(page, "Stubs")
        stubs.get_by_text("Stub a route").click()
        stubs.get_by_label("Stub, as JSON").fill("{")
        stubs.get_by_role("button", name="Add stub").click()
        expect(page.get_by_role("alert")).to_contain_text("The body is not JSON")
        stubs.get_by_label("Stub, as JSON").fill('{"method": "GET", "path": "/files"}')
        stubs.get_by_role("button", name="Add stub").click()
        expect(page.get_by_role("alert")).to_contain_text("/files")


class TestSweep:
    def test_its_table_is_shown_and_a_cell_opens_its_calls(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        """Until one has run over the port, there is nothing to choose."""
        expect(page.locator("#to-sweep")).to_be_hidden()
        sweep = files_mock.sweep(failures=["busy", "broken"], expect=httpx.HTTPError)
        with contextlib.suppress(AssertionError):
            for case in sweep:
                with case:
                    upload(files_mock, MARKUP).raise_for_status().json()
        shown = tab(page, "Sweep")
        expect(shown.locator("thead th")).to_have_text(["Call", "busy", "broken"])
        expect(shown.locator("tbody th")).to_have_text([f"upload {MARKUP}"])
        expect(shown.locator("tbody td")).to_have_text(["gave up", "WRONG"])
        shown.get_by_role("link", name="WRONG").click()
        expect(shown.get_by_label("Why")).to_contain_text("unexpected_error")
        expect(shown.locator("ol > li")).to_have_count(1)
        expect(shown.locator("ol > li")).to_contain_text("malformed_json")
        assert page.title() == "EU GPT Files mock"
        page.reload()
        expect(shown.get_by_label("Why")).to_contain_text("unexpected_error")


class TestReset:
    def test_it_asks_back_before_it_drops_everything(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        """And starts anew."""
        upload(files_mock)
        expect(rows(page)).to_have_count(1)
        page.get_by_role("button", name="Reset", exact=True).click()
        assert len(files_mock.files) == 1
        page.get_by_role("button", name="Really drop everything?").click()
        expect(rows(page)).to_have_count(0)
        assert (0, 0) == (len(files_mock.files), len(files_mock.calls))
        upload(files_mock, "after.txt")
        expect(rows(page)).to_contain_text("after.txt")

    def test_while_paused_too(self, page: Any, files_mock: FilesMock) -> None:
        """What was dropped isn't shown any more; what came since is still not."""
        upload(files_mock)
        expect(rows(page)).to_have_count(1)
        page.get_by_role("button", name="Pause").click()
        files_mock.reset()
        expect(page.locator("#pulse")).to_have_text("Paused, emptied since")
        expect(rows(page)).to_have_count(1)
        page.get_by_role("button", name="Reset", exact=True).click()
        page.get_by_role("button", name="Really drop everything?").click()
        expect(rows(page)).to_have_count(0)
        expect(page.locator("#pulse")).to_have_text("Paused")

    def test_requests_can_be_forgotten(self, page: Any, files_mock: FilesMock) -> None:
        """Files stay."""
        upload(files_mock)
        expect(rows(page)).to_have_count(1)
        page.get_by_role("button", name="Forget").click()
        expect(rows(page)).to_have_count(0)
        assert (0, 1) == (len(files_mock.calls), len(files_mock.files))


class TestAccess:
    def test_the_keyboard_arms_and_disarms(self, page: Any, files_mock: FilesMock) -> None:
        """And the focus goes where something is."""
        page.get_by_role("link", name="Arm a fault").focus()
        page.keyboard.press("Enter")
        page.locator("#operations").get_by_label("upload").focus()
        page.keyboard.press("Space")
        page.locator("#arm input[value=unavailable]").focus()
        page.keyboard.press("ArrowUp")
        assert (
            page.evaluate("getComputedStyle(document.activeElement.parentNode).outlineStyle")
            == "solid"
        )
        page.keyboard.press("Enter")
        disarm = page.get_by_role("button", name="Disarm bad_gateway on upload")
        disarm.focus()
        page.keyboard.press("Enter")
        expect(disarm).to_have_count(0)
        assert page.evaluate("document.activeElement.id") == "faults"
        assert files_mock.armed == []

    def test_the_keyboard_goes_through_the_list(self, page: Any, files_mock: FilesMock) -> None:
        """Down, open, and back."""
        for name in ("a.txt", "b.txt"):
            upload(files_mock, name)
        expect(rows(page)).to_have_count(2)
        rows(page).first.locator(".row").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator("#request-detail")).to_contain_text("a.txt")
        expect(page.locator("#request")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("#requests")).to_be_focused()

    def test_what_comes_in_is_announced(self, page: Any, files_mock: FilesMock) -> None:
        """To those who listen instead of looking; what was there before is not."""
        get(files_mock, "/files")
        expect(rows(page)).to_have_count(1)
        upload(files_mock)
        expect(page.locator("#news[aria-live=polite]")).to_have_text("upload · 200")

    @pytest.mark.parametrize("width", [360, 768, 1280])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_nothing_and_nothing_is_cut_off(
        self, page: Any, files_mock: FilesMock, scheme: str, width: int
    ) -> None:
        """Names, roles, contrast, in each view; WCAG 2.2 A and AA, and axe's best practices."""
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
        with contextlib.suppress(AssertionError):
            for case in files_mock.sweep(failures=["busy", "error"]):
                with case:
                    get(files_mock, "/files").raise_for_status()
        fill(files_mock)
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        expect(page.locator("#requests [data-count=requests]")).to_have_text("5")
        expect(page.locator("[data-count=files]").first).to_have_text("4")
        ids = [call.request_id for call in files_mock.calls]
        csv = files_mock.add_file("a.csv", b"a,b\n1,2\n").id
        for view in (
            *("#tab=requests", "#tab=faults", "#tab=faults&arm=open", "#tab=stubs&stub=open"),
            *("#tab=files", "#tab=stubs", "#tab=sweep&cell=list/busy", f"#tab=files&file={csv}"),
            *(f"#tab=request&request={ids[place]}" for place in (1, 2, 4)),
        ):
            page.evaluate("address => { location.hash = address }", view)
            page.wait_for_timeout(200)
            found = axe.run(page, options={"iframes": False}).response["violations"]
            assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
            assert page.evaluate("document.documentElement.scrollWidth") == width

    @pytest.mark.parametrize("width", [400, 768])
    def test_what_is_narrow_can_be_read(self, page: Any, files_mock: FilesMock, width: int) -> None:
        """The filter has room for its words, and no path is broken within a word."""
        files_mock.stub("POST", "/chat/completions", json={})
        upload(files_mock)
        httpx.post(f"{files_mock.base_url}/chat/completions", headers=key(files_mock), json={})
        page.set_viewport_size({"width": width, "height": 800})
        expect(rows(page)).to_have_count(2)
        assert page.get_by_label("Filter").bounding_box()["width"] > 160
        heights = [rows(page).nth(n).locator(".what").bounding_box()["height"] for n in (0, 1)]
        assert heights[0] == heights[1]

    def test_dark_is_dark_and_light_is_light(self, page: Any) -> None:
        """As the system says."""
        ground = "getComputedStyle(document.documentElement).backgroundColor"
        page.emulate_media(color_scheme="light")
        assert page.evaluate(ground) == "rgb(243, 244, 246)"
        page.emulate_media(color_scheme="dark")
        assert page.evaluate(ground) == "rgb(14, 16, 19)"


class TestToken:
    def test_the_browser_asks_for_the_token_which_is_nowhere_on_the_page(
        self, browser: Any
    ) -> None:
        """The page needs to know nothing of it."""
        with FilesMock().serve(admin_token="s3cret-token") as mock:
            root = mock.base_url.removesuffix("/v1")
            assert httpx.get(f"{root}/__admin/").status_code == 401
            context = browser.new_context(
                http_credentials={"username": "me", "password": "s3cret-token"}
            )
            page = context.new_page()
            open_page(page, mock)
            arm(page)
            expect(page.locator("#armed-list > li")).to_have_count(1)
            assert "s3cret-token" not in page.content()
            context.close()


def fill(mock: FilesMock) -> None:
    """Everything that has a colour, or is long."""
    mock.inject(
        [faults.server_error(), faults.connection_reset()], on="upload", filename=LONG, skip=1
    )
    mock.inject(faults.delay(0.1), on="list", times=None)
    for _ in range(2):
        upload(mock, LONG)
    with pytest.raises(httpx.TransportError):
        upload(mock, LONG)
    upload(mock, MARKUP, b"{}")
    get(mock, "/files?limit=0")
    mock.add_file("broken.txt", status="error")
    mock.add_file("waiting.txt", status="uploaded")


def test_the_page_of_a_key_shows_its_tenant(browser: Any) -> None:
    """With `isolate_by_key`."""
    mock = FilesMock(isolate_by_key=True, assert_all_faults_fired=False)
    with mock.serve(), contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        mock.add_file("of-the-mock.txt")
        mock.tenant("eugpt_ann").add_file("of-ann.txt", b"hello")
        open_page(page, mock, "?key=eugpt_ann")
        files = tab(page, "Files")
        expect(files).to_contain_text("of-ann.txt")
        expect(files).not_to_contain_text("of-the-mock.txt")
        tab(page, "Faults")
        choose(page, "server_error", "list")
        arm(page)
        expect(page.locator("#armed-list > li")).to_have_count(1)
        assert ([], 1) == (mock.armed, len(mock.tenant("eugpt_ann").armed))
