"""Proxies and certificates that the environment names."""

import gc
import socket
import ssl
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from aurora_admin.client.http.proxy import proxy_for
from aurora_admin.errors import AdminError, ConfigError, ConnectionFailed
from aurora_admin.plugins.drill.ha import variables
from tests.support.client import call_snapshot
from tests.support.fake_scheduler import Client, FakeScheduler, close, http, raw, reply_with

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


FAR = "http://scheduler.invalid:8081"


def error_through(proxy_url, monkeypatch, uri=FAR, variable="http_proxy", call="snapshot"):
    monkeypatch.setenv(variable, proxy_url)
    client = Client(uri, timeout=1)
    with pytest.raises(AdminError) as caught:
        client.scheduler.call(call)
    client.scheduler.close()
    return caught.value.message


def test_a_proxy_that_cannot_be_reached_is_named_without_its_password(monkeypatch):
    message = error_through("http://me:secret@127.0.0.1:1", monkeypatch)
    assert message == (
        f"Cannot reach the scheduler of west at {FAR}/api through the proxy http_proxy=http://127.0.0.1:1: Connection "
        "refused. Nothing was carried out; check http_proxy, or give the host in NO_PROXY to call it directly"
    )


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (403, "The request was not carried out; check HTTP_PROXY, or"),
        (407, "give them in HTTP_PROXY, as http://USER:PASSWORD@HOST:PORT"),
        (404, "or check HTTP_PROXY"),
        (502, "(check HTTP_PROXY, or give the host in NO_PROXY to call it directly). It may have been carried out."),
    ],
)
def test_an_error_of_a_proxy_names_the_proxy(monkeypatch, status, advice):
    with FakeScheduler([http(status)]) as proxy:
        message = error_through(proxy.url, monkeypatch, variable="HTTP_PROXY")
    assert f"{FAR}/api through the proxy HTTP_PROXY={proxy.url}" in message
    assert advice in message
    assert len(proxy.requests) == 1


@pytest.mark.parametrize("call", ["snapshot", "listBackups"])
@pytest.mark.parametrize("action", [http(200, b"<html>", Content_Type="text/html"), close], ids=["page", "closed"])
def test_a_lost_reply_names_the_proxy(monkeypatch, call, action):
    with FakeScheduler([action]) as proxy:
        message = error_through(proxy.url, monkeypatch, call=call)
    assert f" through the proxy http_proxy={proxy.url}: " in message
    assert "check http_proxy, or give the host in NO_PROXY" in message


@pytest.mark.parametrize("variable", ["ALL_PROXY", "http_proxy"])
@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4", "https", "ftp"])
def test_a_proxy_that_does_not_speak_http_is_refused_by_name_before_anything_is_sent(monkeypatch, scheme, variable):
    with FakeScheduler([OK]) as proxy:
        message = error_through(f"{scheme}://me:secret@{proxy.host}", monkeypatch, variable=variable)
    assert f" through the proxy {variable}={scheme}://{proxy.host}: a proxy with the scheme {scheme} is " in message
    assert "Nothing was carried out" in message
    assert not proxy.connections


@pytest.mark.parametrize("url", ["http://h:port", "http://:1", "http://[h", "http://h:99999"])
def test_an_unusable_proxy_url_is_not_retried(monkeypatch, url):
    message = error_through(url, monkeypatch)
    assert f" through the proxy http_proxy={url}: " in message


@pytest.mark.parametrize(
    ("no_proxy", "uri"),
    [
        ("10.0.0.0/8", "http://10.1.2.3:8081"),
        ("x, 10.1.2.3", "http://10.1.2.3:8081"),
        ("10.1.2.3:8081", "http://10.1.2.3:8081"),
        ("fd00::/8", "http://[fd00::1]:8081"),
        ("invalid", FAR),
        (".INVALID", FAR),
        ("scheduler.invalid:8081", FAR),
        ("*", FAR),
    ],
)
def test_no_proxy_has_hosts_ports_and_networks(monkeypatch, no_proxy, uri):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    target = urlsplit(uri)
    assert proxy_for(target)
    for others in ("10.2.0.0/16", "scheduler.invalid:80", "10.1.2.3:80", ""):
        monkeypatch.setenv("no_proxy", others)
        assert proxy_for(target)
    monkeypatch.setenv("no_proxy", no_proxy)
    assert proxy_for(target) is None


