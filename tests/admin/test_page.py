"""The page for people, in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from eugpt_files_mock import FilesMock, faults
from eugpt_files_mock.admin.page import PAGE_FILES

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

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed")

REFUSED = "the server responded with a status of 400"
"""What the browser says when the page shows why a fault was not armed."""

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
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    deferred_errors: list[str] = []
    page.on("pageerror", lambda error: deferred_errors.append(str(error)))
    page.on("console", lambda said: deferred_errors.append(said.text))
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url.split("/__admin/")[0]))
    exchange(page, files_mock)
    yield page
    context.close()
    assert [said for said in deferred_errors if REFUSED not in said] == []
    assert asked == {files_mock.base_url.removesuffix("/v1")}


def exchange(page: Any, mock: FilesMock) -> None:
    page.goto(f"{mock.base_url.removesuffix('/v1')}/__admin/")
    expect(page.locator("#pulse")).to_have_text("Live")
    expect(fault(page, "dribble")).to_be_visible()


def upload(mock: FilesMock, filename: str = "report.pdf", content: bytes = b"x" * 12345) -> Any:
    return httpx.post(
        f"{mock.base_url}/files",
        headers={"Authorization": f"Bearer {mock.api_key}"},
        data={"purpose": "assistants"},
        files={"file": (filename, content, "application/pdf")},
    )


def rows(page: Any) -> Any:
    return page.locator("#request-list > li")


def fault(page: Any, name: str) -> Any:
    """The button that arms it."""
    return page.locator(".palette").get_by_role("button", name=name)


class TestWhatIsSeen:
    def test_a_request_appears_as_it_comes_in(self, page: Any, files_mock: FilesMock) -> None:
        expect(page.locator("#no-requests")).to_be_visible()
        upload(files_mock)
        expect(rows(page)).to_have_count(1)
        expect(rows(page).first).to_contain_text("upload")
        expect(rows(page).first).to_contain_text("report.pdf · assistants · 12.3 kB")
        expect(rows(page).first.locator(".status")).to_have_text("200")
        expect(page.locator("#no-requests")).to_be_hidden()

    def test_the_newest_is_first(self, page: Any, files_mock: FilesMock) -> None:
        for name in ("first.txt", "second.txt"):
            upload(files_mock, name)
        expect(rows(page)).to_contain_text(["second.txt", "first.txt"])

    def test_opened_it_shows_the_parsed_upload_and_no_key(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        upload(files_mock)
        rows(page).first.locator("summary").click()
        facts = rows(page).first.locator(".facts")
        for fact in ("report.pdf", "application/pdf", "12345 bytes", files_mock.calls[0].sha256):
            expect(facts).to_contain_text(fact)
        expect(facts).to_contain_text("[redacted]")
        assert files_mock.api_key not in page.content()

    def test_the_fault_that_hit_is_named(self, page: Any, files_mock: FilesMock) -> None:
        files_mock.inject(faults.rate_limited(), on="upload")
        upload(files_mock)
        expect(rows(page).first.locator(".status")).to_have_text("429")
        expect(rows(page).first.locator(".hit")).to_contain_text("rate_limited")
        expect(page.locator("#armed-list")).to_contain_text("spent, hit 1 time")

    def test_a_connection_that_was_cut_is_told_from_an_answer(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        files_mock.inject(faults.connection_reset(), on="upload")
        with pytest.raises(httpx.TransportError):
            upload(files_mock)
        expect(rows(page).first.locator(".status")).to_have_text("cut")

    def test_files_come_and_go(self, page: Any, files_mock: FilesMock) -> None:
        file = files_mock.add_file("notes.txt", status="uploaded")
        expect(page.locator("#file-list")).to_contain_text("notes.txt")
        expect(page.locator("#file-list")).to_contain_text(file.id)
        files_mock.reset()
        expect(page.locator("#no-files")).to_be_visible()

    def test_markup_in_a_name_is_only_text(self, page: Any, files_mock: FilesMock) -> None:
        upload(files_mock, MARKUP)
        expect(rows(page).first).to_contain_text(MARKUP)
        expect(page.locator("#file-list")).to_contain_text(MARKUP)
        rows(page).first.locator("summary").click()
        expect(rows(page).first.locator(".facts")).to_contain_text(MARKUP)
        assert page.locator("main img").count() == 0
        assert page.title() == "EU GPT Files mock"

    def test_only_the_newest_are_shown_until_more_are_asked_for(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        for number in range(30):
            upload(files_mock, f"{number}.txt", b"")
        expect(rows(page)).to_have_count(30)
        expect(rows(page).nth(24)).to_be_visible()
        expect(rows(page).nth(25)).to_be_hidden()
        page.get_by_role("button", name="Show 5 earlier").click()
        expect(rows(page).nth(29)).to_be_visible()
        expect(rows(page).nth(25).locator("summary")).to_be_focused()

    def test_a_server_that_is_gone_is_said(self, browser: Any) -> None:
        context = browser.new_context()
        page = context.new_page()
        with FilesMock().serve() as mock:
            exchange(page, mock)
        expect(page.locator("#pulse")).to_have_text("Not reachable")
        context.close()


class TestNothingMoves:
    def test_focus_scroll_and_what_is_open_stay_when_requests_come_in(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        for number in range(25):
            upload(files_mock, f"{number}.txt", b"")
        expect(rows(page)).to_have_count(25)
        read = rows(page).filter(has_text="5.txt").last
        read.locator("summary").click()
        read.locator("summary").scroll_into_view_if_needed()
        page.evaluate("scrollBy(0, 200)")
        page.evaluate("window.wasFocused = document.activeElement")
        before = page.evaluate("window.wasFocused.getBoundingClientRect().top")

        for number in range(5):
            upload(files_mock, f"new-{number}.txt", b"")
        expect(rows(page)).to_have_count(30)

        assert page.evaluate("document.activeElement === window.wasFocused")
        assert page.evaluate("document.activeElement.parentElement.open")
        assert before == pytest.approx(
            page.evaluate("window.wasFocused.getBoundingClientRect().top"), abs=1
        )

    def test_what_is_typed_into_the_filter_stays(self, page: Any, files_mock: FilesMock) -> None:
        page.get_by_label("Filter").press_sequentially("rep")
        upload(files_mock)
        expect(rows(page)).to_have_count(1)
        page.get_by_label("Filter").press_sequentially("ort")
        expect(page.get_by_label("Filter")).to_have_value("report")
        expect(page.get_by_label("Filter")).to_be_focused()


class TestFilter:
    def test_only_what_has_every_word_is_shown(self, page: Any, files_mock: FilesMock) -> None:
        upload(files_mock, "a.txt")
        files_mock.inject(faults.server_error(), on="upload")
        upload(files_mock, "a.txt")
        upload(files_mock, "b.txt")
        expect(rows(page)).to_have_count(3)

        page.get_by_label("Filter").fill("a.txt server_error")

        expect(rows(page).locator("visible=true")).to_have_count(1)
        expect(page.locator("#filtered")).to_have_text("1 of 3 match.")
        upload(files_mock, "c.txt")
        expect(page.locator("#filtered")).to_have_text("1 of 4 match.")
        page.get_by_label("Filter").fill("")
        expect(rows(page).nth(3)).to_be_visible()


class TestArming:
    def test_two_clicks_arm_a_fault_which_the_client_meets(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        page.get_by_role("radio", name="upload").check()
        fault(page, "rate_limited").click()
        expect(page.locator("#armed-list")).to_contain_text("rate_limited")
        (armed,) = files_mock.armed
        assert (armed.name, armed.matcher.on, armed.remaining) == ("rate_limited", ("upload",), 1)
        assert upload(files_mock).status_code == 429

    def test_it_is_disarmed_with_one_more(self, page: Any, files_mock: FilesMock) -> None:
        fault(page, "server_error").click()
        page.get_by_role("button", name="Disarm server_error on any call").click()
        expect(page.locator("#armed-list > li")).to_have_count(0)
        assert files_mock.armed == []

    def test_the_words_of_inject_can_be_set(self, page: Any, files_mock: FilesMock) -> None:
        page.get_by_label("Hits").select_option("always")
        page.get_by_label("The work is").select_option("done, answer lost")
        page.get_by_label("Status").fill("418")
        fault(page, "http_error 418").click()
        expect(page.locator("#armed-list")).to_contain_text("after the work · always")
        (armed,) = files_mock.armed
        assert (armed.faults[0].status, armed.matcher.phase, armed.remaining) == (
            418,
            "after",
            None,
        )

    def test_what_is_refused_is_said_in_words(self, page: Any, files_mock: FilesMock) -> None:
        page.get_by_label("Status").fill("200")
        fault(page, "http_error").click()
        expect(page.get_by_role("alert")).to_contain_text("status must be 400 to 599, not 200")
        assert files_mock.armed == []

    def test_every_fault_that_a_port_can_produce_is_offered(self, page: Any) -> None:
        offered = page.locator(".palette button").all_inner_texts()
        names = {text.split()[0] for text in offered}
        assert names == set(faults.FAULTS) - {"connection_refused"}

    def test_a_fault_armed_here_never_fails_the_test_that_serves_the_mock(
        self, browser: Any
    ) -> None:
        context = browser.new_context()
        page = context.new_page()
        with FilesMock().serve() as mock:
            exchange(page, mock)
            fault(page, "garbage").click()
            expect(page.locator("#armed-list > li")).to_have_count(1)
        context.close()


class TestReset:
    def test_it_asks_back_before_it_drops_everything(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        files_mock.add_file("a.txt")
        expect(page.locator("#file-list > li")).to_have_count(1)
        page.get_by_role("button", name="Reset", exact=True).click()
        assert len(files_mock.files) == 1
        page.get_by_role("button", name="Really drop everything?").click()
        expect(page.locator("#file-list > li")).to_have_count(0)
        assert len(files_mock.files) == 0

    def test_requests_can_be_forgotten(self, page: Any, files_mock: FilesMock) -> None:
        upload(files_mock)
        page.get_by_role("button", name="Forget").click()
        expect(rows(page)).to_have_count(0)
        assert (len(files_mock.calls), len(files_mock.files)) == (0, 1)


class TestAccess:
    def test_the_keyboard_arms_and_disarms_and_focus_is_seen(
        self, page: Any, files_mock: FilesMock
    ) -> None:
        page.get_by_label("any").focus()
        page.keyboard.press("ArrowRight")
        for _ in range(6):  # hits, the work, status, seconds, bytes; then the first fault
            page.keyboard.press("Tab")
        expect(fault(page, "http_error")).to_be_focused()
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) == "solid"
        page.keyboard.press("Enter")
        disarm = page.get_by_role("button", name="Disarm http_error on upload")
        disarm.focus()
        page.keyboard.press("Enter")
        expect(disarm).to_have_count(0)
        assert page.evaluate("document.activeElement.id") == "faults"

    def test_a_request_is_opened_by_the_keyboard(self, page: Any, files_mock: FilesMock) -> None:
        upload(files_mock)
        rows(page).first.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(rows(page).first.locator(".facts")).to_be_visible()

    def test_what_comes_in_is_announced(self, page: Any, files_mock: FilesMock) -> None:
        upload(files_mock)
        expect(page.locator("#news[aria-live=polite]")).to_have_text("upload · 200")

    def test_everything_that_can_be_used_has_a_name(self, page: Any) -> None:
        nameless = page.evaluate(
            """[...document.querySelectorAll("button, input, select, a")]
               .filter((node) => !node.hidden && !node.textContent.trim() && !node.labels?.length)
               .map((node) => node.outerHTML)"""
        )
        assert nameless == []

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_text_stands_out_from_its_ground(
        self, page: Any, files_mock: FilesMock, scheme: str
    ) -> None:
        fill(files_mock)
        page.emulate_media(color_scheme=scheme)
        expect(rows(page)).to_have_count(4)
        rows(page).first.locator("summary").click()
        dim = page.evaluate(CONTRAST)
        assert dim == []

    def test_dark_is_dark_and_light_is_light(self, page: Any) -> None:
        ground = "getComputedStyle(document.documentElement).backgroundColor"
        page.emulate_media(color_scheme="light")
        assert page.evaluate(ground) == "rgb(247, 246, 243)"
        page.emulate_media(color_scheme="dark")
        assert page.evaluate(ground) == "rgb(18, 20, 23)"

    def test_at_phone_width_nothing_is_cut_off(self, page: Any, files_mock: FilesMock) -> None:
        fill(files_mock)
        page.set_viewport_size({"width": 360, "height": 740})
        expect(rows(page)).to_have_count(4)
        for row in rows(page).all():
            row.locator("summary").click()
        page.get_by_label("Status").fill("200")
        fault(page, "http_error").click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        wide = page.evaluate(
            """[...document.querySelectorAll("main *")]
               .filter((node) => node.getBoundingClientRect().right > 360)
               .map((node) => node.outerHTML)"""
        )
        assert wide == []


class TestToken:
    def test_the_browser_asks_for_the_token_which_is_nowhere_on_the_page(
        self, browser: Any
    ) -> None:
        with FilesMock().serve(admin_token="s3cret-token") as mock:
            root = mock.base_url.removesuffix("/v1")
            assert httpx.get(f"{root}/__admin/").status_code == 401
            context = browser.new_context(
                http_credentials={"username": "me", "password": "s3cret-token"}
            )
            page = context.new_page()
            exchange(page, mock)
            fault(page, "garbage").click()
            expect(page.locator("#armed-list > li")).to_have_count(1)
            assert "s3cret-token" not in page.content()
            context.close()


def test_the_files_of_the_page_are_those_that_are_served() -> None:
    import eugpt_files_mock

    folder = Path(eugpt_files_mock.__file__).with_name("admin") / "static"
    assert {path.name for path in folder.iterdir()} == set(PAGE_FILES)


def fill(mock: FilesMock) -> None:
    """Everything that has a colour, or is long."""
    mock.inject(
        [faults.server_error(), faults.connection_reset()], on="upload", filename=LONG, skip=1
    )
    mock.inject(faults.delay(1), on="list", times=None)
    for _ in range(2):
        upload(mock, LONG)
    with pytest.raises(httpx.TransportError):
        upload(mock, LONG)
    httpx.get(f"{mock.base_url}/files")
    mock.add_file("broken.txt", status="error")
    mock.add_file("waiting.txt", status="uploaded")


CONTRAST = """
(() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [red, green, blue] = numbers(color).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const groundOf = (node) => {
    const color = getComputedStyle(node).backgroundColor;
    const clear = color === "transparent" || numbers(color)[3] === 0;
    return clear && node.parentElement ? groundOf(node.parentElement) : color;
  };
  const ratio = (node) => {
    const both = [light(getComputedStyle(node).color), light(groundOf(node))].sort();
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  };
  const isText = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim();
  const ownText = (node) => [...node.childNodes].some(isText);
  return [...document.querySelectorAll("body *")]
    .filter((node) => node.checkVisibility() && ownText(node) && ratio(node) < 4.5)
    .map((node) => `${ratio(node).toFixed(2)} ${node.outerHTML.slice(0, 80)}`);
})()
"""
"""The texts whose contrast is below that of WCAG 2.2, 1.4.3."""
