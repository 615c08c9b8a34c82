"""Replies of a scheduler: the Response in the result of a method.

A reply with tasks is read while it arrives, so that a million of them need no memory.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from thrift.Thrift import TType

from aurora_admin.calls import DETAILS, RESPONSE_CODE, RESULT, SERVER_INFO, STAGED_TASKS, SUCCESS, TASKS
from aurora_admin.client.failures import LOOKUP_CHARACTERS, Failure, InvalidReply, one_line
from aurora_admin.client.message import wire_errors_as_failures
from aurora_admin.errors import BadReply
from aurora_admin.gen.api.ttypes import Response, ResponseCode, ResponseDetail, Result, ScheduleStatus, ServerInfo
from aurora_admin.gen.slim.ttypes import AnyTask, ScheduledTask
from aurora_admin.wire.codec import decode
from aurora_admin.wire.path import path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from aurora_admin.client.http.transport import HttpResponse
    from aurora_admin.wire.path import Path
    from aurora_admin.wire.reader import Reader
    from aurora_admin.wire.struct import Struct

OLD_MESSAGE = path(Response, "messageDEPRECATED")  # of releases up to 0.6, without details (docs/cli.md 3.4)
TASKS_OF = {
    "queryRecovery": STAGED_TASKS,
    "getTasksStatus": TASKS,
    "getTasksWithoutConfigs": TASKS,
}
STATUS_NAMES = ScheduleStatus._VALUES_TO_NAMES  # noqa: SLF001 - the compiler's name for it
CODE_NAMES = ResponseCode._VALUES_TO_NAMES  # noqa: SLF001
NO_TEXT = "Unknown error"  # the original's text for a detail without one, or with an empty one
NO_RESULT = (
    "The reply of the scheduler is OK, but has no result, so it is unknown what there is. Try again; if that does not "
    "help, check that the cluster's entry names a scheduler"
)
NO_CODE = "the reply has no response code"


class Reply:
    """A reply: its code, the scheduler's message, and the result, if there is one."""

    def __init__(self, code: int, message: str, result: Result | None = None, cluster_name: str | None = None) -> None:
        self.code = code
        self.message = message
        self.result = result
        self.cluster_name = cluster_name  # of the scheduler's -cluster_name; None if the reply does not have it

    @property
    def ok(self) -> bool:
        return self.code == ResponseCode.OK

    @property
    def code_name(self) -> str:
        """The code's name; its number if no known release has it."""
        return CODE_NAMES.get(self.code) or str(self.code)

    @property
    def is_error_without_text(self) -> bool:
        """Whether the scheduler failed without a message, as at an enum value that its release does not have."""
        return self.code == ResponseCode.ERROR and self.message == NO_TEXT

    @property
    def backups(self) -> list[str]:
        """The names in a reply to listBackups, in no order.

        Raises:
            BadReply: the reply is OK and has no list; an empty list is another thing.
        """
        found = self.result and self.result.listBackupsResult
        if self.ok and not found:
            raise BadReply(NO_RESULT)
        return list(found.backups or ()) if found else []


class Task(NamedTuple):
    """The part of a task that commands show."""

    role: str
    name: str
    instance: int
    status: str
    task_id: str


