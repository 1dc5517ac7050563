"""A FastAPI application that calls EU GPT in its handlers. Its own TestClient is left alone."""

import os

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.testclient import TestClient

from eugpt_files_mock import faults

app = FastAPI()


def eugpt() -> httpx.AsyncClient:
    """The application's client of EU GPT."""
    return httpx.AsyncClient(
        base_url=os.environ["EUGPT_BASE_URL"],
        headers={"Authorization": f"Bearer {os.environ['EUGPT_API_KEY']}"},
    )


@app.put("/documents/{name}", status_code=201)
async def store(name: str, request: Request) -> dict[str, str]:
    """Keep a document at EU GPT."""
    async with eugpt() as client:
        answer = await client.post(
            "/files", files={"file": (name, await request.body())}, data={"purpose": "assistants"}
        )
    if answer.status_code != 200:
        raise HTTPException(502, f"EU GPT answered {answer.status_code}")
    return {"id": answer.json()["id"]}


@pytest.fixture
def browser():
    with TestClient(app) as client:
        yield client


def test_a_document_reaches_eugpt(browser, eugpt_files):
    """The `TestClient` calls the application, whose `AsyncClient` calls the mock."""
    answer = browser.put("/documents/report.pdf", content=b"%PDF")

    assert answer.status_code == 201
    assert eugpt_files.files[answer.json()["id"]].filename == "report.pdf"


@pytest.mark.eugpt_sweep
def test_no_failure_of_eugpt_is_taken_for_success(browser, eugpt_files):
    """The sweep repeats it with each failure: a document is stored, or somebody is told."""
    answer = browser.put("/documents/report.pdf", content=b"%PDF").raise_for_status()

    assert eugpt_files.files[answer.json()["id"]].filename == "report.pdf"


def test_an_outage_of_eugpt_is_a_502_of_ours(browser, eugpt_files):
    """A 500 would say that the application itself is broken."""
    eugpt_files.inject(faults.server_error(), on="upload")

    answer = browser.put("/documents/report.pdf", content=b"%PDF")

    assert answer.status_code == 502
    assert answer.json() == {"detail": "EU GPT answered 500"}
