"""The way to a server by the proxies and the certificates that the environment names."""

import gc
import ssl
from pathlib import Path

import pytest

from aurora_admin.errors import ConfigError, ConnectionFailed
from tests.support.fake_scheduler import Client, FakeScheduler, http, says

OK = says("snapshot")
pytestmark = pytest.mark.usefixtures("no_user_settings")


def call(uri, **keys):
    client = Client(uri, **keys)
    client.scheduler.snapshot()
    client.scheduler.close()


# Proxies


def test_a_proxy_is_asked_for_what_is_not_on_this_machine(monkeypatch):
    with FakeScheduler([OK]) as proxy:
        monkeypatch.setenv("http_proxy", f"http://me:word@{proxy.host}")
        call("http://scheduler.invalid:8081")
    request = proxy.requests[0]
    assert (request.path, request.headers["Host"]) == ("http://scheduler.invalid:8081/api", "scheduler.invalid:8081")
    assert request.headers["Proxy-Authorization"] == "Basic bWU6d29yZA=="
    assert request.headers["Accept-Encoding"] == "gzip"


def test_a_proxy_is_not_asked_for_this_machine(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with FakeScheduler([OK]) as server:
        call(server.url)
    assert server.requests[0].path == "/api"


def test_a_proxy_is_not_asked_for_what_it_is_excluded_from(monkeypatch):
    with FakeScheduler([OK]) as proxy:
        monkeypatch.setenv("all_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", ".invalid")
        with pytest.raises(ConnectionFailed):
            Client("http://scheduler.invalid:8081", timeout=1).scheduler.snapshot()
    assert not proxy.requests


def test_an_impossible_proxy_is_told(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://h:port")
    with pytest.raises(ConnectionFailed, match="Port could not be cast to integer value as 'port'"):
        Client("http://scheduler.invalid:8081", timeout=1).scheduler.snapshot()


# Python 3.10's http.client leaves its own socket open here; a later collection would blame another test.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_proxy_that_opens_no_tunnel_is_told(monkeypatch):
    with FakeScheduler([http(403)]) as proxy:
        monkeypatch.setenv("https_proxy", proxy.host)
        with pytest.raises(ConnectionFailed, match="Tunnel connection failed: 403"):
            Client("https://scheduler.invalid", timeout=1).scheduler.snapshot()
    assert proxy.requests[0].path == "scheduler.invalid:443"
    gc.collect()


# TLS


CERTIFICATE = Path(__file__).with_name("loopback.pem")  # of 127.0.0.1, valid for a century, trusted by nobody


@pytest.fixture
def secure():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def test_a_certificate_of_the_environments_choice_is_trusted(secure, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    with FakeScheduler([OK], tls=secure) as server:
        call(server.url)
    assert server.methods == ["snapshot"]


def test_a_certificate_that_nobody_vouches_for_is_refused(secure):
    with FakeScheduler([OK], tls=secure) as server, pytest.raises(ConnectionFailed, match="CERTIFICATE_VERIFY_FAILED"):
        server.client(timeout=1).scheduler.snapshot()
    assert not server.requests


def test_certificates_that_are_not_there_are_told(monkeypatch):
    monkeypatch.setenv("CURL_CA_BUNDLE", "/no/such/file")
    with pytest.raises(ConfigError, match="Cannot read the certificates in /no/such/file: No such file or directory"):
        Client("https://127.0.0.1:1").scheduler.snapshot()


def test_https_is_kept_when_a_scheduler_behind_a_proxy_redirects_to_http(secure, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    with FakeScheduler([OK], tls=secure) as leader:
        moved = http(307, Location=f"http://{leader.host}/api")
        with FakeScheduler([moved], tls=secure) as standby:
            call(standby.url)
    assert leader.methods == ["snapshot"]


def test_https_asked_of_a_plain_port_is_told():
    with FakeScheduler([OK]) as server, pytest.raises(ConnectionFailed, match="Nothing was carried out"):
        Client(f"https://{server.host}", timeout=1).scheduler.snapshot()
