"""host_deactivate, host_activate, host_status and their names of 0.5 against a scheduler (docs/cli.md 4.12)."""

import json

import pytest

from tests.support.hosts import hosts, maintain, modes
from tests.support.jobs import config, restored, task
from tests.support.processes import PROGRAMS, UNPRIVILEGED, environment, run

OK = " INFO] Response from scheduler: OK (message: )\n"


@pytest.fixture
def west(scheduler, clusters):
    """A scheduler with three hosts; on the first two a task runs."""
    one = restored(scheduler, hostAttributes=hosts(3), tasks={task(config(), n) for n in range(2)})
    clusters.write(west=one.url)
    return one


def rows_of(result) -> list[dict]:
    document = json.loads(result.out)
    assert document["version"] == 1
    return document["rows"]


@pytest.mark.parametrize(
    ("start", "status", "end"),
    [
        ("host_deactivate", "host_status", "host_activate"),
        ("start_maintenance_hosts", "host_maintenance_status", "end_maintenance_hosts"),
    ],
)
def test_hosts_go_out_of_service_and_come_back(admin, west, start, status, end):
    started = admin(start, "--hosts=host-1, host-0,nosuch", "west")
    assert (started.code, started.out, started.err) == (
        0,
        "",
        (
            " INFO] Starting maintenance for: set(['host-0', 'host-1', 'nosuch'])\n"
            f"{OK} WARN] Skipping maintenance for unknown hosts: set(['nosuch'])\n"
        ),
    )
    shown = admin(status, "--hosts=host-2,host-1,nosuch", "west")
    assert (shown.code, shown.out, shown.err) == (
        0,
        "",
        (
            f" INFO] Maintenance status for: set(['host-1', 'host-2', 'nosuch'])\n{OK}"
            " INFO] host-1 is in state: SCHEDULED\n INFO] host-2 is in state: NONE\n"
        ),
    )
    ended = admin(end, "--hosts=host-1,nosuch", "west")
    names = "set(['host-1', 'nosuch'])"
    assert (ended.code, ended.out, ended.err) == (
        0,
        "",
        f" INFO] Ending maintenance for: {names}\n{OK} INFO] Maintenance status for: {names}\n",
    )
    assert modes(west, "host-0", "host-1", "host-2") == {"host-0": "SCHEDULED", "host-1": "NONE", "host-2": "NONE"}


def test_the_mode_is_field_6_of_the_last_line(admin, west):
    maintain(west, "drainHosts", "host-0")
    assert admin("host_status", "--hosts=host-0", "west").err.splitlines()[-1].split()[5] == "DRAINING"


def test_hosts_from_standard_input(admin, west):
    result = admin("host_deactivate", "--filename=-", "west", stdin="host-0\r\n\r\n host-2\nhost-0\n")
    assert (result.code, result.err) == (
        0,
        f" INFO] Starting maintenance for: set(['host-0', 'host-2'])\n{OK}",
    )
    assert modes(west, "host-0", "host-1", "host-2") == {
        "host-0": "SCHEDULED",
        "host-1": "NONE",
        "host-2": "SCHEDULED",
    }


@pytest.mark.parametrize("command", ["host_deactivate", "host_activate", "host_status", "host_drain", "sla_host_drain"])
@pytest.mark.parametrize("stdin", ["", "\n \r\n\t\n"])
def test_no_host_on_standard_input_changes_nothing(admin, west, command, stdin):
    maintain(west, "startMaintenance", "host-1")
    result = admin(command, "--filename=-", "west", stdin=stdin)
    assert (result.code, result.out, result.err) == (1, "", "FATAL] No valid hosts found in standard input.\n")
    assert modes(west, "host-0", "host-1") == {"host-0": "NONE", "host-1": "SCHEDULED"}


