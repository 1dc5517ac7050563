"""Who may use the control routes, and who may not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection
from typing import Any

import httpx
import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse
from werkzeug.wrappers import Request

from eugpt_files_mock import FilesMock, OptionError
from eugpt_files_mock.lifecycle import serve_on
from eugpt_files_mock.protocol.server_protocol import ReceivedRequest
from eugpt_files_mock.server import is_loopback
from eugpt_files_mock.server.connection import Respond

NO_ADDRESS = "["
TOKEN = "s3cret-token"


class Captured:
    """A server that only keeps the application, so that no address need be bound."""

    url = "http://captured"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def stop(self) -> None:
        """There is nothing to stop."""

    def end_waits(self) -> None:
        """Nothing waits."""


def ask(
    host: str,
    token: str | None = None,
    *,
    path: str = "/__admin/health",
    method: str = "GET",
    allow_hosts: Collection[str] = (),
    **headers: str,
) -> TestResponse:
    """The answer of a mock that is served on `host`, to a request with these header fields."""
    mock = FilesMock()
    captured: list[Captured] = []

    def open_server(answer: Respond) -> Captured:
        captured.append(Captured(answer))
        return captured[0]

    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    request = ReceivedRequest(
        method=method, target=path, headers=tuple(({"Host": "localhost"} | fields).items())
    )
    with serve_on(mock, open_server, host=host, admin_token=token, allow_hosts=allow_hosts):
        answer = captured[0].answer(request)
    assert len(mock.calls) == 0
    return TestResponse(
        [answer.body], str(answer.status), Headers(answer.headers), request=Request({})
    )


def ask_api(bound: str, **headers: str) -> tuple[int, int]:
    """The status of an unknown route, and how many calls and unmatched requests are kept."""
    mock = FilesMock(assert_all_requests_known=False)
    captured: list[Captured] = []

    def open_server(answer: Respond) -> Captured:
        captured.append(Captured(answer))
        return captured[0]

    with serve_on(mock, open_server, host=bound):
        answer = captured[0].answer(
            ReceivedRequest(method="GET", target="/v1/x", headers=tuple(headers.items()))
        )
    return answer.status, len(mock.calls)


class TestAddresses:
    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "::ffff:127.0.0.1"]
    )
    def test_loopback_addresses_are_known(self, host: str) -> None:
        """The last is 127.0.0.1 written as an IPv6 address, which older Pythons don't see."""
        assert is_loopback(host)

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "2001:db8::1", "no host!"])
    def test_any_other_is_not_loopback(self, host: str) -> None:
        """One that can't be resolved fails when it is bound."""
        assert not is_loopback(host)

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
    @pytest.mark.parametrize("path", ["/__admin/", "/__admin/health", "/__admin/nothing"])
    def test_off_loopback_there_is_no_admin_without_a_token(self, host: str, path: str) -> None:
        """Others can reach that address; the 404 names `--admin-token`, whatever the path."""
        answer = ask(host, path=path, Host="192.0.2.7:8080")
        assert answer.status_code == 404
        assert "--admin-token" in answer.json["detail"]

    @pytest.mark.parametrize("host", ["anything.example", NO_ADDRESS, "no host!"])
    def test_openapi_is_public_on_every_address(self, host: str) -> None:
        """It is outside of `/__admin`: no token is needed, and the `Host` isn't checked."""
        assert ask("192.0.2.7", path="/openapi.json", Host=host).status_code == 200


class TestToken:
    BEARER = f"Bearer {TOKEN}"

    @pytest.mark.parametrize("host", ["192.0.2.7", "127.0.0.1"])
    def test_with_a_token_every_address_asks_for_it(self, host: str) -> None:
        """Loopback does too, which is open when no token is set."""
        assert ask(host, TOKEN, Host=host).status_code == 401
        assert ask(host, TOKEN, Host=host, Authorization=self.BEARER).status_code == 200

    @pytest.mark.parametrize(
        "field",
        [
            "Bearer s3cret",
            "Bearer",
            f"bearer{TOKEN}",
            "Bearer s3cret-tökén",
            "Basic Z3Vlc3M6d3Jvbmc=",  # guess:wrong
            "Basic %%%",
        ],
    )
    def test_another_token_is_401_and_told_how(self, field: str) -> None:
        """The challenge `Basic` makes a browser ask; the answer never contains the right token."""
        answer = ask("127.0.0.1", TOKEN, Host="127.0.0.1", Authorization=field)
        assert answer.status_code == 401
        assert answer.json["error"]["code"] == "invalid_admin_token"
        assert [
            challenge.partition(" ")[0] for challenge in answer.headers.getlist("WWW-Authenticate")
        ] == ["Bearer", "Basic"]
        assert TOKEN not in answer.text

    def test_a_browser_gives_it_as_the_password_that_it_asks_for(self) -> None:
        """It sends HTTP Basic, of which the user name doesn't matter."""
        field = httpx.BasicAuth("anybody", TOKEN)._auth_header
        answer = ask("127.0.0.1", TOKEN, Host="127.0.0.1", Authorization=field)
        assert answer.status_code == 200

    @pytest.mark.parametrize("token", ["", "with space", "tökén", "line\nbreak", 7])
    def test_a_token_that_cannot_be_sent_is_refused_at_once(self, token: Any) -> None:
        """It must be ASCII text without spaces; this is checked before the port is bound."""
        with pytest.raises(OptionError, match="admin_token must be"):
            FilesMock().serve(admin_token=token)

    def test_it_is_in_no_journal_even_if_sent_to_the_api(self) -> None:
        """The call is kept and shown, but without the token."""
        with FilesMock().serve(admin_token=TOKEN) as mock:
            httpx.get(f"{mock.base_url}/files", headers={"Authorization": self.BEARER})
            root = mock.base_url.removesuffix("/v1")
            shown = httpx.get(f"{root}/__admin/requests", headers={"Authorization": self.BEARER})
        assert len(shown.json()["data"]) == 1
        assert TOKEN not in shown.text


