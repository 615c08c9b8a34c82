// The Thrift API of an Aurora scheduler: what a client posts to /api, and what it gets back.
//
// Names, ids, types and order are those of the newest release. "Retired" is what no current release writes or reads; it
// stays under its id, after the rest, because old servers and old backups have it. Where an id had several meanings the
// newest counts, and the comment has the others. "Since" names the first release; without it the field is in all. Times
// are ms since the epoch unless the name says otherwise; MiB are 2^20 bytes.
namespace py api

// What a cron job does when its time comes while tasks of the last run are still active.
enum CronCollisionPolicy {
  KILL_EXISTING = 0,  // kill them, then start
  CANCEL_NEW = 1,     // let them run and skip this run
  RUN_OVERLAP = 2,    // refused in new jobs; in stored ones the same as CANCEL_NEW
}

// A step of a job update on one instance.
enum JobUpdateAction {
  INSTANCE_UPDATED = 1,          // new configuration runs and has been watched long enough
  INSTANCE_ROLLED_BACK = 2,      // old configuration is back and has been watched long enough
  INSTANCE_UPDATING = 3,         // change to the new configuration begins
  INSTANCE_ROLLING_BACK = 4,     // change back to the old configuration begins
  INSTANCE_UPDATE_FAILED = 5,    // failed more often than the update tolerates
  INSTANCE_ROLLBACK_FAILED = 6,  // rolling back failed, too
}

// Result of a pulse. Until 0.7.0 PAUSED was 2 and FINISHED 3.
enum JobUpdatePulseStatus {
  OK = 1,        // accepted: the update goes on
  FINISHED = 2,  // too late: the update has ended
}

// State of a job update.
enum JobUpdateStatus {
  ROLLING_FORWARD = 0,              // instances are being changed to the new configuration
  ROLLING_BACK = 1,                 // instances are being changed back
  ROLL_FORWARD_PAUSED = 2,          // halted on the way forward, until resumed
  ROLL_BACK_PAUSED = 3,             // halted on the way back, until resumed
  ROLLED_FORWARD = 4,               // ended: all instances have the new configuration
  ROLLED_BACK = 5,                  // ended: all instances have the old configuration again
  ABORTED = 6,                      // ended by a user, instances left as they were at that moment
  ERROR = 7,                        // ended by an error in the scheduler
  FAILED = 8,                       // ended: too many instances failed, and rolling back was not enabled or failed
  ROLL_FORWARD_AWAITING_PULSE = 9,  // halted on the way forward, until the next pulse
  ROLL_BACK_AWAITING_PULSE = 10,    // halted on the way back, until the next pulse
}

// Maintenance state of a host.
enum MaintenanceMode {
  NONE = 1,       // in service
  SCHEDULED = 2,  // new tasks are placed on other hosts if possible
  DRAINING = 3,   // its tasks are being moved away; gets no new ones
  DRAINED = 4,    // empty, safe to switch off
}

// What a task may do with a volume.
enum Mode {
  RW = 1,  // read and write
  RO = 2,  // read only
}

// How a call ended; the text is in Response.details.
enum ResponseCode {
  INVALID_REQUEST = 0,     // refused: something in the request is not acceptable
  OK = 1,                  // done
  ERROR = 2,               // an exception in the scheduler; bad arguments cause these, too
  WARNING = 3,             // done, with a remark; no scheduler is known to send it
  AUTH_FAILED = 4,         // refused: the caller may not do this
  JOB_UPDATING_ERROR = 5,  // refused while an update of the job runs; named LOCK_ERROR until 0.18.1
  ERROR_TRANSIENT = 6,     // not carried out as the storage is not ready; ask again later
}

// State of a task. 10 is not to be used again: it was SANDBOX_DELETED until 0.6.0.
enum ScheduleStatus {
  PENDING = 0,       // waits for a host
  STARTING = 1,      // the executor has it, its processes do not run yet
  RUNNING = 2,       // its processes run
  FINISHED = 3,      // ended well
  FAILED = 4,        // ended badly
  KILLED = 5,        // ended on request
  KILLING = 6,       // being ended by a user or an update
  LOST = 7,          // lost: its agent has not reported the end
  ASSIGNED = 9,      // assigned to a host, which has been informed
  INIT = 11,         // about to be stored for the first time; never seen in the store
  RESTARTING = 12,   // being ended, to be started again
  PREEMPTING = 13,   // being ended, to make room for a more important task
  THROTTLED = 16,    // waits before it is PENDING again, as it failed too often too fast
  DRAINING = 17,     // being ended, because its host goes into maintenance
  PARTITIONED = 18,  // its agent is unreachable (since 0.20.0)
}

// Updates that have not ended.
const set<JobUpdateStatus> ACTIVE_JOB_UPDATE_STATES = [
  JobUpdateStatus.ROLLING_FORWARD, JobUpdateStatus.ROLLING_BACK, JobUpdateStatus.ROLL_FORWARD_PAUSED,
  JobUpdateStatus.ROLL_BACK_PAUSED, JobUpdateStatus.ROLL_FORWARD_AWAITING_PULSE,
  JobUpdateStatus.ROLL_BACK_AWAITING_PULSE
]

// Tasks that are stored and have not ended.
const set<ScheduleStatus> ACTIVE_STATES = [
  ScheduleStatus.PENDING, ScheduleStatus.STARTING, ScheduleStatus.RUNNING, ScheduleStatus.KILLING,
  ScheduleStatus.ASSIGNED, ScheduleStatus.RESTARTING, ScheduleStatus.PREEMPTING, ScheduleStatus.THROTTLED,
  ScheduleStatus.DRAINING, ScheduleStatus.PARTITIONED
]

