"""The states of a scheduler process, from its start to its exit status (docs/api.md 7.4)."""

import logging
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from aurora_admin.scheduler.background import PeriodicTask
from aurora_admin.scheduler.election.registration import Registration
from aurora_admin.scheduler.storage.engine import LogEngine
from aurora_admin.scheduler.storage.log import ReplayStopped
from aurora_admin.scheduler.storage.storage import Storage
from aurora_admin.scheduler.web.redirect import LEADING, NO_LEADER, Leadership, leadership
from aurora_admin.scheduler.web.server import Server
from aurora_admin.zookeeper.server_set import Endpoint

if TYPE_CHECKING:
    from aurora_admin.scheduler.election.election import Election

logger = logging.getLogger(__name__)

STATES = ("IDLE", "PREPARING_STORAGE", "STORAGE_PREPARED", "LEADER_AWAITING_REGISTRATION", "ACTIVE", "DEAD")
# A process that must stop leading is killed after this time if it has not shut down.
FAILED_SECONDS = 10.0


class Components(NamedTuple):
    """The parts of a process that its lifecycle starts and closes.

    Attributes:
        address: where clients reach this scheduler.
        endpoint_name: the name of that address in the member node.
        election: None for a scheduler that leads alone.
        background: the tasks of a registered leader.
    """

    engine: LogEngine
    storage: Storage
    server: Server
    address: Endpoint
    endpoint_name: str
    registration: Registration
    election: "Election | None"
    background: Sequence[PeriodicTask]


class TimeLimits(NamedTuple):
    """How long a scheduler may lead, and how long it may wait for its registration, in seconds.

    `registration` is None where it does not wait for a Mesos master.
    """

    leading: float
    registration: float | None


class End(NamedTuple):
    """Why the process ends, and its exit status."""

    reason: str
    exit_status: int = 0


class _Deadline(NamedTuple):
    """A moment of the monotonic clock at which the process ends."""

    at: float
    end: End


