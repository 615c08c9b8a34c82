"""What is read from a member node (docs/connection.md 2.1 to 2.3)."""

import json

import pytest

from aurora_admin.client.discovery.members import MEMBER, Member, candidates, read, usable

# As releases before 0.10 could write it: host 127.0.0.1, port 9201, name http, ALIVE (docs/connection.md 2.2).
THRIFT = bytes.fromhex(
    "0c00010b0001000000093132372e302e302e31080002000023f1000d00020b0c0000000100000004687474700b000100000009"
    "3132372e302e302e31080002000023f1000800030000000200"
)
HERE = {"host": "127.0.0.1", "port": 9201}


def node(status="ALIVE", service=HERE, **named):
    return json.dumps({"serviceEndpoint": service, "additionalEndpoints": named, "status": status}).encode()


def test_what_a_real_scheduler_wrote(fixtures):
    tree = json.loads((fixtures / "zookeeper-member.json").read_text())["tree"]
    [member] = [one for one in tree if MEMBER.fullmatch(one["path"].rpartition("/")[2])]
    assert read(bytes.fromhex(member["data_hex"])) == Member("http://localhost:8122", "ALIVE")
    assert candidates([one["path"].rpartition("/")[2] for one in tree]) == 2


def test_the_older_payload():
    assert read(THRIFT) == Member("http://127.0.0.1:9201", "ALIVE")


@pytest.mark.parametrize(("number", "reason"), [(0, "DEAD"), (3, "STOPPING"), (4, "STOPPED")])
def test_the_older_payload_has_a_status_too(number, reason):
    with pytest.raises(ValueError, match=f"its status is {reason}"):
        read(THRIFT.replace(b"\x08\0\3\0\0\0\2", b"\x08\0\3\0\0\0" + bytes([number])))


def test_https_goes_before_http():
    there = {"host": "proxy", "port": 443}
    assert read(node(http=HERE, https=there)).url == "https://proxy:443"
    assert read(node(https=there, http=HERE)).url == "https://proxy:443"


@pytest.mark.parametrize(
    ("named", "oddity"),
    [
        ({}, "it has no endpoint http or https but none at all"),
        ({"aurora": {"host": "x", "port": 1}}, "it has no endpoint http or https but 'aurora'"),
    ],
)
def test_without_either_the_service_endpoint_is_taken_and_told(named, oddity):
    assert read(node(**named)) == Member("http://127.0.0.1:9201", "ALIVE", oddity)


def test_an_ipv6_address_is_put_in_brackets():
    assert read(node(http={"host": "fe80::1", "port": 8081})).url == "http://[fe80::1]:8081"


def test_members_that_nobody_knows_and_blanks_do_no_harm():
    raw = b' {"shard": 1,\n "status": "ALIVE", "additionalEndpoints": {"http": {"host": "h", "port": 1, "x": []}}}'
    assert read(raw).url == "http://h:1"


@pytest.mark.parametrize("status", ["DEAD", "STOPPING", "STOPPED"])
def test_one_that_is_gone_is_not_used(status):
    with pytest.raises(ValueError, match=f"its status is {status}"):
        read(node(status, http=HERE))


def test_those_that_are_alive_go_before_others():
    alive, starting = Member("http://a:1", "ALIVE"), Member("http://b:1", "STARTING")
    assert usable({"member_1": starting, "member_2": alive}) == {"member_2": alive}
    assert usable({"member_1": starting}) == {"member_1": starting}


HALF = node(http=HERE)
UNUSABLE = {
    "empty": (b"", "it is empty"),
    "half JSON": (HALF[:40], "it is not whole JSON"),
    "more than JSON": (HALF + b"}", "it is not whole JSON"),
    "deep JSON": (b'{"a":' * 100_000, "it is not whole JSON"),
    "bytes": (b'{"a": "\xff"}', "it is not whole JSON"),
    "another": (b"[1]", "it is neither JSON nor Thrift of a scheduler"),
    "text": (b"127.0.0.1", "it is neither JSON nor Thrift of a scheduler"),
    "half Thrift": (THRIFT[:-20], "it is neither JSON nor Thrift of a scheduler"),
    "more than Thrift": (THRIFT + b"\0", "it is neither JSON nor Thrift of a scheduler"),
    "no Thrift status": (THRIFT.replace(b"\x08\0\3\0\0\0\2", b"\x08\0\3\0\0\0\6"), "it is neither JSON nor Thrift"),
    "empty Thrift": (b"\0", "it is neither JSON nor Thrift of a scheduler"),
    "no endpoint": (b"{}", "it has no endpoint"),
    "endpoints of another kind": (b'{"additionalEndpoints": 5}', "it has no endpoint"),
    "an endpoint of another kind": (node(http=5), "its endpoint has no usable host: None"),
    "no host": (node(http={"port": 1}), "its endpoint has no usable host: None"),
    "an empty host": (node(http={"host": "", "port": 1}), "its endpoint has no usable host: ''"),
    "a host that is a path": (node(http={"host": "a/b", "port": 1}), "its endpoint has no usable host: 'a/b'"),
    "a host that is an order": (node(http={"host": "a\x1bb", "port": 1}), "its endpoint has no usable host: "),
    "a text port": (node(http={"host": "a", "port": "1"}), "its endpoint has no usable port: '1'"),
    "a true port": (node(http={"host": "a", "port": True}), "its endpoint has no usable port: True"),
    "no port": (node(http={"host": "a"}), "its endpoint has no usable port: None"),
    "port 0": (node(http={"host": "a", "port": 0}), "its endpoint has no usable port: 0"),
    "a large port": (node(http={"host": "a", "port": 65536}), "its endpoint has no usable port: 65536"),
}


@pytest.mark.parametrize(("raw", "reason"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_cannot_be_used_is_an_error_with_a_reason(raw, reason):
    with pytest.raises(ValueError, match=r"^it") as caught:
        read(raw)
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize("raw", [HALF, THRIFT], ids=["JSON", "Thrift"])
def test_half_a_payload_is_never_more_than_an_error(raw):
    for cut in range(len(raw)):
        with pytest.raises(ValueError, match=r"^it"):
            read(raw[:cut])


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
def test_members_are_known_by_their_names(name, is_member):
    assert bool(MEMBER.fullmatch(name)) == is_member


def test_candidates_of_every_release_are_counted():
    assert (
        candidates(
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
