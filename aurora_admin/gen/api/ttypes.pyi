# Written by script/generate from thrift/api.thrift; do not edit.
from collections.abc import Collection
from typing import Final

from aurora_admin.wire.struct import Struct

class CronCollisionPolicy:
    KILL_EXISTING: Final = 0
    CANCEL_NEW: Final = 1
    RUN_OVERLAP: Final = 2
    _VALUES_TO_NAMES: Final[dict[int, str]]
    _NAMES_TO_VALUES: Final[dict[str, int]]
class JobUpdateAction:
    INSTANCE_UPDATED: Final = 1
    INSTANCE_ROLLED_BACK: Final = 2
    INSTANCE_UPDATING: Final = 3
    INSTANCE_ROLLING_BACK: Final = 4
    INSTANCE_UPDATE_FAILED: Final = 5
    INSTANCE_ROLLBACK_FAILED: Final = 6
    _VALUES_TO_NAMES: Final[dict[int, str]]
    _NAMES_TO_VALUES: Final[dict[str, int]]
class JobUpdatePulseStatus:
    OK: Final = 1
    FINISHED: Final = 2
    _VALUES_TO_NAMES: Final[dict[int, str]]
    _NAMES_TO_VALUES: Final[dict[str, int]]
class JobUpdateStatus:
    ROLLING_FORWARD: Final = 0
    ROLLING_BACK: Final = 1
    ROLL_FORWARD_PAUSED: Final = 2
    ROLL_BACK_PAUSED: Final = 3
    ROLLED_FORWARD: Final = 4
    ROLLED_BACK: Final = 5
    ABORTED: Final = 6
    ERROR: Final = 7
    FAILED: Final = 8
    ROLL_FORWARD_AWAITING_PULSE: Final = 9
    ROLL_BACK_AWAITING_PULSE: Final = 10
    _VALUES_TO_NAMES: Final[dict[int, str]]
    _NAMES_TO_VALUES: Final[dict[str, int]]
class MaintenanceMode:
    NONE: Final = 1
    SCHEDULED: Final = 2
    DRAINING: Final = 3
    DRAINED: Final = 4
    _VALUES_TO_NAMES: Final[dict[int, str]]
    _NAMES_TO_VALUES: Final[dict[str, int]]
class Mode:
    RW: Final = 1
    RO: Final = 2
    _VALUES_TO_NAMES: Final[dict[int, str]]
    _NAMES_TO_VALUES: Final[dict[str, int]]
class ResponseCode:
    INVALID_REQUEST: Final = 0
    OK: Final = 1
    ERROR: Final = 2
    WARNING: Final = 3
    AUTH_FAILED: Final = 4
    JOB_UPDATING_ERROR: Final = 5
    ERROR_TRANSIENT: Final = 6
    _VALUES_TO_NAMES: Final[dict[int, str]]
    _NAMES_TO_VALUES: Final[dict[str, int]]
class ScheduleStatus:
    PENDING: Final = 0
    STARTING: Final = 1
    RUNNING: Final = 2
    FINISHED: Final = 3
    FAILED: Final = 4
    KILLED: Final = 5
    KILLING: Final = 6
    LOST: Final = 7
    ASSIGNED: Final = 9
    INIT: Final = 11
    RESTARTING: Final = 12
    PREEMPTING: Final = 13
    THROTTLED: Final = 16
    DRAINING: Final = 17
    PARTITIONED: Final = 18
    _VALUES_TO_NAMES: Final[dict[int, str]]
    _NAMES_TO_VALUES: Final[dict[str, int]]
class Resource(Struct):
    numCpus: float | None
    ramMb: int | None
    diskMb: int | None
    namedPort: str | None
    numGpus: int | None
    ipAddr: int | None
    def __init__(self, numCpus: float | None = ..., ramMb: int | None = ..., diskMb: int | None = ..., namedPort: str | None = ..., numGpus: int | None = ..., ipAddr: int | None = ...) -> None: ...
class ResourceAggregate(Struct):
    resources: Collection[Resource] | None
    numCpus: float | None
    ramMb: int | None
    diskMb: int | None
    def __init__(self, resources: Collection[Resource] | None = ..., numCpus: float | None = ..., ramMb: int | None = ..., diskMb: int | None = ...) -> None: ...
