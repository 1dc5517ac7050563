"""`isolate_by_key`: each key is a tenant of its own."""

from __future__ import annotations

import httpx
import pytest

from eugpt_files_mock import ExpectationNotMet, FilesMock, OptionError, faults
from eugpt_files_mock.cli.main import main
from tests.cli.processes import refused, started
from tests.conftest import WAYS, entered

ANN, BEN = "eugpt_ann", "eugpt_ben"
USERS = {ANN: "ann", BEN: "ben"}


def send(
    base_url: str, key: str | None, path: str = "/files", method: str = "GET", **words: object
) -> httpx.Response:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return httpx.request(method, base_url + path, headers=headers, **words)


def upload(base_url: str, key: str, name: str = "a.txt") -> str:
    answer = send(
        base_url,
        key,
        method="POST",
        data={"purpose": "assistants"},
        files={"file": (name, b"abc")},
    )
    return answer.json()["id"]


@pytest.fixture(params=WAYS)
def isolated(request: pytest.FixtureRequest) -> FilesMock:
    with entered(request.param, isolate_by_key=True) as mock:
        yield mock


class TestWhatAKeyHasAlone:
    def test_files(self, isolated: FilesMock) -> None:
        """For every other key it doesn't exist: not in the list, and 404 by its id."""
        file_id = upload(isolated.base_url, ANN)

        assert send(isolated.base_url, BEN).json()["data"] == []
        assert send(isolated.base_url, BEN, f"/files/{file_id}").status_code == 404
        assert file_id in isolated.tenant(ANN).files
        assert [] == list(isolated.tenant(BEN).files)
        assert [] == list(isolated.files)

    def test_calls(self, isolated: FilesMock) -> None:
        """The journal of the mock itself stays empty, as neither key is its own."""
        upload(isolated.base_url, ANN)
        send(isolated.base_url, BEN)

        assert ["upload"] == [call.operation for call in isolated.tenant(ANN).calls]
        assert ["list"] == [call.operation for call in isolated.tenant(BEN).calls]
        assert [] == list(isolated.calls)

    def test_faults(self, isolated: FilesMock) -> None:
        """One call of another key comes first: it neither meets the fault nor uses it up."""
        isolated.tenant(ANN).inject(faults.server_error(), "list")

        assert send(isolated.base_url, BEN).status_code == 200
        assert send(isolated.base_url, ANN).status_code == 500

    def test_stubs(self, isolated: FilesMock) -> None:
        """For another key that route is unknown, which its own exit check reports."""
        isolated.tenant(ANN).stub("GET", "/models", json={"data": []})

        assert send(isolated.base_url, ANN, "/models").status_code == 200
        assert send(isolated.base_url, BEN, "/models").status_code == 404
        assert 1 == len(isolated.tenant(BEN).calls)
        with pytest.raises(ExpectationNotMet, match=r"With the key eug\*\*\*"):
            isolated.tenant(BEN).check()

    def test_reset(self, isolated: FilesMock) -> None:
        """The mock itself is one of them: its reset leaves the other keys what they have."""
        for key in (ANN, BEN, isolated.api_key):
            upload(isolated.base_url, key)

        isolated.tenant(ANN).reset()

        assert [0, 1, 1] == [
            len(isolated.tenant(key).files) for key in (ANN, BEN, isolated.api_key)
        ]
        isolated.reset()
        assert [0, 1, 0] == [
            len(isolated.tenant(key).files) for key in (ANN, BEN, isolated.api_key)
        ]

    def test_the_verdict(self, isolated: FilesMock) -> None:
        """A hasty retry with one key isn't held against code that uses another."""
        isolated.tenant(ANN).inject(faults.rate_limited(retry_after=5), "list")
        send(isolated.base_url, ANN)
        send(isolated.base_url, ANN)  # at once

        assert not isolated.tenant(ANN).verdict().ok
        assert isolated.tenant(BEN).verdict().ok
        assert isolated.verdict().ok


def test_windows_are_counted_for_each_key() -> None:
    """A key that has used up its one request leaves the other key its own."""
    with FilesMock(isolate_by_key=True, rate_limit=(1, 60)) as mock:
        assert [200, 429, 200] == [send(mock.base_url, key).status_code for key in (ANN, ANN, BEN)]


