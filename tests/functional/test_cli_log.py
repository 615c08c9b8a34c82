"""The options of the log: --log_to_stderr, --log_to_disk and the others (docs/cli.md 1.6, 2.1)."""

import os
import re

import pytest

UNKNOWN = "Unknown cluster: nowhere. Known clusters: west\n"
FATAL = f"FATAL] {UNKNOWN}"
GOOGLE = rf"F\d{{4}} \d\d:\d\d:\d\d\.\d{{6}} \d+ \w+\.py:\d+\] {UNKNOWN}"
OBSOLETE = "--log_to_stdout is an obsolete flag that was replaced by --log_to_stderr. Use --log_to_stderr instead.\n"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "FATAL")


@pytest.fixture(autouse=True)
def west(clusters):
    clusters.write("west")


@pytest.fixture
def logs(tmp_path):
    return tmp_path / "logs"


@pytest.fixture
def failing(admin, logs):
    """Run a command that logs one FATAL record, with the log files in `logs`."""
    return lambda *options: admin("get_scheduler", "nowhere", f"--log_dir={logs}", *options)


def texts(logs) -> dict[str, str]:
    """The text of the file behind each link."""
    return {link.name: link.read_text() for link in logs.iterdir() if link.is_symlink()}


@pytest.mark.parametrize("line", ["--log_to_stderr=google:INFO", "-v --log_to_stderr google:FATAL"])
def test_a_record_of_the_scheme_google_has_time_process_and_place(failing, line):
    result = failing(*line.split())
    assert (result.code, result.out) == (1, "")
    assert re.fullmatch(GOOGLE, result.err)


@pytest.mark.parametrize(
    "line",
    [
        "--log_to_stderr=google:INFO -v",
        "--log_to_stderr=google:INFO --log_to_stderr=INFO",
        "--log_to_stderr=plain:INFO",
    ],
)
def test_the_last_option_sets_the_scheme(failing, line):
    assert failing(*line.split()).err.startswith(FATAL)


def test_a_record_of_several_lines_is_headed_once(admin):
    result = admin("get_scheduler", "--log_to_stderr=google:INFO")
    assert re.fullmatch(r"F.{20,} main\.py:\d+\] usage: get_scheduler CLUSTER\n\nsee the help .*\n", result.err)


@pytest.mark.parametrize(
    ("line", "err"),
    [
        ("--log_to_stdout=INFO", OBSOLETE + FATAL),
        ("--log_to_stdout=NONE", OBSOLETE),
        ("--log_to_stdout INFO -q", OBSOLETE),
        ("-q --log_to_stdout=plain:ERROR", OBSOLETE + FATAL),
    ],
)
def test_the_former_name_works_with_a_warning(failing, line, err):
    result = failing(*line.split())
    assert (result.code, result.out, result.err) == (1, "", err)


@pytest.mark.parametrize(
    "line", ["--log_to_stdout=INFO --log_to_stderr=INFO", "--log_to_stderr=NONE --log_to_stdout=INFO"]
)
def test_both_names_together_are_an_error(failing, line):
    result = failing(*line.split())
    assert (result.code, result.out) == (2, "")
    assert "not allowed with argument" in result.err


def test_log_files_have_a_name_for_each_level_and_links(failing, logs):
    result = failing("--log_to_disk=INFO")
    assert (result.code, result.out, result.err) == (1, "", f"Writing log files to disk in {logs}\n{FATAL}")
    assert texts(logs) == {f"aurora-admin.{level}": FATAL for level in LEVELS}
    for level in LEVELS:
        target = os.readlink(logs / f"aurora-admin.{level}")
        assert re.fullmatch(
            rf"aurora-admin\.{re.escape(os.uname().nodename)}\.\w+\.log\.{level}\.\d{{8}}-\d{{6}}\.\d+", target
        )
    assert len(list(logs.iterdir())) == 2 * len(LEVELS)


def test_a_log_file_has_the_records_of_its_level_and_above(admin, clusters, logs):
    """Without a ZooKeeper there are warnings, and an error at the end."""
    clusters.write_documents([{"name": "west", "zk": "127.0.0.1", "zk_port": 1, "scheduler_zk_path": "/x"}])
    result = admin("get_scheduler", "west", "--timeout=1", f"--log_dir={logs}", "--log_to_disk=WARN")
    levels = {
        name.partition(".")[2]: sorted({line[:5] for line in text.splitlines()}) for name, text in texts(logs).items()
    }
    assert result.code == 1
    assert " WARN] " in result.err
    assert levels == {name: ["FATAL"] if name in ("ERROR", "FATAL") else [" WARN", "FATAL"] for name in LEVELS}


def test_the_log_files_have_no_records_below_the_given_level(admin, scheduler, clusters, logs):
    clusters.write(west=scheduler().url)
    options = ("scheduler_snapshot", "west", f"--log_dir={logs}")
    assert admin(*options, "--log_to_disk=WARN").err.endswith(" INFO] Response from scheduler: OK (message: )\n")
    assert texts(logs) == {f"aurora-admin.{level}": "" for level in LEVELS}
    assert admin(*options, "--log_to_disk=INFO", "-q").err == f"Writing log files to disk in {logs}\n"
    assert texts(logs)["aurora-admin.INFO"] == " INFO] Response from scheduler: OK (message: )\n"
    assert texts(logs)["aurora-admin.WARNING"] == ""


def test_standard_error_and_the_files_have_separate_schemes(failing, logs):
    assert failing("--log_to_disk=google:INFO").err.endswith(f"\n{FATAL}")
    assert re.fullmatch(GOOGLE, texts(logs)["aurora-admin.INFO"])


def test_the_simple_log_is_one_file_that_is_appended_to(failing, logs):
    for count in (1, 2):
        result = failing("--log_to_disk=INFO", "--log_simple")
        assert result.err == f"Writing log files to disk in {logs}\n{FATAL}"
        assert [path.name for path in logs.iterdir()] == ["aurora-admin.log"]
        assert (logs / "aurora-admin.log").read_text() == FATAL * count


@pytest.mark.parametrize("line", ["", "--log_simple", "--log_to_disk=NONE"])
def test_without_a_level_there_are_no_log_files(failing, logs, line):
    assert failing(*line.split()).err == FATAL
    assert not logs.exists()


def test_a_folder_that_cannot_be_written_stops_the_command(failing, logs):
    logs.write_text("a file")
    result = failing("--log_to_disk=INFO")
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        f"FATAL] Cannot write log files in {logs}: Not a directory. Name a writable folder with "
        "--log_dir, or omit --log_to_disk\n"
    )


def test_a_full_disk_ends_the_log_file_and_not_the_command(failing, logs):
    logs.mkdir()
    (logs / "aurora-admin.log").symlink_to("/dev/full")
    assert failing("--log_to_disk=INFO", "--log_simple").err == (
        f"Writing log files to disk in {logs}\n WARN] The log files in {logs} are incomplete: No space left on device"
        f". The command continues without them\n{FATAL}"
    )


def test_the_files_are_written_if_a_link_cannot_be_created(failing, logs):
    (logs / "aurora-admin.INFO").mkdir(parents=True)  # as another user's link in a common folder cannot be replaced
    assert failing("--log_to_disk=INFO").err.endswith(f"\n{FATAL}")
    assert texts(logs) == {f"aurora-admin.{level}": FATAL for level in LEVELS if level != "INFO"}
    assert len(list(logs.iterdir())) == 2 * len(LEVELS)


def test_the_default_folder_is_that_of_the_original(admin):
    assert "(default: /var/tmp)" in " ".join(admin("--long-help").out.split())
