"""A scheduler's answers, for commands: the code, the message, and what was asked for."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from thrift.Thrift import TType

from aurora_admin.client.failures import Failure, Unusable
from aurora_admin.client.message import readable
from aurora_admin.errors import BadReply
from aurora_admin.gen.api.ttypes import Response as Envelope
from aurora_admin.gen.api.ttypes import ResponseCode, ResponseDetail, Result, ScheduleStatus
from aurora_admin.gen.slim.ttypes import ScheduledTask
from aurora_admin.wire.errors import WireError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aurora_admin.client.http.transport import Response
    from aurora_admin.wire.reader import Reader

# Where a result has its tasks: the field of Result; in it, it is field 1.
TASKS_FIELD = {"queryRecovery": 9, "getTasksStatus": 3, "getTasksWithoutConfigs": 3}
STATUS_NAMES = ScheduleStatus._VALUES_TO_NAMES  # noqa: SLF001 - what the compiler calls it
CODE_NAMES = ResponseCode._VALUES_TO_NAMES  # noqa: SLF001
NO_TEXT = "Unknown error"  # the original's word for a detail without text
OLD_MESSAGE = 2  # where releases up to 0.6 have it, without details (docs/cli.md 3.4)
NO_CODE = "the answer has no response code"


class Reply:
    """An answer: whether it is OK, what the scheduler says to it, and the result, if there is one."""

    def __init__(self, code: int, message: str, result: Result | None = None) -> None:
        self.code = code
        self.message = message
        self.result = result

    @property
    def ok(self) -> bool:
        return self.code == ResponseCode.OK

    @property
    def code_name(self) -> str:
        """The code's name, or its number if no release that we know has it."""
        return CODE_NAMES.get(self.code) or str(self.code)

    @property
    def is_unexplained(self) -> bool:
        """Whether the scheduler failed without a word, as at a number that its release does not know."""
        return self.code == ResponseCode.ERROR and self.message == NO_TEXT

    @property
    def backups(self) -> list[str]:
        """The names that listBackups gave, in no order."""
        found = self.result and self.result.listBackupsResult
        return list(found.backups or ()) if found else []


class Task(NamedTuple):
    """What commands show of a task."""

    role: str
    name: str
    instance: int
    status: str
    task_id: str


class TasksReply(Reply):
    """An answer with tasks that are read while they arrive.

    Code and message are there at once. A scheduler sends its message after the tasks: what it says to an OK answer is
    in `message` only when all of them have been read.
    """

    def __init__(self, reader: Reader, response: Response, method: str) -> None:
        super().__init__(-1, "")
        self._reader = reader
        self._response = response
        self._walk = self._envelope(TASKS_FIELD[method])
        with readable(response):
            self.count = next(self._walk, 0)
        if self.code < 0:
            raise Unusable(NO_CODE, response.url)

    @property
    def tasks(self) -> Iterator[Task]:
        """Yield each task, once.

        Raises:
            BadReply: the answer breaks off, or is not what a scheduler sends; the tasks before were right.
        """
        names = STATUS_NAMES
        with self._told():
            for _, item, _ in self._structs():
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
                except AttributeError:  # noqa: PERF203 - costs nothing, and asking each of them would
                    raise Unusable("a task lacks its job or its id", self._response.url) from None

    @property
    def raw_tasks(self) -> Iterator[bytes]:
        """Yield the bytes of each task, once; raises as `tasks`."""
        with self._told():
            for start, _, end in self._structs():
                yield self._reader.slice(start, end)

    def _structs(self) -> Iterator[tuple[int, Any, int]]:
        self._response.stream()
        yield from self._reader.structs(ScheduledTask, self.count)
        next(self._walk, None)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell that tasks are missing: those before may have been shown by now, so it is too late to ask again."""
        url = self._response.url
        try:
            with readable(self._response):
                yield
        except Failure as failure:
            raise BadReply(
                f"The answer from {url} is not complete, {failure.reason}: tasks are missing from what was "
                "shown. Run the command again"
            ) from failure

    def _envelope(self, member: int) -> Iterator[int]:
        """Read the answer, but stop where its tasks begin, with their number."""
        reader = self._reader
        for ttype, field in _response_fields(reader):
            if (ttype, field) == (TType.I32, 1):
                self.code = reader.i32()
            elif (ttype, field) == (TType.STRING, OLD_MESSAGE):
                self.message = reader.string().decode("utf-8", "replace")
            elif (ttype, field) == (TType.STRUCT, 3) and self.ok:
                yield from _structs_at(reader, member, 1)
            elif (ttype, field) == (TType.LIST, 6):
                details = [reader.struct(ResponseDetail) for _ in range(_struct_count(reader))]
                self.message = _joined(details) or self.message
            else:
                reader.skip(ttype)


def reply_of(reader: Reader, response: Response) -> Reply:
    """Read a whole answer.

    Raises:
        Failure: it breaks off, or is not what a scheduler sends.
    """
    envelope = None
    with readable(response):
        for ttype, field in _fields(reader):
            if (ttype, field) == (TType.STRUCT, 0):
                envelope = reader.struct(Envelope)
            else:
                reader.skip(ttype)
    if envelope is None or envelope.responseCode is None:
        raise Unusable(NO_CODE, response.url)
    message = _joined(envelope.details or ()) or envelope.messageDEPRECATED or ""
    return Reply(envelope.responseCode, message, envelope.result)


def _joined(details: Iterable[ResponseDetail]) -> str:
    return ", ".join(NO_TEXT if detail.message is None else detail.message for detail in details)


def _fields(reader: Reader) -> Iterator[tuple[int, int]]:
    """Yield type and id of each field of a struct; the caller reads or skips its value before the next."""
    while (field := reader.field())[0] != TType.STOP:
        yield field


def _response_fields(reader: Reader) -> Iterator[tuple[int, int]]:
    for ttype, field in _fields(reader):
        if (ttype, field) == (TType.STRUCT, 0):
            yield from _fields(reader)
        else:
            reader.skip(ttype)


def _structs_at(reader: Reader, *path: int) -> Iterator[int]:
    """Stop where the structs of the list or set at a path of field ids begin, with their number; skip the rest."""
    for ttype, field in _fields(reader):
        if field != path[0]:
            reader.skip(ttype)
        elif len(path) > 1:
            yield from _structs_at(reader, *path[1:])
        else:
            yield _struct_count(reader)


def _struct_count(reader: Reader) -> int:
    etype, count = reader.container()
    if count and etype != TType.STRUCT:
        raise WireError(f"structs were expected here, not type {etype}", reader.position)
    return count