class GetQuotaResult(Struct):
    quota: ResourceAggregate | None
    prodSharedConsumption: ResourceAggregate | None
    nonProdSharedConsumption: ResourceAggregate | None
    prodDedicatedConsumption: ResourceAggregate | None
    nonProdDedicatedConsumption: ResourceAggregate | None
    def __init__(self, quota: ResourceAggregate | None = ..., prodSharedConsumption: ResourceAggregate | None = ..., nonProdSharedConsumption: ResourceAggregate | None = ..., prodDedicatedConsumption: ResourceAggregate | None = ..., nonProdDedicatedConsumption: ResourceAggregate | None = ...) -> None: ...
class JobKey(Struct):
    role: str | None
    environment: str | None
    name: str | None
    def __init__(self, role: str | None = ..., environment: str | None = ..., name: str | None = ...) -> None: ...
class InstanceKey(Struct):
    jobKey: JobKey | None
    instanceId: int | None
    def __init__(self, jobKey: JobKey | None = ..., instanceId: int | None = ...) -> None: ...
class Identity(Struct):
    user: str | None
    role: str | None
    def __init__(self, user: str | None = ..., role: str | None = ...) -> None: ...
class ValueConstraint(Struct):
    negated: bool | None
    values: Collection[str] | None
    def __init__(self, negated: bool | None = ..., values: Collection[str] | None = ...) -> None: ...
class LimitConstraint(Struct):
    limit: int | None
    def __init__(self, limit: int | None = ...) -> None: ...
class TaskConstraint(Struct):
    value: ValueConstraint | None
    limit: LimitConstraint | None
    def __init__(self, value: ValueConstraint | None = ..., limit: LimitConstraint | None = ...) -> None: ...
class Constraint(Struct):
    name: str | None
    constraint: TaskConstraint | None
    def __init__(self, name: str | None = ..., constraint: TaskConstraint | None = ...) -> None: ...
class ExecutorConfig(Struct):
    name: str | None
    data: str | None
    def __init__(self, name: str | None = ..., data: str | None = ...) -> None: ...
class Metadata(Struct):
    key: str | None
    value: str | None
    def __init__(self, key: str | None = ..., value: str | None = ...) -> None: ...
class DockerImage(Struct):
    name: str | None
    tag: str | None
    def __init__(self, name: str | None = ..., tag: str | None = ...) -> None: ...
class AppcImage(Struct):
    name: str | None
    imageId: str | None
    def __init__(self, name: str | None = ..., imageId: str | None = ...) -> None: ...
class Image(Struct):
    docker: DockerImage | None
    appc: AppcImage | None
    def __init__(self, docker: DockerImage | None = ..., appc: AppcImage | None = ...) -> None: ...
class Volume(Struct):
    containerPath: str | None
    hostPath: str | None
    mode: int | None
    def __init__(self, containerPath: str | None = ..., hostPath: str | None = ..., mode: int | None = ...) -> None: ...
class MesosContainer(Struct):
    image: Image | None
    volumes: list[Volume] | None
    def __init__(self, image: Image | None = ..., volumes: list[Volume] | None = ...) -> None: ...
class DockerParameter(Struct):
    name: str | None
    value: str | None
    def __init__(self, name: str | None = ..., value: str | None = ...) -> None: ...
class DockerContainer(Struct):
    image: str | None
    parameters: list[DockerParameter] | None
    def __init__(self, image: str | None = ..., parameters: list[DockerParameter] | None = ...) -> None: ...
class Container(Struct):
    mesos: MesosContainer | None
    docker: DockerContainer | None
    def __init__(self, mesos: MesosContainer | None = ..., docker: DockerContainer | None = ...) -> None: ...
class MesosFetcherURI(Struct):
    value: str | None
    extract: bool | None
    cache: bool | None
    outputFile: str | None
    def __init__(self, value: str | None = ..., extract: bool | None = ..., cache: bool | None = ..., outputFile: str | None = ...) -> None: ...
