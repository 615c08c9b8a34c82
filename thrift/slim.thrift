// Structs of api.thrift and storage.thrift, reduced to the fields that identify a record and locate it. Decoding one
// skips all other fields in C, including unknown ones. They are for reading only: other fields are lost on writing.
// Strings are binary: they are compared, not printed, and need not be UTF-8.
namespace py slim

// Any struct, skipped.
struct Empty {
}

// api.JobKey
struct JobKey {
  1: binary role         // account that the tasks run as
  2: binary environment  // prod, devel and the like
  3: binary name         // name of the job within role and environment
}

// api.TaskConfig
struct TaskConfig {
  28: JobKey job  // the job; absent until 0.5.0
}

// api.TaskConfig, with the fields that early releases did not write
struct CurrentTaskConfig {
  28: JobKey job            // the job; absent until 0.5.0
  29: Empty container       // what it runs in; absent until 0.6.0
  30: binary tier           // name of a tier; absent until 0.14.0 unless set by the user
  32: set<Empty> resources  // what one instance needs; absent until 0.13.0
}

// api.AssignedTask
struct AssignedTask {
  1: binary taskId     // names the task
  2: binary slaveId    // Mesos' id of the agent; absent before placement
  3: binary slaveHost  // host name of the agent; absent before placement
  4: TaskConfig task   // what it runs
  6: i32 instanceId    // number of the instance, from 0
}

// api.ScheduledTask
struct ScheduledTask {
  1: AssignedTask assignedTask  // the task and its host
  2: i32 status                 // a ScheduleStatus
}

// api.Identity
struct Identity {
  1: binary role  // account that the tasks run as; absent after 0.12.0
}

// api.TaskConfig, with the parts of the job's key that early releases sent instead of the key
struct AnyTaskConfig {
   3: binary jobName      // name of the job; absent after 0.12.0
  17: Identity owner      // the user
  26: binary environment  // environment of the job; absent after 0.12.0
  28: JobKey job          // the job; absent until 0.5.0
}

// api.AssignedTask, of any release
struct AnyAssignedTask {
  1: binary taskId       // names the task
  2: binary slaveId      // Mesos' id of the agent; absent before placement
  3: binary slaveHost    // host name of the agent; absent before placement
  4: AnyTaskConfig task  // what it runs
  6: i32 instanceId      // number of the instance, from 0
}

// api.ScheduledTask, of any release
struct AnyTask {
  1: AnyAssignedTask assignedTask  // the task and its host
  2: i32 status                    // a ScheduleStatus
}

// api.TaskEvent
struct TaskEvent {
  1: i64 timestamp  // when, in ms since the epoch
}

// api.ScheduledTask, with the times of its events
struct TaskWithEvents {
  1: AssignedTask assignedTask   // the task and its host
  2: i32 status                  // a ScheduleStatus
  4: list<TaskEvent> taskEvents  // every state it has been in
}

// api.AssignedTask, for tasks whose job is known
struct PartialAssignedTask {
  1: binary taskId     // names the task
  2: binary slaveId    // Mesos' id of the agent; absent before placement
  3: binary slaveHost  // host name of the agent; absent before placement
  6: i32 instanceId    // number of the instance, from 0
}

// api.ScheduledTask, for tasks whose job is known
struct PartialTask {
  1: PartialAssignedTask assignedTask  // the task and its host
  2: i32 status                        // a ScheduleStatus
}

// storage.DeduplicatedScheduledTask
struct DeduplicatedTask {
  1: PartialTask partialScheduledTask  // the task without its TaskConfig
  2: i32 taskConfigId                  // place of the TaskConfig in the snapshot's list, from 0
}

// api.HostAttributes
struct HostAttributes {
  1: binary host  // host name
}

// api.JobConfiguration, of a cron job
struct CronJob {
  9: JobKey key  // names the job
}

// storage.StoredCronJob
struct StoredCronJob {
  3: CronJob jobConfiguration  // the job
}

// storage.QuotaConfiguration
struct QuotaConfiguration {
  1: binary role  // whose quota it is
}

// api.HostMaintenanceRequest
struct HostMaintenanceRequest {
  1: binary host  // host name
}

// api.JobUpdateKey
struct JobUpdateKey {
  1: JobKey job  // job being updated
  2: binary id   // id of the update
}

// api.JobUpdateState
struct JobUpdateState {
  1: i32 status                   // a JobUpdateStatus
  2: i64 createdTimestampMs       // time of the first event
  3: i64 lastModifiedTimestampMs  // time of the last event, of the update or an instance
}

// api.JobUpdateSummary
struct JobUpdateSummary {
  4: JobUpdateState state  // state of the update, informative only
  5: JobUpdateKey key      // names the update; absent until 0.7.0
}

// api.InstanceTaskConfig
struct InstanceTaskConfig {
  1: CurrentTaskConfig task  // what they run
}

// api.JobUpdateSettings
struct JobUpdateSettings {
   9: i32 blockIfNoPulsesAfterMs  // 0 if unset, until 0.18.0
  11: Empty updateStrategy        // which instances at a time; absent until 0.21.0
}

// api.JobUpdateInstructions
struct JobUpdateInstructions {
  1: set<InstanceTaskConfig> initialState  // what the instances run before
  2: InstanceTaskConfig desiredState       // what they run afterwards
  3: JobUpdateSettings settings            // how it proceeds
}

// api.JobUpdate
struct JobUpdate {
  1: JobUpdateSummary summary            // name and state of the update
  2: JobUpdateInstructions instructions  // what it changes
}

// api.JobUpdateEvent
struct JobUpdateEvent {
  1: i32 status       // a JobUpdateStatus
  2: i64 timestampMs  // when
}

// api.JobInstanceUpdateEvent
struct JobInstanceUpdateEvent {
  2: i64 timestampMs  // when
}

// api.JobUpdateDetails
struct JobUpdateDetails {
  1: JobUpdate update                             // the update
  2: list<JobUpdateEvent> updateEvents            // every status it has had
  3: list<JobInstanceUpdateEvent> instanceEvents  // every step on an instance
}

// storage.StoredJobUpdateDetails
struct StoredJobUpdateDetails {
  1: JobUpdateDetails details  // the update
  2: binary lockToken          // token of its lock; until 0.19.1
}

// api.LockKey
struct LockKey {
  1: JobKey job  // the job it is held on
}

// api.Lock
struct Lock {
  1: LockKey key   // what it is held on
  2: binary token  // token that the update which holds it knows
}

// storage.SchedulerMetadata
struct SchedulerMetadata {
  1: binary frameworkId           // Mesos' id of the framework
  8: map<binary, binary> details  // facts about the build, by name; absent until 0.9.0
}

// api.ResponseDetail
struct ResponseDetail {
  1: binary message  // text for the user
}