def test_with_a_seed_the_ids_of_a_key_do_not_depend_on_others() -> None:
    """What another key uploads before must not change the ids that a test expects."""

    def ids(*before: str) -> str:
        with FilesMock(isolate_by_key=True, seed=7) as mock:
            for key in before:
                upload(mock.base_url, key)
            return upload(mock.base_url, ANN)

    assert ids() == ids(BEN, BEN)


class TestWhoseWorldItIs:
    def test_the_mock_itself_is_that_of_its_api_key(self, isolated: FilesMock) -> None:
        """A test that uses that key alone needs no `tenant()`."""
        file_id = upload(isolated.base_url, isolated.api_key)

        assert isolated.tenant(isolated.api_key) is isolated
        assert file_id in isolated.files

    def test_what_comes_without_an_accepted_key_is_there_too(self, isolated: FilesMock) -> None:
        """Such a request belongs to no key, but some journal must show it."""
        assert 401 == send(isolated.base_url, None).status_code
        assert 401 == send(isolated.base_url, "sk-other").status_code
        assert ["missing_api_key", "invalid_api_key"] == [call.error for call in isolated.calls]

    def test_it_is_always_the_same(self, isolated: FilesMock) -> None:
        """It has a key of its own, and shares the address of the whole mock."""
        assert isolated.tenant(ANN) is isolated.tenant(ANN)
        assert ANN == isolated.tenant(ANN).api_key
        assert isolated.base_url == isolated.tenant(ANN).base_url

    def test_what_is_added_belongs_to_the_user_of_the_key(self) -> None:
        """`add_file` needs no `user` there; the user of another key can't see the file."""
        with FilesMock(isolate_by_key=True, api_keys=USERS) as mock:
            file = mock.tenant(BEN).add_file("b.txt")

            assert "ben" == file.user
            assert send(mock.base_url, BEN, f"/files/{file.id}").status_code == 200
            assert send(mock.base_url, ANN, f"/files/{file.id}").status_code == 404


class TestExitChecks:
    def test_leaving_checks_every_tenant(self) -> None:
        """The message names the user, so that it is clear whose fault never fired."""
        with (
            pytest.raises(ExpectationNotMet, match=r"With the key of 'ben':\n1 armed fault never"),
            FilesMock(isolate_by_key=True, api_keys=USERS) as mock,
        ):
            mock.tenant(BEN).inject(faults.server_error(), "list")

    def test_check_looks_at_one(self) -> None:
        """What was reported isn't reported again, neither by that tenant nor at the end."""
        with FilesMock(isolate_by_key=True) as mock:
            mock.tenant(ANN).inject(faults.server_error(), "list")

            mock.check()
            mock.tenant(BEN).check()
            with pytest.raises(ExpectationNotMet):
                mock.tenant(ANN).check()
            mock.tenant(ANN).check()  # reported once

    def test_a_report_shows_all(self) -> None:
        """That of the mock has a part for each key; that of a tenant shows its own calls only."""
        with FilesMock(isolate_by_key=True, api_keys=USERS) as mock:
            send(mock.base_url, ANN)
            upload(mock.base_url, BEN)

            assert "list" in mock.report()
            assert "With the key of 'ben':\n" in mock.report()
            assert "list" not in mock.tenant(BEN).report()

    def test_a_fault_that_a_port_cannot_produce_is_refused_in_every_tenant(self) -> None:
        """A port serves all tenants, so one such fault in any of them forbids the start."""
        mock = FilesMock(isolate_by_key=True, assert_all_faults_fired=False)
        mock.tenant(ANN).inject(faults.connection_refused(), "list")

        with pytest.raises(Exception, match="in process only"):
            mock.serve().start()


