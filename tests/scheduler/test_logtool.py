"""aurora-reference-log, run as an operator runs it, on both engines."""

import re
import uuid
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pexpect
import pytest

from aurora_admin.scheduler.storage.frames import FRAME_CHUNK
from aurora_admin.scheduler.storage.log import NOOP_ENTRY
from aurora_admin.scheduler.storage.sqlite import SqliteLog
from tests.support.processes import PROGRAMS, environment, run
from tests.support.zookeeper import zookeeper_client
from tests.support.zookeeper_log import Logs

TOOL = str(PROGRAMS / "aurora-reference-log")
RECORDS = [NOOP_ENTRY, FRAME_CHUNK % (bytes([0, 0, 0, 1]), b"x"), b"\x0c\x00\x02\x00\x00"]


@dataclass
class Tool:
    """The program, and where its log is."""

    home: Path
    place: list[str]
    logs: Logs | None = None
    opened: list[object] = field(default_factory=list)

    def __call__(self, command, *arguments):
        return run([TOOL, command, *self.place, *arguments], environment(self.home))

    def lead(self):
        """Hold the log as a scheduler does."""
        one = self.logs.lead() if self.logs else SqliteLog(str(self.home / "log"))
        if not self.logs:
            one.fence()
        return closing(one)


@pytest.fixture(params=["sqlite", "zookeeper"])
def tool(request, tmp_path):
    if request.param == "sqlite":
        return Tool(tmp_path, [f"--path={tmp_path / 'log'}"])
    zookeeper = request.getfixturevalue("zookeeper")
    logs = Logs(zookeeper.hosts, tmp_path, root=f"/aurora-{uuid.uuid4().hex}/log")
    return Tool(tmp_path, [f"--zk={logs.hosts}", f"--group={logs.root}"], logs)


def test_a_log_is_made_once_and_never_over_another(tool):
    made = tool("initialize")
    assert made.code == 0, made.err
    assert re.match(r"Initialised an empty log with id [0-9a-f]{32} in ", made.out)
    with tool.lead() as log:
        log.append(RECORDS)
    again = tool("initialize")
    assert (again.code, again.out) == (1, "")
    assert "holds an initialised log already; nothing was changed" in again.err
    with tool.lead() as log:
        assert [record for _, record in log.read_all()] == RECORDS


def test_status_says_what_the_log_is_and_what_is_in_it(tool):
    log_id = tool("initialize").out.split()[6]
    with tool.lead() as log:
        log.append(RECORDS)
    facts = dict(line.split(": ", 1) for line in tool("status").out.splitlines())
    assert facts["log id"] == log_id
    assert facts["epoch"] == "1"
    assert (facts["begin"], facts["last"], facts["records"]) == ("0", "2", "3")
    assert facts["bytes"] == str(sum(map(len, RECORDS)))
    if tool.logs:
        assert facts["leader"] == "nobody"
        assert facts["cluster"] == "west"
        with tool.lead():
            assert "leader: h1\n" in tool("status").out


def test_read_shows_the_records(tool):
    tool("initialize")
    with tool.lead() as log:
        log.append(RECORDS)
    assert tool("read").out == "0 5 no-op\n1 17 frame chunk\n2 5 transaction\n"
    assert tool("read", "--from=1", "--to=1").out == "1 17 frame chunk\n"
    assert tool("read", "--from=7").out == ""


@pytest.mark.parametrize("command", ["status", "read", "wipe"])
def test_what_is_no_log_is_said_to_be_none(tool, command):
    done = tool(command)
    assert (done.code, done.out) == (1, "")
    assert "holds no initialised log" in done.err or "There is no node" in done.err


def test_a_log_that_a_scheduler_holds_is_not_wiped(tool):
    tool("initialize")
    with tool.lead() as log:
        log.append(RECORDS)
        done = tool("wipe", "--yes")
        assert done.code == 1
        assert "is held by a scheduler on h1" in done.err or "in use by another process" in done.err
        log.append(RECORDS)
    with tool.lead() as log:
        assert len(list(log.read_all())) == 6


