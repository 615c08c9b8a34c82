// The Thrift API of an Aurora scheduler: what travels between a client and POST /api.
namespace py api

// Enums

enum CronCollisionPolicy {
  KILL_EXISTING = 0,
  CANCEL_NEW = 1,
  RUN_OVERLAP = 2,
}

enum JobUpdateAction {
  INSTANCE_UPDATED = 1,
  INSTANCE_ROLLED_BACK = 2,
  INSTANCE_UPDATING = 3,
  INSTANCE_ROLLING_BACK = 4,
  INSTANCE_UPDATE_FAILED = 5,
  INSTANCE_ROLLBACK_FAILED = 6,
}

enum JobUpdatePulseStatus {
  OK = 1,
  FINISHED = 2,
}

enum JobUpdateStatus {
  ROLLING_FORWARD = 0,
  ROLLING_BACK = 1,
  ROLL_FORWARD_PAUSED = 2,
  ROLL_BACK_PAUSED = 3,
  ROLLED_FORWARD = 4,
  ROLLED_BACK = 5,
  ABORTED = 6,
  ERROR = 7,
  FAILED = 8,
  ROLL_FORWARD_AWAITING_PULSE = 9,
  ROLL_BACK_AWAITING_PULSE = 10,
}

enum MaintenanceMode {
  NONE = 1,
  SCHEDULED = 2,
  DRAINING = 3,
  DRAINED = 4,
}

enum Mode {
  RW = 1,
  RO = 2,
}

enum ResponseCode {
  INVALID_REQUEST = 0,
  OK = 1,
  ERROR = 2,
  WARNING = 3,
  AUTH_FAILED = 4,
  JOB_UPDATING_ERROR = 5,
  ERROR_TRANSIENT = 6,
}

enum ScheduleStatus {
  PENDING = 0,
  STARTING = 1,
  RUNNING = 2,
  FINISHED = 3,
  FAILED = 4,
  KILLED = 5,
  KILLING = 6,
  LOST = 7,
  ASSIGNED = 9,
  INIT = 11,
  RESTARTING = 12,
  PREEMPTING = 13,
  THROTTLED = 16,
  DRAINING = 17,
  PARTITIONED = 18,
}

const set<JobUpdateStatus> ACTIVE_JOB_UPDATE_STATES = [
  JobUpdateStatus.ROLLING_FORWARD, JobUpdateStatus.ROLLING_BACK, JobUpdateStatus.ROLL_FORWARD_PAUSED,
  JobUpdateStatus.ROLL_BACK_PAUSED, JobUpdateStatus.ROLL_FORWARD_AWAITING_PULSE,
  JobUpdateStatus.ROLL_BACK_AWAITING_PULSE
]

const set<ScheduleStatus> ACTIVE_STATES = [
  ScheduleStatus.PENDING, ScheduleStatus.STARTING, ScheduleStatus.RUNNING, ScheduleStatus.KILLING,
  ScheduleStatus.ASSIGNED, ScheduleStatus.RESTARTING, ScheduleStatus.PREEMPTING, ScheduleStatus.THROTTLED,
  ScheduleStatus.DRAINING, ScheduleStatus.PARTITIONED
]

const string AURORA_EXECUTOR_NAME = "AuroraExecutor"

const set<JobUpdateStatus> AWAITNG_PULSE_JOB_UPDATE_STATES = [
  JobUpdateStatus.ROLL_FORWARD_AWAITING_PULSE, JobUpdateStatus.ROLL_BACK_AWAITING_PULSE
]

const string BYPASS_LEADER_REDIRECT_HEADER_NAME = "Bypass-Leader-Redirect"

const string GOOD_IDENTIFIER_PATTERN = "^[\\w\\-\\.]+$"

const string GOOD_IDENTIFIER_PATTERN_JVM = "^[\\w\\-\\.]+$"

const string GOOD_IDENTIFIER_PATTERN_PYTHON = "^[\\w\\-\\.]+$"