// ExecutorConfig.name of the stock executor.
const string AURORA_EXECUTOR_NAME = "AuroraExecutor"

// Updates that a pulse would move on. The spelling is part of the contract.
const set<JobUpdateStatus> AWAITNG_PULSE_JOB_UPDATE_STATES = [
  JobUpdateStatus.ROLL_FORWARD_AWAITING_PULSE, JobUpdateStatus.ROLL_BACK_AWAITING_PULSE
]

// HTTP request header: with any value, or none, a standby scheduler processes the request itself.
const string BYPASS_LEADER_REDIRECT_HEADER_NAME = "Bypass-Leader-Redirect"

// Pattern of role, environment and name of a job.
const string GOOD_IDENTIFIER_PATTERN = "^[\\w\\-\\.]+$"

// The same for Java.
const string GOOD_IDENTIFIER_PATTERN_JVM = "^[\\w\\-\\.]+$"

// The same for Python.
const string GOOD_IDENTIFIER_PATTERN_PYTHON = "^[\\w\\-\\.]+$"

// Tasks that may have processes on a host.
const set<ScheduleStatus> LIVE_STATES = [
  ScheduleStatus.RUNNING, ScheduleStatus.KILLING, ScheduleStatus.RESTARTING, ScheduleStatus.PREEMPTING,
  ScheduleStatus.DRAINING, ScheduleStatus.PARTITIONED
]

// Active tasks that have a host.
const set<ScheduleStatus> SLAVE_ASSIGNED_STATES = [
  ScheduleStatus.STARTING, ScheduleStatus.RUNNING, ScheduleStatus.KILLING, ScheduleStatus.ASSIGNED,
  ScheduleStatus.RESTARTING, ScheduleStatus.PREEMPTING, ScheduleStatus.DRAINING, ScheduleStatus.PARTITIONED
]

// Folder of the sandbox under which a task's own file system image is mounted.
const string TASK_FILESYSTEM_MOUNT_POINT = "taskfs"

// Tasks that have ended, for good.
const set<ScheduleStatus> TERMINAL_STATES = [
  ScheduleStatus.FINISHED, ScheduleStatus.FAILED, ScheduleStatus.KILLED, ScheduleStatus.LOST
]

// One quantity of one kind. Of all kinds only namedPort may come more than once in a set.
union Resource {
  1: double numCpus    // CPU cores; fractions are allowed
  2: i64 ramMb         // memory, in MiB
  3: i64 diskMb        // disk space, in MiB
  4: string namedPort  // name of a port to be given to the task; one port per name
  5: i64 numGpus       // GPUs
  6: i64 ipAddr        // IP addresses: how many (since 0.23.0, the fork)
}

// A sum of resources: a quota, or what a role uses.
struct ResourceAggregate {
  4: set<Resource> resources  // one of each kind; a quota has exactly numCpus, ramMb and diskMb
  1: optional double numCpus  // CPU cores [retired after 0.20.0]
  2: optional i64 ramMb       // memory, in MiB [retired after 0.20.0]
  3: optional i64 diskMb      // disk space, in MiB [retired after 0.20.0]
}

// Result of getQuota: what a role may use and what it uses.
struct GetQuotaResult {
  1: ResourceAggregate quota                                 // for production tasks on shared hosts
  2: optional ResourceAggregate prodSharedConsumption        // production, shared hosts; until 0.9.0 prodConsumption
  3: optional ResourceAggregate nonProdSharedConsumption     // the others, shared hosts; until 0.9.0 nonProdConsumption
  4: optional ResourceAggregate prodDedicatedConsumption     // production, hosts of their own
  5: optional ResourceAggregate nonProdDedicatedConsumption  // the others, hosts of their own
}

// Names a job, once per cluster. Each part fits GOOD_IDENTIFIER_PATTERN and has at most 255 characters.
struct JobKey {
  1: string role         // account that the tasks run as, and that quota is counted for
  2: string environment  // prod, devel, test, staging1 and the like
  3: string name         // name of the job within role and environment
}

// Names one instance of a job.
struct InstanceKey {
  1: JobKey jobKey   // the job
  2: i32 instanceId  // number of the instance, from 0
}

// Owner of a job. Deprecated since 0.6.0 in favour of JobKey.role.
struct Identity {
  2: string user           // name of the user who submitted it
  1: optional string role  // account that the tasks run as [retired after 0.12.0]
}

// Values that a host must or must not have.
struct ValueConstraint {
  1: bool negated        // true: none of the values; false: one of them at least
  2: set<string> values  // the values
}

// Limit of the tasks of a job on hosts with the same value of an attribute.
struct LimitConstraint {
  1: i32 limit  // active tasks
}

// Either values or a limit.
union TaskConstraint {
  1: ValueConstraint value  // the attribute must, or must not, have one of some values
  2: LimitConstraint limit  // the job must not crowd hosts of the same value
}

// Which hosts will do, judged by one attribute.
struct Constraint {
  1: string name                // name of the attribute, such as host or rack
  2: TaskConstraint constraint  // condition for it
}

// Input of the executor.
struct ExecutorConfig {
  1: string name  // name of the executor; the stock one is AURORA_EXECUTOR_NAME
  2: string data  // text for the executor, not read by the scheduler; JSON for the stock one
}

// A label of a task or of an update.
struct Metadata {
  1: string key    // name, which need not be unique
  2: string value  // text
}

