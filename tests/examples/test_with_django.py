"""A Django view that calls EU GPT. Django's own test client is left alone."""

import os

import django
import pytest
import requests
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.test import Client
from django.urls import path

from eugpt_files_mock import faults

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"])
django.setup()


def documents(request: HttpRequest) -> JsonResponse:
    """The names of all documents that are kept at EU GPT."""
    try:
        answer = requests.get(
            f"{os.environ['EUGPT_BASE_URL']}/files",
            headers={"Authorization": f"Bearer {os.environ['EUGPT_API_KEY']}"},
            timeout=10,
        )
        answer.raise_for_status()
        names = [file["filename"] for file in answer.json()["data"]]
    except requests.Timeout:
        return JsonResponse({"error": "EU GPT does not answer"}, status=504)
    except requests.RequestException:
        return JsonResponse({"error": "EU GPT is out of order"}, status=502)
    return JsonResponse({"names": names})


urlpatterns = [path("documents", documents)]


@pytest.fixture
def browser():
    return Client()


def test_the_documents_are_named(browser, eugpt_files):
    """The view's own request reaches the mock, where the file is."""
    eugpt_files.add_file("report.pdf")

    assert browser.get("/documents").json() == {"names": ["report.pdf"]}


class ToldSo(Exception):
    """The view said that EU GPT can't be used now."""


@pytest.mark.eugpt_sweep(expect=ToldSo)
def test_no_failure_of_eugpt_is_taken_for_success(browser, eugpt_files):
    """The sweep repeats this test with each failure, and found a KeyError behind each refusal."""
    eugpt_files.add_file("report.pdf")

    answer = browser.get("/documents")
    if answer.status_code in (502, 504):
        raise ToldSo

    assert answer.json() == {"names": ["report.pdf"]}


def test_a_silent_eugpt_is_a_504_at_once(browser, eugpt_files):
    """The fault raises the client's timeout without waiting for its ten seconds."""
    eugpt_files.inject(faults.timeout(), on="list")

    assert browser.get("/documents").status_code == 504