FILES = {
    "empty": (b"", "No valid hosts found in {0}."),
    "blank": (b" \n\r\n\t\n", "No valid hosts found in {0}."),
    "a mark alone": (b"\xef\xbb\xbf", "No valid hosts found in {0}."),
    "not UTF-8": (b"host-0\nh\xfc\n", "{0}:2: this is not UTF-8, at byte 8. Nothing was sent"),
    "UTF-16": ("host-0\n".encode("utf-16"), "{0}:1: this is not UTF-8, at byte 0. Nothing was sent"),
    "missing": (None, "Cannot read {0}: No such file or directory. Nothing was sent"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "command",
    ["host_deactivate", "host_activate", "host_status", "host_drain", "sla_host_drain", "perform_maintenance_hosts"],
)
def test_a_file_without_hosts_changes_nothing(admin, clusters, tmp_path, command, name):
    clusters.write("west")  # nothing listens there: a call would be another error
    content, message = FILES[name]
    path = tmp_path / "hosts"
    if content is not None:
        path.write_bytes(content)
    result = admin(command, f"--filename={path}", "west")
    assert (result.code, result.out, result.err) == (1, "", f"FATAL] {message.format(path)}\n")


def test_a_folder_and_a_file_that_may_not_be_read(admin, clusters, tmp_path):
    clusters.write("west")
    result = admin("host_status", f"--filename={tmp_path}", "west")
    assert (result.code, result.err) == (1, f"FATAL] Cannot read {tmp_path}: Is a directory. Nothing was sent\n")
    (tmp_path / "hosts").write_text("h1\n")
    (tmp_path / "hosts").chmod(0)
    program = [*UNPRIVILEGED, PROGRAMS / "aurora_admin"]
    refused = run([*program, "host_status", f"--filename={tmp_path / 'hosts'}", "west"], environment(tmp_path))
    assert refused.err == f"FATAL] Cannot read {tmp_path / 'hosts'}: Permission denied. Nothing was sent\n"


@pytest.mark.parametrize(
    "content",
    [b"host-0\nhost-1\n", b"host-0\r\nhost-1\r\n", b"\xef\xbb\xbfhost-0\r\nhost-1", b"\n host-1 \n\nhost-0\nhost-1\n"],
    ids=["plain", "Windows line ends", "byte order mark", "blanks and duplicates"],
)
def test_a_file_with_hosts(admin, west, tmp_path, content):
    (tmp_path / "hosts").write_bytes(content)
    result = admin("host_deactivate", f"--filename={tmp_path / 'hosts'}", "west")
    assert (result.code, result.err) == (0, f" INFO] Starting maintenance for: set(['host-0', 'host-1'])\n{OK}")


def test_standard_input_that_cannot_be_read(clusters, tmp_path):
    clusters.write("west")
    line = f"{PROGRAMS / 'aurora_admin'} host_status --filename=- west"
    closed = run(["sh", "-c", f"{line} <&-"], environment(tmp_path))
    assert (closed.code, closed.err) == (
        1,
        "FATAL] Standard input is closed. Nothing was sent: name a file instead\n",
    )
    to_write = run(["sh", "-c", f"{line} 0> {tmp_path / 'file'}"], environment(tmp_path))
    assert (to_write.code, to_write.err) == (
        1,
        "FATAL] Cannot read standard input: Bad file descriptor. Nothing was sent\n",
    )


def test_a_host_that_is_not_utf_8_is_an_error_of_one_line(clusters, tmp_path):
    clusters.write("west")
    command = [str(PROGRAMS / "aurora_admin").encode(), b"host_deactivate", b"--hosts=h\xfc", b"west"]
    result = run(["env", *(part.decode("utf-8", "surrogateescape") for part in command)], environment(tmp_path))
    assert result.code == 1
    assert result.err.splitlines()[-1].startswith("FATAL] ")
    assert result.err.splitlines()[-1].endswith("cannot be sent: it is not UTF-8. Nothing was sent")


def test_rows_have_every_host_named(admin, west):
    maintain(west, "startMaintenance", "host-1")
    result = admin("host_status", "--hosts=nosuch,host-1,host-0", "--output=json", "west")
    nothing = {"reason": None, "since": None, "caller": None}
    assert (result.code, rows_of(result)) == (
        0,
        [
            {"host": "host-0", "mode": "NONE", **nothing},
            {"host": "host-1", "mode": "SCHEDULED", **nothing},
            {"host": "nosuch", "mode": None, **nothing},
        ],
    )
    assert admin("host_status", "--hosts=host-1", "--output=tsv", "west").out == (
        "host\tmode\treason\tsince\tcaller\nhost-1\tSCHEDULED\t\t\t\n"
    )


def test_without_hosts_those_in_maintenance_are_listed(admin, west):
    none = admin("host_status", "west")
    assert (none.code, none.out, none.err) == (0, "", " INFO] No host of west is in maintenance\n")
    assert rows_of(admin("host_status", "--output=json", "west")) == []
    maintain(west, "startMaintenance", "host-0")
    maintain(west, "drainHosts", "host-1", "host-2")
    listed = admin("host_status", "west")
    assert (listed.code, listed.out, listed.err) == (
        0,
        "",
        (
            f" INFO] Maintenance status for: set(['host-0', 'host-1', 'host-2'])\n{OK}"
            " INFO] host-0 is in state: SCHEDULED\n INFO] host-1 is in state: DRAINING\n"
            " INFO] host-2 is in state: DRAINED\n"
        ),
    )
    maintain(west, "endMaintenance", "host-0")
    rows = rows_of(admin("host_status", "--output=json", "west"))
    assert [(row["host"], row["mode"]) for row in rows] == [("host-1", "DRAINING"), ("host-2", "DRAINED")]


def test_an_empty_list_of_hosts_is_not_every_host(admin, clusters):
    clusters.write("west")
    for options in (["--hosts="], ["--filename="], ["--hosts=", "--filename="], ["--hosts=h1", "--filename=f"]):
        result = admin("host_status", *options, "west")
        assert (result.code, result.err) == (1, "FATAL] Please specify either --filename or --hosts\n")
    assert admin("host_status", "--hosts=,", "west").err == "FATAL] No valid hosts found.\n"


def test_the_name_of_0_5_lists_nothing(admin, clusters):
    clusters.write("west")
    result = admin("host_maintenance_status", "west")
    assert (result.code, result.err) == (1, "FATAL] Please specify either --filename or --hosts\n")


@pytest.mark.parametrize("command", ["host_deactivate", "start_maintenance_hosts"])
def test_a_reason_is_kept_and_printed(admin, west, command):
    reason = "TICKET-1: new disks, 50 % faster, für später"
    assert admin(command, f"--reason={reason}", "--hosts=host-0", "west").code == 0
    assert admin("host_deactivate", "--hosts=host-1", "west").code == 0
    named = ["--hosts=host-0,host-1", "west"]
    quiet = admin("host_status", *named)
    assert "TICKET" not in quiet.err, "the original's lines alone"
    detailed = admin("host_status", "-v", *named).err.splitlines()
    position = detailed.index(" INFO] host-0 is in state: SCHEDULED")
    assert detailed[position + 1].startswith(" INFO]   host-0 since 20")
    assert detailed[position + 1].endswith(f", by 127.0.0.1: {reason}")
    assert detailed[position + 2] == " INFO] host-1 is in state: SCHEDULED"
    first, second = rows_of(admin("host_status", "--output=json", *named))
    assert (first["reason"], first["caller"], first["since"][:2]) == (reason, "127.0.0.1", "20")
    assert (second["reason"], second["since"]) == (None, None)
    [listed] = [row for row in rows_of(admin("host_status", "--output=json", "west")) if row["host"] == "host-0"]
    assert listed == first
    assert admin("host_activate", "--hosts=host-0", "west").code == 0
    [back] = rows_of(admin("host_status", "--hosts=host-0", "--output=json", "west"))
    assert (back["mode"], back["reason"]) == ("NONE", None)


def test_a_reason_of_control_characters_stays_one_line(admin, west):
    assert admin("host_deactivate", "--reason=a\nFATAL] b\x1b[2J", "--hosts=host-0", "west").code == 0
    assert [
        line for line in admin("host_status", "-v", "--hosts=host-0", "west").err.splitlines() if "b\\x1b[2J" in line
    ]
    [row] = rows_of(admin("host_status", "--hosts=host-0", "--output=json", "west"))
    assert row["reason"] == "a\nFATAL] b\x1b[2J"


@pytest.mark.parametrize("command", ["host_deactivate", "host_drain", "sla_host_drain"])
@pytest.mark.parametrize("letter", ["a", "ü"])
def test_a_reason_that_is_too_long_is_refused(admin, clusters, command, letter):
    clusters.write("west")
    count, size = {"a": (1001, 1001), "ü": (700, 4200)}[letter]
    result = admin(command, f"--reason={letter * count}", "--hosts=h1", "west")
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        f"FATAL] The reason is too long: it has {count} characters, and {size} bytes as a header; at most 1000 and "
        "4096 are possible. Nothing was sent; give a shorter one\n"
    )


