"""set_quota_file: differences, confirmation, and what is said when it fails in the middle."""

import json
import os
import signal
import subprocess
import threading

import pexpect
import pytest

from tests.support.fake_scheduler import NO_LEADER_PAGE, FakeScheduler, close, http, reply_with
from tests.support.jobs import config, entries_written, key, quota, restored, task
from tests.support.processes import PROGRAMS, environment
from tests.support.quotas import quota_of, quota_reply, quota_result
from tests.support.scripted_scheduler import sent, served
from tests.support.terminal import terminal
from tests.support.waiting import wait_exit

NOTHING = (0.0, 0, 0)
FOUR = "".join(f"{role}: {{cpu: 2, ram: 2G, disk: 3G}}\n" for role in "abcd")
NEW = (2.0, 2048, 3072)


@pytest.fixture
def west(scheduler, clusters):
    """A scheduler where a has the quota of FOUR already, and c has a task that needs more."""
    busy = config(key(role="c"), tier="preferred", production=True)
    quotas = {quota("a", *NEW), quota("c", 4.0, 4096, 4096), quota("other", 1.0, 2, 3)}
    one = restored(scheduler, quotaConfigurations=quotas, tasks={task(busy, instance) for instance in range(4)})
    clusters.write(west=one.url)
    return one


@pytest.fixture
def file(tmp_path):
    """`file(text)` writes a file of quotas."""

    def write(text=FOUR):
        path = tmp_path / "quotas.yaml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def scripted(clusters):
    """`scripted({role: action})` makes west a scheduler that answers setQuota so for these roles, and OK for others."""
    servers = []

    def start(answers):
        def act(sock, request):
            method = request.message.name
            results = {"getQuota": quota_result(*NOTHING)}
            action = answers.get(sent(request)["args"].get("ownerRole")) if method == "setQuota" else None
            (action or reply_with(method, result=results.get(method)))(sock, request)

        servers.append(FakeScheduler([act]).__enter__())
        clusters.write(west=servers[-1].url)
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


def roles_set(server):
    calls = map(sent, server.requests)
    return [call["args"]["ownerRole"] for call in calls if call["rpc"] == "setQuota"]


def test_the_differences_are_shown_and_set(admin, west, file):
    path = file(FOUR.replace("c: {cpu: 2", "c: {cpu: 6"))
    before = entries_written(west)
    result = admin("set_quota_file", "west", path, "--yes")
    assert result.code == 0
    assert [line.split() for line in result.out.splitlines()[2:]] == [
        ["b", "cpu", "0.0", "2.0"],
        ["b", "ram_mb", "0", "2048"],
        ["b", "disk_mb", "0", "3072"],
        ["c", "cpu", "4.0", "6.0"],
        ["c", "ram_mb", "4096", "2048"],
        ["c", "disk_mb", "4096", "3072"],
        ["d", "cpu", "0.0", "2.0"],
        ["d", "ram_mb", "0", "2048"],
        ["d", "disk_mb", "0", "3072"],
    ]
    assert result.err.splitlines() == [
        f" INFO] Set the quota of {role}: cpu {cpus}, ram 2048 MB, disk 3072 MB"
        for role, cpus in (("b", 2.0), ("c", 6.0), ("d", 2.0))
    ]
    assert entries_written(west) == before + 3  # a's quota was right
    assert [quota_of(west, role) for role in "abcd"] == [NEW, NEW, (6.0, 2048, 3072), NEW]
    assert quota_of(west, "other") == (1.0, 2, 3)

    again = admin("set_quota_file", "west", path, "--yes")
    assert (again.code, again.out) == (0, "")
    assert again.err == f" INFO] Every quota is already as {path} has it: nothing is sent\n"
    assert json.loads(admin("set_quota_file", "west", path, "--yes", "--output=json").out) == {"version": 1, "rows": []}
    assert entries_written(west) == before + 3


def test_without_a_terminal_nothing_is_set_unless_confirmed(admin, west, file):
    result = admin("set_quota_file", "west", file())
    assert (result.code, len(result.out.splitlines())) == (1, 11)
    assert result.err == "FATAL] Not confirmed: nothing was changed. Type yes on a terminal, or give --yes\n"
    assert quota_of(west, "b") == NOTHING


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("y", 1), ("", 1)])
def test_a_person_is_asked_after_the_differences_are_shown(tmp_path, west, file, answer, code):
    path = file("b: {cpu: 2, ram: 2G, disk: 3G}\na: {cpu: 2, ram: 2G, disk: 3G}\n")
    with terminal(tmp_path, "set_quota_file", "west", path) as program:
        program.expect("disk_mb +0 +3072")
        program.expect("Set 1 of the 2 quotas in .*quotas.yaml on west")
        program.expect_exact("Type yes to continue: ")
        program.sendline(answer)
        program.expect(pexpect.EOF)
    assert program.exitstatus == code
    assert quota_of(west, "b") == (NEW if answer == "yes" else NOTHING)


