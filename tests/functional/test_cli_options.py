"""Where options may stand, the help, and the errors of invalid command lines (docs/cli.md 1)."""

import re

import pytest

from aurora_admin.registry import Registry

LISTED = re.compile(r"Must supply one of the following commands: ((\w+, )+\w+)\n")
USAGE = "FATAL] usage: {}\n\nsee the help subcommand for more details.\n"
LEADER = "Found leading scheduler at: http://127.0.0.1:1\n"


@pytest.fixture
def west(clusters):
    clusters.write("west")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "bogus",
        "bogus -h",
        "-v",
        "-q",
        "bogus --nosuch",
        "-v bogus --timeout=x",
        "-v bogus get_scheduler west",
        "--",
        "Get_scheduler west",
        "get_sched west",
    ],
)
def test_without_a_command_the_commands_are_listed(admin, line):
    result = admin(*line.split())
    found = LISTED.fullmatch(result.err)
    assert (result.code, result.out) == (1, "")
    assert found
    names = found[1].split(", ")
    assert names == sorted(names)
    assert {"get_scheduler", "help", "scheduler_commit_recovery"} <= set(names)


@pytest.mark.parametrize(
    "line",
    [
        "-v get_scheduler west",
        "get_scheduler -v west",
        "get_scheduler west -v",
        "--timeout 5 get_scheduler west",
        "get_scheduler --timeout=5 west",
        "get_scheduler west --time 5",
        "--bypass-leader-redirect get_scheduler west",
        "get_scheduler --bypass west",
        "get_scheduler -- west",
        "get_scheduler west --",
        "get_scheduler -vq west",
        "--log_to_stderr plain:DEBUG get_scheduler west",
        "get_scheduler --log_to_stdout=NONE west",
        "--app_debug --scribe_port 1463 get_scheduler west --app_pidfile=x",
    ],
)
def test_options_may_stand_anywhere(admin, west, line):
    result = admin(*line.split())
    assert (result.code, result.out) == (0, LEADER)


@pytest.mark.parametrize(
    ("line", "is_silent"),
    [
        ("-q", True),
        ("-v -q", True),
        ("-q -v", False),
        ("-vq", True),
        ("-qv", False),
        ("-q --log_to_stderr=INFO", False),
        ("--log_to_stderr=NONE", True),
        ("--log_to_stderr=FATAL", False),
        ("-q --log_to_stderr FATAL", False),
    ],
)
def test_the_last_option_sets_the_log_level(admin, west, line, is_silent):
    result = admin("get_scheduler", "nowhere", *line.split())
    assert (result.code, result.out, result.err == "") == (1, "", is_silent)


@pytest.mark.parametrize("words", [["-"], [""], ["a b"], ["--", "-1"], ["--", "-x"], ["--", "--"], ["100%"], ["naïve"]])
def test_a_dash_and_an_empty_word_are_arguments(admin, clusters, words):
    name = words[-1]
    clusters.write("west", **{name: "http://127.0.0.1:2"})
    result = admin("get_scheduler", *words)
    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize("number", ["-1", "-.5"])
def test_a_negative_number_is_an_argument_but_not_before_the_first_one(admin, west, number):
    after = admin("set_quota", "nowhere", "www", number, "-1G", "-1G")
    assert (after.code, after.err) == (1, "FATAL] Unknown cluster: nowhere. Known clusters: west\n")
    before = admin("set_quota", number, "west", "www", "1", "1G")
    assert (before.code, before.err.endswith(f"error: unrecognized arguments: {number}\n")) == (2, True)


def test_an_option_takes_a_value_that_begins_with_a_dash(admin, west):
    result = admin("get_scheduler", "west", "--timeout", "-5")
    assert result.code == 2
    assert "not a number of seconds above 0: -5" in result.err


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("--bogus", "unrecognized arguments: --bogus"),
        ("-Z", "unrecognized arguments: -Z"),
        ("--timeout", "--timeout"),
        ("--log", "ambiguous option: --log"),
        ("--bypass-leader-redirect=1", "--bypass-leader-redirect"),
        ("--log_to_stderr=BOGUS", "Unknown log level: BOGUS"),
        ("--timeout=soon", "soon"),
        ("--timeout=nan", "nan"),
        ("--timeout=0", "not a number of seconds above 0"),
        ("--yes", "--yes"),
        ("--log_to_disk=BOGUS", "Unknown log level: BOGUS"),
        ("--log_to_stderr=syslog:INFO", "Unknown log level: syslog:INFO"),
        ("--log_to_stderr=google:info", "Unknown log level"),
        ("--log_to_std=INFO", "ambiguous option: --log_to_std"),
    ],
)
def test_an_invalid_option_exits_with_2_and_the_usage(admin, west, line, text):
    for words in (["get_scheduler", "west", line], ["get_scheduler", line, "west"], ["-q", "get_scheduler", line]):
        if line == "--timeout" and words[-1] != line:
            continue  # the next word is its value
        result = admin(*words)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith("Usage: get_scheduler CLUSTER\n\naurora_admin: error: ")
        assert text in result.err


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("--bogus", "unrecognized arguments: --bogus"),
        ("-v --bogus", "unrecognized arguments: --bogus"),
        ("-Z bogus", "unrecognized arguments: -Z"),
        ("--timeout=x bogus", "not a number of seconds above 0: x"),
        ("--log", "ambiguous option: --log could match --log_to_stderr, --log_to_stdout, "),
    ],
)
def test_an_invalid_option_without_a_command_exits_with_2_and_the_usage(admin, line, text):
    result = admin(*line.split())
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Usage: \nAvailable commands:\n    ")
    assert "help <command>\n\n\naurora_admin: error: " in result.err
    assert text in result.err


