"""The handlers of the API's methods: one function each, in the module of its subject (docs/api.md 1).

A handler takes the parts of the scheduler and the decoded arguments of a call. It returns an Outcome, or raises a
Refusal if it changed nothing. To add a method, write its handler and list it in HANDLERS.
"""

from collections.abc import Callable
from typing import Any

from aurora_admin.scheduler.api.handlers import (
    backups,
    jobs,
    locks,
    maintenance,
    quotas,
    recovery,
    summaries,
    task_states,
    tasks,
    tiers,
)
from aurora_admin.scheduler.api.outcome import Outcome
from aurora_admin.scheduler.api.services import Services

RECOVERY_CALLS = frozenset(
    ("stageRecovery", "queryRecovery", "deleteRecoveryTasks", "unloadRecovery", "commitRecovery")
)

Handler = Callable[[Services, Any], Outcome]

HANDLERS: dict[str, Handler] = {
    "getTasksStatus": tasks.get_tasks_status,
    "getTasksWithoutConfigs": tasks.get_tasks_without_configs,
    "killTasks": tasks.kill_tasks,
    "createJob": jobs.create_job,
    "getJobs": jobs.get_jobs,
    "getRoleSummary": jobs.get_role_summary,
    "getQuota": quotas.get_quota,
    "setQuota": quotas.set_quota,
    "getPendingReason": summaries.get_pending_reason,
    "getConfigSummary": summaries.get_config_summary,
    "getJobSummary": summaries.get_job_summary,
    "populateJobConfig": summaries.populate_job_config,
    "getLocks": locks.get_locks,
    "startMaintenance": maintenance.start_maintenance,
    "drainHosts": maintenance.drain_hosts,
    "slaDrainHosts": maintenance.sla_drain_hosts,
    "maintenanceStatus": maintenance.maintenance_status,
    "endMaintenance": maintenance.end_maintenance,
    "forceTaskState": task_states.force_task_state,
    "pruneTasks": task_states.prune_tasks,
    "triggerExplicitTaskReconciliation": task_states.trigger_explicit_reconciliation,
    "triggerImplicitTaskReconciliation": task_states.trigger_implicit_reconciliation,
    "getTierConfigs": tiers.get_tier_configs,
    "performBackup": backups.perform_backup,
    "listBackups": backups.list_backups,
    "snapshot": backups.snapshot,
    "stageRecovery": recovery.stage_recovery,
    "queryRecovery": recovery.query_recovery,
    "deleteRecoveryTasks": recovery.delete_recovery_tasks,
    "unloadRecovery": recovery.unload_recovery,
    "commitRecovery": recovery.commit_recovery,
}