class TestForeigners:
    @pytest.mark.parametrize(
        "host",
        ["127.0.0.1", "127.0.0.1:8080", "localhost:9000", "LOCALHOST", "[::1]:8080", "[::1]"],
    )
    def test_our_own_names_are_let_in_whatever_the_port(self, host: str) -> None:
        """Capital letters and the brackets of IPv6 make no difference."""
        assert ask("127.0.0.1", Host=host).status_code == 200

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:8080",
            "192.0.2.7",
            NO_ADDRESS,
        ],
    )
    def test_a_foreign_host_is_refused(self, host: str) -> None:
        """Only the `Host` shows that a web page let its own name point here (DNS rebinding)."""
        answer = ask("127.0.0.1", Host=host)
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "foreign_request")

    def test_a_name_that_is_allowed_is_let_in(self) -> None:
        """As that of a container, whose port does not matter."""
        for path in ("/__admin/health", "/"):
            answer = ask("127.0.0.1", path=path, Host="Mock:8080", allow_hosts=["mock"])
            assert answer.status_code == 200
        assert ask("127.0.0.1", Host="mock.example", allow_hosts=["mock"]).status_code == 403

    @pytest.mark.parametrize(
        "names",
        ["mock", [""], ["mock:8080"], ["http://mock"], [7], ["*"], ["*.example"], ["a b"], ["é"]],
    )
    def test_what_is_not_a_list_of_names_is_refused_at_once(self, names: Any) -> None:
        """Of a plain string each letter would be a name; a name has no port, scheme or asterisk."""
        with pytest.raises(OptionError, match="allow_hosts"):
            FilesMock().serve(allow_hosts=names)

    @pytest.mark.parametrize(("bound", "status"), [("127.0.0.1", 421), ("192.0.2.7", 401)])
    def test_the_api_refuses_a_foreign_host_on_loopback_only(self, bound: str, status: int) -> None:
        """A web page could have bent it to this address."""
        mock_asked = ask_api(bound, Host="evil.example")
        assert mock_asked == (status, int(status == 401))

    def test_a_page_of_another_origin_is_refused_and_not_kept(self) -> None:
        """Any page in a browser on this machine can send that, and fill the journal."""
        foreign = {"Host": "localhost", "Origin": "http://evil.example"}
        assert ask_api("127.0.0.1", **foreign) == (403, 0)
        assert ask_api("127.0.0.1", **foreign, Authorization="Bearer eugpt_k") == (403, 0)

    def test_a_host_is_refused_even_with_the_token(self) -> None:
        """A browser that has logged in sends the token along by itself."""
        answer = ask("127.0.0.1", TOKEN, Host="evil.example", Authorization=f"Bearer {TOKEN}")
        assert answer.status_code == 403

    @pytest.mark.parametrize(("host", "status"), [("192.0.2.7", 200), ("evil.example", 403)])
    def test_a_wildcard_address_is_known_by_every_number_and_no_name(
        self, host: str, status: int
    ) -> None:
        """Any number may lead to it, but only a name can be rebound."""
        assert ask("0.0.0.0", TOKEN, Host=host, Authorization=f"Bearer {TOKEN}").status_code == (
            status
        )

    @pytest.mark.parametrize("origin", ["http://127.0.0.1:8080", "https://127.0.0.1:8080"])
    def test_our_own_origin_is_let_in(self, origin: str) -> None:
        """It has the host and the port of the `Host` header; its scheme isn't compared."""
        assert ask("127.0.0.1", Host="127.0.0.1:8080", Origin=origin).status_code == 200

    @pytest.mark.parametrize(
        "origin", ["http://evil.example", "http://127.0.0.1:3000", "http://localhost:8080", "null"]
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_foreign_origin_is_refused(self, origin: str, method: str) -> None:
        """Another port is another origin; a page in a sandbox, or from a file, says `null`."""
        answer = ask(
            "127.0.0.1", path="/__admin/reset", method=method, Host="127.0.0.1:8080", Origin=origin
        )
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "foreign_request")

    @pytest.mark.parametrize(
        ("site", "status"),
        [("none", 200), ("same-origin", 200), ("same-site", 403), ("cross-site", 403)],
    )
    def test_a_browser_on_another_site_is_refused(self, site: str, status: int) -> None:
        """`none` says that the address was typed, `same-origin` that our own page asks."""
        answer = ask("127.0.0.1", Host="127.0.0.1", Sec_Fetch_Site=site)
        assert answer.status_code == status


def test_every_answer_forbids_what_a_page_does_not_need() -> None:
    """The page shows uploaded files, whose scripts must not run."""
    answer = ask("127.0.0.1", Host="127.0.0.1")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; ")


def test_the_command_takes_the_token_and_never_prints_it() -> None:
    """Neither in its first line nor in what follows until it is terminated."""
    command = [sys.executable, "-m", "eugpt_files_mock", "serve", "--port=0", "--admin-token"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen([*command, TOKEN], **pipes) as server:
        line = server.stdout.readline()
        health = line.split()[-1].removesuffix("/v1") + "/__admin/health"
        assert httpx.get(health).status_code == 401
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert httpx.get(health, headers=bearer).status_code == 200
        server.terminate()
        assert TOKEN not in line + server.stdout.read()