def test_ctrl_c_at_the_question_sets_nothing(tmp_path, west, file):
    with terminal(tmp_path, "set_quota_file", "west", file()) as program:
        program.expect_exact("Type yes to continue: ")
        program.sendintr()
        program.expect(pexpect.EOF)
    assert program.exitstatus == 130
    assert quota_of(west, "b") == NOTHING


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_dry_run_sets_nothing(admin, west, file, output):
    result = admin("set_quota_file", "west", file(), "--dry-run", "--yes", f"--output={output}")
    assert result.code == 0
    assert "Dry run: nothing was changed." in (result.out if output == "text" else result.err)
    assert output == "text" or len(json.loads(result.out)["rows"]) == 9
    assert quota_of(west, "b") == NOTHING


def test_a_refusal_in_the_middle_says_what_became_of_each_role(admin, west, file):
    result = admin("set_quota_file", "west", file(), "--yes")
    assert result.code == 1
    set_b, failure = result.err.splitlines()
    assert set_b.startswith(" INFO] Set the quota of b: ")
    assert failure.startswith("FATAL] The quota of c was refused: INVALID_REQUEST (message: Quota: ")
    advice = "Correct the cause and run the command again: it sets what still differs"
    assert failure.endswith(f". Done: b. Failed: c. Not tried: d. {advice}")
    assert [quota_of(west, role) for role in "bcd"] == [NEW, (4.0, 4096, 4096), NOTHING]


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        (reply_with("setQuota", 2, "no"), "The quota of b was refused: ERROR (message: no). Done: a. Failed: b. Not"),
        (http(503, NO_LEADER_PAGE), ". setQuota was not carried out; try again in a few minutes. Done: a. Failed: b."),
        (http(401), ". Done: a. Failed: b. Not tried: c, d. Correct the cause and run the command again"),
        (close, ". It may have been carried out. Done: a. Unknown: b. Not tried: c, d. You may repeat the command"),
    ],
)
def test_what_was_not_tried_is_not_sent(admin, scripted, file, action, outcome):
    server = scripted({"b": action})
    result = admin("set_quota_file", "west", file(), "--yes", "--timeout=1")
    assert result.code == (13 if "Unknown" in outcome else 1)
    assert outcome in result.err.splitlines()[-1]
    assert list(dict.fromkeys(roles_set(server))) == ["a", "b"]
    assert "Nothing was carried out" not in result.err


def test_a_failure_at_the_first_role_has_nothing_done(admin, scripted, file):
    server = scripted({"a": reply_with("setQuota", 0, "no")})
    assert (
        "(message: no). Failed: a. Not tried: b, c, d. Correct" in admin("set_quota_file", "west", file(), "--yes").err
    )
    assert roles_set(server) == ["a"]