class PartitionPolicy(Struct):
    reschedule: bool | None
    delaySecs: int | None
    def __init__(self, reschedule: bool | None = ..., delaySecs: int | None = ...) -> None: ...
class PercentageSlaPolicy(Struct):
    percentage: float | None
    durationSecs: int | None
    def __init__(self, percentage: float | None = ..., durationSecs: int | None = ...) -> None: ...
class CountSlaPolicy(Struct):
    count: int | None
    durationSecs: int | None
    def __init__(self, count: int | None = ..., durationSecs: int | None = ...) -> None: ...
class CoordinatorSlaPolicy(Struct):
    coordinatorUrl: str | None
    statusKey: str | None
    def __init__(self, coordinatorUrl: str | None = ..., statusKey: str | None = ...) -> None: ...
class SlaPolicy(Struct):
    percentageSlaPolicy: PercentageSlaPolicy | None
    countSlaPolicy: CountSlaPolicy | None
    coordinatorSlaPolicy: CoordinatorSlaPolicy | None
    def __init__(self, percentageSlaPolicy: PercentageSlaPolicy | None = ..., countSlaPolicy: CountSlaPolicy | None = ..., coordinatorSlaPolicy: CoordinatorSlaPolicy | None = ...) -> None: ...
class TaskConfig(Struct):
    job: JobKey | None
    owner: Identity | None
    isService: bool | None
    priority: int | None
    maxTaskFailures: int | None
    production: bool | None
    tier: str | None
    resources: Collection[Resource] | None
    constraints: Collection[Constraint] | None
    mesosFetcherUris: Collection[MesosFetcherURI] | None
    taskLinks: dict[str, str] | None
    contactEmail: str | None
    executorConfig: ExecutorConfig | None
    metadata: Collection[Metadata] | None
    partitionPolicy: PartitionPolicy | None
    slaPolicy: SlaPolicy | None
    container: Container | None
    jobName: str | None
    numCpus: float | None
    ramMb: int | None
    diskMb: int | None
    requestedPorts: Collection[str] | None
    environment: str | None
    def __init__(self, job: JobKey | None = ..., owner: Identity | None = ..., isService: bool | None = ..., priority: int | None = ..., maxTaskFailures: int | None = ..., production: bool | None = ..., tier: str | None = ..., resources: Collection[Resource] | None = ..., constraints: Collection[Constraint] | None = ..., mesosFetcherUris: Collection[MesosFetcherURI] | None = ..., taskLinks: dict[str, str] | None = ..., contactEmail: str | None = ..., executorConfig: ExecutorConfig | None = ..., metadata: Collection[Metadata] | None = ..., partitionPolicy: PartitionPolicy | None = ..., slaPolicy: SlaPolicy | None = ..., container: Container | None = ..., jobName: str | None = ..., numCpus: float | None = ..., ramMb: int | None = ..., diskMb: int | None = ..., requestedPorts: Collection[str] | None = ..., environment: str | None = ...) -> None: ...
class JobConfiguration(Struct):
    key: JobKey | None
    owner: Identity | None
    cronSchedule: str | None
    cronCollisionPolicy: int | None
    taskConfig: TaskConfig | None
    instanceCount: int | None
    def __init__(self, key: JobKey | None = ..., owner: Identity | None = ..., cronSchedule: str | None = ..., cronCollisionPolicy: int | None = ..., taskConfig: TaskConfig | None = ..., instanceCount: int | None = ...) -> None: ...
class AssignedTask(Struct):
    taskId: str | None
    slaveId: str | None
    slaveHost: str | None
    task: TaskConfig | None
    assignedPorts: dict[str, int] | None
    instanceId: int | None
    def __init__(self, taskId: str | None = ..., slaveId: str | None = ..., slaveHost: str | None = ..., task: TaskConfig | None = ..., assignedPorts: dict[str, int] | None = ..., instanceId: int | None = ...) -> None: ...
class TaskEvent(Struct):
    timestamp: int | None
    status: int | None
    message: str | None
    scheduler: str | None
    def __init__(self, timestamp: int | None = ..., status: int | None = ..., message: str | None = ..., scheduler: str | None = ...) -> None: ...