def test_a_wiped_log_is_refused_until_a_new_one_is_made(tool):
    tool("initialize")
    with tool.lead() as log:
        log.append(RECORDS)
    wiped = tool("wipe", "--yes")
    assert wiped.code == 0, wiped.err
    assert "holds no initialised log" in tool("status").err
    assert tool("initialize").code == 0
    with tool.lead() as log:
        assert list(log.read_all()) == []


def test_without_a_terminal_nothing_is_wiped(tool):
    tool("initialize")
    done = tool("wipe")
    assert done.code == 1
    assert "There is no terminal to ask, so nothing was changed; give --yes." in done.err
    assert tool("status").code == 0


@pytest.mark.parametrize(
    ("output", "code", "err"),
    [
        (
            ">/dev/full",
            1,
            "aurora-reference-log: The output: No space left on device. What was printed is not complete\n",
        ),
        (">&-", 0, ""),
        ("| true", 0, ""),
    ],
)
def test_output_that_cannot_be_written_is_told_in_one_line(tool, output, code, err):
    tool("initialize")
    command = ["bash", "-o", "pipefail", "-c", f'"$@" {output}', "bash", TOOL, "status", *tool.place]
    done = run(command, environment(tool.home))
    assert (done.code, done.out, done.err) == (code, "", err)


def test_zookeeper_that_is_down_is_told_in_one_line(tmp_path):
    done = Tool(tmp_path, ["--zk=127.0.0.1:1", "--group=/log"])("status")
    assert (done.code, done.out) == (1, "")
    assert re.fullmatch(r"aurora-reference-log: No ZooKeeper server of 127.0.0.1:1 answered in 10 s\. .*\n", done.err)


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("y", 1), ("", 1)])
def test_wiping_asks(tool, answer, code):
    tool("initialize")
    with pexpect.spawn(TOOL, ["wipe", *tool.place], env=environment(tool.home), timeout=60) as terminal:
        terminal.expect('Type "yes" to go on: ')
        terminal.sendline(answer)
        terminal.expect(pexpect.EOF)
    assert terminal.wait() == code if terminal.isalive() else terminal.exitstatus == code
    assert tool("status").code == 1 - code


def test_an_interrupted_wipe_is_finished_before_a_new_log_is_made(zookeeper, tmp_path):
    logs = Logs(zookeeper.hosts, tmp_path)
    logs.initialize()
    with closing(logs.lead()) as log:
        log.append(RECORDS)
    tool = Tool(tmp_path, [f"--zk={logs.hosts}", f"--group={logs.root}"], logs)
    with zookeeper_client(logs.hosts) as client:
        for name in ("format", "epoch", "begin"):
            client.delete(f"{logs.root}/{name}")
    made = tool("initialize")
    assert made.code == 1
    assert "what an interrupted wipe left" in made.err
    assert tool("wipe", "--yes").code == 0
    assert tool("initialize").code == 0


def test_credentials_come_from_a_file(zookeeper, tmp_path):
    logs = Logs(zookeeper.hosts, tmp_path, credentials="aurora:secret")
    tool = Tool(tmp_path, [f"--zk={logs.hosts}", f"--group={logs.root}"], logs)
    (tmp_path / "credentials").write_text("--credentials=aurora:secret\n")
    assert tool("initialize", f"@{tmp_path / 'credentials'}").code == 0
    refused = tool("status")
    assert refused.code == 1
    assert "access denied" in refused.err
    assert tool("status", f"@{tmp_path / 'credentials'}").code == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--zk=h:1"], "--zk and --group go together"),
        (["--path=x", "--group=/x"], "--zk and --group go together"),
        (["--path=x", "--zk=h:1"], "not allowed with argument"),
        (["--path=x", "--credentials=a:b"], "--credentials is for --zk"),
        (["--path="], "--path is empty"),
        (["--zk=h", "--group=/x"], "'h' is not host:port"),
        (["--zk=h:1", "--group=x"], "'x' is not the path of a node"),
    ],
)
def test_bad_arguments_are_named(tmp_path, arguments, text):
    done = run([TOOL, "status", *arguments], environment(tmp_path))
    assert done.code == 2
    assert text in done.err
