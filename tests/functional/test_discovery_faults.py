"""ZooKeeper that is down, silent, killed under the program, or another program: one line, an end in time, Ctrl-C."""

import io
import json
import re
import shutil
import signal
from collections import Counter
from contextlib import ExitStack

import pytest

from aurora_admin.client.discovery import search
from aurora_admin.clusters import Cluster
from aurora_admin.errors import ConnectionFailed
from aurora_admin.output import Output
from tests.support.fake_scheduler import FakeClock, FakeScheduler, http, silence
from tests.support.processes import PROGRAMS, environment, run
from tests.support.serverset import Serverset, member, running
from tests.support.zookeeper import free_port, zookeeper_client
from tests.support.zookeeper import running as zookeeper_running

HERE = "127.0.0.1:9201"
FOUND = f"Found leading scheduler at: http://{HERE}\n"
DOWN = "Failed to connect to Zookeeper"


@pytest.fixture
def start(tmp_path):
    return lambda *arguments: running(environment(tmp_path), *arguments)


@pytest.fixture(scope="module")
def one_server(tmp_path_factory):
    """A server for the tests of this file to mistreat."""
    with zookeeper_running(tmp_path_factory.mktemp("mistreated")) as zookeeper:
        yield zookeeper


@pytest.fixture
def mistreated(one_server):
    """That server, up and running again."""
    one_server.servers[0].kill()
    one_server.start()
    return one_server


@pytest.fixture
def west(mistreated, clusters):
    """Cluster west, whose leader is registered for good, so that the server may go down."""
    with zookeeper_client(mistreated.hosts) as zk:
        one = Serverset(zk, mistreated.hosts, clusters)
        zk.create(f"{one.path}/member_0000000001", member(HERE))
    return one


def entry(clusters, zk):
    clusters.write_documents([{"name": "west", "zk": zk, "scheduler_zk_path": "/aurora/scheduler"}])


def told(clusters, zk, reason):
    """What the program says first, and at its end."""
    text = f"{DOWN} {zk}: {reason}"
    advice = f"Nothing was sent; check that it runs, and zk and zk_port of west in {clusters.path}"
    return f" WARN] Could not connect to scheduler: {text}\nFATAL] {text}. {advice}\n"


def test_nothing_listening_is_told_in_one_line(admin, clusters):
    zk = f"127.0.0.1:{free_port()},127.0.0.1:{free_port()}"
    entry(clusters, zk)
    result = admin("get_scheduler", "west", "--timeout", "5")
    assert (result.code, result.out) == (1, "")
    assert result.err == told(clusters, zk, "Connection refused")


def test_a_call_that_changes_something_says_that_nothing_was_sent(admin, clusters):
    zk = f"127.0.0.1:{free_port()}"
    entry(clusters, zk)
    result = admin("scheduler_commit_recovery", "west", "--timeout", "5")
    assert (result.code, result.out) == (1, "")
    assert result.err == told(clusters, zk, "Connection refused")


def test_a_name_that_nobody_knows_is_told(admin, clusters):
    entry(clusters, "no.such.host.invalid")
    result = admin("get_scheduler", "west", "--timeout", "3")
    assert (result.code, result.out) == (1, "")
    assert result.err.endswith(told(clusters, "no.such.host.invalid:2181", "none of these names is known"))


@pytest.mark.parametrize("action", [http(400, b"no"), silence], ids=["answers", "silent"])
def test_a_server_of_another_kind_is_told(admin, clusters, action):
    with FakeScheduler([action]) as server:
        entry(clusters, server.host)
        result = admin("get_scheduler", "west", "--timeout", "4")
    assert (result.code, result.out) == (1, "")
    fatal = result.err.splitlines()[-1]
    assert fatal.startswith(f"FATAL] {DOWN} {server.host}: connected, but there was no answer. Nothing was sent; ")
    assert "Traceback" not in result.err


def test_a_server_that_comes_up_is_found(west, mistreated, start):
    mistreated.kill()
    with start("get_scheduler", "west", "--timeout", "50") as program:
        assert program.line().endswith(f"{DOWN} {mistreated.hosts}: Connection refused")
        mistreated.start()
        result = program.ended()
    assert (result.code, result.out) == (0, FOUND)


def test_a_silent_server_is_told_while_it_is_waited_for(west, mistreated, clusters, start):
    mistreated.servers[0].pause()
    with start("get_scheduler", "west", "--timeout", "4") as program:
        assert program.line() == f" WARN] Waiting for Zookeeper {mistreated.hosts} to answer"
        result = program.ended()
    assert (result.code, result.out) == (1, "")
    fatal = result.err.splitlines()[-1]
    assert fatal.startswith(f"FATAL] {DOWN} {mistreated.hosts}: connected, but there was no answer. Nothing was sent; ")


def test_a_silent_server_that_speaks_again_is_heard(west, mistreated, start):
    mistreated.servers[0].pause()
    with start("get_scheduler", "west", "--timeout", "50") as program:
        assert "to answer" in program.line()
        mistreated.servers[0].resume()
        result = program.ended()
    assert (result.code, result.out, result.err) == (0, FOUND, "")


def test_ctrl_c_while_a_server_is_silent(west, mistreated, start):
    mistreated.servers[0].pause()
    with start("get_scheduler", "west") as program:
        assert "to answer" in program.line()
        program.process.send_signal(signal.SIGINT)
        result = program.ended()
    assert (result.code, result.out, result.err) == (130, "", "")


def test_ctrl_c_while_servers_are_down(clusters, start):
    entry(clusters, f"127.0.0.1:{free_port()}")
    with start("get_scheduler", "west") as program:
        assert DOWN in program.line()
        program.process.send_signal(signal.SIGINT)
        result = program.ended()
    assert (result.code, result.out, result.err) == (130, "", "")


