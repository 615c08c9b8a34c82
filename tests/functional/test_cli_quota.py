"""get_quota, set_quota and increase_quota."""

import json
import re

import pytest

from aurora_admin.gen.api.ttypes import ScheduleStatus
from tests.support.fake_scheduler import NO_LEADER_PAGE, FakeScheduler, close, http, reply_with
from tests.support.jobs import config, dedicated, key, quota, restored, task
from tests.support.quotas import quota_of, quota_reply, quota_result
from tests.support.scripted_scheduler import sent, served

OK_LINE = " INFO] Response from scheduler: OK (message: )\n"
OK = "Response(responseCode=1, details=[])"
PRODUCTION = {"tier": "preferred", "production": True}
GPUS = "Resource(numCpus=1.0), Resource(ramMb=1024), Resource(diskMb=2048), Resource(numGpus=2)"


@pytest.fixture
def west(scheduler, clusters):
    """A scheduler without tasks."""
    one = scheduler()
    clusters.write(west=one.url)
    return one


@pytest.fixture
def busy(scheduler, clusters):
    """A scheduler where www has a quota and tasks of each kind."""
    kinds = [
        (config(key("a"), **PRODUCTION), 1),
        (config(key("b"), **PRODUCTION, constraints=dedicated("www/x")), 2),
        (config(key("c"), tier="preemptible", production=False), 3),
        (config(key("d"), tier="preemptible", production=False, constraints=dedicated("www/x")), 4),
    ]
    tasks = {task(of, instance) for of, count in kinds for instance in range(count)}
    finished = task(config(key("e"), **PRODUCTION), 0, ScheduleStatus.FINISHED)
    one = restored(scheduler, quotaConfigurations={quota("www", 10.5, 2000, 3000)}, tasks={*tasks, finished})
    clusters.write(west=one.url)
    return one


@pytest.fixture
def scripted(clusters):
    """`scripted(getQuota=[...])` makes west a scripted scheduler."""
    servers = []

    def start(**script):
        servers.append(served(script).__enter__())
        clusters.write(west=servers[-1].url)
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


def test_a_quota_that_was_set_survives_a_power_cut(admin, west):
    result = admin("set_quota", "west", "www", "10", "20G", "30G")
    assert (result.code, result.out) == (0, "")
    assert result.err == f" INFO] Setting quota for user:www cpu:10.000000 ram:20480 disk: 30720\n{OK_LINE}"
    west.kill()
    west.start()
    assert quota_of(west, "www") == (10.0, 20480, 30720)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ("nan 1G 1G", re.escape("could not convert string to float: nan")),
        ("-inf 1G 1G", re.escape("could not convert string to float: -inf")),
        ("1e999 1G 1G", re.escape("invalid literal for float(): 1e999")),
        (
            "1 9999999999999999T 1G",
            r"ram would be \d+ MB, but a scheduler can store at most 9223372036854775807 MB: .*",
        ),
        ("1 1G -9999999999999999T", r"disk would be -\d+ MB, but a scheduler can store at most \d+ MB: .*"),
        ("x 1.5xx 1G", "Invalid size: .*"),
    ],
)
@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_numbers_that_cannot_be_set_are_refused_before_anything_is_sent(admin, scripted, numbers, message, options):
    server = scripted(setQuota=[OK], getQuota=[quota_reply(GPUS)])
    result = admin("set_quota", *options, "west", "www", *numbers.split())
    assert (result.code, result.out, server.requests) == (1, "", [])
    assert re.fullmatch(rf"FATAL\] {message}\n", result.err)


def test_a_sum_that_does_not_fit_is_refused_before_it_is_sent(admin, scripted):
    server = scripted(getQuota=[quota_reply("Resource(ramMb=9223372036854775807), Resource(numCpus=1e308)")])
    for cpu, ram, message in (
        ("1", "1M", "ram would be 9223372036854775808 MB"),
        ("1e308", "0", "cpu would be inf"),
    ):
        result = admin("increase_quota", "west", "www", cpu, ram, "0")
        assert (result.code, result.err.splitlines()[-1].startswith(f"FATAL] {message}")) == (1, True)
    assert server.methods == ["getQuota", "getQuota"]


