"""get_scheduler --all: every scheduler that is registered in ZooKeeper, its role and its release."""

import json

from aurora_admin import __version__
from tests.support.fake_scheduler import FakeScheduler, http
from tests.support.serverset import CANDIDATE_PREFIX, THRIFT_MEMBER, member

NOWHERE = "127.0.0.1:1"
COLUMNS = ("role", "address", "host", "version", "candidate", "member")
# As a real 0.22.0 shows its class path: the jar of the scheduler among others.
CLASS_PATH = b"jvm_prop_java.class.path /opt/aurora/lib/aurora-0.22.0.jar:/opt/aurora/lib/aurora-api-0.22.0.jar\nz 1"


def listed(admin, *options):
    """Return the rows, each as a tuple, and the log."""
    result = admin("get_scheduler", "--all", "--output=json", "west", *options)
    assert result.code == 0, result.err
    document = json.loads(result.out)
    assert document["version"] == 1
    return [tuple(row[name] for name in COLUMNS) for row in document["rows"]], result.err


def test_the_recorded_nodes_of_a_leader_and_a_standby(west, admin, fixtures):
    for node in json.loads((fixtures / "zookeeper-member.json").read_text())["tree"][3:]:
        west.zk.create(f"{west.path}/{node['path'].rpartition('/')[2]}", bytes.fromhex(node["data_hex"]))
    lock = "_c_{}-lock-000000000{}".format
    assert listed(admin) == (
        [
            (
                "leader",
                "http://localhost:8122",
                "localhost",
                None,
                lock("c9065af4-675e-4397-9f91-1a8e1ec68b83", 0),
                "member_0000000001",
            ),
            ("standby", None, "localhost", None, lock("402f1395-6693-4885-8d5e-40ba469315e1", 2), None),
        ],
        "",
    )


def test_real_schedulers_the_leader_first(elected, admin):
    leader = elected.lead()
    elected.wait_advertised(leader)
    elected.stand_by()
    first, second = elected.names("_c_")
    [member_name] = elected.names("member_")
    assert listed(admin)[0] == [
        ("leader", leader.url, "127.0.0.1", f"reference {__version__}", first, member_name),
        ("standby", None, "127.0.0.1", None, second, None),
    ]


def test_a_standby_on_the_port_of_the_leader_is_asked_for_its_version(elected, admin):
    leader = elected.lead()
    elected.wait_advertised(leader)
    other = elected.add(ip="127.0.0.2", host="127.0.0.2")
    other.port = int(leader.url.rpartition(":")[2])
    elected.start_candidate(other)
    [_, standby], _ = listed(admin)
    assert standby[:4] == ("standby", other.url, "127.0.0.2", f"reference {__version__}")


def test_without_a_leader_the_first_candidate_is_elected(west, admin):
    names = [west.add(b"a", CANDIDATE_PREFIX), west.add(b"b", CANDIDATE_PREFIX)]
    rows, log = listed(admin)
    assert [(row[0], row[2], row[4]) for row in rows] == [
        ("elected", "a", names[0].rpartition("/")[2]),
        ("standby", "b", names[1].rpartition("/")[2]),
    ]
    assert log == " WARN] None of these schedulers of west leads\n"


def test_the_node_of_a_leader_that_has_died_is_a_row_of_its_own(west, admin):
    west.add(b"new", CANDIDATE_PREFIX)
    west.add(b"other", CANDIDATE_PREFIX)
    west.add(member("old:1"))
    assert [row[:3] for row in listed(admin)[0]] == [
        ("leader", "http://old:1", None),
        ("elected", None, "new"),
        ("standby", None, "other"),
    ]


def test_two_leaders_are_both_listed(west, admin):
    west.add(b"a", CANDIDATE_PREFIX)
    west.add(member("a:1"))
    west.add(member("b:1"))
    assert [row[:2] for row in listed(admin)[0]] == [
        ("leader", "http://a:1"),
        ("leader", "http://b:1"),
        ("elected", None),
    ]


def test_candidates_of_old_releases_have_an_address_or_nothing(west, admin):
    west.add(b"10.0.0.1", "singleton_candidate_")
    west.add(b"10.0.0.2", "singleton_candidate_")
    west.add(THRIFT_MEMBER)
    assert [row[:3] for row in listed(admin)[0]] == [
        ("leader", "http://127.0.0.1:9201", "10.0.0.1"),
        ("standby", None, "10.0.0.2"),
    ]


def test_the_release_of_a_real_scheduler_is_in_its_class_path(west, admin):
    with FakeScheduler([http()], pages=[http(200, CLASS_PATH)]) as server:
        west.add(member(server.host))
        assert [row[3] for row in listed(admin)[0]] == ["0.22.0"]


def test_names_from_zookeeper_cannot_move_the_cursor(west, admin):
    west.add(b"evil\x1b[2J\nhost", CANDIDATE_PREFIX)
    west.add(b"\xff", CANDIDATE_PREFIX)
    result = admin("get_scheduler", "--all", "west")
    assert result.code == 0
    assert "\x1b" not in result.out
    assert len(result.out.splitlines()) == 4


def test_no_node_at_all_is_an_error(west, admin):
    result = admin("get_scheduler", "--all", "west")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("FATAL] No schedulers detected in west! No leader is registered under ")
    assert result.err.count("\n") == 1


def test_an_entry_with_an_address_gives_that_one(admin, clusters, scheduler):
    one = scheduler()
    clusters.write(west=one.url)
    assert listed(admin) == ([("leader", one.url, None, f"reference {__version__}", None, None)], "")


def test_an_address_where_nothing_replies(admin, clusters):
    clusters.write("west")
    rows, log = listed(admin)
    assert rows == [(None, f"http://{NOWHERE}", None, None, None, None)]
    assert log == (
        f" WARN] The scheduler of west at http://{NOWHERE}/api does not say which role it has: Connection refused\n"
        " WARN] None of these schedulers of west leads\n"
    )


def test_the_leader_alone_in_other_formats(admin, clusters):
    clusters.write("west")
    assert admin("get_scheduler", "--output=csv", "west").out == f"role,address\nleader,http://{NOWHERE}\n"
    result = admin("get_scheduler", "--all", "--verify", "west")
    assert (result.code, result.err.count("\n")) == (1, 1)


def test_an_address_with_a_password_keeps_its_scheme(admin, scheduler, clusters):
    one = scheduler()
    clusters.write(west=one.url.replace("http://", "http://user:secret@"))
    assert [row[1] for row in listed(admin)[0]] == [one.url]