class TasksReply(Reply):
    """A reply whose tasks are read as they arrive; they can be read only once.

    Code, message and `count` are known at once. The scheduler sends a message and the name of its cluster after the
    tasks: `message` of an OK reply and `cluster_name` are known when all tasks have been read. A scheduler that fails
    while it sends them fills up the announced number with empty structs and appends another code and its message:
    Thrift takes the last value of a field.
    """

    def __init__(
        self, reader: Reader, response: HttpResponse, method: str, note_cluster_name: Callable[[str | None], None]
    ) -> None:
        super().__init__(-1, "")
        self.url = response.url  # of the scheduler that replied
        self._note_cluster_name = note_cluster_name
        self._reader = reader
        self._response = response
        self._envelope = self._read_envelope(TASKS_OF[method])
        with wire_errors_as_failures(response):
            count = next(self._envelope, None)
        if self.code < 0:
            raise InvalidReply(NO_CODE, response.url)
        self.count = count or 0
        self._has_result = count is not None

    @property
    def tasks(self) -> Iterator[Task]:
        """Yield each task.

        Raises:
            BadReply: the reply breaks off, or is not valid; the tasks before are right.
        """
        names = STATUS_NAMES
        with self._failures_as_bad_reply():
            structs = self._structs()
            for start, item, end in structs:
                try:
                    assigned = item.assignedTask
                    job = assigned.task.job
                    yield Task(
                        job.role.decode("utf-8", "replace"),
                        job.name.decode("utf-8", "replace"),
                        assigned.instanceId,
                        names.get(item.status) or str(item.status),
                        assigned.taskId.decode("utf-8", "replace"),
                    )
                except AttributeError:  # noqa: PERF203 - costs nothing; a check of each task would
                    yield _task_without_key(self._reader.slice(start, end)) or self._fail_at_incomplete_task(structs)

    def records(self, kind: type[Struct], is_complete: Callable[[Any], bool] | None = None) -> Iterator[Any]:
        """Yield each task as this struct, which has the fields of ScheduledTask or fewer; raise as `tasks`.

        A task that is not complete, by default one without the key of its job, makes the reply invalid.
        """
        is_complete = is_complete or _has_job
        with self._failures_as_bad_reply():
            structs = self._structs(kind)
            for _, item, _ in structs:
                if not is_complete(item):
                    self._fail_at_incomplete_task(structs)
                yield item

    @property
    def raw_tasks(self) -> Iterator[bytes]:
        """Yield the bytes of each task; raise as `tasks`."""
        with self._failures_as_bad_reply():
            structs = self._structs()
            for start, item, end in structs:
                if item.assignedTask is None:
                    self._fail_at_incomplete_task(structs)
                yield self._reader.slice(start, end)

    def _structs(self, kind: type[Struct] = ScheduledTask) -> Iterator[tuple[int, Any, int]]:
        if self.ok and not self._has_result:
            raise BadReply(NO_RESULT)
        self._response.limit_silence_only()
        yield from self._reader.structs(kind, self.count)
        next(self._envelope, None)
        if self.count and not self.ok:
            raise BadReply(
                f"The tasks from {self._response.url} are incomplete, because the scheduler failed while it sent them: "
                f"{one_line(self.message, LOOKUP_CHARACTERS)}"
            )

    def _fail_at_incomplete_task(self, structs: Iterator[object]) -> NoReturn:
        deque(structs, maxlen=0)  # raises if the scheduler says why
        raise InvalidReply("a task has no job or no id", self._response.url)

    @contextmanager
    def _failures_as_bad_reply(self) -> Iterator[None]:
        """Turn a failure into an error: tasks may have been shown by now, so it is too late for a retry."""
        try:
            with wire_errors_as_failures(self._response):
                yield
        except Failure as failure:
            raise BadReply(
                f"The tasks from {self._response.url} are incomplete: {failure.reason}. Run the command again; if it "
                "fails again, the log of the scheduler has the details"
            ) from failure

    def _read_envelope(self, tasks: Path) -> Iterator[int]:
        """Read the Response; stop where its tasks begin, and yield their number."""
        reader = self._reader
        for field in _response_fields(reader):
            if _is(field, RESPONSE_CODE):
                self.code = reader.i32()
            elif _is(field, OLD_MESSAGE):
                self.message = reader.string().decode("utf-8", "replace")
            elif _is(field, RESULT) and self.ok:
                yield from _structs_at(reader, tasks.ids, tasks.ttype)
            elif _is(field, DETAILS):
                details = [reader.struct(ResponseDetail) for _ in range(reader.struct_count())]
                self.message = _joined(details) or self.message
            elif _is(field, SERVER_INFO):
                self.cluster_name = reader.struct(ServerInfo).clusterName
                self._note_cluster_name(self.cluster_name)
            else:
                reader.skip(field[0])


def read_reply(reader: Reader, response: HttpResponse) -> Reply:
    """Read a reply to its end.

    Raises:
        Failure: it breaks off, or is not valid.
    """
    envelope = None
    with wire_errors_as_failures(response):
        for field in reader.fields():
            if _is(field, SUCCESS):
                envelope = reader.struct(Response)
            else:
                reader.skip(field[0])
    if envelope is None or envelope.responseCode is None:
        raise InvalidReply(NO_CODE, response.url)
    message = _joined(envelope.details or ()) or envelope.messageDEPRECATED or ""
    server = envelope.serverInfo
    return Reply(envelope.responseCode, message, envelope.result, server.clusterName if server else None)


def _joined(details: Iterable[ResponseDetail]) -> str:
    return ", ".join(detail.message or NO_TEXT for detail in details)


def _task_without_key(raw: bytes) -> Task | None:
    """Return a task whose job has no key, as in 0.5 (docs/cli.md 4.5); None if it does not say what its job is."""
    task: Any = decode(AnyTask, raw)
    try:
        config = task.assignedTask.task
        return Task(
            config.owner.role.decode("utf-8", "replace"),
            config.jobName.decode("utf-8", "replace"),
            task.assignedTask.instanceId,
            STATUS_NAMES.get(task.status) or str(task.status),
            task.assignedTask.taskId.decode("utf-8", "replace"),
        )
    except AttributeError:
        return None


def _has_job(item: Any) -> bool:
    assigned = item.assignedTask
    return assigned is not None and assigned.task is not None and assigned.task.job is not None


def _is(field: tuple[int, int], wanted: Path) -> bool:
    return field == (wanted.ttype, wanted.id)


def _response_fields(reader: Reader) -> Iterator[tuple[int, int]]:
    for field in reader.fields():
        if _is(field, SUCCESS):
            yield from reader.fields()
        else:
            reader.skip(field[0])


def _structs_at(reader: Reader, ids: Sequence[int], ttype: int) -> Iterator[int]:
    """Stop where the structs of the list or set at these field ids begin, and yield their number; skip the rest."""
    wanted = (ttype if len(ids) == 1 else TType.STRUCT, ids[0])
    for field in reader.fields():
        if field != wanted:
            reader.skip(field[0])
        elif len(ids) > 1:
            yield from _structs_at(reader, ids[1:], ttype)
        else:
            yield reader.struct_count()
