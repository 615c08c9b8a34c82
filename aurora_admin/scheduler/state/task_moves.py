"""The state machine of tasks: which changes of status are legal, and what else each of them does (docs/api.md 3.1).

There are no agents: a kill is asked of nobody, and nobody reports that a task has ended.
"""

from collections.abc import Iterable, Iterator, Mapping

from aurora_admin.gen.api.ttypes import ScheduledTask, ScheduleStatus, TaskConfig, TaskEvent
from aurora_admin.scheduler.state.live_tasks import LiveTasks
from aurora_admin.scheduler.state.ops import TASK_ID, Op, remove_tasks, save_tasks
from aurora_admin.scheduler.state.transitions import ACTIVE, NOT_STARTED, TERMINAL, pending
from aurora_admin.snapshot.paths import TASK_CONFIG, TASK_EVENTS, TASK_STATUS
from aurora_admin.snapshot.upgrade import EVENT_STATUS
from aurora_admin.wire import codec, fields
from aurora_admin.wire.path import path

FAILURES = path(ScheduledTask, "failureCount")
TIMES_PARTITIONED = path(ScheduledTask, "timesPartitioned")
ANCESTOR = path(ScheduledTask, "ancestorId")
HOST = path(ScheduledTask, "assignedTask.slaveHost")
IS_SERVICE = path(TaskConfig, "isService")
MAX_FAILURES = path(TaskConfig, "maxTaskFailures")
ANY_NUMBER_OF_FAILURES = -1

RESCHEDULED = "Rescheduled"
LOST_WHILE_PARTITIONED = "Action performed on partitioned task, marking as LOST."

S = ScheduleStatus
STARTED = frozenset((S.ASSIGNED, S.STARTING, S.RUNNING))
# The statuses of a task that was asked to end, and is to run again elsewhere.
MAKING_WAY = frozenset((S.RESTARTING, S.DRAINING, S.PREEMPTING))
STOPPING = MAKING_WAY | {S.KILLING}
LEGAL: Mapping[int, frozenset[int]] = {
    S.PENDING: frozenset((S.ASSIGNED, S.KILLING)),
    S.THROTTLED: frozenset((S.PENDING, S.KILLING)),
    S.ASSIGNED: TERMINAL | STOPPING | {S.STARTING, S.RUNNING},
    S.STARTING: TERMINAL | STOPPING | {S.RUNNING, S.PARTITIONED},
    S.RUNNING: TERMINAL | STOPPING | {S.PARTITIONED},
    S.PARTITIONED: STARTED | STOPPING | {S.FINISHED, S.FAILED, S.LOST},
    **dict.fromkeys(MAKING_WAY, TERMINAL | {S.KILLING, S.PARTITIONED}),
    S.KILLING: TERMINAL | {S.PARTITIONED},
}


class TaskMoves:
    """Changes of status that one transaction makes.

    A change that is illegal, and one to the present status, is ignored. A task that did not wait for a host yet is
    removed when it is killed. A successor is PENDING at once: nothing here flaps, so nothing is throttled.

    Attributes:
        ended: the hosts of the tasks that were active and have ended now, by their rows.
    """

    def __init__(self, tasks: LiveTasks, now_ms: int, scheduler: str) -> None:
        self._tasks = tasks
        self._now_ms = now_ms
        self._scheduler = scheduler
        self._saved: list[bytes] = []
        self._successors: list[bytes] = []
        self._removed: list[bytes] = []
        self.ended: dict[int, bytes] = {}

    def request(self, rows: Iterable[int], target: int, message: str) -> None:
        """Move tasks to a status; `message` is that of their event. Ask for each task once."""
        tasks = self._tasks
        legal = [row for row in rows if target in LEGAL.get(tasks.status[row], ())]
        for row, task in tasks.records(legal):
            if target == S.KILLING and tasks.status[row] in NOT_STARTED:
                self._removed.append(TASK_ID.value(task))
            else:
                self._move(row, task, target, message)

    def ops(self) -> Iterator[Op]:
        """Yield the ops of all requests."""
        if self._removed:
            yield remove_tasks(self._removed)
        if self._saved:
            yield save_tasks(self._saved + self._successors)

    def _move(self, row: int, task: bytes, target: int, message: str) -> None:
        status = self._tasks.status[row]
        for following, text in _steps(status, target, message):
            runs_again = _runs_again(status, following, task)
            task = _with_event(_counted(status, following, task), self._event(following, text))
            if runs_again:
                self._successors.append(self._successor(row, task))
            status = following
        self._saved.append(task)
        if status not in ACTIVE:
            self.ended[row] = HOST.value(task) or b""

    def _event(self, status: int, message: str) -> TaskEvent:
        return TaskEvent(self._now_ms, status, message, self._scheduler)

    def _successor(self, row: int, task: bytes) -> bytes:
        """Return the task that runs the instance of this one again."""
        job, instance = self._tasks.job_of(row), self._tasks.instance[row]
        successor = codec.encode(pending(job, instance, self._event(S.PENDING, RESCHEDULED)))
        successor = TASK_CONFIG.put(successor, self._tasks.config_of(row))
        successor = FAILURES.put(successor, fields.i32(FAILURES.value(task) or 0))
        return ANCESTOR.put(successor, fields.string(TASK_ID.value(task)))


def _steps(status: int, target: int, message: str) -> list[tuple[int, str]]:
    """Return the statuses that follow from a request, with the messages of their events.

    A task cannot be stopped while its agent is out of reach: it is given up.
    """
    steps = [(target, message)]
    pair = {status, target}
    if S.PARTITIONED in pair and pair & STOPPING:
        steps.append((S.LOST, LOST_WHILE_PARTITIONED))
    return steps


def _runs_again(status: int, target: int, task: bytes) -> bool:
    """Return whether a task that ends gets a successor."""
    if target not in TERMINAL or status == S.KILLING:
        return False
    if status in MAKING_WAY:
        return True
    config = TASK_CONFIG.get(task) or fields.STOP
    if target == S.FINISHED:
        return status != S.PARTITIONED and bool(IS_SERVICE.value(config))
    if target == S.FAILED:
        return bool(IS_SERVICE.value(config)) or _may_fail_again(task, MAX_FAILURES.value(config) or 0)
    return status != S.PARTITIONED or S.KILLING not in map(EVENT_STATUS.value, TASK_EVENTS.elements(task))


def _may_fail_again(task: bytes, max_failures: int) -> bool:
    return max_failures == ANY_NUMBER_OF_FAILURES or (FAILURES.value(task) or 0) < max_failures - 1


def _counted(status: int, target: int, task: bytes) -> bytes:
    """Return the task with what is counted of its history before it takes its next status."""
    if target == S.FAILED and status in STARTED | {S.PARTITIONED}:
        return FAILURES.put(task, fields.i32((FAILURES.value(task) or 0) + 1))
    if target == S.PARTITIONED:
        task = TIMES_PARTITIONED.put(task, fields.i32((TIMES_PARTITIONED.value(task) or 0) + 1))
        events = TASK_EVENTS.elements(task)
        last = [EVENT_STATUS.value(event) for event in events[-3:]]
        if last == [status, S.PARTITIONED, status]:
            return TASK_EVENTS.put_elements(task, events[:-2])
    return task


def _with_event(task: bytes, event: TaskEvent) -> bytes:
    """Return a ScheduledTask with the status of this event, and the event as its last one."""
    assert event.status is not None
    task = TASK_STATUS.put(task, fields.i32(event.status))
    return TASK_EVENTS.append(task, codec.encode(event))