const set<ScheduleStatus> LIVE_STATES = [
  ScheduleStatus.RUNNING, ScheduleStatus.KILLING, ScheduleStatus.RESTARTING, ScheduleStatus.PREEMPTING,
  ScheduleStatus.DRAINING, ScheduleStatus.PARTITIONED
]

const set<ScheduleStatus> SLAVE_ASSIGNED_STATES = [
  ScheduleStatus.STARTING, ScheduleStatus.RUNNING, ScheduleStatus.KILLING, ScheduleStatus.ASSIGNED,
  ScheduleStatus.RESTARTING, ScheduleStatus.PREEMPTING, ScheduleStatus.DRAINING, ScheduleStatus.PARTITIONED
]

const string TASK_FILESYSTEM_MOUNT_POINT = "taskfs"

const set<ScheduleStatus> TERMINAL_STATES = [
  ScheduleStatus.FINISHED, ScheduleStatus.FAILED, ScheduleStatus.KILLED, ScheduleStatus.LOST
]

union Resource {
  1: double numCpus
  2: i64 ramMb
  3: i64 diskMb
  4: string namedPort
  5: i64 numGpus
  6: i64 ipAddr
}

struct ResourceAggregate {
  4: set<Resource> resources
  1: optional double numCpus  // [retired: last in 0.20.0]
  2: optional i64 ramMb       // [retired: last in 0.20.0]
  3: optional i64 diskMb      // [retired: last in 0.20.0]
}

struct GetQuotaResult {
  1: ResourceAggregate quota
  2: optional ResourceAggregate prodSharedConsumption
  3: optional ResourceAggregate nonProdSharedConsumption
  4: optional ResourceAggregate prodDedicatedConsumption
  5: optional ResourceAggregate nonProdDedicatedConsumption
}

struct JobKey {
  1: string role
  2: string environment
  3: string name
}

struct InstanceKey {
  1: JobKey jobKey
  2: i32 instanceId
}

struct Identity {
  2: string user
  1: optional string role  // [retired: last in 0.12.0]
}

struct ValueConstraint {
  1: bool negated
  2: set<string> values
}

struct LimitConstraint {
  1: i32 limit
}

union TaskConstraint {
  1: ValueConstraint value
  2: LimitConstraint limit
}

struct Constraint {
  1: string name
  2: TaskConstraint constraint
}

struct ExecutorConfig {
  1: string name
  2: string data
}

struct Metadata {
  1: string key
  2: string value
}

struct DockerImage {
  1: string name
  2: string tag
}

struct AppcImage {
  1: string name
  2: string imageId
}

union Image {
  1: DockerImage docker
  2: AppcImage appc
}

struct Volume {
  1: string containerPath
  2: string hostPath
  3: Mode mode
}

struct MesosContainer {
  1: optional Image image
  2: optional list<Volume> volumes
}

struct DockerParameter {
  1: string name
  2: string value
}

struct DockerContainer {
  1: string image
  2: optional list<DockerParameter> parameters
}

union Container {
  1: MesosContainer mesos
  2: DockerContainer docker
}

struct MesosFetcherURI {
  1: string value
  2: optional bool extract
  3: optional bool cache
  4: optional string outputFile
}

struct PartitionPolicy {
  1: bool reschedule
  2: optional i64 delaySecs
}

struct PercentageSlaPolicy {
  1: double percentage
  2: i64 durationSecs
}

struct CountSlaPolicy {
  1: i64 count
  2: i64 durationSecs
}

struct CoordinatorSlaPolicy {
  1: string coordinatorUrl
  2: string statusKey
}

union SlaPolicy {
  1: PercentageSlaPolicy percentageSlaPolicy
  2: CountSlaPolicy countSlaPolicy
  3: CoordinatorSlaPolicy coordinatorSlaPolicy
}

