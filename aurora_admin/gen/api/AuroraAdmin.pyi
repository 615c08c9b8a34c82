# Written by script/generate from thrift/api.thrift; do not edit.
from collections.abc import Collection
from typing import Final

from aurora_admin.wire.struct import Struct
from .ttypes import *

class setQuota_args(Struct):
    ownerRole: str | None
    quota: ResourceAggregate | None
    session: SessionKey | None
    def __init__(self, ownerRole: str | None = ..., quota: ResourceAggregate | None = ..., session: SessionKey | None = ...) -> None: ...
class setQuota_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class forceTaskState_args(Struct):
    taskId: str | None
    status: int | None
    session: SessionKey | None
    def __init__(self, taskId: str | None = ..., status: int | None = ..., session: SessionKey | None = ...) -> None: ...
class forceTaskState_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class performBackup_args(Struct):
    session: SessionKey | None
    def __init__(self, session: SessionKey | None = ...) -> None: ...
class performBackup_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class listBackups_args(Struct):
    session: SessionKey | None
    def __init__(self, session: SessionKey | None = ...) -> None: ...
class listBackups_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class stageRecovery_args(Struct):
    backupId: str | None
    session: SessionKey | None
    def __init__(self, backupId: str | None = ..., session: SessionKey | None = ...) -> None: ...
class stageRecovery_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class queryRecovery_args(Struct):
    query: TaskQuery | None
    session: SessionKey | None
    def __init__(self, query: TaskQuery | None = ..., session: SessionKey | None = ...) -> None: ...
class queryRecovery_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class deleteRecoveryTasks_args(Struct):
    query: TaskQuery | None
    session: SessionKey | None
    def __init__(self, query: TaskQuery | None = ..., session: SessionKey | None = ...) -> None: ...
class deleteRecoveryTasks_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class commitRecovery_args(Struct):
    session: SessionKey | None
    def __init__(self, session: SessionKey | None = ...) -> None: ...
class commitRecovery_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class unloadRecovery_args(Struct):
    session: SessionKey | None
    def __init__(self, session: SessionKey | None = ...) -> None: ...
class unloadRecovery_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class startMaintenance_args(Struct):
    hosts: Hosts | None
    session: SessionKey | None
    def __init__(self, hosts: Hosts | None = ..., session: SessionKey | None = ...) -> None: ...
class startMaintenance_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class drainHosts_args(Struct):
    hosts: Hosts | None
    session: SessionKey | None
    def __init__(self, hosts: Hosts | None = ..., session: SessionKey | None = ...) -> None: ...
class drainHosts_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class maintenanceStatus_args(Struct):
    hosts: Hosts | None
    session: SessionKey | None
    def __init__(self, hosts: Hosts | None = ..., session: SessionKey | None = ...) -> None: ...
class maintenanceStatus_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class endMaintenance_args(Struct):
    hosts: Hosts | None
    session: SessionKey | None
    def __init__(self, hosts: Hosts | None = ..., session: SessionKey | None = ...) -> None: ...
class endMaintenance_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class slaDrainHosts_args(Struct):
    hosts: Hosts | None
    defaultSlaPolicy: SlaPolicy | None
    timeoutSecs: int | None
    def __init__(self, hosts: Hosts | None = ..., defaultSlaPolicy: SlaPolicy | None = ..., timeoutSecs: int | None = ...) -> None: ...
class slaDrainHosts_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class snapshot_args(Struct):
    session: SessionKey | None
    def __init__(self, session: SessionKey | None = ...) -> None: ...
class snapshot_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class triggerExplicitTaskReconciliation_args(Struct):
    settings: ExplicitReconciliationSettings | None
    def __init__(self, settings: ExplicitReconciliationSettings | None = ...) -> None: ...
class triggerExplicitTaskReconciliation_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class triggerImplicitTaskReconciliation_args(Struct):
    def __init__(self) -> None: ...
class triggerImplicitTaskReconciliation_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class pruneTasks_args(Struct):
    query: TaskQuery | None
    def __init__(self, query: TaskQuery | None = ...) -> None: ...
class pruneTasks_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
