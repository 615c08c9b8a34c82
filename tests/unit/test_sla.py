"""The arithmetic of the SLA commands: the worked examples of docs/cli.md 5.5, and a comparison with a plain model."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_admin.sla import Domain, Sla, SlaTask, job_uptime, pct, wait

NOW = 1_000_000.5
VECTOR = list(range(100, 1001, 100))
WEB, API, BATCH = "cl/www/prod/web", "cl/www/prod/api", "cl/www/devel/batch"
HALF_HOUR = 1800


def task(job: str, host: str | None, instance: int, uptime: int | None, *, is_production: bool = True) -> SlaTask:
    return SlaTask(job, host, instance, is_production, None if uptime is None else int(NOW) - uptime)


WEB_HOSTS = ["h1", "h1", "h2", "h2", "h3", "h3", "h4", "h4", "h5", "h5"]
CLUSTER = [
    *(task(WEB, host, instance, 600 if instance == 8 else 4000) for instance, host in enumerate(WEB_HOSTS)),
    *(task(API, host, instance, 3000) for instance, host in enumerate(["h1", "h2", "h6"])),
    task(API, "h6", 3, None),
    *(task(BATCH, "h7", instance, 9000, is_production=False) for instance in range(3)),
]


@pytest.mark.parametrize(
    ("duration", "total", "result"),
    [(300, None, 80.0), (300, 20, 40.0), (1001, None, 0.0), (0, None, 100.0)],
)
def test_the_percentage_that_has_been_up(duration, total, result):
    assert pct(VECTOR, duration, total) == result


def test_the_percentage_of_no_tasks_is_zero():
    assert (pct([], 0), pct([], 0, 3)) == (0, 0.0)


@pytest.mark.parametrize(
    ("percentage", "duration", "total", "result"),
    [
        (95, 600, None, 500.0),
        (50, 600, None, 0),
        (60, 600, None, 100.0),
        (95, 600, 11, None),
        (100, 1000, None, 900.0),
    ],
)
def test_the_wait(percentage, duration, total, result):
    assert wait(VECTOR, percentage, duration, total) == result


@pytest.mark.parametrize(("percentage", "uptime"), [(1, 1000), (50, 500), (90, 100), (95, 100), (99, 100)])
def test_the_uptime_of_a_job(percentage, uptime):
    assert job_uptime(VECTOR, percentage) == uptime


def rows(text: str) -> list[tuple[str, str, str]]:
    """Return the rows of a text such as `h1 api 50.00 + web 70.00; h5 web 80.00`."""
    found = []
    for entry in filter(None, text.split("; ")):
        host, *words = entry.replace("+ ", "").split()
        found += [(host, f"cl/www/prod/{job}", left) for job, left in zip(words[::2], words[1::2], strict=True)]
    return found


FROM_H1_TO_H5 = "; ".join(f"h{number} web 80.00" for number in range(1, 6))
S2 = (
    "h1 api 50.00 + web 70.00; h2 api 50.00 + web 70.00; h3 web 70.00; h4 web 70.00; h5 web 80.00; h6 api 50.00"
)  # fmt: skip


@pytest.mark.parametrize(
    ("min_count", "percentage", "duration", "options", "text"),
    [
        pytest.param(4, 70, HALF_HOUR, {}, "h3 web 70.00; h4 web 70.00; h5 web 80.00", id="S1"),
        pytest.param(4, 50, HALF_HOUR, {}, S2, id="S2"),
        pytest.param(10, 70, HALF_HOUR, {}, FROM_H1_TO_H5.replace("80", "70", 4), id="S3"),
        pytest.param(10, 75, HALF_HOUR, {}, "h5 web 80.00", id="S4"),
        pytest.param(10, 95, HALF_HOUR, {"overrides": {WEB: Sla(70, 500)}}, FROM_H1_TO_H5, id="S5"),
        pytest.param(4, 70, HALF_HOUR, {"overrides": {API: Sla(25, HALF_HOUR)}}, S2, id="S6"),
        pytest.param(4, 1, 0, {"grouping": "none"}, "", id="S7"),
        pytest.param(
            4, 50, HALF_HOUR, {"include": ["h1", "h5", "h7"]}, "h1 api 50.00 + web 70.00; h5 web 80.00", id="S8"
        ),
        pytest.param(1, 1, 0, {}, S2.replace("web 70.00", "web 80.00"), id="S9"),
    ],
)
def test_the_safe_hosts(min_count, percentage, duration, options, text):
    options = {"grouping": "by_host", **options}
    found = list(Domain(CLUSTER, NOW, min_count).safe_hosts(percentage, duration, **options))
    assert [tuple(row.line().split("\t")[:3]) for row in found] == rows(text)
    overrides = options.get("overrides", {})
    assert all(row.duration == overrides.get(row.job, Sla(0, duration)).duration for row in found)


API_LEFT = "h1 api 50.00 False n/a"


@pytest.mark.parametrize(
    ("min_count", "percentage", "duration", "hosts", "grouping", "text"),
    [
        pytest.param(
            4, 70, 1800, "h1,h5,h6,h7,h9", "by_host",
            f"{API_LEFT}; h1 web 70.00 True 0; h5 web 80.00 True 0; h6 api 50.00 False n/a", id="P1",
        ),
        pytest.param(
            4, 80, 1800, "h1,h5,h6", "by_host",
            f"{API_LEFT}; h1 web 70.00 False 1200.0; h5 web 80.00 True 0; h6 api 50.00 False n/a", id="P2",
        ),
        pytest.param(
            4, 60, 1800, "h1,h2", "none",
            "h1 api 25.00 False n/a; h1 web 50.00 False 1200.0; h2 api 25.00 False n/a; h2 web 50.00 False 1200.0",
            id="P3",
        ),
        pytest.param(
            4, 60, 1800, "h2,h1", "by_host",
            f"{API_LEFT}; h1 web 70.00 True 0; h2 api 50.00 False n/a; h2 web 70.00 True 0", id="P3b",
        ),
        pytest.param(10, 80, 1800, "h1,h6", "by_host", "h1 web 70.00 False 1200.0", id="P4"),
        pytest.param(
            4, 80, 3500, "h1,h6", "by_host",
            "h1 api 0.00 False n/a; h1 web 70.00 False 2900.0; h6 api 0.00 False n/a", id="P5",
        ),
        pytest.param(20, 95, 1800, "h1", "by_host", "", id="P6"),
    ],
)  # fmt: skip
def test_probed_hosts(*, min_count, percentage, duration, hosts, grouping, text):
    found = Domain(CLUSTER, NOW, min_count).probe(percentage, duration, hosts.split(","), grouping)
    shown = [" ".join(row.line().split("\t")).replace("cl/www/prod/", "") for row in found]
    assert "; ".join(shown) == text


def test_a_host_is_named_twice_and_rows_are_there_once():
    assert len(Domain(CLUSTER, NOW, 4).probe(60, HALF_HOUR, ["h1", "h1"], "by_host")) == 2


def test_a_task_without_a_host_is_on_one_that_has_no_name():
    tasks = [task("cl/a/b/c", None, 0, 100), task("cl/a/b/c", "h2", 1, 100)]
    found = Domain(tasks, NOW, 1).safe_hosts(50, 1, "by_host")
    assert [(row.host, row.percentage) for row in found] == [(None, 50.0), ("h2", 50.0)]


def test_an_uptime_is_rounded_down():
    tasks = [SlaTask("cl/a/b/c", "h1", instance, True, 999_900) for instance in range(2)]
    assert Domain(tasks, 1_000_000.7, 1).probe(100, 101, ["h2", "h1"], "by_host")[0].percentage == 0.0
    [row] = Domain([*tasks, task("cl/a/b/c", "h2", 2, 5)], 1_000_000.7, 1).probe(50, 100, ["h2"], "by_host")
    assert row.percentage == 100 * 2 / 3


# The model: docs/cli.md 5 word by word, without an index.


def uptimes_of(tasks: list[SlaTask]) -> list[int]:
    vector = {}
    for one in tasks:
        if one.running_since is not None:
            vector[one.instance] = math.floor(NOW - one.running_since)
    return list(vector.values())


class Model:
    def __init__(self, tasks: list[SlaTask], min_count: int) -> None:
        production = [one for one in tasks if one.is_production]
        names = {one.job for one in production}
        self.jobs = {name: [one for one in production if one.job == name] for name in names}
        self.jobs = {name: found for name, found in self.jobs.items() if len(found) >= min_count}

    def hosts(self) -> set[str]:
        return {one.host for found in self.jobs.values() for one in found}

    def jobs_on(self, hosts: set[str]) -> list[str]:
        return sorted(name for name, found in self.jobs.items() if any(one.host in hosts for one in found))

    def down(self, name: str, hosts: set[str], duration: int) -> tuple[float, list[int]]:
        left = uptimes_of([one for one in self.jobs[name] if one.host not in hosts])
        return 100.0 * sum(one >= duration for one in left) / len(self.jobs[name]), left

    def groups(self, hosts: set[str], grouping: str) -> list[set[str]]:
        return [{host} for host in sorted(hosts)] if grouping == "by_host" else [hosts] * bool(hosts)

    def safe(self, default: Sla, grouping: str, include: set[str], overrides: dict[str, Sla]) -> list[tuple]:
        found = []
        for group in self.groups(self.hosts(), grouping):
            names = self.jobs_on(group & include if include else group)
            slas = {name: overrides.get(name, default) for name in names}
            left = {name: self.down(name, group, slas[name].duration)[0] for name in names}
            if all(left[name] >= slas[name].percentage for name in names):
                found += [
                    (host, name, left[name], slas[name].duration)
                    for host in sorted(group)
                    for name in self.jobs_on({host})
                    if name in names
                ]
        return found

    def probe(self, sla: Sla, hosts: set[str], grouping: str) -> list[tuple]:
        found = []
        for group in self.groups(hosts & self.hosts(), grouping):
            for host in sorted(group):
                for name in self.jobs_on({host}):
                    percentage, left = self.down(name, group, sla.duration)
                    is_safe = not percentage < sla.percentage
                    seconds = 0 if is_safe else self.wait(name, left, sla)
                    found.append((host, name, percentage, is_safe, seconds))
        return found

    def wait(self, name: str, left: list[int], sla: Sla) -> int | None:
        needed = math.ceil(len(self.jobs[name]) * sla.percentage / 100)
        oldest = sorted(left, reverse=True)
        return sla.duration - oldest[needed - 1] if needed <= len(left) else None


hosts = st.sampled_from(["h1", "h2", "h3", "h10"])
jobs = st.sampled_from(["cl/a/prod/x", "cl/a/prod/y", "cl/a-b/prod/x"])
seconds = st.integers(0, 30)
slas = st.builds(Sla, st.floats(0.01, 100) | st.sampled_from([25, 50, 75, 100]), seconds)
tasks = st.lists(st.builds(task, jobs, hosts, st.integers(0, 6), st.none() | seconds, is_production=st.booleans()))
groupings = st.sampled_from(["by_host", "none"])


@given(
    tasks=tasks,
    min_count=st.integers(-1, 5),
    sla=slas,
    grouping=groupings,
    include=st.sets(hosts),
    overrides=st.dictionaries(jobs, slas),
)
@settings(max_examples=400)
def test_safe_hosts_are_those_of_the_model(*, tasks, min_count, sla, grouping, include, overrides):
    found = Domain(tasks, NOW, min_count).safe_hosts(*sla, grouping, include, overrides)
    assert list(found) == Model(tasks, min_count).safe(sla, grouping, include, overrides)


@given(tasks, st.integers(-1, 5), slas, groupings, st.sets(hosts))
@settings(max_examples=400)
def test_probed_hosts_are_those_of_the_model(tasks, min_count, sla, grouping, named):
    found = Domain(tasks, NOW, min_count).probe(*sla, named, grouping)
    assert found == Model(tasks, min_count).probe(sla, named, grouping)
