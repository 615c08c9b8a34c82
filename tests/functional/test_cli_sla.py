"""The SLA commands against a scheduler that has the cluster of the worked examples (docs/cli.md 4.9, 4.10 and 5.5)."""

import json
import os
import re
import subprocess
import time

import pytest

from aurora_admin.gen.api.ttypes import ScheduleStatus, TaskEvent
from tests.support.jobs import config, key, restored, task
from tests.support.processes import PROGRAMS, Clusters, Scheduler, environment, run

OK = " INFO] Response from scheduler: OK (message: )\n"
WEB_HOSTS = ("h1", "h1", "h2", "h2", "h3", "h3", "h4", "h4", "h5", "h5")
ON_H1 = "h1\twest/www/prod/api\t50.00\tFalse\tn/a\n"


def running(name: str, host: str, instance: int, uptime: int | None, environment: str = "prod"):
    """Return a task of the cluster; without an uptime it was never RUNNING."""
    of = config(key(name, environment=environment), production=environment == "prod")
    one = task(of, instance)
    one.assignedTask.slaveHost = host
    one.taskEvents = [TaskEvent(1000, ScheduleStatus.PENDING)]
    if uptime is not None:
        one.taskEvents.append(TaskEvent(int((time.time() - uptime) * 1000), ScheduleStatus.RUNNING))
    return one


