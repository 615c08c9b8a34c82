"""Paths in stored records that several modules use."""

from aurora_admin.gen.api.ttypes import (
    InstanceTaskConfig,
    JobConfiguration,
    JobUpdate,
    ScheduledTask,
    TaskConfig,
    TaskEvent,
)
from aurora_admin.gen.storage.ttypes import (
    DeduplicatedScheduledTask,
    QuotaConfiguration,
    SchedulerMetadata,
    StoredCronJob,
    StoredJobUpdateDetails,
)
from aurora_admin.wire.path import path

TASK_CONFIG = path(ScheduledTask, "assignedTask.task")
TASK_STATUS = path(ScheduledTask, "status")
TASK_EVENTS = path(ScheduledTask, "taskEvents")
EVENT_TIME = path(TaskEvent, "timestamp")
PARTIAL_TASK = path(DeduplicatedScheduledTask, "partialScheduledTask")
CONFIG_NUMBER = path(DeduplicatedScheduledTask, "taskConfigId")

PRODUCTION = path(TaskConfig, "production")
RESOURCES = path(TaskConfig, "resources")
QUOTA_RESOURCES = path(QuotaConfiguration, "quota.resources")

JOB_CONFIG = path(JobConfiguration, "taskConfig")
CRON_JOB = path(StoredCronJob, "jobConfiguration")
CRON_SCHEDULE = path(StoredCronJob, "jobConfiguration.cronSchedule")
CRON_CONFIG = path(StoredCronJob, "jobConfiguration.taskConfig")

UPDATE_DETAILS = path(StoredJobUpdateDetails, "details")
UPDATE_EVENTS = path(StoredJobUpdateDetails, "details.updateEvents")
INSTANCE_EVENTS = path(StoredJobUpdateDetails, "details.instanceEvents")
LOCK_TOKEN = path(StoredJobUpdateDetails, "lockToken")
INITIAL_STATE = path(JobUpdate, "instructions.initialState")
GROUP_CONFIG = path(InstanceTaskConfig, "task")
GROUP_RANGES = path(InstanceTaskConfig, "instances")

FRAMEWORK_ID = path(SchedulerMetadata, "frameworkId")
BUILD_DETAILS = path(SchedulerMetadata, "details")
