"""host_drain, sla_host_drain and perform_maintenance_hosts against a scheduler (docs/cli.md 4.13 to 4.15 and 6)."""

import json

import pytest

from tests.support.drains import go_on
from tests.support.hosts import force, hosts, maintain, modes
from tests.support.jobs import restored
from tests.support.running_drain import OK, drained, web_on
from tests.support.terminal import terminal
from tests.support.waiting import wait_exit


@pytest.fixture
def west(scheduler, clusters):
    """`west(count, tasks)` serves a cluster with hosts, host-0 and so on."""

    def serve(count: int, stored=()):
        one = restored(scheduler, hostAttributes=hosts(count), tasks=set(stored))
        clusters.write(west=one.url)
        return one

    return serve


def test_hosts_are_drained_one_after_the_other(admin, west):
    one = west(3)
    result = admin("host_drain", "--hosts=host-1,host-0", "west")
    assert (result.code, result.out, result.err) == (
        0,
        "",
        f" INFO] Starting maintenance for: set(['host-0', 'host-1'])\n{OK}{drained('host-0')}{drained('host-1')}",
    )
    assert modes(one, "host-0", "host-1", "host-2") == {"host-0": "DRAINED", "host-1": "DRAINED", "host-2": "NONE"}


def test_a_drain_waits_for_the_tasks(west, drain):
    one = west(3, web_on(0))
    running = drain("host_drain", "--hosts=host-0,host-1", "--grouping=none", "west")
    running.wait_for("Waiting for hosts to be in DRAINED: set(['host-0'])\n")
    assert modes(one, "host-0", "host-1") == {"host-0": "DRAINING", "host-1": "DRAINED"}
    force(one, ["www-prod-web-0"])
    result = running.end()
    assert (result.code, result.out) == (0, "")
    assert "set(['host-0', 'host-1'])\n" in result.err


@pytest.mark.parametrize(("options", "code"), [([], 1), (["--legacy-exit-codes"], 0)])
def test_a_host_that_fails_the_check_is_not_drained(admin, west, tmp_path, options, code):
    one = west(22, web_on(0, 0, *range(1, 19)))
    unsafe = tmp_path / "unsafe"
    unsafe.write_text("old\nlines\n")
    result = admin("host_drain", "--hosts=host-0,host-20", *options, f"--unsafe_hosts_file={unsafe}", "west")
    original = (
        f" INFO] Starting maintenance for: set(['host-0', 'host-20'])\n{OK}"
        f" INFO] Beginning SLA check for set(['host-0'])\n{OK}{OK}"
        " WARN] Some hosts did not pass SLA check and will not be drained! Skipping hosts: set(['host-0'])\n"
        f"{drained('host-20')}"
        " INFO] The following hosts WERE NOT DRAINED due to failed SLA check or external failures:\n"
        f" INFO] Written unsafe host names into: {unsafe}\n"
    )
    ours = (
        f"FATAL] 1 of 2 hosts are not drained (SCHEDULED after a failed SLA check: host-0). {go_on('host-0')}"
        if code
        else ""
    )
    assert (result.code, result.out, result.err) == (
        code,
        "host-0\twest/www/prod/web\t90.00\tFalse\tn/a\nhost-0\n",
        original + ours,
    )
    assert unsafe.read_text() == "host-0\n"
    assert modes(one, "host-0", "host-20") == {"host-0": "SCHEDULED", "host-20": "DRAINED"}


def test_another_sla_lets_the_host_be_drained(west, drain):
    one = west(20, web_on(0, 0, *range(1, 19)))
    override = ["--override_percentage=90", "--override_duration=1m", "--override_reason=TICKET-1 ü"]
    running = drain("host_drain", "--hosts=host-0", *override, "west")
    running.wait_for("Waiting for hosts")
    force(one, ["www-prod-web-0", "www-prod-web-1"])
    result = running.end()
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith(
        " WARN] Default SLA values (percentage: 95, duration: 30 mins) are overridden for the following hosts: "
        "['host-0']. New percentage: 90.0, duration: 1 mins, override reason: TICKET-1 ü\n INFO] Starting"
    )


@pytest.mark.parametrize(("options", "code"), [([], 1), (["--legacy-exit-codes"], 0)])
def test_hosts_that_are_unknown_count_as_not_drained(admin, west, tmp_path, options, code):
    west(2)
    unsafe = tmp_path / "unsafe"
    unsafe.write_text("old\n")
    line = ["host_drain", *options, f"--unsafe_hosts_file={unsafe}"]
    result = admin(*line, "--hosts=nosuch,host-0", "west")
    start = (
        f" INFO] Starting maintenance for: set(['host-0', 'nosuch'])\n{OK}"
        " WARN] Skipping maintenance for unknown hosts: set(['nosuch'])\n"
    )
    error = (
        "FATAL] 1 of 2 hosts are not drained (unknown to the scheduler: nosuch). Check the spelling of nosuch\n"
        if code
        else ""
    )
    assert (result.code, result.out, result.err) == (code, "", f"{start}{drained('host-0')}{error}")
    assert unsafe.read_text() == "old\n", "it has what the original writes: hosts that the scheduler knows"
    assert admin(*line, "--hosts=nosuch", "west").code == code


