"""get_scheduler with a real ZooKeeper whose nodes are those that schedulers write."""

import json
import re
import signal

import pytest
from kazoo.security import make_digest_acl

from tests.support.processes import environment
from tests.support.serverset import CANDIDATE_PREFIX, THRIFT_MEMBER, member, running_program
from tests.support.waiting import wait_until

HERE = "127.0.0.1:9201"
FOUND = f"Found leading scheduler at: http://{HERE}\n"
SOON = ("--timeout", "3")


@pytest.fixture
def start(tmp_path):
    """Run the program beside the test."""
    return lambda *arguments: running_program(environment(tmp_path), *arguments)


def get_scheduler(admin, *arguments):
    result = admin("get_scheduler", "west", *arguments)
    return result.code, result.out, result.err


def test_the_leader_is_printed_in_the_line_of_the_original(west, admin):
    west.add(member(HERE))
    assert get_scheduler(admin) == (0, FOUND, "")


def test_the_recorded_nodes_of_a_real_leader_and_its_standby_are_read(west, admin, fixtures):
    for node in json.loads((fixtures / "zookeeper-member.json").read_text())["tree"][3:]:
        west.zk.create(f"{west.path}/{node['path'].rpartition('/')[2]}", bytes.fromhex(node["data_hex"]))
    assert get_scheduler(admin) == (0, "Found leading scheduler at: http://localhost:8122\n", "")


def test_the_thrift_payload_is_read(west, admin):
    west.add(b"10.0.0.1", "singleton_candidate_")
    west.add(THRIFT_MEMBER)
    assert get_scheduler(admin) == (0, FOUND, "")


def test_an_https_endpoint_is_printed_as_https(west, admin):
    west.add(member("proxy.example:443", "https"))
    assert get_scheduler(admin)[1] == "Found leading scheduler at: https://proxy.example:443\n"


def test_an_endpoint_of_another_name_is_warned_about(west, admin):
    west.add(member(HERE, "aurora"))
    text = (
        "Taking the serviceEndpoint of member_0000000000 of west: it has no endpoint named http or https, only 'aurora'"
    )
    assert get_scheduler(admin) == (0, FOUND, f" WARN] {text}\n")


def test_unusable_members_are_skipped_with_a_warning(west, admin):
    west.add(b"")
    west.add(member(HERE)[:50])
    west.add(member("127.0.0.1:1", status="DEAD"))
    west.zk.set_acls(west.add(member("127.0.0.1:1")), [make_digest_acl("another", "user", all=True)])
    west.add(member(HERE))
    code, out, err = get_scheduler(admin)
    assert (code, out) == (0, FOUND)
    assert err.splitlines() == [
        " WARN] Skipping member_0000000000 of west in Zookeeper: it is empty",
        " WARN] Skipping member_0000000001 of west in Zookeeper: it is incomplete or invalid JSON",
        " WARN] Skipping member_0000000002 of west in Zookeeper: its status is DEAD",
        " WARN] Skipping member_0000000003 of west in Zookeeper: its ACL does not allow reading it",
    ]


def test_a_host_list_with_ports_a_dead_server_and_a_chroot(west, admin):
    west.add(member(HERE))
    root, name = west.path[1:].split("/")
    west.entry(zk=f"127.0.0.1:1, {west.hosts}/{root}", zk_port=1, scheduler_zk_path=f"//{name}/")
    assert get_scheduler(admin) == (0, FOUND, "")


def test_zk_port_is_the_default_port(west, admin):
    west.add(member(HERE))
    host, port = west.hosts.split(":")
    west.entry(zk=host, zk_port=port)
    assert get_scheduler(admin) == (0, FOUND, "")


def test_zk_takes_precedence_over_scheduler_uri(west, admin):
    west.add(member(HERE))
    west.entry(scheduler_uri="http://127.0.0.1:1")
    assert get_scheduler(admin) == (0, FOUND, "")


def test_a_template_is_warned_about(west, admin):
    west.add(member(HERE))
    west.entry(proxy_url="{{zk}}")
    text = "The proxy_url of cluster west contains a template, which is not expanded"
    assert get_scheduler(admin) == (0, FOUND, f" WARN] {text}\n")


def assert_reported(west, admin, text, advice):
    """Check that the reason is logged once before the wait, and once at the end."""
    assert get_scheduler(admin, *SOON) == (
        1,
        "",
        f" WARN] Could not connect to scheduler: {text}\nFATAL] {text}. Nothing was sent; {advice}\n",
    )


