"""Upgrades of records of older releases to the current format (docs/wire.md 3.3, which numbers the rules).

Each rule looks at the record, not at the release that wrote it, and splices fields: unknown and retired fields stay
unchanged. Rule 3 is not applied, because it would change where tasks may run.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from thrift.Thrift import TType

from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.api.ttypes import JobUpdate, TaskConfig
from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.gen.storage.ttypes import QuotaConfiguration, StoredCronJob, StoredJob, StoredJobUpdateDetails
from aurora_admin.snapshot.paths import (
    CRON_CONFIG,
    GROUP_CONFIG,
    INITIAL_STATE,
    INSTANCE_EVENTS,
    PRODUCTION,
    QUOTA_RESOURCES,
    RESOURCES,
    TASK_CONFIG,
    TASK_EVENTS,
    TASK_STATUS,
    UPDATE_DETAILS,
    UPDATE_EVENTS,
)
from aurora_admin.snapshot.sections import CRON_JOBS, JOB_UPDATES, QUOTAS
from aurora_admin.snapshot.update_state import put_state, state_from_events, stored_state
from aurora_admin.wire import codec, fields
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.path import Path, path

# What each rule does, for the log.
RULES = {
    1: "set the job from owner, environment and jobName",
    4: "replaced the status SANDBOX_DELETED by the status before it",
    6: "set the key of job updates from updateId and jobKey",
    9: "set the resources of tasks from numCpus, ramMb, diskMb and requestedPorts",
    10: "set the resources of quotas from numCpus, ramMb and diskMb",
    11: "set the tier from production",
    12: "set the update strategy from updateGroupSize and waitForBatchCompletion",
    14: "removed the job manager of cron jobs",
    18: "sorted the events of job updates and set the state from them",
    19: "set the missing container to Mesos",
}
# Without a number there: 0 in blockIfNoPulsesAfterMs means unset (docs/releases.md 2). Current releases write it too,
# and its meaning is the same, so it is not logged.
PULSES = 0

SANDBOX_DELETED = 10
IDENTIFIER = re.compile(rb"[\w\-.]{1,255}")
MOST_CACHED_CONFIGS = 4096

EVENT_STATUS = path(api.TaskEvent, "status")

CONTAINER = path(TaskConfig, "container")
JOB_PARTS = [path(TaskConfig, name) for name in ("job.role", "job.environment", "job.name")]
LEGACY_JOB_PARTS = [path(TaskConfig, name) for name in ("owner.role", "environment", "jobName")]
TIER = path(TaskConfig, "tier")
MESOS_CONTAINER = codec.encode(api.Container(mesos=api.MesosContainer()))

AMOUNTS = ("numCpus", "ramMb", "diskMb")
CONFIG_AMOUNTS = [path(TaskConfig, name) for name in AMOUNTS]
PORTS, NAMED_PORT = path(TaskConfig, "requestedPorts"), path(api.Resource, "namedPort")
QUOTA_AMOUNTS = [path(QuotaConfiguration, f"quota.{name}") for name in AMOUNTS]
RESOURCE_AMOUNTS = [path(api.Resource, name) for name in AMOUNTS]
# A double or an i64.
NO_AMOUNT = bytes(8)

JOB_MANAGER = path(StoredJob, "jobManagerId")
CRON_KEY = path(StoredCronJob, "jobConfiguration.key")
CRON_CONFIG_JOB = path(StoredCronJob, "jobConfiguration.taskConfig.job")

UPDATE = path(StoredJobUpdateDetails, "details.update")
# The bytes before the JobUpdate of a StoredJobUpdateDetails, as all schedulers write it.
BEFORE_UPDATE = UPDATE_DETAILS.header + UPDATE.header
KEY, KEY_JOB, KEY_ID = path(JobUpdate, "summary.key"), path(api.JobUpdateKey, "job"), path(api.JobUpdateKey, "id")
LEGACY_ID, LEGACY_JOB = path(JobUpdate, "summary.updateId"), path(JobUpdate, "summary.jobKey")
DESIRED_CONFIG = path(JobUpdate, "instructions.desiredState.task")
STRATEGY = path(JobUpdate, "instructions.settings.updateStrategy")
GROUP_SIZE = path(JobUpdate, "instructions.settings.updateGroupSize")
BATCHES = path(JobUpdate, "instructions.settings.waitForBatchCompletion")
PULSE_TIMEOUT = path(JobUpdate, "instructions.settings.blockIfNoPulsesAfterMs")


def is_current(config: Any) -> bool:
    """Return whether a slim CurrentTaskConfig has all fields that current releases write."""
    return bool(
        config.tier is not None and config.resources and config.container is not None and is_valid_job(config.job)
    )


def is_valid_job(job: Any) -> bool:
    """Return whether a slim JobKey is valid."""
    return job is not None and all(
        part is not None and IDENTIFIER.fullmatch(part) for part in (job.role, job.environment, job.name)
    )


class Upgrader:
    """Upgrades records and counts the rules that it applied.

    A record in the current format is returned unchanged, and upgrading is idempotent. Several threads may use one
    upgrader; its counts may then be too low.

    Attributes:
        applied: by rule, how many records it changed; a config that tasks share counts once.
    """

    def __init__(self) -> None:
        self.applied: Counter[int] = Counter()
        self._configs: dict[bytes, bytes] = {}
        self._by_section = {CRON_JOBS: self.cron_job, QUOTAS: self.quota, JOB_UPDATES: self.update}

    @property
    def summary(self) -> str:
        """What the applied rules did, in words; an empty text if no rule was applied."""
        return "; ".join(RULES[number] for number in sorted(self.applied) if number in RULES)

    def record(self, section: int, raw: bytes) -> bytes:
        """Return an upgraded record of a section other than the tasks.

        Raises:
            WireError: the record is malformed, or the data for a required field is missing.
        """
        upgrade = self._by_section.get(section)
        return upgrade(raw) if upgrade else raw

    def task(self, raw: bytes) -> bytes:
        """Return an upgraded ScheduledTask (rules 1, 4, 9, 11 and 19)."""
        raw = self._with_config(raw, TASK_CONFIG)
        if TASK_STATUS.value(raw) == SANDBOX_DELETED:
            raw = self._before_sandbox_deleted(raw)
        return raw

    def _before_sandbox_deleted(self, raw: bytes) -> bytes:
        """Drop the last events until another status is left: dropping only one would not be idempotent."""
        events, status = TASK_EVENTS.elements(raw), SANDBOX_DELETED
        while status == SANDBOX_DELETED and len(events) > 1:
            events = events[:-1]
            status = EVENT_STATUS.value(events[-1])
        if status in (SANDBOX_DELETED, None):
            return raw
        self.applied[4] += 1
        return TASK_EVENTS.put_elements(TASK_STATUS.put(raw, fields.i32(status)), events)

    def _with_config(self, raw: bytes, config: Path) -> bytes:
        found = config.get(raw)
        upgraded = found and self.config(found)
        return raw if upgraded == found or upgraded is None else config.put(raw, upgraded)

    def config(self, raw: bytes) -> bytes:
        """Return an upgraded TaskConfig (rules 1, 9, 11 and 19)."""
        known = self._configs.get(raw)
        if known is not None:
            return known
        config = codec.decode(slim.CurrentTaskConfig, raw)
        if is_current(config):
            return raw
        if len(self._configs) >= MOST_CACHED_CONFIGS:
            self._configs.clear()
        upgraded = self._configs[raw] = self._upgraded_config(raw, config)
        return upgraded

    def _upgraded_config(self, raw: bytes, config: Any) -> bytes:
        raw = self._with_job(raw, config.job)
        if not config.resources and (resources := _resources(raw, CONFIG_AMOUNTS, PORTS)):
            raw = self._put_elements(9, raw, RESOURCES, resources)
        if config.tier is None:
            raw = self._put(11, raw, TIER, fields.string(b"preferred" if PRODUCTION.value(raw) else b"preemptible"))
        if config.container is None:
            raw = self._put(19, raw, CONTAINER, MESOS_CONTAINER)
        return raw

    def _with_job(self, raw: bytes, job: Any) -> bytes:
        """Set an invalid job from the legacy fields if these are valid; without them a complete job stays."""
        if is_valid_job(job):
            return raw
        legacy = [part.value(raw) for part in LEGACY_JOB_PARTS]
        if all(value is not None and IDENTIFIER.fullmatch(value) for value in legacy):
            for part, value in zip(JOB_PARTS, legacy, strict=True):
                raw = self._put(1, raw, part, fields.string(value))
        elif job is None or None in (job.role, job.environment, job.name):
            raise WireError("a task config has no job", 0)
        return raw

    def _put(self, rule: int, raw: bytes, field: Path, value: bytes) -> bytes:
        self.applied[rule] += 1
        return field.put(raw, value)

    def _put_elements(self, rule: int, raw: bytes, field: Path, elements: list[bytes]) -> bytes:
        self.applied[rule] += 1
        return field.put_elements(raw, elements)

    def cron_job(self, raw: bytes) -> bytes:
        """Return an upgraded StoredCronJob (rules 1, 9, 11, 14 and 19)."""
        if JOB_MANAGER.get(raw) is not None:
            self.applied[14] += 1
            raw = JOB_MANAGER.drop(raw)
        raw = self._with_config(raw, CRON_CONFIG)
        job = CRON_CONFIG_JOB.get(raw)
        return raw if job is None or CRON_KEY.get(raw) else self._put(1, raw, CRON_KEY, job)

    def quota(self, raw: bytes) -> bytes:
        """Return an upgraded QuotaConfiguration or SaveQuota, which have the same fields (rule 10)."""
        if QUOTA_RESOURCES.elements(raw):
            return raw
        resources = _resources(raw, QUOTA_AMOUNTS)
        return self._put_elements(10, raw, QUOTA_RESOURCES, resources) if resources else raw

    def update(self, raw: bytes) -> bytes:
        """Return an upgraded StoredJobUpdateDetails (rules 1, 6, 9, 11, 12, 18 and 19)."""
        details = codec.decode(slim.StoredJobUpdateDetails, raw).details
        if details is None or details.update is None or details.update.summary is None:
            raise WireError("a job update has no summary", 0)
        raw = self._with_sorted_events(raw, details)
        if not raw.startswith(BEFORE_UPDATE):
            return UPDATE.put(raw, self._upgraded_update(UPDATE.get(raw) or fields.STOP, details))
        # The events after the JobUpdate can be many; this does not walk over them.
        start = len(BEFORE_UPDATE)
        end = fields.skip(raw, start, TType.STRUCT)
        update = raw[start:end]
        upgraded = self._upgraded_update(update, details)
        return raw if upgraded == update else raw[:start] + upgraded + raw[end:]

    def _upgraded_update(self, raw: bytes, details: Any) -> bytes:
        """Return the upgraded JobUpdate of a slim JobUpdateDetails."""
        if details.update.summary.key is None:
            raw = self._with_key(raw)
        if details.update.instructions is not None:
            raw = self._with_instructions(raw, details.update.instructions)
        state = state_from_events(details)
        if state == stored_state(details.update.summary):
            return raw
        self.applied[18] += 1
        return put_state(raw, state)

    def _with_key(self, raw: bytes) -> bytes:
        update_id, job = LEGACY_ID.get(raw), LEGACY_JOB.get(raw)
        if update_id is None or job is None:
            raise WireError("a job update has neither a key nor the legacy updateId and jobKey", 0)
        return self._put(6, raw, KEY, fields.join([KEY_JOB.field(job), KEY_ID.field(update_id)]))

    def _with_instructions(self, raw: bytes, instructions: Any) -> bytes:
        if not all(group.task is None or is_current(group.task) for group in instructions.initialState or ()):
            groups = [self._with_config(group, GROUP_CONFIG) for group in INITIAL_STATE.elements(raw)]
            raw = INITIAL_STATE.put_elements(raw, groups)
        if instructions.desiredState is not None:
            raw = self._with_config(raw, DESIRED_CONFIG)
        settings = instructions.settings
        if settings is not None and settings.updateStrategy is None:
            raw = self._put(12, raw, STRATEGY, _strategy(raw))
        if settings is not None and settings.blockIfNoPulsesAfterMs == 0:
            self.applied[PULSES] += 1
            raw = PULSE_TIMEOUT.drop(raw)
        return raw

    def _with_sorted_events(self, raw: bytes, details: Any) -> bytes:
        """Sort the events by their times (docs/storage.md 2.4); events of one time keep their order."""
        for field, decoded in ((UPDATE_EVENTS, details.updateEvents), (INSTANCE_EVENTS, details.instanceEvents)):
            times = [event.timestampMs or 0 for event in decoded or ()]
            if times != sorted(times):
                events = field.elements(raw)
                if len(events) != len(times):
                    raise WireError("a job update has two lists of events", 0)
                order = sorted(range(len(times)), key=times.__getitem__)
                raw = self._put_elements(18, raw, field, [events[number] for number in order])
        return raw


def _resources(raw: bytes, amounts: Sequence[Path], ports: Path | None = None) -> list[bytes]:
    """Return the Resources for the legacy fields of a config or quota; none if it has no legacy amounts."""
    legacy = [amount.get(raw) for amount in amounts]
    if not any(legacy):
        return []
    members = [member.field(value or NO_AMOUNT) for member, value in zip(RESOURCE_AMOUNTS, legacy, strict=True)]
    members += [NAMED_PORT.field(name) for name in (ports.elements(raw) if ports else ())]
    return [fields.join([member]) for member in members]


def _strategy(update: bytes) -> bytes:
    """Return the JobUpdateStrategy for the legacy settings of a JobUpdate."""
    size = GROUP_SIZE.value(update) or 0
    if BATCHES.value(update):
        batches = api.BatchJobUpdateStrategy(groupSize=size, autopauseAfterBatch=False)
        return codec.encode(api.JobUpdateStrategy(batchStrategy=batches))
    return codec.encode(api.JobUpdateStrategy(queueStrategy=api.QueueJobUpdateStrategy(groupSize=size)))
