"""getPendingReason, getConfigSummary, getJobSummary and populateJobConfig (docs/api.md 1.4)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from aurora_admin.gen.api.ReadOnlyScheduler import (
    getConfigSummary_args,
    getJobSummary_args,
    getPendingReason_args,
    populateJobConfig_args,
)
from aurora_admin.gen.api.ttypes import (
    ConfigGroup,
    ConfigSummary,
    JobStats,
    JobSummary,
    PendingReason,
    PopulateJobResult,
    Range,
    ResponseCode,
    Result,
    ScheduleStatus,
)
from aurora_admin.scheduler.api import java_text
from aurora_admin.scheduler.api.crontab import next_run_ms
from aurora_admin.scheduler.api.handlers.jobs import encoded_job
from aurora_admin.scheduler.api.outcome import Outcome, Refusal, error, invalid_request, with_struct, with_structs
from aurora_admin.scheduler.api.query import as_bytes, job_key, page, task_filter
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.api.validation import validated
from aurora_admin.scheduler.state.live_tasks import LiveTasks
from aurora_admin.scheduler.state.ops import TASK_ID
from aurora_admin.scheduler.state.transitions import ACTIVE
from aurora_admin.snapshot.paths import CRON_JOB, CRON_SCHEDULE
from aurora_admin.snapshot.task_table import JobName, TaskFilter
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import canonical
from aurora_admin.wire.path import path

REASONS = path(Result, "getPendingReasonResult.reasons")
WAITING_TASK = path(PendingReason, "taskId")
REASON = path(PendingReason, "reason")
CONFIG_SUMMARY = path(Result, "configSummaryResult.summary")
GROUPS = path(ConfigSummary, "groups")
GROUP_CONFIG = path(ConfigGroup, "config")
GROUP_INSTANCES = path(ConfigGroup, "instances")
JOB_SUMMARIES = path(Result, "jobSummaryResult.summaries")
SUMMARY_JOB = path(JobSummary, "job")
SUMMARY_STATS = path(JobSummary, "stats")
SUMMARY_NEXT_RUN = path(JobSummary, "nextCronRunMs")
POPULATED = path(Result, "populateJobResult")

S = ScheduleStatus
WAITING = frozenset((S.INIT, S.PENDING, S.THROTTLED))
FINISHED = frozenset((S.FINISHED, S.KILLED))
FAILED = frozenset((S.FAILED, S.LOST))


def get_pending_reason(services: Services, arguments: getPendingReason_args) -> Outcome:
    """Return the tasks that wait; why is not known, as nothing offers hosts."""
    query = arguments.query
    if query is None:
        raise error()
    if query.slaveHosts:
        raise invalid_request(f"SlaveHosts are not supported in {java_text.query(query)}")
    if query.statuses:
        raise invalid_request(f"Statuses is not supported in {java_text.query(query)}")
    wanted = task_filter(query)._replace(statuses=frozenset([S.PENDING]))
    with services.storage.read() as stores:
        tasks = stores.tasks
        select = tasks.selection(wanted)
    rows = page(select(), query)
    # Encoded by field, because a stored id may not be UTF-8.
    reasons = (
        fields.join([WAITING_TASK.field(fields.string(TASK_ID.value(raw))), REASON.field(fields.string(b""))])
        for _, raw in tasks.partial_records(rows)
    )
    return with_structs(REASONS, len(rows), reasons)


def get_config_summary(services: Services, arguments: getConfigSummary_args) -> Outcome:
    """Return what the active instances of a job run; an instance that two tasks run is in the groups of both."""
    key = job_key(arguments.job)
    assert arguments.job
    with services.storage.read() as stores:
        tasks = stores.tasks
        instances: defaultdict[int, set[int]] = defaultdict(set)
        for row in tasks.select(TaskFilter(jobs=frozenset([key]), statuses=ACTIVE)):
            instances[tasks.config[row]].add(tasks.instance[row])
        configs = tasks.configs
    groups: dict[bytes, tuple[bytes, set[int]]] = {}
    for number, found in instances.items():
        config = configs.raw[number]
        groups.setdefault(canonical(config), (config, set()))[1].update(found)
    summary = codec.encode(ConfigSummary(key=arguments.job))
    encoded = [_group(config, found) for config, found in groups.values()]
    return Outcome(result=(CONFIG_SUMMARY, [GROUPS.put_elements(summary, encoded)]))


def _group(config: bytes, instances: set[int]) -> bytes:
    ranges = [codec.encode(Range(first, last)) for first, last in _ranges(instances)]
    return GROUP_INSTANCES.put_elements(fields.join([GROUP_CONFIG.field(config)]), ranges)


def _ranges(instances: set[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of the numbers that follow each other."""
    for first in sorted(instances - {number + 1 for number in instances}):
        last = first
        while last + 1 in instances:
            last += 1
        yield first, last


