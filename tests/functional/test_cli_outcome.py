"""A request whose answer was lost: one line, and the exit code that scripts of the original know."""

import socket
import threading

import pytest


@pytest.fixture
def closing(clusters):
    """A server that takes requests and answers none; it counts them."""
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
        clusters.write(west=f"http://127.0.0.1:{server.getsockname()[1]}")
        yield requests
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    "line",
    [
        "scheduler_commit_recovery west",
        "scheduler_stage_recovery west x",
        "scheduler_delete_recovery_tasks west x",
        "scheduler_unload_recovery west",
        "scheduler_backup_now west",
        "scheduler_snapshot west",
    ],
)
def test_what_may_have_been_done_is_said_in_one_line_and_not_sent_again(admin, closing, line):
    result = admin(*line.split())
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert result.err.startswith("FATAL] ")
    assert "may have been carried out" in result.err
    assert len(closing) == 1