class Lifecycle:
    """The state machine of one process.

        IDLE -> PREPARING_STORAGE -> STORAGE_PREPARED -> LEADER_AWAITING_REGISTRATION -> ACTIVE
        (standby)                                        (elected)                       (registered and advertised)

    and from each of them to DEAD.

    - Only the thread that called `run` changes the state, one step after another in the order of the requests. Any
      thread may call `elected`, `registered`, `advertised`, `stop` and `fail`: they request a step and return at once.
    - The first end that is requested is the one that happens. A replay of the log stops for it.
    - Background tasks run in ACTIVE only.
    - Every end, a failed start of the leader included, closes the components in one order: the storage finishes its
      transaction and takes no other; the candidate and member nodes are removed from ZooKeeper, so that the next leader
      finds a log without another writer; pending replies are sent; the log is closed, and its lock released, last.
    - Exit status 0: a signal, a committed recovery, -max_leading_duration. Exit status 1: the leadership is lost, the
      memory and the log may differ, or the registration took too long. After `fail` the process is gone within
      FAILED_SECONDS, in order or not.
    """

    def __init__(self, limits: TimeLimits) -> None:
        self._limits = limits
        self._state = "PREPARING_STORAGE"
        self._steps: queue.SimpleQueue[Callable[[], None] | End] = queue.SimpleQueue()
        self._is_ending = False
        self._deadlines: dict[str, _Deadline] = {}
        self._components: Components

    def run(self, components: Components) -> int:
        """Serve until something ends the process; return its exit status. Call it once, in the main thread.

        Raises:
            LogError: the log cannot be taken over or read. The components are closed.
        """
        self._components = components
        self._state = "STORAGE_PREPARED"
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        threading.Thread(target=components.server.serve, name="http", daemon=True).start()
        try:
            self._stand_by()
            end = self._run_steps()
            logger.log(logging.CRITICAL if end.exit_status else logging.INFO, "Shutting down: %s", end.reason)
        finally:
            self._close()
        return end.exit_status

    def elected(self) -> None:
        """No other scheduler leads now: take the log over."""
        self._steps.put(self._lead)

    def registered(self) -> None:
        """A Mesos master is there, or none is needed: become active."""
        self._steps.put(self._activate)

    def advertised(self) -> None:
        """Clients find this scheduler now."""
        self._steps.put(self._announce)

    def stop(self, reason: str) -> None:
        """End the process in order, with status 0."""
        self._end(End(reason))

    def fail(self, reason: str) -> None:
        """End the process with status 1, for a supervisor to start it again; in order if that is soon enough."""
        self._end(End(reason, 1))
        killer = threading.Timer(FAILED_SECONDS, os._exit, [1])
        killer.daemon = True
        killer.start()

    def leadership(self) -> Leadership:
        """Return who leads, as far as this process knows. Call it after `run` has begun."""
        election, address = self._components.election, self._components.address
        if election is not None:
            return leadership(election.members, address)
        return NO_LEADER if self._state == "LEADER_AWAITING_REGISTRATION" else LEADING

    def variables(self) -> dict[str, object]:
        """Return the state as /vars shows it."""
        return {
            **{f"scheduler_lifecycle_{state}": int(state == self._state) for state in STATES},
            "framework_registered": int(self._state == "ACTIVE"),
        }

    def _end(self, end: End) -> None:
        self._is_ending = True
        self._steps.put(end)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # It interrupts the main thread anywhere, possibly while that holds a lock: only what takes no lock is safe
        # here. A SimpleQueue and an attribute are; logging and threading.Event are not.
        self._end(End(f"received {signal.Signals(number).name}"))

    def _run_steps(self) -> End:
        """Run each step that is requested, until an end is requested or a deadline has passed."""
        while True:
            deadline = min(self._deadlines.values(), default=None)
            try:
                step = self._steps.get(timeout=deadline and max(deadline.at - time.monotonic(), 0))
            except queue.Empty:
                assert deadline
                return deadline.end
            if isinstance(step, End):
                return step
            step()

    def _stand_by(self) -> None:
        if self._components.election is None:
            self.elected()
            return
        logger.info("Standing by on http://%s", self._components.address)
        self._components.election.start()

    def _lead(self) -> None:
        """Replay the log, and register."""
        self._state = "LEADER_AWAITING_REGISTRATION"
        logger.info("Elected: taking the log over")
        try:
            self._components.storage.start(lambda: self._is_ending)
        except ReplayStopped:
            return  # the end that stopped it is among the next steps
        self._end_after("leading", self._limits.leading, End("it has led for -max_leading_duration"))
        delay = self._limits.registration
        if delay is not None:
            reason = f"not registered within {delay:g} s (-max_registration_delay)"
            self._end_after("registration", delay, End(reason, 1))
            address = self._components.address
            logger.info("Awaiting registration on http://%s; it is not advertised until then", address)
        self._components.registration.start()

    def _end_after(self, name: str, seconds: float, end: End) -> None:
        self._deadlines[name] = _Deadline(time.monotonic() + seconds, end)

    def _activate(self) -> None:
        """Begin what only a registered leader does, and have it advertised."""
        self._state = "ACTIVE"
        self._components.registration.close()
        self._deadlines.pop("registration", None)
        for task in self._components.background:
            task.start()
        if self._components.election is None:
            self._announce()
        else:
            self._components.election.advertise(self._components.address, self._components.endpoint_name)

    def _announce(self) -> None:
        logger.info("Serving on http://%s", self._components.address)

    def _close(self) -> None:
        components = self._components
        self._state = "DEAD"
        for task in components.background:
            task.stop()
        components.registration.close()
        components.storage.stop()
        if components.election is not None:
            components.election.close()
        components.server.stop()
        components.engine.close()
        logger.info("Stopped")