def test_a_size_that_counts_as_nothing_is_warned_of(admin, west):
    warning = " WARN] ram 30 is less than 1 MB, and counts as 0 MB. A size without a unit is in bytes: give M, G or T\n"
    assert admin("set_quota", "west", "www", "1", "30", "1025k").err.startswith(warning)
    assert quota_of(west, "www") == (1.0, 0, 1)
    assert warning in admin("increase_quota", "west", "www", "1", "30", "1G").err
    assert "WARN" not in admin("set_quota", "west", "www", "0", "0", "0M").err
    assert "WARN" not in admin("increase_quota", "west", "www", "1", "0", "1M").err


def test_a_quota_below_what_production_uses_is_refused(admin, busy):
    result = admin("set_quota", "west", "www", "0.5", "1G", "1G", "-v")
    assert result.code == 1
    assert " INFO] Response from scheduler: INVALID_REQUEST (message: Quota: " in result.err
    assert result.err.splitlines()[-1].startswith(" INFO] aurora_admin get_quota west www shows what the role uses")
    assert quota_of(busy, "www") == (10.5, 2000, 3000)


def test_both_forms_of_a_quota_are_sent(admin, scripted):
    server = scripted(setQuota=[OK])
    assert admin("set_quota", "west", "www", "1.5", "1G", "2G").code == 0
    resources = {"set": [{"diskMb": 2048}, {"numCpus": 1.5}, {"ramMb": 1024}]}
    assert [sent(request)["args"] for request in server.requests] == [
        {"ownerRole": "www", "quota": {"numCpus": 1.5, "ramMb": 1024, "diskMb": 2048, "resources": resources}}
    ]


def test_gpus_and_further_resources_are_kept_and_shown(admin, scripted):
    server = scripted(getQuota=[quota_reply(f"{GPUS}, Resource(ipAddr=3), Resource(namedPort='http')")], setQuota=[OK])
    result = admin("increase_quota", "west", "www", "0.5", "1G", "0")
    assert (result.code, result.out) == (0, "")
    others = "\tPort\thttp\n\tGPU\t2 GPU(s)\n\tIP\t3 address(es)\n"
    assert result.err == (
        " INFO] Getting quota for: www\n"
        f" INFO] Current quota for www:\n\tCPU\t1.0 core(s)\n\tRAM\t1024 MB\n\tDisk\t2048 MB\n{others}"
        f" INFO] Attempting to update quota for www to\n\tCPU\t1.5\n\tRAM\t2048 MB\n\tDisk\t2048 MB\n{others}"
        f" INFO] Setting quota for user:www cpu:1.500000 ram:2048 disk: 2048\n{OK_LINE}"
    )
    wanted = [{"diskMb": 2048}, {"ipAddr": 3}, {"namedPort": "http"}, {"numCpus": 1.5}, {"numGpus": 2}, {"ramMb": 2048}]
    assert sent(server.requests[-1])["args"]["quota"]["resources"] == {"set": wanted}


def test_a_resource_that_is_not_known_is_not_dropped(admin, scripted):
    server = scripted(getQuota=[quota_reply(f"{GPUS}, Resource()")], setQuota=[OK])
    result = admin("increase_quota", "west", "www", "0.5", "1G", "0")
    assert result.code == 1
    assert "FATAL] The quota has a resource that this program does not know" in result.err
    assert server.methods == ["getQuota"]
    assert " WARN] The quota has a resource that this program does not know" in admin("get_quota", "west", "www").err


def test_increase_quota_reports_a_refused_first_call(admin, west):
    result = admin("increase_quota", "west", "", "1", "1G", "1G")
    assert (result.code, result.out) == (1, "")
    refused = " INFO] Response from scheduler: ERROR (message: Argument cannot be blank)\n"
    assert result.err == f" INFO] Getting quota for: \n{refused}"


