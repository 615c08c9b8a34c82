"""Proxies and certificates that the environment names."""

import gc
import ssl
from pathlib import Path

import pytest

from aurora_admin.errors import ConfigError, ConnectionFailed
from tests.support.client import call_snapshot
from tests.support.fake_scheduler import Client, FakeScheduler, http, reply_with

OK = reply_with("snapshot")
pytestmark = pytest.mark.usefixtures("no_user_settings")


# Proxies


def test_a_request_to_another_machine_goes_through_the_proxy(monkeypatch):
    with FakeScheduler([OK]) as proxy:
        monkeypatch.setenv("http_proxy", f"http://me:word@{proxy.host}")
        call_snapshot("http://scheduler.invalid:8081")
    request = proxy.requests[0]
    assert (request.path, request.headers["Host"]) == ("http://scheduler.invalid:8081/api", "scheduler.invalid:8081")
    assert request.headers["Proxy-Authorization"] == "Basic bWU6d29yZA=="
    assert request.headers["Accept-Encoding"] == "gzip"


def test_a_request_to_this_machine_does_not_go_through_the_proxy(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with FakeScheduler([OK]) as server:
        call_snapshot(server.url)
    assert server.requests[0].path == "/api"


def test_a_host_in_no_proxy_does_not_go_through_the_proxy(monkeypatch):
    with FakeScheduler([OK]) as proxy:
        monkeypatch.setenv("all_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", ".invalid")
        with pytest.raises(ConnectionFailed):
            Client("http://scheduler.invalid:8081", timeout=1).scheduler.snapshot()
    assert not proxy.requests


def test_an_invalid_proxy_url_is_reported(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://h:port")
    with pytest.raises(ConnectionFailed, match="Port could not be cast to integer value as 'port'"):
        Client("http://scheduler.invalid:8081", timeout=1).scheduler.snapshot()


# Python 3.10's http.client leaves its own socket open here, which a later collection would report in another test.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_proxy_that_refuses_the_tunnel_is_reported(monkeypatch):
    with FakeScheduler([http(403)]) as proxy:
        monkeypatch.setenv("https_proxy", proxy.host)
        with pytest.raises(ConnectionFailed, match="Tunnel connection failed: 403"):
            Client("https://scheduler.invalid", timeout=1).scheduler.snapshot()
    assert proxy.requests[0].path == "scheduler.invalid:443"
    gc.collect()


# TLS


CERTIFICATE = Path(__file__).with_name("loopback.pem")  # of 127.0.0.1, self-signed, valid for a century


@pytest.fixture
def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def test_a_certificate_that_the_environment_names_is_trusted(tls, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    with FakeScheduler([OK], tls=tls) as server:
        call_snapshot(server.url)
    assert server.methods == ["snapshot"]


def test_an_untrusted_certificate_is_refused(tls):
    with FakeScheduler([OK], tls=tls) as server, pytest.raises(ConnectionFailed, match="CERTIFICATE_VERIFY_FAILED"):
        server.client(timeout=1).scheduler.snapshot()
    assert not server.requests


def test_a_missing_certificate_file_is_reported(monkeypatch):
    monkeypatch.setenv("CURL_CA_BUNDLE", "/no/such/file")
    with pytest.raises(ConfigError, match="Cannot read the certificates in /no/such/file: No such file or directory"):
        Client("https://127.0.0.1:1").scheduler.snapshot()


def test_https_is_kept_when_a_scheduler_behind_a_tls_proxy_redirects_to_http(tls, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    with FakeScheduler([OK], tls=tls) as leader:
        redirect = http(307, Location=f"http://{leader.host}/api")
        with FakeScheduler([redirect], tls=tls) as standby:
            call_snapshot(standby.url)
    assert leader.methods == ["snapshot"]


def test_https_to_a_plain_port_is_reported():
    with FakeScheduler([OK]) as server, pytest.raises(ConnectionFailed, match="Nothing was carried out"):
        Client(f"https://{server.host}", timeout=1).scheduler.snapshot()
