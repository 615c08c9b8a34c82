"""The nodes that schedulers write into ZooKeeper, and their responses by the nodes that are there."""

import http.client
import json
import re
from urllib.parse import urlsplit

import pytest
from kazoo.exceptions import NoAuthError

from tests.support.elected_schedulers import Elected
from tests.support.statistics import lifecycle
from tests.support.thrift_calls import call, get, post, request, said
from tests.support.waiting import DEADLINE_SECONDS, wait_until
from tests.support.zookeeper import zookeeper_client

# Only its presence counts, not its value.
BYPASS = {"Bypass-Leader-Redirect": ""}
MEMBER = '{{"serviceEndpoint":{{"host":"127.0.0.1","port":{port}}},"additionalEndpoints":{{}},"status":"ALIVE"}}'


def tree(zk, path: str) -> list[dict]:
    """Return a node, its parents and its children, in the form of the recording."""
    parts = path.strip("/").split("/")
    above = ["/" + "/".join(parts[:length]) for length in range(1, len(parts) + 1)]
    return [node(zk, one) for one in (*above, *(f"{path}/{name}" for name in zk.get_children(path)))]


def node(zk, path: str) -> dict:
    data, stat = zk.get(path)
    return {
        "path": path,
        "data_utf8": data.decode(),
        "data_hex": data.hex(),
        "ephemeral": stat.ephemeralOwner != 0,
        "version": stat.version,
        "acl": [{"perms": acl.perms, "scheme": acl.id.scheme, "id": acl.id.id} for acl in zk.get_acls(path)[0]],
    }


def comparable(nodes: list[dict], port: str) -> list[dict]:
    """Replace what differs between runs: the unique part of a name, and the port."""
    text = json.dumps(nodes).replace(port, "PORT").replace(port.encode().hex(), "PORT")
    return sorted(json.loads(re.sub(r"_c_[0-9a-f-]{36}-", "_c_-", text)), key=lambda one: one["path"])


def test_the_nodes_are_those_of_a_real_scheduler(elected, zk, fixtures):
    """Names, sequence numbers, contents byte for byte, ACLs, parents; a standby is not advertised."""
    recorded = json.loads((fixtures / "zookeeper-member.json").read_text())
    elected.path = recorded["serverset_path"]
    leader = elected.add(host="localhost").start()
    elected.start_candidate(elected.add(host="localhost"))
    ours = comparable(tree(zk, elected.path), leader.url.rpartition(":")[2])
    assert ours == comparable(recorded["tree"], "8122")


def test_the_first_scheduler_leads_and_the_others_redirect_to_it(elected):
    leader = elected.lead()
    standby = elected.stand_by()
    elected.wait_advertised(leader)
    wait_until(lambda: get(standby.url, "/leaderhealth")[0] == 503, "the standby knows the leader")
    assert (lifecycle(leader), lifecycle(standby)) == ("ACTIVE", "STORAGE_PREPARED")
    status, headers, body = post(standby.url, request("listBackups"), path="/api?a=b%20c")
    assert (status, headers["Location"], body) == (307, f"{leader.url}/api?a=b%20c", b"")
    assert headers["Content-Type"] is None
    assert said(call(leader.url, "listBackups")) == ("OK", "")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api", 307),
        ("/api/", 307),
        ("/apiclient/x", 307),
        ("/statexyz", 307),
        ("/scheduler", 307),
        ("/scheduler/role/env", 307),
        ("/schedulers", 404),
        ("/updates", 307),
        ("/vars", 200),
        ("/health", 200),
        ("/no/such", 404),
    ],
)
def test_a_standby_redirects_by_the_beginning_of_the_path(leader_and_standby, path, status):
    leader, standby = leader_and_standby
    got, headers, _ = get_response(standby.url, path)
    assert got == status
    assert headers["Location"] == (f"{leader.url}{path}" if status == 307 else None)


@pytest.fixture(scope="module")
def leader_and_standby(tmp_path_factory, zookeeper):
    """A leader and a standby for tests that change nothing."""
    with zookeeper_client(zookeeper.hosts) as client:
        one = Elected(tmp_path_factory.mktemp("schedulers"), zookeeper.hosts, client)
        try:
            leader = one.lead()
            standby = one.stand_by()
            wait_until(lambda: get(standby.url, "/leaderhealth")[0] == 503, "the standby knows the leader")
            yield leader, standby
        finally:
            one.close()


def get_response(url: str, path: str):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=DEADLINE_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_a_path_cannot_change_the_host_or_headers_of_a_redirect(leader_and_standby):
    leader, standby = leader_and_standby
    _, headers, _ = get_response(standby.url, "/api/%0d%0aSet-Cookie:%20x=y/..//evil.example")
    assert headers["Location"] == f"{leader.url}/api/%0D%0ASet-Cookie%3A%20x%3Dy/..//evil.example"
    assert headers["Set-Cookie"] is None


def test_an_ipv6_address_is_in_brackets_in_a_redirect(elected):
    leader = elected.add(host="::1").start()
    port = leader.url.rpartition(":")[2]
    assert leader.url == f"http://[::1]:{port}"
    standby = elected.stand_by()
    wait_until(lambda: get_response(standby.url, "/leaderhealth")[0] == 503, "the standby knows the leader")
    assert get_response(standby.url, "/api")[1]["Location"] == f"{leader.url}/api"