class ScheduledTask(Struct):
    assignedTask: AssignedTask | None
    status: int | None
    failureCount: int | None
    timesPartitioned: int | None
    taskEvents: list[TaskEvent] | None
    ancestorId: str | None
    def __init__(self, assignedTask: AssignedTask | None = ..., status: int | None = ..., failureCount: int | None = ..., timesPartitioned: int | None = ..., taskEvents: list[TaskEvent] | None = ..., ancestorId: str | None = ...) -> None: ...
class TaskQuery(Struct):
    role: str | None
    environment: str | None
    jobName: str | None
    taskIds: Collection[str] | None
    statuses: Collection[int] | None
    instanceIds: Collection[int] | None
    slaveHosts: Collection[str] | None
    jobKeys: Collection[JobKey] | None
    offset: int | None
    limit: int | None
    owner: Identity | None
    def __init__(self, role: str | None = ..., environment: str | None = ..., jobName: str | None = ..., taskIds: Collection[str] | None = ..., statuses: Collection[int] | None = ..., instanceIds: Collection[int] | None = ..., slaveHosts: Collection[str] | None = ..., jobKeys: Collection[JobKey] | None = ..., offset: int | None = ..., limit: int | None = ..., owner: Identity | None = ...) -> None: ...
class Range(Struct):
    first: int | None
    last: int | None
    def __init__(self, first: int | None = ..., last: int | None = ...) -> None: ...
class ConfigGroup(Struct):
    config: TaskConfig | None
    instances: Collection[Range] | None
    instanceIds: Collection[int] | None
    def __init__(self, config: TaskConfig | None = ..., instances: Collection[Range] | None = ..., instanceIds: Collection[int] | None = ...) -> None: ...
class ConfigSummary(Struct):
    key: JobKey | None
    groups: Collection[ConfigGroup] | None
    def __init__(self, key: JobKey | None = ..., groups: Collection[ConfigGroup] | None = ...) -> None: ...
class JobStats(Struct):
    activeTaskCount: int | None
    finishedTaskCount: int | None
    failedTaskCount: int | None
    pendingTaskCount: int | None
    def __init__(self, activeTaskCount: int | None = ..., finishedTaskCount: int | None = ..., failedTaskCount: int | None = ..., pendingTaskCount: int | None = ...) -> None: ...
class JobSummary(Struct):
    job: JobConfiguration | None
    stats: JobStats | None
    nextCronRunMs: int | None
    def __init__(self, job: JobConfiguration | None = ..., stats: JobStats | None = ..., nextCronRunMs: int | None = ...) -> None: ...
class RoleSummary(Struct):
    role: str | None
    jobCount: int | None
    cronJobCount: int | None
    def __init__(self, role: str | None = ..., jobCount: int | None = ..., cronJobCount: int | None = ...) -> None: ...
class PendingReason(Struct):
    taskId: str | None
    reason: str | None
    def __init__(self, taskId: str | None = ..., reason: str | None = ...) -> None: ...
class TierConfig(Struct):
    name: str | None
    settings: dict[str, str] | None
    def __init__(self, name: str | None = ..., settings: dict[str, str] | None = ...) -> None: ...
class ScheduleStatusResult(Struct):
    tasks: list[ScheduledTask] | None
    def __init__(self, tasks: list[ScheduledTask] | None = ...) -> None: ...
class GetJobsResult(Struct):
    configs: Collection[JobConfiguration] | None
    def __init__(self, configs: Collection[JobConfiguration] | None = ...) -> None: ...
class JobSummaryResult(Struct):
    summaries: Collection[JobSummary] | None
    def __init__(self, summaries: Collection[JobSummary] | None = ...) -> None: ...
class RoleSummaryResult(Struct):
    summaries: Collection[RoleSummary] | None
    def __init__(self, summaries: Collection[RoleSummary] | None = ...) -> None: ...
class ConfigSummaryResult(Struct):
    summary: ConfigSummary | None
    def __init__(self, summary: ConfigSummary | None = ...) -> None: ...
