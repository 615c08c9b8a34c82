"""ZooKeeper that is down, silent, killed while it is used, or another server: one line, an end in time, Ctrl-C."""

import io
import json
import re
import shutil
import signal
import threading
from collections import Counter
from concurrent.futures import Future
from contextlib import ExitStack

import pytest

from aurora_admin.client.discovery.session import LookupSession
from aurora_admin.client.discovery.zookeeper import ZooKeeperFinder, wait_for
from aurora_admin.clusters import Cluster
from aurora_admin.errors import ConnectionFailed
from aurora_admin.output import Output
from tests.support.fake_scheduler import FakeClock, FakeScheduler, http, silence
from tests.support.processes import PROGRAMS, environment, run
from tests.support.serverset import ServerSet, member, running_program
from tests.support.waiting import DEADLINE_SECONDS
from tests.support.zookeeper import free_port, zookeeper_client
from tests.support.zookeeper import running as zookeeper_running

HERE = "127.0.0.1:9201"
FOUND = f"Found leading scheduler at: http://{HERE}\n"
DOWN = "Failed to connect to Zookeeper"


@pytest.fixture
def start(tmp_path):
    return lambda *arguments: running_program(environment(tmp_path), *arguments)


@pytest.fixture(scope="module")
def one_server(tmp_path_factory):
    """A server for the tests of this file to kill and pause."""
    with zookeeper_running(tmp_path_factory.mktemp("own-zookeeper")) as zookeeper:
        yield zookeeper


@pytest.fixture
def own_server(one_server):
    """That server, up and running again."""
    one_server.servers[0].kill()
    one_server.start()
    return one_server


@pytest.fixture
def west(own_server, clusters):
    """Cluster west, with a leader whose node outlives the restarts of the server."""
    with zookeeper_client(own_server.hosts) as zk:
        one = ServerSet(zk, own_server.hosts, clusters)
        zk.create(f"{one.path}/member_0000000001", member(HERE))
    return one


def entry(clusters, zk):
    clusters.write_documents([{"name": "west", "zk": zk, "scheduler_zk_path": "/aurora/scheduler"}])


def expected_log(clusters, zk, reason):
    """Return the warning before the wait and the line at the end."""
    text = f"{DOWN} {zk}: {reason}"
    advice = f"Nothing was sent; check that it runs, and zk and zk_port of west in {clusters.path}"
    return f" WARN] Could not connect to scheduler: {text}\nFATAL] {text}. {advice}\n"


def test_refused_connections_are_reported_in_one_line(admin, clusters):
    zk = f"127.0.0.1:{free_port()},127.0.0.1:{free_port()}"
    entry(clusters, zk)
    result = admin("get_scheduler", "west", "--timeout", "5")
    assert (result.code, result.out) == (1, "")
    assert result.err == expected_log(clusters, zk, "Connection refused")


def test_a_changing_call_reports_that_nothing_was_sent(admin, clusters):
    zk = f"127.0.0.1:{free_port()}"
    entry(clusters, zk)
    result = admin("scheduler_commit_recovery", "west", "--timeout", "5")
    assert (result.code, result.out) == (1, "")
    assert result.err == expected_log(clusters, zk, "Connection refused")


def test_an_unknown_host_name_is_reported(admin, clusters):
    entry(clusters, "no.such.host.invalid")
    result = admin("get_scheduler", "west", "--timeout", "3")
    assert (result.code, result.out) == (1, "")
    assert result.err.endswith(
        expected_log(clusters, "no.such.host.invalid:2181", "none of the host names can be resolved")
    )


@pytest.mark.parametrize("action", [http(400, b"no"), silence], ids=["HTTP", "silent"])
def test_a_server_that_is_not_zookeeper_is_reported(admin, clusters, action):
    with FakeScheduler([action]) as server:
        entry(clusters, server.host)
        result = admin("get_scheduler", "west", "--timeout", "4")
    assert (result.code, result.out) == (1, "")
    fatal = result.err.splitlines()[-1]
    assert fatal.startswith(f"FATAL] {DOWN} {server.host}: connected, but there was no reply. Nothing was sent; ")
    assert "Traceback" not in result.err


def test_a_server_that_is_started_later_is_used(west, own_server, start):
    own_server.kill()
    with start("get_scheduler", "west", "--timeout", "50") as program:
        assert program.line().endswith(f"{DOWN} {own_server.hosts}: Connection refused")
        own_server.start()
        result = program.wait_exit()
    assert (result.code, result.out) == (0, FOUND)