class TestControlOverHttp:
    def test_every_route_takes_the_key(self) -> None:
        """With `?key=` it lists, arms and resets in that key's tenant only."""
        with FilesMock(isolate_by_key=True).serve() as mock:
            root = mock.base_url.removesuffix("/v1") + "/__admin"
            upload(mock.base_url, ANN)
            fault = {"fault": "server_error", "on": "list", "optional": True}
            armed = httpx.post(f"{root}/faults", params={"key": BEN}, json=fault)

            def total(what: str, key: str) -> int:
                return len(httpx.get(f"{root}/{what}", params={"key": key}).json()["data"])

            assert armed.is_success
            assert [1, 0] == [total("files", key) for key in (ANN, BEN)]
            assert [0, 1] == [total("faults", key) for key in (ANN, BEN)]
            assert [1, 0] == [total("requests", key) for key in (ANN, BEN)]
            httpx.post(f"{root}/reset", params={"key": ANN})
            assert [0, 1] == [total("files", ANN), total("faults", BEN)]

    def test_a_client_that_waits_is_seen_in_its_tenant(self) -> None:
        """The wait is noted beside the call; the main journal doesn't know that request."""
        with FilesMock(isolate_by_key=True).serve() as mock:
            mock.tenant(ANN).inject(faults.timeout(), "list")
            with pytest.raises(httpx.ReadTimeout):
                send(mock.base_url, ANN, timeout=0.2)

            mock.tenant(ANN).wait_for("list")
            request_id = mock.tenant(ANN).calls.last.request_id
            assert mock.tenant(ANN)._service.journal.wait_of(request_id)[0] in {
                "waiting",
                "gave_up",
            }
            assert (None, None) == mock._service.journal.wait_of(request_id)

    @pytest.mark.parametrize(
        ("options", "status"), [({}, 400), ({"isolate_by_key": True, "api_keys": USERS}, 400)]
    )
    def test_a_key_that_has_no_tenant_is_refused(self, options: dict, status: int) -> None:
        """Without the option no key has one; the answer doesn't repeat the key."""
        with FilesMock(**options).serve() as mock:
            root = mock.base_url.removesuffix("/v1") + "/__admin"
            answer = httpx.get(f"{root}/files", params={"key": "eugpt_other"})

            assert status == answer.status_code
            assert "eugpt_other" not in answer.text


class TestTheCommand:
    def test_it_isolates(self) -> None:
        """It works without `--api-key` too: any two keys of the service's form are apart."""
        with started("--isolate-by-key", "--log", "none") as (base_url, _):
            upload(base_url, ANN)
            assert [1, 0] == [len(send(base_url, key).json()["data"]) for key in (ANN, BEN)]

    def test_it_judges_every_tenant(self) -> None:
        """When the command ends, `--report` prints a part for each key that was used."""
        words = ("--isolate-by-key", "--report", "--log", "none")
        with started(*words, "--api-key", f"{ANN}=ann", "--api-key", f"{BEN}=ben") as (
            base_url,
            process,
        ):
            send(base_url, BEN)
            process.terminate()
            output, _ = process.communicate(timeout=10)

            assert "With the key of 'ben':\n" in output

    @pytest.mark.parametrize("words", [("--fake", "3"), ("--fault", "upload:503")])
    def test_what_would_fill_one_tenant_alone_is_refused(self, words: tuple[str, str]) -> None:
        """These words act before any key is known; a tenant is filled over the control routes."""
        assert "--isolate-by-key" in refused("serve", "--isolate-by-key", *words)


def test_a_refused_command_gives_back_the_signals_of_its_caller() -> None:
    """A program that calls `main` must still end at Ctrl-C as before."""
    import signal

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    assert 2 == main(["serve", "--port", "70000"])
    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


def test_a_decorated_function_begins_with_every_tenant_empty() -> None:
    """A reset of the main tenant alone would leave the second call the file of the first."""
    mock = FilesMock(isolate_by_key=True)

    @mock
    def one_test() -> int:
        upload(mock.base_url, ANN)
        return len(mock.tenant(ANN).files)

    assert [1, 1] == [one_test(), one_test()]


def test_nothing_in_a_tenant_is_for_the_user_of_another() -> None:
    """Nobody would see that file, and no request meet that fault."""
    mock = FilesMock(isolate_by_key=True, api_keys=USERS)
    for tenant, own, other in (mock, "ann", "ben"), (mock.tenant(BEN), "ben", "ann"):
        assert own == tenant.add_file("a.txt", user=own).user
        with pytest.raises(OptionError, match=f"Unknown user '{other}'"):
            tenant.add_file("a.txt", user=other)
        with pytest.raises(OptionError, match=f"Unknown user '{other}'"):
            tenant.inject(faults.timeout(), user=other)


@pytest.mark.parametrize("key", ["sk-strange", "", 3])
def test_a_key_that_is_not_accepted_has_no_tenant(key: object) -> None:
    """No request with it could ever get there; the message points to `api_keys`."""
    with pytest.raises(OptionError, match="api_keys"):
        FilesMock(isolate_by_key=True).tenant(key)


def test_without_the_option_there_are_no_tenants() -> None:
    """All keys share one; the error says which option gives each its own."""
    with pytest.raises(OptionError, match="isolate_by_key=True"):
        FilesMock().tenant(ANN)
