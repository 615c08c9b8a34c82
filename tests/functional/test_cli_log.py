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


def test_the_warning_about_the_former_name_comes_before_an_error(failing):
    result = failing("--log_to_stdout=INFO", "--bogus")
    assert result.code == 2
    assert result.err.startswith(f"{OBSOLETE}Usage: ")


def test_log_files_have_a_name_for_each_level_and_links(failing, logs):
    result = failing("--log_to_disk=plain:INFO")
    assert (result.code, result.out, result.err) == (1, "", f"Writing log files to disk in {logs}\n{FATAL}")
    assert texts(logs) == {f"aurora-admin.{level}": FATAL if level == "FATAL" else "" for level in LEVELS}
    for level in LEVELS:
        target = os.readlink(logs / f"aurora-admin.{level}")
        assert re.fullmatch(
            rf"aurora-admin\.{re.escape(os.uname().nodename)}\.\w+\.log\.{level}\.\d{{8}}-\d{{6}}\.\d+", target
        )
    assert len(list(logs.iterdir())) == 2 * len(LEVELS)


def test_the_scheme_of_files_is_google_and_each_begins_with_four_lines(failing, logs):
    assert failing("--log_to_disk=INFO").err.endswith(f"\n{FATAL}")
    for name, text in texts(logs).items():
        created, machine, legend, command, *records = text.splitlines(keepends=True)
        assert re.fullmatch(r"Log file created at: \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\n", created)
        assert machine == f"Running on machine: {os.uname().nodename}\n"
        assert legend == "[DIWEF]mmdd hh:mm:ss.uuuuuu pid file:line] msg\n"
        assert command == f"Command line: aurora-admin get_scheduler nowhere --log_dir={logs} --log_to_disk=INFO\n"
        assert bool(records) == (name == "aurora-admin.FATAL")
    assert re.fullmatch(GOOGLE, records[0] if records else texts(logs)["aurora-admin.FATAL"].splitlines(True)[4])


def test_a_log_file_has_the_records_of_exactly_its_level(admin, clusters, logs):
    """A template in the entry is a warning, and nothing listens there: an error at the end."""
    clusters.write(west="http://127.0.0.1:1/{{path}}")
    result = admin("scheduler_snapshot", "west", "--timeout=1", f"--log_dir={logs}", "--log_to_disk=plain:WARN", "-v")
    levels = {
        name.partition(".")[2]: sorted({line[:5] for line in text.splitlines()}) for name, text in texts(logs).items()
    }
    assert result.code == 1
    assert " WARN] " in result.err
    assert levels == {"DEBUG": [], "INFO": [], "WARNING": [" WARN"], "ERROR": [], "FATAL": ["FATAL"]}


def test_the_log_files_have_no_records_below_the_given_level(admin, scheduler, clusters, logs):
    clusters.write(west=scheduler().url)
    options = ("scheduler_snapshot", "west", f"--log_dir={logs}")
    assert admin(*options, "--log_to_disk=plain:WARN").err.endswith(" INFO] Response from scheduler: OK (message: )\n")
    assert texts(logs) == {f"aurora-admin.{level}": "" for level in LEVELS}
    assert admin(*options, "--log_to_disk=plain:INFO", "-q").err == ""
    assert texts(logs)["aurora-admin.INFO"] == " INFO] Response from scheduler: OK (message: )\n"
    assert texts(logs)["aurora-admin.WARNING"] == ""


@pytest.mark.parametrize("quiet", ["-q", "--log_to_stderr=NONE"])
def test_a_quiet_command_does_not_announce_the_log_files(failing, logs, quiet):
    assert failing("--log_to_disk=INFO", quiet).err == ""
    assert re.search(GOOGLE, texts(logs)["aurora-admin.FATAL"])


@pytest.mark.parametrize("scheme", ["plain", "google"])
def test_the_simple_log_is_one_file_that_is_appended_to(failing, logs, scheme):
    for count in (1, 2):
        result = failing(f"--log_to_disk={scheme}:INFO", "--log_simple")
        assert result.err == f"Writing log files to disk in {logs}\n{FATAL}"
        assert [path.name for path in logs.iterdir()] == ["aurora-admin.log"]
        assert (logs / "aurora-admin.log").read_text().count(UNKNOWN) == count


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
    assert failing("--log_to_disk=google:INFO", "--log_simple").err == (
        f"Writing log files to disk in {logs}\n WARN] The log files in {logs} are incomplete: No space left on device"
        f". The command continues without them\n{FATAL}"
    )


def test_the_files_are_written_if_a_link_cannot_be_created(failing, logs):
    (logs / "aurora-admin.INFO").mkdir(parents=True)  # as another user's link in a common folder cannot be replaced
    assert failing("--log_to_disk=plain:INFO").err.endswith(f"\n{FATAL}")
    assert texts(logs) == {f"aurora-admin.{level}": FATAL * (level == "FATAL") for level in LEVELS if level != "INFO"}
    assert len(list(logs.iterdir())) == 2 * len(LEVELS)


def test_the_default_folder_is_that_of_the_original(admin):
    assert "(default: /var/tmp)" in " ".join(admin("--long-help").out.split())