def test_a_silent_server_is_warned_about_after_two_seconds(west, own_server, clusters, start):
    own_server.servers[0].pause()
    with start("get_scheduler", "west", "--timeout", "4") as program:
        assert program.line() == f" WARN] Waiting for Zookeeper {own_server.hosts} to answer"
        result = program.wait_exit()
    assert (result.code, result.out) == (1, "")
    fatal = result.err.splitlines()[-1]
    assert fatal.startswith(f"FATAL] {DOWN} {own_server.hosts}: connected, but there was no reply. Nothing was sent; ")


def test_a_silent_server_that_resumes_is_used(west, own_server, start):
    own_server.servers[0].pause()
    with start("get_scheduler", "west", "--timeout", "50") as program:
        assert "to answer" in program.line()
        own_server.servers[0].resume()
        result = program.wait_exit()
    assert (result.code, result.out, result.err) == (0, FOUND, "")


def test_ctrl_c_while_a_server_is_silent(west, own_server, start):
    own_server.servers[0].pause()
    with start("get_scheduler", "west") as program:
        assert "to answer" in program.line()
        program.process.send_signal(signal.SIGINT)
        result = program.wait_exit()
    assert (result.code, result.out, result.err) == (130, "", "")


def test_ctrl_c_while_servers_are_down(clusters, start):
    entry(clusters, f"127.0.0.1:{free_port()}")
    with start("get_scheduler", "west") as program:
        assert DOWN in program.line()
        program.process.send_signal(signal.SIGINT)
        result = program.wait_exit()
    assert (result.code, result.out, result.err) == (130, "", "")


def wait_for_session(program):
    """Return when the program has a session, and waits for a leader."""
    assert "No leader is registered" in program.line()


@pytest.fixture
def leaderless(west, own_server):
    with zookeeper_client(own_server.hosts) as zk:
        zk.delete(f"{west.path}/member_0000000001")
    return west


def test_a_server_killed_while_a_leader_is_waited_for(leaderless, own_server, start):
    with start("get_scheduler", "west", "--timeout", "8") as program:
        wait_for_session(program)
        own_server.kill()
        assert f"{DOWN} {own_server.hosts}: " in program.line()
        result = program.wait_exit()
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[-1].startswith(f"FATAL] {DOWN} {own_server.hosts}: Connection refused. Nothing was ")


def test_a_server_killed_and_started_while_a_leader_is_waited_for(leaderless, own_server, start):
    with start("get_scheduler", "west", "--timeout", "50") as program:
        wait_for_session(program)
        own_server.kill()
        assert f"{DOWN} {own_server.hosts}: " in program.line()
        own_server.start()
        with zookeeper_client(own_server.hosts) as zk:
            zk.create(f"{leaderless.path}/member_0000000002", member(HERE))
        result = program.wait_exit()
    assert (result.code, result.out) == (0, FOUND)


def test_a_server_paused_while_a_leader_is_waited_for(leaderless, own_server, start):
    with start("get_scheduler", "west", "--timeout", "6") as program:
        wait_for_session(program)
        own_server.servers[0].pause()
        result = program.wait_exit()
    assert (result.code, result.out) == (1, "")
    # kazoo or the deadline may come first.
    reason = "(connected, but there was no reply|the connection was lost)"
    assert re.match(rf"FATAL\] {DOWN} {own_server.hosts}: {reason}\. ", result.err.splitlines()[-1])


def test_a_server_that_becomes_silent_during_the_last_wait_is_reported_at_the_end(leaderless, own_server, clusters):
    """kazoo would notice it seconds later. The error must be about the server, not about a missing leader."""

    class PausingFinder(ZooKeeperFinder):
        def clock(self, clock):
            def sleep(seconds):
                own_server.servers[0].pause()
                time.clock().sleep(seconds)

            return time.clock()._replace(sleep=sleep)

    time = FakeClock()
    log = Output(None, io.StringIO())
    west = Cluster("west", json.loads(clusters.path.read_text())[0], str(clusters.path))
    finder = PausingFinder(west, log)
    with pytest.raises(ConnectionFailed, match=f"^{DOWN} {own_server.hosts}: connected, but there was no reply"):
        wait_for(finder.find, finder, log, None)
    assert time.slept[0] > 15