def worked_example():
    web = [running("web", host, number, 600 if number == 8 else 4000) for number, host in enumerate(WEB_HOSTS)]
    api = [running("api", host, number, 3000) for number, host in enumerate(("h1", "h2", "h6"))]
    batch = [running("batch", "h7", number, 9000, "devel") for number in range(3)]
    return [*web, *api, running("api", "h6", 3, None), *batch]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home whose cluster west has the tasks of the worked examples."""
    folder = tmp_path_factory.mktemp("sla")
    schedulers: list[Scheduler] = []

    def create() -> Scheduler:
        schedulers.append(Scheduler(folder / "scheduler"))
        return schedulers[0].start()

    try:
        Clusters(folder / "etc").write(west=restored(create, tasks=worked_example()).url)
        yield folder
    finally:
        for one in schedulers:
            one.kill()


@pytest.fixture
def sla(home, tmp_path):
    """`sla("sla_list_safe_domain", "west", "50", "1s")` runs the program in tmp_path."""
    return lambda *arguments, stdin="": run(
        [PROGRAMS / "aurora_admin", *arguments], environment(home), stdin, cwd=tmp_path
    )


def listed(sla, *arguments, stdin: str = "") -> list[str]:
    result = sla("sla_list_safe_domain", *arguments, stdin=stdin)
    assert (result.code, set(result.err.splitlines(keepends=True))) == (0, {OK}), result.err
    return result.out.splitlines()


def test_the_safe_hosts_are_listed(sla):
    result = sla("sla_list_safe_domain", "--min_job_instance_count=4", "west", "70", "30m")
    assert (result.out, result.err, result.code) == ("h3\nh4\nh5\n", OK, 0)


def test_with_their_jobs(sla):
    lines = listed(sla, "-l", "--min_job_instance_count=4", "west", "50", "30m")
    rows = [line.split("\t") for line in lines]
    assert [(host, job.removeprefix("west/www/prod/"), left) for host, job, left, _ in rows] == [
        ("h1", "api", "50.00"),
        ("h1", "web", "70.00"),
        ("h2", "api", "50.00"),
        ("h2", "web", "70.00"),
        ("h3", "web", "70.00"),
        ("h4", "web", "70.00"),
        ("h5", "web", "80.00"),
        ("h6", "api", "50.00"),
    ]
    assert {row[3] for row in rows} == {"1800"}


@pytest.mark.parametrize("option", ["-o", "--override_file", "--override_jobs", "--override"])
def test_an_override_has_its_own_percentage_and_duration(sla, tmp_path, option):
    (tmp_path / "over").write_bytes(b"\xef\xbb\xbfwest/www/prod/web 70 500s\r\n\r\neast/www/prod/api 1 1s")
    lines = listed(sla, "-l", option, "over", "west", "95", "30m")
    assert lines == [f"h{number}\twest/www/prod/web\t80.00\t500" for number in range(1, 6)]


def test_included_hosts_take_two_queries(sla):
    result = sla("sla_list_safe_domain", "-i", "h5,h1,h7,h1,nosuch,", "--min=4", "west", "50", "30m")
    assert (result.out, result.err) == ("h1\nh5\n", OK * 2)


@pytest.mark.parametrize("hosts", [b"h1\r\n\r\nh5\r\nh1\r\n", b"\xef\xbb\xbfh1\r\nh5", b"  h5 \n\n# no comment\nh1"])
def test_hosts_come_from_a_file(sla, tmp_path, hosts):
    (tmp_path / "hosts").write_bytes(hosts)
    assert listed(sla, "-I", "hosts", "--min=4", "west", "50", "30m") == ["h1", "h5"]
    assert listed(sla, "-X", "hosts", "--min=4", "west", "50", "30m") == ["h2", "h3", "h4", "h6"]


def test_hosts_come_from_standard_input(sla):
    assert listed(sla, "--include_file=-", "--min=4", "west", "50", "30m", stdin="h5\nh4\n") == ["h4", "h5"]
    result = sla("sla_probe_hosts", "--filename=-", "--min=4", "west", "50", "30m", stdin="h6\n")
    assert result.out == "h6\twest/www/prod/api\t50.00\tTrue\t0\n"


def test_all_hosts_as_one_group_are_never_safe(sla):
    assert listed(sla, "--grouping=none", "--min=4", "west", "1", "0s") == []


def test_hosts_are_probed(sla):
    result = sla("sla_probe_hosts", "--hosts=h1,h5,h6,h7,h9,h1", "--min=4", "west", "80", "30m")
    assert re.sub(r"\t\d+\.0\n", "\tSECONDS\n", result.out) == (
        f"{ON_H1}h1\twest/www/prod/web\t70.00\tFalse\tSECONDS\nh5\twest/www/prod/web\t80.00\tTrue\t0\n"
        "h6\twest/www/prod/api\t50.00\tFalse\tn/a\n"
    )
    assert (result.err, result.code) == (OK * 2, 0)
    [seconds] = re.findall(r"\t(\d+\.0)\n", result.out)
    assert 0 < float(seconds) <= 1200


def test_hosts_are_probed_together(sla):
    result = sla("sla_probe_hosts", "--hosts=h1,h2", "--grouping=none", "--min=4", "west", "50", "30m")
    assert [line.split("\t")[:4] for line in result.out.splitlines()] == [
        [host, f"west/www/prod/{job}", left, safe]
        for host in ("h1", "h2")
        for job, left, safe in (("api", "25.00", "False"), ("web", "50.00", "True"))
    ]


@pytest.mark.parametrize("arguments", [("--hosts=h7,nosuch",), ("--hosts=h1", "--min_job_instance_count=20")])
def test_hosts_without_a_job_that_has_an_sla_have_no_rows(sla, arguments):
    result = sla("sla_probe_hosts", *arguments, "west", "95", "30m")
    assert (result.out, result.code) == ("", 0)


def test_the_rows_of_the_list_are_json_csv_or_tsv_with_and_without_list_jobs(sla):
    line = ("sla_list_safe_domain", "-i", "h5", "west", "75", "30m")
    row = {"host": "h5", "job": "west/www/prod/web", "percentage": 80.0, "duration_seconds": 1800}
    for more in ((), ("-l",)):
        assert json.loads(sla(*line, *more, "--output=json").out) == {"version": 1, "rows": [row]}
    assert sla(*line, "--output=csv").out == ",".join(row) + "\nh5,west/www/prod/web,80.0,1800\n"
    assert sla(*line, "--output=tsv").out == "\t".join(row) + "\nh5\twest/www/prod/web\t80.0\t1800\n"
    assert "duration_seconds" in sla(*line, "--output=table").out


def test_the_rows_of_the_probe_are_json_or_a_table(sla):
    line = ("sla_probe_hosts", "--hosts=h1,h6", "--min=4", "west", "60", "30m")
    found = json.loads(sla(*line, "--output=json").out)
    api = {"job": "west/www/prod/api", "percentage": 50.0, "safe": False, "wait_seconds": None}
    web = {"job": "west/www/prod/web", "percentage": 70.0, "safe": True, "wait_seconds": 0.0}
    assert found == {"version": 1, "rows": [{"host": "h1", **api}, {"host": "h1", **web}, {"host": "h6", **api}]}
    assert "h1      west/www/prod/api  50.0          no" in sla(*line, "--output=table").out


def test_an_empty_result_is_json_too(sla):
    result = sla("sla_list_safe_domain", "--grouping=none", "--output=json", "west", "50", "1s")
    assert json.loads(result.out) == {"version": 1, "rows": []}


def test_what_is_of_no_effect_is_named_where_there_are_details(sla, tmp_path):
    (tmp_path / "over").write_text("west/www/prod/wbe 70 500s\neast/www/prod/web 70 500s\nwest/www/prod/web 1 1s\n")
    result = sla("sla_list_safe_domain", "-v", "-o", "over", "west", "95", "30m")
    assert (
        " WARN] Of no effect in over, because these jobs have no SLA here, or do not run on the hosts: "
        "east/www/prod/web, west/www/prod/wbe\n"
    ) in result.err
    (tmp_path / "over").write_text("\n")
    assert " WARN] over has no overrides\n" in sla("sla_list_safe_domain", "-v", "-o", "over", "west", "9", "1s").err
    result = sla("sla_probe_hosts", "-v", "--hosts=h1,hh2,hh1", "west", "95", "30m")
    assert " WARN] No job that has an SLA runs on: hh1, hh2. Check the spelling of their names\n" in result.err


def test_a_list_whose_reader_has_gone_ends_quietly(home):
    reading, writing = os.pipe()
    os.close(reading)
    line = [PROGRAMS / "aurora_admin", "sla_list_safe_domain", "west", "1", "0s"]
    with open(writing, "wb") as closed:
        done = subprocess.run(
            line, env=environment(home), stdout=closed, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False
        )
    assert (done.returncode, done.stderr.decode()) == (141, OK)
