"""`query` against a scheduler: its checks, the format language and the formats of --output (docs/cli.md 4.2)."""

import json
import signal
import subprocess

import pytest

from aurora_admin.gen.api.ttypes import (
    AssignedTask,
    Container,
    DockerContainer,
    Identity,
    JobKey,
    Metadata,
    Mode,
    Resource,
    Result,
    ScheduledTask,
    ScheduleStatus,
    ScheduleStatusResult,
    ServerInfo,
    TaskConfig,
    TaskQuery,
    Volume,
)
from aurora_admin.wire.codec import decode
from tests.support import jobs
from tests.support.fake_scheduler import FakeScheduler, close, http, reply_with
from tests.support.processes import PROGRAMS, environment
from tests.support.terminal import run_on_terminal
from tests.support.waiting import DEADLINE_SECONDS, wait_exit

WEB = jobs.config(jobs.key())
DOCKER = jobs.config(
    jobs.key("docker", "ads", "devel"),
    owner=Identity(user="bob"),
    container=Container(docker=DockerContainer(image="img:1", parameters=[])),
    metadata={Metadata("k", "v")},
)
STATUSES = {"statuses": {ScheduleStatus.RUNNING}}


@pytest.fixture
def west(scheduler, clusters):
    """A scheduler with four tasks of two jobs."""
    tasks = [jobs.task(WEB, number) for number in (0, 1)]
    tasks += [jobs.task(WEB, 2, ScheduleStatus.PENDING), jobs.task(DOCKER), jobs.task(DOCKER, 1, ScheduleStatus.LOST)]
    one = jobs.restored(scheduler, tasks=set(tasks))
    clusters.write(west=one.url)
    return one


@pytest.fixture
def scripted(clusters):
    """Serve these actions as the cluster west, until the test ends."""
    servers = []

    def serve(*actions, **options):
        servers.append(FakeScheduler(actions, **options))
        clusters.write(west=servers[-1].url)
        return servers[-1]

    yield serve
    for server in servers:
        server.__exit__()


def replying(*tasks, **options):
    return reply_with(
        "getTasksStatus", result=Result(scheduleStatusResult=ScheduleStatusResult(list(tasks))), **options
    )


def bare(name="bare", status=ScheduleStatus.PENDING, **config):
    task_config = TaskConfig(job=JobKey("www", "prod", name), **config)
    return ScheduledTask(status=status, assignedTask=AssignedTask(instanceId=1, task=task_config))


def lines(result):
    assert (result.code, result.err) == (0, "")
    return sorted(result.out.splitlines())


def sent(server):
    """The query that a scripted scheduler was sent, as its fields that are set."""
    from aurora_admin.gen.api.ReadOnlyScheduler import getTasksStatus_args

    found = decode(getTasksStatus_args, server.requests[-1].message.body).query
    return {name: getattr(found, name) for name in TaskQuery.__slots__ if getattr(found, name) is not None}


def test_the_running_tasks_of_a_job_by_default(admin, west):
    assert lines(admin("query", "west", "www", "web")) == ["www/web/0 RUNNING", "www/web/1 RUNNING"]
    assert lines(admin("query", "--shards=1,7", "west", "www", "web")) == ["www/web/1 RUNNING"]
    assert lines(admin("query", "--states=PENDING", "west", "www", "web")) == ["www/web/2 PENDING"]
    assert lines(admin("query", "west", "www", "nosuch")) == []