def test_ctrl_c_after_the_server_became_silent(leaderless, own_server, start):
    with start("get_scheduler", "west") as program:
        wait_for_session(program)
        own_server.servers[0].pause()
        program.process.send_signal(signal.SIGINT)
        result = program.wait_exit()
    assert (result.code, result.out, result.err) == (130, "", "")


def test_one_silent_server_of_three_does_not_matter(ensemble, clusters, start):
    with zookeeper_client(ensemble.hosts) as zk:
        west = ServerSet(zk, ensemble.hosts, clusters)
        zk.create(f"{west.path}/member_0000000001", member(HERE))
    ensemble.followers[0].pause()
    with ExitStack() as stack:
        programs = [stack.enter_context(start("get_scheduler", "west", "--timeout", "40")) for _ in range(6)]
        results = [program.wait_exit() for program in programs]
    assert [(one.code, one.out) for one in results] == [(0, FOUND)] * 6


def test_without_a_majority_every_server_is_reported(ensemble, clusters, admin):
    with zookeeper_client(ensemble.hosts) as zk:
        ServerSet(zk, ensemble.hosts, clusters)
    for server in ensemble.servers[:2]:
        server.kill()
    result = admin("get_scheduler", "west", "--timeout", "5")
    assert (result.code, result.out) == (1, "")
    fatal = result.err.splitlines()[-1]
    assert fatal.startswith(f"FATAL] {DOWN} {ensemble.hosts}: ")
    assert all(f"{server.host} Connection refused" in fatal for server in ensemble.servers[:2])


def test_ctrl_c_at_any_moment_of_a_lookup(west, tmp_path, sweep):
    """Interrupt at every system call of the program's own thread, from the first of kazoo to the printed result."""
    if not shutil.which("strace"):
        pytest.skip("no strace on this machine: install Debian's package strace")
    interrupted = 0
    for call, number in sweep(steps(tmp_path), 40):
        inject = ("-e", f"trace={call}", "-e", f"inject={call}:signal=SIGINT:when={number}")
        result = run(["strace", "-o", "/dev/null", *inject, *COMMAND], environment(tmp_path))
        # Threads take turns, so the call may come after the result was printed; before that no Ctrl-C is lost.
        expected = {(130, "", ""), (130, FOUND, ""), (0, FOUND, "")}
        assert (result.code, result.out, result.err) in expected, (call, number)
        interrupted += result.out == ""
    assert interrupted


def test_ctrl_c_while_the_process_ends_keeps_the_exit_code(tmp_path, sweep):
    """Interrupt at every system call after the result was printed."""
    if not shutil.which("strace"):
        pytest.skip("no strace on this machine: install Debian's package strace")
    trace, command = tmp_path / "trace", [PROGRAMS / "aurora_admin", "--version"]
    printed = run(["strace", "-o", trace, *command], environment(tmp_path)).out
    calls = [line.partition("(")[0] for line in trace.read_text(errors="replace").splitlines()]
    last = len(calls) - 1 - calls[::-1].index("write")
    after = [(call, calls[: at + 1].count(call)) for at, call in enumerate(calls) if at > last and call.isidentifier()]
    for call, number in sweep(after, 40):
        inject = ("-e", f"trace={call}", "-e", f"inject={call}:signal=SIGINT:when={number}")
        result = run(["strace", "-o", "/dev/null", *inject, *command], environment(tmp_path))
        assert (result.code, result.out, result.err) in {(0, printed, ""), (130, printed, "")}, (call, number)


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
    raise AssertionError("there was no reply")


def test_an_error_while_a_request_is_sent_is_raised_in_the_caller(west, own_server):
    """It used to leave the caller waiting for ever: kazoo raises TypeError in the thread that sends."""
    session = LookupSession(own_server.hosts, 10, threading.Event())
    outcome: Future[object] = Future()

    def read():
        try:
            outcome.set_result(session.read(5, bool, lambda event: event(10)))
        except Exception as error:  # noqa: BLE001 - handed over
            outcome.set_exception(error)

    session.open(lambda event: event(60))
    threading.Thread(target=read, daemon=True).start()
    try:
        with pytest.raises(TypeError, match="path"):
            outcome.result(DEADLINE_SECONDS)
    finally:
        session.close()
