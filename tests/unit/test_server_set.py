"""Names and payloads of the nodes in a server set (docs/connection.md 2.1 to 2.3, docs/api.md 7.1)."""

import json

import pytest

from aurora_admin.zookeeper.server_set import (
    ANY_CANDIDATE,
    CANDIDATE,
    MEMBER,
    Endpoint,
    Member,
    candidate_prefix,
    count_candidates,
    encode,
    member,
    prefer_alive,
    sequence,
    service_endpoint,
)
from tests.support.serverset import THRIFT_MEMBER as THRIFT

HERE = {"host": "127.0.0.1", "port": 9201}


def node(status="ALIVE", service=HERE, **named):
    return json.dumps({"serviceEndpoint": service, "additionalEndpoints": named, "status": status}).encode()


def test_the_nodes_of_a_real_scheduler_are_read(fixtures):
    tree = json.loads((fixtures / "zookeeper-member.json").read_text())["tree"]
    [node] = [one for one in tree if MEMBER.fullmatch(one["path"].rpartition("/")[2])]
    assert member(bytes.fromhex(node["data_hex"])) == Member("http://localhost:8122", "ALIVE")
    assert count_candidates([one["path"].rpartition("/")[2] for one in tree]) == 2


def test_the_thrift_payload_is_read():
    assert member(THRIFT) == Member("http://127.0.0.1:9201", "ALIVE")


@pytest.mark.parametrize(("number", "reason"), [(0, "DEAD"), (3, "STOPPING"), (4, "STOPPED")])
def test_a_stopped_status_in_the_thrift_payload_is_refused(number, reason):
    with pytest.raises(ValueError, match=f"its status is {reason}"):
        member(THRIFT.replace(b"\x08\0\3\0\0\0\2", b"\x08\0\3\0\0\0" + bytes([number])))


def test_https_takes_precedence_over_http():
    there = {"host": "proxy", "port": 443}
    assert member(node(http=HERE, https=there)).url == "https://proxy:443"
    assert member(node(https=there, http=HERE)).url == "https://proxy:443"


@pytest.mark.parametrize(
    ("named", "warning"),
    [
        ({}, "it has no endpoint named http or https, only none"),
        ({"aurora": {"host": "x", "port": 1}}, "it has no endpoint named http or https, only 'aurora'"),
    ],
)
def test_without_http_and_https_the_service_endpoint_is_taken_with_a_warning(named, warning):
    assert member(node(**named)) == Member("http://127.0.0.1:9201", "ALIVE", warning)


def test_an_ipv6_address_is_put_in_brackets():
    assert member(node(http={"host": "fe80::1", "port": 8081})).url == "http://[fe80::1]:8081"


def test_unknown_keys_and_blanks_are_ignored():
    raw = b' {"shard": 1,\n "status": "ALIVE", "additionalEndpoints": {"http": {"host": "h", "port": 1, "x": []}}}'
    assert member(raw).url == "http://h:1"


@pytest.mark.parametrize("status", ["DEAD", "STOPPING", "STOPPED"])
def test_a_stopped_member_is_refused(status):
    with pytest.raises(ValueError, match=f"its status is {status}"):
        member(node(status, http=HERE))


def test_members_that_are_alive_take_precedence():
    alive, starting = Member("http://a:1", "ALIVE"), Member("http://b:1", "STARTING")
    assert prefer_alive({"member_1": starting, "member_2": alive}) == {"member_2": alive}
    assert prefer_alive({"member_1": starting}) == {"member_1": starting}


