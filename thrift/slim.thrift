// The stored records cut down to what an index needs: the decoder steps over every field that is not declared here, in C.
namespace py slim

struct JobKey {
  1: binary role
  2: binary environment
  3: binary name
}

struct TaskConfig {
  28: JobKey job
}

struct AssignedTask {
  1: binary taskId
  2: binary slaveId
  3: binary slaveHost
  4: TaskConfig task
  6: i32 instanceId
}

struct ScheduledTask {
  1: AssignedTask assignedTask
  2: i32 status
}

struct PartialAssignedTask {
  1: binary taskId
  2: binary slaveId
  3: binary slaveHost
  6: i32 instanceId
}

struct PartialTask {
  1: PartialAssignedTask assignedTask
  2: i32 status
}

struct DeduplicatedTask {
  1: PartialTask partialScheduledTask
  2: i32 taskConfigId
}

struct HostAttributes {
  1: binary host
}

struct CronJob {
  9: JobKey key
}

struct StoredCronJob {
  3: CronJob jobConfiguration
}

struct QuotaConfiguration {
  1: binary role
}

struct HostMaintenanceRequest {
  1: binary host
}

struct JobUpdateKey {
  1: JobKey job
  2: binary id
}

struct JobUpdateSummary {
  5: JobUpdateKey key
}

struct JobUpdate {
  1: JobUpdateSummary summary
}

struct JobUpdateDetails {
  1: JobUpdate update
}

struct StoredJobUpdateDetails {
  1: JobUpdateDetails details
}

struct SchedulerMetadata {
  1: binary frameworkId
  8: map<binary, binary> details
}

struct ResponseDetail {
  1: binary message
}

struct Empty {
}
