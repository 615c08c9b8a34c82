"""What is known of the hosts of a drain, so that whatever ends it says which hosts are in which mode."""

from __future__ import annotations

from contextlib import contextmanager
from shlex import quote
from typing import TYPE_CHECKING

from aurora_admin.client.maintenance import DRAINED, DRAINING, NONE, SCHEDULED
from aurora_admin.errors import AdminError, Interrupted, OutcomeUnknown
from aurora_admin.plugins.maintenance import GO_ON

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

UNSAFE = "SCHEDULED after a failed SLA check"
PERHAPS_SCHEDULED = "perhaps SCHEDULED"
PERHAPS_DRAINING = "SCHEDULED or DRAINING"
RETURNED = "back in service"
UNKNOWN = "unknown to the scheduler"
ORDER = (RETURNED, DRAINED, DRAINING, PERHAPS_DRAINING, UNSAFE, SCHEDULED, PERHAPS_SCHEDULED, NONE, UNKNOWN)


class HostStates:
    """The last known mode of each host, or what else is known of it."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._states)

    def note(self, hosts: Iterable[str], state: str) -> None:
        """Note the same of several hosts."""
        self._states.update(dict.fromkeys(hosts, state))

    def note_modes(self, modes: Mapping[str, str]) -> None:
        """Note the modes in a reply."""
        self._states.update(modes)

    def not_drained(self) -> list[str]:
        """Return the hosts that are not DRAINED, also those that the scheduler does not know, sorted."""
        return sorted(host for host, state in self._states.items() if state != DRAINED)

    def known_not_drained(self) -> list[str]:
        """Return the hosts that are not DRAINED though the scheduler knows them, sorted."""
        return [host for host in self.not_drained() if self._states[host] != UNKNOWN]

    def progress(self) -> tuple[int, int]:
        """Return how many hosts are DRAINED, and how many the scheduler knows."""
        states = list(self._states.values())
        return states.count(DRAINED), len(states) - states.count(UNKNOWN)

    def describe(self, *, is_drained_shown: bool = True) -> str:
        """Return the hosts by state, in a form that can be copied into --hosts.

        >>> states = HostStates()
        >>> states.note(["h2", "h1"], DRAINING)
        >>> states.note(["h3"], DRAINED)
        >>> states.describe()
        'DRAINED: h3; DRAINING: h1,h2'
        """
        states = [*ORDER, *sorted({*self._states.values()} - {*ORDER})]
        by_state = {state: sorted(host for host, its in self._states.items() if its == state) for state in states}
        if not is_drained_shown:
            del by_state[DRAINED]
        return "; ".join(f"{state}: {','.join(hosts)}" for state, hosts in by_state.items() if hosts)


def fail_if_not_drained(states: HostStates, cluster: str) -> None:
    """Return if every host is DRAINED.

    Raises:
        AdminError: some are not; the message says which, and how to go on.
    """
    if left := states.not_drained():
        count = f"{len(left)} of {len(states)} hosts are not drained"
        raise AdminError(f"{count} ({states.describe(is_drained_shown=False)}). {go_on(cluster)}")


def go_on(cluster: str) -> str:
    """Return how to go on after a drain that has ended early."""
    return " ".join(GO_ON.replace("{cluster}", quote(cluster)).split())


@contextmanager
def told_at_an_end(states: HostStates, cluster: str) -> Iterator[None]:
    """Add to an error, and to Ctrl-C, in which mode each host is, and how to go on; IF_UNKNOWN says that too.

    Raises:
        Interrupted: Ctrl-C, after something had been sent.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        if not states:
            raise
        raise Interrupted(f"Interrupted ({states.describe()}).") from interrupt
    except AdminError as error:
        if states and error.message:
            error.message = f"{error.message.removesuffix('.')} ({states.describe()})."
            if not isinstance(error, OutcomeUnknown):
                error.message += f" {go_on(cluster)}"
        elif states:
            error.hint = f"The drain has ended early ({states.describe()}). {go_on(cluster)}"
        raise