// Names an image of a Docker registry.
struct DockerImage {
  1: string name  // name of the image
  2: string tag   // tag of the image
}

// Names an AppC image.
struct AppcImage {
  1: string name     // name of the image
  2: string imageId  // id of the image
}

// A file system for the Mesos containerizer.
union Image {
  1: DockerImage docker  // in Docker's format
  2: AppcImage appc      // in AppC's format
}

// A folder of the host seen inside the container.
struct Volume {
  1: string containerPath  // path inside
  2: string hostPath       // path on the host
  3: Mode mode             // may the task write to it
}

// Settings of the Mesos containerizer.
struct MesosContainer {
  1: optional Image image           // file system of the task; absent: that of the host
  2: optional list<Volume> volumes  // folders of the host to be seen inside
}

// An option of the docker command.
struct DockerParameter {
  1: string name   // option without its dashes
  2: string value  // its value
}

// Settings for the Docker daemon.
struct DockerContainer {
  1: string image                               // image name, with an optional tag
  2: optional list<DockerParameter> parameters  // more options for the docker command
}

// What a task runs in.
union Container {
  1: MesosContainer mesos    // the Mesos containerizer
  2: DockerContainer docker  // the Docker daemon
}

// A file that the agent downloads into the sandbox before the task starts.
struct MesosFetcherURI {
  1: string value                // where it is
  2: optional bool extract       // unpack it if it is an archive
  3: optional bool cache         // keep it on the agent for the next task
  4: optional string outputFile  // name in the sandbox, if not the one it has (since 0.22.0)
}

// What happens to a task whose agent is unreachable.
struct PartitionPolicy {
  1: bool reschedule         // give it up and start another
  2: optional i64 delaySecs  // how long to wait before that, in seconds
}

// A share of the instances must be up, for some time already.
struct PercentageSlaPolicy {
  1: double percentage  // percent of the job's active tasks, 0 to 100
  2: i64 durationSecs   // an instance counts once it has been running this long, in seconds
}

// A number of instances must be up, for some time already.
struct CountSlaPolicy {
  1: i64 count         // instances
  2: i64 durationSecs  // an instance counts once it has been running this long, in seconds
}

// The scheduler requests permission over HTTP before it moves a task.
struct CoordinatorSlaPolicy {
  1: string coordinatorUrl  // URL of the service
  2: string statusKey       // field of the JSON response that has the decision
}

// How much of a job maintenance must leave running.
union SlaPolicy {
  1: PercentageSlaPolicy percentageSlaPolicy    // a share of the instances
  2: CountSlaPolicy countSlaPolicy              // a number of instances
  3: CoordinatorSlaPolicy coordinatorSlaPolicy  // whatever a service of the user's own allows
}

// What to run and where: everything that the instances of a job have in common.
struct TaskConfig {
  28: JobKey job                                      // the job that it belongs to
  17: Identity owner                                  // deprecated since 0.6.0: see job
   7: bool isService                                  // start it again whenever it ends
  11: i32 priority                                    // rank; the higher number is the more important one
  13: i32 maxTaskFailures                             // failures that end it for good; -1: no limit; not for services
  18: optional bool production                        // deprecated since 0.14.0: see tier; the scheduler fills it in
  30: optional string tier                            // name of one of the scheduler's tiers; absent: its default one
  32: set<Resource> resources                         // what one instance needs
  20: set<Constraint> constraints                     // conditions for hosts
  33: optional set<MesosFetcherURI> mesosFetcherUris  // what the agent downloads into the sandbox first
  22: optional map<string, string> taskLinks          // pages about the task: URL by label
  23: optional string contactEmail                    // mail address of the people behind it
  25: optional ExecutorConfig executorConfig          // what the executor does; absent: a container without one
  27: optional set<Metadata> metadata                 // labels
  34: optional PartitionPolicy partitionPolicy        // what to do if its agent is unreachable
  35: optional SlaPolicy slaPolicy                    // how many instances maintenance must leave running
  29: Container container = {"mesos": {}}             // what it runs in; Mesos containerizer unless set (since 0.7.0)
   3: optional string jobName                         // name of the job [retired after 0.12.0]
   8: optional double numCpus                         // CPU cores [retired after 0.19.1]
   9: optional i64 ramMb                              // memory, in MiB [retired after 0.19.1]
  10: optional i64 diskMb                             // disk space, in MiB [retired after 0.19.1]
  21: optional set<string> requestedPorts             // names of ports to be given to the task [retired after 0.19.1]
  26: optional string environment                     // environment of the job [retired after 0.12.0]
}

// A job as submitted; with cronSchedule a cron job, which is stored like this.
struct JobConfiguration {
  9: JobKey key                               // name of the job
  7: Identity owner                           // deprecated since 0.6.0: see key
  4: optional string cronSchedule             // crontab entry of five fields; absent: not a cron job
  5: CronCollisionPolicy cronCollisionPolicy  // what a cron job does when its last run has not ended
  6: TaskConfig taskConfig                    // what each instance runs
  8: i32 instanceCount                        // instances, 1 or more
}

// An instance and the place it has been given.
struct AssignedTask {
  1: string taskId                   // names this run of the instance; each restart has a new one
  2: string slaveId                  // Mesos' id of the agent; absent until there is one
  3: string slaveHost                // host name of the agent; absent until there is one
  4: TaskConfig task                 // what it runs; absent in a deduplicated snapshot
  5: map<string, i32> assignedPorts  // TCP port number by port name
  6: i32 instanceId                  // number of the instance, from 0
}

