"""createJob, getJobs and getRoleSummary (docs/api.md 1.4 and 1.8)."""

from collections import Counter
from itertools import chain

from aurora_admin.gen.api.AuroraSchedulerManager import createJob_args
from aurora_admin.gen.api.ReadOnlyScheduler import getJobs_args, getRoleSummary_args
from aurora_admin.gen.api.ttypes import (
    Result,
    RoleSummary,
    ScheduleStatus,
    TaskEvent,
)
from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.scheduler.api.active_updates import check_not_updating
from aurora_admin.scheduler.api.outcome import OK, Outcome, error, invalid_request, with_structs
from aurora_admin.scheduler.api.query import job_key
from aurora_admin.scheduler.api.quota import check_quota
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.api.validation import validated
from aurora_admin.scheduler.state.transitions import ACTIVE, create
from aurora_admin.snapshot.paths import CRON_JOB, JOB_CONFIG
from aurora_admin.snapshot.task_table import TaskFilter
from aurora_admin.wire import codec, fields
from aurora_admin.wire.path import path

JOBS = path(Result, "getJobsResult.configs")
ROLE_SUMMARIES = path(Result, "roleSummaryResult.summaries")
MAX_TASKS_PER_JOB = 4000

SUMMARY_ROLE = path(RoleSummary, "role")
SUMMARY_JOBS = path(RoleSummary, "jobCount")
SUMMARY_CRON_JOBS = path(RoleSummary, "cronJobCount")


def create_job(services: Services, arguments: createJob_args) -> Outcome:
    if arguments.description is None:
        raise error()
    job = validated(arguments.description)
    if job.cronSchedule is not None:
        raise invalid_request("Cron jobs may only be created/updated by calling scheduleCronJob.")
    key, config, instances = job_key(job.key), job.taskConfig, job.instanceCount
    assert config
    assert instances
    with services.storage.transaction() as transaction:
        stores = transaction.stores
        check_not_updating(stores, key)
        if key in stores.cron_jobs or stores.tasks.select(TaskFilter(jobs=frozenset([key]), statuses=ACTIVE)):
            raise invalid_request(f"Job {key} already exists")
        if instances > MAX_TASKS_PER_JOB:
            raise invalid_request(f"Instance count must be between 1 and {MAX_TASKS_PER_JOB} inclusive.")
        check_quota(stores, key.role, codec.encode(config), instances)
        event = TaskEvent(services.clock_ms(), ScheduleStatus.PENDING, scheduler=services.host_name)
        transaction.ops.append(create(config, range(instances), event))
    return OK


def get_jobs(services: Services, arguments: getJobs_args) -> Outcome:
    """Return the jobs with active tasks, and the cron jobs.

    A role of blanks selects the tasks of every role and no cron job: the running tasks of a cron job are then a job as
    others are. A role that is not given selects everything.
    """
    role = None if arguments.ownerRole is None else arguments.ownerRole.encode()
    with services.storage.read() as stores:
        crons = {key: raw for key, raw in stores.cron_jobs.items() if role in (None, key.role)}
        configs = stores.tasks.configs.raw
        active_jobs = stores.tasks.active_jobs(role)
    active = [job for job in active_jobs() if job.key not in crons]
    jobs = chain(
        (CRON_JOB.get(raw) or fields.STOP for raw in crons.values()),
        (encoded_job(configs[job.config], job.tasks) for job in active),
    )
    return with_structs(JOBS, len(crons) + len(active), jobs)


def encoded_job(config: bytes, instances: int) -> bytes:
    """Return a JobConfiguration with this config, and its key and owner."""
    found = codec.decode(slim.TaskConfigOfJob, config)
    rest = slim.JobWithoutConfig(owner=found.owner, instanceCount=instances, key=found.job)
    return JOB_CONFIG.header + config + codec.encode(rest)


def get_role_summary(services: Services, arguments: getRoleSummary_args) -> Outcome:
    """Count the jobs that have a task, active or not, and the cron jobs of each role."""
    with services.storage.read() as stores:
        tasks = stores.tasks
        jobs = Counter(key.role for key, number in tasks.jobs.items() if tasks.by_job.count(number))
        crons = Counter(key.role for key in stores.cron_jobs)
    summaries = [_summary(role, jobs[role], crons[role]) for role in sorted(jobs.keys() | crons.keys())]
    return with_structs(ROLE_SUMMARIES, len(summaries), summaries)


def _summary(role: bytes, jobs: int, crons: int) -> bytes:
    # Encoded by field, because a stored role may not be UTF-8.
    return fields.join(
        [
            SUMMARY_ROLE.field(fields.string(role)),
            SUMMARY_JOBS.field(fields.i32(jobs)),
            SUMMARY_CRON_JOBS.field(fields.i32(crons)),
        ]
    )