struct TaskConfig {
  28: JobKey job
  17: Identity owner
   7: bool isService
  11: i32 priority
  13: i32 maxTaskFailures
  18: optional bool production
  30: optional string tier
  32: set<Resource> resources
  20: set<Constraint> constraints
  33: optional set<MesosFetcherURI> mesosFetcherUris
  22: optional map<string, string> taskLinks
  23: optional string contactEmail
  25: optional ExecutorConfig executorConfig
  27: optional set<Metadata> metadata
  34: optional PartitionPolicy partitionPolicy
  35: optional SlaPolicy slaPolicy
  29: Container container = {"mesos": {}}
   3: optional string jobName                         // [retired: last in 0.12.0]
   8: optional double numCpus                         // [retired: last in 0.19.1]
   9: optional i64 ramMb                              // [retired: last in 0.19.1]
  10: optional i64 diskMb                             // [retired: last in 0.19.1]
  21: optional set<string> requestedPorts             // [retired: last in 0.19.1]
  26: optional string environment                     // [retired: last in 0.12.0]
}

struct JobConfiguration {
  9: JobKey key
  7: Identity owner
  4: optional string cronSchedule
  5: CronCollisionPolicy cronCollisionPolicy
  6: TaskConfig taskConfig
  8: i32 instanceCount
}

struct AssignedTask {
  1: string taskId
  2: string slaveId
  3: string slaveHost
  4: TaskConfig task
  5: map<string, i32> assignedPorts
  6: i32 instanceId
}

struct TaskEvent {
  1: i64 timestamp
  2: ScheduleStatus status
  3: optional string message
  4: optional string scheduler
}

struct ScheduledTask {
  1: AssignedTask assignedTask
  2: ScheduleStatus status
  3: i32 failureCount
  6: i32 timesPartitioned
  4: list<TaskEvent> taskEvents
  5: string ancestorId
}

struct TaskQuery {
  14: optional string role
   9: optional string environment
   2: optional string jobName
   4: optional set<string> taskIds
   5: optional set<ScheduleStatus> statuses
   7: optional set<i32> instanceIds
  10: optional set<string> slaveHosts
  11: optional set<JobKey> jobKeys
  12: optional i32 offset
  13: optional i32 limit
   8: optional Identity owner                // [retired: last in 0.12.0]
}

struct Range {
  1: i32 first
  2: i32 last
}

struct ConfigGroup {
  1: TaskConfig config
  3: set<Range> instances
  2: optional set<i32> instanceIds  // [retired: last in 0.11.0]
}

struct ConfigSummary {
  1: JobKey key
  2: set<ConfigGroup> groups
}

struct JobStats {
  1: i32 activeTaskCount
  2: i32 finishedTaskCount
  3: i32 failedTaskCount
  4: i32 pendingTaskCount
}

struct JobSummary {
  1: JobConfiguration job
  2: JobStats stats
  3: optional i64 nextCronRunMs
}

struct RoleSummary {
  1: string role
  2: i32 jobCount
  3: i32 cronJobCount
}

struct PendingReason {
  1: string taskId
  2: string reason
}

struct TierConfig {
  1: string name
  2: map<string, string> settings
}

struct ScheduleStatusResult {
  1: list<ScheduledTask> tasks
}

struct GetJobsResult {
  1: set<JobConfiguration> configs
}

struct JobSummaryResult {
  1: set<JobSummary> summaries
}

struct RoleSummaryResult {
  1: set<RoleSummary> summaries
}

struct ConfigSummaryResult {
  1: ConfigSummary summary
}

struct PopulateJobResult {
  2: TaskConfig taskConfig
  1: optional set<TaskConfig> populatedDEPRECATED  // [retired: last in 0.7.0]
}

struct GetPendingReasonResult {
  1: set<PendingReason> reasons
}

struct GetTierConfigResult {
  1: string defaultTierName
  2: set<TierConfig> tiers
}

struct Package {
  1: string role
  2: string name
  3: i32 version
}

struct Attribute {
  1: string name
  2: set<string> values
}

struct HostAttributes {
  1: string host
  2: set<Attribute> attributes
  3: optional MaintenanceMode mode
  4: optional string slaveId
}

struct Hosts {
  1: set<string> hostNames
}

struct HostStatus {
  1: string host
  2: MaintenanceMode mode
}

struct HostMaintenanceRequest {
  1: string host
  2: SlaPolicy defaultSlaPolicy
  3: i64 timeoutSecs
  4: i64 createdTimestampMs
}

