"""What set_quota and increase_quota refuse, and what their hints say (docs/cli.md 4.3 and 4.4)."""

import pytest

from aurora_admin.gen.api.ttypes import ResponseCode
from tests.support.fake_scheduler import FakeScheduler, reply_with
from tests.support.jobs import quota, restored
from tests.support.quotas import quota_of, quota_result

USED = "shows what the role uses: its quota cannot be less"


@pytest.fixture
def west(scheduler, clusters):
    """A scheduler where www has a quota of 2 cores, 2048 MB and 3072 MB."""
    one = restored(scheduler, quotaConfigurations={quota("www", 2.0, 2048, 3072)})
    clusters.write(west=one.url)
    return one


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("set_quota west www -1 1G 1G", "cpu would be -1.0"),
        ("set_quota west www -- 1 -1G 1G", "ram would be -1024 MB"),
        ("increase_quota west www 0 0 -4G", "disk would be -1024 MB"),
    ],
)
def test_a_dry_run_refuses_negatives_as_the_command_does(admin, west, line, problem):
    command, *arguments = line.split()
    dry = admin(command, "--dry-run", *arguments)
    assert (dry.code, dry.out) == (1, "")
    assert dry.err.splitlines()[-1] == f"FATAL] {problem}, but a scheduler refuses a negative quota"
    real = admin(command, "-v", *arguments)
    assert (real.code, "INVALID_REQUEST (message: Negative values in: " in real.err) == (1, True)
    assert real.err.splitlines()[-1] == " INFO] A quota cannot be negative: give larger numbers"
    assert USED not in real.err
    assert quota_of(west, "www") == (2.0, 2048, 3072)


@pytest.mark.parametrize(("code", "is_about_use"), [(ResponseCode.INVALID_REQUEST, True), (ResponseCode.ERROR, False)])
@pytest.mark.parametrize("command", ["set_quota", "increase_quota"])
def test_the_hint_is_about_use_only_where_that_may_be_the_reason(admin, clusters, command, code, is_about_use):
    script = {"getQuota": quota_result(1.0, 1024, 2048)}

    def act(sock, request):
        method = request.message.name
        refusal = code if method == "setQuota" else ResponseCode.OK
        reply_with(method, refusal, "no", result=script.get(method))(sock, request)

    with FakeScheduler([act]) as server:
        clusters.write(west=server.url)
        result = admin(command, "-v", "west", "www", "1", "1G", "1G")
    assert (result.code, USED in result.err) == (1, is_about_use)


@pytest.mark.parametrize("command", ["set_quota", "increase_quota"])
def test_a_format_for_rows_that_there_are_not_is_refused(admin, west, command):
    result = admin(command, "--output=csv", "west", "www", "1", "1G", "1G")
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        f"FATAL] --output=csv needs --dry-run: without it {command} prints no rows. Nothing was sent; omit --output, "
        "or give --dry-run too\n"
    )
    assert quota_of(west, "www") == (2.0, 2048, 3072)
    assert admin(command, "--output=csv", "--dry-run", "west", "www", "1", "1G", "1G").out.startswith("role,")


@pytest.mark.parametrize("command", ["set_quota", "increase_quota"])
@pytest.mark.parametrize(
    ("numbers", "hint"),
    [
        ("x 1G 1G", "The argument cpu: give a number, for example 2 or 0.5"),
        ("1 x 1G", "The argument ram: give a whole number with a unit, for example 512M, 20G or 1T"),
        ("1 1G x", "The argument disk: give a whole number with a unit, for example 512M, 20G or 1T"),
    ],
)
def test_the_hint_names_the_argument(admin, clusters, command, numbers, hint):
    clusters.write("west")
    detailed = admin(command, "-v", "west", "www", *numbers.split())
    assert (detailed.code, detailed.err.splitlines()[-1]) == (1, f" INFO] {hint}")
    assert "argument" not in admin(command, "west", "www", *numbers.split()).err, "the original's line alone"