def get_job_summary(services: Services, arguments: getJobSummary_args) -> Outcome:
    """Return every job that has a task, active or not, and the cron jobs.

    A role of blanks selects the tasks of every role and no cron job, as in getJobs.
    """
    role = None if arguments.role is None else as_bytes(arguments.role)
    now_ms = services.clock_ms()
    with services.storage.read() as stores:
        tasks = stores.tasks
        crons = {key: raw for key, raw in stores.cron_jobs.items() if role in (None, key.role)}
        select, status = tasks.selection(TaskFilter(role=role)), tasks.status[:]
    # From here on others may change the tasks.
    rows = _rows_by_job(tasks, select())
    stats = {key: _stats(status, found) for key, found in rows.items()}
    jobs = {key: _job(tasks, status, found) for key, found in rows.items() if key not in crons}
    summaries = [_summary(job, stats[key]) for key, job in jobs.items()]
    summaries += [_cron_summary(raw, stats.get(key, _no_tasks()), now_ms) for key, raw in crons.items()]
    return with_structs(JOB_SUMMARIES, len(summaries), summaries)


def _rows_by_job(tasks: LiveTasks, rows: Iterable[int]) -> dict[JobName, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        found[tasks.job[row]].append(row)
    return {tasks.job_names[number]: of_job for number, of_job in found.items()}


def _job(tasks: LiveTasks, status: Sequence[int], rows: Sequence[int]) -> bytes:
    """Return a JobConfiguration for all tasks of a job. An active task is later than one that has ended."""
    active = [row for row in rows if status[row] in ACTIVE]
    return encoded_job(tasks.configs.raw[tasks.latest_config(active or rows)], len(rows))


def _no_tasks() -> JobStats:
    return JobStats(0, 0, 0, 0)


def _stats(status: Sequence[int], rows: Iterable[int]) -> JobStats:
    counts = Counter(status[row] for row in rows)
    waiting, finished, failed = (sum(counts[status] for status in kind) for kind in (WAITING, FINISHED, FAILED))
    return JobStats(counts.total() - waiting - finished - failed, finished, failed, waiting)


def _summary(job: bytes, stats: JobStats) -> bytes:
    return fields.join([SUMMARY_JOB.field(job), SUMMARY_STATS.field(codec.encode(stats))])


def _cron_summary(raw: bytes, stats: JobStats, now_ms: int) -> bytes:
    summary = _summary(CRON_JOB.get(raw) or fields.STOP, stats)
    next_run = next_run_ms((CRON_SCHEDULE.value(raw) or b"").decode(errors="replace"), now_ms)
    return summary if next_run is None else SUMMARY_NEXT_RUN.put(summary, fields.i64(next_run))


def populate_job_config(services: Services, arguments: populateJobConfig_args) -> Outcome:
    """Return the task config of a job as it would be stored, in every state of the scheduler; nothing is created."""
    if arguments.description is None:
        raise error()
    try:
        job = validated(arguments.description)
    except Refusal as refusal:
        if refusal.code != ResponseCode.INVALID_REQUEST:
            raise
        raise invalid_request(f"Invalid configuration: {refusal.text}") from None
    return with_struct(POPULATED, PopulateJobResult(taskConfig=job.taskConfig))