struct StartMaintenanceResult {
  1: set<HostStatus> statuses
}

struct DrainHostsResult {
  1: set<HostStatus> statuses
}

struct MaintenanceStatusResult {
  1: set<HostStatus> statuses
}

struct EndMaintenanceResult {
  1: set<HostStatus> statuses
}

struct JobUpdateKey {
  1: JobKey job
  2: string id
}

struct QueueJobUpdateStrategy {
  1: i32 groupSize
}

struct BatchJobUpdateStrategy {
  1: i32 groupSize
  2: bool autopauseAfterBatch
}

struct VariableBatchJobUpdateStrategy {
  1: list<i32> groupSizes
  2: bool autopauseAfterBatch
}

union JobUpdateStrategy {
  1: QueueJobUpdateStrategy queueStrategy
  2: BatchJobUpdateStrategy batchStrategy
  3: VariableBatchJobUpdateStrategy varBatchStrategy
}

struct JobUpdateSettings {
   1: i32 updateGroupSize
   2: i32 maxPerInstanceFailures
   3: i32 maxFailedInstances
   5: i32 minWaitInInstanceRunningMs
   6: bool rollbackOnFailure
   7: set<Range> updateOnlyTheseInstances
   8: bool waitForBatchCompletion
   9: optional i32 blockIfNoPulsesAfterMs
  10: optional bool slaAware
  11: optional JobUpdateStrategy updateStrategy
   4: optional i32 maxWaitToInstanceRunningMs    // [retired: last in 0.11.0]
}

struct JobUpdateRequest {
  1: TaskConfig taskConfig
  2: i32 instanceCount
  3: JobUpdateSettings settings
  4: optional set<Metadata> metadata
}

struct InstanceTaskConfig {
  1: TaskConfig task
  2: set<Range> instances
}

struct JobUpdateInstructions {
  1: set<InstanceTaskConfig> initialState
  2: InstanceTaskConfig desiredState
  3: JobUpdateSettings settings
}

struct JobUpdateState {
  1: JobUpdateStatus status
  2: i64 createdTimestampMs
  3: i64 lastModifiedTimestampMs
}

struct JobUpdateSummary {
  5: JobUpdateKey key
  3: string user
  4: JobUpdateState state
  6: optional set<Metadata> metadata
  1: optional string updateId         // [retired: last in 0.8.0]
  2: optional JobKey jobKey           // [retired: last in 0.8.0]
}

struct JobUpdate {
  1: JobUpdateSummary summary
  2: JobUpdateInstructions instructions
}

struct JobUpdateEvent {
  1: JobUpdateStatus status
  2: i64 timestampMs
  3: optional string user
  4: optional string message
}

struct JobInstanceUpdateEvent {
  1: i32 instanceId
  2: i64 timestampMs
  3: JobUpdateAction action
  4: optional string message
}

struct JobUpdateDetails {
  1: JobUpdate update
  2: list<JobUpdateEvent> updateEvents
  3: list<JobInstanceUpdateEvent> instanceEvents
}

struct JobUpdateQuery {
  2: string role
  8: JobUpdateKey key
  3: JobKey jobKey
  4: string user
  5: set<JobUpdateStatus> updateStatuses
  6: i32 offset
  7: i32 limit
  1: optional string updateId             // [retired: last in 0.7.0]
}

struct StartJobUpdateResult {
  1: JobUpdateKey key
  2: optional JobUpdateSummary updateSummary
}

struct GetJobUpdateSummariesResult {
  1: list<JobUpdateSummary> updateSummaries
}

struct GetJobUpdateDetailsResult {
  1: JobUpdateDetails details
  2: list<JobUpdateDetails> detailsList
}

struct PulseJobUpdateResult {
  1: JobUpdatePulseStatus status
}

struct GetJobUpdateDiffResult {
  1: set<ConfigGroup> add
  2: set<ConfigGroup> remove
  3: set<ConfigGroup> update
  4: set<ConfigGroup> unchanged
}

struct ListBackupsResult {
  1: set<string> backups
}

struct QueryRecoveryResult {
  1: set<ScheduledTask> tasks
}

