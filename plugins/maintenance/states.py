"""What is known of the hosts of a drain, so that whatever ends it says which hosts are in which mode."""

from __future__ import annotations

from contextlib import contextmanager
from shlex import quote
from typing import TYPE_CHECKING

from aurora_admin.client.maintenance import DRAINED, DRAINING, NONE, SCHEDULED
from aurora_admin.errors import AdminError, Interrupted, OutcomeUnknown

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
        return self.in_states(*{*self._states.values()} - {DRAINED})

    def known_not_drained(self) -> list[str]:
        """Return the hosts that are not DRAINED though the scheduler knows them, sorted."""
        return self.in_states(*{*self._states.values()} - {DRAINED, UNKNOWN})

    def left(self) -> list[str]:
        """Return the hosts that are in maintenance and not DRAINED, sorted."""
        return self.in_states(*{*self._states.values()} - {DRAINED, RETURNED, UNKNOWN})

    def progress(self) -> tuple[int, int]:
        """Return how many hosts are DRAINED, and how many there are, also those that the scheduler does not know."""
        return len(self.in_states(DRAINED)), len(self)

    def in_states(self, *wanted: str) -> list[str]:
        """Return the hosts in any of these states, sorted."""
        return sorted(host for host, state in self._states.items() if state in wanted)

    def describe(self, *, is_drained_shown: bool = True) -> str:
        """Return the hosts by state, in a form that can be copied into --hosts.

        >>> states = HostStates()
        >>> states.note(["h2", "h1"], DRAINING)
        >>> states.note(["h3"], DRAINED)
        >>> states.describe()
        'DRAINED: h3; DRAINING: h1,h2'
        """
        states = [*ORDER, *sorted({*self._states.values()} - {*ORDER})]
        by_state = {state: self.in_states(state) for state in states}
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
        raise AdminError(f"{count} ({states.describe(is_drained_shown=False)}). {go_on(states, cluster)}")


def go_on(states: HostStates, cluster: str) -> str:
    """Return how to go on after a drain that has ended early; empty if every host is DRAINED or back in service."""

    def command(name: str, hosts: Iterable[str]) -> str:
        return f"aurora_admin {name} --hosts={quote(','.join(hosts))} {quote(cluster)}"

    advice = []
    if unknown := states.in_states(UNKNOWN):
        advice.append(f"Check the spelling of {','.join(unknown)}")
    if draining := states.in_states(DRAINING, PERHAPS_DRAINING):
        shows = f"{command('host_status', draining)} shows how far they are"
        advice.append(f"The scheduler goes on with hosts that are DRAINING: {shows}")
    if left := states.left():
        advice.append(
            "Run the command again for the hosts that are not DRAINED: to drain a host twice does no harm. Or bring "
            f"them back into service: {command('host_activate', left)}"
        )
    return ". ".join(advice)


@contextmanager
def told_at_an_end(states: HostStates, cluster: str) -> Iterator[None]:
    """Add to an error, and to Ctrl-C and SIGTERM, in which mode each host is, and how to go on.

    Raises:
        Interrupted: Ctrl-C or SIGTERM, after something had been sent.
    """
    try:
        with sigterm_as_interrupt():
            yield
    except KeyboardInterrupt as interrupt:
        if not states:
            raise
        error = Interrupted(f"Interrupted ({states.describe()}).")
        error.advice = go_on(states, cluster)
        raise error from interrupt
    except AdminError as error:
        if states:
            _add_states(error, states, go_on(states, cluster))
        raise


def _add_states(error: AdminError, states: HostStates, advice: str) -> None:
    if not error.message:  # the response in the log is the last line, as the original's
        error.hint = f"The drain has ended early ({states.describe()}). {advice}".rstrip()
        return
    error.message = f"{error.message.removesuffix('.')} ({states.describe()})."
    if isinstance(error, OutcomeUnknown):
        error.advice = advice
    else:
        error.message = f"{error.message} {advice}".rstrip()


@contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Have SIGTERM end a block as Ctrl-C does: a drain that is stopped by a supervisor says what it leaves behind."""
    import signal

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