// A task came into a state.
struct TaskEvent {
  1: i64 timestamp              // when, in ms since the epoch
  2: ScheduleStatus status      // the state
  3: optional string message    // reason, if there is one
  4: optional string scheduler  // host name of the scheduler that saw it
}

// A task as it is stored, by its task id.
struct ScheduledTask {
  1: AssignedTask assignedTask   // the instance and its place
  2: ScheduleStatus status       // state it is in
  3: i32 failureCount            // failures of the instance so far, its earlier runs included
  6: i32 timesPartitioned        // how often its agent became unreachable (since 0.20.0)
  4: list<TaskEvent> taskEvents  // every state it has been in, oldest first
  5: string ancestorId           // task id of the run before this one, if there was one
}

// Which tasks. All conditions must hold; one that is absent or empty always does: an empty query matches every task.
struct TaskQuery {
  14: optional string role                   // role of the job
   9: optional string environment            // environment of the job
   2: optional string jobName                // name of the job
   4: optional set<string> taskIds           // task ids
   5: optional set<ScheduleStatus> statuses  // states. Present but empty makes pruneTasks delete active tasks, too
   7: optional set<i32> instanceIds          // instance numbers
  10: optional set<string> slaveHosts        // host names of agents
  11: optional set<JobKey> jobKeys           // jobs
  12: optional i32 offset                    // matching tasks to leave out; none if 0 or less
  13: optional i32 limit                     // most tasks to return; no limit if 0 or less, except in pruneTasks
   8: optional Identity owner                // owner of the job [retired after 0.12.0]
}

// Instances that follow each other.
struct Range {
  1: i32 first  // number of the first instance
  2: i32 last   // number of the last instance, which is part of it
}

// Instances that run the same.
struct ConfigGroup {
  1: TaskConfig config              // what they run
  3: set<Range> instances           // which they are (since 0.10.0)
  2: optional set<i32> instanceIds  // their numbers, one by one [retired after 0.11.0]
}

// What the instances of a job run.
struct ConfigSummary {
  1: JobKey key               // the job
  2: set<ConfigGroup> groups  // its active instances by what they run
}

// How many tasks of a job are in which state.
struct JobStats {
  1: i32 activeTaskCount    // tasks that have a host and have not ended
  2: i32 finishedTaskCount  // tasks that ended well or were killed
  3: i32 failedTaskCount    // tasks that failed or were lost
  4: i32 pendingTaskCount   // tasks that wait: PENDING and THROTTLED
}

// A job and how it does.
struct JobSummary {
  1: JobConfiguration job        // the job; for one that is not a cron job put together from its latest task
  2: JobStats stats              // its tasks by state
  3: optional i64 nextCronRunMs  // when it runs next, in ms since the epoch; cron jobs only
}

// How many jobs a role has.
struct RoleSummary {
  1: string role       // the role
  2: i32 jobCount      // jobs with a task in the store, ended ones included
  3: i32 cronJobCount  // cron jobs
}

// Why a task still waits.
struct PendingReason {
  1: string taskId  // the task
  2: string reason  // reasons for people to read, separated by commas
}

// A tier that the scheduler knows.
struct TierConfig {
  1: string name                   // name of the tier
  2: map<string, string> settings  // its settings by name, such as preemptible and revocable, as text
}

// Result of getTasksStatus and getTasksWithoutConfigs.
struct ScheduleStatusResult {
  1: list<ScheduledTask> tasks  // tasks that match
}

// Result of getJobs.
struct GetJobsResult {
  1: set<JobConfiguration> configs  // jobs with active tasks, and cron jobs
}

// Result of getJobSummary.
struct JobSummaryResult {
  1: set<JobSummary> summaries  // one per job
}

// Result of getRoleSummary.
struct RoleSummaryResult {
  1: set<RoleSummary> summaries  // one per role
}

// Result of getConfigSummary.
struct ConfigSummaryResult {
  1: ConfigSummary summary  // the requested job
}

// Result of populateJobConfig.
struct PopulateJobResult {
  2: TaskConfig taskConfig                         // what was sent, with the scheduler's defaults filled in
  1: optional set<TaskConfig> populatedDEPRECATED  // the same, once per instance [retired after 0.7.0]
}

// Result of getPendingReason.
struct GetPendingReasonResult {
  1: set<PendingReason> reasons  // one per waiting task
}

// Result of getTierConfigs.
struct GetTierConfigResult {
  1: string defaultTierName  // tier of a task that names none
  2: set<TierConfig> tiers   // all tiers
}

// Nothing refers to it.
struct Package {
  1: string role  // role that it belongs to
  2: string name  // name of the package
  3: i32 version  // version number
}

// One thing known of a host.
struct Attribute {
  1: string name         // name, such as rack
  2: set<string> values  // its values, one at least
}

// What is known of a host; stored by host name.
struct HostAttributes {
  1: string host                    // host name
  2: set<Attribute> attributes      // its attributes
  3: optional MaintenanceMode mode  // how far it is on its way out of service
  4: optional string slaveId        // Mesos' id of the agent on it
}

// Hosts to do something with.
struct Hosts {
  1: set<string> hostNames  // their host names
}

// Maintenance state of a host.
struct HostStatus {
  1: string host           // host name
  2: MaintenanceMode mode  // how far
}

// A requested drain that has not ended; only the latest of each host is stored.
struct HostMaintenanceRequest {
  1: string host                 // host name
  2: SlaPolicy defaultSlaPolicy  // for tasks that have no policy of their own
  3: i64 timeoutSecs             // seconds after createdTimestampMs at which policies no longer count; 0 of drainHosts
  4: i64 createdTimestampMs      // time of the request, in ms since the epoch
}

