# Written by script/generate from thrift/slim.thrift; do not edit.
from collections.abc import Collection
from typing import Final

from aurora_admin.wire.struct import Struct

class Empty(Struct):
    def __init__(self) -> None: ...
class JobKey(Struct):
    role: bytes | None
    environment: bytes | None
    name: bytes | None
    def __init__(self, role: bytes | None = ..., environment: bytes | None = ..., name: bytes | None = ...) -> None: ...
class TaskConfig(Struct):
    job: JobKey | None
    def __init__(self, job: JobKey | None = ...) -> None: ...
class CurrentTaskConfig(Struct):
    job: JobKey | None
    container: Empty | None
    tier: bytes | None
    resources: Collection[Empty] | None
    def __init__(self, job: JobKey | None = ..., container: Empty | None = ..., tier: bytes | None = ..., resources: Collection[Empty] | None = ...) -> None: ...
class AssignedTask(Struct):
    taskId: bytes | None
    slaveId: bytes | None
    slaveHost: bytes | None
    task: TaskConfig | None
    instanceId: int | None
    def __init__(self, taskId: bytes | None = ..., slaveId: bytes | None = ..., slaveHost: bytes | None = ..., task: TaskConfig | None = ..., instanceId: int | None = ...) -> None: ...
class ScheduledTask(Struct):
    assignedTask: AssignedTask | None
    status: int | None
    def __init__(self, assignedTask: AssignedTask | None = ..., status: int | None = ...) -> None: ...
class Identity(Struct):
    role: bytes | None
    def __init__(self, role: bytes | None = ...) -> None: ...
class AnyTaskConfig(Struct):
    jobName: bytes | None
    owner: Identity | None
    environment: bytes | None
    job: JobKey | None
    def __init__(self, jobName: bytes | None = ..., owner: Identity | None = ..., environment: bytes | None = ..., job: JobKey | None = ...) -> None: ...
class AnyAssignedTask(Struct):
    taskId: bytes | None
    slaveId: bytes | None
    slaveHost: bytes | None
    task: AnyTaskConfig | None
    instanceId: int | None
    def __init__(self, taskId: bytes | None = ..., slaveId: bytes | None = ..., slaveHost: bytes | None = ..., task: AnyTaskConfig | None = ..., instanceId: int | None = ...) -> None: ...
class AnyTask(Struct):
    assignedTask: AnyAssignedTask | None
    status: int | None
    def __init__(self, assignedTask: AnyAssignedTask | None = ..., status: int | None = ...) -> None: ...
class TaskEvent(Struct):
    timestamp: int | None
    def __init__(self, timestamp: int | None = ...) -> None: ...
class TaskWithEvents(Struct):
    assignedTask: AssignedTask | None
    status: int | None
    taskEvents: list[TaskEvent] | None
    def __init__(self, assignedTask: AssignedTask | None = ..., status: int | None = ..., taskEvents: list[TaskEvent] | None = ...) -> None: ...
class PartialAssignedTask(Struct):
    taskId: bytes | None
    slaveId: bytes | None
    slaveHost: bytes | None
    instanceId: int | None
    def __init__(self, taskId: bytes | None = ..., slaveId: bytes | None = ..., slaveHost: bytes | None = ..., instanceId: int | None = ...) -> None: ...
class PartialTask(Struct):
    assignedTask: PartialAssignedTask | None
    status: int | None
    def __init__(self, assignedTask: PartialAssignedTask | None = ..., status: int | None = ...) -> None: ...
class DeduplicatedTask(Struct):
    partialScheduledTask: PartialTask | None
    taskConfigId: int | None
    def __init__(self, partialScheduledTask: PartialTask | None = ..., taskConfigId: int | None = ...) -> None: ...
class HostAttributes(Struct):
    host: bytes | None
    def __init__(self, host: bytes | None = ...) -> None: ...