JSON = node(http=HERE)
UNUSABLE = {
    "empty": (b"", "it is empty"),
    "cut JSON": (JSON[:40], "it is incomplete or invalid JSON"),
    "bytes after JSON": (JSON + b"}", "it is incomplete or invalid JSON"),
    "deep JSON": (b'{"a":' * 100_000, "it is incomplete or invalid JSON"),
    "bytes": (b'{"a": "\xff"}', "it is incomplete or invalid JSON"),
    "a list": (b"[1]", "it is neither JSON nor the Thrift of a scheduler"),
    "text": (b"127.0.0.1", "it is neither JSON nor the Thrift of a scheduler"),
    "cut Thrift": (THRIFT[:-20], "it is neither JSON nor the Thrift of a scheduler"),
    "bytes after Thrift": (THRIFT + b"\0", "it is neither JSON nor the Thrift of a scheduler"),
    "unknown Thrift status": (
        THRIFT.replace(b"\x08\0\3\0\0\0\2", b"\x08\0\3\0\0\0\6"),
        "it is neither JSON nor the Thrift",
    ),
    "empty Thrift": (b"\0", "it is neither JSON nor the Thrift of a scheduler"),
    "no endpoint": (b"{}", "it has no endpoint"),
    "endpoints that are a number": (b'{"additionalEndpoints": 5}', "it has no endpoint"),
    "an endpoint that is a number": (node(http=5), "its endpoint has no usable host: None"),
    "no host": (node(http={"port": 1}), "its endpoint has no usable host: None"),
    "an empty host": (node(http={"host": "", "port": 1}), "its endpoint has no usable host: ''"),
    "a host with a slash": (node(http={"host": "a/b", "port": 1}), "its endpoint has no usable host: 'a/b'"),
    "a host with a control character": (node(http={"host": "a\x1bb", "port": 1}), "its endpoint has no usable host: "),
    "a port as text": (node(http={"host": "a", "port": "1"}), "its endpoint has no usable port: '1'"),
    "a boolean port": (node(http={"host": "a", "port": True}), "its endpoint has no usable port: True"),
    "no port": (node(http={"host": "a"}), "its endpoint has no usable port: None"),
    "port 0": (node(http={"host": "a", "port": 0}), "its endpoint has no usable port: 0"),
    "a large port": (node(http={"host": "a", "port": 65536}), "its endpoint has no usable port: 65536"),
}


@pytest.mark.parametrize(("raw", "reason"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_payload_is_an_error_with_a_reason(raw, reason):
    with pytest.raises(ValueError, match=r"^it") as caught:
        member(raw)
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize("raw", [JSON, THRIFT], ids=["JSON", "Thrift"])
def test_a_payload_cut_at_any_byte_is_an_error(raw):
    for cut in range(len(raw)):
        with pytest.raises(ValueError, match=r"^it"):
            member(raw[:cut])


@pytest.mark.parametrize(
    ("name", "is_member"),
    [
        ("member_0000000125", True),
        ("member_-2147483648", True),
        ("member_", False),
        ("member_1x", False),
        ("singleton_candidate_0000000001", False),
        ("_c_41e16add-e38b-4b4d-b22f-bbe32032c5f2-lock-0000000001", False),
        ("_c_41e16add-member_0000000001", False),
    ],
)
def test_member_nodes_are_recognised_by_name(name, is_member):
    assert bool(MEMBER.fullmatch(name)) == is_member


def test_candidates_of_every_release_are_counted():
    assert (
        count_candidates(
            [
                "singleton_candidate_0000000124",
                "_c_41e16add-e38b-4b4d-b22f-bbe32032c5f2-lock-0000000001",
                "_c_41e16add-e38b-4b4d-b22f-bbe32032c5f2-latch-0000000001",
                "member_0000000125",
                "x",
            ]
        )
        == 3
    )


def test_the_name_of_a_new_candidate_is_recognised():
    name = f"{candidate_prefix()}0000000007"
    assert CANDIDATE.fullmatch(name)["sequence"] == "0000000007"
    assert ANY_CANDIDATE.fullmatch(name)


def test_an_encoded_member_is_read_by_client_and_scheduler():
    raw = encode(Endpoint("fe80::1", 8081), "https")
    assert member(raw) == Member("https://[fe80::1]:8081", "ALIVE")
    assert service_endpoint(raw) == Endpoint("fe80::1", 8081)


def test_a_scheduler_reads_the_service_endpoint_whatever_the_status():
    assert service_endpoint(node("DEAD", https={"host": "proxy", "port": 443})) == Endpoint("127.0.0.1", 9201)
    assert service_endpoint(node(service={"host": "h"})) == Endpoint("h", 0)


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[1]", THRIFT, node(service=5), node(service={"host": "h", "port": True})]
)
def test_a_payload_without_a_service_endpoint_is_refused_by_a_scheduler(raw):
    with pytest.raises(ValueError, match="service endpoint"):
        service_endpoint(raw)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("_c_402f1395-6693-4885-8d5e-40ba469315e1-lock-0000000012", 12),
        ("_c_402f1395-6693-4885-8d5e-40ba469315e1-lock--2147483647", -2147483647),
        ("singleton_candidate_0000000124", 124),
        ("member_-0000000001", -1),
        ("_c_402f1395-lock-", 0),
    ],
)
def test_the_number_of_a_node_may_have_wrapped(name, number):
    assert sequence(name) == number