// Result of startMaintenance.
struct StartMaintenanceResult {
  1: set<HostStatus> statuses  // hosts that the scheduler knows, as they are now
}

// Result of drainHosts and slaDrainHosts.
struct DrainHostsResult {
  1: set<HostStatus> statuses  // hosts that the scheduler knows, as they are now
}

// Result of maintenanceStatus.
struct MaintenanceStatusResult {
  1: set<HostStatus> statuses  // hosts that the scheduler knows
}

// Result of endMaintenance.
struct EndMaintenanceResult {
  1: set<HostStatus> statuses  // hosts that the scheduler knows, as they are now
}

// Names a job update (since 0.8.0).
struct JobUpdateKey {
  1: JobKey job  // job being updated
  2: string id   // id of the update, a UUID as text
}

// As soon as one instance is done, the next one begins.
struct QueueJobUpdateStrategy {
  1: i32 groupSize  // instances being changed at any time, 1 or more
}

// A group begins when all of the one before are done.
struct BatchJobUpdateStrategy {
  1: i32 groupSize             // instances in a group, 1 or more
  2: bool autopauseAfterBatch  // pause after each group until resumed
}

// As BatchJobUpdateStrategy, with groups of different sizes.
struct VariableBatchJobUpdateStrategy {
  1: list<i32> groupSizes      // instances in each group in turn, 1 or more; the last size is for all that follow
  2: bool autopauseAfterBatch  // pause after each group until resumed
}

// Which instances an update changes at a time.
union JobUpdateStrategy {
  1: QueueJobUpdateStrategy queueStrategy             // the next one as soon as one is done
  2: BatchJobUpdateStrategy batchStrategy             // group after group of the same size
  3: VariableBatchJobUpdateStrategy varBatchStrategy  // group after group, each of a size of its own
}

// How a job update proceeds, and which failures it tolerates.
struct JobUpdateSettings {
   1: i32 updateGroupSize                        // instances at a time; deprecated since 0.22.0: see updateStrategy
   2: i32 maxPerInstanceFailures                 // failures of one instance that are tolerated
   3: i32 maxFailedInstances                     // failed instances that are tolerated
   5: i32 minWaitInInstanceRunningMs             // how long an instance must run to count as updated, in ms
   6: bool rollbackOnFailure                     // go back by itself when too many instances failed
   7: set<Range> updateOnlyTheseInstances        // the instances to change; empty: all
   8: bool waitForBatchCompletion                // by complete groups; deprecated since 0.22.0: see updateStrategy
   9: optional i32 blockIfNoPulsesAfterMs        // halt without a pulse for so long, in ms; 0 or absent: never
  10: optional bool slaAware                     // kill no instance that its SLA policy protects (since 0.21.0)
  11: optional JobUpdateStrategy updateStrategy  // which instances at a time (since 0.22.0)
   4: optional i32 maxWaitToInstanceRunningMs    // most time to start an instance, in ms [retired after 0.11.0]
}

// A change of a job to be made instance by instance.
struct JobUpdateRequest {
  1: TaskConfig taskConfig            // what the instances shall run
  2: i32 instanceCount                // how many there shall be, 1 or more
  3: JobUpdateSettings settings       // how to go about it
  4: optional set<Metadata> metadata  // labels of the update (since 0.16.0)
}

// What some instances run.
struct InstanceTaskConfig {
  1: TaskConfig task       // what they run
  2: set<Range> instances  // which they are
}

// What a job update changes.
struct JobUpdateInstructions {
  1: set<InstanceTaskConfig> initialState  // what the instances to be changed run before
  2: InstanceTaskConfig desiredState       // what they shall run; absent when instances only go away
  3: JobUpdateSettings settings            // how to go about it
}

// State of a job update. It is computed from the events; the stored value is informative only.
struct JobUpdateState {
  1: JobUpdateStatus status       // status of the latest event
  2: i64 createdTimestampMs       // first event, in ms since the epoch
  3: i64 lastModifiedTimestampMs  // latest event of it or of an instance, in ms since the epoch
}

// A job update without what it changes.
struct JobUpdateSummary {
  5: JobUpdateKey key                 // names it (since 0.8.0)
  3: string user                      // who started it
  4: JobUpdateState state             // its state
  6: optional set<Metadata> metadata  // labels given with the request (since 0.16.0)
  1: optional string updateId         // id of the update [retired after 0.8.0]
  2: optional JobKey jobKey           // job being updated [retired after 0.8.0]
}

// A job update without its history.
struct JobUpdate {
  1: JobUpdateSummary summary            // name and state
  2: JobUpdateInstructions instructions  // what it changes
}

// A job update came to a status.
struct JobUpdateEvent {
  1: JobUpdateStatus status   // the status
  2: i64 timestampMs          // when, in ms since the epoch
  3: optional string user     // user who requested it, if any
  4: optional string message  // what that person, or the scheduler, had to say
}

// A job update took a step on an instance.
struct JobInstanceUpdateEvent {
  1: i32 instanceId           // number of the instance
  2: i64 timestampMs          // when, in ms since the epoch
  3: JobUpdateAction action   // the step
  4: optional string message  // reason, if there is one (since 0.21.0)
}

// A job update with its history.
struct JobUpdateDetails {
  1: JobUpdate update                             // the update
  2: list<JobUpdateEvent> updateEvents            // every status it has had, oldest first
  3: list<JobInstanceUpdateEvent> instanceEvents  // every step on an instance, oldest first
}

