"""The values that cross the boundaries."""

from __future__ import annotations

import copy

import pytest
from werkzeug.test import Client

from eugpt_files_mock import FilesMock
from eugpt_files_mock.model.headers import Headers
from eugpt_files_mock.model.messages import Parameters


def test_repeated_headers_are_joined_and_none_is_lost() -> None:
    """In the order in which they came (RFC 9110, 5.3)."""
    headers = Headers([("Accept", "a"), ("X-Other", "1"), ("accept", "b"), ("ACCEPT", "c")])
    assert "a, b, c" == headers["accept"]
    assert ["accept", "x-other"] == list(headers)
    assert 4 == len(headers.pairs)


def test_a_repr_of_headers_shows_no_secret() -> None:
    """It ends up in assertion messages and logs."""
    pairs = [("Authorization", "Bearer eugpt_a"), ("X-Auth-Token", "t"), ("A", "b")]
    expected = "Headers({'authorization': '[redacted]', 'x-auth-token': '[redacted]', 'a': 'b'})"
    assert expected == repr(Headers(pairs))


def test_parameters_equal_a_dict_of_the_same_items() -> None:
    """So that tests compare `call.query` with a plain dict."""
    assert {"limit": "2"} == Parameters({"limit": "2"})
    assert hash(Parameters({"limit": "2"})) == hash(Parameters({"limit": "2"}))


def test_a_call_says_where_its_content_is() -> None:
    """As the answers of the SDK and a `File` have it, one looks for it in a call."""
    mock = FilesMock()
    Client(mock.wsgi_app).get("/v1/files")
    with pytest.raises(AttributeError, match=r"mock\.files\[call\.file_id\]\.content"):
        _ = mock.calls[0].content  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"A Call has no 'colour'\.$"):
        _ = mock.calls[0].colour  # type: ignore[attr-defined]
    assert mock.calls[0] == copy.copy(mock.calls[0])
