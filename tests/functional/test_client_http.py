"""HTTP of the client: headers, redirects, credentials, encodings of a body, connections, time-outs."""

import pytest

from aurora_admin.errors import (
    AdminError,
    AuthFailed,
    BadReply,
    CallFailed,
    ConfigError,
    ConnectionFailed,
    OutcomeUnknown,
)
from aurora_admin.gen.api.ttypes import ListBackupsResult, Result
from tests.support.client import call_snapshot
from tests.support.fake_scheduler import Client, FakeScheduler, close, drip, http, raw, reply_with, silence

OK = reply_with("snapshot")
pytestmark = pytest.mark.usefixtures("no_user_settings")


def test_a_request_has_the_headers_that_every_release_takes():
    with FakeScheduler([OK]) as server:
        server.client().scheduler.snapshot()
    assert server.requests[0].headers == {
        "Host": server.host,
        "Accept-Encoding": "identity",
        "Content-Length": "35",
        "User-Agent": "Aurora Admin",
        "Accept": "application/vnd.apache.thrift.binary",
        "Content-Type": "application/x-thrift",
    }


def test_the_bypass_option_is_a_header():
    with FakeScheduler([OK]) as server:
        server.client(bypass=True).scheduler.snapshot()
    assert server.requests[0].headers["Bypass-Leader-Redirect"] == "true"


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("http://{}", "/api"),
        ("http://{}/", "/api"),
        ("http://{}/foo", "/api"),
        ("http://{}/foo/", "/foo/api"),
        ("http://{}/api", "/api"),
        ("{}", "/api"),
        ("http://{}/a b/", "/a%20b/api"),
        ("http://{}/x?y#z", "/api"),
    ],
)
def test_a_scheduler_uri_is_joined_with_api(uri, path):
    with FakeScheduler([OK]) as server:
        client = Client(uri.format(server.host))
        client.scheduler.snapshot()
        client.scheduler.close()
    assert server.requests[0].path == path


@pytest.mark.parametrize(
    "uri", ["ftp://h", "http://", "http://h:port", "http://h:99999", "http://[h", "http://u:secret@:1"]
)
def test_an_invalid_scheduler_uri_names_the_cluster_and_the_file(uri):
    with pytest.raises(ConfigError) as caught:
        Client(uri).scheduler.snapshot()
    assert caught.value.message.startswith("Cluster west in /etc/aurora/clusters.json: scheduler_uri ")
    assert "secret" not in caught.value.message


def test_a_cluster_without_an_address_names_the_file():
    with pytest.raises(ConfigError, match='"cluster" does not specify zk or scheduler_uri: give west one of them in /'):
        Client("").scheduler.snapshot()


def test_kerberos_is_reported_as_not_available():
    with pytest.raises(ConfigError, match="has auth_mechanism KERBEROS, which is not available in this version"):
        Client("http://h", auth_mechanism="KERBEROS")


def test_a_template_in_the_entry_is_warned_about():
    assert Client("http://{{name}}").log == [
        " WARN] The scheduler_uri of cluster west contains a template, which is not expanded"
    ]


# Redirects


def redirect(status, location):
    return http(status, Location=location)


def test_a_redirect_is_followed_with_the_same_call_and_remembered():
    with FakeScheduler([OK]) as leader, FakeScheduler([redirect(307, f"{leader.url}/api")]) as standby:
        scheduler = standby.client().scheduler
        assert scheduler.snapshot().ok
        assert scheduler.snapshot().ok
        scheduler.close()
    assert standby.methods == ["snapshot"]
    assert leader.methods == ["snapshot"] * 2
    assert leader.requests[0].body == standby.requests[0].body
    assert leader.requests[0].headers["Host"] == leader.host


def test_endless_redirects_are_retried_like_a_missing_leader():
    with FakeScheduler([]) as server:
        server.script = [redirect(307, f"{server.url}/api")]
        client = server.client(timeout=1)
        with pytest.raises(CallFailed, match=f"not ready: redirected 5 times, at last to {server.url}/api. Nothing"):
            client.scheduler.snapshot()
    assert len(server.requests) == 12  # six in each of two attempts
    assert client.slept == [0.5]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_with_another_status_is_reported_and_not_followed(status):
    with FakeScheduler([OK]) as other, FakeScheduler([redirect(status, f"{other.url}/login")]) as server:
        client = server.client()
        with pytest.raises(
            CallFailed, match=f"answers {status} and redirects to {other.url}/login. The request was not"
        ):
            client.scheduler.snapshot()
    assert not other.requests