def test_a_redirected_connection_can_be_used_again(leader_and_standby):
    """The rest of the body is not taken for the next request."""
    connection = http.client.HTTPConnection(urlsplit(leader_and_standby[1].url).netloc, timeout=DEADLINE_SECONDS)
    for _ in range(2):
        connection.request("POST", "/api", request("listBackups") + b"x" * 100_000)
        response = connection.getresponse()
        response.read()
        assert response.status == 307
    connection.close()


def test_a_standby_serves_calls_without_storage_with_the_bypass_header(elected):
    elected.lead()
    standby = elected.stand_by()
    for method, wanted in {
        "getRoleSummary": ("ERROR_TRANSIENT", "Storage is not READY"),
        "snapshot": ("ERROR_TRANSIENT", "Storage is not READY"),
        "performBackup": ("ERROR_TRANSIENT", "Storage is not READY"),
        "listBackups": ("OK", ""),
        "unloadRecovery": ("OK", ""),
        "commitRecovery": ("ERROR", "No backup loaded."),
        "getTierConfigs": ("OK", ""),
    }.items():
        assert said(call(standby.url, method, _headers=BYPASS)) == wanted, method


def test_invalid_and_foreign_nodes_are_not_members(elected, zk):
    leader = elected.lead()
    for number, data in enumerate((b"", b"{", b"[]", b"null", b'{"serviceEndpoint":{}}', b'{"serviceEndpoint":[]}')):
        zk.create(f"{elected.path}/member_000000010{number}", data)
    zk.create(f"{elected.path}/memberx_0000000001", MEMBER.format(port=1).encode())
    zk.create(f"{elected.path}/singleton_candidate_0000000000", b"10.0.0.1")
    wait_until(lambda: "member_0000000105: it has no service endpoint" in leader.log, "the last one read")
    assert get(leader.url, "/leaderhealth")[0] == 200


def test_with_two_members_there_is_no_leader(elected, zk):
    """As with real schedulers, also for the true leader, which leads again when the other member is deleted."""
    leader = elected.lead()
    standby = elected.stand_by()
    zk.create(f"{elected.path}/member_0000000099", MEMBER.format(port=1).encode())
    for one in (leader, standby):
        wait_until(lambda one=one: get(one.url, "/leaderhealth")[0] == 502, "no leader is known")
        status, headers, body = post(one.url, request("listBackups"))
        assert (status, headers["Content-Type"], headers["Location"]) == (503, None, None)
        assert b"No Leader Found" in body
    zk.delete(f"{elected.path}/member_0000000099")
    elected.wait_advertised(leader)


def test_a_scheduler_leads_as_soon_as_its_member_node_exists(elected, zk):
    """A client that has just read the node must not get the reply that no leader is known."""
    leader = elected.lead()
    for _ in range(20):
        before = elected.names("member_")
        zk.delete(f"{elected.path}/{before[0]}")
        while elected.names("member_") in ([], before):
            pass
        assert get(leader.url, "/leaderhealth")[0] == 200


def test_nodes_belong_to_the_user_of_the_credentials(elected, zk, zookeeper):
    leader = elected.lead("-zk_digest_credentials=aurora:secret")
    [candidate], [member] = elected.names("_c_"), elected.names("member_")
    assert [acl.id.scheme for acl in zk.get_acls(f"{elected.path}/{member}")[0]] == ["digest", "world"]
    for name in (candidate, member):
        with pytest.raises(NoAuthError):
            zk.delete(f"{elected.path}/{name}")
    assert elected.members() == [leader.url]
    assert "secret" not in leader.log
    refused = elected.add("-zk_digest_credentials=other:word")
    refused.initialize()
    refused.spawn()
    assert refused.wait_exit() == 1
    assert "refused a request" in refused.log
    assert "NoAuthError" in refused.log


def test_a_scheduler_without_credentials_warns(leader_and_standby):
    assert "There are no -zk_digest_credentials" in leader_and_standby[0].log


def test_election_and_advertising_are_below_the_chroot(elected, zk):
    missing = elected.add("-zk_chroot_path=/nowhere")
    missing.initialize()
    missing.spawn()
    assert missing.wait_exit() == 1
    assert "/nowhere is not in ZooKeeper" in missing.log
    zk.create(f"{elected.path}-root", makepath=True)
    path, elected.path = elected.path, f"{elected.path}-root{elected.path}"
    leader = elected.lead(f"-zk_chroot_path={path}-root", f"-serverset_path={path}")
    assert elected.members() == [leader.url]


def test_the_endpoint_has_the_name_of_the_flag(elected, zk):
    leader = elected.lead("-serverset_endpoint_name=https")
    [member] = elected.names("member_")
    payload = json.loads(zk.get(f"{elected.path}/{member}")[0])
    assert list(payload["additionalEndpoints"]) == ["https"]
    assert get(leader.url, "/leaderhealth")[0] == 200


def test_a_zookeeper_that_does_not_answer_is_reported(elected):
    one = elected.add("-zk_endpoints=127.0.0.1:1", "-zk_connection_timeout=100ms")
    one.initialize()
    one.spawn()
    assert one.wait_exit() == 1
    assert "ZooKeeper at 127.0.0.1:1 does not answer within 0.1 s (-zk_connection_timeout)" in one.log
