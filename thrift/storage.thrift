// What an Aurora scheduler stores: entries of its replicated log, and the snapshot that a backup file is. All of it is
// plain TBinaryProtocol. How to read this file: see the top of api.thrift.
include "api.thrift"

namespace py storage

// Transaction.schemaVersion of every release.
const i32 CURRENT_SCHEMA_VERSION = 1

// Quota of a role in a snapshot.
struct QuotaConfiguration {
  1: string role                  // the role
  2: api.ResourceAggregate quota  // what it may use
}

// How a snapshot had a cron job; StoredCronJob took its place. [retired after 0.7.0]
struct StoredJob {
  1: string jobManagerId                    // job manager of the scheduler; always CRON
  3: api.JobConfiguration jobConfiguration  // the job
}

// How a snapshot has a cron job. Until 0.7.0 it was a StoredJob, which had a field 1 as well.
struct StoredCronJob {
  3: api.JobConfiguration jobConfiguration  // the job
}

// The scheduler that wrote a snapshot.
struct SchedulerMetadata {
  1: string frameworkId               // Mesos' id of the framework, to which the tasks belong
  8: map<string, string> details      // facts about the build of the scheduler, by name (since 0.10.0)
  2: optional string revision         // revision of the source [retired after 0.9.0]
  3: optional string tag              // release tag of the source [retired after 0.9.0]
  4: optional string timestamp        // when it was built, as text [retired after 0.9.0]
  5: optional string user             // who built it [retired after 0.9.0]
  6: optional string machine          // where it was built [retired after 0.9.0]
  7: optional api.APIVersion version  // version of the API [retired after 0.10.0]
}

// A job update in a snapshot.
struct StoredJobUpdateDetails {
  1: api.JobUpdateDetails details  // the update with its history
  2: optional string lockToken     // token of the lock that the update held [retired after 0.19.1]
}

// All that a scheduler stores, at one moment. A backup file is one Snapshot.
struct Snapshot {
   1: i64 timestamp                                            // time of the snapshot, in ms since the epoch
   3: set<api.HostAttributes> hostAttributes                   // hosts
   4: set<api.ScheduledTask> tasks                             // tasks; absent in a deduplicated snapshot
   5: set<StoredCronJob> cronJobs                              // cron jobs; until 0.7.0 named jobs, of StoredJob
   6: SchedulerMetadata schedulerMetadata                      // scheduler that wrote it
   8: set<QuotaConfiguration> quotaConfigurations              // quotas
  10: set<StoredJobUpdateDetails> jobUpdateDetails             // job updates (since 0.6.0)
  13: set<api.HostMaintenanceRequest> hostMaintenanceRequests  // drains in progress (since 0.21.0)
   9: optional set<api.Lock> locks                             // locks on jobs [retired after 0.19.1]
  11: optional list<string> dbScript                           // SQL dump of 0.13.0 to 0.18.1 [retired after 0.19.1]
  12: optional bool experimentalTaskStore                      // dbScript has the tasks, too [retired after 0.18.1]
}

// Notes Mesos' id of the framework.
struct SaveFrameworkId {
  1: string id  // the id
}

// Adds or replaces a cron job; SaveCronJob took its place. [retired after 0.7.0]
struct SaveAcceptedJob {
  1: string managerId                // job manager of the scheduler
  2: api.JobConfiguration jobConfig  // the job
}

// Adds or replaces a cron job.
struct SaveCronJob {
  2: api.JobConfiguration jobConfig  // the job
}

// Removes a cron job.
struct RemoveJob {
  2: api.JobKey jobKey  // the job
}

// Adds tasks, or replaces those of the same task id.
struct SaveTasks {
  1: set<api.ScheduledTask> tasks  // the tasks
}

// Removes tasks.
struct RemoveTasks {
  1: set<string> taskIds  // their task ids
}

// Sets the quota of a role.
struct SaveQuota {
  1: string role                  // the role
  2: api.ResourceAggregate quota  // what it may use
}

// Removes the quota of a role.
struct RemoveQuota {
  1: string role  // the role
}

// Adds or replaces a host.
struct SaveHostAttributes {
  1: api.HostAttributes hostAttributes  // the host; dropped on replay if it has no slaveId
}

// Replaces what a task runs; nothing happens if the task is not there. [retired after 0.18.1]
struct RewriteTask {
  1: string taskId        // the task
  2: api.TaskConfig task  // what it runs
}

// Notes a lock. Deprecated: without effect since 0.20.0.
struct SaveLock {
  1: api.Lock lock  // the lock
}

// Forgets a lock. Deprecated: without effect since 0.20.0.
struct RemoveLock {
  1: api.LockKey lockKey  // what it was held on
}

// Adds a job update; one of the same key loses its history.
struct SaveJobUpdate {
  1: api.JobUpdate jobUpdate    // the update
  2: optional string lockToken  // token of the lock that the update held [retired after 0.19.1]
}

