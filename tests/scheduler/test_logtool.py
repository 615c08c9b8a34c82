"""The program aurora-reference-log on both engines."""

import json
import re
import uuid
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest

from aurora_admin.scheduler.storage.frames import frame_chunk
from aurora_admin.scheduler.storage.sqlite.log import SqliteLog
from aurora_admin.snapshot.log_entry import NOOP_ENTRY
from tests.support.processes import PROGRAMS, environment, run
from tests.support.waiting import DEADLINE_SECONDS
from tests.support.zookeeper import zookeeper_client
from tests.support.zookeeper_log import SharedLog

TOOL = str(PROGRAMS / "aurora-reference-log")
HOSTILE_PATH = "/nonexistent/x\x1b[31m\ny"
RECORDS = [NOOP_ENTRY, frame_chunk(b"x"), b"\x0c\x00\x02\x00\x00"]


@dataclass
class Tool:
    """Runs the program on one log. `location` are the options that say where the log is."""

    home: Path
    location: list[str]
    shared_log: SharedLog | None = None

    def __call__(self, command, *arguments):
        return run([TOOL, command, *self.location, *arguments], environment(self.home))

    def lead(self):
        """Open the log and take it over, as a scheduler does."""
        one = self.shared_log.lead() if self.shared_log else SqliteLog(str(self.home / "log"))
        if not self.shared_log:
            one.fence()
        return closing(one)


@pytest.fixture(params=["sqlite", "zookeeper"])
def tool(request, tmp_path):
    if request.param == "sqlite":
        return Tool(tmp_path, [f"--path={tmp_path / 'log'}"])
    zookeeper = request.getfixturevalue("zookeeper")
    shared_log = SharedLog(zookeeper.hosts, tmp_path, root=f"/aurora-{uuid.uuid4().hex}/log")
    return Tool(tmp_path, [f"--zk={shared_log.hosts}", f"--group={shared_log.root}"], shared_log)


def test_initialize_never_overwrites_a_log(tool):
    created = tool("initialize")
    assert created.code == 0, created.err
    assert re.match(r"Initialised an empty log with id [0-9a-f]{32} in ", created.out)
    with tool.lead() as log:
        log.append(RECORDS)
    again = tool("initialize")
    assert (again.code, again.out) == (1, "")
    assert "already holds an initialised log; nothing was changed" in again.err
    with tool.lead() as log:
        assert [record for _, record in log.read_all()] == RECORDS


def test_status_shows_what_the_log_is_and_how_much_is_in_it(tool):
    log_id = tool("initialize").out.split()[6]
    with tool.lead() as log:
        log.append(RECORDS)
    facts = dict(line.split(": ", 1) for line in tool("status").out.splitlines())
    assert facts["log id"] == log_id
    assert facts["epoch"] == "1"
    assert (facts["begin"], facts["last"], facts["records"]) == ("0", "2", "3")
    assert facts["bytes"] == str(sum(map(len, RECORDS)))
    if tool.shared_log:
        assert facts["leader"] == "none"
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
def test_commands_on_a_missing_log_fail(tool, command):
    done = tool(command)
    assert (done.code, done.out) == (1, "")
    assert "holds no initialised log" in done.err or "There is no node" in done.err


def test_characters_that_control_a_terminal_are_escaped(zookeeper, tmp_path):
    """The host in the log is what another scheduler was started with."""
    shared_log = SharedLog(zookeeper.hosts, tmp_path)
    shared_log.initialize()
    tool = Tool(tmp_path, [f"--zk={shared_log.hosts}", f"--group={shared_log.root}"], shared_log)
    with closing(shared_log.lead("h\x1b[31m\n\u202eü", folder=str(tmp_path / "high-water"))):
        done = tool("status")
        assert "leader: h\\x1b[31m\\n\\u202eü\n" in done.out
        refused = tool("wipe", "--yes")
    assert "is held by a scheduler on h\\x1b[31m\\n\\u202eü; nothing was changed" in refused.err
    assert refused.err.count("\n") == 1


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("aurora-reference-log", ["status", "--x\x1b[31m\ny"]),
        ("aurora-reference-log", ["sta\x1b[31m\ny"]),
        ("aurora-reference-scheduler", ["-x\x1b[31m\ny=1"]),
        (
            "aurora-reference-scheduler",
            ["-cluster_name=west", "-native_log_file_path=/nonexistent/x\x1b[31m\ny", "-backup_dir=/tmp"],
        ),
    ],
)
def test_an_error_of_the_command_line_is_escaped(tmp_path, program, line):
    done = run([PROGRAMS / program, *line], environment(tmp_path))
    assert done.code in (1, 2)
    assert r"x1b[31m\ny" in done.err.splitlines()[-1]
    assert "\x1b" not in done.err


def test_wipe_of_a_node_without_a_log_fails(zookeeper, tmp_path):
    shared_log = SharedLog(zookeeper.hosts, tmp_path)
    with zookeeper_client(shared_log.hosts) as client:
        client.ensure_path(shared_log.root)
    done = Tool(tmp_path, [f"--zk={shared_log.hosts}", f"--group={shared_log.root}"])("wipe", "--yes")
    assert (done.code, done.out) == (1, "")
    assert "holds no initialised log" in done.err


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


def test_a_wiped_log_cannot_be_used_until_a_new_one_is_initialised(tool):
    tool("initialize")
    with tool.lead() as log:
        log.append(RECORDS)
    wiped = tool("wipe", "--yes")
    assert wiped.code == 0, wiped.err
    assert "holds no initialised log" in tool("status").err
    assert tool("initialize").code == 0
    with tool.lead() as log:
        assert list(log.read_all()) == []


