"""The ini option `eugpt_files_fast_tls`."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import certifi
import httpx
import pytest
import trustme

from eugpt_files_mock import FilesMock
from eugpt_files_mock.intercept import fast_tls

from .conftest import WITHOUT_OTHERS


@pytest.fixture
def fast() -> Iterator[None]:
    """The option is on."""
    fast_tls.start()
    yield
    fast_tls.stop()


@pytest.mark.usefixtures("fast")
def test_a_client_reads_no_authorities_before_it_needs_them() -> None:
    """It notes the file; whoever asks what it trusts gets the whole answer."""
    context = ssl.create_default_context(cafile=certifi.where())
    assert [certifi.where()] == [cafile for _, cafile in vars(context)[fast_tls._NOTED]]
    assert len(context.get_ca_certs()) > 100
    assert fast_tls._NOTED not in vars(context)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.usefixtures("fast")
def test_a_connection_is_checked_as_always(tmp_path: Path, known: bool) -> None:
    """Over TLS, against an authority that the client trusts, or against one that it doesn't."""
    authority, other = trustme.CA(), trustme.CA()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(serving)
    trusted = tmp_path / "ca.pem"
    (authority if known else other).cert_pem.write_to_path(trusted)
    context = ssl.create_default_context(cafile=str(trusted))
    with (
        FilesMock().serve(ssl_context=serving) as mock,
        httpx.Client(verify=context, trust_env=False) as client,
    ):
        headers = {"Authorization": f"Bearer {mock.api_key}"}
        if known:
            assert 200 == client.get(f"{mock.base_url}/files", headers=headers).status_code
        else:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                client.get(f"{mock.base_url}/files")


@pytest.mark.usefixtures("fast")
def test_a_file_that_is_not_there_is_refused_at_once() -> None:
    """As without the option."""
    with pytest.raises(FileNotFoundError):
        ssl.create_default_context(cafile="nowhere.pem")


def test_what_was_noted_is_read_when_the_option_ends() -> None:
    """A client that outlives the run still trusts what it should; nothing of ours is left."""
    methods = dict(vars(ssl.SSLContext))
    fast_tls.start()
    context = ssl.create_default_context(cafile=certifi.where())
    fast_tls.stop()
    assert len(context.get_ca_certs()) > 100
    assert methods == dict(vars(ssl.SSLContext))


def test_the_option_is_read_from_the_ini_file(tmp_path: Path) -> None:
    """Without it nothing is replaced."""
    code = "import ssl\ndef test_it(): assert 'load_verify_locations' {} vars(ssl.SSLContext)"
    for ini, word in (("", "not in"), ("eugpt_files_fast_tls = true", "in")):
        (tmp_path / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
        (tmp_path / "test_it.py").write_text(code.format(word))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *WITHOUT_OTHERS]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert "1 passed" in done.stdout, done.stdout