@pytest.mark.parametrize("line", ["--help bogus", "-v -h bogus", "-h bogus --nosuch"])
def test_help_before_an_unknown_command_is_that_of_the_program(admin, line):
    assert admin(*line.split()) == admin("-h")


@pytest.mark.parametrize("word", ["-x", "--nosuch", "-x1", "-nosuch", "--bogus=west"])
def test_an_unknown_option_is_an_argument_as_long_as_a_required_one_is_missing(admin, west, word):
    result = admin("scheduler_stage_recovery", "nowhere", word)
    assert (result.code, result.err.startswith("FATAL] Unknown cluster: nowhere.")) == (1, True)
    assert admin("scheduler_stage_recovery", "nowhere", "x", word).code == 2
    assert admin("scheduler_stage_recovery", word, "nowhere").code == 2


@pytest.mark.parametrize("word", ["-v", "-vq", "--bypass", "--timeout=5"])
def test_an_option_of_ours_is_an_argument_only_after_two_dashes(admin, west, word):
    usage = USAGE.format("scheduler_stage_recovery cluster backup_id")
    assert admin("scheduler_stage_recovery", "west", word, "--log_to_stderr=INFO").err == usage
    assert admin("scheduler_stage_recovery", "nowhere", "--", word).err.startswith("FATAL] Unknown cluster: nowhere.")


def test_a_command_of_the_original_has_no_dry_run(admin, clusters):
    clusters.write("west")
    result = admin("scheduler_commit_recovery", "west", "--dry-run")
    assert (result.code, result.out) == (2, "")


@pytest.mark.parametrize(
    ("line", "usage"),
    [
        ("get_scheduler", "get_scheduler CLUSTER"),
        ("get_scheduler a b", "get_scheduler CLUSTER"),
        ("scheduler_backup_now", "scheduler_backup_now cluster"),
        ("scheduler_snapshot a b", "scheduler_snapshot cluster"),
        ("scheduler_list_backups", "scheduler_list_backups cluster"),
        ("scheduler_stage_recovery west", "scheduler_stage_recovery cluster backup_id"),
        ("scheduler_print_recovery_tasks", "scheduler_print_recovery_tasks cluster"),
        ("scheduler_delete_recovery_tasks west", "scheduler_delete_recovery_tasks cluster task_ids"),
        ("scheduler_commit_recovery", "scheduler_commit_recovery cluster"),
        ("scheduler_unload_recovery a b c", "scheduler_unload_recovery cluster"),
    ],
)
def test_a_wrong_number_of_arguments_shows_the_usage(admin, line, usage):
    result = admin(*line.split())
    assert (result.code, result.out, result.err) == (1, "", USAGE.format(usage))


def test_quiet_hides_the_usage_of_a_wrong_number_of_arguments(admin):
    result = admin("-q", "get_scheduler")
    assert (result.code, result.out, result.err) == (1, "", "")


def test_unknown_cluster_names_the_known_ones(admin, clusters):
    clusters.write("east", "west")
    result = admin("scheduler_snapshot", "nowhere")
    assert (result.code, result.err) == (1, "FATAL] Unknown cluster: nowhere. Known clusters: east, west\n")


def test_without_clusters_files_an_unknown_cluster_names_the_files(admin, clusters):
    clusters.path.unlink(missing_ok=True)
    result = admin("scheduler_snapshot", "nowhere")
    first, second = result.err.splitlines()
    assert (result.code, first) == (1, "FATAL] Unknown cluster: nowhere. Known clusters: ")
    assert second.startswith(f" INFO] No clusters are configured: {clusters.path} and ")


@pytest.mark.parametrize("line", ["-h", "--help", "--short-help", "--long-help", "-v -h", "--short"])
def test_help_of_the_program_exits_with_0(admin, line):
    result = admin(*line.split())
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("Usage: \nAvailable commands:\n    ")
    assert "\n    get_scheduler\n" in result.out
    assert "\n\nFor more help on an individual command:\n    aurora-admin help <command>\n\n\nOptions:\n" in result.out
    assert ("--app_debug" in result.out) == ("--long" in line)


