"""The connection states of a session with ZooKeeper in /vars (docs/api.md 5.5)."""

from aurora_admin.scheduler.statistics import Statistics

STATES = ("CONNECTED", "SUSPENDED", "RECONNECTED", "LOST")


class ConnectionStates:
    """A listener of a session: sets the current state, and counts how often each was entered.

    A connection after the first is the state RECONNECTED.
    """

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics
        self._was_connected = False
        for state in STATES:
            statistics[_gauge(state)] = statistics[_counter(state)] = 0

    def __call__(self, state: str) -> None:
        if state == "CONNECTED" and self._was_connected:
            state = "RECONNECTED"
        self._was_connected = True
        for other in STATES:
            self._statistics[_gauge(other)] = int(other == state)
        self._statistics[_counter(state)] += 1


def _gauge(state: str) -> str:
    return f"zk_connection_state_{state}"


def _counter(state: str) -> str:
    return f"{_gauge(state)}_counter"
