"""Takes the picture of the page that the README shows: `python -m tests.docs.picture`."""

from __future__ import annotations

import contextlib
import io
import shutil
import time
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import sync_playwright

from eugpt_files_mock import FilesMock, faults

PICTURE = Path("docs/_static/page.png")


def traffic(mock: FilesMock, client: httpx.Client) -> None:
    """A few things worth looking at; the newest come last."""

    def upload(name: str, size: int, attempts: int = 1, pause: float = 0.2) -> None:
        for attempt in range(attempts):
            if attempt:
                time.sleep(pause * 2**attempt)
            with contextlib.suppress(httpx.HTTPError):
                client.post(
                    "/files",
                    data={"purpose": "assistants"},
                    files={"file": (name, b"x" * size)},
                    headers={"x-stainless-retry-count": str(attempt)},
                )

    upload("annual-report.pdf", 48_213)
    client.get("/files")
    broken = [faults.connection_reset(), faults.server_error()]
    mock.inject(broken, "upload", filename="minutes.docx")
    upload("minutes.docx", 9_870, attempts=3)
    client.get("/files", params={"limit": 0})
    mock.stub_response("The report names three risks.")
    client.post("/responses", json={"model": "eugpt-large", "input": "Which risks?"})
    client.get("/files/6f1c0d52-0000-4000-8000-000000000000")
    mock.inject([faults.rate_limited(1), faults.unavailable()], "upload", filename="budget.xlsx")
    upload("budget.xlsx", 12_345, attempts=3)
    mock.inject(faults.truncated(), "download")
    with contextlib.suppress(httpx.HTTPError):
        client.get(f"/files/{mock.files.named('budget.xlsx')[0].id}/content")
    mock.inject(faults.timeout(), "upload", filename="report.pdf", times=2)
    mock.inject(faults.delay(2), "list", every=3, times=None)


def main() -> None:
    """Take it."""
    mock = FilesMock(assert_all_faults_fired=False)
    with mock.serve(), sync_playwright() as playwright:
        headers = {"Authorization": f"Bearer {mock.api_key}"}
        with httpx.Client(base_url=mock.base_url, headers=headers) as client:
            traffic(mock, client)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 1280, "height": 720}, locale="en-GB")
        page.goto(mock.base_url.replace("/v1", "/__admin/"))
        page.locator("#request-list > li", has_text="budget.xlsx").nth(1).locator(".row").click()
        page.wait_for_timeout(1_000)
        taken = Image.open(io.BytesIO(page.screenshot()))
        browser.close()
    taken.quantize(128).save(PICTURE, optimize=True)  # in a third of the size


if __name__ == "__main__":
    main()