@pytest.mark.parametrize(
    "line",
    [
        "scheduler_stage_recovery -h",
        "scheduler_stage_recovery --help",
        "-h scheduler_stage_recovery",
        "scheduler_stage_recovery west -h",
    ],
)
def test_dash_h_prints_the_help_of_the_command(admin, line):
    result = admin(*line.split())
    assert (result.code, result.err) == (0, "")
    assert result == admin("help", "scheduler_stage_recovery")
    assert result.out.startswith("Usage: scheduler_stage_recovery cluster backup_id\n\n")
    assert " only:" not in result.out
    assert result.out.endswith(f"\n\n{POINTER}\n")


POINTER = "Options of every command, such as -v and --timeout: --long-help, or\naurora_admin(1)."


def test_the_help_of_a_command_has_its_own_options_and_a_line_for_the_others(admin):
    shown = admin("get_scheduler", "-h").out
    assert "\n\nOptions:\n  --output " in shown
    assert "\n  --verify              check with the scheduler that it leads\n" in shown
    assert shown.endswith(f"\n\n{POINTER}\n")
    assert "Options:" not in admin("scheduler_snapshot", "-h").out
    long = admin("get_scheduler", "--long-help").out
    first, every, old = (long.index(f"\n  {option}") for option in ("--verify", "-h, --help", "--log_to_stderr"))
    assert first < every < old
    assert POINTER not in long


def test_an_invalid_option_before_dash_h_is_an_error(admin):
    assert admin("get_scheduler", "--timeout=x", "-h").code == 2
    assert admin("get_scheduler", "-h", "--timeout=x").code == 0
    assert admin("get_scheduler", "--bogus", "-h").code == 2
    assert admin("get_scheduler", "--log", "-h").code == 2
    assert admin("get_scheduler", "-h", "--bogus").code == 0
    assert admin("get_scheduler", "-h", "--log").code == 0


def test_the_width_of_help_is_that_of_columns(admin):
    widths = {
        columns: max(map(len, admin("help", "scheduler_stage_recovery", COLUMNS=columns).out.splitlines()))
        for columns in ("60", "100", "nonsense")
    }
    assert widths["60"] <= 60 < widths["nonsense"] <= 80 < widths["100"] <= 100


def test_the_overview_explains_each_command(admin):
    result = admin("help")
    assert (result.code, result.err) == (0, "")
    heading, *parts, topic = result.out.removesuffix("\n").split("\n\n")
    assert heading == "Available commands:"
    assert topic == "How to restore a backup, step by step: aurora_admin help recovery"
    categories = [part for part in parts if part.endswith(":")]
    assert categories == [
        "Backup and recovery:",
        "Cluster:",
        "Tasks:",
        "Quotas:",
        "Host maintenance:",
        "Rehearsal:",
        "Help:",
    ]
    entries = [part for part in parts if not part.endswith(":")]
    names = [entry.split("\n")[0] for entry in entries]
    work = ("list_backups", "stage_", "print_", "delete_", "commit_", "unload_")
    in_order = [name for name in names if name.startswith(tuple(f"scheduler_{verb}" for verb in work))]
    assert [name.split("_")[1] for name in in_order] == ["list", "stage", "print", "delete", "commit", "unload"]
    assert "get_scheduler\n    usage: get_scheduler CLUSTER\n    Find the leading scheduler of a cluster" in entries
    assert all(re.fullmatch(r"\w+(\n    \S.*){2,}", entry) for entry in entries)


def test_help_works_with_a_broken_clusters_file(admin, clusters):
    clusters.write_text("{")
    assert admin("help").code == 0


def test_help_of_an_unknown_command(admin):
    result = admin("help", "nosuch")
    assert (result.code, result.out, result.err) == (1, "Subcommand nosuch not found.\n", "")


def test_help_of_a_similar_name_has_a_suggestion_with_v(admin):
    assert admin("-v", "help", "get_schedler").err == " INFO] Did you mean get_scheduler?\n"


def test_help_recovery_is_the_runbook_with_existing_commands(admin):
    result = admin("help", "recovery")
    assert (result.code, result.err) == (0, "")
    assert max(map(len, result.out.splitlines())) <= 80
    steps = re.findall(r"^ {6}aurora_admin (\w+)", result.out, re.MULTILINE)
    names = {command.name for command in Registry().commands()}
    assert set(steps) <= names
    assert {name for name in names if name.startswith("scheduler_")} - set(steps) <= {"scheduler_snapshot"}
    assert steps.index("scheduler_list_backups") < steps.index("scheduler_commit_recovery")


def test_help_of_two_commands(admin):
    result = admin("help", "nosuch", "help")
    assert (result.code, result.out, result.err) == (1, "", "FATAL] Please specify at most one subcommand.\n")


@pytest.mark.parametrize(
    "line",
    [
        "--version",
        "-v --version",
        "get_scheduler --version",
        "version",
        "--version west",
        "--version bogus",
        "version -v",
    ],
)
def test_the_version_is_printed(admin, line):
    result = admin(*line.split())
    assert (result.code, result.err) == (0, "")
    assert re.fullmatch(r"aurora_admin \d+\.\d+\.\d+\S*\n", result.out)