@pytest.mark.parametrize("location", ["ftp://h/api", "http://[", "http://:8081/api"])
def test_a_redirect_to_an_invalid_url_is_an_error(location):
    with FakeScheduler([redirect(307, location)]) as server, pytest.raises(CallFailed, match="which cannot be used"):
        server.client().scheduler.snapshot()


def test_after_a_redirect_to_a_dead_leader_the_configured_scheduler_is_called_again():
    with FakeScheduler([OK]) as leader:
        script = [redirect(307, "http://127.0.0.1:1/api"), redirect(307, f"{leader.url}/api")]
        with FakeScheduler(script) as standby:
            scheduler = standby.client().scheduler
            assert scheduler.snapshot().ok
            scheduler.close()


@pytest.mark.parametrize("action", [close, http(404), http(401), http(500), redirect(307, "ftp://x")])
def test_a_redirect_that_fails_names_the_server_that_redirected(action):
    with FakeScheduler([action]) as leader, FakeScheduler([redirect(307, f"{leader.url}/api")]) as standby:
        client = standby.client()
        with pytest.raises(AdminError, match=rf"{leader.url}/api \(redirected by {standby.url}/api\)"):
            client.scheduler.snapshot()


def test_a_redirect_to_a_server_that_is_down_names_the_server_that_redirected():
    with FakeScheduler([redirect(307, "http://127.0.0.1:1/api")]) as standby:
        client = standby.client(timeout=1)
        with pytest.raises(ConnectionFailed, match=rf"at http://127.0.0.1:1/api \(redirected by {standby.url}/api\)"):
            client.scheduler.snapshot()
    assert f"http://127.0.0.1:1/api (redirected by {standby.url}/api): Connection refused, retrying" in client.log[0]


# Credentials


def authorization(server):
    return server.requests[-1].headers.get("Authorization")


def test_user_and_password_come_from_scheduler_uri():
    with FakeScheduler([OK]) as server:
        call_snapshot(f"http://us%40er:pa:ss@{server.host}")
    assert authorization(server) == "Basic dXNAZXI6cGE6c3M="


def test_user_and_password_come_from_netrc_by_host_without_port(tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login root password secret\n")
    with FakeScheduler([OK]) as server:
        call_snapshot(server.url)
    assert authorization(server) == "Basic cm9vdDpzZWNyZXQ="


def test_a_netrc_entry_for_another_host_is_not_sent(tmp_path):
    (tmp_path / ".netrc").write_text("machine other login root password secret\n")
    with FakeScheduler([OK]) as server:
        call_snapshot(server.url)
    assert authorization(server) is None


def test_the_default_entry_of_netrc_has_the_lowest_precedence(tmp_path):
    (tmp_path / ".netrc").write_text("default login root password secret\n")
    with FakeScheduler([OK]) as server:
        call_snapshot(server.url)
        assert authorization(server) == "Basic cm9vdDpzZWNyZXQ="
        call_snapshot(f"http://a:b@{server.host}")
        assert authorization(server) == "Basic YTpi"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"machine\n", ", line "),
        (b"machine 127.0.0.1 login root pasword secret\n", ", line 1: bad follower token 'pasword'"),
        (b"x\n", ", line 1: bad toplevel token 'x'"),
        (b"\xff", ": it is not UTF-8"),
        (b'machine h login a password "b\nmachine 127.0.0.1 login root password c\n', ": the end of a quoted word is"),
    ],
)
def test_an_invalid_netrc_gives_no_credentials_and_is_warned_about(tmp_path, text, problem):
    path = tmp_path / ".netrc"
    path.write_bytes(text)
    with FakeScheduler([OK]) as server:
        client = server.client()
        client.scheduler.snapshot()
    assert authorization(server) is None
    [warning] = client.log
    assert warning.startswith(f" WARN] No user and password are taken from {path}{problem}")


def test_a_missing_file_in_netrc_is_warned_about(monkeypatch):
    monkeypatch.setenv("NETRC", "/no/such")
    [warning] = Client("http://h").log
    assert warning.startswith(" WARN] No user and password are taken from /no/such: No such file or directory.")