def test_more_than_active_tasks_of_a_job_with_force(admin, west):
    running = ["ads/docker/0 RUNNING", "www/web/0 RUNNING", "www/web/1 RUNNING"]
    assert lines(admin("query", "--force", "west")) == running
    assert lines(admin("query", "west", "--force")) == running, "options may stand anywhere"
    assert lines(admin("query", "--force", "west", "www")) == running[1:]
    assert lines(admin("query", "--force", "--states=LOST,PENDING", "west")) == [
        "ads/docker/1 LOST",
        "www/web/2 PENDING",
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("query --states=nosuch", "Unknown state 'nosuch' specified.  Valid states are:"),
        ("query --states= west", "Unknown state '' specified.  Valid states are:"),
        ("query --states=RUNNING, west", "Unknown state '' specified.  Valid states are:"),
        ("query --shards=x", "Must specify at least cluster."),
        ("query nowhere www web more", "usage: query [--force]"),
        ("query --shards=1-3 nowhere", "invalid literal for int() with base 10: '1-3'"),
        ("query --shards=1_0 nowhere", "invalid literal for int() with base 10: '1_0'"),
        ("query nowhere", "--force is required for expensive queries (no role specified)"),
        ("query nowhere www", "--force is required for expensive queries (no job specified)"),
        (
            "query --states=RUNNING,LOST nowhere www web",
            "--force is required for expensive queries (states outside ACTIVE states",
        ),
        ("query --output=csv -l x nowhere www web", "--listformat is for --output=text, not for --output=csv."),
        ("query nowhere www web", "Unknown cluster: nowhere. Known clusters: west"),
        ("query --shards=99999999999 west www web", "--shards: 99999999999 is out of range, the largest number is"),
    ],
)
def test_the_checks_come_in_order_and_nothing_is_sent(admin, scripted, line, text):
    server = scripted(replying())
    result = admin(*line.split())
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"FATAL] {text}")
    assert server.requests == []


def test_what_is_sent_is_what_the_original_sent(admin, scripted):
    server = scripted(replying())
    assert lines(admin("query", "west", "www", "web")) == []
    assert sent(server) == {"role": "www", "jobName": "web", "instanceIds": set(), **STATUSES}
    assert lines(admin("query", "--force", "--shards=3,-1", "west", "", "")) == []
    assert sent(server) == {"role": "", "jobName": "", "instanceIds": {3, -1}, **STATUSES}


FORMATS = {
    "%role%/%environment%/%name% %jobName% %taskId%": "ads/devel/docker docker ads-devel-docker-0",
    "%(role)s %(instanceId)03d %% %(name)8s| %(status)r %(role)r": "ads 000 %   docker| 'RUNNING' u'ads'",
    "%slaveId% %ancestorId% %slaveHost%": "None None host-0",
    "%user% %image% %parameters% %isService% %production%": "bob img:1 [] None None",
    "%metadata% %assignedPorts%": "set([Metadata(value=u'v', key=u'k')]) {}",
    "plain": "plain",
    "": "",
}


def test_the_format_language(admin, west):
    for listformat, line in FORMATS.items():
        result = admin("query", "-l", listformat, "west", "ads", "docker")
        assert (result.code, result.err, result.out) == (0, "", f"{line}\n"), listformat


def test_a_percent_sign_without_a_name_prints_the_whole_dictionary(admin, west):
    [line] = lines(admin("query", "-l", "100% sure", "west", "ads", "docker"))
    assert line.startswith("100{'ancestorId': None, 'assignedPorts': {}, ")
    assert ", 'status': 'RUNNING', " in line
    assert line.endswith(", 'user': u'bob'}ure")
    assert "numCpus'" not in line, "fields of older releases are not shown if they are not set"


@pytest.mark.parametrize(
    "listformat", ["100%", "%(role)d", "%d", "%role%%", "%(role)", "%y", "%(instanceId)c%9999999999999s"]
)
def test_a_format_that_python_does_not_take_is_one_line(admin, scripted, listformat):
    scripted(replying(bare()))
    result = admin("query", "-l", listformat, "west", "www", "x")
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert result.err.startswith(f"FATAL] The format '{listformat}' cannot be used: ")


def test_an_unknown_field_is_noticed_at_the_first_task(admin, west):
    for listformat in ("%nosuch%", "%(nosuch)s", "%docker%", "%numCpus%"):
        result = admin("query", "-l", listformat, "west", "ads", "docker")
        assert (result.code, result.out) == (1, "")
        first, names = result.err.splitlines()
        assert first == "FATAL] Unknown key in format string.  Valid keys are:"
        assert {"role", "image", "parameters", "data", "user"} <= set(names.split(","))
        assert "docker" not in names.split(",")
        assert lines(admin("query", "-l", listformat, "west", "www", "nosuch")) == []


