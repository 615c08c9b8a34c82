"""Calls to a scheduler: sent until they succeed or waiting makes no sense, and never twice where that could do harm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from aurora_admin.client.call import Caller, encoded
from aurora_admin.client.discovery import finder
from aurora_admin.client.failures import Failure, LookupFailed, NotReady, Unreachable
from aurora_admin.client.reply import Reply, TasksReply, reply_of
from aurora_admin.client.retry import REAL_CLOCK, Attempts, Clock
from aurora_admin.errors import AdminError, BadReply, CallFailed, ConnectionFailed, OutcomeUnknown
from aurora_admin.gen.api.constants import ACTIVE_STATES
from aurora_admin.gen.api.ttypes import ResponseCode, ScheduleStatus, TaskQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from aurora_admin.client.http.transport import Response
    from aurora_admin.client.retry import Deadline
    from aurora_admin.clusters import Cluster
    from aurora_admin.command import Options
    from aurora_admin.output import Output
    from aurora_admin.wire.reader import Reader

T = TypeVar("T", bound=Reply)

# Calls that change nothing, and so may be sent again whatever became of the first. Every other call is sent again only
# when it certainly was not carried out.
READING = frozenset(
    {
        "getConfigSummary",
        "getJobSummary",
        "getJobUpdateDetails",
        "getJobUpdateDiff",
        "getJobUpdateSummaries",
        "getJobs",
        "getPendingReason",
        "getQuota",
        "getRoleSummary",
        "getTasksStatus",
        "getTasksWithoutConfigs",
        "getTierConfigs",
        "listBackups",
        "maintenanceStatus",
        "populateJobConfig",
        "queryRecovery",
    }
)

# How to find out whether a call whose answer was lost was carried out.
FIND_OUT = {
    "commitRecovery": "The scheduler may have committed the backup and be restarting: wait until it serves again, then "
    "look whether its tasks are those of the backup; scheduler_print_recovery_tasks {0} still lists "
    "tasks if nothing was committed",
    "deleteRecoveryTasks": "See with scheduler_print_recovery_tasks {0} whether the tasks are gone; deleting them "
    "again does no harm",
    "performBackup": "See with scheduler_list_backups {0} whether there is a new backup",
    "snapshot": "The scheduler's log tells whether a snapshot was written; taking another does no harm",
    "stageRecovery": "See with scheduler_print_recovery_tasks {0} whether a backup is staged",
    "unloadRecovery": "See with scheduler_print_recovery_tasks {0} whether a backup is still staged",
}
LOOK_FIRST = "Look at what the scheduler has now before you do it again"

ACTIVE = tuple(ScheduleStatus._VALUES_TO_NAMES[value] for value in sorted(ACTIVE_STATES))  # noqa: SLF001
# Releases before 0.20 do not have it, and fail at a status that they do not know without saying why.
NEWEST_STATUS = "PARTITIONED"


class Scheduler:
    """The leading scheduler of a cluster."""

    def __init__(self, cluster: Cluster, options: Options, log: Output, clock: Clock = REAL_CLOCK) -> None:
        self._cluster = cluster
        self._timeout = options.timeout_seconds
        self._log = log
        self._clock = clock
        self._finder = finder(cluster, log)
        self._caller = Caller(cluster, self._finder, clock, bypass_leader_redirect=options.bypass_leader_redirect)

    def call(self, method: str, **arguments: Any) -> Reply:
        """Make any call of the API; arguments are those of its IDL.

        Raises:
            ConnectionFailed, CallFailed, AuthFailed: it was not carried out.
            BadReply: it changes nothing, and there is no usable answer.
            OutcomeUnknown: it may have been carried out; it was sent once.
        """
        return self._call(method, arguments, reply_of)

    def close(self) -> None:
        """Drop the connection that is kept for the next call; tasks that were not read by now cannot be any more."""
        self._caller.forget()
        self._finder.close()

    def perform_backup(self) -> Reply:
        """Write a backup; it is on the scheduler's disk once the answer is OK."""
        return self.call("performBackup")

    def list_backups(self) -> Reply:
        """List the backup folder of the scheduler that answers: `backups` of the reply."""
        return self.call("listBackups")

    def stage_recovery(self, backup_id: str) -> Reply:
        """Load a backup into the scheduler's memory."""
        return self.call("stageRecovery", backupId=backup_id)

    def delete_recovery_tasks(self, task_ids: Collection[str]) -> Reply:
        """Delete tasks from the staged backup.

        Raises:
            ValueError: there are no ids; the scheduler would take that for all tasks.
        """
        if not task_ids:
            raise ValueError("an empty set of ids means every task")
        return self.call("deleteRecoveryTasks", query=TaskQuery(taskIds=set(task_ids)))

    def commit_recovery(self) -> Reply:
        """Replace the scheduler's state by the staged one, durably; the scheduler ends itself in this call."""
        return self.call("commitRecovery")

    def unload_recovery(self) -> Reply:
        """Forget the staged backup."""
        return self.call("unloadRecovery")

    def snapshot(self) -> Reply:
        """Write the state into the log as one snapshot."""
        return self.call("snapshot")

    def query_recovery(self, statuses: Collection[str] | None = ACTIVE) -> TasksReply:
        """Ask for the staged tasks in these states; None for all of them."""
        reply = self._tasks("queryRecovery", statuses)
        if statuses and NEWEST_STATUS in statuses and reply.is_unexplained:
            return self._tasks("queryRecovery", [name for name in statuses if name != NEWEST_STATUS])
        return reply

    def raw_tasks(self, method: str, statuses: Collection[str] | None = None) -> Iterator[bytes]:
        """Yield the bytes of each task that queryRecovery or getTasksStatus gives, as they arrive.

        Raises:
            CallFailed: the answer is not OK; else as `call`.
        """
        reply = self._tasks(method, statuses)
        if not reply.ok:
            raise CallFailed(f"{method} was answered by {reply.code_name}: {reply.message}")
        yield from reply.raw_tasks

    def _tasks(self, method: str, statuses: Collection[str] | None) -> TasksReply:
        numbers = ScheduleStatus._NAMES_TO_VALUES  # noqa: SLF001
        query = TaskQuery(statuses=None if statuses is None else {numbers[name] for name in statuses})
        return self._call(method, {"query": query}, lambda reader, response: TasksReply(reader, response, method))

    def _call(self, method: str, arguments: dict[str, Any], read: Callable[[Reader, Response], T]) -> T:
        body = encoded(method, arguments)
        attempts = Attempts(self._finder.clock(self._clock), self._log, self._timeout)
        try:
            while True:
                outcome = self._attempt(method, body, attempts.deadline(), read)
                if not isinstance(outcome, Failure):
                    return outcome
                self._caller.forget()
                is_over = outcome.may_have_run and method not in READING
                if is_over or not attempts.again(outcome):
                    raise self._error(method, outcome) from outcome
        finally:
            self._finder.close()

    def _attempt(
        self, method: str, body: bytes, deadline: Deadline, read: Callable[[Reader, Response], T]
    ) -> T | Failure:
        try:
            reader, response = self._caller.call(method, body, deadline)
            reply = read(reader, response)
        except Failure as failure:
            return failure
        return NotReady(reply.message, response.url) if reply.code == ResponseCode.ERROR_TRANSIENT else reply

    def _error(self, method: str, failure: Failure) -> AdminError:
        name, path = self._cluster.name, self._cluster.path
        if isinstance(failure, LookupFailed):
            return failure.error()
        if isinstance(failure, Unreachable):
            return ConnectionFailed(
                f"Cannot reach the scheduler of {name} at {failure.url}: {failure.reason}. Nothing "
                f"was carried out; check that it runs, and the entry of {name} in {path}"
            )
        if not failure.may_have_run:
            return CallFailed(
                f"The scheduler of {name} at {failure.url} is not ready: {failure.reason}. Nothing was "
                "carried out; try again in a few minutes"
            )
        text = f"No usable answer to {method} from {failure.url}: {failure.reason}"
        if method in READING:
            return BadReply(f"{text}. Try again, and check that the entry of {name} in {path} names a scheduler")
        advice = FIND_OUT.get(method, LOOK_FIRST).format(name)
        return OutcomeUnknown(
            f"{text}. It may have been carried out. {advice}",
            hint=f"the entry of {name} in {path} has to name a scheduler",
        )
