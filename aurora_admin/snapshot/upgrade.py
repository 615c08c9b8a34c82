"""Records of old releases brought to today's shape (docs/wire.md 3.3, whose numbers the rules have here).

Every rule looks at the record and not at the release that wrote it, and splices fields: what is not known, and what is
retired, stays as it is. Rule 3 is never applied, as it would change where tasks may run.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from thrift.Thrift import TType

from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.snapshot.sections import CRON_JOBS, JOB_UPDATES, QUOTAS
from aurora_admin.wire import codec, fields
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.fields import Field

RULES = {
    1: "the job named by owner, environment and jobName",
    4: "the status before SANDBOX_DELETED",
    6: "the key of a job update from its updateId and jobKey",
    9: "resources of a task from numCpus, ramMb, diskMb and requestedPorts",
    10: "resources of a quota from numCpus, ramMb and diskMb",
    11: "the tier from production",
    12: "the update strategy from updateGroupSize and waitForBatchCompletion",
    14: "cron jobs without their manager",
    18: "the state of a job update from its events",
    19: "a Mesos container where none is told",
}
# Not numbered there: blockIfNoPulsesAfterMs 0 is unset (docs/releases.md 2). Releases of today write it too, and
# what it means stays the same, so that nobody needs to be told.
PULSES = 0

SANDBOX_DELETED = 10
GONE_SANDBOX = fields.i32(SANDBOX_DELETED)
IDENTIFIER = re.compile(rb"[\w\-.]{1,255}")
# Fields of a TaskConfig.
JOB_NAME, AMOUNTS, PRODUCTION, PORTS, ENVIRONMENT = 3, (8, 9, 10), 18, 21, 26
OWNER_ROLE = (17, 1)
JOB, CONTAINER, TIER, RESOURCES = 28, 29, 30, 32
# Members of the Resource union, in the order of the old amounts: CPUs, RAM, disk.
AMOUNT_TYPES = (TType.DOUBLE, TType.I64, TType.I64)
NAMED_PORT = 4
MESOS_CONTAINER = fields.header(TType.STRUCT, 1) + fields.STOP * 2
# Paths in a ScheduledTask, a StoredCronJob, a QuotaConfiguration, a JobUpdate and a StoredJobUpdateDetails.
TASK_CONFIG, TASK_STATUS, TASK_EVENTS = (1, 4), 2, 4
CRON_CONFIG, CRON_KEY = (3, 6), (3, 9)
QUOTA, QUOTA_AMOUNTS, QUOTA_RESOURCES = 2, (1, 2, 3), 4
SUMMARY, INITIAL_STATE, DESIRED_STATE, SETTINGS = 1, (2, 1), (2, 2), (2, 3)
UPDATE, EVENTS, INSTANCE_EVENTS = (1, 1), (1, 2), (1, 3)
UPDATE_FIRST = fields.header(TType.STRUCT, 1) * 2
MOST_REMEMBERED = 4096


def is_current(config: Any) -> bool:
    """Tell whether a slim CurrentTaskConfig has all that a release of today writes."""
    return bool(
        config.tier is not None and config.resources and config.container is not None and is_valid_job(config.job)
    )


def is_valid_job(job: Any) -> bool:
    """Tell whether a slim JobKey is one that a scheduler takes."""
    return job is not None and all(
        part is not None and IDENTIFIER.fullmatch(part) for part in (job.role, job.environment, job.name)
    )


class Upgrader:
    """Applies the rules, and counts what it did.

    Attributes:
        applied: per rule, how often it changed something; a config that many tasks share counts once.
    """

    def __init__(self) -> None:
        self.applied: Counter[int] = Counter()
        self._configs: dict[bytes, bytes] = {}
        self._mends = {CRON_JOBS: self.cron_job, QUOTAS: self.quota, JOB_UPDATES: self.update}

    @property
    def summary(self) -> str:
        """What was done, in words."""
        return "; ".join(RULES[number] for number in sorted(self.applied) if number in RULES)

    def record(self, section: int, raw: bytes) -> bytes:
        """Return a record of a section besides the tasks.

        Raises:
            WireError: nothing in the record tells what is missing.
        """
        mend = self._mends.get(section)
        return mend(raw) if mend else raw

    def task(self, raw: bytes) -> bytes:
        """Return a ScheduledTask (rules 1, 4, 9, 11 and 19)."""
        raw = self._each_config(raw, TASK_CONFIG)
        if fields.get(raw, TASK_STATUS) == GONE_SANDBOX:
            raw = self._before_sandbox_deleted(raw)
        return raw

    def _before_sandbox_deleted(self, raw: bytes) -> bytes:
        """Go back until there is another status: what is left is not mended again when it is read the next time."""
        events, status = elements(raw, TASK_EVENTS), GONE_SANDBOX
        while status == GONE_SANDBOX and len(events) > 1:
            status = fields.get(events[-2], TASK_STATUS) or b""
            events = events[:-1]
        if status in (GONE_SANDBOX, b""):
            return raw
        self.applied[4] += 1
        raw = fields.put(raw, [TASK_STATUS], TType.I32, status)
        return fields.put(raw, [TASK_EVENTS], TType.LIST, fields.container(TType.STRUCT, events))

    def _each_config(self, raw: bytes, path: Sequence[int]) -> bytes:
        value = fields.get(raw, *path)
        config = value and self.config(value)
        return raw if config == value or config is None else fields.put(raw, path, TType.STRUCT, config)

    def config(self, raw: bytes) -> bytes:
        """Return a TaskConfig (rules 1, 9, 11 and 19)."""
        known = self._configs.get(raw)
        if known is not None:
            return known
        config = codec.decode(slim.CurrentTaskConfig, raw)
        if is_current(config):
            return raw
        if len(self._configs) >= MOST_REMEMBERED:
            self._configs.clear()
        mended = self._configs[raw] = self._mended(raw, config)
        return mended

    def _mended(self, raw: bytes, config: Any) -> bytes:
        raw = self._with_job(raw, config.job)
        if not config.resources:
            resources = _resources(raw, AMOUNTS, PORTS)
            if resources is not None:
                raw = self._put(9, raw, [RESOURCES], TType.SET, resources)
        if config.tier is None:
            tier = b"preferred" if fields.get(raw, PRODUCTION) == b"\x01" else b"preemptible"
            raw = self._put(11, raw, [TIER], TType.STRING, fields.string(tier))
        if config.container is None:
            raw = self._put(19, raw, [CONTAINER], TType.STRUCT, MESOS_CONTAINER)
        return raw

    def _with_job(self, raw: bytes, job: Any) -> bytes:
        """A job that is odd but whole stays where the old names do not tell a better one."""
        if is_valid_job(job):
            return raw
        old = [text(raw, *OWNER_ROLE), text(raw, ENVIRONMENT), text(raw, JOB_NAME)]
        if all(part is not None and IDENTIFIER.fullmatch(part) for part in old):
            for number, part in enumerate(old, 1):
                raw = self._put(1, raw, [JOB, number], TType.STRING, fields.string(part or b""))
        elif job is None or None in (job.role, job.environment, job.name):
            raise WireError("a task config names no job", 0)
        return raw

    def _put(self, rule: int, raw: bytes, path: Sequence[int], ttype: int, value: bytes) -> bytes:
        self.applied[rule] += 1
        return fields.put(raw, path, ttype, value)

    def cron_job(self, raw: bytes) -> bytes:
        """Return a StoredCronJob (rules 1, 9, 11, 14 and 19)."""
        if fields.get(raw, 1) is not None:
            self.applied[14] += 1
            raw = fields.drop(raw, [1])
        raw = self._each_config(raw, CRON_CONFIG)
        job = fields.get(raw, *CRON_CONFIG, JOB)
        if job is not None and fields.get(raw, *CRON_KEY) is None:
            raw = self._put(1, raw, CRON_KEY, TType.STRUCT, job)
        return raw

    def quota(self, raw: bytes) -> bytes:
        """Return a QuotaConfiguration, or the body of a SaveQuota, which is the same (rule 10)."""
        aggregate = fields.get(raw, QUOTA) or fields.STOP
        if elements(aggregate, QUOTA_RESOURCES):
            return raw
        resources = _resources(aggregate, QUOTA_AMOUNTS)
        return raw if resources is None else self._put(10, raw, [QUOTA, QUOTA_RESOURCES], TType.SET, resources)

    def update(self, raw: bytes) -> bytes:
        """Return a StoredJobUpdateDetails (rules 1, 6, 9, 11, 12, 18 and 19)."""
        details = codec.decode(slim.StoredJobUpdateDetails, raw).details
        update = details.update if details else None
        if details is None or update is None or update.summary is None:
            raise WireError("a job update has no summary", 0)
        raw = self._in_order(raw, details)
        if not raw.startswith(UPDATE_FIRST):
            mended = self._update(fields.get(raw, *UPDATE) or fields.STOP, details)
            return fields.put(raw, UPDATE, TType.STRUCT, mended)
        # The events behind it are many, and need not be walked over.
        start = len(UPDATE_FIRST)
        end = fields.skip(raw, start, TType.STRUCT)
        mended = self._update(raw[start:end], details)
        return raw if mended == raw[start:end] else raw[:start] + mended + raw[end:]

    def _update(self, raw: bytes, details: Any) -> bytes:
        """Return the JobUpdate of these slim JobUpdateDetails."""
        if details.update.summary.key is None:
            raw = self._with_key(raw)
        if details.update.instructions is not None:
            raw = self._with_instructions(raw, details.update.instructions)
        state = state_of(details)
        if state == _told(details.update.summary.state):
            return raw
        self.applied[18] += 1
        return put_state(raw, state)

    def _with_key(self, raw: bytes) -> bytes:
        update_id, job = fields.get(raw, SUMMARY, 1), fields.get(raw, SUMMARY, 2)
        if update_id is None or job is None:
            raise WireError("a job update has neither a key nor the updateId and jobKey of old", 0)
        key = fields.join([Field(1, TType.STRUCT, job), Field(2, TType.STRING, update_id)])
        return self._put(6, raw, [SUMMARY, 5], TType.STRUCT, key)

    def _with_instructions(self, raw: bytes, instructions: Any) -> bytes:
        if not all(group.task is None or is_current(group.task) for group in instructions.initialState or ()):
            groups = [self._each_config(group, [1]) for group in elements(raw, *INITIAL_STATE)]
            raw = fields.put(raw, INITIAL_STATE, TType.SET, fields.container(TType.STRUCT, groups))
        if instructions.desiredState is not None:
            raw = self._each_config(raw, [*DESIRED_STATE, 1])
        settings = instructions.settings
        if settings is not None and settings.updateStrategy is None:
            raw = self._put(12, raw, [*SETTINGS, 11], TType.STRUCT, _strategy(raw))
        if settings is not None and settings.blockIfNoPulsesAfterMs == 0:
            self.applied[PULSES] += 1
            raw = fields.drop(raw, [*SETTINGS, 9])
        return raw

    def _in_order(self, raw: bytes, details: Any) -> bytes:
        """Events stand in the order of their times (docs/storage.md 2.4)."""
        for path, found in ((EVENTS, details.updateEvents), (INSTANCE_EVENTS, details.instanceEvents)):
            times = [event.timestampMs or 0 for event in found or ()]
            if times != sorted(times):
                standing = elements(raw, *path)
                if len(standing) != len(times):
                    raise WireError("the events of a job update stand there twice", 0)
                events = [event for _, event in sorted(zip(times, standing, strict=True), key=_time)]
                raw = self._put(18, raw, path, TType.LIST, fields.container(TType.STRUCT, events))
        return raw


State = tuple[int | None, int | None, int | None]


def _time(pair: tuple[int, bytes]) -> int:
    return pair[0]


def state_of(details: Any) -> State:
    """Return the status, creation and last change of a slim JobUpdateDetails (rule 18)."""
    events = sorted(details.updateEvents or (), key=lambda event: event.timestampMs or 0)
    instance_events = details.instanceEvents or ()
    times = [event.timestampMs or 0 for event in (*events[-1:], *instance_events)]
    status = events[-1].status or 0 if events else None
    return status, (events[0].timestampMs or 0) if events else None, max(times, default=None)


def _told(state: Any) -> State:
    return (state.status, state.createdTimestampMs, state.lastModifiedTimestampMs) if state else (None, None, None)


def put_state(raw: bytes, state: State) -> bytes:
    """Put a state into the summary of a JobUpdate."""
    value = fields.get(raw, SUMMARY, 4) or fields.STOP
    for number, ttype, part in zip((1, 2, 3), (TType.I32, TType.I64, TType.I64), state, strict=True):
        number_of = fields.i32 if ttype == TType.I32 else fields.i64
        value = fields.drop(value, [number]) if part is None else fields.put(value, [number], ttype, number_of(part))
    return fields.put(raw, [SUMMARY, 4], TType.STRUCT, value)


def elements(raw: bytes, *path: int) -> list[bytes]:
    """Return the elements of a list or set inside a struct; none where there is no such field."""
    value = fields.get(raw, *path)
    return fields.elements(value)[1] if value else []


def text(raw: bytes, *path: int) -> bytes | None:
    """Return the bytes of a string inside a struct."""
    value = fields.get(raw, *path)
    return value[4:] if value else None


def _resources(raw: bytes, amounts: Sequence[int], ports: int | None = None) -> bytes | None:
    """Return a set of Resources as the old fields tell them; None where there are none of these."""
    old = {field.id: field for field in fields.parse(raw)}
    told = [old.get(number) for number in amounts]
    if not any(told):
        return None
    resources = [
        Field(member, ttype, field.value if field and field.ttype == ttype else bytes(8))
        for member, (ttype, field) in enumerate(zip(AMOUNT_TYPES, told, strict=True), 1)
    ]
    if ports in old and old[ports].ttype == TType.SET:
        etype, names = fields.elements(old[ports].value)
        resources += [Field(NAMED_PORT, TType.STRING, name) for name in names if etype == TType.STRING]
    return fields.container(TType.STRUCT, [fields.join([resource]) for resource in resources])


def _strategy(raw: bytes) -> bytes:
    size = fields.get(raw, *SETTINGS, 1) or fields.i32(0)
    batch = fields.get(raw, *SETTINGS, 8) == b"\x01"
    members = [Field(1, TType.I32, size), *([Field(2, TType.BOOL, b"\x00")] if batch else [])]
    return fields.join([Field(2 if batch else 1, TType.STRUCT, fields.join(members))])