class PopulateJobResult(Struct):
    taskConfig: TaskConfig | None
    populatedDEPRECATED: Collection[TaskConfig] | None
    def __init__(self, taskConfig: TaskConfig | None = ..., populatedDEPRECATED: Collection[TaskConfig] | None = ...) -> None: ...
class GetPendingReasonResult(Struct):
    reasons: Collection[PendingReason] | None
    def __init__(self, reasons: Collection[PendingReason] | None = ...) -> None: ...
class GetTierConfigResult(Struct):
    defaultTierName: str | None
    tiers: Collection[TierConfig] | None
    def __init__(self, defaultTierName: str | None = ..., tiers: Collection[TierConfig] | None = ...) -> None: ...
class Package(Struct):
    role: str | None
    name: str | None
    version: int | None
    def __init__(self, role: str | None = ..., name: str | None = ..., version: int | None = ...) -> None: ...
class Attribute(Struct):
    name: str | None
    values: Collection[str] | None
    def __init__(self, name: str | None = ..., values: Collection[str] | None = ...) -> None: ...
class HostAttributes(Struct):
    host: str | None
    attributes: Collection[Attribute] | None
    mode: int | None
    slaveId: str | None
    def __init__(self, host: str | None = ..., attributes: Collection[Attribute] | None = ..., mode: int | None = ..., slaveId: str | None = ...) -> None: ...
class Hosts(Struct):
    hostNames: Collection[str] | None
    def __init__(self, hostNames: Collection[str] | None = ...) -> None: ...
class HostStatus(Struct):
    host: str | None
    mode: int | None
    def __init__(self, host: str | None = ..., mode: int | None = ...) -> None: ...
class HostMaintenanceRequest(Struct):
    host: str | None
    defaultSlaPolicy: SlaPolicy | None
    timeoutSecs: int | None
    createdTimestampMs: int | None
    def __init__(self, host: str | None = ..., defaultSlaPolicy: SlaPolicy | None = ..., timeoutSecs: int | None = ..., createdTimestampMs: int | None = ...) -> None: ...
class StartMaintenanceResult(Struct):
    statuses: Collection[HostStatus] | None
    def __init__(self, statuses: Collection[HostStatus] | None = ...) -> None: ...
class DrainHostsResult(Struct):
    statuses: Collection[HostStatus] | None
    def __init__(self, statuses: Collection[HostStatus] | None = ...) -> None: ...
class MaintenanceStatusResult(Struct):
    statuses: Collection[HostStatus] | None
    def __init__(self, statuses: Collection[HostStatus] | None = ...) -> None: ...
class EndMaintenanceResult(Struct):
    statuses: Collection[HostStatus] | None
    def __init__(self, statuses: Collection[HostStatus] | None = ...) -> None: ...
class JobUpdateKey(Struct):
    job: JobKey | None
    id: str | None
    def __init__(self, job: JobKey | None = ..., id: str | None = ...) -> None: ...
class QueueJobUpdateStrategy(Struct):
    groupSize: int | None
    def __init__(self, groupSize: int | None = ...) -> None: ...
class BatchJobUpdateStrategy(Struct):
    groupSize: int | None
    autopauseAfterBatch: bool | None
    def __init__(self, groupSize: int | None = ..., autopauseAfterBatch: bool | None = ...) -> None: ...
class VariableBatchJobUpdateStrategy(Struct):
    groupSizes: list[int] | None
    autopauseAfterBatch: bool | None
    def __init__(self, groupSizes: list[int] | None = ..., autopauseAfterBatch: bool | None = ...) -> None: ...
class JobUpdateStrategy(Struct):
    queueStrategy: QueueJobUpdateStrategy | None
    batchStrategy: BatchJobUpdateStrategy | None
    varBatchStrategy: VariableBatchJobUpdateStrategy | None
    def __init__(self, queueStrategy: QueueJobUpdateStrategy | None = ..., batchStrategy: BatchJobUpdateStrategy | None = ..., varBatchStrategy: VariableBatchJobUpdateStrategy | None = ...) -> None: ...