struct ExplicitReconciliationSettings {
  1: optional i32 batchSize
}

union LockKey {
  1: JobKey job
}

struct Lock {
  1: LockKey key
  2: string token
  3: string user
  4: i64 timestampMs
  5: optional string message
}

// [retired: last in 0.10.0]
struct APIVersion {
  1: i32 major
}

// [retired: last in 0.12.0]
struct AcquireLockResult {
  1: Lock lock
}

// [retired: last in 0.12.0]
struct GetLocksResult {
  1: set<Lock> locks
}

union Result {
   1: PopulateJobResult populateJobResult
   3: ScheduleStatusResult scheduleStatusResult
   4: GetJobsResult getJobsResult
   5: GetQuotaResult getQuotaResult
   6: ListBackupsResult listBackupsResult
   7: StartMaintenanceResult startMaintenanceResult
   8: DrainHostsResult drainHostsResult
   9: QueryRecoveryResult queryRecoveryResult
  10: MaintenanceStatusResult maintenanceStatusResult
  11: EndMaintenanceResult endMaintenanceResult
  17: RoleSummaryResult roleSummaryResult
  18: JobSummaryResult jobSummaryResult
  20: ConfigSummaryResult configSummaryResult
  21: GetPendingReasonResult getPendingReasonResult
  22: StartJobUpdateResult startJobUpdateResult
  23: GetJobUpdateSummariesResult getJobUpdateSummariesResult
  24: GetJobUpdateDetailsResult getJobUpdateDetailsResult
  25: PulseJobUpdateResult pulseJobUpdateResult
  26: GetJobUpdateDiffResult getJobUpdateDiffResult
  27: GetTierConfigResult getTierConfigResult
  15: APIVersion getVersionResult                              // [retired: last in 0.10.0]
  16: AcquireLockResult acquireLockResult                      // [retired: last in 0.12.0]
  19: GetLocksResult getLocksResult                            // [retired: last in 0.12.0]
}

struct ServerInfo {
  1: string clusterName
  3: string statsUrlPrefix
  2: optional i32 thriftAPIVersion  // [retired: last in 0.10.0]
}

struct ResponseDetail {
  1: string message
}

struct Response {
  1: ResponseCode responseCode
  5: ServerInfo serverInfo
  3: optional Result result
  6: list<ResponseDetail> details
  2: optional string messageDEPRECATED      // [retired: last in 0.6.0]
  4: optional APIVersion DEPRECATEDversion  // [retired: last in 0.6.0]
}

// [retired: last in 0.12.0]
struct AddInstancesConfig {
  1: JobKey key
  2: TaskConfig taskConfig
  3: set<i32> instanceIds
}

// [retired: last in 0.18.1]
struct JobConfigRewrite {
  1: JobConfiguration oldJob
  2: JobConfiguration rewrittenJob
}

// [retired: last in 0.18.1]
struct InstanceConfigRewrite {
  1: InstanceKey instanceKey
  2: TaskConfig oldTask
  3: TaskConfig rewrittenTask
}

// [retired: last in 0.18.1]
union ConfigRewrite {
  1: JobConfigRewrite jobRewrite
  2: InstanceConfigRewrite instanceRewrite
}

// [retired: last in 0.18.1]
struct RewriteConfigsRequest {
  1: list<ConfigRewrite> rewriteCommands
}

// [retired: last in 0.10.0]
struct SessionKey {
  4: optional string mechanism
  5: optional binary data
}

service ReadOnlyScheduler {
  Response getRoleSummary()

  Response getJobSummary(
    1: string role,
  )

  Response getTasksStatus(
    1: TaskQuery query,
  )

  Response getTasksWithoutConfigs(
    1: TaskQuery query,
  )

  Response getPendingReason(
    1: TaskQuery query,
  )

  Response getConfigSummary(
    1: JobKey job,
  )

  Response getJobs(
    1: string ownerRole,
  )

  Response getQuota(
    1: string ownerRole,
  )

  Response populateJobConfig(
    1: JobConfiguration description,
  )

  Response getJobUpdateSummaries(
    1: JobUpdateQuery jobUpdateQuery,
  )

  Response getJobUpdateDetails(
    1: JobUpdateKey key,
    2: JobUpdateQuery query,
  )

  Response getJobUpdateDiff(
    1: JobUpdateRequest request,
  )

  Response getTierConfigs()
}