def test_the_longest_reason_is_kept(admin, west):
    assert admin("host_deactivate", f"--reason={'a' * 1000}", "--hosts=host-0", "west").code == 0
    [row] = rows_of(admin("host_status", "--output=json", "--hosts=host-0", "west"))
    assert row["reason"] == "a" * 1000


def test_unknown_hosts_are_named_with_v(admin, west):
    result = admin("host_status", "-v", "--hosts=nosuch,host-0", "west")
    assert result.err.endswith(" WARN] Hosts that the scheduler does not know: set(['nosuch'])\n")


def test_an_unknown_cluster_is_an_error_of_one_line(admin, clusters):
    clusters.write("west")
    for command in ("host_status", "host_deactivate", "host_activate", "sla_host_drain", "host_drain"):
        result = admin(command, "--hosts=h1", "nowhere")
        assert (result.code, result.out, result.err) == (
            1,
            "",
            "FATAL] Unknown cluster: nowhere. Known clusters: west\n",
        )


@pytest.mark.parametrize("command", ["host_activate", "end_maintenance_hosts"])
def test_unknown_hosts_that_are_brought_back_are_named_with_v(admin, west, command):
    result = admin(command, "-v", "--hosts=nosuch,host-0", "west")
    assert (result.code, result.out) == (0, "")
    assert result.err.endswith(" WARN] Hosts that the scheduler does not know: set(['nosuch'])\n")
    assert "WARN" not in admin(command, "-v", "--hosts=host-0", "west").err


@pytest.mark.parametrize("command", ["host_deactivate", "start_maintenance_hosts"])
def test_hosts_that_are_all_there_are_cannot_be_deactivated_without_a_word(admin, west, command):
    warning = (
        " WARN] These are all the hosts that get tasks: what runs on them has no host to go to. Bring some back with "
        "host_activate before you drain the others\n"
    )
    assert "WARN" not in admin(command, "--hosts=host-0,host-1", "west").err
    result = admin(command, "--hosts=host-0,host-1,host-2", "west")
    assert (result.code, result.err.endswith(warning)) == (0, True)
    maintain(west, "drainHosts", "host-1", "host-2")
    assert admin(command, "--hosts=host-0,nosuch", "west").err.endswith(warning)
    assert "These are all" not in admin(command, "--hosts=nosuch", "west").err
