# Written by script/generate from thrift/storage.thrift; do not edit.
from collections.abc import Collection
from typing import Final

from aurora_admin.wire.struct import Struct
from aurora_admin.gen.api import ttypes as api

class QuotaConfiguration(Struct):
    role: str | None
    quota: api.ResourceAggregate | None
    def __init__(self, role: str | None = ..., quota: api.ResourceAggregate | None = ...) -> None: ...
class StoredJob(Struct):
    jobManagerId: str | None
    jobConfiguration: api.JobConfiguration | None
    def __init__(self, jobManagerId: str | None = ..., jobConfiguration: api.JobConfiguration | None = ...) -> None: ...
class StoredCronJob(Struct):
    jobConfiguration: api.JobConfiguration | None
    def __init__(self, jobConfiguration: api.JobConfiguration | None = ...) -> None: ...
class SchedulerMetadata(Struct):
    frameworkId: str | None
    details: dict[str, str] | None
    revision: str | None
    tag: str | None
    timestamp: str | None
    user: str | None
    machine: str | None
    version: api.APIVersion | None
    def __init__(self, frameworkId: str | None = ..., details: dict[str, str] | None = ..., revision: str | None = ..., tag: str | None = ..., timestamp: str | None = ..., user: str | None = ..., machine: str | None = ..., version: api.APIVersion | None = ...) -> None: ...
class StoredJobUpdateDetails(Struct):
    details: api.JobUpdateDetails | None
    lockToken: str | None
    def __init__(self, details: api.JobUpdateDetails | None = ..., lockToken: str | None = ...) -> None: ...
class Snapshot(Struct):
    timestamp: int | None
    hostAttributes: Collection[api.HostAttributes] | None
    tasks: Collection[api.ScheduledTask] | None
    cronJobs: Collection[StoredCronJob] | None
    schedulerMetadata: SchedulerMetadata | None
    quotaConfigurations: Collection[QuotaConfiguration] | None
    jobUpdateDetails: Collection[StoredJobUpdateDetails] | None
    hostMaintenanceRequests: Collection[api.HostMaintenanceRequest] | None
    locks: Collection[api.Lock] | None
    dbScript: list[str] | None
    experimentalTaskStore: bool | None
    def __init__(self, timestamp: int | None = ..., hostAttributes: Collection[api.HostAttributes] | None = ..., tasks: Collection[api.ScheduledTask] | None = ..., cronJobs: Collection[StoredCronJob] | None = ..., schedulerMetadata: SchedulerMetadata | None = ..., quotaConfigurations: Collection[QuotaConfiguration] | None = ..., jobUpdateDetails: Collection[StoredJobUpdateDetails] | None = ..., hostMaintenanceRequests: Collection[api.HostMaintenanceRequest] | None = ..., locks: Collection[api.Lock] | None = ..., dbScript: list[str] | None = ..., experimentalTaskStore: bool | None = ...) -> None: ...
class SaveFrameworkId(Struct):
    id: str | None
    def __init__(self, id: str | None = ...) -> None: ...
class SaveAcceptedJob(Struct):
    managerId: str | None
    jobConfig: api.JobConfiguration | None
    def __init__(self, managerId: str | None = ..., jobConfig: api.JobConfiguration | None = ...) -> None: ...
class SaveCronJob(Struct):
    jobConfig: api.JobConfiguration | None
    def __init__(self, jobConfig: api.JobConfiguration | None = ...) -> None: ...
class RemoveJob(Struct):
    jobKey: api.JobKey | None
    def __init__(self, jobKey: api.JobKey | None = ...) -> None: ...
class SaveTasks(Struct):
    tasks: Collection[api.ScheduledTask] | None
    def __init__(self, tasks: Collection[api.ScheduledTask] | None = ...) -> None: ...
class RemoveTasks(Struct):
    taskIds: Collection[str] | None
    def __init__(self, taskIds: Collection[str] | None = ...) -> None: ...
class SaveQuota(Struct):
    role: str | None
    quota: api.ResourceAggregate | None
    def __init__(self, role: str | None = ..., quota: api.ResourceAggregate | None = ...) -> None: ...
class RemoveQuota(Struct):
    role: str | None
    def __init__(self, role: str | None = ...) -> None: ...
class SaveHostAttributes(Struct):
    hostAttributes: api.HostAttributes | None
    def __init__(self, hostAttributes: api.HostAttributes | None = ...) -> None: ...
class RewriteTask(Struct):
    taskId: str | None
    task: api.TaskConfig | None
    def __init__(self, taskId: str | None = ..., task: api.TaskConfig | None = ...) -> None: ...
class SaveLock(Struct):
    lock: api.Lock | None
    def __init__(self, lock: api.Lock | None = ...) -> None: ...
class RemoveLock(Struct):
    lockKey: api.LockKey | None
    def __init__(self, lockKey: api.LockKey | None = ...) -> None: ...
class SaveJobUpdate(Struct):
    jobUpdate: api.JobUpdate | None
    lockToken: str | None
    def __init__(self, jobUpdate: api.JobUpdate | None = ..., lockToken: str | None = ...) -> None: ...
class SaveJobUpdateEvent(Struct):
    event: api.JobUpdateEvent | None
    key: api.JobUpdateKey | None
    updateId: str | None
    def __init__(self, event: api.JobUpdateEvent | None = ..., key: api.JobUpdateKey | None = ..., updateId: str | None = ...) -> None: ...