@pytest.mark.parametrize(
    "command", ["get_quota west www", "increase_quota west www 1 1G 1G", "set_quota west www 1 1G 1G"]
)
def test_a_reply_without_a_result_is_not_a_quota_of_zeros(admin, scripted, command):
    server = scripted(getQuota=[OK], setQuota=[OK])
    result = admin(*command.split(), *(["--dry-run"] if command.startswith("set") else []))
    assert (result.code, result.out) == (1, "")
    assert "FATAL] The reply of the scheduler is OK, but has no result" in result.err
    assert server.methods == ["getQuota"]


def test_releases_with_the_old_fields_alone_are_understood(admin, scripted):
    old = "ResourceAggregate(numCpus=2.5, ramMb=1024, diskMb=2048)"
    reply = f"GetQuotaResult(quota={old}, prodSharedConsumption={old})"
    server = scripted(
        getQuota=[f"Response(responseCode=1, result=Result(getQuotaResult={reply}))"],
        setQuota=["Response(responseCode=1, messageDEPRECATED='')"],
    )
    result = admin("get_quota", "west", "www", "--output=csv")
    assert result.out.splitlines()[1:] == ["cpu,2.5,2.5,,,", "ram_mb,1024,1024,,,", "disk_mb,2048,2048,,,"]
    assert admin("increase_quota", "west", "www", "1.5", "1G", "500M").code == 0
    quota_sent = sent(server.requests[-1])["args"]["quota"]
    assert (quota_sent["numCpus"], quota_sent["ramMb"], quota_sent["diskMb"]) == (4.0, 2048, 2548)


@pytest.mark.parametrize(
    ("line", "new"),
    [
        ("set_quota west www 1 4G 8G", [1.0, 4096, 8192]),
        ("increase_quota west www 0.25 1G -1G", [10.75, 3024, 1976]),
    ],
)
def test_a_dry_run_shows_old_and_new_and_sets_nothing(admin, busy, line, new):
    text = admin(*line.split(), "--dry-run")
    assert text.code == 0
    assert [row.split() for row in text.out.splitlines()[2:-1]] == [
        ["www", "cpu", "10.5", str(new[0])],
        ["www", "ram_mb", "2000", str(new[1])],
        ["www", "disk_mb", "3000", str(new[2])],
    ]
    assert text.out.endswith("Dry run: nothing was changed.\n")
    rows = json.loads(admin(*line.split(), "--dry-run", "--output=json").out)["rows"]
    assert [(row["old"], row["new"]) for row in rows] == list(zip([10.5, 2000, 3000], new, strict=True))
    assert quota_of(busy, "www") == (10.5, 2000, 3000)


def test_a_dry_run_shows_a_resource_that_would_be_lost(admin, scripted):
    scripted(getQuota=[quota_reply(GPUS)])
    result = admin("set_quota", "west", "www", "1", "1G", "1G", "--dry-run", "--output=tsv")
    assert result.out.splitlines()[-1] == "www\tgpu\t2\t"
    assert result.err.endswith(" INFO] Dry run: nothing was changed.\n")


def test_get_quota_shows_what_each_kind_of_task_uses(admin, busy):
    result = admin("get_quota", "west", "www", "--output=json")
    assert (result.code, result.err) == (0, "")
    found = {row.pop("resource"): list(row.values()) for row in json.loads(result.out)["rows"]}
    assert found == {
        "cpu": [10.5, 1.0, 2.0, 3.0, 4.0],
        "ram_mb": [2000, 128, 256, 384, 512],
        "disk_mb": [3000, 256, 512, 768, 1024],
    }
    table = admin("get_quota", "west", "www").out.splitlines()
    assert (
        table[0].split() == "resource allocated prod_shared prod_dedicated non_prod_shared non_prod_dedicated".split()
    )
    assert table[2].split() == ["cpu", "10.5", "1.0", "2.0", "3.0", "4.0"]