// Adds to the history of a job update.
struct SaveJobUpdateEvent {
  1: api.JobUpdateEvent event  // what happened
  3: api.JobUpdateKey key      // the update (since 0.8.0)
  2: optional string updateId  // id of the update [retired after 0.8.0]
}

// Adds to the history of a job update's instances.
struct SaveJobInstanceUpdateEvent {
  1: api.JobInstanceUpdateEvent event  // what happened
  3: api.JobUpdateKey key              // the update (since 0.8.0)
  2: optional string updateId          // id of the update [retired after 0.8.0]
}

// Removes old job updates that have ended. Deprecated: without effect since 0.20.0.
struct PruneJobUpdateHistory {
  1: i32 perJobRetainCount        // updates to keep per job
  2: i64 historyPruneThresholdMs  // remove those begun before, in ms since the epoch
}

// Removes job updates. Readers know it, no scheduler is known to write it.
struct RemoveJobUpdates {
  1: set<api.JobUpdateKey> keys  // the updates
}

// Adds or replaces a drain.
struct SaveHostMaintenanceRequest {
  1: api.HostMaintenanceRequest hostMaintenanceRequest  // the drain
}

// Removes a drain.
struct RemoveHostMaintenanceRequest {
  1: string host  // host name
}

// One change of the stored state. Ids 3 and 4 were never used and stay unused.
union Op {
   1: SaveFrameworkId saveFrameworkId                            // note Mesos' id of the framework
   2: SaveCronJob saveCronJob                                    // add a cron job; until 0.7.0 a SaveAcceptedJob
   5: RemoveJob removeJob                                        // remove a cron job
   6: SaveTasks saveTasks                                        // add or replace tasks
   7: RemoveTasks removeTasks                                    // remove tasks
   8: SaveQuota saveQuota                                        // set a quota
   9: RemoveQuota removeQuota                                    // remove a quota
  10: SaveHostAttributes saveHostAttributes                      // add or replace a host
  12: SaveLock saveLock                                          // deprecated: without effect since 0.20.0
  13: RemoveLock removeLock                                      // deprecated: without effect since 0.20.0
  14: SaveJobUpdate saveJobUpdate                                // add a job update
  15: SaveJobUpdateEvent saveJobUpdateEvent                      // add to its history
  16: SaveJobInstanceUpdateEvent saveJobInstanceUpdateEvent      // add to the history of its instances
  17: PruneJobUpdateHistory pruneJobUpdateHistory                // deprecated: without effect since 0.20.0
  18: RemoveJobUpdates removeJobUpdate                           // remove job updates (since 0.20.0)
  19: SaveHostMaintenanceRequest saveHostMaintenanceRequest      // add or replace a drain (since 0.21.0)
  20: RemoveHostMaintenanceRequest removeHostMaintenanceRequest  // remove a drain (since 0.21.0)
  11: RewriteTask rewriteTask                                    // replace what a task runs [retired after 0.18.1]
}

// Changes that belong together: all of them are stored, or none.
struct Transaction {
  1: list<Op> ops       // the changes, in this order
  2: i32 schemaVersion  // CURRENT_SCHEMA_VERSION; not read
}

// First of the entries that an oversized entry was cut into.
struct FrameHeader {
  1: i32 chunkCount   // chunks that follow
  2: binary checksum  // MD5 of the complete entry, 16 bytes
}

// A piece of an oversized entry.
struct FrameChunk {
  2: binary data  // its bytes
}

// Part of an entry too large for the log.
union Frame {
  1: FrameHeader header  // header of the frames that follow
  2: FrameChunk chunk    // a piece
}

// A task of a deduplicated snapshot.
struct DeduplicatedScheduledTask {
  1: api.ScheduledTask partialScheduledTask  // the task without its TaskConfig
  2: i32 taskConfigId                        // place of the TaskConfig in taskConfigs, from 0
}

// A snapshot that has each TaskConfig once, however many tasks share it.
struct DeduplicatedSnapshot {
  1: Snapshot partialSnapshot                      // everything but the tasks
  2: list<DeduplicatedScheduledTask> partialTasks  // the tasks
  3: list<api.TaskConfig> taskConfigs              // what they run; absent when there are no tasks
}

// An entry of the replicated log. Readers put frames together, then inflate, then put TaskConfigs back.
union LogEntry {
  1: Snapshot snapshot                          // everything stored so far; what comes before it no longer counts
  2: Transaction transaction                    // changes
  3: bool noop                                  // nothing; true or false is the same
  4: Frame frame                                // part of an entry
  5: binary deflatedEntry                       // another LogEntry as a zlib stream; no frame, not deflated
  6: DeduplicatedSnapshot deduplicatedSnapshot  // as snapshot, smaller (since 0.6.0)
}
