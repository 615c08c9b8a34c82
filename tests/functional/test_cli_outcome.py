"""What a command says to do when a reply is lost, or when the scheduler refuses the call."""

import pytest

from tests.support.fake_scheduler import FakeScheduler, close, reply_with


@pytest.fixture
def closing(clusters):
    """A scheduler that tells its cluster's name, and closes the connection at every call that changes something."""

    def act(sock, request):
        (reply_with("listBackups") if request.message.name == "listBackups" else close)(sock, request)

    with FakeScheduler([act]) as server:
        clusters.write(**{"west": server.url, "a b": server.url})
        yield server


LOST = {
    "scheduler_backup_now west": "aurora_admin scheduler_list_backups west",
    "scheduler_snapshot west": "a second snapshot does no harm",
    "scheduler_stage_recovery west x": "aurora_admin scheduler_print_recovery_tasks west",
    "scheduler_delete_recovery_tasks west x": "aurora_admin scheduler_print_recovery_tasks west",
    "scheduler_unload_recovery west": "aurora_admin scheduler_print_recovery_tasks west",
    "scheduler_commit_recovery west": "Do not repeat the commit before you know.",
}
REFUSED = {
    "scheduler_stage_recovery west x": "aurora_admin scheduler_list_backups west",
    "scheduler_print_recovery_tasks west": "aurora_admin scheduler_stage_recovery west BACKUP_ID",
    "scheduler_delete_recovery_tasks west x": "aurora_admin scheduler_stage_recovery west BACKUP_ID",
    "scheduler_commit_recovery west": "aurora_admin scheduler_stage_recovery west BACKUP_ID",
}


@pytest.mark.parametrize("line", LOST)
def test_a_lost_reply_is_one_line_with_advice_and_the_call_is_not_repeated(admin, closing, line):
    result = admin(*line.split())
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert result.err.startswith("FATAL] ")
    before, _, advice = result.err.partition("It may have been carried out. ")
    assert before
    assert LOST[line] in advice
    assert not advice.endswith(".\n")
    assert len([name for name in closing.methods if name != "listBackups"]) == 1


def test_a_value_in_the_advice_can_be_copied_to_a_shell(admin, closing):
    assert "aurora_admin scheduler_list_backups 'a b'" in admin("scheduler_backup_now", "a b").err


@pytest.mark.parametrize("value", ["detailed", "Detailed", "", "1"])
def test_an_unknown_outcome_is_13_if_the_environment_asks_for_detailed_codes(admin, closing, value):
    result = admin("scheduler_snapshot", "west", AURORA_ADMIN_EXIT_CODES=value)
    assert result.code == (13 if value == "detailed" else 1)
    is_warned = f"WARN] AURORA_ADMIN_EXIT_CODES={value} has no effect: the only value is detailed" in result.err
    assert is_warned == (value in ("Detailed", "1"))


def test_other_codes_are_the_same_with_detailed_ones(admin, clusters):
    clusters.write("west")
    env = {"AURORA_ADMIN_EXIT_CODES": "detailed"}
    assert admin("get_scheduler", "nowhere", **env).code == 1
    assert admin("get_scheduler", "--bogus", **env).code == 2
    assert admin("help", **env).code == 0


@pytest.mark.parametrize("line", REFUSED)
def test_a_refused_call_has_a_hint_for_people(admin, clusters, scheduler, line):
    clusters.write(west=scheduler().url)
    without = admin(*line.split())
    assert (without.code, without.err.count("\n")) == (1, 1)
    assert without.err.startswith(" INFO] Response from scheduler: ERROR (message: ")
    shown = admin("-v", *line.split())
    assert shown.code == 1
    assert shown.err.splitlines()[-1].startswith(" INFO] ")
    assert REFUSED[line] in shown.err.splitlines()[-1]


@pytest.fixture
def other(scheduler, clusters):
    """A scheduler of the cluster east that the entry west reaches."""
    one = scheduler(started=False)
    one.cluster = "east"
    clusters.write(west=one.start().url)
    return one


ACCEPTING = ["--accept-cluster-name=east", "--accept-cluster-name east"]


@pytest.mark.parametrize("line", ["scheduler_commit_recovery west", "prune_tasks west"])
def test_a_command_that_destroys_refuses_a_scheduler_of_another_cluster(admin, clusters, other, line):
    result = admin(*line.split())
    assert (result.code, result.out) == (1, "")
    assert result.err.endswith(
        f"FATAL] The entry west in {clusters.path} reaches a scheduler of the cluster east. Nothing was changed. "
        "Correct the entry; if that scheduler is the right one, give --accept-cluster-name=east\n"
    )
    assert "commitRecovery" not in other.log
    assert "pruneTasks" not in other.log


@pytest.mark.parametrize("option", ACCEPTING)
def test_a_scheduler_of_another_cluster_can_be_accepted_by_its_name(admin, other, option):
    assert " INFO] Response from scheduler: " in admin("scheduler_commit_recovery", "west", *option.split()).err
    wrong = admin("scheduler_commit_recovery", "west", "--accept-cluster-name=north")
    assert (wrong.code, "reaches a scheduler of the cluster east" in wrong.err) == (1, True)


def test_a_name_in_the_message_can_be_copied_to_a_shell(admin, scheduler, clusters):
    one = scheduler(started=False)
    one.cluster = "east side"
    clusters.write(west=one.start().url)
    assert admin("scheduler_commit_recovery", "west").err.endswith(" --accept-cluster-name='east side'\n")


def test_commands_that_destroy_nothing_do_not_need_the_name(admin, other):
    assert admin("scheduler_list_backups", "west").code == 0
    assert admin("scheduler_list_backups", "west", "--accept-cluster-name=east").code == 2