service AuroraSchedulerManager extends ReadOnlyScheduler {
  Response createJob(
    1: JobConfiguration description,
    2: SessionKey session,            // [retired: last in 0.10.0]
    3: Lock lock,                     // [retired: last in 0.12.0]
  )

  Response scheduleCronJob(
    1: JobConfiguration description,
    2: SessionKey session,            // [retired: last in 0.10.0]
    3: Lock lock,                     // [retired: last in 0.12.0]
  )

  Response descheduleCronJob(
    4: JobKey job,
    2: SessionKey session,  // [retired: last in 0.10.0]
    3: Lock lock,           // [retired: last in 0.12.0]
  )

  Response startCronJob(
    4: JobKey job,
    3: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response restartShards(
    5: JobKey job,
    3: set<i32> shardIds,
    4: SessionKey session,  // [retired: last in 0.10.0]
    6: Lock lock,           // [retired: last in 0.12.0]
  )

  Response killTasks(
    4: JobKey job,
    5: set<i32> instances,
    6: string message,
    1: TaskQuery query,     // [retired: last in 0.12.0]
    2: SessionKey session,  // [retired: last in 0.10.0]
    3: Lock lock,           // [retired: last in 0.12.0]
  )

  Response addInstances(
    3: InstanceKey key,
    4: i32 count,
    1: AddInstancesConfig config,  // [retired: last in 0.12.0]
    2: Lock lock,                  // [retired: last in 0.12.0]
  )

  Response replaceCronTemplate(
    1: JobConfiguration config,
    2: Lock lock,                // [retired: last in 0.12.0]
    3: SessionKey session,       // [retired: last in 0.10.0]
  )

  Response startJobUpdate(
    1: JobUpdateRequest request,
    3: string message,
    2: SessionKey session,        // [retired: last in 0.10.0]
  )

  Response pauseJobUpdate(
    1: JobUpdateKey key,
    3: string message,
    2: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response resumeJobUpdate(
    1: JobUpdateKey key,
    3: string message,
    2: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response abortJobUpdate(
    1: JobUpdateKey key,
    3: string message,
    2: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response rollbackJobUpdate(
    1: JobUpdateKey key,
    2: string message,
  )

  Response pulseJobUpdate(
    1: JobUpdateKey key,
    2: SessionKey session,  // [retired: last in 0.10.0]
  )
}

service AuroraAdmin extends AuroraSchedulerManager {
  Response setQuota(
    1: string ownerRole,
    2: ResourceAggregate quota,
    3: SessionKey session,       // [retired: last in 0.10.0]
  )

  Response forceTaskState(
    1: string taskId,
    2: ScheduleStatus status,
    3: SessionKey session,     // [retired: last in 0.10.0]
  )

  Response performBackup(
    1: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response listBackups(
    1: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response stageRecovery(
    1: string backupId,
    2: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response queryRecovery(
    1: TaskQuery query,
    2: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response deleteRecoveryTasks(
    1: TaskQuery query,
    2: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response commitRecovery(
    1: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response unloadRecovery(
    1: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response startMaintenance(
    1: Hosts hosts,
    2: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response drainHosts(
    1: Hosts hosts,
    2: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response maintenanceStatus(
    1: Hosts hosts,
    2: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response endMaintenance(
    1: Hosts hosts,
    2: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response slaDrainHosts(
    1: Hosts hosts,
    2: SlaPolicy defaultSlaPolicy,
    3: i64 timeoutSecs,
  )

  Response snapshot(
    1: SessionKey session,  // [retired: last in 0.10.0]
  )

  Response triggerExplicitTaskReconciliation(
    1: ExplicitReconciliationSettings settings,
  )

  Response triggerImplicitTaskReconciliation()

  Response pruneTasks(
    1: TaskQuery query,
  )
}
