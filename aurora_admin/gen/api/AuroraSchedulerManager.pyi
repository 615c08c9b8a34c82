# Written by script/generate from thrift/api.thrift; do not edit.
from collections.abc import Collection
from typing import Final

from aurora_admin.wire.struct import Struct
from .ttypes import *

class createJob_args(Struct):
    description: JobConfiguration | None
    session: SessionKey | None
    lock: Lock | None
    def __init__(self, description: JobConfiguration | None = ..., session: SessionKey | None = ..., lock: Lock | None = ...) -> None: ...
class createJob_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class scheduleCronJob_args(Struct):
    description: JobConfiguration | None
    session: SessionKey | None
    lock: Lock | None
    def __init__(self, description: JobConfiguration | None = ..., session: SessionKey | None = ..., lock: Lock | None = ...) -> None: ...
class scheduleCronJob_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class descheduleCronJob_args(Struct):
    job: JobKey | None
    session: SessionKey | None
    lock: Lock | None
    def __init__(self, job: JobKey | None = ..., session: SessionKey | None = ..., lock: Lock | None = ...) -> None: ...
class descheduleCronJob_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class startCronJob_args(Struct):
    job: JobKey | None
    session: SessionKey | None
    def __init__(self, job: JobKey | None = ..., session: SessionKey | None = ...) -> None: ...
class startCronJob_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class restartShards_args(Struct):
    job: JobKey | None
    shardIds: Collection[int] | None
    session: SessionKey | None
    lock: Lock | None
    def __init__(self, job: JobKey | None = ..., shardIds: Collection[int] | None = ..., session: SessionKey | None = ..., lock: Lock | None = ...) -> None: ...
class restartShards_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class killTasks_args(Struct):
    job: JobKey | None
    instances: Collection[int] | None
    message: str | None
    query: TaskQuery | None
    session: SessionKey | None
    lock: Lock | None
    def __init__(self, job: JobKey | None = ..., instances: Collection[int] | None = ..., message: str | None = ..., query: TaskQuery | None = ..., session: SessionKey | None = ..., lock: Lock | None = ...) -> None: ...
class killTasks_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class addInstances_args(Struct):
    key: InstanceKey | None
    count: int | None
    config: AddInstancesConfig | None
    lock: Lock | None
    def __init__(self, key: InstanceKey | None = ..., count: int | None = ..., config: AddInstancesConfig | None = ..., lock: Lock | None = ...) -> None: ...
class addInstances_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class replaceCronTemplate_args(Struct):
    config: JobConfiguration | None
    lock: Lock | None
    session: SessionKey | None
    def __init__(self, config: JobConfiguration | None = ..., lock: Lock | None = ..., session: SessionKey | None = ...) -> None: ...
class replaceCronTemplate_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class startJobUpdate_args(Struct):
    request: JobUpdateRequest | None
    message: str | None
    session: SessionKey | None
    def __init__(self, request: JobUpdateRequest | None = ..., message: str | None = ..., session: SessionKey | None = ...) -> None: ...
class startJobUpdate_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class pauseJobUpdate_args(Struct):
    key: JobUpdateKey | None
    message: str | None
    session: SessionKey | None
    def __init__(self, key: JobUpdateKey | None = ..., message: str | None = ..., session: SessionKey | None = ...) -> None: ...
class pauseJobUpdate_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class resumeJobUpdate_args(Struct):
    key: JobUpdateKey | None
    message: str | None
    session: SessionKey | None
    def __init__(self, key: JobUpdateKey | None = ..., message: str | None = ..., session: SessionKey | None = ...) -> None: ...
class resumeJobUpdate_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class abortJobUpdate_args(Struct):
    key: JobUpdateKey | None
    message: str | None
    session: SessionKey | None
    def __init__(self, key: JobUpdateKey | None = ..., message: str | None = ..., session: SessionKey | None = ...) -> None: ...
class abortJobUpdate_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class rollbackJobUpdate_args(Struct):
    key: JobUpdateKey | None
    message: str | None
    def __init__(self, key: JobUpdateKey | None = ..., message: str | None = ...) -> None: ...
class rollbackJobUpdate_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
class pulseJobUpdate_args(Struct):
    key: JobUpdateKey | None
    session: SessionKey | None
    def __init__(self, key: JobUpdateKey | None = ..., session: SessionKey | None = ...) -> None: ...
class pulseJobUpdate_result(Struct):
    success: Response | None
    def __init__(self, success: Response | None = ...) -> None: ...