// Which updates. All conditions must hold; one that is absent or empty always does. Latest change first.
struct JobUpdateQuery {
  2: string role                          // role of the job
  8: JobUpdateKey key                     // one update (since 0.8.0)
  3: JobKey jobKey                        // the job
  4: string user                          // who started it
  5: set<JobUpdateStatus> updateStatuses  // statuses
  6: i32 offset                           // matching updates to leave out; none if 0 or less
  7: i32 limit                            // most updates to return; no limit if 0 or less
  1: optional string updateId             // id of one update [retired after 0.7.0]
}

// Result of startJobUpdate; of a refused one, it names the update that is in progress.
struct StartJobUpdateResult {
  1: JobUpdateKey key                         // names the update; until 0.7.0 this id was the string updateId
  2: optional JobUpdateSummary updateSummary  // the update as it begins (since 0.16.0)
}

// Result of getJobUpdateSummaries.
struct GetJobUpdateSummariesResult {
  1: list<JobUpdateSummary> updateSummaries  // updates that match, latest change first
}

// Result of getJobUpdateDetails.
struct GetJobUpdateDetailsResult {
  1: JobUpdateDetails details            // the update with the requested key; deprecated since 0.16.0: see detailsList
  2: list<JobUpdateDetails> detailsList  // updates that match the query (since 0.16.0)
}

// Result of pulseJobUpdate.
struct PulseJobUpdateResult {
  1: JobUpdatePulseStatus status  // what became of the pulse
}

// Result of getJobUpdateDiff: the changes that an update would make.
struct GetJobUpdateDiffResult {
  1: set<ConfigGroup> add        // instances that would be new, and what they would run
  2: set<ConfigGroup> remove     // instances that would go, and what they run
  3: set<ConfigGroup> update     // instances that would change, and what they run now
  4: set<ConfigGroup> unchanged  // instances that would stay, and what they run
}

// Result of listBackups.
struct ListBackupsResult {
  1: set<string> backups  // names of the files in the backup folder, which are the backup ids
}

// Result of queryRecovery.
struct QueryRecoveryResult {
  1: set<ScheduledTask> tasks  // what matches, of the tasks staged
}

// How to compare tasks with Mesos.
struct ExplicitReconciliationSettings {
  1: optional i32 batchSize  // tasks per request, 1 or more; absent: the scheduler's flag
}

// What a lock is held on. Deprecated since 0.20.0.
union LockKey {
  1: JobKey job  // a job
}

// Keeps everybody else from changing a job. Deprecated since 0.20.0, without effect.
struct Lock {
  1: LockKey key              // what it is held on
  2: string token             // proves who holds it
  3: string user              // who took it
  4: i64 timestampMs          // when, in ms since the epoch
  5: optional string message  // reason, if there is one
}

// Version of the API. [retired after 0.10.0]
struct APIVersion {
  1: i32 major  // 3 in every release that had it
}

// Result of acquireLock. [retired after 0.12.0]
struct AcquireLockResult {
  1: Lock lock  // the lock taken
}

// Result of getLocks. [retired after 0.12.0]
struct GetLocksResult {
  1: set<Lock> locks  // all locks held
}

// Result of a call; the member depends on the method.
union Result {
   1: PopulateJobResult populateJobResult                      // of populateJobConfig
   3: ScheduleStatusResult scheduleStatusResult                // of getTasksStatus and getTasksWithoutConfigs
   4: GetJobsResult getJobsResult                              // of getJobs
   5: GetQuotaResult getQuotaResult                            // of getQuota
   6: ListBackupsResult listBackupsResult                      // of listBackups
   7: StartMaintenanceResult startMaintenanceResult            // of startMaintenance
   8: DrainHostsResult drainHostsResult                        // of drainHosts and slaDrainHosts
   9: QueryRecoveryResult queryRecoveryResult                  // of queryRecovery
  10: MaintenanceStatusResult maintenanceStatusResult          // of maintenanceStatus
  11: EndMaintenanceResult endMaintenanceResult                // of endMaintenance
  17: RoleSummaryResult roleSummaryResult                      // of getRoleSummary
  18: JobSummaryResult jobSummaryResult                        // of getJobSummary
  20: ConfigSummaryResult configSummaryResult                  // of getConfigSummary
  21: GetPendingReasonResult getPendingReasonResult            // of getPendingReason
  22: StartJobUpdateResult startJobUpdateResult                // of startJobUpdate
  23: GetJobUpdateSummariesResult getJobUpdateSummariesResult  // of getJobUpdateSummaries
  24: GetJobUpdateDetailsResult getJobUpdateDetailsResult      // of getJobUpdateDetails
  25: PulseJobUpdateResult pulseJobUpdateResult                // of pulseJobUpdate
  26: GetJobUpdateDiffResult getJobUpdateDiffResult            // of getJobUpdateDiff
  27: GetTierConfigResult getTierConfigResult                  // of getTierConfigs
  15: APIVersion getVersionResult                              // of getVersion [retired after 0.10.0]
  16: AcquireLockResult acquireLockResult                      // of acquireLock [retired after 0.12.0]
  19: GetLocksResult getLocksResult                            // of getLocks [retired after 0.12.0]
}

// The scheduler that replied.
struct ServerInfo {
  1: string clusterName             // name of the cluster
  3: string statsUrlPrefix          // how URLs of container statistics begin; may be empty
  2: optional i32 thriftAPIVersion  // version of the API, 3 [retired after 0.10.0]
}