def waiting(west, program):
    """Return when the program has a session, and waits for a leader."""
    assert "No leader is registered" in program.line()


@pytest.fixture
def leaderless(west, mistreated):
    with zookeeper_client(mistreated.hosts) as zk:
        zk.delete(f"{west.path}/member_0000000001")
    return west


def test_a_server_killed_while_a_leader_is_waited_for(leaderless, mistreated, start):
    with start("get_scheduler", "west", "--timeout", "8") as program:
        waiting(leaderless, program)
        mistreated.kill()
        assert f"{DOWN} {mistreated.hosts}: " in program.line()
        result = program.ended()
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[-1].startswith(f"FATAL] {DOWN} {mistreated.hosts}: Connection refused. Nothing was ")


def test_a_server_killed_and_started_while_a_leader_is_waited_for(leaderless, mistreated, start):
    with start("get_scheduler", "west", "--timeout", "50") as program:
        waiting(leaderless, program)
        mistreated.kill()
        assert f"{DOWN} {mistreated.hosts}: " in program.line()
        mistreated.start()
        with zookeeper_client(mistreated.hosts) as zk:
            zk.create(f"{leaderless.path}/member_0000000002", member(HERE))
        result = program.ended()
    assert (result.code, result.out) == (0, FOUND)


def test_a_server_paused_while_a_leader_is_waited_for(leaderless, mistreated, start):
    with start("get_scheduler", "west", "--timeout", "6") as program:
        waiting(leaderless, program)
        mistreated.servers[0].pause()
        result = program.ended()
    assert (result.code, result.out) == (1, "")
    # Whether kazoo misses it first or we do is chance.
    reason = "(connected, but there was no answer|the connection was lost)"
    assert re.match(rf"FATAL\] {DOWN} {mistreated.hosts}: {reason}\. ", result.err.splitlines()[-1])


def test_a_server_that_falls_silent_too_late_to_be_missed_is_named_in_the_end(leaderless, mistreated, clusters):
    """kazoo would notice it seconds later; by then the command has ended, and not because nobody leads."""

    class Search(search.Search):
        def clock(self, clock):
            def sleep(seconds):
                mistreated.servers[0].pause()
                time.clock().sleep(seconds)

            return time.clock()._replace(sleep=sleep)

    time = FakeClock()
    log = Output(None, io.StringIO())
    west = Cluster("west", json.loads(clusters.path.read_text())[0], str(clusters.path))
    with pytest.raises(ConnectionFailed, match=f"^{DOWN} {mistreated.hosts}: connected, but there was no answer"):
        search.wait_for_leader(Search(west, log), log, None)
    assert time.slept[0] > 15


def test_ctrl_c_after_the_server_fell_silent(leaderless, mistreated, start):
    with start("get_scheduler", "west") as program:
        waiting(leaderless, program)
        mistreated.servers[0].pause()
        program.process.send_signal(signal.SIGINT)
        result = program.ended()
    assert (result.code, result.out, result.err) == (130, "", "")


def test_one_silent_server_of_three_is_passed_over(ensemble, clusters, start):
    with zookeeper_client(ensemble.hosts) as zk:
        west = Serverset(zk, ensemble.hosts, clusters)
        zk.create(f"{west.path}/member_0000000001", member(HERE))
    ensemble.followers[0].pause()
    with ExitStack() as stack:
        programs = [stack.enter_context(start("get_scheduler", "west", "--timeout", "40")) for _ in range(6)]
        results = [program.ended() for program in programs]
    assert [(one.code, one.out) for one in results] == [(0, FOUND)] * 6


def test_without_a_majority_nobody_is_found(ensemble, clusters, admin):
    with zookeeper_client(ensemble.hosts) as zk:
        Serverset(zk, ensemble.hosts, clusters)
    for server in ensemble.servers[:2]:
        server.kill()
    result = admin("get_scheduler", "west", "--timeout", "5")
    assert (result.code, result.out) == (1, "")
    fatal = result.err.splitlines()[-1]
    assert fatal.startswith(f"FATAL] {DOWN} {ensemble.hosts}: ")
    assert all(f"{server.host} Connection refused" in fatal for server in ensemble.servers[:2])


def test_ctrl_c_at_any_moment_of_a_search(west, tmp_path, sweep):
    """Interrupt at every system call of the program's own thread, from the first that kazoo makes to the answer."""
    if not shutil.which("strace"):
        pytest.skip("no strace on this machine: install Debian's package strace")
    for call, number in sweep(steps(tmp_path), 40):
        inject = ("-e", f"trace={call}", "-e", f"inject={call}:signal=SIGINT:when={number}")
        result = run(["strace", "-o", "/dev/null", *inject, *COMMAND], environment(tmp_path))
        # Threads take turns, so that a number can fall behind the answer; it never is lost before it.
        assert (result.code, result.out, result.err) == (130, "", "") or (result.out, result.err) == (FOUND, ""), call


COMMAND = (PROGRAMS / "aurora_admin", "get_scheduler", "west")


def steps(tmp_path) -> list[tuple[str, int]]:
    """Return the system calls in question, each with how many of its name there were before."""
    trace = tmp_path / "trace"
    assert run(["strace", "-o", trace, *COMMAND], environment(tmp_path)).code == 0
    found: list[tuple[str, int]] = []
    seen: Counter[str] = Counter()
    for line in trace.read_text(errors="replace").splitlines():
        call = line.partition("(")[0]
        if line.startswith("write(1, "):
            return found
        seen[call] += 1
        if call.isidentifier() and (found or call == "socketpair"):
            found.append((call, seen[call]))
    raise AssertionError("there was no answer")