class SaveJobInstanceUpdateEvent(Struct):
    event: api.JobInstanceUpdateEvent | None
    key: api.JobUpdateKey | None
    updateId: str | None
    def __init__(self, event: api.JobInstanceUpdateEvent | None = ..., key: api.JobUpdateKey | None = ..., updateId: str | None = ...) -> None: ...
class PruneJobUpdateHistory(Struct):
    perJobRetainCount: int | None
    historyPruneThresholdMs: int | None
    def __init__(self, perJobRetainCount: int | None = ..., historyPruneThresholdMs: int | None = ...) -> None: ...
class RemoveJobUpdates(Struct):
    keys: Collection[api.JobUpdateKey] | None
    def __init__(self, keys: Collection[api.JobUpdateKey] | None = ...) -> None: ...
class SaveHostMaintenanceRequest(Struct):
    hostMaintenanceRequest: api.HostMaintenanceRequest | None
    def __init__(self, hostMaintenanceRequest: api.HostMaintenanceRequest | None = ...) -> None: ...
class RemoveHostMaintenanceRequest(Struct):
    host: str | None
    def __init__(self, host: str | None = ...) -> None: ...
class Op(Struct):
    saveFrameworkId: SaveFrameworkId | None
    saveCronJob: SaveCronJob | None
    removeJob: RemoveJob | None
    saveTasks: SaveTasks | None
    removeTasks: RemoveTasks | None
    saveQuota: SaveQuota | None
    removeQuota: RemoveQuota | None
    saveHostAttributes: SaveHostAttributes | None
    saveLock: SaveLock | None
    removeLock: RemoveLock | None
    saveJobUpdate: SaveJobUpdate | None
    saveJobUpdateEvent: SaveJobUpdateEvent | None
    saveJobInstanceUpdateEvent: SaveJobInstanceUpdateEvent | None
    pruneJobUpdateHistory: PruneJobUpdateHistory | None
    removeJobUpdate: RemoveJobUpdates | None
    saveHostMaintenanceRequest: SaveHostMaintenanceRequest | None
    removeHostMaintenanceRequest: RemoveHostMaintenanceRequest | None
    rewriteTask: RewriteTask | None
    def __init__(self, saveFrameworkId: SaveFrameworkId | None = ..., saveCronJob: SaveCronJob | None = ..., removeJob: RemoveJob | None = ..., saveTasks: SaveTasks | None = ..., removeTasks: RemoveTasks | None = ..., saveQuota: SaveQuota | None = ..., removeQuota: RemoveQuota | None = ..., saveHostAttributes: SaveHostAttributes | None = ..., saveLock: SaveLock | None = ..., removeLock: RemoveLock | None = ..., saveJobUpdate: SaveJobUpdate | None = ..., saveJobUpdateEvent: SaveJobUpdateEvent | None = ..., saveJobInstanceUpdateEvent: SaveJobInstanceUpdateEvent | None = ..., pruneJobUpdateHistory: PruneJobUpdateHistory | None = ..., removeJobUpdate: RemoveJobUpdates | None = ..., saveHostMaintenanceRequest: SaveHostMaintenanceRequest | None = ..., removeHostMaintenanceRequest: RemoveHostMaintenanceRequest | None = ..., rewriteTask: RewriteTask | None = ...) -> None: ...
class Transaction(Struct):
    ops: list[Op] | None
    schemaVersion: int | None
    def __init__(self, ops: list[Op] | None = ..., schemaVersion: int | None = ...) -> None: ...
class FrameHeader(Struct):
    chunkCount: int | None
    checksum: bytes | None
    def __init__(self, chunkCount: int | None = ..., checksum: bytes | None = ...) -> None: ...
class FrameChunk(Struct):
    data: bytes | None
    def __init__(self, data: bytes | None = ...) -> None: ...
class Frame(Struct):
    header: FrameHeader | None
    chunk: FrameChunk | None
    def __init__(self, header: FrameHeader | None = ..., chunk: FrameChunk | None = ...) -> None: ...
class DeduplicatedScheduledTask(Struct):
    partialScheduledTask: api.ScheduledTask | None
    taskConfigId: int | None
    def __init__(self, partialScheduledTask: api.ScheduledTask | None = ..., taskConfigId: int | None = ...) -> None: ...
class DeduplicatedSnapshot(Struct):
    partialSnapshot: Snapshot | None
    partialTasks: list[DeduplicatedScheduledTask] | None
    taskConfigs: list[api.TaskConfig] | None
    def __init__(self, partialSnapshot: Snapshot | None = ..., partialTasks: list[DeduplicatedScheduledTask] | None = ..., taskConfigs: list[api.TaskConfig] | None = ...) -> None: ...
class LogEntry(Struct):
    snapshot: Snapshot | None
    transaction: Transaction | None
    noop: bool | None
    frame: Frame | None
    deflatedEntry: bytes | None
    deduplicatedSnapshot: DeduplicatedSnapshot | None
    def __init__(self, snapshot: Snapshot | None = ..., transaction: Transaction | None = ..., noop: bool | None = ..., frame: Frame | None = ..., deflatedEntry: bytes | None = ..., deduplicatedSnapshot: DeduplicatedSnapshot | None = ...) -> None: ...