class JobUpdateSettings(Struct):
    updateGroupSize: int | None
    maxPerInstanceFailures: int | None
    maxFailedInstances: int | None
    minWaitInInstanceRunningMs: int | None
    rollbackOnFailure: bool | None
    updateOnlyTheseInstances: Collection[Range] | None
    waitForBatchCompletion: bool | None
    blockIfNoPulsesAfterMs: int | None
    slaAware: bool | None
    updateStrategy: JobUpdateStrategy | None
    maxWaitToInstanceRunningMs: int | None
    def __init__(self, updateGroupSize: int | None = ..., maxPerInstanceFailures: int | None = ..., maxFailedInstances: int | None = ..., minWaitInInstanceRunningMs: int | None = ..., rollbackOnFailure: bool | None = ..., updateOnlyTheseInstances: Collection[Range] | None = ..., waitForBatchCompletion: bool | None = ..., blockIfNoPulsesAfterMs: int | None = ..., slaAware: bool | None = ..., updateStrategy: JobUpdateStrategy | None = ..., maxWaitToInstanceRunningMs: int | None = ...) -> None: ...
class JobUpdateRequest(Struct):
    taskConfig: TaskConfig | None
    instanceCount: int | None
    settings: JobUpdateSettings | None
    metadata: Collection[Metadata] | None
    def __init__(self, taskConfig: TaskConfig | None = ..., instanceCount: int | None = ..., settings: JobUpdateSettings | None = ..., metadata: Collection[Metadata] | None = ...) -> None: ...
class InstanceTaskConfig(Struct):
    task: TaskConfig | None
    instances: Collection[Range] | None
    def __init__(self, task: TaskConfig | None = ..., instances: Collection[Range] | None = ...) -> None: ...
class JobUpdateInstructions(Struct):
    initialState: Collection[InstanceTaskConfig] | None
    desiredState: InstanceTaskConfig | None
    settings: JobUpdateSettings | None
    def __init__(self, initialState: Collection[InstanceTaskConfig] | None = ..., desiredState: InstanceTaskConfig | None = ..., settings: JobUpdateSettings | None = ...) -> None: ...
class JobUpdateState(Struct):
    status: int | None
    createdTimestampMs: int | None
    lastModifiedTimestampMs: int | None
    def __init__(self, status: int | None = ..., createdTimestampMs: int | None = ..., lastModifiedTimestampMs: int | None = ...) -> None: ...
class JobUpdateSummary(Struct):
    key: JobUpdateKey | None
    user: str | None
    state: JobUpdateState | None
    metadata: Collection[Metadata] | None
    updateId: str | None
    jobKey: JobKey | None
    def __init__(self, key: JobUpdateKey | None = ..., user: str | None = ..., state: JobUpdateState | None = ..., metadata: Collection[Metadata] | None = ..., updateId: str | None = ..., jobKey: JobKey | None = ...) -> None: ...
class JobUpdate(Struct):
    summary: JobUpdateSummary | None
    instructions: JobUpdateInstructions | None
    def __init__(self, summary: JobUpdateSummary | None = ..., instructions: JobUpdateInstructions | None = ...) -> None: ...
class JobUpdateEvent(Struct):
    status: int | None
    timestampMs: int | None
    user: str | None
    message: str | None
    def __init__(self, status: int | None = ..., timestampMs: int | None = ..., user: str | None = ..., message: str | None = ...) -> None: ...
class JobInstanceUpdateEvent(Struct):
    instanceId: int | None
    timestampMs: int | None
    action: int | None
    message: str | None
    def __init__(self, instanceId: int | None = ..., timestampMs: int | None = ..., action: int | None = ..., message: str | None = ...) -> None: ...
class JobUpdateDetails(Struct):
    update: JobUpdate | None
    updateEvents: list[JobUpdateEvent] | None
    instanceEvents: list[JobInstanceUpdateEvent] | None
    def __init__(self, update: JobUpdate | None = ..., updateEvents: list[JobUpdateEvent] | None = ..., instanceEvents: list[JobInstanceUpdateEvent] | None = ...) -> None: ...
class JobUpdateQuery(Struct):
    role: str | None
    key: JobUpdateKey | None
    jobKey: JobKey | None
    user: str | None
    updateStatuses: Collection[int] | None
    offset: int | None
    limit: int | None
    updateId: str | None
    def __init__(self, role: str | None = ..., key: JobUpdateKey | None = ..., jobKey: JobKey | None = ..., user: str | None = ..., updateStatuses: Collection[int] | None = ..., offset: int | None = ..., limit: int | None = ..., updateId: str | None = ...) -> None: ...