def test_a_path_without_schedulers_is_reported(west, admin):
    assert_reported(
        west,
        admin,
        f"No schedulers detected in west! No leader is registered under {west.path} in Zookeeper "
        f"{west.hosts} (candidates: 0)",
        "check that they run, with this path as their -serverset_path",
    )


def test_candidates_without_a_leader_are_counted(west, admin):
    for _ in range(2):
        west.add(b"localhost", CANDIDATE_PREFIX)
    assert_reported(
        west,
        admin,
        f"No schedulers detected in west! No leader is registered under {west.path} in Zookeeper "
        f"{west.hosts} (candidates: 2)",
        "try again in a few minutes; a scheduler that is elected and waits for Mesos is not registered, and its /vars "
        "has scheduler_lifecycle_LEADER_AWAITING_REGISTRATION 1",
    )


def test_unusable_members_are_counted(west, admin):
    west.add(b"")
    code, out, err = get_scheduler(admin, *SOON)
    assert (code, out) == (1, "")
    assert "(1 unusable, candidates: 0)" in err


def test_a_missing_path_is_reported(west, admin, clusters):
    west.entry(scheduler_zk_path="/nowhere")
    assert_reported(
        west,
        admin,
        f"No schedulers detected in west! There is no /nowhere in Zookeeper {west.hosts}",
        f"check scheduler_zk_path of this cluster in {clusters.path}: it has to be the -serverset_path of its "
        "schedulers, which create it",
    )


def test_several_leaders_are_listed(west, admin):
    west.add(member(HERE))
    west.add(member("127.0.0.1:9202"))
    assert_reported(
        west,
        admin,
        f"2 schedulers of west are registered as leader under {west.path} in Zookeeper {west.hosts}: "
        f"member_0000000000 http://{HERE}, member_0000000001 http://127.0.0.1:9202",
        "none of them serves until the ZooKeeper session of the former leader ends, which takes seconds",
    )


def test_an_entry_without_a_path_is_reported(west, admin, clusters):
    west.entry(scheduler_zk_path="")
    text = f"Cluster west in {clusters.path} has zk but no scheduler_zk_path: give the path that its schedulers have as"
    assert get_scheduler(admin) == (1, "", f"FATAL] {text} -serverset_path\n")


def test_a_leader_is_waited_for_and_found_when_it_registers(west, start):
    with start("get_scheduler", "west", "--timeout", "25") as program:
        assert "No leader is registered" in program.line()
        west.add(member(HERE))
        result = program.wait_exit()
    assert (result.code, result.out, result.err) == (0, FOUND, "")


def test_a_leader_with_an_empty_node_is_found_when_it_writes_the_rest(west, start):
    path = west.add(b"")
    with start("get_scheduler", "west", "--timeout", "25") as program:
        assert "it is empty" in program.line()
        assert "1 unusable" in program.line()
        west.zk.set(path, member(HERE))
        result = program.wait_exit()
    assert (result.code, result.out, result.err) == (0, FOUND, "")


def test_of_several_leaders_the_last_one_left_is_found(west, start):
    former = west.add(member("127.0.0.1:9202"))
    west.add(member(HERE))
    with start("get_scheduler", "west", "--timeout", "25") as program:
        assert "2 schedulers of west are registered as leader" in program.line()
        west.zk.delete(former)
        result = program.wait_exit()
    assert (result.code, result.out, result.err) == (0, FOUND, "")


def test_ctrl_c_ends_the_wait_for_a_leader(west, start):
    with start("get_scheduler", "west") as program:
        assert "No leader is registered" in program.line()
        program.process.send_signal(signal.SIGINT)
        result = program.wait_exit()
    assert (result.code, result.out, result.err) == (130, "", "")


def test_no_session_is_left_behind(west, zookeeper, admin):
    west.add(member(HERE))
    [server] = zookeeper.servers
    before, read = sessions(zookeeper), len(server.log)
    assert get_scheduler(admin)[0] == 0
    wait_until(lambda: sessions(zookeeper) <= before, "the session of the program has ended")
    # A session that was not closed ends by its time-out.
    assert set(re.findall(r"Expiring session (\w+)", server.log[read:])) <= before


def sessions(zookeeper) -> set[str]:
    """The sessions that the server keeps, of whom nothing may be heard any more."""
    return {word for word in zookeeper.servers[0].four_letter_word("dump").split() if word.startswith("0x")}