// A remark for people.
struct ResponseDetail {
  1: string message  // the text; absent when the scheduler met an exception without one
}

// What every method returns.
struct Response {
  1: ResponseCode responseCode              // how it ended
  5: ServerInfo serverInfo                  // scheduler that replied; absent if permission was denied
  3: optional Result result                 // result; absent if there is none
  6: list<ResponseDetail> details           // messages for the user
  2: optional string messageDEPRECATED      // text for people [retired after 0.6.0]
  4: optional APIVersion DEPRECATEDversion  // version of the API [retired after 0.6.0]
}

// Instances to be added to a job. [retired after 0.12.0]
struct AddInstancesConfig {
  1: JobKey key             // the job
  2: TaskConfig taskConfig  // what they run
  3: set<i32> instanceIds   // their numbers
}

// Replaces a cron job that has not changed since it was read. [retired after 0.18.1]
struct JobConfigRewrite {
  1: JobConfiguration oldJob        // the job as it was read
  2: JobConfiguration rewrittenJob  // the job as it shall be
}

// Replaces what an instance is stored to run, without restarting it. [retired after 0.18.1]
struct InstanceConfigRewrite {
  1: InstanceKey instanceKey   // the instance
  2: TaskConfig oldTask        // what was read
  3: TaskConfig rewrittenTask  // what shall be stored
}

// One replacement of rewriteConfigs. [retired after 0.18.1]
union ConfigRewrite {
  1: JobConfigRewrite jobRewrite            // of a cron job
  2: InstanceConfigRewrite instanceRewrite  // of an instance
}

// Argument of rewriteConfigs. [retired after 0.18.1]
struct RewriteConfigsRequest {
  1: list<ConfigRewrite> rewriteCommands  // replacements, in this order
}

// Caller; servers since 0.10.0 ignore it. [retired after 0.10.0]
struct SessionKey {
  4: optional string mechanism  // name of the way to prove it; UNAUTHENTICATED by default
  5: optional binary data       // the proof, in bytes of that mechanism's own
}

// Questions that anybody may ask. They change nothing.
service ReadOnlyScheduler {
  // How many jobs each role has.
  Response getRoleSummary()

  // The jobs of a role, with the number of tasks in each state.
  Response getJobSummary(
    1: string role,  // the role; absent: every role
  )

  // Complete tasks.
  Response getTasksStatus(
    1: TaskQuery query,  // which
  )

  // Tasks without the input of their executor. Release 0.22 fails if one of them has no executorConfig.
  Response getTasksWithoutConfigs(
    1: TaskQuery query,  // which
  )

  // Why tasks still wait.
  Response getPendingReason(
    1: TaskQuery query,  // which; statuses and slaveHosts are refused
  )

  // What the active instances of a job run.
  Response getConfigSummary(
    1: JobKey job,  // the job
  )

  // Active jobs and cron jobs of a role.
  Response getJobs(
    1: string ownerRole,  // the role; absent: every role
  )

  // Quota of a role, and what it uses.
  Response getQuota(
    1: string ownerRole,  // the role
  )

  // Checks a job and fills in defaults, without creating it.
  Response populateJobConfig(
    1: JobConfiguration description,  // the job
  )

  // Job updates without what they change (since 0.6.0).
  Response getJobUpdateSummaries(
    1: JobUpdateQuery jobUpdateQuery,  // which
  )

  // Job updates with their history (since 0.6.0). One argument is needed; with both, key is ignored.
  Response getJobUpdateDetails(
    1: JobUpdateKey key,      // one update; deprecated since 0.16.0; until 0.7.0 this id was the string updateId
    2: JobUpdateQuery query,  // which (since 0.16.0)
  )

  // What a job update would do, without doing it (since 0.10.0).
  Response getJobUpdateDiff(
    1: JobUpdateRequest request,  // the update
  )

  // The tiers that the scheduler knows (since 0.14.0).
  Response getTierConfigs()
}