def interrupt(tmp_path, path, has_arrived):
    """Send Ctrl-C when the event is set; return the last line on standard error."""
    program = subprocess.Popen(
        [PROGRAMS / "aurora_admin", "set_quota_file", "west", path, "--yes", "--timeout=300"],
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with program.stderr:
        assert has_arrived.wait(60)
        program.send_signal(signal.SIGINT)
        assert wait_exit(program) == 130
        return program.stderr.read().splitlines()[-1]


def test_ctrl_c_in_the_middle_says_what_became_of_each_role(tmp_path, scripted, file):
    has_arrived = threading.Event()
    server = scripted({"b": lambda *_: has_arrived.set()})
    failure = interrupt(tmp_path, file(), has_arrived)
    assert failure.startswith("FATAL] Interrupted before the reply to setQuota")
    assert ". Done: a. Unknown: b. Not tried: c, d. You may repeat the command" in failure
    assert roles_set(server) == ["a", "b"]


def test_ctrl_c_between_two_attempts_says_what_became_of_each_role(tmp_path, scripted, file):
    was_answered = threading.Event()

    def refuse(sock, request):
        http(503, NO_LEADER_PAGE)(sock, request)
        if roles_set(server).count("b") == 2:
            was_answered.set()

    server = scripted({"b": refuse})
    failure = interrupt(tmp_path, file(), was_answered)
    assert failure.startswith("FATAL] Interrupted")
    assert ". Done: a. Unknown: b. Not tried: c, d. You may repeat the command" in failure


def test_a_reader_that_is_gone_before_the_first_change_ends_the_command(tmp_path, west, file):
    reader, writer = os.pipe()
    os.close(reader)
    line = [PROGRAMS / "aurora_admin", "set_quota_file", "west", file(), "--yes"]
    done = subprocess.run(line, env=environment(tmp_path), stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")
    assert quota_of(west, "b") == NOTHING


def test_a_quota_that_cannot_be_read_stops_everything(admin, clusters, file):
    script = {
        "listBackups": ["Response(responseCode=1, details=[])"],
        "getQuota": [quota_reply("Resource(numCpus=0.0)"), "Response(responseCode=2, details=[ResponseDetail('no')])"],
    }
    with served(script) as server:
        clusters.write(west=server.url)
        result = admin("set_quota_file", "west", file(), "--yes")
    assert (result.code, result.out) == (1, "")
    assert "FATAL] The scheduler does not tell the quota of b: ERROR (message: no). No quota was changed" in result.err
    assert roles_set(server) == []


def test_a_quota_with_an_unknown_resource_stops_everything_and_is_named(admin, clusters, file):
    ok = "Response(responseCode=1, details=[])"
    replies = [quota_reply("Resource(numCpus=0.0)"), quota_reply("Resource()")]
    with served({"listBackups": [ok], "getQuota": replies, "setQuota": [ok]}) as server:
        clusters.write(west=server.url)
        result = admin("set_quota_file", "west", file(), "--yes")
    assert (result.code, result.out) == (1, "")
    assert "FATAL] b: The quota has a resource that this program does not know" in result.err
    assert roles_set(server) == []


def test_further_resources_of_a_quota_stay(admin, clusters, file):
    reply = quota_reply("Resource(numCpus=1.0), Resource(ramMb=2048), Resource(diskMb=3072), Resource(numGpus=2)")
    ok = "Response(responseCode=1, details=[])"
    with served({"listBackups": [ok], "getQuota": [reply], "setQuota": [ok]}) as server:
        clusters.write(west=server.url)
        result = admin("set_quota_file", "west", file("a: {cpu: 2, ram: 2G, disk: 3G}"), "--yes", "--output=tsv")
    assert result.out == "role\tresource\told\tnew\na\tcpu\t1.0\t2.0\n"
    resources = sent(server.requests[-1])["args"]["quota"]["resources"]["set"]
    assert resources == [{"diskMb": 3072}, {"numCpus": 2.0}, {"numGpus": 2}, {"ramMb": 2048}]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("missing.yaml", "Cannot read {}: No such file or directory. Nothing was sent"),
        ("", "Cannot read {}: Is a directory. Nothing was sent"),
        ("braces.yaml", "{}:1: the file has no quotas. Write them as www-data: "),
        ("empty.yaml", "{}:1: the file has no quotas. Write them as www-data: "),
        ("latin1.yaml", "{}:2: this is not UTF-8, at byte 3. Nothing was sent"),
        ("wrong.yaml", "{}:1: a has no cpu. A quota needs all of cpu, ram, disk. Nothing was sent"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_and_nothing_is_sent(admin, scripted, tmp_path, name, problem):
    server = scripted({})
    (tmp_path / "empty.yaml").write_bytes(b"")
    (tmp_path / "braces.yaml").write_bytes(b"{}")
    (tmp_path / "latin1.yaml").write_bytes("#\n#ü".encode("latin-1"))
    (tmp_path / "wrong.yaml").write_bytes(b"a: {ram: 1G}\r\n")
    path = tmp_path / name
    result = admin("set_quota_file", "west", path, "--yes")
    assert (result.code, result.out, result.err.count("\n"), server.requests) == (1, "", 1, [])
    assert result.err.startswith(f"FATAL] {problem.format(path)}")


def test_the_file_can_come_from_standard_input(admin, scripted):
    server = scripted({})
    small = " WARN] standard input:1: a: disk 30 is less than 1 MB, and counts as 0 MB."
    result = admin("set_quota_file", "west", "-", "--yes", stdin='{"a": {"cpu": 1, "ram": "1G", "disk": 30}}')
    assert (result.code, result.err.startswith(small)) == (0, True)
    assert roles_set(server) == ["a"]
    empty = admin("set_quota_file", "west", "-", "--yes", stdin="{}")
    assert empty.err.startswith("FATAL] standard input:1: the file has no quotas. Write them as www-data: ")


def test_a_scheduler_of_another_cluster_is_refused(admin, scheduler, clusters, file):
    one = scheduler(started=False)
    one.cluster = "east"
    clusters.write(west=one.start().url)
    result = admin("set_quota_file", "west", file(), "--yes")
    assert (result.code, "reaches a scheduler of the cluster east" in result.err) == (1, True)
    assert quota_of(one, "b") == NOTHING