def test_fields_do_not_leak_from_one_task_into_the_next(admin, scripted):
    """Q19: the names that earlier tasks had stay known, but not their values."""
    scripted(replying(bare("full", owner=Identity(user="bob")), bare()))
    result = admin("query", "-l", "%name% %user%", "west", "www", "x")
    assert (result.code, result.out) == (0, "full bob\nbare None\n")


def test_lines_before_an_unknown_field_stay(admin, scripted):
    scripted(replying(bare("one"), bare("two", owner=Identity(user="bob"))))
    result = admin("query", "-l", "%name% %owner%", "west", "www", "x")
    assert (result.code, result.out) == (0, "one None\ntwo None\n")
    scripted(replying(bare("two", owner=Identity(user="bob")), bare("one")))
    assert admin("query", "-l", "%name% %owner%", "west", "www", "x").code == 1


def test_a_state_that_is_unknown_is_a_number(admin, scripted):
    scripted(replying(bare(status=99)))
    for listformat in ("%status%", "%status% %(priority)s"):
        assert admin("query", "-l", listformat, "west", "www", "x").out.split()[0] == "99"
    [row] = json.loads(admin("query", "--output=json", "west", "www", "x").out)["rows"]
    assert row["status"] == 99


@pytest.mark.parametrize("config", [None, TaskConfig()])
def test_a_task_without_a_job_makes_the_reply_invalid(admin, scripted, config):
    broken = ScheduledTask(status=ScheduleStatus.RUNNING, assignedTask=AssignedTask(taskId="t", task=config))
    scripted(replying(bare(), broken))
    for options in ([], ["-l%user%"], ["--output=csv"]):
        result = admin("query", *options, "west", "www", "x")
        assert result.code == 1
        assert "are incomplete: a task has no job or no id." in result.err or "Unknown key" in result.err


def old(role="www", name="web", **members):
    """A task as 0.5.0 sent it: the parts of the job's key are apart."""
    task_config = TaskConfig(
        owner=Identity(user="bob", role=role), environment="prod", jobName=name, numCpus=0.5, ramMb=64, **members
    )
    return ScheduledTask(
        status=ScheduleStatus.RUNNING,
        assignedTask=AssignedTask(taskId=f"{role}-{name}", slaveHost="h1", instanceId=3, task=task_config),
    )


OLD_LINES = {
    "%role%/%name%/%instanceId% %status%": "www/web/3 RUNNING",
    "%role%/%jobName%/%instanceId% %status%": "www/web/3 RUNNING",
    "%environment% %taskId% %slaveHost%": "prod www-web h1",
    "%role% %name% %jobName% %user% %numCpus% %ramMb%": "www web web bob 0.5 64",
}


@pytest.mark.parametrize("listformat", OLD_LINES)
def test_a_scheduler_of_0_5_has_the_same_fields(admin, scripted, listformat):
    """It does not know the field role of a query, so it replies with the tasks of every role."""
    scripted(replying(old(), old("ads"), binary=False))
    assert lines(admin("query", "-l", listformat, "west", "www", "web")) == [OLD_LINES[listformat]]


def test_rows_of_a_scheduler_of_0_5(admin, scripted):
    scripted(replying(old(), old("ads"), binary=False))
    [row] = json.loads(admin("query", "--output=json", "west", "www", "web").out)["rows"]
    config = row["assignedTask"]["task"]
    assert config["job"] == {"role": "www", "environment": "prod", "name": "web"}
    assert (config["numCpus"], config["owner"]) == (0.5, {"role": "www", "user": "bob"})
    assert lines(admin("query", "--force", "--output=tsv", "west"))[1:] == [
        "role\tenvironment\tjob\tinstance\tstatus\thost\ttask_id\tagent",
        "www\tprod\tweb\t3\tRUNNING\th1\twww-web\t",
    ]