// What the owners of jobs do with them.
service AuroraSchedulerManager extends ReadOnlyScheduler {
  // Creates a job that is not a cron job, and its tasks.
  Response createJob(
    1: JobConfiguration description,  // the job
    2: SessionKey session,            // who calls, for releases that ask [retired after 0.10.0]
    3: Lock lock,                     // the lock that the caller holds on the job, if any [retired after 0.12.0]
  )

  // Adds or replaces a cron job.
  Response scheduleCronJob(
    1: JobConfiguration description,  // the job
    2: SessionKey session,            // who calls, for releases that ask [retired after 0.10.0]
    3: Lock lock,                     // the lock that the caller holds on the job, if any [retired after 0.12.0]
  )

  // Removes a cron job; its tasks go on.
  Response descheduleCronJob(
    4: JobKey job,          // the job
    2: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
    3: Lock lock,           // the lock that the caller holds on the job, if any [retired after 0.12.0]
  )

  // Runs a cron job now, asynchronously.
  Response startCronJob(
    4: JobKey job,          // the job
    3: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // Restarts active instances all at once.
  Response restartShards(
    5: JobKey job,          // the job
    3: set<i32> shardIds,   // numbers of the instances
    4: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
    6: Lock lock,           // the lock that the caller holds on the job, if any [retired after 0.12.0]
  )

  // Kills active tasks of a job.
  Response killTasks(
    4: JobKey job,          // the job (since 0.12.0)
    5: set<i32> instances,  // numbers of the instances; absent or empty: all (since 0.12.0)
    6: string message,      // why, for the tasks' history (since 0.18.0)
    1: TaskQuery query,     // which tasks; 0.12.0 prefers it to job and instances [retired after 0.12.0]
    2: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
    3: Lock lock,           // the lock that the caller holds on the job, if any [retired after 0.12.0]
  )

  // Adds instances that run what an existing one runs. Field 3 was session until 0.10.0: never send one here.
  Response addInstances(
    3: InstanceKey key,            // the existing instance (since 0.12.0)
    4: i32 count,                  // how many to add, 1 or more (since 0.12.0)
    1: AddInstancesConfig config,  // what to add [retired after 0.12.0]
    2: Lock lock,                  // the lock that the caller holds on the job, if any [retired after 0.12.0]
  )

  // Replaces a cron job; later runs are of the new one.
  Response replaceCronTemplate(
    1: JobConfiguration config,  // the job
    2: Lock lock,                // the lock that the caller holds on the job, if any [retired after 0.12.0]
    3: SessionKey session,       // who calls, for releases that ask [retired after 0.10.0]
  )

  // Starts to change a job instance by instance (since 0.6.0).
  Response startJobUpdate(
    1: JobUpdateRequest request,  // the update
    3: string message,            // why, for the update's history (since 0.8.0)
    2: SessionKey session,        // who calls, for releases that ask [retired after 0.10.0]
  )

  // Halts a job update until it is resumed (since 0.6.0).
  Response pauseJobUpdate(
    1: JobUpdateKey key,    // the update; until 0.7.0 this id was the JobKey jobKey
    3: string message,      // why, for the update's history (since 0.8.0)
    2: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // Lets a paused job update go on (since 0.6.0).
  Response resumeJobUpdate(
    1: JobUpdateKey key,    // the update; until 0.7.0 this id was the JobKey jobKey
    3: string message,      // why, for the update's history (since 0.8.0)
    2: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // Ends a job update and leaves the instances as they are (since 0.6.0).
  Response abortJobUpdate(
    1: JobUpdateKey key,    // the update; until 0.7.0 this id was the JobKey jobKey
    3: string message,      // why, for the update's history (since 0.8.0)
    2: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // Changes the instances of an active job update back (since 0.16.0).
  Response rollbackJobUpdate(
    1: JobUpdateKey key,  // the update
    2: string message,    // why, for the update's history
  )

  // Sends a pulse to a job update, so that it continues (since 0.6.0).
  Response pulseJobUpdate(
    1: JobUpdateKey key,    // the update; until 0.7.0 this id was the string updateId
    2: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )
}

// What the people who run the cluster do. The one service that a scheduler serves.
service AuroraAdmin extends AuroraSchedulerManager {
  // Sets the quota of a role.
  Response setQuota(
    1: string ownerRole,         // the role
    2: ResourceAggregate quota,  // what it may use; releases up to 0.13 read only its retired fields
    3: SessionKey session,       // who calls, for releases that ask [retired after 0.10.0]
  )

  // Moves a task to a state. Says OK whether the task moved or not.
  Response forceTaskState(
    1: string taskId,          // the task
    2: ScheduleStatus status,  // the state
    3: SessionKey session,     // who calls, for releases that ask [retired after 0.10.0]
  )

  // Makes a snapshot and writes it to a backup file.
  Response performBackup(
    1: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // Lists the files in the backup folder.
  Response listBackups(
    1: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // Loads a backup into memory; the running state does not change.
  Response stageRecovery(
    1: string backupId,     // its file name
    2: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // Tasks of the staged backup.
  Response queryRecovery(
    1: TaskQuery query,     // which; offset and limit do not count
    2: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // Removes tasks from the staged backup; the file does not change.
  Response deleteRecoveryTasks(
    1: TaskQuery query,     // which; offset and limit do not count
    2: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // Replaces everything stored by the staged backup, then ends the scheduler.
  Response commitRecovery(
    1: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // Forgets the staged backup.
  Response unloadRecovery(
    1: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // Marks hosts as SCHEDULED: new tasks go elsewhere if they can.
  Response startMaintenance(
    1: Hosts hosts,         // the hosts
    2: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // Moves tasks away from hosts immediately, regardless of their SLA policies.
  Response drainHosts(
    1: Hosts hosts,         // the hosts
    2: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // How far hosts are on their way out of service.
  Response maintenanceStatus(
    1: Hosts hosts,         // the hosts
    2: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // Takes hosts back into service.
  Response endMaintenance(
    1: Hosts hosts,         // the hosts
    2: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // Moves tasks away from hosts as their SLA policies allow (since 0.21.0).
  Response slaDrainHosts(
    1: Hosts hosts,                 // the hosts
    2: SlaPolicy defaultSlaPolicy,  // for tasks that have no policy of their own
    3: i64 timeoutSecs,             // seconds after which policies no longer count
  )

  // Writes a snapshot to the log, and lets the log forget what came before.
  Response snapshot(
    1: SessionKey session,  // who calls, for releases that ask [retired after 0.10.0]
  )

  // Requests the state of every task from Mesos, task by task (since 0.16.0).
  Response triggerExplicitTaskReconciliation(
    1: ExplicitReconciliationSettings settings,  // how
  )

  // Requests the state of all tasks that Mesos knows (since 0.16.0).
  Response triggerImplicitTaskReconciliation()

  // Deletes ended tasks from the store. When its query picks none, it deletes EVERY task (since 0.18.0).
  Response pruneTasks(
    1: TaskQuery query,  // which; statuses absent or ended states only; limit absent or 1 and more
  )
}