class CronJob(Struct):
    key: JobKey | None
    def __init__(self, key: JobKey | None = ...) -> None: ...
class StoredCronJob(Struct):
    jobConfiguration: CronJob | None
    def __init__(self, jobConfiguration: CronJob | None = ...) -> None: ...
class QuotaConfiguration(Struct):
    role: bytes | None
    def __init__(self, role: bytes | None = ...) -> None: ...
class HostMaintenanceRequest(Struct):
    host: bytes | None
    def __init__(self, host: bytes | None = ...) -> None: ...
class JobUpdateKey(Struct):
    job: JobKey | None
    id: bytes | None
    def __init__(self, job: JobKey | None = ..., id: bytes | None = ...) -> None: ...
class JobUpdateState(Struct):
    status: int | None
    createdTimestampMs: int | None
    lastModifiedTimestampMs: int | None
    def __init__(self, status: int | None = ..., createdTimestampMs: int | None = ..., lastModifiedTimestampMs: int | None = ...) -> None: ...
class JobUpdateSummary(Struct):
    state: JobUpdateState | None
    key: JobUpdateKey | None
    def __init__(self, state: JobUpdateState | None = ..., key: JobUpdateKey | None = ...) -> None: ...
class InstanceTaskConfig(Struct):
    task: CurrentTaskConfig | None
    def __init__(self, task: CurrentTaskConfig | None = ...) -> None: ...
class JobUpdateSettings(Struct):
    blockIfNoPulsesAfterMs: int | None
    updateStrategy: Empty | None
    def __init__(self, blockIfNoPulsesAfterMs: int | None = ..., updateStrategy: Empty | None = ...) -> None: ...
class JobUpdateInstructions(Struct):
    initialState: Collection[InstanceTaskConfig] | None
    desiredState: InstanceTaskConfig | None
    settings: JobUpdateSettings | None
    def __init__(self, initialState: Collection[InstanceTaskConfig] | None = ..., desiredState: InstanceTaskConfig | None = ..., settings: JobUpdateSettings | None = ...) -> None: ...
class JobUpdate(Struct):
    summary: JobUpdateSummary | None
    instructions: JobUpdateInstructions | None
    def __init__(self, summary: JobUpdateSummary | None = ..., instructions: JobUpdateInstructions | None = ...) -> None: ...
class JobUpdateEvent(Struct):
    status: int | None
    timestampMs: int | None
    def __init__(self, status: int | None = ..., timestampMs: int | None = ...) -> None: ...
class JobInstanceUpdateEvent(Struct):
    timestampMs: int | None
    def __init__(self, timestampMs: int | None = ...) -> None: ...
class JobUpdateDetails(Struct):
    update: JobUpdate | None
    updateEvents: list[JobUpdateEvent] | None
    instanceEvents: list[JobInstanceUpdateEvent] | None
    def __init__(self, update: JobUpdate | None = ..., updateEvents: list[JobUpdateEvent] | None = ..., instanceEvents: list[JobInstanceUpdateEvent] | None = ...) -> None: ...
class StoredJobUpdateDetails(Struct):
    details: JobUpdateDetails | None
    lockToken: bytes | None
    def __init__(self, details: JobUpdateDetails | None = ..., lockToken: bytes | None = ...) -> None: ...
class LockKey(Struct):
    job: JobKey | None
    def __init__(self, job: JobKey | None = ...) -> None: ...
class Lock(Struct):
    key: LockKey | None
    token: bytes | None
    def __init__(self, key: LockKey | None = ..., token: bytes | None = ...) -> None: ...
class SchedulerMetadata(Struct):
    frameworkId: bytes | None
    details: dict[bytes, bytes] | None
    def __init__(self, frameworkId: bytes | None = ..., details: dict[bytes, bytes] | None = ...) -> None: ...
class ResponseDetail(Struct):
    message: bytes | None
    def __init__(self, message: bytes | None = ...) -> None: ...
