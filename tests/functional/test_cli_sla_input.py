"""What the SLA commands refuse before they send anything (docs/cli.md 3.3 to 3.8 and 5.4), and failed queries."""

import pytest

from aurora_admin.gen.api.ttypes import (
    AssignedTask,
    JobKey,
    ResponseCode,
    Result,
    ScheduledTask,
    ScheduleStatus,
    ScheduleStatusResult,
    TaskConfig,
    TaskEvent,
)
from tests.support.fake_scheduler import FakeScheduler, http, reply_with
from tests.support.terminal import run_on_terminal

COMMANDS = (("sla_list_safe_domain",), ("sla_probe_hosts", "--hosts=h1"))
METHOD = "getTasksWithoutConfigs"
PATH_FORM = "path should be a string in the form CLUSTER/ROLE/ENV/NAME"
FILES = {
    "empty": b"",
    "blank": b"\n \r\n\t\n",
    "latin": b"h1\nh\xf6st\n",
}


@pytest.fixture
def west(clusters, tmp_path):
    """A cluster whose scheduler must not be asked."""
    for name, text in FILES.items():
        (tmp_path / name).write_bytes(text)
    (tmp_path / "folder").mkdir()
    with FakeScheduler([http(500)]) as server:
        clusters.write(west=server.url)
        yield tmp_path
        assert server.methods == []


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("101", "30m"), "Invalid percentage 101. Must be within (0, 100]."),
        (("0", "30m"), "Invalid percentage 0. Must be within (0, 100]."),
        (("nan", "30m"), "Invalid percentage nan. Must be within (0, 100]."),
        (("95%", "30m"), "invalid literal for float(): 95%"),
        (("95", "30"), "Invalid time span: 30"),
        (("95", "-5m"), "Invalid time span: -5m"),
        (("95", "1.5h"), "Invalid time span: 1.5h"),
        (("0", "1.5h", "--grouping=rack"), "Invalid percentage 0. Must be within (0, 100]."),
        (("95", "30m", "--grouping=rack"), "Unknown grouping function rack. Must be one of: ['none', 'by_host']"),
        (("95", "30m", "--grouping="), "Unknown grouping function . Must be one of: ['none', 'by_host']"),
    ],
)
def test_a_wrong_argument_is_one_line(west, admin, command, arguments, message):
    result = admin(*command, "west", *arguments)
    assert (result.code, result.out, result.err) == (1, "", f"FATAL] {message}\n")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("count", ["x", "1.5", "", "08"])
def test_a_count_that_is_no_number_is_a_usage_error(west, admin, command, count):
    assert admin(*command, f"--min_job_instance_count={count}", "west", "95", "30m").code == 2