def test_rows_as_csv_and_tsv(admin, west):
    header = "role,environment,job,instance,status,host,task_id,agent"
    assert admin("query", "--output=csv", "west", "ads", "docker").out == (
        f"{header}\nads,devel,docker,0,RUNNING,host-0,ads-devel-docker-0,\n"
    )
    pending = admin("query", "--output=tsv", "--states=PENDING", "west", "www", "web").out
    assert pending.splitlines()[1] == "www\tprod\tweb\t2\tPENDING\t\twww-prod-web-2\t"
    table = admin("query", "--force", "--output=table", "west").out.splitlines()
    assert table[0].split() == header.split(",")
    assert len(table) == 2 + 3


def test_json_has_the_whole_tasks(admin, west):
    document = json.loads(admin("query", "--output=json", "west", "ads", "docker").out)
    assert document["version"] == 1
    [row] = document["rows"]
    assert (row["status"], row["failureCount"], row["ancestorId"]) == ("RUNNING", 0, None)
    assert [event["status"] for event in row["taskEvents"]] == ["PENDING", "RUNNING"]
    assert row["taskEvents"][1]["timestamp"] == jobs.LONG_AGO
    config = row["assignedTask"]["task"]
    assert config["job"] == {"role": "ads", "environment": "devel", "name": "docker"}
    assert config["container"] == {"docker": {"image": "img:1", "parameters": []}}
    assert config["resources"] == [{"diskMb": 256}, {"numCpus": 1.0}, {"ramMb": 128}]
    assert config["executorConfig"] == {"name": "AuroraExecutor", "data": "{}"}


def test_json_has_the_names_of_every_enum_of_a_task(admin, scripted):
    from aurora_admin.gen.api.ttypes import MesosContainer

    volumes = [Volume("/in", "/out", Mode.RO)]
    scripted(replying(bare(container=Container(mesos=MesosContainer(volumes=volumes)), resources={Resource(ramMb=1)})))
    [row] = json.loads(admin("query", "--output=json", "west", "www", "x").out)["rows"]
    assert row["assignedTask"]["task"]["container"]["mesos"]["volumes"][0]["mode"] == "RO"


def test_no_tasks_are_no_rows(admin, scripted):
    scripted(replying())
    assert json.loads(admin("query", "--output=json", "west", "www", "x").out) == {"version": 1, "rows": []}


@pytest.mark.parametrize(
    ("code", "texts", "shown"),
    [(0, ["Bad request"], "Bad request"), (3, [], ""), (2, [None], "Unknown error"), (4, ["a", "b"], "a, b")],
)
def test_a_refusal_is_one_line_without_a_response_line(admin, scripted, code, texts, shown):
    scripted(reply_with("getTasksStatus", code, *texts))
    result = admin("query", "west", "www", "web")
    assert (result.code, result.out, result.err) == (1, "", f"FATAL] Failed to query scheduler: {shown}\n")


def test_a_reply_without_a_result_is_not_shown_as_no_tasks(admin, scripted):
    scripted(reply_with("getTasksStatus"))
    result = admin("query", "west", "www", "web")
    assert (result.code, result.out) == (1, "")
    assert "is OK, but has no result" in result.err


def test_the_query_is_sent_again_if_the_reply_is_lost(admin, scripted):
    server = scripted(close, replying(bare()))
    result = admin("query", "west", "www", "x")
    assert (result.code, result.out) == (0, "www/bare/1 PENDING\n")
    assert len(server.requests) == 2


def test_tasks_that_break_off_are_an_error_after_the_lines_before(admin, scripted):
    whole = replying(*[bare(str(number)) for number in range(2000)])
    scripted(
        http(
            200,
            whole.complete.partition(b"\r\n\r\n")[2],
            cut=40_000,
            Content_Type="application/vnd.apache.thrift.binary",
        )
    )
    result = admin("query", "west", "www", "x")
    assert result.code == 1
    assert 100 < result.out.count("\n") < 2000
    assert "are incomplete" in result.err


