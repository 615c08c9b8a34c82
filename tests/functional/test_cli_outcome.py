"""What a command says to do when a reply is lost, or when the scheduler refuses the call."""

import socket
import threading

import pytest


@pytest.fixture
def closing(clusters):
    """A server that reads requests and closes the connections; the list has the requests."""
    requests = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:  # the test is over
                    return
                with connection:
                    requests.append(connection.recv(1 << 16))

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        clusters.write(**{"west": url, "a b": url})
        yield requests
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


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
    assert len(closing) == 1


def test_a_value_in_the_advice_can_be_copied_to_a_shell(admin, closing):
    assert "aurora_admin scheduler_list_backups 'a b'" in admin("scheduler_backup_now", "a b").err


@pytest.mark.parametrize("value", ["detailed", "Detailed", "", "1"])
def test_an_unknown_outcome_is_13_if_the_environment_asks_for_detailed_codes(admin, closing, value):
    code = admin("scheduler_snapshot", "west", AURORA_ADMIN_EXIT_CODES=value).code
    assert code == (13 if value == "detailed" else 1)


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