@pytest.mark.parametrize("option", ["-I", "-X", "-o", "--filename"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nosuch", "Cannot read {path}: No such file or directory. Nothing was sent"),
        ("folder", "Cannot read {path}: Is a directory. Nothing was sent"),
        ("latin", "{path}:2: this is not UTF-8, at byte 4. Nothing was sent"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(west, admin, option, name, message):
    command = "sla_probe_hosts" if option == "--filename" else "sla_list_safe_domain"
    result = admin(command, option, west / name, "west", "95", "30m")
    assert (result.code, result.out, result.err) == (1, "", f"FATAL] {message.format(path=west / name)}\n")


@pytest.mark.parametrize("option", ["-I", "-X", "--filename"])
@pytest.mark.parametrize("name", ["empty", "blank"])
def test_a_file_without_hosts_is_one_line(west, admin, option, name):
    command = "sla_probe_hosts" if option == "--filename" else "sla_list_safe_domain"
    result = admin(command, option, west / name, "west", "95", "30m")
    assert (result.code, result.out, result.err) == (1, "", f"FATAL] No valid hosts found in {west / name}.\n")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sla_probe_hosts", "Please specify either --filename or --hosts"),
        ("sla_probe_hosts --hosts=", "Please specify either --filename or --hosts"),
        ("sla_probe_hosts --hosts=h1 --filename=hosts", "Please specify either --filename or --hosts"),
        ("sla_probe_hosts --hosts=,", "No valid hosts found."),
        ("sla_list_safe_domain -i a -I hosts", "Cannot specify both filename and list for the same option."),
        ("sla_list_safe_domain -x a -X hosts", "Cannot specify both filename and list for the same option."),
        ("sla_list_safe_domain -x , -i a -I hosts", "No valid hosts found."),
    ],
)
def test_a_wrong_choice_of_hosts_is_one_line(west, admin, line, message):
    result = admin(*line.split(), "west", "95", "30m")
    assert (result.code, result.out, result.err) == (1, "", f"FATAL] {message}\n")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("west/www/prod/hello 95\n", "Invalid line in {path}:west/www/prod/hello 95\n"),
        ("bogus", "Invalid line in {path}:bogus"),
        ("a b c d\r\n", "Invalid line in {path}:a b c d\\r\n"),
        ("west/www/prod/hello 0 2h\n", "Invalid percentage 0. Must be within (0, 100]."),
        ("west/www/prod/hello nan 2h\n", "Invalid percentage nan. Must be within (0, 100]."),
        ("west/www/prod/hello x 2h\n", "could not convert string to float: x, in line 2 of {path}"),
        ("west/www/prod/hello 95 2\n", "Invalid time span: 2, in line 2 of {path}"),
        (
            "www/prod/mid 95 2h\n",
            f"Invalid path 'www/prod/mid'. {PATH_FORM}, in line 2 of {{path}}",
        ),
        ("west/w+w/prod/hello 95 2h\n", "Invalid role 'w+w', in line 2 of {path}"),
        ("west/www//hello 95 2h\n", "Invalid env '', in line 2 of {path}"),
        ("west/www/prod/hellö 95 2h\n", "Invalid name 'hellö', in line 2 of {path}"),
    ],
)
def test_a_wrong_override_is_named_with_its_line(west, admin, line, message):
    (west / "over").write_text(f"/www/prod/hello 95 2h\n{line}", newline="")
    result = admin("sla_list_safe_domain", "-o", west / "over", "west", "95", "30m")
    assert (result.code, result.err) == (1, f"FATAL] {message.format(path=west / 'over')}\n")
    advised = admin("sla_list_safe_domain", "-v", "-o", west / "over", "west", "95", "30m")
    assert f" INFO] Correct line 2 of {west / 'over'}. It has to have a job, a percentage and" in advised.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_query_that_the_scheduler_refuses_is_no_empty_result(clusters, admin, command):
    with FakeScheduler([reply_with(METHOD, ResponseCode.ERROR, "Storage is down")]) as server:
        clusters.write(west=server.url)
        for more in ((), ("--output=json",)):
            result = admin(*command, *more, "west", "95", "30m")
            assert (result.code, result.out) == (1, "")
            assert result.err == " INFO] Response from scheduler: ERROR (message: Storage is down)\n"


def test_a_host_whose_name_is_hostile_cannot_write_to_the_terminal(clusters, admin, tmp_path):
    config = TaskConfig(job=JobKey("www", "prod", "web"), production=True)
    hosts = ("h1\x1b[2J\nh9", "h2")
    found = [
        ScheduledTask(
            assignedTask=AssignedTask(taskId="t", slaveHost=host, instanceId=number, task=config),
            status=ScheduleStatus.RUNNING,
            taskEvents=[TaskEvent(timestamp=1, status=ScheduleStatus.RUNNING)],
        )
        for number, host in enumerate(hosts)
    ]
    line = ("sla_list_safe_domain", "--min_job_instance_count=1", "west", "50", "1s")
    result = Result(scheduleStatusResult=ScheduleStatusResult(tasks=found))
    with FakeScheduler([reply_with(METHOD, result=result)]) as server:
        clusters.write(west=server.url)
        assert "\nh1\\x1b[2J\\nh9\nh2\n" in run_on_terminal(tmp_path, *line).err
        assert admin(*line).out == "h1\x1b[2J\nh9\nh2\n"