class StartJobUpdateResult(Struct):
    key: JobUpdateKey | None
    updateSummary: JobUpdateSummary | None
    def __init__(self, key: JobUpdateKey | None = ..., updateSummary: JobUpdateSummary | None = ...) -> None: ...
class GetJobUpdateSummariesResult(Struct):
    updateSummaries: list[JobUpdateSummary] | None
    def __init__(self, updateSummaries: list[JobUpdateSummary] | None = ...) -> None: ...
class GetJobUpdateDetailsResult(Struct):
    details: JobUpdateDetails | None
    detailsList: list[JobUpdateDetails] | None
    def __init__(self, details: JobUpdateDetails | None = ..., detailsList: list[JobUpdateDetails] | None = ...) -> None: ...
class PulseJobUpdateResult(Struct):
    status: int | None
    def __init__(self, status: int | None = ...) -> None: ...
class GetJobUpdateDiffResult(Struct):
    add: Collection[ConfigGroup] | None
    remove: Collection[ConfigGroup] | None
    update: Collection[ConfigGroup] | None
    unchanged: Collection[ConfigGroup] | None
    def __init__(self, add: Collection[ConfigGroup] | None = ..., remove: Collection[ConfigGroup] | None = ..., update: Collection[ConfigGroup] | None = ..., unchanged: Collection[ConfigGroup] | None = ...) -> None: ...
class ListBackupsResult(Struct):
    backups: Collection[str] | None
    def __init__(self, backups: Collection[str] | None = ...) -> None: ...
class QueryRecoveryResult(Struct):
    tasks: Collection[ScheduledTask] | None
    def __init__(self, tasks: Collection[ScheduledTask] | None = ...) -> None: ...
class ExplicitReconciliationSettings(Struct):
    batchSize: int | None
    def __init__(self, batchSize: int | None = ...) -> None: ...
class LockKey(Struct):
    job: JobKey | None
    def __init__(self, job: JobKey | None = ...) -> None: ...
class Lock(Struct):
    key: LockKey | None
    token: str | None
    user: str | None
    timestampMs: int | None
    message: str | None
    def __init__(self, key: LockKey | None = ..., token: str | None = ..., user: str | None = ..., timestampMs: int | None = ..., message: str | None = ...) -> None: ...
class APIVersion(Struct):
    major: int | None
    def __init__(self, major: int | None = ...) -> None: ...
class AcquireLockResult(Struct):
    lock: Lock | None
    def __init__(self, lock: Lock | None = ...) -> None: ...
class GetLocksResult(Struct):
    locks: Collection[Lock] | None
    def __init__(self, locks: Collection[Lock] | None = ...) -> None: ...
