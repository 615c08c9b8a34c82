"""The client of a cluster's leading scheduler.

A call is retried while that makes sense. A call that changes something is never sent again when it may have been
carried out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from aurora_admin.client.call import RpcClient, encode_arguments
from aurora_admin.client.discovery import new_finder
from aurora_admin.client.failures import Failure, SchedulerNotReady
from aurora_admin.client.outcome import final_error, may_retry
from aurora_admin.client.reply import Reply, TasksReply, read_reply
from aurora_admin.client.retry import REAL_CLOCK, Clock, Retry
from aurora_admin.errors import CallFailed
from aurora_admin.gen.api.constants import ACTIVE_STATES
from aurora_admin.gen.api.ttypes import ResponseCode, ScheduleStatus, TaskQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from aurora_admin.client.http.transport import Response
    from aurora_admin.client.retry import Deadline
    from aurora_admin.clusters import Cluster
    from aurora_admin.output import Output
    from aurora_admin.wire.reader import Reader

T = TypeVar("T", bound=Reply)

ACTIVE = tuple(ScheduleStatus._VALUES_TO_NAMES[value] for value in sorted(ACTIVE_STATES))  # noqa: SLF001
# Releases before 0.20 do not have it, and fail without a message at a status that they do not know.
NEWEST_STATUS = "PARTITIONED"


class Scheduler:
    """The leading scheduler of a cluster: found at the first call, and again after every failure.

    Every method makes one call, of which the last connection is kept. A reply need not be OK: the scheduler may have
    refused the call, and says why in `message`. An error is raised where there is no reply:

    >>> from aurora_admin.clusters import Cluster
    >>> from aurora_admin.errors import AdminError
    >>> from aurora_admin.output import Output
    >>> west = Cluster("west", {"name": "west", "scheduler_uri": "http://127.0.0.1:1"}, "/etc/aurora/clusters.json")
    >>> scheduler = Scheduler(west, Output(None, None), timeout_seconds=0.1)
    >>> try:
    ...     reply = scheduler.list_backups()
    ...     print(reply.code_name, reply.message, sorted(reply.backups))
    ... except AdminError as error:
    ...     print(type(error).__name__, error.message)
    ... finally:
    ...     scheduler.close()
    ... # doctest: +NORMALIZE_WHITESPACE
    ConnectionFailed Cannot reach the scheduler of west at http://127.0.0.1:1/api: Connection refused. Nothing was
    carried out; check that it runs, and the entry of west in /etc/aurora/clusters.json

    Raises:
        ConfigError: the cluster's entry is incomplete or invalid.
    """

    def __init__(
        self,
        cluster: Cluster,
        log: Output,
        *,
        bypass_leader_redirect: bool = False,
        timeout_seconds: float | None = None,
        clock: Clock = REAL_CLOCK,
    ) -> None:
        """Take the options of every command; nothing is sent yet. `log` gets a warning before each retry."""
        self._cluster = cluster
        self._timeout = timeout_seconds
        self._log = log
        self._clock = clock
        self._finder = new_finder(cluster, log)
        self._rpc = RpcClient(cluster, self._finder, clock, bypass_leader_redirect=bypass_leader_redirect)

    def call(self, method: str, **arguments: Any) -> Reply:
        """Make any call of the API; the arguments are those of the IDL.

        Raises:
            ConnectionFailed, CallFailed, AuthFailed: it was not carried out.
            BadReply: it changes nothing, and there is no usable reply.
            OutcomeUnknown: it may have been carried out; it was sent once.
        """
        return self._call(method, arguments, read_reply)

    def close(self) -> None:
        """Close the connection; tasks of a reply that were not read yet are lost."""
        self._rpc.reset()
        self._finder.close()

    def perform_backup(self) -> Reply:
        """Write a backup; after an OK it is on the scheduler's disk."""
        return self.call("performBackup")

    def list_backups(self) -> Reply:
        """List the backup folder of the scheduler that replies: `backups` of the reply."""
        return self.call("listBackups")

    def cluster_name(self) -> str | None:
        """Return the name of the cluster that the scheduler serves; None if its release does not send it."""
        return self.list_backups().cluster_name

    def stage_recovery(self, backup_id: str) -> Reply:
        """Load a backup into the scheduler's memory."""
        return self.call("stageRecovery", backupId=backup_id)

    def delete_recovery_tasks(self, task_ids: Collection[str]) -> Reply:
        """Delete tasks from the staged backup.

        Raises:
            ValueError: there are no ids; the scheduler would delete all tasks.
        """
        if not task_ids:
            raise ValueError("an empty set of ids means every task")
        return self.call("deleteRecoveryTasks", query=TaskQuery(taskIds=set(task_ids)))

    def commit_recovery(self) -> Reply:
        """Replace the scheduler's state by the staged backup, durably; the scheduler stops after its reply."""
        return self.call("commitRecovery")

    def unload_recovery(self) -> Reply:
        """Drop the staged backup."""
        return self.call("unloadRecovery")

    def snapshot(self) -> Reply:
        """Write the state into the log as one snapshot."""
        return self.call("snapshot")

    def query_recovery(self, statuses: Collection[str] | None = ACTIVE) -> TasksReply:
        """Query the staged tasks in these states; None for all of them."""
        reply = self._tasks("queryRecovery", statuses)
        if statuses and NEWEST_STATUS in statuses and reply.is_error_without_text:
            return self._tasks("queryRecovery", [name for name in statuses if name != NEWEST_STATUS])
        return reply

    def raw_tasks(self, method: str, statuses: Collection[str] | None = None) -> Iterator[bytes]:
        """Yield the bytes of each task in the reply to queryRecovery or getTasksStatus, as they arrive.

        Raises:
            CallFailed: the reply is not OK; else as `call`.
        """
        reply = self._tasks(method, statuses)
        if not reply.ok:
            raise CallFailed(f"The reply to {method} is {reply.code_name}: {reply.message}")
        yield from reply.raw_tasks

    def _tasks(self, method: str, statuses: Collection[str] | None) -> TasksReply:
        numbers = ScheduleStatus._NAMES_TO_VALUES  # noqa: SLF001
        query = TaskQuery(statuses=None if statuses is None else {numbers[name] for name in statuses})
        return self._call(method, {"query": query}, lambda reader, response: TasksReply(reader, response, method))

    def _call(self, method: str, arguments: dict[str, Any], read: Callable[[Reader, Response], T]) -> T:
        body = encode_arguments(method, arguments)
        retry = Retry(self._finder.clock(self._clock), self._log, self._timeout)
        try:
            while True:
                outcome = self._attempt(method, body, retry.attempt_deadline(), read)
                if not isinstance(outcome, Failure):
                    return outcome
                self._rpc.reset()
                if not may_retry(method, outcome) or not retry.wait_after(outcome):
                    raise final_error(method, outcome, self._cluster) from outcome
        finally:
            self._finder.close()

    def _attempt(
        self, method: str, body: bytes, deadline: Deadline, read: Callable[[Reader, Response], T]
    ) -> T | Failure:
        try:
            reader, response = self._rpc.call(method, body, deadline)
            reply = read(reader, response)
        except Failure as failure:
            return failure
        return SchedulerNotReady(reply.message, response.url) if reply.code == ResponseCode.ERROR_TRANSIENT else reply