def test_a_file_of_unsafe_hosts_that_cannot_be_written_is_an_error_line(admin, west, tmp_path):
    west(22, web_on(0, 0, *range(1, 19)))
    path = tmp_path / "nodir" / "unsafe"
    result = admin("host_drain", "--legacy-exit-codes", "--hosts=host-0", f"--unsafe_hosts_file={path}", "west")
    assert (result.code, result.out.splitlines()[-1]) == (0, "host-0")
    message = f"Failed to write into the output file: [Errno 2] No such file or directory: '{path}'"
    assert result.err.splitlines()[-1] == f"ERROR] {message}"


def test_a_file_of_unsafe_hosts_that_cannot_be_written_is_found_at_the_start_with_v(admin, west, tmp_path):
    west(3)
    old = tmp_path / "old"
    old.write_text("old\n")
    (tmp_path / "folder").mkdir()
    for path, problem in (
        (tmp_path / "nodir" / "unsafe", "No such file or directory"),
        (old / "unsafe", "Not a directory"),
        (tmp_path / "folder", "Is a directory"),
        (old, None),
        (tmp_path / "new", None),
    ):
        result = admin("host_drain", "-v", "--hosts=nosuch", f"--unsafe_hosts_file={path}", "west")
        warning = f" WARN] {path} cannot be written at the end: {problem}. The names will be on standard output alone"
        assert (warning in result.err.splitlines()) == bool(problem)
        assert ("cannot be written at the end" in result.err) == bool(problem)
    assert (old.read_text(), (tmp_path / "new").exists()) == ("old\n", False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--override_percentage=50", "--override_duration=1m"],
            "All --override_* options are required when attempting",
        ),
        (["--override_reason=x"], "All --override_* options are required when attempting"),
        (["--grouping=rack"], "Unknown grouping function rack. Must be one of: ['none', 'by_host']"),
        (
            ["--override_percentage=101", "--override_duration=1m", "--override_reason=x"],
            "Invalid percentage 101. Must",
        ),
        (
            ["--override_percentage=nan", "--override_duration=1m", "--override_reason=x"],
            "Invalid percentage nan. Must",
        ),
        (["--override_percentage=5", "--override_duration=5", "--override_reason=x"], "Invalid time span: 5"),
        (["--override_percentage=5", "--override_duration=-5m", "--override_reason=x"], "Invalid time span: -5m"),
        (
            ["--override_percentage=5", "--override_duration=999999999999999999d", "--override_reason=x"],
            "Invalid time span: 999999999999999999d",
        ),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_sent(admin, clusters, options, message):
    clusters.write("west")
    result = admin("host_drain", "--hosts=h1", *options, "west")
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert result.err.startswith(f"FATAL] {message}")


def test_a_reader_that_closes_the_results_does_not_end_the_drain(west, drain):
    one = west(22, web_on(0, 0, *range(1, 19)))
    options = ["--legacy-exit-codes", "--post_drain_script=/bin/true"]  # before the script, what is buffered is written
    running = drain("host_drain", *options, "--hosts=host-0,host-20,host-21", "west")
    running.process.stdout.close()
    assert wait_exit(running.process) == 141
    assert modes(one, "host-0", "host-20", "host-21") == {
        "host-0": "SCHEDULED",
        "host-20": "DRAINED",
        "host-21": "DRAINED",
    }


def test_a_drain_of_every_host_works_and_warns(admin, west):
    one = west(2)
    warning = "These are all the hosts that get tasks: what runs on them has no host to go to. Ctrl-C ends the drain"
    result = admin("host_drain", "--hosts=host-0", "west")
    assert (result.code, warning in result.err) == (0, False)
    result = admin("host_drain", "--hosts=host-1", "west")
    assert (result.code, result.err.splitlines()[2]) == (0, f" WARN] {warning}")
    assert modes(one, "host-0", "host-1") == {"host-0": "DRAINED", "host-1": "DRAINED"}


def test_the_reason_of_a_drain_is_kept(admin, west):
    one = west(3)
    assert admin("host_drain", "--reason=T1", "--hosts=host-0", "west").code == 0
    assert admin("sla_host_drain", "--reason=T2", "--hosts=host-1", "west").code == 0
    rows = json.loads(admin("host_status", "--output=json", "--hosts=host-0,host-1", "west").out)["rows"]
    assert [(row["host"], row["reason"]) for row in rows] == [("host-0", "T1"), ("host-1", "T2")]
    audit = (one.log_dir / "audit.log").read_text().splitlines()
    assert [json.loads(line)["call"] for line in audit if '"T1"' in line] == ["startMaintenance", "drainHosts"]


def test_a_terminal_shows_how_far_the_drain_is(west, tmp_path):
    one = west(3, web_on(0))
    with terminal(tmp_path, "host_drain", "--hosts=host-0,host-1", "west") as shown:
        shown.expect(r"0 of 2 hosts drained, 1 tasks left, 0:00:\d\d since the start")
        force(one, ["www-prod-web-0"])
        shown.expect(r"1 of 2 hosts drained, 0:\d\d:\d\d since the start")
        shown.expect(r"2 of 2 hosts drained, 0:\d\d:\d\d since the start")
        shown.wait()
    assert shown.exitstatus == 0


def test_a_drained_host_can_be_drained_again(admin, west):
    one = west(2)
    maintain(one, "drainHosts", "host-0")
    assert admin("host_drain", "--hosts=host-0", "west").code == 0
    assert modes(one, "host-0") == {"host-0": "DRAINED"}