class Result(Struct):
    populateJobResult: PopulateJobResult | None
    scheduleStatusResult: ScheduleStatusResult | None
    getJobsResult: GetJobsResult | None
    getQuotaResult: GetQuotaResult | None
    listBackupsResult: ListBackupsResult | None
    startMaintenanceResult: StartMaintenanceResult | None
    drainHostsResult: DrainHostsResult | None
    queryRecoveryResult: QueryRecoveryResult | None
    maintenanceStatusResult: MaintenanceStatusResult | None
    endMaintenanceResult: EndMaintenanceResult | None
    roleSummaryResult: RoleSummaryResult | None
    jobSummaryResult: JobSummaryResult | None
    configSummaryResult: ConfigSummaryResult | None
    getPendingReasonResult: GetPendingReasonResult | None
    startJobUpdateResult: StartJobUpdateResult | None
    getJobUpdateSummariesResult: GetJobUpdateSummariesResult | None
    getJobUpdateDetailsResult: GetJobUpdateDetailsResult | None
    pulseJobUpdateResult: PulseJobUpdateResult | None
    getJobUpdateDiffResult: GetJobUpdateDiffResult | None
    getTierConfigResult: GetTierConfigResult | None
    getVersionResult: APIVersion | None
    acquireLockResult: AcquireLockResult | None
    getLocksResult: GetLocksResult | None
    def __init__(self, populateJobResult: PopulateJobResult | None = ..., scheduleStatusResult: ScheduleStatusResult | None = ..., getJobsResult: GetJobsResult | None = ..., getQuotaResult: GetQuotaResult | None = ..., listBackupsResult: ListBackupsResult | None = ..., startMaintenanceResult: StartMaintenanceResult | None = ..., drainHostsResult: DrainHostsResult | None = ..., queryRecoveryResult: QueryRecoveryResult | None = ..., maintenanceStatusResult: MaintenanceStatusResult | None = ..., endMaintenanceResult: EndMaintenanceResult | None = ..., roleSummaryResult: RoleSummaryResult | None = ..., jobSummaryResult: JobSummaryResult | None = ..., configSummaryResult: ConfigSummaryResult | None = ..., getPendingReasonResult: GetPendingReasonResult | None = ..., startJobUpdateResult: StartJobUpdateResult | None = ..., getJobUpdateSummariesResult: GetJobUpdateSummariesResult | None = ..., getJobUpdateDetailsResult: GetJobUpdateDetailsResult | None = ..., pulseJobUpdateResult: PulseJobUpdateResult | None = ..., getJobUpdateDiffResult: GetJobUpdateDiffResult | None = ..., getTierConfigResult: GetTierConfigResult | None = ..., getVersionResult: APIVersion | None = ..., acquireLockResult: AcquireLockResult | None = ..., getLocksResult: GetLocksResult | None = ...) -> None: ...
class ServerInfo(Struct):
    clusterName: str | None
    statsUrlPrefix: str | None
    thriftAPIVersion: int | None
    def __init__(self, clusterName: str | None = ..., statsUrlPrefix: str | None = ..., thriftAPIVersion: int | None = ...) -> None: ...
class ResponseDetail(Struct):
    message: str | None
    def __init__(self, message: str | None = ...) -> None: ...
class Response(Struct):
    responseCode: int | None
    serverInfo: ServerInfo | None
    result: Result | None
    details: list[ResponseDetail] | None
    messageDEPRECATED: str | None
    DEPRECATEDversion: APIVersion | None
    def __init__(self, responseCode: int | None = ..., serverInfo: ServerInfo | None = ..., result: Result | None = ..., details: list[ResponseDetail] | None = ..., messageDEPRECATED: str | None = ..., DEPRECATEDversion: APIVersion | None = ...) -> None: ...
class AddInstancesConfig(Struct):
    key: JobKey | None
    taskConfig: TaskConfig | None
    instanceIds: Collection[int] | None
    def __init__(self, key: JobKey | None = ..., taskConfig: TaskConfig | None = ..., instanceIds: Collection[int] | None = ...) -> None: ...
class JobConfigRewrite(Struct):
    oldJob: JobConfiguration | None
    rewrittenJob: JobConfiguration | None
    def __init__(self, oldJob: JobConfiguration | None = ..., rewrittenJob: JobConfiguration | None = ...) -> None: ...
class InstanceConfigRewrite(Struct):
    instanceKey: InstanceKey | None
    oldTask: TaskConfig | None
    rewrittenTask: TaskConfig | None
    def __init__(self, instanceKey: InstanceKey | None = ..., oldTask: TaskConfig | None = ..., rewrittenTask: TaskConfig | None = ...) -> None: ...
class ConfigRewrite(Struct):
    jobRewrite: JobConfigRewrite | None
    instanceRewrite: InstanceConfigRewrite | None
    def __init__(self, jobRewrite: JobConfigRewrite | None = ..., instanceRewrite: InstanceConfigRewrite | None = ...) -> None: ...
class RewriteConfigsRequest(Struct):
    rewriteCommands: list[ConfigRewrite] | None
    def __init__(self, rewriteCommands: list[ConfigRewrite] | None = ...) -> None: ...
class SessionKey(Struct):
    mechanism: str | None
    data: bytes | None
    def __init__(self, mechanism: str | None = ..., data: bytes | None = ...) -> None: ...