def test_variables_in_lower_case_come_first(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://upper:1")
    monkeypatch.setenv("ALL_PROXY", "http://all:1")
    assert str(proxy_for(urlsplit(FAR))) == "HTTP_PROXY=http://upper:1"
    monkeypatch.setenv("http_proxy", "http://lower:1")
    assert str(proxy_for(urlsplit(FAR))) == "http_proxy=http://lower:1"
    monkeypatch.setenv("NO_PROXY", "scheduler.invalid")
    assert proxy_for(urlsplit(FAR)) is None
    monkeypatch.setenv("no_proxy", "other")
    assert proxy_for(urlsplit(FAR))


def test_the_drill_reads_the_variables_of_its_own_scheduler_without_a_proxy(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with FakeScheduler([], pages=[http(200, b"a 1\nb 2")]) as server:
        assert variables(server.url) == ["a 1", "b 2"]
    assert server.pages_requested == ["/vars"]


# Python 3.10's http.client leaves its own socket open here, which a later collection would report in another test.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_proxy_that_refuses_the_tunnel_is_reported(monkeypatch):
    with FakeScheduler([http(403)]) as proxy:
        monkeypatch.setenv("https_proxy", proxy.host)
        client = Client("https://scheduler.invalid")
        with pytest.raises(ConnectionFailed, match=f"proxy https_proxy={proxy.host}: Tunnel connection failed: 403"):
            client.scheduler.snapshot()
    assert [request.path for request in proxy.requests] == ["scheduler.invalid:443"]
    assert not client.slept
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


def test_an_untrusted_certificate_is_refused_once_with_the_variable_for_a_private_authority(tls):
    with FakeScheduler([OK], tls=tls) as server:
        client = server.client()
        with pytest.raises(ConnectionFailed, match=r"CERTIFICATE_VERIFY_FAILED.*REQUESTS_CA_BUNDLE or SSL_CERT_FILE"):
            client.scheduler.snapshot()
    assert (server.requests, client.slept) == ([], [])


def test_the_variable_of_openssl_is_read_too(tls, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with FakeScheduler([OK], tls=tls) as server:
        call_snapshot(server.url)


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


@pytest.mark.parametrize("action", [OK, http(400)], ids=["reply", "refused"])
def test_https_to_a_plain_port_is_reported_at_once(action):
    with FakeScheduler([action]) as server:
        client = Client(f"https://{server.host}", timeout=1)
        with pytest.raises(ConnectionFailed, match=r"speaks http, not https\. Nothing was carried out; correct"):
            client.scheduler.snapshot()
    assert not client.slept


def test_http_to_a_tls_port_is_reported_at_once(tls):
    with FakeScheduler([OK], tls=tls) as server:
        client = Client(f"http://{server.host}")
        with pytest.raises(ConnectionFailed, match=r"speaks https, not http\. Nothing was carried out; correct"):
            client.scheduler.commit_recovery()
    assert not client.slept


def test_an_alert_in_reply_to_clear_text_means_https():
    alert = raw(b"\x15\x03\x03\x00\x02\x02\x0a")
    with FakeScheduler([alert]) as server, pytest.raises(ConnectionFailed, match="this port speaks https, not http"):
        server.client().scheduler.commit_recovery()


@contextmanager
def strict_tls_server(tls):
    """Serve TLS, and close without a reply on what is no TLS, as the server of OpenSSL does; yield host:port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
                        inward.write(connection.recv(65536))
                        with suppress(ssl.SSLError):
                            tls.wrap_bio(inward, outward, server_side=True).do_handshake()
                        if (reply := outward.read())[:1] == b"\x16":
                            connection.sendall(reply)

        Thread(target=serve, daemon=True).start()
        yield "{}:{}".format(*listener.getsockname())


def test_a_tls_server_that_closes_on_clear_text_is_recognised(tls):
    with strict_tls_server(tls) as host:
        client = Client(f"http://{host}")
        with pytest.raises(ConnectionFailed, match=r"speaks https, not http\. Nothing was carried out; correct"):
            client.scheduler.commit_recovery()
    assert not client.slept