def test_wipe_needs_a_terminal_or_an_option(tool):
    tool("initialize")
    done = tool("wipe")
    assert done.code == 1
    assert "There is no terminal to ask for a confirmation, so nothing was changed; use --yes." in done.err
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
def test_output_that_cannot_be_written_is_reported_in_one_line(tool, output, code, err):
    tool("initialize")
    command = ["bash", "-o", "pipefail", "-c", f'"$@" {output}', "bash", TOOL, "status", *tool.location]
    done = run(command, environment(tool.home))
    assert (done.code, done.out, done.err) == (code, "", err)


def test_zookeeper_that_is_down_is_reported_in_one_line(tmp_path):
    done = Tool(tmp_path, ["--zk=127.0.0.1:1", "--group=/log"])("status")
    assert (done.code, done.out) == (1, "")
    assert re.fullmatch(
        r"aurora-reference-log: No ZooKeeper server of 127.0.0.1:1 responded within 10 s\. .*\n", done.err
    )


@pytest.mark.parametrize(("typed", "code"), [("yes", 0), ("y", 1), ("", 1)])
def test_wipe_asks_for_a_confirmation(tool, typed, code):
    tool("initialize")
    with pexpect.spawn(
        TOOL, ["wipe", *tool.location], env=environment(tool.home), timeout=DEADLINE_SECONDS
    ) as terminal:
        terminal.expect('Type "yes" to continue: ')
        terminal.sendline(typed)
        terminal.expect(pexpect.EOF)
    assert terminal.wait() == code if terminal.isalive() else terminal.exitstatus == code
    assert tool("status").code == 1 - code


def test_an_interrupted_wipe_must_be_completed_before_initialize(zookeeper, tmp_path):
    shared_log = SharedLog(zookeeper.hosts, tmp_path)
    shared_log.initialize()
    with closing(shared_log.lead()) as log:
        log.append(RECORDS)
    tool = Tool(tmp_path, [f"--zk={shared_log.hosts}", f"--group={shared_log.root}"], shared_log)
    with zookeeper_client(shared_log.hosts) as client:
        for name in ("format", "epoch", "begin"):
            client.delete(f"{shared_log.root}/{name}")
    refused = tool("initialize")
    assert refused.code == 1
    assert "whose wipe was interrupted" in refused.err
    assert tool("wipe", "--yes").code == 0
    assert tool("initialize").code == 0


def test_the_ids_of_wiped_logs_are_kept_once_each(zookeeper, tmp_path):
    """Earlier versions wrote some of them twice, so that fewer than 64 logs were remembered."""
    shared_log = SharedLog(zookeeper.hosts, tmp_path)
    ids = []
    with zookeeper_client(shared_log.hosts) as client:
        for _ in range(4):
            ids.append(shared_log.initialize())
            shared_log.wipe()
        assert json.loads(client.get(f"{shared_log.root}/wiped")[0]) == ids
        earlier = [f"{number:032x}" for number in range(60)]
        client.set(f"{shared_log.root}/wiped", json.dumps([*earlier, *earlier, *ids]).encode())
        ids.append(shared_log.initialize())
        shared_log.wipe()
        assert json.loads(client.get(f"{shared_log.root}/wiped")[0]) == [*earlier, *ids][-64:]


def test_credentials_can_be_read_from_a_file(zookeeper, tmp_path):
    shared_log = SharedLog(zookeeper.hosts, tmp_path, credentials="aurora:secret")
    tool = Tool(tmp_path, [f"--zk={shared_log.hosts}", f"--group={shared_log.root}"], shared_log)
    (tmp_path / "credentials").write_text("--credentials=aurora:secret\n")
    assert tool("initialize", f"@{tmp_path / 'credentials'}").code == 0
    refused = tool("status")
    assert refused.code == 1
    assert "access denied" in refused.err
    assert tool("status", f"@{tmp_path / 'credentials'}").code == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--zk=h:1"], "--zk and --group must be used together"),
        (["--path=x", "--group=/x"], "--zk and --group must be used together"),
        (["--path=x", "--zk=h:1"], "not allowed with argument"),
        (["--path=x", "--credentials=a:b"], "--credentials can only be used with --zk"),
        (["--path="], "--path is empty"),
        (["--zk=h", "--group=/x"], "'h' is not host:port"),
        (["--zk=h:1", "--group=x"], "'x' is not the path of a node"),
    ],
)
def test_invalid_arguments_are_named(tmp_path, arguments, text):
    done = run([TOOL, "status", *arguments], environment(tmp_path))
    assert done.code == 2
    assert text in done.err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["initialise", "--path=x"], "there is no command 'initialise'; the nearest is initialize"),
        (["stat"], "there is no command 'stat'; the nearest is status"),
        (["frobnicate"], "there is no command 'frobnicate'"),
        (["status", "--pth=x"], "there is no option --pth; the nearest is --path"),
        (["status", "-path=x"], "there is no option -path; the nearest is --path"),
        (["status", "--credential=me:secret"], "there is no option --credential; the nearest is --credentials"),
        (["wipe", "--path=x", "--yes=1"], "the option --yes takes no value"),
        (["--verson"], "there is no option --verson; the nearest is --version"),
        (["status", "@no-such-file"], "cannot read the file of @no-such-file: No such file or directory"),
    ],
)
def test_unknown_commands_and_options_are_named_with_the_nearest(tmp_path, words, text):
    done = run([TOOL, *words], environment(tmp_path))
    assert (done.code, text in done.err, "secret" in done.err) == (2, True, False)