def test_a_password_is_not_sent_to_another_server():
    with FakeScheduler([OK]) as leader, FakeScheduler([redirect(307, f"{leader.url}/api")]) as standby:
        call_snapshot(f"http://root:secret@{standby.host}")
    assert authorization(standby) == "Basic cm9vdDpzZWNyZXQ="
    assert authorization(leader) is None


def test_a_wrong_password_is_reported_as_one_and_not_as_a_missing_one():
    with FakeScheduler([http(401)]) as server, pytest.raises(AuthFailed, match="does not accept the user or the pass"):
        call_snapshot(f"http://root:wrong@{server.host}")


def test_a_cookie_is_ignored():
    with FakeScheduler([reply_with("snapshot", Set_Cookie="rememberMe=deleteMe; Path=/; Max-Age=0"), OK]) as server:
        scheduler = server.client().scheduler
        scheduler.snapshot()
        scheduler.snapshot()
    assert "Cookie" not in server.requests[1].headers


# Bodies


NAMES = {f"scheduler-backup-{number}" for number in range(3000)}
LISTED = Result(listBackupsResult=ListBackupsResult(backups=NAMES))


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
@pytest.mark.parametrize("gzipped", [True, False], ids=["gzip", "plain"])
@pytest.mark.parametrize("chunk", [0, 1, 1000], ids=["length", "chunks of 1", "chunks of 1000"])
def test_a_body_in_any_encoding_is_read(binary, gzipped, chunk):
    with FakeScheduler(
        [reply_with("listBackups", result=LISTED, binary=binary, gzipped=gzipped, chunk=chunk)]
    ) as server:
        scheduler = server.client().scheduler
        assert set(scheduler.list_backups().backups) == NAMES
        assert set(scheduler.list_backups().backups) == NAMES
    assert server.connections == 1


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_a_body_may_end_with_the_connection(binary):
    complete = reply_with("snapshot", 1, "done", binary=binary).complete
    without_length = b"\r\n".join(line for line in complete.split(b"\r\n") if not line.startswith(b"Content-Length"))
    with FakeScheduler([raw(without_length)]) as server:
        assert server.client().scheduler.snapshot().message == "done"


# Connections


def test_a_connection_that_the_server_has_closed_is_replaced():
    with FakeScheduler([reply_with("snapshot", Connection="close"), OK]) as server:
        scheduler = server.client().scheduler
        assert scheduler.snapshot().ok
        assert scheduler.snapshot().ok
    assert server.connections == 2


def test_a_connection_that_was_idle_for_long_is_replaced():
    with FakeScheduler([OK]) as server:
        client = server.client()
        client.scheduler.snapshot()
        client.time.now += 6
        client.scheduler.snapshot()
    assert server.connections == 2


# Time-outs


@pytest.mark.parametrize(
    "action",
    [silence, drip(b"H"), drip(b"HTTP/1.1 200 OK\r\n"), raw(b"")],
    ids=["silence", "endless status line", "endless headers", "nothing"],
)
def test_a_server_that_never_responds_ends_in_the_time_out(action):
    with FakeScheduler([action]) as server, pytest.raises(OutcomeUnknown):
        server.client(timeout=0.3, is_real_time=True).scheduler.commit_recovery()
    assert len(server.requests) == 1


@pytest.mark.parametrize("cut", [-1, -20])
def test_a_server_that_stops_in_the_middle_ends_in_the_time_out(cut):
    pieces = OK.complete[:cut]

    def stop(sock, request):
        sock.sendall(pieces)

    with FakeScheduler([stop]) as server, pytest.raises(OutcomeUnknown, match="timed out"):
        server.client(timeout=0.3, is_real_time=True).scheduler.snapshot()


def test_a_body_that_arrives_too_slowly_ends_in_the_time_out():
    def act(sock, request):
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-thrift\r\n\r\n[")
        drip(b" ")(sock, request)

    with FakeScheduler([act]) as server, pytest.raises(OutcomeUnknown, match="timed out"):
        server.client(timeout=0.3, is_real_time=True).scheduler.snapshot()


def test_a_read_only_call_without_a_reply_names_the_time_out():
    with FakeScheduler([silence]) as server, pytest.raises(BadReply, match=r"/api: timed out\. Try again"):
        server.client(timeout=0.3, is_real_time=True).scheduler.list_backups()