def test_a_state_that_an_old_scheduler_does_not_know_is_left_out(admin, scripted):
    """But never so that no state is left, because no state means every one."""
    unknown = reply_with("getTasksStatus", 2, None)
    server = scripted(unknown, replying(bare()))
    assert admin("query", "--states=PARTITIONED,PENDING", "west", "www", "x").code == 0
    assert sent(server)["statuses"] == {ScheduleStatus.PENDING}
    server = scripted(unknown)
    assert admin("query", "--states=PARTITIONED", "west", "www", "x").code == 1
    assert len(server.requests) == 1


HOSTILE = "a\x1b[2J\nb\u202e"


def test_hostile_names_are_escaped_on_a_terminal_only(admin, scripted, tmp_path):
    scripted(replying(bare(HOSTILE)))
    assert admin("query", "-l", "%name%|", "west", "www", "x").out == f"{HOSTILE}|\n"
    shown = run_on_terminal(tmp_path, "query", "-l", "%name%|", "west", "www", "x")
    assert shown.err == "a\\x1b[2J\\nb\\u202e|\n"
    assert (
        json.loads(admin("query", "--output=json", "west", "www", "x").out)["rows"][0]["assignedTask"]["task"]["job"][
            "name"
        ]
        == HOSTILE
    )


def test_a_format_of_several_lines_is_printed_so_on_a_terminal_too(scripted, tmp_path):
    scripted(replying(bare()))
    assert run_on_terminal(tmp_path, "query", "-l", "%name%\n%role%", "west", "www", "x").err == "bare\nwww\n"


def test_a_name_that_is_not_utf8_does_not_end_the_command(admin, scripted):
    scripted(replying(bare("w\u00e9b")))
    assert admin("query", "-l", "ü%name%", "west", "www", "x").out == "üwéb\n"
    result = admin("query", "west", b"\xff".decode(errors="surrogateescape"), "x")
    assert (result.code, result.out) == (1, "")
    assert "is not UTF-8. Nothing was sent" in result.err


@pytest.mark.parametrize("options", [[], ["-l%user%"], ["--output=csv"], ["--output=json"]])
def test_a_pipe_to_head_ends_it_with_141(scripted, tmp_path, options):
    scripted(replying(*[bare(str(number), owner=Identity(user="x" * 100)) for number in range(5000)]))
    program = [str(PROGRAMS / "aurora_admin"), "query", *options, "west", "www", "x"]
    with subprocess.Popen(
        program, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(DEADLINE_SECONDS) == 141


def test_ctrl_c_just_ends_it(clusters, tmp_path):
    import threading

    has_arrived = threading.Event()
    with FakeScheduler([lambda *_: has_arrived.set()]) as server:
        clusters.write(west=server.url)
        program = subprocess.Popen(
            [PROGRAMS / "aurora_admin", "query", "west", "www", "x"],
            env=environment(tmp_path),
            stderr=subprocess.PIPE,
            text=True,
        )
        with program.stderr:
            assert has_arrived.wait(DEADLINE_SECONDS)
            program.send_signal(signal.SIGINT)
            assert (wait_exit(program), program.stderr.read()) == (130, "")


def test_a_scheduler_of_another_cluster_is_named(admin, scripted):
    response = ServerInfo(clusterName="east")
    from aurora_admin.gen.api.ttypes import Response
    from tests.support.fake_scheduler import thrift

    found = Result(scheduleStatusResult=ScheduleStatusResult([bare()]))
    scripted(thrift("getTasksStatus", Response(responseCode=1, details=[], result=found, serverInfo=response)))
    result = admin("query", "west", "www", "x")
    assert (result.code, result.out) == (0, "www/bare/1 PENDING\n")
    assert " WARN] The scheduler of west is one of the cluster east" in result.err
