"""createJob, getJobs and getRoleSummary (docs/api.md 1.4 and 1.8)."""

import re
from collections import Counter, defaultdict
from typing import cast
from uuid import uuid4

from thrift.Thrift import TType

from aurora_admin.gen.api import constants
from aurora_admin.gen.api.AuroraSchedulerManager import createJob_args
from aurora_admin.gen.api.ReadOnlyScheduler import getJobs_args
from aurora_admin.gen.api.ttypes import AssignedTask, ScheduledTask, ScheduleStatus, TaskConfig, TaskEvent
from aurora_admin.scheduler.api.demand import elements, integer
from aurora_admin.scheduler.api.query import job_name
from aurora_admin.scheduler.api.quota import check_quota
from aurora_admin.scheduler.api.response import OK, Answer, error, invalid_request, of_tasks
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.api.updates import check_not_updating
from aurora_admin.scheduler.api.validation import validated
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.live_tasks import LiveTasks
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.snapshot.sections import CRON_JOBS
from aurora_admin.snapshot.task_table import GONE, JobName, TaskFilter
from aurora_admin.wire import codec, fields
from aurora_admin.wire.struct import Struct

GET_JOBS_RESULT = 4
ROLE_SUMMARY_RESULT = 17
MAX_TASKS_PER_JOB = 4000
ACTIVE = frozenset(constants.ACTIVE_STATES)
NOT_IN_TASK_ID = re.compile(r"[^A-Za-z0-9_-]")
# Fields of a TaskConfig, a ScheduledTask and a TaskEvent.
OWNER, JOB = 17, 28
TASK_EVENTS, TIMESTAMP = 4, 1
# The JobConfiguration inside a StoredCronJob.
CRON_JOB = 3


def create_job(services: Services, arguments: createJob_args) -> Answer:
    if arguments.description is None:
        raise error()
    job = validated(arguments.description)
    if job.cronSchedule:
        raise invalid_request("Cron jobs may only be created/updated by calling scheduleCronJob.")
    key, config, instances = job_name(job.key), job.taskConfig, job.instanceCount
    assert config
    assert instances
    with services.storage.transaction() as transaction:
        stores = transaction.stores
        check_not_updating(stores, key)
        if key in stores.sections[CRON_JOBS] or stores.tasks.select(TaskFilter(jobs=frozenset([key]), statuses=ACTIVE)):
            raise invalid_request(f"Job {key} already exists")
        if instances > MAX_TASKS_PER_JOB:
            raise invalid_request(f"Instance count must be between 1 and {MAX_TASKS_PER_JOB} inclusive.")
        check_quota(stores, key.role, codec.encode(config), instances)
        event = TaskEvent(services.clock_ms(), ScheduleStatus.PENDING, scheduler=services.host_name)
        tasks = [codec.encode(_pending(config, instance, event)) for instance in range(instances)]
        transaction.ops.append(ops.save_tasks(tasks))
    return OK


def _pending(config: TaskConfig, instance: int, event: TaskEvent) -> ScheduledTask:
    assigned = AssignedTask(_task_id(config, instance), task=config, assignedPorts={}, instanceId=instance)
    return ScheduledTask(assigned, ScheduleStatus.PENDING, failureCount=0, timesPartitioned=0, taskEvents=[event])


def _task_id(config: TaskConfig, instance: int) -> str:
    key = config.job
    assert key
    return NOT_IN_TASK_ID.sub("-", f"{key.role}-{key.environment}-{key.name}-{instance}-{uuid4()}")


def get_jobs(services: Services, arguments: getJobs_args) -> Answer:
    """A role that is blank, but not absent, is every role to tasks and none to cron jobs."""
    role = None if arguments.ownerRole is None else arguments.ownerRole.encode()
    with services.storage.read() as stores:
        crons = _cron_jobs(stores)
        jobs = [fields.get(raw, CRON_JOB) or b"\x00" for key, raw in crons.items() if role in (None, key.role)]
        jobs += [
            _job(key, stores.tasks, rows) for key, rows in _active_rows(stores.tasks, role).items() if key not in crons
        ]
    return of_tasks(GET_JOBS_RESULT, TType.SET, len(jobs), jobs)


def _cron_jobs(stores: Stores) -> dict[JobName, bytes]:
    return cast(dict[JobName, bytes], stores.sections[CRON_JOBS])


def _active_rows(tasks: LiveTasks, role: bytes | None) -> dict[JobName, list[int]]:
    found: dict[JobName, list[int]] = defaultdict(list)
    for row in tasks.select(TaskFilter(role=role, statuses=ACTIVE)):
        found[tasks.job_of(row)].append(row)
    return found


def _job(key: JobName, tasks: LiveTasks, rows: list[int]) -> bytes:
    """Return a JobConfiguration made up from a job's tasks, with the latest one's config."""
    config = tasks.config_of(rows[0] if len({tasks.config[row] for row in rows}) == 1 else _latest(tasks, rows))
    owner = fields.get(config, OWNER)
    return fields.join(
        [
            fields.Field(6, TType.STRUCT, config),
            *([fields.Field(7, TType.STRUCT, owner)] if owner else []),
            fields.Field(8, TType.I32, fields.i32(len(rows))),
            fields.Field(9, TType.STRUCT, fields.get(config, JOB) or b"\x00"),
        ]
    )


def _latest(tasks: LiveTasks, rows: list[int]) -> int:
    """Return the task with the latest event."""

    def last_change(row_and_task: tuple[int, bytes]) -> int:
        events = elements(fields.get(row_and_task[1], TASK_EVENTS))
        return integer(fields.get(events[-1], TIMESTAMP) or b"") if events else 0

    return max(tasks.partial_records(rows), key=last_change)[0]


def get_role_summary(services: Services, arguments: Struct) -> Answer:
    """Count jobs that have a task, ended or not, and cron jobs."""
    with services.storage.read() as stores:
        tasks = stores.tasks
        jobs = Counter(
            key.role
            for key, number in tasks.jobs.items()
            if any(tasks.status[row] != GONE for row in tasks.rows_of_job[number])
        )
        crons = Counter(key.role for key in _cron_jobs(stores))
    summaries = [_summary(role, jobs[role], crons[role]) for role in sorted(jobs.keys() | crons.keys())]
    return of_tasks(ROLE_SUMMARY_RESULT, TType.SET, len(summaries), summaries)


def _summary(role: bytes, jobs: int, crons: int) -> bytes:
    return fields.join(
        [
            fields.Field(1, TType.STRING, fields.string(role)),
            fields.Field(2, TType.I32, fields.i32(jobs)),
            fields.Field(3, TType.I32, fields.i32(crons)),
        ]
    )
