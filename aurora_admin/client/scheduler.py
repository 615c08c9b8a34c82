"""The client of a cluster's leading scheduler.

A call is retried while that makes sense. A call that changes something is never sent again when it may have been
carried out.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from aurora_admin.client.arguments import encode_arguments
from aurora_admin.client.call import RpcClient
from aurora_admin.client.discovery import ConfiguredFinder, new_finder
from aurora_admin.client.failures import Failure, NotLeading, SchedulerNotReady
from aurora_admin.client.inquiry import name_warning
from aurora_admin.client.outcome import final_error, interrupted, is_read_only, may_retry
from aurora_admin.client.reply import Reply, TasksReply, read_reply
from aurora_admin.client.retry import REAL_CLOCK, Clock, Retry
from aurora_admin.client.selection import ACTIVE, Selection
from aurora_admin.client.waiting import waiting_reported
from aurora_admin.errors import CallFailed
from aurora_admin.gen.api.ttypes import ResponseCode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from contextlib import AbstractContextManager

    from aurora_admin.client.http.transport import HttpResponse
    from aurora_admin.client.retry import Deadline
    from aurora_admin.clusters import Cluster
    from aurora_admin.output import Output
    from aurora_admin.wire.reader import Reader

T = TypeVar("T", bound=Reply)

# Releases before 0.20 do not have it, and fail without a message at a status that they do not know.
NEWEST_STATUS = "PARTITIONED"
# What is staged is in the memory of the scheduler that is called, so these make sense on the leader only.
RECOVERY_CALLS = frozenset(
    {"stageRecovery", "queryRecovery", "deleteRecoveryTasks", "commitRecovery", "unloadRecovery"}
)


class _NoMatch(Exception):
    """No task matches what is to be pruned."""


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
        self._is_warned_of_standby = self._is_warned_of_name = False
        self._has_changed = False  # whether a call that changes something was carried out, or may have been
        self._finder = new_finder(cluster, log)
        self._rpc = RpcClient(cluster, self._finder, clock, log, bypass_leader_redirect=bypass_leader_redirect)

    def call(self, method: str, **arguments: Any) -> Reply:
        """Make any call of the API; the arguments are those of the IDL.

        Raises:
            ConnectionFailed, CallFailed, AuthFailed: it was not carried out.
            BadReply: it changes nothing, and there is no usable reply.
            OutcomeUnknown: it may have been carried out; it was sent once. Interrupted, which is one, at Ctrl-C.
        """
        return self._call(method, arguments, read_reply)

    def extra_headers(self, headers: Mapping[str, str]) -> AbstractContextManager[None]:
        """Send these HTTP headers too with the calls in a `with` block."""
        return self._rpc.extra_headers(headers)

    def page(self, name: str) -> tuple[int, str]:
        """Return status and text of a page of the scheduler that replied last, read once.

        Raises:
            Failure, AdminError: there is no response.
        """
        return self._rpc.page(name)

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
        """Return the -cluster_name of the scheduler, by a call that changes nothing; raise as `call`.

        It precedes a change, so it is retried no longer than that.

        A scheduler that does not lead replies too, if it is called with bypass_leader_redirect. None if a reply does
        not have the name, as without authorization.
        """
        return self._call("listBackups", {}, read_reply, before_change=True).cluster_name

    def stage_recovery(self, backup_id: str) -> Reply:
        """Load a backup into the scheduler's memory."""
        return self.call("stageRecovery", backupId=backup_id)

    def staged_backup(self) -> str:
        """Return which backup is staged on the scheduler that replied last, since when, and from which address.

        Only our reference scheduler says so; the text is empty with others, and if nothing is staged.
        """
        return self._rpc.staged_backup()

    def delete_recovery_tasks(self, task_ids: Collection[str]) -> Reply:
        """Delete tasks from the staged backup.

        Raises:
            ValueError: there are no ids; the scheduler would delete all tasks.
        """
        if not task_ids:
            raise ValueError("an empty set of ids means every task")
        return self.call("deleteRecoveryTasks", query=Selection(task_ids=task_ids).query())

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
        return self.tasks("queryRecovery", Selection(statuses=statuses))

    def raw_tasks(self, method: str, statuses: Collection[str] | None = None) -> Iterator[bytes]:
        """Yield the bytes of each task in the reply to queryRecovery or getTasksStatus, as they arrive.

        Raises:
            CallFailed: the reply is not OK; else as `call`.
        """
        reply = self.tasks(method, Selection(statuses=statuses))
        if not reply.ok:
            raise CallFailed(f"The reply to {method} is {reply.code_name}: {reply.message}")
        yield from reply.raw_tasks

    def tasks(self, method: str, selection: Selection) -> TasksReply:
        """Query tasks with queryRecovery, getTasksStatus or getTasksWithoutConfigs; raise as `call`."""
        reply = self._tasks(method, selection)
        known = [name for name in selection.statuses or () if name != NEWEST_STATUS]
        if reply.is_error_without_text and 0 < len(known) < len(selection.statuses or ()):
            return self._tasks(method, selection._replace(statuses=known))  # but never none, which would mean all
        return reply

    def prune(self, selection: Selection) -> Reply | None:
        """Delete the tasks that a selection matches, durably; None if it matches none, and then nothing is sent.

        A scheduler that is to prune what matches no task deletes every task (docs/api.md 1.7). So it is asked for a
        match directly before the call, and again before each retry.

        Raises:
            ValueError: the selection has no statuses, so that the scheduler could delete active tasks.
            CallFailed: the scheduler refuses the question, and nothing was sent; else as `call`.
        """
        if not selection.statuses:
            raise ValueError("no statuses mean every task")
        check = partial(self._check_matches, selection)
        try:
            check()
            return self._call("pruneTasks", {"query": selection.query()}, read_reply, before_retry=check)
        except _NoMatch:
            return None

    def _check_matches(self, selection: Selection) -> None:
        reply = self.tasks("getTasksStatus", selection._replace(limit=1))
        if not reply.ok:
            raise CallFailed(f"Failed to query scheduler: {reply.message}. Nothing was pruned")
        if not sum(1 for _ in reply.raw_tasks):  # all of the reply is read, so that one that breaks off is an error
            raise _NoMatch

    def _tasks(self, method: str, selection: Selection) -> TasksReply:
        return self._call(method, {"query": selection.query()}, partial(self._tasks_reply, method))

    def _tasks_reply(self, method: str, reader: Reader, response: HttpResponse) -> TasksReply:
        return TasksReply(reader, response, method, self._note_cluster_name)

    def _call(
        self,
        method: str,
        arguments: dict[str, Any],
        read: Callable[[Reader, HttpResponse], T],
        *,
        before_change: bool = False,
        before_retry: Callable[[], None] = lambda: None,
    ) -> T:
        body = encode_arguments(method, arguments)
        is_patient = is_read_only(method) and not before_change
        retry = Retry(self._finder.clock(self._clock), self._log, self._timeout, is_patient=is_patient)
        try:
            self._warn_of_standby(method)
            while True:
                outcome = self._attempt(method, body, retry.attempt_deadline(), read)
                self._note_change(method, outcome)
                if not isinstance(outcome, Failure):
                    self._note_cluster_name(outcome.cluster_name)
                    return outcome
                self._rpc.reset()
                if isinstance(outcome, NotLeading):
                    outcome = self._rpc.inquiry.explained(outcome)
                if not may_retry(method, outcome) or not retry.wait_after(outcome):
                    raise final_error(method, outcome, self._cluster, has_changed=self._has_changed) from outcome
                before_retry()
        except KeyboardInterrupt as interrupt:
            if self._rpc.sent_to is None or is_read_only(method):
                raise
            raise interrupted(method, self._rpc.sent_to) from interrupt
        finally:
            self._finder.close()

    def _note_change(self, method: str, outcome: Reply | Failure) -> None:
        is_done = outcome.may_have_run if isinstance(outcome, Failure) else outcome.ok
        self._has_changed = self._has_changed or (is_done and not is_read_only(method))

    def _note_cluster_name(self, name: str | None) -> None:
        """Warn, once, if the scheduler has another -cluster_name than the cluster that was named."""
        warning = name_warning(self._cluster, name)
        if warning and not self._is_warned_of_name:
            self._is_warned_of_name = True
            self._log.warn(warning)

    def _warn_of_standby(self, method: str) -> None:
        if method not in RECOVERY_CALLS or not isinstance(self._finder, ConfiguredFinder):
            return
        warning = self._rpc.inquiry.standby_warning(self._finder.find().api)
        if warning and not self._is_warned_of_standby:
            self._is_warned_of_standby = True
            self._log.warn(warning)

    def _attempt(
        self, method: str, body: bytes, deadline: Deadline, read: Callable[[Reader, HttpResponse], T]
    ) -> T | Failure:
        try:
            with waiting_reported(self._log, method, deadline.left()):
                reader, response = self._rpc.call(method, body, deadline)
                reply = read(reader, response)
            self._rpc.reply_was_read()
        except Failure as failure:
            failure.redirected_by = self._rpc.redirected_by
            return failure
        return SchedulerNotReady(reply.message, response.url) if reply.code == ResponseCode.ERROR_TRANSIENT else reply