def test_cores_that_are_not_finite_are_shown_in_valid_json_and_not_added_to(admin, scripted):
    scripted(getQuota=[quota_reply("Resource(numCpus=1e999), Resource(ramMb=1), Resource(diskMb=1)")])
    rows = json.loads(admin("get_quota", "west", "www", "--output=json").out, parse_constant=pytest.fail)["rows"]
    assert [row["allocated"] for row in rows] == ["inf", 1, 1]
    line = "set_quota west www 1 1M 1M --dry-run --output=json"
    rows = json.loads(admin(*line.split()).out, parse_constant=pytest.fail)["rows"]
    assert [row["old"] for row in rows] == ["inf", 1, 1]
    result = admin("increase_quota", "west", "www", "1", "1G", "1G")
    assert (result.code, "FATAL] cpu would be inf, but" in result.err) == (1, True)


def test_get_quota_of_an_empty_role_is_refused(admin, west):
    result = admin("get_quota", "west", "")
    assert (result.code, result.out) == (1, "")
    assert result.err == " INFO] Response from scheduler: ERROR (message: Argument cannot be blank)\n"


ZEROS = "Resource(numCpus=0.0), Resource(ramMb=0), Resource(diskMb=0)"


@pytest.mark.parametrize(
    ("page", "is_told"),
    [
        (http(200, b"{}"), True),
        (http(200, b'{"a b/c":{"cpu_cores":0.0,"ram_mb":0,"disk_mb":0}}'), False),
        (http(404), False),
        (http(200, b"<html>a proxy</html>"), False),
        (http(200, b"[]"), False),
        (close, False),
    ],
)
def test_that_no_quota_is_set_is_said_if_the_scheduler_tells(admin, scripted, page, is_told):
    server = scripted(getQuota=[quota_reply(ZEROS)])
    server.pages = [page]
    result = admin("get_quota", "west", "a b/c")
    assert (result.code, len(result.out.splitlines())) == (0, 5)
    said = " INFO] No quota is set for a b/c: set one with aurora_admin set_quota\n"
    assert result.err == (said if is_told else "")
    assert server.pages_requested == ["/quotas?role=a%20b%2Fc"]


def test_a_role_with_a_quota_of_zeros_is_not_called_one_without(admin, west):
    assert " INFO] No quota is set for www: " in admin("get_quota", "west", "www").err
    assert admin("set_quota", "west", "www", "0", "0", "0").code == 0
    assert admin("get_quota", "west", "www").err == ""


def test_the_page_is_not_asked_for_if_there_is_a_quota(admin, scripted):
    server = scripted(getQuota=[quota_reply("Resource(numCpus=0.0), Resource(ramMb=1), Resource(diskMb=0)")])
    assert admin("get_quota", "west", "www").err == ""
    assert server.pages_requested == []


def test_a_role_cannot_break_the_log(admin, west):
    result = admin("increase_quota", "west", "a\nFATAL] b\x1b[2J", "1", "1G", "1G")
    assert result.code == 0
    assert r" INFO] Current quota for a\nFATAL] b\x1b[2J:" in result.err
    assert "\nFATAL" not in result.err


def test_a_scheduler_that_loses_the_lead_between_the_two_calls(admin, clusters):
    script = [
        reply_with("getQuota", result=quota_result(1.0, 1024, 2048)),
        http(503, NO_LEADER_PAGE),
        reply_with("setQuota"),
    ]
    with FakeScheduler(script) as server:
        clusters.write(west=server.url)
        result = admin("increase_quota", "west", "www", "1", "1G", "1G")
    assert result.code == 0
    assert "retrying..." in result.err
    assert server.methods == ["getQuota", "setQuota", "setQuota"]


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("set_quota west www 1 1G 1G", "You may repeat the command"),
        ("increase_quota west www 1 1G 1G", "Do not repeat the command before you know"),
    ],
)
def test_after_a_lost_reply_it_is_said_whether_to_repeat(admin, scripted, line, advice):
    server = scripted(getQuota=[quota_reply(GPUS)], setQuota=["CLOSE"])
    result = admin(*line.split())
    assert result.code == 1
    assert f"It may have been carried out. {advice}" in result.err
    assert "aurora_admin get_quota west www" in result.err
    assert server.methods.count("setQuota") == 1
