"""How a session with ZooKeeper is connected, as /vars tells it (docs/api.md 5.5)."""

from aurora_admin.scheduler.statistics import Statistics

STATES = ("CONNECTED", "SUSPENDED", "RECONNECTED", "LOST")


class ConnectionStates:
    """Listens to a session: which state it is in, and how often it came to be in each.

    A connection after the first one is a state of its own.
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
