"""Calls of this project's client, for tests in which only the request or the error matters."""

from tests.support.fake_scheduler import Client


def call_snapshot(uri: str, **keys: object) -> None:
    """Call snapshot on the scheduler of this scheduler_uri, and close the client."""
    client = Client(uri, **keys)
    try:
        client.scheduler.snapshot()
    finally:
        client.scheduler.close()
