// What an Aurora scheduler stores: entries of its replicated log, and the snapshot that a backup file is.
include "api.thrift"

namespace py storage

const i32 CURRENT_SCHEMA_VERSION = 1

struct QuotaConfiguration {
  1: string role
  2: api.ResourceAggregate quota
}

// [retired: last in 0.7.0]
struct StoredJob {
  1: string jobManagerId
  3: api.JobConfiguration jobConfiguration
}

struct StoredCronJob {
  3: api.JobConfiguration jobConfiguration
}

struct SchedulerMetadata {
  1: string frameworkId
  8: map<string, string> details
  2: optional string revision         // [retired: last in 0.9.0]
  3: optional string tag              // [retired: last in 0.9.0]
  4: optional string timestamp        // [retired: last in 0.9.0]
  5: optional string user             // [retired: last in 0.9.0]
  6: optional string machine          // [retired: last in 0.9.0]
  7: optional api.APIVersion version  // [retired: last in 0.10.0]
}

struct StoredJobUpdateDetails {
  1: api.JobUpdateDetails details
  2: optional string lockToken     // [retired: last in 0.19.1]
}

struct Snapshot {
   1: i64 timestamp
   3: set<api.HostAttributes> hostAttributes
   4: set<api.ScheduledTask> tasks
   5: set<StoredCronJob> cronJobs
   6: SchedulerMetadata schedulerMetadata
   8: set<QuotaConfiguration> quotaConfigurations
  10: set<StoredJobUpdateDetails> jobUpdateDetails
  13: set<api.HostMaintenanceRequest> hostMaintenanceRequests
   9: optional set<api.Lock> locks                             // [retired: last in 0.19.1]
  11: optional list<string> dbScript                           // [retired: last in 0.19.1]
  12: optional bool experimentalTaskStore                      // [retired: last in 0.18.1]
}

struct SaveFrameworkId {
  1: string id
}

// [retired: last in 0.7.0]
struct SaveAcceptedJob {
  1: string managerId
  2: api.JobConfiguration jobConfig
}

struct SaveCronJob {
  2: api.JobConfiguration jobConfig
}

struct RemoveJob {
  2: api.JobKey jobKey
}

struct SaveTasks {
  1: set<api.ScheduledTask> tasks
}

struct RemoveTasks {
  1: set<string> taskIds
}

struct SaveQuota {
  1: string role
  2: api.ResourceAggregate quota
}

struct RemoveQuota {
  1: string role
}

struct SaveHostAttributes {
  1: api.HostAttributes hostAttributes
}

// [retired: last in 0.18.1]
struct RewriteTask {
  1: string taskId
  2: api.TaskConfig task
}

struct SaveLock {
  1: api.Lock lock
}

struct RemoveLock {
  1: api.LockKey lockKey
}

struct SaveJobUpdate {
  1: api.JobUpdate jobUpdate
  2: optional string lockToken  // [retired: last in 0.19.1]
}

struct SaveJobUpdateEvent {
  1: api.JobUpdateEvent event
  3: api.JobUpdateKey key
  2: optional string updateId  // [retired: last in 0.8.0]
}

struct SaveJobInstanceUpdateEvent {
  1: api.JobInstanceUpdateEvent event
  3: api.JobUpdateKey key
  2: optional string updateId          // [retired: last in 0.8.0]
}

struct PruneJobUpdateHistory {
  1: i32 perJobRetainCount
  2: i64 historyPruneThresholdMs
}

struct RemoveJobUpdates {
  1: set<api.JobUpdateKey> keys
}

struct SaveHostMaintenanceRequest {
  1: api.HostMaintenanceRequest hostMaintenanceRequest
}

struct RemoveHostMaintenanceRequest {
  1: string host
}

union Op {
   1: SaveFrameworkId saveFrameworkId
   2: SaveCronJob saveCronJob
   5: RemoveJob removeJob
   6: SaveTasks saveTasks
   7: RemoveTasks removeTasks
   8: SaveQuota saveQuota
   9: RemoveQuota removeQuota
  10: SaveHostAttributes saveHostAttributes
  12: SaveLock saveLock
  13: RemoveLock removeLock
  14: SaveJobUpdate saveJobUpdate
  15: SaveJobUpdateEvent saveJobUpdateEvent
  16: SaveJobInstanceUpdateEvent saveJobInstanceUpdateEvent
  17: PruneJobUpdateHistory pruneJobUpdateHistory
  18: RemoveJobUpdates removeJobUpdate
  19: SaveHostMaintenanceRequest saveHostMaintenanceRequest
  20: RemoveHostMaintenanceRequest removeHostMaintenanceRequest
  11: RewriteTask rewriteTask                                    // [retired: last in 0.18.1]
}

struct Transaction {
  1: list<Op> ops
  2: i32 schemaVersion
}

struct FrameHeader {
  1: i32 chunkCount
  2: binary checksum
}

struct FrameChunk {
  2: binary data
}

union Frame {
  1: FrameHeader header
  2: FrameChunk chunk
}

struct DeduplicatedScheduledTask {
  1: api.ScheduledTask partialScheduledTask
  2: i32 taskConfigId
}

struct DeduplicatedSnapshot {
  1: Snapshot partialSnapshot
  2: list<DeduplicatedScheduledTask> partialTasks
  3: list<api.TaskConfig> taskConfigs
}

union LogEntry {
  1: Snapshot snapshot
  2: Transaction transaction
  3: bool noop
  4: Frame frame
  5: binary deflatedEntry
  6: DeduplicatedSnapshot deduplicatedSnapshot
}
