"""What a failed test shows beside its message."""

from __future__ import annotations

import re

from .conftest import Run


def test_a_failed_assertion_says_each_call_once(run: Run) -> None:
    """The assertion has told them; what else the report knows is there."""
    code = """
def test_asserted(eugpt_files):
    upload()
    eugpt_files.assert_called("delete")

def test_failed_otherwise(eugpt_files):
    upload()
    assert 0

def test_two_mocks(eugpt_files, eugpt_files_server):
    upload()
    eugpt_files.assert_called("delete")
"""
    result = run(code)
    result.assert_outcomes(failed=3)
    shown = result.stdout.str()
    line = "upload   POST /v1/files -> 200"
    first, second, third = (part.count(line) for part in shown.split("____ test_")[1:])
    assert (1, 1, 1) == (first, second, third)


def test_a_report_names_other_hosts_and_advises_only_what_helps(run: Run) -> None:
    """Another host may be why nothing came; what is allowed already is not proposed."""
    code = """
@pytest.mark.eugpt_files(assert_all_requests_known=False)
def test_elsewhere(eugpt_files):
    from eugpt_files_mock import FilesMock
    with pytest.raises(httpx.ConnectError):
        httpx.get("http://elsewhere.invalid/v1/files")
    httpx.get(eugpt_files.base_url + "/models", headers={"Authorization": "Bearer sk-123"})
    httpx.get("https://chat.eugpt.ai/v1/models", headers={"Authorization": "Bearer eugpt_a"})
    assert 0
"""
    result = run(code)
    shown = result.stdout.str()
    hosts = "Other hosts in this test: elsewhere.invalid (httpx); the mock is at "
    assert f"{hosts}https://chat.eugpt.ai/v1" in shown
    assert "401 invalid_api_key: The API key is not valid, or was revoked. It begins with" in shown
    assert "To fix it: correct the base URL or the path" in shown
    assert "To allow it" not in shown


def test_a_report_says_what_the_client_library_hides(run: Run) -> None:
    """Which file a stub missed; and that a document came where events were asked for, of which the
    SDK reads nothing.
    """
    code = """
def test_hidden(eugpt_files):
    import openai
    eugpt_files.stub("POST", "/responses", json={"output_text": "Forty-two."})
    with openai.OpenAI(api_key=eugpt_files.api_key, base_url=eugpt_files.base_url) as client:
        with pytest.raises(openai.NotFoundError):
            client.responses.create(input=[{"file_id": "gone"}])
        client.responses.create(input="How many?")
        assert [] == list(client.responses.create(input="How many?", stream=True))
    assert 0
"""
    result = run(code)
    shown = result.stdout.str()
    assert "404 file_not_found: There is no file 'gone'." in shown
    # The SDK sends by httpx2 since 3.0, before by httpx.
    assert re.search(
        "1 request asked for a stream, and its stub answered one JSON document, of which an SDK "
        "reads nothing.\n"
        "What came:\n"
        r"  stub     POST /v1/responses -> 200 \[httpx2?\]\n"
        r"To fix it: events=\[...\] in place of json=..., or mock.stub_response\('...'\).",
        shown,
    )
